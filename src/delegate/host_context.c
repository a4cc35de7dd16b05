/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The functions of a context. They are called by delegates, so nothing that is given to them is trusted. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "delegate/host.h"

enum { MOST_RANK = 16 };

/* ---- Words -------------------------------------------------------------------------------------------------- */

static bool is_blank(char c) { return (unsigned char)c <= ' ' || c == 0x7f; }

/* One line, without blanks and full stops at its end. */
static void tidy(const char *text, char line[MN_HOST_WORDS]) {
    size_t used = 0;
    while (is_blank(*text) && *text != '\0') text++;
    for (; *text != '\0' && used + 1 < MN_HOST_WORDS; text++) line[used++] = is_blank(*text) ? ' ' : *text;
    while (used > 0 && (line[used - 1] == ' ' || line[used - 1] == '.')) used--;
    line[used] = '\0';
}

void mn_host_hear(mn_host *host, const char *text) {
    char line[MN_HOST_WORDS];
    const size_t used = strlen(host->words);
    tidy(text, line);
    snprintf(host->words + used, sizeof host->words - used, "%s%s", used > 0 ? "; " : "", line);
    if (host->of && host->of->hear) host->of->hear(host->of->hearing, line);
}

static void report_error(tfl_context *context, const char *format, ...) {
    char text[MN_HOST_WORDS];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mn_host_hear(mn_host_of(context), text);
}

static const char *name_of(tfl_status status) {
    static const char *const names[] = {
        [TFL_OK] = "success",
        [TFL_ERROR] = "error",
        [TFL_DELEGATE_ERROR] = "delegate error",
        [TFL_APPLICATION_ERROR] = "application error",
        [TFL_DELEGATE_DATA_NOT_FOUND] = "no delegate data",
        [TFL_DELEGATE_DATA_WRITE_ERROR] = "delegate data not written",
        [TFL_DELEGATE_DATA_READ_ERROR] = "delegate data not read",
        [TFL_UNRESOLVED_OPS] = "unresolved operators",
        [TFL_CANCELLED] = "cancelled",
        [TFL_OUTPUT_SHAPE_NOT_KNOWN] = "output shape not known",
    };
    return status >= 0 && (size_t)status < sizeof names / sizeof *names ? names[status] : "unknown status";
}

mn_status mn_host_fail(mn_host *host, const char *what, tfl_status status) {
    const mn_status failure = status == TFL_CANCELLED ? MN_ERROR_CANCELLED : MN_ERROR_BACKEND;
    const char *reason = host->words[0] == '\0' ? " and gave no reason" : ": ";
    return mn_fail(failure, "%s ended with status %d (%s)%s%s", what, status, name_of(status), reason, host->words);
}

void mn_host_enter(mn_host *host, mn_host_phase phase) {
    host->phase = phase;
    host->misused = false;
    host->words[0] = '\0';
}

void mn_host_leave(mn_host *host) { host->phase = MN_HOST_IDLE; }

/* ---- Misuse ------------------------------------------------------------------------------------------------- */

/* Everything here ends with an error for the delegate and, in the delegate's `prepare` and a kernel's `init`, for the
 * session. */
static tfl_status misuse(mn_host *host, const char *text) {
    mn_host_hear(host, text);
    host->misused = true;
    return TFL_ERROR;
}

static tfl_status misuse_null(mn_host *host, const char *function) {
    char text[MN_HOST_WORDS];
    snprintf(text, sizeof text, "it calls %s with NULL", function);
    return misuse(host, text);
}

/* Is it the time for functions about the graph? */
static bool may_look(mn_host *host, const char *function) {
    char text[MN_HOST_WORDS];
    if (host->phase >= MN_HOST_INIT) return true;
    snprintf(text, sizeof text, "it calls %s, which only prepare of a delegate and init may", function);
    misuse(host, text);
    return false;
}

/* May the delegate have the operator? What follows from shapes holds for the file's alone: a delegate would read old
 * numbers in the constant that says the wanted shape. */
static bool is_free(const mn_host *host, int32_t node) {
    const bool stale = host->resized && host->offer->graph->ops[node].attr.computed;
    return host->offer->owners[node] == MN_OWNER_NONE && host->taken[node] < 0 && !stale;
}

/* Does the delegate's `nodes` name nodes that it may have? If not, the words say why. */
static bool check_nodes(mn_host *host, const tfl_int_array *nodes, const char *function) {
    char text[MN_HOST_WORDS];
    const int32_t count = host->offer->graph->op_count;
    if (nodes->size < 0 || nodes->size > count) {
        snprintf(text, sizeof text, "it calls %s with %d nodes; the graph has %d", function, nodes->size, count);
        misuse(host, text);
        return false;
    }
    for (int32_t i = 0; i < nodes->size; i++) {
        const int32_t node = nodes->data[i];
        const bool exists = node >= 0 && node < count;
        if (exists && is_free(host, node)) continue;
        snprintf(text, sizeof text, "it calls %s with node %d, which %s", function, node,
                 exists ? "is not in the plan" : "does not exist");
        misuse(host, text);
        return false;
    }
    return true;
}

/* ---- Graph -------------------------------------------------------------------------------------------------- */

static tfl_status get_execution_plan(tfl_context *context, tfl_int_array **plan) {
    mn_host *host = mn_host_of(context);
    if (!may_look(host, "GetExecutionPlan")) return TFL_ERROR;
    if (!plan) return misuse_null(host, "GetExecutionPlan");
    host->plan->size = 0;
    for (int32_t i = 0; i < host->offer->graph->op_count; i++) {
        if (is_free(host, i)) host->plan->data[host->plan->size++] = i;
    }
    *plan = host->plan;
    return TFL_OK;
}

static tfl_status get_node_and_registration(tfl_context *context, int index, tfl_node **node,
                                            tfl_registration **registration) {
    mn_host *host = mn_host_of(context);
    char text[MN_HOST_WORDS];
    if (!may_look(host, "GetNodeAndRegistration")) return TFL_ERROR;
    if (!node || !registration) return misuse_null(host, "GetNodeAndRegistration");
    if (index < 0 || index >= host->offer->graph->op_count) {
        snprintf(text, sizeof text, "it asks for node %d; the graph has %d", index, host->offer->graph->op_count);
        return misuse(host, text);
    }
    *node = &host->nodes[index];
    *registration = &host->registrations[index];
    return TFL_OK;
}

tfl_status mn_host_take(mn_host *host, const tfl_registration_2_9 *registration, const tfl_int_array *nodes,
                        tfl_delegate *delegate) {
    static const char function[] = "ReplaceNodeSubsetsWithDelegateKernels";
    if (host->phase == MN_HOST_INIT) return misuse(host, "it claims operators in init, when parts are cut");
    if (host->phase != MN_HOST_CLAIM) return misuse(host, "it claims operators outside its Prepare");
    if (!nodes || !delegate) return misuse_null(host, function);
    if (!check_nodes(host, nodes, function)) return TFL_ERROR;
    if (nodes->size == 0) return TFL_OK;
    if (!registration->invoke) return misuse(host, "its kernels have no invoke");
    mn_host_call *calls = realloc(host->calls, ((size_t)host->call_count + 1) * sizeof *calls);
    if (!calls) return misuse(host, "out of memory for its kernels");
    host->calls = calls;
    const char *given = registration->custom_name;
    const char *name = given ? mn_region_string(&host->region, given, strlen(given)) : NULL;
    if (given && !name) return misuse(host, "out of memory for its kernels");
    calls[host->call_count] = (mn_host_call){*registration, delegate, name};
    for (int32_t i = 0; i < nodes->size; i++) host->taken[nodes->data[i]] = host->call_count;
    host->call_count++;
    return TFL_OK;
}

/* What the parts of these nodes would be, if no other back end took any. */
static mn_status preview(mn_host *host, const tfl_int_array *nodes, tfl_delegate_params **out, int *count) {
    mn_partition partition;
    MN_TRY(mn_host_cut(host, nodes->size, nodes->data, &host->preview, &partition));
    tfl_delegate_params *params = mn_region_alloc(&host->preview, (size_t)partition.part_count, sizeof *params);
    bool good = params != NULL;
    for (int32_t i = 0; i < partition.part_count && good; i++) {
        good = mn_host_params(host, &partition.parts[i], &host->preview, &params[i]) != NULL;
    }
    *out = params;
    *count = partition.part_count;
    mn_partition_free(&partition);
    return good ? MN_OK : mn_fail_memory("the delegate");
}

static tfl_status preview_partitioning(tfl_context *context, const tfl_int_array *nodes, tfl_delegate_params **parts,
                                       int *count) {
    static const char function[] = "PreviewDelegatePartitioning";
    mn_host *host = mn_host_of(context);
    if (!may_look(host, function)) return TFL_ERROR;
    if (!nodes || !parts || !count) return misuse_null(host, function);
    *parts = NULL;
    *count = 0;
    mn_region_free(&host->preview);
    if (!check_nodes(host, nodes, function)) return TFL_ERROR;
    if (nodes->size == 0) return TFL_OK;
    return preview(host, nodes, parts, count) == MN_OK ? TFL_OK : misuse(host, mn_error_detail());
}

static tfl_status acquire_subgraph_context(tfl_context *context, int subgraph, tfl_context **out) {
    mn_host *host = mn_host_of(context);
    if (!may_look(host, "AcquireSubgraphContext")) return TFL_ERROR;
    if (!out) return misuse_null(host, "AcquireSubgraphContext");
    if (subgraph != 0) return misuse(host, "it asks for another subgraph; the model has one");
    *out = context;
    return TFL_OK;
}

static tfl_status release_subgraph_context(tfl_context *context, int subgraph) {
    return may_look(mn_host_of(context), "ReleaseSubgraphContext") && subgraph == 0 ? TFL_OK : TFL_ERROR;
}

static tfl_status get_model_metadata(const tfl_context *context, const char *name, const char **data, size_t *bytes) {
    const mn_host *host = (const mn_host *)(const void *)context;
    if (!name || !data || !bytes) return TFL_ERROR;
    const mn_metadata *found = mn_graph_metadata(host->offer->graph, name);
    *data = found ? (const char *)found->data : NULL;
    *bytes = found ? found->bytes : 0;
    return found ? TFL_OK : TFL_ERROR;
}

/* ---- Tensors ------------------------------------------------------------------------------------------------ */

/* The number of a tensor; -1 for what is none. */
static int32_t number_of(const mn_host *host, const tfl_tensor *tensor) {
    const uintptr_t at = (uintptr_t)tensor - (uintptr_t)host->context.tensors;
    const bool there = tensor && at % sizeof *tensor == 0 && at / sizeof *tensor < host->context.tensors_size;
    return there ? (int32_t)(at / sizeof *tensor) : -1;
}

static size_t bytes_of_type(tfl_type type) {
    switch (type) {
    case TFL_BOOL:
    case TFL_INT8:
    case TFL_UINT8: return 1;
    case TFL_INT16:
    case TFL_FLOAT16: return 2;
    case TFL_FLOAT32:
    case TFL_INT32: return 4;
    case TFL_INT64: return 8;
    default: return 0;
    }
}

static bool same_dims(const tfl_int_array *dims, int rank, const int32_t *wanted) {
    return dims && dims->size == rank && (rank == 0 || memcmp(dims->data, wanted, (size_t)rank * sizeof *wanted) == 0);
}

static bool count_bytes(tfl_type type, int rank, const int32_t *dims, size_t *bytes) {
    *bytes = bytes_of_type(type);
    for (int i = 0; i < rank; i++) {
        if (dims[i] < 0 || !mn_mul_size(*bytes, (size_t)dims[i], bytes)) return false;
    }
    return bytes_of_type(type) > 0;
}

static bool may_resize(tfl_allocation allocation) {
    return allocation == TFL_ARENA_RW || allocation == TFL_ARENA_RW_PERSISTENT || allocation == TFL_DYNAMIC;
}

/* A tensor of its own gets another shape, and memory. */
static tfl_status resize_added(mn_host *host, int32_t number, int rank, const int32_t *dims) {
    tfl_tensor *tensor = &host->context.tensors[number];
    size_t bytes;
    if (!may_resize(tensor->allocation_type) || !count_bytes(tensor->type, rank, dims, &bytes)) {
        return misuse(host, "it resizes a tensor of its own without setting its type and allocation, or to no size");
    }
    tfl_int_array *kept = malloc(sizeof *kept + (size_t)rank * sizeof *kept->data);
    if (!kept) return misuse(host, "out of memory for its tensors");
    kept->size = rank;
    for (int i = 0; i < rank; i++) kept->data[i] = dims[i];
    free(tensor->dims);
    tensor->dims = kept;
    tensor->bytes = bytes;
    return mn_host_give_memory(host, number) == MN_OK ? TFL_OK : misuse(host, "out of memory for its tensors");
}

static tfl_status resize(mn_host *host, tfl_tensor *tensor, int rank, const int32_t *dims) {
    const int32_t number = number_of(host, tensor);
    char text[MN_HOST_WORDS];
    if (number < 0 || rank < 0 || rank > MOST_RANK || (rank > 0 && !dims)) {
        return misuse(host, "it resizes something that is not a tensor, or to something that is not a shape");
    }
    if (number >= host->model_tensors) return resize_added(host, number, rank, dims);
    if (same_dims(tensor->dims, rank, dims)) return TFL_OK;
    snprintf(text, sizeof text, "it gives tensor %d (%.60s) another shape than the model has", number, tensor->name);
    return misuse(host, text);
}

static tfl_status resize_tensor(tfl_context *context, tfl_tensor *tensor, tfl_int_array *dims) {
    const tfl_status status = dims ? resize(mn_host_of(context), tensor, dims->size, dims->data)
                                   : misuse_null(mn_host_of(context), "ResizeTensor");
    free(dims);
    return status;
}

static tfl_status resize_tensor_explicit(tfl_context *context, tfl_tensor *tensor, int rank, const int *dims) {
    return resize(mn_host_of(context), tensor, rank, dims);
}

static bool make_room(mn_host *host, size_t count) {
    if (count <= (size_t)host->tensor_room) return true;
    const size_t room = count + count / 2;
    tfl_tensor *tensors = realloc(host->context.tensors, room * sizeof *tensors);
    if (tensors) host->context.tensors = tensors;
    mn_host_memory *memory = realloc(host->memory, room * sizeof *memory);
    if (memory) host->memory = memory;
    if (!tensors || !memory) return false;
    host->tensor_room = (int32_t)room;
    return true;
}

static tfl_status add_tensors(tfl_context *context, int count, int *first) {
    mn_host *host = mn_host_of(context);
    const size_t had = context->tensors_size;
    if (count < 0 || count > MN_MAX_TENSORS || had + (size_t)count > 2 * MN_MAX_TENSORS) {
        return misuse(host, "it adds more tensors than can be");
    }
    if (!make_room(host, had + (size_t)count)) return misuse(host, "out of memory for its tensors");
    for (size_t i = had; i < had + (size_t)count; i++) {
        context->tensors[i] = (tfl_tensor){.buffer_handle = TFL_NO_BUFFER_HANDLE};
        host->memory[i] = (mn_host_memory){NULL, 0};
    }
    context->tensors_size += (size_t)count;
    if (first) *first = (int)had;
    return TFL_OK;
}

static tfl_tensor *get_tensor(const tfl_context *context, int index) {
    return index >= 0 && (size_t)index < context->tensors_size ? &context->tensors[index] : NULL;
}

static void *get_eval_tensor(const tfl_context *context, int index) {
    (void)context, (void)index;
    return NULL; /* TensorFlow Lite Micro's */
}

/* ---- Memory and lent things --------------------------------------------------------------------------------- */

static tfl_status request_scratch_buffer(tfl_context *context, size_t bytes, int *index) {
    if (!index) return misuse_null(mn_host_of(context), "RequestScratchBufferInArena");
    *index = mn_host_add_buffer(mn_host_of(context), bytes);
    return *index >= 0 ? TFL_OK : TFL_ERROR;
}

static void *get_scratch_buffer(tfl_context *context, int index) {
    const mn_host *host = mn_host_of(context);
    return index >= 0 && index < host->buffer_count ? host->buffers[index] : NULL;
}

static void *allocate_persistent_buffer(tfl_context *context, size_t bytes) {
    return get_scratch_buffer(context, mn_host_add_buffer(mn_host_of(context), bytes));
}

static tfl_status allocate_buffer_for_eval(tfl_context *context, size_t bytes, void **out) {
    if (!out) return misuse_null(mn_host_of(context), "AllocateBufferForEval");
    *out = allocate_persistent_buffer(context, bytes);
    return *out ? TFL_OK : TFL_ERROR;
}

static tfl_external_context *get_external_context(tfl_context *context, tfl_external_context_type type) {
    return type >= 0 && type < TFL_EXTERNAL_CONTEXTS ? mn_host_of(context)->external[type] : NULL;
}

static void set_external_context(tfl_context *context, tfl_external_context_type type, tfl_external_context *lent) {
    if (type >= 0 && type < TFL_EXTERNAL_CONTEXTS) mn_host_of(context)->external[type] = lent;
}

void mn_host_set_functions(mn_host *host) {
    tfl_context *c = &host->context;
    c->impl = host;
    c->get_execution_plan = get_execution_plan;
    c->resize_tensor = resize_tensor;
    c->report_error = report_error;
    c->add_tensors = add_tensors;
    c->get_node_and_registration = get_node_and_registration;
    c->replace_node_subsets = mn_host_replace();
    c->get_external_context = get_external_context;
    c->set_external_context = set_external_context;
    c->allocate_persistent_buffer = allocate_persistent_buffer;
    c->allocate_buffer_for_eval = allocate_buffer_for_eval;
    c->request_scratch_buffer = request_scratch_buffer;
    c->get_scratch_buffer = get_scratch_buffer;
    c->resize_tensor_explicit = resize_tensor_explicit;
    c->preview_partitioning = preview_partitioning;
    c->get_tensor = get_tensor;
    c->get_eval_tensor = get_eval_tensor;
    c->get_model_metadata = get_model_metadata;
    c->acquire_subgraph_context = acquire_subgraph_context;
    c->release_subgraph_context = release_subgraph_context;
}
