/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "agreement.h"

#include <math.h>

#include "base/extremes.h"

int32_t cli_shared_classes(cli_answers_of a, cli_answers_of b) {
    const int32_t fewer = a.classes < b.classes ? a.classes : b.classes;
    const int32_t more = a.classes < b.classes ? b.classes : a.classes;
    bool background = fewer == 1000 && more == 1001;
    return a.labels == b.labels && (fewer == more || background) ? fewer : 0;
}

/* log(1 + exp(x)). */
static double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

static double label_divergence(double a, double b) {
    double p = 1 / (1 + exp(-a));
    return p * (softplus(-b) - softplus(-a)) + (1 - p) * (softplus(b) - softplus(a));
}

static double log_of_sum(const float *scores, int32_t count) {
    double largest = (double)scores[0], sum = 0;
    for (int32_t i = 1; i < count; i++) largest = mn_max_f64(largest, (double)scores[i]);
    for (int32_t i = 0; i < count; i++) sum += exp((double)scores[i] - largest);
    return largest + log(sum);
}

double cli_divergence(bool labels, const float *a, const float *b, int32_t count) {
    double divergence = 0, sum_a = log_of_sum(a, count), sum_b = log_of_sum(b, count);
    for (int32_t i = 0; i < count; i++) {
        double x = (double)a[i], y = (double)b[i];
        divergence += labels ? label_divergence(x, y) : exp(x - sum_a) * ((x - sum_a) - (y - sum_b));
    }
    return fmax(0, divergence); /* rounding may leave -1e-17 for equal answers */
}

/* What is added for one of two outcomes with the probabilities `a` and `b`. */
static double outcome_divergence(double a, double b) {
    const double least = 1.0 / 512;
    a = mn_max_f64(a, least), b = mn_max_f64(b, least);
    return a * log(a / b);
}

double cli_divergence_of_probabilities(bool labels, const float *a, const float *b, int32_t count) {
    double divergence = 0;
    for (int32_t i = 0; i < count; i++) {
        double p = (double)a[i], q = (double)b[i];
        divergence += outcome_divergence(p, q) + (labels ? outcome_divergence(1 - p, 1 - q) : 0);
    }
    return fmax(0, divergence);
}
