/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Batch norm's sums: each thread adds up its pictures in the same order every time, threads are merged in their
 * order, then machines. */

#include <math.h>
#include <string.h>

#include "train/passes.h"

void mn_worker_flush(mn_train_worker *worker, int32_t channels) {
    for (int s = 0; s < 2; s++) {
        for (int32_t c = 0; c < channels; c++) worker->sums[s][c] += (double)worker->short_sums[s][c];
        memset(worker->short_sums[s], 0, (size_t)channels * sizeof(float));
    }
}

static void clear(mn_train_net *t, int32_t channels) {
    for (int32_t i = 0; i < t->threads; i++) {
        t->workers[i].rows = 0;
        for (int s = 0; s < 2; s++) memset(t->workers[i].sums[s], 0, (size_t)channels * sizeof(double));
    }
}

mn_norm mn_unit_norm(const mn_unit *u) {
    const float *row[MN_NORM_ROWS];
    for (int i = 0; i < MN_NORM_ROWS; i++) row[i] = u->norms + (size_t)i * (size_t)u->out_p;
    return (mn_norm){.mean = row[MN_NORM_MEAN],
                     .scale = row[MN_NORM_SCALE],
                     .beta = row[MN_NORM_BETA],
                     .mean_g = row[MN_NORM_MEAN_G],
                     .slope = row[MN_NORM_SLOPE],
                     .low = u->clip[0],
                     .high = u->clip[1],
                     .hard_swish = u->hard_swish};
}

static float *norm_row(const mn_unit *u, int row) { return u->norms + (size_t)row * (size_t)u->out_p; }

static void set_channel(const mn_train_net *t, mn_unit *u, int32_t c, double mean, double variance) {
    double inverse = 1 / sqrt(variance + (double)u->epsilon);
    norm_row(u, MN_NORM_MEAN)[c] = (float)mean;
    norm_row(u, MN_NORM_INVERSE)[c] = (float)inverse;
    norm_row(u, MN_NORM_VARIANCE)[c] = (float)variance;
    norm_row(u, MN_NORM_SCALE)[c] = (float)(inverse * (double)t->use_parameters[u->gamma + (size_t)c]);
    norm_row(u, MN_NORM_BETA)[c] = t->use_parameters[u->beta + (size_t)c];
}

/* ---- Forward ----------------------------------------------------------------------------------------- */

/* Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing sample variances, 1979. */
static mn_spread merge(mn_spread a, mn_spread b) {
    if (b.rows == 0) return a;
    double rows = a.rows + b.rows, distance = b.mean - a.mean, part = b.rows / rows;
    return (mn_spread){rows, a.mean + distance * part, a.squares + b.squares + distance * distance * a.rows * part};
}

static mn_spread of_threads(const mn_train_net *t, int32_t c) {
    mn_spread all = {0};
    for (int32_t i = 0; i < t->threads; i++) {
        const mn_train_worker *worker = &t->workers[i];
        if (worker->rows == 0) continue;
        double mean = worker->sums[0][c] / worker->rows;
        all = merge(all, (mn_spread){worker->rows, (double)worker->shift[c] + mean,
                                     worker->sums[1][c] - worker->sums[0][c] * mean});
    }
    return all;
}

/* All machines' mn_spread: sums around a value that all of them know, in double, where that costs no precision. */
static mn_status share_spreads(mn_train_net *t, const mn_unit *u, mn_spread *all) {
    double *sums = t->shared;
    size_t channels = (size_t)u->out_p;
    const float *known = t->use_statistics + u->mean;
    for (size_t c = 0; c < channels; c++) {
        double distance = all[c].mean - (double)known[c];
        sums[c] = all[c].rows * distance;
        sums[channels + c] = all[c].squares + all[c].rows * distance * distance;
    }
    sums[2 * channels] = all[0].rows;
    MN_TRY(t->reduce->sum(t->reduce->self, sums, 2 * channels + 1));
    for (size_t c = 0; c < channels; c++) {
        double rows = sums[2 * channels], distance = sums[c] / rows;
        all[c] = (mn_spread){rows, (double)known[c] + distance, sums[channels + c] - rows * distance * distance};
    }
    return MN_OK;
}

mn_status mn_norm_finish(mn_train_net *t, mn_unit *u) {
    const float *mean = t->use_statistics + u->mean, *variance = t->use_statistics + u->variance;
    if (t->fake.mode != MN_QAT_NONE) return MN_OK; /* it is in the weights */
    if (!t->training || u->frozen) {
        for (int32_t c = 0; c < u->out_p; c++) set_channel(t, u, c, (double)mean[c], (double)variance[c]);
        return MN_OK;
    }
    for (int32_t c = 0; c < u->out_p; c++) t->spreads[c] = of_threads(t, c);
    clear(t, u->out_p);
    if (t->reduce) MN_TRY(share_spreads(t, u, t->spreads));
    for (int32_t c = 0; c < u->out_p; c++) {
        const mn_spread *all = &t->spreads[c];
        set_channel(t, u, c, all->mean, fmax(all->squares / all->rows, 0));
    }
    return MN_OK;
}

void mn_train_keep_statistics(mn_train_net *t) {
    if (t->fake.mode != MN_QAT_NONE) return;
    for (int32_t i = t->first_trained; i < t->unit_count; i++) {
        const mn_unit *u = &t->units[i];
        float *mean = t->statistics + u->mean, *variance = t->statistics + u->variance;
        const float *batch_mean = norm_row(u, MN_NORM_MEAN), *batch_variance = norm_row(u, MN_NORM_VARIANCE);
        double keep = (double)u->momentum;
        for (int32_t c = 0; c < u->out_p; c++) {
            mean[c] = (float)(keep * (double)mean[c] + (1 - keep) * (double)batch_mean[c]);
            variance[c] = (float)(keep * (double)variance[c] + (1 - keep) * (double)batch_variance[c]);
        }
    }
}

/* ---- Backward ---------------------------------------------------------------------------------------- */

mn_status mn_norm_finish_gradient(mn_train_net *t, mn_unit *u) {
    size_t channels = (size_t)u->out_p;
    double *sums = t->shared, *products = sums + channels, ranks = t->reduce ? t->reduce->ranks : 1;
    double rows = (double)t->count * ranks * (double)mn_unit_rows(u);
    memset(sums, 0, 2 * channels * sizeof *sums);
    for (int32_t i = 0; i < t->threads; i++) {
        for (size_t c = 0; c < channels; c++) {
            sums[c] += t->workers[i].sums[0][c];
            products[c] += t->workers[i].sums[1][c];
        }
    }
    clear(t, u->out_p);
    if (t->reduce) MN_TRY(t->reduce->sum(t->reduce->self, sums, 2 * channels));
    for (size_t c = 0; c < channels; c++) t->gradients[u->beta + c] = (float)sums[c];
    if (t->fake.mode != MN_QAT_NONE) return MN_OK; /* statistics do not depend on the batch */
    for (size_t c = 0; c < channels; c++) {
        double inverse = (double)norm_row(u, MN_NORM_INVERSE)[c];
        t->gradients[u->gamma + c] = (float)(products[c] * inverse);
        norm_row(u, MN_NORM_MEAN_G)[c] = (float)(sums[c] / rows);
        norm_row(u, MN_NORM_SLOPE)[c] = (float)(products[c] * inverse * inverse / rows);
    }
    return MN_OK;
}
