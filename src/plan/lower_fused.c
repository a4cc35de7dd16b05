/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Nodes that stand for several operators, from those of the operators alone. */
#include "plan/fuse.h"
#include "plan/lower.h"

/* Weights and bias of an operator, or -1. */
static void take_weights(const mn_op *op, int32_t *to) {
    to[0] = op->inputs[1];
    to[1] = op->input_count > 2 ? op->inputs[2] : -1;
}

static const void *params_of(const mn_lowering *l, int32_t op_index) { return l->alone[op_index].nodes[0].params; }

/* Adds a candidate of one node or two. */
static void add(const mn_lowering *l, int32_t first, const mn_node *nodes, int32_t count, bool is_fused) {
    const mn_node *last = &nodes[count - 1];
    const mn_candidate candidate = {
        .nodes = nodes, .node_count = count, .op_count = last->first_op + last->op_count - first, .is_fused = is_fused};
    mn_lower_add(&l->out[first], &candidate);
}

/* ---- An inverted residual -------------------------------------------------------------------------------- */

/* Parameters of both halves and the operands of both: memory for all of them. */
typedef struct halves {
    mn_conv_depthwise_params first;
    mn_project_params second;
    int32_t inputs[2][5];
    mn_node nodes[2];
} halves;

static void fill_params(const mn_lowering *l, const mn_fusion *f, halves *h) {
    h->first.conv = *(const mn_conv_params *)params_of(l, f->first);
    h->first.depthwise = *(const mn_conv_params *)params_of(l, f->first + 1);
    h->second = (mn_project_params){.conv = *(const mn_conv_params *)params_of(l, f->first + 2),
                                    .adds = f->adds,
                                    .residual_first = f->residual_first};
    if (f->adds) h->second.add = *(const mn_binary_params *)params_of(l, f->first + 3);
}

static void fill_inputs(const mn_lowering *l, const mn_fusion *f, halves *h) {
    const mn_op *ops = &l->graph->ops[f->first];
    int32_t *first = h->inputs[0], *second = h->inputs[1];
    first[0] = f->flips ? ops[-1].inputs[0] : ops[0].inputs[0];
    take_weights(&ops[0], first + 1);
    take_weights(&ops[1], first + 3);
    second[0] = ops[1].outputs[0];
    take_weights(&ops[2], second + 1);
    second[3] = f->adds ? f->residual : -1;
}

static mn_status lower_residual(const mn_lowering *l, int32_t first) {
    mn_fusion f;
    if (!mn_fuse_find(l->graph, l->shapes, l->readers, first, &f)) return MN_OK;
    halves *h = mn_region_alloc(l->region, 1, sizeof *h);
    if (!h) return mn_fail_memory("the plan");
    fill_params(l, &f, h);
    fill_inputs(l, &f, h);
    const mn_op *ops = &l->graph->ops[f.first];
    const int32_t images = h->first.conv.window.batches;
    const mn_type type = l->graph->tensors[ops[0].inputs[0]].type;
    h->nodes[0] = (mn_node){.op = MN_K_CONV_DEPTHWISE,
                            .in = f.flips ? MN_UINT8 : type,
                            .out = type,
                            .params = &h->first,
                            .inputs = h->inputs[0],
                            .input_count = 5,
                            .outputs = ops[1].outputs,
                            .output_count = 1,
                            .first_op = first,
                            .op_count = 2 + f.flips};
    h->nodes[1] = (mn_node){.op = MN_K_PROJECT,
                            .in = type,
                            .out = type,
                            .params = &h->second,
                            .inputs = h->inputs[1],
                            .input_count = 4,
                            .outputs = ops[f.adds ? 3 : 2].outputs,
                            .output_count = 1,
                            .first_op = f.first + 2,
                            .op_count = f.adds ? 2 : 1};
    for (int32_t i = 0; i < 2; i++) {
        mn_node *node = &h->nodes[i];
        node->work = mn_lower_work(l->graph, l->shapes, node->first_op, node->op_count, images);
    }
    add(l, first, h->nodes, 2, true);
    return MN_OK;
}

/* ---- A convolution that is cut by channels --------------------------------------------------------------- */

/* Does what `mean` or `pool` averages cover each whole image of a convolution? */
static bool averages_images(const mn_mean_params *mean) {
    return mean->rank == 4 && !mean->reduced[0] && mean->reduced[1] && mean->reduced[2] && !mean->reduced[3];
}

static bool pools_images(const mn_window *w) {
    return w->out_h == 1 && w->out_w == 1 && w->pad_top == 0 && w->pad_left == 0 && w->k_h >= w->in_h &&
           w->k_w >= w->in_w;
}

/* Takes over what averages the images, which is the operator `op_index`; false when it averages something else. */
static bool take_pooling(const mn_lowering *l, int32_t op_index, mn_conv_mean_params *out) {
    if (out->pooling == MN_POOLING_NONE) return true;
    if (out->pooling == MN_POOLING_MEAN) {
        out->mean = *(const mn_mean_params *)params_of(l, op_index);
        return averages_images(&out->mean);
    }
    const mn_pool_params *pool = params_of(l, op_index);
    out->range_f32 = pool->range_f32;
    out->range = pool->range;
    return pools_images(&pool->window);
}

typedef struct end {
    mn_conv_mean_params params;
    mn_node node;
} end;

static mn_status add_end(const mn_lowering *l, int32_t first, mn_pooling pooling) {
    end *e = mn_region_alloc(l->region, 1, sizeof *e);
    if (!e) return mn_fail_memory("the plan");
    e->params = (mn_conv_mean_params){.conv = *(const mn_conv_params *)params_of(l, first), .pooling = pooling};
    if (!take_pooling(l, first + 1, &e->params)) return MN_OK;
    const int32_t count = pooling == MN_POOLING_NONE ? 1 : 2;
    const mn_op *op = &l->graph->ops[first];
    const mn_type type = l->graph->tensors[op->inputs[0]].type;
    e->node = (mn_node){
        .op = MN_K_CONV_MEAN,
        .in = type,
        .out = type,
        .params = &e->params,
        .inputs = op->inputs,
        .input_count = op->input_count,
        .outputs = op[count - 1].outputs,
        .output_count = 1,
        .first_op = first,
        .op_count = count,
        .work = mn_lower_work(l->graph, l->shapes, first, count, e->params.conv.window.batches),
    };
    add(l, first, &e->node, 1, true);
    return MN_OK;
}

/* With what averages its images, or else without it. */
static mn_status lower_end(const mn_lowering *l, int32_t first) {
    mn_pooling pooling;
    if (!mn_fuse_find_end(l->graph, l->shapes, l->readers, first, &pooling)) return MN_OK;
    if (pooling != MN_POOLING_NONE) MN_TRY(add_end(l, first, pooling));
    return add_end(l, first, MN_POOLING_NONE);
}

/* ---- A dilated convolution ------------------------------------------------------------------------------- */

typedef struct dilated {
    mn_conv_params params;
    int32_t inputs[3];
    mn_node node;
} dilated;

static mn_status lower_dilated(const mn_lowering *l, int32_t first) {
    mn_window window;
    if (!mn_fuse_find_dilated(l->graph, l->shapes, l->readers, first, &window)) return MN_OK;
    const mn_node *conv = &l->alone[first + 1].nodes[0];
    if (conv->op != MN_K_CONV && conv->op != MN_K_DEPTHWISE) return MN_OK; /* float activations, 8-bit weights */
    dilated *d = mn_region_alloc(l->region, 1, sizeof *d);
    if (!d) return mn_fail_memory("the plan");
    const mn_op *ops = &l->graph->ops[first];
    d->node = *conv;
    d->params = *(const mn_conv_params *)d->node.params;
    window.in_c = d->params.window.in_c, window.out_c = d->params.window.out_c;
    window.k_h = d->params.window.k_h, window.k_w = d->params.window.k_w;
    d->params.window = window;
    d->inputs[0] = ops[0].inputs[0];
    take_weights(&ops[1], d->inputs + 1);
    d->node.params = &d->params;
    d->node.inputs = d->inputs;
    d->node.input_count = 3;
    d->node.outputs = ops[2].outputs;
    d->node.first_op = first;
    d->node.op_count = 3;
    d->node.work = mn_lower_work(l->graph, l->shapes, first, 3, window.batches * window.out_h);
    add(l, first, &d->node, 1, false);
    return MN_OK;
}

mn_status mn_lower_fused(const mn_lowering *l, int32_t first) {
    MN_TRY(lower_residual(l, first));
    MN_TRY(lower_end(l, first));
    return lower_dilated(l, first);
}
