/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a projection's accumulators to results, with the ADD behind it, for 512-bit vectors. */
#ifndef MN_KERNELS_X86_PROJECT_Q8_ZMM_H
#define MN_KERNELS_X86_PROJECT_Q8_ZMM_H

#include "kernels/x86/add_q8.h"
#include "kernels/x86/project_q8.h"
#include "kernels/x86/q8_avx512.h"

enum { PIXELS = 4 }; /* of 16 channels each, in a piece */

/* Where results go. */
typedef struct results {
    mn_q8_zeros zeros;
    const mn_add_q8 *add;
    bool residual_first;
    const uint8_t *residual; /* of the first pixel and channel, or NULL */
    uint8_t *out;
    ptrdiff_t stride; /* bytes from pixel to pixel of a piece */
} results;

/* A piece of the residual as mn_q8_narrow_4() has the results, centred. Pixels that do not exist are the last one. */
Q8_INLINE __m512i load_residual(const results *to, const uint8_t *from, int32_t pixels, __mmask16 lanes) {
    __m512i bytes = _mm512_castsi128_si512(_mm_maskz_loadu_epi8(lanes, from));
    from += pixels > 1 ? to->stride : 0;
    bytes = _mm512_inserti32x4(bytes, _mm_maskz_loadu_epi8(lanes, from), 1);
    from += pixels > 2 ? to->stride : 0;
    bytes = _mm512_inserti32x4(bytes, _mm_maskz_loadu_epi8(lanes, from), 2);
    from += pixels > 3 ? to->stride : 0;
    bytes = _mm512_inserti32x4(bytes, _mm_maskz_loadu_epi8(lanes, from), 3);
    return _mm512_xor_si512(mn_q8_transpose_4(bytes), _mm512_set1_epi8((char)to->zeros.out_flip));
}

Q8_INLINE __m512i clamp(__m512i bytes, mn_range_i32 range) {
    return range.min > -128 || range.max < 127 ? mn_q8_finish_64(bytes, range, 0) : bytes;
}

/* Centred results of a piece to stored bytes, with the residual added. */
Q8_INLINE void store_piece(const results *to, __m512i bytes, int32_t pixels, __mmask16 lanes, ptrdiff_t at,
                           bool in_short) {
    if (to->residual) {
        const __m512i other = load_residual(to, to->residual + at, pixels, lanes);
        const __m512i x = to->residual_first ? other : bytes, y = to->residual_first ? bytes : other;
        bytes = in_short ? mn_add_q8_short(to->add, x, y) : mn_add_q8_exact(to->add, x, y);
        bytes = clamp(bytes, to->add->range);
    }
    bytes = _mm512_xor_si512(bytes, _mm512_set1_epi8((char)to->zeros.out_flip));
    mn_q8_store_4(bytes, pixels, lanes, to->out + at, to->stride);
}

Q8_INLINE __m512i narrow(const results *to, const __m512i *values) {
    return clamp(mn_q8_narrow_4(values[0], values[1], values[2], values[3]), to->zeros.range);
}

/* A piece whose channels are requantised in floats. */
Q8_INLINE __m512i requantise(const results *to, const __m512i *acc, const mn_panel_q8 *panel) {
    __m512i values[PIXELS];
    mn_q8_requant_floats(PIXELS, acc, &panel->requant, values);
    return narrow(to, values);
}

#endif
