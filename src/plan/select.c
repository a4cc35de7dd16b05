/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/select.h"

#include "base/checked.h"

/* A candidate and the kernels for its nodes, as far as they are chosen. */
typedef struct choice {
    mn_plan *plan;
    const mn_plan_options *options;
    const mn_candidate *candidate;
    mn_step *steps; /* [node_count] */
    bool by_rows;   /* kernels must run row by row where the node can */
} choice;

/* Every operand but the first is constant or left out, so that weights may be packed. Operators that run as one have
 * constant weights, or they would not (plan/fuse.h). */
static bool has_constant_weights(const choice *c, const mn_node *node) {
    if (c->candidate->is_fused) return true;
    for (int32_t i = 1; i < node->input_count; i++) {
        if (node->inputs[i] >= 0 && !mn_plan_is_constant(c->plan, node->inputs[i])) return false;
    }
    return true;
}

/* Does node `n` hand its output to the one behind it, and to nobody else? */
static bool hands_on(const choice *c, int32_t n) {
    if (!c->candidate->is_fused || n + 1 >= c->candidate->node_count) return false;
    return c->candidate->nodes[n + 1].inputs[0] == c->candidate->nodes[n].outputs[0];
}

/* Do the layouts of `kernel` fit what is before and behind node `n`? `handed` is what the node before it writes. */
static bool fits_layouts(const choice *c, int32_t n, const mn_kernel *kernel, mn_layout handed, mn_layout *out) {
    mn_layout in;
    mn_kernel_layouts(kernel, c->candidate->nodes[n].params, &in, out);
    const mn_layout wanted = n > 0 && hands_on(c, n - 1) ? handed : (mn_layout){0};
    return mn_layout_equal(in, wanted) && (hands_on(c, n) || mn_layout_is_nhwc(*out));
}

/* References of operators that run as one define what those compute; they gain nothing. */
static bool is_worth_it(const choice *c, const mn_kernel *kernel, const mn_node *node) {
    if (c->candidate->is_fused && kernel->tier == MN_TIER_REF) return false;
    return kernel->traits->pays == NULL || kernel->traits->pays(node->params);
}

static bool fits_rows(const choice *c, const mn_kernel *kernel, const mn_node *node) {
    if (!c->by_rows || kernel->traits->rings) return true;
    return mn_plan_row_form(c->plan->shapes, node).kind != MN_ROWS_WINDOW;
}

static bool fits(const choice *c, int32_t n, const mn_kernel *kernel, mn_kernel_need *need) {
    const mn_node *node = &c->candidate->nodes[n];
    if (!fits_rows(c, kernel, node)) return false;
    if (!is_worth_it(c, kernel, node)) return false;
    if (mn_kernel_packs(kernel) && !has_constant_weights(c, node)) return false;
    return mn_kernel_needs(kernel, node->params, need);
}

/* Chooses kernels for the nodes from `n` on; false when there are none that fit. */
static bool choose(const choice *c, int32_t n, mn_layout handed) {
    if (n == c->candidate->node_count) return true;
    const mn_node *node = &c->candidate->nodes[n];
    mn_step *step = &c->steps[n];
    *step = (mn_step){.node = node};
    if (node->is_alias || node->part) return choose(c, n + 1, (mn_layout){0});
    for (const mn_kernel *kernel = NULL;;) {
        mn_layout out;
        kernel = mn_kernel_next(node->op, node->in, node->out, &c->options->target, c->options->tier, kernel);
        if (!kernel) return false;
        if (!fits(c, n, kernel, &step->need) || !fits_layouts(c, n, kernel, handed, &out)) continue;
        step->kernel = kernel;
        if (choose(c, n + 1, out)) return true;
    }
}

static mn_status no_kernel(const mn_plan *plan, const mn_node *node) {
    return mn_graph_fail(plan->graph, node->first_op, MN_ERROR_UNSUPPORTED, "there is no kernel for %s -> %s",
                         mn_type_name(node->in), mn_type_name(node->out));
}

/* ---- What is known once kernels are chosen --------------------------------------------------------------- */

/* Bytes of a tensor of images in `layout`. */
static size_t bytes_in(const mn_shape *shape, mn_layout layout, size_t element) {
    const mn_extent e = mn_extent_of(layout, shape->dims[1], shape->dims[2], shape->dims[3]);
    return (size_t)shape->dims[0] * mn_extent_image(&e) * element;
}

static void note_layout(mn_plan *plan, const mn_step *step) {
    mn_layout in, out;
    const int32_t tensor = step->node->outputs[0];
    mn_kernel_layouts(step->kernel, step->node->params, &in, &out);
    if (mn_layout_is_nhwc(out)) return;
    plan->layout[tensor] = out;
    plan->bytes[tensor] = bytes_in(&plan->shapes[tensor], out, mn_type_size(plan->graph->tensors[tensor].type));
}

static void take_steps(mn_plan *plan, const mn_step *steps, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        const mn_node *node = steps[i].node;
        plan->steps[plan->step_count++] = steps[i];
        if (node->is_alias) {
            plan->same_as[node->outputs[0]] = plan->same_as[node->inputs[0]];
        } else if (!node->part) {
            note_layout(plan, &steps[i]);
        }
    }
}

/* The first candidate that has kernels; `steps` has room for its nodes. */
static mn_status select_one(mn_plan *plan, const mn_plan_options *options, const mn_candidates *from, mn_step *steps,
                            int32_t *op_count) {
    for (int32_t i = 0; i < from->count; i++) {
        choice c = {.plan = plan, .options = options, .candidate = &from->list[i], .steps = steps};
        c.by_rows = options->streamed;
        bool found = choose(&c, 0, (mn_layout){0});
        if (!found && c.by_rows) {
            c.by_rows = false;
            found = choose(&c, 0, (mn_layout){0});
        }
        if (!found) continue;
        take_steps(plan, steps, c.candidate->node_count);
        *op_count = c.candidate->op_count;
        return MN_OK;
    }
    const mn_candidate *alone = &from->list[from->count - 1];
    return no_kernel(plan, alone->nodes);
}

/* Most steps that there can be: a node for each output of each operator, or fewer. */
static size_t most_steps(const mn_graph *graph) {
    size_t outputs = 0;
    for (int32_t i = 0; i < graph->op_count; i++) outputs += (size_t)graph->ops[i].output_count;
    return outputs;
}

static mn_status prepare(mn_plan *plan) {
    const mn_graph *graph = plan->graph;
    const size_t tensors = (size_t)graph->tensor_count;
    plan->steps = mn_region_alloc(&plan->region, most_steps(graph), sizeof *plan->steps);
    plan->layout = mn_region_alloc(&plan->region, tensors, sizeof *plan->layout);
    plan->bytes = mn_region_alloc(&plan->region, tensors, sizeof *plan->bytes);
    plan->same_as = mn_region_alloc(&plan->region, tensors, sizeof *plan->same_as);
    if (!plan->steps || !plan->layout || !plan->bytes || !plan->same_as) return mn_fail_memory("the plan");
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        plan->same_as[i] = i;
        plan->bytes[i] = (size_t)mn_shape_count(&plan->shapes[i]) * mn_type_size(graph->tensors[i].type);
    }
    return MN_OK;
}

mn_status mn_plan_select(mn_plan *plan, const mn_candidates *candidates, const mn_plan_options *options) {
    MN_TRY(prepare(plan));
    mn_step *steps = mn_region_alloc(&plan->region, most_steps(plan->graph), sizeof *steps);
    if (!steps) return mn_fail_memory("the plan");
    for (int32_t i = 0, count; i < plan->graph->op_count; i += count) {
        MN_TRY(select_one(plan, options, &candidates[i], steps, &count));
    }
    return MN_OK;
}
