/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the schema allows and our writer never writes: models put together table by table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "graph/graph.h"
#include "tflite/builder.h"
#include "tflite/flatbuffer.h"
#include "tflite/ops.h"
#include "tflite/read.h"

/* x -> operator -> y, with a third tensor "t" and buffers {empty, b}. Each part may be replaced. */
typedef struct parts {
    mn_fbb_ref (*tensor)(mn_fbb *);    /* t; its default is int8[4] */
    mn_fbb_ref (*buffer)(mn_fbb *);    /* b; its default is empty */
    mn_fbb_ref (*code)(mn_fbb *);      /* default RELU */
    mn_fbb_ref (*operation)(mn_fbb *); /* default x -> y */
    bool forgotten;                    /* nothing names t, which is an output otherwise */
    int32_t subgraphs;                 /* default 1 */
} parts;

static mn_fbb_ref ints(mn_fbb *b, size_t count, const int32_t *values) {
    return mn_fbb_vector(b, values, count, sizeof *values);
}

static const int32_t four[1] = {4};

/* Begins a tensor called `name` of shape [4] and a type of the schema. */
static void begin_tensor(mn_fbb *b, const char *name, uint8_t type) {
    mn_fbb_ref text = mn_fbb_string(b, name), shape = ints(b, 1, four);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_TENSOR_SHAPE, shape);
    mn_fbb_add_ref(b, MN_F_TENSOR_NAME, text);
    mn_fbb_add_u8(b, MN_F_TENSOR_TYPE, type, 0);
}

enum { FLOAT32 = 0, INT32 = 2, UINT8 = 3, STRING = 5, INT8 = 9 };

static mn_fbb_ref plain_tensor(mn_fbb *b, const char *name, uint8_t type) {
    begin_tensor(b, name, type);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref code(mn_fbb *b, uint8_t deprecated, int32_t builtin) {
    mn_fbb_table_begin(b);
    mn_fbb_add_u8(b, MN_F_OPCODE_DEPRECATED_CODE, deprecated, 0);
    mn_fbb_add_i32(b, MN_F_OPCODE_BUILTIN_CODE, builtin, 0);
    return mn_fbb_table_end(b);
}

/* x -> y with options, or without when `type` is 0. */
static mn_fbb_ref operation(mn_fbb *b, mn_tfl_options type, mn_fbb_ref options) {
    mn_fbb_ref inputs = ints(b, 1, (int32_t[]){0}), outputs = ints(b, 1, (int32_t[]){1});
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_OPERATOR_INPUTS, inputs);
    mn_fbb_add_ref(b, MN_F_OPERATOR_OUTPUTS, outputs);
    mn_fbb_add_ref(b, MN_F_OPERATOR_OPTIONS, options);
    mn_fbb_add_u8(b, MN_F_OPERATOR_OPTIONS_TYPE, (uint8_t)type, 0);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref empty_buffer(mn_fbb *b) {
    mn_fbb_table_begin(b);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref subgraph(mn_fbb *b, const parts *p) {
    mn_fbb_ref tensors[3] = {plain_tensor(b, "x", FLOAT32), plain_tensor(b, "y", FLOAT32)};
    tensors[2] = p->tensor ? p->tensor(b) : plain_tensor(b, "t", INT8);
    mn_fbb_ref op = p->operation ? p->operation(b) : operation(b, MN_TFL_OPTIONS_NONE, 0);
    mn_fbb_ref list = mn_fbb_refs(b, tensors, 3), ops = mn_fbb_refs(b, &op, 1);
    mn_fbb_ref inputs = ints(b, 1, (int32_t[]){0}), outputs = ints(b, p->forgotten ? 1 : 2, (int32_t[]){1, 2});
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_SUBGRAPH_TENSORS, list);
    mn_fbb_add_ref(b, MN_F_SUBGRAPH_OPERATORS, ops);
    mn_fbb_add_ref(b, MN_F_SUBGRAPH_INPUTS, inputs);
    mn_fbb_add_ref(b, MN_F_SUBGRAPH_OUTPUTS, outputs);
    return mn_fbb_table_end(b);
}

static void make(const parts *p, uint8_t **data, size_t *bytes) {
    mn_fbb b = {0};
    mn_fbb_ref buffers[2] = {empty_buffer(&b), p->buffer ? p->buffer(&b) : empty_buffer(&b)};
    mn_fbb_ref kind = p->code ? p->code(&b) : code(&b, 19, 19), graph = subgraph(&b, p);
    mn_fbb_ref buffer_list = mn_fbb_refs(&b, buffers, 2), codes = mn_fbb_refs(&b, &kind, 1);
    mn_fbb_ref empty = empty_buffer(&b),
               graphs = mn_fbb_refs(&b, (mn_fbb_ref[]){graph, empty}, p->subgraphs == 2 ? 2 : 1);
    mn_fbb_table_begin(&b);
    mn_fbb_add_i32(&b, MN_F_MODEL_VERSION, 3, 0);
    mn_fbb_add_ref(&b, MN_F_MODEL_OPERATOR_CODES, codes);
    mn_fbb_add_ref(&b, MN_F_MODEL_SUBGRAPHS, graphs);
    mn_fbb_add_ref(&b, MN_F_MODEL_BUFFERS, buffer_list);
    mn_fbb_ref root = mn_fbb_table_end(&b);
    assert_int_equal(mn_fbb_finish(&b, root, "TFL3", data, bytes), MN_OK);
    mn_fbb_free(&b);
}

/* ---- Tensors ----------------------------------------------------------------------------------------- */

static mn_fbb_ref variable(mn_fbb *b) {
    begin_tensor(b, "t", INT8);
    mn_fbb_add_u8(b, MN_F_TENSOR_IS_VARIABLE, 1, 0);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref sparse(mn_fbb *b) {
    mn_fbb_ref nothing = empty_buffer(b);
    begin_tensor(b, "t", INT8);
    mn_fbb_add_ref(b, MN_F_TENSOR_SPARSITY, nothing);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref external(mn_fbb *b) {
    begin_tensor(b, "t", INT8);
    mn_fbb_add_i32(b, MN_F_TENSOR_EXTERNAL_BUFFER, 1, 0);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref signed_shape(mn_fbb *b, size_t count) {
    mn_fbb_ref signature = ints(b, count, (int32_t[]){-1, 2});
    begin_tensor(b, "t", INT8);
    mn_fbb_add_ref(b, MN_F_TENSOR_SHAPE_SIGNATURE, signature);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref dynamic_shape(mn_fbb *b) { return signed_shape(b, 1); }
static mn_fbb_ref long_signature(mn_fbb *b) { return signed_shape(b, 2); }

/* A tensor of `type` with this many scales and zero points along dimension 0. */
static mn_fbb_ref quantised(mn_fbb *b, uint8_t type, size_t scales, size_t zeros, int64_t zero, uint8_t details) {
    const float scale[5] = {1, 2, 3, 4, 5};
    const int64_t zero_points[5] = {zero, zero, zero, zero, zero};
    mn_fbb_ref scale_list = scales ? mn_fbb_vector(b, scale, scales, sizeof *scale) : 0;
    mn_fbb_ref zero_list = zeros ? mn_fbb_vector(b, zero_points, zeros, sizeof *zero_points) : 0;
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_QUANT_SCALE, scale_list);
    mn_fbb_add_ref(b, MN_F_QUANT_ZERO_POINT, zero_list);
    mn_fbb_add_u8(b, MN_F_QUANT_DETAILS_TYPE, details, 0);
    mn_fbb_ref quantisation = mn_fbb_table_end(b);
    begin_tensor(b, "t", type);
    mn_fbb_add_ref(b, MN_F_TENSOR_QUANTIZATION, quantisation);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref custom_quantisation(mn_fbb *b) { return quantised(b, INT8, 1, 1, 0, 1); }
static mn_fbb_ref huge_zero_point(mn_fbb *b) { return quantised(b, INT8, 1, 1, INT64_MAX, 0); }
static mn_fbb_ref three_zero_points(mn_fbb *b) { return quantised(b, UINT8, 4, 3, 9, 0); }
static mn_fbb_ref huge_zero_of_bias(mn_fbb *b) { return quantised(b, INT32, 1, 1, INT64_MAX, 0); }
static mn_fbb_ref scales_of_bias(mn_fbb *b) { return quantised(b, INT32, 3, 3, 0, 0); }
static mn_fbb_ref custom_float(mn_fbb *b) { return quantised(b, FLOAT32, 1, 1, 0, 1); }

/* A bias with one scale along dimension 3, which a list does not have: what old converters wrote. */
static mn_fbb_ref axis_of_bias(mn_fbb *b, uint8_t type) {
    const float scale = 1;
    mn_fbb_ref scales = mn_fbb_vector(b, &scale, 1, sizeof scale);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_QUANT_SCALE, scales);
    mn_fbb_add_i32(b, MN_F_QUANT_DIMENSION, 3, 0);
    mn_fbb_ref quantisation = mn_fbb_table_end(b);
    begin_tensor(b, "t", type);
    mn_fbb_add_ref(b, MN_F_TENSOR_QUANTIZATION, quantisation);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref legacy_bias(mn_fbb *b) { return axis_of_bias(b, INT32); }
static mn_fbb_ref legacy_weights(mn_fbb *b) { return axis_of_bias(b, INT8); }

static mn_fbb_ref two_zero_points(mn_fbb *b) {
    const float scale[4] = {1, 2, 3, 4};
    mn_fbb_ref scales = mn_fbb_vector(b, scale, 4, sizeof *scale),
               zeros = mn_fbb_vector(b, (int64_t[]){1, 2}, 2, sizeof(int64_t));
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_QUANT_SCALE, scales);
    mn_fbb_add_ref(b, MN_F_QUANT_ZERO_POINT, zeros);
    mn_fbb_ref quantisation = mn_fbb_table_end(b);
    begin_tensor(b, "t", UINT8);
    mn_fbb_add_ref(b, MN_F_TENSOR_QUANTIZATION, quantisation);
    return mn_fbb_table_end(b);
}

/* A type that is not read. */
static mn_fbb_ref text_tensor(mn_fbb *b) {
    begin_tensor(b, "t", STRING);
    return mn_fbb_table_end(b);
}
static mn_fbb_ref one_zero_point(mn_fbb *b) { return quantised(b, INT8, 4, 1, 0, 0); }
static mn_fbb_ref no_zero_point(mn_fbb *b) { return quantised(b, INT8, 1, 0, 0, 0); }
static mn_fbb_ref no_scale(mn_fbb *b) { return quantised(b, INT8, 0, 1, 7, 0); }
static mn_fbb_ref float_with_scale(mn_fbb *b) { return quantised(b, FLOAT32, 1, 1, 7, 0); }

static mn_fbb_ref constant(mn_fbb *b) {
    begin_tensor(b, "t", INT8);
    mn_fbb_add_i32(b, MN_F_TENSOR_BUFFER, 1, 0);
    return mn_fbb_table_end(b);
}

/* ---- Buffers by offset ------------------------------------------------------------------------------- */

/* The builder has no 64-bit fields, which we never write: here each is two 32-bit ones, the upper half under a number
 * that the reader does not know. A vector before the table makes the places multiples of 8. */
static mn_fbb_ref buffer_at(mn_fbb *b, int32_t offset, int32_t size, size_t inside) {
    mn_fbb_ref data = mn_fbb_bytes(b, "abcd", inside, 1, 8);
    mn_fbb_vector(b, (int64_t[]){0}, 1, 8);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_BUFFER_DATA, inside ? data : 0);
    if (!inside) mn_fbb_add_i32(b, MN_F(5, ""), 1, 0);
    mn_fbb_add_i32(b, MN_F(3, ""), 0, 1);
    mn_fbb_add_i32(b, MN_F_BUFFER_OFFSET, offset, 0);
    mn_fbb_add_i32(b, MN_F(4, ""), 0, 1);
    mn_fbb_add_i32(b, MN_F_BUFFER_SIZE, size, 0);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref buffer_by_offset(mn_fbb *b) { return buffer_at(b, 4, 4, 0); } /* the file identifier */
static mn_fbb_ref buffer_beyond(mn_fbb *b) { return buffer_at(b, 1 << 20, 4, 0); }
static mn_fbb_ref buffer_too_long(mn_fbb *b) { return buffer_at(b, 8, 1 << 20, 0); }
static mn_fbb_ref buffer_twice(mn_fbb *b) { return buffer_at(b, 8, 4, 4); }
static mn_fbb_ref buffer_inside(mn_fbb *b) { return buffer_at(b, 1, 1, 4); }

/* ---- Operators --------------------------------------------------------------------------------------- */

static mn_fbb_ref code_of(mn_fbb *b, const char *custom) {
    mn_fbb_ref name = mn_fbb_string(b, custom);
    mn_fbb_table_begin(b);
    mn_fbb_add_u8(b, MN_F_OPCODE_DEPRECATED_CODE, 32, 0);
    mn_fbb_add_ref(b, MN_F_OPCODE_CUSTOM_CODE, name);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref broken_name(mn_fbb *b) { return code_of(b, "Edge\nTPU"); }
static mn_fbb_ref custom_code(mn_fbb *b) { return code_of(b, "ethos-u"); }

static mn_fbb_ref negative_code(mn_fbb *b) { return code(b, 200, -5); }
static mn_fbb_ref old_code(mn_fbb *b) { return code(b, 19, 0); } /* files before 2020 have only the first */
static mn_fbb_ref reshape_code(mn_fbb *b) { return code(b, 22, 22); }
static mn_fbb_ref squeeze_code(mn_fbb *b) { return code(b, 43, 43); }
static mn_fbb_ref dense_code(mn_fbb *b) { return code(b, 9, 9); }
static mn_fbb_ref add_code(mn_fbb *b) { return code(b, 0, 0); }
static mn_fbb_ref depthwise_code(mn_fbb *b) { return code(b, 4, 4); }

static mn_fbb_ref new_shape(mn_fbb *b, size_t count) {
    mn_fbb_ref list = ints(b, count, (int32_t[]){0, 4});
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_RESHAPE_NEW_SHAPE, list);
    return operation(b, MN_TFL_OPTIONS_RESHAPE, mn_fbb_table_end(b));
}

static mn_fbb_ref scalar_shape(mn_fbb *b) { return new_shape(b, 1); }
static mn_fbb_ref zero_shape(mn_fbb *b) { return new_shape(b, 2); }

static mn_fbb_ref with_byte(mn_fbb *b, mn_tfl_options type, mn_fb_field field, uint8_t value) {
    mn_fbb_table_begin(b);
    mn_fbb_add_u8(b, field, value, 0);
    return operation(b, type, mn_fbb_table_end(b));
}

/* x -> y with options elsewhere in the file; 64-bit fields as in buffer_at(). */
static mn_fbb_ref options_at(mn_fbb *b, int32_t offset) {
    mn_fbb_ref inputs = ints(b, 1, (int32_t[]){0}), outputs = ints(b, 1, (int32_t[]){1});
    mn_fbb_vector(b, (int64_t[]){0}, 1, 8);
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_OPERATOR_INPUTS, inputs);
    mn_fbb_add_ref(b, MN_F_OPERATOR_OUTPUTS, outputs);
    mn_fbb_add_i32(b, MN_F(13, ""), 1, 0);
    mn_fbb_add_i32(b, MN_F(11, ""), 0, 1);
    mn_fbb_add_i32(b, MN_F_OPERATOR_LARGE_OFFSET, offset, 0);
    mn_fbb_add_i32(b, MN_F(12, ""), 0, 1);
    mn_fbb_add_i32(b, MN_F_OPERATOR_LARGE_SIZE, 4, 0);
    return mn_fbb_table_end(b);
}

static mn_fbb_ref options_by_offset(mn_fbb *b) { return options_at(b, 4); } /* the file identifier */
static mn_fbb_ref options_beyond(mn_fbb *b) { return options_at(b, 1 << 20); }

static mn_fbb_ref shuffled(mn_fbb *b) {
    return with_byte(b, MN_TFL_OPTIONS_FULLY_CONNECTED, MN_F_FULLY_CONNECTED_WEIGHTS_FORMAT, 1);
}
static mn_fbb_ref tanh_fused(mn_fbb *b) { return with_byte(b, MN_TFL_OPTIONS_ADD, MN_F_BINARY_ACTIVATION, 4); }
static mn_fbb_ref sign_fused(mn_fbb *b) { return with_byte(b, MN_TFL_OPTIONS_ADD, MN_F_BINARY_ACTIVATION, 5); }
static mn_fbb_ref odd_fused(mn_fbb *b) { return with_byte(b, MN_TFL_OPTIONS_ADD, MN_F_BINARY_ACTIVATION, 6); }
static mn_fbb_ref far_squeeze(mn_fbb *b) {
    mn_fbb_ref list = ints(b, 1, (int32_t[]){6});
    mn_fbb_table_begin(b);
    mn_fbb_add_ref(b, MN_F_SQUEEZE_DIMS, list);
    return operation(b, MN_TFL_OPTIONS_SQUEEZE, mn_fbb_table_end(b));
}
static mn_fbb_ref no_multiplier(mn_fbb *b) {
    mn_fbb_table_begin(b);
    mn_fbb_add_i32(b, MN_F_WINDOW_STRIDE_W, 1, 0);
    mn_fbb_add_i32(b, MN_F_WINDOW_STRIDE_H, 1, 0);
    return operation(b, MN_TFL_OPTIONS_DEPTHWISE_CONV_2D, mn_fbb_table_end(b));
}

/* ---- Tests ------------------------------------------------------------------------------------------- */

static void test_refused(void **state) {
    (void)state;
    static const struct {
        parts parts;
        mn_status status;
        const char *sentence;
    } cases[] = {
        {{.tensor = variable},
         MN_ERROR_UNSUPPORTED,
         "m: tensor 2 (t): variables that keep their value between runs are not supported"},
        {{.tensor = sparse},
         MN_ERROR_UNSUPPORTED,
         "m: tensor 2 (t): sparse tensors are not supported; convert the model without sparsity"},
        {{.tensor = external},
         MN_ERROR_UNSUPPORTED,
         "m: tensor 2 (t): contents kept in another file are not supported"},
        {{.tensor = custom_quantisation},
         MN_ERROR_UNSUPPORTED,
         "m: tensor 2 (t): custom or blockwise quantisation is not supported"},
        {{.tensor = two_zero_points}, MN_ERROR_FORMAT, "m: tensor 2 (t): 2 zero points for 4 scales"},
        {{.tensor = text_tensor}, MN_ERROR_UNSUPPORTED, "m: tensor 2 (t): type STRING is not supported"},
        {{.tensor = huge_zero_point},
         MN_ERROR_FORMAT,
         "m: tensor 2 (t): zero point 9223372036854775807 is outside the range of int8"},
        {{.tensor = constant, .buffer = buffer_beyond},
         MN_ERROR_FORMAT,
         "m: buffers[1]: contents by offset end beyond the end of the file"},
        {{.tensor = constant, .buffer = buffer_too_long},
         MN_ERROR_FORMAT,
         "m: buffers[1]: contents by offset end beyond the end of the file"},
        {{.tensor = constant, .buffer = buffer_twice},
         MN_ERROR_FORMAT,
         "m: buffers[1]: has both contents and an offset to contents"},
        {{.code = broken_name},
         MN_ERROR_FORMAT,
         "m: operator 0 (CUSTOM \"Edge?TPU\"): its name is missing or not printable text"},
        {{.code = custom_code, .operation = options_beyond},
         MN_ERROR_FORMAT,
         "m: subgraphs[0].operators[0]: contents by offset end beyond the end of the file"},
        {{.code = negative_code},
         MN_ERROR_UNSUPPORTED,
         "m: operator 0 (code -5) is not known; supported operators are listed in docs/formats.md"},
        {{.code = reshape_code}, MN_ERROR_FORMAT, "m: operator 0 (RESHAPE): the new shape is missing"},
        {{.code = reshape_code, .operation = zero_shape},
         MN_ERROR_FORMAT,
         "m: operator 0 (RESHAPE): entry 0 of the new shape is 0; it must be positive, or -1"},
        {{.code = squeeze_code, .operation = far_squeeze},
         MN_ERROR_FORMAT,
         "m: operator 0 (SQUEEZE): axis 6 does not exist"},
        {{.code = dense_code, .operation = shuffled},
         MN_ERROR_UNSUPPORTED,
         "m: operator 0 (FULLY_CONNECTED): weights are stored shuffled (format 1); only the default format is "
         "supported"},
        {{.code = add_code, .operation = tanh_fused},
         MN_ERROR_UNSUPPORTED,
         "m: operator 0 (ADD): fused activation TANH is not supported"},
        {{.code = add_code, .operation = sign_fused},
         MN_ERROR_UNSUPPORTED,
         "m: operator 0 (ADD): fused activation SIGN_BIT is not supported"},
        {{.code = add_code, .operation = odd_fused},
         MN_ERROR_FORMAT,
         "m: operator 0 (ADD): fused activation 6 is not known"},
        {{.code = depthwise_code, .operation = no_multiplier},
         MN_ERROR_FORMAT,
         "m: operator 0 (DEPTHWISE_CONV_2D): depth_multiplier is 0; it must be positive"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *data;
        size_t bytes;
        mn_graph graph;
        make(&cases[i].parts, &data, &bytes);
        mn_status status = mn_tflite_read(data, bytes, "m", &graph);
        if (status == MN_OK) fail_msg("read without complaint; expected \"%s\"", cases[i].sentence);
        assert_string_equal(mn_error_detail(), cases[i].sentence);
        assert_int_equal(status, cases[i].status);
        free(data);
    }
}

/* Reads a model that is unusual and right. */
static mn_graph read_parts(const parts *p, uint8_t **data) {
    size_t bytes;
    mn_graph graph;
    make(p, data, &bytes);
    if (mn_tflite_read(*data, bytes, "m", &graph) != MN_OK) fail_msg("%s", mn_error_detail());
    return graph;
}

static void expect_quant(mn_fbb_ref (*tensor)(mn_fbb *), int32_t count, int32_t zero_point) {
    uint8_t *data;
    mn_graph graph = read_parts(&(parts){.tensor = tensor}, &data);
    const mn_quant *quant = &graph.tensors[2].quant;
    assert_int_equal(quant->count, count);
    for (int32_t i = 0; i < count; i++) {
        assert_true(quant->scale[i] == (float)(i + 1));
        assert_int_equal(quant->zero_point[i], zero_point);
    }
    mn_graph_free(&graph);
    free(data);
}

static void test_unusual_quantisation(void **state) {
    (void)state;
    expect_quant(one_zero_point, 4, 0);
    expect_quant(no_zero_point, 1, 0);
    expect_quant(no_scale, 0, 0);
    expect_quant(float_with_scale, 0, 0);
    expect_quant(custom_float, 0, 0);
    expect_quant(three_zero_points, 4, 9);
}

/* What cannot change a result is no reason to refuse a model. */
static void test_harmless_oddities(void **state) {
    (void)state;
    expect_quant(legacy_bias, 1, 0);
    expect_quant(legacy_weights, 1, 0); /* of a single scale the dimension does not matter */
    expect_quant(scales_of_bias, 0, 0); /* a note on a bias that does not fit it is left out */
    expect_quant(huge_zero_of_bias, 0, 0);
    mn_fbb_ref (*const forgotten[])(mn_fbb *) = {variable, sparse, text_tensor, two_zero_points};
    for (size_t i = 0; i < sizeof forgotten / sizeof forgotten[0]; i++) {
        uint8_t *data;
        mn_graph graph = read_parts(&(parts){.tensor = forgotten[i], .forgotten = true}, &data);
        assert_string_equal(graph.tensors[2].name, "t");
        assert_int_equal(graph.tensors[2].type, MN_NONE);
        assert_int_equal(mn_graph_check(&graph), MN_OK);
        mn_graph_free(&graph);
        free(data);
    }
}

static void test_unusual_operators(void **state) {
    (void)state;
    static const struct {
        parts parts;
        mn_op_kind kind;
    } cases[] = {
        {{.tensor = dynamic_shape}, MN_OP_RELU}, {{.tensor = long_signature}, MN_OP_RELU},
        {{.subgraphs = 2}, MN_OP_RELU},          {{.code = old_code}, MN_OP_RELU},
        {{.code = squeeze_code}, MN_OP_SQUEEZE}, {{.code = reshape_code, .operation = scalar_shape}, MN_OP_RESHAPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *data;
        mn_graph graph = read_parts(&cases[i].parts, &data);
        assert_int_equal(graph.ops[0].kind, cases[i].kind);
        assert_int_equal(graph.ops[0].attr.list_count, 0);
        mn_graph_free(&graph);
        free(data);
    }
}

static void expect_contents(mn_fbb_ref (*buffer)(mn_fbb *), const char *contents) {
    uint8_t *data;
    mn_graph graph = read_parts(&(parts){.tensor = constant, .buffer = buffer}, &data);
    assert_non_null(graph.tensors[2].data);
    assert_memory_equal(graph.tensors[2].data, contents, 4);
    mn_graph_free(&graph);
    free(data);
}

static void test_buffers_outside_the_tables(void **state) {
    (void)state;
    expect_contents(buffer_by_offset, "TFL3");
    expect_contents(buffer_inside, "abcd"); /* offset and size 1 are place holders */
}

static void test_custom_options_outside_the_tables(void **state) {
    (void)state;
    uint8_t *data;
    mn_graph graph = read_parts(&(parts){.code = custom_code, .operation = options_by_offset}, &data);
    const mn_custom *custom = &graph.ops[0].attr.custom;
    assert_string_equal(custom->name, "ethos-u");
    assert_int_equal(custom->bytes, 4);
    assert_memory_equal(custom->options, "TFL3", 4);
    mn_graph_free(&graph);
    free(data);
}

/* A small file in which very many tensors share one long list of scales would take gigabytes to unfold. */
static void test_sharing_is_bounded(void **state) {
    (void)state;
    enum { SCALES = 20000, TENSORS = 20000 };
    static float scales[SCALES];
    static mn_fbb_ref tensors[TENSORS];
    for (int32_t i = 0; i < SCALES; i++) scales[i] = 1;
    mn_fbb b = {0};
    mn_fbb_ref list = mn_fbb_vector(&b, scales, SCALES, sizeof scales[0]), shape = ints(&b, 1, (int32_t[]){SCALES});
    mn_fbb_table_begin(&b);
    mn_fbb_add_ref(&b, MN_F_QUANT_SCALE, list);
    mn_fbb_ref quantisation = mn_fbb_table_end(&b), buffer = empty_buffer(&b), kind = code(&b, 19, 19);
    mn_fbb_table_begin(&b);
    mn_fbb_add_ref(&b, MN_F_TENSOR_SHAPE, shape);
    mn_fbb_add_ref(&b, MN_F_TENSOR_QUANTIZATION, quantisation);
    mn_fbb_add_u8(&b, MN_F_TENSOR_TYPE, INT8, 0);
    mn_fbb_ref tensor = mn_fbb_table_end(&b);
    for (int32_t i = 0; i < TENSORS; i++) tensors[i] = tensor;
    static int32_t outputs[TENSORS];
    for (int32_t i = 0; i < TENSORS; i++) outputs[i] = i;
    mn_fbb_ref all = mn_fbb_refs(&b, tensors, TENSORS), op = operation(&b, MN_TFL_OPTIONS_NONE, 0);
    mn_fbb_ref ops = mn_fbb_refs(&b, &op, 1), named = ints(&b, TENSORS, outputs);
    mn_fbb_table_begin(&b);
    mn_fbb_add_ref(&b, MN_F_SUBGRAPH_TENSORS, all);
    mn_fbb_add_ref(&b, MN_F_SUBGRAPH_OPERATORS, ops);
    mn_fbb_add_ref(&b, MN_F_SUBGRAPH_OUTPUTS, named);
    mn_fbb_ref graph = mn_fbb_table_end(&b), graphs = mn_fbb_refs(&b, &graph, 1);
    mn_fbb_ref buffers = mn_fbb_refs(&b, &buffer, 1), codes = mn_fbb_refs(&b, &kind, 1);
    mn_fbb_table_begin(&b);
    mn_fbb_add_i32(&b, MN_F_MODEL_VERSION, 3, 0);
    mn_fbb_add_ref(&b, MN_F_MODEL_OPERATOR_CODES, codes);
    mn_fbb_add_ref(&b, MN_F_MODEL_SUBGRAPHS, graphs);
    mn_fbb_add_ref(&b, MN_F_MODEL_BUFFERS, buffers);
    uint8_t *data;
    size_t bytes;
    mn_graph out;
    mn_fbb_ref root = mn_fbb_table_end(&b);
    assert_int_equal(mn_fbb_finish(&b, root, "TFL3", &data, &bytes), MN_OK);
    mn_fbb_free(&b);
    assert_int_equal(mn_tflite_read(data, bytes, "m", &out), MN_ERROR_LIMIT);
    assert_non_null(strstr(mn_error_detail(), "too many references share the same bytes"));
    free(data);
}

static void test_real_models(void **state) {
    (void)state;
    static const struct {
        const char *path;
        int32_t tensors, ops;
        mn_type input;
    } models[] = {
        {"../shared/models/mobilenet_v2_1.0_224_quant.tflite", 174, 66, MN_UINT8},
        {"../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite", 177, 68, MN_UINT8},
    };
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        mn_map map;
        mn_graph graph;
        if (mn_map_open(models[i].path, &map) != MN_OK) {
            print_message("SKIPPED: %s\n", mn_error_detail());
            skip();
        }
        if (mn_tflite_read(map.data, map.bytes, models[i].path, &graph) != MN_OK) fail_msg("%s", mn_error_detail());
        if (mn_graph_check(&graph) != MN_OK) fail_msg("%s", mn_error_detail());
        assert_int_equal(graph.tensor_count, models[i].tensors);
        assert_int_equal(graph.op_count, models[i].ops);
        assert_string_equal(graph.description, "MLIR Converted.");
        const mn_tensor *input = &graph.tensors[graph.inputs[0]];
        assert_int_equal(input->type, models[i].input);
        assert_memory_equal(input->dims, ((int32_t[]){1, 224, 224, 3}), 4 * sizeof(int32_t));
        for (int32_t t = 0; t < graph.tensor_count; t++) {
            const uint8_t *data = graph.tensors[t].data, *file = map.data;
            if (!data || (!mn_fb_host_order() && mn_type_size(graph.tensors[t].type) > 1)) continue;
            assert_true(data >= file && data < file + map.bytes); /* nothing was copied */
        }
        mn_graph_free(&graph);
        mn_map_close(&map);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_unusual_quantisation),
        cmocka_unit_test(test_harmless_oddities),
        cmocka_unit_test(test_unusual_operators),
        cmocka_unit_test(test_buffers_outside_the_tables),
        cmocka_unit_test(test_custom_options_outside_the_tables),
        cmocka_unit_test(test_sharing_is_bounded),
        cmocka_unit_test(test_real_models),
    };
    return cmocka_run_group_tests_name("tflite special", tests, NULL, NULL);
}
