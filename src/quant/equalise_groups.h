/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which channels of a float graph may be rescaled, and which of them only together. */
#ifndef MN_QUANT_EQUALISE_GROUPS_H
#define MN_QUANT_EQUALISE_GROUPS_H

#include "graph/graph.h"

/** Tensors whose channels must be rescaled alike form a group: those around additions, means, pools. Channels that go
 * through an activation function stay, but for RELU and RELU6 when they are asked for. */
typedef struct mn_groups {
    /* [tensor_count] */
    int32_t *of;   /* the group: one of its tensors; -1 where channels must stay as they are */
    bool *movable; /* a constant may be taken from each channel: all of the group, or none of it */
} mn_groups;

typedef enum mn_groups_kind {
    MN_GROUPS_LINEAR, /* channels that meet no activation function */
    MN_GROUPS_CLIPPED /* and those that meet RELU or RELU6 where they are made */
} mn_groups_kind;

/** Errors: MEMORY. */
mn_status mn_groups_find(const mn_graph *graph, mn_groups_kind kind, mn_region *region, mn_groups *out);

/** The weights of an operator: [outputs][taps][inputs], or [taps][inputs] when depthwise, where outputs = inputs. */
typedef struct mn_weights {
    const float *values;
    const float *bias; /* [outputs], or NULL */
    int32_t outputs, inputs, taps;
    bool depthwise;
    bool padded; /* some taps may meet padding */
} mn_weights;

/** False for operators without weights, and those with several groups of channels or several outputs per channel. */
bool mn_weights_of(const mn_graph *graph, int32_t op, mn_weights *out);

/** Weight of output channel `output` for input channel `input` at `tap`; `input` is not used when depthwise. */
static inline size_t mn_weights_at(const mn_weights *w, int32_t output, int32_t tap, int32_t input) {
    if (w->depthwise) return (size_t)tap * (size_t)w->inputs + (size_t)output;
    return ((size_t)output * (size_t)w->taps + (size_t)tap) * (size_t)w->inputs + (size_t)input;
}

#endif
