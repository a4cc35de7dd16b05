/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How fused steps are cut for threads (mn_kernel_traits.cut). */
#ifndef MN_KERNELS_TILE_CUT_H
#define MN_KERNELS_TILE_CUT_H

#include "kernels/kernel.h"
#include "kernels/params.h"

/** Bands of rows of a MN_K_CONV_DEPTHWISE step whose output is `e`: one for each thread in high images, so that each
 *  finds the rows it wrote in its own cache, unless these would be uneven and blocks are not; otherwise the fewest with
 *  which the busiest has least to do. Blocks of channels need no bands where they can be shared evenly, and a band
 *  computes the rows again that its filter has in common with the band above.
 *  A unit is one band of one block of one image, blocks the innermost: of `rows` groups of rows that an image has, band
 *  b has [rows * b / bands, rows * (b + 1) / bands). */
void mn_cut_conv_depthwise(const mn_window *depthwise, const mn_extent *e, int32_t threads, mn_cut *cut);

/** Rows and channels of a unit of a MN_K_PROJECT: `channels` channels of `rows` rows of one image (fewer at its ends),
 *  rows the innermost. From groups of rows, four rows are what kernels are made for, and with all channels no thread
 *  reads more than its rows, nor writes into the same cache lines as another; fewer rows, and fewer channels, let more
 *  threads share a low image. Floats may have pixels of any rows. */
enum { MN_PROJECT_CHANNELS = 32 };
void mn_cut_project_q8(const void *params, int32_t threads, mn_cut *cut);
void mn_cut_project_f32(const void *params, int32_t threads, mn_cut *cut);      /* for tiles of 16 channels */
void mn_cut_project_f32_wide(const void *params, int32_t threads, mn_cut *cut); /* and of 32 */

/** Rows and channels of one image, each [first, last). */
typedef struct mn_project_range {
    int32_t batch, first_row, last_row, first_channel, last_channel;
} mn_project_range;

/** What units from `*begin` on, and before `end`, have in common but their rows, or if each has all rows, their
 *  channels; moves `*begin` behind them. */
mn_project_range mn_project_next(const mn_window *w, const mn_cut *cut, int32_t *begin, int32_t end);

/** A unit of a MN_K_CONV_MEAN: so many channels of one image (fewer at the end); pieces are of several. */
enum { MN_CONV_MEAN_CHANNELS = 16 };
void mn_cut_conv_mean(const void *params, int32_t threads, mn_cut *cut);

#endif
