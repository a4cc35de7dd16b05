/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The back end: operators `ethos-u`, and where Vela put their tensors. */
#include <stdlib.h>
#include <string.h>

#include "backend/delegate.h"
#include "base/argument.h"
#include "ethosu/operator.h"
#include "ethosu/program.h"
#include "mobilenet_delegate.h"

enum { REGIONS = 3, REGION_ARENA = MN_ETHOSU_INPUT_ARENA - MN_ETHOSU_INPUT_WEIGHTS };

/* A tensor on its way into or out of the arena. */
typedef struct port {
    size_t arena_offset, bytes;
    int32_t place;           /* of the part's inputs or outputs; -1: between operators of the part */
    size_t between;          /* byte of the workspace, then */
    const uint8_t *constant; /* contents; NULL: computed */
} port;

/* One operator. */
typedef struct unit {
    mn_ethosu_program *program;
    mn_ethosu_memory memory;
    size_t space_at[MN_ETHOSU_SPACES]; /* byte of the workspace where a memory begins */
    size_t spaces_bytes;               /* all of them */
    int32_t input_count, output_count;
    port *inputs, *outputs;
} unit;

typedef struct state {
    mn_region region;
    const mn_part *part;
    int32_t count;
    unit *units;
    size_t workspace; /* with what tensors between operators take */
} state;

/* ---- Claims ----------------------------------------------------------------------------------------------- */

static mn_status claim(void *context, const mn_offer *offer, bool *wanted, void **session) {
    (void)context;
    (void)session;
    for (int32_t i = 0; i < offer->graph->op_count; i++) {
        const mn_op *op = &offer->graph->ops[i];
        wanted[i] = offer->owners[i] == MN_OWNER_NONE && mn_ethosu_runs(op);
    }
    return MN_OK;
}

/* ---- Tensors ---------------------------------------------------------------------------------------------- */

static mn_status check_operands(const mn_offer *offer, const mn_op *op) {
    const mn_tensor *program = mn_graph_input(offer->graph, op, MN_ETHOSU_INPUT_PROGRAM);
    if (op->input_count < MN_ETHOSU_INPUT_FIRST || !program || !program->data) {
        return mn_fail(MN_ERROR_FORMAT,
                       "it has no program, constants and two memories as its first inputs; compile the model again");
    }
    for (int32_t i = MN_ETHOSU_INPUT_WEIGHTS; i < op->input_count; i++) {
        if (!mn_graph_input(offer->graph, op, i)) return mn_fail(MN_ERROR_FORMAT, "its input %d is left out", i);
    }
    return MN_OK;
}

/* A program is made for one size of everything. */
static mn_status check_shape(const mn_offer *offer, int32_t tensor) {
    const mn_shape own = mn_tensor_shape(&offer->graph->tensors[tensor]);
    if (mn_shape_equal(&own, &offer->shapes[tensor])) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED, "tensor %d (%s) does not have the size that the program was compiled for",
                   tensor, offer->graph->tensors[tensor].name);
}

static mn_status arena_offset(const mn_graph *graph, int32_t tensor, size_t arena_bytes, size_t *out) {
    const size_t bytes = graph->tensors[tensor].bytes;
    const char *name = graph->tensors[tensor].name;
    if (!mn_ethosu_offset(graph, tensor, out)) {
        return mn_fail(MN_ERROR_FORMAT,
                       "the model has no metadata " MN_ETHOSU_OFFSETS " of version 0 for tensor %d (%s)", tensor, name);
    }
    if (*out <= arena_bytes && bytes <= arena_bytes - *out) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "metadata " MN_ETHOSU_OFFSETS " put tensor %d (%s) outside the memory of %zu bytes",
                   tensor, name, arena_bytes);
}

static int32_t place_of(const int32_t *list, int32_t count, int32_t tensor) {
    for (int32_t i = 0; i < count; i++) {
        if (list[i] == tensor) return i;
    }
    return -1;
}

/* Where an earlier operator of the part has left a tensor. */
static bool find_between(const state *s, const mn_graph *graph, int32_t tensor, size_t *out) {
    for (int32_t i = 0; i < s->count; i++) {
        const mn_op *op = &graph->ops[s->part->ops[i]];
        const int32_t k = place_of(op->outputs, op->output_count, tensor);
        if (k < 0) continue;
        *out = s->units[i].outputs[k].between;
        return true;
    }
    return false;
}

/* ---- Preparation ------------------------------------------------------------------------------------------ */

/* Lays `bytes` behind *total, which moves on: a tensor has at most 1 GiB. */
static mn_status take(size_t *total, size_t bytes) {
    return mn_add_size(*total, mn_round_up(bytes, MN_ARENA_ALIGNMENT), total)
               ? MN_OK
               : mn_fail_memory("a program of an Ethos-U");
}

/* Regions that name one tensor are one memory. Memories that are written lie behind each other in the workspace. */
static mn_status add_memory(const mn_offer *offer, const mn_op *op, unit *u) {
    for (int32_t r = 0; r < MN_ETHOSU_SPACES; r++) u->memory.of_region[r] = -1;
    for (int32_t r = 0; r < REGIONS; r++) {
        const int32_t index = op->inputs[MN_ETHOSU_INPUT_WEIGHTS + r];
        const mn_tensor *tensor = &offer->graph->tensors[index];
        u->memory.of_region[r] = place_of(op->inputs + MN_ETHOSU_INPUT_WEIGHTS, r + 1, index);
        if (u->memory.of_region[r] < r) continue;
        MN_TRY(check_shape(offer, index));
        u->memory.bytes[r] = tensor->bytes;
        u->memory.constant[r] = tensor->data;
        u->space_at[r] = u->spaces_bytes;
        if (!tensor->data) MN_TRY(take(&u->spaces_bytes, tensor->bytes));
    }
    if (u->memory.constant[u->memory.of_region[REGION_ARENA]] == NULL) return MN_OK;
    return mn_fail(MN_ERROR_FORMAT, "its input %d, the memory for tensors, is a constant",
                   MN_ETHOSU_INPUT_WEIGHTS + REGION_ARENA);
}

static mn_status make_port(const mn_offer *offer, const unit *u, int32_t tensor, port *out) {
    const mn_tensor *t = &offer->graph->tensors[tensor];
    MN_TRY(check_shape(offer, tensor));
    *out = (port){.bytes = t->bytes, .place = -1, .constant = t->data};
    return arena_offset(offer->graph, tensor, u->memory.bytes[u->memory.of_region[REGION_ARENA]], &out->arena_offset);
}

static mn_status add_ports(state *s, const mn_offer *offer, const mn_op *op, unit *u) {
    const mn_part *part = s->part;
    u->input_count = op->input_count - MN_ETHOSU_INPUT_FIRST;
    u->output_count = op->output_count;
    u->inputs = mn_region_alloc(&s->region, (size_t)u->input_count, sizeof *u->inputs);
    u->outputs = mn_region_alloc(&s->region, (size_t)u->output_count, sizeof *u->outputs);
    if (!u->inputs || !u->outputs) return mn_fail_memory("a program of an Ethos-U");
    for (int32_t i = 0; i < u->input_count; i++) {
        const int32_t tensor = op->inputs[MN_ETHOSU_INPUT_FIRST + i];
        port *p = &u->inputs[i];
        MN_TRY(make_port(offer, u, tensor, p));
        p->place = place_of(part->inputs, part->input_count, tensor);
        if (p->constant || p->place >= 0) continue;
        if (!find_between(s, offer->graph, tensor, &p->between)) {
            return mn_fail(MN_ERROR_FORMAT, "it reads tensor %d (%s), which nothing writes", tensor,
                           offer->graph->tensors[tensor].name);
        }
    }
    for (int32_t i = 0; i < u->output_count; i++) {
        port *p = &u->outputs[i];
        MN_TRY(make_port(offer, u, op->outputs[i], p));
        p->place = place_of(part->outputs, part->output_count, op->outputs[i]);
        p->between = s->workspace;
        MN_TRY(take(&s->workspace, p->bytes));
    }
    return MN_OK;
}

static mn_status add_unit(state *s, const mn_offer *offer, const mn_op *op) {
    unit *u = &s->units[s->count];
    MN_TRY(check_operands(offer, op));
    MN_TRY(add_memory(offer, op, u));
    MN_TRY(add_ports(s, offer, op, u));
    const mn_tensor *program = mn_graph_input(offer->graph, op, MN_ETHOSU_INPUT_PROGRAM);
    const mn_ethosu_machine machine = {offer->target, offer->tier, offer->threads};
    MN_TRY(mn_ethosu_program_make(program->data, program->bytes, &u->memory, &machine, MN_ETHOSU_WORK, &u->program));
    s->count++;
    return MN_OK;
}

static void end(void *ending) {
    state *s = ending;
    for (int32_t i = 0; i < s->count; i++) mn_ethosu_program_free(s->units[i].program);
    mn_region_free(&s->region);
    free(s);
}

/* Memories and workspace of operators follow what lies between them; one operator after another uses them. */
static mn_status place_memories(state *s, size_t *workspace) {
    *workspace = s->workspace;
    for (int32_t i = 0; i < s->count; i++) {
        unit *u = &s->units[i];
        size_t bytes = s->workspace;
        for (int32_t r = 0; r < REGIONS; r++) u->space_at[r] += s->workspace;
        MN_TRY(take(&bytes, u->spaces_bytes));
        MN_TRY(take(&bytes, mn_ethosu_program_workspace(u->program)));
        *workspace = mn_max_size(*workspace, bytes);
    }
    return MN_OK;
}

static mn_status prepare(void *session, const mn_offer *offer, const mn_part *part, mn_prepared *out) {
    (void)session;
    state *s = calloc(1, sizeof *s);
    if (!s) return mn_fail_memory("a program of an Ethos-U");
    s->part = part;
    s->units = mn_region_alloc(&s->region, (size_t)part->op_count, sizeof *s->units);
    mn_status status = s->units ? MN_OK : mn_fail_memory("a program of an Ethos-U");
    for (int32_t i = 0; i < part->op_count && status == MN_OK; i++) {
        status = add_unit(s, offer, &offer->graph->ops[part->ops[i]]);
    }
    *out = (mn_prepared){.state = s};
    if (status == MN_OK) status = place_memories(s, &out->workspace_bytes);
    if (status != MN_OK) end(s);
    return status;
}

/* ---- Run -------------------------------------------------------------------------------------------------- */

static void run_unit(const state *s, const unit *u, const mn_part_run *run) {
    uint8_t *workspace = run->workspace, *spaces[MN_ETHOSU_SPACES] = {NULL};
    for (int32_t r = 0; r < REGIONS; r++) {
        if (!u->memory.constant[r]) spaces[r] = workspace + u->space_at[r];
    }
    /* What a program reads without having written it is the same in every run. */
    memset(workspace + s->workspace, 0, u->spaces_bytes);
    uint8_t *arena = spaces[u->memory.of_region[REGION_ARENA]];
    for (int32_t i = 0; i < u->input_count; i++) {
        const port *p = &u->inputs[i];
        const void *from = p->constant ? p->constant : p->place >= 0 ? run->inputs[p->place] : workspace + p->between;
        memcpy(arena + p->arena_offset, from, p->bytes);
    }
    mn_ethosu_program_run(u->program, spaces, workspace + s->workspace + u->spaces_bytes, run->team);
    for (int32_t i = 0; i < u->output_count; i++) {
        const port *p = &u->outputs[i];
        memcpy(workspace + p->between, arena + p->arena_offset, p->bytes);
        if (p->place >= 0) memcpy(run->outputs[p->place], workspace + p->between, p->bytes);
    }
}

static mn_status run_part(void *running, const mn_part_run *run) {
    const state *s = running;
    for (int32_t i = 0; i < s->count; i++) run_unit(s, &s->units[i], run);
    return MN_OK;
}

/* ---- As a delegate ---------------------------------------------------------------------------------------- */

static void close_delegate(mn_delegate *delegate) { free(delegate); }

mn_status mn_delegate_open_ethosu(mn_delegate **out) {
    MN_NEED(out);
    mn_delegate *delegate = calloc(1, sizeof *delegate);
    if (!delegate) return mn_fail_memory("the delegate");
    delegate->backend =
        (mn_backend){.name = MN_ETHOSU_NAME, .claim = claim, .prepare = prepare, .run = run_part, .free = end};
    delegate->close = close_delegate;
    *out = delegate;
    return MN_OK;
}
