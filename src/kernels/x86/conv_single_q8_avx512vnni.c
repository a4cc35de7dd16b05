/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution of a single pixel, such as logits, int8 and uint8, for AVX-512 VNNI. Requantisation, 16
 * results at a time, is in integers, whose constants are made on the way. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/tile/cut.h"
#include "kernels/x86/rows_q8_avx512vnni.h"

enum { LANES = MN_ROWS_Q8_LANES };

_Static_assert((int)MN_CONV_MEAN_CHANNELS == (int)LANES, "a unit is a vector of results");

static size_t weight_bytes(const mn_conv_mean_params *p) {
    return (size_t)p->conv.window.in_c * (size_t)p->conv.window.out_c;
}

static bool conv_single_q8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_mean_params *p = params;
    const mn_window *w = &p->conv.window;
    *need = (mn_kernel_need){.packed_bytes = weight_bytes(p), .workspace_bytes = mn_rows_q8_workspace(w->in_c)};
    return p->pooling == MN_POOLING_NONE && p->conv.groups == 1 && mn_window_is_pointwise(w) && w->batches == 1 &&
           w->in_h == 1 && w->in_w == 1 && w->in_c <= MN_Q8_MAX_DEPTH && mn_requant_fits(p->conv.shift, w->out_c);
}

static void conv_single_q8_pack(const void *params, const void *const *constants, void *packed) {
    memcpy(packed, constants[1], weight_bytes(params));
}

const mn_kernel_traits mn_conv_single_q8_avx512vnni_traits = {
    .need = conv_single_q8_need, .pack = conv_single_q8_pack, .cut = mn_cut_conv_mean};

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
Q8_TARGET static void run_vector(const mn_conv_params *p, const mn_rows_q8 *r, const int32_t *bias, int32_t first,
                                 uint8_t *out) {
    const __mmask16 lanes = mn_q8_lanes(p->window.out_c - first);
    __m512i acc = mn_rows_q8_sums(r, first);
    if (bias) acc = _mm512_add_epi32(acc, _mm512_maskz_loadu_epi32(lanes, bias + first));
    const __m512i shift = _mm512_maskz_loadu_epi32(lanes, p->shift + first);
    const __m512i bits = _mm512_sub_epi32(_mm512_set1_epi32(31), shift);
    const __m512i multiplier = _mm512_maskz_loadu_epi32(lanes, p->multiplier + first);
    const __m512i results = requantise(acc, multiplier, bits, r->zeros.out);
    const __m128i bytes = mn_q8_finish_16(_mm512_cvtsepi32_epi8(results), r->zeros.range, r->zeros.out_flip);
    _mm_mask_storeu_epi8(out + first, lanes, bytes);
}

Q8_TARGET static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = &((const mn_conv_mean_params *)task->params)->conv;
    mn_rows_q8 r = {
        .zeros = mn_q8_zeros_of(p, type), .depth = p->window.in_c, .count = p->window.out_c, .weights = task->packed};
    mn_rows_q8_take(&r, task->inputs[0], task->workspace);
    for (int32_t i = begin; i < end; i++) run_vector(p, &r, task->inputs[2], i * LANES, task->output);
}

void mn_conv_single_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_conv_single_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
