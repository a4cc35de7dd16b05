/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/balance.h"

#include <math.h>

#include "base/checked.h"
#include "quant/equalise_groups.h"

/* The largest of many values is taken as their norm of this order: it has slopes. */
enum { ORDER = 8 };

/* Factors are searched in steps, of which the last ones are the finest. Their product, about 35, is the most that a
 * channel changes: one that is all but dead on the photos may be more on others. */
static const double strides[] = {2, 2, 1.41, 1.41, 1.41, 1.19, 1.19, 1.19, 1.19, 1.09, 1.09, 1.09, 1.09, 1.05, 1.05};
enum { SWEEPS = sizeof strides / sizeof strides[0] };

enum { WEIGHT_STEPS = 127, ACTIVATION_STEPS = 255 };

/* A source of noise as a function of the factors z of one tensor's channels, all else held:
 *   factor x (sum of reach[c] z[c]^(sign ORDER))^(2 / ORDER) x sum of power[c] z[c]^(-2 sign)
 * that is, the square of a step, which the largest values decide, times what is rounded with it or meets it. */
typedef struct source {
    double factor;
    int32_t sign;
    double *reach, *power;  /* [channels] */
    double reaches, powers; /* the two sums */
} source;

typedef struct balancing {
    mn_region region;
    mn_region scratch; /* of the group at hand */
    const mn_graph *graph;
    const mn_channels *channels;
    mn_groups groups;
    mn_region *owner; /* of the factors */
    double **factor;  /* [tensor_count], the same for tensors of a group: NULL where channels stay */
    double **weight;  /* [tensor_count][channels]: what noise of a variance of 1 comes to, at the next linear layer */
    double *limit;    /* [channels of the group at hand] */
    source *sources;  /* of the group at hand */
    int32_t source_count;
} balancing;

static double to_order(double x) {
    double square = x * x, fourth = square * square;
    return fourth * fourth;
}

static double factor_of(const balancing *b, int32_t tensor, int32_t channel) {
    return b->factor[tensor] ? b->factor[tensor][channel] : 1;
}

static double variance_of(const balancing *b, int32_t tensor, int32_t channel) {
    return (double)b->channels[tensor].of[channel].variance;
}

/* ---- What noise in a channel comes to ------------------------------------------------------------------- */

static double total_variance(const mn_channels *x) {
    double sum = 0;
    for (int32_t c = 0; c < x->count; c++) sum += (double)x->of[c].variance;
    return fmax(sum, 1e-30);
}

/* Is enough known of both sides of a layer? */
static bool is_known(const balancing *b, const mn_op *op, const mn_weights *w) {
    return b->channels[op->inputs[0]].count == w->inputs && b->channels[op->outputs[0]].count == w->outputs;
}

static void pass_through_weights(const mn_weights *w, const double *after, double *before) {
    for (int32_t o = 0; o < w->outputs; o++) {
        int32_t first = w->depthwise ? o : 0, end = w->depthwise ? o + 1 : w->inputs;
        for (int32_t tap = 0; tap < w->taps; tap++) {
            for (int32_t c = first; c < end; c++) {
                double weight = (double)w->values[mn_weights_at(w, o, tap, c)];
                before[c] += weight * weight * after[o];
            }
        }
    }
}

/* Adds what noise in the inputs of an operator does to its output. Others than layers keep their channels, or else
 * noise counts as behind a linear layer. */
static void pass_back(balancing *b, int32_t index) {
    const mn_op *op = &b->graph->ops[index];
    const double *after = b->weight[op->outputs[0]];
    mn_weights w;
    if (mn_weights_of(b->graph, index, &w)) {
        if (is_known(b, op, &w)) pass_through_weights(&w, after, b->weight[op->inputs[0]]);
        return;
    }
    for (int32_t i = 0; i < op->input_count; i++) {
        if (op->inputs[i] < 0) continue;
        const mn_channels *x = &b->channels[op->inputs[i]];
        double *before = b->weight[op->inputs[i]], part = 1 / total_variance(x);
        bool alike = x->count == b->channels[op->outputs[0]].count;
        for (int32_t c = 0; c < x->count; c++) before[c] += alike ? after[c] : part;
    }
}

static bool only_added(const mn_graph *graph, int32_t tensor) {
    bool used = false;
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        for (int32_t k = 0; k < op->input_count; k++) {
            if (op->inputs[k] != tensor) continue;
            if (op->kind != MN_OP_ADD) return false;
            used = true;
        }
    }
    return used;
}

static bool is_linear(const mn_graph *graph, int32_t index) {
    mn_weights w;
    const mn_op *op = &graph->ops[index];
    return op->attr.activation == MN_ACT_NONE && (op->kind == MN_OP_ADD || mn_weights_of(graph, index, &w));
}

/* Behind a linear layer noise counts by its part of all channels' variance. */
static mn_status weigh(balancing *b) {
    for (int32_t i = 0; i < b->graph->tensor_count; i++) {
        b->weight[i] = mn_region_alloc(&b->region, (size_t)b->channels[i].count, sizeof *b->weight[i]);
        if (!b->weight[i]) return mn_fail_memory("the channels' scales");
    }
    for (int32_t i = b->graph->op_count - 1; i >= 0; i--) {
        const mn_op *op = &b->graph->ops[i];
        int32_t out = op->outputs[0];
        const mn_channels *y = &b->channels[out];
        bool linear = is_linear(b->graph, i) && !only_added(b->graph, out);
        for (int32_t c = 0; c < y->count && linear; c++) b->weight[out][c] = 1 / total_variance(y);
        pass_back(b, i);
    }
    return MN_OK;
}

/* ---- Sources of noise ----------------------------------------------------------------------------------- */

static source *add_source(balancing *b, int32_t count, int32_t sign, double factor) {
    source *s = &b->sources[b->source_count];
    *s = (source){.sign = sign, .factor = factor};
    s->reach = mn_region_alloc(&b->scratch, (size_t)count, sizeof *s->reach);
    s->power = mn_region_alloc(&b->scratch, (size_t)count, sizeof *s->power);
    if (!s->reach || !s->power) return NULL;
    b->source_count++;
    return s;
}

static mn_status add_activation(balancing *b, int32_t tensor) {
    const mn_channels *x = &b->channels[tensor];
    source *s = add_source(b, x->count, 1, 1.0 / (ACTIVATION_STEPS * ACTIVATION_STEPS));
    if (!s) return mn_fail_memory("the channels' scales");
    for (int32_t c = 0; c < x->count; c++) {
        s->reach[c] = to_order(fmax((double)x->of[c].high, 0) - fmin((double)x->of[c].low, 0));
        s->power[c] = b->weight[tensor][c];
    }
    return MN_OK;
}

/* What an error in the weights for input channel `c` is multiplied by, squared. */
static double met_by(const balancing *b, int32_t tensor, int32_t c) {
    return variance_of(b, tensor, c) * factor_of(b, tensor, c) * factor_of(b, tensor, c);
}

/* What noise in output channel `c` comes to. */
static double heard_of(const balancing *b, int32_t tensor, int32_t c) {
    return b->weight[tensor][c] / (factor_of(b, tensor, c) * factor_of(b, tensor, c));
}

/* Rounding of the weights of an operator that makes (sign 1) or reads (-1) the tensor at hand. */
static mn_status add_weights(balancing *b, int32_t index, const mn_weights *w, int32_t sign) {
    const mn_op *op = &b->graph->ops[index];
    const int32_t in = op->inputs[0], out = op->outputs[0];
    const int32_t count = sign > 0 ? w->outputs : w->inputs;
    source *s = add_source(b, count, sign, 1.0 / (WEIGHT_STEPS * WEIGHT_STEPS));
    if (!s) return mn_fail_memory("the channels' scales");
    for (int32_t o = 0; o < w->outputs; o++) {
        int32_t first = w->depthwise ? o : 0, end = w->depthwise ? o + 1 : w->inputs;
        for (int32_t tap = 0; tap < w->taps; tap++) {
            for (int32_t c = first; c < end; c++) {
                double weight = (double)w->values[mn_weights_at(w, o, tap, c)];
                double other = sign > 0 ? 1 / factor_of(b, in, c) : factor_of(b, out, o);
                s->reach[sign > 0 ? o : c] += to_order(weight * other);
            }
        }
    }
    double met = 0, heard = 0;
    for (int32_t c = 0; c < w->inputs; c++) met += met_by(b, in, c);
    for (int32_t o = 0; o < w->outputs; o++) heard += heard_of(b, out, o);
    for (int32_t c = 0; c < count; c++) {
        if (w->depthwise) met = met_by(b, in, c), heard = heard_of(b, out, c);
        s->power[c] = w->taps * (sign > 0 ? met * b->weight[out][c] : variance_of(b, in, c) * heard);
    }
    return MN_OK;
}

static mn_status find_sources(balancing *b, int32_t group) {
    b->source_count = 0;
    for (int32_t i = 0; i < b->graph->op_count; i++) {
        const mn_op *op = &b->graph->ops[i];
        mn_weights w;
        int32_t in = b->groups.of[op->inputs[0]], out = b->groups.of[op->outputs[0]];
        if (out == group) MN_TRY(add_activation(b, op->outputs[0]));
        if (!mn_weights_of(b->graph, i, &w)) continue;
        if (out == group) MN_TRY(add_weights(b, i, &w, 1));
        if (in == group) MN_TRY(add_weights(b, i, &w, -1));
    }
    return MN_OK;
}

/* ---- Choosing ------------------------------------------------------------------------------------------- */

static double power_of(double x, int32_t sign) { return sign > 0 ? x : 1 / x; }

static double reach_at(const source *s, int32_t c, double z) { return s->reach[c] * to_order(power_of(z, s->sign)); }

static double power_at(const source *s, int32_t c, double z) { return s->power[c] * power_of(z * z, -s->sign); }

static double noise(const source *s, double reaches, double powers) {
    return s->factor * sqrt(sqrt(fmax(reaches, 0))) * powers;
}

static void sum_sources(balancing *b, const double *z, int32_t count) {
    for (int32_t i = 0; i < b->source_count; i++) {
        source *s = &b->sources[i];
        s->reaches = s->powers = 0;
        for (int32_t c = 0; c < count; c++) {
            s->reaches += reach_at(s, c, z[c]);
            s->powers += power_at(s, c, z[c]);
        }
    }
}

/* All noise when channel `c` goes from factor `from` to `to`; keeps the sums if it is to be so. */
static double change(balancing *b, int32_t c, double from, double to, bool keep) {
    double sum = 0;
    for (int32_t i = 0; i < b->source_count; i++) {
        source *s = &b->sources[i];
        double now = reach_at(s, c, to), reaches = fmax(s->reaches - reach_at(s, c, from) + now, now);
        double powers = fmax(s->powers - power_at(s, c, from), 0) + power_at(s, c, to);
        sum += noise(s, reaches, powers);
        if (keep) s->reaches = reaches, s->powers = powers;
    }
    return sum;
}

static void search(balancing *b, double *z, int32_t count, double stride) {
    sum_sources(b, z, count);
    for (int32_t c = 0; c < count; c++) {
        if (b->limit[c] == 0) continue;
        double now = change(b, c, z[c], z[c], false), best = z[c], least = now;
        for (int32_t up = 0; up < 2; up++) {
            double next = up ? fmin(z[c] * stride, b->limit[c]) : z[c] / stride;
            double found = change(b, c, z[c], next, false);
            if (found < least) least = found, best = next;
        }
        if (best != z[c]) change(b, c, z[c], best, true);
        z[c] = best;
    }
}

/* ---- Limits --------------------------------------------------------------------------------------------- */

/* How large each channel may become; 0 where it reaches RELU6's bound and has to stay. */
static void find_limits(balancing *b, int32_t group, int32_t count) {
    for (int32_t c = 0; c < count; c++) b->limit[c] = INFINITY;
    for (int32_t i = 0; i < b->graph->op_count; i++) {
        const mn_op *op = &b->graph->ops[i];
        if (b->groups.of[op->outputs[0]] != group || op->attr.activation != MN_ACT_RELU6) continue;
        for (int32_t c = 0; c < count; c++) {
            double high = (double)b->channels[op->outputs[0]].of[c].high;
            b->limit[c] = high >= 6 ? 0 : high > 0 ? fmin(b->limit[c], 6 / high) : b->limit[c];
        }
    }
}

/* Groups of which something is not known stay, and those whose channels a layer both reads and makes. */
static bool may_change(const balancing *b, int32_t group) {
    for (int32_t i = 0; i < b->graph->tensor_count; i++) {
        if (b->groups.of[i] == group && b->channels[i].count == 0) return false;
    }
    for (int32_t i = 0; i < b->graph->op_count; i++) {
        const mn_op *op = &b->graph->ops[i];
        mn_weights w;
        if (!mn_weights_of(b->graph, i, &w)) continue;
        bool reads = b->groups.of[op->inputs[0]] == group, makes = b->groups.of[op->outputs[0]] == group;
        if (reads && makes) return false;
        if ((reads || makes) && !is_known(b, op, &w)) return false;
    }
    return true;
}

/* ---- All ------------------------------------------------------------------------------------------------ */

static mn_status start_group(balancing *b, int32_t group) {
    int32_t count = b->channels[group].count;
    double *z = mn_region_alloc(b->owner, (size_t)count, sizeof *z);
    if (!z) return mn_fail_memory("the channels' scales");
    for (int32_t c = 0; c < count; c++) z[c] = 1;
    for (int32_t i = 0; i < b->graph->tensor_count; i++) {
        if (b->groups.of[i] == group) b->factor[i] = z;
    }
    return MN_OK;
}

static mn_status start(balancing *b) {
    size_t tensors = (size_t)b->graph->tensor_count, most = 1;
    MN_TRY(mn_groups_find(b->graph, MN_GROUPS_CLIPPED, &b->region, &b->groups));
    for (size_t i = 0; i < tensors; i++) most = mn_max_size(most, (size_t)b->channels[i].count);
    b->factor = mn_region_alloc(b->owner, tensors, sizeof *b->factor);
    b->weight = mn_region_alloc(&b->region, tensors, sizeof *b->weight);
    b->limit = mn_region_alloc(&b->region, most, sizeof *b->limit);
    b->sources = mn_region_alloc(&b->region, 3 * (size_t)b->graph->op_count, sizeof *b->sources);
    if (!b->factor || !b->weight || !b->limit || !b->sources) return mn_fail_memory("the channels' scales");
    MN_TRY(weigh(b));
    for (int32_t i = 0; i < b->graph->tensor_count; i++) {
        if (b->groups.of[i] == i && may_change(b, i)) MN_TRY(start_group(b, i));
    }
    return MN_OK;
}

static mn_status search_group(balancing *b, int32_t group, double stride) {
    find_limits(b, group, b->channels[group].count);
    mn_status status = find_sources(b, group);
    if (status == MN_OK) search(b, b->factor[group], b->channels[group].count, stride);
    mn_region_free(&b->scratch);
    return status;
}

static mn_status balance(balancing *b) {
    MN_TRY(start(b));
    for (int32_t sweep = 0; sweep < SWEEPS; sweep++) {
        for (int32_t i = 0; i < b->graph->tensor_count; i++) {
            if (b->groups.of[i] == i && b->factor[i]) MN_TRY(search_group(b, i, strides[sweep]));
        }
    }
    return MN_OK;
}

mn_status mn_balance_factors(const mn_graph *graph, const mn_channels *channels, mn_region *region, double ***factor) {
    balancing b = {.graph = graph, .channels = channels, .owner = region};
    mn_status status = balance(&b);
    mn_region_free(&b.region);
    *factor = b.factor;
    return status;
}

mn_status mn_balance(mn_graph *graph, mn_channels *channels) {
    mn_region region = {0};
    double **factor, **none = mn_region_alloc(&region, (size_t)graph->tensor_count, sizeof *none);
    mn_status status = none ? mn_balance_factors(graph, channels, &region, &factor) : mn_fail_memory("the channels");
    if (status == MN_OK) status = mn_rescale(graph, channels, factor, none);
    mn_region_free(&region);
    return status;
}
