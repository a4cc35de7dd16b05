/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD and SUB of equal shapes for AVX-512, 16 elements at a time, in the reference's own three
 * requantisations, those of operands in 32 bits. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/checked.h"
#include "kernels/x86/add_operand.h"
#include "kernels/x86/q8_avx512.h"

enum { LANES = MN_REQUANT_LANES };

static bool add_q8_need(const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){0};
    return mn_add_operands_fit(params);
}

const mn_kernel_traits mn_add_q8_avx512_traits = {.need = add_q8_need, .in_place = true};

/* Stored bytes, XORed with `flip`, are int8 ones. */
Q8_INLINE __m512i load_operand(const uint8_t *in, __mmask16 lanes, const mn_add_operand *o, uint8_t flip) {
    const __m128i bytes = _mm_xor_si128(_mm_maskz_loadu_epi8(lanes, in), _mm_set1_epi8((char)flip));
    const __m512i v = _mm512_sub_epi32(_mm512_cvtepi8_epi32(bytes), _mm512_set1_epi32(o->zero));
    __m512i low =
        _mm512_add_epi32(_mm512_mullo_epi32(v, _mm512_set1_epi32(o->low)), _mm512_set1_epi32(MN_ADD_LOW_HALF));
    __m512i sum = _mm512_add_epi32(_mm512_mullo_epi32(v, _mm512_set1_epi32(o->high)), _mm512_set1_epi32(o->rounding));
    sum = _mm512_add_epi32(sum, _mm512_srai_epi32(low, MN_ADD_LOW_BITS));
    sum = _mm512_add_epi32(sum, _mm512_and_si512(_mm512_srai_epi32(v, 31), _mm512_set1_epi32(o->negative)));
    return _mm512_sra_epi32(sum, _mm_cvtsi32_si128(o->shift));
}

Q8_TARGET static void run(const mn_task *task, int32_t begin, int32_t end, int32_t centre, uint8_t flip) {
    const mn_binary_params *p = task->params;
    const uint8_t *in0 = task->inputs[0], *in1 = task->inputs[1];
    uint8_t *out = task->output;
    mn_add_operand a = mn_add_operand_of(&p->in[0]), b = mn_add_operand_of(&p->in[1]);
    mn_requant result;
    a.zero -= centre, b.zero -= centre;
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
