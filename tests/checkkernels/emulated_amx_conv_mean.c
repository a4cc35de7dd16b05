/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The convolution with the mean behind it for AMX once more, from the same source, with tiles in plain C. */
#include "checkkernels/check.h"

#include "checkkernels/emulated_tiles.h"

#define mn_conv_mean_i8_amx check_conv_mean_i8_emulated_amx
#include "kernels/x86/conv_mean_q8_amx.c"

#ifdef MN_CPU_AMX_COMPILES
static const mn_kernel kernels[] = {
    {"check_conv_mean_i8_emulated_amx", MN_K_CONV_MEAN, MN_INT8, MN_INT8, MN_TIER_AMX, MN_CPU_AVX512_VNNI,
     check_conv_mean_i8_emulated_amx, &mn_conv_mean_i8_amx_traits},
};

const mn_kernel *check_emulated_amx_conv_mean(int32_t i) { return i < 1 ? &kernels[i] : NULL; }
#else
const mn_kernel *check_emulated_amx_conv_mean(int32_t i) {
    (void)i;
    return NULL;
}
#endif
