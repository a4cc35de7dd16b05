/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rows of activations in memory that holds all of them, or a ring of the latest ones. */
#ifndef MN_KERNELS_ROWS_H
#define MN_KERNELS_ROWS_H

#include <stddef.h>
#include <stdint.h>

/** The place of row `row` (those of all images, counted through) in memory of `ring` rows; 0: of all rows. */
static inline size_t mn_row_place(int64_t row, int32_t ring) { return (size_t)(ring > 0 ? row % ring : row); }

#endif
