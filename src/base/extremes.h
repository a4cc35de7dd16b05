/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The larger and the smaller of two floats, for collecting extremes: `most = mn_max_f32(most, x[i])`. They take the
 * number where the other one is NaN, as fmaxf() does. fmaxf() itself is not used for that: gcc 12 for 64-bit Arm ends
 * with an internal error where -O3 makes vectors of such a loop ("in vect_transform_reduction"), and elsewhere it is a
 * call. */
#ifndef MN_BASE_EXTREMES_H
#define MN_BASE_EXTREMES_H

static inline double mn_max_f64(double a, double b) { return a >= b || b != b ? a : b; }
static inline double mn_min_f64(double a, double b) { return a <= b || b != b ? a : b; }
static inline float mn_max_f32(float a, float b) { return a >= b || b != b ? a : b; }
static inline float mn_min_f32(float a, float b) { return a <= b || b != b ? a : b; }

#endif
