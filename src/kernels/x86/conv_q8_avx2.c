/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/q8_avx2.h"

#include "kernels/x86/conv_q8_tile.h"

bool mn_conv_q8_avx2_need(const void *params, mn_kernel_need *need) { return conv_need(params, need); }

void mn_conv_i8_avx2_pack(const void *params, const void *const *constants, void *packed) {
    conv_pack(params, constants, MN_INT8, packed);
}

void mn_conv_u8_avx2_pack(const void *params, const void *const *constants, void *packed) {
    conv_pack(params, constants, MN_UINT8, packed);
}

void mn_conv_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { conv_run(task, begin, end, MN_INT8); }
void mn_conv_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { conv_run(task, begin, end, MN_UINT8); }

#endif
