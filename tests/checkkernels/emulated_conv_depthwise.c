/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The fused convolution and depthwise convolution for AVX-VNNI once more, from the same source, with instructions of
 * AVX2 that add up to its dot product, so that most processors can check it. What the source defines gets names of its
 * own. */
#include "checkkernels/check.h"

#define MN_AVX_VNNI_AS_AVX2
#define mn_conv_depthwise_i8_avxvnni check_conv_depthwise_i8_emulated
#define mn_conv_depthwise_u8_i8_avxvnni check_conv_depthwise_u8_i8_emulated
#define mn_conv_depthwise_u8_avxvnni check_conv_depthwise_u8_emulated
#include "kernels/x86/conv_depthwise_q8_avxvnni.c"

#ifdef MN_CPU_AVX_VNNI_COMPILES
static const mn_kernel kernels[] = {
    {"check_conv_depthwise_i8_emulated", MN_K_CONV_DEPTHWISE, MN_INT8, MN_INT8, MN_TIER_AVXVNNI, MN_CPU_AVX2,
     check_conv_depthwise_i8_emulated, &mn_conv_depthwise_i8_avxvnni_traits},
    {"check_conv_depthwise_u8_i8_emulated", MN_K_CONV_DEPTHWISE, MN_UINT8, MN_INT8, MN_TIER_AVXVNNI, MN_CPU_AVX2,
     check_conv_depthwise_u8_i8_emulated, &mn_conv_depthwise_i8_avxvnni_traits},
    {"check_conv_depthwise_u8_emulated", MN_K_CONV_DEPTHWISE, MN_UINT8, MN_UINT8, MN_TIER_AVXVNNI, MN_CPU_AVX2,
     check_conv_depthwise_u8_emulated, &mn_conv_depthwise_u8_avxvnni_traits},
};

const mn_kernel *check_emulated_conv_depthwise(int32_t i) { return i < 3 ? &kernels[i] : NULL; }
#else
const mn_kernel *check_emulated_conv_depthwise(int32_t i) {
    (void)i;
    return NULL;
}
#endif
