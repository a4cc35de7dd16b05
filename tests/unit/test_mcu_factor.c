/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* FULLY_CONNECTED's factors as integers: the bytes of the reference for accumulators around every step, for usual
 * scales, powers of two (where halves are met exactly), and absurd ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "kernels/mcu/mn_mcu_kernels.h"
#include "kernels/quant.h"
#include "mcu/factor.h"

static uint64_t state = 1;

static int32_t random_between(int32_t low, int32_t high) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int32_t)(low + (int64_t)((state >> 33) % (uint64_t)((int64_t)high - low + 1)));
}

static double random_real(void) { return 1 + random_between(0, INT32_MAX) / 2147483648.0; }

static void compare_at(const mn_mcu_factor *f, double scale, int32_t zero, mn_range_i32 range, double acc) {
    if (!(acc >= INT32_MIN && acc <= INT32_MAX)) return;
    const mn_mcu_product p = {.multiplier = &f->multiplier,
                              .fine = &f->fine,
                              .shift = &f->shift,
                              .out_zero = (int8_t)zero,
                              .low = (int8_t)range.min,
                              .high = (int8_t)range.max};
    assert_int_equal(mn_mcu_store_fine(&p, 0, (int32_t)acc), mn_store_real((int32_t)acc * scale, zero, range));
}

static void try_scale(double scale) {
    const int32_t zero = random_between(-128, 127);
    const mn_range_i32 range = {random_between(0, 2) > 0 ? -128 : random_between(-128, 0),
                                random_between(0, 2) > 0 ? 127 : random_between(0, 127)};
    mn_mcu_factor f;
    assert_true(mn_mcu_factor_find(scale, zero, range, &f));
    for (int32_t k = -260; k <= 260; k++) {
        for (int32_t d = -2; d <= 2; d++) compare_at(&f, scale, zero, range, floor((k + 0.5) / scale) + d);
    }
    for (int32_t i = 0; i < 100; i++) {
        compare_at(&f, scale, zero, range, random_between(INT32_MIN, INT32_MAX));
        compare_at(&f, scale, zero, range, random_between(-100000, 100000));
    }
    compare_at(&f, scale, zero, range, INT32_MIN);
    compare_at(&f, scale, zero, range, INT32_MAX);
}

static void every_accumulator_gives_the_same_byte(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < 3000; i++) try_scale(ldexp(random_real(), random_between(-14, -6)));
    for (int32_t i = 0; i < 1000; i++) try_scale(ldexp(random_real(), random_between(-36, 12)));
    for (int32_t e = -40; e <= 12; e++) try_scale(ldexp(1, e));
    for (int32_t e = -33; e <= 2; e++) try_scale(ldexp(random_between(1, 9) * 2 + 1, e)); /* halves are met, too */
    try_scale(0);
    try_scale(1e30);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_accumulator_gives_the_same_byte)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
