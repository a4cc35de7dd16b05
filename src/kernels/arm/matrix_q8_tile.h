/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rows of 8-bit weights, as they are in the file, against a row of inputs, for any tier: weights that are read once are
 * not worth packing. Included behind matrix_neon.h or
 * matrix_dotprod.h, which define Q8_TARGET and add_16(), 16 products in four lanes. */
#include <string.h>

#include "kernels/arm/flat_q8.h"

/* Outputs computed together. */
enum { CHANNELS = 4 };

typedef struct matrix {
    const uint8_t *weights;
    const int8_t *in; /* signed; zeros fill the last vector up */
    int32_t depth;
    uint8_t flip; /* stored weight ^ flip is the signed one */
} matrix;

/* Flips the inputs of a row; returns their sum. */
Q8_TARGET static int32_t sign_inputs(const uint8_t *in, int32_t count, uint8_t flip, int8_t *out) {
    int32x4_t sum = vdupq_n_s32(0);
    for (int32_t i = 0; i < count; i += MN_ARM_LANES) {
        const int32_t left = count - i;
        int8x16_t x = mn_arm_signed(mn_arm_load(in + i, left), flip);
        vst1q_s8(out + i, x);
        if (left < MN_ARM_LANES) {
            memset(out + count, 0, (size_t)(MN_ARM_LANES - left));
            x = vld1q_s8(out + i);
        }
        sum = vpadalq_s16(sum, vpaddlq_s8(x));
    }
    return vaddvq_s32(sum);
}

/* The sums of two rows, in two lanes each: as many rows as the prefetcher of a Cortex-A53 follows. */
Q8_TARGET Q8_INLINE int32x4_t sum_two(const matrix *m, const uint8_t *const rows[2]) {
    int32x4_t acc[2] = {vdupq_n_s32(0), vdupq_n_s32(0)};
    int32_t k = 0;
    for (; k + MN_ARM_LANES <= m->depth; k += MN_ARM_LANES) {
        const int8x16_t x = vld1q_s8(m->in + k);
        Q8_UNROLL for (int i = 0; i < 2; i++) acc[i] = add_16(acc[i], mn_arm_signed(vld1q_u8(rows[i] + k), m->flip), x);
    }
    if (k < m->depth) {
        const int8x16_t x = vld1q_s8(m->in + k);
        Q8_UNROLL for (int i = 0; i < 2; i++) {
            acc[i] = add_16(acc[i], mn_arm_signed(mn_arm_load(rows[i] + k, m->depth - k), m->flip), x);
        }
    }
    return vpaddq_s32(acc[0], acc[1]);
}

/* The sums of `count` channels from `channel` on; behind them the last one's. */
Q8_TARGET Q8_INLINE int32x4_t sum_channels(const matrix *m, int32_t channel, int32_t count) {
    const uint8_t *rows[CHANNELS];
    Q8_UNROLL for (int i = 0; i < CHANNELS; i++) {
        rows[i] = m->weights + (ptrdiff_t)(channel + mn_min_i32(i, count - 1)) * m->depth;
    }
    return vpaddq_s32(sum_two(m, rows), sum_two(m, rows + 2));
}
