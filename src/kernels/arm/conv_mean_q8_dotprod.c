/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution and what averages its images: products of Armv8.2 with dot products. */
#include "kernels/kernels.h"

#ifdef MN_CPU_DOTPROD_COMPILES

#include "kernels/arm/products_dotprod.h"

#include "kernels/arm/conv_mean_q8_tile.h"

static bool conv_mean_i8_need(const void *params, mn_kernel_need *need) {
    return conv_mean_need(params, MN_INT8, need);
}

static void conv_mean_i8_pack(const void *params, const void *const *constants, void *packed) {
    conv_mean_pack(params, MN_INT8, constants, packed);
}

const mn_kernel_traits mn_conv_mean_i8_dotprod_traits = {
    .need = conv_mean_i8_need, .pack = conv_mean_i8_pack, .cut = mn_cut_conv_mean};

static bool conv_mean_u8_need(const void *params, mn_kernel_need *need) {
    return conv_mean_need(params, MN_UINT8, need);
}

static void conv_mean_u8_pack(const void *params, const void *const *constants, void *packed) {
    conv_mean_pack(params, MN_UINT8, constants, packed);
}

const mn_kernel_traits mn_conv_mean_u8_dotprod_traits = {
    .need = conv_mean_u8_need, .pack = conv_mean_u8_pack, .cut = mn_cut_conv_mean};

void mn_conv_mean_i8_dotprod(const mn_task *task, int32_t begin, int32_t end) {
    conv_mean_run(task, begin, end, MN_INT8);
}
void mn_conv_mean_u8_dotprod(const mn_task *task, int32_t begin, int32_t end) {
    conv_mean_run(task, begin, end, MN_UINT8);
}

#endif
