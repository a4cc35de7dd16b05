/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/program_runs.h"

#include <stdlib.h>
#include <string.h>

enum { GUARD = 64, GUARD_BYTE = 0x5a };

/* An arena between guards, and what else a run takes. */
typedef struct bench {
    const mn_mcu_program *program;
    uint8_t *memory;
    mn_mcu_cursor *cursors;
    uint32_t *slices; /* of each step */
} bench;

static void *or_abort(void *memory) {
    if (!memory) abort();
    return memory;
}

static void open_bench(const mn_mcu_program *p, bench *b) {
    *b = (bench){.program = p,
                 .memory = or_abort(malloc(p->arena_bytes + (size_t)3 * GUARD)),
                 .cursors = or_abort(calloc(p->longest, sizeof *b->cursors)),
                 .slices = or_abort(calloc(p->step_count, sizeof *b->slices))};
    memset(b->memory, GUARD_BYTE, p->arena_bytes + (size_t)3 * GUARD);
}

static void close_bench(bench *b) {
    free(b->memory);
    free(b->cursors);
    free(b->slices);
}

/* Aligned, behind a guard. */
static uint8_t *arena_of(const bench *b) { return b->memory + 2 * GUARD - (uintptr_t)b->memory % GUARD; }

static void count_slice(void *context, uint32_t step, uint32_t first, uint32_t count) {
    (void)first, (void)count;
    ((uint32_t *)context)[step]++;
}

static const int8_t *run(bench *b, const int8_t *image) {
    mn_mcu_run r = {.tell = count_slice, .context = b->slices};
    return mn_mcu_run_image(&r, b->program, arena_of(b), b->cursors, image);
}

static bool is_guarded(const bench *b) {
    const uint8_t *begin = arena_of(b), *end = begin + b->program->arena_bytes;
    for (const uint8_t *at = b->memory; at < end + GUARD; at++) {
        if ((at < begin || at >= end) && *at != GUARD_BYTE) return false;
    }
    return true;
}

static bool ran_as_told(const bench *b, const mn_mcu_built *built) {
    for (uint32_t s = 0; s < b->program->step_count; s++) {
        if (b->slices[s] != built->steps[s].slices) return false;
    }
    return true;
}

static void fill(uint8_t *bytes, size_t count, uint32_t seed) {
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
}

static const char *compare(mn_session *session, const mn_model *model, const mn_mcu_built *built, bench *b,
                           uint32_t seed) {
    mn_tensor_info in = MN_INIT(mn_tensor_info), out = MN_INIT(mn_tensor_info);
    if (mn_session_tensor(session, mn_model_input(model, 0), &in) != MN_OK ||
        mn_session_tensor(session, mn_model_output(model, 0), &out) != MN_OK) {
        return mn_error_detail();
    }
    fill(mn_session_input(session, 0), in.bytes, seed);
    const int8_t *result = run(b, mn_session_input(session, 0));
    if (!result) return "it does not run to its end";
    if (!is_guarded(b)) return "it writes outside the arena";
    if (!ran_as_told(b, built)) return "it runs in other slices than those that were told";
    if (mn_session_run(session) != MN_OK) return mn_error_detail();
    return memcmp(result, mn_session_output(session, 0), out.bytes) == 0 ? NULL : "the output differs";
}

const char *pr_problem(const mn_model *model, const mn_mcu_built *built, uint32_t seed) {
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    options.cpu = "ref";
    options.threads = 1;
    if (mn_session_create(model, &options, &session) != MN_OK) return mn_error_detail();
    bench b;
    open_bench(&built->program, &b);
    const char *problem = compare(session, model, built, &b, seed);
    close_bench(&b);
    mn_session_close(&session);
    return problem;
}

/* Is the arena's end a workspace that only kernels for other processors use? */
static bool ends_in_tile(const mn_mcu_built *built) {
    for (int32_t s = 0; s < built->program.step_count; s++) {
        const mn_mcu_step *step = &built->program.steps[s];
        const size_t end = step->workspace + built->steps[s].workspace_bytes;
        if (step->kind == MN_MCU_POINTWISE && end == built->program.arena_bytes) return true;
    }
    return false;
}

bool pr_needs_last_byte(const mn_mcu_built *built) {
    if (ends_in_tile(built)) return true;
    const mn_mcu_tensor *in = &built->program.tensors[built->program.input];
    const size_t bytes = (size_t)in->height * in->width * in->bytes;
    uint8_t *image = or_abort(malloc(bytes));
    bool written = false;
    fill(image, bytes, 1);
    for (int i = 0; i < 2; i++) { /* what is written differs from one of two bytes */
        bench b;
        open_bench(&built->program, &b);
        uint8_t *last = arena_of(&b) + built->program.arena_bytes - 1;
        *last = (uint8_t)i;
        written = (run(&b, (const int8_t *)image) && *last != (uint8_t)i) || written;
        close_bench(&b);
    }
    free(image);
    return written;
}
