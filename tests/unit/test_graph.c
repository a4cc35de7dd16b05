/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mn_graph_check and shape inference, on graphs built by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "graph/graph.h"
#include "graph/shape.h"

/* A graph of one operator over up to three inputs; tensor 0 is the model input, the last one the output. */
typedef struct fixture {
    mn_graph graph;
    mn_tensor tensors[5];
    mn_op ops[2];
    int32_t op_inputs[2][4], op_outputs[2][1];
    int32_t input[1], output[1];
} fixture;

static const float scales[] = {0.5f, 0.25f, 0.125f, 1.0f / 256};
static const int32_t zeros[] = {0, 3, -128};
static const uint8_t weights[4096];

static mn_tensor tensor(const char *name, mn_type type, int32_t rank, const int32_t *dims) {
    mn_tensor made = {.name = name, .type = type, .rank = rank};
    for (int32_t d = 0; d < rank; d++) made.dims[d] = dims[d];
    if (type == MN_INT8 || type == MN_UINT8) {
        made.quant = (mn_quant){.count = 1, .scale = scales, .zero_point = zeros};
    }
    return made;
}

#define DIMS(...)                                                                                                      \
    (int32_t)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)), (int32_t[]) { __VA_ARGS__ }

/* x -> op(x, w) -> y, where `w` may have rank 0 for operators of one operand. */
static void make(fixture *f, mn_op_kind kind, mn_type type, int32_t x_rank, const int32_t *x, int32_t w_rank,
                 const int32_t *w) {
    *f = (fixture){.op_inputs = {{0, 1, -1}}, .op_outputs = {{2}}, .input = {0}, .output = {2}};
    f->tensors[0] = tensor("x", type, x_rank, x);
    f->tensors[1] = tensor("w", type, w_rank, w);
    f->tensors[1].data = weights;
    f->tensors[2] = tensor("y", type, 0, x);
    f->ops[0] = (mn_op){.kind = kind,
                        .input_count = w_rank > 0 ? 2 : 1,
                        .inputs = f->op_inputs[0],
                        .output_count = 1,
                        .outputs = f->op_outputs[0]};
    f->ops[0].attr = (mn_op_attr){.stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .beta = 1.0f};
    f->graph = (mn_graph){.name = "m",
                          .tensor_count = 3,
                          .tensors = f->tensors,
                          .op_count = 1,
                          .ops = f->ops,
                          .input_count = 1,
                          .inputs = f->input,
                          .output_count = 1,
                          .outputs = f->output};
}

static void expect_shape(fixture *f, const char *text) {
    char got[MN_SHAPE_TEXT];
    assert_int_equal(mn_graph_check(&f->graph), MN_OK);
    mn_shape shape = mn_tensor_shape(&f->tensors[2]);
    assert_string_equal(mn_shape_text(&shape, got), text);
    mn_graph_free(&f->graph);
}

static void expect_error(fixture *f, mn_status status, const char *part) {
    assert_int_equal(mn_graph_check(&f->graph), status);
    if (!strstr(mn_error_detail(), part)) fail_msg("\"%s\" does not say \"%s\"", mn_error_detail(), part);
    mn_graph_free(&f->graph);
}

static void test_conv_shapes(void **state) {
    (void)state;
    fixture f;
    make(&f, MN_OP_CONV_2D, MN_FLOAT32, DIMS(1, 224, 224, 3), DIMS(32, 3, 3, 3));
    f.ops[0].attr.stride_h = f.ops[0].attr.stride_w = 2;
    expect_shape(&f, "1x112x112x32");
    make(&f, MN_OP_CONV_2D, MN_INT8, DIMS(2, 9, 7, 4), DIMS(6, 3, 3, 2));
    f.ops[0].attr.padding = MN_PAD_VALID;
    f.ops[0].attr.dilation_h = 2;
    expect_shape(&f, "2x5x5x6");
    make(&f, MN_OP_CONV_2D, MN_FLOAT32, DIMS(1, 2, 9, 3), DIMS(8, 3, 3, 3));
    f.ops[0].attr.padding = MN_PAD_VALID;
    expect_error(&f, MN_ERROR_FORMAT, "m: operator 0 (CONV_2D): a 3x3 filter does not fit into input 1x2x9x3");
    make(&f, MN_OP_CONV_2D, MN_FLOAT32, DIMS(1, 8, 8, 3), DIMS(8, 3, 3, 4));
    expect_error(&f, MN_ERROR_FORMAT, "do not fit together");
    make(&f, MN_OP_CONV_2D, MN_FLOAT32, DIMS(1, 8, 8), DIMS(8, 3, 3, 4));
    expect_error(&f, MN_ERROR_FORMAT, "4 dimensions are needed");
    make(&f, MN_OP_DEPTHWISE_CONV_2D, MN_FLOAT32, DIMS(1, 8, 8, 3), DIMS(1, 3, 3, 6));
    expect_shape(&f, "1x8x8x6");
    make(&f, MN_OP_DEPTHWISE_CONV_2D, MN_FLOAT32, DIMS(1, 8, 8, 3), DIMS(1, 3, 3, 7));
    expect_error(&f, MN_ERROR_FORMAT, "do not fit together");
    make(&f, MN_OP_CONV_2D, MN_FLOAT32, DIMS(1, 8, 8, 3), DIMS(8, 3, 3, 3));
    f.ops[0].attr.dilation_h = 1 << 30;
    expect_error(&f, MN_ERROR_LIMIT, "spans over");
}

/* SAME padding by its definition: output = ceil(input / stride), the odd cell behind. */
static void test_window_arithmetic(void **state) {
    (void)state;
    for (int32_t input = 1; input < 40; input++) {
        for (int32_t filter = 1; filter < 6; filter++) {
            for (int32_t stride = 1; stride < 4; stride++) {
                int32_t same = mn_window_output(MN_PAD_SAME, input, filter, stride, 1);
                assert_int_equal(same, (input + stride - 1) / stride);
                int32_t total = (same - 1) * stride + filter - input;
                assert_int_equal(mn_window_padding_all(input, same, filter, stride, 1), total > 0 ? total : 0);
                assert_int_equal(mn_window_padding(input, same, filter, stride, 1), total > 0 ? total / 2 : 0);
                int32_t valid = 0;
                for (int32_t at = 0; at + filter <= input; at += stride) valid++;
                assert_int_equal(mn_window_output(MN_PAD_VALID, input, filter, stride, 1), valid);
            }
        }
    }
}

static void test_fully_connected_shapes(void **state) {
    (void)state;
    fixture f;
    make(&f, MN_OP_FULLY_CONNECTED, MN_FLOAT32, DIMS(2, 1, 1, 8), DIMS(5, 8));
    expect_shape(&f, "2x5");
    make(&f, MN_OP_FULLY_CONNECTED, MN_FLOAT32, DIMS(2, 3, 8), DIMS(5, 8));
    f.ops[0].attr.keep_dims = true;
    expect_shape(&f, "2x3x5");
    make(&f, MN_OP_FULLY_CONNECTED, MN_FLOAT32, DIMS(2, 9), DIMS(5, 8));
    expect_error(&f, MN_ERROR_FORMAT, "do not fit together");
}

static void test_layout_shapes(void **state) {
    (void)state;
    fixture f;
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2, 4, 1), DIMS(1, 3));
    expect_shape(&f, "2x4x3");
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2, 4), DIMS(3, 4));
    expect_error(&f, MN_ERROR_FORMAT, "operands: shapes 2x4 and 3x4");
    make(&f, MN_OP_MEAN, MN_FLOAT32, DIMS(2, 7, 7, 5), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 2, .list = {-2, 1}};
    expect_shape(&f, "2x5");
    make(&f, MN_OP_MEAN, MN_FLOAT32, DIMS(2, 7, 7, 5), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 1, .list = {4}};
    expect_error(&f, MN_ERROR_FORMAT, "axis 4 does not exist");
    make(&f, MN_OP_RESHAPE, MN_FLOAT32, DIMS(2, 6), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 3, .list = {3, -1, 2}};
    expect_shape(&f, "3x2x2");
    make(&f, MN_OP_RESHAPE, MN_FLOAT32, DIMS(2, 6), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 2, .list = {5, -1}};
    expect_error(&f, MN_ERROR_FORMAT, "do not fit together");
    make(&f, MN_OP_RESHAPE, MN_FLOAT32, DIMS(2, 6), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 2, .list = {-1, -1}};
    expect_error(&f, MN_ERROR_FORMAT, "do not fit together");
    make(&f, MN_OP_SQUEEZE, MN_FLOAT32, DIMS(1, 3, 1), 0, NULL);
    expect_shape(&f, "3");
    make(&f, MN_OP_SQUEEZE, MN_FLOAT32, DIMS(1, 3, 1), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 1, .list = {1}};
    expect_error(&f, MN_ERROR_FORMAT, "cannot be squeezed");
    make(&f, MN_OP_PAD, MN_FLOAT32, DIMS(3, 4), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 2, .pad = {{1, 2}, {0, 1}}};
    expect_shape(&f, "6x5");
    make(&f, MN_OP_PAD, MN_FLOAT32, DIMS(3, 4), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 2, .pad = {{INT32_MAX, 0}, {0, 0}}};
    expect_error(&f, MN_ERROR_LIMIT, "beyond 2^31");
    make(&f, MN_OP_PAD, MN_FLOAT32, DIMS(3, 4), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 2, .pad = {{1 << 28, 0}, {0, 0}}};
    expect_error(&f, MN_ERROR_LIMIT, "over 1 GiB");
    make(&f, MN_OP_TRANSPOSE, MN_FLOAT32, DIMS(2, 3, 4), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 3, .list = {2, 0, 1}};
    expect_shape(&f, "4x2x3");
    make(&f, MN_OP_TRANSPOSE, MN_FLOAT32, DIMS(2, 3, 4), 0, NULL);
    f.ops[0].attr = (mn_op_attr){.list_count = 3, .list = {2, 0, 0}};
    expect_error(&f, MN_ERROR_FORMAT, "permutation");
    make(&f, MN_OP_CONCATENATION, MN_FLOAT32, DIMS(2, 3), DIMS(2, 5));
    f.ops[0].attr.axis = -1;
    expect_shape(&f, "2x8");
    make(&f, MN_OP_CONCATENATION, MN_FLOAT32, DIMS(2, 3), DIMS(1, 5));
    f.ops[0].attr.axis = 1;
    expect_error(&f, MN_ERROR_FORMAT, "inputs: shapes");
}

static void test_order(void **state) {
    (void)state;
    fixture f;
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2), DIMS(2));
    f.op_inputs[0][1] = 7;
    expect_error(&f, MN_ERROR_FORMAT, "input tensor 7 does not exist");
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2), DIMS(2));
    f.tensors[1].data = NULL;
    expect_error(&f, MN_ERROR_FORMAT, "input tensor 1 (w) has no value yet");
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2), DIMS(2));
    f.op_outputs[0][0] = 1;
    expect_error(&f, MN_ERROR_FORMAT, "already has a value");
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2), DIMS(2));
    f.op_outputs[0][0] = -1;
    expect_error(&f, MN_ERROR_FORMAT, "output tensor -1 does not exist");
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2), DIMS(2));
    f.output[0] = 3;
    expect_error(&f, MN_ERROR_FORMAT, "model output 0 names tensor 3");
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2), DIMS(2));
    f.input[0] = 1;
    expect_error(&f, MN_ERROR_FORMAT, "model input 0 names tensor 1, which is constant");
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2), DIMS(2));
    f.op_inputs[0][1] = -1;
    expect_error(&f, MN_ERROR_FORMAT, "input 1 is left out but required");
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2), DIMS(2));
    f.ops[0].input_count = 1;
    expect_error(&f, MN_ERROR_FORMAT, "has 1 inputs and 1 outputs");
}

static void test_types(void **state) {
    (void)state;
    fixture f;
    make(&f, MN_OP_ADD, MN_FLOAT32, DIMS(2), DIMS(2));
    f.tensors[1].type = MN_INT32;
    expect_error(&f, MN_ERROR_UNSUPPORTED, "types float32, int32 -> float32");
    make(&f, MN_OP_ADD, MN_INT8, DIMS(2), DIMS(2));
    f.tensors[0].quant.count = 0;
    expect_error(&f, MN_ERROR_FORMAT, "has no scale and zero point");
    make(&f, MN_OP_CONV_2D, MN_UINT8, DIMS(1, 4, 4, 3), DIMS(3, 1, 1, 3));
    f.tensors[1].quant.count = 3;
    expect_error(&f, MN_ERROR_UNSUPPORTED, "3 scales along dimension 0");
    make(&f, MN_OP_CONV_2D, MN_INT8, DIMS(1, 4, 4, 3), DIMS(3, 1, 1, 3));
    f.tensors[1].quant.count = 3;
    expect_shape(&f, "1x4x4x3");
    make(&f, MN_OP_SOFTMAX, MN_INT8, DIMS(1, 4), 0, NULL);
    expect_error(&f, MN_ERROR_UNSUPPORTED, "1/256");
    make(&f, MN_OP_SOFTMAX, MN_INT8, DIMS(1, 4), 0, NULL);
    f.tensors[2].quant = (mn_quant){.count = 1, .scale = &scales[3], .zero_point = &zeros[2]};
    expect_shape(&f, "1x4");
    make(&f, MN_OP_PAD, MN_INT8, DIMS(3), 0, NULL);
    f.ops[0].attr.list_count = 1;
    f.tensors[2].quant.zero_point = &zeros[1];
    expect_error(&f, MN_ERROR_UNSUPPORTED, "different scales or zero points");
    make(&f, MN_OP_DEQUANTIZE, MN_INT8, DIMS(3), 0, NULL);
    expect_error(&f, MN_ERROR_UNSUPPORTED, "types int8 -> int8");
    make(&f, MN_OP_CONCATENATION, MN_FLOAT32, DIMS(2, 3), DIMS(2, 5));
    f.ops[0].attr.axis = 1;
    f.ops[0].attr.activation = MN_ACT_RELU;
    expect_error(&f, MN_ERROR_UNSUPPORTED, "fused activation");
}

static void test_unary(void **state) {
    (void)state;
    fixture f;
    make(&f, MN_OP_HARD_SWISH, MN_INT8, DIMS(1, 4, 4, 3), 0, NULL);
    expect_shape(&f, "1x4x4x3");
    make(&f, MN_OP_HARD_SWISH, MN_INT8, DIMS(1, 4), 0, NULL);
    f.tensors[2].quant.scale = &scales[3]; /* 128 times as fine as the input's 0.5 */
    expect_error(&f, MN_ERROR_UNSUPPORTED, "scale 0.5 is 128 times the output's");
    make(&f, MN_OP_ELU, MN_INT8, DIMS(1, 4), 0, NULL);
    expect_shape(&f, "1x4");
    make(&f, MN_OP_ELU, MN_UINT8, DIMS(1, 4), 0, NULL);
    expect_error(&f, MN_ERROR_UNSUPPORTED, "types uint8 -> uint8");
    make(&f, MN_OP_SQUARE, MN_INT8, DIMS(1, 4), 0, NULL);
    expect_error(&f, MN_ERROR_UNSUPPORTED, "types int8 -> int8");
    make(&f, MN_OP_RSQRT, MN_FLOAT32, DIMS(1, 4), 0, NULL);
    expect_shape(&f, "1x4");
}

/* A convolution with a bias; the quantisation of the bias is `quant`. */
static void make_biased(fixture *f, mn_type type, mn_quant quant, int32_t channels) {
    make(f, MN_OP_CONV_2D, type, DIMS(1, 4, 4, 3), DIMS(2, 1, 1, 3));
    f->graph.tensor_count = 4;
    f->tensors[3] = tensor("b", MN_INT32, 1, &channels);
    f->tensors[3].data = weights;
    f->tensors[3].quant = quant;
    f->op_inputs[0][2] = 3;
    f->ops[0].input_count = 3;
}

/* TFLite looks at the scale of a bias in uint8 convolutions, and not in int8 ones. */
static void test_bias(void **state) {
    (void)state;
    const mn_quant none = {0}, right = {.count = 1, .scale = &scales[1], .zero_point = zeros}; /* 0.5 * 0.5 */
    const mn_quant wrong = {.count = 1, .scale = &scales[2], .zero_point = zeros};
    fixture f;
    make_biased(&f, MN_INT8, none, 2);
    expect_shape(&f, "1x4x4x2");
    make_biased(&f, MN_UINT8, right, 2);
    expect_shape(&f, "1x4x4x2");
    make_biased(&f, MN_INT8, wrong, 2);
    expect_shape(&f, "1x4x4x2");
    make_biased(&f, MN_UINT8, wrong, 2);
    expect_error(&f, MN_ERROR_FORMAT, "the bias scale 0.125");
    make_biased(&f, MN_INT8, none, 3);
    expect_error(&f, MN_ERROR_FORMAT, "the bias has shape 3 for 2 output channels");
    make_biased(&f, MN_INT8, none, 2);
    f.tensors[3].type = MN_FLOAT32;
    expect_error(&f, MN_ERROR_UNSUPPORTED, "the bias is float32; int32 is needed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv_shapes),
        cmocka_unit_test(test_window_arithmetic),
        cmocka_unit_test(test_fully_connected_shapes),
        cmocka_unit_test(test_layout_shapes),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
