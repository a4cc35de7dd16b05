/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* `mobilenet compile --check`: programs pass that are right, and those fail that give another byte, or write outside
 * their arena. */
#define _DEFAULT_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/error.h"
#include "compile_check.h"
#include "session/model.h"

typedef struct fixture {
    mn_model *model;
    mn_mcu_built built;
    char path[32];
    const char *files[1];
    cli_list list;
    cli_compile_check check;
} fixture;

static fixture f;

/* A file of random bytes for the model's input. */
static void write_input(void) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    assert_int_equal(mn_model_tensor(f.model, mn_model_input(f.model, 0), &info), MN_OK);
    snprintf(f.path, sizeof f.path, "/tmp/compileXXXXXX.raw");
    const int descriptor = mkstemps(f.path, 4);
    assert_true(descriptor >= 0);
    for (size_t i = 0; i < info.bytes; i++) {
        const uint8_t byte = (uint8_t)(i * 151 >> 3);
        assert_int_equal(write(descriptor, &byte, 1), 1);
    }
    close(descriptor);
}

static int open_fixture(void **unused) {
    (void)unused;
    const mn_mcu_options options = {.held = false};
    memset(&f, 0, sizeof f);
    assert_int_equal(mn_model_open("tests/golden/tiny_v2_int8.tflite", &f.model), MN_OK);
    assert_int_equal(mn_mcu_build(f.model, &options, &f.built), MN_OK);
    write_input();
    f.files[0] = f.path;
    f.list = (cli_list){1, f.files};
    f.check = (cli_compile_check){.model = f.model, .built = &f.built, .files = &f.list};
    return 0;
}

static int close_fixture(void **unused) {
    (void)unused;
    unlink(f.path);
    mn_mcu_built_free(&f.built);
    mn_model_close(&f.model);
    return 0;
}

static void a_right_program_passes(void **unused) {
    (void)unused;
    assert_true(cli_compile_check_run(&f.check));
}

/* The first step with weights of its own; copied, so that it may be changed. */
static void take_product(mn_mcu_step *steps, mn_mcu_product *product) {
    memcpy(steps, f.built.program.steps, f.built.program.step_count * sizeof *steps);
    f.built.program.steps = steps;
    for (int32_t s = 0; s < f.built.program.step_count; s++) {
        if (steps[s].kind != MN_MCU_POINTWISE && steps[s].kind != MN_MCU_CONV) continue;
        *product = *(const mn_mcu_product *)steps[s].params;
        steps[s].params = product;
        return;
    }
    fail();
}

static void another_byte_fails(void **unused) {
    (void)unused;
    mn_mcu_step *steps = calloc(f.built.program.step_count, sizeof *steps);
    mn_mcu_product product;
    assert_non_null(steps);
    take_product(steps, &product);
    product.high = product.low;
    assert_false(cli_compile_check_run(&f.check));
    free(steps);
}

static void a_byte_outside_fails(void **unused) {
    (void)unused;
    f.built.program.arena_bytes -= 32; /* within the guard */
    assert_false(cli_compile_check_run(&f.check));
}

static void files_that_are_no_input_fail(void **unused) {
    (void)unused;
    f.files[0] = "tests/golden/tiny_v2_int8.tflite"; /* no photo, and the model's pixels are not known */
    assert_false(cli_compile_check_run(&f.check));
    f.files[0] = "/dev/null.raw";
    assert_false(cli_compile_check_run(&f.check));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_right_program_passes, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(another_byte_fails, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(a_byte_outside_fails, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(files_that_are_no_input_fail, open_fixture, close_fixture),
    };
    cli_begin("test", "test");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
