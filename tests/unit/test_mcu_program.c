/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Models as programs for microcontrollers: every byte of the output is that of a session of reference kernels, in an
 * arena of exactly as many bytes as are said, of which none is too many. Run in the repository root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/model_builder.h"
#include "support/program_runs.h"
#include "support/rounds.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* ---- Running ---------------------------------------------------------------------------------------------- */

static void expect_equal(const mn_model *model, const mn_mcu_built *built, uint32_t seed, const char *what) {
    const char *problem = pr_problem(model, built, seed);
    if (problem) fail_msg("%s: %s", what, problem);
}

/* Arenas that were run in, and those whose last byte is of a pixel that nobody needs, so that it is never made. */
static int32_t arenas, loose_arenas;

/* The least memory, and a third more, with rows that arrive and with an input that is held. */
static void check_model(const mn_model *model, const char *what) {
    for (int32_t held = 0; held < 2; held++) {
        mn_mcu_built least, more;
        mn_mcu_options options = {.held = held > 0};
        expect_ok(mn_mcu_build(model, &options, &least));
        expect_equal(model, &least, 1, what);
        arenas++;
        if (!pr_needs_last_byte(&least)) loose_arenas++;
        options.ram = least.program.arena_bytes + least.program.arena_bytes / 3;
        expect_ok(mn_mcu_build(model, &options, &more));
        expect_equal(model, &more, 2, what);
        assert_true(more.program.arena_bytes <= options.ram);
        mn_mcu_built_free(&least);
        mn_mcu_built_free(&more);
    }
}

static void test_random_networks(void **state) {
    (void)state;
    const int32_t networks = rounds_of(128, 300);
    int32_t refused = 0;
    for (uint32_t seed = 1; seed <= (uint32_t)networks; seed++) {
        char what[40];
        model_builder b;
        mn_model *model = NULL;
        mn_mcu_built built;
        const mn_mcu_options options = {.held = false};
        mb_small_classifier(&b, seed, 1 + (int32_t)(seed % 16));
        expect_ok(mn_model_from_graph(&b.graph, &model));
        snprintf(what, sizeof what, "network %u", seed);
        const mn_status status = mn_mcu_build(model, &options, &built);
        if (status == MN_ERROR_UNSUPPORTED) {
            refused++;
        } else {
            expect_ok(status);
            mn_mcu_built_free(&built);
            check_model(model, what);
        }
        mn_model_close(&model);
    }
    print_message("%d of %d networks have operators for which there are no steps\n", refused, networks);
    print_message("%d of %d arenas are loose\n", loose_arenas, arenas);
    assert_true(refused < networks / 2);
    assert_true(loose_arenas * 50 < arenas);
}

static void test_file(void **state) {
    (void)state;
    mn_model *model = NULL;
    loose_arenas = 0;
    expect_ok(mn_model_open("tests/golden/tiny_v2_int8.tflite", &model));
    check_model(model, "tiny_v2_int8.tflite");
    assert_int_equal(loose_arenas, 0);
    mn_model_close(&model);
}

/* ---- What is refused ------------------------------------------------------------------------------------- */

/* Fails with a sentence that has all of these words. */
static void expect_refusal(const char *path, const mn_mcu_options *options, mn_status status, const char *first,
                           const char *second) {
    mn_model *model = NULL;
    mn_mcu_built built;
    expect_ok(mn_model_open(path, &model));
    assert_int_equal(mn_mcu_build(model, options, &built), status);
    if (!strstr(mn_error_detail(), path) || !strstr(mn_error_detail(), first) || !strstr(mn_error_detail(), second)) {
        fail_msg("not what was expected: %s", mn_error_detail());
    }
    assert_null(built.steps);
    mn_model_close(&model);
}

static void test_what_is_refused(void **state) {
    (void)state;
    const mn_mcu_options usual = {.held = false}, little = {.ram = 1000};
    expect_refusal("tests/golden/tiny_v2_float32.tflite", &usual, MN_ERROR_UNSUPPORTED, "int8", "mobilenet quantize");
    expect_refusal("tests/golden/tiny_v2_uint8.tflite", &usual, MN_ERROR_UNSUPPORTED, "(CONV_2D)", "uint8");
    expect_refusal("tests/golden/tiny_v2_int8.tflite", &little, MN_ERROR_LIMIT, "1000 bytes", "at least 1815");
}

/* The least that is said is enough, and one byte less is not. */
static void test_least_memory(void **state) {
    (void)state;
    mn_model *model = NULL;
    mn_mcu_built built;
    mn_mcu_options options = {.held = true};
    expect_ok(mn_model_open("tests/golden/tiny_v2_int8.tflite", &model));
    expect_ok(mn_mcu_build(model, &options, &built));
    options.ram = built.program.arena_bytes;
    mn_mcu_built_free(&built);
    expect_ok(mn_mcu_build(model, &options, &built));
    assert_int_equal(built.program.arena_bytes, options.ram);
    mn_mcu_built_free(&built);
    options.ram--;
    assert_int_equal(mn_mcu_build(model, &options, &built), MN_ERROR_LIMIT);
    mn_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_least_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
