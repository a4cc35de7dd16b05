/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <string.h>

#include "base/checked.h"
#include "train/dense.h"
#include "train/fake_quant.h"
#include "train/gate.h"
#include "train/passes.h"

/* ---- Places of gradients ----------------------------------------------------------------------------- */

/* The gradient of a linear output must live until the expansion before it has been passed; those of activated outputs
 * until the next unit. Neighbours of one kind take turns. */
float *mn_unit_gradient(const mn_train_net *t, int32_t unit) {
    if (!t->units[unit].linear) return t->wide[unit % 2];
    int32_t order = 0;
    for (int32_t i = 0; i < unit; i++) order += t->units[i].linear;
    return t->narrow[order % 2];
}

void mn_worker_gradient_sums(const mn_train_net *t, const mn_unit *u, mn_train_worker *worker, size_t first,
                             ptrdiff_t rows, float *dy) {
    mn_norm norm = mn_unit_norm(u);
    if (t->fake.mode != MN_QAT_NONE && u->skip >= 0) mn_fake_clip_sum(t, worker, u, first, rows, dy);
    t->kernels->gradient_sums(&norm, u->out_p, rows, u->z + first * (size_t)u->out_p, dy, worker->short_sums[0],
                              worker->short_sums[1]);
}

/* ---- Units ------------------------------------------------------------------------------------------- */

typedef struct unit_job {
    mn_train_net *t;
    const mn_unit *unit, *source;
    const float *dy;
    float *dx;         /* of the source's output; NULL: not wanted */
    const float *skip; /* gradient to add to dx, or NULL */
} unit_job;

/* The gradients of the unit that is read, rows from `first` on, are complete; those of gated ones are made sums of
 * when their gates have been passed. */
static void finish_rows(const unit_job *j, mn_train_worker *worker, size_t first, ptrdiff_t rows) {
    if (j->source->gate) return;
    mn_worker_gradient_sums(j->t, j->source, worker, first, rows, j->dx + first * (size_t)j->unit->in_p);
}

static void pass_matrix(const unit_job *j, mn_train_worker *worker, size_t first, ptrdiff_t rows) {
    const mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    size_t at = first * (size_t)u->out_p, in_at = first * (size_t)u->in_p;
    bool stem = u->kind == MN_UNIT_STEM;
    ptrdiff_t in_row = stem ? u->kernel_rows : u->in_p;
    float *dz = worker->workspace, *gathered = dz + rows * u->out_p;
    const float *in = gathered;
    mn_norm norm = mn_unit_norm(u);
    t->kernels->gradient(&norm, u->out_p, rows, u->z + at, j->dy + at, dz);
    if (stem) {
        mn_stem_gather(t, u, first, rows, gathered);
    } else {
        in = mn_unit_output(t, j->source, first, rows, gathered);
    }
    t->kernels->gemm(&(mn_gemm){.m = u->kernel_rows,
                                .n = u->out_p,
                                .k = rows,
                                .a = in,
                                .a_row = 1,
                                .a_col = in_row,
                                .b = dz,
                                .ldb = u->out_p,
                                .c = worker->partial,
                                .ldc = u->out_p,
                                .start = worker->partial});
    if (!j->dx) return;
    t->kernels->gemm(&(mn_gemm){.m = rows,
                                .n = u->in_p,
                                .k = u->out_c,
                                .a = dz,
                                .a_row = u->out_p,
                                .a_col = 1,
                                .b = u->transposed,
                                .ldb = u->in_p,
                                .c = j->dx + in_at,
                                .ldc = u->in_p,
                                .start = j->skip ? j->skip + in_at : NULL});
    finish_rows(j, worker, first, rows);
    mn_worker_flush(worker, u->in_p);
}

static void backward_matrix(const unit_job *j, mn_train_worker *worker, size_t begin, size_t end) {
    size_t tile = (size_t)mn_unit_tile(j->unit);
    for (size_t first = begin; first < end; first += tile) {
        pass_matrix(j, worker, first, (ptrdiff_t)(end - first < tile ? end - first : tile));
    }
}

/* Gradients of row `row` of a depthwise output, in a ring. */
static float *ring_row(const mn_unit *u, float *ring, int32_t row) {
    return ring + (size_t)(row & (mn_unit_ring(u) - 1)) * mn_unit_gradient_row(u) +
           (size_t)(u->k_w - 1) * (size_t)u->out_p;
}

/* Row `y` of the gradient by the input. */
static void input_row(const unit_job *j, mn_train_worker *worker, float *ring, int32_t picture, int32_t y) {
    const mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    const float *dz[MN_TRAIN_TAPS], *kernel[MN_TRAIN_TAPS];
    ptrdiff_t rows = 0;
    for (int32_t k = 0; k < u->k_h; k++) {
        int32_t scaled = y + u->pad_top - k, row = scaled / u->stride;
        if (scaled < 0 || scaled % u->stride != 0 || row >= u->out_h) continue;
        dz[rows] = ring_row(u, ring, row);
        kernel[rows++] = mn_train_weights(t) + u->kernel + (size_t)(u->k_w * k) * (size_t)u->out_p;
    }
    size_t first = ((size_t)picture * (size_t)u->in_h + (size_t)y) * (size_t)u->in_w;
    size_t at = first * (size_t)u->in_p, count = (size_t)u->in_w * (size_t)u->in_p;
    t->kernels->depthwise_input(u->k_w, u->in_p, u->in_w, u->stride, u->pad_left, rows, dz, kernel, j->dx + at);
    for (size_t i = 0; j->skip && i < count; i++) j->dx[at + i] += j->skip[at + i];
    finish_rows(j, worker, first, u->in_w);
}

static void backward_picture(const unit_job *j, mn_train_worker *worker, mn_window *window, float *ring,
                             int32_t picture) {
    const mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    mn_norm norm = mn_unit_norm(u);
    size_t at = (size_t)picture * mn_unit_rows(u) * (size_t)u->out_p;
    int32_t next = 0;
    mn_window_picture(window, picture);
    for (int32_t y = 0; y < u->out_h; y++, at += (size_t)u->out_w * (size_t)u->out_p) {
        const float *rows[MN_TRAIN_TAPS];
        float *dz = ring_row(u, ring, y);
        t->kernels->gradient(&norm, u->out_p, u->out_w, u->z + at, j->dy + at, dz);
        mn_window_rows(window, y, rows);
        t->kernels->depthwise_kernel(u->k_h, u->out_p, u->out_w, u->stride, rows, dz, worker->partial);
        /* Input rows that no later output row touches. */
        int32_t complete = y + 1 == u->out_h ? u->in_h : (y + 1) * u->stride - u->pad_top;
        for (; j->dx && next < complete; next++) input_row(j, worker, ring, picture, next);
    }
    if (j->dx) mn_worker_flush(worker, u->in_p);
}

static void backward_depthwise(const unit_job *j, mn_train_worker *worker, int32_t begin, int32_t end) {
    const mn_unit *u = j->unit;
    mn_window window;
    size_t rows = (size_t)mn_unit_ring(u);
    float *ring = worker->workspace + rows * mn_window_row(u);
    mn_window_start(&window, j->t, u, worker->workspace);
    memset(ring, 0, rows * mn_unit_gradient_row(u) * sizeof *ring);
    for (int32_t picture = begin; picture < end; picture++) backward_picture(j, worker, &window, ring, picture);
}

static void backward_job(void *context, int32_t thread, int32_t threads) {
    unit_job *j = context;
    const mn_unit *u = j->unit;
    mn_train_worker *worker = &j->t->workers[thread];
    int32_t begin, end;
    mn_train_share(j->t->count, thread, threads, &begin, &end);
    memset(worker->partial, 0, (size_t)u->kernel_rows * (size_t)u->out_p * sizeof *worker->partial);
    if (u->kind == MN_UNIT_DEPTHWISE) {
        backward_depthwise(j, worker, begin, end);
    } else {
        size_t rows = mn_unit_rows(u);
        backward_matrix(j, worker, (size_t)begin * rows, (size_t)end * rows);
    }
}

static void add_partials(mn_train_net *t, const mn_unit *u) {
    float *out = t->gradients + u->kernel;
    size_t count = (size_t)u->kernel_rows * (size_t)u->out_p;
    memcpy(out, t->workers[0].partial, count * sizeof *out);
    for (int32_t i = 1; i < t->threads; i++) {
        const float *partial = t->workers[i].partial;
        for (size_t k = 0; k < count; k++) out[k] += partial[k];
    }
}

static void transpose(const mn_train_net *t, const mn_unit *u) {
    const float *kernel = mn_train_weights(t) + u->kernel;
    for (int32_t i = 0; i < u->in_c; i++) {
        for (int32_t o = 0; o < u->out_c; o++) u->transposed[o * u->in_p + i] = kernel[i * u->out_p + o];
    }
}

/* ---- Head -------------------------------------------------------------------------------------------- */

/* From the gradient of one picture's features to that of each pixel. */
static void pool_picture(mn_train_net *t, mn_train_worker *worker, float *dy, int32_t picture) {
    const mn_unit *u = &t->units[t->unit_count - 1];
    size_t rows = mn_unit_rows(u), channels = (size_t)u->out_p, first = (size_t)picture * rows;
    const float *kept = t->head_count == 1 ? t->kept + (size_t)picture * channels : NULL;
    float *gradient = t->pooled_gradient + (size_t)picture * channels;
    float part = 1 / ((float)rows * (kept ? 1 - t->dropout : 1));
    mn_dense_input(t, &t->head[0], picture, part, kept, gradient);
    for (size_t r = 0; r < rows; r++) memcpy(dy + (first + r) * channels, gradient, channels * sizeof *dy);
    mn_worker_gradient_sums(t, u, worker, first, (ptrdiff_t)rows, dy + first * channels);
    mn_worker_flush(worker, u->out_p);
}

static void pool_job(void *context, int32_t thread, int32_t threads) {
    mn_train_net *t = context;
    int32_t begin, end;
    mn_train_share(t->count, thread, threads, &begin, &end);
    float *dy = mn_unit_gradient(t, t->unit_count - 1);
    for (int32_t i = begin; i < end; i++) pool_picture(t, &t->workers[thread], dy, i);
}

/* The gradient by what layer `i` of the head reads becomes that of the layer before it. Inputs that were dropped get
 * nothing; the others are scaled as their values were. */
static void pass_head(mn_train_net *t, int32_t i) {
    const mn_dense *dense = &t->head[i], *before = &t->head[i - 1];
    bool dropped = i == t->head_count - 1;
    for (int32_t picture = 0; picture < t->count; picture++) {
        size_t at = (size_t)picture * (size_t)dense->in_p;
        mn_dense_input(t, dense, picture, dropped ? 1 / (1 - t->dropout) : 1, dropped ? t->kept + at : NULL,
                       before->gradient + at);
    }
}

static void backward_head(mn_train_net *t) {
    bool trained = t->first_trained < t->unit_count;
    for (int32_t i = t->head_count - 1; i >= 0; i--) {
        mn_dense_backward(t, &t->head[i], i == 0 ? t->pooled : t->head[i - 1].y, i > 0 || trained);
        if (i > 0) pass_head(t, i);
    }
    if (trained) mn_train_run(t, pool_job, t);
}

/* Starts summing gradients over the machines; those of batch norm are made of sums over all of them already. */
static mn_status share(mn_train_net *t, size_t at, size_t count) {
    return t->reduce ? t->reduce->start(t->reduce->self, t->gradients + at, count) : MN_OK;
}

/* ---- The whole --------------------------------------------------------------------------------------- */

/* The block's end passes its gradient past the block: to what the block's first unit `i` reads, an expansion or, where
 * there is none, the depthwise convolution. NULL elsewhere. */
static const float *passed_by(const mn_train_net *t, int32_t i) {
    int32_t end = i + (t->units[i].kind == MN_UNIT_POINTWISE ? 2 : 1);
    bool skips = end < t->unit_count && t->units[end].skip >= 0 && t->units[end].skip == t->units[i].source;
    return skips ? mn_unit_gradient(t, end) : NULL;
}

mn_status mn_train_backward(mn_train_net *t) {
    backward_head(t);
    MN_TRY(share(t, t->head[0].kernel, t->parameter_count - t->head[0].kernel));
    for (int32_t i = t->unit_count - 1; i >= t->first_trained; i--) {
        mn_unit *u = &t->units[i];
        if (u->gate) {
            mn_gate_backward(t, u, mn_unit_gradient(t, i));
            MN_TRY(share(t, u->gate->squeeze.kernel, u->end - u->gate->squeeze.kernel));
        }
        MN_TRY(mn_norm_finish_gradient(t, u));
        unit_job job = {.t = t, .unit = u, .source = mn_unit_source(t, u), .dy = mn_unit_gradient(t, i)};
        if (i > t->first_trained) {
            job.dx = mn_unit_gradient(t, u->source);
            job.skip = passed_by(t, i);
            if (u->kind == MN_UNIT_POINTWISE) transpose(t, u);
        }
        mn_train_run(t, backward_job, &job);
        add_partials(t, u);
        MN_TRY(share(t, u->kernel, u->gamma - u->kernel));
    }
    if (t->reduce) MN_TRY(t->reduce->wait(t->reduce->self));
    if (t->fake.mode != MN_QAT_NONE) mn_fake_unfold_gradients(t);
    return MN_OK;
}
