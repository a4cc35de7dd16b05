/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Models that are read instead of mapped: what happens to the file then, and what may be read. Run in the repository
 * root. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/map.h"
#include "mobilenet.h"

#define MODEL "tests/golden/tiny_v2_int8.tflite"

static void write_file(const char *path, const mn_map *map) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(map->data, 1, map->bytes, file), map->bytes);
    assert_int_equal(fclose(file), 0);
}

static mn_model *open_read(const char *path) {
    mn_model *model = NULL;
    mn_model_options options = MN_INIT(mn_model_options);
    assert_false(options.read);
    options.read = true;
    if (mn_model_open_with(path, &options, &model) != MN_OK) fail_msg("%s", mn_error_detail());
    return model;
}

/* Runs the model on a pattern; a sum of the outputs' bytes, weighted by place. */
static uint32_t run(const mn_model *model) {
    mn_session *session = NULL;
    mn_tensor_info in = MN_INIT(mn_tensor_info);
    mn_tensor_info out = MN_INIT(mn_tensor_info);
    if (mn_session_create(model, NULL, &session) != MN_OK) fail_msg("%s", mn_error_detail());
    assert_int_equal(mn_session_tensor(session, mn_model_input(model, 0), &in), MN_OK);
    assert_int_equal(mn_session_tensor(session, mn_model_output(model, 0), &out), MN_OK);
    for (size_t i = 0; i < in.bytes; i++) ((uint8_t *)mn_session_input(session, 0))[i] = (uint8_t)(i * 37);
    assert_int_equal(mn_session_run(session), MN_OK);
    uint32_t sum = 1;
    for (size_t i = 0; i < out.bytes; i++) sum = sum * 31 + ((const uint8_t *)mn_session_output(session, 0))[i];
    mn_session_close(&session);
    return sum;
}

static uint32_t run_mapped(void) {
    mn_model *model = NULL;
    if (mn_model_open_with(MODEL, NULL, &model) != MN_OK) fail_msg("%s", mn_error_detail());
    const uint32_t sum = run(model);
    mn_model_close(&model);
    return sum;
}

/* A session packs weights, so a model whose file is gone must still have them. */
static void test_cut_short_while_open(void **state) {
    (void)state;
    char path[] = "build-test-model-XXXXXX";
    const int file = mkstemp(path);
    mn_map map;
    assert_true(file >= 0);
    assert_int_equal(mn_map_open(MODEL, &map), MN_OK);
    write_file(path, &map);
    mn_map_close(&map);
    mn_model *model = open_read(path);
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(run(model), run_mapped());
    mn_model_close(&model);
    close(file);
    unlink(path);
}

static void test_pipe(void **state) {
    (void)state;
    int ends[2];
    char path[32];
    mn_map map;
    assert_int_equal(mn_map_open(MODEL, &map), MN_OK);
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    if (access(path, R_OK) != 0 || map.bytes > 60000) skip();
    assert_int_equal(write(ends[1], map.data, map.bytes), map.bytes); /* no more than a pipe holds */
    close(ends[1]);
    mn_map_close(&map);
    mn_model *model = open_read(path);
    close(ends[0]);
    assert_int_equal(run(model), run_mapped());
    mn_model_close(&model);
}

/* Bytes that begin anywhere, as those of another program's memory may. */
static void test_unaligned(void **state) {
    (void)state;
    mn_map map;
    mn_model *model = NULL;
    assert_int_equal(mn_map_open(MODEL, &map), MN_OK);
    uint8_t *bytes = malloc(map.bytes + 3);
    assert_non_null(bytes);
    for (size_t shift = 1; shift < 4; shift++) {
        memcpy(bytes + shift, map.data, map.bytes);
        assert_int_equal(mn_model_from_memory(bytes + shift, map.bytes, "shifted", &model), MN_OK);
        assert_int_equal(run(model), run_mapped());
        mn_model_close(&model);
    }
    free(bytes);
    mn_map_close(&map);
}

static void test_failures(void **state) {
    (void)state;
    mn_model *model = NULL;
    mn_model_options options = MN_INIT(mn_model_options);
    options.read = true;
    assert_int_equal(mn_model_open_with("no such file", &options, &model), MN_ERROR_IO);
    assert_int_equal(mn_model_open_with("tests", &options, &model), MN_ERROR_IO);
    assert_non_null(strstr(mn_error_detail(), "tests: is a folder"));
    assert_int_equal(mn_model_open_with("/dev/null", &options, &model), MN_ERROR_IO);
    assert_non_null(strstr(mn_error_detail(), "/dev/null: is empty"));
    assert_null(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_short_while_open),
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_unaligned),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests_name("model open", tests, NULL, NULL);
}
