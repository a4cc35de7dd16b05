/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD and SUB of equal shapes for AVX2, 16 elements at a time, in the reference's own three
 * requantisations, those of operands in 32 bits. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/checked.h"
#include "kernels/x86/add_operand.h"
#include "kernels/x86/q8_avx2.h"

enum { STEP = 16 };

static bool add_q8_need(const void *params, mn_kernel_need *need) {
    const mn_binary_params *p = params;
    const int32_t shifts[] = {p->in[0].shift, p->in[1].shift, p->out.shift};
    *need = (mn_kernel_need){0};
    return p->same_shape && mn_requant_fits(shifts, 3);
}

const mn_kernel_traits mn_add_q8_avx2_traits = {.need = add_q8_need, .in_place = true};

typedef struct job {
    mn_add_operand in[2];
    q8_exact result;
    mn_range_i32 range; /* centred */
    mn_type type;
    uint8_t flip; /* makes centred results stored ones */
    bool subtract;
} job;

Q8_INLINE q8_exact constants(const mn_operand *o, int32_t zero) {
    mn_requant r;
    mn_requant_fill_exact(&r, o->multiplier, o->shift, zero);
    return q8_exact_of(&r, 0);
}

Q8_INLINE job job_of(const mn_binary_params *p, mn_type type) {
    const int32_t centre = type == MN_UINT8 ? 128 : 0;
    job j = {.result = constants(&p->out, p->out.zero - centre),
             .range = {p->range.min - centre, p->range.max - centre},
             .type = type,
             .flip = type == MN_UINT8 ? 0x80 : 0,
             .subtract = p->subtract};
    for (int i = 0; i < 2; i++) j.in[i] = mn_add_operand_of(&p->in[i]);
    return j;
}

/* 8 stored bytes, rescaled. */
Q8_INLINE __m256i load_operand(const uint8_t *from, const mn_add_operand *o, mn_type type) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)from);
    const __m256i stored = type == MN_INT8 ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
    const __m256i v = _mm256_sub_epi32(stored, _mm256_set1_epi32(o->zero));
    __m256i low =
        _mm256_add_epi32(_mm256_mullo_epi32(v, _mm256_set1_epi32(o->low)), _mm256_set1_epi32(MN_ADD_LOW_HALF));
    __m256i sum = _mm256_add_epi32(_mm256_mullo_epi32(v, _mm256_set1_epi32(o->high)), _mm256_set1_epi32(o->rounding));
    sum = _mm256_add_epi32(sum, _mm256_srai_epi32(low, MN_ADD_LOW_BITS));
    sum = _mm256_add_epi32(sum, _mm256_and_si256(_mm256_srai_epi32(v, 31), _mm256_set1_epi32(o->negative)));
    return _mm256_sra_epi32(sum, _mm_cvtsi32_si128(o->shift));
}

Q8_INLINE __m256i add_8(const job *j, const uint8_t *in0, const uint8_t *in1) {
    __m256i x = load_operand(in0, &j->in[0], j->type), y = load_operand(in1, &j->in[1], j->type);
    return q8_requant_exact(j->subtract ? _mm256_sub_epi32(x, y) : _mm256_add_epi32(x, y), &j->result);
}

Q8_INLINE void add_16(const job *j, const uint8_t *in0, const uint8_t *in1, uint8_t *out) {
    __m256i low = add_8(j, in0, in1), high = add_8(j, in0 + Q8_LANES, in1 + Q8_LANES);
    __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(words, words), 0xd8);
    _mm_storeu_si128((__m128i *)(void *)out, _mm256_castsi256_si128(q8_finish(bytes, j->range, j->flip)));
}

Q8_TARGET static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const job j = job_of(task->params, type);
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
