/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared by forward.c and backward.c: reading what a unit reads, and sums over channels. */
#ifndef MN_TRAIN_PASSES_H
#define MN_TRAIN_PASSES_H

#include "train/network.h"

/** Rows that a pass takes from one picture to the next. */
static inline size_t mn_unit_rows(const mn_unit *unit) { return (size_t)unit->out_h * (size_t)unit->out_w; }

/** The unit that is read; NULL for the pictures. */
static inline const mn_unit *mn_unit_source(const mn_train_net *t, const mn_unit *unit) {
    return unit->source < 0 ? NULL : &t->units[unit->source];
}

/** Floats in a row of a ring of gradients: the outputs of a depthwise unit with k_w - 1 columns of zeros on either
 *  side. */
static inline size_t mn_unit_gradient_row(const mn_unit *unit) {
    return (size_t)(unit->out_w + 2 * (unit->k_w - 1)) * (size_t)unit->out_p;
}

/** `rows` rows of what `unit` gives, from row `first` on: stored ones, or computed into `workspace`. */
const float *mn_unit_output(const mn_train_net *t, const mn_unit *unit, size_t first, ptrdiff_t rows, float *workspace);

/** The 27 values under the stem's kernel for `rows` outputs from output `first` of the batch. */
void mn_stem_gather(const mn_train_net *t, const mn_unit *unit, size_t first, ptrdiff_t rows, float *out);

/** Rows in a ring of rows that a depthwise unit works on: a power of two, and more than its kernel has. */
static inline int32_t mn_unit_ring(const mn_unit *unit) { return unit->k_h < 4 ? 4 : 8; }

/** Rows of what a depthwise unit reads, in a ring with zeros around them. */
typedef struct mn_window {
    const mn_train_net *t;
    const mn_unit *unit, *source;
    float *ring;
    int32_t next; /* row of the picture that is computed next */
    size_t first; /* row of the source's buffers where the picture starts */
} mn_window;

/** Floats of one row in the ring. */
size_t mn_window_row(const mn_unit *unit);

void mn_window_start(mn_window *window, const mn_train_net *t, const mn_unit *unit, float *ring);
void mn_window_picture(mn_window *window, int32_t picture);

/** The k_h input rows of output row `y`; call with y = 0, 1, 2, ... of one picture. */
void mn_window_rows(mn_window *window, int32_t y, const float *rows[MN_TRAIN_TAPS]);

/** Adds the short sums to the worker's and clears them. */
void mn_worker_flush(mn_train_worker *worker, int32_t channels);

/** Mean, scale and the rest of a unit's forward norm from the workers' sums, or from the moving statistics; updates
 *  the latter. Clears the sums. */
mn_status mn_norm_finish(mn_train_net *t, mn_unit *unit);

/** Gradients of gamma and beta, and what the norm's backward needs, from the workers' sums, which it clears. */
mn_status mn_norm_finish_gradient(mn_train_net *t, mn_unit *unit);

/** Adds a unit's gradient rows, complete now, to the worker's short sums; when quantising, takes from them first what
 *  the range of a sum cuts off. */
void mn_worker_gradient_sums(const mn_train_net *t, const mn_unit *unit, mn_train_worker *worker, size_t first,
                             ptrdiff_t rows, float *dy);

/** Where the gradient of a unit's output is. */
float *mn_unit_gradient(const mn_train_net *t, int32_t unit);

#endif
