/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "backend/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

/* ---- Sentences ------------------------------------------------------------------------------------------- */

/* "m.tflite: delegate npu, operators 3 to 7: what it said" */
static mn_status say_who(const mn_foreign *f, int32_t backend, const mn_part *part, mn_status status) {
    char who[200], where[64] = "";
    if (part) {
        const int32_t first = part->ops[0], last = part->ops[part->op_count - 1];
        if (part->op_count == 1) snprintf(where, sizeof where, ", operator %d", first);
        if (part->op_count > 1) {
            snprintf(where, sizeof where, ", %d operators from %d to %d", part->op_count, first, last);
        }
    }
    snprintf(who, sizeof who, "%.80s: delegate %.40s%s", f->offer.graph->name, f->backends[backend]->name, where);
    if (mn_error_detail()[0] == '\0') mn_fail(status, "it gave no reason");
    return mn_fail_prefix(status, who);
}

/* So that no older sentence passes for the delegate's. */
static void forget_sentence(void) { mn_fail(MN_OK, "%s", ""); }

/* ---- Claims ---------------------------------------------------------------------------------------------- */

static mn_status take_claims(mn_foreign *f, int32_t *owners, const bool *wanted) {
    const mn_graph *graph = f->offer.graph;
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (!wanted[i]) continue;
        if (owners[i] != MN_OWNER_NONE) {
            mn_fail(MN_ERROR_ARGUMENT, "it claims operator %d, which was not offered to it", i);
            return say_who(f, f->offer.self, NULL, MN_ERROR_ARGUMENT);
        }
        owners[i] = f->offer.self;
    }
    return MN_OK;
}

static mn_status ask_for_claims(mn_foreign *f, int32_t *owners) {
    const size_t count = (size_t)f->offer.graph->op_count;
    bool *wanted = mn_region_alloc(&f->region, count, sizeof *wanted);
    if (!wanted) return mn_fail_memory("the delegates");
    for (int32_t i = 0; i < f->backend_count; i++) {
        const mn_backend *backend = f->backends[i];
        f->offer.self = i;
        memset(wanted, 0, count * sizeof *wanted);
        forget_sentence();
        const mn_status status = backend->claim(backend->context, &f->offer, wanted, &f->sessions[i]);
        if (status != MN_OK) return say_who(f, i, NULL, status);
        MN_TRY(take_claims(f, owners, wanted));
    }
    return MN_OK;
}

static mn_status refuse_unclaimed(const mn_graph *graph, const int32_t *owners) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (graph->ops[i].kind == MN_OP_CUSTOM && owners[i] == MN_OWNER_NONE) return mn_graph_refuse_custom(graph, i);
    }
    return MN_OK;
}

static mn_status claim(mn_foreign *f) {
    const mn_graph *graph = f->offer.graph;
    int32_t *owners = mn_region_alloc(&f->region, (size_t)graph->op_count, sizeof *owners);
    if (!owners) return mn_fail_memory("the delegates");
    for (int32_t i = 0; i < graph->op_count; i++) owners[i] = mn_owner_unclaimed(graph, i);
    f->offer.owners = owners;
    MN_TRY(ask_for_claims(f, owners));
    return refuse_unclaimed(graph, owners);
}

/* ---- Parts ----------------------------------------------------------------------------------------------- */

static mn_status prepare(mn_foreign *f) {
    f->prepared = mn_region_alloc(&f->region, (size_t)f->partition.part_count, sizeof *f->prepared);
    if (!f->prepared) return mn_fail_memory("the delegates");
    for (int32_t i = 0; i < f->partition.part_count; i++) {
        const mn_part *part = &f->partition.parts[i];
        f->offer.self = part->owner;
        forget_sentence();
        const mn_status status =
            f->backends[part->owner]->prepare(f->sessions[part->owner], &f->offer, part, &f->prepared[i]);
        if (status != MN_OK) return say_who(f, part->owner, part, status);
        f->prepared_count++;
    }
    return MN_OK;
}

/* A part as one operator. */
static mn_status make_op(mn_foreign *f, const mn_part *part, mn_op *op) {
    const size_t ins = (size_t)part->input_count, outs = (size_t)part->output_count;
    *op = (mn_op){.kind = MN_OP_CUSTOM,
                  .version = 1,
                  .input_count = part->input_count,
                  .output_count = part->output_count,
                  .inputs = mn_region_alloc(&f->region, ins, sizeof *op->inputs),
                  .outputs = mn_region_alloc(&f->region, outs, sizeof *op->outputs),
                  .attr.custom.name = f->backends[part->owner]->name};
    if (!op->inputs || !op->outputs) return mn_fail_memory("the delegates");
    memcpy(op->inputs, part->inputs, ins * sizeof *op->inputs);
    memcpy(op->outputs, part->outputs, outs * sizeof *op->outputs);
    return MN_OK;
}

/* The model's graph with other operators. */
static mn_status make_graph(mn_foreign *f) {
    const mn_graph *graph = f->offer.graph;
    const size_t items = (size_t)f->partition.item_count;
    mn_op *ops = mn_region_alloc(&f->region, items, sizeof *ops);
    int32_t *origin = mn_region_alloc(&f->region, items, sizeof *origin);
    f->parts = mn_region_alloc(&f->region, items, sizeof *f->parts);
    f->ops = mn_region_alloc(&f->region, (size_t)graph->op_count, sizeof *f->ops);
    f->ops_begin = mn_region_alloc(&f->region, items + 1, sizeof *f->ops_begin);
    f->part_of = mn_region_alloc(&f->region, (size_t)graph->op_count, sizeof *f->part_of);
    if (!ops || !origin || !f->parts || !f->ops || !f->ops_begin || !f->part_of) return mn_fail_memory("the delegates");
    int32_t used = 0;
    for (int32_t i = 0; i < graph->op_count; i++) f->part_of[i] = -1;
    for (int32_t i = 0; i < f->partition.item_count; i++) {
        const mn_run_item *item = &f->partition.items[i];
        const mn_part *part = item->part >= 0 ? &f->partition.parts[item->part] : NULL;
        f->parts[i] = item->part;
        f->ops_begin[i] = used;
        origin[i] = item->op;
        ops[i] = graph->ops[item->op];
        if (part) MN_TRY(make_op(f, part, &ops[i]));
        for (int32_t k = 0; k < (part ? part->op_count : 1); k++) {
            const int32_t op = part ? part->ops[k] : item->op;
            f->part_of[op] = item->part;
            f->ops[used++] = op;
        }
    }
    f->ops_begin[items] = used;
    f->graph = *graph;
    f->graph.region = (mn_region){0};
    f->graph.ops = ops;
    f->graph.op_count = f->partition.item_count;
    f->graph.origin = origin;
    return MN_OK;
}

/* ---- All together ------------------------------------------------------------------------------------------ */

static mn_status open_all(mn_foreign *f, const mn_backend_list *list) {
    const size_t count = (size_t)list->count;
    f->backends = mn_region_alloc(&f->region, count, sizeof *f->backends);
    f->sessions = mn_region_alloc(&f->region, count, sizeof *f->sessions);
    if (!f->backends || !f->sessions) return mn_fail_memory("the delegates");
    for (int32_t i = 0; i < list->count; i++) f->backends[f->backend_count++] = list->of[i];
    MN_TRY(claim(f));
    const mn_partition_options cut = {.backends = f->backends, .alone = f->offer.alone};
    MN_TRY(mn_partition_make(f->offer.graph, f->offer.owners, &cut, &f->partition));
    MN_TRY(prepare(f));
    return make_graph(f);
}

mn_status mn_foreign_open(const mn_offer *offer, const mn_backend_list *backends, mn_foreign **out) {
    mn_foreign *foreign = calloc(1, sizeof *foreign);
    if (!foreign) return mn_fail_memory("the delegates");
    foreign->offer = *offer;
    const mn_status status = open_all(foreign, backends);
    if (status != MN_OK) {
        mn_foreign_close(&foreign);
        return status;
    }
    *out = foreign;
    return MN_OK;
}

void mn_foreign_close(mn_foreign **foreign) {
    mn_foreign *closing = *foreign;
    *foreign = NULL;
    if (!closing) return;
    for (int32_t i = 0; i < closing->prepared_count; i++) {
        const mn_backend *backend = closing->backends[closing->partition.parts[i].owner];
        if (backend->free) backend->free(closing->prepared[i].state);
    }
    for (int32_t i = 0; i < closing->backend_count; i++) {
        if (closing->backends[i]->close && closing->sessions[i]) closing->backends[i]->close(closing->sessions[i]);
    }
    mn_partition_free(&closing->partition);
    mn_region_free(&closing->region);
    free(closing);
}

static const mn_prepared *prepared_of(const mn_foreign *foreign, const mn_part *part) {
    return &foreign->prepared[part - foreign->partition.parts];
}

mn_status mn_foreign_run(const mn_foreign *foreign, const mn_part *part, const mn_part_run *run) {
    forget_sentence();
    const mn_status status = foreign->backends[part->owner]->run(prepared_of(foreign, part)->state, run);
    return status == MN_OK ? MN_OK : say_who(foreign, part->owner, part, status);
}

size_t mn_foreign_workspace(const mn_foreign *foreign, const mn_part *part) {
    return prepared_of(foreign, part)->workspace_bytes;
}

const char *mn_foreign_kernel(const mn_foreign *foreign, const mn_part *part) {
    const char *kernel = prepared_of(foreign, part)->kernel;
    return kernel ? kernel : "foreign";
}

const char *mn_foreign_name(const mn_foreign *foreign, const mn_part *part) {
    return foreign->backends[part->owner]->name;
}

mn_status mn_foreign_shape(void *question, int32_t op_index, int32_t output, const mn_shape *shapes, mn_shape *out,
                           bool *known) {
    const mn_shape_question *asked = question;
    for (int32_t i = 0; i < asked->backends->count && !*known; i++) {
        const mn_backend *backend = asked->backends->of[i];
        if (!backend->shape) continue;
        MN_TRY(backend->shape(backend->context, asked->graph, op_index, output, shapes, out, known));
    }
    return MN_OK;
}
