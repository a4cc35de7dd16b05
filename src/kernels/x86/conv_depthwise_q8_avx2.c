/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8 and uint8, for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/conv_depthwise_q8.h"
#include "kernels/x86/products_avx2.h"

/* The copy in 16 bits lies behind the ring. */
static activation *multiplied_of(const band *b) {
    return (activation *)(void *)(b->ring + mn_round_up(b->l.ring_bytes, 64));
}

Q8_TARGET static void prepare_copy(const band *b) {
    activation *to = multiplied_of(b);
    const size_t bytes = (size_t)(b->last_row - b->first_row) * b->l.conv_stride;
    for (size_t i = 0; i < bytes; i += 16) {
        _mm256_storeu_si256((__m256i *)(void *)(to + i), q8_widen(b->copy + i, MN_UINT8));
    }
}

#include "kernels/x86/conv_depthwise_q8_tile.h"

void mn_conv_depthwise_i8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_INT8, MN_INT8);
}

void mn_conv_depthwise_u8_i8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_INT8);
}

void mn_conv_depthwise_u8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    run(task, begin, end, MN_UINT8, MN_UINT8);
}

#endif
