/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What each class of Keras layers becomes: the table of classes, and what their readers share. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "keras/config_reader.h"

typedef mn_config_reader reader;
typedef mn_config_value value;

bool mn_config_same(const char *a, const char *b) { return a && strcmp(a, b) == 0; }

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
        mn_keras_source *larger = mn_region_alloc(&r->net->region, (size_t)room, sizeof *larger);
        if (!larger) return mn_fail_memory("the layers of the model");
        if (index) memcpy(larger, r->config->sources, (size_t)index * sizeof *larger);
        r->config->sources = larger;
        r->room = room;
    }
    r->config->sources[index] = source;
    return MN_OK;
}

mn_status mn_config_add(reader *r, mn_layer layer, const char *suffix, bool with_bias, mn_keras_source source,
                        value *v) {
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

mn_status mn_config_add_plain(reader *r, mn_layer layer, value *v) {
    return mn_config_add(r, layer, NULL, false, (mn_keras_source){0}, v);
}

mn_status mn_config_rescale(reader *r, value *v) {
    if (v->scale == 1 && v->offset == 0) return MN_OK;
    mn_layer layer = {.kind = MN_LAYER_RESCALING, .scale = (float)v->scale, .offset = (float)v->offset};
    const char *name = r->name;
    r->name = v->rescaling;
    mn_status status = mn_config_add_plain(r, layer, v);
    r->name = name;
    return status;
}

mn_status mn_config_count_weights(reader *r, int32_t a, int32_t b, int32_t c, int32_t d) {
    size_t count = 1;
    const int32_t factors[] = {a, b, c, d};
    bool fits = true;
    for (int i = 0; i < 4; i++) fits = fits && factors[i] > 0 && mn_mul_size(count, (size_t)factors[i], &count);
    if (fits && count <= r->config->elements - r->elements) {
        r->elements += count;
        return MN_OK;
    }
    return mn_config_fail(r, MN_ERROR_FORMAT, "a kernel of %dx%dx%dx%d does not fit the file's weights", a, b, c, d);
}

/* ---- Settings ---------------------------------------------------------------------------------------- */

mn_status mn_config_pair(const reader *r, const cJSON *config, const char *name, int32_t fallback, int32_t out[2]) {
    const cJSON *item = mn_config_get(config, name);
    bool list = cJSON_IsArray(item);
    out[0] = mn_config_int(list ? cJSON_GetArrayItem(item, 0) : item, fallback);
    out[1] = list ? mn_config_int(cJSON_GetArrayItem(item, 1), out[0]) : out[0];
    if (out[0] >= 1 && out[1] >= 1) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "%s is %dx%d, but only numbers from 1 on are read", name, out[0],
                          out[1]);
}

mn_status mn_config_check_format(const reader *r, const cJSON *config) {
    const char *format = mn_config_text(config, "data_format");
    if (!format || mn_config_same(format, "channels_last")) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "data_format is %s, but only channels_last is read", format);
}

mn_status mn_config_padding(const reader *r, const cJSON *config, mn_padding *out) {
    const char *padding = mn_config_text(config, "padding");
    *out = mn_config_same(padding, "same") ? MN_PAD_SAME : MN_PAD_VALID;
    if (!padding || mn_config_same(padding, "same") || mn_config_same(padding, "valid")) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "padding is %s, but only same and valid are read", padding);
}

bool mn_config_true(const cJSON *config, const char *name, bool fallback) {
    const cJSON *item = mn_config_get(config, name);
    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

float mn_config_float(const cJSON *config, const char *name, float fallback) {
    const cJSON *item = mn_config_get(config, name);
    return cJSON_IsNumber(item) ? (float)item->valuedouble : fallback;
}

mn_status mn_config_check_axis(const reader *r, const cJSON *config, const value *v) {
    const cJSON *axis = mn_config_get(config, "axis");
    if (cJSON_IsArray(axis) && cJSON_GetArraySize(axis) == 1) axis = cJSON_GetArrayItem(axis, 0);
    const mn_layer *in = mn_config_layer_of(r, v);
    bool flat = in->h == 1 && in->w == 1;
    int32_t wanted = axis && !cJSON_IsNull(axis) ? mn_config_int(axis, -1) : -1;
    if (cJSON_IsArray(axis)) return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "it works along several axes");
    if (wanted == -1 || wanted == 3 || (wanted == 1 && flat)) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "it works along axis %d, but only the last axis is read", wanted);
}

/* ---- Classes ----------------------------------------------------------------------------------------- */

static mn_status read_dropout(reader *r, const cJSON *config, value *v) {
    return mn_config_add_plain(r, (mn_layer){.kind = MN_LAYER_DROPOUT, .rate = mn_config_float(config, "rate", 0)}, v);
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

static const struct layer_class {
    const char *name;
    mn_config_class_reader *read;
    bool affine; /* works on a value with scale and offset */
} classes[] = {
    {"Conv2D", mn_config_read_conv, false},
    {"DepthwiseConv2D", mn_config_read_depthwise, false},
    {"SeparableConv2D", mn_config_read_separable, false},
    {"BatchNormalization", mn_config_read_batch_norm, false},
    {"SyncBatchNormalization", mn_config_read_batch_norm, false},
    {"Normalization", mn_config_read_normalization, true},
    {"Dense", mn_config_read_dense, false},
    {"ReLU", mn_config_read_relu, false},
    {"LeakyReLU", mn_config_read_leaky_relu, false},
    {"PReLU", mn_config_read_prelu, false},
    {"ELU", mn_config_read_elu, false},
    {"Activation", mn_config_read_activation, false},
    {"Softmax", mn_config_read_softmax, false},
    {"UnitNormalization", mn_config_read_unit_norm, false},
    {"ZeroPadding2D", mn_config_read_zero_padding, false},
    {"GlobalAveragePooling2D", mn_config_read_global_pool, false},
    {"GlobalMaxPooling2D", mn_config_read_global_max, false},
    {"AveragePooling2D", mn_config_read_average_pool, false},
    {"MaxPooling2D", mn_config_read_max_pool, false},
    {"UpSampling2D", mn_config_read_upsampling, true},
    {"Flatten", mn_config_read_flatten, false},
    {"Reshape", mn_config_read_reshape, false},
    {"Dropout", read_dropout, false},
    {"Resizing", mn_config_read_resizing, true},
    {"RandomCrop", mn_config_read_crop, true},
    {"CenterCrop", mn_config_read_crop, true},
    {"Rescaling", mn_config_read_rescaling, true},
    {"Lambda", read_lambda, true},
};

bool mn_config_is_idle(const char *class_name) {
    static const char *const idle[] = {"SpatialDropout2D", "GaussianNoise",          "GaussianDropout",
                                       "AlphaDropout",     "ActivityRegularization", "Identity"};
    for (size_t i = 0; i < sizeof idle / sizeof idle[0]; i++) {
        if (mn_config_same(class_name, idle[i])) return true;
    }
    return strncmp(class_name, "Random", 6) == 0 && !mn_config_same(class_name, "RandomCrop");
}

static const struct layer_class *find_class(const char *name) {
    static const struct layer_class idle = {"", read_idle, true};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (mn_config_same(name, classes[i].name)) return &classes[i];
    }
    return mn_config_is_idle(name) ? &idle : NULL;
}

/* Functions used as layers: Keras 3's classes of operations (Relu6), Keras 2's TFOpLambda ("nn.relu6") and
 * TensorFlowOpLayer. */
static mn_status read_function(reader *r, const cJSON *config, const mn_config_node *node, value *v) {
    const char *name = r->class_name;
    if (mn_config_same(name, "TFOpLambda")) name = mn_config_text(config, "function");
    if (mn_config_same(name, "TensorFlowOpLayer")) name = mn_config_text(mn_config_get(config, "node_def"), "op");
    if (name && strchr(name, '.')) name = strrchr(name, '.') + 1;
    bool known = false;
    const char *lower = name ? mn_config_snake_case(&r->net->region, name) : NULL;
    if (name && !lower) return mn_fail_memory("the layers of the model");
    MN_TRY(mn_config_rescale(r, v));
    if (lower && node->constant_count == 0) MN_TRY(mn_config_add_function(r, lower, NULL, v, &known));
    if (known) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED,
                          "this class of layers is not known; docs/formats.md lists those that are");
}

mn_status mn_config_layer_read(reader *r, const cJSON *layer, const mn_config_node *node, const value *values,
                               value *out) {
    const cJSON *config = mn_config_get(layer, "config");
    *out = values[0];
    char sign = mn_config_arithmetic_of(r->class_name, config);
    bool joins = sign ? node->source_count > 1 : mn_config_joins(r->class_name);
    if (joins) return mn_config_read_join(r, sign, config, values, node->source_count, out);
    if (node->source_count != 1) return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "two inputs; such a layer has one");
    if (sign) return mn_config_read_arithmetic(r, sign, config, node, out);
    const struct layer_class *known = find_class(r->class_name);
    if (!known) return read_function(r, config, node, out);
    if (!known->affine) MN_TRY(mn_config_rescale(r, out));
    return known->read(r, config, out);
}
