/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What pixels mean to a network: each kind of evidence, their order, and what fits nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "graph/pixels.h"
#include "support/model_builder.h"

static const int32_t image[] = {1, 4, 4, 3};

static void ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static mn_pixels pixels_of(const mn_graph *graph) {
    mn_pixels p;
    ok(mn_graph_pixels(graph, &p));
    return p;
}

static void expect(const mn_graph *graph, mn_pixel_source source, double low, double high) {
    mn_pixels p = pixels_of(graph);
    assert_string_equal(mn_pixel_source_name(p.source), mn_pixel_source_name(source));
    for (int c = 0; c < 3; c++) {
        if (p.low[c] != low || p.high[c] != high) fail_msg("%g..%g, not %g..%g", p.low[c], p.high[c], low, high);
    }
}

static void expect_refusal(const mn_graph *graph, const char *words) {
    mn_pixels p;
    assert_int_equal(mn_graph_pixels(graph, &p), MN_ERROR_UNSUPPORTED);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
    assert_non_null(strstr(mn_error_detail(), "--input-range"));
}

static void set_quant(mn_graph *graph, int32_t tensor, float scale, int32_t zero) {
    *(float *)(uintptr_t)graph->tensors[tensor].quant.scale = scale;
    *(int32_t *)(uintptr_t)graph->tensors[tensor].quant.zero_point = zero;
}

/* ---- Rescaling ------------------------------------------------------------------------------------------ */

typedef struct constant {
    mn_op_kind kind;
    int32_t count;
    float value[3];
    bool first; /* the constant is the first operand */
} constant;

/* image -> the operators -> RELU. */
static void make_rescaled(model_builder *b, const constant *ops, int32_t count) {
    mb_open(b, MN_FLOAT32, 9);
    int32_t from = mb_tensor(b, "image", MN_FLOAT32, 4, image), input = from;
    for (int32_t i = 0; i < count; i++) {
        int32_t to = mb_tensor(b, "rescaled", MN_FLOAT32, 4, image);
        int32_t operand = mb_constant(b, "operand", MN_FLOAT32, 1, &ops[i].count);
        memcpy((void *)(uintptr_t)b->graph.tensors[operand].data, ops[i].value, (size_t)ops[i].count * sizeof(float));
        int32_t inputs[] = {ops[i].first ? operand : from, ops[i].first ? from : operand};
        mb_op(b, ops[i].kind, 1, 2, inputs, to);
        from = to;
    }
    int32_t end = mb_tensor(b, "end", MN_FLOAT32, 4, image);
    mb_op(b, MN_OP_RELU, 1, 1, &from, end);
    mb_ends(b, input, end);
    ok(mn_graph_check(&b->graph));
}

static void expect_rescaled(const constant *ops, int32_t count, double high) {
    model_builder b;
    make_rescaled(&b, ops, count);
    if (high > 0) {
        expect(&b.graph, MN_PIXELS_RESCALING, 0, high);
    } else {
        expect_refusal(&b.graph, "rescaled by");
    }
    mn_graph_free(&b.graph);
}

static void test_rescaling(void **state) {
    (void)state;
    expect_rescaled((constant[]){{MN_OP_MUL, 1, {1 / 127.5f}, false}, {MN_OP_ADD, 1, {-1}, false}}, 2, 255);
    expect_rescaled((constant[]){{MN_OP_MUL, 1, {1 / 127.5f}, true}, {MN_OP_SUB, 1, {1}, false}}, 2, 255);
    expect_rescaled((constant[]){{MN_OP_MUL, 1, {1 / 255.0f}, false}}, 1, 255);
    expect_rescaled((constant[]){{MN_OP_MUL, 1, {2}, false}, {MN_OP_ADD, 1, {-1}, true}}, 2, 1);
    expect_rescaled((constant[]){{MN_OP_MUL, 1, {1 / 58.4f}, false}, {MN_OP_ADD, 1, {-20}, false}}, 2, 0);
    expect_rescaled((constant[]){{MN_OP_MUL, 1, {-1}, false}}, 1, 0);
    expect_rescaled((constant[]){{MN_OP_MUL, 1, {NAN}, false}}, 1, 0);
}

/* As Keras' Normalization and torchvision's Normalize have it. */
static void test_normalisation(void **state) {
    (void)state;
    expect_rescaled((constant[]){{MN_OP_SUB, 3, {0.485f, 0.456f, 0.406f}, false},
                                 {MN_OP_MUL, 3, {1 / 0.229f, 1 / 0.224f, 1 / 0.225f}, false}},
                    2, 1);
    expect_rescaled((constant[]){{MN_OP_SUB, 3, {123.675f, 116.28f, 103.53f}, false},
                                 {MN_OP_MUL, 3, {1 / 58.395f, 1 / 57.12f, 1 / 57.375f}, false}},
                    2, 255);
    expect_rescaled((constant[]){{MN_OP_MUL, 1, {1 / 58.4f}, false}, {MN_OP_ADD, 1, {-2.1f}, false}}, 2, 255);
    /* Channels that want different ranges. */
    expect_rescaled((constant[]){{MN_OP_MUL, 3, {1 / 255.0f, 1, 1}, false}}, 1, 0);
}

/* A subtraction from a constant turns the picture into its negative, which no network is known to be trained on. */
static void test_only_what_is_a_rescaling(void **state) {
    (void)state;
    model_builder b;
    make_rescaled(&b, (constant[]){{MN_OP_SUB, 1, {1}, true}}, 1);
    expect(&b.graph, MN_PIXELS_ASSUMED, -1, 1);
    mn_graph_free(&b.graph);
    make_rescaled(&b, NULL, 0);
    expect(&b.graph, MN_PIXELS_ASSUMED, -1, 1);
    mn_graph_free(&b.graph);
}

/* ---- Quantisation --------------------------------------------------------------------------------------- */

/* image -> (QUANTIZE ->) RELU, whose 8 bits have a scale and a zero point. */
static void make_stored(model_builder *b, mn_type type, bool float_input, float scale, int32_t zero) {
    mb_open(b, type, 9);
    int32_t input = mb_tensor(b, "image", float_input ? MN_FLOAT32 : type, 4, image), stored = input;
    if (float_input) {
        stored = mb_tensor(b, "stored", type, 4, image);
        mb_op(b, MN_OP_QUANTIZE, 1, 1, &input, stored);
    }
    int32_t end = mb_tensor(b, "end", type, 4, image);
    set_quant(&b->graph, stored, scale, zero);
    set_quant(&b->graph, end, scale, zero);
    mb_op(b, MN_OP_RELU, 1, 1, &stored, end);
    mb_ends(b, input, end);
    ok(mn_graph_check(&b->graph));
}

static void expect_stored(mn_type type, float scale, int32_t zero, double low, double high) {
    for (int float_input = 0; float_input < 2; float_input++) {
        model_builder b;
        make_stored(&b, type, float_input, scale, zero);
        expect(&b.graph, MN_PIXELS_QUANTISATION, low, high);
        mn_graph_free(&b.graph);
    }
}

static void test_quantisation(void **state) {
    (void)state;
    expect_stored(MN_INT8, 1 / 127.5f, -1, -1, 1);
    expect_stored(MN_UINT8, 1 / 128.0f, 128, -1, 1);
    expect_stored(MN_INT8, 1 / 255.0f, -128, 0, 1);
    expect_stored(MN_UINT8, 1, 0, 0, 255);
    expect_stored(MN_INT8, 1, -128, 0, 255);
    expect_stored(MN_INT8, 0.99f, -128, 0, 255); /* photos of the calibration that were not quite white */
    for (int float_input = 0; float_input < 2; float_input++) {
        model_builder b;
        make_stored(&b, MN_INT8, float_input, 0.5f, 0);
        expect_refusal(&b.graph, "-64..63.5");
        mn_graph_free(&b.graph);
    }
}

/* What another operator reads too is not only quantised. */
static void test_a_quantize_beside_others_says_nothing(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_INT8, 9);
    int32_t input = mb_tensor(&b, "image", MN_FLOAT32, 4, image), stored = mb_tensor(&b, "s", MN_INT8, 4, image);
    int32_t other = mb_tensor(&b, "other", MN_FLOAT32, 4, image);
    mb_op(&b, MN_OP_QUANTIZE, 1, 1, &input, stored);
    mb_op(&b, MN_OP_RELU, 1, 1, &input, other);
    set_quant(&b.graph, stored, 1, -128);
    mb_ends(&b, input, stored);
    ok(mn_graph_check(&b.graph));
    expect(&b.graph, MN_PIXELS_ASSUMED, -1, 1);
    mn_graph_free(&b.graph);
}

/* ---- Metadata ------------------------------------------------------------------------------------------- */

static void test_metadata_comes_first(void **state) {
    (void)state;
    model_builder b;
    make_rescaled(&b, (constant[]){{MN_OP_MUL, 1, {1 / 255.0f}, false}}, 1);
    mn_meaning_set_range(&b.graph.meaning, 0, 1);
    expect(&b.graph, MN_PIXELS_METADATA, 0, 1);
    b.graph.meaning.fit = MN_FIT_CROP;
    assert_true(pixels_of(&b.graph).central_crop);
    mn_graph_free(&b.graph);
}

/* Of a float model, but written into the one quantised from it: what 8 bits cannot store, or hardly use, is not meant.
 */
static void test_metadata_against_8_bits(void **state) {
    (void)state;
    model_builder b;
    make_stored(&b, MN_UINT8, false, 1 / 127.5f, 127);
    mn_meaning_set_range(&b.graph.meaning, 0, 255);
    expect(&b.graph, MN_PIXELS_QUANTISATION, -1, 1);
    mn_meaning_set_range(&b.graph.meaning, -1, 1);
    expect(&b.graph, MN_PIXELS_METADATA, -1, 1);
    mn_meaning_set_range(&b.graph.meaning, 0, 1);
    expect(&b.graph, MN_PIXELS_METADATA, 0, 1);
    set_quant(&b.graph, b.graph.inputs[0], 1, 0);
    expect(&b.graph, MN_PIXELS_QUANTISATION, 0, 255);
    mn_graph_free(&b.graph);
}

static void test_metadata_by_channel(void **state) {
    (void)state;
    static const float mean[] = {123.675f, 116.28f, 103.53f}, deviation[] = {58.395f, 57.12f, 57.375f};
    model_builder b;
    make_stored(&b, MN_INT8, true, 4.76f / 255, -15); /* -2.1..2.65: no range that is known by itself */
    expect_refusal(&b.graph, "can hold");
    b.graph.meaning.normalised = true;
    memcpy(b.graph.meaning.mean, mean, sizeof mean);
    memcpy(b.graph.meaning.deviation, deviation, sizeof deviation);
    mn_pixels p = pixels_of(&b.graph);
    assert_int_equal(p.source, MN_PIXELS_METADATA);
    for (int c = 0; c < 3; c++) {
        assert_true(p.low[c] == -(double)mean[c] / (double)deviation[c]);
        assert_true(p.high[c] == (255 - (double)mean[c]) / (double)deviation[c]);
    }
    mn_meaning back = {0};
    mn_meaning_set_pixels(&back, &p);
    for (int c = 0; c < 3; c++) {
        assert_true(fabsf(back.mean[c] - mean[c]) < 1e-4f && fabsf(back.deviation[c] - deviation[c]) < 1e-4f);
    }
    mn_graph_free(&b.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rescaling),
        cmocka_unit_test(test_normalisation),
        cmocka_unit_test(test_only_what_is_a_rescaling),
        cmocka_unit_test(test_quantisation),
        cmocka_unit_test(test_a_quantize_beside_others_says_nothing),
        cmocka_unit_test(test_metadata_comes_first),
        cmocka_unit_test(test_metadata_against_8_bits),
        cmocka_unit_test(test_metadata_by_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
