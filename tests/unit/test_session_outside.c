/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Sessions whose inputs and outputs lie in the caller's memory: the bits of any other session, wherever that memory is,
 * and inputs stay as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/model.h"
#include "session/session.h"
#include "support/model_builder.h"

enum { NETWORKS = 90, RUNS = 3 };

static const mn_type types[] = {MN_FLOAT32, MN_INT8, MN_UINT8};

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static size_t bytes_of(const mn_session *session, int32_t tensor) { return session->tensors[tensor].bytes; }

/* As floats: small numbers. */
static void fill(uint8_t *to, size_t bytes, int run) {
    for (size_t i = 0; i < bytes; i++) to[i] = (uint8_t)((i + (size_t)run * 7) * 37 % 61);
}

/* Memory that begins at an element's alignment and no better, and ends with its last element. */
typedef struct odd {
    uint8_t *block, *at;
    size_t bytes;
} odd;

static odd odd_open(size_t bytes, mn_type type) {
    odd made = {.block = malloc(64 + mn_type_size(type) + bytes), .bytes = bytes};
    assert_non_null(made.block);
    made.at = made.block + 64 - (uintptr_t)made.block % 64 + mn_type_size(type);
    return made;
}

/* One run of both, with new memory for the one. */
static void compare_run(mn_session *plain, mn_session *outside, int run) {
    const mn_graph *graph = plain->graph;
    const int32_t input = graph->inputs[0];
    assert_int_equal(graph->input_count, 1);
    odd from = odd_open(bytes_of(plain, input), graph->tensors[input].type), *to;
    to = calloc((size_t)graph->output_count, sizeof *to);
    assert_non_null(to);
    fill(from.at, from.bytes, run);
    memcpy(mn_session_input(plain, 0), from.at, from.bytes);
    mn_session_put_input(outside, 0, from.at);
    for (int32_t i = 0; i < graph->output_count; i++) {
        to[i] = odd_open(bytes_of(plain, graph->outputs[i]), graph->tensors[graph->outputs[i]].type);
        if (mn_session_put_output(outside, i, to[i].at)) assert_ptr_equal(mn_session_output(outside, i), to[i].at);
    }
    expect_ok(mn_session_run(plain));
    expect_ok(mn_session_run(outside));
    for (int32_t i = 0; i < graph->output_count; i++) {
        assert_memory_equal(mn_session_output(outside, i), mn_session_output(plain, i), to[i].bytes);
        free(to[i].block);
    }
    uint8_t *before = malloc(from.bytes);
    fill(before, from.bytes, run);
    assert_memory_equal(from.at, before, from.bytes);
    free(before);
    free(from.block);
    free(to);
}

static void compare(const mn_model *model, int32_t threads) {
    mn_session_options options = MN_INIT(mn_session_options);
    mn_session *plain = NULL, *outside = NULL;
    options.threads = threads;
    expect_ok(mn_session_create(model, &options, &plain));
    expect_ok(mn_session_create_outside(model, &options, &outside));
    assert_true(mn_session_arena_bytes(outside) <= mn_session_arena_bytes(plain) || threads > 1);
    assert_int_equal(outside->plan.offset[model->graph.inputs[0]], MN_NO_OFFSET);
    for (int run = 0; run < RUNS; run++) compare_run(plain, outside, run);
    mn_session_close(&plain);
    mn_session_close(&outside);
}

static void test_random_networks(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < NETWORKS; seed++) {
        model_builder b;
        mn_model *model = NULL;
        mb_classifier(&b, types[seed % 3], seed, (int32_t)(seed % 12));
        expect_ok(mn_model_from_graph(&b.graph, &model));
        compare(model, 1 + (int32_t)(seed / 3 % 2));
        mn_model_close(&model);
    }
}

static void test_fused_networks(void **state) {
    (void)state;
    static const char *const files[] = {"tests/golden/tiny_v2_int8.tflite", "tests/golden/tiny_v2_float32.tflite"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        mn_model *model = NULL;
        expect_ok(mn_model_open(files[i], &model));
        compare(model, 1);
        compare(model, 2);
        mn_model_close(&model);
    }
}

/* RELU could write over its operand, and RESHAPE is its operand's memory: here neither may be. */
static void test_ends_that_meet(void **state) {
    (void)state;
    int32_t relu_in[] = {0}, relu_out[] = {1}, shape_out[] = {2}, again_out[] = {3}, ends[] = {1, 2, 3};
    mn_op ops[] = {
        {.kind = MN_OP_RELU, .version = 1, .input_count = 1, .inputs = relu_in, .output_count = 1, .outputs = relu_out},
        {.kind = MN_OP_RESHAPE,
         .version = 1,
         .input_count = 1,
         .inputs = relu_out,
         .output_count = 1,
         .outputs = shape_out,
         .attr = {.list_count = 1, .list = {12}}},
        {.kind = MN_OP_RESHAPE,
         .version = 1,
         .input_count = 1,
         .inputs = relu_in,
         .output_count = 1,
         .outputs = again_out,
         .attr = {.list_count = 1, .list = {12}}}};
    mn_tensor tensors[] = {{.name = "in", .type = MN_FLOAT32, .rank = 2, .dims = {3, 4}, .bytes = 48},
                           {.name = "relu", .type = MN_FLOAT32},
                           {.name = "flat", .type = MN_FLOAT32},
                           {.name = "flat_in", .type = MN_FLOAT32}};
    const mn_graph graph = {.name = "ends",
                            .description = "",
                            .tensor_count = 4,
                            .tensors = tensors,
                            .op_count = 3,
                            .ops = ops,
                            .input_count = 1,
                            .inputs = relu_in,
                            .output_count = 3,
                            .outputs = ends};
    mn_graph own;
    mn_model *model = NULL;
    mn_session *session = NULL;
    float in[12] = {-1, 2}, out[3][12];
    expect_ok(mn_graph_share(&graph, &own));
    expect_ok(mn_model_from_graph(&own, &model));
    expect_ok(mn_session_create_outside(model, NULL, &session));
    mn_session_put_input(session, 0, in);
    assert_true(mn_session_put_output(session, 0, out[0]));
    assert_false(mn_session_put_output(session, 1, out[1])); /* the memory of output 0 */
    assert_false(mn_session_put_output(session, 2, out[2])); /* the memory of the input */
    expect_ok(mn_session_run(session));
    assert_true(in[0] == -1 && in[1] == 2 && out[0][0] == 0 && out[0][1] == 2);
    assert_ptr_equal(mn_session_output(session, 1), out[0]);
    assert_ptr_equal(mn_session_output(session, 2), in);
    mn_session_close(&session);
    mn_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_networks), cmocka_unit_test(test_fused_networks),
                                       cmocka_unit_test(test_ends_that_meet)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
