/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Models of graphs in memory: they compute what they compute from a file, and are checked as strictly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "session/model.h"
#include "support/model_builder.h"
#include "tflite/write.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static mn_session *run(const mn_model *model) {
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    mn_tensor_info input = MN_INIT(mn_tensor_info);
    options.keep_tensors = true;
    expect_ok(mn_session_create(model, &options, &session));
    expect_ok(mn_session_tensor(session, mn_model_input(model, 0), &input));
    uint8_t *to = mn_session_input(session, 0);
    for (size_t i = 0; i < input.bytes; i++) to[i] = (uint8_t)(i * 37 % 61); /* as floats: small numbers */
    expect_ok(mn_session_run(session));
    return session;
}

static const mn_type types[] = {MN_FLOAT32, MN_INT8, MN_UINT8};

static void test_the_bits_of_a_file(void **state) {
    (void)state;
    for (uint32_t seed = 0; seed < 120; seed++) {
        model_builder b;
        uint8_t *data;
        size_t bytes;
        mn_model *file = NULL, *memory = NULL;
        mb_classifier(&b, types[seed % 3], seed, (int32_t)(seed % 12));
        expect_ok(mn_tflite_write(&b.graph, &data, &bytes));
        expect_ok(mn_model_from_memory(data, bytes, "m", &file));
        expect_ok(mn_model_from_graph(&b.graph, &memory));
        assert_null(b.graph.tensors); /* the model has them now */
        assert_int_equal(mn_model_file_bytes(memory), 0);
        mn_session *a = run(file), *c = run(memory);
        for (int32_t i = 0; i < mn_model_tensor_count(file); i++) {
            mn_tensor_info info = MN_INIT(mn_tensor_info);
            const void *theirs = mn_session_tensor_data(a, i), *ours = mn_session_tensor_data(c, i);
            expect_ok(mn_session_tensor(a, i, &info));
            assert_int_equal(theirs == NULL, ours == NULL);
            if (theirs) assert_memory_equal(theirs, ours, info.bytes);
        }
        mn_session_close(&a);
        mn_session_close(&c);
        mn_model_close(&file);
        mn_model_close(&memory);
        mn_graph_free(&b.graph);
        free(data);
    }
}

/* A shared graph changes without the one that it was made from. */
static void test_shared(void **state) {
    (void)state;
    model_builder b;
    mn_graph own;
    mn_model *model = NULL;
    mb_classifier(&b, MN_INT8, 7, 6);
    const int32_t count = b.graph.tensor_count;
    const int32_t rank = b.graph.tensors[b.graph.outputs[0]].rank;
    expect_ok(mn_graph_share(&b.graph, &own));
    assert_ptr_not_equal(own.ops[0].inputs, b.graph.ops[0].inputs);
    assert_ptr_equal(own.tensors[own.ops[0].inputs[0]].name, b.graph.tensors[b.graph.ops[0].inputs[0]].name);
    own.tensors[own.outputs[0]].rank = 0;
    own.ops[0].version = 1;
    expect_ok(mn_model_from_graph(&own, &model));
    assert_int_equal(b.graph.tensor_count, count);
    assert_int_equal(b.graph.tensors[b.graph.outputs[0]].rank, rank);
    mn_session *session = run(model);
    mn_session_close(&session);
    mn_model_close(&model);
    mn_graph_free(&b.graph);
}

/* ---- What a reader would refuse ------------------------------------------------------------------------- */

enum { IMAGE, WEIGHTS, BIAS, CONV, FLAT, SHAPE, SCORES };

/* image -> CONV_2D -> RESHAPE -> SOFTMAX */
static void build(model_builder *b) {
    mb_open(b, MN_INT8, 3);
    mb_tensor(b, "image", MN_INT8, 4, (int32_t[]){1, 4, 4, 3});
    mb_constant(b, "weights", MN_INT8, 4, (int32_t[]){5, 3, 3, 3});
    mb_quantise(b, WEIGHTS, 5, 0, 0.01f, 0);
    mb_constant(b, "bias", MN_INT32, 1, (int32_t[]){5});
    mb_tensor(b, "conv", MN_INT8, 4, (int32_t[]){1, 2, 2, 5});
    mb_alike(b, "flat", CONV, 2, (int32_t[]){1, 20});
    mb_list(b, "shape", 2, (int32_t[]){1, -1});
    mb_tensor(b, "scores", MN_INT8, 2, (int32_t[]){1, 20});
    mb_quantise(b, SCORES, 1, 0, 1.0f / 256, -128);
    mb_op(b, MN_OP_CONV_2D, 3, 3, (int32_t[]){IMAGE, WEIGHTS, BIAS}, CONV)->attr =
        (mn_op_attr){.stride_h = 2, .stride_w = 2, .dilation_h = 1, .dilation_w = 1, .padding = MN_PAD_SAME};
    mb_op(b, MN_OP_RESHAPE, 1, 2, (int32_t[]){CONV, SHAPE}, FLAT)->attr =
        (mn_op_attr){.list_count = 2, .list = {1, -1}};
    mb_op(b, MN_OP_SOFTMAX, 2, 1, (int32_t[]){FLAT}, SCORES)->attr.beta = 1;
    mb_ends(b, IMAGE, SCORES);
}

static mn_tensor *at(model_builder *b, int32_t i) { return &b->graph.tensors[i]; }
static mn_op_attr *conv(model_builder *b) { return &b->graph.ops[0].attr; }

static void nothing(model_builder *b) { (void)b; }
static void nameless(model_builder *b) { at(b, CONV)->name = NULL; }
static void typeless(model_builder *b) { at(b, CONV)->type = (mn_type)99; }
static void flat_as_a_book(model_builder *b) { at(b, IMAGE)->rank = MN_MAX_RANK + 1; }
static void empty(model_builder *b) { at(b, IMAGE)->dims[1] = 0; }
static void huge(model_builder *b) { at(b, IMAGE)->dims[1] = 1 << 28; }
static void short_contents(model_builder *b) { at(b, WEIGHTS)->bytes--; }
static void crooked(model_builder *b) { at(b, BIAS)->data = (const char *)at(b, BIAS)->data + 1; }
static void few_scales(model_builder *b) { at(b, WEIGHTS)->quant.count = 4; }
static void no_scales(model_builder *b) { at(b, CONV)->quant.scale = NULL; }
static void odd_axis(model_builder *b) { at(b, WEIGHTS)->quant.axis = 4; }
static void no_step(model_builder *b) { mb_quantise(b, CONV, 1, 0, 0, 0); }
static void far_zero(model_builder *b) { mb_quantise(b, CONV, 1, 0, 1, 128); }
static void crooked_channels(model_builder *b) { mb_quantise(b, WEIGHTS, 5, 0, 1, 1); }
static void no_kind(model_builder *b) { b->graph.ops[0].kind = MN_OP_KIND_COUNT; }
static void too_new(model_builder *b) { b->graph.ops[0].version = 9; }
static void no_weights(model_builder *b) { b->graph.ops[1].inputs[1] = -1; }
static void no_stride(model_builder *b) { conv(b)->stride_w = 0; }
static void far_dilation(model_builder *b) { conv(b)->dilation_h = MN_MAX_STRIDE + 1; }
static void odd_activation(model_builder *b) { conv(b)->activation = (mn_activation)7; }
static void odd_padding(model_builder *b) { conv(b)->padding = (mn_padding)2; }
static void two_open(model_builder *b) { b->graph.ops[1].attr.list[0] = -1; }
static void long_list(model_builder *b) { b->graph.ops[1].attr.list_count = MN_MAX_RANK + 1; }
static void cold(model_builder *b) { b->graph.ops[2].attr.beta = 0; }
static void no_tensor(model_builder *b) { b->graph.ops[2].inputs[0] = 100; }
static void early(model_builder *b) { b->graph.ops[0].inputs[0] = FLAT; }

static void test_refused(void **state) {
    (void)state;
    static const struct {
        void (*damage)(model_builder *);
        const char *sentence; /* NULL: not refused */
    } cases[] = {
        {nothing, NULL},
        {nameless, "test: tensor 3 (): it has no name or no type"},
        {typeless, "test: tensor 3 (conv): it has no name or no type"},
        {flat_as_a_book, "test: tensor 0 (image): its number of dimensions is out of range"},
        {empty, "test: tensor 0 (image): it has an empty dimension or is over 1 GiB"},
        {huge, "test: tensor 0 (image): it has an empty dimension or is over 1 GiB"},
        {short_contents, "test: tensor 1 (weights): its contents have another size than its shape"},
        {crooked, "test: tensor 2 (bias): its contents are not aligned to its type"},
        {few_scales, "test: tensor 1 (weights): its scales do not fit its shape"},
        {no_scales, "test: tensor 3 (conv): its scales do not fit its shape"},
        {odd_axis, "test: tensor 1 (weights): its scales do not fit its shape"},
        {no_step, "test: tensor 3 (conv): a scale is not positive and finite"},
        {far_zero, "test: tensor 3 (conv): a zero point is outside the range of its type"},
        {crooked_channels, "test: tensor 1 (weights): a zero point is outside the range of its type"},
        {no_kind, "test: operator 0 has an unknown kind"},
        {too_new, "test: operator 0 (CONV_2D): its version 9 is not known"},
        {no_weights, "test: operator 1 (RESHAPE): input 1 is left out but required"},
        {no_stride, "test: operator 0 (CONV_2D): its attributes are out of range"},
        {far_dilation, "test: operator 0 (CONV_2D): its attributes are out of range"},
        {odd_activation, "test: operator 0 (CONV_2D): its attributes are out of range"},
        {odd_padding, "test: operator 0 (CONV_2D): its attributes are out of range"},
        {two_open, "test: operator 1 (RESHAPE): its attributes are out of range"},
        {long_list, "test: operator 1 (RESHAPE): its attributes are out of range"},
        {cold, "test: operator 2 (SOFTMAX): its attributes are out of range"},
        {no_tensor, "test: operator 2 (SOFTMAX): input tensor 100 does not exist; the model has 7 tensors"},
        {early, "test: operator 0 (CONV_2D): input tensor 4 (flat) has no value yet: no constant data and no earlier "
                "operator"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        model_builder b;
        mn_model *model = NULL;
        build(&b);
        cases[i].damage(&b);
        const mn_status status = mn_model_from_graph(&b.graph, &model);
        if (!cases[i].sentence) expect_ok(status);
        if (cases[i].sentence) {
            assert_int_not_equal(status, MN_OK);
            assert_string_equal(mn_error_detail(), cases[i].sentence);
            assert_null(model);
            assert_non_null(b.graph.tensors); /* still the caller's */
        }
        mn_model_close(&model);
        mn_graph_free(&b.graph);
    }
}

/* SUM in 8 bits. That of int8 has no golden vectors, because LiteRT's reference reads it as uint8 (docs/numerics.md).
 */
static void test_sums(void **state) {
    (void)state;
    enum { ROWS = 3, COLUMNS = 5, FROM = 3, TO = -7, RATIO = 2 };
    static const int8_t values[ROWS][COLUMNS] = {
        {3, 4, 5, 6, -1}, {127, 127, 127, 127, 127}, {-128, -128, 127, -4, 100}};
    for (int32_t flipped = 0; flipped < 2; flipped++) { /* uint8: the same values, 128 higher */
        model_builder b;
        mn_model *model = NULL;
        mn_session *session = NULL;
        const mn_type type = flipped ? MN_UINT8 : MN_INT8;
        const int32_t shape[2] = {ROWS, COLUMNS}, rows = ROWS, higher = flipped ? 128 : 0;
        mb_open(&b, type, 1);
        const int32_t x = mb_tensor(&b, "x", type, 2, shape), y = mb_tensor(&b, "y", type, 1, &rows);
        mb_quantise(&b, x, 1, 0, 0.5f, FROM + higher);
        mb_quantise(&b, y, 1, 0, 0.5f / RATIO, TO + higher);
        mn_op *sum = mb_op(&b, MN_OP_SUM, 2, 2, (int32_t[]){x, mb_list(&b, "axis", 1, (int32_t[]){1})}, y);
        sum->attr.list_count = 1, sum->attr.list[0] = 1;
        mb_ends(&b, x, y);
        expect_ok(mn_model_from_graph(&b.graph, &model));
        expect_ok(mn_session_create(model, NULL, &session));
        uint8_t *to = mn_session_input(session, 0);
        for (int32_t i = 0; i < ROWS * COLUMNS; i++) to[i] = (uint8_t)(values[i / COLUMNS][i % COLUMNS] + higher);
        expect_ok(mn_session_run(session));
        const uint8_t *from = mn_session_output(session, 0);
        for (int32_t r = 0; r < ROWS; r++) {
            int32_t expected = TO;
            for (int32_t c = 0; c < COLUMNS; c++) expected += RATIO * (values[r][c] - FROM);
            expected = mn_clamp_i32(expected, INT8_MIN, INT8_MAX);
            assert_int_equal(from[r], (uint8_t)(expected + higher));
        }
        mn_session_close(&session);
        mn_model_close(&model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_bits_of_a_file),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests_name("model graph", tests, NULL, NULL);
}
