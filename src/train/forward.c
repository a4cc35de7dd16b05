/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "net/random.h"
#include "train/dense.h"
#include "train/fake_quant.h"
#include "train/gate.h"
#include "train/passes.h"

/* ---- What a unit reads ------------------------------------------------------------------------------- */

const float *mn_unit_output(const mn_train_net *t, const mn_unit *u, size_t first, ptrdiff_t rows, float *workspace) {
    size_t at = first * (size_t)u->out_p;
    if (u->stored) return u->x + at;
    mn_norm norm = mn_unit_norm(u);
    t->kernels->activate(&norm, u->out_p, rows, u->z + at, NULL, workspace);
    if (t->fake.mode != MN_QAT_NONE) {
        mn_fake_round(t, mn_fake_out((int32_t)(u - t->units)), (size_t)rows * (size_t)u->out_p, NULL, workspace);
    }
    if (u->gate) mn_gate_apply(t, u, first, rows, workspace);
    return workspace;
}

static void gather_pixel(const mn_train_net *t, const mn_unit *u, const float *picture, int32_t y, int32_t x,
                         float *out) {
    int32_t left = x * u->stride - u->pad_left, top = y * u->stride - u->pad_top, run = u->k_w * u->in_c;
    for (int32_t ky = 0; ky < u->k_h; ky++, out += run) {
        int32_t row = top + ky;
        int32_t from = mn_max_i32(0, -left), to = mn_min_i32(u->k_w, t->width - left);
        if (row < 0 || row >= t->height || from > 0 || to < u->k_w) memset(out, 0, (size_t)run * sizeof *out);
        if (row < 0 || row >= t->height || from >= to) continue;
        const float *in = picture + ((ptrdiff_t)row * t->width + left + from) * u->in_c;
        memcpy(out + from * u->in_c, in, (size_t)((to - from) * u->in_c) * sizeof *out);
    }
}

void mn_stem_gather(const mn_train_net *t, const mn_unit *u, size_t first, ptrdiff_t rows, float *out) {
    size_t per_picture = mn_unit_rows(u), pixels = (size_t)t->height * (size_t)t->width * (size_t)u->in_c;
    for (size_t i = first; i < first + (size_t)rows; i++, out += u->kernel_rows) {
        int32_t at = (int32_t)(i % per_picture);
        gather_pixel(t, u, t->pictures + i / per_picture * pixels, at / u->out_w, at % u->out_w, out);
    }
}

size_t mn_window_row(const mn_unit *u) { return (size_t)(u->in_w + 2 * (u->k_w - 1)) * (size_t)u->in_p; }

void mn_window_start(mn_window *w, const mn_train_net *t, const mn_unit *u, float *ring) {
    *w = (mn_window){.t = t, .unit = u, .source = mn_unit_source(t, u), .ring = ring};
    memset(ring, 0, (size_t)mn_unit_ring(u) * mn_window_row(u) * sizeof *ring);
}

void mn_window_picture(mn_window *w, int32_t picture) {
    w->next = -w->unit->pad_top;
    w->first = (size_t)picture * (size_t)w->unit->in_h * (size_t)w->unit->in_w;
}

static float *window_at(const mn_window *w, int32_t row) {
    int32_t ring = mn_unit_ring(w->unit);
    return w->ring + (size_t)((row + ring) & (ring - 1)) * mn_window_row(w->unit);
}

void mn_window_rows(mn_window *w, int32_t y, const float *rows[MN_TRAIN_TAPS]) {
    const mn_unit *u = w->unit;
    int32_t top = y * u->stride - u->pad_top, width = u->in_w;
    size_t channels = (size_t)u->in_p, columns = (size_t)width * channels;
    for (; w->next < top + u->k_h; w->next++) {
        float *to = window_at(w, w->next) + (size_t)u->pad_left * channels;
        if (w->next < 0 || w->next >= u->in_h) {
            memset(to, 0, columns * sizeof *to);
            continue;
        }
        size_t first = w->first + (size_t)w->next * (size_t)width;
        const float *from = mn_unit_output(w->t, w->source, first, width, to);
        if (from != to) memcpy(to, from, columns * sizeof *to);
    }
    for (int32_t k = 0; k < u->k_h; k++) rows[k] = window_at(w, top + k);
}

/* ---- Units ------------------------------------------------------------------------------------------- */

typedef struct unit_job {
    mn_train_net *t;
    mn_unit *unit;
    bool sums;  /* of what is computed are wanted */
    bool watch; /* its extremes are */
} unit_job;

static void add_moments(const unit_job *j, mn_train_worker *worker, const float *z, ptrdiff_t rows) {
    if (j->watch) mn_fake_see(j->t, worker, j->unit->out_p, rows, z);
    if (!j->sums) return;
    int32_t channels = j->unit->out_p;
    if (worker->rows == 0) memcpy(worker->shift, z, (size_t)channels * sizeof *z);
    worker->rows += (double)rows;
    j->t->kernels->moments(channels, rows, z, worker->shift, worker->short_sums[0], worker->short_sums[1]);
}

static void forward_matrix(const unit_job *j, mn_train_worker *worker, size_t begin, size_t end) {
    const mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    size_t tile = (size_t)mn_unit_tile(u);
    for (size_t first = begin; first < end; first += tile) {
        ptrdiff_t rows = (ptrdiff_t)(end - first < tile ? end - first : tile);
        const float *in = worker->workspace;
        if (u->kind == MN_UNIT_STEM) {
            mn_stem_gather(t, u, first, rows, worker->workspace);
        } else {
            in = mn_unit_output(t, mn_unit_source(t, u), first, rows, worker->workspace);
        }
        float *z = u->z + first * (size_t)u->out_p;
        t->kernels->gemm(&(mn_gemm){.m = rows,
                                    .n = u->out_p,
                                    .k = u->kernel_rows,
                                    .a = in,
                                    .a_row = u->kind == MN_UNIT_STEM ? u->kernel_rows : u->in_p,
                                    .a_col = 1,
                                    .b = mn_train_weights(t) + u->kernel,
                                    .ldb = u->out_p,
                                    .c = z,
                                    .ldc = u->out_p});
        add_moments(j, worker, z, rows);
        if (j->sums) mn_worker_flush(worker, u->out_p);
    }
}

static void forward_depthwise(const unit_job *j, mn_train_worker *worker, int32_t begin, int32_t end) {
    const mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    mn_window window;
    mn_window_start(&window, t, u, worker->workspace);
    for (int32_t picture = begin; picture < end; picture++) {
        mn_window_picture(&window, picture);
        float *z = u->z + (size_t)picture * mn_unit_rows(u) * (size_t)u->out_p;
        for (int32_t y = 0; y < u->out_h; y++, z += (size_t)u->out_w * (size_t)u->out_p) {
            const float *rows[MN_TRAIN_TAPS];
            mn_window_rows(&window, y, rows);
            t->kernels->depthwise(u->k_h, u->out_p, u->out_w, u->stride, rows, mn_train_weights(t) + u->kernel, z);
            add_moments(j, worker, z, u->out_w);
        }
        if (j->sums) mn_worker_flush(worker, u->out_p);
    }
}

static void forward_job(void *context, int32_t thread, int32_t threads) {
    unit_job *j = context;
    int32_t begin, end;
    mn_train_share(j->t->count, thread, threads, &begin, &end);
    mn_train_worker *worker = &j->t->workers[thread];
    if (j->watch) mn_fake_watch(worker, j->unit->out_p);
    if (j->unit->kind == MN_UNIT_DEPTHWISE) {
        forward_depthwise(j, worker, begin, end);
    } else {
        size_t rows = mn_unit_rows(j->unit);
        forward_matrix(j, worker, (size_t)begin * rows, (size_t)end * rows);
    }
    if (j->watch) mn_fake_saw_z(j->t, worker, j->unit);
}

/* The same rounded, and rounded again behind the addition, in pieces that stay in the cache. */
static void store_rounded(const unit_job *j, mn_train_worker *worker, size_t first, size_t end) {
    mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    int32_t index = (int32_t)(u - t->units);
    size_t channels = (size_t)u->out_p, chunk = mn_max_size(MN_FAKE_CHUNK / channels, 1), rows;
    mn_norm norm = mn_unit_norm(u);
    if (j->watch) mn_fake_watch(worker, u->out_p);
    for (; first < end; first += rows) {
        rows = mn_min_size(chunk, end - first);
        float *x = u->x + first * channels;
        const float *skip = u->skip >= 0 ? t->units[u->skip].x + first * channels : NULL;
        t->kernels->activate(&norm, u->out_p, (ptrdiff_t)rows, u->z + first * channels, NULL, x);
        mn_fake_round(t, mn_fake_out(index), rows * channels, skip, x);
        if (!skip) continue;
        if (j->watch) mn_fake_see(t, worker, u->out_p, (ptrdiff_t)rows, x);
        mn_fake_round(t, mn_fake_sum(index), rows * channels, NULL, x);
    }
    if (j->watch && u->skip >= 0) mn_fake_saw(worker, mn_fake_sum(index), u->out_p);
}

/* Stores what a unit gives. */
static void store_job(void *context, int32_t thread, int32_t threads) {
    unit_job *j = context;
    const mn_unit *u = j->unit;
    int32_t begin, end;
    mn_train_share(j->t->count, thread, threads, &begin, &end);
    size_t rows = mn_unit_rows(u), at = (size_t)begin * rows * (size_t)u->out_p;
    mn_norm norm = mn_unit_norm(u);
    if (j->t->fake.mode != MN_QAT_NONE) {
        store_rounded(j, &j->t->workers[thread], (size_t)begin * rows, (size_t)end * rows);
        return;
    }
    j->t->kernels->activate(&norm, u->out_p, (ptrdiff_t)((size_t)(end - begin) * rows), u->z + at,
                            u->skip >= 0 ? j->t->units[u->skip].x + at : NULL, u->x + at);
}

/* ---- Pooling and classifier -------------------------------------------------------------------------- */

/* Keras' inverted dropout: what stays is divided by the part that stays. The bits depend on nothing but the seed of
 * the step and the picture's place in the batch of all machines. */
static void drop_out(const mn_train_net *t, int32_t picture, float *values, float *kept) {
    uint64_t place = (uint64_t)picture + (t->reduce ? (uint64_t)t->reduce->rank * (uint64_t)t->batch : 0);
    mn_random random = {t->dropout_seed + place * UINT64_C(0xd1342543de82ef95)};
    float keep = 1 - t->dropout;
    for (int32_t i = 0; i < mn_train_classifier(t)->in_p; i++) {
        bool drop = mn_random_uniform(&random, 0, 1) < (double)t->dropout;
        values[i] = drop ? 0 : values[i] / keep;
        if (drop) kept[i] = 0;
    }
}

static void pool(mn_train_net *t, int32_t picture, mn_train_worker *worker, float *kept) {
    const mn_unit *u = &t->units[t->unit_count - 1];
    size_t rows = mn_unit_rows(u), channels = (size_t)u->out_p;
    float *out = t->pooled + (size_t)picture * channels;
    memset(out, 0, channels * sizeof *out);
    for (size_t r = 0; r < rows; r++) {
        const float *y = mn_unit_output(t, u, (size_t)picture * rows + r, 1, worker->workspace);
        for (size_t c = 0; c < channels; c++) out[c] += y[c];
    }
    for (size_t c = 0; c < channels; c++) out[c] /= (float)rows;
    if (t->fake.mode != MN_QAT_NONE) mn_fake_pool(t, worker, out, kept);
}

static void round_logits(mn_train_net *t, mn_train_worker *worker, int32_t begin, int32_t end) {
    const mn_dense *classifier = mn_train_classifier(t);
    for (int32_t i = begin; i < end; i++) {
        size_t at = (size_t)i * (size_t)classifier->out_p;
        float *kept = t->fake.logits_kept + at;
        for (int32_t c = 0; c < classifier->out_p; c++) kept[c] = 1;
        mn_fake_row(t, worker, mn_fake_logits(t), classifier->out_p, classifier->z + at, kept);
    }
}

/* What layer `i` of the head reads: [batch][in_p]. */
static float *head_input(const mn_train_net *t, int32_t i) { return i == 0 ? t->pooled : t->head[i - 1].y; }

static void classify_job(void *context, int32_t thread, int32_t threads) {
    mn_train_net *t = context;
    const mn_dense *classifier = mn_train_classifier(t);
    int32_t begin, end, last = t->head_count - 1;
    mn_train_share(t->count, thread, threads, &begin, &end);
    size_t inputs = (size_t)classifier->in_p;
    for (size_t i = (size_t)begin * inputs; i < (size_t)end * inputs; i++) t->kept[i] = 1;
    for (int32_t i = begin; i < end; i++) pool(t, i, &t->workers[thread], t->kept + (size_t)i * inputs);
    for (int32_t k = 0; k < last; k++) mn_dense_forward(t, &t->head[k], head_input(t, k), begin, end);
    for (int32_t i = begin; t->training && t->dropout > 0 && i < end; i++) {
        drop_out(t, i, head_input(t, last) + (size_t)i * inputs, t->kept + (size_t)i * inputs);
    }
    mn_dense_forward(t, classifier, head_input(t, last), begin, end);
    if (t->fake.mode != MN_QAT_NONE) round_logits(t, &t->workers[thread], begin, end);
}

mn_status mn_train_forward(mn_train_net *t) {
    bool fake = t->fake.mode != MN_QAT_NONE;
    if (fake) mn_fake_prepare(t);
    for (int32_t i = 0; i < t->unit_count; i++) {
        mn_unit *u = &t->units[i];
        unit_job job = {.t = t, .unit = u, .sums = !fake && t->training && !u->frozen, .watch = fake && t->training};
        mn_train_run(t, forward_job, &job);
        MN_TRY(mn_norm_finish(t, u));
        if (u->gate) mn_gate_forward(t, u);
        if (u->stored) mn_train_run(t, store_job, &job);
    }
    mn_train_run(t, classify_job, t);
    return MN_OK;
}

/* ---- Loss -------------------------------------------------------------------------------------------- */

/* Softmax and cross-entropy with smoothed targets: classes get smoothing / classes, the right one 1 - smoothing more.
 * The logits become the gradient, times `part`. */
static double judge(const mn_train_net *t, float *logits, int32_t label, double part, bool *right) {
    int32_t best = 0, classes = mn_train_classifier(t)->out_c;
    for (int32_t c = 1; c < classes; c++) best = logits[c] > logits[best] ? c : best;
    double sum = 0, high = (double)logits[best], loss = 0, share = (double)t->smoothing / classes;
    for (int32_t c = 0; c < classes; c++) sum += exp((double)logits[c] - high);
    double log_sum = high + log(sum);
    for (int32_t c = 0; c < classes; c++) {
        double target = share + (c == label ? 1 - (double)t->smoothing : 0), log_p = (double)logits[c] - log_sum;
        loss -= target * log_p;
        logits[c] = (float)((exp(log_p) - target) * part);
    }
    *right = best == label;
    return loss;
}

typedef struct loss_job {
    mn_train_net *t;
    double part;
} loss_job;

static void loss_run(void *context, int32_t thread, int32_t threads) {
    loss_job *j = context;
    mn_train_net *t = j->t;
    const mn_dense *classifier = mn_train_classifier(t);
    mn_train_worker *worker = &t->workers[thread];
    int32_t begin, end;
    mn_train_share(t->count, thread, threads, &begin, &end);
    worker->loss = 0;
    worker->right = 0;
    for (int32_t i = begin; i < end; i++) {
        bool right;
        size_t at = (size_t)i * (size_t)classifier->out_p;
        worker->loss += judge(t, classifier->z + at, t->labels[i], j->part, &right);
        for (int32_t c = 0; t->fake.mode != MN_QAT_NONE && c < classifier->out_c; c++) {
            classifier->z[at + (size_t)c] *= t->fake.logits_kept[at + (size_t)c];
        }
        worker->right += right;
    }
}

mn_status mn_train_loss(mn_train_net *t, mn_train_result *result) {
    double ranks = t->reduce ? t->reduce->ranks : 1;
    loss_job job = {t, 1 / (t->count * ranks)};
    mn_train_run(t, loss_run, &job);
    *result = (mn_train_result){.count = t->count};
    for (int32_t i = 0; i < t->threads; i++) {
        result->loss += t->workers[i].loss;
        result->right += t->workers[i].right;
    }
    if (!t->reduce) return MN_OK;
    double sums[3] = {result->loss, (double)result->right, (double)result->count};
    MN_TRY(t->reduce->sum(t->reduce->self, sums, 3));
    *result = (mn_train_result){.loss = sums[0], .right = (int64_t)sums[1], .count = (int64_t)sums[2]};
    return MN_OK;
}
