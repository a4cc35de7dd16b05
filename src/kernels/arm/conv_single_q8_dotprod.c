/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution of a single pixel with dot products. */
#include "kernels/kernels.h"

#ifdef MN_CPU_DOTPROD_COMPILES

#include "kernels/arm/matrix_dotprod.h"

#include "kernels/arm/conv_single_q8_tile.h"

static void pack_i8(const void *params, const void *const *constants, void *packed) {
    conv_single_pack(params, MN_INT8, constants, packed);
}

const mn_kernel_traits mn_conv_single_i8_dotprod_traits = {
    .need = conv_single_need, .pack = pack_i8, .cut = mn_cut_conv_mean};

static void pack_u8(const void *params, const void *const *constants, void *packed) {
    conv_single_pack(params, MN_UINT8, constants, packed);
}

const mn_kernel_traits mn_conv_single_u8_dotprod_traits = {
    .need = conv_single_need, .pack = pack_u8, .cut = mn_cut_conv_mean};

void mn_conv_single_i8_dotprod(const mn_task *task, int32_t begin, int32_t end) {
    conv_single_run(task, begin, end, MN_INT8);
}

void mn_conv_single_u8_dotprod(const mn_task *task, int32_t begin, int32_t end) {
    conv_single_run(task, begin, end, MN_UINT8);
}

#endif
