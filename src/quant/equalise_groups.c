/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/equalise_groups.h"

#include <string.h>

static bool has_weights(mn_op_kind kind) {
    return kind == MN_OP_CONV_2D || kind == MN_OP_DEPTHWISE_CONV_2D || kind == MN_OP_FULLY_CONNECTED;
}

bool mn_weights_of(const mn_graph *graph, int32_t op_index, mn_weights *out) {
    const mn_op *op = &graph->ops[op_index];
    if (!has_weights(op->kind)) return false;
    const mn_tensor *x = mn_graph_input(graph, op, 0), *w = mn_graph_input(graph, op, 1);
    const mn_tensor *bias = mn_graph_input(graph, op, 2);
    *out = (mn_weights){.values = w->data, .bias = bias ? bias->data : NULL, .taps = 1};
    out->depthwise = op->kind == MN_OP_DEPTHWISE_CONV_2D;
    out->outputs = w->dims[out->depthwise ? 3 : 0];
    out->inputs = w->dims[w->rank - 1];
    if (op->kind == MN_OP_FULLY_CONNECTED) return x->dims[x->rank - 1] == out->inputs;
    out->taps = w->dims[1] * w->dims[2];
    out->padded = op->attr.padding == MN_PAD_SAME && out->taps > 1;
    return x->dims[3] == out->inputs;
}

/* ---- Tying ---------------------------------------------------------------------------------------------- */

typedef struct finding {
    const mn_graph *graph;
    mn_groups_kind kind;
    mn_groups *groups;
    bool *fixed;   /* [tensor_count]: of the leader of each group */
    int32_t *uses; /* [tensor_count]: by operators */
} finding;

static void tie(finding *f, int32_t a, int32_t b) {
    int32_t from = f->groups->of[a], to = f->groups->of[b];
    for (int32_t i = 0; i < f->graph->tensor_count; i++) {
        if (f->groups->of[i] == from) f->groups->of[i] = to;
    }
    f->fixed[to] = f->fixed[to] || f->fixed[from];
}

static void fix(finding *f, int32_t tensor) { f->fixed[f->groups->of[tensor]] = true; }

static void fix_all(finding *f, const mn_op *op) {
    for (int32_t i = 0; i < op->input_count; i++) {
        if (op->inputs[i] >= 0) fix(f, op->inputs[i]);
    }
    for (int32_t i = 0; i < op->output_count; i++) fix(f, op->outputs[i]);
}

static int32_t channels_of(const mn_tensor *tensor) { return tensor->rank > 0 ? tensor->dims[tensor->rank - 1] : 1; }

static bool same_shape(const mn_tensor *a, const mn_tensor *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

/* Does the operator treat each channel alone, and all in the same way? */
static bool keeps_channels(const finding *f, const mn_op *op) {
    const mn_tensor *in = mn_graph_input(f->graph, op, 0), *out = mn_graph_output(f->graph, op, 0);
    switch (op->kind) {
    case MN_OP_ADD: {
        const mn_tensor *other = mn_graph_input(f->graph, op, 1);
        return !in->data && !other->data && same_shape(in, out) && same_shape(other, out);
    }
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: return true;
    /* The last dimension varies fastest: equal ones mean that values stay in their channels. */
    case MN_OP_MEAN:
    case MN_OP_RESHAPE:
    case MN_OP_SQUEEZE: return channels_of(in) == channels_of(out);
    default: return false;
    }
}

static bool reduces_channels(const mn_graph *graph, const mn_op *op) {
    int32_t last = mn_graph_input(graph, op, 0)->rank - 1;
    for (int32_t i = 0; op->kind == MN_OP_MEAN && i < op->attr.list_count; i++) {
        if (op->attr.list[i] == last || op->attr.list[i] == -1) return true;
    }
    return false;
}

/* RELU of a multiple is the multiple of RELU; so is RELU6's for values that it does not cut off. */
static bool passes(const finding *f, mn_activation activation) {
    bool cut = activation == MN_ACT_RELU || activation == MN_ACT_RELU6;
    return activation == MN_ACT_NONE || (f->kind == MN_GROUPS_CLIPPED && cut);
}

static void tie_op(finding *f, int32_t index) {
    const mn_op *op = &f->graph->ops[index];
    mn_weights w;
    if (!passes(f, op->attr.activation)) fix(f, op->outputs[0]);
    if (has_weights(op->kind)) {
        bool shared =
            f->uses[op->inputs[1]] > 1 || (op->input_count > 2 && op->inputs[2] >= 0 && f->uses[op->inputs[2]] > 1);
        if (!mn_weights_of(f->graph, index, &w) || shared) fix_all(f, op);
    } else if (keeps_channels(f, op) && !reduces_channels(f->graph, op)) {
        tie(f, op->outputs[0], op->inputs[0]);
        if (op->kind == MN_OP_ADD) tie(f, op->outputs[0], op->inputs[1]);
    } else {
        fix_all(f, op);
    }
}

/* ---- Moving --------------------------------------------------------------------------------------------- */

/* Is a constant that is taken from the channels of its tensors given back exactly? */
static bool allows_moving(const finding *f, int32_t index) {
    const mn_op *op = &f->graph->ops[index];
    mn_weights w;
    if (mn_weights_of(f->graph, index, &w)) return w.bias && !w.padded;
    return op->kind == MN_OP_ADD;
}

static void forbid_moving(finding *f, int32_t tensor) {
    for (int32_t i = 0; i < f->graph->tensor_count; i++) {
        if (f->groups->of[i] == f->groups->of[tensor]) f->groups->movable[i] = false;
    }
}

static void find_movable(finding *f) {
    for (int32_t i = 0; i < f->graph->tensor_count; i++) f->groups->movable[i] = true;
    for (int32_t i = 0; i < f->graph->op_count; i++) {
        const mn_op *op = &f->graph->ops[i];
        mn_weights w;
        if (!allows_moving(f, i)) forbid_moving(f, op->inputs[mn_op_first_input(op->kind)]);
        /* What makes a tensor must have a bias to take the constant away; padding does not matter there. */
        bool made = mn_weights_of(f->graph, i, &w) ? w.bias != NULL : allows_moving(f, i);
        made = made && op->attr.activation == MN_ACT_NONE;
        for (int32_t k = 0; k < op->output_count && !made; k++) forbid_moving(f, op->outputs[k]);
    }
}

/* ---- All ------------------------------------------------------------------------------------------------ */

static void find(finding *f) {
    const mn_graph *graph = f->graph;
    for (int32_t i = 0; i < graph->tensor_count; i++) f->groups->of[i] = i;
    for (int32_t i = 0; i < graph->op_count; i++) {
        for (int32_t k = 0; k < graph->ops[i].input_count; k++) {
            if (graph->ops[i].inputs[k] >= 0) f->uses[graph->ops[i].inputs[k]]++;
        }
    }
    for (int32_t i = 0; i < graph->input_count; i++) fix(f, graph->inputs[i]);
    for (int32_t i = 0; i < graph->output_count; i++) fix(f, graph->outputs[i]);
    for (int32_t i = 0; i < graph->op_count; i++) tie_op(f, i);
    find_movable(f);
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (!f->fixed[f->groups->of[i]] && !graph->tensors[i].data) continue;
        f->groups->of[i] = -1;
        f->groups->movable[i] = false;
    }
}

mn_status mn_groups_find(const mn_graph *graph, mn_groups_kind kind, mn_region *region, mn_groups *out) {
    size_t tensors = (size_t)graph->tensor_count;
    *out = (mn_groups){.of = mn_region_alloc(region, tensors, sizeof *out->of),
                       .movable = mn_region_alloc(region, tensors, sizeof *out->movable)};
    finding f = {.graph = graph,
                 .kind = kind,
                 .groups = out,
                 .fixed = mn_region_alloc(region, tensors, sizeof *f.fixed),
                 .uses = mn_region_alloc(region, tensors, sizeof *f.uses)};
    if (!out->of || !out->movable || !f.fixed || !f.uses) {
        return mn_fail_memory("the groups of channels");
    }
    find(&f);
    return MN_OK;
}
