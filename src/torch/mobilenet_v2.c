/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* MobileNetV2 under the names of several libraries: net/mobilenet_v2.h builds it, with Keras' names. */
#include <string.h>

#include "net/mobilenet_v2.h"
#include "torch/matching.h"
#include "torch/names.h"

#define MAX_BLOCKS 64 /* of one stage */

typedef struct matching {
    mn_torch_matching *m;
    const mn_torch_names *names;
    int32_t layer; /* the last one that was filled */
} matching;

/* ---- Which MobileNetV2 ------------------------------------------------------------------------------- */

/* Channels that a convolution gives; 0 when it is not there or is not a convolution. */
static int32_t channels_of(const matching *m, const char *layer) {
    const mn_array *weight = mn_torch_find(m->m, layer, "weight");
    return weight && weight->rank == 4 ? weight->dims[0] : 0;
}

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
    if (plan->stem == 0) return mn_torch_missing(m->m, m->names->stem[0], "weight");
    if (plan->head == 0) return mn_torch_missing(m->m, m->names->head[0], "weight");
    for (int32_t s = 0; s < MN_V2_STAGES; s++) {
        plan->blocks[s] = count_blocks(m, s, number, plan->blocks[s]);
        plan->filters[s] = block_channels(m, s, 0, number);
        if (plan->filters[s] == 0 || plan->blocks[s] == 0) {
            char name[MN_TORCH_NAME_CHARS];
            mn_torch_block_name(m->names, s, 0, number, number == 0 ? 2 : 4, name);
            return mn_torch_missing(m->m, name, "weight");
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
    if (kernel_elements(plan) <= (double)m->m->state->elements) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "%s: holds %zu numbers, fewer than a MobileNetV2 with these channels has",
                   m->m->state->file, m->m->state->elements);
}

/* ---- Filling ----------------------------------------------------------------------------------------- */

/* The next layer of the network that has weights is called `name` in the state dict. */
static mn_status load_next(matching *m, const char *name) {
    do {
        m->layer++;
    } while (!m->m->net->layers[m->layer].kernel && !m->m->net->layers[m->layer].gamma);
    return mn_torch_load(m->m, &m->m->net->layers[m->layer], name);
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

static mn_status match(matching *m, mn_origin *origin) {
    mn_torch_matching *all = m->m;
    mn_v2_plan plan;
    mn_v2_spec spec;
    char classifier[MN_TORCH_NAME_CHARS];
    mn_v2_defaults(&spec);
    MN_TRY(find_plan(m, &plan));
    MN_TRY(check_size(m, &plan));
    MN_TRY(mn_torch_classifier(all, classifier, &spec.classes));
    spec.plan = &plan;
    spec.style = MN_V2_TORCH;
    spec.height = spec.width_px = mn_torch_size(all);
    spec.softmax = !all->options->no_softmax;
    origin->network = "MobileNetV2";
    origin->width = mn_v2_width_of(&plan);
    origin->assumed_softmax = spec.classes > 0;
    if (origin->width == 0) {
        origin->untrainable = "training knows MobileNetV2s of the widths that one number makes, and this is not one";
    }
    MN_TRY(mn_v2_build(&spec, all->net));
    all->net->name = all->state->file;
    mn_meaning_set_imagenet(&all->net->meaning);
    return load_all(m, &plan, classifier, spec.classes);
}

mn_status mn_torch_match_v2(mn_torch_matching *all, mn_origin *origin, bool *found) {
    matching m = {.m = all, .names = mn_torch_names_of(all), .layer = -1};
    *found = m.names != NULL;
    if (!m.names) return MN_OK;
    all->network = m.names->network;
    return match(&m, origin);
}
