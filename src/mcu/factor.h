/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* FULLY_CONNECTED's factor in double precision (docs/numerics.md) as integers with the same results. */
#ifndef MN_MCU_FACTOR_H
#define MN_MCU_FACTOR_H

#include <stdbool.h>

#include "kernels/params.h"

/** A factor of (multiplier * 2^16 + fine) / 2^47 * 2^shift: mn_mcu_product's. */
typedef struct mn_mcu_factor {
    int32_t multiplier;
    uint16_t fine;
    int8_t shift;
} mn_mcu_factor;

/** Finds a factor with which the runtime gives clamp(round((double)acc * scale) + zero, range) for every int32 `acc`;
 *  scale >= 0. Tried at every accumulator at which either result changes. False if there is none near `scale`. */
bool mn_mcu_factor_find(double scale, int32_t zero, mn_range_i32 range, mn_mcu_factor *out);

#endif
