/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 16x8 models: int16 activations, int8 weights. What the operators compute is in tests/golden. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/graph.h"
#include "graph/pixels.h"
#include "image/prepare.h"
#include "kernels/quant.h"
#include "mobilenet.h"
#include "quant/prepare.h"
#include "session/model.h"
#include "support/model_builder.h"
#include "tflite/read.h"
#include "tflite/write.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void expect_fail(mn_status status, mn_status wanted, const char *words) {
    assert_int_equal(status, wanted);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

static void test_requantize_64(void **state) {
    (void)state;
    const int32_t half = 1 << 30;                      /* 0.5 in Q31 */
    assert_int_equal(mn_requantize_64(5, half, 0), 3); /* halves upward */
    assert_int_equal(mn_requantize_64(-5, half, 0), -2);
    assert_int_equal(mn_requantize_64(INT64_C(1) << 40, half, -29), 1024);
    assert_int_equal(mn_requantize_64(100, INT32_MAX, 0), 100); /* 0x7fff instead of 2^15 */
    assert_int_equal(mn_requantize_64(40000, INT32_MAX, 0), 39999);
    assert_int_equal(mn_requantize_64(7, half, 16), 7 << 15); /* no bits to round */
    assert_int_equal(mn_requantize_64(3, 0, -31), 0);
}

static void test_tables(void **state) {
    (void)state;
    int16_t exps[MN_TABLE_16], reciprocals[MN_TABLE_16];
    uint16_t sigmoid[MN_SIGMOID];
    mn_quant_softmax_tables(exps, reciprocals);
    assert_int_equal(exps[MN_TABLE_16 - 1], INT16_MAX); /* e^0 */
    assert_int_equal(exps[0], 2);                       /* e^-10 is 1.5, less half of what a line misses */
    assert_int_equal(reciprocals[0], INT16_MAX);
    assert_int_equal(reciprocals[MN_TABLE_16 - 1], 16384);
    for (int32_t i = 1; i < MN_TABLE_16; i++) {
        assert_true(exps[i] >= exps[i - 1] && reciprocals[i] <= reciprocals[i - 1]);
    }
    mn_quant_sigmoid_table(sigmoid);
    assert_int_equal(sigmoid[0], 32768);
    assert_int_equal(sigmoid[24], 47911); /* 1 / (1 + 1/e) = 0.731059; the line above it bends by half a step */
    assert_int_equal(sigmoid[MN_SIGMOID - 1], 65535);
}

/* y = FULLY_CONNECTED(x) of 3 numbers, 2 classes; a bias of `bias_type`. */
static void open_row(model_builder *b, mn_type bias_type, bool with_softmax) {
    static const int32_t in[] = {1, 3}, out[] = {1, 2}, shape[] = {2, 3}, classes[] = {2};
    static const int8_t weights[] = {100, -50, 127, -127, 3, 4};
    static const int64_t bias[] = {1000, -2000};
    mb_open(b, MN_INT16, 5);
    int32_t x = mb_tensor(b, "x", MN_INT16, 2, in), w = mb_constant(b, "w", MN_INT8, 2, shape);
    int32_t c = mb_constant(b, "c", bias_type, 1, classes), y = mb_tensor(b, "y", MN_INT16, 2, out);
    int32_t p = mb_tensor(b, "p", MN_INT16, 2, out);
    memcpy((void *)(uintptr_t)b->graph.tensors[w].data, weights, sizeof weights);
    for (int32_t i = 0; i < 2; i++) {
        void *to = (void *)(uintptr_t)b->graph.tensors[c].data;
        if (bias_type == MN_INT64) ((int64_t *)to)[i] = bias[i];
        if (bias_type == MN_INT32) ((int32_t *)to)[i] = (int32_t)bias[i];
    }
    mb_quantise(b, x, 1, 0, 0.5f, 0);
    mb_quantise(b, w, 1, 0, 0.25f, 0);
    mb_quantise(b, y, 1, 0, 0.5f, 0);
    mb_quantise(b, p, 1, 0, 1.0f / 32768, 0);
    mb_op(b, MN_OP_FULLY_CONNECTED, 11, 3, (int32_t[]){x, w, c}, y);
    if (with_softmax) mb_op(b, MN_OP_SOFTMAX, 3, 1, &y, p)->attr.beta = 1;
    mb_ends(b, x, with_softmax ? p : y);
}

static void run_row(mn_type bias_type, bool with_softmax, const int16_t *in, int16_t *out) {
    model_builder b;
    mn_model *model = NULL;
    mn_session *session = NULL;
    open_row(&b, bias_type, with_softmax);
    expect_ok(mn_model_from_graph(&b.graph, &model));
    expect_ok(mn_session_create(model, NULL, &session));
    memcpy(mn_session_input(session, 0), in, 3 * sizeof *in);
    expect_ok(mn_session_run(session));
    memcpy(out, mn_session_output(session, 0), 2 * sizeof *out);
    mn_session_close(&session);
    mn_model_close(&model);
}

static void test_rows(void **state) {
    (void)state;
    static const int16_t in[] = {300, -200, 10}, far[] = {INT16_MAX, INT16_MIN, 0};
    int16_t out[2];
    for (int i = 0; i < 2; i++) {
        mn_type bias = i == 0 ? MN_INT64 : MN_INT32;
        run_row(bias, false, in, out);   /* (30000 + 10000 + 1270 + 1000) / 4, (-38100 - 600 + 40 - 2000) / 4 */
        assert_int_equal(out[0], 10568); /* 10567.5 */
        assert_int_equal(out[1], -10165);
        run_row(bias, false, far, out);
        assert_int_equal(out[0], INT16_MAX);
        assert_int_equal(out[1], INT16_MIN);
    }
    static const int16_t equal[] = {4, 8, 0}; /* sums 1000 and -2484: 218 and -621 halves apart */
    run_row(MN_INT64, true, equal, out);
    assert_int_equal(out[0], INT16_MAX - 1);
    assert_int_equal(out[1], 2); /* the least there is */
}

static void test_refusals(void **state) {
    (void)state;
    model_builder b;
    open_row(&b, MN_INT64, true);
    int32_t *zero = (int32_t *)(uintptr_t)b.graph.tensors[0].quant.zero_point;
    *zero = 7;
    expect_fail(mn_graph_check(&b.graph), MN_ERROR_UNSUPPORTED, "int16 with zero point 7");
    *zero = 0;
    mb_quantise(&b, 4, 1, 0, 1.0f / 256, 0);
    expect_fail(mn_graph_check(&b.graph), MN_ERROR_UNSUPPORTED, "fixes them at 1/32768 and 0");
    mb_quantise(&b, 4, 1, 0, 1.0f / 32768, 0);
    expect_fail(mn_quant_prepare(&b.graph), MN_ERROR_UNSUPPORTED, "quantised already (tensor x is int16)");
    b.graph.tensors[2].type = MN_FLOAT32;
    expect_fail(mn_graph_check(&b.graph), MN_ERROR_UNSUPPORTED, "the bias is float32; int64 is needed");
    mn_graph_free(&b.graph);
}

/* ADD of LSTM cells, where files say that scales are powers of two, and they are. */
static void test_powers_of_two(void **state) {
    (void)state;
    static const int32_t shape[] = {1, 4};
    model_builder b;
    mb_open(&b, MN_INT16, 9);
    int32_t x = mb_tensor(&b, "x", MN_INT16, 2, shape), y = mb_tensor(&b, "y", MN_INT16, 2, shape);
    mb_quantise(&b, x, 1, 0, 0.25f, 0);
    mb_quantise(&b, y, 1, 0, 0.5f, 0);
    mn_op *add = mb_op(&b, MN_OP_ADD, 3, 2, (int32_t[]){x, x}, y);
    mb_ends(&b, x, y);
    expect_ok(mn_graph_check(&b.graph));
    add->attr.power_of_two_scales = true;
    expect_fail(mn_graph_check(&b.graph), MN_ERROR_UNSUPPORTED, "powers of two");
    mb_quantise(&b, y, 1, 0, 0.75f, 0);
    expect_ok(mn_graph_check(&b.graph));
    /* The file says it again. */
    uint8_t *file;
    size_t bytes;
    mn_graph again = {0};
    expect_ok(mn_tflite_write(&b.graph, &file, &bytes));
    expect_ok(mn_tflite_read(file, bytes, "again", &again));
    assert_true(again.ops[0].attr.power_of_two_scales);
    mn_graph_free(&again);
    mn_graph_free(&b.graph);
    free(file);
}

/* A picture into int16, and what its pixels are: of -1..1 and 0..1 a symmetric range does not tell which. */
static void test_pictures(void **state) {
    (void)state;
    static const int32_t shape[] = {1, 8, 8, 3};
    model_builder b;
    mb_open(&b, MN_INT16, 3);
    int32_t x = mb_tensor(&b, "x", MN_INT16, 4, shape), y = mb_tensor(&b, "y", MN_INT16, 4, shape);
    mb_quantise(&b, x, 1, 0, 1.0f / 32767, 0);
    mb_quantise(&b, y, 1, 0, 1.0f / 32767, 0);
    mb_op(&b, MN_OP_RELU, 3, 1, &x, y);
    mb_ends(&b, x, y);
    expect_ok(mn_graph_check(&b.graph));
    mn_pixels pixels;
    mn_prepare contract;
    expect_ok(mn_graph_pixels(&b.graph, &pixels));
    assert_int_equal(pixels.source, MN_PIXELS_ASSUMED);
    expect_ok(mn_prepare_init(&b.graph.tensors[x], &pixels, NULL, &contract));
    assert_int_equal(contract.stored[0][255], 32767);
    assert_int_equal(contract.stored[1][0], -32767);
    assert_int_equal(contract.stored[2][128], 128); /* 1/255 */
    assert_int_equal(contract.bytes, 8 * 8 * 3 * 2);
    mb_quantise(&b, x, 1, 0, 255.0f / 32767, 0);
    expect_ok(mn_graph_pixels(&b.graph, &pixels));
    assert_int_equal(pixels.source, MN_PIXELS_QUANTISATION);
    assert_true(pixels.low[0] == 0 && pixels.high[0] == 255);
    mn_graph_free(&b.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requantize_64), cmocka_unit_test(test_tables),        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refusals),      cmocka_unit_test(test_powers_of_two), cmocka_unit_test(test_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
