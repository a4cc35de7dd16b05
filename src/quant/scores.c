/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/scores.h"

#include <math.h>

#include "base/extremes.h"

/* Each end is tried at so many equal parts of its way to zero; ends take turns. */
enum { PARTS = 24, TURNS = 2 };

/* ---- Divergence ----------------------------------------------------------------------------------------- */

static float stored(float value, mn_step8 step) {
    const float units = roundf(value / step.scale) + (float)step.zero;
    return step.scale * (fminf(fmaxf(units, INT8_MIN), INT8_MAX) - (float)step.zero);
}

/* With p and q the softmaxes of a row x and of its stored y,
 * sum of p log(p / q) = sum of p (x - y) - log(sum of exp x) + log(sum of exp y). */
static double row_divergence(const float *x, int32_t classes, mn_step8 step) {
    double exact = 0, rounded = 0, apart = 0;
    float highest = x[0];
    for (int32_t i = 1; i < classes; i++) highest = mn_max_f32(highest, x[i]);
    for (int32_t i = 0; i < classes; i++) {
        const float y = stored(x[i], step);
        const double power = exp((double)(x[i] - highest));
        exact += power;
        rounded += exp((double)(y - highest));
        apart += power * (double)(x[i] - y);
    }
    return apart / exact - log(exact) + log(rounded);
}

double mn_scores_divergence(const mn_scores *scores, mn_step8 step) {
    double sum = 0;
    for (int32_t i = 0; i < scores->rows; i++) {
        sum += row_divergence(scores->values + (size_t)i * (size_t)scores->classes, scores->classes, step);
    }
    return scores->rows > 0 ? sum / scores->rows : 0;
}

/* ---- Range ---------------------------------------------------------------------------------------------- */

mn_interval mn_scores_range(const mn_scores *scores, mn_interval all) {
    mn_interval best = all;
    double least = mn_scores_divergence(scores, mn_step8_of(all));
    for (int32_t turn = 0; turn < 2 * TURNS; turn++) {
        const mn_interval from = best;
        for (int32_t i = 0; i < PARTS; i++) {
            const float part = 1 - (float)i / PARTS;
            mn_interval tried = from;
            if (turn % 2 == 0) {
                tried.low = all.low * part;
            } else {
                tried.high = all.high * part;
            }
            const double found = mn_scores_divergence(scores, mn_step8_of(tried));
            if (found < least) least = found, best = tried;
        }
    }
    return best;
}

/* ---- Where ---------------------------------------------------------------------------------------------- */

static int32_t readers(const mn_graph *graph, int32_t tensor) {
    int32_t count = 0;
    for (int32_t i = 0; i < graph->op_count; i++) {
        for (int32_t k = 0; k < graph->ops[i].input_count; k++) count += graph->ops[i].inputs[k] == tensor;
    }
    return count;
}

bool mn_scores_are_free(const mn_scheme *scheme, const mn_op *op) {
    const mn_graph *graph = scheme->graph;
    const int32_t scores = op->inputs[0];
    if (op->kind != MN_OP_SOFTMAX || !mn_scheme_is_open(scheme, scores)) return false;
    /* Others with the same scale hold the same values, in another shape. */
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (scheme->leader[i] != scheme->leader[scores]) continue;
        if (graph->tensors[i].bytes != graph->tensors[scores].bytes || readers(graph, i) != 1) return false;
    }
    return true;
}
