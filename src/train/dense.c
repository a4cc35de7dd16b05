/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/dense.h"

#include <math.h>
#include <string.h>

/* ---- Activations ------------------------------------------------------------------------------------- */

static float clamped(float x, float low, float high) { return fminf(fmaxf(x, low), high); }

static float activation(const mn_dense *dense, float z) {
    switch (dense->bend) {
    case MN_BEND_NONE: return z;
    case MN_BEND_CLIP: return clamped(z, 0, dense->high);
    case MN_BEND_HARD_SWISH: return z * clamped(z + 3, 0, 6) / 6;
    case MN_BEND_HARD_SIGMOID: return clamped(z + 3, 0, 6) / 6;
    }
    return z;
}

static float slope(const mn_dense *dense, float z) {
    bool inside = z > -3 && z < 3;
    switch (dense->bend) {
    case MN_BEND_NONE: return 1;
    case MN_BEND_CLIP: return z > 0 && z < dense->high ? 1 : 0;
    case MN_BEND_HARD_SWISH: return inside ? (2 * z + 3) / 6 : z >= 3 ? 1 : 0;
    case MN_BEND_HARD_SIGMOID: return inside ? 1.0f / 6 : 0;
    }
    return 1;
}

/* ---- Forward ----------------------------------------------------------------------------------------- */

void mn_dense_forward(const mn_train_net *t, const mn_dense *dense, const float *in, int32_t begin, int32_t end) {
    size_t channels = (size_t)dense->out_p;
    float *z = dense->z + (size_t)begin * channels, *y = dense->y + (size_t)begin * channels;
    size_t rows = (size_t)(end - begin);
    for (size_t i = 0; i < rows; i++) {
        memcpy(z + i * channels, mn_train_weights(t) + dense->bias, channels * sizeof *z);
    }
    t->kernels->gemm(&(mn_gemm){.m = end - begin,
                                .n = dense->out_p,
                                .k = dense->in_p,
                                .a = in + (size_t)begin * (size_t)dense->in_p,
                                .a_row = dense->in_p,
                                .a_col = 1,
                                .b = mn_train_weights(t) + dense->kernel,
                                .ldb = dense->out_p,
                                .c = z,
                                .ldc = dense->out_p,
                                .start = z});
    if (dense->bend == MN_BEND_NONE) return; /* y is z */
    for (size_t i = 0; i < rows * channels; i++) y[i] = activation(dense, z[i]);
}

/* ---- Backward ---------------------------------------------------------------------------------------- */

typedef struct dense_job {
    mn_train_net *t;
    const mn_dense *dense;
    const float *in;
    bool inputs;
} dense_job;

static void kernel_share(const dense_job *j, int32_t begin, int32_t end) {
    const mn_dense *dense = j->dense;
    j->t->kernels->gemm(&(mn_gemm){.m = end - begin,
                                   .n = dense->out_p,
                                   .k = j->t->count,
                                   .a = j->in + begin,
                                   .a_row = 1,
                                   .a_col = dense->in_p,
                                   .b = dense->gradient,
                                   .ldb = dense->out_p,
                                   .c = j->t->gradients + dense->kernel + (size_t)begin * (size_t)dense->out_p,
                                   .ldc = dense->out_p});
}

/* Gradients of a share of the inputs for all pictures: what is summed lies together in the kernel, so pictures are the
 * columns. */
static void input_share(const dense_job *j, int32_t begin, int32_t end) {
    const mn_train_net *t = j->t;
    const mn_dense *dense = j->dense;
    t->kernels->gemm(&(mn_gemm){.m = end - begin,
                                .n = t->batch_p,
                                .k = dense->out_p,
                                .a = mn_train_weights(t) + dense->kernel + (size_t)begin * (size_t)dense->out_p,
                                .a_row = dense->out_p,
                                .a_col = 1,
                                .b = t->out_columns,
                                .ldb = t->batch_p,
                                .c = t->in_columns + (size_t)begin * (size_t)t->batch_p,
                                .ldc = t->batch_p});
}

static void backward_job(void *context, int32_t thread, int32_t threads) {
    const dense_job *j = context;
    int32_t begin, end;
    mn_train_share(j->dense->in_p, thread, threads, &begin, &end);
    kernel_share(j, begin, end);
    if (j->inputs) input_share(j, begin, end);
}

/* The gradients by z with the one of the bias, and with pictures as columns. */
static void prepare(mn_train_net *t, const mn_dense *dense) {
    float *bias = t->gradients + dense->bias;
    memset(bias, 0, (size_t)dense->out_p * sizeof *bias);
    for (int32_t i = 0; i < t->count; i++) {
        size_t at = (size_t)i * (size_t)dense->out_p;
        float *row = dense->gradient + at;
        for (int32_t c = 0; c < dense->out_p; c++) {
            if (dense->bend != MN_BEND_NONE) row[c] *= slope(dense, dense->z[at + (size_t)c]);
            bias[c] += row[c];
            t->out_columns[(size_t)c * (size_t)t->batch_p + (size_t)i] = row[c];
        }
    }
}

void mn_dense_backward(mn_train_net *t, const mn_dense *dense, const float *in, bool inputs) {
    dense_job job = {t, dense, in, inputs};
    prepare(t, dense);
    mn_train_run(t, backward_job, &job);
}

void mn_dense_input(const mn_train_net *t, const mn_dense *dense, int32_t picture, float part, const float *kept,
                    float *row) {
    const float *column = t->in_columns + picture;
    for (int32_t i = 0; i < dense->in_p; i++) {
        row[i] = column[(size_t)i * (size_t)t->batch_p] * part * (kept ? kept[i] : 1);
    }
}
