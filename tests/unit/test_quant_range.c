/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From histograms to ranges, and from ranges to scales and zero points. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quant/range.h"

/* A histogram of [low, high] that counts `density` of each bin's centre. */
static void fill(mn_histogram *h, float low, float high, double (*density)(double)) {
    memset(h, 0, sizeof *h);
    h->range = (mn_interval){low, high};
    double width = ((double)high - (double)low) / MN_HISTOGRAM_BINS;
    for (int32_t i = 0; i < MN_HISTOGRAM_BINS; i++) {
        h->count[i] = (uint64_t)density((double)low + (i + 0.5) * width);
    }
}

static double even(double x) {
    (void)x;
    return 1000;
}

static double bell(double x) { return 1e6 * exp(-x * x / 2); }

/* A bell, and one value in a million far outside. */
static double bell_and_outlier(double x) { return fabs(x) < 6 ? bell(x) : x > 59.98 ? 1 : 0; }

/* The mean squared error of storing the histogram's values, spread over their bins, in 255 steps over `range`. */
static double error_of(const mn_histogram *h, mn_interval range) {
    enum { PARTS = 8 };
    double low = (double)range.low, step = ((double)range.high - low) / 255, sum = 0, count = 0;
    double width = ((double)h->range.high - (double)h->range.low) / MN_HISTOGRAM_BINS;
    for (int32_t i = 0; i < MN_HISTOGRAM_BINS * PARTS; i++) {
        double x = (double)h->range.low + (i + 0.5) * width / PARTS, n = (double)h->count[i / PARTS];
        double stored = fmin(fmax(round((x - low) / step), 0), 255);
        sum += n * (x - low - stored * step) * (x - low - stored * step);
        count += n;
    }
    return sum / count;
}

static void test_minmax_takes_everything(void **state) {
    (void)state;
    mn_histogram h;
    fill(&h, -60, 60, bell_and_outlier);
    mn_interval range = mn_range_choose(MN_RANGE_MINMAX, &h);
    assert_float_equal(range.low, -60, 0);
    assert_float_equal(range.high, 60, 0);
}

static void test_percentile_leaves_outliers(void **state) {
    (void)state;
    mn_histogram h;
    fill(&h, -60, 60, bell_and_outlier);
    mn_interval range = mn_range_choose(MN_RANGE_PERCENTILE, &h);
    /* One in 100,000 of a normal distribution lies beyond 4.265 at either end. */
    assert_float_equal(range.high, 4.265f, 0.1f);
    assert_float_equal(range.low, -4.265f, 0.1f);
    fill(&h, 0, 6, even);
    range = mn_range_choose(MN_RANGE_PERCENTILE, &h);
    assert_float_equal(range.low, 0, 0.01f);
    assert_float_equal(range.high, 6, 0.01f);
}

/* No other range on a fine grid has an error worth mentioning below that of the range chosen. */
static void test_mse_is_least(void **state) {
    (void)state;
    static double (*const densities[])(double) = {even, bell, bell_and_outlier};
    for (int32_t d = 0; d < 3; d++) {
        mn_histogram h;
        fill(&h, -20, 60, densities[d]);
        double chosen = error_of(&h, mn_range_choose(MN_RANGE_MSE, &h));
        for (float low = -20; low <= 0; low += 1) {
            for (float high = 1; high <= 60; high += 1) {
                assert_true(chosen <= 1.05 * error_of(&h, (mn_interval){low, high}));
            }
        }
    }
}

static void test_zeros_cost_nothing(void **state) {
    (void)state;
    mn_histogram h;
    fill(&h, 0, 6, even);
    mn_interval without = mn_range_choose(MN_RANGE_MSE, &h);
    h.zeros = UINT64_C(1) << 40;
    mn_interval with = mn_range_choose(MN_RANGE_MSE, &h);
    assert_memory_equal(&with, &without, sizeof with);
}

static void test_ranges_hold_zero(void **state) {
    (void)state;
    for (mn_range_method method = 0; method < MN_RANGE_METHOD_COUNT; method++) {
        static const mn_interval ranges[] = {{0, 5}, {-5, 0}, {-1, 100}, {-100, 1}, {0, 0}, {-3e-8f, 2e-8f}};
        for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
            mn_histogram h;
            fill(&h, ranges[i].low, ranges[i].high, even);
            mn_interval range = mn_range_choose(method, &h);
            assert_true(range.low <= 0 && range.high >= 0);
            assert_true(range.low >= ranges[i].low && range.high <= ranges[i].high);
        }
        assert_non_null(mn_range_method_name(method));
    }
}

static void test_steps(void **state) {
    (void)state;
    static const struct {
        mn_interval range;
        float scale;
        int32_t zero;
    } cases[] = {
        {{0, 6}, 6.0f / 255, -128}, {{-6, 0}, 6.0f / 255, 127}, {{-1, 1}, 2.0f / 255, -1},   {{0, 255}, 1, -128},
        {{2, 51}, 0.2f, -128},      {{-51, -2}, 0.2f, 127},     {{-25.5f, 25.5f}, 0.2f, -1}, {{0, 0}, 1, -128},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_step8 step = mn_step8_of(cases[i].range);
        assert_float_equal(step.scale, cases[i].scale, 1e-7f);
        assert_in_range(abs(step.zero - cases[i].zero), 0, 1); /* a half may fall either way in float */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minmax_takes_everything),
        cmocka_unit_test(test_percentile_leaves_outliers),
        cmocka_unit_test(test_mse_is_least),
        cmocka_unit_test(test_zeros_cost_nothing),
        cmocka_unit_test(test_ranges_hold_zero),
        cmocka_unit_test(test_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
