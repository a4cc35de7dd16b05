/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float convolution cut into spans of pixels that see the same taps. The tiers share the cutting and the panels
 * (pack.h) and differ in how they run a span. */
#ifndef MN_KERNELS_PORTABLE_CONV_F32_H
#define MN_KERNELS_PORTABLE_CONV_F32_H

#include "kernels/kernel.h"
#include "kernels/portable/pack.h"

/** Neighbouring pixels of one output row (pointwise: of all rows) that see the same taps. */
typedef struct mn_span {
    const float *in; /* the first pixel's first run */
    ptrdiff_t in_stride;
    const float *weights;   /* the first run's k in the first panel */
    ptrdiff_t panel_stride; /* from panel to panel */
    mn_runs runs;
    float *out; /* [count][out_c] */
    int32_t count, out_c;
    const float *bias; /* [out_c] or NULL */
    mn_range_f32 range;
} mn_span;

typedef void mn_span_fn(const mn_span *span);

/** Where neighbouring pixels of one output row begin that see the same taps: elements from the start of the input and
 *  of a channel's weights. */
typedef struct mn_stretch {
    ptrdiff_t in, k;
    mn_runs runs;
    int32_t count;
} mn_stretch;

/** Those of output row `unit` from column `x` on and before column `end`; the input's memory holds `ring` rows (0:
 * all).
 */
mn_stretch mn_conv_stretch(const mn_window *w, int32_t ring, int32_t unit, int32_t x, int32_t end);

/** Computes output rows [begin, end) of a convolution whose weights are packed in panels, `run` doing each span; a
 *  span has at most MN_SPAN_PIXELS pixels. Where the task has rings, `run` must honour mn_runs.wrap. */
void mn_conv_f32_spans(const mn_task *task, int32_t begin, int32_t end, mn_span_fn *run);

/* Pixels that meet all panels before the next pixels are fetched: at 960 channels they take 240 KB, inside L2. */
enum { MN_SPAN_PIXELS = 64 };

#endif
