/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution of a single pixel, such as logits, int8 and uint8, for AVX-512 VNNI. Weights are read once in
 * a run, so they stay in their order, but in large pages, which a file has not: they come from far away, and mapping
 * small ones takes longer than products. Requantisation, 16 results at a time, is in integers, whose constants are made
 * on the way. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/checked.h"
#include "kernels/tile/cut.h"
#include "kernels/x86/q8_avx512.h"

enum { LANES = MN_REQUANT_LANES, ROWS = 8, STEP = 64, CHAINS = 4 };

_Static_assert((int)MN_CONV_MEAN_CHANNELS == (int)LANES, "a unit is a vector of results");

static size_t weight_bytes(const mn_conv_mean_params *p) {
    return (size_t)p->conv.window.in_c * (size_t)p->conv.window.out_c;
}

static bool conv_single_q8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_mean_params *p = params;
    const mn_window *w = &p->conv.window;
    *need = (mn_kernel_need){.packed_bytes = weight_bytes(p), .workspace_bytes = mn_round_up((size_t)w->in_c, STEP)};
    return p->pooling == MN_POOLING_NONE && p->conv.groups == 1 && mn_window_is_pointwise(w) && w->batches == 1 &&
           w->in_h == 1 && w->in_w == 1 && w->in_c <= MN_Q8_MAX_DEPTH && mn_requant_fits(p->conv.shift, w->out_c);
}

static void conv_single_q8_pack(const void *params, const void *const *constants, void *packed) {
    memcpy(packed, constants[1], weight_bytes(params));
}

const mn_kernel_traits mn_conv_single_q8_avx512vnni_traits = {
    .need = conv_single_q8_need, .pack = conv_single_q8_pack, .cut = mn_cut_conv_mean};

typedef struct job {
    const mn_conv_params *p;
    mn_q8_zeros zeros;
    const uint8_t *in; /* unsigned bytes, zeros fill the last vector up */
    const uint8_t *weights;
    const int32_t *bias; /* or NULL */
    int32_t added;       /* to all accumulators, for the weights' zero point */
} job;

/* Adds each pair of lanes of a and b: [a01, a23 | b01, b23] in every 128 bits, whose order of pairs does not matter. */
Q8_INLINE __m256i add_pairs(__m256i a, __m256i b) {
    return _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
}

Q8_INLINE __m256i add_fours(__m256i a, __m256i b) {
    return _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
}

Q8_INLINE __m256i add_halves(__m512i v) {
    return _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
}

/* The sum of each vector's lanes, in order. */
Q8_INLINE __m256i add_lanes(const __m512i v[ROWS]) {
    const __m256i low =
        add_fours(add_pairs(add_halves(v[0]), add_halves(v[1])), add_pairs(add_halves(v[2]), add_halves(v[3])));
    const __m256i high =
        add_fours(add_pairs(add_halves(v[4]), add_halves(v[5])), add_pairs(add_halves(v[6]), add_halves(v[7])));
    return _mm256_add_epi32(_mm256_permute2x128_si256(low, high, 0x20), _mm256_permute2x128_si256(low, high, 0x31));
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
    chain c[CHAINS];
    int32_t k = 0;
    Q8_UNROLL for (int i = 0; i < CHAINS; i++) c[i].products = c[i].sums = _mm512_setzero_si512();
    for (; k + CHAINS * STEP <= depth; k += CHAINS * STEP) {
        Q8_UNROLL for (int i = 0; i < CHAINS; i++) {
            multiply(is, ~(__mmask64)0, in + k + i * STEP, weights + k + i * STEP, &c[i]);
        }
    }
    for (; k < depth; k += STEP) multiply(is, mn_q8_bytes((size_t)(depth - k)), in + k, weights + k, &c[0]);
    Q8_UNROLL for (int i = 1; i < CHAINS; i++) {
        c[0].products = _mm512_add_epi32(c[0].products, c[i].products);
        c[0].sums = _mm512_add_epi32(c[0].sums, c[i].sums);
    }
    return c[0];
}

/* 8 channels from `first` on: products, less what the inputs' zero point adds to them. Of channels that there are not,
 * the last one's. */
Q8_INLINE __m256i sum_rows(kind is, const job *j, int32_t first) {
    const int32_t depth = j->p->window.in_c;
    __m512i products[ROWS], sums[ROWS];
    for (int i = 0; i < ROWS; i++) {
        const int32_t channel = mn_min_i32(first + i, j->p->window.out_c - 1);
        const chain c = multiply_row(is, j->in, j->weights + (ptrdiff_t)channel * depth, depth);
        products[i] = c.products, sums[i] = c.sums;
    }
    if (!is.zeros) return add_lanes(products);
    const __m256i taken = _mm256_mullo_epi32(add_lanes(sums), _mm256_set1_epi32(j->zeros.in));
    return _mm256_sub_epi32(add_lanes(products), taken);
}

Q8_TARGET static __m256i sum_signed(const job *j, int32_t first) {
    return j->zeros.in ? sum_rows((kind){false, true}, j, first) : sum_rows((kind){false, false}, j, first);
}

Q8_TARGET static __m256i sum_unsigned(const job *j, int32_t first) {
    return j->zeros.in ? sum_rows((kind){true, true}, j, first) : sum_rows((kind){true, false}, j, first);
}

/* Fills `in` of `j`, and `added`: depth zero_in zero_weight - zero_weight * sum of inputs. */
Q8_TARGET static void take_inputs(job *j, const uint8_t *from, uint8_t *to) {
    const int32_t depth = j->p->window.in_c;
    const __m512i flip = _mm512_set1_epi8((char)j->zeros.in_flip);
    __m512i sum = _mm512_setzero_si512();
    for (int32_t k = 0; k < depth; k += STEP) {
        const __mmask64 there = mn_q8_bytes((size_t)(depth - k));
        const __m512i flipped = _mm512_xor_si512(_mm512_maskz_loadu_epi8(there, from + k), flip);
        const __m512i x = _mm512_maskz_mov_epi8(there, flipped);
        _mm512_storeu_si512(to + k, x);
        sum = _mm512_dpbusd_epi32(sum, x, _mm512_set1_epi8(1));
    }
    j->in = to;
    j->added = mn_q8_product(j->zeros.weight, depth * j->zeros.in - _mm512_reduce_add_epi32(sum));
}

/* Even lanes as mn_q8_requant_exact() has them; `bits` in [31, 62]. */
Q8_INLINE __m512i requantise_half(__m512i acc, __m512i multiplier, __m512i bits) {
    const __m512i one = _mm512_set1_epi64(1), product = _mm512_mul_epi32(acc, multiplier);
    const __mmask8 twice = _mm512_cmpgt_epi64_mask(bits, _mm512_set1_epi64(31)), below = _mm512_movepi64_mask(product);
    const __m512i second = _mm512_maskz_sllv_epi64(twice, one, _mm512_sub_epi64(bits, one));
    __m512i rounded = _mm512_add_epi64(_mm512_add_epi64(product, second), _mm512_set1_epi64(INT64_C(1) << 30));
    rounded = _mm512_mask_sub_epi64(rounded, twice & below, rounded, _mm512_set1_epi64(INT64_C(1) << 31));
    return _mm512_srav_epi64(rounded, bits);
}

Q8_INLINE __m512i requantise(__m512i acc, __m512i multiplier, __m512i bits, int32_t zero) {
    const __m512i low = _mm512_set1_epi64(UINT32_MAX);
    const __m512i even = requantise_half(acc, multiplier, _mm512_and_si512(bits, low));
    const __m512i odd =
        requantise_half(_mm512_srli_epi64(acc, 32), _mm512_srli_epi64(multiplier, 32), _mm512_srli_epi64(bits, 32));
    const __m512i both = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
    return _mm512_add_epi32(both, _mm512_set1_epi32(zero));
}

/* 16 channels from `first` on, from products to stored bytes. */
Q8_TARGET static void run_vector(const job *j, int32_t first, uint8_t *out) {
    const mn_conv_params *p = j->p;
    const __mmask16 lanes = mn_q8_lanes(p->window.out_c - first);
    __m256i half[2];
    for (int i = 0; i < 2; i++) {
        half[i] = j->zeros.weight_flip ? sum_unsigned(j, first + i * ROWS) : sum_signed(j, first + i * ROWS);
    }
    __m512i acc = _mm512_inserti64x4(_mm512_castsi256_si512(half[0]), half[1], 1);
    acc = _mm512_add_epi32(acc, _mm512_set1_epi32(j->added));
    if (j->bias) acc = _mm512_add_epi32(acc, _mm512_maskz_loadu_epi32(lanes, j->bias + first));
    const __m512i shift = _mm512_maskz_loadu_epi32(lanes, p->shift + first);
    const __m512i bits = _mm512_sub_epi32(_mm512_set1_epi32(31), shift);
    const __m512i results = requantise(acc, _mm512_maskz_loadu_epi32(lanes, p->multiplier + first), bits, j->zeros.out);
    const __m128i bytes = mn_q8_finish_16(_mm512_cvtsepi32_epi8(results), j->zeros.range, j->zeros.out_flip);
    _mm_mask_storeu_epi8(out + first, lanes, bytes);
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_mean_params *p = task->params;
    job j = {.p = &p->conv, .zeros = mn_q8_zeros_of(&p->conv, type), .weights = task->packed, .bias = task->inputs[2]};
    take_inputs(&j, task->inputs[0], task->workspace);
    for (int32_t i = begin; i < end; i++) run_vector(&j, i * LANES, task->output);
}

void mn_conv_single_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_conv_single_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
