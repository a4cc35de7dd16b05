/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared by config.c (models), config_node.c (what goes into a layer), config_layer.c (layer classes),
 * config_weighted.c (those with weights), config_activation.c, config_shape.c (pooling and shapes) and config_join.c
 * (several inputs, and arithmetic). */
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
    int32_t source_count;
    const char *sources[MN_LAYER_MAX_INPUTS];
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

/** Keras 3's names in files: "DepthwiseConv2D" becomes "depthwise_conv2d", "ReLU" "re_lu". NULL when out of memory. */
const char *mn_config_snake_case(mn_region *region, const char *class_name);

/** The class has no weights and changes nothing at inference: augmentation, noise. */
bool mn_config_is_idle(const char *class_name);

/** What the layer's node says. Errors: FORMAT, UNSUPPORTED (called more than once), LIMIT (too many inputs). */
mn_status mn_config_node_read(const mn_config_reader *reader, const cJSON *layer, mn_config_node *out);

/** Adds the layer to the network; its inputs are in values[0..count). */
mn_status mn_config_layer_read(mn_config_reader *reader, const cJSON *layer, const mn_config_node *node,
                               const mn_config_value *values, mn_config_value *out);

/** Makes a Rescaling layer of scale and offset, if there are any. */
mn_status mn_config_rescale(mn_config_reader *reader, mn_config_value *value);

/* ---- For the readers of classes (config_layer.c) ---- */

static inline const mn_layer *mn_config_layer_of(const mn_config_reader *reader, const mn_config_value *value) {
    return &reader->net->layers[value->layer];
}

/** Appends `layer`, called as the Keras layer or as it and `suffix`, behind *v, which becomes its output. What `layer`
 *  says of its further inputs stays. */
mn_status mn_config_add(mn_config_reader *reader, mn_layer layer, const char *suffix, bool with_bias,
                        mn_keras_source source, mn_config_value *v);

/** The same without weights. */
mn_status mn_config_add_plain(mn_config_reader *reader, mn_layer layer, mn_config_value *v);

/** A configuration may ask for more weights than memory can hold; the file can hold only so many. */
mn_status mn_config_count_weights(mn_config_reader *reader, int32_t a, int32_t b, int32_t c, int32_t d);

/** [3, 2], or 3 for both: rows, columns, from 1 on. */
mn_status mn_config_pair(const mn_config_reader *reader, const cJSON *config, const char *name, int32_t fallback,
                         int32_t out[2]);

mn_status mn_config_check_format(const mn_config_reader *reader, const cJSON *config);
mn_status mn_config_padding(const mn_config_reader *reader, const cJSON *config, mn_padding *out);
bool mn_config_true(const cJSON *config, const char *name, bool fallback);
float mn_config_float(const cJSON *config, const char *name, float fallback);
bool mn_config_same(const char *a, const char *b);

/** Does the layer work along the channels: axis -1, 3, or 1 of a vector? */
mn_status mn_config_check_axis(const mn_config_reader *reader, const cJSON *config, const mn_config_value *v);

/* ---- Readers of classes ---- */

typedef mn_status mn_config_class_reader(mn_config_reader *reader, const cJSON *config, mn_config_value *v);

mn_config_class_reader mn_config_read_conv, mn_config_read_depthwise, mn_config_read_separable, mn_config_read_dense,
    mn_config_read_batch_norm, mn_config_read_normalization, mn_config_read_prelu;
mn_config_class_reader mn_config_read_activation, mn_config_read_relu, mn_config_read_leaky_relu, mn_config_read_elu,
    mn_config_read_softmax, mn_config_read_unit_norm;
mn_config_class_reader mn_config_read_zero_padding, mn_config_read_global_pool, mn_config_read_global_max,
    mn_config_read_max_pool, mn_config_read_average_pool, mn_config_read_flatten, mn_config_read_reshape,
    mn_config_read_resizing, mn_config_read_crop, mn_config_read_upsampling;
mn_config_class_reader mn_config_read_rescaling;

/** The function that `item`, of a configuration, names; behind *v, whose output it becomes. */
mn_status mn_config_add_activation(mn_config_reader *reader, const cJSON *item, const char *suffix, mn_config_value *v);

/** The same for a name; false in *known when it is none. */
mn_status mn_config_add_function(mn_config_reader *reader, const char *name, const char *suffix, mn_config_value *v,
                                 bool *known);

/** The operator's sign, by whatever name the Keras of the day writes it; 0 for none of them. '=' changes nothing. */
char mn_config_arithmetic_of(const char *class_name, const cJSON *config);

/** Arithmetic with a constant. */
mn_status mn_config_read_arithmetic(mn_config_reader *reader, char sign, const cJSON *config,
                                    const mn_config_node *node, mn_config_value *v);

/** Does such a class take several inputs? */
bool mn_config_joins(const char *class_name);

/** Layers with several inputs: Add, Subtract, Multiply, Average, Concatenate. `sign` is that of an operator, or 0. */
mn_status mn_config_read_join(mn_config_reader *reader, char sign, const cJSON *config, const mn_config_value *values,
                              int32_t count, mn_config_value *out);

/** Times `scale`, plus `offset`. */
void mn_config_scale(const mn_config_reader *reader, mn_config_value *v, double scale, double offset);

/** One number, or a list of numbers, nested or not: up to `room` go to `out`. How many; -1 when it holds anything else
 *  or too many. */
int32_t mn_config_numbers(const cJSON *item, double *out, int32_t room);

/** (x * scale[c]) + offset[c] for each channel; one number of each, or `count` equal ones, for all of them. */
mn_status mn_config_affine(mn_config_reader *reader, const double *scale, const double *offset, int32_t count,
                           mn_config_value *v);

#endif
