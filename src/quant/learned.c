/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/learned.h"

static mn_interval learned(const mn_channel_stats *stats, int32_t tensor) {
    const mn_channel_stats *s = &stats[tensor];
    return s->low < s->high ? (mn_interval){s->low, s->high} : MN_INTERVAL_UNKNOWN;
}

bool mn_learned_input(const mn_graph *graph, const mn_channel_stats *stats, mn_interval *input) {
    if (!stats) return false;
    *input = learned(stats, graph->inputs[0]);
    return mn_interval_known(*input);
}

/* Of a tensor, or of one that must have the same. */
static mn_interval range_of(const mn_scheme *scheme, const mn_channel_stats *stats, int32_t tensor) {
    if (scheme->fixed[scheme->leader[tensor]].scale > 0) return (mn_interval){0, 1};
    mn_interval range = learned(stats, tensor);
    for (int32_t i = 0; i < scheme->graph->tensor_count && !mn_interval_known(range); i++) {
        if (scheme->leader[i] == scheme->leader[tensor]) range = learned(stats, i);
    }
    return range;
}

mn_status mn_learned_ranges(mn_scheme *scheme, const mn_channel_stats *stats) {
    const mn_graph *graph = scheme->graph;
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (!mn_scheme_is_open(scheme, i)) continue;
        scheme->range[i] = range_of(scheme, stats, i);
        if (mn_interval_known(scheme->range[i])) continue;
        return mn_fail(MN_ERROR_FORMAT, "%s: has learned ranges, but none for tensor %s; train it with --qat again",
                       graph->name, graph->tensors[i].name);
    }
    return MN_OK;
}
