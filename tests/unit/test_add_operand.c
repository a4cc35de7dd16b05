/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operands of an 8-bit ADD rescaled in 32 bits (src/kernels/x86/add_operand.h): for every difference of two stored
 * values the formula gives what the reference does, which sums of two operands hardly ever show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernels/x86/add_operand.h"

static uint64_t state = 1;

static int32_t next_multiplier(void) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int32_t)((state >> 34) | 1u << 30);
}

static int32_t rescale(const mn_add_operand *o, int32_t v) {
    const int32_t low = (v * o->low + MN_ADD_LOW_HALF) >> MN_ADD_LOW_BITS;
    return (v * o->high + low + o->rounding + (v < 0 ? o->negative : 0)) >> o->shift;
}

static void check_operand(int32_t multiplier, int32_t shift) {
    const mn_operand operand = {.multiplier = multiplier, .shift = shift};
    const mn_add_operand o = mn_add_operand_of(&operand);
    for (int32_t v = -255; v <= 255; v++) {
        const int32_t wanted = mn_requantize(v * (1 << MN_ADD_SHIFT), multiplier, shift);
        if (rescale(&o, v) != wanted) {
            fail_msg("%d, multiplier %d, shift %d: %d, expected %d", v, multiplier, shift, rescale(&o, v), wanted);
        }
    }
}

static void test_all_differences(void **unused) {
    (void)unused;
    for (int32_t shift = -31; shift <= 0; shift++) {
        check_operand(0, shift);
        check_operand(1 << 30, shift);
        check_operand(INT32_MAX, shift);
        for (int32_t i = 0; i < 1000; i++) check_operand(next_multiplier(), shift);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_differences)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
