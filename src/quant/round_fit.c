/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/round_fit.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

enum { LARGEST = 127, SWEEPS = 32 };

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

double mn_round_fit(const double *h, const float *weights, int32_t count, double scale, int8_t *stored, double *slope) {
    find_slope(h, weights, count, scale, stored, slope);
    for (int32_t i = 0; i < SWEEPS && sweep(h, count, scale, stored, slope); i++) continue;
    double error = 0;
    for (int32_t i = 0; i < count; i++) error += (scale * stored[i] - (double)weights[i]) * slope[i];
    return error;
}
