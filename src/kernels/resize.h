/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which rows and columns of an image make those of a resized one. Formulas: docs/numerics.md. */
#ifndef MN_KERNELS_RESIZE_H
#define MN_KERNELS_RESIZE_H

#include "kernels/params.h"

/** RESIZE_BILINEAR from `in` to `out` rows or columns: taps [out]. Not both flags. */
void mn_resize_taps_bilinear(int32_t in, int32_t out, bool align_corners, bool half_pixel_centers, mn_resize_tap *taps);

/** RESIZE_NEAREST_NEIGHBOR: `low` only. */
void mn_resize_taps_nearest(int32_t in, int32_t out, bool align_corners, bool half_pixel_centers, mn_resize_tap *taps);

#endif
