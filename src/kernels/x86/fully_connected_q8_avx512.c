/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw")))

typedef __m512i vec;
enum { WORDS = 32 };

#define v_zero() _mm512_setzero_si512()
#define v_set(x) _mm512_set1_epi16((short)(x))
#define v_load(p) _mm512_loadu_si512(p)
#define v_bytes(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define v_widen(p, is_signed) ((is_signed) ? _mm512_cvtepi8_epi16(v_bytes(p)) : _mm512_cvtepu8_epi16(v_bytes(p)))
#define v_sub(a, b) _mm512_sub_epi16(a, b)
#define v_dot(acc, a, b) _mm512_add_epi32(acc, _mm512_madd_epi16(a, b))
#define v_halve(v) _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1))

#include "kernels/x86/fully_connected_q8_tile.h"

static bool fully_connected_q8_need(const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){.workspace_bytes = workspace_bytes(params)};
    return true;
}

const mn_kernel_traits mn_fully_connected_q8_avx512_traits = {.need = fully_connected_q8_need};

void mn_fully_connected_i8_avx512(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, true); }
void mn_fully_connected_u8_avx512(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, false); }

#endif
