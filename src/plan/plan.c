/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/plan.h"

#include "base/checked.h"
#include "kernels/blocks.h"
#include "kernels/panel.h"
#include "plan/bands.h"
#include "plan/bind.h"
#include "plan/fuse.h"
#include "plan/memory.h"

static bool is_constant(const mn_plan *plan, int32_t tensor) { return plan->graph->tensors[tensor].data != NULL; }

/* ---- Steps ---------------------------------------------------------------------------------------------- */

static mn_status take_shapes(mn_plan *plan, const mn_shape *inputs) {
    const mn_graph *graph = plan->graph;
    plan->shapes = mn_region_alloc(&plan->region, (size_t)graph->tensor_count, sizeof *plan->shapes);
    if (!plan->shapes) return mn_fail_memory("the plan");
    for (int32_t i = 0; i < graph->tensor_count; i++) plan->shapes[i] = mn_tensor_shape(&graph->tensors[i]);
    if (!inputs) return MN_OK; /* the graph's own shapes are already inferred */
    for (int32_t i = 0; i < graph->input_count; i++) {
        const mn_tensor *tensor = &graph->tensors[graph->inputs[i]];
        if (!mn_shape_check(&inputs[i], tensor->type)) {
            return mn_fail(MN_ERROR_ARGUMENT, "%s: the shape given for input %d (%s) is empty or over 1 GiB",
                           graph->name, i, tensor->name);
        }
        plan->shapes[graph->inputs[i]] = inputs[i];
    }
    return mn_graph_infer_shapes(graph, plan->shapes, NULL);
}

static mn_status no_kernel(const mn_plan *plan, int32_t op_index, const mn_binding *binding) {
    return mn_graph_fail(plan->graph, op_index, MN_ERROR_UNSUPPORTED, "there is no kernel for %s -> %s",
                         mn_type_name(binding->in), mn_type_name(binding->out));
}

/* Every operand but the first is constant or left out, so that weights may be packed. */
static bool has_constant_weights(const mn_plan *plan, const mn_step *step) {
    for (int32_t i = 1; i < step->input_count; i++) {
        if (step->inputs[i] >= 0 && !is_constant(plan, step->inputs[i])) return false;
    }
    return true;
}

static const mn_kernel *kernel_for(const mn_binding *b, const mn_target *target, mn_tier tier, mn_kernel_need *need) {
    return mn_kernel_choose(b->op, b->in, b->out, target, tier, b->params, need);
}

static mn_status choose_kernel(mn_plan *plan, const mn_plan_options *options, const mn_binding *binding,
                               mn_step *step) {
    step->kernel = kernel_for(binding, &options->target, options->tier, &step->need);
    if (step->kernel && mn_kernel_packs(step->kernel) && !has_constant_weights(plan, step)) {
        step->kernel = kernel_for(binding, &options->target, MN_TIER_REF, &step->need);
    }
    return step->kernel ? MN_OK : no_kernel(plan, step->first_op, binding);
}

/* One step for each output of an operator. */
static mn_status add_step(mn_plan *plan, const mn_plan_options *options, int32_t op_index) {
    const mn_op *op = &plan->graph->ops[op_index];
    const bool alias = mn_bind_alias(plan->shapes, op);
    mn_binding binding = {0};
    for (int32_t i = 0; i < op->output_count; i++) {
        mn_step *step = &plan->steps[plan->step_count++];
        *step = (mn_step){.output = op->outputs[i], .first_op = op_index, .op_count = 1};
        if (alias) {
            step->inputs = op->inputs + mn_op_first_input(op->kind);
            step->input_count = 1;
            plan->same_as[step->output] = plan->same_as[step->inputs[0]];
            continue;
        }
        MN_TRY(mn_bind_part(plan->graph, plan->shapes, &plan->region, op_index, i, binding.part_end, &binding));
        step->params = binding.params;
        step->units = binding.units;
        step->inputs = op->inputs + binding.first_input;
        step->input_count = binding.input_count;
        MN_TRY(choose_kernel(plan, options, &binding, step));
    }
    return MN_OK;
}

/* ---- Fused steps ---------------------------------------------------------------------------------------- */

/* The kernel for a fused step; NULL below the tiers that gain by it. */
static const mn_kernel *fused_kernel(const mn_plan_options *options, mn_kernel_op op, mn_type in, mn_type type,
                                     const void *params, mn_kernel_need *need) {
    const mn_kernel *kernel = mn_kernel_choose(op, in, type, &options->target, options->tier, params, need);
    return kernel && kernel->tier > MN_TIER_PORTABLE ? kernel : NULL;
}

/* Both halves of an inverted residual: parameters, steps and their operands. */
typedef struct halves {
    mn_conv_depthwise_params *first;
    mn_project_params *second;
    mn_step steps[2];
} halves;

static mn_status bind_halves(mn_plan *plan, const mn_fusion *f, halves *out) {
    mn_binding binding[4];
    const int32_t count = f->adds ? 4 : 3;
    for (int32_t i = 0; i < count; i++) {
        MN_TRY(mn_bind(plan->graph, plan->shapes, &plan->region, f->first + i, &binding[i]));
    }
    out->first = mn_region_alloc(&plan->region, 1, sizeof *out->first);
    out->second = mn_region_alloc(&plan->region, 1, sizeof *out->second);
    if (!out->first || !out->second) return mn_fail_memory("the plan");
    *out->first = (mn_conv_depthwise_params){.conv = *(const mn_conv_params *)binding[0].params,
                                             .depthwise = *(const mn_conv_params *)binding[1].params};
    *out->second = (mn_project_params){
        .conv = *(const mn_conv_params *)binding[2].params, .adds = f->adds, .residual_first = f->residual_first};
    if (f->adds) out->second->add = *(const mn_binary_params *)binding[3].params;
    return MN_OK;
}

/* Weights and bias of an operator, or -1. */
static void take_weights(const mn_op *op, int32_t *to) {
    to[0] = op->inputs[1];
    to[1] = op->input_count > 2 ? op->inputs[2] : -1;
}

static mn_status list_operands(mn_plan *plan, const mn_fusion *f, halves *h) {
    const mn_op *ops = &plan->graph->ops[f->first];
    int32_t *first = mn_region_alloc(&plan->region, 5, sizeof *first),
            *second = mn_region_alloc(&plan->region, 4, sizeof *second);
    if (!first || !second) return mn_fail_memory("the plan");
    first[0] = f->flips ? ops[-1].inputs[0] : ops[0].inputs[0];
    take_weights(&ops[0], first + 1);
    take_weights(&ops[1], first + 3);
    second[0] = ops[1].outputs[0];
    take_weights(&ops[2], second + 1);
    second[3] = f->adds ? f->residual : -1;
    h->steps[0].inputs = first;
    h->steps[0].input_count = 5;
    h->steps[0].output = ops[1].outputs[0];
    h->steps[1].inputs = second;
    h->steps[1].input_count = 4;
    h->steps[1].output = ops[f->adds ? 3 : 2].outputs[0];
    return MN_OK;
}

/* The tensor between the halves: its blocks of channels, and its bytes. */
static int32_t place_between(const mn_window *w, mn_type type, size_t *bytes) {
    const mn_panels panels = mn_panels_of(w->out_h, w->out_w, w->out_c);
    const mn_blocks blocks = mn_blocks_of(w->out_h, w->out_w, w->out_c);
    *bytes = (size_t)w->batches * (type == MN_FLOAT32 ? mn_blocks_bytes(&blocks) : mn_panel_image_bytes(&panels));
    return type == MN_FLOAT32 ? blocks.count : panels.blocks;
}

/* Fills both steps; `fits` says whether kernels take them. */
static mn_status make_halves(mn_plan *plan, const mn_plan_options *options, const mn_fusion *f, halves *h, bool *fits) {
    const mn_window *w;
    MN_TRY(bind_halves(plan, f, h));
    w = &h->first->depthwise.window;
    h->first->bands = mn_plan_bands(h->first, options->threads);
    const mn_type type = plan->graph->tensors[plan->graph->ops[f->first].inputs[0]].type;
    const mn_type in = f->flips ? MN_UINT8 : type;
    mn_plan_project_units(h->second, type, options->threads);
    size_t bytes = 0;
    const int32_t blocks = place_between(w, type, &bytes);
    h->steps[0] = (mn_step){.params = h->first, .first_op = f->first - f->flips, .op_count = 2 + f->flips};
    h->steps[1] = (mn_step){.params = h->second, .first_op = f->first + 2, .op_count = f->adds ? 2 : 1};
    h->steps[0].kernel = fused_kernel(options, MN_K_CONV_DEPTHWISE, in, type, h->first, &h->steps[0].need);
    h->steps[1].kernel = fused_kernel(options, MN_K_PROJECT, type, type, h->second, &h->steps[1].need);
    h->steps[0].units = w->batches * blocks * h->first->bands;
    h->steps[1].units = mn_project_units(h->second);
    *fits = h->steps[0].kernel && h->steps[1].kernel;
    if (*fits) plan->bytes[plan->graph->ops[f->first + 1].outputs[0]] = bytes;
    return list_operands(plan, f, h);
}

/* Adds the steps for an inverted residual that begins at `*op_index`, and moves that on, if there is one. */
static mn_status add_fused(mn_plan *plan, const mn_plan_options *options, const int32_t *readers, int32_t *op_index) {
    mn_fusion fusion;
    halves h = {0};
    bool fits = false;
    if (options->keep_tensors || !mn_fuse_find(plan->graph, plan->shapes, readers, *op_index, &fusion)) return MN_OK;
    MN_TRY(make_halves(plan, options, &fusion, &h, &fits));
    if (!fits) return MN_OK;
    for (int32_t i = 0; i < 2; i++) plan->steps[plan->step_count++] = h.steps[i];
    *op_index += (fusion.adds ? 4 : 3) + fusion.flips;
    return MN_OK;
}

/* Is what `mean` or `pool` averages each whole image of a convolution? */
static bool averages_images(const mn_mean_params *mean) {
    return mean->rank == 4 && !mean->reduced[0] && mean->reduced[1] && mean->reduced[2] && !mean->reduced[3];
}

static bool pools_images(const mn_window *w) {
    return w->out_h == 1 && w->out_w == 1 && w->pad_top == 0 && w->pad_left == 0 && w->k_h >= w->in_h &&
           w->k_w >= w->in_w;
}

/* Parameters of the convolution `op_index` and of what `pooling` says of the operator behind it; NULL when that does
 * not average whole images. */
static mn_status bind_end(mn_plan *plan, int32_t op_index, mn_pooling pooling, mn_conv_mean_params **out) {
    mn_binding conv, next = {0};
    mn_conv_mean_params *params = mn_region_alloc(&plan->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    MN_TRY(mn_bind(plan->graph, plan->shapes, &plan->region, op_index, &conv));
    if (pooling != MN_POOLING_NONE) MN_TRY(mn_bind(plan->graph, plan->shapes, &plan->region, op_index + 1, &next));
    *params = (mn_conv_mean_params){.conv = *(const mn_conv_params *)conv.params, .pooling = pooling};
    bool whole = true;
    if (pooling == MN_POOLING_MEAN) {
        params->mean = *(const mn_mean_params *)next.params;
        whole = averages_images(&params->mean);
    } else if (pooling == MN_POOLING_AVERAGE) {
        const mn_pool_params *pool = next.params;
        params->range = pool->range;
        whole = pools_images(&pool->window);
    }
    *out = whole ? params : NULL;
    return MN_OK;
}

/* Adds the step for the convolution `*op_index` and the operator that `pooling` speaks of, and moves `*op_index` on, if
 * a kernel takes them. */
static mn_status try_end(mn_plan *plan, const mn_plan_options *options, mn_pooling pooling, int32_t *op_index) {
    mn_conv_mean_params *params;
    MN_TRY(bind_end(plan, *op_index, pooling, &params));
    if (!params) return MN_OK;
    const int32_t count = pooling == MN_POOLING_NONE ? 1 : 2;
    const mn_op *op = &plan->graph->ops[*op_index];
    const mn_window *w = &params->conv.window;
    mn_step step = {.params = params,
                    .units = w->batches * ((w->out_c - 1) / MN_CONV_MEAN_CHANNELS + 1),
                    .inputs = op->inputs,
                    .input_count = op->input_count,
                    .output = op[count - 1].outputs[0],
                    .first_op = *op_index,
                    .op_count = count};
    const mn_type type = plan->graph->tensors[op->inputs[0]].type;
    step.kernel = fused_kernel(options, MN_K_CONV_MEAN, type, type, params, &step.need);
    if (!step.kernel) return MN_OK;
    plan->steps[plan->step_count++] = step;
    *op_index += count;
    return MN_OK;
}

/* Adds the step for a convolution that is cut by channels, if there is one; alone if what averages cannot go with it.
 */
static mn_status add_end(mn_plan *plan, const mn_plan_options *options, const int32_t *readers, int32_t *op_index) {
    const int32_t first = *op_index;
    mn_pooling pooling;
    if (options->keep_tensors || !mn_fuse_find_end(plan->graph, plan->shapes, readers, first, &pooling)) return MN_OK;
    MN_TRY(try_end(plan, options, pooling, op_index));
    if (*op_index > first || pooling == MN_POOLING_NONE) return MN_OK;
    return try_end(plan, options, MN_POOLING_NONE, op_index);
}

/* Adds the step for a dilated convolution that is written as one of batches, and moves `*op_index` on, if there is one.
 */
static mn_status add_dilated(mn_plan *plan, const mn_plan_options *options, const int32_t *readers, int32_t *op_index) {
    const mn_op *ops = &plan->graph->ops[*op_index];
    mn_window window;
    mn_binding binding;
    if (options->keep_tensors || !mn_fuse_find_dilated(plan->graph, plan->shapes, readers, *op_index, &window)) {
        return MN_OK;
    }
    MN_TRY(mn_bind(plan->graph, plan->shapes, &plan->region, *op_index + 1, &binding));
    mn_conv_params *params = mn_region_alloc(&plan->region, 1, sizeof *params);
    int32_t *inputs = mn_region_alloc(&plan->region, 3, sizeof *inputs);
    if (!params || !inputs) return mn_fail_memory("the plan");
    *params = *(const mn_conv_params *)binding.params;
    window.in_c = params->window.in_c, window.out_c = params->window.out_c;
    window.k_h = params->window.k_h, window.k_w = params->window.k_w;
    params->window = window;
    inputs[0] = ops[0].inputs[0];
    take_weights(&ops[1], inputs + 1);
    mn_step *step = &plan->steps[plan->step_count++];
    binding.params = params;
    *step = (mn_step){.params = params,
                      .units = window.batches * window.out_h,
                      .inputs = inputs,
                      .input_count = 3,
                      .output = ops[2].outputs[0],
                      .first_op = *op_index,
                      .op_count = 3};
    *op_index += 3;
    return choose_kernel(plan, options, &binding, step);
}

static mn_status add_steps(mn_plan *plan, const mn_plan_options *options) {
    const mn_graph *graph = plan->graph;
    size_t outputs = 0;
    for (int32_t i = 0; i < graph->op_count; i++) outputs += (size_t)graph->ops[i].output_count;
    plan->steps = mn_region_alloc(&plan->region, outputs, sizeof *plan->steps);
    plan->same_as = mn_region_alloc(&plan->region, (size_t)graph->tensor_count, sizeof *plan->same_as);
    plan->bytes = mn_region_alloc(&plan->region, (size_t)graph->tensor_count, sizeof *plan->bytes);
    int32_t *readers = mn_region_alloc(&plan->region, (size_t)graph->tensor_count, sizeof *readers);
    if (!plan->steps || !plan->same_as || !plan->bytes || !readers) return mn_fail_memory("the plan");
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        plan->same_as[i] = i;
        plan->bytes[i] = (size_t)mn_shape_count(&plan->shapes[i]) * mn_type_size(graph->tensors[i].type);
    }
    mn_fuse_count_readers(graph, readers);
    for (int32_t i = 0; i < graph->op_count;) {
        const int32_t here = i;
        MN_TRY(add_fused(plan, options, readers, &i));
        if (i == here) MN_TRY(add_end(plan, options, readers, &i));
        if (i == here) MN_TRY(add_dilated(plan, options, readers, &i));
        if (i > here) continue;
        if (!is_constant(plan, graph->ops[i].outputs[0])) MN_TRY(add_step(plan, options, i));
        i++;
    }
    return MN_OK;
}

/* ---- Weights -------------------------------------------------------------------------------------------- */

static bool packs(const mn_step *step) { return step->kernel && mn_kernel_packs(step->kernel); }

static mn_status request_weights(mn_plan *plan, const mn_step *step, mn_pack_request *out) {
    const int32_t count = mn_max_i32(step->input_count, MN_TASK_INPUTS);
    const void **constants = mn_region_alloc(&plan->region, (size_t)count, sizeof *constants);
    if (!constants) return mn_fail_memory("the plan");
    for (int32_t i = 0; i < step->input_count; i++) {
        constants[i] = step->inputs[i] < 0 ? NULL : plan->graph->tensors[step->inputs[i]].data;
    }
    *out = (mn_pack_request){.op_index = step->first_op,
                             .kernel = step->kernel,
                             .bytes = step->need.packed_bytes,
                             .params = step->params,
                             .constants = constants};
    return MN_OK;
}

static mn_status pack_weights(mn_plan *plan, mn_pack_cache *cache, mn_team *team) {
    mn_pack_request *requests = mn_region_alloc(&plan->region, (size_t)plan->step_count, sizeof *requests);
    if (!requests) return mn_fail_memory("the plan");
    int32_t count = 0, next = 0;
    for (int32_t s = 0; s < plan->step_count; s++) {
        if (packs(&plan->steps[s])) MN_TRY(request_weights(plan, &plan->steps[s], &requests[count++]));
    }
    if (!mn_pack_cache_answer(cache, team, requests, count)) return mn_fail_memory("packed weights");
    for (int32_t s = 0; s < plan->step_count; s++) {
        mn_step *step = &plan->steps[s];
        if (!packs(step)) continue;
        step->packed = requests[next++].packed;
        plan->packed_bytes += step->need.packed_bytes;
    }
    return MN_OK;
}

/* ---- Memory --------------------------------------------------------------------------------------------- */

/* Buffers to place: one per tensor that owns memory, then one per step that wants workspace. */
typedef struct placement {
    mn_buffer *buffers;
    int32_t *buffer_of; /* [tensor_count + step_count]: tensor or tensor_count + step -> buffer, or -1 */
    int32_t count;
} placement;

static void use(placement *place, int32_t owner, size_t bytes, int32_t first, int32_t last) {
    int32_t index = place->buffer_of[owner];
    if (index < 0) {
        index = place->buffer_of[owner] = place->count++;
        place->buffers[index] = (mn_buffer){.bytes = bytes, .first = first, .last = last};
    }
    mn_buffer *buffer = &place->buffers[index];
    buffer->first = mn_min_i32(buffer->first, first);
    buffer->last = mn_max_i32(buffer->last, last);
}

static void use_tensor(const mn_plan *plan, placement *place, int32_t tensor, int32_t first, int32_t last) {
    if (tensor < 0) return;
    int32_t owner = plan->same_as[tensor];
    if (is_constant(plan, owner)) return;
    use(place, owner, plan->bytes[owner], first, last);
}

static size_t workspace_stride(const mn_step *step) {
    return mn_round_up(step->need.workspace_bytes, MN_ARENA_ALIGNMENT);
}

/* Inputs are written before step 0, outputs read after the last step. */
static void collect_lifetimes(const mn_plan *plan, const mn_plan_options *options, placement *place) {
    const mn_graph *graph = plan->graph;
    const int32_t before = -1, after = plan->step_count;
    for (int32_t i = 0; i < graph->input_count; i++) use_tensor(plan, place, graph->inputs[i], before, before);
    for (int32_t s = 0; s < plan->step_count; s++) {
        const mn_step *step = &plan->steps[s];
        for (int32_t i = 0; i < step->input_count; i++) use_tensor(plan, place, step->inputs[i], s, s);
        use_tensor(plan, place, step->output, s, s);
        if (step->need.workspace_bytes > 0) {
            use(place, graph->tensor_count + s, workspace_stride(step) * (size_t)options->threads, s, s);
        }
    }
    for (int32_t i = 0; i < graph->output_count; i++) use_tensor(plan, place, graph->outputs[i], after, after);
}

/* Lifetimes are kept as they are; for tensors that keep their memory the planner sees longer ones. */
static void keep_all(const mn_plan *plan, placement *place) {
    for (int32_t i = 0; i < place->count; i++) {
        place->buffers[i].first = -1;
        place->buffers[i].last = plan->step_count;
    }
}

static void take_lifetimes(mn_plan *plan, const placement *place) {
    for (int32_t i = 0; i < plan->graph->tensor_count; i++) {
        const int32_t buffer = place->buffer_of[plan->same_as[i]];
        if (buffer < 0) continue;
        plan->first[i] = place->buffers[buffer].first;
        plan->last[i] = place->buffers[buffer].last;
    }
}

static void take_offsets(mn_plan *plan, const placement *place) {
    int32_t tensors = plan->graph->tensor_count;
    for (int32_t i = 0; i < tensors; i++) {
        int32_t buffer = place->buffer_of[plan->same_as[i]];
        plan->offset[i] = buffer < 0 ? MN_NO_OFFSET : place->buffers[buffer].offset;
    }
    for (int32_t s = 0; s < plan->step_count; s++) {
        int32_t buffer = place->buffer_of[tensors + s];
        if (buffer >= 0) plan->steps[s].workspace_offset = place->buffers[buffer].offset;
    }
}

static mn_status place_tensors(mn_plan *plan, const mn_plan_options *options) {
    size_t owners = (size_t)plan->graph->tensor_count + (size_t)plan->step_count;
    placement place = {.buffers = mn_region_alloc(&plan->region, owners, sizeof *place.buffers),
                       .buffer_of = mn_region_alloc(&plan->region, owners, sizeof *place.buffer_of)};
    plan->offset = mn_region_alloc(&plan->region, (size_t)plan->graph->tensor_count, sizeof *plan->offset);
    plan->first = mn_region_alloc(&plan->region, (size_t)plan->graph->tensor_count, sizeof *plan->first);
    plan->last = mn_region_alloc(&plan->region, (size_t)plan->graph->tensor_count, sizeof *plan->last);
    if (!place.buffers || !place.buffer_of || !plan->offset || !plan->first || !plan->last)
        return mn_fail_memory("the memory plan");
    for (size_t i = 0; i < owners; i++) place.buffer_of[i] = -1;
    collect_lifetimes(plan, options, &place);
    take_lifetimes(plan, &place);
    if (options->keep_tensors) keep_all(plan, &place);
    MN_TRY(mn_memory_plan(place.buffers, place.count, MN_ARENA_ALIGNMENT, &plan->arena_bytes));
    take_offsets(plan, &place);
    return MN_OK;
}

static mn_status make(mn_plan *plan, mn_pack_cache *cache, const mn_plan_options *options) {
    const int32_t custom = mn_graph_first_custom(plan->graph);
    if (custom >= 0) return mn_graph_refuse_custom(plan->graph, custom);
    MN_TRY(take_shapes(plan, options->inputs));
    MN_TRY(add_steps(plan, options));
    MN_TRY(pack_weights(plan, cache, options->team));
    return place_tensors(plan, options);
}

mn_status mn_plan_create(const mn_graph *graph, mn_pack_cache *cache, const mn_plan_options *options, mn_plan *out) {
    mn_plan plan = {.graph = graph};
    mn_status status = make(&plan, cache, options);
    if (status != MN_OK) {
        mn_plan_free(&plan);
        return status;
    }
    *out = plan;
    return MN_OK;
}

void mn_plan_free(mn_plan *plan) {
    mn_region_free(&plan->region);
    *plan = (mn_plan){0};
}
