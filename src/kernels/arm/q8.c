/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/arm/q8.h"

#ifdef MN_CPU_NEON_COMPILES

#include <stdlib.h>

/* A multiplier of 0 gives 0 with any shift. */
bool mn_arm_fits(const mn_conv_params *p) {
    for (int32_t i = 0; i < p->window.out_c; i++) {
        if (p->shift[i] >= 0 && p->multiplier[i] != 0) return false;
    }
    return true;
}

void mn_arm_channels_fill(const mn_conv_params *p, const mn_arm_zeros *zeros, int32_t first, const int32_t *bias,
                          int32_t depth, const int32_t *sums, mn_arm_channels *out) {
    for (int32_t i = 0; i < MN_ARM_LANES; i++) {
        const int32_t channel = mn_min_i32(first + i, p->window.out_c - 1);
        const int64_t folded = ((int64_t)depth * zeros->weight - sums[i]) * zeros->in;
        out->folded_bias[i] = mn_wrap_add(bias ? bias[channel] : 0, (int32_t)(uint32_t)(uint64_t)folded);
        out->multiplier[i] = p->multiplier[channel];
        out->shift[i] = mn_min_i32(p->shift[channel], -1);
    }
    out->fits_16 = false;
}

/* Room for the zero point, and for both roundings. */
enum { MOST_16 = INT16_MAX - 256 };

void mn_arm_channels_bound(mn_arm_channels *channels, const mn_arm_zeros *zeros, const int32_t *sizes) {
    channels->fits_16 = zeros->weight == 0;
    for (int32_t i = 0; i < MN_ARM_LANES; i++) {
        const int64_t most = llabs((int64_t)channels->folded_bias[i]) + (int64_t)sizes[i] * 128;
        const int64_t acc = most < INT32_MAX ? most : INT32_MAX;
        if (acc * channels->multiplier[i] >> 31 >> -channels->shift[i] > MOST_16) channels->fits_16 = false;
    }
}

#endif
