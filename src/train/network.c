/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/checked.h"
#include "graph/shape.h"
#include "train/chain.h"
#include "train/fake_quant.h"
#include "train/passes.h"

/* ---- Freezing ---------------------------------------------------------------------------------------- */

/* A block ends with the stem, with the pointwise convolution behind a depthwise one, or with the last convolution. */
static bool ends_block(const mn_train_net *t, const mn_unit *unit) {
    if (unit->kind != MN_UNIT_POINTWISE) return unit->kind == MN_UNIT_STEM;
    return t->units[unit->source].kind == MN_UNIT_DEPTHWISE;
}

static void freeze(mn_train_net *t, int32_t blocks) {
    t->first_trained = 0;
    for (int32_t i = 0, block = 0; i < t->unit_count && (blocks < 0 || block < blocks); i++) {
        mn_unit *unit = &t->units[i];
        unit->frozen = true;
        t->first_trained = i + 1;
        block += ends_block(t, unit);
    }
}

/* ---- Memory ------------------------------------------------------------------------------------------ */

/* Hands out pieces of one block of memory; without the block it only counts. */
typedef struct layout {
    char *memory;
    size_t used;
    bool overflow;
} layout;

static void *take(layout *l, size_t count, size_t size) {
    size_t bytes, end;
    if (!mn_mul_size(count, size, &bytes) || bytes > SIZE_MAX / 4 ||
        !mn_add_size(l->used, mn_round_up(bytes, 64), &end)) {
        l->overflow = true;
        return NULL;
    }
    void *at = l->memory ? l->memory + l->used : NULL;
    l->used = end;
    return at;
}

static float *take_floats(layout *l, size_t count) { return take(l, count, sizeof(float)); }

int32_t mn_unit_tile(const mn_unit *unit) {
    /* Floats that fit well into a second level cache of 512 KiB beside the kernel. */
    const int32_t room = 48 * 1024;
    int32_t row = unit->out_p + (unit->kind == MN_UNIT_STEM ? unit->kernel_rows : unit->in_p);
    return mn_clamp_i32(room / row / 24 * 24, 24, 480);
}

static size_t workspace_of(const mn_unit *unit) {
    size_t tile = (size_t)mn_unit_tile(unit);
    if (unit->kind == MN_UNIT_STEM) {
        return mn_round_up(tile * (size_t)unit->kernel_rows, MN_TRAIN_ALIGN) + tile * (size_t)unit->out_p;
    }
    if (unit->kind == MN_UNIT_POINTWISE) return tile * (size_t)(unit->in_p + unit->out_p);
    return (size_t)mn_unit_ring(unit) * (mn_window_row(unit) + mn_unit_gradient_row(unit));
}

/* Returns the place behind the layer's. */
static size_t lay_out_dense_parameters(mn_dense *dense, size_t at) {
    dense->kernel = at;
    dense->bias = at + (size_t)dense->in_p * (size_t)dense->out_p;
    return dense->bias + (size_t)dense->out_p;
}

static void lay_out_parameters(mn_train_net *t) {
    size_t at = 0, statistics = 0;
    for (int32_t i = 0; i < t->unit_count; i++) {
        mn_unit *unit = &t->units[i];
        size_t channels = (size_t)unit->out_p;
        unit->kernel = at;
        unit->gamma = unit->kernel + (size_t)unit->kernel_rows * channels;
        unit->beta = unit->gamma + channels;
        at = unit->beta + channels;
        if (unit->gate) {
            at = lay_out_dense_parameters(&unit->gate->squeeze, at);
            at = lay_out_dense_parameters(&unit->gate->excite, at);
        }
        unit->end = at;
        unit->mean = statistics;
        unit->variance = statistics + channels;
        statistics += 2 * channels;
    }
    for (int32_t i = 0; i < t->head_count; i++) at = lay_out_dense_parameters(&t->head[i], at);
    t->parameter_count = at;
    t->statistic_count = statistics;
}

/* Widest of all dense layers. */
typedef struct dense_sizes {
    size_t in, out;
} dense_sizes;

static void lay_out_dense(const mn_train_net *t, layout *l, mn_dense *dense, dense_sizes *widest) {
    size_t values = (size_t)t->batch * (size_t)dense->out_p;
    bool bent = dense->bend != MN_BEND_NONE;
    dense->z = take_floats(l, values);
    dense->y = bent ? take_floats(l, values) : dense->z;
    dense->gradient = bent ? take_floats(l, values) : dense->z;
    widest->in = mn_max_size(widest->in, (size_t)dense->in_p);
    widest->out = mn_max_size(widest->out, (size_t)dense->out_p);
}

static void lay_out_head(mn_train_net *t, layout *l) {
    dense_sizes widest = {0};
    for (int32_t i = 0; i < t->unit_count; i++) {
        mn_unit *unit = &t->units[i];
        if (!unit->gate) continue;
        unit->gate->pooled = take_floats(l, (size_t)t->batch * (size_t)unit->out_p);
        lay_out_dense(t, l, &unit->gate->squeeze, &widest);
        lay_out_dense(t, l, &unit->gate->excite, &widest);
    }
    for (int32_t i = 0; i < t->head_count; i++) lay_out_dense(t, l, &t->head[i], &widest);
    t->out_columns = take_floats(l, (size_t)t->batch_p * widest.out);
    t->in_columns = take_floats(l, (size_t)t->batch_p * widest.in);
    t->pooled = take_floats(l, (size_t)t->batch * (size_t)t->features);
    t->pooled_gradient = take_floats(l, (size_t)t->batch * (size_t)t->features);
    t->kept = take_floats(l, (size_t)t->batch * (size_t)mn_train_classifier(t)->in_p);
}

static void lay_out_units(mn_train_net *t, layout *l) {
    size_t wide = 0, narrow = 0, batch = (size_t)t->batch;
    for (int32_t i = 0; i < t->unit_count; i++) {
        mn_unit *unit = &t->units[i];
        size_t channels = (size_t)unit->out_p, values = batch * (size_t)unit->out_h * (size_t)unit->out_w * channels;
        unit->z = take_floats(l, values);
        unit->norms = take_floats(l, MN_NORM_ROWS * channels);
        if (unit->stored) unit->x = take_floats(l, values);
        if (unit->linear) {
            narrow = mn_max_size(narrow, values);
        } else {
            wide = mn_max_size(wide, values);
        }
        if (unit->kind == MN_UNIT_POINTWISE) unit->transposed = take_floats(l, channels * (size_t)unit->in_p);
    }
    for (int i = 0; i < 2; i++) {
        t->wide[i] = take_floats(l, wide);
        t->narrow[i] = take_floats(l, narrow);
    }
}

static void lay_out_fake(mn_train_net *t, layout *l) {
    size_t tensors = (size_t)mn_fake_tensors(t);
    if (t->fake.mode == MN_QAT_NONE) return;
    t->fake.weights = take_floats(l, t->parameter_count);
    t->fake.ranges = take(l, tensors, sizeof *t->fake.ranges);
    t->fake.steps = take(l, tensors, sizeof *t->fake.steps);
    t->fake.logits_kept = take_floats(l, (size_t)t->batch * (size_t)mn_train_classifier(t)->out_p);
}

static void lay_out_fake_worker(const mn_train_net *t, layout *l, size_t channels, mn_train_worker *worker) {
    channels = mn_max_size(channels, mn_max_size((size_t)t->features, (size_t)mn_train_classifier(t)->out_p));
    if (t->fake.mode == MN_QAT_NONE) return;
    worker->low = take_floats(l, channels);
    worker->high = take_floats(l, channels);
    worker->sums_workspace = take_floats(l, mn_max_size(MN_FAKE_CHUNK, channels));
    worker->scale = take(l, channels, sizeof *worker->scale);
    worker->seen = take(l, (size_t)mn_fake_tensors(t), sizeof *worker->seen);
}

static void lay_out_workers(mn_train_net *t, layout *l) {
    size_t workspace = 0, partial = 0, channels = 0;
    for (int32_t i = 0; i < t->unit_count; i++) {
        const mn_unit *unit = &t->units[i];
        workspace = mn_max_size(workspace, workspace_of(unit));
        partial = mn_max_size(partial, (size_t)unit->kernel_rows * (size_t)unit->out_p);
        channels = mn_max_size(channels, (size_t)unit->out_p);
    }
    t->spreads = take(l, channels, sizeof *t->spreads);
    t->shared = take(l, 2 * channels + 1, sizeof *t->shared);
    for (int32_t i = 0; i < t->threads; i++) {
        mn_train_worker worker = {.workspace = take_floats(l, workspace), .partial = take_floats(l, partial)};
        for (int s = 0; s < 2; s++) {
            worker.short_sums[s] = take_floats(l, channels);
            worker.sums[s] = take(l, channels, sizeof(double));
        }
        worker.shift = take_floats(l, channels);
        lay_out_fake_worker(t, l, channels, &worker);
        if (l->memory) t->workers[i] = worker;
    }
}

static void lay_out(mn_train_net *t, layout *l) {
    size_t batch = (size_t)t->batch;
    t->workers = take(l, (size_t)t->threads, sizeof *t->workers);
    t->parameters = take_floats(l, t->parameter_count);
    t->gradients = take_floats(l, t->parameter_count);
    t->statistics = take_floats(l, t->statistic_count);
    t->pictures = take_floats(l, batch * 3 * (size_t)t->height * (size_t)t->width);
    t->labels = take(l, batch, sizeof *t->labels);
    lay_out_head(t, l);
    lay_out_units(t, l);
    lay_out_fake(t, l);
    lay_out_workers(t, l);
}

static mn_status measure(mn_train_net *t) {
    layout count = {0};
    lay_out(t, &count);
    if (count.overflow)
        return mn_fail(MN_ERROR_LIMIT, "a batch of %d pictures is too large; make it smaller", t->batch);
    t->bytes = count.used;
    return MN_OK;
}

static mn_status populate(mn_train_net *t) {
    t->memory = mn_aligned_alloc(64, t->bytes);
    if (!t->memory) {
        return mn_fail(MN_ERROR_MEMORY, "out of memory for %zu MiB of training; use a smaller batch", t->bytes >> 20);
    }
    memset(t->memory, 0, t->bytes);
    layout l = {.memory = t->memory};
    lay_out(t, &l);
    return t->threads > 1 ? mn_team_create(t->threads, &t->team) : MN_OK;
}

/* ---- Weights in and out ------------------------------------------------------------------------------ */

/* Rows of `channels` values between the dense layout of the net and the padded one. */
static void copy_rows(float *wide, float *dense, int32_t rows, int32_t channels, int32_t padded_channels, bool out) {
    for (int32_t r = 0; r < rows; r++) {
        float *a = wide + (size_t)r * (size_t)padded_channels, *b = dense + (size_t)r * (size_t)channels;
        memcpy(out ? b : a, out ? a : b, (size_t)channels * sizeof(float));
    }
}

static void copy_dense(const mn_dense *dense, float *parameters, const mn_net *net, bool out) {
    const mn_layer *layer = &net->layers[dense->layer];
    copy_rows(parameters + dense->kernel, layer->kernel, dense->in_c, dense->out_c, dense->out_p, out);
    copy_rows(parameters + dense->bias, layer->bias, 1, dense->out_c, dense->out_p, out);
}

static void copy_all(const mn_train_net *t, float *parameters, float *statistics, const mn_net *net, bool out) {
    for (int32_t i = 0; i < t->unit_count; i++) {
        const mn_unit *u = &t->units[i];
        const mn_layer *conv = &net->layers[u->conv], *norm = &net->layers[u->norm];
        copy_rows(parameters + u->kernel, conv->kernel, u->kernel_rows, u->out_c, u->out_p, out);
        copy_rows(parameters + u->gamma, norm->gamma, 1, u->out_c, u->out_p, out);
        copy_rows(parameters + u->beta, norm->beta, 1, u->out_c, u->out_p, out);
        copy_rows(statistics + u->mean, norm->mean, 1, u->out_c, u->out_p, out);
        copy_rows(statistics + u->variance, norm->variance, 1, u->out_c, u->out_p, out);
        if (!u->gate) continue;
        copy_dense(&u->gate->squeeze, parameters, net, out);
        copy_dense(&u->gate->excite, parameters, net, out);
    }
    for (int32_t i = 0; i < t->head_count; i++) copy_dense(&t->head[i], parameters, net, out);
}

mn_interval mn_train_net_pixels(const mn_train_net *t) {
    double high = (double)t->pixel_offset + 255 * (double)t->pixel_scale, whole = round(high * 1000) / 1000;
    return (mn_interval){t->pixel_offset, (float)(fabs(high - whole) < 1e-5 ? whole : high)};
}

void mn_train_net_export(const mn_train_net *t, const float *parameters, const float *statistics, mn_net *net) {
    /* Read only: `out` says the direction. */
    copy_all(t, (float *)(uintptr_t)parameters, (float *)(uintptr_t)statistics, net, true);
    for (int32_t i = 0; i < net->layer_count; i++) net->layers[i].low = net->layers[i].high = 0;
    mn_interval pixels = mn_train_net_pixels(t);
    mn_meaning_set_range(&net->meaning, (double)pixels.low, (double)pixels.high);
    net->meaning.fit = MN_FIT_EXACT;
    if (t->fake.mode != MN_QAT_NONE) mn_fake_export(t, net);
}

/* ---- The whole --------------------------------------------------------------------------------------- */

static mn_status create(mn_train_net *t, const mn_net *net, const mn_train_net_options *options) {
    if (options->batch < 1 || options->threads < 1 || options->threads > MN_MAX_THREADS) {
        return mn_fail(MN_ERROR_ARGUMENT, "batch and threads must be 1 or more, and threads at most %d",
                       MN_MAX_THREADS);
    }
    *t = (mn_train_net){.net = net,
                        .kernels = mn_train_kernels_best(),
                        .threads = options->threads,
                        .batch = options->batch,
                        .batch_p = mn_train_padded(options->batch),
                        .height = net->layers[0].h,
                        .width = net->layers[0].w,
                        .pixel_scale = 1.0f / 127.5f,
                        .pixel_offset = -1,
                        .dropout = options->dropout,
                        .fake = {.mode = options->qat}};
    MN_TRY(mn_train_read_layers(t, net));
    freeze(t, options->freeze);
    lay_out_parameters(t);
    return measure(t);
}

mn_status mn_train_net_create(const mn_net *net, const mn_train_net_options *options, mn_train_net *out,
                              size_t *bytes) {
    mn_train_net t = {0};
    mn_status status = create(&t, net, options);
    if (status == MN_OK && bytes) *bytes = t.bytes;
    if (status == MN_OK && out) status = populate(&t);
    if (status == MN_OK && out) {
        copy_all(&t, t.parameters, t.statistics, net, false);
        if (t.fake.mode != MN_QAT_NONE) mn_fake_start(&t);
        *out = t;
    } else {
        mn_train_net_free(&t);
    }
    return status;
}

void mn_train_net_free(mn_train_net *t) {
    mn_team_close(&t->team);
    for (int32_t i = 0; i < t->unit_count; i++) free(t->units[i].gate);
    free(t->units);
    free(t->head);
    mn_aligned_free(t->memory);
    *t = (mn_train_net){0};
}

void mn_train_run(mn_train_net *t, mn_team_job job, void *context) {
    if (t->team) {
        mn_team_run(t->team, job, context);
    } else {
        job(context, 0, 1);
    }
}
