/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/train_definition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/extremes.h"
#include "net/random.h"

static void *need(void *memory) {
    if (!memory) abort();
    return memory;
}

/* ---- The net: every kind of unit, odd sizes, both kinds of padding ------------------------------------- */

static int32_t add(mn_net *net, mn_layer layer, const char *name, int32_t from) {
    int32_t index;
    layer.name = name;
    layer.inputs[0] = from;
    bool bias = layer.kind == MN_LAYER_DENSE || (from >= 0 && layer.kind == MN_LAYER_CONV && net->layers[from].h == 1);
    if (mn_net_add(net, &layer, bias, &index) != MN_OK) abort();
    return index;
}

static int32_t add_norm(mn_net *net, const char *name, int32_t from) {
    return add(net, (mn_layer){.kind = MN_LAYER_BATCH_NORM, .epsilon = 1e-3f, .momentum = 0.9f}, name, from);
}

typedef enum bend { LINEAR, RELU, HARD_SWISH } bend;

static int32_t add_bend(mn_net *net, const char *prefix, bend kind, int32_t from) {
    char name[64];
    mn_layer relu = {.kind = MN_LAYER_RELU, .max_value = 1.5f};
    mn_layer swish = {.kind = MN_LAYER_ACTIVATION, .function = MN_FUNCTION_HARD_SWISH};
    snprintf(name, sizeof name, "%s_relu", prefix);
    return kind == LINEAR ? from : add(net, kind == RELU ? relu : swish, name, from);
}

static int32_t add_unit(mn_net *net, const char *prefix, mn_layer layer, bend kind, int32_t from) {
    char name[64];
    int32_t at = add(net, layer, prefix, from);
    snprintf(name, sizeof name, "%s_norm", prefix);
    return add_bend(net, prefix, kind, add_norm(net, name, at));
}

static mn_layer conv(int32_t size, int32_t stride, int32_t units) {
    return (mn_layer){
        .kind = MN_LAYER_CONV, .k_h = size, .k_w = size, .stride = stride, .units = units, .padding = MN_PAD_SAME};
}

static mn_layer depthwise(int32_t size, int32_t stride, mn_padding padding) {
    return (mn_layer){.kind = MN_LAYER_DEPTHWISE, .k_h = size, .k_w = size, .stride = stride, .padding = padding};
}

static void draw(mn_random *random, float *values, size_t count, double low, double high) {
    for (size_t i = 0; values && i < count; i++) values[i] = (float)mn_random_uniform(random, low, high);
}

static void draw_weights(mn_net *net) {
    mn_net_randomise(net, 5);
    mn_random random = {9};
    for (int32_t i = 0; i < net->layer_count; i++) {
        mn_layer *layer = &net->layers[i];
        draw(&random, layer->gamma, (size_t)layer->c, 0.5, 1.5);
        draw(&random, layer->beta, (size_t)layer->c, -0.3, 0.9);
        draw(&random, layer->mean, (size_t)layer->c, -0.2, 0.2);
        draw(&random, layer->variance, (size_t)layer->c, 0.5, 1.5);
        draw(&random, layer->bias, (size_t)layer->c, -0.3, 0.3);
    }
}

void td_make_net(mn_net *net) {
    int32_t at = add(net, (mn_layer){.kind = MN_LAYER_INPUT, .h = TD_HEIGHT, .w = TD_WIDTH, .c = 3}, "input", -1);
    at = add_unit(net, "stem", conv(3, 2, 8), RELU, at);
    at = add_unit(net, "a_depthwise", depthwise(3, 1, MN_PAD_SAME), RELU, at);
    int32_t first = add_unit(net, "a_project", conv(1, 1, 8), LINEAR, at);
    at = add_unit(net, "b_expand", conv(1, 1, 20), RELU, first);
    at = add_unit(net, "b_depthwise", depthwise(3, 1, MN_PAD_SAME), RELU, at);
    at = add_unit(net, "b_project", conv(1, 1, 8), LINEAR, at);
    mn_layer sum = {.kind = MN_LAYER_ADD, .inputs = {first, at}, .name = "b_add"};
    if (mn_net_add(net, &sum, false, &at) != MN_OK) abort();
    at = add_unit(net, "c_expand", conv(1, 1, 24), RELU, at);
    at = add(net, (mn_layer){.kind = MN_LAYER_ZERO_PADDING, .pad = {1, 1, 0, 1}}, "c_pad", at);
    at = add_unit(net, "c_depthwise", depthwise(3, 2, MN_PAD_VALID), RELU, at);
    at = add_unit(net, "c_project", conv(1, 1, 18), LINEAR, at);
    at = add_unit(net, "last", conv(1, 1, 40), RELU, at);
    at = add(net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL}, "pool", at);
    at = add(net, (mn_layer){.kind = MN_LAYER_DENSE, .units = TD_CLASSES}, "dense", at);
    add(net, (mn_layer){.kind = MN_LAYER_SOFTMAX}, "softmax", at);
    draw_weights(net);
}

static int32_t join(mn_net *net, mn_layer_kind kind, const char *name, int32_t a, int32_t b) {
    mn_layer layer = {.kind = kind, .inputs = {a, b}, .name = name};
    int32_t index;
    if (mn_net_add(net, &layer, false, &index) != MN_OK) abort();
    return index;
}

/* Squeeze and excite of layer `from`. */
static int32_t add_gate(mn_net *net, const char *prefix, int32_t units, bend kind, int32_t from) {
    char name[6][64];
    static const char *const parts[] = {"pool", "squeeze", "excite", "shift", "clip", "gate"};
    for (int i = 0; i < 6; i++) snprintf(name[i], sizeof name[i], "%s_%s", prefix, parts[i]);
    int32_t at = add(net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true}, name[0], from);
    at = add_bend(net, name[1], kind, add(net, conv(1, 1, units), name[1], at));
    at = add(net, conv(1, 1, net->layers[from].c), name[2], at);
    at = add(net, (mn_layer){.kind = MN_LAYER_RESCALING, .scale = 1, .offset = 3}, name[3], at);
    at = add(net, (mn_layer){.kind = MN_LAYER_RELU, .max_value = 6}, name[4], at);
    at = add(net, (mn_layer){.kind = MN_LAYER_RESCALING, .scale = 1.0f / 6}, name[5], at);
    return join(net, MN_LAYER_MULTIPLY, prefix, from, at);
}

void td_make_net_v3(mn_net *net) {
    int32_t at = add(net, (mn_layer){.kind = MN_LAYER_INPUT, .h = TD_HEIGHT, .w = TD_WIDTH, .c = 3}, "input", -1);
    int32_t stem = add_unit(net, "stem", conv(3, 2, 8), HARD_SWISH, at);
    at = add_unit(net, "a_depthwise", depthwise(3, 1, MN_PAD_SAME), RELU, stem);
    at = add_unit(net, "a_project", conv(1, 1, 8), LINEAR, at);
    at = join(net, MN_LAYER_ADD, "a_add", stem, at);
    at = add_unit(net, "b_expand", conv(1, 1, 20), HARD_SWISH, at);
    at = add(net, (mn_layer){.kind = MN_LAYER_ZERO_PADDING, .pad = {1, 2, 2, 2}}, "b_pad", at);
    at = add_unit(net, "b_depthwise", depthwise(5, 2, MN_PAD_VALID), HARD_SWISH, at);
    at = add_gate(net, "b_gate", 6, RELU, at);
    int32_t first = add_unit(net, "b_project", conv(1, 1, 18), LINEAR, at);
    at = add_unit(net, "c_expand", conv(1, 1, 24), RELU, first);
    at = add_unit(net, "c_depthwise", depthwise(5, 1, MN_PAD_SAME), RELU, at);
    at = add_gate(net, "c_gate", 5, HARD_SWISH, at);
    at = add_unit(net, "c_project", conv(1, 1, 18), LINEAR, at);
    at = join(net, MN_LAYER_ADD, "c_add", first, at);
    at = add_unit(net, "last", conv(1, 1, 40), HARD_SWISH, at);
    at = add(net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true}, "pool", at);
    at = add_bend(net, "hidden", HARD_SWISH, add(net, conv(1, 1, 21), "hidden", at));
    at = add(net, conv(1, 1, TD_CLASSES), "dense", at);
    at = add(net, (mn_layer){.kind = MN_LAYER_RESHAPE}, "flat", at);
    add(net, (mn_layer){.kind = MN_LAYER_SOFTMAX}, "softmax", at);
    draw_weights(net);
}

void td_draw_batch(float *pictures, int32_t *labels) {
    mn_random random = {3};
    draw(&random, pictures, (size_t)TD_BATCH * TD_HEIGHT * TD_WIDTH * 3, -1, 1);
    for (int32_t i = 0; i < TD_BATCH; i++) labels[i] = (int32_t)(mn_random_bits(&random) % TD_CLASSES);
}

/* ---- Its definition ---------------------------------------------------------------------------------- */

typedef td_definition definition;

static double *room(double **place, size_t count) {
    if (!*place) *place = need(malloc(count * sizeof **place));
    return *place;
}

/* The step of what layer `i` reads. */
static double input_step(const definition *d, int32_t i) {
    i = d->net->layers[i].inputs[0];
    while (i > 0 && !(d->steps[i].step > 0)) i = d->net->layers[i].inputs[0];
    return (double)d->steps[i].step;
}

/* What rounding adds to weights and biases: symmetric, the largest weight of a channel (of all) is 127. */
static void define_rounding(const definition *d, int32_t index, size_t count) {
    const mn_layer *layer = &d->net->layers[index];
    size_t channels = (size_t)layer->c;
    double *scale = need(calloc(channels, sizeof *scale)), all = 0;
    const double *w = d->weights[index], *b = d->bias[index];
    for (size_t k = 0; k < count; k++) {
        double size = fabs((double)(float)w[k]);
        scale[k % channels] = mn_max_f64(scale[k % channels], size);
        all = mn_max_f64(all, size);
    }
    for (size_t c = 0; c < channels; c++) scale[c] = (double)(float)((d->per_tensor ? all : scale[c]) / 127);
    for (size_t k = 0; k < count; k++) {
        d->weights_off[index][k] = round((double)(float)w[k] / scale[k % channels]) * scale[k % channels] - w[k];
    }
    for (size_t c = 0; c < channels; c++) {
        double step = scale[c] * input_step(d, index);
        d->bias_off[index][c] = round((double)(float)b[c] / step) * step - b[c];
    }
    free(scale);
}

/* The weights of a layer; in 8 bits with the batch norm behind it. */
static void define_weights(definition *d, int32_t index) {
    const mn_layer *layer = &d->net->layers[index], *norm = layer + 1;
    bool folds = d->steps && layer->kind != MN_LAYER_DENSE;
    size_t channels = (size_t)layer->c, count = mn_layer_kernel_count(d->net, layer);
    double *w = room(&d->weights[index], count), *b = room(&d->bias[index], channels);
    for (size_t c = 0; c < channels; c++) {
        double scale = folds ? (double)norm->gamma[c] / sqrt((double)norm->variance[c] + (double)norm->epsilon) : 1;
        b[c] = layer->bias ? (double)layer->bias[c] : 0;
        if (folds) b[c] = (double)norm->beta[c] - scale * (double)norm->mean[c];
        for (size_t k = c; k < count; k += channels) w[k] = (double)layer->kernel[k] * scale;
    }
    if (!d->steps) return;
    room(&d->weights_off[index], count);
    room(&d->bias_off[index], channels);
    if (!d->fixed) define_rounding(d, index, count);
    for (size_t k = 0; k < count; k++) w[k] += d->weights_off[index][k];
    for (size_t c = 0; c < channels; c++) b[c] += d->bias_off[index][c];
}

/* By how much `x` is on the wrong side of the ends of the range for a value that is (not) `open`. */
static double astray(double x, const mn_fake *step, bool open) {
    double inside = fmin(x - (double)step->low, (double)step->high - x);
    return open ? -inside : inside;
}

/* Rounds what layer `index` gives to where 8 bits store it. */
static void define_stored(definition *d, int32_t index, double *to, size_t count) {
    size_t channels = (size_t)d->net->layers[index].c, row = (size_t)d->stored_row[index];
    if (!d->steps || !d->stored[index]) return;
    const mn_fake *step = &d->steps[index];
    double *off = room(&d->off[index], count), size = (double)step->step;
    for (size_t k = 0; k < count; k++) {
        size_t at = k / channels * row + k % channels;
        bool open = d->open[index][at] != 0;
        if (!d->fixed) {
            double stored = (double)d->stored[index][at];
            double meant = fmin(fmax(to[k], (double)step->low), (double)step->high);
            d->farthest = mn_max_f64(d->farthest, fabs(stored - meant) / size);
            d->astray = mn_max_f64(d->astray, astray(to[k], step, open) / size);
            off[k] = open ? stored - to[k] : stored;
        }
        to[k] = open ? to[k] + off[k] : off[k];
    }
}

/* One output pixel, whose window starts at in_y, in_x. */
static void define_pixel(const definition *d, int32_t index, const mn_layer *in, const double *picture, int32_t in_y,
                         int32_t in_x, double *to) {
    const mn_layer *layer = &d->net->layers[index];
    bool deep = layer->kind == MN_LAYER_DEPTHWISE;
    int32_t channels = layer->c;
    memcpy(to, d->bias[index], (size_t)channels * sizeof *to);
    for (int32_t k = 0; k < layer->k_h * layer->k_w; k++) {
        int32_t y = in_y + k / layer->k_w, x = in_x + k % layer->k_w;
        if (y < 0 || x < 0 || y >= in->h || x >= in->w) continue;
        const double *pixel = picture + (y * in->w + x) * in->c, *w = d->weights[index];
        if (deep) {
            for (int32_t c = 0; c < channels; c++) to[c] += pixel[c] * w[k * channels + c];
            continue;
        }
        for (int32_t i = 0; i < in->c; i++) {
            for (int32_t c = 0; c < channels; c++) to[c] += pixel[i] * w[(k * in->c + i) * channels + c];
        }
    }
}

static void define_window(const definition *d, int32_t index, const mn_layer *in, const double *from, double *to) {
    const mn_layer *layer = &d->net->layers[index];
    bool same = layer->padding == MN_PAD_SAME;
    int32_t top = same ? mn_max_i32(0, (layer->h - 1) * layer->stride + layer->k_h - in->h) / 2 : 0;
    int32_t left = same ? mn_max_i32(0, (layer->w - 1) * layer->stride + layer->k_w - in->w) / 2 : 0;
    for (int32_t i = 0; i < TD_BATCH; i++, from += td_per_picture(in)) {
        for (int32_t y = 0; y < layer->h; y++) {
            for (int32_t x = 0; x < layer->w; x++, to += layer->c) {
                define_pixel(d, index, in, from, y * layer->stride - top, x * layer->stride - left, to);
            }
        }
    }
}

static void define_norm(const definition *d, const mn_layer *layer, const double *from, double *to) {
    size_t channels = (size_t)layer->c, rows = TD_BATCH * td_per_picture(layer) / channels;
    if (d->steps) memcpy(to, from, rows * channels * sizeof *to); /* it is in the weights */
    if (d->steps) return;
    double *mean = need(calloc(2 * channels, sizeof *mean)), *variance = mean + channels;
    for (size_t k = 0; k < rows * channels; k++) mean[k % channels] += from[k] / (double)rows;
    for (size_t k = 0; k < rows * channels; k++) {
        double away = from[k] - mean[k % channels];
        variance[k % channels] += away * away / (double)rows;
    }
    for (size_t c = 0; c < channels; c++) {
        if (d->moving) mean[c] = (double)layer->mean[c], variance[c] = (double)layer->variance[c];
        variance[c] = (double)layer->gamma[c] / sqrt(variance[c] + (double)layer->epsilon);
    }
    for (size_t k = 0; k < rows * channels; k++) {
        size_t c = k % channels;
        to[k] = (from[k] - mean[c]) * variance[c] + (double)layer->beta[c];
    }
    free(mean);
}

static void define_padding(const mn_layer *layer, const mn_layer *in, const double *from, double *to) {
    memset(to, 0, TD_BATCH * td_per_picture(layer) * sizeof *to);
    for (int32_t row = 0; row < TD_BATCH * in->h; row++) {
        int32_t y = row / in->h * layer->h + row % in->h + layer->pad[0];
        memcpy(to + (size_t)(y * layer->w + layer->pad[2]) * (size_t)in->c,
               from + (size_t)row * (size_t)(in->w * in->c), (size_t)(in->w * in->c) * sizeof *to);
    }
}

static void define_pool(const mn_layer *in, const double *from, double *to) {
    int32_t pixels = in->h * in->w;
    for (int32_t i = 0; i < TD_BATCH * in->c; i++) {
        double sum = 0;
        for (int32_t p = 0; p < pixels; p++) sum += from[(i / in->c * pixels + p) * in->c + i % in->c];
        to[i] = sum / pixels;
    }
}

/* Of a map and one pixel. */
static void define_product(const definition *d, const mn_layer *layer, double *to, size_t count) {
    const double *values = d->of[layer->inputs[0]], *gates = d->of[layer->inputs[1]];
    size_t channels = (size_t)layer->c;
    for (size_t k = 0; k < count; k++) {
        to[k] = values[k] * gates[k / td_per_picture(layer) * channels + k % channels];
    }
}

static void define_dense(const definition *d, int32_t index, const mn_layer *in, const double *from, double *to) {
    const mn_layer *layer = &d->net->layers[index];
    for (int32_t i = 0; i < TD_BATCH * layer->units; i++) {
        int32_t u = i % layer->units;
        to[i] = d->bias[index][u];
        for (int32_t f = 0; f < in->c; f++) {
            to[i] += from[i / layer->units * in->c + f] * d->weights[index][f * layer->units + u];
        }
    }
}

static double define_loss(const definition *d, const double *logits) {
    double loss = 0;
    for (int32_t i = 0; i < TD_BATCH; i++) {
        double sum = 0;
        for (int32_t c = 0; c < TD_CLASSES; c++) sum += exp(logits[i * TD_CLASSES + c]);
        for (int32_t c = 0; c < TD_CLASSES; c++) {
            double target = (double)TD_SMOOTHING / TD_CLASSES + (d->labels[i] == c ? 1 - (double)TD_SMOOTHING : 0);
            loss -= target * (logits[i * TD_CLASSES + c] - log(sum)) / TD_BATCH;
        }
    }
    return loss;
}

/* Layers before `first` gave what they still give. */
static double evaluate_from(definition *d, int32_t first) {
    double loss = 0;
    for (int32_t i = first; i < d->net->layer_count; i++) {
        const mn_layer *layer = &d->net->layers[i], *in = &d->net->layers[layer->inputs[0] < 0 ? 0 : layer->inputs[0]];
        const double *from = layer->inputs[0] < 0 ? NULL : d->of[layer->inputs[0]];
        size_t count = TD_BATCH * td_per_picture(layer);
        double *to = room(&d->of[i], count);
        if (layer->kernel) define_weights(d, i);
        switch (layer->kind) {
        case MN_LAYER_INPUT:
            for (size_t k = 0; k < count; k++) to[k] = (double)d->pictures[k];
            break;
        case MN_LAYER_ZERO_PADDING: define_padding(layer, in, from, to); break;
        case MN_LAYER_CONV:
        case MN_LAYER_DEPTHWISE: define_window(d, i, in, from, to); break;
        case MN_LAYER_BATCH_NORM: define_norm(d, layer, from, to); break;
        case MN_LAYER_RELU:
            for (size_t k = 0; k < count; k++) {
                /* In 8 bits the range has its ends. */
                to[k] = d->steps ? from[k] : fmin(fmax(from[k], 0), (double)layer->max_value);
            }
            break;
        case MN_LAYER_ADD:
            for (size_t k = 0; k < count; k++) to[k] = from[k] + d->of[layer->inputs[1]][k];
            break;
        case MN_LAYER_MULTIPLY: define_product(d, layer, to, count); break;
        case MN_LAYER_ACTIVATION:
            for (size_t k = 0; k < count; k++) to[k] = from[k] * fmin(fmax(from[k] + 3, 0), 6) / 6;
            break;
        case MN_LAYER_RESCALING:
            for (size_t k = 0; k < count; k++) to[k] = from[k] * (double)layer->scale + (double)layer->offset;
            break;
        case MN_LAYER_RESHAPE: memcpy(to, from, count * sizeof *to); break;
        case MN_LAYER_GLOBAL_POOL: define_pool(in, from, to); break;
        case MN_LAYER_DENSE: define_dense(d, i, in, from, to); break;
        default: break;
        }
        define_stored(d, i, to, count);
        bool scores = i + 1 < d->net->layer_count && d->net->layers[i + 1].kind == MN_LAYER_SOFTMAX;
        if (scores) loss = define_loss(d, to);
    }
    return loss;
}

double td_evaluate(definition *d) { return evaluate_from(d, 0); }

/* By one weight, which is put back, of layer `first` or one that is folded into it. The distance between the two floats
 * is taken as it is. */
static double difference(definition *d, int32_t first, float *weight, float step) {
    float kept = *weight, up = kept + step, down = kept - step;
    *weight = up;
    double high = evaluate_from(d, first);
    *weight = down;
    double low = evaluate_from(d, first);
    *weight = kept;
    return (high - low) / ((double)up - (double)down);
}

/* ---- Comparing --------------------------------------------------------------------------------------- */

static char message[256];

/* One array of weights with its gradient, in the padded layout. */
typedef struct tensor {
    const char *name;
    int32_t layer; /* the first that depends on it */
    float *weights;
    const float *gradient;
    int32_t rows, channels, padded;
} tensor;

/* The way to the weights left and right of one for its difference. A value may meet the corner of its activation
 * within one of them, but not within every one. */
static const float ways[] = {2e-6f, 5e-7f, 1.25e-7f};
enum { WAYS = sizeof ways / sizeof ways[0] };

/* Whether `got` is one of the differences by weight `i`, which are only computed once. The last one is `*expected`. */
static bool near_difference(definition *d, const tensor *t, int32_t i, double got, double tolerance, double *expected) {
    double *known = d->differences + WAYS * (d->weights_before + (size_t)i);
    for (int way = 0; way < WAYS; way++) {
        if (isnan(known[way])) known[way] = difference(d, t->layer, &t->weights[i], ways[way]);
        *expected = known[way];
        if (fabs(got - *expected) <= tolerance) return true;
    }
    return false;
}

/* Every `step`th gradient, with the largest of the array as the measure. */
static bool agrees(definition *d, const tensor *t, int32_t step) {
    double largest = 0;
    for (int32_t r = 0; r < t->rows; r++) {
        for (int32_t c = 0; c < t->channels; c++)
            largest = mn_max_f64(largest, fabs((double)t->gradient[r * t->padded + c]));
        for (int32_t c = t->channels; c < t->padded; c++)
            if (t->gradient[r * t->padded + c] != 0) return false;
    }
    td_evaluate(d); /* what layers before this one give */
    for (int32_t i = 0; i < t->rows * t->channels; i += step) {
        double got = (double)t->gradient[i / t->channels * t->padded + i % t->channels], expected = 0;
        if (near_difference(d, t, i, got, 2e-4 * largest + 2e-7, &expected)) continue;
        snprintf(message, sizeof message, "%s[%d]: %.9g, by differences %.9g; the largest is %.9g", t->name, i, got,
                 expected, largest);
        return false;
    }
    d->weights_before += (size_t)(t->rows * t->channels);
    return true;
}

static void start_differences(definition *d, const mn_net *net) {
    size_t count = WAYS * (size_t)mn_net_parameters(net);
    d->weights_before = 0;
    if (d->differences) return;
    room(&d->differences, count);
    for (size_t i = 0; i < count; i++) d->differences[i] = NAN;
}

static bool dense_agrees(definition *d, const mn_net *net, const mn_train_net *t, const mn_dense *dense, int32_t step) {
    const mn_layer *layer = &net->layers[dense->layer];
    int32_t at = dense->layer;
    tensor kernel = {layer->name, at,           layer->kernel, t->gradients + dense->kernel,
                     dense->in_c, dense->out_c, dense->out_p};
    tensor bias = {"bias", at, layer->bias, t->gradients + dense->bias, 1, dense->out_c, dense->out_p};
    return agrees(d, &kernel, step) && agrees(d, &bias, 1);
}

const char *td_compare_gradients(definition *d, mn_net *net, const mn_train_net *t, int32_t step) {
    strcpy(message, "a gradient of padding is not 0");
    bool good = true;
    start_differences(d, net);
    for (int32_t i = t->first_trained; good && i < t->unit_count; i++) {
        const mn_unit *u = &t->units[i];
        const mn_layer *layer = &net->layers[u->conv], *norm = &net->layers[u->norm];
        int32_t at = u->conv; /* where the batch norm may be folded to */
        tensor kernel = {layer->name, at, layer->kernel, t->gradients + u->kernel, u->kernel_rows, u->out_c, u->out_p};
        tensor gamma = {norm->name, at, norm->gamma, t->gradients + u->gamma, 1, u->out_c, u->out_p};
        tensor beta = {norm->name, at, norm->beta, t->gradients + u->beta, 1, u->out_c, u->out_p};
        good = agrees(d, &kernel, step) && agrees(d, &gamma, 1) && agrees(d, &beta, 1);
        if (good && u->gate) good = dense_agrees(d, net, t, &u->gate->squeeze, step);
        if (good && u->gate) good = dense_agrees(d, net, t, &u->gate->excite, step);
    }
    for (int32_t i = 0; good && i < t->head_count; i++) good = dense_agrees(d, net, t, &t->head[i], step);
    return good ? NULL : message;
}

void td_free(definition *d) {
    free(d->differences);
    for (int i = 0; i < TD_LAYERS; i++) {
        free(d->of[i]);
        free(d->off[i]);
        free(d->weights[i]);
        free(d->weights_off[i]);
        free(d->bias[i]);
        free(d->bias_off[i]);
    }
}
