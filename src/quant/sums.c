/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/sums.h"

#include <string.h>

typedef struct summing {
    mn_region region;
    mn_scheme *scheme;
    double *weight; /* [tensor_count]: how many layers noise in it reaches that passed no other layer */
    /* [tensor_count]: of the scheme, before the trial at hand */
    int32_t *leader;
    mn_interval *range;
} summing;

/* ---- What a choice costs -------------------------------------------------------------------------------- */

static void weigh(const summing *s) {
    const mn_graph *graph = s->scheme->graph;
    for (int32_t i = graph->op_count - 1; i >= 0; i--) {
        const mn_op *op = &graph->ops[i];
        const double after = s->scheme->layer_of[i] >= 0 ? 1 : s->weight[op->outputs[0]];
        for (int32_t k = 0; k < op->input_count; k++) {
            if (op->inputs[k] >= 0) s->weight[op->inputs[k]] += after;
        }
    }
}

/* Does the operator give its operands' stored values, or their sums, as they are? */
static bool is_exact(const mn_scheme *scheme, int32_t index) {
    const mn_op *op = &scheme->graph->ops[index];
    if (scheme->layer_of[index] >= 0) return false;
    for (int32_t k = 0; k < op->input_count; k++) {
        const int32_t in = op->inputs[k];
        if (in >= 0 && scheme->is_activation[in] && scheme->leader[in] != scheme->leader[op->outputs[0]]) return false;
    }
    return true;
}

static double noise(const summing *s) {
    const mn_scheme *scheme = s->scheme;
    double sum = 0;
    for (int32_t i = 0; i < scheme->graph->op_count; i++) {
        const int32_t out = scheme->graph->ops[i].outputs[0];
        const double step = (double)mn_scheme_step(scheme, out).scale;
        if (!is_exact(scheme, i)) sum += s->weight[out] * step * step;
    }
    return sum;
}

/* ---- Choosing ------------------------------------------------------------------------------------------- */

static bool may_join(const mn_scheme *scheme, const mn_op *op, int32_t tensor) {
    const mn_tensor *t = &scheme->graph->tensors[tensor];
    const int32_t leader = scheme->leader[tensor];
    return mn_scheme_is_open(scheme, tensor) && scheme->fixed[leader].scale == 0 &&
           leader != scheme->leader[scheme->graph->inputs[0]] &&
           t->bytes == mn_graph_output(scheme->graph, op, 0)->bytes;
}

static void join(mn_scheme *scheme, int32_t a, int32_t b) {
    const mn_interval x = scheme->range[scheme->leader[a]], y = scheme->range[scheme->leader[b]];
    mn_scheme_join(scheme, a, b);
    scheme->range[scheme->leader[a]] = (mn_interval){x.low < y.low ? x.low : y.low, x.high > y.high ? x.high : y.high};
}

static void try_sum(summing *s, const mn_op *op) {
    mn_scheme *scheme = s->scheme;
    const size_t tensors = (size_t)scheme->graph->tensor_count;
    const double before = noise(s);
    memcpy(s->leader, scheme->leader, tensors * sizeof *s->leader);
    memcpy(s->range, scheme->range, tensors * sizeof *s->range);
    for (int32_t k = 0; k < 2; k++) join(scheme, op->outputs[0], op->inputs[k]);
    if (noise(s) < before) return;
    memcpy(scheme->leader, s->leader, tensors * sizeof *s->leader);
    memcpy(scheme->range, s->range, tensors * sizeof *s->range);
}

static mn_status share(summing *s) {
    const mn_graph *graph = s->scheme->graph;
    const size_t tensors = (size_t)graph->tensor_count;
    s->weight = mn_region_alloc(&s->region, tensors, sizeof *s->weight);
    s->leader = mn_region_alloc(&s->region, tensors, sizeof *s->leader);
    s->range = mn_region_alloc(&s->region, tensors, sizeof *s->range);
    if (!s->weight || !s->leader || !s->range) return mn_fail_memory("the scales of sums");
    weigh(s);
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        if (op->kind != MN_OP_ADD || op->attr.activation != MN_ACT_NONE) continue;
        if (!may_join(s->scheme, op, op->inputs[0]) || !may_join(s->scheme, op, op->inputs[1])) continue;
        if (may_join(s->scheme, op, op->outputs[0])) try_sum(s, op);
    }
    return MN_OK;
}

mn_status mn_scheme_share_sums(mn_scheme *scheme) {
    summing s = {.scheme = scheme};
    const mn_status status = share(&s);
    mn_region_free(&s.region);
    return status;
}
