/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Comparing networks: what counts as a difference, and sessions of the second that are made otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "quant/compare.h"
#include "tflite/read.h"

#define MODEL "tests/golden/tiny_v2_int8.tflite"
enum { SAMPLES = 3 };

typedef struct fixture {
    mn_map map[2];
    mn_graph graph[2];
    uint8_t *pixels;
    mn_samples samples;
    mn_difference *differences;
    int32_t count;
} fixture;

/* The same model twice. */
static void open_fixture(fixture *f) {
    *f = (fixture){0};
    for (int32_t i = 0; i < 2; i++) {
        assert_int_equal(mn_map_open(MODEL, &f->map[i]), MN_OK);
        assert_int_equal(mn_tflite_read(f->map[i].data, f->map[i].bytes, MODEL, &f->graph[i]), MN_OK);
        assert_int_equal(mn_graph_check(&f->graph[i]), MN_OK);
    }
    const size_t elements = f->graph[0].tensors[f->graph[0].inputs[0]].bytes;
    f->pixels = malloc(SAMPLES * elements);
    assert_non_null(f->pixels);
    for (size_t i = 0; i < SAMPLES * elements; i++) f->pixels[i] = (uint8_t)(i * i / 7);
    f->samples = (mn_samples){.count = SAMPLES, .elements = elements, .pixels = f->pixels, .meaning = {-1, 1}};
}

static mn_status compare(fixture *f, const mn_compare_options *options) {
    return mn_compare(&f->graph[0], &f->graph[1], &f->samples, 2, options, NULL, &f->differences, &f->count);
}

static void close_fixture(fixture *f) {
    free(f->differences);
    free(f->pixels);
    for (int32_t i = 0; i < 2; i++) {
        mn_graph_free(&f->graph[i]);
        mn_map_close(&f->map[i]);
    }
}

static void test_equal(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    assert_int_equal(compare(&f, NULL), MN_OK);
    assert_true(f.count > 10);
    for (int32_t i = 0; i < f.count; i++) {
        assert_int_equal(f.differences[i].changed, 0);
        assert_true(f.differences[i].most == 0);
    }
    close_fixture(&f);
}

/* One bias that is larger by 100,000 steps of its accumulator moves one channel of its layer, and nothing before it. */
static void test_first_difference(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    const int32_t changed_op = 3;
    int32_t found = 0;
    mn_op *op = &f.graph[1].ops[changed_op];
    mn_tensor *bias = &f.graph[1].tensors[op->inputs[2]];
    const mn_tensor *output = &f.graph[1].tensors[op->outputs[0]];
    int32_t *copy = malloc(bias->bytes);
    assert_non_null(copy);
    memcpy(copy, bias->data, bias->bytes);
    copy[0] += 100000;
    bias->data = copy;
    assert_int_equal(compare(&f, NULL), MN_OK);
    for (int32_t i = 0; i < f.count; i++) {
        const mn_difference *d = &f.differences[i];
        if (d->op < changed_op) assert_int_equal(d->changed, 0);
        if (d->op != changed_op) continue;
        found++;
        const int32_t channels = output->dims[output->rank - 1];
        assert_in_range(d->changed, 1, SAMPLES * (int64_t)output->bytes / channels);
        assert_true(d->most >= (double)output->quant.scale[0] * 0.99);
        assert_true(d->most <= (double)output->quant.scale[0] * 256);
    }
    assert_int_equal(found, 1);
    free(copy);
    close_fixture(&f);
}

static void test_second_options(void **state) {
    (void)state;
    fixture f;
    mn_session_options second = MN_INIT(mn_session_options);
    open_fixture(&f);
    second.cpu = "warp";
    assert_int_equal(compare(&f, &(mn_compare_options){.second = &second}), MN_ERROR_ARGUMENT);
    second.cpu = "ref";
    assert_int_equal(compare(&f, &(mn_compare_options){.second = &second}), MN_OK);
    for (int32_t i = 0; i < f.count; i++) assert_int_equal(f.differences[i].changed, 0);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_first_difference),
        cmocka_unit_test(test_second_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
