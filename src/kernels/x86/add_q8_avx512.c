/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD and SUB of equal shapes for AVX-512, 16 elements at a time, in the reference's own three
 * requantisations. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/checked.h"
#include "kernels/quant.h"
#include "kernels/x86/q8_avx512.h"

enum { LANES = MN_REQUANT_LANES };

bool mn_add_q8_avx512_need(const void *params, mn_kernel_need *need) {
    const mn_binary_params *p = params;
    const int32_t shifts[] = {p->in[0].shift, p->in[1].shift, p->out.shift};
    *need = (mn_kernel_need){0};
    return p->same_shape && mn_requant_fits(shifts, 3);
}

/* Stored bytes, XORed with `flip`, are int8 ones. */
typedef struct operand {
    mn_requant requant;
    int32_t zero;
} operand;

Q8_INLINE __m512i load_operand(const uint8_t *in, __mmask16 lanes, const operand *o, uint8_t flip) {
    __m128i bytes = _mm_xor_si128(_mm_maskz_loadu_epi8(lanes, in), _mm_set1_epi8((char)flip));
    __m512i value = _mm512_sub_epi32(_mm512_cvtepi8_epi32(bytes), _mm512_set1_epi32(o->zero));
    return mn_q8_requant_exact(_mm512_slli_epi32(value, MN_ADD_SHIFT), &o->requant);
}

Q8_TARGET static void run(const mn_task *task, int32_t begin, int32_t end, int32_t centre, uint8_t flip) {
    const mn_binary_params *p = task->params;
    const uint8_t *in0 = task->inputs[0], *in1 = task->inputs[1];
    uint8_t *out = task->output;
    operand a = {.zero = p->in[0].zero - centre}, b = {.zero = p->in[1].zero - centre};
    mn_requant result;
    mn_requant_fill_exact(&a.requant, p->in[0].multiplier, p->in[0].shift, 0);
    mn_requant_fill_exact(&b.requant, p->in[1].multiplier, p->in[1].shift, 0);
    mn_requant_fill_exact(&result, p->out.multiplier, p->out.shift, p->out.zero - centre);
    const mn_range_i32 range = {p->range.min - centre, p->range.max - centre};
    for (int32_t i = begin; i < end; i += LANES) {
        const __mmask16 lanes = mn_q8_lanes(end - i);
        __m512i x = load_operand(in0 + i, lanes, &a, flip), y = load_operand(in1 + i, lanes, &b, flip);
        __m512i sum = p->subtract ? _mm512_sub_epi32(x, y) : _mm512_add_epi32(x, y);
        __m128i bytes = _mm512_cvtsepi32_epi8(mn_q8_requant_exact(sum, &result));
        _mm_mask_storeu_epi8(out + i, lanes, mn_q8_finish_16(bytes, range, flip));
    }
}

void mn_add_i8_avx512(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, 0, 0); }
void mn_add_u8_avx512(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, 128, 0x80); }

#endif
