/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 MEAN over neighbouring dimensions before the last, 16 channels at a time: sums of 16 bits for as many
 * rows as they hold, then of 32. */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/flat_q8.h"
#include "kernels/ref/ref.h"

/* Rows of bytes whose sums 16 bits hold. */
enum { ROWS = 255 };

/* The sums of 16 channels, or of the first `count`, over all `rows` rows. */
Q8_INLINE void add_rows(const uint8_t *row, ptrdiff_t stride, int32_t rows, int32_t count, uint8_t flip,
                        int32_t sums[MN_ARM_LANES]) {
    int32x4_t acc[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
    while (rows > 0) {
        const int32_t some = mn_min_i32(rows, ROWS);
        int16x8_t low = vdupq_n_s16(0), high = vdupq_n_s16(0);
        for (int32_t i = 0; i < some; i++, row += stride) {
            const int8x16_t x = mn_arm_signed(mn_arm_load(row, count), flip);
            low = vaddw_s8(low, vget_low_s8(x));
            high = vaddw_s8(high, vget_high_s8(x));
        }
        acc[0] = vaddw_s16(acc[0], vget_low_s16(low));
        acc[1] = vaddw_high_s16(acc[1], low);
        acc[2] = vaddw_s16(acc[2], vget_low_s16(high));
        acc[3] = vaddw_high_s16(acc[3], high);
        rows -= some;
    }
    for (int v = 0; v < 4; v++) vst1q_s32(sums + v * 4, acc[v]);
}

/* The input seen as [outer][count][channels]; the output is [outer][channels]. */
static void run(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_mean_params *p = task->params;
    const int32_t channels = p->dims[p->rank - 1];
    const uint8_t flip = sign == MN_SIGN_U8 ? 0x80 : 0;
    const int32_t zero = p->in_zero - (sign == MN_SIGN_U8 ? 128 : 0);
    const int32_t zeros = (int32_t)((uint32_t)zero * (uint32_t)p->count); /* modulo 2^32, as the reference's sum */
    for (int32_t unit = begin, count; unit < end; unit += count) {
        const int32_t channel = unit % channels;
        const uint8_t *in = (const uint8_t *)task->inputs[0] +
                            (size_t)(unit / channels) * (size_t)p->count * (size_t)channels + (size_t)channel;
        uint8_t *out = (uint8_t *)task->output + unit;
        int32_t sums[MN_ARM_LANES];
        count = mn_min_i32(mn_min_i32(MN_ARM_LANES, channels - channel), end - unit);
        if (count == MN_ARM_LANES) {
            add_rows(in, channels, p->count, MN_ARM_LANES, flip, sums);
        } else {
            add_rows(in, channels, p->count, count, flip, sums);
        }
        for (int32_t i = 0; i < count; i++) {
            const int32_t sum = mn_wrap_add(sums[i], (int32_t)(0u - (uint32_t)zeros));
            out[i] = (uint8_t)mn_store_i32(sum, p->multiplier, p->shift, p->out_zero, mn_sign_range(sign));
        }
    }
}

void mn_mean_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_I8); }
void mn_mean_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_U8); }

#endif
