/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/datafree.h"

#include <math.h>

#include "base/extremes.h"
#include "graph/shape.h"
#include "kernels/ref/ref.h"
#include "net/statistics.h"
#include "plan/bind.h"
#include "quant/equalise_groups.h"

/* Values are expected within so many deviations of the mean where batch norm tells the deviation (the paper has 6):
 * from FIRST_REACH at the first operator to LAST_REACH at the last one. The deeper a channel, the rarer what it answers
 * to, and the longer the tail of its values. */
#define FIRST_REACH 5.0
#define LAST_REACH 8.0
/* ... and so many where it follows from inputs taken as independent. Those of a classifier are not: they agree on a
 * class. */
#define FAR_REACH 8.0

typedef struct expecting {
    const mn_graph *graph;
    const mn_channel_stats *stats;
    mn_channels *out;
} expecting;

/* ---- One channel ---------------------------------------------------------------------------------------- */

static double limit_of(mn_activation activation) { return activation == MN_ACT_RELU6 ? 6 : INFINITY; }

/* A channel with these moments before its activation function. */
static mn_channel describe(mn_moments x, double reach, mn_activation activation) {
    double deviation = sqrt(fmax(x.variance, 0)), low = x.mean - reach * deviation, high = x.mean + reach * deviation;
    if (activation != MN_ACT_NONE) {
        x = mn_moments_clipped(x, limit_of(activation));
        low = fmin(fmax(low, 0), limit_of(activation));
        high = fmin(fmax(high, 0), limit_of(activation));
    }
    return (mn_channel){.low = (float)low, .high = (float)high, .mean = (float)x.mean, .variance = (float)x.variance};
}

static double reach_at(const expecting *e, const mn_op *op) {
    const double depth = (double)(op - e->graph->ops) / e->graph->op_count;
    return FIRST_REACH + (LAST_REACH - FIRST_REACH) * depth;
}

static mn_moments moments(const mn_channel *x) { return (mn_moments){(double)x->mean, (double)x->variance}; }

/* ---- Operators ------------------------------------------------------------------------------------------ */

/* What the weights make of independent inputs. Padding counts as input. */
static void expect_products(const expecting *e, int32_t index, const mn_weights *w, mn_channels *y) {
    const mn_op *op = &e->graph->ops[index];
    const mn_channels *x = &e->out[op->inputs[0]];
    for (int32_t o = 0; o < w->outputs; o++) {
        mn_moments sum = {w->bias ? (double)w->bias[o] : 0, 0};
        int32_t first = w->depthwise ? o : 0, end = w->depthwise ? o + 1 : w->inputs;
        for (int32_t tap = 0; tap < w->taps; tap++) {
            for (int32_t c = first; c < end; c++) {
                double weight = (double)w->values[mn_weights_at(w, o, tap, c)];
                sum.mean += weight * (double)x->of[c].mean;
                sum.variance += weight * weight * (double)x->of[c].variance;
            }
        }
        y->of[o] = describe(sum, FAR_REACH, op->attr.activation);
    }
}

static void expect_norm(const expecting *e, const mn_op *op, mn_channels *y) {
    const mn_channel_stats *stats = &e->stats[op->outputs[0]];
    const double reach = reach_at(e, op);
    for (int32_t c = 0; c < y->count; c++) {
        double deviation = (double)stats->deviation[c];
        y->of[c] = describe((mn_moments){(double)stats->mean[c], deviation * deviation}, reach, op->attr.activation);
    }
}

/* Channel `c` of operand `i`: an activation's, or a constant's. */
static bool operand(const expecting *e, const mn_op *op, int32_t i, int32_t c, mn_moments *out) {
    const mn_tensor *constant = mn_graph_input(e->graph, op, i);
    const mn_channels *x = &e->out[op->inputs[i]];
    int32_t count = constant->data ? (int32_t)(constant->bytes / sizeof(float)) : x->count;
    if (count != 1 && c >= count) return false;
    int32_t at = count == 1 ? 0 : c;
    *out = constant->data ? (mn_moments){(double)((const float *)constant->data)[at], 0} : moments(&x->of[at]);
    return count > 0;
}

/* Sums, differences and products of independent values. */
static bool expect_binary(const expecting *e, const mn_op *op, mn_channels *y) {
    for (int32_t c = 0; c < y->count; c++) {
        mn_moments a, b, made;
        if (!operand(e, op, 0, c, &a) || !operand(e, op, 1, c, &b)) return false;
        made.mean = op->kind == MN_OP_MUL ? a.mean * b.mean : a.mean + (op->kind == MN_OP_SUB ? -b.mean : b.mean);
        made.variance = a.variance + b.variance;
        if (op->kind == MN_OP_MUL) {
            made.variance = a.variance * b.variance + a.variance * b.mean * b.mean + b.variance * a.mean * a.mean;
        }
        y->of[c] = describe(made, reach_at(e, op), op->attr.activation);
    }
    return true;
}

/* Means are no farther from the mean than values, by the deviation after the activation function. */
static mn_channel average(mn_channel x, double reach) {
    const double deviation = sqrt((double)x.variance);
    x.low = (float)fmax((double)x.low, (double)x.mean - reach * deviation);
    x.high = (float)fmin((double)x.high, (double)x.mean + reach * deviation);
    return x;
}

/* Operators whose results are among their inputs' values, or means of them. */
static bool expect_same(const expecting *e, const mn_op *op, mn_channels *y) {
    const mn_channels *x = &e->out[op->inputs[0]];
    if (x->count == 0 || y->count % x->count != 0) return false;
    for (int32_t c = 0; c < y->count; c++) {
        y->of[c] = x->of[c % x->count];
        if (op->kind == MN_OP_MEAN) y->of[c] = average(y->of[c], reach_at(e, op));
    }
    return true;
}

static bool expect_cut(const expecting *e, const mn_op *op, mn_channels *y) {
    const mn_channels *x = &e->out[op->inputs[0]];
    for (int32_t c = 0; c < x->count; c++) {
        y->of[c] = describe(moments(&x->of[c]), reach_at(e, op), op->kind == MN_OP_RELU6 ? MN_ACT_RELU6 : MN_ACT_RELU);
    }
    return x->count == y->count;
}

/* A function of normally distributed values, by sampling: y's range is that of the function over x's range. */
static mn_channel through(const mn_unary_params *p, const mn_channel *x) {
    enum { HALF = 64 };
    const double low = (double)x->low, high = (double)x->high, deviation = sqrt((double)x->variance);
    double weights = 0, sum = 0, squares = 0;
    mn_channel y = {.low = INFINITY, .high = -INFINITY};
    for (int32_t i = -HALF; i <= HALF; i++) {
        const double at = (low + high) / 2 + (high - low) / 2 * i / HALF;
        const double far = deviation > 0 ? (at - (double)x->mean) / deviation : 0, weight = exp(-far * far / 2);
        const float value = mn_unary_f32_of(p, (float)at);
        y.low = mn_min_f32(y.low, value);
        y.high = mn_max_f32(y.high, value);
        weights += weight;
        sum += weight * (double)value;
        squares += weight * (double)value * (double)value;
    }
    if (weights > 0) sum /= weights, squares /= weights;
    y.mean = (float)sum;
    y.variance = (float)fmax(squares - sum * sum, 0);
    return y;
}

static bool expect_unary(const expecting *e, const mn_op *op, mn_channels *y) {
    const mn_channels *x = &e->out[op->inputs[0]];
    mn_unary_params params = {.alpha = op->attr.alpha};
    if (!mn_bind_unary_function(op->kind, &params.function) || x->count != y->count) return false;
    for (int32_t c = 0; c < x->count; c++) {
        y->of[c] = through(&params, &x->of[c]);
        if (!isfinite(y->of[c].low) || !isfinite(y->of[c].high)) return false;
    }
    return true;
}

/* LEAKY_RELU with a slope for each channel. */
static bool expect_prelu(const expecting *e, const mn_op *op, mn_channels *y) {
    const mn_channels *x = &e->out[op->inputs[0]];
    mn_moments slope;
    for (int32_t c = 0; c < y->count; c++) {
        if (x->count != y->count || !operand(e, op, 1, c, &slope)) return false;
        const mn_unary_params params = {.function = MN_UNARY_LEAKY_RELU, .alpha = (float)slope.mean};
        y->of[c] = through(&params, &x->of[c]);
    }
    return true;
}

/* What the specification fixes at one scale. */
static bool expect_within(float low, float high, mn_channels *y) {
    for (int32_t c = 0; c < y->count; c++) y->of[c] = (mn_channel){.low = low, .high = high};
    return true;
}

static bool expect_op(const expecting *e, int32_t index, mn_channels *y) {
    const mn_op *op = &e->graph->ops[index];
    mn_weights w;
    if (e->stats[op->outputs[0]].channels == y->count) {
        expect_norm(e, op, y);
        return true;
    }
    if (mn_weights_of(e->graph, index, &w)) {
        expect_products(e, index, &w, y);
        return true;
    }
    switch (op->kind) {
    case MN_OP_ADD:
    case MN_OP_SUB:
    case MN_OP_MUL: return expect_binary(e, op, y);
    case MN_OP_RELU:
    case MN_OP_RELU6: return expect_cut(e, op, y);
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D:
    case MN_OP_REDUCE_MAX:
    case MN_OP_MEAN:
    case MN_OP_PAD:
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR:
    case MN_OP_SPACE_TO_BATCH_ND:
    case MN_OP_BATCH_TO_SPACE_ND:
    case MN_OP_RESHAPE:
    case MN_OP_SQUEEZE: return expect_same(e, op, y);
    case MN_OP_PRELU: return expect_prelu(e, op, y);
    case MN_OP_LOG_SOFTMAX:
    case MN_OP_SOFTMAX: return expect_within(0, 1, y);
    case MN_OP_L2_NORMALIZATION: return expect_within(-1, 1, y);
    default: return expect_unary(e, op, y);
    }
}

static mn_status make_channels(mn_region *region, const mn_tensor *tensor, mn_channels *out) {
    out->count = tensor->rank > 0 ? tensor->dims[tensor->rank - 1] : 1;
    out->of = mn_region_alloc(region, (size_t)out->count, sizeof *out->of);
    return out->of ? MN_OK : mn_fail_memory("the channels' statistics");
}

/* Pixels spread evenly. */
static mn_status expect_input(const expecting *e, mn_interval input, mn_region *region) {
    double low = (double)input.low, high = (double)input.high, width = high - low;
    mn_channels *x = &e->out[e->graph->inputs[0]];
    MN_TRY(make_channels(region, &e->graph->tensors[e->graph->inputs[0]], x));
    for (int32_t c = 0; c < x->count; c++) {
        x->of[c] = (mn_channel){input.low, input.high, (float)((low + high) / 2), (float)(width * width / 12)};
    }
    return MN_OK;
}

static mn_status check_stats(const mn_graph *graph, const mn_channel_stats *stats) {
    if (!stats) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: a .tflite no longer holds the batch norm that tells what values to expect; give the Keras "
                       "weights that it was made from, or photos",
                       graph->name);
    }
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (stats[i].channels > 0) return MN_OK;
    }
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "%s: the network has no batch norm, the only thing that tells what values to expect; give photos",
                   graph->name);
}

mn_status mn_channels_expect(const mn_graph *graph, const mn_channel_stats *stats, mn_interval input, mn_region *region,
                             mn_channels *out) {
    expecting e = {.graph = graph, .stats = stats, .out = out};
    for (int32_t i = 0; i < graph->tensor_count; i++) out[i] = (mn_channels){0};
    MN_TRY(check_stats(graph, stats));
    MN_TRY(expect_input(&e, input, region));
    for (int32_t i = 0; i < graph->op_count; i++) {
        mn_channels *y = &out[graph->ops[i].outputs[0]];
        MN_TRY(make_channels(region, &graph->tensors[graph->ops[i].outputs[0]], y));
        if (expect_op(&e, i, y)) continue;
        return mn_graph_fail(graph, i, MN_ERROR_UNSUPPORTED,
                             "what values it gives cannot be told without a photo; give photos");
    }
    return MN_OK;
}

/* ---- What follows from it ------------------------------------------------------------------------------- */

/* RELU6 bounds what it gives: to cover the rest of it, where the larger half is expected, costs less than a bit. */
static void widen_clipped(mn_scheme *scheme) {
    for (int32_t i = 0; i < scheme->graph->op_count; i++) {
        const mn_op *op = &scheme->graph->ops[i];
        mn_interval *range = &scheme->range[op->outputs[0]];
        const bool clipped = op->attr.activation == MN_ACT_RELU6 || op->kind == MN_OP_RELU6;
        if (clipped && range->high > 3) range->high = 6;
    }
}

mn_status mn_datafree_ranges(mn_scheme *scheme, const mn_channels *channels) {
    for (int32_t i = 0; i < scheme->graph->tensor_count; i++) {
        const mn_channels *x = &channels[i];
        if (!mn_scheme_is_open(scheme, i) || x->count == 0) continue;
        mn_interval range = {x->of[0].low, x->of[0].high};
        for (int32_t c = 1; c < x->count; c++) {
            range.low = mn_min_f32(range.low, x->of[c].low);
            range.high = mn_max_f32(range.high, x->of[c].high);
        }
        scheme->range[i] = range;
    }
    widen_clipped(scheme);
    return mn_scheme_share_ranges(scheme);
}

/* The part of all places of the output at which tap `tap` of a window meets no padding. */
static double share_inside(int32_t input, int32_t output, int32_t taps, int32_t stride, int32_t dilation, int32_t tap) {
    int32_t padding = mn_window_padding(input, output, taps, stride, dilation), inside = 0;
    for (int32_t i = 0; i < output; i++) {
        int32_t at = i * stride + tap * dilation - padding;
        inside += at >= 0 && at < input;
    }
    return (double)inside / output;
}

static double share_met(const mn_graph *graph, const mn_op *op, int32_t tap) {
    const mn_tensor *x = mn_graph_input(graph, op, 0), *w = mn_graph_input(graph, op, 1);
    const mn_tensor *y = mn_graph_output(graph, op, 0);
    const mn_op_attr *a = &op->attr;
    return share_inside(x->dims[1], y->dims[1], w->dims[1], a->stride_h, a->dilation_h, tap / w->dims[2]) *
           share_inside(x->dims[2], y->dims[2], w->dims[2], a->stride_w, a->dilation_w, tap % w->dims[2]);
}

static void correct_layer(const mn_scheme *scheme, mn_quant_layer *layer, const mn_channels *channels) {
    const mn_op *op = &scheme->graph->ops[layer->op];
    const mn_channels *x = &channels[op->inputs[0]];
    mn_weights w;
    if (!mn_weights_of(scheme->graph, layer->op, &w) || x->count == 0) return;
    for (int32_t tap = 0; tap < w.taps; tap++) {
        double share = w.padded ? share_met(scheme->graph, op, tap) : 1;
        for (int32_t o = 0; o < w.outputs; o++) {
            double scale = (double)mn_layer_scale(layer, o), shift = 0;
            int32_t first = w.depthwise ? o : 0, end = w.depthwise ? o + 1 : w.inputs;
            for (int32_t c = first; c < end; c++) {
                size_t at = mn_weights_at(&w, o, tap, c);
                shift += (scale * layer->stored[at] - (double)w.values[at]) * (double)x->of[c].mean;
            }
            layer->bias[o] -= (float)(share * shift);
        }
    }
}

void mn_datafree_correct(mn_scheme *scheme, const mn_channels *channels) {
    for (int32_t i = 0; i < scheme->layer_count; i++) correct_layer(scheme, &scheme->layers[i], channels);
}
