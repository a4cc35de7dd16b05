/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float vectors of NEON, under the names that the headers of kernels/tile use. */
#ifndef MN_KERNELS_ARM_F32_NEON_H
#define MN_KERNELS_ARM_F32_NEON_H

#include "kernels/arm/neon.h"
#include <stdint.h>
#include <string.h>

#define TARGET

/* 32 registers: tiles of up to four vectors; of 16, up to two. Inputs take one for each row. */
#ifdef __aarch64__
#define MOST_COLUMNS 4
#define MOST_ROWS 8
#else
#define MOST_COLUMNS 2
#define MOST_ROWS 4
#endif

typedef float32x4_t vec;
enum { LANES = 4 };

#define v_zero() vdupq_n_f32(0)
#define v_set(x) vdupq_n_f32(x)
#define v_load(p) vld1q_f32(p)
#define v_store(p, v) vst1q_f32(p, v)
#ifdef __aarch64__
#define v_fma(a, b, c) vfmaq_f32(c, a, b)
#else
#define v_fma(a, b, c) vmlaq_f32(c, a, b) /* rounds twice: not all of these processors fuse */
#endif
#define v_add(a, b) vaddq_f32(a, b)
/* NaN stays, from either side. */
#define v_min(a, b) vminq_f32(a, b)
#define v_max(a, b) vmaxq_f32(a, b)

/* Products by one lane of a vector take one load for four inputs. */
#define V_FMA_LANE
__attribute__((always_inline)) static inline vec v_fma_lane(vec acc, vec w, vec x, int lane) {
#ifdef __aarch64__
    switch (lane) {
    case 0: return vfmaq_laneq_f32(acc, w, x, 0);
    case 1: return vfmaq_laneq_f32(acc, w, x, 1);
    case 2: return vfmaq_laneq_f32(acc, w, x, 2);
    default: return vfmaq_laneq_f32(acc, w, x, 3);
    }
#else
    switch (lane) {
    case 0: return vmlaq_lane_f32(acc, w, vget_low_f32(x), 0);
    case 1: return vmlaq_lane_f32(acc, w, vget_low_f32(x), 1);
    case 2: return vmlaq_lane_f32(acc, w, vget_high_f32(x), 0);
    default: return vmlaq_lane_f32(acc, w, vget_high_f32(x), 1);
    }
#endif
}

/* The first n lanes, n in [0, LANES]. */
__attribute__((always_inline)) static inline vec v_load_part(const float *p, int32_t n) {
    float part[LANES] = {0};
    if (n == LANES) return v_load(p);
    for (int32_t i = 0; i < n; i++) part[i] = p[i];
    return v_load(part);
}

__attribute__((always_inline)) static inline void v_store_part(float *p, int32_t n, vec v) {
    float part[LANES];
    if (n == LANES) {
        v_store(p, v);
        return;
    }
    v_store(part, v);
    for (int32_t i = 0; i < n; i++) p[i] = part[i];
}

/* The first n lanes of v, and zeros. */
__attribute__((always_inline)) static inline vec v_keep(vec v, int32_t n) {
    float part[LANES];
    v_store(part, v);
    return v_load_part(part, n);
}

#include "kernels/tile/whole_vectors.h"

#endif
