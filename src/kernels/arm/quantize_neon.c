/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* QUANTIZE from float32, per tensor, for NEON, which rounds halves away from zero by itself. */
#include "kernels/kernels.h"

#if defined(__aarch64__) && defined(MN_CPU_NEON_COMPILES)

#include "kernels/arm/flat_q8.h"
#include "kernels/portable/convert.h"

typedef struct job {
    float32x4_t scale, low, high; /* of the quotient: the range less the zero point, so that what is rounded fits */
    int32x4_t zero;
} job;

/* As signed 16-bit numbers of which the low bytes are stored. NaN gives the lowest. */
Q8_INLINE int16x4_t quantize_4(const job *j, const float *in) {
    const float32x4_t units = vmaxnmq_f32(vdivq_f32(vld1q_f32(in), j->scale), j->low);
    return vmovn_s32(vaddq_s32(vcvtaq_s32_f32(vminq_f32(units, j->high)), j->zero));
}

Q8_INLINE uint8x16_t quantize_16(const job *j, const float *in) {
    const int16x8_t first = vcombine_s16(quantize_4(j, in), quantize_4(j, in + 4));
    const int16x8_t second = vcombine_s16(quantize_4(j, in + 8), quantize_4(j, in + 12));
    return vreinterpretq_u8_s8(vcombine_s8(vmovn_s16(first), vmovn_s16(second)));
}

static void run(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_convert_params *p = task->params;
    const mn_range_i32 range = mn_sign_range(sign);
    const job j = {.scale = vdupq_n_f32(p->scale[0]),
                   .low = vdupq_n_f32((float)(range.min - p->zero[0])),
                   .high = vdupq_n_f32((float)(range.max - p->zero[0])),
                   .zero = vdupq_n_s32(p->zero[0])};
    const float *in = task->inputs[0];
    uint8_t *out = task->output;
    int32_t i = begin;
    for (; i + MN_ARM_LANES <= end; i += MN_ARM_LANES) vst1q_u8(out + i, quantize_16(&j, in + i));
    if (i == end) return;
    float part[MN_ARM_LANES] = {0};
    memcpy(part, in + i, (size_t)(end - i) * sizeof *in);
    mn_arm_store(out + i, quantize_16(&j, part), end - i);
}

void mn_quantize_f32_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_I8); }
void mn_quantize_f32_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_SIGN_U8); }

#endif
