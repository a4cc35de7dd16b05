/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs as C: which names may be given, what layers called anything at all become, that numbers are the same, and
 * the runtime's files as text. tests/cli/test_compile.sh compiles and runs what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/emit.h"
#include "mcu/emit_text.h"
#include "mcu/files.h"
#include "mcu/weights.h"

static void only_identifiers_are_names(void **unused) {
    (void)unused;
    static const char *const good[] = {"a", "signs", "MobileNet_v2", "x1", "mnist", "mainly"};
    static const char *const bad[] = {
        "",   "1a",     "_a",  "a-b",    "a b",      "a.b",  "int", "class",
        "mn", "mn_mcu", "MN_", "Mn_net", "\xc3\xa4", "main", "a/b", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddX"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(mn_mcu_is_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(mn_mcu_is_name(bad[i]));
}

/* A program of a convolution that loads its weights, and one that does not. */
static const int8_t filter[] = {1, -2, 3, -128, 127, 0}, more[] = {9, 8, 7, 6};
static const int8_t border[] = {-5, -5, -5}, shift[] = {-7, -8};
static const int32_t bias[] = {INT32_MIN, INT32_MAX}, multiplier[] = {1 << 30, INT32_MAX};
static const uint16_t fine[] = {65535, 1};
static const mn_mcu_constants constants = {filter};
static const mn_mcu_product first = {NULL, bias, multiplier, NULL, shift, border, 3, 2, 4, -128, 127, 1};
static const mn_mcu_product second = {more, bias, multiplier, fine, shift, NULL, 2, 2, -3, -3, 100, 0};
static const mn_mcu_window window = {1, 1, 2, 2, 1, 1, 0, 0};
static const mn_mcu_tensor tensors[] = {{0, 16, 3, 4, 4}, {64, 1, 6, 1, 1}, {72, 4, 2, 2, 2}, {80, 4, 2, 2, 2}};
static const mn_mcu_step steps[] = {
    {NULL, NULL, 0, {-1, -1}, 0, 4, MN_MCU_INPUT, 0},
    {&constants, NULL, 0, {-1, -1}, 1, 1, MN_MCU_LOAD, 0},
    {&first, &window, 88, {0, 1}, 2, 2, MN_MCU_CONV, 0},
    {&second, NULL, 0, {2, -1}, 3, 2, MN_MCU_POINTWISE, 0},
};
static const uint16_t chain_ends[] = {4};
static const mn_mcu_program program = {tensors, steps, chain_ends, 4, 4, 1, 4, 0, 3, 96};
static const char *const step_names[] = {"input;another name of it", "weights", "a*/b\"\\?\?/\n\xc3", "last"};

static char *text_of(void (*emit)(const mn_mcu_model *, FILE *)) {
    const mn_mcu_model model = {"net", "net.tflite", &program, step_names, NULL, 0.5f, 0.25f, -1, 7};
    FILE *file = tmpfile();
    char *text = calloc(1, 1 << 16);
    assert_non_null(file);
    assert_non_null(text);
    emit(&model, file);
    rewind(file);
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    return text;
}

static void expect(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("'%s' is not in:\n%s", part, text);
}

static void sizes_are_constants(void **unused) {
    (void)unused;
    char *text = text_of(mn_mcu_emit_header);
    expect(text, "#define NET_WIDTH 4\n");
    expect(text, "#define NET_ROW_BYTES 12\n");
    expect(text, "#define NET_INPUT_SCALE 0.5f\n");
    expect(text, "#define NET_SCORES 8\n");
    expect(text, "#define NET_SCORE_ZERO (7)\n");
    expect(text, "#define NET_ARENA_BYTES 96\n");
    expect(text, "#define NET_WEIGHT_BYTES 12\n");
    assert_null(strstr(text, "net_input(")); /* rows arrive */
    assert_null(strstr(text, "rgb"));        /* no picture */
    free(text);
}

static void numbers_are_the_same(void **unused) {
    (void)unused;
    char *text = text_of(mn_mcu_emit_weights);
    expect(text, "    1,-2,3,-128,127,0,0,0,\n");
    expect(text, "/* 8: step 3, last */\n    9,8,7,6,\n");
    free(text);
    text = text_of(mn_mcu_emit_source);
    expect(text, "bias_2[2] = {\n    -2147483647-1,2147483647,\n");
    expect(text, "fine_3[2] = {\n    65535,1,\n");
    expect(text, "params_1 = {net_weights + 0};");
    expect(text, "params_2 = {NULL, bias_2, multiplier_2, NULL, shift_2, border_123, 3, 2, 4, -128, 127, 1};");
    expect(text, "params_3 = {net_weights + 8, bias_3, multiplier_3, fine_3, shift_3, NULL, 2, 2, -3, -3, 100, 0};");
    expect(text, "window_2 = {1, 1, 2, 2, 1, 1, 0, 0};");
    expect(text, "    {&params_2, &window_2, 88, {0, 1}, 2, 2, MN_MCU_CONV, 0}, /* 2 */\n");
    expect(text, "40 multiply-accumulates");
    free(text);
}

static void names_of_layers_end_no_comment(void **unused) {
    (void)unused;
    char *text = text_of(mn_mcu_emit_source);
    expect(text, "/* Step 2: CONV, a/b/... */\n");
    expect(text, "    \"a/b/..\",\n");
    expect(text, "    \"input\",\n");
    free(text);
}

static void lines_are_short(void **unused) {
    (void)unused;
    int8_t values[300];
    memset(values, -128, sizeof values);
    FILE *file = tmpfile();
    char line[256];
    assert_non_null(file);
    mn_emit_bytes(values, sizeof values, sizeof values, file);
    rewind(file);
    while (fgets(line, sizeof line, file)) assert_true(strlen(line) <= 121);
    fclose(file);
}

static void the_runtime_is_text(void **unused) {
    (void)unused;
    bool found = false;
    for (int32_t i = 0; i < mn_mcu_file_count; i++) {
        const mn_mcu_file *file = &mn_mcu_files[i];
        char path[256];
        assert_true(file->bytes > 100);
        snprintf(path, sizeof path, "src/kernels/mcu/%s", file->name);
        FILE *original = fopen(path, "rb");
        assert_non_null(original);
        for (size_t k = 0; k < file->bytes; k++) assert_int_equal(fgetc(original), (unsigned char)file->text[k]);
        assert_int_equal(fgetc(original), EOF);
        fclose(original);
        found = found || strcmp(file->name, "mn_mcu.h") == 0;
    }
    assert_true(found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_identifiers_are_names),
        cmocka_unit_test(sizes_are_constants),
        cmocka_unit_test(numbers_are_the_same),
        cmocka_unit_test(names_of_layers_end_no_comment),
        cmocka_unit_test(lines_are_short),
        cmocka_unit_test(the_runtime_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
