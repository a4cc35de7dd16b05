/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators of two operands that may repeat, in runs: stretches of the output along which each operand either moves on
 * with it or stays. Squeeze-excite's product of an image and one factor for each channel has runs of all channels. */
#ifndef MN_KERNELS_PORTABLE_RUNS_H
#define MN_KERNELS_PORTABLE_RUNS_H

#include "base/checked.h"
#include "kernels/ref/ref.h"

#define MN_EACH_RUN static inline __attribute__((always_inline))

typedef struct mn_run {
    size_t in[2]; /* first element of each operand */
    int32_t out, count;
} mn_run;

typedef struct mn_runs {
    int32_t outer[MN_MAX_RANK]; /* dimensions outside of a run */
    int32_t length;
    bool moves[2]; /* along a run */
    int32_t at, end;
    mn_walk walk[2];
} mn_runs;

/* Does dimension `d` go on where runs of `length` elements end? */
static inline bool mn_runs_go_on(const mn_binary_params *p, const mn_runs *r, int32_t d) {
    for (int32_t i = 0; i < 2; i++) {
        if (p->stride[i][d] != (r->moves[i] ? r->length : 0)) return false;
    }
    return true;
}

/** The runs of elements [begin, end). `runs` must stay where it is. */
static inline void mn_runs_open(mn_runs *runs, const mn_binary_params *p, int32_t begin, int32_t end) {
    bool open = true;
    *runs = (mn_runs){.length = 1, .at = begin, .end = end};
    for (int32_t d = MN_MAX_RANK - 1; d >= 0; d--) {
        runs->outer[d] = p->dims[d];
        if (!open || p->dims[d] == 1) continue;
        for (int32_t i = 0; i < 2 && runs->length == 1; i++) runs->moves[i] = p->stride[i][d] != 0;
        open = mn_runs_go_on(p, runs, d);
        if (!open) continue;
        runs->length *= p->dims[d];
        runs->outer[d] = 1;
    }
    for (int32_t i = 0; i < 2; i++) runs->walk[i] = mn_walk_from(runs->outer, p->stride[i], begin / runs->length);
}

static inline bool mn_runs_next(mn_runs *runs, mn_run *run) {
    if (runs->at >= runs->end) return false;
    const int32_t inside = runs->at % runs->length;
    run->out = runs->at;
    run->count = mn_min_i32(runs->length - inside, runs->end - runs->at);
    for (int32_t i = 0; i < 2; i++) {
        run->in[i] = runs->walk[i].offset + (runs->moves[i] ? (size_t)inside : 0);
        mn_walk_next(&runs->walk[i]);
    }
    runs->at += run->count;
    return true;
}

/** Is all of the output a single run? */
static inline bool mn_runs_are_one(const mn_runs *runs) {
    int32_t outside = 1;
    for (int32_t d = 0; d < MN_MAX_RANK; d++) outside *= runs->outer[d];
    return outside == 1;
}

/** Is one operand a single element, whatever the other? */
static inline bool mn_runs_single(const mn_binary_params *p, int32_t operand) {
    for (int32_t d = 0; d < MN_MAX_RANK; d++) {
        if (p->stride[operand][d] != 0) return false;
    }
    return true;
}

/* ---- Floats ------------------------------------------------------------------------------------------- */

typedef enum mn_pair_op {
    MN_PAIR_ADD,
    MN_PAIR_SUB,
    MN_PAIR_MUL,
    MN_PAIR_DIV,
    MN_PAIR_MAX,
    MN_PAIR_MIN,
    MN_PAIR_PRELU
} mn_pair_op;

MN_EACH_RUN float mn_pair_of(mn_pair_op op, float x, float y, mn_range_f32 range) {
    switch (op) {
    case MN_PAIR_ADD: return mn_clamp_f32(x + y, range);
    case MN_PAIR_SUB: return mn_clamp_f32(x - y, range);
    case MN_PAIR_MUL: return mn_clamp_f32(x * y, range);
    case MN_PAIR_DIV: return mn_clamp_f32(x / y, range);
    case MN_PAIR_MAX: return x > y ? x : y;
    case MN_PAIR_MIN: return x < y ? x : y;
    case MN_PAIR_PRELU: return x >= 0 ? x : x * y;
    }
    return x;
}

/** All runs of a float operator; `op` is a constant where this is compiled. */
MN_EACH_RUN void mn_pairs_f32(const mn_task *task, int32_t begin, int32_t end, mn_pair_op op) {
    const mn_binary_params *p = task->params;
    const mn_range_f32 range = p->range_f32;
    mn_runs runs;
    mn_run run;
    mn_runs_open(&runs, p, begin, end);
    while (mn_runs_next(&runs, &run)) {
        const float *restrict a = (const float *)task->inputs[0] + run.in[0];
        const float *restrict b = (const float *)task->inputs[1] + run.in[1];
        float *restrict out = (float *)task->output + run.out;
        if (runs.moves[0] && runs.moves[1]) {
            for (int32_t i = 0; i < run.count; i++) out[i] = mn_pair_of(op, a[i], b[i], range);
        } else if (runs.moves[0]) {
            const float y = b[0];
            for (int32_t i = 0; i < run.count; i++) out[i] = mn_pair_of(op, a[i], y, range);
        } else {
            const float x = a[0];
            for (int32_t i = 0; i < run.count; i++) out[i] = mn_pair_of(op, x, b[runs.moves[1] ? i : 0], range);
        }
    }
}

#endif
