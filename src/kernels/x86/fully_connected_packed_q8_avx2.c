/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 fully connected layers of constant weights for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/q8_avx2.h"

/* Twice 128 * -128 is still 16 bits. */
enum { DOT_MAX = 128 };

Q8_INLINE __m256i dot(__m256i acc, __m256i x, __m256i w) {
    return q8_dot(acc, _mm256_maddubs_epi16(x, w), _mm256_set1_epi16(1));
}

#include "kernels/x86/fully_connected_q8_bytes.h"

static void fully_connected_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, MN_INT8, constants, packed);
}

static void fully_connected_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, MN_UINT8, constants, packed);
}

const mn_kernel_traits mn_fully_connected_packed_i8_avx2_traits = {.need = fully_connected_need,
                                                                   .pack = fully_connected_i8_pack};
const mn_kernel_traits mn_fully_connected_packed_u8_avx2_traits = {.need = fully_connected_need,
                                                                   .pack = fully_connected_u8_pack};

void mn_fully_connected_packed_i8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_INT8);
}

void mn_fully_connected_packed_u8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8);
}

#endif
