/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/gate.h"

#include <string.h>

#include "base/checked.h"
#include "train/dense.h"
#include "train/passes.h"

static const float *gates_of(const mn_unit *u, int32_t picture) {
    return u->gate->excite.y + (size_t)picture * (size_t)u->out_p;
}

void mn_gate_apply(const mn_train_net *t, const mn_unit *u, size_t first, ptrdiff_t rows, float *values) {
    size_t per_picture = mn_unit_rows(u), end = first + (size_t)rows;
    while (first < end) {
        size_t picture = first / per_picture, next = mn_min_size((picture + 1) * per_picture, end);
        t->kernels->scale(u->out_p, (ptrdiff_t)(next - first), gates_of(u, (int32_t)picture), NULL, values);
        values += (next - first) * (size_t)u->out_p;
        first = next;
    }
}

/* What the activation gives for one image row, ungated, in the worker's workspace. */
static const float *image_row(const mn_train_net *t, const mn_unit *u, const mn_train_worker *worker, size_t first) {
    mn_norm norm = mn_unit_norm(u);
    t->kernels->activate(&norm, u->out_p, u->out_w, u->z + first * (size_t)u->out_p, NULL, worker->workspace);
    return worker->workspace;
}

typedef struct gate_job {
    mn_train_net *t;
    mn_unit *unit;
    float *dy;
} gate_job;

/* sums[c] += over the pixels of `picture` of y, or of y * dy. */
static void sum_picture(const gate_job *j, const mn_train_worker *worker, int32_t picture, float *sums) {
    const mn_unit *u = j->unit;
    size_t first = (size_t)picture * mn_unit_rows(u);
    memset(sums, 0, (size_t)u->out_p * sizeof *sums);
    for (int32_t y = 0; y < u->out_h; y++, first += (size_t)u->out_w) {
        const float *row = image_row(j->t, u, worker, first);
        const float *dy = j->dy ? j->dy + first * (size_t)u->out_p : NULL;
        j->t->kernels->products(u->out_p, u->out_w, row, dy, sums);
    }
}

static void forward_job(void *context, int32_t thread, int32_t threads) {
    const gate_job *j = context;
    const mn_unit *u = j->unit;
    mn_gate *gate = u->gate;
    int32_t begin, end;
    mn_train_share(j->t->count, thread, threads, &begin, &end);
    for (int32_t picture = begin; picture < end; picture++) {
        float *means = gate->pooled + (size_t)picture * (size_t)u->out_p;
        sum_picture(j, &j->t->workers[thread], picture, means);
        for (int32_t c = 0; c < u->out_p; c++) means[c] /= (float)mn_unit_rows(u);
    }
    mn_dense_forward(j->t, &gate->squeeze, gate->pooled, begin, end);
    mn_dense_forward(j->t, &gate->excite, gate->squeeze.y, begin, end);
}

void mn_gate_forward(mn_train_net *t, mn_unit *u) {
    gate_job job = {.t = t, .unit = u};
    mn_train_run(t, forward_job, &job);
}

static void sums_job(void *context, int32_t thread, int32_t threads) {
    const gate_job *j = context;
    int32_t begin, end;
    mn_train_share(j->t->count, thread, threads, &begin, &end);
    for (int32_t i = begin; i < end; i++) {
        sum_picture(j, &j->t->workers[thread], i, j->unit->gate->excite.gradient + (size_t)i * (size_t)j->unit->out_p);
    }
}

/* dy = dy * gate + what comes through the means. */
static void pass_job(void *context, int32_t thread, int32_t threads) {
    const gate_job *j = context;
    mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    mn_train_worker *worker = &t->workers[thread];
    size_t rows = mn_unit_rows(u);
    int32_t begin, end;
    mn_train_share(t->count, thread, threads, &begin, &end);
    for (int32_t picture = begin; picture < end; picture++) {
        float *dy = j->dy + (size_t)picture * rows * (size_t)u->out_p;
        mn_dense_input(t, &u->gate->squeeze, picture, 1 / (float)rows, NULL, worker->workspace);
        t->kernels->scale(u->out_p, (ptrdiff_t)rows, gates_of(u, picture), worker->workspace, dy);
        mn_worker_gradient_sums(t, u, worker, (size_t)picture * rows, (ptrdiff_t)rows, dy);
        mn_worker_flush(worker, u->out_p);
    }
}

void mn_gate_backward(mn_train_net *t, mn_unit *u, float *dy) {
    mn_gate *gate = u->gate;
    gate_job job = {.t = t, .unit = u};
    job.dy = dy;
    mn_train_run(t, sums_job, &job);
    mn_dense_backward(t, &gate->excite, gate->squeeze.y, true);
    for (int32_t i = 0; i < t->count; i++) {
        mn_dense_input(t, &gate->excite, i, 1, NULL, gate->squeeze.gradient + (size_t)i * (size_t)gate->squeeze.out_p);
    }
    mn_dense_backward(t, &gate->squeeze, gate->pooled, true);
    mn_train_run(t, pass_job, &job);
}
