/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/correct.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "quant/layer_window.h"

/* What a layer computes before its activation function is linear in its input. Its mean over all places of all photos
 * therefore needs only the mean of what each tap of the filter meets: one number per tap and input channel. */
typedef struct layer_view {
    int32_t tensor; /* the input */
    mn_window w;
    bool depthwise;
    bool is_pixels; /* the input is the model's: stored values are pixels - 128, whatever the zero point */
    float lowest;   /* meaning of pixel 0 */
    mn_step8 step;  /* of the input */
    size_t first;   /* of this layer's k_h x k_w x channels means */
} layer_view;

/* Means of values as they are, and rounded to 8 bits. */
enum { EXACT, ROUNDED, KINDS };

/* What one job needs for the row that it is at. */
typedef struct workspace {
    float *row;   /* rounded */
    double *sums; /* by tap and channel */
} workspace;

typedef struct correction {
    mn_region region;
    mn_scheme *scheme;
    layer_view *views;    /* [layer_count] */
    size_t means;         /* over all layers */
    double *sums;         /* [jobs][KINDS][means]: of one sample */
    double *total;        /* [KINDS][means] */
    workspace *workspace; /* [jobs] */
} correction;

/* ---- Means of inputs ------------------------------------------------------------------------------------ */

/* The values that a row of the input has in 8 bits, but for which of two equally near steps is taken. Padding is zero,
 * and stored as the zero point, among pixels too. */
static void round_row(const layer_view *v, const float *restrict x, float *restrict out) {
    const float scale = v->step.scale, zero = (float)(v->step.zero - INT8_MIN);
    const float shift = v->is_pixels ? -v->lowest / scale : zero;
    const int32_t count = v->w.in_w * v->w.in_c;
    for (int32_t i = 0; i < count; i++) {
        float place = x[i] / scale + shift + 0.5f;
        place = place < 255 ? place : 255;
        place = place > 0 ? place : 0;
        out[i] = scale * ((float)(int32_t)place - zero);
    }
    for (int32_t i = 0; i < count && v->is_pixels; i++) {
        if (x[i] == 0) out[i] = 0;
    }
}

static void add_pixel(const layer_view *v, const float *row, int32_t x, double *sums) {
    const float *pixel = row + (size_t)x * (size_t)v->w.in_c;
    for (int32_t c = 0; c < v->w.in_c; c++) sums[c] += (double)pixel[c];
}

static void take_pixel(const layer_view *v, const float *row, int32_t x, double *sums) {
    const float *pixel = row + (size_t)x * (size_t)v->w.in_c;
    for (int32_t c = 0; c < v->w.in_c; c++) sums[c] -= (double)pixel[c];
}

/* A tap of a filter that moves pixel by pixel meets all of a row but some pixels at its ends, which are few. */
static void sum_most(const layer_view *v, const float *row, double *sums) {
    const size_t channels = (size_t)v->w.in_c;
    const int32_t middle = v->w.k_w / 2;
    for (int32_t x = 0; x < v->w.in_w; x++) add_pixel(v, row, x, sums + (size_t)middle * channels);
    for (int32_t kx = 0; kx < v->w.k_w; kx++) {
        double *tap = sums + (size_t)kx * channels;
        if (kx != middle) memcpy(tap, sums + (size_t)middle * channels, channels * sizeof *tap);
    }
    for (int32_t kx = 0; kx < v->w.k_w; kx++) {
        double *tap = sums + (size_t)kx * channels;
        const int32_t first = kx * v->w.dilation_w - v->w.pad_left, end = first + v->w.out_w;
        for (int32_t x = 0; x < first; x++) take_pixel(v, row, x, tap);
        for (int32_t x = end; x < v->w.in_w; x++) take_pixel(v, row, x, tap);
    }
}

/* What each tap of one row of the filter meets in a row of the input: sums[k_w][channels]. */
static void sum_row(const layer_view *v, const float *row, double *sums) {
    memset(sums, 0, (size_t)(v->w.k_w * v->w.in_c) * sizeof *sums);
    if (v->w.stride_w == 1 && v->w.k_w * v->w.dilation_w <= v->w.in_w) {
        sum_most(v, row, sums);
        return;
    }
    for (int32_t kx = 0; kx < v->w.k_w; kx++) {
        for (int32_t x = 0; x < v->w.out_w; x++) {
            int32_t in_x = x * v->w.stride_w + kx * v->w.dilation_w - v->w.pad_left;
            if (in_x >= 0 && in_x < v->w.in_w) add_pixel(v, row, in_x, sums + (size_t)kx * (size_t)v->w.in_c);
        }
    }
}

/* Adds the sums of input row `y` for every row of the filter that comes to lie on it. */
static void add_row(const layer_view *v, int32_t y, const double *row, double *sums) {
    const int32_t count = v->w.k_w * v->w.in_c;
    for (int32_t ky = 0; ky < v->w.k_h; ky++) {
        int32_t from = y + v->w.pad_top - ky * v->w.dilation_h;
        if (from < 0 || from % v->w.stride_h != 0 || from / v->w.stride_h >= v->w.out_h) continue;
        for (int32_t i = 0; i < count; i++) sums[(size_t)ky * (size_t)count + (size_t)i] += row[i];
    }
}

/* Adds up what the taps meet as the filter visits every place; outside of the picture they meet zeros. */
static void sum_layer(const layer_view *v, const float *data, const workspace *s, double *exact, double *sums) {
    for (int32_t y = 0; y < v->w.in_h; y++) {
        const float *row = data + (size_t)y * (size_t)v->w.in_w * (size_t)v->w.in_c;
        sum_row(v, row, s->sums);
        add_row(v, y, s->sums, exact);
        round_row(v, row, s->row);
        sum_row(v, s->row, s->sums);
        add_row(v, y, s->sums, sums);
    }
}

static void observe(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)sample;
    const correction *c = context;
    double *exact = c->sums + (size_t)job * KINDS * c->means, *sums = exact + c->means;
    memset(exact, 0, KINDS * c->means * sizeof *exact);
    for (int32_t i = 0; i < c->scheme->layer_count; i++) {
        const layer_view *v = &c->views[i];
        sum_layer(v, mn_session_tensor_data(session, v->tensor), &c->workspace[job], exact + v->first, sums + v->first);
    }
}

static void collect(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)sample;
    (void)session;
    correction *c = context;
    const double *mine = c->sums + (size_t)job * KINDS * c->means;
    for (size_t i = 0; i < KINDS * c->means; i++) c->total[i] += mine[i];
}

/* ---- Means of outputs ----------------------------------------------------------------------------------- */

/* Place, among the means, of what weight `i` meets. CONV [o][h][w][i / groups]; DEPTHWISE [1][h][w][o];
 * FULLY_CONNECTED [o][i]. */
static size_t met_by(const layer_view *v, const mn_quant_layer *layer, int32_t i) {
    if (v->depthwise) {
        int32_t multiplier = layer->channels / v->w.in_c;
        return v->first + (size_t)(i / layer->channels * v->w.in_c + i % layer->channels / multiplier);
    }
    int32_t each = layer->inner / (v->w.k_h * v->w.k_w), groups = v->w.in_c / each;
    int32_t group = i / layer->inner / (layer->channels / groups);
    return v->first + (size_t)(i % layer->inner / each * v->w.in_c + group * each + i % each);
}

/* Adds to each bias what rounding took from the mean of its channel. */
static mn_status correct_layer(correction *c, int32_t index, int32_t samples) {
    const layer_view *v = &c->views[index];
    mn_quant_layer *layer = &c->scheme->layers[index];
    double *lost = mn_region_alloc(&c->region, (size_t)layer->channels, sizeof *lost);
    if (!lost) return mn_fail_memory("the bias correction");
    for (int32_t i = 0; i < layer->elements; i++) {
        int32_t channel = mn_layer_channel(layer, i);
        size_t met = met_by(v, layer, i);
        double stored = (double)mn_layer_scale(layer, channel) * layer->stored[i];
        lost[channel] += (double)layer->weights[i] * c->total[met] - stored * c->total[c->means + met];
    }
    double places = (double)v->w.out_h * v->w.out_w * samples;
    for (int32_t i = 0; i < layer->channels; i++) layer->bias[i] += (float)(lost[i] / places);
    return MN_OK;
}

/* ---- All together --------------------------------------------------------------------------------------- */

static mn_status make_workspace(correction *c, int32_t jobs) {
    size_t row = 0, taps = 0;
    for (int32_t i = 0; i < c->scheme->layer_count; i++) {
        const layer_view *v = &c->views[i];
        row = mn_max_size(row, (size_t)v->w.in_w * (size_t)v->w.in_c);
        taps = mn_max_size(taps, (size_t)v->w.k_w * (size_t)v->w.in_c);
    }
    c->workspace = mn_region_alloc(&c->region, (size_t)jobs, sizeof *c->workspace);
    if (!c->workspace) return mn_fail_memory("the bias correction");
    for (int32_t i = 0; i < jobs; i++) {
        c->workspace[i].row = mn_region_alloc(&c->region, row, sizeof *c->workspace[i].row);
        c->workspace[i].sums = mn_region_alloc(&c->region, taps, sizeof *c->workspace[i].sums);
        if (!c->workspace[i].row || !c->workspace[i].sums) return mn_fail_memory("the bias correction");
    }
    return MN_OK;
}

static mn_status start(correction *c, int32_t jobs) {
    const mn_scheme *scheme = c->scheme;
    const int32_t input = scheme->graph->inputs[0];
    c->views = mn_region_alloc(&c->region, (size_t)scheme->layer_count, sizeof *c->views);
    if (!c->views) return mn_fail_memory("the bias correction");
    for (int32_t i = 0; i < scheme->layer_count; i++) {
        layer_view *v = &c->views[i];
        const mn_op *op = &scheme->graph->ops[scheme->layers[i].op];
        v->tensor = op->inputs[0];
        v->w = mn_layer_window(scheme->graph, op);
        v->depthwise = op->kind == MN_OP_DEPTHWISE_CONV_2D;
        v->first = c->means;
        v->step = mn_scheme_step(scheme, v->tensor);
        v->is_pixels = scheme->leader[v->tensor] == scheme->leader[input];
        v->lowest = scheme->range[input].low;
        c->means += (size_t)(v->w.k_h * v->w.k_w * v->w.in_c);
    }
    c->sums = mn_region_alloc(&c->region, (size_t)jobs * KINDS * c->means, sizeof *c->sums);
    c->total = mn_region_alloc(&c->region, KINDS * c->means, sizeof *c->total);
    if (!c->sums || !c->total) return mn_fail_memory("the bias correction");
    return make_workspace(c, jobs);
}

mn_status mn_correct_biases(mn_scheme *scheme, mn_runner *floats, const mn_samples *samples,
                            const mn_quant_progress *progress) {
    correction c = {.scheme = scheme};
    mn_status status = start(&c, mn_runner_jobs(floats));
    if (status == MN_OK) {
        status = mn_runner_each(floats, samples, observe, collect, &c, "bias correction", progress);
    }
    for (int32_t i = 0; status == MN_OK && i < scheme->layer_count; i++) status = correct_layer(&c, i, samples->count);
    mn_region_free(&c.region);
    return status;
}
