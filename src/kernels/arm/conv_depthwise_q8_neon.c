/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A convolution and the depthwise 3x3 convolution behind it, int8 and uint8: products of Armv8.0. */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/products_neon.h"

#define run_lines mn_arm_lines_neon
#include "kernels/arm/conv_depthwise_q8_tile.h"

static void conv_depthwise_i8_pack(const void *params, const void *const *constants, void *packed) {
    conv_depthwise_pack(params, MN_INT8, constants, packed);
}

const mn_kernel_traits mn_conv_depthwise_i8_neon_traits = {.need = conv_depthwise_need,
                                                           .pack = conv_depthwise_i8_pack,
                                                           .layouts = conv_depthwise_layouts,
                                                           .cut = conv_depthwise_cut};

static void conv_depthwise_u8_pack(const void *params, const void *const *constants, void *packed) {
    conv_depthwise_pack(params, MN_UINT8, constants, packed);
}

const mn_kernel_traits mn_conv_depthwise_u8_neon_traits = {.need = conv_depthwise_need,
                                                           .pack = conv_depthwise_u8_pack,
                                                           .layouts = conv_depthwise_layouts,
                                                           .cut = conv_depthwise_cut};

void mn_conv_depthwise_i8_neon(const mn_task *task, int32_t begin, int32_t end) {
    conv_depthwise_run(task, MN_INT8, MN_INT8, begin, end);
}

void mn_conv_depthwise_u8_i8_neon(const mn_task *task, int32_t begin, int32_t end) {
    conv_depthwise_run(task, MN_UINT8, MN_INT8, begin, end);
}

void mn_conv_depthwise_u8_neon(const mn_task *task, int32_t begin, int32_t end) {
    conv_depthwise_run(task, MN_UINT8, MN_UINT8, begin, end);
}

#endif
