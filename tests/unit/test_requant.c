/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Requantisation in floats (src/kernels/x86/requant.c): where a pair of floats is found, it gives the integer result
 * on both sides of every threshold, and so everywhere. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "kernels/quant.h"
#include "kernels/x86/requant.h"

#if defined(__x86_64__) && defined(__GNUC__)

static uint64_t state = 1;

static int32_t random_between(int32_t low, int32_t high) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return low + (int32_t)((state >> 33) % (uint64_t)(high - low + 1));
}

/* The first accumulator whose result reaches `value`, by bisection in [0, 2^31 - 1]. */
static int32_t threshold(int32_t multiplier, int32_t shift, int32_t value) {
    int32_t low = 0, high = INT32_MAX;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (mn_requantize(middle, multiplier, shift) >= value) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void check_at(const mn_requant *q, int32_t lane, int32_t shift, int32_t accumulator, mn_range_i32 range) {
    int32_t exact = mn_store_i32(accumulator, q->multiplier[lane], shift, q->zero, range);
    float real = rintf(fmaf((float)(accumulator - q->centre[lane]), q->scale[lane], q->offset[lane]));
    int32_t got = real < (float)range.min ? range.min : real > (float)range.max ? range.max : (int32_t)real;
    if (exact != got) {
        fail_msg("multiplier %d, shift %d, zero %d, accumulator %d: %d, expected %d", q->multiplier[lane], shift,
                 q->zero, accumulator, got, exact);
    }
}

static void check_lane(const mn_requant *q, int32_t lane, int32_t shift, mn_range_i32 range) {
    for (int32_t value = 1; value <= range.max - q->zero; value++) {
        int32_t at = threshold(q->multiplier[lane], shift, value);
        check_at(q, lane, shift, at, range);
        check_at(q, lane, shift, at - 1, range);
        if (at < INT32_MAX) check_at(q, lane, shift, at + 1, range);
    }
    static const int32_t ends[] = {0, -1, -1000, -(1 << 30), INT32_MAX};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) check_at(q, lane, shift, ends[i], range);
}

static void test_every_threshold(void **unused) {
    (void)unused;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    int32_t lanes = 0, rounds = 300;
    for (int32_t round = 0; round < rounds; round++) {
        int32_t multiplier[MN_REQUANT_LANES], shift[MN_REQUANT_LANES];
        for (int32_t i = 0; i < MN_REQUANT_LANES; i++) {
            multiplier[i] = random_between(1 << 30, INT32_MAX);
            shift[i] = -random_between(4, 9); /* as in real models */
        }
        int32_t zero = round % 3 == 0 ? random_between(-128, 100) : -128;
        mn_range_i32 range = {zero, random_between(zero, 127)};
        mn_requant q;
        mn_requant_lanes all = mn_requant_lanes_of(0, MN_REQUANT_LANES, NULL);
        mn_requant_fill(&q, &all, multiplier, shift, NULL, zero, range);
        if (!q.is_float) continue;
        for (int32_t i = 0; i < MN_REQUANT_LANES; i++) check_lane(&q, i, shift[i], range);
        lanes += MN_REQUANT_LANES;
    }
    print_message("%d of %d channels requantise in floats\n", lanes, rounds * MN_REQUANT_LANES);
    assert_true(lanes > rounds * MN_REQUANT_LANES / 2);
}

/* Linear layers round negative sums the other way, a multiplier of 0 has no thresholds, and sums of an extreme bias
 * wrap. */
static void test_integers_remain(void **unused) {
    (void)unused;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    const int32_t multiplier = 1 << 30, none = 0, shift = -5, extreme = INT32_MIN;
    const mn_requant_lanes one = mn_requant_lanes_of(0, 1, NULL);
    const mn_range_i32 all = {-128, 127};
    mn_requant q;
    mn_requant_fill(&q, &one, &multiplier, &shift, NULL, -128, all);
    assert_true(q.is_float);
    mn_requant_fill(&q, &one, &multiplier, &shift, NULL, 0, all);
    assert_false(q.is_float);
    mn_requant_fill(&q, &one, &none, &shift, NULL, -128, all);
    assert_false(q.is_float);
    mn_requant_fill(&q, &one, &multiplier, &shift, &extreme, -128, all);
    assert_false(q.is_float);
}

static void test_left_shifts_do_not_fit(void **unused) {
    (void)unused;
    const int32_t right[] = {0, -1, -31}, left[] = {0, 1, -3};
    assert_true(mn_requant_fits(right, 3));
    assert_false(mn_requant_fits(left, 3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_threshold),
        cmocka_unit_test(test_integers_remain),
        cmocka_unit_test(test_left_shifts_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    printf("SKIPPED: these kernels are for x86-64\n");
    return 77;
}

#endif
