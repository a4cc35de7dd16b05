/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The layout (kernels/layout.h) of the 8-bit tensor between a fused convolution and depthwise convolution, and the
 * projection behind it: blocks of 32 channels, in which pixels lie side by side, so that a depthwise kernel writes
 * whole cache lines of some channels and a projection reads them as they come. */
#ifndef MN_KERNELS_ARM_LAYOUTS_H
#define MN_KERNELS_ARM_LAYOUTS_H

#include "kernels/layout.h"

enum { MN_ARM_BLOCK = 32 };

static inline mn_layout mn_layout_arm_q8(void) {
    return (mn_layout){.block = MN_ARM_BLOCK, .lanes = MN_ARM_BLOCK, .rows = 1, .together = MN_ARM_BLOCK};
}

#endif
