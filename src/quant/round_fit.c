/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/round_fit.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

enum { LARGEST = 127, SWEEPS = 32 };

/* So many pairs are changed at most. */
enum { PAIRS = 32 };

/* Relative to what a change by one costs: less is a rounding error of the sums. */
#define LEAST_GAIN 1e-9

/* slope = H e */
static void find_slope(const double *h, const float *weights, int32_t count, double scale, const int8_t *stored,
                       double *slope) {
    for (int32_t i = 0; i < count; i++) slope[i] = 0;
    for (int32_t j = 0; j < count; j++) {
        double error = scale * stored[j] - (double)weights[j];
        const double *row = h + (size_t)j * (size_t)count;
        for (int32_t i = 0; i < count; i++) slope[i] += error * row[i];
    }
}

/* Changes each integer once; true when one changed. */
static bool sweep(const double *h, int32_t count, double scale, int8_t *stored, double *slope) {
    bool changed = false;
    for (int32_t j = 0; j < count; j++) {
        const double *row = h + (size_t)j * (size_t)count;
        double wanted = round(stored[j] - slope[j] / (row[j] * scale));
        int32_t next = (int32_t)fmin(fmax(wanted, -LARGEST), LARGEST);
        if (next == stored[j]) continue;
        double change = scale * (next - stored[j]);
        for (int32_t i = 0; i < count; i++) slope[i] += change * row[i];
        stored[j] = (int8_t)next;
        changed = true;
    }
    return changed;
}

/* Integers i and j go up or down by one: a and b are 1 or -1. */
typedef struct pair {
    int32_t i, j, a, b;
} pair;

static bool pair_helps(const double *h, int32_t count, double scale, const int8_t *stored, const double *slope,
                       pair p) {
    const double *row = h + (size_t)p.j * (size_t)count;
    const double own = h[(size_t)p.i * (size_t)count + (size_t)p.i] + row[p.j];
    const double change = 2 * (p.a * slope[p.i] + p.b * slope[p.j]) + scale * (own + 2 * (p.a * p.b) * row[p.i]);
    return change < -LEAST_GAIN * scale * own && abs(stored[p.i] + p.a) <= LARGEST && abs(stored[p.j] + p.b) <= LARGEST;
}

static void change_pair(const double *h, int32_t count, double scale, int8_t *stored, double *slope, pair p) {
    const double *first = h + (size_t)p.i * (size_t)count, *second = h + (size_t)p.j * (size_t)count;
    for (int32_t k = 0; k < count; k++) slope[k] += scale * (p.a * first[k] + p.b * second[k]);
    stored[p.i] = (int8_t)(stored[p.i] + p.a);
    stored[p.j] = (int8_t)(stored[p.j] + p.b);
}

/* Changes two integers where that helps though neither alone does; true when it did. Inputs that are alike, as
 * neighbouring pixels are, need their weights changed against each other. */
static bool try_pairs(const double *h, int32_t count, double scale, int8_t *stored, double *slope) {
    for (int32_t j = 1; j < count; j++) {
        for (int32_t k = 0; k < 4 * j; k++) {
            const pair p = {.i = k / 4, .j = j, .a = k & 1 ? 1 : -1, .b = k & 2 ? 1 : -1};
            if (!pair_helps(h, count, scale, stored, slope, p)) continue;
            change_pair(h, count, scale, stored, slope, p);
            return true;
        }
    }
    return false;
}

/* Until no change helps. */
static void descend(const double *h, int32_t count, double scale, int8_t *stored, double *slope) {
    for (int32_t i = 0; i < SWEEPS && sweep(h, count, scale, stored, slope); i++) continue;
}

double mn_round_fit(const double *h, const float *weights, int32_t count, double scale, int8_t *stored, double *slope) {
    find_slope(h, weights, count, scale, stored, slope);
    descend(h, count, scale, stored, slope);
    for (int32_t i = 0; i < PAIRS && count <= MN_ROUND_FEW && try_pairs(h, count, scale, stored, slope); i++) {
        descend(h, count, scale, stored, slope);
    }
    double error = 0;
    for (int32_t i = 0; i < count; i++) error += (scale * stored[i] - (double)weights[i]) * slope[i];
    return error;
}
