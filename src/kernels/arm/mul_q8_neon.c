/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 MUL for NEON; either operand may repeat (portable/runs.h). */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/flat_q8.h"
#include "kernels/portable/runs.h"

static bool mul_q8_need(const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){0};
    return ((const mn_binary_params *)params)->out.shift < 0;
}

const mn_kernel_traits mn_mul_q8_neon_traits = {.need = mul_q8_need, .in_place = true};

typedef struct job {
    int8x8_t zero[2]; /* of the operands */
    int32x4_t multiplier, shift;
    mn_arm_finish finish;
    bool moves[2];
} job;

static job job_of(const mn_binary_params *p, mn_type type) {
    const int32_t centre = type == MN_UINT8 ? 128 : 0;
    const mn_arm_zeros zeros = {.flip = type == MN_UINT8 ? 0x80 : 0,
                                .out = p->out.zero - centre,
                                .range = {p->range.min - centre, p->range.max - centre}};
    return (job){.zero = {vdup_n_s8((int8_t)(p->in[0].zero - centre)), vdup_n_s8((int8_t)(p->in[1].zero - centre))},
                 .multiplier = vdupq_n_s32(p->out.multiplier),
                 .shift = vdupq_n_s32(p->out.shift),
                 .finish = mn_arm_finish_of(&zeros)};
}

/* 16 values of operand `i`, or one for all lanes, less the zero point. */
Q8_INLINE int16x8x2_t load_operand(const job *j, int i, const uint8_t *in, int32_t at, int32_t count) {
    const uint8x16_t stored = j->moves[i] ? mn_arm_load(in + at, count) : vdupq_n_u8(*in);
    const int8x16_t bytes = mn_arm_signed(stored, j->finish.flip);
    return (int16x8x2_t){{vsubl_s8(vget_low_s8(bytes), j->zero[i]), vsubl_s8(vget_high_s8(bytes), j->zero[i])}};
}

Q8_INLINE int16x8_t multiply(const job *j, int16x8_t x, int16x8_t y) {
    const int32x4_t low = vmull_s16(vget_low_s16(x), vget_low_s16(y)), high = vmull_high_s16(x, y);
    return mn_arm_to_16(mn_arm_rescale(low, j->multiplier, j->shift, true),
                        mn_arm_rescale(high, j->multiplier, j->shift, true), j->finish.zero);
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    job j = job_of(task->params, type);
    mn_runs runs;
    mn_run one;
    mn_runs_open(&runs, task->params, begin, end);
    j.moves[0] = runs.moves[0], j.moves[1] = runs.moves[1];
    while (mn_runs_next(&runs, &one)) {
        const uint8_t *a = (const uint8_t *)task->inputs[0] + one.in[0];
        const uint8_t *b = (const uint8_t *)task->inputs[1] + one.in[1];
        uint8_t *out = (uint8_t *)task->output + one.out;
        for (int32_t i = 0; i < one.count; i += MN_ARM_LANES) {
            const int32_t count = mn_min_i32(MN_ARM_LANES, one.count - i);
            const int16x8x2_t x = load_operand(&j, 0, a, i, count), y = load_operand(&j, 1, b, i, count);
            const int16x8_t low = multiply(&j, x.val[0], y.val[0]), high = multiply(&j, x.val[1], y.val[1]);
            const int8x16_t bytes = mn_arm_clamp(vqmovn_high_s16(vqmovn_s16(low), high), &j.finish);
            mn_arm_store(out + i, mn_arm_stored(bytes, j.finish.flip), count);
        }
    }
}

void mn_mul_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_mul_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
