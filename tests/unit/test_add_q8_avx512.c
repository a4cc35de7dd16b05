/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ADD as one sum of two products with AVX-512: what support/add_q8_pairs.h says. */
#include <stdio.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/add_q8.h"
#include "support/add_q8_pairs.h"

Q8_TARGET static void run_all(const mn_binary_params *p, mn_type type, const mn_add_q8 *a, const uint8_t *first,
                              const uint8_t *second, uint8_t *out) {
    const uint8_t flip = type == MN_UINT8 ? 0x80 : 0;
    (void)p;
    const __m512i flips = _mm512_set1_epi8((char)flip);
    for (int32_t i = 0; i < PAIRS; i += 64) {
        const __m512i x = _mm512_xor_si512(_mm512_loadu_si512(first + i), flips);
        const __m512i y = _mm512_xor_si512(_mm512_loadu_si512(second + i), flips);
        const __m512i sums = a->is_short ? mn_add_q8_short(a, x, y) : mn_add_q8_exact(a, x, y);
        _mm512_storeu_si512(out + i, mn_q8_finish_64(sums, a->range, flip));
    }
}

int main(void) { return check_pairs(MN_CPU_AVX512_VNNI); }

#else

int main(void) {
    printf("SKIPPED: these kernels are for x86-64\n");
    return 77;
}

#endif
