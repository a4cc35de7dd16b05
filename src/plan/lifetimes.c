/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/lifetimes.h"

#include "base/checked.h"
#include "plan/memory.h"
#include "plan/overwrite.h"
#include "plan/streamed.h"

/* Buffers to place: one per tensor that owns memory, then one per step that wants workspace, or one of all threads. */
typedef struct placement {
    mn_buffer *buffers;
    int32_t *buffer_of; /* [tensor_count + step_count]: tensor or tensor_count + step -> buffer, or -1 */
    int32_t *over;      /* [tensor_count]: the tensor that it is written over; itself as a rule */
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
    if (mn_plan_is_constant(plan, owner) || mn_plan_is_outside(plan, owner)) return;
    use(place, place->over[owner], plan->bytes[owner], first, last);
}

static bool has_workspaces(const mn_step *step) { return step->cut.workspace_bytes > 0 && !step->node->part; }

/* Several threads keep theirs from step to step, because taking over what another one wrote last is slow. */
static void share_workspaces(mn_plan *plan, int32_t threads, placement *place) {
    size_t most = 0;
    int32_t first = -1;
    for (int32_t s = 0; s < plan->step_count; s++) {
        if (has_workspaces(&plan->steps[s])) most = mn_max_size(most, plan->steps[s].workspace_stride);
    }
    for (int32_t s = 0; s < plan->step_count; s++) {
        if (!has_workspaces(&plan->steps[s])) continue;
        if (first < 0) first = plan->graph->tensor_count + s;
        plan->steps[s].workspace_stride = most;
        use(place, first, most * (size_t)threads, -1, plan->step_count);
        place->buffer_of[plan->graph->tensor_count + s] = place->buffer_of[first];
    }
}

static void use_workspaces(mn_plan *plan, int32_t threads, placement *place) {
    for (int32_t s = 0; s < plan->step_count; s++) {
        mn_step *step = &plan->steps[s];
        step->workspace_stride = mn_round_up(step->cut.workspace_bytes, MN_ARENA_ALIGNMENT);
        const bool alone = threads == 1 || step->node->part;
        if (alone && step->workspace_stride > 0) {
            use(place, plan->graph->tensor_count + s, step->workspace_stride, s, s);
        }
    }
    if (threads > 1) share_workspaces(plan, threads, place);
}

/* Inputs are written before step 0, outputs read after the last step. */
static void use_whole_tensors(const mn_plan *plan, placement *place) {
    const mn_graph *graph = plan->graph;
    const int32_t before = -1, after = plan->step_count;
    for (int32_t i = 0; i < graph->input_count; i++) use_tensor(plan, place, graph->inputs[i], before, before);
    for (int32_t s = 0; s < plan->step_count; s++) {
        const mn_step *step = &plan->steps[s];
        const mn_node *node = step->node;
        /* One thread may be at the next step while another still reads these. */
        const int32_t last = step->together ? s + 1 : s;
        for (int32_t i = 0; i < node->input_count; i++) use_tensor(plan, place, node->inputs[i], s, last);
        for (int32_t i = 0; i < node->output_count; i++) use_tensor(plan, place, node->outputs[i], s, s);
    }
    for (int32_t i = 0; i < graph->output_count; i++) use_tensor(plan, place, graph->outputs[i], after, after);
}

/* The plan's step for one of those that were searched, or for before and after them. */
static int32_t step_of(const mn_plan *plan, int32_t step) {
    if (step < 0) return -1;
    return step < plan->streamed->steps.step_count ? plan->streamed->step_of[step] : plan->step_count;
}

/* As the search for the order of rows found them. */
static void use_streamed_tensors(const mn_plan *plan, placement *place) {
    const mn_streamed *s = plan->streamed;
    for (int32_t i = 0; i < s->steps.tensor_count; i++) {
        const mn_stream_place *p = &s->stream.places[i];
        const int32_t tensor = s->tensor_of[i];
        use(place, tensor, plan->bytes[tensor], step_of(plan, p->first), step_of(plan, p->last));
    }
    for (int32_t i = 0; i < s->steps.tensor_count; i++) {
        const mn_stream_place *p = &s->stream.places[i];
        if (p->below < 0) continue;
        mn_buffer *buffer = &place->buffers[place->buffer_of[s->tensor_of[i]]];
        buffer->below = &place->buffers[place->buffer_of[s->tensor_of[p->below]]];
        buffer->shift = p->shift;
    }
}

static void collect_lifetimes(mn_plan *plan, const mn_plan_options *options, placement *place) {
    const int32_t owners = plan->graph->tensor_count + plan->step_count;
    for (int32_t i = 0; i < owners; i++) place->buffer_of[i] = -1;
    place->count = 0;
    if (plan->streamed) {
        use_streamed_tensors(plan, place);
    } else {
        use_whole_tensors(plan, place);
    }
    use_workspaces(plan, options->threads, place);
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
        int32_t buffer = place->buffer_of[place->over[plan->same_as[i]]];
        plan->offset[i] = buffer < 0 ? MN_NO_OFFSET : place->buffers[buffer].offset;
    }
    for (int32_t s = 0; s < plan->step_count; s++) {
        int32_t buffer = place->buffer_of[tensors + s];
        if (buffer >= 0) plan->steps[s].workspace_offset = place->buffers[buffer].offset;
    }
}

static mn_status find_outside(mn_plan *plan) {
    const mn_graph *graph = plan->graph;
    plan->outside = mn_region_alloc(&plan->region, (size_t)graph->tensor_count, sizeof *plan->outside);
    if (!plan->outside) return mn_fail_memory("the memory plan");
    for (int32_t i = 0; i < graph->tensor_count; i++) plan->outside[i] = -1;
    for (int32_t i = 0; i < graph->input_count + graph->output_count; i++) {
        const int32_t end = i < graph->input_count ? graph->inputs[i] : graph->outputs[i - graph->input_count];
        const int32_t owner = plan->same_as[end];
        if (!mn_plan_is_constant(plan, owner) && plan->outside[owner] < 0) plan->outside[owner] = end;
    }
    return MN_OK;
}

mn_status mn_plan_place(mn_plan *plan, const mn_plan_options *options) {
    size_t owners = (size_t)plan->graph->tensor_count + (size_t)plan->step_count;
    placement place = {.buffers = mn_region_alloc(&plan->region, owners, sizeof *place.buffers),
                       .buffer_of = mn_region_alloc(&plan->region, owners, sizeof *place.buffer_of),
                       .over = mn_region_alloc(&plan->region, owners, sizeof *place.over)};
    plan->offset = mn_region_alloc(&plan->region, (size_t)plan->graph->tensor_count, sizeof *plan->offset);
    plan->first = mn_region_alloc(&plan->region, (size_t)plan->graph->tensor_count, sizeof *plan->first);
    plan->last = mn_region_alloc(&plan->region, (size_t)plan->graph->tensor_count, sizeof *plan->last);
    if (!place.buffers || !place.buffer_of || !place.over || !plan->offset || !plan->first || !plan->last)
        return mn_fail_memory("the memory plan");
    for (int32_t i = 0; i < plan->graph->tensor_count; i++) place.over[i] = i;
    if (options->outside) MN_TRY(find_outside(plan));
    collect_lifetimes(plan, options, &place);
    take_lifetimes(plan, &place);
    if (options->keep_tensors) {
        keep_all(plan, &place);
    } else if (!plan->streamed) {
        mn_plan_find_overwrites(plan, place.over);
        collect_lifetimes(plan, options, &place);
    }
    MN_TRY(mn_memory_plan(place.buffers, place.count, MN_ARENA_ALIGNMENT, &plan->arena_bytes));
    take_offsets(plan, &place);
    return MN_OK;
}
