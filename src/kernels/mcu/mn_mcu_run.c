/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The executor: which slice comes next. */
#include "mn_mcu_kernels.h"

static const mn_mcu_tensor *tensor_of(const mn_mcu_run *run, int16_t tensor) { return &run->program->tensors[tensor]; }

static uint32_t pixels(const mn_mcu_tensor *t) { return (uint32_t)t->height * t->width; }

static uint32_t chain_begin(const mn_mcu_run *run) {
    return run->chain > 0 ? run->program->chain_ends[run->chain - 1] : 0;
}

/* ---- What a slice needs ---------------------------------------------------------------------------------- */

static mn_mcu_need need_of(const mn_mcu_step *step, int input) {
    if (input == 1) return step->kind == MN_MCU_ADD ? MN_MCU_SAME : MN_MCU_ALL;
    if (step->window) return MN_MCU_WINDOW;
    const uint8_t kind = step->kind;
    return kind == MN_MCU_DENSE || kind == MN_MCU_MEAN || kind == MN_MCU_AVERAGE ? MN_MCU_ALL : MN_MCU_SAME;
}

/* Behind the last cell of an axis that a window at `position` reaches, within [0, cells]. */
static uint32_t reach(uint32_t position, uint32_t stride, uint32_t pad, uint32_t taps, uint32_t dilation,
                      uint32_t cells) {
    const uint32_t end = position * stride + (taps - 1) * dilation + 1;
    return end <= pad ? 0 : mn_mcu_min(end - pad, cells);
}

/* Behind the last pixel of an input that the next `n` pixels of a step need. */
static uint32_t needed(const mn_mcu_step *step, int input, const mn_mcu_tensor *in, const mn_mcu_cursor *at,
                       uint32_t n) {
    const mn_mcu_window *w = step->window;
    const mn_mcu_need need = need_of(step, input);
    if (need == MN_MCU_ALL) return pixels(in);
    if (need == MN_MCU_SAME) return at->next + n;
    const uint32_t rows = reach(at->y, w->stride_h, w->pad_top, w->k_h, w->dilation_h, in->height);
    const uint32_t columns = reach(at->x + n - 1, w->stride_w, w->pad_left, w->k_w, w->dilation_w, in->width);
    return rows == 0 ? 0 : (rows - 1) * in->width + columns;
}

/* ---- A chain --------------------------------------------------------------------------------------------- */

/* The step of the chain, counted from its first, that makes `tensor`; the chain's length if none does. */
static uint32_t maker_of(const mn_mcu_run *run, uint32_t before, int16_t tensor) {
    const mn_mcu_step *steps = run->program->steps + chain_begin(run);
    for (uint32_t s = before; s-- > 0;) {
        if (steps[s].output == tensor) return s;
    }
    return before;
}

/* Asks for what the next `n` pixels of step `s` of the chain lack first. Returns the step that is to make it, or `s` if
 * they lack nothing. */
static uint32_t ask(mn_mcu_run *run, uint32_t s, uint32_t n) {
    const mn_mcu_step *step = &run->program->steps[chain_begin(run) + s];
    for (int i = 0; i < 2; i++) {
        if (step->inputs[i] < 0) continue;
        const uint32_t maker = maker_of(run, s, step->inputs[i]);
        if (maker == s) continue;
        const uint32_t end = needed(step, i, tensor_of(run, step->inputs[i]), &run->cursors[s], n);
        if (run->cursors[maker].next >= end) continue;
        run->cursors[maker].end = end;
        run->cursors[maker].asker = (uint16_t)s;
        return maker;
    }
    return s;
}

/* Does a slice stay within a row? The others go on from row to row, so that their weights are read less often. */
static int goes_by_rows(const mn_mcu_step *step) { return step->window || step->kind == MN_MCU_INPUT; }

static void advance(mn_mcu_run *run, uint32_t s, uint32_t n) {
    const uint32_t number = chain_begin(run) + s;
    const mn_mcu_step *step = &run->program->steps[number];
    mn_mcu_cursor *at = &run->cursors[s];
    mn_mcu_run_slice(run, step, at, n);
    at->next += n;
    if (goes_by_rows(step)) {
        at->x = (uint16_t)(at->x + n);
        if (at->x == tensor_of(run, step->output)->width) at->x = 0, at->y++;
    }
    if (run->tell) run->tell(run->context, number, at->next - n, n);
}

/* Makes all pixels of step `top` of the chain, and first what they need. Returns 0 if an input row is lacking. */
static int make(mn_mcu_run *run, uint32_t top) {
    const mn_mcu_step *steps = run->program->steps + chain_begin(run);
    uint32_t s = top;
    run->cursors[top].end = pixels(tensor_of(run, steps[top].output));
    for (;;) {
        const mn_mcu_cursor *at = &run->cursors[s];
        if (at->next >= at->end) {
            if (s == top) return 1;
            s = at->asker;
            continue;
        }
        uint32_t n = mn_mcu_min(steps[s].chunk, at->end - at->next);
        if (goes_by_rows(&steps[s])) n = mn_mcu_min(n, (uint32_t)tensor_of(run, steps[s].output)->width - at->x);
        const uint32_t maker = ask(run, s, n);
        if (maker != s) {
            s = maker;
            continue;
        }
        if (steps[s].kind == MN_MCU_INPUT && at->y >= run->rows) return 0;
        advance(run, s, n);
    }
}

static void begin_chain(mn_mcu_run *run, uint16_t chain) {
    run->chain = chain;
    for (uint32_t s = 0; s < run->program->longest; s++) {
        mn_mcu_cursor *at = &run->cursors[s];
        at->next = at->end = 0;
        at->y = at->x = at->asker = 0;
    }
}

/* Runs the chain on. Returns 0 if an input row is lacking, else begins the next one. */
static int run_chain(mn_mcu_run *run) {
    const uint32_t begin = chain_begin(run), end = run->program->chain_ends[run->chain];
    for (uint32_t s = end; s-- > begin;) {
        if ((s + 1 == end || run->program->steps[s].whole) && !make(run, s - begin)) return 0;
    }
    begin_chain(run, (uint16_t)(run->chain + 1));
    return 1;
}

/* ---- Running --------------------------------------------------------------------------------------------- */

int mn_mcu_is_held(const mn_mcu_program *program) {
    for (uint32_t s = 0; s < program->chain_ends[0]; s++) {
        if (program->steps[s].kind == MN_MCU_INPUT) return 0;
    }
    return 1;
}

void mn_mcu_begin(mn_mcu_run *run, const mn_mcu_program *program, void *arena, mn_mcu_cursor *cursors) {
    run->program = program;
    run->arena = (int8_t *)arena;
    run->cursors = cursors;
    run->row = NULL;
    run->rows = 0;
    begin_chain(run, 0);
}

int mn_mcu_push_row(mn_mcu_run *run, const int8_t *row) {
    if (!run->program) return -1;
    const mn_mcu_tensor *input = tensor_of(run, run->program->input);
    if (run->rows == input->height) return -1;
    const uint32_t bytes = input->width * input->bytes;
    const int held = mn_mcu_is_held(run->program);
    if (held) mn_mcu_copy(run->arena + input->offset + run->rows * bytes, row, bytes);
    run->rows++;
    if (held || run->chain > 0) return 0;
    run->row = row;
    (void)run_chain(run);
    run->row = NULL;
    return 0;
}

int8_t *mn_mcu_held_input(mn_mcu_run *run) {
    if (!run->program || !mn_mcu_is_held(run->program)) return NULL;
    const mn_mcu_tensor *input = tensor_of(run, run->program->input);
    run->rows = input->height;
    return run->arena + input->offset;
}

const int8_t *mn_mcu_finish(mn_mcu_run *run) {
    if (!run->program || run->rows < tensor_of(run, run->program->input)->height) return NULL;
    while (run->chain < run->program->chain_count) (void)run_chain(run);
    return run->arena + tensor_of(run, run->program->output)->offset;
}

const int8_t *mn_mcu_run_image(mn_mcu_run *run, const mn_mcu_program *program, void *arena, mn_mcu_cursor *cursors,
                               const int8_t *image) {
    const mn_mcu_tensor *input = &program->tensors[program->input];
    mn_mcu_begin(run, program, arena, cursors);
    for (uint32_t y = 0; y < input->height; y++) {
        (void)mn_mcu_push_row(run, image + (size_t)y * input->width * input->bytes);
    }
    return mn_mcu_finish(run);
}
