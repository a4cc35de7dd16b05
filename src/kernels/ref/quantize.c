/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

static void quantize_float(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_convert_params *p = task->params;
    const float *in = task->inputs[0];
    uint8_t *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        const int32_t channel = i / p->inner % p->channels;
        const float units = in[i] / p->scale[channel];
        out[i] = (uint8_t)mn_store_real((double)units, p->zero[channel], mn_sign_range(sign));
    }
}

static void requantize(const mn_task *task, int32_t begin, int32_t end, int32_t in_sign, int32_t out_sign) {
    const mn_convert_params *p = task->params;
    const uint8_t *in = task->inputs[0];
    uint8_t *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        out[i] = (uint8_t)mn_store_i32(mn_stored(in[i], in_sign) - p->in_zero, p->multiplier, p->shift, p->out_zero,
                                       mn_sign_range(out_sign));
    }
}

void mn_quantize_f32_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    quantize_float(task, begin, end, MN_SIGN_I8);
}

void mn_quantize_f32_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    quantize_float(task, begin, end, MN_SIGN_U8);
}

void mn_quantize_i8_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    requantize(task, begin, end, MN_SIGN_I8, MN_SIGN_I8);
}

void mn_quantize_i8_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    requantize(task, begin, end, MN_SIGN_I8, MN_SIGN_U8);
}

void mn_quantize_u8_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    requantize(task, begin, end, MN_SIGN_U8, MN_SIGN_I8);
}

void mn_quantize_u8_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    requantize(task, begin, end, MN_SIGN_U8, MN_SIGN_U8);
}
