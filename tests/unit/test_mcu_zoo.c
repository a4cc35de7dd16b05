/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Networks that people run on microcontrollers, with random weights, as programs: a person detector, keyword spotting,
 * a small ResNet, an autoencoder; and operators that are rewritten or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/shape.h"
#include "support/model_builder.h"
#include "support/program_runs.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* ---- Layers ----------------------------------------------------------------------------------------------- */

static const mn_tensor *tensor(const model_builder *b, int32_t t) { return &b->graph.tensors[t]; }

/* Weights and bias, quantised per channel. */
static int32_t weights(model_builder *b, int32_t x, int32_t rank, const int32_t *dims, int32_t axis, int32_t *bias) {
    const int32_t w = mb_constant(b, "weights", MN_INT8, rank, dims);
    mb_quantise(b, w, dims[axis], axis, 0.01f, 0);
    *bias = mb_constant(b, "bias", MN_INT32, 1, &dims[axis]);
    mb_quantise(b, *bias, dims[axis], 0, tensor(b, x)->quant.scale[0] * 0.01f, 0);
    return w;
}

static mn_op_attr window(mn_padding padding, int32_t stride) {
    return (mn_op_attr){.activation = MN_ACT_RELU,
                        .padding = padding,
                        .stride_h = stride,
                        .stride_w = stride,
                        .dilation_h = 1,
                        .dilation_w = 1,
                        .depth_multiplier = 1};
}

/* A filter of h x w; with 0 channels it is depthwise. */
static int32_t filter(model_builder *b, int32_t x, int32_t h, int32_t w, int32_t channels, mn_op_attr attr) {
    const int32_t *dims = tensor(b, x)->dims, depth = dims[3], rows = dims[1], columns = dims[2];
    const int32_t conv[4] = {channels, h, w, depth}, depthwise[4] = {1, h, w, depth};
    const bool is_depthwise = channels == 0;
    int32_t bias;
    const int32_t constant = is_depthwise ? weights(b, x, 4, depthwise, 3, &bias) : weights(b, x, 4, conv, 0, &bias);
    const int32_t out[4] = {1, mn_window_output(attr.padding, rows, h, attr.stride_h, 1),
                            mn_window_output(attr.padding, columns, w, attr.stride_w, 1),
                            is_depthwise ? depth : channels};
    const int32_t y = mb_tensor(b, is_depthwise ? "depthwise" : "conv", MN_INT8, 4, out);
    mb_op(b, is_depthwise ? MN_OP_DEPTHWISE_CONV_2D : MN_OP_CONV_2D, 3, 3, (int32_t[]){x, constant, bias}, y)->attr =
        attr;
    return y;
}

static int32_t conv(model_builder *b, int32_t x, int32_t k, int32_t stride, int32_t channels) {
    return filter(b, x, k, k, channels, window(MN_PAD_SAME, stride));
}

static int32_t depthwise(model_builder *b, int32_t x, int32_t stride) {
    return filter(b, x, 3, 3, 0, window(MN_PAD_SAME, stride));
}

static int32_t pool(model_builder *b, int32_t x, mn_op_kind kind, int32_t h, int32_t w, int32_t stride) {
    mn_op_attr attr = window(MN_PAD_VALID, stride);
    attr.activation = MN_ACT_NONE;
    attr.filter_h = h, attr.filter_w = w;
    const int32_t *dims = tensor(b, x)->dims;
    const int32_t out[4] = {1, mn_window_output(MN_PAD_VALID, dims[1], h, stride, 1),
                            mn_window_output(MN_PAD_VALID, dims[2], w, stride, 1), dims[3]};
    const int32_t y = mb_alike(b, "pool", x, 4, out);
    mb_op(b, kind, 2, 1, &x, y)->attr = attr;
    return y;
}

static int32_t average(model_builder *b, int32_t x) {
    return pool(b, x, MN_OP_AVERAGE_POOL_2D, tensor(b, x)->dims[1], tensor(b, x)->dims[2], 1);
}

static int32_t sum(model_builder *b, int32_t x, int32_t y) {
    const int32_t z = mb_tensor(b, "sum", MN_INT8, 4, tensor(b, x)->dims);
    mb_op(b, MN_OP_ADD, 2, 2, (int32_t[]){x, y}, z)->attr.activation = MN_ACT_RELU;
    return z;
}

static int32_t reshape(model_builder *b, int32_t x, int32_t rank, const int32_t *dims) {
    const int32_t y = mb_alike(b, "reshaped", x, rank, dims), list = mb_list(b, "shape", rank, dims);
    mn_op *op = mb_op(b, MN_OP_RESHAPE, 1, 2, (int32_t[]){x, list}, y);
    op->attr.list_count = rank;
    memcpy(op->attr.list, dims, (size_t)rank * sizeof *dims);
    return y;
}

/* Of all there is. */
static int32_t dense(model_builder *b, int32_t x, int32_t units) {
    const int32_t depth = (int32_t)tensor(b, x)->bytes, row[2] = {1, depth}, dims[2] = {units, depth};
    if (tensor(b, x)->rank != 2) x = reshape(b, x, 2, row);
    int32_t bias;
    const int32_t w = weights(b, x, 2, dims, 0, &bias);
    const int32_t y = mb_tensor(b, "dense", MN_INT8, 2, (int32_t[]){1, units});
    mb_op(b, MN_OP_FULLY_CONNECTED, 4, 3, (int32_t[]){x, w, bias}, y);
    return y;
}

static int32_t softmax(model_builder *b, int32_t x) {
    const int32_t y = mb_tensor(b, "probabilities", MN_INT8, tensor(b, x)->rank, tensor(b, x)->dims);
    mb_quantise(b, y, 1, 0, 1.0f / 256, -128);
    mb_op(b, MN_OP_SOFTMAX, 2, 1, &x, y)->attr.beta = 1;
    return y;
}

static int32_t pad(model_builder *b, int32_t x, int32_t before, int32_t after) {
    const int32_t shape[2] = {4, 2}, *dims = tensor(b, x)->dims;
    const int32_t out[4] = {1, dims[1] + before + after, dims[2] + before + after, dims[3]};
    const int32_t pads = mb_constant(b, "paddings", MN_INT32, 2, shape);
    int32_t *values = (int32_t *)(uintptr_t)tensor(b, pads)->data;
    const int32_t y = mb_alike(b, "padded", x, 4, out);
    mn_op *op = mb_op(b, MN_OP_PAD, 2, 2, (int32_t[]){x, pads}, y);
    op->attr.list_count = 4;
    memset(values, 0, 8 * sizeof *values);
    for (int32_t d = 1; d <= 2; d++) {
        op->attr.pad[d][0] = values[2 * d] = before;
        op->attr.pad[d][1] = values[2 * d + 1] = after;
    }
    return y;
}

static int32_t image(model_builder *b, int32_t rows, int32_t columns, int32_t channels) {
    mb_open(b, MN_INT8, 11);
    return mb_tensor(b, "image", MN_INT8, 4, (int32_t[]){1, rows, columns, channels});
}

/* ---- Checks ----------------------------------------------------------------------------------------------- */

static uint32_t arena_of(const mn_model *model, bool held, size_t ram, const char *what) {
    const mn_mcu_options options = {.held = held, .ram = ram};
    mn_mcu_built built;
    expect_ok(mn_mcu_build(model, &options, &built));
    const char *problem = pr_problem(model, &built, 3);
    if (problem) fail_msg("%s: %s", what, problem);
    const uint32_t bytes = built.program.arena_bytes;
    if (!held)
        print_message("%s: %u bytes, weights are read %.2f times\n", what, bytes,
                      (double)built.read_bytes / (double)built.weight_bytes);
    mn_mcu_built_free(&built);
    return bytes;
}

/* Ends the network in `output`; the arena has at most `most` bytes. */
static void check(model_builder *b, int32_t output, size_t most, const char *what) {
    mn_model *model = NULL;
    mb_ends(b, 0, output);
    expect_ok(mn_model_from_graph(&b->graph, &model));
    const uint32_t least = arena_of(model, false, 0, what);
    assert_true(least <= most);
    arena_of(model, false, least + least / 4, what);
    arena_of(model, true, 0, what);
    mn_model_close(&model);
}

/* MobileNetV1 0.25 of grey images, as TensorFlow Lite Micro's example has it. */
static void test_person_detection(void **state) {
    (void)state;
    static const int32_t blocks[][2] = {{1, 16},  {2, 32},  {1, 32},  {2, 64},  {1, 64},  {2, 128}, {1, 128},
                                        {1, 128}, {1, 128}, {1, 128}, {1, 128}, {2, 256}, {1, 256}};
    model_builder b;
    int32_t x = conv(&b, image(&b, 96, 96, 1), 3, 2, 8);
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        x = conv(&b, depthwise(&b, x, blocks[i][0]), 1, 1, blocks[i][1]);
    }
    x = conv(&b, average(&b, x), 1, 1, 2);
    check(&b, softmax(&b, reshape(&b, x, 2, (int32_t[]){1, 2})), 12000, "person detection");
}

/* Depthwise separable convolutions over 49 x 10 coefficients. */
static void test_keywords(void **state) {
    (void)state;
    model_builder b;
    int32_t x = image(&b, 49, 10, 1);
    x = filter(&b, x, 10, 4, 64, window(MN_PAD_SAME, 2));
    for (int32_t i = 0; i < 4; i++) x = conv(&b, depthwise(&b, x, 1), 1, 1, 64);
    check(&b, softmax(&b, dense(&b, average(&b, x), 12)), 9000, "keyword spotting");
}

/* A row of features that is seen as an image, as Edge Impulse has it. */
static void test_features(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_INT8, 5);
    int32_t x = mb_tensor(&b, "features", MN_INT8, 2, (int32_t[]){1, 650});
    x = filter(&b, reshape(&b, x, 4, (int32_t[]){1, 1, 50, 13}), 1, 3, 8, window(MN_PAD_SAME, 1));
    x = pool(&b, x, MN_OP_MAX_POOL_2D, 1, 2, 2);
    x = reshape(&b, x, 4, (int32_t[]){1, 1, 25, 8});
    x = pool(&b, filter(&b, x, 1, 3, 16, window(MN_PAD_SAME, 1)), MN_OP_MAX_POOL_2D, 1, 2, 2);
    check(&b, softmax(&b, dense(&b, x, 4)), 1200, "features");
}

/* A tensor that is made as one image and read as another. */
static void test_reshaped_images(void **state) {
    (void)state;
    model_builder b;
    int32_t x = conv(&b, image(&b, 12, 8, 3), 3, 1, 4);
    x = conv(&b, reshape(&b, x, 4, (int32_t[]){1, 8, 12, 4}), 3, 1, 6);
    x = reshape(&b, pool(&b, x, MN_OP_AVERAGE_POOL_2D, 2, 2, 2), 4, (int32_t[]){1, 12, 4, 3});
    check(&b, softmax(&b, dense(&b, conv(&b, x, 3, 2, 5), 3)), 1200, "reshaped images");
}

/* Residual blocks with 1x1 convolutions of stride 2 beside them, of 32 x 32 pixels. */
static void test_resnet(void **state) {
    (void)state;
    model_builder b;
    int32_t x = conv(&b, image(&b, 32, 32, 3), 3, 1, 16);
    for (int32_t channels = 16; channels <= 64; channels *= 2) {
        const int32_t stride = channels == 16 ? 1 : 2;
        const int32_t y = conv(&b, conv(&b, x, 3, stride, channels), 3, 1, channels);
        x = sum(&b, y, stride == 1 ? x : conv(&b, x, 1, 2, channels));
    }
    check(&b, softmax(&b, dense(&b, average(&b, x), 10)), 20000, "ResNet");
}

static void test_autoencoder(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_INT8, 9);
    int32_t x = mb_tensor(&b, "frames", MN_INT8, 2, (int32_t[]){1, 640});
    for (int32_t i = 0; i < 9; i++) x = dense(&b, x, i == 4 ? 8 : i == 8 ? 640 : 128);
    check(&b, x, 800, "autoencoder");
}

/* PAD before a filter is the filter's own; before a pool it is a step. */
static void test_padding(void **state) {
    (void)state;
    model_builder b;
    int32_t x = filter(&b, pad(&b, image(&b, 33, 17, 3), 1, 1), 3, 3, 8, window(MN_PAD_VALID, 2));
    x = filter(&b, pad(&b, x, 0, 1), 3, 3, 0, window(MN_PAD_VALID, 2));
    x = pool(&b, pad(&b, x, 1, 2), MN_OP_MAX_POOL_2D, 3, 3, 2);
    mn_model *model = NULL;
    mb_ends(&b, 0, softmax(&b, dense(&b, x, 5)));
    expect_ok(mn_model_from_graph(&b.graph, &model));
    mn_mcu_built built;
    expect_ok(mn_mcu_build(model, &(mn_mcu_options){.held = false}, &built));
    int32_t pads = 0;
    for (int32_t s = 0; s < built.program.step_count; s++) pads += built.program.steps[s].kind == MN_MCU_PAD;
    assert_int_equal(pads, 1);
    mn_mcu_built_free(&built);
    arena_of(model, false, 0, "padding");
    arena_of(model, true, 0, "padding");
    mn_model_close(&model);
}

/* A 1x1 convolution whose channels have these biases, and weights of these scales. */
static int32_t scaled(model_builder *b, int32_t x, int32_t channels, const int32_t *biases, const float *scales) {
    const int32_t y = conv(b, x, 1, 1, channels);
    const int32_t *inputs = b->graph.ops[b->graph.op_count - 1].inputs;
    memcpy((void *)(uintptr_t)tensor(b, inputs[2])->data, biases, (size_t)channels * sizeof *biases);
    memcpy((void *)(uintptr_t)tensor(b, inputs[1])->quant.scale, scales, (size_t)channels * sizeof *scales);
    for (int32_t c = 0; c < channels; c++) {
        float *scale = (float *)(uintptr_t)tensor(b, inputs[2])->quant.scale;
        scale[c] = tensor(b, x)->quant.scale[0] * scales[c];
    }
    return y;
}

/* Is the first convolution of channels like these tame? */
static bool is_tame(int32_t channels, const int32_t *biases, const float *scales, const char *what) {
    model_builder b;
    mn_model *model = NULL;
    mn_mcu_built built;
    const int32_t x = image(&b, 6, 5, 8);
    mb_ends(&b, 0, scaled(&b, x, channels, biases, scales));
    expect_ok(mn_model_from_graph(&b.graph, &model));
    arena_of(model, false, 0, what);
    expect_ok(mn_mcu_build(model, &(mn_mcu_options){.held = true}, &built));
    const bool tame = ((const mn_mcu_product *)built.program.steps[0].params)->tame;
    mn_mcu_built_free(&built);
    mn_model_close(&model);
    return tame;
}

/* Channels beyond what is tame keep their bytes; those that are always the same byte become tame. */
static void test_scales_of_channels(void **state) {
    (void)state;
    const int32_t usual[] = {100, -2000, 0}, absurd[] = {1200000000, -1200000000, 700000000, -700000000};
    const float fine[] = {0.01f, 0.02f, 0.001f}, vanished[] = {1e-9f, 1e-30f, 1e-12f}, large[] = {30, 300, 4000};
    const float small[] = {1e-4f, 1e-4f, 1e-6f, 1e-8f}, middle[] = {0.01f, 0.01f, 0.02f, 0.01f};
    assert_true(is_tame(3, usual, fine, "usual channels"));
    assert_true(is_tame(3, usual, vanished, "channels without weights"));
    assert_true(is_tame(4, absurd, middle, "channels at an end"));
    assert_false(is_tame(3, usual, large, "channels of large scales"));
    is_tame(4, absurd, small, "channels of large biases");
}

/* A sentence with the operator, and what to do. */
static void expect_refusal(model_builder *b, int32_t output, const char *op, const char *words) {
    mn_model *model = NULL;
    mn_mcu_built built;
    mb_ends(b, 0, output);
    expect_ok(mn_model_from_graph(&b->graph, &model));
    assert_int_equal(mn_mcu_build(model, &(mn_mcu_options){.held = false}, &built), MN_ERROR_UNSUPPORTED);
    if (!strstr(mn_error_detail(), op) || !strstr(mn_error_detail(), words)) {
        fail_msg("not what was expected: %s", mn_error_detail());
    }
    mn_model_close(&model);
}

static void test_what_is_refused(void **state) {
    (void)state;
    model_builder b;
    int32_t x = image(&b, 8, 8, 4);
    const int32_t both = mb_alike(&b, "both", x, 4, (int32_t[]){1, 8, 8, 8});
    mb_op(&b, MN_OP_CONCATENATION, 2, 2, (int32_t[]){x, x}, both)->attr.axis = 3;
    expect_refusal(&b, both, "(CONCATENATION)", "build the model without it");
    x = image(&b, 8, 8, 4);
    const int32_t constant = mb_constant(&b, "constant", MN_INT8, 4, (int32_t[]){1, 8, 8, 4});
    expect_refusal(&b, sum(&b, x, constant), "(ADD)", "constant");
    x = image(&b, 12, 12, 4);
    expect_refusal(&b, filter(&b, x, 10, 10, 4, window(MN_PAD_SAME, 1)), "(CONV_2D)", "96 cells");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_person_detection), cmocka_unit_test(test_keywords),
        cmocka_unit_test(test_features),         cmocka_unit_test(test_reshaped_images),
        cmocka_unit_test(test_resnet),           cmocka_unit_test(test_autoencoder),
        cmocka_unit_test(test_padding),          cmocka_unit_test(test_scales_of_channels),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
