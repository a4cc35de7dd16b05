/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Activations, arithmetic and concatenation. */
#include <math.h>
#include <string.h>

#include "onnx/build.h"

static mn_onnx_value *any_layer(const mn_onnx_builder *b, int32_t i) {
    mn_onnx_value *value = mn_onnx_in(b, i);
    return value && value->kind == MN_ONNX_LAYER ? value : NULL;
}

static mn_status no_layer(const mn_onnx_builder *b) {
    return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "what it reads is not computed from the picture");
}

/* ---- Activations ------------------------------------------------------------------------------------- */

/* min(max(alpha x + beta, 0), 1), as the layers of which Keras' MobileNetV3 makes it. */
static mn_status build_hard_sigmoid(mn_onnx_builder *b, const mn_onnx_value *from, float alpha, float beta) {
    int32_t index = from->layer;
    if (!(alpha > 0)) return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "alpha is not above 0");
    bool sixth = fabsf(alpha - 1.0f / 6) < 1e-6f;
    mn_layer shift = {
        .kind = MN_LAYER_RESCALING, .inputs = {index}, .scale = 1, .offset = sixth ? 6 * beta : beta / alpha};
    MN_TRY(mn_onnx_add(b, shift, false, "_shift", &index));
    mn_layer clip = {.kind = MN_LAYER_RELU, .inputs = {index}, .max_value = sixth ? 6 : 1 / alpha};
    MN_TRY(mn_onnx_add(b, clip, false, "_clip", &index));
    mn_onnx_value clipped = *from;
    clipped.layer = index;
    return mn_onnx_follow(b, &clipped, (mn_layer){.kind = MN_LAYER_RESCALING, .scale = sixth ? 1.0f / 6 : alpha});
}

mn_status mn_onnx_build_activation(mn_onnx_builder *b) {
    static const struct {
        const char *kind;
        mn_layer layer;
    } plain[] = {
        {"Relu", {.kind = MN_LAYER_RELU, .max_value = INFINITY}},
        {"Sigmoid", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_SIGMOID}},
        {"Tanh", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_TANH}},
        {"HardSwish", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_HARD_SWISH}},
    };
    const mn_onnx_value *from = any_layer(b, 0);
    if (!from) return no_layer(b);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (mn_onnx_text_is(b->node->kind, plain[i].kind)) return mn_onnx_follow(b, from, plain[i].layer);
    }
    if (mn_onnx_text_is(b->node->kind, "HardSigmoid")) {
        return build_hard_sigmoid(b, from, mn_onnx_number(b, "alpha", 0.2f), mn_onnx_number(b, "beta", 0.5f));
    }
    if (mn_onnx_text_is(b->node->kind, "LeakyRelu")) {
        return mn_onnx_follow(b, from,
                              (mn_layer){.kind = MN_LAYER_ACTIVATION,
                                         .function = MN_FUNCTION_LEAKY_RELU,
                                         .slope = mn_onnx_number(b, "alpha", 0.01f)});
    }
    if (mn_onnx_number(b, "alpha", 1) != 1) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only an alpha of 1 is supported");
    }
    return mn_onnx_follow(b, from, (mn_layer){.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_ELU});
}

/* A bound of Clip: an attribute before version 11, then an input. */
static mn_status read_bound(const mn_onnx_builder *b, const char *name, int32_t input, float *bound) {
    const mn_array *array;
    *bound = mn_onnx_number(b, name, *bound);
    if (!mn_onnx_in(b, input)) return MN_OK;
    MN_TRY(mn_onnx_floats_in(b, input, &array));
    return mn_onnx_read_vector(b, array, "a bound", 1, bound);
}

mn_status mn_onnx_build_clip(mn_onnx_builder *b) {
    const mn_onnx_value *from = any_layer(b, 0);
    float low = -INFINITY, high = INFINITY;
    if (!from) return no_layer(b);
    MN_TRY(read_bound(b, "min", 1, &low));
    MN_TRY(read_bound(b, "max", 2, &high));
    /* Some exporters write the largest float for no bound. */
    if (high >= 3e38f) high = INFINITY;
    if (low != 0 || !(high > 0)) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only clipping from 0 on is supported, as ReLU6 does");
    }
    return mn_onnx_follow(b, from, (mn_layer){.kind = MN_LAYER_RELU, .max_value = high});
}

/* Over the channels. */
mn_status mn_onnx_build_softmax(mn_onnx_builder *b) {
    const mn_onnx_value *from = any_layer(b, 0);
    if (!from) return no_layer(b);
    int64_t axis = mn_onnx_integer(b, "axis", b->model->opset >= 13 || b->model->opset == 0 ? -1 : 1);
    const mn_layer *layer = mn_onnx_layer_of(b, from);
    int32_t channels = from->rank == 4 && from->channels_last ? 3 : 1;
    if (axis < 0) axis += from->rank;
    bool point = layer->h == 1 && layer->w == 1;
    if (from->map[0] > 0 || axis != channels || (b->model->opset < 13 && from->rank == 4 && !point)) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only a softmax over the channels is supported");
    }
    return mn_onnx_follow(b, from, (mn_layer){.kind = MN_LAYER_SOFTMAX});
}

/* ---- Gates ------------------------------------------------------------------------------------------- */

static bool near_sixth(float value) { return fabsf(value - 1.0f / 6) < 1e-6f; }

/* Is `layer` min(max(x + 3, 0), 6) of layer x? */
static bool is_clipped(const mn_net *net, int32_t layer, int32_t x) {
    const mn_layer *clip = &net->layers[layer];
    if (clip->kind != MN_LAYER_RELU || clip->max_value != 6) return false;
    const mn_layer *shift = &net->layers[clip->inputs[0]];
    return shift->kind == MN_LAYER_RESCALING && shift->scale == 1 && shift->offset == 3 && shift->inputs[0] == x;
}

/* What layer x times `gate` is, in one: exporters write hard swish and swish in several ways. MN_FUNCTION_COUNT: just a
 * product. */
static mn_function gate_function(const mn_net *net, int32_t x, int32_t gate) {
    const mn_layer *last = &net->layers[gate];
    if (last->kind == MN_LAYER_ACTIVATION && last->function == MN_FUNCTION_SIGMOID && last->inputs[0] == x) {
        return MN_FUNCTION_SWISH;
    }
    bool sixth = last->kind == MN_LAYER_RESCALING && near_sixth(last->scale) && last->offset == 0;
    return sixth && is_clipped(net, last->inputs[0], x) ? MN_FUNCTION_HARD_SWISH : MN_FUNCTION_COUNT;
}

/* The input of x * min(max(x + 3, 0), 6); -1 when `layer` is something else. */
static int32_t six_times_hard_swish(const mn_net *net, int32_t layer) {
    const mn_layer *product = &net->layers[layer];
    if (product->kind != MN_LAYER_MULTIPLY) return -1;
    for (int32_t i = 0; i < 2; i++) {
        if (is_clipped(net, product->inputs[1 - i], product->inputs[i])) return product->inputs[i];
    }
    return -1;
}

/* ---- Arithmetic -------------------------------------------------------------------------------------- */

static mn_status build_pair(mn_onnx_builder *b, const mn_onnx_value *x, const mn_onnx_value *y) {
    bool product = mn_onnx_text_is(b->node->kind, "Mul");
    if (x->rank != y->rank || x->channels_last != y->channels_last || memcmp(x->map, y->map, sizeof x->map) != 0) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "its inputs have different shapes or orders");
    }
    for (int32_t i = 0; product && i < 2; i++) {
        const mn_onnx_value *from = i ? y : x;
        mn_function function = gate_function(b->net, from->layer, i ? x->layer : y->layer);
        if (function == MN_FUNCTION_COUNT) continue;
        return mn_onnx_follow(b, from, (mn_layer){.kind = MN_LAYER_ACTIVATION, .function = function});
    }
    if (mn_onnx_text_is(b->node->kind, "Div"))
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "divides by what is computed");
    mn_layer_kind kind = product                                 ? MN_LAYER_MULTIPLY
                         : mn_onnx_text_is(b->node->kind, "Sub") ? MN_LAYER_SUBTRACT
                                                                 : MN_LAYER_ADD;
    int32_t index;
    bool last = x->channels_last;
    int32_t rank = x->rank;
    MN_TRY(mn_onnx_add(b, (mn_layer){.kind = kind, .inputs = {x->layer, y->layer}}, false, "", &index));
    return mn_onnx_set_layer(b, index, rank, last);
}

/* Does the constant have one number for each channel of `from`, and nothing else? */
static bool is_per_channel(const mn_onnx_builder *b, const mn_onnx_value *from, const mn_array *array) {
    int32_t place = from->rank == 4 && !from->channels_last ? 1 : from->rank - 1, shift = from->rank - array->rank;
    for (int32_t i = 0; i < array->rank; i++) {
        if (shift < 0 || array->dims[i] != (i + shift == place ? mn_onnx_layer_of(b, from)->c : 1)) return false;
    }
    return array->rank > 0 && place >= shift && from->map[0] == 0;
}

mn_status mn_onnx_build_prelu(mn_onnx_builder *b) {
    const mn_onnx_value *from = any_layer(b, 0);
    const mn_array *array;
    if (!from) return no_layer(b);
    MN_TRY(mn_onnx_floats_in(b, 1, &array));
    if (array->count != 1 && !is_per_channel(b, from, array)) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "its slopes are neither one float nor one for each channel");
    }
    if (array->count > 1) {
        MN_TRY(mn_onnx_follow(b, from, (mn_layer){.kind = MN_LAYER_PRELU}));
        const mn_layer *made = &b->net->layers[b->net->layer_count - 1];
        return mn_onnx_read_vector(b, array, "the slopes", made->c, made->gamma);
    }
    mn_layer leaky = {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_LEAKY_RELU};
    MN_TRY(mn_onnx_read_vector(b, array, "the slope", 1, &leaky.slope));
    return mn_onnx_follow(b, from, leaky);
}

/* x and a constant: scale * x + shift with one number of each for all channels, or for each channel. */
typedef struct affine {
    float *scale, *shift;
    int32_t count;
} affine;

/* y = x * v, x / v, x + v, x - v, v - x. */
static mn_status read_affine(const mn_onnx_builder *b, const mn_array *array, bool constant_first, affine *out) {
    bool mul = mn_onnx_text_is(b->node->kind, "Mul"), divide = mn_onnx_text_is(b->node->kind, "Div");
    bool subtract = mn_onnx_text_is(b->node->kind, "Sub");
    out->count = (int32_t)array->count;
    out->scale = mn_region_alloc(&b->model->region, array->count, sizeof *out->scale);
    out->shift = mn_region_alloc(&b->model->region, array->count, sizeof *out->shift);
    if (!out->scale || !out->shift) return mn_fail_memory("a model's weights");
    if (divide && constant_first) return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "divides by what is computed");
    MN_TRY(mn_onnx_read_vector(b, array, "the constant", out->count, out->shift));
    for (int32_t i = 0; i < out->count; i++) {
        float value = out->shift[i];
        out->scale[i] = mul ? value : divide ? (float)(1 / (double)value) : subtract && constant_first ? -1 : 1;
        out->shift[i] = mul || divide ? 0 : subtract && !constant_first ? -value : value;
    }
    return MN_OK;
}

/* A sum behind a convolution or a dense layer without bias is its bias. True when it was taken for that. */
static mn_status take_bias(mn_onnx_builder *b, const mn_onnx_value *from, const affine *a, bool *taken) {
    mn_layer *layer = &b->net->layers[from->layer];
    bool weighted = layer->kind == MN_LAYER_CONV || layer->kind == MN_LAYER_DEPTHWISE || layer->kind == MN_LAYER_DENSE;
    *taken = weighted && !layer->bias && from->users == 1 && a->count == layer->c && a->scale[0] == 1 &&
             !mn_onnx_text_is(b->node->kind, "Mul") && !mn_onnx_text_is(b->node->kind, "Div");
    if (!*taken) return MN_OK;
    layer->bias = mn_region_alloc(&b->net->region, (size_t)layer->c, sizeof *layer->bias);
    if (!layer->bias) return mn_fail_memory("a model's weights");
    memcpy(layer->bias, a->shift, (size_t)layer->c * sizeof *layer->bias);
    return mn_onnx_set(b, from);
}

static mn_status build_affine(mn_onnx_builder *b, const mn_onnx_value *from, const mn_array *array, bool first) {
    affine a;
    bool taken = false;
    if (array->type > MN_ARRAY_F64 || (array->count != 1 && !is_per_channel(b, from, array))) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "its constant is neither one float nor one for each channel");
    }
    MN_TRY(read_affine(b, array, first, &a));
    if (a.count > 1) {
        MN_TRY(take_bias(b, from, &a, &taken));
        if (taken) return MN_OK;
        MN_TRY(mn_onnx_follow(b, from, (mn_layer){.kind = MN_LAYER_AFFINE}));
        const mn_layer *made = &b->net->layers[b->net->layer_count - 1];
        memcpy(made->gamma, a.scale, (size_t)a.count * sizeof *a.scale);
        memcpy(made->beta, a.shift, (size_t)a.count * sizeof *a.shift);
        return MN_OK;
    }
    int32_t swished = near_sixth(a.scale[0]) && a.shift[0] == 0 ? six_times_hard_swish(b->net, from->layer) : -1;
    if (swished >= 0) {
        mn_onnx_value x = *from;
        x.layer = swished;
        return mn_onnx_follow(b, &x, (mn_layer){.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_HARD_SWISH});
    }
    return mn_onnx_follow(b, from, (mn_layer){.kind = MN_LAYER_RESCALING, .scale = a.scale[0], .offset = a.shift[0]});
}

mn_status mn_onnx_build_arithmetic(mn_onnx_builder *b) {
    const mn_onnx_value *x = mn_onnx_in(b, 0), *y = mn_onnx_in(b, 1);
    if (!x || !y || x->kind == MN_ONNX_UNKNOWN || y->kind == MN_ONNX_UNKNOWN) return no_layer(b);
    if (x->kind == MN_ONNX_LAYER && y->kind == MN_ONNX_LAYER) return build_pair(b, x, y);
    if (x->kind == MN_ONNX_LAYER) return build_affine(b, x, &y->array, false);
    if (y->kind == MN_ONNX_LAYER) return build_affine(b, y, &x->array, true);
    return no_layer(b);
}

/* ---- Concatenation ----------------------------------------------------------------------------------- */

mn_status mn_onnx_build_concat(mn_onnx_builder *b) {
    mn_layer layer = {.kind = MN_LAYER_CONCAT, .input_count = b->node->input_count};
    const mn_onnx_value *first = any_layer(b, 0);
    if (!first) return no_layer(b);
    int64_t axis = mn_onnx_integer(b, "axis", 1);
    int32_t index, rank = first->rank;
    bool last = first->channels_last, good = b->node->input_count <= MN_LAYER_MAX_INPUTS;
    if (axis < 0) axis += rank;
    good = good && axis == (rank == 4 && last ? 3 : 1);
    for (int32_t i = 0; good && i < b->node->input_count; i++) {
        const mn_onnx_value *value = any_layer(b, i);
        good = value && value->rank == rank && value->channels_last == last && value->map[0] == 0;
        if (good) layer.inputs[i] = value->layer;
    }
    if (!good) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "only up to %d maps channel after channel are supported",
                            MN_LAYER_MAX_INPUTS);
    }
    if (b->node->input_count == 1) return mn_onnx_set(b, first);
    MN_TRY(mn_onnx_add(b, layer, false, "", &index));
    return mn_onnx_set_layer(b, index, rank, last);
}
