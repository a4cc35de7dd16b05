/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))

typedef __m256i vec;
enum { WORDS = 16 };

#define v_zero() _mm256_setzero_si256()
#define v_set(x) _mm256_set1_epi16((short)(x))
#define v_load(p) _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define v_bytes(p) _mm_loadu_si128((const __m128i *)(const void *)(p))
#define v_widen(p, is_signed) ((is_signed) ? _mm256_cvtepi8_epi16(v_bytes(p)) : _mm256_cvtepu8_epi16(v_bytes(p)))
#define v_sub(a, b) _mm256_sub_epi16(a, b)
#define v_dot(acc, a, b) _mm256_add_epi32(acc, _mm256_madd_epi16(a, b))
#define v_halve(v) (v)

#include "kernels/x86/fully_connected_q8_tile.h"

static bool fully_connected_q8_need(const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){.workspace_bytes = workspace_bytes(params)};
    return true;
}

const mn_kernel_traits mn_fully_connected_q8_avx2_traits = {.need = fully_connected_q8_need};

void mn_fully_connected_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, true); }
void mn_fully_connected_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, false); }

#endif
