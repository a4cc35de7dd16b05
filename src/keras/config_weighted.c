/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Classes of layers with weights. */

#include <math.h>

#include "keras/config_reader.h"

typedef mn_config_reader reader;
typedef mn_config_value value;

static mn_status read_window(reader *r, const cJSON *config, mn_layer *layer) {
    int32_t size[2], stride[2], dilation[2];
    MN_TRY(mn_config_check_format(r, config));
    MN_TRY(mn_config_padding(r, config, &layer->padding));
    MN_TRY(mn_config_pair(r, config, "kernel_size", 1, size));
    MN_TRY(mn_config_pair(r, config, "strides", 1, stride));
    MN_TRY(mn_config_pair(r, config, "dilation_rate", 1, dilation));
    layer->k_h = size[0];
    layer->k_w = size[1];
    layer->stride = stride[0];
    layer->stride_w = stride[1];
    layer->dilation_h = dilation[0];
    layer->dilation_w = dilation[1];
    return MN_OK;
}

static mn_status add_weighted(reader *r, const cJSON *config, mn_layer layer, mn_keras_part part, value *v) {
    mn_keras_source source = {.key = r->key, .part = part};
    MN_TRY(mn_config_add(r, layer, NULL, mn_config_true(config, "use_bias", true), source, v));
    return mn_config_add_activation(r, mn_config_get(config, "activation"), "activation", v);
}

mn_status mn_config_read_conv(reader *r, const cJSON *config, value *v) {
    mn_layer layer = {.kind = MN_LAYER_CONV,
                      .units = mn_config_int(mn_config_get(config, "filters"), -1),
                      .groups = mn_config_int(mn_config_get(config, "groups"), 1)};
    int32_t channels = mn_config_layer_of(r, v)->c;
    MN_TRY(read_window(r, config, &layer));
    if (layer.groups < 1 || channels % layer.groups != 0) {
        return mn_config_fail(r, MN_ERROR_FORMAT, "%d groups do not divide %d channels", layer.groups, channels);
    }
    MN_TRY(mn_config_count_weights(r, layer.k_h, layer.k_w, channels / layer.groups, layer.units));
    return add_weighted(r, config, layer, MN_PART_ALL, v);
}

static mn_status read_multiplier(reader *r, const cJSON *config, const value *v, mn_layer *layer) {
    layer->kind = MN_LAYER_DEPTHWISE;
    layer->multiplier = mn_config_int(mn_config_get(config, "depth_multiplier"), 1);
    MN_TRY(read_window(r, config, layer));
    if (layer->multiplier < 1) return mn_config_fail(r, MN_ERROR_FORMAT, "depth_multiplier is %d", layer->multiplier);
    return mn_config_count_weights(r, layer->k_h, layer->k_w, mn_config_layer_of(r, v)->c, layer->multiplier);
}

mn_status mn_config_read_depthwise(reader *r, const cJSON *config, value *v) {
    mn_layer layer = {0};
    MN_TRY(read_multiplier(r, config, v, &layer));
    return add_weighted(r, config, layer, MN_PART_ALL, v);
}

/* A depthwise convolution without bias and one of 1x1. */
mn_status mn_config_read_separable(reader *r, const cJSON *config, value *v) {
    mn_layer depthwise = {0}, pointwise = {.kind = MN_LAYER_CONV, .k_h = 1, .k_w = 1, .stride = 1};
    mn_keras_source source = {.key = r->key, .part = MN_PART_DEPTHWISE};
    MN_TRY(read_multiplier(r, config, v, &depthwise));
    MN_TRY(mn_config_add(r, depthwise, "depthwise", false, source, v));
    pointwise.units = mn_config_int(mn_config_get(config, "filters"), -1);
    MN_TRY(mn_config_count_weights(r, 1, 1, mn_config_layer_of(r, v)->c, pointwise.units));
    return add_weighted(r, config, pointwise, MN_PART_POINTWISE, v);
}

mn_status mn_config_read_dense(reader *r, const cJSON *config, value *v) {
    mn_layer layer = {.kind = MN_LAYER_DENSE, .units = mn_config_int(mn_config_get(config, "units"), -1)};
    MN_TRY(mn_config_count_weights(r, mn_config_layer_of(r, v)->c, layer.units, 1, 1));
    return add_weighted(r, config, layer, MN_PART_ALL, v);
}

mn_status mn_config_read_batch_norm(reader *r, const cJSON *config, value *v) {
    MN_TRY(mn_config_check_axis(r, config, v));
    MN_TRY(mn_config_count_weights(r, mn_config_layer_of(r, v)->c, 1, 1, 1));
    mn_layer layer = {.kind = MN_LAYER_BATCH_NORM,
                      .epsilon = mn_config_float(config, "epsilon", 1e-3f),
                      .momentum = mn_config_float(config, "momentum", 0.99f)};
    mn_keras_source source = {.key = r->key,
                              .no_gamma = !mn_config_true(config, "scale", true),
                              .no_beta = !mn_config_true(config, "center", true)};
    return mn_config_add(r, layer, NULL, false, source, v);
}

/* One slope for each channel; Keras' default is one for each value. */
mn_status mn_config_read_prelu(reader *r, const cJSON *config, value *v) {
    const mn_layer *in = mn_config_layer_of(r, v);
    const cJSON *axes = mn_config_get(config, "shared_axes");
    bool rows = in->h == 1, columns = in->w == 1;
    for (const cJSON *axis = cJSON_IsArray(axes) ? axes->child : axes; axis; axis = axis->next) {
        rows = rows || mn_config_int(axis, 0) == 1;
        columns = columns || mn_config_int(axis, 0) == 2;
    }
    if (!rows || !columns) {
        return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "a slope for each pixel; use shared_axes=[1, 2]");
    }
    MN_TRY(mn_config_count_weights(r, in->c, 1, 1, 1));
    return mn_config_add(r, (mn_layer){.kind = MN_LAYER_PRELU}, NULL, false, (mn_keras_source){.key = r->key}, v);
}

/* (x - mean) / max(sqrt(variance), 1e-7), with what is in the configuration or was learned. */
mn_status mn_config_read_normalization(reader *r, const cJSON *config, value *v) {
    enum { MOST = 4096 };
    double mean[MOST], variance[MOST];
    if (mn_config_true(config, "invert", false)) return mn_config_fail(r, MN_ERROR_UNSUPPORTED, "an inverted one");
    int32_t count = mn_config_numbers(mn_config_get(config, "mean"), mean, MOST);
    int32_t variances = mn_config_numbers(mn_config_get(config, "variance"), variance, MOST);
    if (count > 0 && count == variances) {
        for (int32_t c = 0; c < count; c++) {
            variance[c] = 1 / fmax(sqrt(variance[c]), 1e-7);
            mean[c] *= -variance[c];
        }
        return mn_config_affine(r, variance, mean, count, v);
    }
    if (count != 0 || variances != 0) return mn_config_fail(r, MN_ERROR_FORMAT, "its mean or variance is damaged");
    MN_TRY(mn_config_check_axis(r, config, v));
    MN_TRY(mn_config_rescale(r, v));
    MN_TRY(mn_config_count_weights(r, mn_config_layer_of(r, v)->c, 1, 1, 1));
    mn_keras_source source = {.key = r->key, .part = MN_PART_MOMENTS};
    return mn_config_add(r, (mn_layer){.kind = MN_LAYER_AFFINE}, NULL, false, source, v);
}
