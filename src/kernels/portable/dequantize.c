/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* DEQUANTIZE, per tensor, and from float16, in loops that compilers vectorise. */
#include <string.h>

#include "kernels/ref/ref.h"

static bool dequantize_8bit_need(const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){0};
    return ((const mn_convert_params *)params)->channels == 1;
}

const mn_kernel_traits mn_dequantize_8bit_portable_traits = {.need = dequantize_8bit_need};

static void dequantize_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_convert_params *p = task->params;
    const uint8_t *restrict in = task->inputs[0];
    float *restrict out = task->output;
    const float scale = p->scale[0];
    const int32_t zero = p->zero[0];
    for (int32_t i = begin; i < end; i++) out[i] = scale * (float)(mn_stored(in[i], sign) - zero);
}

void mn_dequantize_i8_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    dequantize_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_dequantize_u8_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    dequantize_8bit(task, begin, end, MN_SIGN_U8);
}

/* The bits of a float of `magnitude` units of 2^-24. */
static inline uint32_t small_bits(int32_t magnitude) {
    const float value = (float)magnitude * 0x1p-24f;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The reference's steps; both sides are computed, and chosen by masks, as compilers would make branches of choices. */
void mn_dequantize_f16_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    const uint16_t *restrict in = task->inputs[0];
    uint32_t *restrict out = task->output;
    for (int32_t i = begin; i < end; i++) {
        const int32_t half = in[i], magnitude = half & 0x7fff;
        const uint32_t is_small = 0u - (magnitude < 0x0400), is_special = 0u - (magnitude >= 0x7c00);
        const uint32_t rebias = ((127u - 15u) << 23) + (is_special & ((128u - 16u) << 23));
        const uint32_t large = ((uint32_t)magnitude << 13) + rebias, small = small_bits(magnitude);
        out[i] = (small & is_small) | (large & ~is_small) | (uint32_t)(half & 0x8000) << 16;
    }
}
