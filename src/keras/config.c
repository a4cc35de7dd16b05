/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/config.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keras/config_reader.h"
#include "keras/weights.h"

#define MAX_DEPTH 8     /* of models within models */
#define MAX_LAYERS 2048 /* of one model */

typedef mn_config_reader reader;
typedef mn_config_value value;

/* One model: what is known of its layers so far. */
typedef struct level {
    const cJSON *model, *layers;
    const char *key;   /* of the model; "" at the top */
    const char *group; /* Keras 2: the outermost model within the file's model; NULL at the top */
    value input;
    int32_t depth;
    int32_t count;
    const char **names, **snakes; /* of each layer: its name; its class as Keras 3 spells it in files */
    value *values;
} level;

/* ---- JSON -------------------------------------------------------------------------------------------- */

mn_status mn_config_fail(const reader *r, mn_status status, const char *format, ...) {
    char sentence[320];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return mn_fail(status, "%s: layer '%.100s' (%.60s): %s", r->config->file, r->name, r->class_name, sentence);
}

const cJSON *mn_config_get(const cJSON *object, const char *name) {
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *mn_config_text(const cJSON *object, const char *name) {
    return cJSON_GetStringValue(mn_config_get(object, name));
}

int32_t mn_config_int(const cJSON *item, int32_t fallback) {
    if (!item || cJSON_IsNull(item)) return fallback;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= INT_MIN && item->valuedouble <= INT_MAX)) return -1;
    int32_t number = (int32_t)item->valuedouble;
    return (double)number == item->valuedouble ? number : -1;
}

/* Keras 3's names in files: "DepthwiseConv2D" becomes "depthwise_conv2d", "ReLU" "re_lu". */
const char *mn_config_snake_case(mn_region *region, const char *class_name) {
    size_t length = strlen(class_name), used = 0;
    char *out = mn_region_alloc(region, 2 * length + 1, 1);
    for (size_t i = 0; out && i < length; i++) {
        unsigned char c = (unsigned char)class_name[i], next = (unsigned char)class_name[i + 1];
        unsigned char before = i ? (unsigned char)class_name[i - 1] : '_';
        if (!isalnum(c) && c != '_') continue;
        if (isupper(c) && before != '_' && (islower(before) || islower(next))) out[used++] = '_';
        out[used++] = (char)tolower(c);
    }
    return out;
}

static const cJSON *layers_of(const cJSON *model) {
    const cJSON *config = mn_config_get(model, "config");
    if (cJSON_IsArray(config)) return config; /* Sequential of Keras 2.2 and older */
    const cJSON *layers = mn_config_get(config, "layers");
    return cJSON_IsArray(layers) ? layers : NULL;
}

/* ---- The input --------------------------------------------------------------------------------------- */

static const cJSON *shape_in(const cJSON *object) {
    static const char *const names[] = {"batch_shape", "batch_input_shape", "build_input_shape", "input_shape"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const cJSON *shape = mn_config_get(object, names[i]);
        if (cJSON_IsArray(shape) && cJSON_GetArraySize(shape) == 4) return shape;
    }
    return NULL;
}

/* [null, height, width, channels] of the first layer, wherever this model says it. */
static const cJSON *find_input_shape(const cJSON *model, int depth) {
    const cJSON *layers = layers_of(model), *first = layers ? layers->child : NULL;
    const cJSON *shape = shape_in(mn_config_get(first, "config"));
    if (!shape && first && depth < MAX_DEPTH) shape = find_input_shape(first, depth + 1);
    if (!shape) shape = shape_in(mn_config_get(model, "config"));
    if (!shape) shape = shape_in(mn_config_get(model, "build_config"));
    return shape ? shape : shape_in(mn_config_get(first, "build_config"));
}

static mn_status add_input(reader *r, const cJSON *model, value *out) {
    const cJSON *shape = find_input_shape(model, 0), *layers = layers_of(model);
    const char *name = mn_config_text(mn_config_get(layers->child, "config"), "name");
    if (!shape) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: the model does not say the shape of its input; build it before saving", r->config->file);
    }
    int32_t dims[3];
    for (int i = 0; i < 3; i++) {
        const cJSON *dim = cJSON_GetArrayItem(shape, i + 1);
        bool open = i < 2 && cJSON_IsNull(dim);
        dims[i] = open ? r->config->size : mn_config_int(dim, -1);
        r->config->open_size = r->config->open_size || open;
        if (dims[i] >= 1 && dims[i] <= 65536) continue;
        return mn_fail(MN_ERROR_FORMAT, "%s: the input's shape is damaged or impossible", r->config->file);
    }
    mn_layer layer = {.name = name ? name : "input",
                      .kind = MN_LAYER_INPUT,
                      .inputs = {-1, -1},
                      .h = dims[0],
                      .w = dims[1],
                      .c = dims[2]};
    *out = (value){.scale = 1};
    MN_TRY(mn_net_add(r->net, &layer, false, &out->layer));
    r->config->sources = mn_region_alloc(&r->net->region, 1, sizeof *r->config->sources);
    r->room = 1;
    return r->config->sources ? MN_OK : mn_fail_memory("the layers of the model");
}

/* ---- Models ------------------------------------------------------------------------------------------ */

/* Names the layer and finds the key of its weights. */
static mn_status place_layer(reader *r, level *l, const cJSON *layer) {
    mn_region *region = &r->net->region;
    const char *name = mn_config_text(mn_config_get(layer, "config"), "name");
    if (!name) name = mn_config_text(layer, "name");
    const char *class_name = mn_config_text(layer, "class_name");
    if (!name || !class_name) {
        return mn_fail(MN_ERROR_FORMAT, "%s: layer %d of a model has no name or no class; the configuration is damaged",
                       r->config->file, l->count);
    }
    r->name = name;
    r->class_name = class_name;
    const char *snake = mn_config_snake_case(region, class_name);
    if (!snake) return mn_fail_memory("the layers of the model");
    int32_t earlier = 0;
    for (int32_t i = 0; i < l->count; i++) earlier += strcmp(l->snakes[i], snake) == 0;
    l->names[l->count] = name;
    l->snakes[l->count] = snake;
    if (r->config->v3) {
        char place[256];
        snprintf(place, sizeof place, earlier ? "%.200s_%d" : "%.200s", snake, earlier);
        r->key = mn_keras_join(region, l->key, place);
    } else {
        r->key = mn_keras_join(region, l->group ? l->group : name, name);
    }
    return r->key ? MN_OK : mn_fail_memory("the layers of the model");
}

static mn_status find_value(const reader *r, const level *l, const char *name, value *out) {
    for (int32_t i = 0; i < l->count; i++) {
        if (strcmp(l->names[i], name) != 0) continue;
        *out = l->values[i];
        return MN_OK;
    }
    return mn_config_fail(r, MN_ERROR_FORMAT,
                          "its input '%.100s' is not an earlier layer; the configuration is damaged", name);
}

static bool is_sequential(const level *l) {
    const cJSON *config = mn_config_get(l->model, "config");
    const char *class_name = mn_config_text(l->model, "class_name");
    return cJSON_IsArray(config) || (class_name && strcmp(class_name, "Sequential") == 0);
}

static mn_status read_model(reader *r, level *l, value *out);

static mn_status read_inner_model(reader *r, const level *outer, const cJSON *model, value input, value *out) {
    level inner = {.model = model, .input = input, .depth = outer->depth + 1, .key = r->key};
    inner.group = outer->group ? outer->group : r->name;
    const char *name = r->model;
    r->model = r->name;
    if (inner.depth == MAX_DEPTH) {
        return mn_config_fail(r, MN_ERROR_LIMIT, "models are nested more than %d deep", MAX_DEPTH);
    }
    MN_TRY(read_model(r, &inner, out));
    r->model = name;
    return MN_OK;
}

static mn_status read_layer(reader *r, level *l, const cJSON *layer, bool sequential) {
    mn_config_node node = {.source_count = 1};
    value values[MN_LAYER_MAX_INPUTS] = {l->input}, *out = &l->values[l->count];
    MN_TRY(place_layer(r, l, layer));
    if (strcmp(r->class_name, "InputLayer") == 0) {
        if (l->count > 0) return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a second input; a classifier has one");
        *out = l->input;
    } else {
        if (!sequential) MN_TRY(mn_config_node_read(r, layer, &node));
        for (int32_t i = 0; !sequential && i < node.source_count; i++) {
            MN_TRY(find_value(r, l, node.sources[i], &values[i]));
        }
        if (sequential && l->count > 0) values[0] = l->values[l->count - 1];
        if (layers_of(layer)) {
            if (node.source_count != 1) return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a model with two inputs");
            MN_TRY(read_inner_model(r, l, layer, values[0], out));
        } else {
            MN_TRY(mn_config_layer_read(r, layer, &node, values, out));
        }
    }
    l->count++;
    return MN_OK;
}

/* ["name", 0, 0], [["name", 0, 0], ...] or {"key": ["name", 0, 0], ...}: as many as there is room for. */
static mn_status find_outputs(const reader *r, const level *l, value *out, int32_t room, int32_t *count) {
    const cJSON *list = mn_config_get(mn_config_get(l->model, "config"), "output_layers");
    const cJSON *item = list ? list->child : NULL;
    bool one = cJSON_IsArray(list) && cJSON_IsString(item);
    *count = 0;
    for (item = one ? list : item; item; item = one ? NULL : item->next) {
        const cJSON *name = cJSON_GetArrayItem(item, 0);
        if (!cJSON_IsString(name)) break;
        if (*count == room) {
            return mn_fail(MN_ERROR_UNSUPPORTED, "%s: a model in it has more than %d outputs", r->config->file, room);
        }
        MN_TRY(find_value(r, l, name->valuestring, &out[(*count)++]));
    }
    if (*count > 0 && !item) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: the list of a model's outputs is damaged", r->config->file);
}

static mn_status read_model(reader *r, level *l, value *out) {
    mn_region *region = &r->net->region;
    l->layers = layers_of(l->model);
    size_t count = (size_t)cJSON_GetArraySize(l->layers);
    if (count == 0 || count > MAX_LAYERS) {
        return mn_fail(MN_ERROR_LIMIT, "%s: a model in it has %zu layers; 1 to %d are supported", r->config->file,
                       count, MAX_LAYERS);
    }
    l->names = mn_region_alloc(region, count, sizeof *l->names);
    l->snakes = mn_region_alloc(region, count, sizeof *l->snakes);
    l->values = mn_region_alloc(region, count, sizeof *l->values);
    if (!l->names || !l->snakes || !l->values) return mn_fail_memory("the layers of the model");
    const cJSON *layer;
    bool sequential = is_sequential(l);
    cJSON_ArrayForEach(layer, l->layers) MN_TRY(read_layer(r, l, layer, sequential));
    *out = l->values[l->count - 1];
    int32_t outputs = 1;
    return sequential || l->depth == 0 ? MN_OK : find_outputs(r, l, out, 1, &outputs);
}

/* What the whole model gives. */
static mn_status set_outputs(reader *r, const level *top, value last) {
    value values[MN_NET_MAX_OUTPUTS] = {last};
    int32_t count = 1;
    if (!is_sequential(top)) MN_TRY(find_outputs(r, top, values, MN_NET_MAX_OUTPUTS, &count));
    for (int32_t i = 0; i < count; i++) {
        MN_TRY(mn_config_rescale(r, &values[i]));
        for (int32_t k = 0; k < i; k++) {
            if (r->net->outputs[k] != values[i].layer) continue;
            return mn_fail(MN_ERROR_UNSUPPORTED, "%s: two outputs of the model are the same", r->config->file);
        }
        r->net->outputs[i] = values[i].layer;
    }
    r->net->output_count = count;
    return MN_OK;
}

/* Without the layers that lead to no output. */
static mn_status prune(reader *r) {
    int32_t *kept = mn_region_alloc(&r->net->region, (size_t)r->net->layer_count, sizeof *kept);
    if (!kept) return mn_fail_memory("the layers of the model");
    MN_TRY(mn_net_prune(r->net, kept));
    for (int32_t i = 0; i < r->net->layer_count; i++) r->config->sources[i] = r->config->sources[kept[i]];
    if (r->net->output_count == 1) r->net->output_count = 0; /* it is the last layer */
    return MN_OK;
}

/* ---- The file ---------------------------------------------------------------------------------------- */

static mn_status read_root(reader *r, const cJSON *root) {
    level top = {.model = root, .key = ""};
    value output;
    const char *name = mn_config_text(mn_config_get(root, "config"), "name");
    if (!layers_of(root) || !layers_of(root)->child) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: the model is written in Python (a subclass of Model); save a Sequential or functional one",
                       r->config->file);
    }
    r->model = name ? name : "model";
    MN_TRY(add_input(r, root, &top.input));
    MN_TRY(read_model(r, &top, &output));
    MN_TRY(set_outputs(r, &top, output));
    return prune(r);
}

mn_status mn_keras_config_read(mn_keras_config *config, mn_net *net) {
    reader r = {.config = config, .net = net};
    cJSON *root = cJSON_ParseWithLength(config->text, config->bytes);
    if (!root) {
        return mn_fail(MN_ERROR_FORMAT,
                       "%s: the model's configuration is not JSON; the file is damaged, fetch it again", config->file);
    }
    mn_status status = read_root(&r, root);
    cJSON_Delete(root);
    return status;
}
