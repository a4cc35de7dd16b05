/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/ranges.h"

#include <math.h>
#include <string.h>

static mn_status damaged(const mn_keras_weights *w, const char *what) {
    return mn_fail(MN_ERROR_FORMAT,
                   "%s: its ranges for 8 bits are wrong: %s; the file is damaged, or another program changed it",
                   w->h5.name, what);
}

static mn_status read_text(mn_keras_weights *w, const char *name, const char **out) {
    mn_h5_list list;
    MN_TRY(mn_h5_strings(&w->h5, MN_KERAS_RANGES, name, &w->region, &list));
    if (list.count != 1) return damaged(w, "an attribute is missing");
    *out = list.item[0];
    return MN_OK;
}

static bool is_range(float low, float high) {
    return isfinite(low) && isfinite(high) && low <= 0 && high >= 0 && low < high;
}

static mn_status assign(mn_keras_weights *w, const mn_h5_array *array, mn_net *net) {
    int32_t places = 0;
    for (int32_t i = 0; i < net->layer_count; i++) places += mn_layer_has_range(&net->layers[i]);
    if (array->type || array->rank != 2 || array->dims[0] != places || array->dims[1] != 2) {
        return damaged(w, "the network has another number");
    }
    float *ranges = mn_region_alloc(&w->region, array->count, sizeof *ranges);
    if (!ranges) return mn_fail_memory("the ranges");
    MN_TRY(mn_h5_array_read(&w->h5, array, ranges));
    for (int32_t i = 0; i < net->layer_count; i++) {
        mn_layer *layer = &net->layers[i];
        if (!mn_layer_has_range(layer)) continue;
        layer->low = *ranges++;
        layer->high = *ranges++;
        if (!is_range(layer->low, layer->high)) return damaged(w, "one of them does not hold zero");
    }
    return MN_OK;
}

mn_status mn_keras_ranges_assign(mn_keras_weights *w, mn_net *net) {
    mn_h5_array array;
    const char *scales;
    if (!mn_h5_exists(&w->h5, MN_KERAS_RANGES)) return MN_OK;
    MN_TRY(read_text(w, "scales", &scales));
    MN_TRY(mn_h5_array_info(&w->h5, MN_KERAS_RANGES "/ranges", &array));
    net->per_tensor = strcmp(scales, "layer") == 0;
    if (!net->per_tensor && strcmp(scales, "channel") != 0) return damaged(w, "an unknown kind of scales");
    return assign(w, &array, net);
}
