/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* CUSTOM operators: what only a back end runs stays in the graph as the file has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "graph/describe.h"
#include "graph/graph.h"
#include "graph/shape.h"
#include "support/model_builder.h"
#include "tflite/read.h"
#include "tflite/write.h"

static const uint8_t options[] = {1, 4, 1, 0, 255, 10, 0};

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void expect_failure(mn_status got, mn_status wanted, const char *sentence) {
    assert_int_equal(got, wanted);
    if (!strstr(mn_error_detail(), sentence)) fail_msg("\"%s\" lacks \"%s\"", mn_error_detail(), sentence);
}

enum { COMMANDS, WEIGHTS, SCRATCH, IMAGE, MIDDLE, COUNTS, SCORES, TENSORS };

/* What Vela makes: a program with constants and scratch memory that nothing writes; here with two results of different
 * types, one of which RELU reads, and an input left out. */
static void compiled(model_builder *b) {
    mb_open(b, MN_INT8, 1);
    mb_constant(b, "commands", MN_UINT8, 1, (int32_t[]){40});
    mb_constant(b, "read_only", MN_UINT8, 1, (int32_t[]){64});
    mb_tensor(b, "scratch", MN_UINT8, 1, (int32_t[]){4096});
    mb_tensor(b, "image", MN_INT8, 4, (int32_t[]){1, 4, 4, 3});
    mb_tensor(b, "middle", MN_INT8, 2, (int32_t[]){1, 10});
    mb_tensor(b, "counts", MN_INT32, 1, (int32_t[]){5});
    mb_alike(b, "scores", MIDDLE, 2, (int32_t[]){1, 10});
    for (int32_t i = COMMANDS; i <= SCRATCH; i++) b->graph.tensors[i].quant = (mn_quant){0};
    mb_custom(b, "ethos-u", options, sizeof options, 6, (int32_t[]){COMMANDS, WEIGHTS, SCRATCH, SCRATCH, -1, IMAGE}, 2,
              (int32_t[]){MIDDLE, COUNTS});
    mb_op(b, MN_OP_RELU, 1, 1, (int32_t[]){MIDDLE}, SCORES);
    mb_ends(b, IMAGE, SCORES);
}

typedef struct written {
    model_builder b;
    uint8_t *data;
    mn_graph graph; /* read again */
} written;

static void write_and_read(written *w) {
    size_t bytes;
    expect_ok(mn_tflite_write(&w->b.graph, &w->data, &bytes));
    expect_ok(mn_tflite_read(w->data, bytes, "m", &w->graph));
}

static void forget(written *w) {
    mn_graph_free(&w->graph);
    mn_graph_free(&w->b.graph);
    free(w->data);
}

static void test_round_trip(void **state) {
    (void)state;
    static mn_metadata said[] = {{"OfflineMemoryAllocation", options, sizeof options}, {"empty", NULL, 0}};
    written w;
    compiled(&w.b);
    w.b.graph.ops[0].version = 7;
    w.b.graph.metadata = said;
    w.b.graph.metadata_count = 2;
    write_and_read(&w);
    expect_ok(mn_graph_check(&w.graph));
    const mn_op *op = &w.graph.ops[0];
    assert_int_equal(op->kind, MN_OP_CUSTOM);
    assert_int_equal(op->version, 7);
    assert_string_equal(op->attr.custom.name, "ethos-u");
    assert_int_equal(op->attr.custom.bytes, sizeof options);
    assert_memory_equal(op->attr.custom.options, options, sizeof options);
    assert_int_equal(op->input_count, 6);
    assert_memory_equal(op->inputs, w.b.graph.ops[0].inputs, 6 * sizeof op->inputs[0]);
    assert_memory_equal(op->outputs, w.b.graph.ops[0].outputs, 2 * sizeof op->outputs[0]);
    for (int32_t i = 0; i < TENSORS; i++) {
        const mn_tensor *a = &w.b.graph.tensors[i], *b = &w.graph.tensors[i];
        assert_int_equal(a->type, b->type);
        assert_int_equal(a->bytes, b->bytes);
        assert_int_equal(a->rank, b->rank);
        assert_memory_equal(a->dims, b->dims, sizeof a->dims);
    }
    const mn_metadata *memory = mn_graph_metadata(&w.graph, "OfflineMemoryAllocation");
    assert_non_null(memory);
    assert_int_equal(memory->bytes, sizeof options);
    assert_memory_equal(memory->data, options, sizeof options);
    assert_int_equal(mn_graph_metadata(&w.graph, "empty")->bytes, 0);
    assert_null(mn_graph_metadata(&w.graph, "min_runtime_version")); /* the writer's own */
    forget(&w);
}

/* A memory that a program does not use may be empty, but not one that others read. */
static void test_empty_memory(void **state) {
    (void)state;
    written w;
    compiled(&w.b);
    w.b.graph.tensors[2].dims[0] = 0;
    w.b.graph.tensors[2].bytes = 0;
    write_and_read(&w);
    expect_ok(mn_graph_check(&w.graph));
    assert_int_equal(w.graph.tensors[2].bytes, 1);
    mn_graph_free(&w.graph);
    free(w.data);
    w.b.graph.ops[1].inputs[0] = SCRATCH;
    size_t bytes;
    expect_ok(mn_tflite_write(&w.b.graph, &w.data, &bytes));
    expect_failure(mn_tflite_read(w.data, bytes, "m", &w.graph), MN_ERROR_FORMAT,
                   "tensor 2 (scratch): dimension 0 is 0; it must be positive");
    mn_graph_free(&w.b.graph);
    free(w.data);
}

/* The model that the tests of the commands look at is this one. */
static void test_golden_file(void **state) {
    (void)state;
    model_builder b;
    mn_map map;
    uint8_t *data;
    size_t bytes;
    compiled(&b);
    expect_ok(mn_tflite_write(&b.graph, &data, &bytes));
    expect_ok(mn_map_open("tests/golden/custom.tflite", &map));
    assert_int_equal(map.bytes, bytes);
    assert_memory_equal(map.data, data, bytes);
    mn_map_close(&map);
    free(data);
    mn_graph_free(&b.graph);
}

/* Two names are two entries in the file's list of codes, one name is one. */
static void test_names_are_told_apart(void **state) {
    (void)state;
    static const char *const names[] = {"a", "b", "a", "ab"};
    written w;
    mb_open(&w.b, MN_INT8, 1);
    int32_t x = mb_tensor(&w.b, "x", MN_INT8, 1, (int32_t[]){4});
    for (int32_t i = 0; i < 4; i++) {
        int32_t y = mb_alike(&w.b, "y", x, 1, (int32_t[]){4});
        mb_custom(&w.b, names[i], NULL, 0, 1, &x, 1, &y);
        x = y;
    }
    mb_ends(&w.b, 0, x);
    write_and_read(&w);
    for (int32_t i = 0; i < 4; i++) {
        assert_string_equal(w.graph.ops[i].attr.custom.name, names[i]);
        assert_int_equal(w.graph.ops[i].attr.custom.bytes, 0);
    }
    forget(&w);
}

static void test_description(void **state) {
    (void)state;
    model_builder b;
    mn_op_info info = MN_INIT(mn_op_info);
    compiled(&b);
    mn_graph_describe(&b.graph, &b.graph.ops[0], &info);
    assert_string_equal(info.name, "CUSTOM");
    assert_string_equal(info.options, "\"ethos-u\", 7 bytes of options");
    assert_int_equal(info.macs, 0);
    mn_graph_free(&b.graph);
}

/* ---- What the check refuses --------------------------------------------------------------------------- */

static void relu_of_scratch(model_builder *b) { b->graph.ops[1].inputs[0] = SCRATCH; }
static void scratch_as_output(model_builder *b) { b->graph.outputs[0] = SCRATCH; }
static void read_too_early(model_builder *b) { b->graph.ops[0].inputs[5] = SCORES; }
static void written_twice(model_builder *b) { b->graph.ops[0].outputs[1] = MIDDLE; }
static void no_outputs(model_builder *b) { b->graph.ops[0].output_count = 0, b->graph.ops[1].inputs[0] = IMAGE; }
static void no_inputs(model_builder *b) { b->graph.ops[0].input_count = 0; }
static void first_left_out(model_builder *b) { b->graph.ops[0].inputs[0] = -1; }
static void counts_added(model_builder *b) {
    int32_t sum = mb_tensor(b, "sum", MN_INT32, 1, (int32_t[]){5});
    mb_op(b, MN_OP_ADD, 1, 2, (int32_t[]){COUNTS, COUNTS}, sum);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        void (*damage)(model_builder *);
        const char *sentence;
    } cases[] = {
        {relu_of_scratch, "operator 1 (RELU): input tensor 2 (scratch) has no value yet"},
        {scratch_as_output, "model output 0 names tensor 2, which nothing computes"},
        {read_too_early, "operator 0 (CUSTOM \"ethos-u\"): input tensor 6 (scores) has no value yet"},
        {written_twice, "operator 0 (CUSTOM \"ethos-u\"): output tensor 4 (middle) already has a value"},
        {no_outputs, "operator 0 (CUSTOM \"ethos-u\"): has 6 inputs and 0 outputs"},
        {no_inputs, "operator 0 (CUSTOM \"ethos-u\"): has 0 inputs and 2 outputs"},
        {first_left_out, "operator 0 (CUSTOM \"ethos-u\"): input 0 is left out but required"},
        {counts_added, "operator 2 (ADD): works on integers that do not follow from shapes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        model_builder b;
        compiled(&b);
        cases[i].damage(&b);
        const mn_status status = mn_graph_check(&b.graph);
        expect_failure(status, i + 1 == sizeof cases / sizeof cases[0] ? MN_ERROR_UNSUPPORTED : MN_ERROR_FORMAT,
                       cases[i].sentence);
        mn_graph_free(&b.graph);
    }
}

/* ---- Other sizes --------------------------------------------------------------------------------------- */

/* Knows the first output, when asked by a context that says so: as many rows as there are images. */
static mn_status ask(void *context, int32_t op_index, int32_t output, const mn_shape *shapes, mn_shape *out,
                     bool *known) {
    assert_int_equal(op_index, 0);
    if (!*(const bool *)context) return MN_OK;
    *known = true;
    if (output == 0) out->dims[0] = shapes[IMAGE].dims[0];
    return MN_OK;
}

static mn_status infer(const mn_graph *graph, int32_t batch, const mn_custom_shapes *custom, mn_shape *shapes) {
    for (int32_t i = 0; i < TENSORS; i++) shapes[i] = mn_tensor_shape(&graph->tensors[i]);
    shapes[IMAGE].dims[0] = batch;
    return mn_graph_infer_shapes(graph, shapes, custom);
}

static void test_resized(void **state) {
    (void)state;
    static const char *const refusal =
        "operator 0 (CUSTOM \"ethos-u\"): nobody says what it makes of inputs of another";
    model_builder b;
    mn_shape shapes[TENSORS];
    bool knows = false;
    const mn_custom_shapes asked = {ask, &knows};
    compiled(&b);
    expect_ok(mn_graph_check(&b.graph));
    expect_ok(infer(&b.graph, 1, NULL, shapes));
    expect_failure(infer(&b.graph, 3, NULL, shapes), MN_ERROR_UNSUPPORTED, refusal);
    expect_failure(infer(&b.graph, 3, &asked, shapes), MN_ERROR_UNSUPPORTED, refusal);
    knows = true;
    expect_ok(infer(&b.graph, 3, &asked, shapes));
    assert_int_equal(shapes[SCORES].dims[0], 3);
    assert_int_equal(shapes[COUNTS].dims[0], 5);
    mn_graph_free(&b.graph);
}

/* ---- Nobody runs it ------------------------------------------------------------------------------------ */

static void test_no_session(void **state) {
    (void)state;
    static const struct {
        const char *name, *sentence;
    } cases[] = {
        {"ethos-u", "operator 0 (CUSTOM \"ethos-u\"): no delegate claims it, and no kernel here computes it; it is a "
                    "program for an Arm Ethos-U, made by Vela: emulate that with --npu=emulate, run it with "
                    "--external_delegate_path="},
        {"FlexErf", "convert the model without SELECT_TF_OPS, or give the session a delegate"},
        {"mine", "convert the model without it, or give the session a delegate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        model_builder b;
        uint8_t *data;
        size_t bytes;
        mn_model *model = NULL;
        mn_session *session = NULL;
        mn_op_info info = MN_INIT(mn_op_info);
        compiled(&b);
        b.graph.ops[0].attr.custom.name = cases[i].name;
        expect_ok(mn_tflite_write(&b.graph, &data, &bytes));
        expect_ok(mn_model_from_memory(data, bytes, "m", &model));
        expect_ok(mn_model_op(model, 0, &info));
        assert_non_null(strstr(info.options, cases[i].name));
        expect_failure(mn_session_create(model, NULL, &session), MN_ERROR_UNSUPPORTED, cases[i].sentence);
        assert_null(session);
        mn_model_close(&model);
        free(data);
        mn_graph_free(&b.graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_empty_memory),
        cmocka_unit_test(test_golden_file), cmocka_unit_test(test_names_are_told_apart),
        cmocka_unit_test(test_description), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_resized),     cmocka_unit_test(test_no_session),
    };
    return cmocka_run_group_tests_name("custom", tests, NULL, NULL);
}
