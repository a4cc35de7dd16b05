/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 depthwise 3x3 convolution: dot products. */
#include "kernels/kernels.h"

#ifdef MN_CPU_DOTPROD_COMPILES

#define run_lines mn_arm_lines_dotprod
#include "kernels/arm/depthwise_q8_tile.h"

static void depthwise_i8_pack(const void *params, const void *const *constants, void *packed) {
    mn_arm_taps_pack(params, MN_INT8, constants[1], constants[2], packed);
}

const mn_kernel_traits mn_depthwise_i8_dotprod_traits = {.need = depthwise_need, .pack = depthwise_i8_pack};

static void depthwise_u8_pack(const void *params, const void *const *constants, void *packed) {
    mn_arm_taps_pack(params, MN_UINT8, constants[1], constants[2], packed);
}

const mn_kernel_traits mn_depthwise_u8_dotprod_traits = {.need = depthwise_need, .pack = depthwise_u8_pack};

void mn_depthwise_i8_dotprod(const mn_task *task, int32_t begin, int32_t end) { depthwise(task, MN_INT8, begin, end); }
void mn_depthwise_u8_dotprod(const mn_task *task, int32_t begin, int32_t end) { depthwise(task, MN_UINT8, begin, end); }

#endif
