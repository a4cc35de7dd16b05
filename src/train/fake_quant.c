/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/fake_quant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/extremes.h"
#include "kernels/quant.h"
#include "net/fold.h"
#include "quant/weight.h"

/* ---- Ranges and steps -------------------------------------------------------------------------------- */

static mn_interval learned(const mn_layer *layer) {
    return layer->low < layer->high ? (mn_interval){layer->low, layer->high} : MN_INTERVAL_UNKNOWN;
}

void mn_fake_start(mn_train_net *t) {
    mn_interval *ranges = t->fake.ranges;
    const mn_layer *layers = t->net->layers;
    for (int32_t i = 0; i < t->unit_count; i++) {
        const mn_unit *u = &t->units[i];
        ranges[mn_fake_out(i)] = learned(&layers[u->conv]);
        ranges[mn_fake_sum(i)] = u->skip >= 0 ? learned(&layers[u->last]) : MN_INTERVAL_UNKNOWN;
    }
    ranges[mn_fake_pooled(t)] = learned(&layers[t->pool]);
    ranges[mn_fake_logits(t)] = learned(&layers[mn_train_classifier(t)->layer]);
    ranges[mn_fake_pictures(t)] = mn_train_net_pixels(t);
}

static void set_range(mn_layer *layer, mn_interval range) {
    layer->low = mn_interval_known(range) ? range.low : 0;
    layer->high = mn_interval_known(range) ? range.high : 0;
}

void mn_fake_export(const mn_train_net *t, mn_net *net) {
    const mn_interval *ranges = t->fake.ranges;
    net->per_tensor = t->fake.mode == MN_QAT_PER_TENSOR;
    set_range(&net->layers[0], ranges[mn_fake_pictures(t)]);
    for (int32_t i = 0; i < t->unit_count; i++) {
        const mn_unit *u = &t->units[i];
        set_range(&net->layers[u->conv], ranges[mn_fake_out(i)]);
        if (u->skip >= 0) set_range(&net->layers[u->last], ranges[mn_fake_sum(i)]);
    }
    set_range(&net->layers[t->pool], ranges[mn_fake_pooled(t)]);
    set_range(&net->layers[mn_train_classifier(t)->layer], ranges[mn_fake_logits(t)]);
}

static mn_fake step_of(mn_interval range) {
    if (!mn_interval_known(range)) return (mn_fake){0};
    mn_step8 step = mn_step8_of(range);
    return (mn_fake){.low = (float)(INT8_MIN - step.zero) * step.scale,
                     .high = (float)(INT8_MAX - step.zero) * step.scale,
                     .step = step.scale,
                     .inverse = 1 / step.scale};
}

void mn_fake_round_pictures(mn_train_net *t) {
    const mn_interval range = t->fake.ranges[mn_fake_pictures(t)];
    const mn_step8 step = mn_step8_of(range);
    const float per_value = 255 / (range.high - range.low);
    size_t values = (size_t)t->count * 3 * (size_t)t->height * (size_t)t->width;
    for (size_t i = 0; i < values; i++) {
        /* Stored is the pixel - 128, as when it is classified, and not the nearest step: image/prepare.c. */
        float pixel = fminf(fmaxf(rintf((t->pictures[i] - range.low) * per_value), 0), 255);
        t->pictures[i] = step.scale * (pixel - 128 - (float)step.zero);
    }
}

/* ---- Weights ----------------------------------------------------------------------------------------- */

/* A layer's arrays in their padded layout. `scale` of batch norm per channel; NULL where there is none. */
typedef struct layer_weights {
    int32_t rows, channels, padded;
    const float *kernel;
    const double *scale;
    float input_scale; /* of what is multiplied with the weights; 0: not known yet */
    float *to, *bias;  /* the bias is rounded in its place */
} layer_weights;

static void fold(const layer_weights *w, float *largest) {
    memset(largest, 0, (size_t)w->channels * sizeof *largest);
    for (int32_t r = 0; r < w->rows; r++) {
        const float *from = w->kernel + (size_t)r * (size_t)w->padded;
        float *to = w->to + (size_t)r * (size_t)w->padded;
        for (int32_t c = 0; c < w->channels; c++) {
            to[c] = w->scale ? (float)((double)from[c] * w->scale[c]) : from[c];
            largest[c] = mn_max_f32(largest[c], fabsf(to[c]));
        }
    }
}

/* The largest magnitudes become scales, as in quant/scheme.c and quant/apply.c. */
static void choose_scales(const layer_weights *w, bool per_tensor, float *scale) {
    float all = 0;
    for (int32_t c = 0; c < w->channels; c++) all = mn_max_f32(all, scale[c]);
    all = mn_weight_scale(all);
    for (int32_t c = 0; c < w->channels; c++) {
        float mine = per_tensor ? all : mn_weight_scale(scale[c]);
        if (w->input_scale > 0) mine = mn_weight_scale_for(mine, w->bias[c], w->input_scale);
        all = mn_max_f32(all, mine);
        scale[c] = mine;
    }
    for (int32_t c = 0; per_tensor && c < w->channels; c++) scale[c] = all;
}

static void round_weights(const mn_train_net *t, mn_train_worker *worker, const layer_weights *w) {
    float *scale = worker->low;
    fold(w, scale);
    choose_scales(w, t->fake.mode == MN_QAT_PER_TENSOR, scale);
    for (int32_t r = 0; r < w->rows; r++) {
        float *to = w->to + (size_t)r * (size_t)w->padded;
        for (int32_t c = 0; c < w->channels; c++) to[c] = mn_weight_units(to[c], scale[c]) * scale[c];
    }
    for (int32_t c = 0; w->input_scale > 0 && c < w->channels; c++) {
        double units = mn_bias_units(w->bias[c], w->input_scale, scale[c]);
        w->bias[c] = (float)(units * (double)w->input_scale * (double)scale[c]);
    }
}

static mn_affine norm_of(const mn_train_net *t, const mn_unit *u, const float *parameters, int32_t c) {
    return mn_norm_affine(parameters[u->gamma + (size_t)c], parameters[u->beta + (size_t)c],
                          t->use_statistics[u->mean + (size_t)c], t->use_statistics[u->variance + (size_t)c],
                          u->epsilon);
}

static float *norm_row(const mn_unit *u, int row) { return u->norms + (size_t)row * (size_t)u->out_p; }

/* What is left of batch norm behind rounded weights: the bias. */
static void set_norm(mn_unit *u, const float *bias, const mn_fake *step) {
    memset(u->norms, 0, MN_NORM_ROWS * (size_t)u->out_p * sizeof *u->norms);
    for (int32_t c = 0; c < u->out_p; c++) norm_row(u, MN_NORM_SCALE)[c] = 1;
    memcpy(norm_row(u, MN_NORM_BETA), bias, (size_t)u->out_p * sizeof *bias);
    u->clip[0] = u->linear ? -INFINITY : 0;
    u->clip[1] = u->high;
    if (step->step == 0) return;
    u->clip[0] = mn_max_f32(u->clip[0], step->low);
    u->clip[1] = mn_min_f32(u->clip[1], step->high);
}

static void prepare_unit(mn_train_net *t, mn_train_worker *worker, int32_t index) {
    mn_unit *u = &t->units[index];
    int32_t from = u->source < 0 ? mn_fake_pictures(t) : mn_fake_given(t, u->source);
    float *bias = t->fake.weights + u->beta;
    for (int32_t c = 0; c < u->out_c; c++) {
        mn_affine norm = norm_of(t, u, t->use_parameters, c);
        worker->scale[c] = norm.scale;
        bias[c] = (float)norm.shift;
    }
    round_weights(t, worker,
                  &(layer_weights){.rows = u->kernel_rows,
                                   .channels = u->out_c,
                                   .padded = u->out_p,
                                   .kernel = t->use_parameters + u->kernel,
                                   .scale = worker->scale,
                                   .input_scale = t->fake.steps[from].step,
                                   .to = t->fake.weights + u->kernel,
                                   .bias = bias});
    set_norm(u, bias, &t->fake.steps[mn_fake_out(index)]);
}

static void prepare_classifier(mn_train_net *t, mn_train_worker *worker) {
    const mn_dense *dense = mn_train_classifier(t);
    float *bias = t->fake.weights + dense->bias;
    memcpy(bias, t->use_parameters + dense->bias, (size_t)dense->out_p * sizeof *bias);
    round_weights(t, worker,
                  &(layer_weights){.rows = dense->in_p,
                                   .channels = dense->out_c,
                                   .padded = dense->out_p,
                                   .kernel = t->use_parameters + dense->kernel,
                                   .input_scale = t->fake.steps[mn_fake_pooled(t)].step,
                                   .to = t->fake.weights + dense->kernel,
                                   .bias = bias});
}

static void prepare_job(void *context, int32_t thread, int32_t threads) {
    mn_train_net *t = context;
    mn_train_worker *worker = &t->workers[thread];
    for (int32_t i = 0; i < mn_fake_tensors(t); i++) worker->seen[i] = MN_INTERVAL_UNKNOWN;
    for (int32_t i = thread; i < t->unit_count; i += threads) prepare_unit(t, worker, i);
    if (thread == threads - 1) prepare_classifier(t, worker);
}

void mn_fake_prepare(mn_train_net *t) {
    for (int32_t i = 0; i < mn_fake_tensors(t); i++) t->fake.steps[i] = step_of(t->fake.ranges[i]);
    mn_train_run(t, prepare_job, t);
}

static void unfold_unit(mn_train_net *t, const mn_unit *u) {
    float *kernel = t->gradients + u->kernel, *gamma = t->gradients + u->gamma, *beta = t->gradients + u->beta;
    for (int32_t c = 0; c < u->out_c; c++) {
        mn_affine norm = norm_of(t, u, t->parameters, c);
        double root = sqrt((double)t->use_statistics[u->variance + (size_t)c] + (double)u->epsilon), sum = 0;
        for (int32_t r = 0; r < u->kernel_rows; r++) {
            size_t at = (size_t)r * (size_t)u->out_p + (size_t)c;
            sum += (double)kernel[at] * (double)t->parameters[u->kernel + at];
            kernel[at] = (float)((double)kernel[at] * norm.scale);
        }
        sum -= (double)beta[c] * (double)t->use_statistics[u->mean + (size_t)c];
        gamma[c] = root > 0 ? (float)(sum / root) : 0;
    }
}

static void unfold_job(void *context, int32_t thread, int32_t threads) {
    mn_train_net *t = context;
    for (int32_t i = t->first_trained + thread; i < t->unit_count; i += threads) unfold_unit(t, &t->units[i]);
}

void mn_fake_unfold_gradients(mn_train_net *t) { mn_train_run(t, unfold_job, t); }

/* ---- Activations ------------------------------------------------------------------------------------- */

void mn_fake_round(const mn_train_net *t, int32_t tensor, size_t count, const float *add, float *values) {
    const mn_fake *step = &t->fake.steps[tensor];
    if (step->step > 0) {
        t->kernels->fake(step, count, add, values);
    } else {
        for (size_t i = 0; add && i < count; i++) values[i] += add[i];
    }
}

void mn_fake_clip_sum(const mn_train_net *t, mn_train_worker *worker, const mn_unit *u, size_t first, ptrdiff_t rows,
                      float *dy) {
    int32_t index = (int32_t)(u - t->units);
    const mn_fake *sum = &t->fake.steps[mn_fake_sum(index)];
    size_t channels = (size_t)u->out_p, chunk = mn_max_size(MN_FAKE_CHUNK / channels, 1), left = (size_t)rows, some;
    mn_norm norm = mn_unit_norm(u);
    if (sum->step == 0) return;
    for (; left > 0; left -= some, first += some, dy += some * channels) {
        some = mn_min_size(chunk, left);
        t->kernels->activate(&norm, u->out_p, (ptrdiff_t)some, u->z + first * channels, NULL, worker->sums_workspace);
        mn_fake_round(t, mn_fake_out(index), some * channels, t->units[u->skip].x + first * channels,
                      worker->sums_workspace);
        t->kernels->clip(sum, some * channels, worker->sums_workspace, dy);
    }
}

/* ---- Extremes ---------------------------------------------------------------------------------------- */

static void extend(mn_interval *range, float low, float high) {
    bool known = mn_interval_known(*range);
    range->low = known ? fminf(range->low, low) : low;
    range->high = known ? fmaxf(range->high, high) : high;
}

void mn_fake_row(const mn_train_net *t, mn_train_worker *worker, int32_t tensor, int32_t count, float *values,
                 float *kept) {
    const mn_fake *step = &t->fake.steps[tensor];
    for (int32_t i = 0; t->training && i < count; i++) extend(&worker->seen[tensor], values[i], values[i]);
    if (step->step == 0) return;
    for (int32_t i = 0; i < count; i++) kept[i] = values[i] > step->low && values[i] < step->high ? kept[i] : 0;
    t->kernels->fake(step, (size_t)count, NULL, values);
}

void mn_fake_pool(const mn_train_net *t, mn_train_worker *worker, float *values, float *kept) {
    const mn_unit *last = &t->units[t->unit_count - 1];
    const mn_fake *in = &t->fake.steps[mn_fake_given(t, t->unit_count - 1)];
    const mn_fake *out = &t->fake.steps[mn_fake_pooled(t)];
    int32_t count = last->out_h * last->out_w, multiplier, shift;
    if (in->step == 0 || out->step == 0) {
        mn_fake_row(t, worker, mn_fake_pooled(t), t->features, values, kept);
        return;
    }
    mn_quant_mean(in->step, out->step, count, &multiplier, &shift);
    float low = rintf(out->low * out->inverse), high = rintf(out->high * out->inverse);
    for (int32_t c = 0; c < t->features; c++) {
        int32_t sum = (int32_t)rintf(values[c] * (float)count * in->inverse);
        float units = (float)mn_requantize(sum, multiplier, shift);
        if (t->training) extend(&worker->seen[mn_fake_pooled(t)], values[c], values[c]);
        if (!(values[c] > out->low && values[c] < out->high)) kept[c] = 0;
        values[c] = fminf(fmaxf(units, low), high) * out->step;
    }
}

void mn_fake_watch(mn_train_worker *worker, int32_t channels) {
    for (int32_t c = 0; c < channels; c++) {
        worker->low[c] = INFINITY;
        worker->high[c] = -INFINITY;
    }
}

void mn_fake_see(const mn_train_net *t, mn_train_worker *worker, int32_t channels, ptrdiff_t rows,
                 const float *values) {
    t->kernels->extremes(channels, rows, values, worker->low, worker->high);
}

void mn_fake_saw(mn_train_worker *worker, int32_t tensor, int32_t channels) {
    for (int32_t c = 0; c < channels && worker->low[c] <= worker->high[c]; c++) {
        extend(&worker->seen[tensor], worker->low[c], worker->high[c]);
    }
}

void mn_fake_saw_z(const mn_train_net *t, mn_train_worker *worker, const mn_unit *u) {
    const float *bias = norm_row(u, MN_NORM_BETA);
    float least = u->linear ? -INFINITY : 0;
    for (int32_t c = 0; c < u->out_p; c++) {
        worker->low[c] = fminf(fmaxf(worker->low[c] + bias[c], least), u->high);
        worker->high[c] = fminf(fmaxf(worker->high[c] + bias[c], least), u->high);
    }
    mn_fake_saw(worker, mn_fake_out((int32_t)(u - t->units)), u->out_p);
}

/* The extremes of `tensor` over all machines, which tell each other by sums of what all but one leave 0. */
static mn_status share_extremes(mn_train_net *t, mn_interval *seen, int32_t tensors) {
    int32_t ranks = t->reduce->ranks, all = 2 * tensors;
    double *told = calloc((size_t)all * (size_t)ranks, sizeof *told);
    if (!told) return mn_fail_memory("the ranges");
    double *ours = told + (size_t)t->reduce->rank * (size_t)all;
    for (int32_t i = 0; i < tensors; i++) {
        ours[2 * i] = (double)seen[i].low;
        ours[2 * i + 1] = (double)seen[i].high;
    }
    mn_status status = t->reduce->sum(t->reduce->self, told, (size_t)all * (size_t)ranks);
    for (int32_t k = 0; status == MN_OK && k < ranks * tensors; k++) {
        extend(&seen[k % tensors], (float)told[2 * k], (float)told[2 * k + 1]);
    }
    free(told);
    return status;
}

static bool moves(const mn_train_net *t, int32_t tensor) {
    if (tensor >= mn_fake_pooled(t)) return tensor != mn_fake_pictures(t);
    return tensor % 2 == 0 || t->units[tensor / 2].skip >= 0;
}

/* Ranges hold zero, and are never empty: then the int8 model has a range for every tensor. */
static mn_interval with_zero(mn_interval x) {
    return (mn_interval){.low = fminf(x.low, 0), .high = fmaxf(x.high, 1e-30f)};
}

static void move(mn_interval *range, mn_interval seen, double decay) {
    if (!mn_interval_known(*range)) *range = seen;
    range->low = (float)(decay * (double)range->low + (1 - decay) * (double)seen.low);
    range->high = (float)(decay * (double)range->high + (1 - decay) * (double)seen.high);
}

mn_status mn_fake_keep_ranges(mn_train_net *t, int64_t step) {
    int32_t tensors = mn_fake_tensors(t);
    mn_interval *seen = t->workers[0].seen;
    double done = (double)step, decay = fmin(MN_FAKE_DECAY, (1 + done) / (10 + done));
    for (int32_t k = 0; k < t->threads * tensors; k++) {
        mn_interval theirs = t->workers[k / tensors].seen[k % tensors];
        if (mn_interval_known(theirs)) extend(&seen[k % tensors], theirs.low, theirs.high);
    }
    if (t->reduce) MN_TRY(share_extremes(t, seen, tensors));
    for (int32_t i = 0; i < tensors; i++) {
        if (!moves(t, i)) continue;
        if (!isfinite(seen[i].low) || !isfinite(seen[i].high)) {
            return mn_fail(MN_ERROR_ARGUMENT,
                           "values of step %lld are not finite; resume from the last checkpoint with a smaller --rate",
                           (long long)step + 1);
        }
        move(&t->fake.ranges[i], with_zero(seen[i]), decay);
    }
    return MN_OK;
}
