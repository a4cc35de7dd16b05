/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Activations, by name and as layers. */

#include <math.h>
#include <stdio.h>

#include "keras/config_reader.h"

typedef mn_config_reader reader;
typedef mn_config_value value;

static mn_status add(reader *r, mn_layer layer, const char *suffix, value *v) {
    return mn_config_add(r, layer, suffix, false, (mn_keras_source){0}, v);
}

/* ---- Composed ones ----------------------------------------------------------------------------------- */

/* As TensorFlow's converter: x * `scale` + 3, then ReLU6, then / 6. Keras 3: min(max(x + 3, 0), 6) / 6. Keras 2:
 * min(max(0.2 x + 0.5, 0), 1), which is the same of 1.2 x. */
static mn_status add_hard_sigmoid(reader *r, const char *suffix, value *v) {
    char name[96];
    const char *base = suffix ? suffix : "hard_sigmoid";
    float slope = r->config->keras_2 ? 1.2F : 1;
    snprintf(name, sizeof name, "%.60s_shifted", base);
    MN_TRY(add(r, (mn_layer){.kind = MN_LAYER_RESCALING, .scale = slope, .offset = 3}, name, v));
    snprintf(name, sizeof name, "%.60s_relu6", base);
    MN_TRY(add(r, (mn_layer){.kind = MN_LAYER_RELU, .max_value = 6}, name, v));
    return add(r, (mn_layer){.kind = MN_LAYER_RESCALING, .scale = 1.0F / 6}, suffix, v);
}

/* A ReLU with a slope below zero and a limit: limit - relu(limit - leaky(x)). */
static mn_status add_limited_leaky(reader *r, float slope, float limit, value *v) {
    const mn_layer turn = {.kind = MN_LAYER_RESCALING, .scale = -1, .offset = limit};
    mn_layer leaky = {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_LEAKY_RELU, .slope = slope};
    if (isinf(limit)) return add(r, leaky, NULL, v);
    MN_TRY(add(r, leaky, "leaky", v));
    MN_TRY(add(r, turn, "below", v));
    MN_TRY(add(r, (mn_layer){.kind = MN_LAYER_RELU, .max_value = INFINITY}, "relu", v));
    return add(r, turn, NULL, v);
}

/* ---- By name ----------------------------------------------------------------------------------------- */

mn_status mn_config_add_function(reader *r, const char *name, const char *suffix, value *v, bool *known) {
    static const struct {
        const char *name;
        mn_layer layer;
    } functions[] = {
        {"relu", {.kind = MN_LAYER_RELU, .max_value = INFINITY}},
        {"relu6", {.kind = MN_LAYER_RELU, .max_value = 6}},
        {"softmax", {.kind = MN_LAYER_SOFTMAX}},
        {"sigmoid", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_SIGMOID}},
        {"tanh", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_TANH}},
        {"swish", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_SWISH}},
        {"silu", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_SWISH}},
        {"hard_swish", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_HARD_SWISH}},
        {"hard_silu", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_HARD_SWISH}},
        {"elu", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_ELU}},
        {"leaky_relu", {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_LEAKY_RELU, .slope = 0.2F}},
    };
    *known = true;
    if (mn_config_same(name, "linear") || mn_config_same(name, "identity")) return MN_OK;
    if (mn_config_same(name, "hard_sigmoid")) return add_hard_sigmoid(r, suffix, v);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (mn_config_same(name, functions[i].name)) return add(r, functions[i].layer, suffix, v);
    }
    *known = false;
    return MN_OK;
}

/* The name, or an object around one; and the settings of a layer that is used as one. */
static const char *activation_name(const cJSON *item) {
    if (cJSON_IsString(item)) return item->valuestring;
    const char *inner = mn_config_text(item, "config");
    return inner ? inner : mn_config_text(item, "class_name");
}

mn_status mn_config_add_activation(reader *r, const cJSON *item, const char *suffix, value *v) {
    const char *name = activation_name(item);
    bool known = true;
    if (!name) return MN_OK;
    const char *snake = mn_config_snake_case(&r->net->region, name);
    if (!snake) return mn_fail_memory("the layers of the model");
    MN_TRY(mn_config_add_function(r, mn_config_same(snake, "re_lu") ? "relu" : snake, suffix, v, &known));
    if (known) return MN_OK;
    return mn_config_fail(r, MN_ERROR_UNSUPPORTED,
                          "the activation %.40s; relu, relu6, leaky_relu, elu, sigmoid, hard_sigmoid, tanh, swish, "
                          "hard_swish and softmax are read",
                          name);
}

/* ---- As layers --------------------------------------------------------------------------------------- */

mn_status mn_config_read_activation(reader *r, const cJSON *config, value *v) {
    return mn_config_add_activation(r, mn_config_get(config, "activation"), NULL, v);
}

mn_status mn_config_read_relu(reader *r, const cJSON *config, value *v) {
    float slope = mn_config_float(config, "negative_slope", 0), limit = mn_config_float(config, "max_value", INFINITY);
    if (mn_config_float(config, "threshold", 0) != 0) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a threshold other than 0, at which values jump");
    }
    if (slope != 0) return add_limited_leaky(r, slope, limit, v);
    return add(r, (mn_layer){.kind = MN_LAYER_RELU, .max_value = limit}, NULL, v);
}

/* Keras 2 calls the slope alpha. */
mn_status mn_config_read_leaky_relu(reader *r, const cJSON *config, value *v) {
    float slope = mn_config_float(config, "negative_slope", mn_config_float(config, "alpha", 0.3F));
    return add_limited_leaky(r, slope, INFINITY, v);
}

mn_status mn_config_read_elu(reader *r, const cJSON *config, value *v) {
    float alpha = mn_config_float(config, "alpha", 1);
    if (alpha != 1) return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "alpha is %g, but only 1 is read", (double)alpha);
    return add(r, (mn_layer){.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_ELU}, NULL, v);
}

mn_status mn_config_read_softmax(reader *r, const cJSON *config, value *v) {
    MN_TRY(mn_config_check_axis(r, config, v));
    return add(r, (mn_layer){.kind = MN_LAYER_SOFTMAX}, NULL, v);
}

mn_status mn_config_read_unit_norm(reader *r, const cJSON *config, value *v) {
    MN_TRY(mn_config_check_axis(r, config, v));
    return add(r, (mn_layer){.kind = MN_LAYER_UNIT_NORM}, NULL, v);
}
