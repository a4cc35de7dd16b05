/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "agreement.h"

#include <math.h>

#include "base/extremes.h"
#include "classify/answer.h"
#include "stats.h"

cli_answers_of cli_answers_at(const mn_ending *e) {
    const bool rounded = e->kind != MN_ENDS_IN_SCORES && e->given.type != MN_FLOAT32;
    return (cli_answers_of){.classes = e->classes,
                            .labels = e->labels,
                            .guessed = e->guessed,
                            .scored = e->score_tensor >= 0 || e->kind == MN_ENDS_IN_SCORES,
                            .step = rounded ? (double)e->given.quant.scale[0] : 0};
}

int32_t cli_shared_classes(cli_answers_of a, cli_answers_of b) {
    const int32_t fewer = a.classes < b.classes ? a.classes : b.classes;
    const int32_t more = a.classes < b.classes ? b.classes : a.classes;
    bool background = fewer == 1000 && more == 1001;
    const bool alike = a.labels == b.labels || a.guessed || b.guessed;
    return alike && (fewer == more || background) ? fewer : 0;
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

/* a log(a / b), and what is missing where sums are not 1, so that no term is below 0. */
static double relative(double a, double b) { return a * log(a / b) - a + b; }

double cli_divergence_of_probabilities(bool labels, double step, const float *a, const float *b, int32_t count) {
    const double least = step > 0 ? step / 2 : 1e-30;
    double divergence = 0;
    for (int32_t i = 0; i < count; i++) {
        const double p = (double)a[i], q = (double)b[i];
        divergence += relative(fmax(p, least), fmax(q, least));
        if (labels) divergence += relative(fmax(1 - p, least), fmax(1 - q, least));
    }
    return fmax(0, divergence);
}

/* May several labels hold? A compiled model does not tell, and is what the other one is. */
static bool has_labels(cli_answers_of a, cli_answers_of b) { return a.guessed ? b.labels : a.labels; }

bool cli_compares_scores(cli_answers_of a, cli_answers_of b) { return a.scored && b.scored; }

/* Of the classes that both have: without the background that one of them may have first. */
cli_agreement cli_compare_answers(cli_answers_of a, cli_answer_values of_a, cli_answers_of b, cli_answer_values of_b) {
    const int32_t shared = cli_shared_classes(a, b), skip_a = a.classes - shared, skip_b = b.classes - shared;
    const bool scores = cli_compares_scores(a, b), labels = has_labels(a, b);
    const float *p = of_a.probabilities + skip_a, *q = of_b.probabilities + skip_b;
    const float *x = scores ? of_a.scores + skip_a : p, *y = scores ? of_b.scores + skip_b : q;
    int32_t best_a, best_b;
    mn_answer_top_k(x, shared, 1, &best_a);
    mn_answer_top_k(y, shared, 1, &best_b);
    return (cli_agreement){.agree = best_a == best_b,
                           .divergence =
                               scores ? cli_divergence(labels, x, y, shared)
                                      : cli_divergence_of_probabilities(labels, fmax(a.step, b.step), p, q, shared),
                           .difference = cli_largest_difference(p, q, shared)};
}
