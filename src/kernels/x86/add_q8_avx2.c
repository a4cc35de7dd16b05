/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD and SUB of equal shapes for AVX2, 16 elements at a time, in the reference's own three
 * requantisations, those of operands in 32 bits. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/checked.h"
#include "kernels/x86/q8_avx2.h"

#include "kernels/x86/add_q8_ymm.h"

enum { STEP = 16 };

static bool add_q8_need(const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){0};
    return mn_add_operands_fit(params);
}

const mn_kernel_traits mn_add_q8_avx2_traits = {.need = add_q8_need, .in_place = true};

typedef struct job {
    q8_add add;
    mn_type type;
    uint8_t flip; /* makes centred results stored ones */
} job;

/* 8 stored bytes. */
Q8_INLINE __m256i load_operand(const job *j, const uint8_t *from) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)from);
    return j->type == MN_INT8 ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
}

Q8_INLINE __m256i add_8(const job *j, const uint8_t *in0, const uint8_t *in1) {
    return q8_add_8(&j->add, load_operand(j, in0), load_operand(j, in1));
}

Q8_INLINE void add_16(const job *j, const uint8_t *in0, const uint8_t *in1, uint8_t *out) {
    __m256i low = add_8(j, in0, in1), high = add_8(j, in0 + Q8_LANES, in1 + Q8_LANES);
    __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(words, words), 0xd8);
    _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(q8_finish(bytes, j->add.range, j->flip)));
}

Q8_TARGET static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const job j = {.add = q8_add_of(task->params, type, 0), .type = type, .flip = type == MN_UINT8 ? 0x80 : 0};
    const uint8_t *in0 = task->inputs[0], *in1 = task->inputs[1];
    uint8_t *out = task->output;
    int32_t i = begin;
    for (; i + STEP <= end; i += STEP) add_16(&j, in0 + i, in1 + i, out + i);
    if (i == end) return;
    uint8_t part[3][STEP] = {{0}};
    memcpy(part[0], in0 + i, (size_t)(end - i));
    memcpy(part[1], in1 + i, (size_t)(end - i));
    add_16(&j, part[0], part[1], part[2]);
    memcpy(out + i, part[2], (size_t)(end - i));
}

void mn_add_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_add_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
