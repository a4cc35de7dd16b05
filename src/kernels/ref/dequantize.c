/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <string.h>

static void dequantize_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_convert_params *p = task->params;
    const uint8_t *in = task->inputs[0];
    float *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        const int32_t channel = i / p->inner % p->channels;
        out[i] = p->scale[channel] * (float)(mn_stored(in[i], sign) - p->zero[channel]);
    }
}

/** IEEE 754 binary16 to binary32: exact; a NaN keeps its payload. */
static float from_half(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, magnitude = half & 0x7fff;
    if (magnitude < 0x0400) { /* zero and subnormals: units of 2^-24 */
        const float value = (float)magnitude * 0x1p-24f;
        return sign != 0 ? -value : value;
    }
    const uint32_t rebias = magnitude >= 0x7c00 ? 255 - 31 : 127 - 15;
    const uint32_t bits = sign | ((magnitude << 13) + (rebias << 23));
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void mn_dequantize_i8_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    dequantize_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_dequantize_u8_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    dequantize_8bit(task, begin, end, MN_SIGN_U8);
}

void mn_dequantize_f16_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const uint16_t *in = task->inputs[0];
    float *out = task->output;
    for (int32_t i = begin; i < end; i++) out[i] = from_half(in[i]);
}
