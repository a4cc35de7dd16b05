/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "torch/match.h"

#include <stdio.h>
#include <string.h>

#include "net/mobilenet_v2.h"
#include "torch/names.h"

#define DEFAULT_SIZE 224
#define MAX_BLOCKS 64 /* of one stage */

typedef struct matching {
    mn_pool pool;
    const mn_torch_state *state;
    const mn_torch_names *names;
    const char *prefix;
    size_t prefix_length;
    bool *used; /* [state->count] */
    mn_net *net;
    int32_t layer; /* the last one that was filled */
} matching;

/* ---- Arrays by name ---------------------------------------------------------------------------------- */

/* "PREFIX" "LAYER" ".WHAT". */
static const mn_array *find(const matching *m, const char *layer, const char *what) {
    char name[2 * MN_TORCH_NAME_CHARS];
    int length = snprintf(name, sizeof name, "%.*s%s.%s", (int)m->prefix_length, m->prefix, layer, what);
    return length < (int)sizeof name ? mn_torch_state_find(m->state, name) : NULL;
}

static mn_status missing(const matching *m, const char *layer, const char *what) {
    return mn_fail(MN_ERROR_FORMAT,
                   "%s: has no array '%.*s%s.%s', which a MobileNetV2 of %s has; for another network export the whole "
                   "of it as ONNX",
                   m->state->file, (int)m->prefix_length, m->prefix, layer, what, m->names->library);
}

/* Channels that a convolution gives; 0 when it is not there or is no convolution. */
static int32_t channels_of(const matching *m, const char *layer) {
    const mn_array *weight = find(m, layer, "weight");
    return weight && weight->rank == 4 ? weight->dims[0] : 0;
}

/* ---- Which MobileNetV2 ------------------------------------------------------------------------------- */

/* Channels that a block gives; 0 when there is no such block. */
static int32_t block_channels(const matching *m, int32_t stage, int32_t index, int32_t number) {
    char name[MN_TORCH_NAME_CHARS];
    mn_torch_block_name(m->names, stage, index, number, number == 0 ? 2 : 4, name);
    return channels_of(m, name);
}

/* Names without stages leave the number of blocks in each open, which then must be the paper's. */
static int32_t count_blocks(const matching *m, int32_t stage, int32_t number, int32_t usual) {
    int32_t blocks = 0;
    if (!m->names->staged) return usual;
    while (blocks < MAX_BLOCKS && block_channels(m, stage, blocks, number + blocks) > 0) blocks++;
    return blocks;
}

static mn_status find_plan(const matching *m, mn_v2_plan *plan) {
    int32_t number = 0;
    mn_v2_plan_of(1, plan);
    plan->stem = channels_of(m, m->names->stem[0]);
    plan->head = channels_of(m, m->names->head[0]);
    if (plan->stem == 0) return missing(m, m->names->stem[0], "weight");
    if (plan->head == 0) return missing(m, m->names->head[0], "weight");
    for (int32_t s = 0; s < MN_V2_STAGES; s++) {
        plan->blocks[s] = count_blocks(m, s, number, plan->blocks[s]);
        plan->filters[s] = block_channels(m, s, 0, number);
        if (plan->filters[s] == 0 || plan->blocks[s] == 0) {
            char name[MN_TORCH_NAME_CHARS];
            mn_torch_block_name(m->names, s, 0, number, number == 0 ? 2 : 4, name);
            return missing(m, name, "weight");
        }
        number += plan->blocks[s];
    }
    return MN_OK;
}

/* Numbers in the kernels of expansions and projections, of which nearly all of a MobileNetV2 is made. */
static double kernel_elements(const mn_v2_plan *plan) {
    double elements = 0, in = plan->stem;
    for (int32_t s = 0; s < MN_V2_STAGES; s++) {
        double out = plan->filters[s], wide = s > 0 ? 6 : 1;
        elements += wide * in * out + (s > 0 ? wide * in * in : 0);
        elements += (plan->blocks[s] - 1) * (2 * wide * out * out);
        in = out;
    }
    return elements + in * plan->head;
}

/* Memory is taken only for what the file holds. */
static mn_status check_size(const matching *m, const mn_v2_plan *plan) {
    if (kernel_elements(plan) <= (double)m->state->elements) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: holds %zu numbers, fewer than a MobileNetV2 with its channels has",
                   m->state->file, m->state->elements);
}

/* The one dense kernel is the classifier's, whatever it is called. */
static mn_status find_classifier(const matching *m, char layer[MN_TORCH_NAME_CHARS], int32_t *classes) {
    const mn_array *found = NULL;
    const char end[] = ".weight";
    *classes = 0;
    for (int32_t i = 0; i < m->state->count; i++) {
        const mn_array *array = &m->state->arrays[i];
        if (array->rank != 2) continue;
        if (found) {
            return mn_fail(MN_ERROR_UNSUPPORTED,
                           "%s: has two dense layers, '%.100s' and '%.100s', and weights alone do not say what is "
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
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: array '%.200s' has no place in a MobileNetV2", m->state->file,
                       found->name);
    }
    length -= tail + m->prefix_length;
    memcpy(layer, found->name + m->prefix_length, length);
    layer[length] = '\0';
    *classes = found->dims[0];
    return MN_OK;
}

/* ---- Filling ----------------------------------------------------------------------------------------- */

static mn_status load(matching *m, const char *layer, const char *what, int32_t rank, const int32_t *dims,
                      const int32_t *order, float *to) {
    const mn_array *array = find(m, layer, what);
    char has[MN_ARRAY_SHAPE_CHARS], needs[MN_ARRAY_SHAPE_CHARS];
    if (!array) return missing(m, layer, what);
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
        return mn_fail(MN_ERROR_FORMAT, "%s: array '%.200s' has shape %s, but in a MobileNetV2 it is %s",
                       m->state->file, array->name, has, needs);
    }
    mn_array_read_floats(array, order, to);
    m->used[array - m->state->arrays] = true;
    return MN_OK;
}

static mn_status load_vector(matching *m, const char *layer, const char *what, int32_t count, float *to) {
    return load(m, layer, what, 1, &count, (const int32_t[]){0}, to);
}

/* Kernels are [out][in][height][width] in PyTorch. */
static mn_status load_layer(matching *m, const mn_layer *layer, const char *name) {
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
    if (!layer->bias || (layer->kind == MN_LAYER_DENSE && !find(m, name, "bias"))) return MN_OK;
    return load_vector(m, name, "bias", layer->c, layer->bias);
}

/* The next layer of the network that has weights is called `name` in the state dict. */
static mn_status load_next(matching *m, const char *name) {
    do {
        m->layer++;
    } while (!m->net->layers[m->layer].kernel && !m->net->layers[m->layer].gamma);
    return load_layer(m, &m->net->layers[m->layer], name);
}

static mn_status load_all(matching *m, const mn_v2_plan *plan, const char *classifier, int32_t classes) {
    char name[MN_TORCH_NAME_CHARS];
    int32_t number = 0;
    for (int32_t i = 0; i < 2; i++) MN_TRY(load_next(m, m->names->stem[i]));
    for (int32_t s = 0; s < MN_V2_STAGES; s++) {
        for (int32_t i = 0; i < plan->blocks[s]; i++, number++) {
            for (int32_t k = 0; k < (number == 0 ? 4 : 6); k++) {
                mn_torch_block_name(m->names, s, i, number, k, name);
                MN_TRY(load_next(m, name));
            }
        }
    }
    for (int32_t i = 0; i < 2; i++) MN_TRY(load_next(m, m->names->head[i]));
    return classes > 0 ? load_next(m, classifier) : MN_OK;
}

/* Whatever is left must be what training counts: batches of a batch norm, models in an average. */
static mn_status check_unused(const matching *m) {
    for (int32_t i = 0; i < m->state->count; i++) {
        const mn_array *array = &m->state->arrays[i];
        bool counter = array->count == 1 && (array->type == MN_ARRAY_I64 || array->type == MN_ARRAY_I32);
        if (m->used[i] || counter) continue;
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: array '%.200s' has no place in a MobileNetV2 of %s; for another network export the whole "
                       "of it as ONNX",
                       m->state->file, array->name, m->names->library);
    }
    return MN_OK;
}

static mn_status match(matching *m, const mn_origin_options *options, mn_origin *origin) {
    mn_v2_plan plan;
    mn_v2_spec spec;
    char classifier[MN_TORCH_NAME_CHARS];
    m->names = mn_torch_names_of(m->state, &m->prefix, &m->prefix_length);
    if (!m->names) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: the names of its %d arrays are not those of a MobileNetV2 of torchvision or timm; export "
                       "the whole network as ONNX",
                       m->state->file, m->state->count);
    }
    m->used = mn_pool_alloc(&m->pool, (size_t)m->state->count, sizeof *m->used);
    if (!m->used) return mn_fail_memory("the list of weights");
    mn_v2_defaults(&spec);
    MN_TRY(find_plan(m, &plan));
    MN_TRY(check_size(m, &plan));
    MN_TRY(find_classifier(m, classifier, &spec.classes));
    spec.plan = &plan;
    spec.style = MN_V2_TORCH;
    spec.height = spec.width_px = options->size > 0 ? options->size : DEFAULT_SIZE;
    spec.softmax = !options->no_softmax;
    *origin = (mn_origin){.format = m->state->format,
                          .network = "MobileNetV2",
                          .width = mn_v2_width_of(&plan),
                          .assumed_size = options->size == 0,
                          .assumed_pixels = true,
                          .assumed_softmax = spec.classes > 0};
    MN_TRY(mn_v2_build(&spec, m->net));
    m->net->name = m->state->file;
    mn_meaning_set_imagenet(&m->net->meaning);
    MN_TRY(load_all(m, &plan, classifier, spec.classes));
    MN_TRY(check_unused(m));
    return mn_net_check(m->net);
}

mn_status mn_torch_match(const mn_torch_state *state, const mn_origin_options *options, mn_net *out,
                         mn_origin *origin) {
    matching m = {.state = state, .net = out, .layer = -1};
    mn_status status = match(&m, options, origin);
    mn_pool_free(&m.pool);
    return status;
}
