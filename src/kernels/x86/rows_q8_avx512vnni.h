/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 8-bit products of one row of inputs with rows of weights, such as logits, for AVX-512 VNNI. Weights are read once in
 * a run, so they stay in their order, but kernels pack them all the same: in large pages, which a file has not. They
 * come from far away, and mapping small pages takes longer than products. */
#ifndef MN_KERNELS_X86_ROWS_Q8_AVX512VNNI_H
#define MN_KERNELS_X86_ROWS_Q8_AVX512VNNI_H

#include "base/checked.h"
#include "kernels/x86/q8_avx512.h"

#include "kernels/x86/lanes_ymm.h"

enum { MN_ROWS_Q8_LANES = MN_REQUANT_LANES, MN_ROWS_Q8_STEP = 64, MN_ROWS_Q8_CHAINS = 4 };

typedef struct mn_rows_q8 {
    mn_q8_zeros zeros;
    int32_t depth, count;
    const uint8_t *weights; /* [count][depth] */
    const uint8_t *in;      /* [depth] unsigned bytes; zeros fill the last vector up */
    int32_t added;          /* to all accumulators, for the weights' zero point */
} mn_rows_q8;

/** For mn_rows_q8_take(). */
static inline size_t mn_rows_q8_workspace(int32_t depth) { return mn_round_up((size_t)depth, MN_ROWS_Q8_STEP); }

Q8_INLINE __m256i add_halves(__m512i v) {
    return _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
}

/* The sum of each vector's lanes, in order. */
Q8_INLINE __m256i add_lanes(const __m512i v[8]) {
    __m256i halves[8];
    Q8_UNROLL for (int i = 0; i < 8; i++) halves[i] = add_halves(v[i]);
    return mn_add_lanes(halves);
}

/* What of a kernel is constant: are weights unsigned, and have inputs a zero point, so that weights' own sums matter?
 */
typedef struct kind {
    bool flips, zeros;
} kind;

typedef struct chain {
    __m512i products, sums; /* with inputs, and of the weights alone */
} chain;

Q8_INLINE void multiply(kind is, __mmask64 there, const uint8_t *in, const uint8_t *weights, chain *c) {
    __m512i w = _mm512_maskz_loadu_epi8(there, weights);
    if (is.flips) w = _mm512_maskz_mov_epi8(there, _mm512_xor_si512(w, _mm512_set1_epi8((char)0x80)));
    c->products = _mm512_dpbusd_epi32(c->products, _mm512_loadu_si512(in), w);
    if (is.zeros) c->sums = _mm512_dpbusd_epi32(c->sums, _mm512_set1_epi8(1), w);
}

/* A row of weights. Products go to several accumulators in turn, so that none waits for the one before. */
Q8_INLINE chain multiply_row(kind is, const uint8_t *in, const uint8_t *weights, int32_t depth) {
    chain c[MN_ROWS_Q8_CHAINS];
    int32_t k = 0;
    Q8_UNROLL for (int i = 0; i < MN_ROWS_Q8_CHAINS; i++) c[i].products = c[i].sums = _mm512_setzero_si512();
    for (; k + MN_ROWS_Q8_CHAINS * MN_ROWS_Q8_STEP <= depth; k += MN_ROWS_Q8_CHAINS * MN_ROWS_Q8_STEP) {
        Q8_UNROLL for (int i = 0; i < MN_ROWS_Q8_CHAINS; i++) {
            multiply(is, ~(__mmask64)0, in + k + i * MN_ROWS_Q8_STEP, weights + k + i * MN_ROWS_Q8_STEP, &c[i]);
        }
    }
    for (; k < depth; k += MN_ROWS_Q8_STEP) multiply(is, mn_q8_bytes((size_t)(depth - k)), in + k, weights + k, &c[0]);
    Q8_UNROLL for (int i = 1; i < MN_ROWS_Q8_CHAINS; i++) {
        c[0].products = _mm512_add_epi32(c[0].products, c[i].products);
        c[0].sums = _mm512_add_epi32(c[0].sums, c[i].sums);
    }
    return c[0];
}

/* 8 rows from `first` on: products, less what the inputs' zero point adds to them. Of rows that there are not, the last
 * one's. */
Q8_INLINE __m256i sum_rows(kind is, const mn_rows_q8 *r, int32_t first) {
    __m512i products[8], sums[8];
    for (int i = 0; i < 8; i++) {
        const int32_t row = mn_min_i32(first + i, r->count - 1);
        const chain c = multiply_row(is, r->in, r->weights + (ptrdiff_t)row * r->depth, r->depth);
        products[i] = c.products, sums[i] = c.sums;
    }
    if (!is.zeros) return add_lanes(products);
    const __m256i taken = _mm256_mullo_epi32(add_lanes(sums), _mm256_set1_epi32(r->zeros.in));
    return _mm256_sub_epi32(add_lanes(products), taken);
}

Q8_TARGET static __m256i sum_signed(const mn_rows_q8 *r, int32_t first) {
    return r->zeros.in ? sum_rows((kind){false, true}, r, first) : sum_rows((kind){false, false}, r, first);
}

Q8_TARGET static __m256i sum_unsigned(const mn_rows_q8 *r, int32_t first) {
    return r->zeros.in ? sum_rows((kind){true, true}, r, first) : sum_rows((kind){true, false}, r, first);
}

/** Sums of 16 rows from `first` on, without bias. */
Q8_INLINE __m512i mn_rows_q8_sums(const mn_rows_q8 *r, int32_t first) {
    __m256i half[2];
    for (int i = 0; i < 2; i++) {
        half[i] = r->zeros.weight_flip ? sum_unsigned(r, first + 8 * i) : sum_signed(r, first + 8 * i);
    }
    const __m512i sums = _mm512_inserti64x4(_mm512_castsi256_si512(half[0]), half[1], 1);
    return _mm512_add_epi32(sums, _mm512_set1_epi32(r->added));
}

/** Fills `in` of `r`, and `added`: depth zero_in zero_weight - zero_weight * sum of inputs. */
Q8_INLINE void mn_rows_q8_take(mn_rows_q8 *r, const uint8_t *from, uint8_t *to) {
    const int32_t depth = r->depth;
    const __m512i flip = _mm512_set1_epi8((char)r->zeros.in_flip);
    __m512i sum = _mm512_setzero_si512();
    for (int32_t k = 0; k < depth; k += MN_ROWS_Q8_STEP) {
        const __mmask64 there = mn_q8_bytes((size_t)(depth - k));
        const __m512i flipped = _mm512_xor_si512(_mm512_maskz_loadu_epi8(there, from + k), flip);
        const __m512i x = _mm512_maskz_mov_epi8(there, flipped);
        _mm512_storeu_si512(to + k, x);
        sum = _mm512_dpbusd_epi32(sum, x, _mm512_set1_epi8(1));
    }
    r->in = to;
    r->added = mn_q8_product(r->zeros.weight, depth * r->zeros.in - _mm512_reduce_add_epi32(sum));
}

#endif
