/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The layout (kernels/layout.h) of the 8-bit tensor between a fused convolution and depthwise convolution, and the
 * projection behind it: blocks of channels, in which pixels lie side by side, so that a depthwise kernel writes whole
 * cache lines of some channels and a projection reads them as they come: 32 channels, or eight where products take
 * those of two pixels at a time. */
#ifndef MN_KERNELS_ARM_LAYOUTS_H
#define MN_KERNELS_ARM_LAYOUTS_H

#include "kernels/layout.h"

static inline mn_layout mn_layout_arm_q8(int32_t block) {
    return (mn_layout){.block = block, .lanes = block, .rows = 1, .together = block};
}

#endif
