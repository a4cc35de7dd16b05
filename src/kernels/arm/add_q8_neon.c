/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 ADD and SUB of equal shapes for NEON. */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/add_q8.h"
#include "kernels/arm/flat_q8.h"

static bool add_q8_need(const void *params, mn_kernel_need *need) {
    *need = (mn_kernel_need){0};
    return mn_arm_add_fits(params);
}

const mn_kernel_traits mn_add_q8_neon_traits = {.need = add_q8_need, .in_place = true};

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_arm_add add = mn_arm_add_of(task->params, type);
    const uint8_t flip = add.finish.flip, *in0 = task->inputs[0], *in1 = task->inputs[1];
    uint8_t *out = task->output;
    int32_t i = begin;
    for (; i + MN_ARM_LANES <= end; i += MN_ARM_LANES) {
        const int8x16_t x = mn_arm_signed(vld1q_u8(in0 + i), flip), y = mn_arm_signed(vld1q_u8(in1 + i), flip);
        vst1q_u8(out + i, mn_arm_stored(mn_arm_add_bytes(&add, MN_ARM_ADD_ANY, x, y), flip));
    }
    if (i == end) return;
    const int8x16_t x = mn_arm_signed(mn_arm_load(in0 + i, end - i), flip);
    const int8x16_t y = mn_arm_signed(mn_arm_load(in1 + i, end - i), flip);
    mn_arm_store(out + i, mn_arm_stored(mn_arm_add_bytes(&add, MN_ARM_ADD_ANY, x, y), flip), end - i);
}

void mn_add_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_add_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
