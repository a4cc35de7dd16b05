/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "session/share.h"

#include "base/checked.h"

/* How many multiply-accumulates take as long as touching one element. Rough on purpose, as the tiers' speeds are: they
 * decide only which steps are worth a hand-over, so that being wrong by a factor of three costs some microseconds of a
 * run. */
enum { MACS_PER_ELEMENT = 16 };

/* A hand-over takes 0.3 to 1 us (bench/threads). */
enum { LEAST_STEP_NS = 2000, LEAST_PIECE_NS = 1000 };

/* Units are single elements in some kernels; threads should not write to the same cache line, nor vectors be cut. */
enum { LINE_UNITS = 64 };

/* Convolutions and FULLY_CONNECTED: all weights of a channel for each of its cells. */
static double macs(const mn_plan *plan, const mn_op *op) {
    if (op->kind != MN_OP_CONV_2D && op->kind != MN_OP_DEPTHWISE_CONV_2D && op->kind != MN_OP_FULLY_CONNECTED) return 0;
    const mn_shape *out = &plan->shapes[op->outputs[0]];
    return (double)mn_shape_count(out) / out->dims[out->rank - 1] * mn_shape_count(&plan->shapes[op->inputs[1]]);
}

static double elements(const mn_plan *plan, const mn_op *op) {
    double sum = mn_shape_count(&plan->shapes[op->outputs[0]]);
    for (int32_t i = 0; i < op->input_count; i++) {
        const int32_t tensor = op->inputs[i];
        if (tensor >= 0 && !plan->graph->tensors[tensor].data) sum += mn_shape_count(&plan->shapes[tensor]);
    }
    return sum;
}

int32_t mn_share_grain(const mn_plan *plan, const mn_step *step) {
    double work = 0;
    for (int32_t i = 0; i < step->op_count; i++) {
        const mn_op *op = &plan->graph->ops[step->first_op + i];
        work += macs(plan, op) + MACS_PER_ELEMENT * elements(plan, op);
    }
    const double ns = work / mn_tier_get(step->kernel->tier)->macs_per_ns;
    if (ns < LEAST_STEP_NS) return step->units;
    const int32_t grain = (int32_t)(step->units * (LEAST_PIECE_NS / ns)) + 1;
    return mn_min_i32(grain < LINE_UNITS / 2 ? grain : (int32_t)mn_round_up((size_t)grain, LINE_UNITS), step->units);
}
