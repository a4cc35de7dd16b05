/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from groups of four rows, and the ADD behind it, int8 and uint8, for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/products_avx2.h"

enum { SPLITS = 1 };

/* Of two groups of four activations, each for all four rows. */
Q8_INLINE __m256i of_rows(const uint8_t *two_groups) {
    int64_t eight;
    memcpy(&eight, two_groups, sizeof eight);
    const __m256i order = _mm256_setr_epi32(0x03020100, 0x03020100, 0x03020100, 0x03020100, 0x07060504, 0x07060504,
                                            0x07060504, 0x07060504);
    return _mm256_shuffle_epi8(_mm256_set1_epi64x(eight), order);
}

/* Splits `count` groups, an even number, of a column, [group][4 rows][4], the first of which is group `quad` of it. */
Q8_TARGET static void split(const uint8_t *from, int32_t count, int32_t quad, const mn_spans_q8 *spans, uint8_t *bytes,
                            int16_t *rests, uint64_t *marks) {
    for (const int32_t end = quad + count; quad < end; quad += 2, from += 32) {
        const __m256i x = q8_load(from), low = of_rows(spans->low + quad * 4);
        const __m256i byte = _mm256_min_epu8(_mm256_subs_epu8(x, low), of_rows(spans->width + quad * 4));
        const __m256i taken = _mm256_add_epi8(byte, low);
        _mm256_storeu_si256((__m256i *)(void *)(bytes + quad * 16), byte);
        const int equal = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(x, taken)));
        if (equal == 0xff) continue;
        const __m256i mask = _mm256_set1_epi16(0xff);
        const __m256i even = _mm256_sub_epi16(_mm256_and_si256(x, mask), _mm256_and_si256(taken, mask));
        const __m256i odd = _mm256_sub_epi16(_mm256_srli_epi16(x, 8), _mm256_srli_epi16(taken, 8));
        __m256i *to = (__m256i *)(void *)(rests + quad * 16);
        _mm256_storeu_si256(to, _mm256_permute2x128_si256(even, odd, 0x20));
        _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(even, odd, 0x31));
        const uint64_t marked = (uint64_t)((equal & 0xf) != 0xf) | (uint64_t)(equal >> 4 != 0xf) << 1;
        marks[quad / 64] |= marked << quad % 64;
    }
}

#include "kernels/x86/project_q8_tile.h"

const mn_kernel_traits mn_project_i8_avx2_traits = {
    .need = project_i8_need, .pack = project_i8_pack, .layouts = project_layouts, .cut = mn_cut_project_q8};

const mn_kernel_traits mn_project_u8_avx2_traits = {
    .need = project_u8_need, .pack = project_u8_pack, .layouts = project_layouts, .cut = mn_cut_project_q8};

void mn_project_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { project_run(task, begin, end, MN_INT8); }
void mn_project_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { project_run(task, begin, end, MN_UINT8); }

#endif
