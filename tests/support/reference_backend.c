/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/reference_backend.h"

#include <stdlib.h>
#include <string.h>

#include "session/model.h"

enum { WORKSPACE = 777 };

/* What is kept for a session, to see that it comes back. */
typedef struct kept {
    reference_backend *backend;
    const mn_offer *offer;
} kept;

/* One part. */
typedef struct ready {
    reference_backend *backend;
    const mn_part *part;
    const mn_offer *offer;
    mn_model *model;
    mn_session *session;
} ready;

static bool chance(const reference_backend *b, int32_t op) {
    uint32_t hash = (b->seed * 2654435761u) ^ ((uint32_t)op * 2246822519u + 374761393u);
    hash = (hash ^ hash >> 15) * 2654435761u;
    return (int32_t)(hash >> 29) < b->share;
}

/* Reads anything that is computed: a model needs an input. */
static bool reads_values(const mn_graph *graph, const mn_op *op) {
    for (int32_t i = 0; i < op->input_count; i++) {
        if (op->inputs[i] >= 0 && !graph->tensors[op->inputs[i]].data) return true;
    }
    return false;
}

/* The part's model takes the integers that follow from shapes as they are for the file's shapes. */
static bool has_stale_attributes(const mn_offer *offer, const mn_op *op) {
    const mn_shape one = mn_tensor_shape(mn_graph_output(offer->graph, op, 0));
    return op->attr.computed && !mn_shape_equal(&one, &offer->shapes[op->outputs[0]]);
}

static mn_status claim(void *context, const mn_offer *offer, bool *wanted, void **session) {
    reference_backend *b = context;
    kept *k = malloc(sizeof *k);
    if (!k) return mn_fail_memory("a test");
    *k = (kept){.backend = b, .offer = offer};
    *session = k;
    b->claimed++;
    if (b->fails_to_claim) return mn_fail(MN_ERROR_DEVICE, "it is not plugged in");
    for (int32_t i = 0; i < offer->graph->op_count; i++) {
        const mn_op *op = &offer->graph->ops[i];
        if (offer->owners[i] != MN_OWNER_NONE || op->kind == MN_OP_CUSTOM) continue;
        wanted[i] = chance(b, i) && reads_values(offer->graph, op) && !has_stale_attributes(offer, op);
    }
    return MN_OK;
}

/* ---- A part as a model ------------------------------------------------------------------------------------ */

static bool is_value(const mn_graph *graph, int32_t tensor) { return graph->tensors[tensor].data == NULL; }

static mn_status make_model(ready *r, mn_op *ops, int32_t *inputs, int32_t *outputs) {
    const mn_part *part = r->part;
    mn_graph some = *r->offer->graph, own;
    some.ops = ops;
    some.op_count = part->op_count;
    some.inputs = inputs;
    some.input_count = 0;
    some.outputs = outputs;
    some.output_count = part->output_count;
    for (int32_t i = 0; i < part->op_count; i++) ops[i] = r->offer->graph->ops[part->ops[i]];
    for (int32_t i = 0; i < part->input_count; i++) {
        if (is_value(&some, part->inputs[i])) inputs[some.input_count++] = part->inputs[i];
    }
    memcpy(outputs, part->outputs, (size_t)part->output_count * sizeof *outputs);
    MN_TRY(mn_graph_share(&some, &own));
    const mn_status status = mn_model_from_graph(&own, &r->model);
    mn_graph_free(&own);
    return status;
}

static mn_status make_session(ready *r, mn_input_shape *shapes) {
    mn_session_options options = MN_INIT(mn_session_options);
    options.cpu = "ref";
    options.input_shapes = shapes;
    options.input_shape_count = mn_model_input_count(r->model);
    for (int32_t i = 0; i < options.input_shape_count; i++) {
        const mn_shape *shape = &r->offer->shapes[mn_model_input(r->model, i)];
        shapes[i] = (mn_input_shape){.input = i, .rank = shape->rank};
        memcpy(shapes[i].dims, shape->dims, sizeof shape->dims);
    }
    return mn_session_create(r->model, &options, &r->session);
}

static void end(void *state) {
    ready *r = state;
    r->backend->freed++;
    mn_session_close(&r->session);
    mn_model_close(&r->model);
    free(r);
}

static mn_status prepare(void *session, const mn_offer *offer, const mn_part *part, mn_prepared *out) {
    reference_backend *b = ((kept *)session)->backend;
    ready *r = malloc(sizeof *r);
    mn_op *ops = calloc((size_t)part->op_count, sizeof *ops);
    int32_t *ends = calloc((size_t)(part->input_count + part->output_count), sizeof *ends);
    mn_input_shape *shapes = calloc((size_t)part->input_count + 1, sizeof *shapes);
    mn_status status = r && ops && ends && shapes ? MN_OK : mn_fail_memory("a test");
    b->prepared++;
    if (r) *r = (ready){.backend = b, .part = part, .offer = offer};
    if (status == MN_OK) status = make_model(r, ops, ends, ends + part->input_count);
    if (status == MN_OK) status = make_session(r, shapes);
    if (status == MN_OK && b->fails_to_prepare) status = mn_fail(MN_ERROR_UNSUPPORTED, "it has no room for them");
    if (status == MN_OK && ((kept *)session)->offer != offer) status = mn_fail(MN_ERROR_ARGUMENT, "another offer");
    free(ops);
    free(ends);
    free(shapes);
    if (status == MN_OK) {
        *out = (mn_prepared){.state = r, .workspace_bytes = WORKSPACE, .kernel = part->op_count > 1 ? "several" : NULL};
    } else if (r) {
        end(r);
    }
    return status;
}

/* ---- A run ------------------------------------------------------------------------------------------------ */

static size_t bytes_of(const mn_offer *offer, int32_t tensor) {
    return (size_t)mn_shape_count(&offer->shapes[tensor]) * mn_type_size(offer->graph->tensors[tensor].type);
}

static bool is_aligned(const void *memory) { return memory && (uintptr_t)memory % 64 == 0; }

static mn_status check_run(const ready *r, const mn_part_run *run) {
    bool good = is_aligned(run->workspace) && (run->team != NULL) == (r->offer->threads > 1);
    for (int32_t i = 0; i < r->part->input_count; i++) {
        const mn_tensor *tensor = &r->offer->graph->tensors[r->part->inputs[i]];
        good = good && run->inputs[i] && (tensor->data ? run->inputs[i] == tensor->data : is_aligned(run->inputs[i]));
    }
    for (int32_t i = 0; i < r->part->output_count; i++) good = good && is_aligned(run->outputs[i]);
    return good ? MN_OK : mn_fail(MN_ERROR_ARGUMENT, "the run is not as promised");
}

static mn_status run_part(void *state, const mn_part_run *run) {
    ready *r = state;
    int32_t input = 0;
    r->backend->run++;
    MN_TRY(check_run(r, run));
    memset(run->workspace, 0xa5, WORKSPACE);
    for (int32_t i = 0; i < r->part->output_count; i++) {
        memset(run->outputs[i], 0x5a, bytes_of(r->offer, r->part->outputs[i]));
    }
    if (r->backend->runs_to_fail > 0) {
        r->backend->runs_to_fail--;
        return mn_fail(MN_ERROR_TIMEOUT, "it did not answer");
    }
    for (int32_t i = 0; i < r->part->input_count; i++) {
        const int32_t tensor = r->part->inputs[i];
        if (!is_value(r->offer->graph, tensor)) continue;
        memcpy(mn_session_input(r->session, input++), run->inputs[i], bytes_of(r->offer, tensor));
    }
    MN_TRY(mn_session_run(r->session));
    for (int32_t i = 0; i < r->part->output_count; i++) {
        memcpy(run->outputs[i], mn_session_output(r->session, i), bytes_of(r->offer, r->part->outputs[i]));
    }
    return MN_OK;
}

static void close_session(void *session) {
    ((kept *)session)->backend->closed++;
    free(session);
}

void reference_backend_open(reference_backend *b, const char *name, uint32_t seed, int32_t share) {
    *b = (reference_backend){.backend = {.name = name,
                                         .context = b,
                                         .claim = claim,
                                         .prepare = prepare,
                                         .run = run_part,
                                         .free = end,
                                         .close = close_session},
                             .seed = seed,
                             .share = share};
}
