/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "keras/meaning.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NORMALISATION MN_KERAS_MEANING "/normalisation"
#define MAX_SIDE 8192

static mn_status damaged(const mn_keras_weights *w, const char *what) {
    return mn_fail(
        MN_ERROR_FORMAT,
        "%s: what it says of pixels and classes is wrong: %s; the file is damaged, or another program changed it",
        w->h5.name, what);
}

static bool is_size(const char *text, int32_t *height, int32_t *width) {
    int used = 0;
    return sscanf(text, "%4dx%4d%n", height, width, &used) == 2 && text[used] == '\0' && *height > 0 &&
           *height <= MAX_SIDE && *width > 0 && *width <= MAX_SIDE;
}

mn_status mn_keras_meaning_size(mn_keras_weights *w, int32_t *height, int32_t *width) {
    mn_h5_list list;
    *height = *width = 0;
    if (!mn_h5_exists(&w->h5, MN_KERAS_MEANING)) return MN_OK;
    MN_TRY(mn_h5_strings(&w->h5, MN_KERAS_MEANING, "input", &w->region, &list));
    if (list.count == 0 || is_size(list.item[0], height, width)) return MN_OK;
    return damaged(w, "an impossible input size");
}

static mn_status read_normalisation(mn_keras_weights *w, mn_meaning *meaning) {
    mn_h5_array array;
    float values[2][MN_MEANING_CHANNELS];
    if (!mn_h5_exists(&w->h5, NORMALISATION)) return MN_OK;
    MN_TRY(mn_h5_array_info(&w->h5, NORMALISATION, &array));
    if (array.type || array.rank != 2 || array.dims[0] != 2 || array.dims[1] != MN_MEANING_CHANNELS) {
        return damaged(w, "no mean and deviation of three channels");
    }
    MN_TRY(mn_h5_array_read(&w->h5, &array, values[0]));
    for (int32_t c = 0; c < MN_MEANING_CHANNELS; c++) {
        if (!isfinite(values[0][c]) || !isfinite(values[1][c]) || values[1][c] <= 0) {
            return damaged(w, "an impossible mean or deviation");
        }
    }
    meaning->normalised = true;
    memcpy(meaning->mean, values[0], sizeof meaning->mean);
    memcpy(meaning->deviation, values[1], sizeof meaning->deviation);
    return MN_OK;
}

static mn_status read_fit(mn_keras_weights *w, mn_meaning *meaning) {
    mn_h5_list list;
    MN_TRY(mn_h5_strings(&w->h5, MN_KERAS_MEANING, "fit", &w->region, &list));
    if (list.count != 1) return MN_OK;
    if (strcmp(list.item[0], "crop") == 0) meaning->fit = MN_FIT_CROP;
    if (strcmp(list.item[0], "exact") == 0) meaning->fit = MN_FIT_EXACT;
    return MN_OK;
}

/* As many as the network has classes, of all lists together. */
static mn_status read_classes(mn_keras_weights *w, mn_net *net) {
    const int32_t classes = net->layers[net->layer_count - 1].c;
    int32_t count = 0;
    const char **names = mn_region_alloc(&w->region, (size_t)classes, sizeof *names);
    if (!names) return mn_fail_memory("the names of the classes");
    for (int32_t part = 0;; part++) {
        char attribute[32];
        mn_h5_list list;
        snprintf(attribute, sizeof attribute, "classes%d", part);
        MN_TRY(mn_h5_strings(&w->h5, MN_KERAS_MEANING, attribute, &w->region, &list));
        if (list.count <= 0) break;
        if (list.count > classes - count) return damaged(w, "more names than classes");
        for (int32_t i = 0; i < list.count; i++) names[count++] = list.item[i];
    }
    if (count == 0) return MN_OK;
    if (count < classes) return damaged(w, "fewer names than classes");
    return mn_meaning_set_classes(&net->meaning, &net->region, 0, names, classes);
}

mn_status mn_keras_meaning_assign(mn_keras_weights *w, mn_net *net) {
    if (!mn_h5_exists(&w->h5, MN_KERAS_MEANING)) return MN_OK;
    MN_TRY(read_normalisation(w, &net->meaning));
    MN_TRY(read_fit(w, &net->meaning));
    return read_classes(w, net);
}
