/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float vectors for the kernels of training, under one set of names. The including file defines MN_TIER_AVX512 or
 * MN_TIER_AVX2; without either, vectors of four floats that every compiler target of GCC and Clang has.
 * Pointers are aligned to the vector; ROWS x COLUMNS vectors fill the register file in a matrix product. */
#ifndef MN_TRAIN_VECTOR_H
#define MN_TRAIN_VECTOR_H

#include <stdint.h>

#if defined(MN_TIER_AVX512)

#include <immintrin.h>
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
typedef __m512 vec;
enum { LANES = 16, ROWS = 8, COLUMNS = 3 };
#define v_set(x) _mm512_set1_ps(x)
#define v_load(p) _mm512_load_ps(p)
#define v_store(p, v) _mm512_store_ps(p, v)
#define v_fma(a, b, c) _mm512_fmadd_ps(a, b, c)
#define v_add(a, b) _mm512_add_ps(a, b)
#define v_sub(a, b) _mm512_sub_ps(a, b)
#define v_mul(a, b) _mm512_mul_ps(a, b)
#define v_div(a, b) _mm512_div_ps(a, b)
#define v_sqrt(a) _mm512_sqrt_ps(a)
#define v_min(a, b) _mm512_min_ps(a, b)
#define v_max(a, b) _mm512_max_ps(a, b)
/* g where low < y < high, 0 elsewhere. */
#define v_between(y, low, high, g)                                                                                     \
    _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(y, low, _CMP_GT_OQ) & _mm512_cmp_ps_mask(y, high, _CMP_LT_OQ), g)

#elif defined(MN_TIER_AVX2)

#include <immintrin.h>
#define TARGET __attribute__((target("avx2,fma")))
typedef __m256 vec;
enum { LANES = 8, ROWS = 6, COLUMNS = 2 };
#define v_set(x) _mm256_set1_ps(x)
#define v_load(p) _mm256_load_ps(p)
#define v_store(p, v) _mm256_store_ps(p, v)
#define v_fma(a, b, c) _mm256_fmadd_ps(a, b, c)
#define v_add(a, b) _mm256_add_ps(a, b)
#define v_sub(a, b) _mm256_sub_ps(a, b)
#define v_mul(a, b) _mm256_mul_ps(a, b)
#define v_div(a, b) _mm256_div_ps(a, b)
#define v_sqrt(a) _mm256_sqrt_ps(a)
#define v_min(a, b) _mm256_min_ps(a, b)
#define v_max(a, b) _mm256_max_ps(a, b)
#define v_between(y, low, high, g)                                                                                     \
    _mm256_and_ps(g, _mm256_and_ps(_mm256_cmp_ps(y, low, _CMP_GT_OQ), _mm256_cmp_ps(y, high, _CMP_LT_OQ)))

#else

#include <math.h>
#define TARGET
typedef float vec __attribute__((vector_size(16)));
typedef int32_t vec_bits __attribute__((vector_size(16)));
enum { LANES = 4, ROWS = 4, COLUMNS = 4 };
#define v_set(x) ((vec){x, x, x, x})
#define v_load(p) (*(const vec *)(const void *)(p))
#define v_store(p, v) (*(vec *)(void *)(p) = (v))
#define v_fma(a, b, c) ((a) * (b) + (c))
#define v_add(a, b) ((a) + (b))
#define v_sub(a, b) ((a) - (b))
#define v_mul(a, b) ((a) * (b))
#define v_div(a, b) ((a) / (b))
#define v_sqrt(a) ((vec){sqrtf((a)[0]), sqrtf((a)[1]), sqrtf((a)[2]), sqrtf((a)[3])})
#define v_select(mask, a, b) ((vec)(((vec_bits)(a) & (mask)) | ((vec_bits)(b) & ~(mask))))
#define v_min(a, b) v_select((a) < (b), a, b)
#define v_max(a, b) v_select((a) > (b), a, b)
#define v_between(y, low, high, g) ((vec)((vec_bits)(g) & ((y) > (low)) & ((y) < (high))))

#endif

#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 25")

#endif
