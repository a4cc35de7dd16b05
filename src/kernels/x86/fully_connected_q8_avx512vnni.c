/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 fully connected layers for AVX-512 VNNI. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "kernels/x86/rows_q8_avx512vnni.h"

static size_t weight_bytes(const mn_fully_connected_params *p) { return (size_t)p->in_c * (size_t)p->out_c; }

static bool fully_connected_q8_need(const void *params, mn_kernel_need *need) {
    const mn_fully_connected_params *p = params;
    *need = (mn_kernel_need){.packed_bytes = weight_bytes(p), .workspace_bytes = mn_rows_q8_workspace(p->in_c)};
    return true;
}

static void fully_connected_q8_pack(const void *params, const void *const *constants, void *packed) {
    memcpy(packed, constants[1], weight_bytes(params));
}

const mn_kernel_traits mn_fully_connected_q8_avx512vnni_traits = {.need = fully_connected_q8_need,
                                                                  .pack = fully_connected_q8_pack};

/* Without optimisation gcc's _mm512_roundscale_pd() is a macro with such a conversion. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"

/* round(acc * scale) + zero, halves away from zero, clamped. Adding 1/2 first would round some values below it up. */
Q8_INLINE __m256i rescale(const mn_fully_connected_params *p, __m256i acc, __m512d scale) {
    const __m512d sign = _mm512_set1_pd(-0.0), one = _mm512_set1_pd(1);
    const __m512d x = _mm512_mul_pd(_mm512_cvtepi32_pd(acc), scale);
    const __m512d whole = _mm512_roundscale_pd(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
    const __m512d rest = _mm512_abs_pd(_mm512_sub_pd(x, whole)), away = _mm512_or_pd(_mm512_and_pd(sign, x), one);
    const __mmask8 up = _mm512_cmp_pd_mask(rest, _mm512_set1_pd(0.5), _CMP_GE_OQ);
    __m512d stored = _mm512_add_pd(_mm512_mask_add_pd(whole, up, whole, away), _mm512_set1_pd(p->out_zero));
    stored = _mm512_max_pd(stored, _mm512_set1_pd(p->range.min));
    return _mm512_cvtpd_epi32(_mm512_min_pd(stored, _mm512_set1_pd(p->range.max)));
}

#pragma GCC diagnostic pop

/* `count` results, at most 16, from `first` on. */
Q8_TARGET static void run_vector(const mn_fully_connected_params *p, const mn_rows_q8 *r, const int32_t *bias,
                                 int32_t first, int32_t count, uint8_t *out) {
    const __mmask16 lanes = mn_q8_lanes(count);
    __m512i acc = mn_rows_q8_sums(r, first);
    if (bias) acc = _mm512_add_epi32(acc, _mm512_maskz_loadu_epi32(lanes, bias + first));
    const double *scale = p->scale + first;
    const __m256i low = rescale(p, _mm512_castsi512_si256(acc), _mm512_maskz_loadu_pd((__mmask8)lanes, scale));
    const __mmask8 others = (__mmask8)(lanes >> 8);
    const __m256i high = rescale(p, _mm512_extracti64x4_epi64(acc, 1), _mm512_maskz_loadu_pd(others, scale + 8));
    const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
    _mm_mask_storeu_epi8(out + first, lanes, _mm512_cvtepi32_epi8(both));
}

static mn_q8_zeros zeros_of(const mn_fully_connected_params *p, mn_type type) {
    const mn_conv_params conv = {
        .in_zero = p->in_zero, .weight_zero = p->weight_zero, .out_zero = p->out_zero, .range = p->range};
    mn_q8_zeros zeros = mn_q8_zeros_of(&conv, type);
    if (type == MN_INT8) zeros.weight = p->weight_zero; /* convolutions have none */
    return zeros;
}

Q8_TARGET static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_fully_connected_params *p = task->params;
    mn_rows_q8 r = {.zeros = zeros_of(p, type), .depth = p->in_c, .count = p->out_c, .weights = task->packed};
    for (int32_t unit = begin; unit < end;) {
        const int32_t row = unit / p->out_c, first = unit % p->out_c, last = mn_min_i32(p->out_c, first + end - unit);
        uint8_t *out = (uint8_t *)task->output + (ptrdiff_t)row * p->out_c;
        mn_rows_q8_take(&r, (const uint8_t *)task->inputs[0] + (ptrdiff_t)row * p->in_c, task->workspace);
        for (int32_t i = first; i < last; i += MN_ROWS_Q8_LANES) {
            run_vector(p, &r, task->inputs[2], i, mn_min_i32(MN_ROWS_Q8_LANES, last - i), out);
        }
        unit += last - first;
    }
}

void mn_fully_connected_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_INT8);
}

void mn_fully_connected_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8);
}

#endif
