/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Arithmetic that says when it overflows, and other integer helpers without side effects. */
#ifndef MN_BASE_CHECKED_H
#define MN_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** *out = a * b; false, with *out unchanged, when the product does not fit. */
static inline bool mn_mul_size(size_t a, size_t b, size_t *out) {
    if (b != 0 && a > SIZE_MAX / b) return false;
    *out = a * b;
    return true;
}

/** *out = a + b; false, with *out unchanged, when the sum does not fit. */
static inline bool mn_add_size(size_t a, size_t b, size_t *out) {
    if (a > SIZE_MAX - b) return false;
    *out = a + b;
    return true;
}

/** `n` rounded up to a multiple of `step` (a power of two); the caller rules out overflow. */
static inline size_t mn_round_up(size_t n, size_t step) { return (n + step - 1) & ~(step - 1); }

static inline size_t mn_min_size(size_t a, size_t b) { return a < b ? a : b; }
static inline size_t mn_max_size(size_t a, size_t b) { return a > b ? a : b; }
static inline int32_t mn_min_i32(int32_t a, int32_t b) { return a < b ? a : b; }
static inline int32_t mn_max_i32(int32_t a, int32_t b) { return a > b ? a : b; }
static inline int32_t mn_clamp_i32(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }

#endif
