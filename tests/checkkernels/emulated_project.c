/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The projection for AVX-VNNI once more, from the same source, with instructions of AVX2 that add up to its dot
 * product, so that most processors can check it. What the source defines gets names of its own. */
#include "checkkernels/check.h"

#define MN_AVX_VNNI_AS_AVX2
#define mn_project_i8_avxvnni check_project_i8_emulated
#define mn_project_i8_avxvnni_traits check_project_i8_emulated_traits
#define mn_project_u8_avxvnni check_project_u8_emulated
#define mn_project_u8_avxvnni_traits check_project_u8_emulated_traits
#include "kernels/x86/project_q8_avxvnni.c"

#ifdef MN_CPU_AVX_VNNI_COMPILES
static const mn_kernel kernels[] = {
    {"check_project_i8_emulated", MN_K_PROJECT, MN_INT8, MN_INT8, MN_TIER_AVXVNNI, MN_CPU_AVX2,
     check_project_i8_emulated, &check_project_i8_emulated_traits},
    {"check_project_u8_emulated", MN_K_PROJECT, MN_UINT8, MN_UINT8, MN_TIER_AVXVNNI, MN_CPU_AVX2,
     check_project_u8_emulated, &check_project_u8_emulated_traits},
};

const mn_kernel *check_emulated_project(int32_t i) { return i < 2 ? &kernels[i] : NULL; }
#else
const mn_kernel *check_emulated_project(int32_t i) {
    (void)i;
    return NULL;
}
#endif
