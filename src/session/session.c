/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/argument.h"
#include "base/checked.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/pages.h"
#include "graph/describe.h"
#include "kernels/rows.h"
#include "session/batch.h"
#include "session/delegation.h"
#include "session/model.h"

/* ---- Creation ------------------------------------------------------------------------------------------- */

static mn_status choose_tier(const char *wanted, mn_tier *out) {
    static const char variable[] = "MOBILENET_CPU";
    const char *name = wanted ? wanted : getenv(variable);
    *out = mn_tier_default(mn_cpu_family());
    if (!name || name[0] == '\0') return MN_OK;
    const mn_status status = mn_tier_parse(name, mn_cpu_family(), mn_cpu_flags(), out);
    return wanted || status == MN_OK ? status : mn_fail_prefix(status, variable);
}

static mn_status choose_threads(int32_t wanted, int32_t *out) {
    if (wanted < MN_THREADS_ALL || wanted > MN_MAX_THREADS) {
        return mn_fail(MN_ERROR_ARGUMENT, "%d threads are not possible; use 1 to %d, or MN_THREADS_ALL, which is %d",
                       wanted, MN_MAX_THREADS, MN_THREADS_ALL);
    }
    *out = wanted == MN_THREADS_ALL ? mn_available_processors() : mn_max_i32(wanted, 1);
    return MN_OK;
}

/* The graph's input shapes, with those the caller wants to change; NULL when nothing changes. */
static mn_status collect_shapes(mn_session *session, const mn_session_options *options, const mn_shape **out) {
    const mn_graph *graph = session->graph;
    *out = NULL;
    if (options->batch < 0) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: a batch of %d is not possible; use 1 or more", graph->name,
                       options->batch);
    }
    if (options->input_shape_count < 0 || (options->input_shape_count > 0 && !options->input_shapes)) {
        return mn_fail(MN_ERROR_ARGUMENT,
                       "%s: input_shape_count is %d and input_shapes is %s; give as many shapes as that", graph->name,
                       options->input_shape_count, options->input_shapes ? "set" : "NULL");
    }
    if (options->input_shape_count == 0 && options->batch <= 1) return MN_OK;
    mn_shape *shapes = mn_region_alloc(&session->region, (size_t)graph->input_count, sizeof *shapes);
    if (!shapes) return mn_fail_memory("the session");
    for (int32_t i = 0; i < graph->input_count; i++) shapes[i] = mn_tensor_shape(&graph->tensors[graph->inputs[i]]);
    for (int32_t i = 0; i < options->input_shape_count; i++) {
        const mn_input_shape *given = &options->input_shapes[i];
        if (given->input < 0 || given->input >= graph->input_count || given->rank < 0 || given->rank > MN_MAX_RANK) {
            return mn_fail(MN_ERROR_ARGUMENT, "%s: a new shape of %d dimensions is given for input %d of %d",
                           graph->name, given->rank, given->input, graph->input_count);
        }
        shapes[given->input].rank = given->rank;
        memcpy(shapes[given->input].dims, given->dims, sizeof shapes[given->input].dims);
    }
    *out = shapes;
    return options->batch > 1 ? mn_batch_inputs(graph, options->batch, shapes) : MN_OK;
}

static mn_status take_arena(mn_session *session, const mn_session_options *options) {
    if (options->arena) {
        if ((uintptr_t)options->arena % MN_ARENA_ALIGNMENT != 0 || options->arena_bytes < session->plan.arena_bytes) {
            return mn_fail(MN_ERROR_LIMIT, "%s: the arena given has %zu bytes; %zu, aligned to %zu, are needed",
                           session->graph->name, options->arena_bytes, session->plan.arena_bytes, MN_ARENA_ALIGNMENT);
        }
        session->arena = memset(options->arena, 0, session->plan.arena_bytes);
    } else {
        session->arena = session->owned_arena = mn_pages_alloc_zeroed(session->plan.arena_bytes);
        if (!session->arena) return mn_fail_memory("the tensor arena");
        mn_pages_touch(session->owned_arena, session->plan.arena_bytes);
    }
    return MN_OK;
}

static mn_status place_tensors(mn_session *session) {
    const mn_graph *graph = session->graph;
    const mn_plan *plan = &session->plan;
    session->tensors = mn_region_alloc(&session->region, (size_t)graph->tensor_count, sizeof *session->tensors);
    session->memory = mn_region_alloc(&session->region, (size_t)graph->tensor_count, sizeof *session->memory);
    if (!session->tensors || !session->memory) return mn_fail_memory("the session");
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        mn_tensor *tensor = &session->tensors[i];
        *tensor = graph->tensors[i];
        tensor->rank = plan->shapes[i].rank;
        memcpy(tensor->dims, plan->shapes[i].dims, sizeof tensor->dims);
        tensor->bytes = (size_t)mn_shape_count(&plan->shapes[i]) * mn_type_size(tensor->type);
        /* Kernels only read constants; the cast lets one table serve both. */
        const void *constant = graph->tensors[plan->same_as[i]].data;
        if (plan->offset[i] != MN_NO_OFFSET) {
            session->memory[i] = session->arena + plan->offset[i];
        } else {
            session->memory[i] = (void *)(uintptr_t)constant;
        }
    }
    return MN_OK;
}

/* Tells step `s` what the one behind it begins with: what was packed for it, or weights that it reads as they are. */
static void set_prefetch(mn_session *session, int32_t s) {
    const mn_plan *plan = &session->plan;
    mn_task *task = &session->tasks[s];
    if (s + 1 >= plan->step_count || !plan->steps[s + 1].kernel) return;
    const mn_step *next = &plan->steps[s + 1];
    task->prefetch = next->packed;
    task->prefetch_bytes = next->need.packed_bytes;
    if (task->prefetch || next->node->input_count < 2 || next->node->inputs[1] < 0) return;
    task->prefetch = session->graph->tensors[next->node->inputs[1]].data;
    task->prefetch_bytes = task->prefetch ? plan->bytes[next->node->inputs[1]] : 0;
}

/* What a back end gets in every run of step `s`. */
static mn_status make_run(mn_session *session, int32_t s) {
    const mn_step *step = &session->plan.steps[s];
    const mn_node *node = step->node;
    void **outputs = mn_region_alloc(&session->region, (size_t)node->output_count, sizeof *outputs);
    if (!outputs) return mn_fail_memory("the session");
    for (int32_t i = 0; i < node->output_count; i++) outputs[i] = session->memory[node->outputs[i]];
    session->runs[s] = (mn_part_run){.inputs = session->tasks[s].inputs,
                                     .outputs = outputs,
                                     .workspace = session->tasks[s].workspace,
                                     .team = session->team};
    return MN_OK;
}

static mn_status make_runs(mn_session *session) {
    const mn_plan *plan = &session->plan;
    if (!plan->foreign) return MN_OK;
    session->runs = mn_region_alloc(&session->region, (size_t)plan->step_count, sizeof *session->runs);
    if (!session->runs) return mn_fail_memory("the session");
    for (int32_t s = 0; s < plan->step_count; s++) {
        if (plan->steps[s].node->part) MN_TRY(make_run(session, s));
    }
    return MN_OK;
}

/* The operators behind those of the plan. */
static mn_status list_ops(mn_session *session) {
    const size_t count = (size_t)session->graph->op_count;
    if (session->plan.foreign) {
        session->ops = session->plan.foreign->ops;
        return MN_OK;
    }
    int32_t *ops = mn_region_alloc(&session->region, count, sizeof *ops);
    if (!ops) return mn_fail_memory("the session");
    for (size_t i = 0; i < count; i++) ops[i] = (int32_t)i;
    session->ops = ops;
    return MN_OK;
}

/* Tells the task of step `s` where its tensors lie. */
static void point(mn_session *session, int32_t s, const void **inputs) {
    const mn_node *node = session->plan.steps[s].node;
    for (int32_t i = 0; i < node->input_count; i++) {
        inputs[i] = node->inputs[i] < 0 ? NULL : session->memory[node->inputs[i]];
    }
    session->tasks[s].inputs = inputs;
    session->tasks[s].output = session->memory[node->outputs[0]];
}

/* Rows that a tensor's memory holds; 0: all. */
static int32_t ring_of(const mn_plan *plan, int32_t tensor) { return plan->ring[plan->same_as[tensor]]; }

static mn_status make_tasks(mn_session *session) {
    const mn_plan *plan = &session->plan;
    session->tasks = mn_region_alloc(&session->region, (size_t)plan->step_count, sizeof *session->tasks);
    session->step_ns = mn_region_alloc(&session->region, (size_t)plan->step_count, sizeof *session->step_ns);
    session->shared = mn_region_alloc(&session->region, (size_t)plan->step_count, sizeof *session->shared);
    if (!session->tasks || !session->step_ns || !session->shared) return mn_fail_memory("the session");
    for (int32_t s = 0; s < plan->step_count; s++) {
        const mn_step *step = &plan->steps[s];
        const mn_node *node = step->node;
        const int32_t count = mn_max_i32(node->input_count, MN_TASK_INPUTS);
        const void **inputs = mn_region_alloc(&session->region, (size_t)count, sizeof *inputs);
        if (!inputs) return mn_fail_memory("the session");
        session->tasks[s] =
            (mn_task){.params = node->params,
                      .in_ring = step->rows.kind == MN_ROWS_WINDOW ? ring_of(plan, node->inputs[0]) : 0,
                      .out_ring = step->rows.kind == MN_ROWS_WINDOW ? ring_of(plan, node->outputs[0]) : 0,
                      .packed = step->packed,
                      .cut = &step->cut,
                      .workspace = step->cut.workspace_bytes ? session->arena + step->workspace_offset : NULL};
        session->shared[s] = (mn_shared_step){.step = step, .task = &session->tasks[s], .team = session->team};
        point(session, s, inputs);
    }
    for (int32_t s = 0; s < plan->step_count; s++) set_prefetch(session, s);
    return MN_OK;
}

static mn_status build(mn_session *session, const mn_model *model, const mn_session_options *options,
                       const mn_backend_list *more, bool outside) {
    mn_backend_list backends;
    mn_plan_options plan = {.keep_tensors = options->keep_tensors != 0,
                            .streamed = options->streamed != 0,
                            .outside = outside,
                            .target = mn_target_here(),
                            .backends = more || options->delegate_count > 0 ? &backends : NULL};
    if (plan.keep_tensors && plan.streamed) {
        return mn_fail(MN_ERROR_ARGUMENT, "a streamed plan does not keep tensors; ask for one or the other");
    }
    MN_TRY(mn_delegation_list(options, more, &session->region, &backends));
    MN_TRY(choose_tier(options->cpu, &plan.tier));
    MN_TRY(choose_threads(options->threads, &session->threads));
    MN_TRY(collect_shapes(session, options, &plan.inputs));
    if (session->threads > 1) MN_TRY(mn_team_create(session->threads, &session->team));
    plan.threads = session->threads;
    plan.team = session->team;
    MN_TRY(mn_plan_create(&model->graph, model->cache, &plan, &session->plan));
    if (options->full_delegation) MN_TRY(mn_delegation_check_full(session));
    if (options->batch > 1) MN_TRY(mn_batch_check(&model->graph, options->batch, session->plan.shapes));
    MN_TRY(take_arena(session, options));
    MN_TRY(place_tensors(session));
    MN_TRY(make_tasks(session));
    MN_TRY(make_runs(session));
    return list_ops(session);
}

static mn_status create(const mn_model *model, const mn_session_options *options, const mn_backend_list *backends,
                        bool outside, mn_session **out) {
    mn_session_options wanted;
    MN_TRY(mn_struct_read(&mn_session_options_struct, options, &wanted));
    mn_session *session = calloc(1, sizeof *session);
    if (!session) return mn_fail_memory("the session");
    session->graph = &model->graph;
    session->keep_tensors = wanted.keep_tensors;
    mn_status status = build(session, model, &wanted, backends, outside);
    if (status != MN_OK) {
        mn_session_close(&session);
        return status;
    }
    *out = session;
    return MN_OK;
}

mn_status mn_session_create(const mn_model *model, const mn_session_options *options, mn_session **out) {
    MN_NEED(model);
    MN_NEED(out);
    return create(model, options, NULL, false, out);
}

mn_status mn_session_create_with(const mn_model *model, const mn_session_options *options,
                                 const mn_backend_list *backends, mn_session **out) {
    MN_NEED(model);
    MN_NEED(out);
    return create(model, options, backends, false, out);
}

mn_status mn_session_create_outside(const mn_model *model, const mn_session_options *options, mn_session **out) {
    return create(model, options, NULL, true, out);
}

void mn_session_close(mn_session **session) {
    if (!session || !*session) return;
    mn_session *closing = *session;
    *session = NULL;
    mn_team_close(&closing->team);
    mn_pages_free(closing->owned_arena, closing->plan.arena_bytes);
    mn_plan_free(&closing->plan);
    mn_region_free(&closing->region);
    free(closing);
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* Units [begin, end) by `member`, who has a workspace of its own, in which `kept` tells what is. */
static void run_units(const mn_step *step, mn_task task, int64_t *kept, int32_t member, int32_t begin, int32_t end) {
    task.kept = kept;
    if (task.workspace) task.workspace = (char *)task.workspace + step->workspace_stride * (size_t)member;
    step->kernel->run(&task, begin, end);
}

static void run_part(void *context, int32_t member, int32_t begin, int32_t end) {
    const mn_shared_step *shared = context;
    run_units(shared->step, *shared->task, mn_team_kept(shared->team, member), member, begin, end);
}

/* Bands [begin, end) of a step and then of the next one. */
static void run_bands(void *context, int32_t member, int32_t begin, int32_t end) {
    const mn_shared_step *first = context;
    for (const mn_shared_step *shared = first; shared <= first + 1; shared++) {
        const mn_cut *cut = &shared->step->cut;
        int64_t kept = -1;
        run_units(shared->step, *shared->task, &kept, member, cut->units * begin / cut->bands,
                  cut->units * end / cut->bands);
    }
}

static void run_alone(const mn_step *step, const mn_task *task, int32_t begin, int32_t end) {
    int64_t kept = -1;
    run_units(step, *task, &kept, 0, begin, end);
}

/* Where row `row` of a tensor lies. */
static char *row_at(const mn_session *session, int32_t tensor, int32_t row) {
    const mn_plan *plan = &session->plan;
    const size_t bytes = mn_plan_row_bytes(&plan->shapes[tensor], session->graph->tensors[tensor].type);
    return (char *)session->memory[tensor] + mn_row_place(row, ring_of(plan, tensor)) * bytes;
}

/* A row of a step whose rows are all alike: its first units, at that row. */
static void run_alike(mn_session *session, const mn_step *step, mn_task task, int32_t row) {
    const mn_node *node = step->node;
    const mn_row_form *form = &step->rows;
    const void *inputs[MN_TASK_INPUTS] = {NULL};
    for (int32_t i = 0; i < node->input_count; i++) {
        inputs[i] = form->moving >> i & 1 ? row_at(session, node->inputs[i], row) : task.inputs[i];
    }
    task.inputs = inputs;
    task.output = row_at(session, node->outputs[0], row);
    run_alone(step, &task, 0, form->row_units);
}

/* One row, or all: no slice has some of several. */
static mn_status run_slice(mn_session *session, const mn_slice_of_step *slice) {
    const mn_step *step = &session->plan.steps[slice->step];
    const mn_task *task = &session->tasks[slice->step];
    const mn_part *part = step->node->part;
    if (part) return mn_foreign_run(session->plan.foreign, part, &session->runs[slice->step]);
    if (slice->units < step->cut.units && step->rows.kind == MN_ROWS_ALIKE) {
        run_alike(session, step, *task, slice->first / step->rows.row_units);
    } else if (session->team && slice->units == step->cut.units && step->cut.grain < slice->units) {
        mn_team_share(session->team, slice->units, step->cut.grain, run_part, &session->shared[slice->step]);
    } else {
        run_alone(step, task, slice->first, slice->first + slice->units);
    }
    return MN_OK;
}

/* Each step by itself: threads wait even between those that share bands, which take a little longer than in run_all().
 */
static mn_status run_measured(mn_session *session) {
    mn_status status = MN_OK;
    memset(session->step_ns, 0, (size_t)session->plan.step_count * sizeof *session->step_ns);
    for (int32_t i = 0; i < session->plan.slice_count && status == MN_OK; i++) {
        const uint64_t start = mn_clock_ns();
        status = run_slice(session, &session->plan.slices[i]);
        session->step_ns[session->plan.slices[i].step] += mn_clock_ns() - start;
    }
    return status;
}

static mn_status run_all(mn_session *session) {
    const mn_plan *plan = &session->plan;
    mn_status status = MN_OK;
    for (int32_t i = 0; i < plan->slice_count && status == MN_OK; i++) {
        const int32_t s = plan->slices[i].step;
        if (plan->steps[s].together) {
            mn_team_share(session->team, plan->steps[s].cut.bands, 1, run_bands, &session->shared[s]);
            i++; /* done as well */
        } else {
            status = run_slice(session, &plan->slices[i]);
        }
    }
    return status;
}

mn_status mn_session_run(mn_session *session) {
    MN_NEED(session);
    mn_work_begin();
    const mn_status status = session->profile ? run_measured(session) : run_all(session);
    mn_work_end();
    return status;
}

/* ---- Memory outside --------------------------------------------------------------------------------------- */

static bool put(mn_session *session, int32_t end, void *memory) {
    const mn_plan *plan = &session->plan;
    const int32_t owner = plan->same_as[end];
    if (plan->outside[owner] != end) return false;
    if (session->memory[owner] == memory) return true;
    for (int32_t i = 0; i < session->graph->tensor_count; i++) {
        if (plan->same_as[i] == owner) session->memory[i] = memory;
    }
    /* The lists are the session's own, from make_tasks(). */
    for (int32_t s = 0; s < plan->step_count; s++)
        point(session, s, (const void **)(uintptr_t)session->tasks[s].inputs);
    return true;
}

void mn_session_put_input(mn_session *session, int32_t i, const void *memory) {
    put(session, session->graph->inputs[i], (void *)(uintptr_t)memory); /* which kernels only read */
}

bool mn_session_put_output(mn_session *session, int32_t i, void *memory) {
    return put(session, session->graph->outputs[i], memory);
}

/* ---- Tensors -------------------------------------------------------------------------------------------- */

void *mn_session_input(mn_session *session, int32_t i) {
    return session && i >= 0 && i < session->graph->input_count ? session->memory[session->graph->inputs[i]] : NULL;
}

const void *mn_session_output(const mn_session *session, int32_t i) {
    return session && i >= 0 && i < session->graph->output_count ? session->memory[session->graph->outputs[i]] : NULL;
}

static bool is_output(const mn_graph *graph, int32_t tensor) {
    for (int32_t i = 0; i < graph->output_count; i++) {
        if (graph->outputs[i] == tensor) return true;
    }
    return false;
}

const void *mn_session_tensor_data(const mn_session *session, int32_t tensor) {
    if (!session || tensor < 0 || tensor >= session->graph->tensor_count) return NULL;
    bool stays =
        session->keep_tensors || session->plan.offset[tensor] == MN_NO_OFFSET || is_output(session->graph, tensor);
    return stays ? session->memory[tensor] : NULL;
}

mn_status mn_session_tensor(const mn_session *session, int32_t tensor, mn_tensor_info *out) {
    mn_tensor_info info;
    MN_NEED(session);
    MN_TRY(mn_struct_check(&mn_tensor_info_struct, out));
    if (tensor < 0 || tensor >= session->graph->tensor_count) {
        return mn_fail(MN_ERROR_ARGUMENT, "tensor %d does not exist; the model has %d", tensor,
                       session->graph->tensor_count);
    }
    mn_tensor_describe(&session->tensors[tensor], &info);
    mn_struct_write(&mn_tensor_info_struct, &info, out);
    return MN_OK;
}

static mn_status tell_end(const mn_session *session, const char *what, const int32_t *ends, int32_t count, int32_t i,
                          mn_tensor_info *out) {
    if (i >= 0 && i < count) return mn_session_tensor(session, ends[i], out);
    return mn_fail(MN_ERROR_ARGUMENT, "%s: there is no %s %d; the model has %d, numbered from 0", session->graph->name,
                   what, i, count);
}

mn_status mn_session_input_info(const mn_session *session, int32_t i, mn_tensor_info *out) {
    MN_NEED(session);
    return tell_end(session, "input", session->graph->inputs, session->graph->input_count, i, out);
}

mn_status mn_session_output_info(const mn_session *session, int32_t i, mn_tensor_info *out) {
    MN_NEED(session);
    return tell_end(session, "output", session->graph->outputs, session->graph->output_count, i, out);
}

size_t mn_session_arena_bytes(const mn_session *session) { return session ? session->plan.arena_bytes : 0; }
int32_t mn_session_threads(const mn_session *session) { return session ? session->threads : 0; }
