/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <math.h>

void mn_l2_normalization_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const float shortest = 1e-6f; /* so that a row of zeros stays one */
    const mn_l2_normalization_params *p = task->params;
    for (int32_t row = begin; row < end; row++) {
        const float *in = (const float *)task->inputs[0] + (size_t)row * (size_t)p->depth;
        float *out = (float *)task->output + (size_t)row * (size_t)p->depth;
        float sum = 0;
        for (int32_t c = 0; c < p->depth; c++) sum += in[c] * in[c];
        const float length = sqrtf(sum), divisor = length < shortest ? shortest : length;
        for (int32_t c = 0; c < p->depth; c++) out[c] = in[c] / divisor;
    }
}

/* ---- 8 bits ------------------------------------------------------------------------------------------- */

/* Newton-Raphson, five steps from 1, of x scaled to [2^27, 2^29). */
int32_t mn_inverse_root(int32_t x, int32_t *shift) {
    const int32_t one_q3 = 1 << 28, half_root_of_2 = 1518500250;
    int32_t pairs = 0; /* of bits that x is short of that */
    *shift = 0;
    if (x <= 1) return INT32_MAX;
    while (x >= 1 << 29) x /= 4, pairs--;
    while (x < 1 << 27) x *= 4, pairs++;
    const int32_t half = mn_round_shift(x >> 1, 1);
    int32_t root = one_q3;
    for (int i = 0; i < 5; i++) {
        const int32_t cube = mn_saturating_shift(mn_high_mul(mn_high_mul(root, root), root), 6);
        root = mn_saturating_shift(mn_high_mul(one_q3 + one_q3 / 2, root) - mn_high_mul(half, cube), 3);
    }
    *shift = pairs - 11;
    root = mn_high_mul(root, half_root_of_2);
    if (*shift <= 0) return root;
    root = (int32_t)((uint32_t)root << *shift);
    *shift = 0;
    return root;
}

/* Of a value of a row whose length's inverse is `root`, in units of 1/128: the reference rounds int8 and uint8 at
 * different places. */
static uint8_t unit_8bit_of(int32_t value, int32_t root, int32_t shift, int32_t sign) {
    enum { UNITS = 7 };
    const mn_range_i32 range = mn_sign_range(sign);
    if (sign == MN_SIGN_I8) return (uint8_t)mn_store_i32(value, root, shift + UNITS, 0, range);
    return (uint8_t)mn_store_i32(value * (1 << UNITS), root, shift, 1 << UNITS, range);
}

static void l2_normalization_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_l2_normalization_params *p = task->params;
    for (int32_t row = begin; row < end; row++) {
        const uint8_t *in = (const uint8_t *)task->inputs[0] + (size_t)row * (size_t)p->depth;
        uint8_t *out = (uint8_t *)task->output + (size_t)row * (size_t)p->depth;
        int32_t sum = 0, shift;
        for (int32_t c = 0; c < p->depth; c++) {
            const int32_t x = mn_stored(in[c], sign) - p->in_zero;
            sum = mn_wrap_add(sum, x * x);
        }
        const int32_t root = mn_inverse_root(sum, &shift);
        for (int32_t c = 0; c < p->depth; c++) {
            out[c] = unit_8bit_of(mn_stored(in[c], sign) - p->in_zero, root, shift, sign);
        }
    }
}

void mn_l2_normalization_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    l2_normalization_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_l2_normalization_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    l2_normalization_8bit(task, begin, end, MN_SIGN_U8);
}
