/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ADD as one sum of two products with 256-bit vectors: what support/add_q8_pairs.h says. */
#include <stdio.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/q8_avx2.h"

#include "kernels/x86/add_q8_ymm.h"

#include "support/add_q8_pairs.h"

/* 8 stored bytes, centred. */
Q8_TARGET static __m256i operand_of(const uint8_t *from, uint8_t flip) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)from);
    return _mm256_cvtepi8_epi32(_mm_xor_si128(bytes, _mm_set1_epi8((char)flip)));
}

/* 32 results in the order of q8_narrow_4(). */
Q8_TARGET static __m256i add_exactly(const q8_add *add, const uint8_t *first, const uint8_t *second, uint8_t flip) {
    __m256i sums[4];
    for (int i = 0; i < 4; i++)
        sums[i] = q8_add_8(add, operand_of(first + 8 * i, flip), operand_of(second + 8 * i, flip));
    return _mm256_permutevar8x32_epi32(q8_narrow_4(sums), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

Q8_TARGET static void run_all(const mn_binary_params *p, mn_type type, const mn_add_q8 *a, const uint8_t *first,
                              const uint8_t *second, uint8_t *out) {
    const uint8_t flip = type == MN_UINT8 ? 0x80 : 0;
    const __m256i flips = _mm256_set1_epi8((char)flip);
    const q8_add exact = q8_add_of(p, type, flip);
    for (int32_t i = 0; i < PAIRS; i += 32) {
        const __m256i x = _mm256_xor_si256(q8_load(first + i), flips), y = _mm256_xor_si256(q8_load(second + i), flips);
        const __m256i sums = a->is_short ? q8_add_short(a, x, y) : add_exactly(&exact, first + i, second + i, flip);
        _mm256_storeu_si256((__m256i *)(void *)(out + i), q8_finish(sums, a->range, flip));
    }
}

int main(void) { return check_pairs(MN_CPU_AVX2); }

#else

int main(void) {
    printf("SKIPPED: these kernels are for x86-64\n");
    return 77;
}

#endif
