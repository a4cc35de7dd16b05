/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <string.h>

#include "base/checked.h"
#include "train/fake_quant.h"
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

void mn_lane_gradient_sums(const mn_train_net *t, const mn_unit *u, mn_lane *lane, size_t first, ptrdiff_t rows,
                           float *dy) {
    mn_norm norm = mn_unit_norm(u);
    if (t->fake.mode != MN_QAT_NONE && u->skip >= 0) mn_fake_clip_sum(t, lane, u, first, rows, dy);
    t->kernels->gradient_sums(&norm, u->out_p, rows, u->z + first * (size_t)u->out_p, dy, lane->short_sums[0],
                              lane->short_sums[1]);
}

/* ---- Units ------------------------------------------------------------------------------------------- */

typedef struct unit_job {
    mn_train_net *t;
    const mn_unit *unit, *source;
    const float *dy;
    float *dx;         /* of the source's output; NULL: not wanted */
    const float *skip; /* gradient to add to dx, or NULL */
} unit_job;

static void pass_matrix(const unit_job *j, mn_lane *lane, size_t first, ptrdiff_t rows) {
    const mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    size_t at = first * (size_t)u->out_p, in_at = first * (size_t)u->in_p;
    bool stem = u->kind == MN_UNIT_STEM;
    ptrdiff_t in_row = stem ? u->kernel_rows : u->in_p;
    float *dz = lane->scratch, *gathered = dz + rows * u->out_p;
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
                                .c = lane->partial,
                                .ldc = u->out_p,
                                .start = lane->partial});
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
    mn_lane_gradient_sums(t, j->source, lane, first, rows, j->dx + in_at);
    mn_lane_flush(lane, u->in_p);
}

static void backward_matrix(const unit_job *j, mn_lane *lane, size_t begin, size_t end) {
    size_t tile = (size_t)mn_unit_tile(j->unit);
    for (size_t first = begin; first < end; first += tile) {
        pass_matrix(j, lane, first, (ptrdiff_t)(end - first < tile ? end - first : tile));
    }
}

/* Gradients of rows of a depthwise output, in a ring of four with two columns of zeros on either side. */
static float *ring_row(const mn_unit *u, float *ring, int32_t row) {
    return ring + (size_t)(row & 3) * (size_t)(u->out_w + 4) * (size_t)u->out_p;
}

/* Row `y` of the gradient by the input. */
static void input_row(const unit_job *j, mn_lane *lane, float *ring, int32_t picture, int32_t y) {
    const mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    const float *dz[3], *kernel[3];
    ptrdiff_t rows = 0;
    for (int32_t k = 0; k < 3; k++) {
        int32_t scaled = y + u->pad_top - k, row = scaled / u->stride;
        if (scaled < 0 || scaled % u->stride != 0 || row >= u->out_h) continue;
        dz[rows] = ring_row(u, ring, row) + 2 * (size_t)u->out_p;
        kernel[rows++] = mn_train_weights(t) + u->kernel + (size_t)(3 * k) * (size_t)u->out_p;
    }
    size_t first = ((size_t)picture * (size_t)u->in_h + (size_t)y) * (size_t)u->in_w;
    float *dx = j->dx + first * (size_t)u->in_p;
    t->kernels->depthwise_input(u->in_p, u->in_w, u->stride, u->pad_left, rows, dz, kernel, dx);
    mn_lane_gradient_sums(t, j->source, lane, first, u->in_w, dx);
}

static void backward_picture(const unit_job *j, mn_lane *lane, mn_window *window, float *ring, int32_t picture) {
    const mn_train_net *t = j->t;
    const mn_unit *u = j->unit;
    mn_norm norm = mn_unit_norm(u);
    size_t at = (size_t)picture * mn_unit_rows(u) * (size_t)u->out_p;
    int32_t next = 0;
    mn_window_picture(window, picture);
    for (int32_t y = 0; y < u->out_h; y++, at += (size_t)u->out_w * (size_t)u->out_p) {
        const float *rows[3];
        float *dz = ring_row(u, ring, y) + 2 * (size_t)u->out_p;
        t->kernels->gradient(&norm, u->out_p, u->out_w, u->z + at, j->dy + at, dz);
        mn_window_rows(window, y, rows);
        t->kernels->depthwise_kernel(u->out_p, u->out_w, u->stride, rows, dz, lane->partial);
        /* Input rows that no later output row touches. */
        int32_t complete = y + 1 == u->out_h ? u->in_h : (y + 1) * u->stride - u->pad_top;
        for (; j->dx && next < complete; next++) input_row(j, lane, ring, picture, next);
    }
    if (j->dx) mn_lane_flush(lane, u->in_p);
}

static void backward_depthwise(const unit_job *j, mn_lane *lane, int32_t begin, int32_t end) {
    const mn_unit *u = j->unit;
    mn_window window;
    float *ring = lane->scratch + 4 * mn_window_row(u);
    mn_window_start(&window, j->t, u, lane->scratch);
    memset(ring, 0, 4 * (size_t)(u->out_w + 4) * (size_t)u->out_p * sizeof *ring);
    for (int32_t picture = begin; picture < end; picture++) backward_picture(j, lane, &window, ring, picture);
}

static void backward_job(void *context, int32_t thread, int32_t threads) {
    unit_job *j = context;
    const mn_unit *u = j->unit;
    mn_lane *lane = &j->t->lanes[thread];
    int32_t begin, end;
    mn_train_share(j->t->count, thread, threads, &begin, &end);
    memset(lane->partial, 0, (size_t)u->kernel_rows * (size_t)u->out_p * sizeof *lane->partial);
    if (u->kind == MN_UNIT_DEPTHWISE) {
        backward_depthwise(j, lane, begin, end);
    } else {
        size_t rows = mn_unit_rows(u);
        backward_matrix(j, lane, (size_t)begin * rows, (size_t)end * rows);
    }
}

static void add_partials(mn_train_net *t, const mn_unit *u) {
    float *out = t->gradients + u->kernel;
    size_t count = (size_t)u->kernel_rows * (size_t)u->out_p;
    memcpy(out, t->lanes[0].partial, count * sizeof *out);
    for (int32_t i = 1; i < t->threads; i++) {
        const float *partial = t->lanes[i].partial;
        for (size_t k = 0; k < count; k++) out[k] += partial[k];
    }
}

static void transpose(const mn_train_net *t, const mn_unit *u) {
    const float *kernel = mn_train_weights(t) + u->kernel;
    for (int32_t i = 0; i < u->in_c; i++) {
        for (int32_t o = 0; o < u->out_c; o++) u->transposed[o * u->in_p + i] = kernel[i * u->out_p + o];
    }
}

/* ---- Classifier -------------------------------------------------------------------------------------- */

static void classifier_kernel(mn_train_net *t, int32_t thread, int32_t threads) {
    int32_t begin, end;
    mn_train_share(t->features, thread, threads, &begin, &end);
    t->kernels->gemm(&(mn_gemm){.m = end - begin,
                                .n = t->classes_p,
                                .k = t->count,
                                .a = t->pooled + begin,
                                .a_row = 1,
                                .a_col = t->features,
                                .b = t->logits,
                                .ldb = t->classes_p,
                                .c = t->gradients + t->dense_kernel + (size_t)begin * (size_t)t->classes_p,
                                .ldc = t->classes_p});
}

/* Gradients of a share of the features for all pictures: what is summed lies together in the kernel, so pictures are
 * the columns. */
static void classifier_features(const mn_train_net *t, int32_t thread, int32_t threads) {
    int32_t begin, end;
    mn_train_share(t->features, thread, threads, &begin, &end);
    t->kernels->gemm(&(mn_gemm){.m = end - begin,
                                .n = t->batch_p,
                                .k = t->classes_p,
                                .a = mn_train_weights(t) + t->dense_kernel + (size_t)begin * (size_t)t->classes_p,
                                .a_row = t->classes_p,
                                .a_col = 1,
                                .b = t->logit_columns,
                                .ldb = t->batch_p,
                                .c = t->pooled_columns + (size_t)begin * (size_t)t->batch_p,
                                .ldc = t->batch_p});
}

/* From the gradients of one picture's features to that of each pixel: features that were dropped get nothing, as the
 * forward pass noted; the others are scaled as their values were. */
static void classifier_picture(mn_train_net *t, mn_lane *lane, float *dy, int32_t picture) {
    const mn_unit *u = &t->units[t->unit_count - 1];
    const float *column = t->pooled_columns + picture;
    float *gradient = t->pooled_gradient + (size_t)picture * (size_t)t->features;
    size_t rows = mn_unit_rows(u), channels = (size_t)u->out_p, first = (size_t)picture * rows;
    float part = 1 / ((float)rows * (1 - t->dropout));
    for (size_t f = 0; f < channels; f++) gradient[f] *= column[f * (size_t)t->batch_p] * part;
    for (size_t r = 0; r < rows; r++) memcpy(dy + (first + r) * channels, gradient, channels * sizeof *dy);
    mn_lane_gradient_sums(t, u, lane, first, (ptrdiff_t)rows, dy + first * channels);
    mn_lane_flush(lane, u->out_p);
}

static void classifier_weights_job(void *context, int32_t thread, int32_t threads) {
    mn_train_net *t = context;
    classifier_kernel(t, thread, threads);
    if (t->first_trained < t->unit_count) classifier_features(t, thread, threads);
}

static void classifier_pictures_job(void *context, int32_t thread, int32_t threads) {
    mn_train_net *t = context;
    int32_t begin, end;
    mn_train_share(t->count, thread, threads, &begin, &end);
    float *dy = mn_unit_gradient(t, t->unit_count - 1);
    for (int32_t i = begin; i < end; i++) classifier_picture(t, &t->lanes[thread], dy, i);
}

/* The gradient of the bias, and those of the logits with pictures as columns. */
static void sum_logits(mn_train_net *t) {
    float *bias = t->gradients + t->dense_bias;
    memset(bias, 0, (size_t)t->classes_p * sizeof *bias);
    for (int32_t i = 0; i < t->count; i++) {
        const float *row = t->logits + (size_t)i * (size_t)t->classes_p;
        for (int32_t c = 0; c < t->classes_p; c++) {
            bias[c] += row[c];
            t->logit_columns[(size_t)c * (size_t)t->batch_p + (size_t)i] = row[c];
        }
    }
}

void mn_train_backward_classifier(mn_train_net *t) {
    sum_logits(t);
    mn_train_run(t, classifier_weights_job, t);
    if (t->first_trained < t->unit_count) mn_train_run(t, classifier_pictures_job, t);
}

/* Starts summing gradients over the machines; those of batch norm are made of sums over all of them already. */
static mn_status share(mn_train_net *t, size_t at, size_t count) {
    return t->reduce ? t->reduce->start(t->reduce->self, t->gradients + at, count) : MN_OK;
}

/* ---- The whole --------------------------------------------------------------------------------------- */

mn_status mn_train_backward(mn_train_net *t) {
    mn_train_backward_classifier(t);
    MN_TRY(share(t, t->dense_kernel, t->parameter_count - t->dense_kernel));
    for (int32_t i = t->unit_count - 1; i >= t->first_trained; i--) {
        mn_unit *u = &t->units[i];
        MN_TRY(mn_norm_finish_gradient(t, u));
        unit_job job = {.t = t, .unit = u, .source = mn_unit_source(t, u), .dy = mn_unit_gradient(t, i)};
        if (i > t->first_trained) {
            job.dx = mn_unit_gradient(t, u->source);
            /* The block's end passes its gradient past the block. */
            bool expands = i + 2 < t->unit_count && t->units[i + 2].skip == u->source && t->units[i + 2].skip >= 0;
            if (expands) job.skip = mn_unit_gradient(t, i + 2);
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
