/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* HARD_SWISH of floats for NEON, whose minimum and maximum clamp in two instructions; other functions as
 * portable/unary.h has them. */
#include "kernels/kernels.h"

#if defined(__aarch64__) && defined(MN_CPU_NEON_COMPILES)

#include "kernels/arm/f32_neon.h"
#include "kernels/portable/unary.h"

__attribute__((always_inline)) static inline vec hard_swish_4(vec x) {
    const vec six = v_set(6), factor = v_min(v_max(v_add(x, v_set(3)), v_zero()), six);
    return vdivq_f32(vmulq_f32(x, factor), six);
}

static void hard_swish(const float *in, float *out, int32_t count) {
    int32_t i = 0;
    for (; i + LANES <= count; i += LANES) v_store(out + i, hard_swish_4(v_load(in + i)));
    if (i < count) v_store_part(out + i, count - i, hard_swish_4(v_load_part(in + i, count - i)));
}

void mn_unary_f32_neon(const mn_task *task, int32_t begin, int32_t end) {
    if (((const mn_unary_params *)task->params)->function == MN_UNARY_HARD_SWISH) {
        hard_swish((const float *)task->inputs[0] + begin, (float *)task->output + begin, end - begin);
    } else {
        mn_unary_near(task, begin, end);
    }
}

#endif
