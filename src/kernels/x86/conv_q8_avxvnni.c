/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution for AVX-VNNI. */
#include "kernels/kernels.h"

#ifdef MN_CPU_AVX_VNNI_COMPILES

#include "kernels/x86/q8_avxvnni.h"

enum { GROUP = 4 };

typedef uint8_t activation;

Q8_INLINE __m256i load_weights(const int8_t *from) { return q8_load(from); }

Q8_TARGET static const activation *prepare(const uint8_t *from, ptrdiff_t count, mn_type type, activation *to) {
    if (type == MN_UINT8) return from;
    ptrdiff_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m256i bytes = _mm256_xor_si256(q8_load(from + i), _mm256_set1_epi8((char)0x80));
        _mm256_storeu_si256((__m256i *)(void *)(to + i), bytes);
    }
    for (; i < count; i++) to[i] = from[i] ^ 0x80;
    return to;
}

#include "kernels/x86/conv_q8_tile.h"

static bool conv_q8_need(const void *params, mn_kernel_need *need) { return conv_need(params, need); }

static void conv_i8_pack(const void *params, const void *const *constants, void *packed) {
    conv_pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_conv_i8_avxvnni_traits = {.need = conv_q8_need, .pack = conv_i8_pack};

static void conv_u8_pack(const void *params, const void *const *constants, void *packed) {
    conv_pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_conv_u8_avxvnni_traits = {.need = conv_q8_need, .pack = conv_u8_pack};

void mn_conv_i8_avxvnni(const mn_task *task, int32_t begin, int32_t end) { conv_run(task, begin, end, MN_INT8); }
void mn_conv_u8_avxvnni(const mn_task *task, int32_t begin, int32_t end) { conv_run(task, begin, end, MN_UINT8); }

#endif
