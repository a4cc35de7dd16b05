/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plugin/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/thread.h"
#include "graph/shape.h"
#include "plugin/import.h"
#include "session/model.h"
#include "session/session.h"

typedef struct part {
    const mn_plugin *plugin;
    mn_model *model;
    const int32_t *numbers; /* the interpreter's of the model's tensors */
    mn_session *session;    /* NULL before `prepare` */
    int32_t threads;        /* of the session */
    void **copied;          /* [outputs]: where one goes that the session has written elsewhere; NULL: it has not */
} part;

void mn_part_report(tfl_context *context, const char *sentence) {
    context->report_error(context, "libmobilenet_delegate: %s", sentence);
}

static tfl_status fail(tfl_context *context) {
    mn_part_report(context, mn_error_detail());
    return TFL_DELEGATE_ERROR;
}

/* ---- Beginning and end ----------------------------------------------------------------------------------- */

static mn_status make_model(tfl_context *context, const tfl_delegate_params *params, part *out) {
    mn_imported made;
    const mn_import nodes = {.context = context,
                             .count = params->nodes_to_replace->size,
                             .nodes = params->nodes_to_replace->data,
                             .inputs = params->input_tensors,
                             .outputs = params->output_tensors};
    MN_TRY(mn_import_graph(&nodes, &made));
    const mn_status status = mn_model_from_graph(&made.graph, &out->model);
    if (status != MN_OK) mn_graph_free(&made.graph);
    out->numbers = made.numbers;
    return status;
}

static mn_status make_part(tfl_context *context, const tfl_delegate_params *params, part *out) {
    MN_TRY(make_model(context, params, out));
    out->plugin = params->delegate->data;
    out->copied = calloc((size_t)out->model->graph.output_count, sizeof *out->copied);
    return out->copied ? MN_OK : mn_fail_memory("a part of the model");
}

static void end(tfl_context *context, void *user_data) {
    (void)context;
    part *ending = user_data;
    if (!ending) return;
    mn_session_close(&ending->session);
    mn_model_close(&ending->model);
    free(ending->copied);
    free(ending);
}

/* NULL where it fails, which `prepare` gives back; some interpreters take it for an answer like any other. */
static void *begin(tfl_context *context, const char *buffer, size_t length) {
    (void)length; /* 0 */
    const tfl_delegate_params *params = (const void *)buffer;
    part *made = calloc(1, sizeof *made);
    mn_status status = made ? MN_OK : mn_fail_memory("a part of the model");
    if (status == MN_OK) status = make_part(context, params, made);
    if (status != MN_OK) {
        fail(context);
        end(context, made);
        return NULL;
    }
    return made;
}

/* ---- Preparation: may come several times, with other shapes and threads ----------------------------------- */

static int32_t wanted_threads(const tfl_context *context, const mn_settings *settings) {
    if (settings->threads != 0) return settings->threads;
    return mn_min_i32(mn_max_i32(context->recommended_num_threads, 1), MN_MAX_THREADS);
}

/* Tensor `index` of the part's model, as the interpreter has it. */
static tfl_tensor *tensor_of(const tfl_context *context, const part *of, int32_t index) {
    return &context->tensors[of->numbers[index]];
}

static mn_status read_shape(const tfl_context *context, const part *of, int32_t input, mn_input_shape *out) {
    const int32_t index = of->model->graph.inputs[input];
    const tfl_int_array *dims = tensor_of(context, of, index)->dims;
    *out = (mn_input_shape){.input = input, .rank = dims ? dims->size : 0};
    if (out->rank > MN_MAX_RANK) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "tensor %d (%.80s) has %d dimensions; at most %d are supported",
                       of->numbers[index], of->model->graph.tensors[index].name, out->rank, MN_MAX_RANK);
    }
    for (int32_t d = 0; d < out->rank; d++) out->dims[d] = dims->data[d];
    return MN_OK;
}

static bool has_shape(const tfl_tensor *tensor, const mn_tensor *wanted) {
    const tfl_int_array *dims = tensor->dims;
    return dims && dims->size == wanted->rank &&
           memcmp(dims->data, wanted->dims, (size_t)wanted->rank * sizeof *wanted->dims) == 0;
}

/* Is the session for the shapes that the interpreter has now? */
static bool fits(const tfl_context *context, const part *of) {
    const mn_graph *graph = &of->model->graph;
    for (int32_t i = 0; i < graph->input_count; i++) {
        const int32_t index = graph->inputs[i];
        if (!has_shape(tensor_of(context, of, index), &of->session->tensors[index])) return false;
    }
    return true;
}

static void tell(tfl_context *context, const part *of) {
    char text[MN_DETAIL_BYTES];
    snprintf(text, sizeof text, "%d nodes from %d on as one: %d threads, arena of %zu bytes", of->model->graph.op_count,
             of->model->graph.origin[0], of->session->threads, of->session->plan.arena_bytes);
    mn_part_report(context, text);
}

static mn_status make_session(tfl_context *context, part *of, int32_t threads, const mn_input_shape *shapes) {
    const mn_settings *settings = &of->plugin->settings;
    mn_session_options options = MN_INIT(mn_session_options);
    options.threads = of->threads = threads;
    options.cpu = settings->cpu;
    options.input_shapes = shapes;
    options.input_shape_count = of->model->graph.input_count;
    mn_session_close(&of->session);
    MN_TRY(mn_session_create_outside(of->model, &options, &of->session));
    if (settings->verbose) tell(context, of);
    return MN_OK;
}

static mn_status plan(tfl_context *context, part *of) {
    const mn_graph *graph = &of->model->graph;
    const int32_t threads = wanted_threads(context, &of->plugin->settings);
    if (of->session && of->threads == threads && fits(context, of)) return MN_OK;
    mn_input_shape *shapes = calloc((size_t)graph->input_count, sizeof *shapes);
    mn_status status = shapes ? MN_OK : mn_fail_memory("a part of the model");
    for (int32_t i = 0; i < graph->input_count && status == MN_OK; i++) {
        status = read_shape(context, of, i, &shapes[i]);
    }
    if (status == MN_OK) status = make_session(context, of, threads, shapes);
    free(shapes);
    return status;
}

/* Tells the interpreter the shape of a tensor. */
static tfl_status give_shape(tfl_context *context, const part *of, int32_t index) {
    const mn_tensor *wanted = &of->session->tensors[index];
    tfl_tensor *tensor = tensor_of(context, of, index);
    if (has_shape(tensor, wanted)) return TFL_OK;
    tfl_int_array *dims = malloc(sizeof *dims + (size_t)wanted->rank * sizeof *dims->data);
    if (!dims) {
        mn_fail_memory("a shape");
        return fail(context);
    }
    dims->size = wanted->rank;
    memcpy(dims->data, wanted->dims, (size_t)wanted->rank * sizeof *dims->data);
    return context->resize_tensor(context, tensor, dims);
}

static tfl_status prepare(tfl_context *context, tfl_node *node) {
    part *of = node->user_data;
    if (!of) return TFL_DELEGATE_ERROR; /* the reason was reported when it began */
    if (plan(context, of) != MN_OK) return fail(context);
    const mn_graph *graph = &of->model->graph;
    for (int32_t i = 0; i < graph->output_count; i++) {
        const tfl_status status = give_shape(context, of, graph->outputs[i]);
        if (status != TFL_OK) return status;
    }
    return TFL_OK;
}

/* ---- Runs ------------------------------------------------------------------------------------------------ */

/* The memory of a tensor in the interpreter, which may be another one in each run. Interpreters align it to more
 * than elements; one that a program brings may be anywhere. */
static mn_status find_memory(const tfl_context *context, const part *of, int32_t index, void **out) {
    const tfl_tensor *tensor = tensor_of(context, of, index);
    *out = tensor->data.data;
    const mn_tensor *planned = &of->session->tensors[index];
    if (*out && (uintptr_t)*out % mn_type_size(planned->type) != 0) {
        return mn_fail(MN_ERROR_ARGUMENT, "tensor %d (%.80s) is not aligned to its elements", of->numbers[index],
                       planned->name);
    }
    if (*out && tensor->bytes == planned->bytes) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "tensor %d (%.80s) has %zu bytes%s; %zu were planned", of->numbers[index],
                   planned->name, tensor->bytes, *out ? "" : " and no memory", planned->bytes);
}

static mn_status run(const tfl_context *context, part *of) {
    const mn_graph *graph = &of->model->graph;
    void *memory;
    for (int32_t i = 0; i < graph->input_count; i++) {
        MN_TRY(find_memory(context, of, graph->inputs[i], &memory));
        mn_session_put_input(of->session, i, memory);
    }
    for (int32_t i = 0; i < graph->output_count; i++) {
        MN_TRY(find_memory(context, of, graph->outputs[i], &memory));
        of->copied[i] = mn_session_put_output(of->session, i, memory) ? NULL : memory;
    }
    MN_TRY(mn_session_run(of->session));
    for (int32_t i = 0; i < graph->output_count; i++) {
        if (!of->copied[i]) continue;
        memcpy(of->copied[i], mn_session_output(of->session, i), of->session->tensors[graph->outputs[i]].bytes);
    }
    return MN_OK;
}

static tfl_status invoke(tfl_context *context, tfl_node *node) {
    part *of = node->user_data;
    if (of && of->session) return run(context, of) == MN_OK ? TFL_OK : fail(context);
    mn_part_report(context, "a part is run that was not prepared");
    return TFL_DELEGATE_ERROR;
}

tfl_registration mn_part_registration(void) {
    return (tfl_registration){.init = begin,
                              .free = end,
                              .prepare = prepare,
                              .invoke = invoke,
                              .builtin_code = TFL_CODE_DELEGATE,
                              .custom_name = "mobilenet.c",
                              .version = 1};
}
