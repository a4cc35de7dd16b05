/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Each way a model file can be wrong has its own sentence. Damage is done to a graph before it is written, where the
 * file stays well formed, or to chosen bytes of a written file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "support/model_builder.h"
#include "tflite/builder.h"
#include "tflite/read.h"
#include "tflite/reader.h"
#include "tflite/write.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* Is this the sentence, where '#' stands for any number? */
static bool says(const char *text, const char *sentence) {
    while (*sentence) {
        if (*sentence != '#') {
            if (*text++ != *sentence++) return false;
        } else {
            if (*text < '0' || *text > '9') return false;
            while (*text >= '0' && *text <= '9') text++;
            sentence++;
        }
    }
    return *text == 0;
}

/* Reading fails with this status and exactly this sentence, and leaves the output alone. */
static void expect_failure(const uint8_t *data, size_t bytes, mn_status status, const char *sentence) {
    mn_graph graph = {.op_count = -7};
    mn_status got = mn_tflite_read(data, bytes, "m", &graph);
    if (got == MN_OK) {
        mn_graph_free(&graph);
        fail_msg("read without complaint; expected \"%s\"", sentence);
    }
    if (!says(mn_error_detail(), sentence)) fail_msg("\"%s\" is not \"%s\"", mn_error_detail(), sentence);
    assert_int_equal(got, status);
    assert_int_equal(graph.op_count, -7);
}

/* ---- Graphs that say something wrong ------------------------------------------------------------------ */

/* image -> CONV_2D (int8, per channel) -> AVERAGE_POOL_2D -> RESHAPE -> FULLY_CONNECTED -> SOFTMAX. */
enum { IMAGE, WEIGHTS, BIAS, CONV, POOL, SHAPE, ROW, FC_WEIGHTS, LOGITS, RESULT };

static void build(model_builder *b) {
    mb_open(b, MN_INT8, 5);
    int32_t x = mb_tensor(b, "image", MN_INT8, 4, (int32_t[]){1, 6, 6, 3});
    int32_t w = mb_constant(b, "weights", MN_INT8, 4, (int32_t[]){4, 3, 3, 3});
    mb_quantise(b, w, 4, 0, 0.01f, 0);
    int32_t bias = mb_constant(b, "bias", MN_INT32, 1, (int32_t[]){4});
    int32_t conv = mb_tensor(b, "conv", MN_INT8, 4, (int32_t[]){1, 6, 6, 4});
    int32_t pool = mb_tensor(b, "pool", MN_INT8, 4, (int32_t[]){1, 1, 1, 4});
    int32_t shape = mb_list(b, "shape", 2, (int32_t[]){1, 4});
    int32_t row = mb_tensor(b, "row", MN_INT8, 2, (int32_t[]){1, 4});
    int32_t fc = mb_constant(b, "matrix", MN_INT8, 2, (int32_t[]){5, 4});
    int32_t logits = mb_tensor(b, "logits", MN_INT8, 2, (int32_t[]){1, 5});
    int32_t y = mb_tensor(b, "result", MN_INT8, 2, (int32_t[]){1, 5});
    const mn_op_attr window = {.stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    mb_op(b, MN_OP_CONV_2D, 3, 3, (int32_t[]){x, w, bias}, conv)->attr = window;
    mn_op *op = mb_op(b, MN_OP_AVERAGE_POOL_2D, 2, 1, &conv, pool);
    op->attr = window;
    op->attr.filter_h = op->attr.filter_w = 6;
    op->attr.padding = MN_PAD_VALID;
    mb_op(b, MN_OP_RESHAPE, 1, 2, (int32_t[]){pool, shape}, row);
    mb_op(b, MN_OP_FULLY_CONNECTED, 4, 3, (int32_t[]){row, fc, -1}, logits);
    mb_op(b, MN_OP_SOFTMAX, 2, 1, &logits, y)->attr.beta = 1.0f;
    mb_ends(b, x, y);
}

/* Makes the third tensor of the last operator something else; the operators before it stay. */
static mn_op *replace_last(model_builder *b, mn_op_kind kind, int32_t list) {
    mn_op *op = &b->graph.ops[b->graph.op_count - 1];
    b->graph.op_count--;
    return mb_op(b, kind, 1, 2, (int32_t[]){op->inputs[0], list}, op->outputs[0]);
}

static float *scale(model_builder *b, int32_t tensor) {
    return (float *)(uintptr_t)b->graph.tensors[tensor].quant.scale;
}

static int32_t *zero(model_builder *b, int32_t tensor) {
    return (int32_t *)(uintptr_t)b->graph.tensors[tensor].quant.zero_point;
}

static void zero_scale(model_builder *b) { scale(b, CONV)[0] = 0; }
static void negative_scale(model_builder *b) { scale(b, WEIGHTS)[2] = -1; }
static void infinite_scale(model_builder *b) { scale(b, CONV)[0] = (float)1e300; }
static void high_zero_point(model_builder *b) { zero(b, CONV)[0] = 128; }
static void channel_zero_point(model_builder *b) { zero(b, WEIGHTS)[3] = 1; }
static void odd_scale_count(model_builder *b) { b->graph.tensors[WEIGHTS].quant.count = 3; }
static void no_such_axis(model_builder *b) { b->graph.tensors[WEIGHTS].quant.axis = 4; }
static void negative_axis(model_builder *b) { b->graph.tensors[WEIGHTS].quant.axis = -1; }
static void zero_dimension(model_builder *b) { b->graph.tensors[IMAGE].dims[1] = 0; }
static void negative_dimension(model_builder *b) { b->graph.tensors[IMAGE].dims[2] = -5; }
static void huge_tensor(model_builder *b) { b->graph.tensors[IMAGE].dims[1] = 1 << 28; }
static void overflowing_tensor(model_builder *b) {
    for (int32_t d = 0; d < 4; d++) b->graph.tensors[IMAGE].dims[d] = INT32_MAX;
}
static void odd_constant(model_builder *b) { b->graph.tensors[WEIGHTS].dims[0] = 5; }
static void input_beyond(model_builder *b) { b->graph.ops[0].inputs[1] = 10; }
static void input_below(model_builder *b) { b->graph.ops[0].inputs[0] = -2; }
static void input_left_out(model_builder *b) { b->graph.ops[0].inputs[1] = -1; }
static void output_beyond(model_builder *b) { b->graph.ops[4].outputs[0] = 1000; }
static void model_input_beyond(model_builder *b) { b->graph.inputs[0] = 99; }
static void model_output_below(model_builder *b) { b->graph.outputs[0] = -1; }
static void new_version(model_builder *b) { b->graph.ops[0].version = 99; }
static void zero_version(model_builder *b) { b->graph.ops[0].version = 0; }
static void zero_stride(model_builder *b) { b->graph.ops[0].attr.stride_h = 0; }
static void huge_stride(model_builder *b) { b->graph.ops[0].attr.stride_w = 1 << 20; }
static void zero_dilation(model_builder *b) { b->graph.ops[0].attr.dilation_w = 0; }
static void negative_filter(model_builder *b) { b->graph.ops[1].attr.filter_h = -3; }
static void zero_beta(model_builder *b) { b->graph.ops[4].attr.beta = 0; }
static void infinite_beta(model_builder *b) { b->graph.ops[4].attr.beta = (float)1e300; }
static void shape_not_constant(model_builder *b) { b->graph.ops[2].inputs[1] = IMAGE; }
static void shape_of_floats(model_builder *b) { b->graph.tensors[SHAPE].type = MN_FLOAT32; }
static void shape_of_pairs(model_builder *b) {
    b->graph.tensors[SHAPE].rank = 2;
    b->graph.tensors[SHAPE].dims[1] = 1;
}
static void shape_open_twice(model_builder *b) {
    b->graph.ops[2].inputs[1] = mb_list(b, "open", 2, (int32_t[]){-1, -1});
}
static void shape_with_zero(model_builder *b) { b->graph.ops[2].inputs[1] = mb_list(b, "zero", 2, (int32_t[]){4, 0}); }
static void shape_too_long(model_builder *b) {
    b->graph.ops[2].inputs[1] = mb_list(b, "long", 7, (int32_t[]){1, 1, 1, 1, 1, 1, 4});
}
static void mean_without_axes(model_builder *b) { replace_last(b, MN_OP_MEAN, SHAPE)->input_count = 1; }
static void mean_of_no_axis(model_builder *b) {
    replace_last(b, MN_OP_MEAN, mb_list(b, "axes", 1, (int32_t[]){INT32_MIN}));
}
static void mean_of_many_axes(model_builder *b) {
    replace_last(b, MN_OP_MEAN, mb_list(b, "axes", 7, (int32_t[]){0, 0, 0, 0, 0, 0, 0}));
}
static void turned_twice(model_builder *b) {
    replace_last(b, MN_OP_TRANSPOSE, mb_list(b, "order", 2, (int32_t[]){1, -1}));
}
static void turned_beyond(model_builder *b) {
    replace_last(b, MN_OP_TRANSPOSE, mb_list(b, "order", 2, (int32_t[]){0, 2}));
}
static void negative_padding(model_builder *b) {
    int32_t pads = mb_list(b, "pads", 4, (int32_t[]){0, 0, 3, -1});
    b->graph.tensors[pads].rank = 2;
    b->graph.tensors[pads].dims[0] = b->graph.tensors[pads].dims[1] = 2;
    replace_last(b, MN_OP_PAD, pads);
}
static void paddings_in_a_row(model_builder *b) {
    replace_last(b, MN_OP_PAD, mb_list(b, "pads", 4, (int32_t[]){0, 0, 0, 0}));
}
static void hostile_name(model_builder *b) {
    b->graph.tensors[CONV].name = "a\x1b[2J\xc3\xa9\xff";
    zero_scale(b);
}

static void test_wrong_graphs(void **state) {
    (void)state;
    static const struct {
        void (*damage)(model_builder *);
        mn_status status;
        const char *sentence;
    } cases[] = {
        {zero_scale, MN_ERROR_FORMAT, "m: tensor 3 (conv): scale 0 is 0; it must be positive and finite"},
        {negative_scale, MN_ERROR_FORMAT, "m: tensor 1 (weights): scale 2 is -1; it must be positive and finite"},
        {infinite_scale, MN_ERROR_FORMAT, "m: tensor 3 (conv): scale 0 is inf; it must be positive and finite"},
        {high_zero_point, MN_ERROR_FORMAT, "m: tensor 3 (conv): zero point 128 is outside the range of int8"},
        {channel_zero_point, MN_ERROR_UNSUPPORTED,
         "m: tensor 1 (weights): zero point 3 of per-channel int8 is 1; it must be 0"},
        {odd_scale_count, MN_ERROR_FORMAT, "m: tensor 1 (weights): 3 scales along dimension 0, which has 4 entries"},
        {no_such_axis, MN_ERROR_FORMAT, "m: tensor 1 (weights): quantised along dimension 4, which does not exist"},
        {negative_axis, MN_ERROR_FORMAT, "m: tensor 1 (weights): quantised along dimension -1, which does not exist"},
        {zero_dimension, MN_ERROR_FORMAT, "m: tensor 0 (image): dimension 1 is 0; it must be positive"},
        {negative_dimension, MN_ERROR_FORMAT, "m: tensor 0 (image): dimension 2 is -5; it must be positive"},
        {huge_tensor, MN_ERROR_LIMIT, "m: tensor 0 (image): larger than the limit of 1024 MiB"},
        {overflowing_tensor, MN_ERROR_LIMIT, "m: tensor 0 (image): larger than the limit of 1024 MiB"},
        {odd_constant, MN_ERROR_FORMAT, "m: tensor 1 (weights): buffer 1 holds 108 bytes; the shape takes 135"},
        {input_beyond, MN_ERROR_FORMAT, "m: subgraphs[0].operators[0].inputs: entry 1 names tensor 10; there are 10"},
        {input_below, MN_ERROR_FORMAT, "m: subgraphs[0].operators[0].inputs: entry 0 names tensor -2; there are 10"},
        {input_left_out, MN_ERROR_FORMAT, "m: subgraphs[0].operators[0].inputs: entry 1 names tensor -1; there are 10"},
        {output_beyond, MN_ERROR_FORMAT,
         "m: subgraphs[0].operators[4].outputs: entry 0 names tensor 1000; there are 10"},
        {model_input_beyond, MN_ERROR_FORMAT, "m: subgraphs[0].inputs: entry 0 names tensor 99; there are 10"},
        {model_output_below, MN_ERROR_FORMAT, "m: subgraphs[0].outputs: entry 0 names tensor -1; there are 10"},
        {new_version, MN_ERROR_UNSUPPORTED,
         "m: operator 0 (CONV_2D): version 99 is not supported; versions 1 to 8 are"},
        {zero_version, MN_ERROR_UNSUPPORTED,
         "m: operator 0 (CONV_2D): version 0 is not supported; versions 1 to 8 are"},
        {zero_stride, MN_ERROR_FORMAT, "m: operator 0 (CONV_2D): stride_h is 0; it must be between 1 and 65536"},
        {huge_stride, MN_ERROR_LIMIT, "m: operator 0 (CONV_2D): stride_w is 1048576; it must be between 1 and 65536"},
        {zero_dilation, MN_ERROR_FORMAT,
         "m: operator 0 (CONV_2D): dilation_w_factor is 0; it must be between 1 and 65536"},
        {negative_filter, MN_ERROR_FORMAT,
         "m: operator 1 (AVERAGE_POOL_2D): filter_height is -3; it must be between 1 and 65536"},
        {zero_beta, MN_ERROR_FORMAT, "m: operator 4 (SOFTMAX): beta is 0; it must be positive and finite"},
        {infinite_beta, MN_ERROR_FORMAT, "m: operator 4 (SOFTMAX): beta is inf; it must be positive and finite"},
        {shape_not_constant, MN_ERROR_UNSUPPORTED,
         "m: operator 2 (RESHAPE): input 1 (new shape) is computed at run time; it must be constant"},
        {shape_of_floats, MN_ERROR_UNSUPPORTED,
         "m: operator 2 (RESHAPE): input 1 (new shape) is float32; it must be int32 or int64"},
        {shape_of_pairs, MN_ERROR_FORMAT,
         "m: operator 2 (RESHAPE): input 1 (new shape) has 2 dimensions; it must be a list"},
        {shape_open_twice, MN_ERROR_FORMAT, "m: operator 2 (RESHAPE): the new shape holds -1 twice"},
        {shape_with_zero, MN_ERROR_FORMAT,
         "m: operator 2 (RESHAPE): entry 1 of the new shape is 0; it must be positive, or -1"},
        {shape_too_long, MN_ERROR_UNSUPPORTED,
         "m: operator 2 (RESHAPE): the new shape has 7 dimensions; at most 6 are supported"},
        {mean_without_axes, MN_ERROR_FORMAT, "m: operator 4 (MEAN): input 1 (axes) is missing"},
        {mean_of_no_axis, MN_ERROR_FORMAT, "m: operator 4 (MEAN): axis -2147483648 does not exist"},
        {mean_of_many_axes, MN_ERROR_UNSUPPORTED, "m: operator 4 (MEAN): names more than 6 axes"},
        {turned_twice, MN_ERROR_FORMAT,
         "m: operator 4 (TRANSPOSE): the permutation does not name each of its 2 dimensions once"},
        {turned_beyond, MN_ERROR_FORMAT,
         "m: operator 4 (TRANSPOSE): the permutation does not name each of its 2 dimensions once"},
        {negative_padding, MN_ERROR_FORMAT,
         "m: operator 4 (PAD): padding -1 of dimension 1; it must be between 0 and 65536"},
        {paddings_in_a_row, MN_ERROR_FORMAT,
         "m: operator 4 (PAD): the paddings are not a list of pairs, one for each of at most 6 dimensions"},
        {hostile_name, MN_ERROR_FORMAT, "m: tensor 3 (a?[2J\xc3\xa9?): scale 0 is 0; it must be positive and finite"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        model_builder b;
        uint8_t *data;
        size_t bytes;
        build(&b);
        cases[i].damage(&b);
        expect_ok(mn_tflite_write(&b.graph, &data, &bytes));
        mn_graph_free(&b.graph);
        expect_failure(data, bytes, cases[i].status, cases[i].sentence);
        free(data);
    }
}

/* ---- Bytes that are wrong ----------------------------------------------------------------------------- */

/* A written model, and the tables on the way to whatever is damaged. */
typedef struct opened {
    uint8_t *data;
    size_t bytes;
    mn_fb fb;
    mn_fb_table model, subgraph, tensor, op, code, buffer, quantisation, options;
    mn_fb_vector tensors, operators, codes, subgraphs, buffers;
} opened;

/* Opens the way to tensor and operator `index`. */
static void open_at(opened *o, uint32_t index) {
    bool present;
    expect_ok(mn_fb_open(o->data, o->bytes, "m", "TFL3", &o->fb, &o->model));
    expect_ok(mn_fb_list(&o->model, MN_F_MODEL_OPERATOR_CODES, 4, &o->codes));
    expect_ok(mn_fb_item(&o->codes, 0, &o->code));
    expect_ok(mn_fb_list(&o->model, MN_F_MODEL_BUFFERS, 4, &o->buffers));
    expect_ok(mn_fb_item(&o->buffers, 1, &o->buffer));
    expect_ok(mn_fb_list(&o->model, MN_F_MODEL_SUBGRAPHS, 4, &o->subgraphs));
    expect_ok(mn_fb_item(&o->subgraphs, 0, &o->subgraph));
    expect_ok(mn_fb_list(&o->subgraph, MN_F_SUBGRAPH_TENSORS, 4, &o->tensors));
    expect_ok(mn_fb_item(&o->tensors, index, &o->tensor));
    expect_ok(mn_fb_child(&o->tensor, MN_F_TENSOR_QUANTIZATION, &o->quantisation, &present));
    expect_ok(mn_fb_list(&o->subgraph, MN_F_SUBGRAPH_OPERATORS, 4, &o->operators));
    if (index < o->operators.count) {
        expect_ok(mn_fb_item(&o->operators, index, &o->op));
        expect_ok(mn_fb_child(&o->op, MN_F_OPERATOR_OPTIONS, &o->options, &present));
    }
}

static void open_model(opened *o, uint32_t index) {
    model_builder b;
    build(&b);
    expect_ok(mn_tflite_write(&b.graph, &o->data, &o->bytes));
    mn_graph_free(&b.graph);
    open_at(o, index);
}

/* The byte where the directory keeps the offset of a field, and the field itself, which must be present. */
static uint8_t *entry(const opened *o, const mn_fb_table *table, mn_fb_field field) {
    return o->data + table->vtable + 4 + 2 * (size_t)field.id;
}

static uint8_t *at(const opened *o, const mn_fb_table *table, mn_fb_field field) {
    assert_true(4 + 2u * field.id < table->vtable_bytes);
    assert_int_not_equal(mn_le16(entry(o, table, field)), 0);
    return o->data + table->at + mn_le16(entry(o, table, field));
}

static void put32(uint8_t *to, uint32_t value) {
    for (int32_t i = 0; i < 4; i++) to[i] = (uint8_t)(value >> 8 * i);
}

static void put16(uint8_t *to, uint32_t value) {
    for (int32_t i = 0; i < 2; i++) to[i] = (uint8_t)(value >> 8 * i);
}

/* The first byte of the vector or table a reference field leads to. */
static uint8_t *target(const opened *o, const mn_fb_table *table, mn_fb_field field) {
    uint8_t *reference = at(o, table, field);
    return reference + mn_le32(reference);
}

static void wrong_identifier(opened *o) { o->data[7] = '4'; }
static void wrong_schema(opened *o) { put32(at(o, &o->model, MN_F_MODEL_VERSION), 4); }
static void no_subgraph(opened *o) { put32(target(o, &o->model, MN_F_MODEL_SUBGRAPHS), 0); }
static void no_tensors(opened *o) { put32(target(o, &o->subgraph, MN_F_SUBGRAPH_TENSORS), 0); }
static void root_beyond(opened *o) { put32(o->data, 1u << 30); }
static void root_odd(opened *o) { put32(o->data, mn_le32(o->data) + 1); }
static void root_empty(opened *o) { put32(o->data, 0); }
static void reference_empty(opened *o) { put32(at(o, &o->tensor, MN_F_TENSOR_SHAPE), 0); }
static void directory_outside(opened *o) { put32(o->data + o->tensor.at, 0x7fffffff); }
static void directory_odd(opened *o) { put32(o->data + o->tensor.at, mn_le32(o->data + o->tensor.at) + 1); }
static void directory_small(opened *o) { put16(o->data + o->tensor.vtable, 2); }
static void directory_odd_size(opened *o) { put16(o->data + o->tensor.vtable, 7); }
static void directory_long(opened *o) { put16(o->data + o->tensor.vtable, 0xfffe); }
static void table_small(opened *o) { put16(o->data + o->tensor.vtable + 2, 3); }
static void table_long(opened *o) { put16(o->data + o->tensor.vtable + 2, 0xffff); }
static void field_outside(opened *o) { put16(entry(o, &o->tensor, MN_F_TENSOR_SHAPE), 4000); }
static void field_on_directory(opened *o) { put16(entry(o, &o->tensor, MN_F_TENSOR_SHAPE), 2); }
static void field_misaligned(opened *o) {
    put16(entry(o, &o->tensor, MN_F_TENSOR_NAME), mn_le16(entry(o, &o->tensor, MN_F_TENSOR_NAME)) + 1u);
}
static void vector_long(opened *o) { put32(target(o, &o->tensor, MN_F_TENSOR_SHAPE), 0x40000000); }
static void name_unterminated(opened *o) {
    uint8_t *name = target(o, &o->tensor, MN_F_TENSOR_NAME);
    name[4 + mn_le32(name)] = 'x';
}
static void zero_points_misaligned(opened *o) {
    uint8_t *reference = at(o, &o->quantisation, MN_F_QUANT_ZERO_POINT);
    put32(reference + mn_le32(reference) - 4, 1);
    put32(reference, mn_le32(reference) - 4);
}
static void type_float64(opened *o) { *at(o, &o->tensor, MN_F_TENSOR_TYPE) = 10; }
static void type_unknown(opened *o) { *at(o, &o->tensor, MN_F_TENSOR_TYPE) = 77; }
static void many_dimensions(opened *o) { put32(target(o, &o->tensor, MN_F_TENSOR_SHAPE), 7); }
static void no_such_buffer(opened *o) { put32(at(o, &o->tensor, MN_F_TENSOR_BUFFER), 77); }
static void no_such_code(opened *o) { put32(at(o, &o->op, MN_F_OPERATOR_OPCODE_INDEX), 77); }
static void transpose_conv(opened *o) { put32(at(o, &o->code, MN_F_OPCODE_BUILTIN_CODE), 67); }
static void newer_operator(opened *o) { put32(at(o, &o->code, MN_F_OPCODE_BUILTIN_CODE), 5000); }
static void custom_operator(opened *o) { put32(at(o, &o->code, MN_F_OPCODE_BUILTIN_CODE), 32); }
static void other_options(opened *o) { *at(o, &o->op, MN_F_OPERATOR_OPTIONS_TYPE) = 5; }
static void no_options(opened *o) { *at(o, &o->op, MN_F_OPERATOR_OPTIONS_TYPE) = 0; }
static void padding_unknown(opened *o) { *at(o, &o->options, MN_F_WINDOW_PADDING) = 2; }

static void test_wrong_bytes(void **state) {
    (void)state;
    static const struct {
        void (*damage)(opened *);
        uint32_t index; /* of the tensor and operator that `damage` finds open */
        mn_status status;
        const char *sentence;
    } cases[] = {
        {wrong_identifier, 0, MN_ERROR_FORMAT,
         "m: is not a .tflite model: \"TFL3\" is missing at byte 4; fetch or write it again"},
        {wrong_schema, 0, MN_ERROR_UNSUPPORTED, "m: schema version 4 is not supported; it must be 3"},
        {no_subgraph, 0, MN_ERROR_FORMAT, "m: subgraphs: list is missing or empty"},
        {no_tensors, 0, MN_ERROR_FORMAT, "m: subgraphs[0].tensors: list is missing or empty"},
        {root_beyond, 0, MN_ERROR_FORMAT,
         "m: reference leads 1073741824 bytes past byte 0, beyond the end of the file (# bytes)"},
        {root_odd, 0, MN_ERROR_FORMAT, "m: reference leads to byte #, which is not a multiple of 4"},
        {root_empty, 0, MN_ERROR_FORMAT, "m: reference is empty"},
        {reference_empty, 3, MN_ERROR_FORMAT, "m: subgraphs[0].tensors[3].shape: reference is empty"},
        {directory_outside, 3, MN_ERROR_FORMAT,
         "m: subgraphs[0].tensors[3]: field directory of the table at byte # lies outside the file"},
        {directory_odd, 3, MN_ERROR_FORMAT, "m: subgraphs[0].tensors[3]: field directory starts at an odd byte"},
        {directory_small, 3, MN_ERROR_FORMAT,
         "m: subgraphs[0].tensors[0]: field directory claims an impossible size of 2 bytes"},
        {directory_odd_size, 3, MN_ERROR_FORMAT,
         "m: subgraphs[0].tensors[0]: field directory claims an impossible size of 7 bytes"},
        {directory_long, 3, MN_ERROR_FORMAT,
         "m: subgraphs[0].tensors[0]: field directory ends beyond the end of the file"},
        {table_small, 3, MN_ERROR_FORMAT, "m: subgraphs[0].tensors[0]: table claims an impossible size of 3 bytes"},
        {table_long, 3, MN_ERROR_FORMAT, "m: subgraphs[0].tensors[0]: table ends beyond the end of the file"},
        {field_outside, 1, MN_ERROR_FORMAT,
         "m: subgraphs[0].tensors[1].shape: field lies outside its table (byte 4000 of #)"},
        {field_on_directory, 1, MN_ERROR_FORMAT,
         "m: subgraphs[0].tensors[1].shape: field lies outside its table (byte 2 of #)"},
        {field_misaligned, 1, MN_ERROR_FORMAT,
         "m: subgraphs[0].tensors[#].name: field of 4 bytes starts at byte #, which is misaligned"},
        {vector_long, 3, MN_ERROR_FORMAT,
         "m: subgraphs[0].tensors[3].shape: list of 1073741824 elements ends beyond the end of the file"},
        {name_unterminated, 3, MN_ERROR_FORMAT, "m: subgraphs[0].tensors[3].name: string has no terminating zero"},
        {zero_points_misaligned, 3, MN_ERROR_FORMAT,
         "m: subgraphs[0].tensors[3].quantization.zero_point: elements of 8 bytes start at byte #, which is "
         "misaligned"},
        {type_float64, 3, MN_ERROR_UNSUPPORTED, "m: tensor 3 (conv): type FLOAT64 is not supported"},
        {type_unknown, 3, MN_ERROR_UNSUPPORTED, "m: tensor 3 (conv): type number 77 is not known"},
        {many_dimensions, 3, MN_ERROR_UNSUPPORTED, "m: tensor 3 (conv): 7 dimensions; at most 6 are supported"},
        {no_such_buffer, 1, MN_ERROR_FORMAT, "m: tensor 1 (weights): buffer 77 does not exist; there are 6"},
        {no_such_code, 1, MN_ERROR_FORMAT,
         "m: subgraphs[0].operators[1]: operator code 77 does not exist; there are 5"},
        {transpose_conv, 0, MN_ERROR_UNSUPPORTED,
         "m: operator 0 (TRANSPOSE_CONV) is not supported; supported operators are listed in docs/formats.md"},
        {newer_operator, 0, MN_ERROR_UNSUPPORTED,
         "m: operator 0 (code 5000) is not known; supported operators are listed in docs/formats.md"},
        {custom_operator, 0, MN_ERROR_FORMAT, "m: operator 0 (CUSTOM \"\"): its name is missing or not printable text"},
        {other_options, 0, MN_ERROR_FORMAT,
         "m: operator 0 (CONV_2D): options are of type 5, which belongs to another operator"},
        {no_options, 0, MN_ERROR_FORMAT, "m: operator 0 (CONV_2D): options are missing"},
        {padding_unknown, 1, MN_ERROR_FORMAT, "m: operator 1 (AVERAGE_POOL_2D): padding 2 is not known"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        opened o;
        open_model(&o, cases[i].index);
        cases[i].damage(&o);
        expect_failure(o.data, o.bytes, cases[i].status, cases[i].sentence);
        free(o.data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_graphs),
        cmocka_unit_test(test_wrong_bytes),
    };
    return cmocka_run_group_tests_name("tflite read", tests, NULL, NULL);
}
