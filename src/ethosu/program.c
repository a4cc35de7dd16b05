/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "ethosu/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ethosu/decode.h"

/* A limit of ours: networks take some hundreds. */
enum { MOST_OPERATIONS = 65536 };

struct mn_ethosu_program {
    mn_region region;
    mn_ethosu_memory memory;
    int32_t count, room;
    mn_ethosu_op *ops;
    size_t workspace; /* of the operation that needs most */
};

/* ---- Decoding --------------------------------------------------------------------------------------------- */

static mn_status make_room(mn_ethosu_program *p) {
    if (p->count < p->room) return MN_OK;
    if (p->room == MOST_OPERATIONS) return mn_fail(MN_ERROR_LIMIT, "it comes after %d others", MOST_OPERATIONS);
    const int32_t room = p->room == 0 ? 64 : 2 * p->room;
    mn_ethosu_op *ops = realloc(p->ops, (size_t)room * sizeof *ops);
    if (!ops) return mn_fail_memory("a program of an Ethos-U");
    p->ops = ops;
    p->room = room;
    return MN_OK;
}

static bool workspace_of(const mn_ethosu_op *op, size_t *bytes) {
    *bytes = 0;
    if (op->kind == MN_ETHOSU_DMA) return true;
    if (op->kind == MN_ETHOSU_ELEMENTWISE) return mn_ethosu_elementwise_workspace(op, bytes);
    return op->dense.kernel ? mn_ethosu_dense_workspace(op, bytes) : mn_ethosu_window_workspace(op, bytes);
}

static mn_status add(mn_ethosu_program *p, mn_ethosu_decoder *decoder, const mn_ethosu_command *command) {
    size_t workspace;
    MN_TRY(make_room(p));
    decoder->done = p->ops;
    decoder->done_count = p->count;
    MN_TRY(mn_ethosu_decode(decoder, command->code, command->param, &p->ops[p->count]));
    if (!workspace_of(&p->ops[p->count], &workspace)) return mn_fail_memory("a program of an Ethos-U");
    p->workspace = mn_max_size(p->workspace, workspace);
    p->count++;
    return MN_OK;
}

static mn_status decode_all(mn_ethosu_program *p, const mn_ethosu_stream *stream, mn_ethosu_decoder *decoder) {
    mn_ethosu_registers *r = &decoder->registers;
    mn_ethosu_command command;
    size_t number = 0;
    for (size_t at = 0; mn_ethosu_stream_next(stream, &at, &command); number++) {
        if (command.is_long || command.code >= MN_ETHOSU_FIRST_SET) {
            mn_npu_set(r, &command);
        } else if (mn_npu_starts(&command)) { /* not waits and counters: operations run one after another here */
            const mn_status status = add(p, decoder, &command);
            char place[64];
            if (status == MN_OK) continue;
            snprintf(place, sizeof place, "command %zu (%s)", number, mn_ethosu_command_name(false, command.code));
            return mn_fail_prefix(status, place);
        }
    }
    return MN_OK;
}

mn_ethosu_machine mn_ethosu_machine_here(void) {
    const mn_target target = mn_target_here();
    return (mn_ethosu_machine){.target = target, .tier = mn_tier_default(target.family), .threads = 1};
}

mn_status mn_ethosu_program_make(const uint8_t *payload, size_t bytes, const mn_ethosu_memory *memory,
                                 const mn_ethosu_machine *machine, double work, mn_ethosu_program **out) {
    mn_ethosu_stream stream;
    MN_TRY(mn_ethosu_stream_read(payload, bytes, &stream));
    mn_ethosu_program *p = calloc(1, sizeof *p);
    mn_ethosu_decoder *decoder = calloc(1, sizeof *decoder);
    mn_status status = p && decoder ? MN_OK : mn_fail_memory("a program of an Ethos-U");
    if (status == MN_OK) {
        p->memory = *memory;
        p->memory.bytes[MN_ETHOSU_TABLES] = MN_ETHOSU_TABLE_BYTES;
        decoder->config = &stream.config;
        decoder->memory = &p->memory;
        decoder->region = &p->region;
        decoder->machine = machine;
        decoder->work_left = work;
        decoder->registers.wide[MN_NPU_OFM_SCALE].low = 1; /* Vela leaves it unset where it is to do nothing */
        status = decode_all(p, &stream, decoder);
    }
    free(decoder);
    if (status != MN_OK) mn_ethosu_program_free(p);
    if (status == MN_OK) *out = p;
    return status;
}

void mn_ethosu_program_free(mn_ethosu_program *program) {
    if (!program) return;
    mn_region_free(&program->region);
    free(program->ops);
    free(program);
}

/* ---- Running ---------------------------------------------------------------------------------------------- */

size_t mn_ethosu_program_workspace(const mn_ethosu_program *program) {
    return program->workspace + MN_ETHOSU_TABLE_BYTES;
}

static void run_op(const mn_ethosu_op *op, const mn_ethosu_run *run) {
    const mn_ethosu_copy *copy = &op->copy;
    switch (op->kind) {
    case MN_ETHOSU_DMA:
        memmove(run->spaces[copy->to_space] + copy->to, run->spaces[copy->from_space] + copy->from, copy->bytes);
        return;
    case MN_ETHOSU_ELEMENTWISE: mn_ethosu_elementwise_run(op, run); return;
    default: break;
    }
    if (op->dense.kernel) mn_ethosu_dense_run(op, run);
    if (!op->dense.kernel) mn_ethosu_window_run(op, run);
}

void mn_ethosu_program_run(const mn_ethosu_program *program, uint8_t *const spaces[MN_ETHOSU_SPACES], void *workspace,
                           mn_team *team) {
    mn_ethosu_run run = {.workspace = (char *)workspace + MN_ETHOSU_TABLE_BYTES, .team = team};
    for (int32_t i = 0; i < MN_ETHOSU_SPACES; i++) {
        const uint8_t *constant = program->memory.constant[i];
        run.spaces[i] = constant ? (uint8_t *)constant : spaces[i]; /* decoding let nothing write to constants */
    }
    run.spaces[MN_ETHOSU_TABLES] = workspace;
    memset(workspace, 0, MN_ETHOSU_TABLE_BYTES);
    for (int32_t i = 0; i < program->count; i++) run_op(&program->ops[i], &run);
}
