/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/fold.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph/shape.h"

/* A layer makes at most two operators with a constant each, or one with two. */
enum { MAX_LAYER_OPS = 2, MAX_LAYER_TENSORS = 4 };

typedef struct folding {
    const mn_net *net;
    mn_graph *graph;
    mn_channel_stats *stats; /* [tensors of the graph] */
    int32_t *tensor;         /* [layer_count]: what holds the layer's output; -1 when not yet folded */
    int32_t *users;          /* [layer_count]: layers that read it */
    int32_t *user;           /* [layer_count]: one of them */
} folding;

/* ---- The graph as it grows --------------------------------------------------------------------------- */

static void *take(folding *f, size_t count, size_t size) { return mn_pool_alloc(&f->graph->pool, count, size); }

static mn_status out_of_memory(void) { return mn_fail_memory("the folded network"); }

static mn_shape map_shape(const mn_layer *layer) {
    return (mn_shape){.rank = 4, .dims = {1, layer->h, layer->w, layer->c}};
}

static mn_shape vector_shape(int32_t count) { return (mn_shape){.rank = 1, .dims = {count}}; }

/* Appends a tensor called layer + suffix. The caller makes room (MAX_LAYER_TENSORS). */
static mn_status add_tensor(folding *f, const char *layer, const char *suffix, mn_type type, mn_shape shape,
                            int32_t *index) {
    mn_tensor_info *tensor = &f->graph->tensors[f->graph->tensor_count];
    size_t length = strlen(layer) + strlen(suffix);
    char *name = take(f, length + 1, 1);
    if (!name) return out_of_memory();
    snprintf(name, length + 1, "%s%s", layer, suffix);
    *tensor = (mn_tensor_info){.name = name, .type = type, .rank = shape.rank};
    memcpy(tensor->dims, shape.dims, sizeof tensor->dims);
    tensor->bytes = (size_t)mn_shape_count(&shape) * mn_type_size(type);
    *index = f->graph->tensor_count++;
    return MN_OK;
}

/* Appends a constant; the caller fills *data before the next one. */
static mn_status add_constant(folding *f, const char *layer, const char *suffix, mn_type type, mn_shape shape,
                              int32_t *index, void **data) {
    MN_TRY(add_tensor(f, layer, suffix, type, shape, index));
    mn_tensor_info *tensor = &f->graph->tensors[*index];
    *data = take(f, tensor->bytes, 1);
    if (!*data) return out_of_memory();
    tensor->data = *data;
    return MN_OK;
}

static mn_status add_list(folding *f, const char *layer, const char *suffix, mn_shape shape, const int32_t *values,
                          int32_t *index) {
    void *data;
    MN_TRY(add_constant(f, layer, suffix, MN_INT32, shape, index, &data));
    memcpy(data, values, f->graph->tensors[*index].bytes);
    return MN_OK;
}

static mn_status add_floats(folding *f, const char *layer, const char *suffix, const float *values, int32_t count,
                            int32_t *index) {
    void *data;
    MN_TRY(add_constant(f, layer, suffix, MN_FLOAT32, vector_shape(count), index, &data));
    memcpy(data, values, f->graph->tensors[*index].bytes);
    return MN_OK;
}

/* Appends an operator with its result, a tensor called layer + suffix. `result` may point into `inputs`. */
static mn_status add_op(folding *f, mn_op_kind kind, const mn_op_attr *attr, const int32_t *inputs, int32_t count,
                        const char *layer, const char *suffix, mn_shape shape, int32_t *result) {
    mn_op *op = &f->graph->ops[f->graph->op_count];
    *op = (mn_op){.kind = kind, .version = 1, .input_count = count, .output_count = 1, .attr = *attr};
    op->inputs = take(f, (size_t)count, sizeof *op->inputs);
    op->outputs = take(f, 1, sizeof *op->outputs);
    if (!op->inputs || !op->outputs) return out_of_memory();
    memcpy(op->inputs, inputs, (size_t)count * sizeof *inputs);
    MN_TRY(add_tensor(f, layer, suffix, MN_FLOAT32, shape, result));
    op->outputs[0] = *result;
    f->graph->op_count++;
    return MN_OK;
}

/* ---- Which layers become one operator ----------------------------------------------------------------- */

/* The layer after `index` when it is of this kind and reads nothing but `index`, which nothing else reads; or -1. */
static int32_t follower(const folding *f, int32_t index, mn_layer_kind kind) {
    if (index < 0 || f->users[index] != 1) return -1;
    return f->net->layers[f->user[index]].kind == kind ? f->user[index] : -1;
}

static bool find_activation(const mn_layer *relu, mn_activation *out) {
    if (relu->max_value != 6.0f && !isinf(relu->max_value)) return false;
    *out = relu->max_value == 6.0f ? MN_ACT_RELU6 : MN_ACT_RELU;
    return true;
}

/* Takes in a ReLU after layer `*last`, if there is one that fits. */
static mn_activation fuse_activation(const folding *f, int32_t *last) {
    mn_activation activation = MN_ACT_NONE;
    int32_t relu = follower(f, *last, MN_LAYER_RELU);
    if (relu >= 0 && find_activation(&f->net->layers[relu], &activation)) *last = relu;
    return activation;
}

static bool equals_same(int32_t input, int32_t before, int32_t after, int32_t kernel, int32_t stride) {
    int32_t output = mn_window_output(MN_PAD_SAME, input, kernel, stride, 1);
    int32_t same_before = mn_window_padding(input, output, kernel, stride, 1);
    /* Padding behind the last window does not matter. */
    int32_t padded = mn_window_output(MN_PAD_VALID, before + input + after, kernel, stride, 1);
    return before == same_before && padded == output;
}

/* May the padding of this layer be left to the SAME of the one convolution behind it? */
static bool is_absorbed(const folding *f, int32_t index) {
    const mn_layer *pad = &f->net->layers[index];
    if (pad->kind != MN_LAYER_ZERO_PADDING || f->users[index] != 1) return false;
    const mn_layer *conv = &f->net->layers[f->user[index]], *in = &f->net->layers[pad->inputs[0]];
    bool window = conv->kind == MN_LAYER_CONV || conv->kind == MN_LAYER_DEPTHWISE;
    return window && conv->padding == MN_PAD_VALID &&
           equals_same(in->h, pad->pad[0], pad->pad[1], conv->k_h, conv->stride) &&
           equals_same(in->w, pad->pad[2], pad->pad[3], conv->k_w, conv->stride);
}

/* ---- Weights ----------------------------------------------------------------------------------------- */

mn_affine mn_norm_affine(float gamma, float beta, float mean, float variance, float epsilon) {
    double root = sqrt((double)variance + (double)epsilon), scale = root > 0 ? (double)gamma / root : 0;
    return (mn_affine){scale, (double)beta - scale * (double)mean};
}

static mn_affine norm_affine(const mn_layer *norm, int32_t c) {
    return mn_norm_affine(norm->gamma[c], norm->beta[c], norm->mean[c], norm->variance[c], norm->epsilon);
}

/* Copies the kernel, scaled, to TFLite's layout: outputs first, except depthwise, where they stay last. */
static mn_status fold_kernel(folding *f, const mn_layer *layer, const mn_affine *norm, float *to) {
    size_t channels = (size_t)layer->c, rows = mn_layer_kernel_count(f->net, layer) / channels;
    bool outputs_last = layer->kind == MN_LAYER_DEPTHWISE;
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < channels; c++) {
            float value = (float)((double)layer->kernel[r * channels + c] * norm[c].scale);
            if (!isfinite(value)) {
                return mn_net_fail(f->net, layer, MN_ERROR_FORMAT,
                                   "the batch norm behind it makes a weight of channel %zu too large for a float", c);
            }
            to[outputs_last ? r * channels + c : c * rows + r] = value;
        }
    }
    return MN_OK;
}

static mn_status fold_bias(folding *f, const mn_layer *layer, const mn_affine *norm, float *to) {
    for (int32_t c = 0; c < layer->c; c++) {
        double bias = layer->bias ? (double)layer->bias[c] : 0;
        to[c] = (float)(norm[c].shift + norm[c].scale * bias);
        if (isfinite(to[c])) continue;
        return mn_net_fail(f->net, layer, MN_ERROR_FORMAT,
                           "the batch norm behind it makes the bias of channel %d too large for a float", c);
    }
    return MN_OK;
}

static mn_shape folded_kernel_shape(const mn_layer *layer, int32_t in_c) {
    switch (layer->kind) {
    case MN_LAYER_CONV: return (mn_shape){.rank = 4, .dims = {layer->units, layer->k_h, layer->k_w, in_c}};
    case MN_LAYER_DEPTHWISE: return (mn_shape){.rank = 4, .dims = {1, layer->k_h, layer->k_w, in_c}};
    default: return (mn_shape){.rank = 2, .dims = {layer->units, in_c}};
    }
}

/* The weights and the bias of a layer, with the batch norm behind it (NULL: none) folded in. */
static mn_status add_weights(folding *f, const mn_layer *layer, const mn_layer *norm, int32_t *weights, int32_t *bias) {
    void *kernel_data, *bias_data;
    size_t channels = (size_t)layer->c;
    int32_t in_c = f->net->layers[layer->inputs[0]].c;
    mn_affine *each = take(f, channels, sizeof *each);
    if (!each) return out_of_memory();
    for (int32_t c = 0; c < layer->c; c++) each[c] = norm ? norm_affine(norm, c) : (mn_affine){1, 0};
    MN_TRY(
        add_constant(f, layer->name, "/kernel", MN_FLOAT32, folded_kernel_shape(layer, in_c), weights, &kernel_data));
    MN_TRY(fold_kernel(f, layer, each, kernel_data));
    MN_TRY(add_constant(f, norm ? norm->name : layer->name, "/bias", MN_FLOAT32, vector_shape(layer->c), bias,
                        &bias_data));
    return fold_bias(f, layer, each, bias_data);
}

/* What `norm` says of the channels of `tensor` before its activation. Its input has its mean and variance, so its
 * output has the mean beta and the deviation |gamma| sqrt(v / (v + epsilon)). */
static mn_status add_stats(folding *f, const mn_layer *norm, int32_t tensor) {
    size_t channels = (size_t)norm->c;
    float *mean = take(f, channels, sizeof *mean), *deviation = take(f, channels, sizeof *deviation);
    if (!mean || !deviation) return out_of_memory();
    for (size_t c = 0; c < channels; c++) {
        double variance = fmax((double)norm->variance[c], 0), sum = variance + (double)norm->epsilon;
        mean[c] = norm->beta[c];
        deviation[c] = (float)(sum > 0 ? fabs((double)norm->gamma[c]) * sqrt(variance / sum) : 0);
    }
    f->stats[tensor].channels = norm->c;
    f->stats[tensor].mean = mean;
    f->stats[tensor].deviation = deviation;
    return MN_OK;
}

/* ---- Layers ------------------------------------------------------------------------------------------ */

static void set_window(const folding *f, const mn_layer *layer, mn_op_attr *attr) {
    bool absorbed = is_absorbed(f, layer->inputs[0]);
    attr->padding = absorbed ? MN_PAD_SAME : layer->padding;
    attr->stride_h = attr->stride_w = layer->stride;
    attr->dilation_h = attr->dilation_w = 1;
    if (layer->kind == MN_LAYER_DEPTHWISE) attr->depth_multiplier = 1;
}

static mn_status fold_weighted(folding *f, int32_t index) {
    static const mn_op_kind kinds[MN_LAYER_KIND_COUNT] = {[MN_LAYER_CONV] = MN_OP_CONV_2D,
                                                          [MN_LAYER_DEPTHWISE] = MN_OP_DEPTHWISE_CONV_2D,
                                                          [MN_LAYER_DENSE] = MN_OP_FULLY_CONNECTED};
    const mn_layer *layer = &f->net->layers[index];
    int32_t norm = follower(f, index, MN_LAYER_BATCH_NORM), last = norm >= 0 ? norm : index;
    mn_op_attr attr = {.activation = fuse_activation(f, &last)};
    mn_shape shape = map_shape(layer);
    int32_t inputs[3] = {f->tensor[layer->inputs[0]]};
    if (layer->kind == MN_LAYER_DENSE) {
        shape = (mn_shape){.rank = 2, .dims = {1, layer->units}};
    } else {
        set_window(f, layer, &attr);
    }
    MN_TRY(add_weights(f, layer, norm >= 0 ? &f->net->layers[norm] : NULL, &inputs[1], &inputs[2]));
    const char *name = f->net->layers[last].name;
    MN_TRY(add_op(f, kinds[layer->kind], &attr, inputs, 3, name, "", shape, &f->tensor[index]));
    f->tensor[last] = f->tensor[index];
    if (norm < 0) return MN_OK;
    f->tensor[norm] = f->tensor[index];
    return add_stats(f, &f->net->layers[norm], f->tensor[index]);
}

/* y = x * scale + shift with `count` (1 or all channels) of both: Rescaling, and a batch norm without a convolution
 * before it. A scale of 1 and a shift of 0 everywhere need no operator. */
static mn_status fold_affine(folding *f, int32_t index, const mn_affine *each, int32_t count) {
    const mn_layer *layer = &f->net->layers[index];
    float *scale = take(f, (size_t)count, sizeof *scale), *shift = take(f, (size_t)count, sizeof *shift);
    bool multiplies = false, adds = false;
    if (!scale || !shift) return out_of_memory();
    for (int32_t c = 0; c < count; c++) {
        scale[c] = (float)each[c].scale;
        shift[c] = (float)each[c].shift;
        multiplies = multiplies || scale[c] != 1;
        adds = adds || shift[c] != 0;
        if (isfinite(scale[c]) && isfinite(shift[c])) continue;
        return mn_net_fail(f->net, layer, MN_ERROR_FORMAT, "channel %d is scaled beyond what a float can hold", c);
    }
    int32_t last = index, inputs[2] = {f->tensor[layer->inputs[0]]};
    mn_shape shape = mn_tensor_shape(&f->graph->tensors[inputs[0]]);
    mn_op_attr plain = {.activation = MN_ACT_NONE}, fused = plain;
    if (multiplies || adds) fused.activation = fuse_activation(f, &last);
    const char *name = f->net->layers[last].name;
    if (multiplies) {
        MN_TRY(add_floats(f, layer->name, "/scale", scale, count, &inputs[1]));
        MN_TRY(add_op(f, MN_OP_MUL, adds ? &plain : &fused, inputs, 2, adds ? layer->name : name, adds ? "/mul" : "",
                      shape, &inputs[0]));
    }
    if (adds) {
        MN_TRY(add_floats(f, layer->name, "/offset", shift, count, &inputs[1]));
        MN_TRY(add_op(f, MN_OP_ADD, &fused, inputs, 2, name, "", shape, &inputs[0]));
    }
    f->tensor[index] = f->tensor[last] = inputs[0];
    return MN_OK;
}

static mn_status fold_norm(folding *f, int32_t index) {
    const mn_layer *norm = &f->net->layers[index];
    mn_affine *each = take(f, (size_t)norm->c, sizeof *each);
    if (!each) return out_of_memory();
    for (int32_t c = 0; c < norm->c; c++) each[c] = norm_affine(norm, c);
    MN_TRY(fold_affine(f, index, each, norm->c));
    bool kept = f->tensor[index] == f->tensor[norm->inputs[0]];
    return kept ? MN_OK : add_stats(f, norm, f->tensor[index]);
}

static mn_status fold_rescaling(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    return fold_affine(f, index, &(mn_affine){(double)layer->scale, (double)layer->offset}, 1);
}

static mn_status fold_padding(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t inputs[2] = {f->tensor[layer->inputs[0]]};
    if (is_absorbed(f, index)) {
        f->tensor[index] = inputs[0];
        return MN_OK;
    }
    mn_op_attr attr = {.list_count = 4};
    for (int32_t i = 0; i < 4; i++) attr.pad[1 + i / 2][i % 2] = layer->pad[i];
    mn_shape pairs = {.rank = 2, .dims = {4, 2}};
    MN_TRY(add_list(f, layer->name, "/paddings", pairs, &attr.pad[0][0], &inputs[1]));
    return add_op(f, MN_OP_PAD, &attr, inputs, 2, layer->name, "", map_shape(layer), &f->tensor[index]);
}

static mn_status fold_relu(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t from = f->tensor[layer->inputs[0]];
    mn_activation activation;
    if (!find_activation(layer, &activation)) {
        return mn_net_fail(f->net, layer, MN_ERROR_UNSUPPORTED, "max_value is %g; only 6 and none are supported",
                           (double)layer->max_value);
    }
    mn_shape shape = mn_tensor_shape(&f->graph->tensors[from]);
    return add_op(f, activation == MN_ACT_RELU6 ? MN_OP_RELU6 : MN_OP_RELU, &(mn_op_attr){.activation = MN_ACT_NONE},
                  &from, 1, layer->name, "", shape, &f->tensor[index]);
}

static mn_status fold_add(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t inputs[2] = {f->tensor[layer->inputs[0]], f->tensor[layer->inputs[1]]}, last = index;
    mn_shape shape = mn_tensor_shape(&f->graph->tensors[inputs[0]]);
    mn_op_attr attr = {.activation = fuse_activation(f, &last)};
    MN_TRY(add_op(f, MN_OP_ADD, &attr, inputs, 2, f->net->layers[last].name, "", shape, &f->tensor[index]));
    f->tensor[last] = f->tensor[index];
    return MN_OK;
}

static mn_status fold_pool(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t inputs[2] = {f->tensor[layer->inputs[0]]};
    mn_op_attr attr = {.keep_dims = layer->keep_dims, .list_count = 2, .list = {1, 2}};
    mn_shape flat = {.rank = 2, .dims = {1, layer->c}};
    MN_TRY(add_list(f, layer->name, "/axes", vector_shape(2), attr.list, &inputs[1]));
    return add_op(f, MN_OP_MEAN, &attr, inputs, 2, layer->name, "", layer->keep_dims ? map_shape(layer) : flat,
                  &f->tensor[index]);
}

/* Nothing to do when the values are a vector already, or when FULLY_CONNECTED, which flattens by itself, comes next. */
static mn_status fold_reshape(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t inputs[2] = {f->tensor[layer->inputs[0]]};
    if (f->graph->tensors[inputs[0]].rank == 2 || follower(f, index, MN_LAYER_DENSE) >= 0) {
        f->tensor[index] = inputs[0];
        return MN_OK;
    }
    mn_op_attr attr = {.list_count = 2, .list = {1, layer->c}};
    mn_shape flat = {.rank = 2, .dims = {1, layer->c}};
    MN_TRY(add_list(f, layer->name, "/shape", vector_shape(2), attr.list, &inputs[1]));
    return add_op(f, MN_OP_RESHAPE, &attr, inputs, 2, layer->name, "", flat, &f->tensor[index]);
}

static mn_status fold_softmax(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t from = f->tensor[layer->inputs[0]];
    mn_shape shape = mn_tensor_shape(&f->graph->tensors[from]);
    return add_op(f, MN_OP_SOFTMAX, &(mn_op_attr){.beta = 1}, &from, 1, layer->name, "", shape, &f->tensor[index]);
}

static mn_status fold_input(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    return add_tensor(f, layer->name, "", MN_FLOAT32, map_shape(layer), &f->tensor[index]);
}

static mn_status fold_layer(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    switch (layer->kind) {
    case MN_LAYER_INPUT: return fold_input(f, index);
    case MN_LAYER_RESCALING: return fold_rescaling(f, index);
    case MN_LAYER_ZERO_PADDING: return fold_padding(f, index);
    case MN_LAYER_CONV:
    case MN_LAYER_DEPTHWISE:
    case MN_LAYER_DENSE: return fold_weighted(f, index);
    case MN_LAYER_BATCH_NORM: return fold_norm(f, index);
    case MN_LAYER_RELU: return fold_relu(f, index);
    case MN_LAYER_ADD: return fold_add(f, index);
    case MN_LAYER_GLOBAL_POOL: return fold_pool(f, index);
    case MN_LAYER_RESHAPE: return fold_reshape(f, index);
    case MN_LAYER_DROPOUT: f->tensor[index] = f->tensor[layer->inputs[0]]; return MN_OK;
    case MN_LAYER_SOFTMAX: return fold_softmax(f, index);
    case MN_LAYER_KIND_COUNT: break;
    }
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s: layer %d is of no known kind", f->net->name, index);
}

/* What training learned of the layer's values. */
static void keep_range(folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    if (!mn_layer_has_range(layer)) return;
    mn_channel_stats *stats = &f->stats[f->tensor[index]];
    stats->low = layer->low;
    stats->high = layer->high;
}

/* ---- The whole net ----------------------------------------------------------------------------------- */

static mn_status open_folding(folding *f) {
    size_t layers = (size_t)f->net->layer_count;
    const char *name = f->net->name ? f->net->name : "network";
    f->graph->name = mn_pool_string(&f->graph->pool, name, strlen(name));
    f->graph->description = mn_pool_string(&f->graph->pool, "", 0);
    f->graph->tensors = take(f, layers * MAX_LAYER_TENSORS, sizeof *f->graph->tensors);
    f->graph->ops = take(f, layers * MAX_LAYER_OPS, sizeof *f->graph->ops);
    f->graph->inputs = take(f, 1, sizeof *f->graph->inputs);
    f->graph->outputs = take(f, 1, sizeof *f->graph->outputs);
    f->stats = take(f, layers * MAX_LAYER_TENSORS, sizeof *f->stats);
    f->tensor = take(f, layers, sizeof *f->tensor);
    f->users = take(f, layers, sizeof *f->users);
    f->user = take(f, layers, sizeof *f->user);
    if (!f->graph->name || !f->graph->description || !f->graph->tensors || !f->graph->ops || !f->graph->inputs ||
        !f->graph->outputs || !f->stats || !f->tensor || !f->users || !f->user) {
        return out_of_memory();
    }
    for (int32_t i = 0; i < f->net->layer_count; i++) {
        f->tensor[i] = -1;
        for (int32_t k = 0; k < 2; k++) {
            int32_t from = f->net->layers[i].inputs[k];
            if (from < 0) continue;
            f->users[from]++;
            f->user[from] = i;
        }
    }
    return MN_OK;
}

static mn_status fold_all(folding *f) {
    MN_TRY(mn_net_check(f->net));
    MN_TRY(open_folding(f));
    for (int32_t i = 0; i < f->net->layer_count; i++) {
        if (f->tensor[i] < 0) MN_TRY(fold_layer(f, i));
        keep_range(f, i);
    }
    MN_TRY(mn_meaning_copy(&f->net->meaning, &f->graph->pool, &f->graph->meaning));
    f->graph->input_count = f->graph->output_count = 1;
    f->graph->inputs[0] = f->tensor[0];
    f->graph->outputs[0] = f->tensor[f->net->layer_count - 1];
    if (f->graph->op_count == 0) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: no layer computes anything", f->graph->name);
    }
    return mn_graph_check(f->graph);
}

mn_status mn_net_fold(const mn_net *net, mn_graph *graph, mn_channel_stats **stats) {
    mn_graph made = {0};
    folding f = {.net = net, .graph = &made};
    mn_status status = fold_all(&f);
    if (status != MN_OK) {
        mn_graph_free(&made);
        return status;
    }
    *graph = made;
    if (stats) *stats = f.stats;
    return MN_OK;
}
