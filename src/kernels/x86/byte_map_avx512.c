/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Maps of bytes for AVX-512 VBMI: the 256 of them lie in four registers. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include "kernels/portable/convert.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")))

enum { BYTES = 64 };

TARGET static void look_up(const mn_task *task, int32_t begin, int32_t end) {
    const mn_byte_map *map = task->packed;
    const uint8_t *in = task->inputs[0];
    uint8_t *out = task->output;
    __m512i part[4];
    for (int i = 0; i < 4; i++) part[i] = _mm512_loadu_si512(map->map + i * BYTES);
    for (int32_t i = begin; i < end; i += BYTES) {
        const __mmask64 lanes = end - i >= BYTES ? ~(__mmask64)0 : ((__mmask64)1 << (end - i)) - 1;
        const __m512i x = _mm512_maskz_loadu_epi8(lanes, in + i);
        const __m512i low = _mm512_permutex2var_epi8(part[0], x, part[1]);
        const __m512i high = _mm512_permutex2var_epi8(part[2], x, part[3]);
        _mm512_mask_storeu_epi8(out + i, lanes, _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high));
    }
}

void mn_unary_i8_avx512(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }
void mn_unary_u8_avx512(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }
void mn_clamp_i8_avx512(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }
void mn_clamp_u8_avx512(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }
void mn_quantize_i8_i8_avx512(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }
void mn_quantize_u8_u8_avx512(const mn_task *task, int32_t begin, int32_t end) { look_up(task, begin, end); }

#endif
