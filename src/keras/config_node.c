/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Keras 3 writes a node as {"args": [tensor, constant, ...], "kwargs": {...}}, where a tensor is an object with the
 * history of the layer that made it; Keras 2 as [["name", 0, 0, {...}], ...], and for operators without the outer
 * list. Constants stand among the arguments. */

#include <string.h>

#include "keras/config_reader.h"

static mn_status add_source(const mn_config_reader *reader, const cJSON *name, mn_config_node *out) {
    if (!cJSON_IsString(name)) {
        return mn_config_fail(reader, MN_ERROR_FORMAT, "an input of it has no name; the configuration is damaged");
    }
    if (out->source_count == MN_LAYER_MAX_INPUTS) {
        return mn_config_fail(reader, MN_ERROR_LIMIT, "more than %d inputs", MN_LAYER_MAX_INPUTS);
    }
    out->sources[out->source_count++] = name->valuestring;
    return MN_OK;
}

static mn_status add_constant(const mn_config_reader *reader, double value, mn_config_node *out) {
    if (out->constant_count == 1) return mn_config_fail(reader, MN_ERROR_UNSUPPORTED, "more than one constant");
    out->constant_count = 1;
    out->constant = value;
    out->constant_first = out->source_count == 0;
    return MN_OK;
}

/* One argument of Keras 3: a tensor, a list of tensors, a number, or an array of one number. */
static mn_status read_argument(const mn_config_reader *reader, const cJSON *item, int depth, mn_config_node *out) {
    if (cJSON_IsNumber(item)) return add_constant(reader, item->valuedouble, out);
    if (cJSON_IsArray(item) && depth == 0) {
        const cJSON *inner;
        cJSON_ArrayForEach(inner, item) MN_TRY(read_argument(reader, inner, depth + 1, out));
        return MN_OK;
    }
    const char *class_name = mn_config_text(item, "class_name");
    if (!class_name) return MN_OK; /* null, a flag, a data type */
    const cJSON *config = mn_config_get(item, "config");
    if (strcmp(class_name, "__keras_tensor__") == 0) {
        return add_source(reader, cJSON_GetArrayItem(mn_config_get(config, "keras_history"), 0), out);
    }
    const cJSON *value = mn_config_get(config, "value");
    if (cJSON_IsNumber(value)) return add_constant(reader, value->valuedouble, out);
    return mn_config_fail(reader, MN_ERROR_UNSUPPORTED, "an input of the kind %s", class_name);
}

static mn_status read_v3(const mn_config_reader *reader, const cJSON *node, mn_config_node *out) {
    const cJSON *item;
    cJSON_ArrayForEach(item, mn_config_get(node, "args")) MN_TRY(read_argument(reader, item, 0, out));
    cJSON_ArrayForEach(item, mn_config_get(node, "kwargs")) MN_TRY(read_argument(reader, item, 0, out));
    return MN_OK;
}

/* ["name", 0, 0, {"y": 127.5}]; the constant may be {"y": ["name", 0, 0]} instead. */
static mn_status read_v2_input(const mn_config_reader *reader, const cJSON *input, mn_config_node *out) {
    const cJSON *name = cJSON_GetArrayItem(input, 0);
    if (cJSON_IsNumber(name)) { /* ["_CONSTANT_VALUE", -1, 127.5, {}] has a name; a bare number is not written */
        return mn_config_fail(reader, MN_ERROR_FORMAT, "an input of it has no name; the configuration is damaged");
    }
    const cJSON *value = cJSON_GetArrayItem(input, 2);
    if (cJSON_IsString(name) && strcmp(name->valuestring, "_CONSTANT_VALUE") == 0 && cJSON_IsNumber(value)) {
        MN_TRY(add_constant(reader, value->valuedouble, out));
    } else {
        MN_TRY(add_source(reader, name, out));
    }
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetArrayItem(input, 3)) {
        if (cJSON_IsNumber(item)) MN_TRY(add_constant(reader, item->valuedouble, out));
        if (cJSON_IsArray(item) && cJSON_IsString(cJSON_GetArrayItem(item, 0))) {
            MN_TRY(add_source(reader, cJSON_GetArrayItem(item, 0), out));
        }
    }
    return MN_OK;
}

static mn_status read_v2(const mn_config_reader *reader, const cJSON *node, mn_config_node *out) {
    if (cJSON_IsString(cJSON_GetArrayItem(node, 0))) return read_v2_input(reader, node, out);
    const cJSON *input;
    cJSON_ArrayForEach(input, node) MN_TRY(read_v2_input(reader, input, out));
    return MN_OK;
}

mn_status mn_config_node_read(const mn_config_reader *reader, const cJSON *layer, mn_config_node *out) {
    const cJSON *nodes = mn_config_get(layer, "inbound_nodes");
    *out = (mn_config_node){0};
    if (!cJSON_IsArray(nodes) || cJSON_GetArraySize(nodes) == 0) {
        return mn_config_fail(reader, MN_ERROR_FORMAT, "it says nothing of its inputs; the configuration is damaged");
    }
    const cJSON *first = cJSON_GetArrayItem(nodes, 0);
    /* An operator of Keras 2 lists its inputs without a node around them. */
    if (cJSON_IsArray(first) && cJSON_IsString(cJSON_GetArrayItem(first, 0))) {
        MN_TRY(read_v2(reader, nodes, out));
    } else if (cJSON_GetArraySize(nodes) > 1) {
        return mn_config_fail(reader, MN_ERROR_UNSUPPORTED, "it is used more than once; only plain chains are read");
    } else {
        MN_TRY(cJSON_IsObject(first) ? read_v3(reader, first, out) : read_v2(reader, first, out));
    }
    if (out->source_count > 0) return MN_OK;
    return mn_config_fail(reader, MN_ERROR_FORMAT, "it has no input; the configuration is damaged");
}
