/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The NPU's arithmetic behind its multipliers: scales, rounding, clamps and tables. docs/ethos-u.md has the formulas,
 * and which of them are inferred. */
#ifndef MN_ETHOSU_FINISH_H
#define MN_ETHOSU_FINISH_H

#include "ethosu/operation.h"

/** x / 2^shift, halves rounded away from zero; shift in [0, 63]. */
static inline int64_t mn_ethosu_round_shift(int64_t x, int32_t shift) {
    if (shift == 0) return x;
    const int64_t half = INT64_C(1) << (shift - 1);
    return (x + half - (x < 0)) >> shift;
}

/** a * b / 2^31, halves rounded upward. */
static inline int64_t mn_ethosu_high_mul(int32_t a, uint32_t b) { return ((int64_t)a * b + (INT64_C(1) << 30)) >> 31; }

/** Turns one row of accumulators, [w][c] of the output, into values to store. */
void mn_ethosu_finish_row(const mn_ethosu_op *op, const mn_ethosu_run *run, const int64_t *acc, int32_t *values);

/** Turns stored values of 8 bits into those that the operation's table has for them. */
void mn_ethosu_look_up_bytes(const mn_ethosu_op *op, const mn_ethosu_run *run, uint8_t *values, size_t count);

#endif
