/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Where delegates keep what they have compiled: a place for each model, batch, delegate and list of options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/delegate_modules.h"

/* The path of the cache that the delegate was given. */
static void tell_cache_of(mn_delegate *delegate, const char *path, int32_t batch, char told[256]) {
    mn_model *model = open_model(path);
    mn_session_options options = options_with(&delegate, 1);
    mn_session *session = NULL;
    options.batch = batch;
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_BACKEND);
    const char *from = strstr(mn_error_detail(), "made: ");
    assert_non_null(from);
    snprintf(told, 256, "%s", from + 6);
    mn_model_close(&model);
}

static void tell_cache(const char *path, const char *more, int32_t batch, char told[256]) {
    char text[128];
    snprintf(text, sizeof text, "fault:tell-cache%s", more);
    mn_delegate *delegate = open_delegate("bad", text);
    tell_cache_of(delegate, path, batch, told);
    mn_delegate_close(&delegate);
}

static void caches_are_apart(void **state) {
    (void)state;
    static const struct {
        const char *model, *options;
        int32_t batch;
    } given[] = {
        {INT8, ";cache_file_path:no folder/c", 1},
        {"tests/golden/tiny_v2_uint8.tflite", ";cache_file_path:no folder/c", 1},
        {INT8, ";cache_file_path:no folder/c;a:1", 1},
        {INT8, ";cache_file_path:no folder/c;a:2", 1},
        {INT8, ";cache_file_path:no folder/c", 2},
        {INT8, ";cache_file_path:no folder/d", 1},
    };
    enum { COUNT = sizeof given / sizeof *given };
    char told[COUNT][256], again[256];
    for (size_t i = 0; i < COUNT; i++) {
        tell_cache(given[i].model, given[i].options, given[i].batch, told[i]);
        tell_cache(given[i].model, given[i].options, given[i].batch, again);
        assert_string_equal(told[i], again);
        assert_memory_equal(told[i], i < 5 ? "no folder/c-" : "no folder/d-", 12);
        assert_int_equal(strlen(told[i]), 12 + 32);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(told[i] + 12, told[k] + 12);
    }
    tell_cache(INT8, "", 1, again);
    assert_string_equal(again, "no cache");
}

static void copy_file(const char *from, const char *to) {
    char bytes[4096];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in && out);
    for (size_t count; (count = fread(bytes, 1, sizeof bytes, in)) > 0;) {
        assert_int_equal(fwrite(bytes, 1, count, out), count);
    }
    assert_int_equal(fclose(in) | fclose(out), 0);
}

/* The delegate at work is the one that was loaded, whatever has its name by now. */
static void key_is_of_the_loaded_file(void **state) {
    (void)state;
    static const char options[] = "fault:tell-cache;cache_file_path:no folder/c";
    char copy[512], of_original[256], before[256], after[256];
    mn_delegate *delegate = NULL;
    tell_cache(INT8, ";cache_file_path:no folder/c", 1, of_original);
    snprintf(copy, sizeof copy, "%s/copy-of-bad.so", TEST_DELEGATES);
    copy_file(module("bad"), copy);
    expect_ok(mn_delegate_open_external(copy, options, &delegate));
    tell_cache_of(delegate, INT8, 1, before);
    assert_string_equal(before, of_original);
    remove(copy);
    copy_file(module("good"), copy);
    tell_cache_of(delegate, INT8, 1, after);
    assert_string_equal(after, before);
    mn_delegate_close(&delegate);
    remove(copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(caches_are_apart), cmocka_unit_test(key_is_of_the_loaded_file)};
    if (!loads_libraries()) {
        puts("SKIPPED: this program loads no libraries");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
