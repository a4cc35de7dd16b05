/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* NEON for the kernels of 64-bit Arm and, where they need none of its own instructions, of 32-bit Arm: a file that
 * includes this may use NEON even if the rest of the library is for processors without. */
#ifndef MN_KERNELS_ARM_NEON_H
#define MN_KERNELS_ARM_NEON_H

#if defined(__arm__) && !defined(__ARM_NEON)
#pragma GCC target("fpu=neon")
#endif

#include <arm_neon.h>

#ifndef __aarch64__

/* What 64-bit Arm has one instruction for. */
#define NEON_PAIR __attribute__((always_inline)) static inline

NEON_PAIR int8x16_t vqmovn_high_s16(int8x8_t low, int16x8_t high) { return vcombine_s8(low, vqmovn_s16(high)); }
NEON_PAIR uint8x16_t vqmovun_high_s16(uint8x8_t low, int16x8_t high) { return vcombine_u8(low, vqmovun_s16(high)); }
NEON_PAIR int16x8_t vqmovn_high_s32(int16x4_t low, int32x4_t high) { return vcombine_s16(low, vqmovn_s32(high)); }
NEON_PAIR int16x8_t vmull_high_s8(int8x16_t a, int8x16_t b) { return vmull_s8(vget_high_s8(a), vget_high_s8(b)); }
NEON_PAIR int32x4_t vmull_high_s16(int16x8_t a, int16x8_t b) { return vmull_s16(vget_high_s16(a), vget_high_s16(b)); }
NEON_PAIR int16x8_t vsubl_high_s8(int8x16_t a, int8x16_t b) { return vsubl_s8(vget_high_s8(a), vget_high_s8(b)); }
NEON_PAIR int16x8_t vmlal_high_s8(int16x8_t acc, int8x16_t a, int8x16_t b) {
    return vmlal_s8(acc, vget_high_s8(a), vget_high_s8(b));
}
NEON_PAIR int32x4_t vmlal_high_s16(int32x4_t acc, int16x8_t a, int16x8_t b) {
    return vmlal_s16(acc, vget_high_s16(a), vget_high_s16(b));
}
NEON_PAIR int32x4_t vaddw_high_s16(int32x4_t acc, int16x8_t a) { return vaddw_s16(acc, vget_high_s16(a)); }
NEON_PAIR int16x8_t vuzp1q_s16(int16x8_t a, int16x8_t b) { return vuzpq_s16(a, b).val[0]; }
NEON_PAIR int16x8_t vpaddq_s16(int16x8_t a, int16x8_t b) {
    return vcombine_s16(vpadd_s16(vget_low_s16(a), vget_high_s16(a)), vpadd_s16(vget_low_s16(b), vget_high_s16(b)));
}
NEON_PAIR int32x4_t vpaddq_s32(int32x4_t a, int32x4_t b) {
    return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)), vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
}
NEON_PAIR int32_t vaddvq_s32(int32x4_t a) {
    const int32x2_t pairs = vadd_s32(vget_low_s32(a), vget_high_s32(a));
    return vget_lane_s32(vpadd_s32(pairs, pairs), 0);
}

#endif
#endif
