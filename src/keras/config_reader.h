/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared by config.c (models), config_node.c (what goes into a layer) and config_layer.c (layer classes). */
#ifndef MN_KERAS_CONFIG_READER_H
#define MN_KERAS_CONFIG_READER_H

#include <cjson/cJSON.h>

#include "keras/config.h"

/** What a Keras layer gives: a layer of the network, times `scale` plus `offset`. Preprocessing changes only these
 *  two; the first layer that computes makes a Rescaling layer of them. */
typedef struct mn_config_value {
    int32_t layer;
    double scale, offset;
    const char *rescaling; /* name of the first layer that changed them */
} mn_config_value;

/** What goes into a layer. */
typedef struct mn_config_node {
    int32_t source_count; /* 0..2 */
    const char *sources[2];
    int32_t constant_count; /* 0 or 1 */
    double constant;
    bool constant_first; /* as in 1 - x */
} mn_config_node;

typedef struct mn_config_reader {
    mn_keras_config *config;
    mn_net *net;
    int32_t room;    /* sources there is memory for */
    size_t elements; /* of weights so far */
    /* The layer being read. */
    const char *name, *class_name, *key, *model;
} mn_config_reader;

/** "FILE: layer 'NAME' (CLASS): sentence". */
mn_status mn_config_fail(const mn_config_reader *reader, mn_status status, const char *format, ...) MN_PRINTF(3, 4);

const cJSON *mn_config_get(const cJSON *object, const char *name);

/** The string, or NULL where there is none. */
const char *mn_config_text(const cJSON *object, const char *name);

/** A whole number that fits; `fallback` where it is missing or null; -1 for anything else. */
int32_t mn_config_int(const cJSON *item, int32_t fallback);

/** The class has no weights and changes nothing at inference: augmentation, noise. */
bool mn_config_is_idle(const char *class_name);

/** What the layer's node says. Errors: FORMAT, UNSUPPORTED (called more than once, more than two inputs). */
mn_status mn_config_node_read(const mn_config_reader *reader, const cJSON *layer, mn_config_node *out);

/** Adds the layer to the network; its inputs are in values[0..count). */
mn_status mn_config_layer_read(mn_config_reader *reader, const cJSON *layer, const mn_config_node *node,
                               const mn_config_value *values, mn_config_value *out);

/** Makes a Rescaling layer of scale and offset, if there are any. */
mn_status mn_config_rescale(mn_config_reader *reader, mn_config_value *value);

#endif
