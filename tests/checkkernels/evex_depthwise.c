/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The depthwise kernels for AVX-VNNI once more, from the same source, with their one new instruction in the encoding of
 * AVX-512, so that processors that know only that one can check them. What the source defines gets names of its own. */
#include "checkkernels/check.h"

#define MN_AVX_VNNI_AS_EVEX
#define mn_depthwise_i8_avxvnni check_depthwise_i8_evex
#define mn_depthwise_u8_avxvnni check_depthwise_u8_evex
#define mn_depthwise_i8_avxvnni_traits check_depthwise_i8_evex_traits
#define mn_depthwise_u8_avxvnni_traits check_depthwise_u8_evex_traits
#include "kernels/x86/depthwise_q8_avxvnni.c"

#ifdef MN_CPU_AVX_VNNI_COMPILES
static const mn_kernel kernels[] = {
    {"check_depthwise_i8_evex", MN_K_DEPTHWISE, MN_INT8, MN_INT8, MN_TIER_AVXVNNI, MN_CPU_AVX512_VNNI,
     check_depthwise_i8_evex, &check_depthwise_i8_evex_traits},
    {"check_depthwise_u8_evex", MN_K_DEPTHWISE, MN_UINT8, MN_UINT8, MN_TIER_AVXVNNI, MN_CPU_AVX512_VNNI,
     check_depthwise_u8_evex, &check_depthwise_u8_evex_traits},
};

const mn_kernel *check_evex_depthwise(int32_t i) { return i < 2 ? &kernels[i] : NULL; }
#else
const mn_kernel *check_evex_depthwise(int32_t i) {
    (void)i;
    return NULL;
}
#endif
