/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* libmobilenet_delegate.so, loaded by its file into an interpreter of our own: the bytes of a session, whatever the
 * interpreter does that TensorFlow Lite's may do; one sentence for each failure, and nothing left behind. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/session.h"
#include "support/tfl_interpreter.h"

#define MODEL "tests/golden/tiny_v2_int8.tflite"
enum { INPUT_BYTES = 32 * 32 * 3, OUTPUT_BYTES = 10, CONV = 5, RUNS = 3 };

static tfl_create_delegate *create;
static tfl_destroy_delegate *destroy;
static mn_model *model;
static char refusal[512];

static int load(void **state) {
    (void)state;
    char path[4096];
    const char *build = getenv("MN_BUILD");
    snprintf(path, sizeof path, "%s/libmobilenet_delegate.so", build ? build : "build");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        printf("SKIPPED: %s\n", dlerror());
        exit(77);
    }
    /* The way from data to functions that POSIX asks for. */
    *(void **)&create = dlsym(library, TFL_CREATE_NAME);
    *(void **)&destroy = dlsym(library, TFL_DESTROY_NAME);
    return create && destroy && mn_model_open(MODEL, &model) == MN_OK ? 0 : -1;
}

static int unload(void **state) {
    (void)state;
    mn_model_close(&model);
    return 0;
}

static void refuse(const char *sentence) { snprintf(refusal, sizeof refusal, "%s", sentence); }

/* With one option, or none. */
static tfl_delegate *make(const char *key, const char *value) {
    refusal[0] = '\0';
    return create(&key, &value, key ? 1 : 0, refuse);
}

static void fill(uint8_t *input, size_t bytes, uint32_t seed) {
    for (size_t i = 0; i < bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        input[i] = (uint8_t)(seed >> 24);
    }
}

/* What a session gives. */
static void expect(const mn_session_options *options, uint32_t seed, uint8_t *output) {
    mn_session *session = NULL;
    assert_int_equal(mn_session_create(model, options, &session), MN_OK);
    fill(mn_session_input(session, 0), session->tensors[model->graph.inputs[0]].bytes, seed);
    assert_int_equal(mn_session_run(session), MN_OK);
    memcpy(output, mn_session_output(session, 0), session->tensors[model->graph.outputs[0]].bytes);
    mn_session_close(&session);
}

static tfl_interpreter *open_with(tfl_delegate *delegate, int32_t vetoed) {
    tfl_interpreter *it = tfl_open(model, vetoed);
    assert_non_null(delegate);
    if (tfl_delegate_to(it, delegate) != TFL_OK || tfl_prepare(it) != TFL_OK) fail_msg("%s", it->errors);
    return it;
}

static void expect_runs(tfl_interpreter *it) {
    uint8_t input[INPUT_BYTES], output[OUTPUT_BYTES], wanted[OUTPUT_BYTES];
    for (uint32_t seed = 1; seed <= RUNS; seed++) {
        fill(input, sizeof input, seed);
        expect(NULL, seed, wanted);
        if (tfl_run(it, input, output) != TFL_OK) fail_msg("%s", it->errors);
        assert_memory_equal(output, wanted, sizeof wanted);
    }
}

static void test_whole_models_are_one_part(void **state) {
    (void)state;
    static const char *const options[][2] = {
        {NULL, NULL}, {"num_threads", "1"}, {"num_threads", "3"}, {"num_threads", "-1"}, {"cpu", "ref"}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        tfl_delegate *delegate = make(options[i][0], options[i][1]);
        tfl_interpreter *it = open_with(delegate, -1);
        assert_int_equal(tfl_parts(it), 1);
        expect_runs(it);
        assert_string_equal(it->errors, "");
        tfl_close(it);
        destroy(delegate);
    }
}

static void test_parts_around_what_stays(void **state) {
    (void)state;
    for (int32_t vetoed = 0; vetoed < model->graph.op_count; vetoed++) {
        if (model->graph.ops[vetoed].kind == MN_OP_ADD) continue;
        tfl_delegate *delegate = make(NULL, NULL);
        tfl_interpreter *it = open_with(delegate, vetoed);
        assert_int_equal(tfl_parts(it), vetoed == 0 || vetoed == model->graph.op_count - 1 ? 1 : 2);
        expect_runs(it);
        tfl_close(it);
        destroy(delegate);
    }
}

/* Shapes change between runs, and threads with them. */
static void test_other_shapes(void **state) {
    (void)state;
    static const int32_t shapes[][4] = {{1, 48, 40, 3}, {2, 32, 32, 3}, {1, 32, 32, 3}};
    tfl_delegate *delegate = make(NULL, NULL);
    tfl_interpreter *it = open_with(delegate, -1);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        static uint8_t input[2 * 48 * 48 * 3], output[2 * OUTPUT_BYTES], wanted[2 * OUTPUT_BYTES];
        mn_input_shape shape = {.rank = 4};
        memcpy(shape.dims, shapes[i], sizeof shapes[i]);
        mn_session_options options = MN_INIT(mn_session_options);
        options.input_shapes = &shape;
        options.input_shape_count = 1;
        it->context.recommended_num_threads = (int32_t)i + 1;
        if (tfl_resize(it, 4, shapes[i]) != TFL_OK) fail_msg("%s", it->errors);
        const tfl_tensor *result = &it->tensors[model->graph.outputs[0]];
        assert_int_equal(result->dims->size, 2);
        assert_int_equal(result->dims->data[0], shapes[i][0]);
        fill(input, it->tensors[model->graph.inputs[0]].bytes, 9);
        expect(&options, 9, wanted);
        if (tfl_run(it, input, output) != TFL_OK) fail_msg("%s", it->errors);
        assert_memory_equal(output, wanted, result->bytes);
    }
    tfl_close(it);
    destroy(delegate);
}

/* A shape that the network cannot take fails, and the next one may work. */
static void test_wrong_shapes(void **state) {
    (void)state;
    const int32_t wrong[] = {1, 32, 32, 4}, deep[] = {1, 1, 1, 1, 1, 1, 3}, right[] = {1, 32, 32, 3};
    tfl_delegate *delegate = make(NULL, NULL);
    tfl_interpreter *it = open_with(delegate, -1);
    uint8_t input[INPUT_BYTES + 1024] = {0}, output[OUTPUT_BYTES];
    assert_int_equal(tfl_resize(it, 4, wrong), TFL_DELEGATE_ERROR);
    assert_non_null(strstr(it->errors, "operator 0 (CONV_2D)"));
    assert_int_not_equal(tfl_run(it, input, output), TFL_OK);
    assert_non_null(strstr(it->errors, "a part is run that was not prepared"));
    assert_int_equal(tfl_resize(it, 7, deep), TFL_DELEGATE_ERROR);
    assert_non_null(strstr(it->errors, "has 7 dimensions; at most 6"));
    assert_int_equal(tfl_resize(it, 4, right), TFL_OK);
    expect_runs(it);
    tfl_close(it);
    destroy(delegate);
}

/* ---- What is not claimed --------------------------------------------------------------------------------- */

static tfl_interpreter *shown(int32_t *tensor) {
    *tensor = model->graph.ops[CONV].inputs[0];
    return tfl_open(model, -1);
}

/* Lets claim, and expects so many parts, and a reason for what stays. */
static void expect_stays(tfl_interpreter *it, int32_t parts, const char *reason) {
    tfl_delegate *delegate = make("verbose", "1");
    assert_int_equal(tfl_delegate_to(it, delegate), TFL_OK);
    if (tfl_parts(it) != parts || !strstr(it->errors, reason)) fail_msg("%d parts: %s", tfl_parts(it), it->errors);
    tfl_close(it);
    destroy(delegate);
}

static void test_reasons_to_stay(void **state) {
    (void)state;
    int32_t tensor;
    tfl_interpreter *it = shown(&tensor);
    it->tensors[tensor].type = TFL_STRING;
    expect_stays(it, 2, "node 5 stays: model: tensor 15 (block1_0/depthwise): its type is not supported");
    it = shown(&tensor);
    it->tensors[tensor].is_variable = true;
    expect_stays(it, 2, "it keeps its value between runs");
    it = shown(&tensor);
    it->tensors[tensor].sparsity = it;
    expect_stays(it, 2, "it is sparse");
    it = shown(&tensor);
    it->tensors[tensor].params.scale = 0;
    expect_stays(it, 2, "has no scale and zero point");
    it = shown(&tensor);
    it->tensors[tensor].quantization.type = 2;
    expect_stays(it, 2, "blockwise quantisation is not supported");
    it = shown(&tensor);
    it->registrations[CONV].version = 99;
    expect_stays(it, 2, "operator 5 (CONV_2D): version 99 is not supported");
    it = shown(&tensor);
    ((tfl_conv_options *)it->nodes[CONV].builtin_data)->padding = TFL_PADDING_UNKNOWN;
    expect_stays(it, 2, "padding -1 is not known");
    it = shown(&tensor);
    ((tfl_conv_options *)it->nodes[CONV].builtin_data)->activation = 4;
    expect_stays(it, 2, "TANH is not supported");
    it = shown(&tensor);
    ((tfl_conv_options *)it->nodes[CONV].builtin_data)->stride_width = 0;
    expect_stays(it, 2, "stride_w is 0");
    it = shown(&tensor);
    it->registrations[CONV].builtin_code = 101;
    expect_stays(it, 2, "operator 5 (ABS, code 101) is not supported");
    it = shown(&tensor);
    it->nodes[CONV].inputs->data[1] = 9999;
    expect_stays(it, 2, "tensor 9999 does not exist");
}

/* One zero point, or none, stands for as many as there are scales; another number is wrong. */
static void test_zero_points_of_channels(void **state) {
    (void)state;
    for (int32_t zeros = 0; zeros <= 2; zeros++) {
        tfl_delegate *delegate = make("verbose", "1");
        tfl_interpreter *it = tfl_open(model, -1);
        tfl_affine_quantization *channels = it->tensors[model->graph.ops[CONV].inputs[1]].quantization.params;
        assert_true(channels->scale->size > 2);
        channels->zero_point->size = zeros;
        assert_int_equal(tfl_delegate_to(it, delegate), TFL_OK);
        assert_int_equal(tfl_parts(it), zeros < 2 ? 1 : 2);
        if (zeros == 2) assert_non_null(strstr(it->errors, "it has not as many zero points as scales"));
        if (zeros < 2) {
            assert_int_equal(tfl_prepare(it), TFL_OK);
            expect_runs(it);
        }
        tfl_close(it);
        destroy(delegate);
    }
}

/* What is noted beside a bias follows from input and weights, so that a wrong note is no reason. */
static void test_wrong_notes_on_a_bias(void **state) {
    (void)state;
    tfl_delegate *delegate = make(NULL, NULL);
    tfl_interpreter *it = tfl_open(model, -1);
    tfl_tensor *bias = &it->tensors[model->graph.ops[CONV].inputs[2]];
    assert_int_equal(bias->type, TFL_INT32);
    bias->params = (tfl_quantization_params){.scale = 3, .zero_point = 4};
    bias->quantization.type = TFL_NO_QUANTIZATION;
    assert_int_equal(tfl_delegate_to(it, delegate), TFL_OK);
    assert_int_equal(tfl_parts(it), 1);
    assert_int_equal(tfl_prepare(it), TFL_OK);
    expect_runs(it);
    tfl_close(it);
    destroy(delegate);
}

static void test_nothing_to_claim(void **state) {
    (void)state;
    tfl_interpreter *it = tfl_open(model, -1);
    tfl_delegate *delegate = make(NULL, NULL);
    for (int32_t i = 0; i < it->op_count; i++) it->registrations[i].builtin_code = 101;
    assert_int_equal(tfl_delegate_to(it, delegate), TFL_OK);
    assert_int_equal(tfl_parts(it), 0);
    tfl_close(it);
    destroy(delegate);
}

/* ---- Failures -------------------------------------------------------------------------------------------- */

static void test_interpreters_that_fail(void **state) {
    (void)state;
    const int32_t dims[] = {2, 32, 32, 3};
    uint8_t input[INPUT_BYTES] = {0}, output[OUTPUT_BYTES];
    for (int fault = TFL_FAULT_PLAN; fault <= TFL_FAULT_MEMORY; fault++) {
        tfl_delegate *delegate = make(NULL, NULL);
        tfl_interpreter *it = tfl_open(model, -1);
        it->fault = (tfl_fault)fault;
        tfl_status status = tfl_delegate_to(it, delegate);
        assert_int_equal(status == TFL_OK, fault != TFL_FAULT_PLAN);
        if (status == TFL_OK) status = tfl_prepare(it);
        assert_int_equal(status == TFL_OK, fault == TFL_FAULT_RESIZE || fault == TFL_FAULT_MEMORY);
        if (fault == TFL_FAULT_RESIZE) assert_int_equal(tfl_resize(it, 4, dims), TFL_ERROR);
        if (fault == TFL_FAULT_MEMORY) assert_int_equal(tfl_run(it, input, output), TFL_DELEGATE_ERROR);
        static const char *const said[] = {"", "does not show its execution plan", "does not show node 0", "",
                                           "has 10 bytes and no memory"};
        assert_non_null(strstr(it->errors, said[fault]));
        tfl_close(it);
        destroy(delegate);
    }
}

static void expect_refused(const char *key, const char *value, const char *reason) {
    assert_null(make(key, value));
    if (!strstr(refusal, reason)) fail_msg("'%s' lacks '%s'", refusal, reason);
    assert_null(create(&key, &value, 1, NULL)); /* nobody wants to know */
}

static void test_options_are_checked(void **state) {
    (void)state;
    expect_refused("num_thread", "2", "'num_thread' is not known; there are num_threads, cpu and verbose");
    expect_refused("num_threads", "257", "use 1 to 256");
    expect_refused("num_threads", "0", "use 1 to 256");
    expect_refused("num_threads", "2x", "use 1 to 256");
    expect_refused("num_threads", "", "use 1 to 256");
    expect_refused("cpu", "abacus", "option cpu: ");
    expect_refused("verbose", "yes", "use 1 or 0");
    expect_refused("verbose", NULL, "no name or no value");
    assert_null(create(NULL, NULL, 1, refuse));
    destroy(NULL);
}

/* What old and new interpreters read is there, and zero where nothing is meant. */
static void test_what_interpreters_read(void **state) {
    (void)state;
    tfl_delegate *delegate = make(NULL, NULL);
    tfl_interpreter *it = open_with(delegate, -1);
    assert_int_equal(delegate->flags & ~TFL_FLAG_DYNAMIC_TENSORS, 0);
    assert_null(delegate->opaque_delegate_builder);
    const tfl_registration *part = &it->registrations[it->op_count];
    assert_null(part->registration_external);
    assert_null(part->async_kernel);
    assert_int_equal(part->inplace_operator, 0);
    assert_string_equal(part->custom_name, "mobilenet.c");
    tfl_close(it);
    destroy(delegate);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_models_are_one_part),
        cmocka_unit_test(test_parts_around_what_stays),
        cmocka_unit_test(test_other_shapes),
        cmocka_unit_test(test_wrong_shapes),
        cmocka_unit_test(test_reasons_to_stay),
        cmocka_unit_test(test_zero_points_of_channels),
        cmocka_unit_test(test_wrong_notes_on_a_bias),
        cmocka_unit_test(test_nothing_to_claim),
        cmocka_unit_test(test_interpreters_that_fail),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_what_interpreters_read),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
