/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Convolution inputs laid out for dot products of four bytes: one row of stored bytes per output pixel, filter rows,
 * filter columns and channels in the order of the weights, padded with zeros to a multiple of four. Cells outside the
 * image hold the zero point, so that they add nothing. */
#ifndef MN_KERNELS_GATHER_H
#define MN_KERNELS_GATHER_H

#include "kernels/params.h"

/** Bytes of one gathered row: the products of one output, rounded up to four with activations of 0. */
int32_t mn_gather_depth(const mn_window *w);

/** Is the input, as it is, what gathering would give? */
bool mn_gather_is_input(const mn_window *w);

/** Gathers `count` pixels, counted over all output rows, from pixel `first` on. `zero` is the zero point as stored. */
void mn_gather(const mn_window *w, const uint8_t *in, uint8_t zero, int32_t first, int32_t count, uint8_t *rows);

#endif
