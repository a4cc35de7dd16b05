/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/statistics.h"

#include <math.h>
#include <string.h>

/* ---- Clipped normal distribution --------------------------------------------------------------------- */

static double normal_density(double z) { return exp(-z * z / 2) * 0.39894228040143268; /* 1 / sqrt(2 pi) */ }

static double normal_below(double z) { return erfc(-z * 0.70710678118654752) / 2; /* 1 / sqrt(2) */ }

mn_moments mn_moments_clipped(mn_moments x, double max_value) {
    double deviation = sqrt(x.variance);
    if (!(deviation > 0)) return (mn_moments){fmin(fmax(x.mean, 0), max_value), 0};
    /* The bounds 0 and max_value in deviations from the mean. */
    double low = -x.mean / deviation, high = (max_value - x.mean) / deviation;
    double inside = normal_below(high) - normal_below(low);
    double at_low = normal_density(low), at_high = normal_density(high);
    double mean = x.mean * inside + deviation * (at_low - at_high);
    double square = (x.mean * x.mean + x.variance) * inside + x.mean * deviation * (at_low - at_high);
    if (isfinite(max_value)) { /* the part that is cut off lies at max_value */
        double above = normal_below(-high);
        mean += max_value * above;
        square += max_value * (max_value * above - deviation * at_high);
    }
    return (mn_moments){mean, fmax(square - mean * mean, 0)};
}

/* ---- From layer to layer ----------------------------------------------------------------------------- */

typedef struct passing {
    mn_net *net;
    mn_region region;
    mn_moments **of;   /* [layer_count][channels] */
    mn_random *random; /* NULL: batch norms get exactly what is expected */
} passing;

static void pass_input(const passing *p, int32_t index, mn_moments *out) {
    bool rescaled = index + 1 < p->net->layer_count && p->net->layers[index + 1].kind == MN_LAYER_RESCALING;
    mn_moments even = {0, 1.0 / 3}; /* spread evenly over [-1, 1] */
    if (rescaled) {                 /* what Rescaling makes [-1, 1] of */
        const mn_layer *next = &p->net->layers[index + 1];
        double scale = next->scale != 0 ? (double)next->scale : 1;
        even.mean = (even.mean - (double)next->offset) / scale;
        even.variance /= scale * scale;
    }
    for (int32_t c = 0; c < p->net->layers[index].c; c++) out[c] = even;
}

static void add_product(mn_moments *sum, mn_moments x, double weight) {
    sum->mean += weight * x.mean;
    sum->variance += weight * weight * x.variance;
}

/* Sums over the taps of a kernel [taps][inputs of a group][units], or [taps][in_c * multiplier] when depthwise. */
static void pass_kernel(const mn_layer *layer, const mn_moments *in, size_t taps, size_t in_c, mn_moments *out) {
    bool depthwise = layer->kind == MN_LAYER_DEPTHWISE;
    size_t channels = (size_t)layer->c, groups = (size_t)layer->groups;
    size_t inputs = depthwise ? 1 : in_c / groups, each = depthwise ? (size_t)layer->multiplier : channels / groups;
    const float *weight = layer->kernel;
    for (size_t c = 0; layer->bias && c < channels; c++) out[c].mean = (double)layer->bias[c];
    for (size_t row = 0; row < taps * inputs; row++) {
        for (size_t c = 0; c < channels; c++) {
            add_product(&out[c], in[c / each * inputs + row % inputs], (double)*weight++);
        }
    }
}

static void settle_channel(const passing *p, mn_layer *layer, int32_t c, mn_moments in) {
    double mean = in.mean, variance = in.variance;
    if (p->random) {
        layer->gamma[c] = (float)mn_random_uniform(p->random, 0.5, 1.5);
        layer->beta[c] = (float)mn_random_uniform(p->random, -1, 1);
        mean += sqrt(variance) * mn_random_uniform(p->random, -0.5, 0.5);
        variance *= mn_random_uniform(p->random, 0.5, 2);
    }
    layer->mean[c] = (float)mean;
    layer->variance[c] = (float)variance;
}

static void pass_norm(const passing *p, mn_layer *layer, const mn_moments *in, mn_moments *out) {
    for (int32_t c = 0; c < layer->c; c++) {
        settle_channel(p, layer, c, in[c]);
        double root = sqrt((double)layer->variance[c] + (double)layer->epsilon);
        double scale = root > 0 ? (double)layer->gamma[c] / root : 0;
        out[c].mean = (double)layer->beta[c] + scale * (in[c].mean - (double)layer->mean[c]);
        out[c].variance = scale * scale * in[c].variance;
    }
}

static double value_of(const mn_layer *layer, double x) {
    switch (layer->function) {
    case MN_FUNCTION_SIGMOID: return 1 / (1 + exp(-x));
    case MN_FUNCTION_TANH: return tanh(x);
    case MN_FUNCTION_SWISH: return x / (1 + exp(-x));
    case MN_FUNCTION_HARD_SWISH: return x * fmin(fmax(x + 3, 0), 6) / 6;
    case MN_FUNCTION_ELU: return x < 0 ? expm1(x) : x;
    case MN_FUNCTION_LEAKY_RELU: return x < 0 ? x * (double)layer->slope : x;
    case MN_FUNCTION_COUNT: break;
    }
    return x;
}

/* Of the function of a normally distributed x, by its values over six deviations to either side. */
static mn_moments pass_function(const mn_layer *layer, mn_moments x) {
    enum { STEPS = 96 };
    double deviation = sqrt(fmax(x.variance, 0)), weights = 0, sum = 0, squares = 0;
    for (int i = 0; i <= STEPS; i++) {
        double z = 12.0 * i / STEPS - 6, weight = normal_density(z), y = value_of(layer, x.mean + deviation * z);
        weights += weight;
        sum += weight * y;
        squares += weight * y * y;
    }
    double mean = sum / weights;
    return (mn_moments){mean, fmax(squares / weights - mean * mean, 0)};
}

/* Layers that treat each value alone. */
static mn_moments pass_value(const mn_layer *layer, const mn_layer *from, int32_t c, mn_moments x) {
    double scale = (double)layer->scale;
    switch (layer->kind) {
    case MN_LAYER_RESCALING: return (mn_moments){x.mean * scale + (double)layer->offset, x.variance * scale * scale};
    case MN_LAYER_AFFINE:
        scale = (double)layer->gamma[c];
        return (mn_moments){x.mean * scale + (double)layer->beta[c], x.variance * scale * scale};
    case MN_LAYER_RELU: return mn_moments_clipped(x, (double)layer->max_value);
    case MN_LAYER_ACTIVATION: return pass_function(layer, x);
    case MN_LAYER_GLOBAL_POOL: return (mn_moments){x.mean, x.variance / ((double)from->h * from->w)};
    default: return x;
    }
}

static mn_moments join(mn_layer_kind kind, mn_moments a, mn_moments b) {
    if (kind != MN_LAYER_MULTIPLY) {
        add_product(&a, b, kind == MN_LAYER_SUBTRACT ? -1 : 1);
        return a;
    }
    double mean = a.mean * b.mean;
    double square = (a.variance + a.mean * a.mean) * (b.variance + b.mean * b.mean);
    return (mn_moments){mean, square - mean * mean};
}

/* A dimension of 1 is repeated. */
static void pass_joined(const passing *p, const mn_layer *layer, mn_moments *out) {
    int32_t a = layer->inputs[0], b = layer->inputs[1];
    for (int32_t c = 0; c < layer->c; c++) {
        out[c] = join(layer->kind, p->of[a][c % p->net->layers[a].c], p->of[b][c % p->net->layers[b].c]);
    }
}

static void pass_concat(const passing *p, const mn_layer *layer, mn_moments *out) {
    for (int32_t i = 0; i < layer->input_count; i++) {
        int32_t from = layer->inputs[i], channels = p->net->layers[from].c;
        memcpy(out, p->of[from], (size_t)channels * sizeof *out);
        out += channels;
    }
}

static void pass_layer(const passing *p, int32_t index) {
    mn_layer *layer = &p->net->layers[index];
    mn_moments *out = p->of[index];
    if (layer->kind == MN_LAYER_INPUT) {
        pass_input(p, index, out);
        return;
    }
    const mn_layer *from = &p->net->layers[layer->inputs[0]];
    const mn_moments *in = p->of[layer->inputs[0]];
    switch (layer->kind) {
    case MN_LAYER_CONV:
    case MN_LAYER_DEPTHWISE:
        pass_kernel(layer, in, (size_t)layer->k_h * (size_t)layer->k_w, (size_t)from->c, out);
        return;
    case MN_LAYER_DENSE: pass_kernel(layer, in, 1, (size_t)from->c, out); return;
    case MN_LAYER_BATCH_NORM: pass_norm(p, layer, in, out); return;
    case MN_LAYER_ADD:
    case MN_LAYER_SUBTRACT:
    case MN_LAYER_MULTIPLY: pass_joined(p, layer, out); return;
    case MN_LAYER_CONCAT: pass_concat(p, layer, out); return;
    default: break;
    }
    /* A flattened map has its channels over and over. */
    for (int32_t c = 0; c < layer->c; c++) out[c] = pass_value(layer, from, c, in[c % from->c]);
}

static mn_status pass_all(passing *p) {
    p->of = mn_region_alloc(&p->region, (size_t)p->net->layer_count, sizeof *p->of);
    if (!p->of) return mn_fail_memory("the statistics of a network");
    for (int32_t i = 0; i < p->net->layer_count; i++) {
        p->of[i] = mn_region_alloc(&p->region, (size_t)p->net->layers[i].c, sizeof *p->of[i]);
        if (!p->of[i]) return mn_fail_memory("the statistics of a network");
        pass_layer(p, i);
    }
    return MN_OK;
}

mn_status mn_net_settle(mn_net *net) {
    passing p = {.net = net};
    mn_status status = pass_all(&p);
    mn_region_free(&p.region);
    return status;
}

mn_status mn_net_randomise_norms(mn_net *net, uint64_t seed) {
    mn_random random = {seed ^ UINT64_C(0x6e6f726d)}; /* not the numbers that the kernels got */
    passing p = {.net = net, .random = &random};
    mn_status status = pass_all(&p);
    mn_region_free(&p.region);
    return status;
}
