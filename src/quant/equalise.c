/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/equalise.h"

#include <math.h>

#include "base/extremes.h"
#include "quant/equalise_groups.h"
#include "quant/rescale.h"

/* A channel is enlarged at most so much: a channel that is all but dead needs no steps. */
#define LARGEST_FACTOR 1024.0

/* What learned rounding leaves of the noise of weights, about. */
#define FINE_PART 0.3

enum { STRENGTHS = 17, WEIGHT_STEPS = 127, ACTIVATION_STEPS = 255 };

typedef struct equalising {
    mn_region region;
    mn_graph *graph;
    mn_channels *channels;
    bool fine_weights; /* and sums that share scales */
    mn_groups groups;
    double **factor; /* [tensor_count]: what each channel is multiplied by; NULL: 1 */
    double **moved;  /* [tensor_count]: what is first taken from each channel; NULL: 0 */
} equalising;

/* ---- What a choice costs -------------------------------------------------------------------------------- */

/* Not fmin() and fmax(): reducing with them ends gcc 12 for AArch64 with an error of its own. */
static double lesser(double a, double b) { return b < a ? b : a; }
static double greater(double a, double b) { return b > a ? b : a; }

static double step_of(const mn_channels *x, const double *factor) {
    double low = 0, high = 0;
    for (int32_t c = 0; c < x->count; c++) {
        low = lesser(low, factor[c] * (double)x->of[c].low);
        high = greater(high, factor[c] * (double)x->of[c].high);
    }
    return (high - low) / ACTIVATION_STEPS;
}

/* The variance that rounding adds to output channel `output`, relative to the variance that it has. */
static double relative_noise(const equalising *e, const mn_weights *w, int32_t output, const mn_channels *x,
                             const double *factor, double step) {
    double signal = 0, from_input = 0, powers = 0, largest = 0;
    int32_t first = w->depthwise ? output : 0, end = w->depthwise ? output + 1 : w->inputs;
    for (int32_t tap = 0; tap < w->taps; tap++) {
        for (int32_t c = first; c < end; c++) {
            double variance = (double)x->of[c].variance;
            double weight = (double)w->values[mn_weights_at(w, output, tap, c)], scaled = weight / factor[c];
            signal += weight * weight * variance;
            from_input += scaled * scaled;
            powers += factor[c] * factor[c] * variance;
            largest = greater(largest, fabs(scaled));
        }
    }
    double weight_step = largest / WEIGHT_STEPS, part = e->fine_weights ? FINE_PART : 1;
    double noise = (from_input * step * step + part * powers * weight_step * weight_step) / 12;
    return signal > 0 ? noise / signal : 0;
}

/* Mean over the outputs of all layers that read the group. */
static double cost(const equalising *e, int32_t group, const double *factor) {
    double sum = 0, outputs = 0;
    for (int32_t i = 0; i < e->graph->op_count; i++) {
        const mn_op *op = &e->graph->ops[i];
        mn_weights w;
        if (!mn_weights_of(e->graph, i, &w) || e->groups.of[op->inputs[0]] != group) continue;
        const mn_channels *x = &e->channels[op->inputs[0]];
        double step = step_of(x, factor);
        for (int32_t o = 0; o < w.outputs; o++) sum += relative_noise(e, &w, o, x, factor, step);
        outputs += w.outputs;
    }
    return outputs > 0 ? sum / outputs : 0;
}

/* ---- Choosing ------------------------------------------------------------------------------------------- */

static double reach(const mn_channel *c) { return fmax(fabs((double)c->low), fabs((double)c->high)); }

static double largest_reach(const mn_channels *x) {
    double largest = 0;
    for (int32_t c = 0; c < x->count; c++) largest = greater(largest, reach(&x->of[c]));
    return largest;
}

/* How much larger each channel could be without any tensor of the group needing larger steps; or only those of the
 * tensor that has the largest, where sums are likely to share theirs. */
static void find_room(const equalising *e, int32_t group, int32_t count, double *room) {
    double shared = 0;
    for (int32_t c = 0; c < count; c++) room[c] = LARGEST_FACTOR;
    for (int32_t i = 0; i < e->graph->tensor_count; i++) {
        if (e->groups.of[i] == group) shared = greater(shared, largest_reach(&e->channels[i]));
    }
    for (int32_t i = 0; i < e->graph->tensor_count; i++) {
        if (e->groups.of[i] != group) continue;
        const double largest = e->fine_weights ? shared : largest_reach(&e->channels[i]);
        for (int32_t c = 0; c < count; c++) {
            double mine = reach(&e->channels[i].of[c]);
            if (mine > 0) room[c] = mn_min_f64(room[c], largest / mine);
        }
    }
}

static mn_status choose_factors(equalising *e, int32_t group) {
    int32_t count = e->channels[group].count;
    double *room = mn_region_alloc(&e->region, (size_t)count, sizeof *room);
    double *factor = mn_region_alloc(&e->region, (size_t)count, sizeof *factor);
    if (!room || !factor) return mn_fail_memory("the channels' scales");
    find_room(e, group, count, room);
    double best = INFINITY, strength = 0;
    for (int32_t i = 0; i < STRENGTHS; i++) {
        double power = (double)i / (STRENGTHS - 1);
        for (int32_t c = 0; c < count; c++) factor[c] = pow(room[c], power);
        double found = cost(e, group, factor);
        if (found >= best) continue;
        best = found;
        strength = power;
    }
    for (int32_t c = 0; c < count; c++) factor[c] = pow(room[c], strength);
    for (int32_t i = 0; i < e->graph->tensor_count; i++) {
        if (e->groups.of[i] == group) e->factor[i] = factor;
    }
    return MN_OK;
}

/* ---- Moving --------------------------------------------------------------------------------------------- */

static double middle(const mn_channel *x) { return ((double)x->low + (double)x->high) / 2; }

/* The ADD that has `tensor` as an operand, whose other operand, *other, was moved before; or NULL. */
static const mn_op *find_sum(const equalising *e, int32_t tensor, int32_t *other) {
    for (int32_t i = 0; i < e->graph->op_count; i++) {
        const mn_op *op = &e->graph->ops[i];
        if (op->kind != MN_OP_ADD || (op->inputs[0] != tensor && op->inputs[1] != tensor)) continue;
        *other = op->inputs[op->inputs[0] == tensor ? 1 : 0];
        if (e->moved[*other]) return op;
    }
    return NULL;
}

/* A channel needs the fewest steps with its middle at zero; weights of few steps do better with its mean there. Of an
 * operand and a sum, which move together, the sum counts: it reaches farther. */
static void find_moves(const equalising *e, const mn_op *op, double *move) {
    const int32_t out = op->outputs[0];
    int32_t other;
    const mn_op *sum = e->fine_weights ? find_sum(e, out, &other) : NULL;
    for (int32_t c = 0; c < e->channels[out].count; c++) {
        if (op->kind == MN_OP_ADD) {
            move[c] = e->moved[op->inputs[0]][c] + e->moved[op->inputs[1]][c];
        } else if (sum) {
            move[c] = middle(&e->channels[sum->outputs[0]].of[c]) - e->moved[other][c];
        } else {
            move[c] = e->fine_weights ? middle(&e->channels[out].of[c]) : (double)e->channels[out].of[c].mean;
        }
    }
}

/* Every channel moves to its mean or middle; a sum moves by what its operands have moved. */
static mn_status choose_moves(equalising *e) {
    for (int32_t i = 0; i < e->graph->op_count; i++) {
        const mn_op *op = &e->graph->ops[i];
        int32_t out = op->outputs[0];
        mn_channels *x = &e->channels[out];
        if (!e->groups.movable[out] || x->count == 0) continue;
        double *move = mn_region_alloc(&e->region, (size_t)x->count, sizeof *move);
        if (!move) return mn_fail_memory("the channels' shifts");
        find_moves(e, op, move);
        for (int32_t c = 0; c < x->count; c++) {
            x->of[c].low -= (float)move[c];
            x->of[c].high -= (float)move[c];
            x->of[c].mean -= (float)move[c];
        }
        e->moved[out] = move;
    }
    return MN_OK;
}

/* ---- All ------------------------------------------------------------------------------------------------ */

/* Groups of which something is not known stay as they are. */
static void drop_unknown(equalising *e) {
    for (int32_t i = 0; i < e->graph->tensor_count; i++) {
        if (e->groups.of[i] < 0 || e->channels[i].count > 0) continue;
        int32_t group = e->groups.of[i];
        for (int32_t k = 0; k < e->graph->tensor_count; k++) {
            if (e->groups.of[k] != group) continue;
            e->groups.of[k] = -1;
            e->groups.movable[k] = false;
        }
    }
}

static mn_status equalise(equalising *e) {
    size_t tensors = (size_t)e->graph->tensor_count;
    MN_TRY(mn_groups_find(e->graph, MN_GROUPS_LINEAR, &e->region, &e->groups));
    e->factor = mn_region_alloc(&e->region, tensors, sizeof *e->factor);
    e->moved = mn_region_alloc(&e->region, tensors, sizeof *e->moved);
    if (!e->factor || !e->moved) return mn_fail_memory("the channels' scales");
    drop_unknown(e);
    MN_TRY(choose_moves(e));
    for (int32_t i = 0; i < e->graph->tensor_count; i++) {
        if (e->groups.of[i] == i) MN_TRY(choose_factors(e, i));
    }
    return mn_rescale(e->graph, e->channels, e->factor, e->moved);
}

mn_status mn_equalise(mn_graph *graph, mn_channels *channels, bool fine_weights) {
    equalising e = {.graph = graph, .channels = channels, .fine_weights = fine_weights};
    mn_status status = equalise(&e);
    mn_region_free(&e.region);
    return status;
}
