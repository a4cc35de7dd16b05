/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <string.h>

#include "net/folding.h"

static mn_shape shape_of(const mn_folding *f, int32_t tensor) { return mn_tensor_shape(&f->graph->tensors[tensor]); }

/* The tensor with input `i` of the layer. */
static int32_t input_of(const mn_folding *f, const mn_layer *layer, int32_t i) { return f->tensor[layer->inputs[i]]; }

/* Appends an operator with one input and the same shape; *tensor goes from the input to the result. */
static mn_status unary(mn_folding *f, mn_op_kind kind, const mn_op_attr *attr, const char *name, const char *suffix,
                       int32_t *tensor) {
    return mn_fold_op(f, kind, attr, tensor, 1, name, suffix, shape_of(f, *tensor), tensor);
}

/* inputs[0] in another shape; inputs[1] is for the list. */
static mn_status reshape(mn_folding *f, const mn_layer *layer, const char *suffix, int32_t inputs[2], mn_shape to,
                         int32_t *result) {
    mn_op_attr attr = {.list_count = to.rank};
    memcpy(attr.list, to.dims, (size_t)to.rank * sizeof to.dims[0]);
    MN_TRY(mn_fold_list(f, layer->name, "/shape", mn_fold_vector(to.rank), attr.list, &inputs[1]));
    return mn_fold_op(f, MN_OP_RESHAPE, &attr, inputs, 2, layer->name, suffix, to, result);
}

/* ---- Scaling ----------------------------------------------------------------------------------------- */

/* An operator with a constant, and what its result is called. */
typedef struct step {
    mn_op_kind kind; /* MUL, ADD or PRELU */
    mn_activation activation;
    const char *constant; /* its suffix behind the layer's name */
    const char *name, *suffix;
} step;

/* *tensor goes from the input to the result. */
static mn_status with_floats(mn_folding *f, const mn_layer *layer, const step *s, const float *values, int32_t count,
                             int32_t *tensor) {
    int32_t inputs[2] = {*tensor};
    mn_op_attr attr = {.activation = s->activation};
    MN_TRY(mn_fold_floats(f, layer->name, s->constant, values, count, &inputs[1]));
    return mn_fold_op(f, s->kind, &attr, inputs, 2, s->name, s->suffix, shape_of(f, inputs[0]), tensor);
}

/* y = x * scale + shift with `count` (1 or all channels) of both: Rescaling, and a batch norm without a convolution
 * before it. A scale of 1 and a shift of 0 everywhere need no operator. */
static mn_status fold_affine(mn_folding *f, int32_t index, const mn_affine *each, int32_t count) {
    const mn_layer *layer = &f->net->layers[index];
    float *scale = mn_fold_take(f, (size_t)count, sizeof *scale);
    float *shift = mn_fold_take(f, (size_t)count, sizeof *shift);
    bool multiplies = false, adds = false;
    if (!scale || !shift) return mn_fold_no_memory();
    for (int32_t c = 0; c < count; c++) {
        scale[c] = (float)each[c].scale;
        shift[c] = (float)each[c].shift;
        multiplies = multiplies || scale[c] != 1;
        adds = adds || shift[c] != 0;
        if (isfinite(scale[c]) && isfinite(shift[c])) continue;
        return mn_net_fail(f->net, layer, MN_ERROR_FORMAT, "channel %d is scaled beyond what a float can hold", c);
    }
    int32_t last = index, tensor = input_of(f, layer, 0);
    mn_activation activation = multiplies || adds ? mn_fold_activation(f, &last) : MN_ACT_NONE;
    const char *name = f->net->layers[last].name;
    step mul = {MN_OP_MUL, adds ? MN_ACT_NONE : activation, "/scale", adds ? layer->name : name, adds ? "/mul" : ""};
    step add = {MN_OP_ADD, activation, "/offset", name, ""};
    if (multiplies) MN_TRY(with_floats(f, layer, &mul, scale, count, &tensor));
    if (adds) MN_TRY(with_floats(f, layer, &add, shift, count, &tensor));
    f->tensor[index] = f->tensor[last] = tensor;
    return MN_OK;
}

static mn_status fold_norm(mn_folding *f, int32_t index) {
    const mn_layer *norm = &f->net->layers[index];
    mn_affine *each = mn_fold_take(f, (size_t)norm->c, sizeof *each);
    if (!each) return mn_fold_no_memory();
    for (int32_t c = 0; c < norm->c; c++) each[c] = mn_fold_norm_affine(norm, c);
    MN_TRY(fold_affine(f, index, each, norm->c));
    bool kept = f->tensor[index] == input_of(f, norm, 0);
    return kept ? MN_OK : mn_fold_stats(f, norm, f->tensor[index]);
}

static mn_status fold_channels(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    mn_affine *each = mn_fold_take(f, (size_t)layer->c, sizeof *each);
    if (!each) return mn_fold_no_memory();
    for (int32_t c = 0; c < layer->c; c++) each[c] = (mn_affine){(double)layer->gamma[c], (double)layer->beta[c]};
    return fold_affine(f, index, each, layer->c);
}

static mn_status fold_rescaling(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    return fold_affine(f, index, &(mn_affine){(double)layer->scale, (double)layer->offset}, 1);
}

/* ---- Activations ------------------------------------------------------------------------------------- */

/* Other limits than 6 are those of x * 6 / limit. */
static mn_status fold_relu(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    const mn_op_attr plain = {.activation = MN_ACT_NONE};
    int32_t *tensor = &f->tensor[index];
    mn_activation activation;
    *tensor = input_of(f, layer, 0);
    if (mn_fold_find_activation(layer, &activation)) {
        return unary(f, activation == MN_ACT_RELU6 ? MN_OP_RELU6 : MN_OP_RELU, &plain, layer->name, "", tensor);
    }
    const float down = (float)(6 / (double)layer->max_value), up = (float)((double)layer->max_value / 6);
    if (!isfinite(down) || !isfinite(up) || down == 0 || up == 0) {
        return mn_net_fail(f->net, layer, MN_ERROR_UNSUPPORTED, "max_value is %g, too near to 0 or too large",
                           (double)layer->max_value);
    }
    const step first = {MN_OP_MUL, MN_ACT_RELU6, "/down", layer->name, "/relu6"};
    const step second = {MN_OP_MUL, MN_ACT_NONE, "/up", layer->name, ""};
    MN_TRY(with_floats(f, layer, &first, &down, 1, tensor));
    return with_floats(f, layer, &second, &up, 1, tensor);
}

static mn_status fold_prelu(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    const step prelu = {MN_OP_PRELU, MN_ACT_NONE, "/slope", layer->name, ""};
    f->tensor[index] = input_of(f, layer, 0);
    return with_floats(f, layer, &prelu, layer->gamma, layer->c, &f->tensor[index]);
}

static mn_status fold_activation(mn_folding *f, int32_t index) {
    static const mn_op_kind kinds[MN_FUNCTION_COUNT] = {
        [MN_FUNCTION_SIGMOID] = MN_OP_LOGISTIC, [MN_FUNCTION_TANH] = MN_OP_TANH,
        [MN_FUNCTION_SWISH] = MN_OP_LOGISTIC,   [MN_FUNCTION_HARD_SWISH] = MN_OP_HARD_SWISH,
        [MN_FUNCTION_ELU] = MN_OP_ELU,          [MN_FUNCTION_LEAKY_RELU] = MN_OP_LEAKY_RELU,
    };
    const mn_layer *layer = &f->net->layers[index];
    const mn_op_attr plain = {.activation = MN_ACT_NONE}, attr = {.alpha = layer->slope};
    bool swish = layer->function == MN_FUNCTION_SWISH;
    int32_t parts[2] = {input_of(f, layer, 0), input_of(f, layer, 0)};
    MN_TRY(unary(f, kinds[layer->function], &attr, layer->name, swish ? "/sigmoid" : "", &parts[1]));
    f->tensor[index] = parts[1];
    if (!swish) return MN_OK;
    return mn_fold_op(f, MN_OP_MUL, &plain, parts, 2, layer->name, "", shape_of(f, parts[0]), &f->tensor[index]);
}

static mn_status fold_softmax(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    f->tensor[index] = input_of(f, layer, 0);
    return unary(f, MN_OP_SOFTMAX, &(mn_op_attr){.beta = 1}, layer->name, "", &f->tensor[index]);
}

/* x / sqrt(max(sum of squares, 1e-12)), nearly: the 1e-12 is added. */
static mn_status fold_unit_norm(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    const mn_op_attr plain = {.activation = MN_ACT_NONE};
    const float channels = (float)layer->c, least = 1e-12F;
    const step sum = {MN_OP_MUL, MN_ACT_NONE, "/channels", layer->name, "/sum"};
    const step safe = {MN_OP_ADD, MN_ACT_NONE, "/least", layer->name, "/safe"};
    int32_t x = input_of(f, layer, 0), mean[2] = {x};
    mn_shape shape = shape_of(f, x), one = shape;
    one.dims[shape.rank - 1] = 1;
    mn_op_attr last = {.keep_dims = true, .list_count = 1, .list = {shape.rank - 1}};
    MN_TRY(unary(f, MN_OP_SQUARE, &plain, layer->name, "/squares", &mean[0]));
    MN_TRY(mn_fold_list(f, layer->name, "/axis", mn_fold_vector(1), last.list, &mean[1]));
    MN_TRY(mn_fold_op(f, MN_OP_MEAN, &last, mean, 2, layer->name, "/mean", one, &mean[0]));
    MN_TRY(with_floats(f, layer, &sum, &channels, 1, &mean[0]));
    MN_TRY(with_floats(f, layer, &safe, &least, 1, &mean[0]));
    MN_TRY(unary(f, MN_OP_RSQRT, &plain, layer->name, "/scale", &mean[0]));
    const int32_t inputs[2] = {x, mean[0]};
    return mn_fold_op(f, MN_OP_MUL, &plain, inputs, 2, layer->name, "", shape, &f->tensor[index]);
}

/* ---- Several inputs ---------------------------------------------------------------------------------- */

/* A vector beside maps becomes a map of one place. */
static mn_status as_map(mn_folding *f, const mn_layer *layer, int32_t from, int32_t *tensor) {
    const mn_layer *in = &f->net->layers[from];
    *tensor = f->tensor[from];
    if (layer->flat || !in->flat) return MN_OK;
    int32_t inputs[2] = {*tensor};
    return reshape(f, layer, "/map", inputs, (mn_shape){.rank = 4, .dims = {1, 1, 1, in->c}}, tensor);
}

static mn_status fold_joined(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    mn_op_kind kind = layer->kind == MN_LAYER_ADD        ? MN_OP_ADD
                      : layer->kind == MN_LAYER_MULTIPLY ? MN_OP_MUL
                                                         : MN_OP_SUB;
    int32_t inputs[2], last = index;
    for (int32_t i = 0; i < 2; i++) MN_TRY(as_map(f, layer, layer->inputs[i], &inputs[i]));
    mn_op_attr attr = {.activation = mn_fold_activation(f, &last)};
    MN_TRY(
        mn_fold_op(f, kind, &attr, inputs, 2, f->net->layers[last].name, "", mn_fold_shape(layer), &f->tensor[index]));
    f->tensor[last] = f->tensor[index];
    return MN_OK;
}

static mn_status fold_concat(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t inputs[MN_LAYER_MAX_INPUTS];
    for (int32_t i = 0; i < layer->input_count; i++) inputs[i] = input_of(f, layer, i);
    mn_op_attr attr = {.axis = layer->flat ? 1 : 3};
    return mn_fold_op(f, MN_OP_CONCATENATION, &attr, inputs, layer->input_count, layer->name, "", mn_fold_shape(layer),
                      &f->tensor[index]);
}

/* ---- Pooling and shapes ------------------------------------------------------------------------------ */

static mn_status fold_padding(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t inputs[2] = {input_of(f, layer, 0)};
    if (mn_fold_is_absorbed(f, index)) {
        f->tensor[index] = inputs[0];
        return MN_OK;
    }
    mn_op_attr attr = {.list_count = 4};
    for (int32_t i = 0; i < 4; i++) attr.pad[1 + i / 2][i % 2] = layer->pad[i];
    mn_shape pairs = {.rank = 2, .dims = {4, 2}};
    MN_TRY(mn_fold_list(f, layer->name, "/paddings", pairs, &attr.pad[0][0], &inputs[1]));
    return mn_fold_op(f, MN_OP_PAD, &attr, inputs, 2, layer->name, "", mn_fold_shape(layer), &f->tensor[index]);
}

static mn_status fold_window(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    mn_op_kind kind = layer->kind == MN_LAYER_MAX_POOL ? MN_OP_MAX_POOL_2D : MN_OP_AVERAGE_POOL_2D;
    mn_op_attr attr = {.padding = layer->padding,
                       .filter_h = layer->k_h,
                       .filter_w = layer->k_w,
                       .stride_h = layer->stride,
                       .stride_w = layer->stride_w,
                       .dilation_h = 1,
                       .dilation_w = 1};
    int32_t input = input_of(f, layer, 0);
    return mn_fold_op(f, kind, &attr, &input, 1, layer->name, "", mn_fold_shape(layer), &f->tensor[index]);
}

static mn_status fold_pool(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t inputs[2] = {input_of(f, layer, 0)};
    mn_op_attr attr = {.keep_dims = layer->keep_dims, .list_count = 2, .list = {1, 2}};
    MN_TRY(mn_fold_list(f, layer->name, "/axes", mn_fold_vector(2), attr.list, &inputs[1]));
    return mn_fold_op(f, MN_OP_MEAN, &attr, inputs, 2, layer->name, "", mn_fold_shape(layer), &f->tensor[index]);
}

static mn_status fold_resize(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    const mn_op_attr attr = {.half_pixel_centers = true, .list_count = 2, .list = {layer->h, layer->w}};
    mn_op_kind kind = layer->bilinear ? MN_OP_RESIZE_BILINEAR : MN_OP_RESIZE_NEAREST_NEIGHBOR;
    int32_t inputs[2] = {input_of(f, layer, 0)};
    MN_TRY(mn_fold_list(f, layer->name, "/size", mn_fold_vector(2), attr.list, &inputs[1]));
    return mn_fold_op(f, kind, &attr, inputs, 2, layer->name, "", mn_fold_shape(layer), &f->tensor[index]);
}

/* A window as large as the map. */
static mn_status fold_global_max(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index], *in = &f->net->layers[layer->inputs[0]];
    mn_op_attr attr = {.padding = MN_PAD_VALID,
                       .filter_h = in->h,
                       .filter_w = in->w,
                       .stride_h = 1,
                       .stride_w = 1,
                       .dilation_h = 1,
                       .dilation_w = 1};
    mn_shape map = {.rank = 4, .dims = {1, 1, 1, layer->c}};
    int32_t inputs[2] = {input_of(f, layer, 0)};
    const char *suffix = layer->flat ? "/map" : "";
    MN_TRY(mn_fold_op(f, MN_OP_MAX_POOL_2D, &attr, inputs, 1, layer->name, suffix, map, &inputs[0]));
    f->tensor[index] = inputs[0];
    return layer->flat ? reshape(f, layer, "", inputs, mn_fold_shape(layer), &f->tensor[index]) : MN_OK;
}

/* Nothing to do when the shape is there already, or when FULLY_CONNECTED, which flattens by itself, comes next. */
static mn_status fold_reshape(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t inputs[2] = {input_of(f, layer, 0)};
    mn_shape from = shape_of(f, inputs[0]), to = mn_fold_shape(layer);
    bool same = from.rank == to.rank && memcmp(from.dims, to.dims, (size_t)to.rank * sizeof to.dims[0]) == 0;
    if (same || (layer->flat && mn_fold_follower(f, index, MN_LAYER_DENSE) >= 0)) {
        f->tensor[index] = inputs[0];
        return MN_OK;
    }
    return reshape(f, layer, "", inputs, to, &f->tensor[index]);
}

/* ---- All --------------------------------------------------------------------------------------------- */

mn_status mn_fold_other(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    switch (layer->kind) {
    case MN_LAYER_INPUT: return mn_fold_tensor(f, layer->name, "", MN_FLOAT32, mn_fold_shape(layer), &f->tensor[index]);
    case MN_LAYER_RESCALING: return fold_rescaling(f, index);
    case MN_LAYER_AFFINE: return fold_channels(f, index);
    case MN_LAYER_ZERO_PADDING: return fold_padding(f, index);
    case MN_LAYER_BATCH_NORM: return fold_norm(f, index);
    case MN_LAYER_RELU: return fold_relu(f, index);
    case MN_LAYER_PRELU: return fold_prelu(f, index);
    case MN_LAYER_ACTIVATION: return fold_activation(f, index);
    case MN_LAYER_ADD:
    case MN_LAYER_MULTIPLY:
    case MN_LAYER_SUBTRACT: return fold_joined(f, index);
    case MN_LAYER_CONCAT: return fold_concat(f, index);
    case MN_LAYER_GLOBAL_POOL: return fold_pool(f, index);
    case MN_LAYER_GLOBAL_MAX: return fold_global_max(f, index);
    case MN_LAYER_RESIZE: return fold_resize(f, index);
    case MN_LAYER_UNIT_NORM: return fold_unit_norm(f, index);
    case MN_LAYER_MAX_POOL:
    case MN_LAYER_AVERAGE_POOL: return fold_window(f, index);
    case MN_LAYER_RESHAPE: return fold_reshape(f, index);
    case MN_LAYER_DROPOUT: f->tensor[index] = input_of(f, layer, 0); return MN_OK;
    case MN_LAYER_SOFTMAX: return fold_softmax(f, index);
    default: return mn_net_fail(f->net, layer, MN_ERROR_UNSUPPORTED, "no operator stands for it");
    }
}
