/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdio.h>
#include <string.h>

#include "torch/matching.h"

#define DEFAULT_SIZE 224

int32_t mn_torch_size(const mn_torch_matching *m) { return m->options->size > 0 ? m->options->size : DEFAULT_SIZE; }

/* ---- Names ------------------------------------------------------------------------------------------- */

const mn_array *mn_torch_find(const mn_torch_matching *m, const char *layer, const char *what) {
    char name[2 * MN_TORCH_NAME_CHARS];
    int length = snprintf(name, sizeof name, "%.*s%s.%s", (int)m->prefix_length, m->prefix, layer, what);
    return length < (int)sizeof name ? mn_torch_state_find(m->state, name) : NULL;
}

mn_status mn_torch_missing(const mn_torch_matching *m, const char *layer, const char *what) {
    return mn_fail(MN_ERROR_FORMAT,
                   "%s: has no array '%.*s%s.%s', which a %s has; for another network export the whole network as ONNX",
                   m->state->file, (int)m->prefix_length, m->prefix, layer, what, m->network);
}

/* Where `name` ends in `anchor` as a whole, what stands before it; SIZE_MAX else. */
static size_t length_before(const char *name, const char *anchor) {
    size_t length = strlen(name), wanted = strlen(anchor);
    if (length < wanted || strcmp(name + length - wanted, anchor) != 0) return SIZE_MAX;
    return length == wanted || name[length - wanted - 1] == '.' ? length - wanted : SIZE_MAX;
}

bool mn_torch_anchor(mn_torch_matching *m, const char *anchor) {
    for (int32_t i = 0; i < m->state->count; i++) {
        size_t length = length_before(m->state->arrays[i].name, anchor);
        if (length == SIZE_MAX) continue;
        m->prefix = m->state->arrays[i].name;
        m->prefix_length = length;
        return true;
    }
    return false;
}

mn_status mn_torch_classifier(const mn_torch_matching *m, char layer[MN_TORCH_NAME_CHARS], int32_t *classes) {
    const mn_array *found = NULL;
    const char end[] = ".weight";
    *classes = 0;
    layer[0] = '\0';
    for (int32_t i = 0; i < m->state->count; i++) {
        const mn_array *array = &m->state->arrays[i];
        if (array->rank != 2) continue;
        if (found) {
            return mn_fail(MN_ERROR_UNSUPPORTED,
                           "%s: has two dense layers, '%.100s' and '%.100s', and weights alone do not tell what is "
                           "between them; export the whole model as ONNX",
                           m->state->file, found->name, array->name);
        }
        found = array;
    }
    if (!found) return MN_OK;
    size_t length = strlen(found->name), tail = sizeof end - 1;
    bool named = length > tail && length - tail < MN_TORCH_NAME_CHARS &&
                 strcmp(found->name + length - tail, end) == 0 && length - tail > m->prefix_length &&
                 strncmp(found->name, m->prefix, m->prefix_length) == 0;
    if (!named || found->dims[0] < 1) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: array '%.200s' has no place in a %s", m->state->file, found->name,
                       m->network);
    }
    length -= tail + m->prefix_length;
    memcpy(layer, found->name + m->prefix_length, length);
    layer[length] = '\0';
    *classes = found->dims[0];
    return MN_OK;
}

/* ---- Weights ----------------------------------------------------------------------------------------- */

static mn_status load(mn_torch_matching *m, const char *layer, const char *what, int32_t rank, const int32_t *dims,
                      const int32_t *order, float *to) {
    const mn_array *array = mn_torch_find(m, layer, what);
    char has[MN_ARRAY_SHAPE_CHARS], needs[MN_ARRAY_SHAPE_CHARS];
    if (!array) return mn_torch_missing(m, layer, what);
    if (array->type > MN_ARRAY_F64) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: array '%.200s' does not hold floats; give a model that is not quantised", m->state->file,
                       array->name);
    }
    if (array->rank != rank || memcmp(array->dims, dims, (size_t)rank * sizeof *dims) != 0) {
        mn_array wanted = {.rank = rank};
        memcpy(wanted.dims, dims, (size_t)rank * sizeof *dims);
        mn_array_shape_text(array, has);
        mn_array_shape_text(&wanted, needs);
        return mn_fail(MN_ERROR_FORMAT, "%s: array '%.200s' has shape %s, but in a %s it is %s", m->state->file,
                       array->name, has, m->network, needs);
    }
    mn_array_read_floats(array, order, to);
    m->used[array - m->state->arrays] = true;
    return MN_OK;
}

static mn_status load_vector(mn_torch_matching *m, const char *layer, const char *what, int32_t count, float *to) {
    return load(m, layer, what, 1, &count, (const int32_t[]){0}, to);
}

/* Kernels are [out][in][height][width] in PyTorch. */
mn_status mn_torch_load(mn_torch_matching *m, const mn_layer *layer, const char *name) {
    int32_t in = m->net->layers[layer->inputs[0]].c;
    switch (layer->kind) {
    case MN_LAYER_CONV:
        MN_TRY(load(m, name, "weight", 4, (const int32_t[]){layer->units, in, layer->k_h, layer->k_w},
                    (const int32_t[]){2, 3, 1, 0}, layer->kernel));
        break;
    case MN_LAYER_DEPTHWISE:
        MN_TRY(load(m, name, "weight", 4, (const int32_t[]){in, 1, layer->k_h, layer->k_w},
                    (const int32_t[]){2, 3, 0, 1}, layer->kernel));
        break;
    case MN_LAYER_DENSE:
        MN_TRY(load(m, name, "weight", 2, (const int32_t[]){layer->units, in}, (const int32_t[]){1, 0}, layer->kernel));
        break;
    default:
        MN_TRY(load_vector(m, name, "weight", in, layer->gamma));
        MN_TRY(load_vector(m, name, "bias", in, layer->beta));
        MN_TRY(load_vector(m, name, "running_mean", in, layer->mean));
        return load_vector(m, name, "running_var", in, layer->variance);
    }
    if (!layer->bias || (layer->kind == MN_LAYER_DENSE && !mn_torch_find(m, name, "bias"))) return MN_OK;
    return load_vector(m, name, "bias", layer->c, layer->bias);
}
