/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "torch/match.h"

#include "torch/matching.h"

/* Whatever is left must be what training counts: batches of a batch norm, models in an average. */
static mn_status check_unused(const mn_torch_matching *m) {
    for (int32_t i = 0; i < m->state->count; i++) {
        const mn_array *array = &m->state->arrays[i];
        bool counter = array->count == 1 && (array->type == MN_ARRAY_I64 || array->type == MN_ARRAY_I32);
        if (m->used[i] || counter) continue;
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: array '%.200s' has no place in a %s; for another network export the whole network as ONNX",
                       m->state->file, array->name, m->network);
    }
    return MN_OK;
}

static mn_status match(mn_torch_matching *m, mn_origin *origin) {
    bool found = false;
    m->used = mn_region_alloc(&m->region, (size_t)m->state->count, sizeof *m->used);
    if (!m->used) return mn_fail_memory("the list of weights");
    *origin = (mn_origin){.format = m->state->format, .assumed_size = m->options->size == 0, .assumed_pixels = true};
    MN_TRY(mn_torch_match_others(m, origin, &found));
    if (!found) MN_TRY(mn_torch_match_v2(m, origin, &found));
    if (!found) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: the names of its %d arrays are not those of a MobileNet of torchvision or timm; export the "
                       "whole network as ONNX",
                       m->state->file, m->state->count);
    }
    MN_TRY(check_unused(m));
    return mn_net_check(m->net);
}

mn_status mn_torch_match(const mn_torch_state *state, const mn_origin_options *options, mn_net *out,
                         mn_origin *origin) {
    mn_torch_matching m = {.state = state, .options = options, .net = out};
    mn_status status = match(&m, origin);
    mn_region_free(&m.region);
    return status;
}
