/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from groups of four rows, and the ADD behind it, int8 and uint8, for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/products_avx2.h"

/* Splits `vectors` of 16 channels of a column, of which the first begins with group `quad`; returns the end of the
 * rests. */
Q8_TARGET static mn_rest_q8 *split(const uint8_t *from, int32_t vectors, int32_t quad, const mn_spans_q8 *spans,
                                   uint8_t *to, int32_t start, mn_rest_q8 *rests) {
    for (const int32_t end = quad + vectors * 4; quad < end; quad += 4, from += 64) {
        /* Groups 0 and 1, 2 and 3; then 0 and 2, 1 and 3. */
        const __m256i low = q8_load(from), high = q8_load(from + 32);
        const __m256i even = _mm256_permute2x128_si256(low, high, 0x20);
        const __m256i odd = _mm256_permute2x128_si256(low, high, 0x31);
        const __m256i first = _mm256_permute4x64_epi64(_mm256_unpacklo_epi32(even, odd), 0xd8);
        const __m256i second = _mm256_permute4x64_epi64(_mm256_unpackhi_epi32(even, odd), 0xd8);
        rests = split_unit(first, second, spans, quad, to + quad * 16, start, rests);
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
