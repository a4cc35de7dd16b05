/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "onnx/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "onnx/graph.h"

/* A network may need this many times the numbers in its file: weights may be shared. */
#define SLACK 4
#define MIN_WEIGHTS ((size_t)1 << 20)

mn_status mn_onnx_fail(const mn_onnx_builder *b, mn_status status, const char *format, ...) {
    char sentence[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    bool named = b->node->output_count > 0 && b->node->outputs[0] >= 0;
    return mn_fail(status, "%s: node %d (%.*s) %.80s: %s", b->model->file, b->index,
                   b->node->kind.length < 40 ? (int)b->node->kind.length : 40, b->node->kind.at,
                   named ? b->model->names[b->node->outputs[0]] : "", sentence);
}

/* ---- What a node reads ------------------------------------------------------------------------------- */

mn_onnx_value *mn_onnx_in(const mn_onnx_builder *b, int32_t i) {
    return i < b->node->input_count && b->node->inputs[i] >= 0 ? &b->values[b->node->inputs[i]] : NULL;
}

mn_status mn_onnx_layer_in(const mn_onnx_builder *b, int32_t i, int32_t rank, mn_onnx_value **out) {
    mn_onnx_value *value = mn_onnx_in(b, i);
    if (!value || value->kind != MN_ONNX_LAYER) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED,
                            "input %d is %s, but a value computed from the picture is expected", i,
                            !value                            ? "missing"
                            : value->kind == MN_ONNX_CONSTANT ? "a constant"
                                                              : "never computed");
    }
    if (rank != 0 && value->rank != rank) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "input %d has %d dimensions, %d are expected", i, value->rank,
                            rank);
    }
    if (value->map[0] > 0 || (rank == 4 && value->channels_last)) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "input %d has its values in an order that is not known here", i);
    }
    *out = value;
    return MN_OK;
}

mn_status mn_onnx_floats_in(const mn_onnx_builder *b, int32_t i, const mn_array **out) {
    const mn_onnx_value *value = mn_onnx_in(b, i);
    if (!value || value->kind != MN_ONNX_CONSTANT || value->array.type > MN_ARRAY_F64) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "input %d is not a constant of floats", i);
    }
    *out = &value->array;
    return MN_OK;
}

mn_status mn_onnx_list(const mn_onnx_builder *b, const char *name, int32_t i, int64_t list[MN_ONNX_MAX_LIST],
                       int32_t *count) {
    const mn_onnx_attribute *given = mn_onnx_attribute_of(b->node, name);
    const mn_onnx_value *value = i >= 0 ? mn_onnx_in(b, i) : NULL;
    *count = -1;
    if (given) {
        *count = given->count;
        if (given->count > MN_ONNX_MAX_LIST) return mn_onnx_fail(b, MN_ERROR_LIMIT, "%s has too many numbers", name);
        if (given->count > 0) memcpy(list, given->integers, (size_t)given->count * sizeof *list);
        return MN_OK;
    }
    if (!value) return MN_OK;
    bool integers = value->array.type == MN_ARRAY_I64 || value->array.type == MN_ARRAY_I32;
    if (value->kind != MN_ONNX_CONSTANT || !integers || value->array.count > MN_ONNX_MAX_LIST) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "%s (input %d) is not a short list of constant integers", name, i);
    }
    *count = (int32_t)value->array.count;
    for (int32_t k = 0; k < *count; k++) list[k] = mn_array_integer(&value->array, (size_t)k);
    return MN_OK;
}

int64_t mn_onnx_integer(const mn_onnx_builder *b, const char *name, int64_t fallback) {
    const mn_onnx_attribute *attribute = mn_onnx_attribute_of(b->node, name);
    return attribute ? attribute->integer : fallback;
}

float mn_onnx_number(const mn_onnx_builder *b, const char *name, float fallback) {
    const mn_onnx_attribute *attribute = mn_onnx_attribute_of(b->node, name);
    return attribute ? attribute->number : fallback;
}

const mn_layer *mn_onnx_layer_of(const mn_onnx_builder *b, const mn_onnx_value *value) {
    return &b->net->layers[value->layer];
}

void mn_onnx_dims(const mn_onnx_builder *b, const mn_onnx_value *value, int64_t dims[4]) {
    const mn_layer *layer = mn_onnx_layer_of(b, value);
    dims[0] = b->batch;
    dims[1] = value->channels_last ? layer->h : layer->c;
    dims[2] = value->channels_last ? layer->w : layer->h;
    dims[3] = value->channels_last ? layer->c : layer->w;
    if (value->rank == 2) dims[1] = (int64_t)layer->h * layer->w * layer->c;
}

mn_status mn_onnx_read_vector(const mn_onnx_builder *b, const mn_array *array, const char *what, int32_t count,
                              float *to) {
    static const int32_t order[MN_ARRAY_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    if (array->count != (size_t)count) {
        return mn_onnx_fail(b, MN_ERROR_FORMAT, "%s has %zu numbers, %d were expected", what, array->count, count);
    }
    mn_array_read_floats(array, order, to);
    return MN_OK;
}

/* ---- What a node gives ------------------------------------------------------------------------------- */

/* After the value, without what PyTorch's exporter puts behind it; with the node's number where that is taken. */
static void name_layer(const mn_onnx_builder *b, const char *suffix, char name[256]) {
    static const char end[] = "_output_0";
    int32_t value = b->node->output_count > 0 ? b->node->outputs[0] : -1;
    const char *given = value >= 0 ? b->model->names[value] : "";
    size_t length = strlen(given), tail = sizeof end - 1;
    if (length > tail && strcmp(given + length - tail, end) == 0) length -= tail;
    snprintf(name, 256, "%.*s%s", (int)length, given, suffix);
    if (name[0] == '\0' || mn_net_find(b->net, name) >= 0) {
        snprintf(name, 256, "%.*s%s_%d", (int)length, given, suffix, b->index);
    }
}

mn_status mn_onnx_add(mn_onnx_builder *b, mn_layer layer, bool with_bias, const char *suffix, int32_t *index) {
    char name[256];
    name_layer(b, suffix, name);
    layer.name = name;
    MN_TRY(mn_net_add(b->net, &layer, with_bias, index));
    b->weights += mn_layer_kernel_count(b->net, &b->net->layers[*index]);
    if (b->weights <= MIN_WEIGHTS || b->weights / SLACK <= b->model->elements) return MN_OK;
    return mn_onnx_fail(b, MN_ERROR_LIMIT, "the network needs far more weights than the file holds");
}

static mn_status set(mn_onnx_builder *b, mn_onnx_value value) {
    int32_t index = b->node->output_count > 0 ? b->node->outputs[0] : -1;
    if (index < 0) return mn_onnx_fail(b, MN_ERROR_FORMAT, "its output has no name");
    mn_onnx_value *to = &b->values[index];
    if (to->kind != MN_ONNX_UNKNOWN) return mn_onnx_fail(b, MN_ERROR_FORMAT, "its output is computed twice");
    value.users = to->users;
    *to = value;
    return MN_OK;
}

mn_status mn_onnx_set_layer(mn_onnx_builder *b, int32_t layer, int32_t rank, bool channels_last) {
    return set(b,
               (mn_onnx_value){
                   .kind = MN_ONNX_LAYER, .layer = layer, .rank = rank, .channels_last = channels_last && rank == 4});
}

mn_status mn_onnx_set(mn_onnx_builder *b, const mn_onnx_value *value) { return set(b, *value); }

mn_status mn_onnx_follow(mn_onnx_builder *b, const mn_onnx_value *from, mn_layer layer) {
    mn_onnx_value value = *from;
    layer.inputs[0] = from->layer;
    MN_TRY(mn_onnx_add(b, layer, false, "", &value.layer));
    return set(b, value);
}

/* ---- Nodes ------------------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    mn_onnx_build build;
} builders[] = {
    {"Add", mn_onnx_build_arithmetic},
    {"AveragePool", mn_onnx_build_pool},
    {"BatchNormalization", mn_onnx_build_norm},
    {"Cast", mn_onnx_build_same},
    {"Clip", mn_onnx_build_clip},
    {"Concat", mn_onnx_build_concat},
    {"Conv", mn_onnx_build_conv},
    {"Div", mn_onnx_build_arithmetic},
    {"Dropout", mn_onnx_build_same},
    {"Elu", mn_onnx_build_activation},
    {"Flatten", mn_onnx_build_flatten},
    {"Gemm", mn_onnx_build_dense},
    {"GlobalAveragePool", mn_onnx_build_global_pool},
    {"GlobalMaxPool", mn_onnx_build_global_pool},
    {"HardSigmoid", mn_onnx_build_activation},
    {"HardSwish", mn_onnx_build_activation},
    {"Identity", mn_onnx_build_same},
    {"LeakyRelu", mn_onnx_build_activation},
    {"MatMul", mn_onnx_build_dense},
    {"MaxPool", mn_onnx_build_pool},
    {"Mul", mn_onnx_build_arithmetic},
    {"Pad", mn_onnx_build_pad},
    {"PRelu", mn_onnx_build_prelu},
    {"ReduceMean", mn_onnx_build_reduce_mean},
    {"Relu", mn_onnx_build_activation},
    {"Reshape", mn_onnx_build_reshape},
    {"Sigmoid", mn_onnx_build_activation},
    {"Softmax", mn_onnx_build_softmax},
    {"Squeeze", mn_onnx_build_squeeze},
    {"Sub", mn_onnx_build_arithmetic},
    {"Tanh", mn_onnx_build_activation},
    {"Transpose", mn_onnx_build_transpose},
    {"Unsqueeze", mn_onnx_build_unsqueeze},
};

static mn_status refuse(const mn_onnx_builder *b) {
    static const char *const quantised[] = {"QuantizeLinear",       "DequantizeLinear", "QLinearConv",
                                            "QLinearMatMul",        "ConvInteger",      "MatMulInteger",
                                            "DynamicQuantizeLinear"};
    for (size_t i = 0; i < sizeof quantised / sizeof quantised[0]; i++) {
        if (!mn_onnx_text_is(b->node->kind, quantised[i])) continue;
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED,
                            "the model is quantised already; give the float model it was made of, and 'mobilenet "
                            "quantize' makes 8 bits of that");
    }
    return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "is not supported; docs/formats.md lists what is");
}

static mn_status build_node(mn_onnx_builder *b) {
    bool done = false;
    const mn_onnx_text domain = b->node->domain;
    if (!mn_onnx_text_is(domain, "") && !mn_onnx_text_is(domain, "ai.onnx")) return refuse(b);
    MN_TRY(mn_onnx_compute_constant(b, &done));
    for (size_t i = 0; !done && i < sizeof builders / sizeof builders[0]; i++) {
        if (mn_onnx_text_is(b->node->kind, builders[i].kind)) return builders[i].build(b);
    }
    return done ? MN_OK : refuse(b);
}

/* ---- The graph --------------------------------------------------------------------------------------- */

static mn_status fail_input(const mn_onnx_model *model, const char *what) {
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s: %s; a classifier with one picture as its input is expected", model->file,
                   what);
}

/* The picture: [n][3][h][w], or [n][h][w][3] as some converters leave it. */
static mn_status add_input(mn_onnx_builder *b, int32_t size, bool *open) {
    const mn_onnx_input *input = &b->model->inputs[0];
    if (b->model->input_count != 1) return fail_input(b->model, "does not have exactly one input");
    if (input->rank != 4) return fail_input(b->model, "its input does not have four dimensions");
    const int64_t *dims = input->dims;
    bool last = dims[1] != 3 && dims[1] != 1 && (dims[3] == 3 || dims[3] == 1);
    int64_t h = dims[last ? 1 : 2], w = dims[last ? 2 : 3], c = dims[last ? 3 : 1];
    *open = h == 0 || w == 0;
    if (h == 0) h = size;
    if (w == 0) w = size;
    if (c == 0) c = 3;
    if (h > 65536 || w > 65536 || c > 65536 || dims[0] > 65536) return fail_input(b->model, "its input is too large");
    b->batch = dims[0] > 0 ? dims[0] : 1;
    mn_layer layer = {.name = b->model->names[input->value],
                      .kind = MN_LAYER_INPUT,
                      .h = (int32_t)h,
                      .w = (int32_t)w,
                      .c = (int32_t)c};
    mn_onnx_value *value = &b->values[input->value];
    MN_TRY(mn_net_add(b->net, &layer, false, &value->layer));
    value->kind = MN_ONNX_LAYER;
    value->rank = 4;
    value->channels_last = last;
    return MN_OK;
}

static mn_status set_outputs(mn_onnx_builder *b) {
    const mn_onnx_model *model = b->model;
    if (model->output_count < 1 || model->output_count > MN_NET_MAX_OUTPUTS) {
        return mn_fail(MN_ERROR_LIMIT, "%s: has %d outputs, 1 to %d are expected", model->file, model->output_count,
                       MN_NET_MAX_OUTPUTS);
    }
    for (int32_t i = 0; i < model->output_count; i++) {
        const mn_onnx_value *value = model->outputs[i] >= 0 ? &b->values[model->outputs[i]] : NULL;
        if (!value || value->kind != MN_ONNX_LAYER || value->map[0] > 0) {
            return mn_fail(MN_ERROR_UNSUPPORTED, "%s: output %d does not depend on the picture, or is a map in one row",
                           model->file, i);
        }
        b->net->outputs[i] = value->layer;
    }
    b->net->output_count = model->output_count;
    return mn_net_prune(b->net, NULL);
}

static void count_users(mn_onnx_builder *b) {
    for (int32_t i = 0; i < b->model->node_count; i++) {
        const mn_onnx_node *node = &b->model->nodes[i];
        for (int32_t k = 0; k < node->input_count; k++) {
            if (node->inputs[k] >= 0) b->values[node->inputs[k]].users++;
        }
    }
    for (int32_t i = 0; i < b->model->output_count; i++) {
        if (b->model->outputs[i] >= 0) b->values[b->model->outputs[i]].users++;
    }
}

static mn_status build_all(mn_onnx_builder *b, int32_t size, bool *open) {
    mn_onnx_model *model = b->model;
    b->values = mn_region_alloc(&model->region, (size_t)model->value_count, sizeof *b->values);
    if (!b->values) return mn_fail_memory("a model");
    count_users(b);
    MN_TRY(add_input(b, size, open));
    for (int32_t i = 0; i < model->constant_count; i++) {
        mn_onnx_value *value = &b->values[model->constant_values[i]];
        if (value->kind != MN_ONNX_UNKNOWN) {
            return mn_fail(MN_ERROR_FORMAT, "%s: two constants are called '%s'", model->file, model->constants[i].name);
        }
        value->kind = MN_ONNX_CONSTANT;
        value->array = model->constants[i];
    }
    for (b->index = 0; b->index < model->node_count; b->index++) {
        b->node = &model->nodes[b->index];
        MN_TRY(build_node(b));
    }
    return set_outputs(b);
}

mn_status mn_onnx_graph_build(mn_onnx_model *model, int32_t size, mn_net *net, bool *open) {
    mn_onnx_builder b = {.model = model, .net = net, .batch = 1};
    return build_all(&b, size, open);
}
