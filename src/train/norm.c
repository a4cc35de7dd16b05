/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Batch norm's sums: each thread adds up its pictures in the same order every time, threads are merged in their
 * order, then machines. */

#include <math.h>
#include <string.h>

#include "train/passes.h"

void mn_lane_flush(mn_lane *lane, int32_t channels) {
    for (int s = 0; s < 2; s++) {
        for (int32_t c = 0; c < channels; c++) lane->sums[s][c] += (double)lane->short_sums[s][c];
        memset(lane->short_sums[s], 0, (size_t)channels * sizeof(float));
    }
}

static void clear(mn_train_net *t, int32_t channels) {
    for (int32_t i = 0; i < t->threads; i++) {
        t->lanes[i].rows = 0;
        for (int s = 0; s < 2; s++) memset(t->lanes[i].sums[s], 0, (size_t)channels * sizeof(double));
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
                     .low = u->linear ? -INFINITY : 0,
                     .high = u->high};
}

static float *norm_row(const mn_unit *u, int row) { return u->norms + (size_t)row * (size_t)u->out_p; }

static void set_channel(const mn_train_net *t, mn_unit *u, int32_t c, double mean, double variance) {
    double inverse = 1 / sqrt(variance + (double)u->epsilon);
    norm_row(u, MN_NORM_MEAN)[c] = (float)mean;
    norm_row(u, MN_NORM_INVERSE)[c] = (float)inverse;
    norm_row(u, MN_NORM_SCALE)[c] = (float)(inverse * (double)t->use_parameters[u->gamma + (size_t)c]);
    norm_row(u, MN_NORM_BETA)[c] = t->use_parameters[u->beta + (size_t)c];
}

/* ---- Forward ----------------------------------------------------------------------------------------- */

typedef struct spread {
    double rows, mean, squares; /* squares of the distances to the mean */
} spread;

/* Chan, Golub, LeVeque, Updating formulae and a pairwise algorithm for computing sample variances, 1979. */
static spread merge(spread a, spread b) {
    if (b.rows == 0) return a;
    double rows = a.rows + b.rows, distance = b.mean - a.mean, part = b.rows / rows;
    return (spread){rows, a.mean + distance * part, a.squares + b.squares + distance * distance * a.rows * part};
}

static spread of_threads(const mn_train_net *t, int32_t c) {
    spread all = {0};
    for (int32_t i = 0; i < t->threads; i++) {
        const mn_lane *lane = &t->lanes[i];
        if (lane->rows == 0) continue;
        double mean = lane->sums[0][c] / lane->rows;
        all =
            merge(all, (spread){lane->rows, (double)lane->shift[c] + mean, lane->sums[1][c] - lane->sums[0][c] * mean});
    }
    return all;
}

mn_status mn_norm_finish(mn_train_net *t, mn_unit *u) {
    const float *mean = t->use_statistics + u->mean, *variance = t->use_statistics + u->variance;
    if (!t->training || u->frozen) {
        for (int32_t c = 0; c < u->out_p; c++) set_channel(t, u, c, (double)mean[c], (double)variance[c]);
        return MN_OK;
    }
    float *moving_mean = t->statistics + u->mean, *moving_variance = t->statistics + u->variance;
    double keep = (double)u->momentum;
    for (int32_t c = 0; c < u->out_p; c++) {
        spread all = of_threads(t, c);
        double spread_variance = fmax(all.squares / all.rows, 0);
        set_channel(t, u, c, all.mean, spread_variance);
        moving_mean[c] = (float)(keep * (double)moving_mean[c] + (1 - keep) * all.mean);
        moving_variance[c] = (float)(keep * (double)moving_variance[c] + (1 - keep) * spread_variance);
    }
    clear(t, u->out_p);
    return MN_OK;
}

/* ---- Backward ---------------------------------------------------------------------------------------- */

mn_status mn_norm_finish_gradient(mn_train_net *t, mn_unit *u) {
    double rows = (double)t->count * (double)mn_unit_rows(u);
    for (int32_t c = 0; c < u->out_p; c++) {
        double sum = 0, product = 0, inverse = (double)norm_row(u, MN_NORM_INVERSE)[c];
        for (int32_t i = 0; i < t->threads; i++) {
            sum += t->lanes[i].sums[0][c];
            product += t->lanes[i].sums[1][c];
        }
        t->gradients[u->beta + (size_t)c] = (float)sum;
        t->gradients[u->gamma + (size_t)c] = (float)(product * inverse);
        norm_row(u, MN_NORM_MEAN_G)[c] = (float)(sum / rows);
        norm_row(u, MN_NORM_SLOPE)[c] = (float)(product * inverse * inverse / rows);
    }
    clear(t, u->out_p);
    return MN_OK;
}
