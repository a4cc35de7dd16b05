/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The inner parts that float kernels are made of: tiles of a convolution, and strips of a depthwise 3x3 convolution.
 * Kernels for one operator and for several as one use the same parts, so they give the same bits. */
#ifndef MN_KERNELS_TILE_PARTS_F32_H
#define MN_KERNELS_TILE_PARTS_F32_H

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

/** The tiles of a whole span. */
mn_tiles mn_tiles_of(const mn_span *s);

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

/** May strips compute this depthwise convolution? */
bool mn_strip_f32_fits(const mn_window *w);

/** Rows of a strip at output row `row` of an image, when `left` are wanted and a tier can do `most` at once. Where the
 *  filter meets rows of padding, which are skipped, it is one. */
int32_t mn_strip_f32_rows(const mn_window *w, int32_t row, int32_t left, int32_t most);

/** Row `i` under the filter, from the first column that exists; NULL for padding. */
void mn_strip_f32_row(mn_strip *s, int32_t i, const float *row, ptrdiff_t stride);

/** What differs from tier to tier. */
typedef struct mn_parts_f32 {
    void (*tiles)(const mn_tiles *t);
    void (*strip)(const mn_strip *s);
    int32_t lanes;               /* of a vector */
    int32_t near_rows, far_rows; /* of a strip of stride 1, at most: from the nearest cache, and from the second */
} mn_parts_f32;

/** MN_K_CONV_DEPTHWISE: what its traits hold but for pack(), which packs the convolution in mn_panels_layout, and its
 *  run. */
bool mn_conv_depthwise_f32_need(const void *params, mn_kernel_need *need);
void mn_conv_depthwise_f32_layouts(const void *params, mn_layout *in, mn_layout *out);
void mn_conv_depthwise_f32_cut(const void *params, int32_t threads, mn_cut *cut);
void mn_conv_depthwise_f32_run(const mn_parts_f32 *tier, const mn_task *task, int32_t begin, int32_t end);

/** MN_K_PROJECT; the same. */
bool mn_project_f32_need(const void *params, mn_kernel_need *need);
void mn_project_f32_layouts(const void *params, mn_layout *in, mn_layout *out);
void mn_project_f32_run(const mn_parts_f32 *tier, const mn_task *task, int32_t begin, int32_t end);

/** MN_K_CONV_MEAN; the same, cut by mn_cut_conv_mean(). */
bool mn_conv_mean_f32_need(const void *params, mn_kernel_need *need);
void mn_conv_mean_f32_run(const mn_parts_f32 *tier, const mn_task *task, int32_t begin, int32_t end);

#endif
