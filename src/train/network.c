/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "graph/shape.h"
#include "train/fake_quant.h"

static int32_t padded(int32_t channels) { return (int32_t)mn_round_up((size_t)channels, MN_TRAIN_ALIGN); }

/* ---- From layers to units ---------------------------------------------------------------------------- */

/* Reading the layers in their order. */
typedef struct chain {
    mn_train_net *t;
    const mn_net *net;
    int32_t *unit_of;   /* [layer_count]: the unit that ends there; -1: the pictures */
    int32_t *padding;   /* [layer_count]: the ZERO_PADDING layer between; -1: none */
    bool pooled, ended; /* global pooling, the classifier have been seen */
} chain;

static mn_status refuse(const chain *c, const mn_layer *layer, const char *why) {
    return mn_net_fail(c->net, layer, MN_ERROR_UNSUPPORTED, "%s; training knows MobileNetV2 and nets like it", why);
}

static mn_unit *unit_at(const chain *c, int32_t layer) {
    return c->unit_of[layer] < 0 ? NULL : &c->t->units[c->unit_of[layer]];
}

/* The value of `layer` is complete: later layers only read it. */
static bool ends(const chain *c, int32_t layer) {
    const mn_unit *unit = unit_at(c, layer);
    return !unit || (unit->last == layer && unit->norm >= 0);
}

static int32_t pad_before(const chain *c, const mn_layer *layer, int32_t in, int32_t k, int32_t out, int side) {
    int32_t padding = c->padding[layer->inputs[0]];
    if (padding >= 0) return c->net->layers[padding].pad[side];
    return layer->padding == MN_PAD_SAME ? mn_max_i32(0, (out - 1) * layer->stride + k - in) / 2 : 0;
}

static mn_status add_unit(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    int32_t from = layer->inputs[0], padding = c->padding[from];
    const mn_layer *in = &c->net->layers[padding >= 0 ? c->net->layers[padding].inputs[0] : from];
    bool depthwise = layer->kind == MN_LAYER_DEPTHWISE, picture = c->unit_of[from] < 0;
    bool pointwise = !depthwise && layer->k_h == 1 && layer->k_w == 1 && layer->stride == 1;
    if (layer->stride != layer->stride_w || layer->dilation_h != 1 || layer->dilation_w != 1 || layer->groups != 1 ||
        layer->multiplier != 1) {
        return refuse(c, layer, "a stride of two numbers, a dilation, groups or a multiplier");
    }
    if (c->pooled || layer->bias) return refuse(c, layer, "a convolution with a bias or behind the pooling");
    if (picture && depthwise) return refuse(c, layer, "the first convolution must not be a depthwise one");
    if (!picture && !depthwise && !pointwise) return refuse(c, layer, "a full convolution behind the first");
    if (depthwise && (layer->k_h != 3 || layer->k_w != 3 || layer->stride > 2)) {
        return refuse(c, layer, "a depthwise kernel that is not 3x3 with stride 1 or 2");
    }
    if (!picture && c->unit_of[from] != c->t->unit_count - 1) return refuse(c, layer, "a branch");
    if (padding < 0 && !ends(c, from)) return refuse(c, layer, "a convolution without batch norm before it");
    mn_unit unit = {.kind = picture     ? MN_UNIT_STEM
                            : depthwise ? MN_UNIT_DEPTHWISE
                                        : MN_UNIT_POINTWISE,
                    .conv = index,
                    .norm = -1,
                    .last = index,
                    .source = c->unit_of[from],
                    .skip = -1,
                    .in_h = in->h,
                    .in_w = in->w,
                    .in_c = in->c,
                    .in_p = picture ? in->c : padded(in->c),
                    .out_h = layer->h,
                    .out_w = layer->w,
                    .out_c = layer->c,
                    .out_p = padded(layer->c),
                    .k_h = layer->k_h,
                    .k_w = layer->k_w,
                    .stride = layer->stride,
                    .linear = true,
                    .high = INFINITY,
                    .clip = {-INFINITY, INFINITY}};
    unit.pad_top = pad_before(c, layer, in->h, layer->k_h, layer->h, 0);
    unit.pad_left = pad_before(c, layer, in->w, layer->k_w, layer->w, 2);
    unit.kernel_rows = layer->k_h * layer->k_w * (depthwise ? 1 : in->c);
    c->unit_of[index] = c->t->unit_count;
    c->t->units[c->t->unit_count++] = unit;
    return MN_OK;
}

static mn_status add_norm(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    mn_unit *unit = unit_at(c, layer->inputs[0]);
    if (!unit || unit->last != layer->inputs[0] || unit->norm >= 0) return refuse(c, layer, "batch norm in this place");
    unit->norm = unit->last = index;
    unit->epsilon = layer->epsilon;
    unit->momentum = layer->momentum;
    c->unit_of[index] = c->unit_of[layer->inputs[0]];
    return MN_OK;
}

static mn_status add_relu(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    mn_unit *unit = unit_at(c, layer->inputs[0]);
    if (!unit || unit->norm != layer->inputs[0] || unit->last != unit->norm) {
        return refuse(c, layer, "an activation that does not follow batch norm");
    }
    unit->last = index;
    unit->linear = false;
    unit->high = unit->clip[1] = layer->max_value;
    unit->clip[0] = 0;
    c->unit_of[index] = c->unit_of[layer->inputs[0]];
    return MN_OK;
}

/* One input is the unit just read, the other an earlier linear one, whose only other reader expands it. */
static mn_status add_sum(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    int32_t a = layer->inputs[0], b = layer->inputs[1], newest = c->t->unit_count - 1;
    int32_t skip = c->unit_of[b] == newest ? a : b, sum = skip == a ? b : a;
    mn_unit *unit = unit_at(c, sum);
    const mn_unit *other = unit_at(c, skip);
    if (!unit || !other || c->unit_of[sum] != newest || !unit->linear || unit->skip >= 0 || unit->last != sum ||
        unit->norm < 0 || !other->linear || !ends(c, skip) || c->unit_of[skip] + 3 != newest ||
        c->t->units[newest - 2].kind != MN_UNIT_POINTWISE) {
        return refuse(c, layer, "an addition that is not that of an inverted residual");
    }
    unit->skip = c->unit_of[skip];
    unit->last = index;
    c->unit_of[index] = newest;
    return MN_OK;
}

static mn_status add_classifier(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    if (!c->pooled || c->ended || !layer->bias) {
        return refuse(c, layer, "a classifier that is not one dense layer with bias behind global pooling");
    }
    c->t->dense = index;
    c->t->features = c->t->units[c->t->unit_count - 1].out_p;
    c->t->classes = layer->units;
    c->t->classes_p = padded(layer->units);
    c->ended = true;
    return MN_OK;
}

static mn_status add_layer(chain *c, int32_t index) {
    const mn_layer *layer = &c->net->layers[index];
    int32_t from = layer->inputs[0];
    c->padding[index] = -1;
    c->unit_of[index] = from >= 0 ? c->unit_of[from] : -1;
    switch (layer->kind) {
    case MN_LAYER_INPUT: return layer->c == 3 ? MN_OK : refuse(c, layer, "pictures that are not RGB");
    case MN_LAYER_RESCALING:
        if (c->unit_of[from] >= 0) return refuse(c, layer, "rescaling behind a convolution");
        c->t->pixel_scale = layer->scale;
        c->t->pixel_offset = layer->offset;
        return MN_OK;
    case MN_LAYER_ZERO_PADDING:
        if (!ends(c, from)) return refuse(c, layer, "padding in this place");
        c->padding[index] = index;
        return MN_OK;
    case MN_LAYER_CONV:
    case MN_LAYER_DEPTHWISE: return add_unit(c, index);
    case MN_LAYER_BATCH_NORM: return add_norm(c, index);
    case MN_LAYER_RELU: return add_relu(c, index);
    case MN_LAYER_ADD: return add_sum(c, index);
    case MN_LAYER_GLOBAL_POOL:
        if (!unit_at(c, from) || !ends(c, from) || c->unit_of[from] != c->t->unit_count - 1) {
            return refuse(c, layer, "pooling in this place");
        }
        c->pooled = true;
        c->t->pool = index;
        return MN_OK;
    case MN_LAYER_RESHAPE:
    case MN_LAYER_DROPOUT: return c->pooled ? MN_OK : refuse(c, layer, "such a layer before the pooling");
    case MN_LAYER_DENSE: return add_classifier(c, index);
    case MN_LAYER_SOFTMAX: return c->ended ? MN_OK : refuse(c, layer, "such a layer before the classifier");
    default: return refuse(c, layer, "such a layer");
    }
}

static mn_status read_layers(mn_train_net *t, const mn_net *net) {
    if (mn_net_output_count(net) > 1) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: the network has %d outputs; one with a single classifier can be trained", net->name,
                       mn_net_output_count(net));
    }
    chain c = {.t = t, .net = net};
    size_t layers = (size_t)net->layer_count;
    t->units = calloc(layers, sizeof *t->units);
    c.unit_of = calloc(layers, sizeof *c.unit_of);
    c.padding = calloc(layers, sizeof *c.padding);
    mn_status status = t->units && c.unit_of && c.padding ? MN_OK : mn_fail_memory("the layers to train");
    for (int32_t i = 0; status == MN_OK && i < net->layer_count; i++) status = add_layer(&c, i);
    if (status == MN_OK && !c.ended) status = refuse(&c, &net->layers[net->layer_count - 1], "no classifier follows");
    free(c.unit_of);
    free(c.padding);
    return status;
}

/* ---- Freezing ---------------------------------------------------------------------------------------- */

/* A block ends where an output is linear, or with the stem or the last convolution. */
static void freeze(mn_train_net *t, int32_t blocks) {
    t->first_trained = 0;
    for (int32_t i = 0, block = 0; i < t->unit_count && (blocks < 0 || block < blocks); i++) {
        mn_unit *unit = &t->units[i];
        unit->frozen = true;
        t->first_trained = i + 1;
        if (unit->linear || unit->kind == MN_UNIT_STEM) block++;
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

static size_t scratch_of(const mn_unit *unit) {
    size_t tile = (size_t)mn_unit_tile(unit);
    if (unit->kind == MN_UNIT_STEM) {
        return mn_round_up(tile * (size_t)unit->kernel_rows, MN_TRAIN_ALIGN) + tile * (size_t)unit->out_p;
    }
    if (unit->kind == MN_UNIT_POINTWISE) return tile * (size_t)(unit->in_p + unit->out_p);
    /* Rings of rows: 4 of the input with up to 3 columns of padding, 4 of gradients with 4. */
    return 4 * (size_t)unit->out_p * ((size_t)unit->in_w + 3 + (size_t)unit->out_w + 4);
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
        unit->mean = statistics;
        unit->variance = statistics + channels;
        statistics += 2 * channels;
    }
    t->dense_kernel = at;
    t->dense_bias = at + (size_t)t->features * (size_t)t->classes_p;
    t->parameter_count = t->dense_bias + (size_t)t->classes_p;
    t->statistic_count = statistics;
}

static void lay_out_units(mn_train_net *t, layout *l) {
    size_t wide = 0, narrow = 0, batch = (size_t)t->batch;
    for (int32_t i = 0; i < t->unit_count; i++) {
        mn_unit *unit = &t->units[i];
        size_t channels = (size_t)unit->out_p, values = batch * (size_t)unit->out_h * (size_t)unit->out_w * channels;
        unit->z = take_floats(l, values);
        unit->norms = take_floats(l, MN_NORM_ROWS * channels);
        if (unit->linear) {
            unit->x = take_floats(l, values);
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
    t->fake.logits_kept = take_floats(l, (size_t)t->batch * (size_t)t->classes_p);
}

static void lay_out_fake_lane(const mn_train_net *t, layout *l, size_t channels, mn_lane *lane) {
    channels = mn_max_size(channels, mn_max_size((size_t)t->features, (size_t)t->classes_p));
    if (t->fake.mode == MN_QAT_NONE) return;
    lane->low = take_floats(l, channels);
    lane->high = take_floats(l, channels);
    lane->sums_scratch = take_floats(l, mn_max_size(MN_FAKE_CHUNK, channels));
    lane->scale = take(l, channels, sizeof *lane->scale);
    lane->seen = take(l, (size_t)mn_fake_tensors(t), sizeof *lane->seen);
}

static void lay_out_lanes(mn_train_net *t, layout *l) {
    size_t scratch = 0, partial = 0, channels = 0;
    for (int32_t i = 0; i < t->unit_count; i++) {
        const mn_unit *unit = &t->units[i];
        scratch = mn_max_size(scratch, scratch_of(unit));
        partial = mn_max_size(partial, (size_t)unit->kernel_rows * (size_t)unit->out_p);
        channels = mn_max_size(channels, (size_t)unit->out_p);
    }
    t->spreads = take(l, channels, sizeof *t->spreads);
    t->shared = take(l, 2 * channels + 1, sizeof *t->shared);
    for (int32_t i = 0; i < t->threads; i++) {
        mn_lane lane = {.scratch = take_floats(l, scratch), .partial = take_floats(l, partial)};
        for (int s = 0; s < 2; s++) {
            lane.short_sums[s] = take_floats(l, channels);
            lane.sums[s] = take(l, channels, sizeof(double));
        }
        lane.shift = take_floats(l, channels);
        lay_out_fake_lane(t, l, channels, &lane);
        if (l->memory) t->lanes[i] = lane;
    }
}

static void lay_out(mn_train_net *t, layout *l) {
    size_t batch = (size_t)t->batch;
    t->lanes = take(l, (size_t)t->threads, sizeof *t->lanes);
    t->parameters = take_floats(l, t->parameter_count);
    t->gradients = take_floats(l, t->parameter_count);
    t->statistics = take_floats(l, t->statistic_count);
    t->pictures = take_floats(l, batch * 3 * (size_t)t->height * (size_t)t->width);
    t->labels = take(l, batch, sizeof *t->labels);
    t->pooled = take_floats(l, batch * (size_t)t->features);
    t->pooled_gradient = take_floats(l, batch * (size_t)t->features);
    t->logits = take_floats(l, batch * (size_t)t->classes_p);
    t->logit_columns = take_floats(l, (size_t)t->batch_p * (size_t)t->classes_p);
    t->pooled_columns = take_floats(l, (size_t)t->batch_p * (size_t)t->features);
    lay_out_units(t, l);
    lay_out_fake(t, l);
    lay_out_lanes(t, l);
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
    t->memory = aligned_alloc(64, t->bytes);
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

static void copy_all(const mn_train_net *t, float *parameters, float *statistics, const mn_net *net, bool out) {
    for (int32_t i = 0; i < t->unit_count; i++) {
        const mn_unit *u = &t->units[i];
        const mn_layer *conv = &net->layers[u->conv], *norm = &net->layers[u->norm];
        copy_rows(parameters + u->kernel, conv->kernel, u->kernel_rows, u->out_c, u->out_p, out);
        copy_rows(parameters + u->gamma, norm->gamma, 1, u->out_c, u->out_p, out);
        copy_rows(parameters + u->beta, norm->beta, 1, u->out_c, u->out_p, out);
        copy_rows(statistics + u->mean, norm->mean, 1, u->out_c, u->out_p, out);
        copy_rows(statistics + u->variance, norm->variance, 1, u->out_c, u->out_p, out);
    }
    const mn_layer *dense = &net->layers[t->dense];
    int32_t features = t->units[t->unit_count - 1].out_c;
    copy_rows(parameters + t->dense_kernel, dense->kernel, features, t->classes, t->classes_p, out);
    copy_rows(parameters + t->dense_bias, dense->bias, 1, t->classes, t->classes_p, out);
}

void mn_train_net_export(const mn_train_net *t, const float *parameters, const float *statistics, mn_net *net) {
    /* Read only: `out` says the direction. */
    copy_all(t, (float *)(uintptr_t)parameters, (float *)(uintptr_t)statistics, net, true);
    for (int32_t i = 0; i < net->layer_count; i++) net->layers[i].low = net->layers[i].high = 0;
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
                        .batch_p = padded(options->batch),
                        .height = net->layers[0].h,
                        .width = net->layers[0].w,
                        .pixel_scale = 1.0f / 127.5f,
                        .pixel_offset = -1,
                        .dropout = options->dropout,
                        .fake = {.mode = options->qat}};
    MN_TRY(read_layers(t, net));
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
    free(t->units);
    free(t->memory);
    *t = (mn_train_net){0};
}

void mn_train_run(mn_train_net *t, mn_team_job job, void *context) {
    if (t->team) {
        mn_team_run(t->team, job, context);
    } else {
        job(context, 0, 1);
    }
}
