/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/net_definition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/extremes.h"
#include "graph/shape.h"
#include "net/fold.h"
#include "net/statistics.h"
#include "session/model.h"

enum { MAX_LAYERS = 512 };

typedef struct values {
    const mn_net *net;
    double *of[MAX_LAYERS]; /* output of each layer, [h][w][c] */
} values;

/* ---- Layers ------------------------------------------------------------------------------------------ */

static size_t at(const mn_layer *layer, int32_t y, int32_t x, int32_t c) {
    return ((size_t)y * (size_t)layer->w + (size_t)x) * (size_t)layer->c + (size_t)c;
}

static bool inside(const mn_layer *in, int32_t y, int32_t x) { return y >= 0 && x >= 0 && y < in->h && x < in->w; }

static double value_at(const mn_layer *in, const double *from, int32_t y, int32_t x, int32_t c) {
    return inside(in, y, x) ? from[at(in, y, x, c)] : 0;
}

/* Where tap `i` of the window for (y, x) lies. */
static void tap(const mn_layer *layer, const mn_layer *in, int32_t y, int32_t x, int32_t i, int32_t *from_y,
                int32_t *from_x) {
    bool same = layer->padding == MN_PAD_SAME;
    int32_t top = same ? mn_window_padding(in->h, layer->h, layer->k_h, layer->stride, layer->dilation_h) : 0;
    int32_t left = same ? mn_window_padding(in->w, layer->w, layer->k_w, layer->stride_w, layer->dilation_w) : 0;
    *from_y = y * layer->stride - top + i / layer->k_w * layer->dilation_h;
    *from_x = x * layer->stride_w - left + i % layer->k_w * layer->dilation_w;
}

static double window_sum(const mn_layer *layer, const mn_layer *in, const double *from, int32_t y, int32_t x,
                         int32_t u) {
    double sum = layer->bias ? (double)layer->bias[u] : 0;
    int32_t inputs = in->c / layer->groups, first = u / (layer->units / layer->groups) * inputs;
    for (int32_t i = 0; i < layer->k_h * layer->k_w; i++) {
        int32_t from_y, from_x;
        tap(layer, in, y, x, i, &from_y, &from_x);
        for (int32_t c = 0; c < inputs; c++) {
            double weight = (double)layer->kernel[(i * inputs + c) * layer->units + u];
            sum += weight * value_at(in, from, from_y, from_x, first + c);
        }
    }
    return sum;
}

static double depthwise_sum(const mn_layer *layer, const mn_layer *in, const double *from, int32_t y, int32_t x,
                            int32_t u) {
    double sum = layer->bias ? (double)layer->bias[u] : 0;
    for (int32_t i = 0; i < layer->k_h * layer->k_w; i++) {
        int32_t from_y, from_x;
        tap(layer, in, y, x, i, &from_y, &from_x);
        sum += (double)layer->kernel[i * layer->c + u] * value_at(in, from, from_y, from_x, u / layer->multiplier);
    }
    return sum;
}

static double pool_of(const mn_layer *layer, const mn_layer *in, const double *from, int32_t y, int32_t x, int32_t c) {
    double sum = 0, most = -INFINITY;
    int32_t count = 0;
    for (int32_t i = 0; i < layer->k_h * layer->k_w; i++) {
        int32_t from_y, from_x;
        tap(layer, in, y, x, i, &from_y, &from_x);
        if (!inside(in, from_y, from_x)) continue;
        double value = from[at(in, from_y, from_x, c)];
        sum += value;
        most = mn_max_f64(most, value);
        count++;
    }
    return layer->kind == MN_LAYER_MAX_POOL ? most : sum / count;
}

static double global_of(const mn_layer *layer, const mn_layer *in, const double *from, int32_t c) {
    double sum = 0, most = -INFINITY;
    for (int32_t i = 0; i < in->h * in->w; i++) {
        sum += from[i * in->c + c];
        most = mn_max_f64(most, from[i * in->c + c]);
    }
    return layer->kind == MN_LAYER_GLOBAL_MAX ? most : sum / (in->h * in->w);
}

static double dense_sum(const mn_layer *layer, const mn_layer *in, const double *from, int32_t u) {
    double sum = layer->bias ? (double)layer->bias[u] : 0;
    for (int32_t c = 0; c < in->c; c++) sum += from[c] * (double)layer->kernel[c * layer->units + u];
    return sum;
}

/* Of the channels of one place. */
static double softmax_of(const mn_layer *in, const double *from, int32_t c) {
    double sum = 0;
    for (int32_t i = 0; i < in->c; i++) sum += exp(from[i] - from[c]);
    return 1 / sum;
}

static double unit_of(const mn_layer *in, const double *from, int32_t c) {
    double sum = 0;
    for (int32_t i = 0; i < in->c; i++) sum += from[i] * from[i];
    return from[c] / sqrt(sum);
}

static double function_of(const mn_layer *layer, double x) {
    switch (layer->function) {
    case MN_FUNCTION_SIGMOID: return 1 / (1 + exp(-x));
    case MN_FUNCTION_TANH: return tanh(x);
    case MN_FUNCTION_SWISH: return x / (1 + exp(-x));
    case MN_FUNCTION_HARD_SWISH: return x * fmin(fmax(x + 3, 0), 6) / 6;
    case MN_FUNCTION_ELU: return x < 0 ? expm1(x) : x;
    case MN_FUNCTION_LEAKY_RELU: return x < 0 ? x * (double)layer->slope : x;
    case MN_FUNCTION_COUNT: break;
    }
    return NAN;
}

/* Centres of pixels lie at halves; what would lie outside is the border. */
static double resized(const mn_layer *layer, const mn_layer *in, const double *from, int32_t y, int32_t x, int32_t c) {
    double down_y = (double)in->h / layer->h, down_x = (double)in->w / layer->w;
    double from_y = (y + 0.5) * down_y, from_x = (x + 0.5) * down_x;
    if (!layer->bilinear) return from[at(in, (int32_t)fmin(from_y, in->h - 1), (int32_t)fmin(from_x, in->w - 1), c)];
    from_y = fmin(fmax(from_y - 0.5, 0), in->h - 1);
    from_x = fmin(fmax(from_x - 0.5, 0), in->w - 1);
    int32_t top = (int32_t)from_y, left = (int32_t)from_x;
    int32_t bottom = top + 1 < in->h ? top + 1 : top, right = left + 1 < in->w ? left + 1 : left;
    double below = from_y - top, beside = from_x - left;
    return (1 - below) * ((1 - beside) * from[at(in, top, left, c)] + beside * from[at(in, top, right, c)]) +
           below * ((1 - beside) * from[at(in, bottom, left, c)] + beside * from[at(in, bottom, right, c)]);
}

/* The value of input `i` for a place of the layer; dimensions of 1 are repeated. */
static double joined(const values *v, const mn_layer *layer, int32_t i, int32_t y, int32_t x, int32_t c) {
    const mn_layer *in = &v->net->layers[layer->inputs[i]];
    return v->of[layer->inputs[i]][at(in, in->h == 1 ? 0 : y, in->w == 1 ? 0 : x, in->c == 1 ? 0 : c)];
}

static double concatenated(const values *v, const mn_layer *layer, int32_t y, int32_t x, int32_t c) {
    int32_t i = 0;
    for (; c >= v->net->layers[layer->inputs[i]].c; i++) c -= v->net->layers[layer->inputs[i]].c;
    return v->of[layer->inputs[i]][at(&v->net->layers[layer->inputs[i]], y, x, c)];
}

static double compute(const values *v, const mn_layer *layer, int32_t y, int32_t x, int32_t c) {
    const mn_layer *in = &v->net->layers[layer->inputs[0]];
    const double *from = v->of[layer->inputs[0]];
    size_t here = at(layer, y, x, c), place = at(in, y, x, 0);
    switch (layer->kind) {
    case MN_LAYER_RESCALING: return from[here] * (double)layer->scale + (double)layer->offset;
    case MN_LAYER_AFFINE: return from[here] * (double)layer->gamma[c] + (double)layer->beta[c];
    case MN_LAYER_ZERO_PADDING: return value_at(in, from, y - layer->pad[0], x - layer->pad[2], c);
    case MN_LAYER_CONV: return window_sum(layer, in, from, y, x, c);
    case MN_LAYER_DEPTHWISE: return depthwise_sum(layer, in, from, y, x, c);
    case MN_LAYER_BATCH_NORM:
        return (from[here] - (double)layer->mean[c]) / sqrt((double)layer->variance[c] + (double)layer->epsilon) *
                   (double)layer->gamma[c] +
               (double)layer->beta[c];
    case MN_LAYER_RELU: return fmin(fmax(from[here], 0), (double)layer->max_value);
    case MN_LAYER_PRELU: return from[here] < 0 ? from[here] * (double)layer->gamma[c] : from[here];
    case MN_LAYER_ACTIVATION: return function_of(layer, from[here]);
    case MN_LAYER_ADD: return joined(v, layer, 0, y, x, c) + joined(v, layer, 1, y, x, c);
    case MN_LAYER_SUBTRACT: return joined(v, layer, 0, y, x, c) - joined(v, layer, 1, y, x, c);
    case MN_LAYER_MULTIPLY: return joined(v, layer, 0, y, x, c) * joined(v, layer, 1, y, x, c);
    case MN_LAYER_CONCAT: return concatenated(v, layer, y, x, c);
    case MN_LAYER_MAX_POOL:
    case MN_LAYER_AVERAGE_POOL: return pool_of(layer, in, from, y, x, c);
    case MN_LAYER_GLOBAL_MAX:
    case MN_LAYER_GLOBAL_POOL: return global_of(layer, in, from, c);
    case MN_LAYER_DENSE: return dense_sum(layer, in, from + place, c);
    case MN_LAYER_SOFTMAX: return softmax_of(in, from + place, c);
    case MN_LAYER_UNIT_NORM: return unit_of(in, from + place, c);
    case MN_LAYER_RESIZE: return resized(layer, in, from, y, x, c);
    default: return from[here];
    }
}

static size_t count_of(const mn_layer *layer) { return (size_t)layer->h * (size_t)layer->w * (size_t)layer->c; }

static bool evaluate(values *v, const float *image) {
    for (int32_t i = 0; i < v->net->layer_count; i++) {
        const mn_layer *layer = &v->net->layers[i];
        size_t k = 0;
        v->of[i] = malloc(count_of(layer) * sizeof *v->of[i]);
        if (!v->of[i]) return false;
        for (int32_t y = 0; y < layer->h; y++) {
            for (int32_t x = 0; x < layer->w; x++) {
                for (int32_t c = 0; c < layer->c; c++, k++) {
                    v->of[i][k] = i == 0 ? (double)image[k] : compute(v, layer, y, x, c);
                }
            }
        }
    }
    return true;
}

/* ---- The folded graph -------------------------------------------------------------------------------- */

/* Of one output; infinite when its sizes differ. */
static double compare(const values *v, const mn_model *model, const mn_session *session, int32_t output) {
    int32_t index = mn_net_output(v->net, output);
    const mn_layer *layer = &v->net->layers[index];
    const float *got = mn_session_output(session, output);
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    if (mn_session_tensor(session, mn_model_output(model, output), &info) != MN_OK ||
        info.bytes != count_of(layer) * sizeof *got || info.rank != (layer->flat ? 2 : 4)) {
        fprintf(stderr, "output %d has another shape than its layer\n", output);
        return INFINITY;
    }
    double largest = 0, farthest = 0;
    for (size_t i = 0; i < count_of(layer); i++) {
        largest = mn_max_f64(largest, fabs(v->of[index][i]));
        double distance = fabs((double)got[i] - v->of[index][i]);
        if (!(distance <= farthest)) farthest = distance;
    }
    return largest > 0 ? farthest / largest : INFINITY;
}

static mn_status make_session(const mn_net *net, mn_model **model, mn_session **session) {
    mn_graph graph;
    MN_TRY(mn_net_fold(net, &graph, NULL));
    const mn_status status = mn_model_from_graph(&graph, model);
    mn_graph_free(&graph);
    return status == MN_OK ? mn_session_create(*model, NULL, session) : status;
}

double nd_distance(const mn_net *net) {
    values v = {.net = net};
    mn_model *model = NULL;
    mn_session *session = NULL;
    double distance = 0;
    size_t pixels = count_of(&net->layers[0]);
    float *image = malloc(pixels * sizeof *image);
    mn_random random = {99};
    for (size_t i = 0; image && i < pixels; i++) image[i] = (float)mn_random_uniform(&random, -1, 1);
    mn_status status = make_session(net, &model, &session);
    if (status == MN_OK && image && net->layer_count <= MAX_LAYERS && evaluate(&v, image)) {
        memcpy(mn_session_input(session, 0), image, pixels * sizeof *image);
        status = mn_session_run(session);
        for (int32_t i = 0; status == MN_OK && i < mn_net_output_count(net); i++) {
            distance = mn_max_f64(distance, compare(&v, model, session, i));
        }
    } else {
        distance = INFINITY;
    }
    if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
    mn_session_close(&session);
    mn_model_close(&model);
    for (int32_t i = 0; i < net->layer_count && i < MAX_LAYERS; i++) free(v.of[i]);
    free(image);
    return status == MN_OK ? distance : INFINITY;
}

void nd_randomise(mn_net *net, uint64_t seed) {
    mn_random random = {seed};
    mn_net_randomise(net, seed);
    if (mn_net_randomise_norms(net, seed) != MN_OK) abort();
    for (int32_t i = 0; i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        bool own = layer->kind == MN_LAYER_PRELU || layer->kind == MN_LAYER_AFFINE;
        for (int32_t c = 0; c < layer->c; c++) {
            if (layer->bias) layer->bias[c] = (float)mn_random_uniform(&random, -1, 1);
            if (own) layer->gamma[c] = (float)mn_random_uniform(&random, 0.1, 0.9);
            if (own && layer->beta) layer->beta[c] = (float)mn_random_uniform(&random, -1, 1);
        }
    }
}
