/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The conv kernels for AVX-VNNI once more, from the same source, with their one new instruction in the encoding of
 * AVX-512, so that processors that know only that one can check them. What the source defines gets names of its own. */
#include "checkkernels/check.h"

#define MN_AVX_VNNI_AS_EVEX
#define mn_conv_i8_avxvnni check_conv_i8_evex
#define mn_conv_u8_avxvnni check_conv_u8_evex
#define mn_conv_i8_avxvnni_traits check_conv_i8_evex_traits
#define mn_conv_u8_avxvnni_traits check_conv_u8_evex_traits
#include "kernels/x86/conv_q8_avxvnni.c"

#ifdef MN_CPU_AVX_VNNI_COMPILES
static const mn_kernel kernels[] = {
    {"check_conv_i8_evex", MN_K_CONV, MN_INT8, MN_INT8, MN_TIER_AVXVNNI, MN_CPU_AVX512_VNNI, check_conv_i8_evex,
     &check_conv_i8_evex_traits},
    {"check_conv_u8_evex", MN_K_CONV, MN_UINT8, MN_UINT8, MN_TIER_AVXVNNI, MN_CPU_AVX512_VNNI, check_conv_u8_evex,
     &check_conv_u8_evex_traits},
};

const mn_kernel *check_evex_conv(int32_t i) { return i < 2 ? &kernels[i] : NULL; }
#else
const mn_kernel *check_evex_conv(int32_t i) {
    (void)i;
    return NULL;
}
#endif
