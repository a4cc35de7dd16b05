/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float vectors of AVX2 and FMA, under the names that the files of kernels/tile use. */
#ifndef MN_KERNELS_X86_F32_AVX2_H
#define MN_KERNELS_X86_F32_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx2,fma")))

/* 16 registers: 12 accumulators in tiles of 6 x 2 or 4 x 3 vectors. */
#define MOST_COLUMNS 3
#define MOST_ROWS 6
#define MOST_ROWS_OF_3 4

typedef __m256 vec;
enum { LANES = 8 };

#define v_zero() _mm256_setzero_ps()
#define v_set(x) _mm256_set1_ps(x)
#define v_load(p) _mm256_loadu_ps(p)
#define v_store(p, v) _mm256_storeu_ps(p, v)
#define v_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define v_add(a, b) _mm256_add_ps(a, b)
/* NaN in b stays, as in the reference's clamp. */
#define v_min(a, b) _mm256_min_ps(a, b)
#define v_max(a, b) _mm256_max_ps(a, b)
/* The first n lanes, n in [0, LANES]: the 8 words that start n before the middle. */
static const int32_t v_part[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
#define v_mask(n) _mm256_loadu_si256((const __m256i *)(const void *)(v_part + 8 - (n)))
#define v_load_part(p, n) _mm256_maskload_ps(p, v_mask(n))
#define v_store_part(p, n, v) _mm256_maskstore_ps(p, v_mask(n), v)
/* The first n lanes of v, and zeros. */
#define v_keep(v, n) _mm256_and_ps(v, _mm256_castsi256_ps(v_mask(n)))

#include "kernels/tile/whole_vectors.h"

#endif
