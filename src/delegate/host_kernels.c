/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Parts of a network as kernels of a delegate: made, prepared, run and freed. */

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "delegate/host.h"

/* Operators that the delegate asked for with one call, or as many of them as can run as one. */
typedef struct kernel {
    const mn_host_call *call;
    tfl_node node;
    tfl_delegate_params params;
    bool made; /* `init` has succeeded */
} kernel;

/* A tensor that one kernel of a part hands to another. */
typedef struct between {
    int32_t tensor;
    size_t offset; /* in the workspace */
} between;

typedef struct part_state {
    mn_host *host;
    const mn_part *part;
    mn_region region;
    int32_t kernel_count;
    kernel *kernels; /* in the order they run */
    int32_t between_count;
    between *between;
    size_t workspace_bytes;
} part_state;

/* ---- Tables of a kernel ------------------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b) {
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void sort(tfl_int_array *list) { qsort(list->data, (size_t)list->size, sizeof *list->data, compare_numbers); }

/* All that operators of a part write, or read, sorted; those read several times stand there so often. */
static tfl_int_array *list_tensors(const mn_graph *graph, const mn_part *part, bool written, mn_region *region) {
    int32_t count = 0;
    for (int32_t i = 0; i < part->op_count; i++) {
        const mn_op *op = &graph->ops[part->ops[i]];
        count += written ? op->output_count : op->input_count;
    }
    tfl_int_array *list = mn_host_ints(region, count, NULL);
    if (!list) return NULL;
    list->size = 0;
    for (int32_t i = 0; i < part->op_count; i++) {
        const mn_op *op = &graph->ops[part->ops[i]];
        const int32_t *tensors = written ? op->outputs : op->inputs;
        for (int32_t k = 0; k < (written ? op->output_count : op->input_count); k++) {
            if (tensors[k] >= 0) list->data[list->size++] = tensors[k];
        }
    }
    sort(list);
    return list;
}

/* Leaves each number once, and none that is in `others`; both are sorted. */
static void leave_new(tfl_int_array *list, const tfl_int_array *others) {
    int32_t kept = 0, at = 0;
    for (int32_t i = 0; i < list->size; i++) {
        const int32_t number = list->data[i];
        while (at < others->size && others->data[at] < number) at++;
        const bool there =
            (at < others->size && others->data[at] == number) || (kept > 0 && list->data[kept - 1] == number);
        if (!there) list->data[kept++] = number;
    }
    list->size = kept;
}

tfl_delegate_params *mn_host_params(const mn_host *host, const mn_part *part, mn_region *region,
                                    tfl_delegate_params *to) {
    const mn_graph *graph = host->offer->graph;
    const tfl_int_array *written = list_tensors(graph, part, true, region);
    *to = (tfl_delegate_params){.delegate = host->delegate,
                                .nodes_to_replace = mn_host_ints(region, part->op_count, part->ops),
                                .input_tensors = list_tensors(graph, part, false, region),
                                .output_tensors = mn_host_ints(region, part->output_count, part->outputs)};
    if (!written || !to->nodes_to_replace || !to->input_tensors || !to->output_tensors) return NULL;
    leave_new(to->input_tensors, written);
    sort(to->output_tensors);
    return to;
}

mn_status mn_host_cut(const mn_host *host, int32_t count, const int32_t *nodes, mn_region *region, mn_partition *out) {
    static const mn_backend one = {.name = "kernel", .constants = true};
    const mn_graph *graph = host->offer->graph;
    const int32_t calls = mn_max_i32(host->call_count, 1);
    int32_t *owners = mn_region_alloc(region, (size_t)graph->op_count, sizeof *owners);
    const mn_backend **backends = mn_region_alloc(region, (size_t)calls, sizeof *backends);
    if (!owners || !backends) return mn_fail_memory("the delegate");
    for (int32_t i = 0; i < calls; i++) backends[i] = &one;
    for (int32_t i = 0; i < graph->op_count; i++) owners[i] = mn_owner_unclaimed(graph, i);
    for (int32_t i = 0; i < count; i++) owners[nodes[i]] = mn_max_i32(host->taken[nodes[i]], 0);
    return mn_partition_make(graph, owners, &(mn_partition_options){backends, host->offer->alone}, out);
}

static mn_status set_kernel(part_state *state, const mn_part *part, kernel *k) {
    *k = (kernel){.call = &state->host->calls[state->host->taken[part->ops[0]]]};
    if (!mn_host_params(state->host, part, &state->region, &k->params)) return mn_fail_memory("the delegate");
    k->params.delegate = k->call->delegate;
    k->node = (tfl_node){
        .inputs = mn_host_ints(&state->region, k->params.input_tensors->size, k->params.input_tensors->data),
        .outputs = mn_host_ints(&state->region, k->params.output_tensors->size, k->params.output_tensors->data),
        .intermediates = mn_host_ints(&state->region, 0, NULL),
        .temporaries = calloc(1, sizeof *k->node.temporaries), /* kernels free and replace it */
        .builtin_data = &k->params,
        .delegate = k->call->delegate};
    const bool good = k->node.inputs && k->node.outputs && k->node.intermediates && k->node.temporaries;
    state->kernel_count++;
    return good ? MN_OK : mn_fail_memory("the delegate");
}

/* ---- Kernels of a part --------------------------------------------------------------------------------------- */

static bool is_output(const mn_part *part, int32_t tensor) {
    for (int32_t i = 0; i < part->output_count; i++) {
        if (part->outputs[i] == tensor) return true;
    }
    return false;
}

static mn_status place_between(part_state *state, const mn_part *kernel_part) {
    for (int32_t i = 0; i < kernel_part->output_count; i++) {
        const int32_t tensor = kernel_part->outputs[i];
        const size_t bytes = mn_round_up(state->host->context.tensors[tensor].bytes, MN_ARENA_ALIGNMENT);
        if (is_output(state->part, tensor)) continue;
        state->between[state->between_count++] = (between){tensor, state->workspace_bytes};
        if (!mn_add_size(state->workspace_bytes, bytes, &state->workspace_bytes)) {
            return mn_fail_memory("the delegate");
        }
    }
    return MN_OK;
}

static int32_t count_outputs(const mn_partition *partition) {
    int32_t count = 0;
    for (int32_t i = 0; i < partition->part_count; i++) count += partition->parts[i].output_count;
    return count;
}

static bool has_several_calls(const part_state *state) {
    const int32_t *taken = state->host->taken;
    for (int32_t i = 1; i < state->part->op_count; i++) {
        if (taken[state->part->ops[i]] != taken[state->part->ops[0]]) return true;
    }
    return false;
}

static mn_status set_kernels(part_state *state) {
    mn_partition partition = {.part_count = 1, .parts = (mn_part *)(uintptr_t)state->part};
    const bool several = has_several_calls(state);
    mn_status status = MN_OK;
    if (several) status = mn_host_cut(state->host, state->part->op_count, state->part->ops, &state->region, &partition);
    const int32_t count = status == MN_OK ? partition.part_count : 0;
    if (status == MN_OK) {
        state->kernels = mn_region_alloc(&state->region, (size_t)count, sizeof *state->kernels);
        state->between = mn_region_alloc(&state->region, (size_t)count_outputs(&partition), sizeof *state->between);
        if (!state->kernels || !state->between) status = mn_fail_memory("the delegate");
    }
    for (int32_t i = 0; i < count && status == MN_OK; i++) {
        status = set_kernel(state, &partition.parts[i], &state->kernels[i]);
        if (status == MN_OK) status = place_between(state, &partition.parts[i]);
    }
    if (several) mn_partition_free(&partition);
    return status;
}

/* Workspace that the file names, which nothing writes: one memory for all parts and runs. */
static mn_status give_workspace(mn_host *host, const tfl_int_array *inputs) {
    const mn_graph *graph = host->offer->graph;
    for (int32_t i = 0; i < inputs->size; i++) {
        const int32_t tensor = inputs->data[i];
        if (graph->tensors[tensor].data || host->memory[tensor].data || !host->unwritten[tensor]) continue;
        MN_TRY(mn_host_give_memory(host, tensor));
    }
    return MN_OK;
}

/* ---- Preparing ------------------------------------------------------------------------------------------------ */

static mn_status make(mn_host *host, kernel *k) {
    const tfl_registration_2_9 *r = &k->call->registration;
    MN_TRY(give_workspace(host, k->params.input_tensors));
    for (int32_t i = 0; i < k->params.output_tensors->size; i++) {
        host->context.tensors[k->params.output_tensors->data[i]].delegate = k->call->delegate;
    }
    if (!r->init) return MN_OK;
    mn_host_enter(host, MN_HOST_INIT);
    k->node.user_data = r->init(&host->context, (const char *)&k->params, 0);
    mn_host_leave(host);
    /* The runtime's helper for kernels in C++ says so of failures, others crash in `prepare` then; and -1 is today's.
     */
    if (!k->node.user_data || k->node.user_data == (void *)(intptr_t)-1) {
        return mn_host_fail(host, "init of a kernel", TFL_ERROR);
    }
    k->made = true;
    return host->misused ? mn_fail(MN_ERROR_BACKEND, "%s", host->words) : MN_OK;
}

static mn_status ready(mn_host *host, kernel *k) {
    if (!k->call->registration.prepare) return MN_OK;
    mn_host_enter(host, MN_HOST_KERNEL);
    const tfl_status status = k->call->registration.prepare(&host->context, &k->node);
    mn_host_leave(host);
    return status == TFL_OK ? MN_OK : mn_host_fail(host, "prepare of a kernel", status);
}

void mn_host_free(void *state) {
    part_state *ending = state;
    for (int32_t i = 0; i < ending->kernel_count; i++) {
        kernel *k = &ending->kernels[i];
        if (k->made && k->call->registration.free) {
            mn_host_enter(ending->host, MN_HOST_KERNEL);
            k->call->registration.free(&ending->host->context, k->node.user_data);
            mn_host_leave(ending->host);
        }
        free(k->node.temporaries);
    }
    mn_region_free(&ending->region);
    free(ending);
}

mn_status mn_host_prepare(mn_host *host, const mn_part *part, mn_prepared *out) {
    part_state *state = calloc(1, sizeof *state);
    if (!state) return mn_fail_memory("the delegate");
    *state = (part_state){.host = host, .part = part};
    mn_status status = set_kernels(state);
    for (int32_t i = 0; i < state->kernel_count && status == MN_OK; i++) status = make(host, &state->kernels[i]);
    for (int32_t i = 0; i < state->kernel_count && status == MN_OK; i++) status = ready(host, &state->kernels[i]);
    if (status != MN_OK) {
        mn_host_free(state);
        return status;
    }
    *out = (mn_prepared){
        .state = state, .workspace_bytes = state->workspace_bytes, .kernel = state->kernels[0].call->name};
    return MN_OK;
}

/* ---- Running --------------------------------------------------------------------------------------------------- */

static void set_data(mn_host *host, const mn_part *part, const mn_part_run *run) {
    tfl_tensor *tensors = host->context.tensors;
    for (int32_t i = 0; i < part->input_count; i++) {
        if (!host->offer->graph->tensors[part->inputs[i]].data) tensors[part->inputs[i]].data.constant = run->inputs[i];
    }
    for (int32_t i = 0; i < part->output_count; i++) tensors[part->outputs[i]].data.data = run->outputs[i];
}

static mn_status fail_kernel(mn_host *host, const char *reason) {
    mn_host_hear(host, reason);
    return mn_host_fail(host, "a kernel", TFL_ERROR);
}

/* Has the delegate that keeps a tensor bring its contents up to date. */
static mn_status refresh(mn_host *host, int32_t number) {
    tfl_tensor *tensor = &host->context.tensors[number];
    tfl_delegate *owner = tensor->delegate;
    if (!owner->copy_from_buffer_handle) {
        return fail_kernel(host, "it leaves contents in a buffer but has no function to copy from it");
    }
    mn_host_enter(host, MN_HOST_KERNEL);
    const tfl_status status =
        owner->copy_from_buffer_handle(&host->context, owner, tensor->buffer_handle, &host->context.tensors[number]);
    mn_host_leave(host);
    host->context.tensors[number].data_is_stale = false;
    return status == TFL_OK ? MN_OK : mn_host_fail(host, "CopyFromBufferHandle", status);
}

static bool is_stale(const tfl_tensor *tensor, const tfl_delegate *reader) {
    return tensor->data_is_stale && tensor->delegate && tensor->delegate != reader;
}

static mn_status invoke(mn_host *host, kernel *k) {
    for (int32_t i = 0; i < k->params.input_tensors->size; i++) {
        const int32_t tensor = k->params.input_tensors->data[i];
        if (is_stale(&host->context.tensors[tensor], k->node.delegate)) MN_TRY(refresh(host, tensor));
    }
    const int32_t buffers = host->buffer_count;
    mn_host_enter(host, MN_HOST_KERNEL);
    const tfl_status status = k->call->registration.invoke(&host->context, &k->node);
    mn_host_leave(host);
    mn_host_drop_buffers(host, buffers);
    return status == TFL_OK ? MN_OK : mn_host_fail(host, "invoke of a kernel", status);
}

/* Outputs are where the session wants them, even if the delegate has put its own memory in their place. */
static mn_status take_outputs(mn_host *host, const mn_part *part, const mn_part_run *run) {
    for (int32_t i = 0; i < part->output_count; i++) {
        const int32_t number = part->outputs[i];
        if (is_stale(&host->context.tensors[number], NULL)) MN_TRY(refresh(host, number));
        const tfl_tensor *tensor = &host->context.tensors[number];
        if (!tensor->data.data) return fail_kernel(host, "it leaves an output without memory");
        if (tensor->data.data == run->outputs[i]) continue;
        memcpy(run->outputs[i], tensor->data.data, tensor->bytes);
    }
    return MN_OK;
}

mn_status mn_host_run(void *state, const mn_part_run *run) {
    part_state *s = state;
    set_data(s->host, s->part, run);
    for (int32_t i = 0; i < s->between_count; i++) {
        s->host->context.tensors[s->between[i].tensor].data.data = (char *)run->workspace + s->between[i].offset;
    }
    for (int32_t i = 0; i < s->kernel_count; i++) MN_TRY(invoke(s->host, &s->kernels[i]));
    return take_outputs(s->host, s->part, run);
}

void mn_host_free_handles(mn_host *host) {
    for (size_t i = 0; i < host->context.tensors_size; i++) {
        tfl_tensor *tensor = &host->context.tensors[i];
        tfl_delegate *owner = tensor->delegate;
        if (!owner || tensor->buffer_handle == TFL_NO_BUFFER_HANDLE || !owner->free_buffer_handle) continue;
        mn_host_enter(host, MN_HOST_KERNEL);
        owner->free_buffer_handle(&host->context, owner, &tensor->buffer_handle);
        mn_host_leave(host);
    }
}
