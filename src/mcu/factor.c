/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "mcu/factor.h"

#include <math.h>

#include "kernels/mcu/mn_mcu_kernels.h"
#include "kernels/quant.h"

/* Both sides of a comparison: what the reference gives for an accumulator, and what the runtime does. */
typedef struct pair {
    double scale;
    int32_t zero;
    mn_range_i32 range;
    mn_mcu_factor factor;
} pair;

static int32_t expected(const pair *p, int64_t acc) { return mn_store_real((double)acc * p->scale, p->zero, p->range); }

static int32_t found(const pair *p, int64_t acc) {
    const mn_mcu_product product = {.multiplier = &p->factor.multiplier,
                                    .fine = &p->factor.fine,
                                    .shift = &p->factor.shift,
                                    .out_zero = (int8_t)p->zero,
                                    .low = (int8_t)p->range.min,
                                    .high = (int8_t)p->range.max};
    return mn_mcu_store_fine(&product, 0, (int32_t)acc);
}

/* The least accumulator whose result is `stored` or more; INT32_MAX + 1 if there is none. */
static int64_t threshold(const pair *p, int32_t stored) {
    const double guess = (stored - p->zero - 0.5) / p->scale, least = INT32_MIN, most = INT32_MAX + 1.0;
    int64_t acc = (int64_t)(guess > most ? most : guess < least ? least : guess);
    while (acc > INT32_MIN && expected(p, acc - 1) >= stored) acc--;
    while (acc <= INT32_MAX && expected(p, acc) < stored) acc++;
    return acc;
}

/* Both results rise with the accumulator, so they are the same everywhere if they are on both sides of each step. */
static bool agrees(const pair *p, const int64_t *thresholds, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        for (int64_t acc = thresholds[i] - 1; acc <= thresholds[i]; acc++) {
            if (acc >= INT32_MIN && acc <= INT32_MAX && found(p, acc) != expected(p, acc)) return false;
        }
    }
    return found(p, INT32_MIN) == expected(p, INT32_MIN) && found(p, INT32_MAX) == expected(p, INT32_MAX);
}

bool mn_mcu_factor_find(double scale, int32_t zero, mn_range_i32 range, mn_mcu_factor *out) {
    enum { BITS = 47, LEAST_SHIFT = -31, TRIES = 64 };
    const double enough = 512; /* takes every accumulator but 0 to either end of a byte, as do larger ones */
    pair p = {.scale = scale < enough ? scale : enough, .zero = zero, .range = range};
    int64_t thresholds[UINT8_MAX];
    int exponent;
    const double fraction = frexp(p.scale, &exponent);
    *out = (mn_mcu_factor){.shift = LEAST_SHIFT};
    if (exponent < LEAST_SHIFT) return true; /* half a step is never reached */
    for (int32_t i = 0; i < range.max - range.min; i++) thresholds[i] = threshold(&p, range.min + 1 + i);
    for (int32_t i = 0; i < TRIES; i++) {
        const int64_t wide = llround(ldexp(fraction, BITS)) + (i % 2 == 1 ? (i + 1) / 2 : -i / 2);
        if (wide >= INT64_C(1) << BITS) continue;
        p.factor = (mn_mcu_factor){(int32_t)(wide >> 16), (uint16_t)(wide & UINT16_MAX), (int8_t)exponent};
        if (!agrees(&p, thresholds, range.max - range.min)) continue;
        *out = p.factor;
        return true;
    }
    return false;
}
