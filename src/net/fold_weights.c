/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>

#include "net/folding.h"

/* ---- Which layers become one operator ---------------------------------------------------------------- */

int32_t mn_fold_follower(const mn_folding *f, int32_t index, mn_layer_kind kind) {
    if (index < 0 || f->users[index] != 1 || f->user[index] < 0) return -1;
    return f->net->layers[f->user[index]].kind == kind ? f->user[index] : -1;
}

bool mn_fold_find_activation(const mn_layer *relu, mn_activation *out) {
    if (relu->max_value != 6.0f && !isinf(relu->max_value)) return false;
    *out = relu->max_value == 6.0f ? MN_ACT_RELU6 : MN_ACT_RELU;
    return true;
}

mn_activation mn_fold_activation(const mn_folding *f, int32_t *last) {
    mn_activation activation = MN_ACT_NONE;
    int32_t relu = mn_fold_follower(f, *last, MN_LAYER_RELU);
    if (relu >= 0 && mn_fold_find_activation(&f->net->layers[relu], &activation)) *last = relu;
    return activation;
}

static bool equals_same(int32_t input, const int32_t pad[2], int32_t kernel, int32_t stride, int32_t dilation) {
    int32_t before = pad[0], output = mn_window_output(MN_PAD_SAME, input, kernel, stride, dilation);
    int32_t same_before = mn_window_padding(input, output, kernel, stride, dilation);
    /* Padding behind the last window does not matter. */
    int32_t padded = mn_window_output(MN_PAD_VALID, before + input + pad[1], kernel, stride, dilation);
    return before == same_before && padded == output;
}

bool mn_fold_is_absorbed(const mn_folding *f, int32_t index) {
    const mn_layer *pad = &f->net->layers[index];
    if (pad->kind != MN_LAYER_ZERO_PADDING || f->users[index] != 1 || f->user[index] < 0) return false;
    const mn_layer *conv = &f->net->layers[f->user[index]], *in = &f->net->layers[pad->inputs[0]];
    bool window = conv->kind == MN_LAYER_CONV || conv->kind == MN_LAYER_DEPTHWISE;
    return window && conv->padding == MN_PAD_VALID &&
           equals_same(in->h, pad->pad, conv->k_h, conv->stride, conv->dilation_h) &&
           equals_same(in->w, pad->pad + 2, conv->k_w, conv->stride_w, conv->dilation_w);
}

/* ---- Weights ------------------------------------------------------------------------------------------ */

mn_affine mn_norm_affine(float gamma, float beta, float mean, float variance, float epsilon) {
    double root = sqrt((double)variance + (double)epsilon), scale = root > 0 ? (double)gamma / root : 0;
    return (mn_affine){scale, (double)beta - scale * (double)mean};
}

mn_affine mn_fold_norm_affine(const mn_layer *norm, int32_t c) {
    return mn_norm_affine(norm->gamma[c], norm->beta[c], norm->mean[c], norm->variance[c], norm->epsilon);
}

/* Copies the kernel, scaled, to TFLite's layout: outputs first, except depthwise, where they stay last. */
static mn_status fold_kernel(mn_folding *f, const mn_layer *layer, const mn_affine *norm, float *to) {
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

static mn_status fold_bias(mn_folding *f, const mn_layer *layer, const mn_affine *norm, float *to) {
    for (int32_t c = 0; c < layer->c; c++) {
        double bias = layer->bias ? (double)layer->bias[c] : 0;
        to[c] = (float)(norm[c].shift + norm[c].scale * bias);
        if (isfinite(to[c])) continue;
        return mn_net_fail(f->net, layer, MN_ERROR_FORMAT,
                           "the batch norm behind it makes the bias of channel %d too large for a float", c);
    }
    return MN_OK;
}

/* A dense layer of maps is a convolution of 1x1. */
static mn_shape folded_kernel_shape(const mn_layer *layer, int32_t in_c) {
    switch (layer->kind) {
    case MN_LAYER_CONV:
        return (mn_shape){.rank = 4, .dims = {layer->units, layer->k_h, layer->k_w, in_c / layer->groups}};
    case MN_LAYER_DEPTHWISE: return (mn_shape){.rank = 4, .dims = {1, layer->k_h, layer->k_w, layer->c}};
    default:
        if (!layer->flat) return (mn_shape){.rank = 4, .dims = {layer->units, 1, 1, in_c}};
        return (mn_shape){.rank = 2, .dims = {layer->units, in_c}};
    }
}

/* The weights and the bias of a layer, with the batch norm behind it (NULL: none) folded in. */
static mn_status add_weights(mn_folding *f, const mn_layer *layer, const mn_layer *norm, int32_t *weights,
                             int32_t *bias) {
    void *kernel_data, *bias_data;
    size_t channels = (size_t)layer->c;
    int32_t in_c = f->net->layers[layer->inputs[0]].c;
    mn_affine *each = mn_fold_take(f, channels, sizeof *each);
    if (!each) return mn_fold_no_memory();
    for (int32_t c = 0; c < layer->c; c++) each[c] = norm ? mn_fold_norm_affine(norm, c) : (mn_affine){1, 0};
    MN_TRY(mn_fold_constant(f, layer->name, "/kernel", MN_FLOAT32, folded_kernel_shape(layer, in_c), weights,
                            &kernel_data));
    MN_TRY(fold_kernel(f, layer, each, kernel_data));
    MN_TRY(mn_fold_constant(f, norm ? norm->name : layer->name, "/bias", MN_FLOAT32, mn_fold_vector(layer->c), bias,
                            &bias_data));
    return fold_bias(f, layer, each, bias_data);
}

/* The input of `norm` has its mean and variance, so its
 * output has the mean beta and the deviation |gamma| sqrt(v / (v + epsilon)). */
mn_status mn_fold_stats(mn_folding *f, const mn_layer *norm, int32_t tensor) {
    size_t channels = (size_t)norm->c;
    float *mean = mn_fold_take(f, channels, sizeof *mean), *deviation = mn_fold_take(f, channels, sizeof *deviation);
    if (!mean || !deviation) return mn_fold_no_memory();
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

/* ---- Operators --------------------------------------------------------------------------------------- */

static mn_op_kind kind_of(const mn_layer *layer) {
    switch (layer->kind) {
    case MN_LAYER_DEPTHWISE: return MN_OP_DEPTHWISE_CONV_2D;
    case MN_LAYER_DENSE: return layer->flat ? MN_OP_FULLY_CONNECTED : MN_OP_CONV_2D;
    default: return MN_OP_CONV_2D;
    }
}

static void set_window(const mn_folding *f, const mn_layer *layer, mn_op_attr *attr) {
    bool dense = layer->kind == MN_LAYER_DENSE, absorbed = mn_fold_is_absorbed(f, layer->inputs[0]);
    attr->padding = absorbed ? MN_PAD_SAME : layer->padding;
    attr->stride_h = dense ? 1 : layer->stride;
    attr->stride_w = dense ? 1 : layer->stride_w;
    attr->dilation_h = layer->dilation_h;
    attr->dilation_w = layer->dilation_w;
    if (layer->kind == MN_LAYER_DEPTHWISE) attr->depth_multiplier = layer->multiplier;
}

mn_status mn_fold_weighted(mn_folding *f, int32_t index) {
    const mn_layer *layer = &f->net->layers[index];
    int32_t norm = mn_fold_follower(f, index, MN_LAYER_BATCH_NORM), last = norm >= 0 ? norm : index;
    mn_op_attr attr = {.activation = mn_fold_activation(f, &last)};
    int32_t inputs[3] = {f->tensor[layer->inputs[0]]};
    mn_op_kind kind = kind_of(layer);
    if (kind != MN_OP_FULLY_CONNECTED) set_window(f, layer, &attr);
    MN_TRY(add_weights(f, layer, norm >= 0 ? &f->net->layers[norm] : NULL, &inputs[1], &inputs[2]));
    const char *name = f->net->layers[last].name;
    MN_TRY(mn_fold_op(f, kind, &attr, inputs, 3, name, "", mn_fold_shape(layer), &f->tensor[index]));
    f->tensor[last] = f->tensor[index];
    if (norm < 0) return MN_OK;
    f->tensor[norm] = f->tensor[index];
    return mn_fold_stats(f, &f->net->layers[norm], f->tensor[index]);
}
