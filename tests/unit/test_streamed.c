/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Sessions whose plans are streamed: the bytes of whole tensors, in less memory. Run in the repository root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mobilenet_inspect.h"
#include "session/model.h"
#include "support/model_builder.h"
#include "support/rounds.h"

#define REAL "../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* ---- Running ---------------------------------------------------------------------------------------------- */

typedef struct variant {
    const char *cpu;
    int32_t threads, batch;
} variant;

static mn_session *open_session(const mn_model *model, const variant *v, bool streamed) {
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    options.threads = v->threads;
    options.batch = v->batch;
    options.cpu = v->cpu;
    options.streamed = streamed;
    expect_ok(mn_session_create(model, &options, &session));
    return session;
}

static void fill_inputs(const mn_model *model, mn_session *session, uint32_t seed) {
    for (int32_t k = 0; k < mn_model_input_count(model); k++) {
        mn_tensor_info in = MN_INIT(mn_tensor_info);
        expect_ok(mn_session_tensor(session, mn_model_input(model, k), &in));
        uint8_t *bytes = mn_session_input(session, k);
        for (size_t i = 0; i < in.bytes / mn_type_size(in.type); i++) {
            seed = seed * 1664525u + 1013904223u;
            if (in.type == MN_FLOAT32) {
                ((float *)(void *)bytes)[i] = (float)(seed >> 16) * 0x1p-15f - 1;
            } else {
                bytes[i] = (uint8_t)(seed >> 24);
            }
        }
    }
}

/* Slices cover every row of every step that somebody needs at most once, each step's in order. */
static void check_slices(const mn_session *session) {
    int32_t *next = calloc((size_t)mn_session_step_count(session), sizeof *next);
    assert_non_null(next);
    for (int32_t i = 0; i < mn_session_slice_count(session); i++) {
        mn_slice_info slice = MN_INIT(mn_slice_info);
        mn_step_info step = MN_INIT(mn_step_info);
        expect_ok(mn_session_slice(session, i, &slice));
        expect_ok(mn_session_step(session, slice.step, &step));
        assert_int_equal(slice.first, next[slice.step]);
        next[slice.step] += slice.units;
        assert_true(next[slice.step] <= step.units);
    }
    free(next);
}

/* Runs twice, so that nothing counts on what a first run leaves; returns slices. */
static int32_t compare(const mn_model *model, const variant *v, const char *what) {
    mn_session *whole = open_session(model, v, false), *streamed = open_session(model, v, true);
    check_slices(streamed);
    for (uint32_t seed = 1; seed <= 2; seed++) {
        fill_inputs(model, whole, seed);
        fill_inputs(model, streamed, seed);
        expect_ok(mn_session_run(whole));
        expect_ok(mn_session_run(streamed));
        for (int32_t i = 0; i < mn_model_output_count(model); i++) {
            mn_tensor_info out = MN_INIT(mn_tensor_info);
            expect_ok(mn_session_tensor(streamed, mn_model_output(model, i), &out));
            if (memcmp(mn_session_output(whole, i), mn_session_output(streamed, i), out.bytes) != 0) {
                fail_msg("%s: output %d differs with %s, batch %d, run %u", what, i, v->cpu, v->batch, seed);
            }
        }
    }
    const int32_t slices = mn_session_slice_count(streamed);
    mn_session_close(&whole);
    mn_session_close(&streamed);
    return slices;
}

static const mn_type types[] = {MN_INT8, MN_UINT8, MN_FLOAT32};

static void test_random_networks(void **state) {
    (void)state;
    const int32_t models = tests_run_long() ? 300 : 160; /* quick enough for sanitizers, too */
    int32_t sliced = 0, networks = 0;
    for (uint32_t seed = 1; seed <= (uint32_t)models; seed++) {
        char what[40];
        model_builder b;
        mn_model *model = NULL;
        mb_classifier(&b, types[seed % 3], seed, 4 + (int32_t)(seed % 20));
        expect_ok(mn_model_from_graph(&b.graph, &model));
        snprintf(what, sizeof what, "network %u", seed);
        const int32_t steps = mn_model_op_count(model);
        /* Where kernels round otherwise above portable, those with rings may be of another tier. */
        const bool rounds = types[seed % 3] == MN_FLOAT32;
        const variant variants[] = {{.cpu = "ref"},
                                    {.cpu = "portable", .threads = 1 + (int32_t)(seed % 3)},
                                    {.cpu = rounds ? "portable" : NULL}};
        for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
            networks++;
            sliced += compare(model, &variants[i], what) > steps;
        }
        mn_model_close(&model);
    }
    print_message("%d of %d networks ran by rows\n", sliced, networks);
    assert_true(sliced > networks * 3 / 10); /* or this tests little */
}

/* ---- Files ------------------------------------------------------------------------------------------------ */

static void test_files(void **state) {
    (void)state;
    static const char *const files[] = {"tests/golden/tiny_v2_int8.tflite", "tests/golden/tiny_v2_uint8.tflite",
                                        "tests/golden/tiny_v2_float32.tflite"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        mn_model *model = NULL;
        expect_ok(mn_model_open(files[i], &model));
        for (int32_t batch = 1; batch <= 3; batch++) {
            const variant v = {.cpu = batch == 2 ? "ref" : "portable", .threads = batch, .batch = batch};
            assert_true(compare(model, &v, files[i]) > mn_model_op_count(model));
        }
        mn_model_close(&model);
    }
}

static void test_real_model(void **state) {
    (void)state;
    mn_model *model = NULL;
    if (mn_model_open(REAL, &model) != MN_OK) {
        print_message("SKIPPED: %s is missing\n", REAL);
        skip();
    }
    const variant best = {.cpu = NULL}, reference = {.cpu = "ref"};
    mn_stream_info info = MN_INIT(mn_stream_info);
    compare(model, &best, REAL);
    mn_session *session = open_session(model, &reference, true);
    expect_ok(mn_session_stream(session, &info));
    /* What a search by hand found: 200,256 and 125,664 bytes. */
    assert_int_equal(info.held_bytes, 198912);
    assert_int_equal(info.arriving_bytes, 125696);
    assert_int_equal(mn_session_arena_bytes(session), info.held_bytes);
    mn_session_close(&session);
    mn_model_close(&model);
}

/* ---- What is told, and refused ---------------------------------------------------------------------------- */

static void test_memory(void **state) {
    (void)state;
    mn_model *model = NULL;
    const variant v = {.cpu = "ref"};
    mn_stream_info info = MN_INIT(mn_stream_info);
    mn_slice_info slice = MN_INIT(mn_slice_info);
    expect_ok(mn_model_open("tests/golden/tiny_v2_int8.tflite", &model));
    mn_session *whole = open_session(model, &v, false), *streamed = open_session(model, &v, true);
    assert_true(mn_session_arena_bytes(streamed) <= mn_session_arena_bytes(whole) / 2);
    expect_ok(mn_session_stream(streamed, &info));
    assert_int_equal(info.held_bytes, mn_session_arena_bytes(streamed)); /* references want no workspace */
    assert_true(info.arriving_bytes < info.held_bytes);
    assert_true(info.chain_count > 1 && info.chain_count <= mn_session_step_count(streamed));
    int32_t rings = 0;
    for (int32_t t = 0; t < mn_model_tensor_count(model); t++) {
        mn_placement place = MN_INIT(mn_placement);
        if (mn_session_placement(streamed, t, &place) == MN_OK) rings += place.ring > 0;
    }
    assert_true(rings > 0);
    assert_int_equal(mn_session_stream(whole, &info), MN_ERROR_ARGUMENT);
    assert_non_null(strstr(mn_error_detail(), "not streamed"));
    assert_int_equal(mn_session_slice_count(whole), mn_session_step_count(whole));
    assert_int_equal(mn_session_slice(whole, mn_session_slice_count(whole), &slice), MN_ERROR_ARGUMENT);
    mn_session_close(&whole);
    mn_session_close(&streamed);
    mn_model_close(&model);
}

static void test_keeps_no_tensors(void **state) {
    (void)state;
    mn_model *model = NULL;
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    options.keep_tensors = options.streamed = 1;
    expect_ok(mn_model_open("tests/golden/tiny_v2_int8.tflite", &model));
    assert_int_equal(mn_session_create(model, &options, &session), MN_ERROR_ARGUMENT);
    assert_non_null(strstr(mn_error_detail(), "does not keep tensors"));
    mn_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks),  cmocka_unit_test(test_files),
        cmocka_unit_test(test_real_model),       cmocka_unit_test(test_memory),
        cmocka_unit_test(test_keeps_no_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
