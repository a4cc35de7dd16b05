/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators that 8 bits have not, or whose scales TensorFlow Lite fixes: what becomes of them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "quant/compare.h"
#include "quant/prepare.h"
#include "quant/quantise.h"
#include "session/model.h"
#include "support/model_builder.h"
#include "tflite/read.h"
#include "tflite/write.h"

enum { SIDE = 6, CHANNELS = 8, SAMPLES = 3, ELEMENTS = SIDE * SIDE * CHANNELS };

static const int32_t image[4] = {1, SIDE, SIDE, CHANNELS}, pixel[4] = {1, 1, 1, CHANNELS};

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static int32_t add(model_builder *b, mn_op_kind kind, const int32_t *dims, int32_t count, const int32_t *inputs) {
    int32_t y = mb_tensor(b, mn_op_name(kind), MN_FLOAT32, 4, dims);
    mb_op(b, kind, 1, count, inputs, y);
    return y;
}

static mn_samples samples_of(uint8_t pixels[SAMPLES * ELEMENTS]) {
    for (int32_t i = 0; i < SAMPLES * ELEMENTS; i++) pixels[i] = (uint8_t)(i * 37 % 256);
    return (mn_samples){.count = SAMPLES, .elements = ELEMENTS, .pixels = pixels, .meaning = {-2, 2}};
}

/* Quantises the builder's graph, and compares; `least` is how good the worst layer must be, in dB. */
static void quantise(model_builder *b, int32_t x, int32_t y, double least, mn_graph *out) {
    uint8_t pixels[SAMPLES * ELEMENTS];
    const mn_samples samples = samples_of(pixels);
    mn_quantise_options options;
    mn_difference *differences;
    int32_t count;
    mn_quantise_defaults(&options);
    mb_ends(b, x, y);
    expect_ok(mn_graph_check(&b->graph));
    expect_ok(mn_quant_prepare(&b->graph));
    expect_ok(mn_quantise(&b->graph, &samples, &options, out));
    expect_ok(mn_compare(&b->graph, out, &samples, 1, NULL, NULL, &differences, &count));
    for (int32_t i = 0; i < count; i++) {
        if (!(differences[i].sqnr > least)) {
            fail_msg("%s: %g dB", b->graph.tensors[differences[i].a].name, differences[i].sqnr);
        }
    }
    assert_true(count > 0);
    free(differences);
}

static int32_t count_of(const mn_graph *graph, mn_op_kind kind) {
    int32_t count = 0;
    for (int32_t i = 0; i < graph->op_count; i++) count += graph->ops[i].kind == kind;
    return count;
}

/* x / sqrt(min(sum of squares, a bound)): what Keras' UnitNormalization becomes; and a division by constants. */
static void test_foreign_operators(void **state) {
    (void)state;
    model_builder b;
    mn_graph graph;
    const int32_t axes[2] = {1, 2};
    mb_open(&b, MN_FLOAT32, 5);
    int32_t x = mb_tensor(&b, "x", MN_FLOAT32, 4, image), divisor = mb_constant(&b, "by", MN_FLOAT32, 4, pixel);
    for (int32_t c = 0; c < CHANNELS; c++) ((float *)(uintptr_t)b.graph.tensors[divisor].data)[c] = (float)(1 + c % 3);
    int32_t divided = add(&b, MN_OP_DIV, image, 2, (int32_t[]){x, divisor});
    int32_t square = add(&b, MN_OP_SQUARE, image, 1, &divided);
    int32_t sum = add(&b, MN_OP_SUM, pixel, 2, (int32_t[]){square, mb_list(&b, "axes", 2, axes)});
    b.graph.ops[2].attr = (mn_op_attr){.keep_dims = true, .list_count = 2, .list = {1, 2}};
    int32_t root = add(&b, MN_OP_RSQRT, pixel, 1, &sum);
    int32_t huge = mb_constant(&b, "bound", MN_FLOAT32, 0, NULL);
    *(float *)(uintptr_t)b.graph.tensors[huge].data = 1e12f;
    int32_t bounded = add(&b, MN_OP_MINIMUM, pixel, 2, (int32_t[]){root, huge});
    int32_t y = add(&b, MN_OP_MUL, image, 2, (int32_t[]){divided, bounded});
    quantise(&b, x, y, 25, &graph);
    assert_int_equal(count_of(&graph, MN_OP_MUL), 4);
    assert_int_equal(count_of(&graph, MN_OP_MEAN), 1);
    assert_int_equal(count_of(&graph, MN_OP_DIV) + count_of(&graph, MN_OP_SQUARE) + count_of(&graph, MN_OP_SUM), 0);
    mn_graph_free(&graph);
    mn_graph_free(&b.graph);
}

/* Pixels as integers without a scale, which CAST makes floats: a session runs it, and what is quantised takes the
 * floats. */
static void test_integers_are_cast(void **state) {
    (void)state;
    model_builder b;
    mn_graph graph;
    mn_model *model = NULL;
    mn_session *session = NULL;
    uint8_t *file;
    size_t bytes;
    mb_open(&b, MN_FLOAT32, 5);
    const int32_t x = mb_tensor(&b, "x", MN_UINT8, 4, image);
    b.graph.tensors[x].quant = (mn_quant){.count = 0};
    const int32_t y = add(&b, MN_OP_CAST, image, 1, &x), z = add(&b, MN_OP_RELU, image, 1, &y);
    mb_ends(&b, x, z);
    expect_ok(mn_tflite_write(&b.graph, &file, &bytes));
    expect_ok(mn_model_from_memory(file, bytes, "pixels", &model));
    expect_ok(mn_session_create(model, NULL, &session));
    uint8_t *pixels = mn_session_input(session, 0);
    for (int32_t i = 0; i < ELEMENTS; i++) pixels[i] = (uint8_t)(i * 37);
    expect_ok(mn_session_run(session));
    const float *values = mn_session_output(session, 0);
    for (int32_t i = 0; i < ELEMENTS; i++) assert_true(values[i] == (float)(uint8_t)(i * 37));
    mn_session_close(&session);
    mn_model_close(&model);
    expect_ok(mn_tflite_read(file, bytes, "pixels", &graph));
    expect_ok(mn_graph_check(&graph));
    expect_ok(mn_quant_prepare(&graph));
    assert_int_equal(graph.tensors[graph.inputs[0]].type, MN_FLOAT32);
    assert_int_equal(count_of(&graph, MN_OP_CAST), 0);
    assert_true(graph.meaning.normalised && graph.meaning.mean[0] == 0 && graph.meaning.deviation[0] == 1);
    mn_graph_free(&graph);
    /* With a scale, the integers are not the values. */
    mb_quantise(&b, x, 1, 0, 0.5f, 0);
    assert_int_equal(mn_graph_check(&b.graph), MN_ERROR_UNSUPPORTED);
    assert_non_null(strstr(mn_error_detail(), "DEQUANTIZE is needed"));
    free(file);
    mn_graph_free(&b.graph);
}

/* LOGISTIC and TANH keep their own scales where they meet others, which a QUANTIZE brings to a common one. */
static void test_fixed_scales_meet(void **state) {
    (void)state;
    static const int32_t twice[4] = {1, SIDE, SIDE, 2 * CHANNELS}, wanted[] = {1, 0, 2};
    for (int32_t i = 0; i < 3; i++) {
        model_builder b;
        mn_graph graph;
        mb_open(&b, MN_FLOAT32, 5);
        int32_t x = mb_tensor(&b, "x", MN_FLOAT32, 4, image);
        int32_t tripled = add(&b, MN_OP_ADD, image, 2, (int32_t[]){x, x});
        int32_t gate = add(&b, MN_OP_LOGISTIC, image, 1, &tripled), other = i == 0 ? tripled : gate;
        if (i == 2) other = add(&b, MN_OP_TANH, image, 1, &tripled);
        int32_t y = add(&b, MN_OP_CONCATENATION, twice, 2, (int32_t[]){gate, other});
        b.graph.ops[b.graph.op_count - 1].attr.axis = 3;
        quantise(&b, x, y, 20, &graph);
        assert_int_equal(count_of(&graph, MN_OP_QUANTIZE), wanted[i]);
        mn_graph_free(&graph);
        mn_graph_free(&b.graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_operators),
        cmocka_unit_test(test_integers_are_cast),
        cmocka_unit_test(test_fixed_scales_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
