/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/streamed.h"

#include <string.h>

/* ---- From the plan's steps ------------------------------------------------------------------------------- */

typedef struct builder {
    mn_plan *plan;
    mn_streamed *out;
    mn_stream_step *steps;
    mn_stream_tensor *tensors;
    int32_t *index_of; /* [tensor_count]: owner -> its number, or -1 */
    bool *has_rows;    /* [tensor_count]: an owner that all who use it see as the same images */
} builder;

static const mn_graph *graph_of(const builder *b) { return b->plan->graph; }

/* Memory under several shapes has no rows that all agree on. */
static void find_rows(builder *b) {
    const mn_plan *plan = b->plan;
    for (int32_t i = 0; i < graph_of(b)->tensor_count; i++) {
        b->index_of[i] = -1;
        b->has_rows[i] = plan->shapes[i].rank == 4;
    }
    for (int32_t i = 0; i < graph_of(b)->tensor_count; i++) {
        const int32_t owner = plan->same_as[i];
        if (!mn_shape_equal(&plan->shapes[i], &plan->shapes[owner])) b->has_rows[owner] = false;
    }
}

/* The number of a tensor's memory; -1 for a constant, or none. */
static int32_t number_of(builder *b, int32_t tensor) {
    if (tensor < 0) return -1;
    const mn_plan *plan = b->plan;
    const int32_t owner = plan->same_as[tensor];
    if (mn_plan_is_constant(plan, owner)) return -1;
    if (b->index_of[owner] < 0) {
        const bool rows = b->has_rows[owner];
        const mn_shape *shape = &plan->shapes[owner];
        const int32_t index = b->index_of[owner] = b->out->steps.tensor_count++;
        b->out->tensor_of[index] = owner;
        b->tensors[index] = (mn_stream_tensor){
            .unit_bytes = rows ? mn_plan_row_bytes(shape, graph_of(b)->tensors[owner].type) : plan->bytes[owner],
            .units = rows ? mn_plan_row_count(shape) : 1};
    }
    return b->index_of[owner];
}

/* Can the step run by rows, with its kernel and the memory of its tensors? */
static bool goes_by_units(const builder *b, const mn_step *step, const mn_row_form *form) {
    const mn_node *node = step->node;
    if (form->kind == MN_ROWS_NONE || (form->kind == MN_ROWS_WINDOW && !step->kernel->traits->rings)) return false;
    for (int32_t i = 0; i < node->input_count; i++) {
        if ((form->moving >> i & 1) && !b->has_rows[b->plan->same_as[node->inputs[i]]]) return false;
    }
    return b->has_rows[b->plan->same_as[node->outputs[0]]];
}

static mn_stream_read read_of(const builder *b, const mn_step *step, int32_t input, int32_t number) {
    const mn_row_form *form = &step->rows;
    const mn_shape *out = &b->plan->shapes[step->node->outputs[0]];
    mn_stream_read read = {.tensor = number};
    if (form->kind == MN_ROWS_NONE || (form->moving >> input & 1) == 0) return read;
    read.columns = MN_STREAM_ONE_COLUMN;
    read.rows = (mn_stream_axis){.stride = 1, .reach = 1, .in = out->dims[1], .out = out->dims[1]};
    if (form->kind == MN_ROWS_ALIKE) return read;
    const mn_window *w = &form->window;
    const int64_t reach = (int64_t)(w->k_h - 1) * w->dilation_h + 1;
    read.rows = (mn_stream_axis){.stride = w->stride_h,
                                 .before = w->pad_top,
                                 .reach = reach < INT32_MAX ? (int32_t)reach : INT32_MAX,
                                 .in = w->in_h,
                                 .out = w->out_h};
    return read;
}

/* Further outputs, of a step that runs at once. */
static mn_status list_others(builder *b, const mn_node *node, mn_stream_step *to) {
    int32_t *others = mn_region_alloc(&b->plan->region, (size_t)node->output_count, sizeof *others);
    if (!others) return mn_fail_memory("the streamed plan");
    for (int32_t i = 1; i < node->output_count; i++) {
        const int32_t number = number_of(b, node->outputs[i]);
        if (number >= 0) others[to->other_count++] = number;
    }
    to->others = others;
    return MN_OK;
}

static mn_status add_step(builder *b, int32_t index) {
    mn_step *step = &b->plan->steps[index];
    const mn_node *node = step->node;
    const mn_row_form form = mn_plan_row_form(b->plan->shapes, node);
    mn_stream_read *reads = mn_region_alloc(&b->plan->region, (size_t)node->input_count, sizeof *reads);
    if (!reads) return mn_fail_memory("the streamed plan");
    if (goes_by_units(b, step, &form)) step->rows = form;
    b->out->step_of[b->out->steps.step_count] = index;
    mn_stream_step *to = &b->steps[b->out->steps.step_count++];
    *to = (mn_stream_step){.reads = reads, .by_units = step->rows.kind != MN_ROWS_NONE};
    to->in_place = step->rows.kind == MN_ROWS_ALIKE && step->kernel->traits->in_place;
    for (int32_t i = 0; i < node->input_count; i++) {
        const int32_t number = number_of(b, node->inputs[i]);
        if (number >= 0) reads[to->read_count++] = read_of(b, step, i, number);
    }
    to->output = number_of(b, node->outputs[0]);
    return node->output_count > 1 ? list_others(b, node, to) : MN_OK;
}

static mn_status open_builder(builder *b) {
    mn_region *region = &b->plan->region;
    const size_t tensors = (size_t)graph_of(b)->tensor_count, steps = (size_t)b->plan->step_count;
    b->out = mn_region_alloc(region, 1, sizeof *b->out);
    b->steps = mn_region_alloc(region, steps, sizeof *b->steps);
    b->tensors = mn_region_alloc(region, tensors, sizeof *b->tensors);
    b->index_of = mn_region_alloc(region, tensors, sizeof *b->index_of);
    b->has_rows = mn_region_alloc(region, tensors, sizeof *b->has_rows);
    if (!b->out || !b->steps || !b->tensors || !b->index_of || !b->has_rows) return mn_fail_memory("the streamed plan");
    b->out->step_of = mn_region_alloc(region, steps, sizeof *b->out->step_of);
    b->out->tensor_of = mn_region_alloc(region, tensors, sizeof *b->out->tensor_of);
    if (!b->out->step_of || !b->out->tensor_of) return mn_fail_memory("the streamed plan");
    b->out->steps = (mn_stream_steps){.steps = b->steps, .tensors = b->tensors, .alignment = MN_ARENA_ALIGNMENT};
    find_rows(b);
    return MN_OK;
}

static mn_status build(builder *b) {
    const mn_graph *graph = graph_of(b);
    MN_TRY(open_builder(b));
    for (int32_t i = 0; i < graph->input_count; i++) {
        const int32_t number = number_of(b, graph->inputs[i]);
        if (number >= 0) b->tensors[number].is_input = true;
    }
    for (int32_t s = 0; s < b->plan->step_count; s++) {
        if (!b->plan->steps[s].node->is_alias) MN_TRY(add_step(b, s));
    }
    for (int32_t i = 0; i < graph->output_count; i++) {
        const int32_t number = number_of(b, graph->outputs[i]);
        if (number >= 0) b->tensors[number].is_output = true;
    }
    return MN_OK;
}

/* ---- With inputs that arrive row by row ------------------------------------------------------------------ */

/* A step in front for each input stands for whoever brings its rows. */
static mn_status measure_arriving(mn_streamed *s, mn_region *region) {
    const size_t tensors = (size_t)s->steps.tensor_count;
    mn_stream_tensor *copies = mn_region_alloc(region, tensors, sizeof *copies);
    mn_stream_step *steps = mn_region_alloc(region, (size_t)s->steps.step_count + tensors, sizeof *steps);
    mn_stream found;
    if (!copies || !steps) return mn_fail_memory("the streamed plan");
    mn_stream_steps all = s->steps;
    all.steps = steps;
    all.tensors = copies;
    all.step_count = 0;
    for (int32_t t = 0; t < s->steps.tensor_count; t++) {
        copies[t] = s->steps.tensors[t];
        if (!copies[t].is_input) continue;
        copies[t].is_input = false;
        steps[all.step_count++] = (mn_stream_step){.output = t, .by_units = true};
    }
    memcpy(&steps[all.step_count], s->steps.steps, (size_t)s->steps.step_count * sizeof *steps);
    all.step_count += s->steps.step_count;
    MN_TRY(mn_stream_plan(&all, NULL, region, &found));
    s->arriving_bytes = found.arena_bytes;
    return MN_OK;
}

/* ---- Back to the plan ------------------------------------------------------------------------------------ */

static mn_status take_slices(mn_plan *plan) {
    const mn_streamed *s = plan->streamed;
    plan->slice_count = s->stream.slice_count;
    plan->slices = mn_region_alloc(&plan->region, (size_t)plan->slice_count, sizeof *plan->slices);
    if (!plan->slices) return mn_fail_memory("the streamed plan");
    for (int32_t i = 0; i < plan->slice_count; i++) {
        const mn_stream_slice *slice = &s->stream.slices[i];
        const mn_step *step = &plan->steps[s->step_of[slice->step]];
        const bool all = slice->units == s->steps.tensors[s->steps.steps[slice->step].output].units;
        plan->slices[i] = (mn_slice_of_step){.step = s->step_of[slice->step],
                                             .first = all ? 0 : slice->first * step->rows.row_units,
                                             .units = all ? step->cut.units : slice->units * step->rows.row_units};
    }
    return MN_OK;
}

static void take_rings(mn_plan *plan) {
    const mn_streamed *s = plan->streamed;
    for (int32_t i = 0; i < s->steps.tensor_count; i++) {
        const int32_t tensor = s->tensor_of[i], ring = s->stream.places[i].ring;
        if (ring == 0) continue;
        plan->ring[tensor] = ring;
        plan->bytes[tensor] = (size_t)ring * s->steps.tensors[i].unit_bytes;
    }
}

mn_status mn_plan_stream(mn_plan *plan) {
    builder b = {.plan = plan};
    MN_TRY(build(&b));
    plan->streamed = b.out;
    MN_TRY(mn_stream_plan(&b.out->steps, NULL, &plan->region, &b.out->stream));
    MN_TRY(measure_arriving(b.out, &plan->region));
    MN_TRY(take_slices(plan));
    take_rings(plan);
    return MN_OK;
}
