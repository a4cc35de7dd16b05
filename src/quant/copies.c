/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/copies.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/extremes.h"
#include "quant/equalise_groups.h"

/* Layers that a channel passes: one that makes it, depthwise ones, and the one that reads it. */
enum { MOST_LAYERS = 4, STEPS = 255 };

typedef struct layer {
    int32_t op;
    mn_weights w;
    float *values, *bias; /* copies that may change */
    double highest;       /* bound of its activation */
    double step;          /* of its output in 8 bits */
} layer;

/* `count` layers with the same channels and a reader behind them. */
typedef struct chain {
    int32_t count, channels;
    layer layers[MOST_LAYERS];
    double *cost;     /* [channels]: what rounding one costs */
    int32_t *copy_of; /* [channels]: itself, or what takes its place */
    int32_t *copies;  /* [channels]: of it, with itself; 0: dead */
} chain;

typedef struct copying {
    mn_region region;
    mn_graph *graph;
    mn_channels *channels;
    int32_t *uses; /* [tensor_count]: by operators, and as an output */
} copying;

static layer *reader_of(chain *c) { return &c->layers[c->count]; }

/* ---- Finding chains ------------------------------------------------------------------------------------- */

static void count_uses(const copying *k) {
    for (int32_t i = 0; i < k->graph->op_count; i++) {
        const mn_op *op = &k->graph->ops[i];
        for (int32_t j = 0; j < op->input_count; j++) {
            if (op->inputs[j] >= 0) k->uses[op->inputs[j]]++;
        }
    }
    for (int32_t i = 0; i < k->graph->output_count; i++) k->uses[k->graph->outputs[i]]++;
}

/* Nobody else uses its weights. */
static bool look_at(const copying *k, int32_t index, layer *out) {
    const mn_op *op = &k->graph->ops[index];
    *out = (layer){.op = index};
    if (!mn_weights_of(k->graph, index, &out->w) || k->uses[op->inputs[1]] > 1) return false;
    return !out->w.bias || k->uses[op->inputs[2]] == 1;
}

/* Its output is cut off at zero, has biases to be moved with, and goes to one operator. */
static bool may_hold_copies(const copying *k, layer *l) {
    const mn_op *op = &k->graph->ops[l->op];
    const int32_t out = op->outputs[0];
    const mn_channels *x = &k->channels[out];
    double high = 0;
    for (int32_t c = 0; c < x->count; c++) high = mn_max_f64(high, (double)x->of[c].high);
    l->highest = op->attr.activation == MN_ACT_RELU6 ? 6 : INFINITY;
    l->step = mn_min_f64(high, l->highest) / STEPS;
    return (op->attr.activation == MN_ACT_RELU || op->attr.activation == MN_ACT_RELU6) && l->w.bias && x->count > 0 &&
           k->uses[out] == 1 && k->channels[op->inputs[0]].count > 0;
}

static int32_t find_reader(const mn_graph *graph, int32_t tensor) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (graph->ops[i].inputs[mn_op_first_input(graph->ops[i].kind)] == tensor) return i;
    }
    return -1;
}

static bool find_chain(const copying *k, int32_t first, chain *out) {
    *out = (chain){0};
    for (int32_t index = first; index >= 0 && out->count < MOST_LAYERS;) {
        layer *l = &out->layers[out->count];
        if (!look_at(k, index, l) || (out->count == 0 && l->w.depthwise)) return false;
        if (out->count > 0 && !l->w.depthwise) return true; /* the reader */
        if (!may_hold_copies(k, l)) return false;
        out->channels = l->w.outputs;
        out->count++;
        index = find_reader(k->graph, k->graph->ops[index].outputs[0]);
    }
    return false;
}

/* ---- Dead channels -------------------------------------------------------------------------------------- */

/* The most that output `o` may reach before its activation function, for inputs no further than those seen (or
 * `highest` of it): stored ones do not go beyond. Padding is zero. */
static double bound_of(const copying *k, const layer *l, int32_t o, double highest) {
    const mn_channels *x = &k->channels[k->graph->ops[l->op].inputs[0]];
    const int32_t begin = l->w.depthwise ? o : 0, end = l->w.depthwise ? o + 1 : l->w.inputs;
    double sum = (double)l->w.bias[o];
    for (int32_t tap = 0; tap < l->w.taps; tap++) {
        for (int32_t c = begin; c < end; c++) {
            const double weight = (double)l->w.values[mn_weights_at(&l->w, o, tap, c)];
            const double high = mn_min_f64(mn_max_f64((double)x->of[c].high, 0), highest);
            const double low = mn_min_f64((double)x->of[c].low, 0);
            sum += mn_max_f64(weight * high, weight * low);
        }
    }
    return sum;
}

/* Zero when it comes to the reader. */
static bool is_dead(const copying *k, const chain *c, int32_t channel) {
    double highest = INFINITY;
    for (int32_t i = 0; i < c->count; i++) {
        const layer *l = &c->layers[i];
        highest = mn_min_f64(mn_max_f64(bound_of(k, l, channel, highest), 0), l->highest);
    }
    return highest <= 0;
}

/* ---- What a channel's rounding costs -------------------------------------------------------------------- */

static double squares_of(const mn_weights *w, int32_t o, int32_t input) {
    double sum = 0;
    for (int32_t tap = 0; tap < w->taps; tap++) {
        const double weight = (double)w->values[mn_weights_at(w, o, tap, input)];
        sum += weight * weight;
    }
    return sum;
}

/* How much of noise in channel `o` of `tensor` the layers behind pass on; 1 when there are none. */
static double passed_on(const copying *k, int32_t tensor, int32_t o) {
    double sum = 0;
    bool found = false;
    for (int32_t i = 0; i < k->graph->op_count; i++) {
        mn_weights w;
        if (k->graph->ops[i].inputs[0] != tensor || !mn_weights_of(k->graph, i, &w)) continue;
        found = true;
        for (int32_t j = w.depthwise ? o : 0; j < (w.depthwise ? o + 1 : w.outputs); j++) sum += squares_of(&w, j, o);
    }
    return found ? sum : 1;
}

/* The noise that all roundings of a channel bring behind the reader, and one layer further. */
static void find_costs(const copying *k, chain *c) {
    const layer *reader = reader_of(c);
    for (int32_t o = 0; o < reader->w.outputs; o++) {
        const double part = passed_on(k, k->graph->ops[reader->op].outputs[0], o);
        for (int32_t i = 0; i < c->channels; i++) c->cost[i] += part * squares_of(&reader->w, o, i);
    }
    for (int32_t i = 0; i < c->channels; i++) {
        double noise = 0;
        for (int32_t j = 0; j < c->count; j++) {
            const layer *l = &c->layers[j];
            noise = (j > 0 ? noise * squares_of(&l->w, i, i) : 0) + l->step * l->step;
        }
        c->cost[i] *= noise;
    }
}

/* ---- Who gets a copy ------------------------------------------------------------------------------------ */

/* The squared error of n copies is 1 / n^2 of that of one. */
static double gain_of(const chain *c, int32_t channel) {
    const double n = c->copies[channel];
    return n > 0 ? c->cost[channel] * (1 / (n * n) - 1 / ((n + 1) * (n + 1))) : 0;
}

static int32_t find_best(const chain *c) {
    int32_t best = 0;
    for (int32_t i = 1; i < c->channels; i++) {
        if (gain_of(c, i) > gain_of(c, best)) best = i;
    }
    return best;
}

/* Number of copies put into dead channels. */
static int32_t assign(const copying *k, chain *c) {
    int32_t made = 0;
    for (int32_t i = 0; i < c->channels; i++) {
        c->copy_of[i] = i;
        c->copies[i] = is_dead(k, c, i) ? 0 : 1;
    }
    for (int32_t i = 0; i < c->channels; i++) {
        const int32_t best = find_best(c);
        if (c->copies[i] > 0 || gain_of(c, best) <= 0) continue;
        c->copy_of[i] = best;
        c->copies[best]++;
        made++;
    }
    return made;
}

/* ---- Copying -------------------------------------------------------------------------------------------- */

static mn_status make_values(const copying *k, layer *l) {
    mn_tensor *weights = &k->graph->tensors[k->graph->ops[l->op].inputs[1]];
    l->values = mn_region_alloc(&k->graph->region, weights->bytes, 1);
    if (!l->values) return mn_fail_memory("the copied channels");
    memcpy(l->values, l->w.values, weights->bytes);
    weights->data = l->values;
    return MN_OK;
}

static mn_status make_bias(const copying *k, layer *l) {
    l->bias = mn_region_alloc(&k->graph->region, (size_t)l->w.outputs, sizeof *l->bias);
    if (!l->bias) return mn_fail_memory("the copied channels");
    memcpy(l->bias, l->w.bias, (size_t)l->w.outputs * sizeof *l->bias);
    k->graph->tensors[k->graph->ops[l->op].inputs[2]].data = l->bias;
    return MN_OK;
}

/* Channel `to` of a layer's output becomes channel `from` moved by `shift`; its input was moved by `before`, which its
 * filter makes more or less of. */
static void copy_output(layer *l, int32_t from, int32_t to, double before, double shift) {
    const int32_t inputs = l->w.depthwise ? 1 : l->w.inputs;
    double passed = 0;
    for (int32_t tap = 0; tap < l->w.taps; tap++) {
        for (int32_t c = 0; c < inputs; c++) {
            const float value = l->w.values[mn_weights_at(&l->w, from, tap, c)];
            l->values[mn_weights_at(&l->w, to, tap, c)] = value;
            passed += (double)value * before;
        }
    }
    l->bias[to] = (float)((double)l->w.bias[from] - passed + shift);
}

/* Copy `number` of `from` comes to `to`. The copies of a channel lie evenly around it, one step from first to last. */
static void copy_channel(const copying *k, chain *c, int32_t from, int32_t to, int32_t number) {
    const double n = c->copies[from], place = (number - (n - 1) / 2) / n;
    layer *reader = reader_of(c);
    double before = 0;
    for (int32_t i = 0; i < c->count; i++) {
        layer *l = &c->layers[i];
        const mn_channels *x = &k->channels[k->graph->ops[l->op].outputs[0]];
        copy_output(l, from, to, before, place * l->step);
        before = place * l->step;
        x->of[to] = x->of[from];
    }
    for (int32_t o = 0; o < reader->w.outputs; o++) {
        for (int32_t tap = 0; tap < reader->w.taps; tap++) {
            const float value = reader->w.values[mn_weights_at(&reader->w, o, tap, from)];
            reader->values[mn_weights_at(&reader->w, o, tap, to)] = (float)((double)value / n);
        }
    }
}

static mn_status copy_all(const copying *k, chain *c) {
    for (int32_t i = 0; i <= c->count; i++) MN_TRY(make_values(k, &c->layers[i]));
    for (int32_t i = 0; i < c->count; i++) {
        MN_TRY(make_bias(k, &c->layers[i]));
        MN_TRY(mn_rescale_name(k->graph, k->graph->ops[c->layers[i].op].outputs[0]));
    }
    for (int32_t from = 0; from < c->channels; from++) {
        int32_t number = 0;
        for (int32_t to = 0; to < c->channels && c->copies[from] > 1; to++) {
            if (c->copy_of[to] == from) copy_channel(k, c, from, to, number++);
        }
    }
    return MN_OK;
}

/* ---- All ------------------------------------------------------------------------------------------------ */

static mn_status change_chain(copying *k, chain *c) {
    const size_t channels = (size_t)c->channels;
    c->cost = mn_region_alloc(&k->region, channels, sizeof *c->cost);
    c->copy_of = mn_region_alloc(&k->region, channels, sizeof *c->copy_of);
    c->copies = mn_region_alloc(&k->region, channels, sizeof *c->copies);
    if (!c->cost || !c->copy_of || !c->copies) return mn_fail_memory("the copied channels");
    find_costs(k, c);
    return assign(k, c) > 0 ? copy_all(k, c) : MN_OK;
}

static mn_status copy(copying *k) {
    k->uses = mn_region_alloc(&k->region, (size_t)k->graph->tensor_count, sizeof *k->uses);
    if (!k->uses) return mn_fail_memory("the copied channels");
    count_uses(k);
    for (int32_t i = 0; i < k->graph->op_count; i++) {
        chain c;
        if (find_chain(k, i, &c)) MN_TRY(change_chain(k, &c));
    }
    return MN_OK;
}

mn_status mn_copy_channels(mn_graph *graph, mn_channels *channels) {
    copying k = {.graph = graph, .channels = channels};
    const mn_status status = copy(&k);
    mn_region_free(&k.region);
    return status;
}
