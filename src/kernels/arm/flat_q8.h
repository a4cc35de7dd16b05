/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Loops over the bytes of 8-bit operators of each element, 16 at a time. */
#ifndef MN_KERNELS_ARM_FLAT_Q8_H
#define MN_KERNELS_ARM_FLAT_Q8_H

#include <string.h>

#include "kernels/arm/q8.h"

#ifdef MN_CPU_NEON_COMPILES

/** The first `count` of 16 bytes, and zeros. */
Q8_INLINE uint8x16_t mn_arm_load(const uint8_t *from, int32_t count) {
    uint8_t part[MN_ARM_LANES] = {0};
    if (count >= MN_ARM_LANES) return vld1q_u8(from);
    memcpy(part, from, (size_t)count);
    return vld1q_u8(part);
}

/** 16 stored bytes as signed ones, and back. */
Q8_INLINE int8x16_t mn_arm_signed(uint8x16_t stored, uint8_t flip) {
    return vreinterpretq_s8_u8(veorq_u8(stored, vdupq_n_u8(flip)));
}

Q8_INLINE uint8x16_t mn_arm_stored(int8x16_t bytes, uint8_t flip) {
    return veorq_u8(vreinterpretq_u8_s8(bytes), vdupq_n_u8(flip));
}

#endif
#endif
