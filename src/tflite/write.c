/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "tflite/write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "tflite/builder.h"
#include "tflite/metadata.h"
#include "tflite/metadata_schema.h"
#include "tflite/ops.h"

#define BUFFER_ALIGNMENT 16 /* force_align of Buffer.data in the schema */

typedef struct writer {
    const mn_graph *graph;
    mn_fbb b;
    mn_region region;
    mn_fbb_ref *refs;       /* memory for one list of tables: [the longest of them] */
    int32_t *tensor_buffer; /* [tensor_count]: number of the buffer of each tensor; 0 is the empty one */
    int32_t *buffer_tensor; /* [buffer_count]: a tensor with the contents of each buffer; -1 for the empty one */
    int32_t buffer_count;
    int32_t *op_code; /* [op_count]: number of each operator's code */
    int32_t *code_op; /* [code_count]: an operator with each code */
    int32_t code_count;
    uint8_t *metadata; /* [metadata_bytes]: of graph->meaning; NULL when that says nothing */
    size_t metadata_bytes;
} writer;

/* ---- What is shared ---------------------------------------------------------------------------------- */

static size_t slot_of(const void *data, size_t slots) { return ((uintptr_t)data >> 4) * 0x9e3779b1u % slots; }

/* Numbers the distinct constants in order of their first tensor, by a table of twice as many slots. */
static mn_status number_buffers(writer *w) {
    const mn_graph *graph = w->graph;
    size_t count = (size_t)graph->tensor_count, slots = 2 * count + 1;
    int32_t *table = mn_region_alloc(&w->region, slots, sizeof *table); /* buffer number; 0 is free */
    w->tensor_buffer = mn_region_alloc(&w->region, count, sizeof *w->tensor_buffer);
    w->buffer_tensor = mn_region_alloc(&w->region, count + 1, sizeof *w->buffer_tensor);
    bool *computed =
        mn_region_alloc(&w->region, count, sizeof *computed); /* by an operator; known without running it */
    if (!table || !w->tensor_buffer || !w->buffer_tensor || !computed) return mn_fail_memory("the model file");
    for (int32_t i = 0; i < graph->op_count; i++) {
        for (int32_t k = 0; k < graph->ops[i].output_count; k++) {
            const int32_t output = graph->ops[i].outputs[k];
            if (output >= 0 && output < graph->tensor_count)
                computed[output] = true; /* tests write others on purpose */
        }
    }
    w->buffer_tensor[0] = -1;
    w->buffer_count = 1;
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        const mn_tensor *tensor = &graph->tensors[i];
        if (!tensor->data || computed[i]) continue;
        size_t slot = slot_of(tensor->data, slots);
        for (; table[slot] != 0; slot = (slot + 1) % slots) {
            const mn_tensor *other = &graph->tensors[w->buffer_tensor[table[slot]]];
            if (other->data == tensor->data && other->bytes == tensor->bytes && other->type == tensor->type) break;
        }
        if (table[slot] == 0) {
            w->buffer_tensor[w->buffer_count] = i;
            table[slot] = w->buffer_count++;
        }
        w->tensor_buffer[i] = table[slot];
    }
    return MN_OK;
}

static bool same_code(const mn_op *a, const mn_op *b) {
    if (a->kind != b->kind || a->version != b->version) return false;
    return a->kind != MN_OP_CUSTOM || strcmp(a->attr.custom.name, b->attr.custom.name) == 0;
}

/* Numbers the distinct kinds with their versions and names; there are few. */
static mn_status number_codes(writer *w) {
    const mn_graph *graph = w->graph;
    w->op_code = mn_region_alloc(&w->region, (size_t)graph->op_count, sizeof *w->op_code);
    w->code_op = mn_region_alloc(&w->region, (size_t)graph->op_count, sizeof *w->code_op);
    if (!w->op_code || !w->code_op) return mn_fail_memory("the model file");
    for (int32_t i = 0; i < graph->op_count; i++) {
        int32_t code = 0;
        for (; code < w->code_count; code++) {
            const mn_op *other = &graph->ops[w->code_op[code]];
            if (same_code(other, &graph->ops[i])) break;
        }
        if (code == w->code_count) w->code_op[w->code_count++] = i;
        w->op_code[i] = code;
    }
    return MN_OK;
}

/* ---- Buffers and tensors ----------------------------------------------------------------------------- */

static mn_fbb_ref write_buffer(writer *w, const void *contents, size_t bytes) {
    mn_fbb_ref data = mn_fbb_bytes(&w->b, contents, bytes, 1, BUFFER_ALIGNMENT);
    mn_fbb_table_begin(&w->b);
    mn_fbb_add_ref(&w->b, MN_F_BUFFER_DATA, data);
    return mn_fbb_table_end(&w->b);
}

/* The buffer behind those of the constants: the oldest TensorFlow Lite that runs every operator. */
static mn_fbb_ref write_runtime(writer *w) {
    char text[MN_TFL_RUNTIME_BYTES] = {0};
    int32_t newest = 0;
    for (int32_t i = 0; i < w->code_count; i++) {
        const mn_op *op = &w->graph->ops[w->code_op[i]];
        int32_t needed = mn_tfl_op_runtime(op->kind, op->version);
        if (needed > newest) newest = needed;
    }
    snprintf(text, sizeof text, "%d.%d.%d", newest / 10000, newest / 100 % 100, newest % 100);
    return write_buffer(w, text, sizeof text);
}

static mn_fbb_ref write_buffers(writer *w) {
    for (int32_t i = 0; i < w->buffer_count; i++) {
        mn_fbb_ref data = 0;
        if (w->buffer_tensor[i] >= 0) {
            const mn_tensor *tensor = &w->graph->tensors[w->buffer_tensor[i]];
            size_t size = mn_type_size(tensor->type);
            data = mn_fbb_bytes(&w->b, tensor->data, tensor->bytes, size, BUFFER_ALIGNMENT);
        }
        mn_fbb_table_begin(&w->b);
        mn_fbb_add_ref(&w->b, MN_F_BUFFER_DATA, data);
        w->refs[i] = mn_fbb_table_end(&w->b);
    }
    size_t count = (size_t)w->buffer_count;
    w->refs[count++] = write_runtime(w);
    if (w->metadata) w->refs[count++] = write_buffer(w, w->metadata, w->metadata_bytes);
    for (int32_t i = 0; i < w->graph->metadata_count; i++) {
        w->refs[count++] = write_buffer(w, w->graph->metadata[i].data, w->graph->metadata[i].bytes);
    }
    return mn_fbb_refs(&w->b, w->refs, count);
}

static uint8_t type_code(mn_type type) {
    switch (type) {
#define X(value, name, here)                                                                                           \
    case here: return value;
        MN_TFL_TYPES(X)
#undef X
    case MN_NONE: break;
    }
    return 0;
}

static mn_fbb_ref write_quantisation(writer *w, const mn_quant *quant) {
    if (quant->count == 0) return 0;
    size_t count = (size_t)quant->count;
    int64_t *zero_points = malloc(count * sizeof *zero_points);
    if (!zero_points) {
        w->b.status = MN_ERROR_MEMORY;
        return 0;
    }
    for (size_t i = 0; i < count; i++) zero_points[i] = quant->zero_point[i];
    mn_fbb_ref zeros = mn_fbb_vector(&w->b, zero_points, count, sizeof *zero_points);
    free(zero_points);
    mn_fbb_ref scales = mn_fbb_vector(&w->b, quant->scale, count, sizeof *quant->scale);
    mn_fbb_table_begin(&w->b);
    mn_fbb_add_ref(&w->b, MN_F_QUANT_SCALE, scales);
    mn_fbb_add_ref(&w->b, MN_F_QUANT_ZERO_POINT, zeros);
    mn_fbb_add_i32(&w->b, MN_F_QUANT_DIMENSION, quant->axis, 0);
    return mn_fbb_table_end(&w->b);
}

static mn_fbb_ref write_indices(writer *w, const int32_t *indices, int32_t count) {
    return mn_fbb_vector(&w->b, indices, (size_t)count, sizeof *indices);
}

/* The shape with -1 where any size will do; 0 where none will. */
static mn_fbb_ref write_open_dims(writer *w, const mn_tensor *tensor) {
    int32_t dims[MN_MAX_RANK];
    bool open = false;
    for (int32_t d = 0; d < tensor->rank; d++) {
        const bool any = tensor->open_dims >> d & 1;
        dims[d] = any ? -1 : tensor->dims[d];
        open = open || any;
    }
    return open ? write_indices(w, dims, tensor->rank) : 0;
}

static mn_fbb_ref write_tensors(writer *w) {
    const mn_graph *graph = w->graph;
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        const mn_tensor *tensor = &graph->tensors[i];
        mn_fbb_ref quantisation = write_quantisation(w, &tensor->quant);
        mn_fbb_ref name = mn_fbb_string(&w->b, tensor->name);
        mn_fbb_ref shape = write_indices(w, tensor->dims, tensor->rank);
        mn_fbb_ref open = write_open_dims(w, tensor);
        mn_fbb_table_begin(&w->b);
        mn_fbb_add_ref(&w->b, MN_F_TENSOR_SHAPE, shape);
        if (open) mn_fbb_add_ref(&w->b, MN_F_TENSOR_SHAPE_SIGNATURE, open);
        mn_fbb_add_i32(&w->b, MN_F_TENSOR_BUFFER, w->tensor_buffer[i], 0);
        mn_fbb_add_ref(&w->b, MN_F_TENSOR_NAME, name);
        mn_fbb_add_ref(&w->b, MN_F_TENSOR_QUANTIZATION, quantisation);
        mn_fbb_add_u8(&w->b, MN_F_TENSOR_TYPE, type_code(tensor->type), 0);
        mn_fbb_add_u8(&w->b, MN_F_TENSOR_HAS_RANK, 1, 0);
        w->refs[i] = mn_fbb_table_end(&w->b);
    }
    return mn_fbb_refs(&w->b, w->refs, (size_t)graph->tensor_count);
}

/* ---- Operators --------------------------------------------------------------------------------------- */

static uint8_t activation_code(mn_activation activation) {
    switch (activation) {
    case MN_ACT_NONE: return 0;
    case MN_ACT_RELU: return 1;
    case MN_ACT_RELU_N1_TO_1: return 2;
    case MN_ACT_RELU6: return 3;
    }
    return 0;
}

static void add_window(mn_fbb *b, const mn_op_attr *attr) {
    mn_fbb_add_i32(b, MN_F_WINDOW_STRIDE_W, attr->stride_w, 0);
    mn_fbb_add_i32(b, MN_F_WINDOW_STRIDE_H, attr->stride_h, 0);
    mn_fbb_add_u8(b, MN_F_WINDOW_PADDING, attr->padding == MN_PAD_SAME ? 0 : 1, 0);
}

/* The type of entry `i` of an operator's tensors; MN_NONE where there is none, as in a graph that is wrong. */
static mn_type type_at(const writer *w, const int32_t *tensors, int32_t count, int32_t i) {
    bool there = i < count && tensors[i] >= 0 && tensors[i] < w->graph->tensor_count;
    return there ? w->graph->tensors[tensors[i]].type : MN_NONE;
}

/* The type of a bias beside int16, which TFLite does not take from the bias itself. */
static void add_bias_type(writer *w, const mn_op *op, mn_fb_field field) {
    mn_type bias = type_at(w, op->inputs, op->input_count, 2);
    if (type_at(w, op->inputs, op->input_count, 0) != MN_INT16 || bias == MN_NONE) return;
    mn_fbb_add_u8(&w->b, field, type_code(bias), 0);
}

static void add_conv(mn_fbb *b, const mn_op_attr *attr) {
    add_window(b, attr);
    mn_fbb_add_i32(b, MN_F_CONV_DILATION_W, attr->dilation_w, 1);
    mn_fbb_add_i32(b, MN_F_CONV_DILATION_H, attr->dilation_h, 1);
    mn_fbb_add_u8(b, MN_F_CONV_ACTIVATION, activation_code(attr->activation), 0);
}

static void add_depthwise(mn_fbb *b, const mn_op_attr *attr) {
    add_window(b, attr);
    mn_fbb_add_i32(b, MN_F_DEPTHWISE_MULTIPLIER, attr->depth_multiplier, 0);
    mn_fbb_add_i32(b, MN_F_DEPTHWISE_DILATION_W, attr->dilation_w, 1);
    mn_fbb_add_i32(b, MN_F_DEPTHWISE_DILATION_H, attr->dilation_h, 1);
    mn_fbb_add_u8(b, MN_F_DEPTHWISE_ACTIVATION, activation_code(attr->activation), 0);
}

static void add_pool(mn_fbb *b, const mn_op_attr *attr) {
    add_window(b, attr);
    mn_fbb_add_i32(b, MN_F_POOL_FILTER_W, attr->filter_w, 0);
    mn_fbb_add_i32(b, MN_F_POOL_FILTER_H, attr->filter_h, 0);
    mn_fbb_add_u8(b, MN_F_POOL_ACTIVATION, activation_code(attr->activation), 0);
}

static void add_slice(mn_fbb *b, const mn_slice *slice) {
    mn_fbb_add_i32(b, MN_F_STRIDED_SLICE_BEGIN_MASK, (int32_t)slice->begin_mask, 0);
    mn_fbb_add_i32(b, MN_F_STRIDED_SLICE_END_MASK, (int32_t)slice->end_mask, 0);
    mn_fbb_add_i32(b, MN_F_STRIDED_SLICE_ELLIPSIS_MASK, (int32_t)slice->ellipsis_mask, 0);
    mn_fbb_add_i32(b, MN_F_STRIDED_SLICE_NEW_AXIS_MASK, (int32_t)slice->new_axis_mask, 0);
    mn_fbb_add_i32(b, MN_F_STRIDED_SLICE_SHRINK_AXIS_MASK, (int32_t)slice->shrink_axis_mask, 0);
    mn_fbb_add_u8(b, MN_F_STRIDED_SLICE_OFFSET, slice->offset, 0);
}

/* Options of operators on integers name types. */
static void add_types(writer *w, const mn_op *op) {
    bool casts = op->kind == MN_OP_CAST;
    mn_type in = type_at(w, op->inputs, op->input_count, 0), out = type_at(w, op->outputs, op->output_count, 0);
    if (casts) mn_fbb_add_u8(&w->b, MN_F_CAST_IN_TYPE, type_code(in), 0);
    mn_fbb_add_u8(&w->b, casts ? MN_F_CAST_OUT_TYPE : MN_F_SHAPE_OUT_TYPE, type_code(out), 0);
}

static mn_fbb_ref write_options(writer *w, const mn_op *op) {
    mn_fbb *b = &w->b;
    const mn_op_attr *attr = &op->attr;
    uint8_t activation = activation_code(attr->activation);
    bool listed = op->kind == MN_OP_RESHAPE || op->kind == MN_OP_SQUEEZE;
    mn_fbb_ref list = listed ? write_indices(w, attr->list, attr->list_count) : 0;
    if (mn_tfl_op_options_of(op->kind).type == MN_TFL_OPTIONS_NONE) return 0;
    mn_fbb_table_begin(b);
    switch (op->kind) {
    case MN_OP_CONV_2D:
        add_conv(b, attr);
        add_bias_type(w, op, MN_F_CONV_BIAS_TYPE);
        break;
    case MN_OP_DEPTHWISE_CONV_2D: add_depthwise(b, attr); break;
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: add_pool(b, attr); break;
    case MN_OP_FULLY_CONNECTED:
        mn_fbb_add_u8(b, MN_F_FULLY_CONNECTED_KEEP_NUM_DIMS, attr->keep_dims, 0);
        mn_fbb_add_u8(b, MN_F_FULLY_CONNECTED_ASYMMETRIC, attr->asymmetric_inputs, 0);
        mn_fbb_add_u8(b, MN_F_FULLY_CONNECTED_ACTIVATION, activation, 0);
        add_bias_type(w, op, MN_F_FULLY_CONNECTED_BIAS_TYPE);
        break;
    case MN_OP_SOFTMAX: mn_fbb_add_f32(b, MN_F_SOFTMAX_BETA, attr->beta, 0); break;
    case MN_OP_CONCATENATION:
        mn_fbb_add_i32(b, MN_F_CONCATENATION_AXIS, attr->axis, 0);
        mn_fbb_add_u8(b, MN_F_CONCATENATION_ACTIVATION, activation, 0);
        break;
    case MN_OP_ADD:
    case MN_OP_SUB:
        mn_fbb_add_u8(b, MN_F_BINARY_ACTIVATION, activation, 0);
        if (type_at(w, op->outputs, op->output_count, 0) == MN_INT16) {
            mn_fbb_add_u8(b, MN_F_SUM_POT_SCALE, attr->power_of_two_scales, 1);
        }
        break;
    case MN_OP_MUL:
    case MN_OP_DIV:
    case MN_OP_L2_NORMALIZATION: mn_fbb_add_u8(b, MN_F_BINARY_ACTIVATION, activation, 0); break;
    case MN_OP_RESHAPE: mn_fbb_add_ref(b, MN_F_RESHAPE_NEW_SHAPE, list); break;
    case MN_OP_SQUEEZE: mn_fbb_add_ref(b, MN_F_SQUEEZE_DIMS, list); break;
    case MN_OP_MEAN:
    case MN_OP_REDUCE_PROD:
    case MN_OP_SUM:
    case MN_OP_REDUCE_MAX: mn_fbb_add_u8(b, MN_F_REDUCER_KEEP_DIMS, attr->keep_dims, 0); break;
    case MN_OP_RESIZE_BILINEAR:
        mn_fbb_add_u8(b, MN_F_BILINEAR_ALIGN_CORNERS, attr->align_corners, 0);
        mn_fbb_add_u8(b, MN_F_BILINEAR_HALF_PIXEL_CENTERS, attr->half_pixel_centers, 0);
        break;
    case MN_OP_RESIZE_NEAREST_NEIGHBOR:
        mn_fbb_add_u8(b, MN_F_NEAREST_ALIGN_CORNERS, attr->align_corners, 0);
        mn_fbb_add_u8(b, MN_F_NEAREST_HALF_PIXEL_CENTERS, attr->half_pixel_centers, 0);
        break;
    case MN_OP_STRIDED_SLICE: add_slice(b, &attr->slice); break;
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V: mn_fbb_add_i32(b, MN_F_SPLIT_NUM_SPLITS, op->output_count, 0); break;
    case MN_OP_PACK:
    case MN_OP_UNPACK:
        mn_fbb_add_i32(b, MN_F_PACK_COUNT, op->kind == MN_OP_PACK ? op->input_count : op->output_count, 0);
        mn_fbb_add_i32(b, MN_F_PACK_AXIS, attr->axis, 0);
        break;
    case MN_OP_GATHER: mn_fbb_add_i32(b, MN_F_GATHER_AXIS, attr->axis, 0); break;
    case MN_OP_SHAPE:
    case MN_OP_CAST: add_types(w, op); break;
    case MN_OP_LEAKY_RELU: mn_fbb_add_f32(b, MN_F_LEAKY_RELU_ALPHA, attr->alpha, 0); break;
    default: break; /* no attributes in the table */
    }
    return mn_fbb_table_end(b);
}

static mn_fbb_ref write_operators(writer *w) {
    const mn_graph *graph = w->graph;
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        const mn_custom *custom = op->kind == MN_OP_CUSTOM && op->attr.custom.bytes > 0 ? &op->attr.custom : NULL;
        mn_fbb_ref bytes =
            custom ? mn_fbb_bytes(&w->b, custom->options, custom->bytes, 1, BUFFER_ALIGNMENT) : (mn_fbb_ref)0;
        mn_fbb_ref options = write_options(w, op);
        mn_fbb_ref outputs = write_indices(w, op->outputs, op->output_count);
        mn_fbb_ref inputs = write_indices(w, op->inputs, op->input_count);
        mn_fbb_table_begin(&w->b);
        mn_fbb_add_i32(&w->b, MN_F_OPERATOR_OPCODE_INDEX, w->op_code[i], 0);
        mn_fbb_add_ref(&w->b, MN_F_OPERATOR_INPUTS, inputs);
        mn_fbb_add_ref(&w->b, MN_F_OPERATOR_OUTPUTS, outputs);
        mn_fbb_add_ref(&w->b, MN_F_OPERATOR_OPTIONS, options);
        mn_fbb_add_ref(&w->b, MN_F_OPERATOR_CUSTOM_OPTIONS, bytes);
        mn_fbb_add_u8(&w->b, MN_F_OPERATOR_OPTIONS_TYPE, (uint8_t)mn_tfl_op_options_of(op->kind).type, 0);
        w->refs[i] = mn_fbb_table_end(&w->b);
    }
    return mn_fbb_refs(&w->b, w->refs, (size_t)graph->op_count);
}

static mn_fbb_ref write_codes(writer *w) {
    for (int32_t i = 0; i < w->code_count; i++) {
        const mn_op *op = &w->graph->ops[w->code_op[i]];
        int32_t code = mn_tfl_op_code(op->kind);
        mn_fbb_ref name = op->kind == MN_OP_CUSTOM ? mn_fbb_string(&w->b, op->attr.custom.name) : 0;
        mn_fbb_table_begin(&w->b);
        mn_fbb_add_i32(&w->b, MN_F_OPCODE_VERSION, op->version, 1);
        mn_fbb_add_ref(&w->b, MN_F_OPCODE_CUSTOM_CODE, name);
        mn_fbb_add_i32(&w->b, MN_F_OPCODE_BUILTIN_CODE, code, 0);
        mn_fbb_add_u8(&w->b, MN_F_OPCODE_DEPRECATED_CODE,
                      (uint8_t)(code < MN_TFL_CODE_GREATER ? code : MN_TFL_CODE_GREATER), 0);
        w->refs[i] = mn_fbb_table_end(&w->b);
    }
    return mn_fbb_refs(&w->b, w->refs, (size_t)w->code_count);
}

/* ---- The file ---------------------------------------------------------------------------------------- */

static mn_fbb_ref write_subgraph(writer *w) {
    const mn_graph *graph = w->graph;
    mn_fbb_ref operators = write_operators(w);
    mn_fbb_ref tensors = write_tensors(w);
    mn_fbb_ref outputs = write_indices(w, graph->outputs, graph->output_count);
    mn_fbb_ref inputs = write_indices(w, graph->inputs, graph->input_count);
    mn_fbb_ref name = mn_fbb_string(&w->b, "main");
    mn_fbb_table_begin(&w->b);
    mn_fbb_add_ref(&w->b, MN_F_SUBGRAPH_TENSORS, tensors);
    mn_fbb_add_ref(&w->b, MN_F_SUBGRAPH_INPUTS, inputs);
    mn_fbb_add_ref(&w->b, MN_F_SUBGRAPH_OUTPUTS, outputs);
    mn_fbb_add_ref(&w->b, MN_F_SUBGRAPH_OPERATORS, operators);
    mn_fbb_add_ref(&w->b, MN_F_SUBGRAPH_NAME, name);
    w->refs[0] = mn_fbb_table_end(&w->b);
    return mn_fbb_refs(&w->b, w->refs, 1);
}

/* NULL for an index out of range, which tests write on purpose. */
static const char *tensor_name(const mn_graph *graph, int32_t index) {
    return index >= 0 && index < graph->tensor_count ? graph->tensors[index].name : NULL;
}

/* A tensor's own name, if no other in the list has it; else NULL. */
static const char *name_in_list(const mn_graph *graph, const int32_t *tensors, int32_t count, int32_t index) {
    const char *name = tensor_name(graph, tensors[index]);
    for (int32_t i = 0; name && i < count; i++) {
        const char *other = i == index ? NULL : tensor_name(graph, tensors[i]);
        if (other && strcmp(name, other) == 0) return NULL;
    }
    return name && name[0] != '\0' ? name : NULL;
}

/* What a signature calls tensors: by name, or by number where names are no help. */
static mn_fbb_ref write_tensor_map(writer *w, const int32_t *tensors, int32_t count, const char *prefix) {
    for (int32_t i = 0; i < count; i++) {
        char number[24];
        const char *name = name_in_list(w->graph, tensors, count, i);
        snprintf(number, sizeof number, "%s_%d", prefix, i);
        mn_fbb_ref text = mn_fbb_string(&w->b, name ? name : number);
        mn_fbb_table_begin(&w->b);
        mn_fbb_add_ref(&w->b, MN_F_TENSOR_MAP_NAME, text);
        mn_fbb_add_i32(&w->b, MN_F_TENSOR_MAP_INDEX, tensors[i], 0);
        w->refs[i] = mn_fbb_table_end(&w->b);
    }
    return mn_fbb_refs(&w->b, w->refs, (size_t)count);
}

static mn_fbb_ref write_signatures(writer *w) {
    const mn_graph *graph = w->graph;
    mn_fbb_ref key = mn_fbb_string(&w->b, MN_TFL_SIGNATURE_KEY);
    mn_fbb_ref outputs = write_tensor_map(w, graph->outputs, graph->output_count, "output");
    mn_fbb_ref inputs = write_tensor_map(w, graph->inputs, graph->input_count, "input");
    mn_fbb_table_begin(&w->b);
    mn_fbb_add_ref(&w->b, MN_F_SIGNATURE_INPUTS, inputs);
    mn_fbb_add_ref(&w->b, MN_F_SIGNATURE_OUTPUTS, outputs);
    mn_fbb_add_ref(&w->b, MN_F_SIGNATURE_KEY, key);
    w->refs[0] = mn_fbb_table_end(&w->b);
    return mn_fbb_refs(&w->b, w->refs, 1);
}

static mn_fbb_ref write_metadata_entry(writer *w, const char *text, int32_t buffer) {
    mn_fbb_ref name = mn_fbb_string(&w->b, text);
    mn_fbb_table_begin(&w->b);
    mn_fbb_add_ref(&w->b, MN_F_METADATA_NAME, name);
    mn_fbb_add_i32(&w->b, MN_F_METADATA_BUFFER, buffer, 0);
    return mn_fbb_table_end(&w->b);
}

static mn_fbb_ref write_metadata(writer *w) {
    int32_t count = 0; /* in the order of their buffers */
    w->refs[count] = write_metadata_entry(w, MN_TFL_METADATA_RUNTIME, w->buffer_count + count);
    count++;
    if (w->metadata) {
        w->refs[count] = write_metadata_entry(w, MN_TFM_BUFFER, w->buffer_count + count);
        count++;
    }
    for (int32_t i = 0; i < w->graph->metadata_count; i++) {
        w->refs[count] = write_metadata_entry(w, w->graph->metadata[i].name, w->buffer_count + count);
        count++;
    }
    return mn_fbb_refs(&w->b, w->refs, (size_t)count);
}

static mn_fbb_ref write_model(writer *w) {
    mn_fbb_ref buffers = write_buffers(w);
    mn_fbb_ref metadata = write_metadata(w);
    mn_fbb_ref signatures = write_signatures(w);
    mn_fbb_ref description = mn_fbb_string(&w->b, w->graph->description ? w->graph->description : "");
    mn_fbb_ref subgraphs = write_subgraph(w);
    mn_fbb_ref codes = write_codes(w);
    mn_fbb_table_begin(&w->b);
    mn_fbb_add_i32(&w->b, MN_F_MODEL_VERSION, MN_TFL_SCHEMA_VERSION, 0);
    mn_fbb_add_ref(&w->b, MN_F_MODEL_OPERATOR_CODES, codes);
    mn_fbb_add_ref(&w->b, MN_F_MODEL_SUBGRAPHS, subgraphs);
    mn_fbb_add_ref(&w->b, MN_F_MODEL_DESCRIPTION, description);
    mn_fbb_add_ref(&w->b, MN_F_MODEL_BUFFERS, buffers);
    mn_fbb_add_ref(&w->b, MN_F_MODEL_METADATA, metadata);
    mn_fbb_add_ref(&w->b, MN_F_MODEL_SIGNATURES, signatures);
    return mn_fbb_table_end(&w->b);
}

static mn_status write_all(writer *w, uint8_t **data, size_t *bytes) {
    const mn_graph *graph = w->graph;
    const int32_t counts[] = {graph->tensor_count, graph->op_count, graph->input_count, graph->output_count};
    size_t longest = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) longest = mn_max_size(longest, (size_t)counts[i]);
    w->refs = mn_region_alloc(&w->region, longest + 3 + (size_t)graph->metadata_count, sizeof *w->refs);
    if (!w->refs) return mn_fail_memory("the model file");
    MN_TRY(number_buffers(w));
    MN_TRY(number_codes(w));
    if (mn_meaning_known(&graph->meaning)) MN_TRY(mn_tfl_make_metadata(graph, &w->metadata, &w->metadata_bytes));
    return mn_fbb_finish(&w->b, write_model(w), MN_TFL_IDENTIFIER, data, bytes);
}

mn_status mn_tflite_write(const mn_graph *graph, uint8_t **data, size_t *bytes) {
    writer w = {.graph = graph};
    uint8_t *made = NULL;
    size_t made_bytes = 0;
    mn_status status = write_all(&w, &made, &made_bytes);
    if (status == MN_OK) status = mn_tfl_append_files(graph, &made, &made_bytes);
    if (status == MN_OK) {
        *data = made;
        *bytes = made_bytes;
    } else {
        free(made);
    }
    free(w.metadata);
    mn_fbb_free(&w.b);
    mn_region_free(&w.region);
    return status;
}
