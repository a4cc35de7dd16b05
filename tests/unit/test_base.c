/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The helpers of src/base: status sentences, region, checked arithmetic, team, map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "base/map.h"
#include "base/region.h"
#include "base/status.h"
#include "base/thread.h"

static void test_status_texts(void **state) {
    (void)state;
    assert_string_equal(mn_status_text(MN_OK), "success");
    assert_string_equal(mn_status_text((mn_status)99), "unknown status");
}

static void test_fail_keeps_the_sentence(void **state) {
    (void)state;
    assert_int_equal(mn_fail(MN_ERROR_FORMAT, "%s: broken at %d", "a.tflite", 7), MN_ERROR_FORMAT);
    assert_string_equal(mn_error_detail(), "a.tflite: broken at 7");
    assert_int_equal(mn_fail_prefix(MN_ERROR_IO, "outer"), MN_ERROR_IO);
    assert_string_equal(mn_error_detail(), "outer: a.tflite: broken at 7");
}

static void test_fail_cuts_long_sentences(void **state) {
    (void)state;
    char longer[2000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    mn_fail(MN_ERROR_IO, "%s", longer);
    assert_int_equal(strlen(mn_error_detail()), 511);
    mn_fail_prefix(MN_ERROR_IO, "prefix");
    assert_int_equal(strlen(mn_error_detail()), 511);
}

static void test_checked_arithmetic(void **state) {
    (void)state;
    size_t out = 5;
    assert_false(mn_mul_size(SIZE_MAX, 2, &out));
    assert_int_equal(out, 5);
    assert_true(mn_mul_size(SIZE_MAX, 0, &out));
    assert_int_equal(out, 0);
    assert_true(mn_mul_size(SIZE_MAX / 3, 3, &out));
    assert_false(mn_add_size(SIZE_MAX, 1, &out));
    assert_true(mn_add_size(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
    assert_int_equal(mn_round_up(65, 64), 128);
    assert_int_equal(mn_round_up(64, 64), 64);
    assert_int_equal(mn_clamp_i32(-5, -3, 3), -3);
}

/* Objects are aligned, zeroed and distinct, whatever their sizes. */
static void test_region_objects(void **state) {
    (void)state;
    mn_region region = {0};
    unsigned char *objects[64];
    size_t sizes[64];
    for (size_t i = 0; i < 64; i++) {
        sizes[i] = i % 7 == 0 ? 100000 + i : i * 37;
        objects[i] = mn_region_alloc(&region, sizes[i], 1);
        assert_non_null(objects[i]);
        assert_int_equal((uintptr_t)objects[i] % 64, 0);
        for (size_t j = 0; j < sizes[i]; j++) assert_int_equal(objects[i][j], 0);
        memset(objects[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < 64; i++) {
        for (size_t j = 0; j < sizes[i]; j++) assert_int_equal(objects[i][j], i + 1);
    }
    assert_null(mn_region_alloc(&region, SIZE_MAX / 2, 3));
    assert_null(mn_region_alloc(&region, SIZE_MAX, 1));
    assert_string_equal(mn_region_string(&region, "abcdef", 3), "abc");
    mn_region_free(&region);
    assert_null(region.chunks);
}

typedef struct roll_call {
    int32_t present[MN_MAX_THREADS];
    int32_t size;
} roll_call;

static void sign(void *context, int32_t thread, int32_t threads) {
    roll_call *call = context;
    call->present[thread]++;
    if (thread == 0) call->size = threads;
}

static void test_team_runs_every_member_once(void **state) {
    (void)state;
    for (int32_t threads = 2; threads <= 9; threads += 7) {
        mn_team *team = NULL;
        assert_int_equal(mn_team_create(threads, &team), MN_OK);
        roll_call call = {0};
        for (int32_t round = 1; round <= 200; round++) {
            mn_team_run(team, sign, &call);
            for (int32_t i = 0; i < threads; i++) assert_int_equal(call.present[i], round);
        }
        assert_int_equal(call.size, threads);
        mn_team_close(&team);
        assert_null(team);
        mn_team_close(&team);
    }
}

static void test_available_processors(void **state) {
    (void)state;
    assert_in_range(mn_available_processors(), 1, MN_MAX_THREADS);
}

static void test_map_errors(void **state) {
    (void)state;
    mn_map map = {0};
    assert_int_equal(mn_map_open("/nonexistent/file", &map), MN_ERROR_IO);
    assert_non_null(strstr(mn_error_detail(), "/nonexistent/file: cannot be opened"));
    assert_int_equal(mn_map_open("/", &map), MN_ERROR_IO);
    assert_non_null(strstr(mn_error_detail(), "is a folder"));
    assert_int_equal(mn_map_open("/dev/null", &map), MN_ERROR_IO);
    /* Where there are no devices, or none that may be opened, it is one more file that is not there. */
    assert_true(strstr(mn_error_detail(), "not a regular file") || strstr(mn_error_detail(), "cannot be opened"));
    assert_null(map.data);
    mn_map_close(&map);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_fail_keeps_the_sentence),
        cmocka_unit_test(test_fail_cuts_long_sentences),
        cmocka_unit_test(test_checked_arithmetic),
        cmocka_unit_test(test_region_objects),
        cmocka_unit_test(test_team_runs_every_member_once),
        cmocka_unit_test(test_available_processors),
        cmocka_unit_test(test_map_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
