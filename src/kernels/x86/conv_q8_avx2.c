/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution for AVX2. VPMADDUBSW, for bytes, would add pairs of products with saturation, and
 * 2 * 255 * 127 exceeds 16 bits; VPMADDWD, on bytes widened to 16 bits, is exact. See
 * docs/performance-log.md. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/q8_avx2.h"

enum { GROUP = 2 };

typedef int16_t activation;

Q8_INLINE __m256i load_weights(const int8_t *from) { return q8_widen(from, MN_INT8); }

Q8_TARGET static const activation *prepare(const uint8_t *from, ptrdiff_t count, mn_type type, activation *to) {
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) _mm256_storeu_si256((__m256i *)(void *)(to + i), q8_widen(from + i, type));
    for (; i < count; i++) to[i] = type == MN_INT8 ? (int8_t)from[i] : from[i];
    return to;
}

#include "kernels/x86/conv_q8_tile.h"

static bool conv_q8_need(const void *params, mn_kernel_need *need) { return conv_need(params, need); }

static void conv_i8_pack(const void *params, const void *const *constants, void *packed) {
    conv_pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_conv_i8_avx2_traits = {.need = conv_q8_need, .pack = conv_i8_pack};

static void conv_u8_pack(const void *params, const void *const *constants, void *packed) {
    conv_pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_conv_u8_avx2_traits = {.need = conv_q8_need, .pack = conv_u8_pack};

void mn_conv_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { conv_run(task, begin, end, MN_INT8); }
void mn_conv_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { conv_run(task, begin, end, MN_UINT8); }

#endif
