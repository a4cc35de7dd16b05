/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 MUL for AVX-512, 16 elements at a time; either operand may repeat (portable/runs.h). */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/portable/runs.h"
#include "kernels/x86/q8_avx512.h"

enum { LANES = MN_REQUANT_LANES };

static bool mul_q8_need(const void *params, mn_kernel_need *need) {
    const mn_binary_params *p = params;
    *need = (mn_kernel_need){0};
    return mn_requant_fits(&p->out.shift, 1);
}

const mn_kernel_traits mn_mul_q8_avx512_traits = {.need = mul_q8_need, .in_place = true};

/* Stored bytes less the zero point; XORed with `flip` they are int8 ones. One byte for all lanes, or one each. */
Q8_INLINE __m512i load_operand(const uint8_t *in, bool moves, __mmask16 lanes, int32_t zero, uint8_t flip) {
    const __m128i stored = moves ? _mm_maskz_loadu_epi8(lanes, in) : _mm_set1_epi8((char)*in);
    const __m128i bytes = _mm_xor_si128(stored, _mm_set1_epi8((char)flip));
    return _mm512_sub_epi32(_mm512_cvtepi8_epi32(bytes), _mm512_set1_epi32(zero));
}

Q8_TARGET static void run(const mn_task *task, int32_t begin, int32_t end, int32_t centre, uint8_t flip) {
    const mn_binary_params *p = task->params;
    const mn_range_i32 range = {p->range.min - centre, p->range.max - centre};
    const int32_t zero[2] = {p->in[0].zero - centre, p->in[1].zero - centre};
    mn_requant result;
    mn_runs runs;
    mn_run one;
    mn_requant_fill_exact(&result, p->out.multiplier, p->out.shift, p->out.zero - centre);
    mn_runs_open(&runs, p, begin, end);
    while (mn_runs_next(&runs, &one)) {
        const uint8_t *a = (const uint8_t *)task->inputs[0] + one.in[0];
        const uint8_t *b = (const uint8_t *)task->inputs[1] + one.in[1];
        uint8_t *out = (uint8_t *)task->output + one.out;
        for (int32_t i = 0; i < one.count; i += LANES) {
            const __mmask16 lanes = mn_q8_lanes(one.count - i);
            const __m512i x = load_operand(a + (runs.moves[0] ? i : 0), runs.moves[0], lanes, zero[0], flip);
            const __m512i y = load_operand(b + (runs.moves[1] ? i : 0), runs.moves[1], lanes, zero[1], flip);
            const __m512i product = _mm512_mullo_epi32(x, y);
            const __m128i bytes = _mm512_cvtsepi32_epi8(mn_q8_requant_exact(product, &result));
            _mm_mask_storeu_epi8(out + i, lanes, mn_q8_finish_16(bytes, range, flip));
        }
    }
}

void mn_mul_i8_avx512(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, 0, 0); }
void mn_mul_u8_avx512(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, 128, 0x80); }

#endif
