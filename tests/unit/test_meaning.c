/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a file says of pixels and classes: kept and copied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "graph/meaning.h"

static void ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void test_a_range_becomes_mean_and_deviation(void **state) {
    static const struct {
        double low, high;
        float mean, deviation;
    } cases[] = {{-1, 1, 127.5f, 127.5f}, {0, 1, 0, 255}, {0, 255, 0, 1}, {-2, 2, 127.5f, 63.75f}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_meaning meaning = {0};
        assert_false(mn_meaning_known(&meaning));
        mn_meaning_set_range(&meaning, cases[i].low, cases[i].high);
        assert_true(mn_meaning_known(&meaning) && meaning.normalised);
        for (int32_t c = 0; c < MN_MEANING_CHANNELS; c++) {
            assert_memory_equal(&meaning.mean[c], &cases[i].mean, sizeof(float)); /* 0, not -0 */
            assert_memory_equal(&meaning.deviation[c], &cases[i].deviation, sizeof(float));
        }
    }
}

static void test_classes_survive_their_source(void **state) {
    mn_region first = {0}, second = {0};
    mn_meaning meaning = {.fit = MN_FIT_CROP}, copy = {0};
    char cat[] = "cat", dog[] = "dog", warm[] = "warm";
    const char *const animals[] = {cat, dog}, *const weather[] = {warm};
    (void)state;
    ok(mn_meaning_set_classes(&meaning, &first, 2, weather, 1));
    ok(mn_meaning_set_classes(&meaning, &first, 0, animals, 2));
    assert_int_equal(meaning.output_count, 3);
    memset(cat, 'x', sizeof cat - 1);
    ok(mn_meaning_copy(&meaning, &second, &copy));
    mn_region_free(&first);
    assert_true(mn_meaning_known(&copy));
    assert_int_equal(copy.fit, MN_FIT_CROP);
    assert_int_equal(copy.output_count, 3);
    assert_int_equal(copy.classes[0].count, 2);
    assert_string_equal(copy.classes[0].name[0], "cat");
    assert_string_equal(copy.classes[0].name[1], "dog");
    assert_int_equal(copy.classes[1].count, 0);
    assert_string_equal(copy.classes[2].name[0], "warm");
    mn_region_free(&second);
}

static void test_names_alone_are_something(void **state) {
    mn_region region = {0};
    mn_meaning meaning = {0};
    const char *const one[] = {"one"};
    (void)state;
    ok(mn_meaning_set_classes(&meaning, &region, 1, one, 1));
    assert_true(mn_meaning_known(&meaning));
    ok(mn_meaning_set_classes(&meaning, &region, 1, NULL, 0));
    assert_false(mn_meaning_known(&meaning));
    mn_region_free(&region);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_range_becomes_mean_and_deviation),
        cmocka_unit_test(test_classes_survive_their_source),
        cmocka_unit_test(test_names_alone_are_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
