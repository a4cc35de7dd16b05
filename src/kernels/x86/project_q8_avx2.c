/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from groups of four rows, and the ADD behind it, int8 and uint8, for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/products_avx2.h"

/* From groups 0 and 1, 2 and 3, [4 rows][4] each, to rows 0 and 1, 2 and 3, [16 products] each. */
Q8_INLINE void take_rows(__m256i low, __m256i high, __m256i rows[2]) {
    const __m256i even = _mm256_permute2x128_si256(low, high, 0x20);
    const __m256i odd = _mm256_permute2x128_si256(low, high, 0x31);
    rows[0] = _mm256_permute4x64_epi64(_mm256_unpacklo_epi32(even, odd), 0xd8);
    rows[1] = _mm256_permute4x64_epi64(_mm256_unpackhi_epi32(even, odd), 0xd8);
}

Q8_NOINLINE static mn_rest_q8 *list_taken(parts p, __m256i groups[2], int32_t quad, int32_t at, mn_rest_q8 *to) {
    const __m256i low = take_pairs(p, 255, &groups[0]), high = take_pairs(p, 255, &groups[1]);
    __m256i rows[2];
    take_rows(low, high, rows);
    return list_rests(rows, false, quad, at, to);
}

/* Copies 16 channels, [4 groups][4 rows][4], and lists what is too much of them. */
Q8_INLINE mn_rest_q8 *check_unit(int32_t together, const uint8_t *from, int32_t quad, uint8_t *to, int32_t at,
                                 mn_rest_q8 *rests) {
    const parts p = {together == MN_SPANS_Q8_FOURS, true};
    __m256i low = q8_load(from), high = q8_load(from + 32);
    const __m256i sums = _mm256_max_epi16(sums_of(p, low), sums_of(p, high));
    const __m256i wrong = _mm256_cmpgt_epi16(sums, _mm256_set1_epi16(255));
    if (!_mm256_testz_si256(wrong, wrong)) {
        __m256i groups[] = {low, high}; /* in memory, which those need not be */
        rests = list_taken(p, groups, quad, at, rests);
        low = groups[0], high = groups[1];
    }
    _mm256_storeu_si256((__m256i *)(void *)to, low);
    _mm256_storeu_si256((__m256i *)(void *)(to + 32), high);
    return rests;
}

/* Splits `vectors` of 16 channels of the next column, of which the first begins with group `quad`; returns the end of
 * the rests. */
Q8_TARGET static mn_rest_q8 *split(const uint8_t *from, int32_t vectors, int32_t quad, bool checks,
                                   const mn_spans_q8 *spans, uint8_t *to, const mn_rests_q8 *column,
                                   mn_rest_q8 *rests) {
    const int32_t at = mn_rests_q8_next(column);
    for (const int32_t end = quad + vectors * 4; quad < end; quad += 4, from += 64) {
        if (checks) {
            rests = check_unit(column->together, from, quad, to + quad * 16, at, rests);
        } else {
            __m256i rows[2];
            take_rows(q8_load(from), q8_load(from + 32), rows);
            rests = split_unit(rows[0], rows[1], spans, quad, to + quad * 16, at, rests);
        }
    }
    return rests;
}

#include "kernels/x86/project_q8_tile.h"

const mn_kernel_traits mn_project_i8_avx2_traits = {
    .need = project_i8_need, .pack = project_i8_pack, .layouts = project_layouts, .cut = mn_cut_project_q8};

const mn_kernel_traits mn_project_u8_avx2_traits = {
    .need = project_u8_need, .pack = project_u8_pack, .layouts = project_layouts, .cut = mn_cut_project_q8};

void mn_project_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { project_run(task, begin, end, MN_INT8); }
void mn_project_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { project_run(task, begin, end, MN_UINT8); }

#endif
