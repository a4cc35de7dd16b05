/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The inner parts that float kernels are made of: tiles of a convolution, and strips of a depthwise 3x3 convolution.
 * Kernels for one operator and for several as one use the same parts, so they give the same bits. */
#ifndef MN_KERNELS_X86_PARTS_F32_H
#define MN_KERNELS_X86_PARTS_F32_H

#include "kernels/portable/conv_f32.h"

/** Rows under the filter for the most output rows that a strip has at once. */
enum { MN_STRIP_ROWS = 2, MN_STRIP_INPUTS = 4 };

/** Pixels that see the same taps, and what to do with their accumulators over rising k. */
typedef struct mn_tiles {
    const float *in; /* the first pixel's first run */
    ptrdiff_t in_stride;
    mn_runs runs;
    int32_t last;           /* length of the very last run */
    const float *weights;   /* panels (portable/pack.h), at the k of the first run */
    ptrdiff_t panel_stride; /* from panel to panel */
    const float *bias;      /* [channels] or NULL */
    mn_range_f32 range;
    const float *added; /* what ADD adds to the clamped accumulators, laid out as the output, or NULL */
    mn_range_f32 added_range;
    float *out;
    ptrdiff_t out_stride;
    int32_t pixels, channels;
    bool whole; /* the output has room for whole panels of channels; missing ones get clamped zeros */
} mn_tiles;

/** Packs the weights of a convolution, in mn_panels_layout. */
void mn_conv_f32_avx2_pack(const void *params, const void *const *constants, void *packed);

/** The tiles of a whole span. */
mn_tiles mn_tiles_of(const mn_span *s);

void mn_tiles_f32_avx2(const mn_tiles *t);
void mn_tiles_f32_avx512(const mn_tiles *t);

/** One or two rows of one vector of channels of a depthwise 3x3 convolution whose dilation and multiplier are 1 and
 *  whose windows reach at most one cell beyond the image. */
typedef struct mn_strip {
    const float *in[MN_STRIP_INPUTS];     /* the first column that exists, of each row under the filter */
    ptrdiff_t in_stride[MN_STRIP_INPUTS]; /* from column to column; 0 for padding, of single rows only */
    int32_t columns;                      /* that exist */
    bool padded;                          /* the first window begins one column before those */
    const float *weights, *bias;          /* [9][tap_stride], and [lanes] or NULL */
    ptrdiff_t tap_stride;
    int32_t lanes; /* channels that exist; the vector's others are read and written as zeros, if at all */
    mn_range_f32 range;
    float *out;
    ptrdiff_t out_stride, out_row;
    int32_t out_lanes;           /* channels to write */
    int32_t width, rows, stride; /* of the output; stride 2 goes by single rows */
} mn_strip;

void mn_strip_f32_avx2(const mn_strip *s);
void mn_strip_f32_avx512(const mn_strip *s);

/** May strips compute this depthwise convolution? */
bool mn_strip_f32_fits(const mn_window *w);

/** Rows of a strip at output row `row` of an image, when `left` are wanted and a tier can do `most` at once. Where the
 *  filter meets rows of padding, which are skipped, it is one. */
int32_t mn_strip_f32_rows(const mn_window *w, int32_t row, int32_t left, int32_t most);

/** Row `i` under the filter, from the first column that exists; NULL for padding. */
void mn_strip_f32_row(mn_strip *s, int32_t i, const float *row, ptrdiff_t stride);

#endif
