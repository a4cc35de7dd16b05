/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* QUANTIZE compiled for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/portable/convert.h"

#define TARGET __attribute__((target("avx2")))

TARGET void mn_quantize_f32_i8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    mn_quantize_floats(task->params, (const float *)task->inputs[0] + begin, (uint8_t *)task->output + begin,
                       end - begin, MN_SIGN_I8);
}

TARGET void mn_quantize_f32_u8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    mn_quantize_floats(task->params, (const float *)task->inputs[0] + begin, (uint8_t *)task->output + begin,
                       end - begin, MN_SIGN_U8);
}

TARGET void mn_quantize_i8_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }
TARGET void mn_quantize_u8_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { mn_map_task(task, begin, end); }

#endif
