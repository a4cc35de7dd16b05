/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 MUL for AVX2, 8 elements at a time; either operand may repeat (portable/runs.h). */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/portable/runs.h"
#include "kernels/x86/q8_avx2.h"

static bool mul_q8_need(const void *params, mn_kernel_need *need) {
    const mn_binary_params *p = params;
    *need = (mn_kernel_need){0};
    return mn_requant_fits(&p->out.shift, 1);
}

const mn_kernel_traits mn_mul_q8_avx2_traits = {.need = mul_q8_need, .in_place = true};

/* `count` stored bytes less the zero point, or one for all lanes. */
Q8_INLINE __m256i load_operand(const uint8_t *in, bool moves, int32_t count, int32_t zero, mn_type type) {
    uint8_t part[Q8_LANES] = {0};
    __m128i bytes = _mm_set1_epi8((char)*in);
    if (moves) {
        if (count < Q8_LANES) memcpy(part, in, (size_t)count);
        bytes = _mm_loadl_epi64((const __m128i *)(const void *)(count < Q8_LANES ? part : in));
    }
    const __m256i stored = type == MN_INT8 ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
    return _mm256_sub_epi32(stored, _mm256_set1_epi32(zero));
}

Q8_TARGET static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_binary_params *p = task->params;
    const int32_t centre = type == MN_UINT8 ? 128 : 0;
    const mn_range_i32 range = {p->range.min - centre, p->range.max - centre};
    mn_requant constants;
    mn_runs runs;
    mn_run one;
    mn_requant_fill_exact(&constants, p->out.multiplier, p->out.shift, p->out.zero - centre);
    const q8_exact result = q8_exact_of(&constants, 0);
    mn_runs_open(&runs, p, begin, end);
    while (mn_runs_next(&runs, &one)) {
        const uint8_t *a = (const uint8_t *)task->inputs[0] + one.in[0];
        const uint8_t *b = (const uint8_t *)task->inputs[1] + one.in[1];
        uint8_t *out = (uint8_t *)task->output + one.out;
        for (int32_t i = 0; i < one.count; i += Q8_LANES) {
            const int32_t count = mn_min_i32(Q8_LANES, one.count - i);
            const __m256i x = load_operand(a + (runs.moves[0] ? i : 0), runs.moves[0], count, p->in[0].zero, type);
            const __m256i y = load_operand(b + (runs.moves[1] ? i : 0), runs.moves[1], count, p->in[1].zero, type);
            const __m256i units = q8_requant_exact(_mm256_mullo_epi32(x, y), &result);
            const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(units, units), 0xd8);
            const __m256i bytes = q8_finish(_mm256_packs_epi16(words, words), range, type == MN_UINT8 ? 0x80 : 0);
            q8_store_part(out + i, _mm256_castsi256_si128(bytes), count);
        }
    }
}

void mn_mul_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_mul_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
