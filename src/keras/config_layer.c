/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What each class of Keras layers becomes. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "keras/config_reader.h"

typedef mn_config_reader reader;
typedef mn_config_value value;

static bool same(const char *a, const char *b) { return a && strcmp(a, b) == 0; }

static const mn_layer *layer_of(const reader *r, const value *v) { return &r->net->layers[v->layer]; }

/* ---- Adding ------------------------------------------------------------------------------------------ */

/* A name that no layer has: Keras lets models within models use the same names. */
static mn_status unique_name(const reader *r, const char *wanted, char *name, size_t room) {
    snprintf(name, room, "%s", wanted);
    for (int32_t i = 1; mn_net_find(r->net, name) >= 0; i++) {
        snprintf(name, room, "%s_%s_%d", r->model, wanted, i);
        if (i == 100) return mn_config_fail(r, MN_ERROR_FORMAT, "too many layers have this name");
    }
    return MN_OK;
}

static mn_status keep_source(reader *r, int32_t index, mn_keras_source source) {
    if (index >= r->room) {
        int32_t room = r->room ? 2 * r->room : 256;
        mn_keras_source *larger = mn_pool_alloc(&r->net->pool, (size_t)room, sizeof *larger);
        if (!larger) return mn_fail_memory("the layers of the model");
        if (index) memcpy(larger, r->config->sources, (size_t)index * sizeof *larger);
        r->config->sources = larger;
        r->room = room;
    }
    r->config->sources[index] = source;
    return MN_OK;
}

/* Appends `layer`, called as the Keras layer or as it and `suffix`, behind *v, which becomes its output. */
static mn_status add(reader *r, mn_layer layer, const char *suffix, bool with_bias, mn_keras_source source, value *v) {
    char wanted[160], name[256];
    snprintf(wanted, sizeof wanted, "%.100s%s%s", r->name, suffix ? "_" : "", suffix ? suffix : "");
    MN_TRY(unique_name(r, wanted, name, sizeof name));
    layer.name = name;
    layer.inputs[0] = v->layer;
    int32_t index = 0;
    MN_TRY(mn_net_add(r->net, &layer, with_bias, &index));
    MN_TRY(keep_source(r, index, source));
    *v = (value){.layer = index, .scale = 1};
    return MN_OK;
}

static mn_status add_plain(reader *r, mn_layer layer, value *v) {
    return add(r, layer, NULL, false, (mn_keras_source){0}, v);
}

mn_status mn_config_rescale(reader *r, value *v) {
    if (v->scale == 1 && v->offset == 0) return MN_OK;
    mn_layer layer = {.kind = MN_LAYER_RESCALING, .scale = (float)v->scale, .offset = (float)v->offset};
    const char *name = r->name;
    r->name = v->rescaling;
    mn_status status = add_plain(r, layer, v);
    r->name = name;
    return status;
}

/* A configuration may ask for more weights than memory can hold; the file can hold only so many. */
static mn_status count_weights(reader *r, int32_t a, int32_t b, int32_t c, int32_t d) {
    size_t count = 1;
    const int32_t factors[] = {a, b, c, d};
    bool fits = true;
    for (int i = 0; i < 4; i++) fits = fits && factors[i] > 0 && mn_mul_size(count, (size_t)factors[i], &count);
    if (fits && count <= r->config->elements - r->elements) {
        r->elements += count;
        return MN_OK;
    }
    return mn_config_fail(r, MN_ERROR_FORMAT, "a kernel of %dx%dx%dx%d does not go with the file's weights", a, b, c,
                          d);
}

/* ---- Settings ---------------------------------------------------------------------------------------- */

/* [3, 3] or 3; one number for both directions. */
static mn_status read_square(const reader *r, const cJSON *config, const char *name, int32_t fallback, int32_t *out) {
    const cJSON *item = mn_config_get(config, name);
    bool list = cJSON_IsArray(item);
    int32_t first = mn_config_int(list ? cJSON_GetArrayItem(item, 0) : item, fallback);
    int32_t second = list ? mn_config_int(cJSON_GetArrayItem(item, 1), first) : first;
    *out = first;
    if (first >= 1 && first == second) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "%s is %dx%d, but only equal numbers from 1 on are read", name,
                          first, second);
}

static mn_status check_format(const reader *r, const cJSON *config) {
    const char *format = mn_config_text(config, "data_format");
    if (!format || same(format, "channels_last")) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "data_format is %s, but only channels_last is read", format);
}

static mn_status check_one(const reader *r, const cJSON *config, const char *name) {
    int32_t number = 0;
    MN_TRY(read_square(r, config, name, 1, &number));
    return number == 1 ? MN_OK : mn_config_fail(r, MN_ERROR_UNSUPPORTED, "%s is %d, but only 1 is read", name, number);
}

static mn_status read_padding(const reader *r, const cJSON *config, mn_padding *out) {
    const char *padding = mn_config_text(config, "padding");
    *out = same(padding, "same") ? MN_PAD_SAME : MN_PAD_VALID;
    if (!padding || same(padding, "same") || same(padding, "valid")) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "padding is %s, but only same and valid are read", padding);
}

static bool is_true(const cJSON *config, const char *name, bool fallback) {
    const cJSON *item = mn_config_get(config, name);
    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

static float read_float(const cJSON *config, const char *name, float fallback) {
    const cJSON *item = mn_config_get(config, name);
    return cJSON_IsNumber(item) ? (float)item->valuedouble : fallback;
}

/* ---- Activations ------------------------------------------------------------------------------------- */

/* A name, or an object around one. */
static const char *activation_name(const cJSON *item) {
    if (cJSON_IsString(item)) return item->valuestring;
    const char *inner = mn_config_text(item, "config");
    return inner ? inner : mn_config_text(item, "class_name");
}

static mn_status add_activation(reader *r, const cJSON *item, const char *suffix, value *v) {
    const char *name = activation_name(item);
    mn_layer relu = {.kind = MN_LAYER_RELU, .max_value = INFINITY};
    if (!name || same(name, "linear")) return MN_OK;
    if (same(name, "relu6")) relu.max_value = 6;
    if (same(name, "relu") || same(name, "relu6")) return add(r, relu, suffix, false, (mn_keras_source){0}, v);
    if (same(name, "softmax")) {
        return add(r, (mn_layer){.kind = MN_LAYER_SOFTMAX}, suffix, false, (mn_keras_source){0}, v);
    }
    if (same(name, "sigmoid")) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED,
                              "a sigmoid is no classifier's output here; train with softmax and one unit for each "
                              "class, two for two classes");
    }
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "the activation %s; only linear, relu, relu6 and softmax are read",
                          name);
}

static mn_status read_activation(reader *r, const cJSON *config, value *v) {
    return add_activation(r, mn_config_get(config, "activation"), NULL, v);
}

static mn_status read_relu(reader *r, const cJSON *config, value *v) {
    if (read_float(config, "negative_slope", 0) != 0 || read_float(config, "threshold", 0) != 0) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a slope or threshold other than 0");
    }
    return add_plain(r, (mn_layer){.kind = MN_LAYER_RELU, .max_value = read_float(config, "max_value", INFINITY)}, v);
}

static mn_status read_softmax(reader *r, const cJSON *config, value *v) {
    const cJSON *axis = mn_config_get(config, "axis");
    if (cJSON_IsArray(axis)) axis = cJSON_GetArrayItem(axis, 0);
    const mn_layer *in = layer_of(r, v);
    if (axis && axis->valuedouble != -1 && !(axis->valuedouble == 1 && in->h == 1 && in->w == 1)) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a softmax along another axis than the last");
    }
    return add_plain(r, (mn_layer){.kind = MN_LAYER_SOFTMAX}, v);
}

/* ---- Layers with weights ----------------------------------------------------------------------------- */

static mn_status read_window(reader *r, const cJSON *config, mn_layer *layer) {
    MN_TRY(check_format(r, config));
    MN_TRY(check_one(r, config, "dilation_rate"));
    MN_TRY(read_padding(r, config, &layer->padding));
    MN_TRY(read_square(r, config, "kernel_size", 1, &layer->k_h));
    layer->k_w = layer->k_h;
    return read_square(r, config, "strides", 1, &layer->stride);
}

static mn_status add_weighted(reader *r, const cJSON *config, mn_layer layer, value *v) {
    mn_keras_source source = {.key = r->key};
    MN_TRY(add(r, layer, NULL, is_true(config, "use_bias", true), source, v));
    return add_activation(r, mn_config_get(config, "activation"), "activation", v);
}

static mn_status read_conv(reader *r, const cJSON *config, value *v) {
    mn_layer layer = {.kind = MN_LAYER_CONV, .units = mn_config_int(mn_config_get(config, "filters"), -1)};
    MN_TRY(check_one(r, config, "groups"));
    MN_TRY(read_window(r, config, &layer));
    MN_TRY(count_weights(r, layer.k_h, layer.k_w, layer_of(r, v)->c, layer.units));
    return add_weighted(r, config, layer, v);
}

static mn_status read_depthwise(reader *r, const cJSON *config, value *v) {
    mn_layer layer = {.kind = MN_LAYER_DEPTHWISE};
    MN_TRY(check_one(r, config, "depth_multiplier"));
    MN_TRY(read_window(r, config, &layer));
    MN_TRY(count_weights(r, layer.k_h, layer.k_w, layer_of(r, v)->c, 1));
    return add_weighted(r, config, layer, v);
}

static mn_status read_dense(reader *r, const cJSON *config, value *v) {
    mn_layer layer = {.kind = MN_LAYER_DENSE, .units = mn_config_int(mn_config_get(config, "units"), -1)};
    MN_TRY(count_weights(r, layer_of(r, v)->c, layer.units, 1, 1));
    return add_weighted(r, config, layer, v);
}

static mn_status read_batch_norm(reader *r, const cJSON *config, value *v) {
    const cJSON *axis = mn_config_get(config, "axis");
    if (cJSON_IsArray(axis)) axis = cJSON_GetArrayItem(axis, 0);
    const mn_layer *in = layer_of(r, v);
    bool flat = in->h == 1 && in->w == 1;
    int32_t wanted = axis ? mn_config_int(axis, -1) : -1;
    if (wanted != -1 && wanted != 3 && !(wanted == 1 && flat)) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "it works along axis %d, but only the last axis is read",
                              wanted);
    }
    MN_TRY(count_weights(r, in->c, 1, 1, 1));
    mn_layer layer = {.kind = MN_LAYER_BATCH_NORM,
                      .epsilon = read_float(config, "epsilon", 1e-3f),
                      .momentum = read_float(config, "momentum", 0.99f)};
    mn_keras_source source = {
        .key = r->key, .no_gamma = !is_true(config, "scale", true), .no_beta = !is_true(config, "center", true)};
    return add(r, layer, NULL, false, source, v);
}

/* ---- Layers without weights -------------------------------------------------------------------------- */

/* [[top, bottom], [left, right]], or [rows, columns], or one number. */
static mn_status read_zero_padding(reader *r, const cJSON *config, value *v) {
    mn_layer layer = {.kind = MN_LAYER_ZERO_PADDING};
    const cJSON *padding = mn_config_get(config, "padding");
    MN_TRY(check_format(r, config));
    for (int i = 0; i < 4; i++) {
        const cJSON *side = cJSON_IsArray(padding) ? cJSON_GetArrayItem(padding, i / 2) : padding;
        layer.pad[i] = mn_config_int(cJSON_IsArray(side) ? cJSON_GetArrayItem(side, i % 2) : side, 1);
    }
    return add_plain(r, layer, v);
}

static mn_status read_global_pool(reader *r, const cJSON *config, value *v) {
    MN_TRY(check_format(r, config));
    return add_plain(r, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = is_true(config, "keepdims", false)}, v);
}

/* Older recipes pool the whole map with a window of its size. */
static mn_status read_average_pool(reader *r, const cJSON *config, value *v) {
    const mn_layer *in = layer_of(r, v);
    int32_t size = 0;
    MN_TRY(check_format(r, config));
    MN_TRY(read_square(r, config, "pool_size", 2, &size));
    if (size != in->h || size != in->w) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED,
                              "it pools %dx%d of a map of %dx%d, but only pooling of the whole map is read", size, size,
                              in->h, in->w);
    }
    return add_plain(r, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true}, v);
}

static mn_status read_flatten(reader *r, const cJSON *config, value *v) {
    MN_TRY(check_format(r, config));
    return add_plain(r, (mn_layer){.kind = MN_LAYER_RESHAPE}, v);
}

static mn_status read_reshape(reader *r, const cJSON *config, value *v) {
    const cJSON *target = mn_config_get(config, "target_shape");
    if (cJSON_GetArraySize(target) != 1) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a shape of %d dimensions; only flattening to one is read",
                              cJSON_GetArraySize(target));
    }
    return add_plain(r, (mn_layer){.kind = MN_LAYER_RESHAPE}, v);
}

static mn_status read_dropout(reader *r, const cJSON *config, value *v) {
    return add_plain(r, (mn_layer){.kind = MN_LAYER_DROPOUT, .rate = read_float(config, "rate", 0)}, v);
}

/* Fine where it has nothing to do. */
static mn_status read_resizing(reader *r, const cJSON *config, value *v) {
    const mn_layer *in = layer_of(r, v);
    int32_t height = mn_config_int(mn_config_get(config, "height"), -1);
    int32_t width = mn_config_int(mn_config_get(config, "width"), -1);
    if (height == in->h && width == in->w) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED,
                          "it makes %dx%d of %dx%d inside the model; build the model on an input of %dx%d, for photos "
                          "are resized before they go in",
                          height, width, in->h, in->w, height, width);
}

static mn_status read_idle(reader *r, const cJSON *config, value *v) {
    (void)r, (void)config, (void)v;
    return MN_OK;
}

static mn_status read_lambda(reader *r, const cJSON *config, value *v) {
    (void)config, (void)v;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED,
                          "it holds Python code; use layers for it, Rescaling(1/127.5, -1) for preprocess_input");
}

/* ---- Arithmetic with constants ----------------------------------------------------------------------- */

/* One number, or a list of equal ones. */
static bool read_scalar(const cJSON *item, double fallback, double *out) {
    const cJSON *first = cJSON_IsArray(item) ? cJSON_GetArrayItem(item, 0) : item, *other;
    *out = cJSON_IsNumber(first) ? first->valuedouble : fallback;
    if (!cJSON_IsArray(item)) return !item || cJSON_IsNumber(item);
    cJSON_ArrayForEach(other, item) {
        if (!cJSON_IsNumber(other) || other->valuedouble != *out) return false;
    }
    return true;
}

static void scale_value(const reader *r, value *v, double scale, double offset) {
    if (v->scale == 1 && v->offset == 0) v->rescaling = r->name;
    v->scale *= scale;
    v->offset = v->offset * scale + offset;
}

static mn_status read_rescaling(reader *r, const cJSON *config, value *v) {
    double scale, offset;
    if (!read_scalar(mn_config_get(config, "scale"), 1, &scale) ||
        !read_scalar(mn_config_get(config, "offset"), 0, &offset)) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a scale or offset for each channel; only one for all is read");
    }
    scale_value(r, v, scale, offset);
    return MN_OK;
}

/* The operator's sign, by whatever name the Keras of the day writes it; 0 for none of them. */
static char arithmetic_of(const char *class_name, const cJSON *config) {
    static const struct {
        const char *name;
        char sign;
    } known[] = {
        {"TrueDivide", '/'},
        {"Divide", '/'},
        {"Multiply", '*'},
        {"Subtract", '-'},
        {"Add", '+'},
        {"math.truediv", '/'},
        {"math.divide", '/'},
        {"math.multiply", '*'},
        {"math.subtract", '-'},
        {"math.add", '+'},
        {"__operators__.add", '+'},
        {"RealDiv", '/'},
        {"Mul", '*'},
        {"Sub", '-'},
        {"AddV2", '+'},
        {"cast", '='},
        {"Cast", '='},
    };
    const char *name = class_name;
    if (same(class_name, "TFOpLambda")) name = mn_config_text(config, "function");
    if (same(class_name, "TensorFlowOpLayer")) name = mn_config_text(mn_config_get(config, "node_def"), "op");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (same(name, known[i].name)) return known[i].sign;
    }
    return 0;
}

static mn_status read_arithmetic(reader *r, char sign, const cJSON *config, const mn_config_node *node, value *v) {
    double constant = node->constant;
    bool known = node->constant_count == 1;
    const cJSON *given = mn_config_get(mn_config_get(config, "constants"), "1"); /* TensorFlowOpLayer */
    if (!known && cJSON_IsNumber(given)) {
        constant = given->valuedouble;
        known = true;
    }
    if (sign == '=') return MN_OK;
    if (!known || (sign == '/' && (node->constant_first || constant == 0))) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "arithmetic other than with one constant");
    }
    switch (sign) {
    case '*': scale_value(r, v, constant, 0); break;
    case '/': scale_value(r, v, 1 / constant, 0); break;
    case '+': scale_value(r, v, 1, constant); break;
    default: scale_value(r, v, node->constant_first ? -1 : 1, node->constant_first ? constant : -constant); break;
    }
    return MN_OK;
}

static mn_status read_add(reader *r, const value *values, value *v) {
    value other = values[1];
    MN_TRY(mn_config_rescale(r, v));
    MN_TRY(mn_config_rescale(r, &other));
    return add_plain(r, (mn_layer){.kind = MN_LAYER_ADD, .inputs = {v->layer, other.layer}}, v);
}

/* ---- Classes ----------------------------------------------------------------------------------------- */

static const struct layer_class {
    const char *name;
    mn_status (*read)(reader *r, const cJSON *config, value *v);
    bool affine; /* works on a value with scale and offset */
} classes[] = {
    {"Conv2D", read_conv, false},
    {"DepthwiseConv2D", read_depthwise, false},
    {"BatchNormalization", read_batch_norm, false},
    {"Dense", read_dense, false},
    {"ReLU", read_relu, false},
    {"Activation", read_activation, false},
    {"Softmax", read_softmax, false},
    {"ZeroPadding2D", read_zero_padding, false},
    {"GlobalAveragePooling2D", read_global_pool, false},
    {"AveragePooling2D", read_average_pool, false},
    {"Flatten", read_flatten, false},
    {"Reshape", read_reshape, false},
    {"Dropout", read_dropout, false},
    {"Resizing", read_resizing, true},
    {"RandomCrop", read_resizing, true},
    {"CenterCrop", read_resizing, true},
    {"Rescaling", read_rescaling, true},
    {"Lambda", read_lambda, true},
};

bool mn_config_is_idle(const char *class_name) {
    static const char *const idle[] = {"SpatialDropout2D", "GaussianNoise",          "GaussianDropout",
                                       "AlphaDropout",     "ActivityRegularization", "Identity"};
    for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++) {
        if (same(class_name, idle[i])) return true;
    }
    return strncmp(class_name, "Random", 6) == 0 && !same(class_name, "RandomCrop");
}

static const struct layer_class *find_class(const char *name) {
    static const struct layer_class idle = {"", read_idle, true};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (same(name, classes[i].name)) return &classes[i];
    }
    return mn_config_is_idle(name) ? &idle : NULL;
}

mn_status mn_config_layer_read(reader *r, const cJSON *layer, const mn_config_node *node, const value *values,
                               value *out) {
    const cJSON *config = mn_config_get(layer, "config");
    *out = values[0];
    char sign = arithmetic_of(r->class_name, config);
    if (sign == '+' && node->source_count == 2) return read_add(r, values, out);
    if (node->source_count != 1) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "two inputs; only Add may have two");
    }
    if (sign) return read_arithmetic(r, sign, config, node, out);
    const struct layer_class *known = find_class(r->class_name);
    if (!known) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "this class of layers has no place in a MobileNetV2 classifier");
    }
    if (!known->affine) MN_TRY(mn_config_rescale(r, out));
    return known->read(r, config, out);
}
