/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float vectors of AVX-512, under the names that the files of kernels/tile use. */
#ifndef MN_KERNELS_X86_F32_AVX512_H
#define MN_KERNELS_X86_F32_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))

/* 32 registers: tiles of three vectors, too. */
#define MOST_COLUMNS 3
#define MOST_ROWS 14
#define MOST_ROWS_OF_3 9

typedef __m512 vec;
enum { LANES = 16 };

#define v_zero() _mm512_setzero_ps()
#define v_set(x) _mm512_set1_ps(x)
#define v_load(p) _mm512_loadu_ps(p)
#define v_store(p, v) _mm512_storeu_ps(p, v)
#define v_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define v_add(a, b) _mm512_add_ps(a, b)
/* NaN in b stays, as in the reference's clamp. */
#define v_min(a, b) _mm512_min_ps(a, b)
#define v_max(a, b) _mm512_max_ps(a, b)
/* The first n lanes, n in [0, LANES]. */
#define v_mask(n) ((__mmask16)((1u << (n)) - 1))
#define v_load_part(p, n) _mm512_maskz_loadu_ps(v_mask(n), p)
#define v_store_part(p, n, v) _mm512_mask_storeu_ps(p, v_mask(n), v)
/* The first n lanes of v, and zeros. */
#define v_keep(v, n) _mm512_maskz_mov_ps(v_mask(n), v)

/* Half vectors: on processors that compute 512 bits in two passes they take half as long. */
#define HALF_VECTORS 1
typedef __m256 half_vec;

#define half_zero() _mm256_setzero_ps()
#define half_set(x) _mm256_set1_ps(x)
#define half_load(p) _mm256_loadu_ps(p)
#define half_store(p, h) _mm256_storeu_ps(p, h)
#define half_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define half_of(v) _mm512_castps512_ps256(v)
#define half_widen(h) _mm512_zextps256_ps512(h)

#endif
