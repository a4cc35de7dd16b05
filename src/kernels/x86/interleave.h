/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 8-bit weights of 16 channels laid out for dot products of four bytes. */
#ifndef MN_KERNELS_X86_INTERLEAVE_H
#define MN_KERNELS_X86_INTERLEAVE_H

#include <stddef.h>
#include <stdint.h>

enum { MN_INTERLEAVE_ROWS = 16 };

/** Writes the `count` bytes of each row, xor `flip`, as groups of four: group g of all rows lies at to + g * step,
 *  [16][4]. The last group is filled up with zeros. Adds each row's signed bytes to its entry of `sums`. Needs AVX2. */
void mn_interleave(const uint8_t *const rows[MN_INTERLEAVE_ROWS], int32_t count, uint8_t flip, size_t step, int8_t *to,
                   int32_t sums[MN_INTERLEAVE_ROWS]);

#endif
