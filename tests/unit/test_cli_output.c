/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the commands compute and print: statistics and JSON. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "classify/answer.h"
#include "common/json.h"
#include "stats.h"

/* What `json` has written so far. */
static const char *written(cli_json *json) {
    static char text[1024];
    rewind(json->out);
    size_t count = fread(text, 1, sizeof text - 1, json->out);
    text[count] = '\0';
    return text;
}

static void test_json_structure(void **state) {
    (void)state;
    cli_json json = {.out = tmpfile()};
    assert_non_null(json.out);
    for (int i = 0; i < 2; i++) {
        cli_json_object(&json, NULL);
        cli_json_int(&json, "a", INT64_MIN);
        cli_json_array(&json, "b");
        cli_json_number(&json, NULL, 0.1);
        cli_json_number(&json, NULL, NAN);
        cli_json_object(&json, NULL);
        cli_json_end(&json);
        cli_json_end(&json);
        cli_json_bool(&json, "c", true);
        cli_json_text(&json, "d", NULL);
        cli_json_end(&json);
    }
    const char *line = "{\"a\": -9223372036854775808, \"b\": [0.1, null, {}], \"c\": true, \"d\": null}\n";
    char wanted[256];
    snprintf(wanted, sizeof wanted, "%s%s", line, line);
    assert_string_equal(written(&json), wanted);
    fclose(json.out);
}

static void test_json_text(void **state) {
    (void)state;
    /* overlong, surrogate, above U+10FFFF, lone continuation, cut short: each bad byte becomes one U+FFFD */
    static const char *const pairs[][2] = {
        {"a\"\\\n\x7f", "a\\\"\\\\\\u000a\\u007f"},
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x95", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x95"},
        {"\xc0\xaf", "\\ufffd\\ufffd"},
        {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
        {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
        {"\x80x", "\\ufffdx"},
        {"\xe2\x82", "\\ufffd\\ufffd"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        cli_json json = {.out = tmpfile()};
        assert_non_null(json.out);
        char wanted[64];
        cli_json_text(&json, NULL, pairs[i][0]);
        snprintf(wanted, sizeof wanted, "\"%s\"", pairs[i][1]);
        assert_string_equal(written(&json), wanted);
        fclose(json.out);
    }
}

static void test_top_k(void **state) {
    (void)state;
    const float values[] = {0.1F, 0.5F, 0.1F, 0.9F, 0.5F, 0};
    static const int32_t wanted[] = {3, 1, 4, 0, 2, 5}; /* of equal values the lower index first */
    for (int32_t k = 1; k <= 6; k++) {
        int32_t best[6];
        mn_answer_top_k(values, 6, k, best);
        assert_memory_equal(best, wanted, (size_t)k * sizeof *best);
    }
}

static void test_softmax(void **state) {
    (void)state;
    float values[] = {0.6931472F, 0, -1000}, large[] = {1000, 1000};
    mn_answer_softmax(values, 3);
    mn_answer_softmax(large, 2);
    assert_true(fabsf(values[0] - 2.0F / 3) < 1e-6F && fabsf(values[1] - 1.0F / 3) < 1e-6F && values[2] == 0);
    assert_true(large[0] == 0.5F && large[1] == 0.5F);
}

static void test_dequantise(void **state) {
    (void)state;
    const float scale = 0.5F;
    const int32_t zero = -1;
    const int8_t stored[] = {-128, -1, 127};
    mn_tensor info = {.type = MN_INT8, .quant = {.count = 1, .scale = &scale, .zero_point = &zero}};
    float real[3];
    mn_answer_dequantise(&info, stored, 3, real);
    assert_true(real[0] == -63.5F && real[1] == 0 && real[2] == 64);
    info.type = MN_UINT8;
    mn_answer_dequantise(&info, stored, 3, real);
    assert_true(real[0] == 64.5F && real[1] == 128 && real[2] == 64);
}

/* Values of the closed formula, worked out apart in double precision. */
static void test_wilson(void **state) {
    (void)state;
    static const struct {
        int32_t successes, trials;
        double low, high;
    } cases[] = {
        {0, 10, 0, 0.2775328}, {10, 10, 0.7224672, 1}, {5, 10, 0.2365931, 0.7634069}, {244, 300, 0.7653812, 0.8533625}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cli_interval interval = cli_wilson(cases[i].successes, cases[i].trials);
        assert_true(fabs(interval.low - cases[i].low) < 1e-6);
        assert_true(fabs(interval.high - cases[i].high) < 1e-6);
    }
}

/* Of half ones the resampled mean is binomial: 40 to 60 of 100 hold the middle 95 %. */
static void test_bootstrap(void **state) {
    (void)state;
    double values[100], same[7] = {3, 3, 3, 3, 3, 3, 3};
    for (int i = 0; i < 100; i++) values[i] = i % 2;
    const cli_interval half = cli_bootstrap(values, 100), again = cli_bootstrap(values, 100);
    assert_true(fabs(half.low - 0.40) < 0.015 && fabs(half.high - 0.60) < 0.015);
    assert_true(half.low == again.low && half.high == again.high);
    const cli_interval one = cli_bootstrap(same, 7);
    assert_true(one.low == 3 && one.high == 3);
    /* A rare large value: skewed, as divergences are. The mean of n = 100 is 10 K / n, K about Poisson(1): 0 to 3. */
    for (int i = 0; i < 100; i++) values[i] = i == 99 ? 10 : 0;
    const cli_interval skewed = cli_bootstrap(values, 100);
    assert_true(skewed.low == 0 && fabs(skewed.high - 0.3) < 1e-12);
}

/* Binomial sums, worked out in whole numbers. */
static void test_mcnemar(void **state) {
    (void)state;
    static const struct {
        int32_t lost, won;
        double p;
    } cases[] = {
        {0, 0, 1}, {3, 3, 1}, {0, 5, 0.0625}, {2, 9, 0.06542969}, {30, 10, 0.00222143}, {700, 800, 0.01055926}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(fabs(cli_mcnemar(cases[i].lost, cases[i].won) - cases[i].p) < 1e-8);
        assert_true(cli_mcnemar(cases[i].lost, cases[i].won) == cli_mcnemar(cases[i].won, cases[i].lost));
    }
}

static void test_difference(void **state) {
    (void)state;
    const float p[] = {0.5F, 0.5F}, sure[] = {1, 0};
    assert_true(cli_largest_difference(p, sure, 2) == 0.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_structure), cmocka_unit_test(test_json_text),  cmocka_unit_test(test_top_k),
        cmocka_unit_test(test_softmax),        cmocka_unit_test(test_dequantise), cmocka_unit_test(test_wilson),
        cmocka_unit_test(test_bootstrap),      cmocka_unit_test(test_mcnemar),    cmocka_unit_test(test_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
