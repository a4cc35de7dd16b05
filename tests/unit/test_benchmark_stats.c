/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Statistics and profile tables of benchmark_model, character for character. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "benchmark_model_profile.h"
#include "benchmark_model_stats.h"

/* ---- Text of what is printed ---- */

static char *text;
static size_t text_length;

static FILE *open_text(void) {
    FILE *stream = open_memstream(&text, &text_length);
    assert_non_null(stream);
    return stream;
}

static void expect_text(FILE *stream, const char *wanted) {
    assert_int_equal(fclose(stream), 0);
    assert_string_equal(text, wanted);
    free(text);
}

static void expect_samples(const int64_t *values, size_t count, const char *wanted) {
    bench_samples samples = {0};
    for (size_t i = 0; i < count; i++) assert_true(bench_samples_add(&samples, values[i]));
    FILE *stream = open_text();
    bench_samples_print(stream, &samples);
    bench_samples_free(&samples);
    expect_text(stream, wanted);
}

/* ---- Statistics ---- */

static void prints_each_form(void **state) {
    (void)state;
    expect_samples(NULL, 0, "count=0 p5=0 median=0 p95=0");
    expect_samples((int64_t[]){7}, 1, "count=1 curr=7 p5=7 median=7 p95=7");
    expect_samples((int64_t[]){7, 7, 7}, 3, "count=3 curr=7(all same) p5=7 median=7 p95=7");
    /* mean 26/5, variance 30.16, deviation 5.49 */
    expect_samples((int64_t[]){9, 1, 15, 1, 0}, 5,
                   "count=5 first=9 curr=0 min=0 max=15 avg=5.2 std=5 p5=0 median=1 p95=15");
}

static void prints_six_digits(void **state) {
    (void)state;
    expect_samples((int64_t[]){1234567, 1234569}, 2,
                   "count=2 first=1234567 curr=1234569 min=1234567 max=1234569 avg=1.23457e+06 std=1 "
                   "p5=1234567 median=1234569 p95=1234569");
    expect_samples((int64_t[]){464, 465, 465}, 3,
                   "count=3 first=464 curr=465 min=464 max=465 avg=464.667 std=0 p5=464 median=465 p95=465");
}

static void finds_percentiles(void **state) {
    (void)state;
    bench_samples samples = {0};
    for (int64_t i = 0; i < 3000; i++) assert_true(bench_samples_add(&samples, (i * 7) % 3000));
    assert_int_equal(bench_samples_percentile(&samples, 0), 0);
    assert_int_equal(bench_samples_percentile(&samples, 5), 150);
    assert_int_equal(bench_samples_percentile(&samples, 50), 1500);
    assert_int_equal(bench_samples_percentile(&samples, 95), 2850);
    assert_int_equal(samples.stat.first, 0);
    assert_int_equal(samples.stat.last, 2999 * 7 % 3000);
    bench_samples_free(&samples);
    assert_null(samples.values);
}

static void survives_rounding(void **state) {
    (void)state;
    bench_stat stat = {0};
    for (int i = 0; i < 1000; i++) bench_stat_add(&stat, INT64_C(3000000000) + (i == 500));
    assert_true(bench_stat_deviation(&stat) >= 0);
    assert_true(bench_stat_deviation(&stat) < 100);
}

/* ---- Tables ---- */

/** Two runs of a fused step (100 and 300 us) and of one with two outputs (50 us each). */
static void fill_profile(bench_profile *profile, bench_node *nodes) {
    nodes[0] = (bench_node){.type = "CONV_2D+ADD", .name = "[sum]:1"};
    nodes[1] = (bench_node){.type = "SOFTMAX", .name = "[a, b]:2", .memory_kb = 12};
    *profile = (bench_profile){.count = 2, .node = nodes};
    for (int64_t time = 100; time <= 300; time += 200) {
        bench_stat_add(&nodes[0].time, time);
        bench_stat_add(&nodes[1].time, 50);
        bench_stat_add(&profile->total, time + 50);
    }
}

static void prints_tables(void **state) {
    (void)state;
    bench_node nodes[2];
    bench_profile profile;
    fill_profile(&profile, nodes);
    FILE *stream = open_text();
    assert_true(bench_profile_print(stream, &profile, false));
#define HEADER                                                                                                         \
    "\t                             [node type]\t  [first]\t [avg ms]\t     [%]\t  [cdf%]\t  [mem KB]\t"               \
    "[times called]\t[Name]\n"
#define ROWS                                                                                                           \
    "\t                             CONV_2D+ADD\t    0.100\t    0.200\t 80.000%\t 80.000%\t     0.000\t        1"      \
    "\t[sum]:1\n"                                                                                                      \
    "\t                                 SOFTMAX\t    0.050\t    0.050\t 20.000%\t100.000%\t    12.000\t        1"      \
    "\t[a, b]:2\n"
    expect_text(stream,
                "============================== Run Order ==============================\n" HEADER ROWS
                "\n============================== Top by Computation Time ==============================\n" HEADER ROWS
                "\nNumber of nodes executed: 2\n"
                "============================== Summary by node type ==============================\n"
                "\t                             [Node type]\t  [count]\t  [avg ms]\t    [avg %]\t    [cdf %]\t"
                "  [mem KB]\t[times called]\n"
                "\t                             CONV_2D+ADD\t        1\t     0.200\t    80.000%\t    80.000%\t"
                "     0.000\t        1\n"
                "\t                                 SOFTMAX\t        1\t     0.050\t    20.000%\t   100.000%\t"
                "    12.000\t        1\n"
                "\nTimings (microseconds): count=2 first=150 curr=350 min=150 max=350 avg=250 std=100\n"
                "Memory (bytes): count=0\n2 nodes observed\n\n");
}

static void prints_commas_as_tabs(void **state) {
    (void)state;
    bench_node nodes[2];
    bench_profile profile;
    fill_profile(&profile, nodes);
    FILE *stream = open_text();
    assert_true(bench_profile_print(stream, &profile, true));
    expect_text(stream, "============================== Run Order ==============================\n"
                        "node type, first, avg_ms, %, cdf%, mem KB, times called, name\n"
                        "CONV_2D+ADD, 0.1, 0.2, 80%, 80%, 0, 1, [sum]:1\n"
                        "SOFTMAX, 0.05, 0.05, 20%, 100%, 12, 1, [a\t b]:2\n\n"
                        "============================== Top by Computation Time ==============================\n"
                        "node type, first, avg_ms, %, cdf%, mem KB, times called, name\n"
                        "CONV_2D+ADD, 0.1, 0.2, 80%, 80%, 0, 1, [sum]:1\n"
                        "SOFTMAX, 0.05, 0.05, 20%, 100%, 12, 1, [a\t b]:2\n\n"
                        "Number of nodes executed: 2\n"
                        "============================== Summary by node type ==============================\n"
                        "node type, count, avg_ms, avg %, cdf %, mem KB, times called\n"
                        "CONV_2D+ADD, 1, 0.2, 80%, 80%, 0, 1\n"
                        "SOFTMAX, 1, 0.05, 20%, 100%, 12, 1\n\n"
                        "Timings (microseconds): count=2 first=150 curr=350 min=150 max=350 avg=250 std=100\n"
                        "Memory (bytes): count=0\n2 nodes observed\n\n");
}

static void keeps_ten_slowest_in_order(void **state) {
    (void)state;
    bench_node nodes[12];
    char names[12][8];
    bench_profile profile = {.count = 12, .node = nodes};
    for (int i = 0; i < 12; i++) {
        snprintf(names[i], sizeof names[i], "[n]:%d", i);
        nodes[i] = (bench_node){.type = i % 2 == 0 ? "ADD" : "MUL", .name = names[i]};
        bench_stat_add(&nodes[i].time, i < 2 ? 0 : i == 5 ? 9 : 3);
    }
    bench_stat_add(&profile.total, 39);
    FILE *stream = open_text();
    assert_true(bench_profile_print(stream, &profile, true));
    assert_int_equal(fclose(stream), 0);
    const char *slowest = strstr(text, "Top by");
    assert_non_null(slowest);
    int order[10];
    for (int i = 0; i < 10; i++) {
        slowest = strstr(slowest, "[n]:");
        assert_non_null(slowest);
        order[i] = atoi(slowest + 4);
        slowest++;
    }
    assert_null(strstr(slowest, "[n]:"));
    const int wanted[10] = {5, 2, 3, 4, 6, 7, 8, 9, 10, 11};
    assert_memory_equal(order, wanted, sizeof wanted);
    assert_non_null(strstr(slowest, "MUL, 6, 0.021, 58.3333%"));
    free(text);
}

static void prints_nothing_run(void **state) {
    (void)state;
    bench_node nodes[1] = {{.type = "ADD", .name = "[x]:0"}};
    bench_profile profile = {.count = 1, .node = nodes};
    FILE *stream = open_text();
    assert_true(bench_profile_print(stream, &profile, true));
    assert_int_equal(fclose(stream), 0);
    assert_non_null(strstr(text, "ADD, 0, 0, 0%, 0%, 0, 0, [x]:0\n"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_each_form),   cmocka_unit_test(prints_six_digits),
        cmocka_unit_test(finds_percentiles),  cmocka_unit_test(survives_rounding),
        cmocka_unit_test(prints_tables),      cmocka_unit_test(prints_commas_as_tabs),
        cmocka_unit_test(prints_nothing_run), cmocka_unit_test(keeps_ten_slowest_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
