/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Weights of 16 channels side by side, a word of each: floats, or four bytes for dot products. Needs AVX2. */
#ifndef MN_KERNELS_X86_INTERLEAVE_H
#define MN_KERNELS_X86_INTERLEAVE_H

#include <stddef.h>
#include <stdint.h>

enum { MN_INTERLEAVE_ROWS = 16 };

/** Writes the `count` bytes of each row, xor `flip`, as groups of four: group g of all rows lies at to + g * stride,
 *  [16][4]. The last group is filled up with zeros. Adds each row's signed bytes to its entry of `sums`. */
void mn_interleave(const uint8_t *const rows[MN_INTERLEAVE_ROWS], int32_t count, uint8_t flip, size_t stride,
                   int8_t *to, int32_t sums[MN_INTERLEAVE_ROWS]);

/** Parts each of `count` vectors of groups, [16][4], into pairs, [2][16][2]. */
void mn_interleave_pairs(int8_t *vectors, size_t count);

/** Writes the `count` floats of each row as [count][16]. */
void mn_interleave_floats(const float *const rows[MN_INTERLEAVE_ROWS], int32_t count, float *to);

#endif
