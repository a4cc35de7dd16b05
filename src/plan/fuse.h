/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which operators run as one: a dilated convolution that is written as one of batches, a convolution with the depthwise
 * convolution behind it (an inverted residual's first half, or the stem with the first block's), a projection with the
 * ADD behind it, and the last convolution with the mean behind it. */
#ifndef MN_PLAN_FUSE_H
#define MN_PLAN_FUSE_H

#include "graph/graph.h"
#include "graph/shape.h"
#include "kernels/params.h"

/** Operators `first` to `first` + 2: CONV_2D, DEPTHWISE_CONV_2D, pointwise CONV_2D; and + 3, ADD, if `adds`; and - 1,
 * QUANTIZE from uint8 to int8 of the same scale, if `flips`. */
typedef struct mn_fusion {
    int32_t first;
    bool flips;
    bool adds;
    int32_t residual;    /* ADD's other operand: a tensor */
    bool residual_first; /* it is operand 0 */
} mn_fusion;

/** How often each tensor is read, model outputs included: [tensor_count]. */
void mn_fuse_count_readers(const mn_graph *graph, int32_t *readers);

/** Is operator `i` a QUANTIZE that only flips the top bit of every byte, from uint8 to int8? */
bool mn_fuse_flips(const mn_graph *graph, int32_t i);

/** Do operators from `first` on, or behind such a QUANTIZE, form an inverted residual or a part of one, whose inner
 * tensors nobody else reads? Says nothing about whether a kernel takes their parameters. */
bool mn_fuse_find(const mn_graph *graph, const mn_shape *shapes, const int32_t *readers, int32_t first, mn_fusion *out);

/** Is operator `first` a quantised pointwise CONV_2D whose work is better cut by channels than by rows: one that MEAN
 * or AVERAGE_POOL_2D alone reads, or one of a single pixel? Says nothing about what they average. */
bool mn_fuse_find_end(const mn_graph *graph, const mn_shape *shapes, const int32_t *readers, int32_t first,
                      mn_pooling *out);

/** The window of SPACE_TO_BATCH_ND, a convolution of stride 1 and BATCH_TO_SPACE_ND (operators `first` to `first` + 2,
 * each of which alone reads the one before) as one dilated convolution: its place is in `out`, apart from input and
 * output channels and the filter, which are the convolution's. */
bool mn_fuse_find_dilated(const mn_graph *graph, const mn_shape *shapes, const int32_t *readers, int32_t first,
                          mn_window *out);

#endif
