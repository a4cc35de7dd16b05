/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What is told of a program: every step and buffer, sums that are right, and a picture that is well formed. Run in the
 * repository root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/map.h"

static mn_model *model;
static mn_mcu_built built;

static void build(size_t ram) {
    const mn_mcu_options options = {.ram = ram};
    assert_int_equal(mn_model_open("tests/golden/tiny_v2_int8.tflite", &model), MN_OK);
    assert_int_equal(mn_mcu_build(model, &options, &built), MN_OK);
}

static void close_all(void) {
    mn_mcu_built_free(&built);
    mn_model_close(&model);
}

static char *read_back(FILE *file) {
    enum { MOST = 1 << 17 };
    char *text = calloc(1, MOST);
    assert_non_null(text);
    rewind(file);
    assert_true(fread(text, 1, MOST - 1, file) > 0);
    fclose(file);
    return text;
}

static int32_t count_of(const char *text, const char *word) {
    int32_t count = 0;
    for (; (text = strstr(text, word)); text += strlen(word)) count++;
    return count;
}

static void test_text(void **state) {
    (void)state;
    char end[160];
    FILE *file = tmpfile();
    assert_non_null(file);
    build(0);
    mn_mcu_map_text(&built, 40, file);
    char *text = read_back(file);
    assert_int_equal(count_of(text, "    -\n"), built.program.chain_count - 1);
    for (int32_t s = 0; s < built.program.step_count; s++) {
        assert_non_null(strstr(text, mn_mcu_kind_name(built.program.steps[s].kind)));
    }
    snprintf(end, sizeof end,
             "\narena %u bytes; weights %zu bytes, of which %lld are read, %.2f times, in %.1f ms at 40 MB/s\n",
             built.program.arena_bytes, built.weight_bytes, (long long)built.read_bytes,
             (double)built.read_bytes / (double)built.weight_bytes, (double)built.read_bytes / 40000);
    assert_non_null(strstr(text, end));
    free(text);
    close_all();
}

static void test_picture(void **state) {
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    build(2400);
    mn_mcu_map_svg(&built, file);
    char *text = read_back(file);
    assert_memory_equal(text, "<svg ", 5);
    assert_string_equal(text + strlen(text) - 7, "</svg>\n");
    int32_t loads = 0, buffers = 0;
    for (int32_t t = 0; t < built.program.tensor_count; t++) {
        loads += built.tensors[t].is_load;
        buffers += !built.tensors[t].is_view;
    }
    assert_true(loads > 0);
    assert_int_equal(count_of(text, "#c8553d"), loads + 1); /* and what the colour means */
    assert_true(count_of(text, "<rect ") > buffers);
    free(text);
    close_all();
}

static void test_kinds_have_names(void **state) {
    (void)state;
    for (uint8_t kind = 0; kind < MN_MCU_KINDS; kind++) assert_non_null(mn_mcu_kind_name(kind));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_picture),
        cmocka_unit_test(test_kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
