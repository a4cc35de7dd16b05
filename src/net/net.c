/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/net.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "graph/shape.h"

static const char *const kind_names[MN_LAYER_KIND_COUNT] = {
    [MN_LAYER_INPUT] = "InputLayer",
    [MN_LAYER_RESCALING] = "Rescaling",
    [MN_LAYER_ZERO_PADDING] = "ZeroPadding2D",
    [MN_LAYER_CONV] = "Conv2D",
    [MN_LAYER_DEPTHWISE] = "DepthwiseConv2D",
    [MN_LAYER_BATCH_NORM] = "BatchNormalization",
    [MN_LAYER_RELU] = "ReLU",
    [MN_LAYER_ADD] = "Add",
    [MN_LAYER_GLOBAL_POOL] = "GlobalAveragePooling2D",
    [MN_LAYER_RESHAPE] = "Reshape",
    [MN_LAYER_DROPOUT] = "Dropout",
    [MN_LAYER_DENSE] = "Dense",
    [MN_LAYER_SOFTMAX] = "Softmax",
    [MN_LAYER_ACTIVATION] = "Activation",
    [MN_LAYER_PRELU] = "PReLU",
    [MN_LAYER_AFFINE] = "Normalization",
    [MN_LAYER_MULTIPLY] = "Multiply",
    [MN_LAYER_SUBTRACT] = "Subtract",
    [MN_LAYER_CONCAT] = "Concatenate",
    [MN_LAYER_MAX_POOL] = "MaxPooling2D",
    [MN_LAYER_AVERAGE_POOL] = "AveragePooling2D",
    [MN_LAYER_GLOBAL_MAX] = "GlobalMaxPooling2D",
    [MN_LAYER_RESIZE] = "Resizing",
    [MN_LAYER_UNIT_NORM] = "UnitNormalization",
};

const char *mn_layer_kind_name(mn_layer_kind kind) { return kind_names[kind]; }

void mn_net_free(mn_net *net) {
    mn_region_free(&net->region);
    *net = (mn_net){0};
}

mn_status mn_net_fail(const mn_net *net, const mn_layer *layer, mn_status status, const char *format, ...) {
    char sentence[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return mn_fail(status, "%s: layer %s (%s): %s", net->name ? net->name : "network", layer->name,
                   mn_layer_kind_name(layer->kind), sentence);
}

int32_t mn_net_output_count(const mn_net *net) { return net->output_count > 0 ? net->output_count : 1; }

int32_t mn_net_output(const mn_net *net, int32_t i) {
    return net->output_count > 0 ? net->outputs[i] : net->layer_count - 1;
}

int32_t mn_net_find(const mn_net *net, const char *name) {
    for (int32_t i = 0; i < net->layer_count; i++) {
        if (strcmp(net->layers[i].name, name) == 0) return i;
    }
    return -1;
}

/* ---- Shapes ------------------------------------------------------------------------------------------ */

static mn_shape shape_of(const mn_layer *layer) {
    return (mn_shape){.rank = 3, .dims = {layer->h, layer->w, layer->c}};
}

/* The kernel as Keras stores it; rank 0 where there is none. */
static mn_shape kernel_shape(const mn_net *net, const mn_layer *layer) {
    int32_t channels = layer->inputs[0] >= 0 ? net->layers[layer->inputs[0]].c : 0;
    switch (layer->kind) {
    case MN_LAYER_CONV:
        return (mn_shape){.rank = 4, .dims = {layer->k_h, layer->k_w, channels / layer->groups, layer->units}};
    case MN_LAYER_DEPTHWISE:
        return (mn_shape){.rank = 4, .dims = {layer->k_h, layer->k_w, channels, layer->multiplier}};
    case MN_LAYER_DENSE: return (mn_shape){.rank = 2, .dims = {channels, layer->units}};
    default: return (mn_shape){.rank = 0};
    }
}

bool mn_layer_has_range(const mn_layer *layer) {
    switch (layer->kind) {
    case MN_LAYER_INPUT:
    case MN_LAYER_CONV:
    case MN_LAYER_DEPTHWISE:
    case MN_LAYER_ADD:
    case MN_LAYER_GLOBAL_POOL:
    case MN_LAYER_DENSE: return true;
    default: return false;
    }
}

size_t mn_layer_kernel_count(const mn_net *net, const mn_layer *layer) {
    mn_shape shape = kernel_shape(net, layer);
    return shape.rank == 0 ? 0 : (size_t)mn_shape_count(&shape);
}

/* Of the layer as it is to be added. */
static int32_t input_count(const mn_layer *layer) {
    switch (layer->kind) {
    case MN_LAYER_INPUT: return 0;
    case MN_LAYER_ADD:
    case MN_LAYER_MULTIPLY:
    case MN_LAYER_SUBTRACT: return 2;
    case MN_LAYER_CONCAT: return layer->input_count;
    default: return 1;
    }
}

static mn_status check_inputs(const mn_net *net, const mn_layer *layer) {
    bool first = net->layer_count == 0, input = layer->kind == MN_LAYER_INPUT;
    if (layer->kind >= MN_LAYER_KIND_COUNT) {
        return mn_fail(MN_ERROR_FORMAT, "%s: layer %s has an unknown kind", net->name ? net->name : "network",
                       layer->name);
    }
    if (first != input) {
        return mn_net_fail(net, layer, MN_ERROR_FORMAT, "the first layer, and no other, must be an InputLayer");
    }
    int32_t count = input_count(layer);
    if (count < (input ? 0 : 1) || count > MN_LAYER_MAX_INPUTS) {
        return mn_net_fail(net, layer, MN_ERROR_LIMIT, "it has %d inputs; between 1 and %d can be joined", count,
                           MN_LAYER_MAX_INPUTS);
    }
    for (int32_t i = 0; i < count; i++) {
        if (layer->inputs[i] >= 0 && layer->inputs[i] < net->layer_count) continue;
        return mn_net_fail(net, layer, MN_ERROR_FORMAT, "input %d is not an earlier layer", i);
    }
    if (mn_net_find(net, layer->name) < 0) return MN_OK;
    return mn_net_fail(net, layer, MN_ERROR_FORMAT, "an earlier layer has the same name");
}

static const char *find_wrong_window(const mn_layer *layer) {
    enum { MOST = UINT16_MAX }; /* of kernel, stride and dilation; as the graph checks them (graph/check.c) */
    const int32_t sizes[] = {layer->k_h,      layer->k_w,        layer->stride,
                             layer->stride_w, layer->dilation_h, layer->dilation_w};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i] < 1 || sizes[i] > MOST) return "kernel size, stride and dilation must be 1 or more, up to 65535";
    }
    if (layer->padding != MN_PAD_SAME && layer->padding != MN_PAD_VALID) return "the padding is of no known kind";
    return NULL;
}

/* Are the numbers that go with the kind in their range? Returns what is wrong, or NULL. */
static const char *find_wrong_setting(const mn_layer *layer) {
    switch (layer->kind) {
    case MN_LAYER_CONV:
        if (layer->units < 1 || layer->groups < 1) return "at least one filter and one group are needed";
        return layer->units % layer->groups != 0 ? "the groups do not divide the filters" : find_wrong_window(layer);
    case MN_LAYER_DEPTHWISE:
        return layer->multiplier < 1 ? "the multiplier must be 1 or more" : find_wrong_window(layer);
    case MN_LAYER_MAX_POOL:
    case MN_LAYER_AVERAGE_POOL: return find_wrong_window(layer);
    case MN_LAYER_DENSE: return layer->units < 1 ? "at least one unit is needed" : NULL;
    case MN_LAYER_ZERO_PADDING:
        for (int32_t i = 0; i < 4; i++) {
            if (layer->pad[i] < 0 || layer->pad[i] > UINT16_MAX) return "the padding must be between 0 and 65535";
        }
        return NULL;
    case MN_LAYER_RESCALING:
        return isfinite(layer->scale) && isfinite(layer->offset) ? NULL : "scale and offset must be finite";
    case MN_LAYER_BATCH_NORM:
        return layer->epsilon >= 0 && isfinite(layer->epsilon) ? NULL : "epsilon must be finite and not negative";
    case MN_LAYER_RELU: return layer->max_value > 0 ? NULL : "max_value must be above 0";
    case MN_LAYER_DROPOUT: return layer->rate >= 0 && layer->rate < 1 ? NULL : "the rate must be in [0, 1)";
    case MN_LAYER_ACTIVATION:
        if (layer->function >= MN_FUNCTION_COUNT) return "the function is of no known kind";
        return isfinite(layer->slope) ? NULL : "the slope must be finite";
    default: return NULL;
    }
}

static mn_status infer_window(const mn_net *net, const mn_layer *in, mn_layer *layer) {
    if (layer->kind == MN_LAYER_CONV && in->c % layer->groups != 0) {
        return mn_net_fail(net, layer, MN_ERROR_FORMAT, "%d groups do not divide %d channels", layer->groups, in->c);
    }
    int64_t channels = layer->kind == MN_LAYER_CONV ? layer->units : in->c;
    if (layer->kind == MN_LAYER_DEPTHWISE) channels *= layer->multiplier;
    layer->h = mn_window_output(layer->padding, in->h, layer->k_h, layer->stride, layer->dilation_h);
    layer->w = mn_window_output(layer->padding, in->w, layer->k_w, layer->stride_w, layer->dilation_w);
    layer->c = channels <= INT32_MAX ? (int32_t)channels : 0;
    layer->flat = false;
    if (layer->h > 0 && layer->w > 0) return MN_OK;
    return mn_net_fail(net, layer, MN_ERROR_FORMAT, "a %dx%d kernel does not fit into an input of %dx%dx%d", layer->k_h,
                       layer->k_w, in->h, in->w, in->c);
}

/* A dimension of two shapes where 1 is repeated; 0 when they do not go together. */
static int32_t join(int32_t a, int32_t b) { return a == b || b == 1 ? a : a == 1 ? b : 0; }

static mn_status infer_joined(const mn_net *net, const mn_layer *a, mn_layer *layer) {
    const mn_layer *b = &net->layers[layer->inputs[1]];
    layer->h = join(a->h, b->h);
    layer->w = join(a->w, b->w);
    layer->c = join(a->c, b->c);
    layer->flat = a->flat && b->flat;
    if (layer->h > 0 && layer->w > 0 && layer->c > 0) return MN_OK;
    return mn_net_fail(net, layer, MN_ERROR_FORMAT,
                       "%s gives %dx%dx%d and %s gives %dx%dx%d, but equal shapes are needed", a->name, a->h, a->w,
                       a->c, b->name, b->h, b->w, b->c);
}

static mn_status infer_concat(const mn_net *net, const mn_layer *a, mn_layer *layer) {
    int64_t channels = 0;
    for (int32_t i = 0; i < layer->input_count; i++) {
        const mn_layer *b = &net->layers[layer->inputs[i]];
        channels += b->c;
        if (a->h == b->h && a->w == b->w && a->flat == b->flat) continue;
        return mn_net_fail(net, layer, MN_ERROR_FORMAT,
                           "%s gives %dx%dx%d and %s gives %dx%dx%d, but equal heights and widths are needed", a->name,
                           a->h, a->w, a->c, b->name, b->h, b->w, b->c);
    }
    layer->c = channels <= INT32_MAX ? (int32_t)channels : 0;
    return MN_OK;
}

/* `made` holds the wanted shape. */
static mn_status infer_reshaped(const mn_net *net, const mn_layer *in, const mn_layer *made, mn_layer *layer) {
    int64_t count = (int64_t)in->h * in->w * in->c; /* fits: the input's shape was checked */
    layer->flat = !layer->keep_dims;
    layer->h = layer->w = 1;
    layer->c = (int32_t)count;
    if (layer->flat) return MN_OK;
    layer->h = made->h;
    layer->w = made->w;
    layer->c = made->c;
    bool fits = layer->h > 0 && layer->w > 0 && layer->c > 0 && count % layer->h == 0 &&
                count / layer->h % layer->w == 0 && count / layer->h / layer->w == layer->c;
    if (fits) return MN_OK;
    return mn_net_fail(net, layer, MN_ERROR_FORMAT, "%dx%dx%d values cannot become %dx%dx%d", in->h, in->w, in->c,
                       made->h, made->w, made->c);
}

static mn_status infer_resized(const mn_net *net, const mn_layer *made, mn_layer *layer) {
    layer->h = made->h;
    layer->w = made->w;
    if (layer->h > 0 && layer->w > 0) return MN_OK;
    return mn_net_fail(net, layer, MN_ERROR_FORMAT, "a size of %dx%d is empty", made->h, made->w);
}

static mn_status infer_shape(const mn_net *net, mn_layer *layer) {
    if (layer->kind == MN_LAYER_INPUT) return MN_OK;
    const mn_layer *in = &net->layers[layer->inputs[0]], made = *layer;
    layer->h = in->h;
    layer->w = in->w;
    layer->c = in->c;
    layer->flat = in->flat;
    switch (layer->kind) {
    case MN_LAYER_CONV:
    case MN_LAYER_DEPTHWISE:
    case MN_LAYER_MAX_POOL:
    case MN_LAYER_AVERAGE_POOL: return infer_window(net, in, layer);
    case MN_LAYER_ADD:
    case MN_LAYER_MULTIPLY:
    case MN_LAYER_SUBTRACT: return infer_joined(net, in, layer);
    case MN_LAYER_CONCAT: return infer_concat(net, in, layer);
    case MN_LAYER_ZERO_PADDING:
        layer->h += layer->pad[0] + layer->pad[1];
        layer->w += layer->pad[2] + layer->pad[3];
        layer->flat = false;
        return MN_OK;
    case MN_LAYER_RESHAPE: return infer_reshaped(net, in, &made, layer);
    case MN_LAYER_RESIZE: return infer_resized(net, &made, layer);
    case MN_LAYER_GLOBAL_MAX:
    case MN_LAYER_GLOBAL_POOL:
        layer->h = layer->w = 1;
        layer->flat = !layer->keep_dims;
        return MN_OK;
    case MN_LAYER_DENSE: layer->c = layer->units; return MN_OK;
    default: return MN_OK;
    }
}

/* What 0 stands for. */
static void set_defaults(mn_layer *layer) {
    if (layer->stride_w == 0) layer->stride_w = layer->stride;
    if (layer->dilation_h == 0) layer->dilation_h = 1;
    if (layer->dilation_w == 0) layer->dilation_w = 1;
    if (layer->groups == 0) layer->groups = 1;
    if (layer->multiplier == 0) layer->multiplier = 1;
}

/* ---- Weights ----------------------------------------------------------------------------------------- */

static bool has_bias(mn_layer_kind kind) {
    return kind == MN_LAYER_CONV || kind == MN_LAYER_DEPTHWISE || kind == MN_LAYER_DENSE;
}

static bool allocate(mn_region *region, size_t count, float value, float **out) {
    *out = mn_region_alloc(region, count, sizeof **out);
    for (size_t i = 0; *out && i < count; i++) (*out)[i] = value;
    return *out != NULL;
}

static mn_status allocate_weights(mn_net *net, mn_layer *layer, bool with_bias) {
    mn_shape kernel = kernel_shape(net, layer), output = shape_of(layer);
    char text[MN_SHAPE_TEXT];
    if (!mn_shape_check(&output, MN_FLOAT32)) {
        return mn_net_fail(net, layer, MN_ERROR_LIMIT, "the output of %s values is empty or larger than 1 GiB",
                           mn_shape_text(&output, text));
    }
    if (!mn_shape_check(&kernel, MN_FLOAT32)) {
        return mn_net_fail(net, layer, MN_ERROR_LIMIT, "the kernel of %s values is larger than 1 GiB",
                           mn_shape_text(&kernel, text));
    }
    layer->kernel = layer->bias = layer->gamma = layer->beta = layer->mean = layer->variance = NULL;
    size_t channels = (size_t)layer->c;
    bool good = true;
    if (kernel.rank > 0) good = allocate(&net->region, (size_t)mn_shape_count(&kernel), 0, &layer->kernel);
    if (good && with_bias && has_bias(layer->kind)) good = allocate(&net->region, channels, 0, &layer->bias);
    bool norm = layer->kind == MN_LAYER_BATCH_NORM, affine = layer->kind == MN_LAYER_AFFINE;
    if (good && (norm || affine)) {
        good = allocate(&net->region, channels, 1, &layer->gamma) && allocate(&net->region, channels, 0, &layer->beta);
    }
    if (good && norm) {
        good =
            allocate(&net->region, channels, 0, &layer->mean) && allocate(&net->region, channels, 1, &layer->variance);
    }
    if (good && layer->kind == MN_LAYER_PRELU) good = allocate(&net->region, channels, 0, &layer->gamma);
    return good ? MN_OK : mn_fail_memory("the weights of a network");
}

/* Makes room for one more layer. Outgrown arrays stay in the region, together as large as the last one. */
static mn_status make_room(mn_net *net) {
    if (net->layer_count < net->layer_capacity) return MN_OK;
    int32_t capacity = net->layer_capacity > 0 ? 2 * net->layer_capacity : 64;
    if (capacity > 1 << 20) return mn_fail(MN_ERROR_LIMIT, "a network has more than a million layers");
    mn_layer *layers = mn_region_alloc(&net->region, (size_t)capacity, sizeof *layers);
    if (!layers) return mn_fail_memory("the layers of a network");
    if (net->layer_count > 0) memcpy(layers, net->layers, (size_t)net->layer_count * sizeof *layers);
    net->layers = layers;
    net->layer_capacity = capacity;
    return MN_OK;
}

mn_status mn_net_add(mn_net *net, const mn_layer *layer, bool with_bias, int32_t *index) {
    mn_layer added = *layer;
    MN_TRY(check_inputs(net, &added));
    set_defaults(&added);
    const char *wrong = find_wrong_setting(&added);
    if (wrong) return mn_net_fail(net, &added, MN_ERROR_FORMAT, "%s", wrong);
    added.input_count = input_count(&added);
    for (int32_t i = added.input_count; i < MN_LAYER_MAX_INPUTS; i++) added.inputs[i] = -1;
    MN_TRY(infer_shape(net, &added));
    MN_TRY(allocate_weights(net, &added, with_bias));
    MN_TRY(make_room(net));
    added.name = mn_region_string(&net->region, layer->name, strlen(layer->name));
    if (!added.name) return mn_fail_memory("the layers of a network");
    net->layers[net->layer_count] = added;
    if (index) *index = net->layer_count;
    net->layer_count++;
    return MN_OK;
}

/* ---- Pruning ----------------------------------------------------------------------------------------- */

/* Marks what leads to an output: `place` gets -1 for the rest. */
static void find_place(const mn_net *net, int32_t *place) {
    for (int32_t i = 0; i < net->layer_count; i++) place[i] = i == 0 ? 0 : -1;
    for (int32_t i = 0; i < mn_net_output_count(net); i++) place[mn_net_output(net, i)] = 0;
    for (int32_t i = net->layer_count; i-- > 1;) {
        const mn_layer *layer = &net->layers[i];
        for (int32_t k = 0; place[i] == 0 && k < layer->input_count; k++) place[layer->inputs[k]] = 0;
    }
    for (int32_t i = 0, next = 0; i < net->layer_count; i++) {
        if (place[i] == 0) place[i] = next++;
    }
}

mn_status mn_net_prune(mn_net *net, int32_t *kept) {
    int32_t *place = mn_region_alloc(&net->region, (size_t)net->layer_count, sizeof *place), count = 0;
    if (!place) return mn_fail_memory("the layers of a network");
    find_place(net, place);
    for (int32_t i = 0; i < mn_net_output_count(net); i++) {
        if (net->output_count > 0) net->outputs[i] = place[net->outputs[i]];
    }
    for (int32_t i = 0; i < net->layer_count; i++) {
        if (place[i] < 0) continue;
        if (kept) kept[count] = i;
        mn_layer *layer = &net->layers[count++];
        *layer = net->layers[i];
        for (int32_t k = 0; k < layer->input_count; k++) layer->inputs[k] = place[layer->inputs[k]];
    }
    net->layer_count = count;
    return MN_OK;
}

/* ---- Counts and checks ------------------------------------------------------------------------------- */

int64_t mn_net_weights(const mn_net *net) {
    int64_t total = 0;
    for (int32_t i = 0; i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        total += (int64_t)mn_layer_kernel_count(net, layer) + (layer->bias ? layer->c : 0);
    }
    return total;
}

int64_t mn_net_parameters(const mn_net *net) {
    int64_t total = mn_net_weights(net);
    for (int32_t i = 0; i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        int32_t vectors = (layer->gamma != NULL) + (layer->beta != NULL) + 2 * (layer->mean != NULL);
        total += vectors * (int64_t)layer->c;
    }
    return total;
}

int64_t mn_net_macs(const mn_net *net) {
    int64_t total = 0;
    for (int32_t i = 0; i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        total += (int64_t)mn_layer_kernel_count(net, layer) * layer->h * layer->w;
    }
    return total;
}

static mn_status check_finite(const mn_net *net, const mn_layer *layer, const char *what, const float *values,
                              size_t count) {
    for (size_t i = 0; values && i < count; i++) {
        if (isfinite(values[i])) continue;
        return mn_net_fail(net, layer, MN_ERROR_FORMAT, "%s value %zu of %zu is %g; every weight must be finite", what,
                           i, count, (double)values[i]);
    }
    return MN_OK;
}

static mn_status check_variance(const mn_net *net, const mn_layer *layer) {
    for (int32_t i = 0; layer->variance && i < layer->c; i++) {
        if ((double)layer->variance[i] + (double)layer->epsilon >= 0) continue;
        return mn_net_fail(net, layer, MN_ERROR_FORMAT, "the variance of channel %d is %g; it must not be negative", i,
                           (double)layer->variance[i]);
    }
    return MN_OK;
}

mn_status mn_net_check(const mn_net *net) {
    for (int32_t i = 0; i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        size_t channels = (size_t)layer->c;
        MN_TRY(check_finite(net, layer, "kernel", layer->kernel, mn_layer_kernel_count(net, layer)));
        MN_TRY(check_finite(net, layer, "bias", layer->bias, channels));
        MN_TRY(check_finite(net, layer, "gamma", layer->gamma, channels));
        MN_TRY(check_finite(net, layer, "beta", layer->beta, channels));
        MN_TRY(check_finite(net, layer, "mean", layer->mean, channels));
        MN_TRY(check_finite(net, layer, "variance", layer->variance, channels));
        MN_TRY(check_variance(net, layer));
    }
    return MN_OK;
}
