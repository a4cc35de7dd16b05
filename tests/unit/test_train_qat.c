/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Quantisation-aware training: gradients are those of the straight-through estimator, and what the net computes while
 * it trains is what the int8 model made of it computes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/extremes.h"
#include "keras/keras.h"
#include "keras/write_h5.h"
#include "net/fold.h"
#include "net/random.h"
#include "quant/learned.h"
#include "quant/prepare.h"
#include "quant/quantise.h"
#include "quant/runner.h"
#include "session/model.h"
#include "support/train_definition.h"
#include "train/fake_quant.h"
#include "train/passes.h"
#include "train/trainer.h"

/* ---- Kernels ----------------------------------------------------------------------------------------- */

static void check_kernels(const mn_train_kernels *kernels) {
    enum { CHANNELS = 48, ROWS = 11, COUNT = CHANNELS * ROWS };
    float *x = aligned_alloc(64, COUNT * sizeof *x), *add = aligned_alloc(64, COUNT * sizeof *add);
    float *to = aligned_alloc(64, COUNT * sizeof *to);
    float *low = aligned_alloc(64, CHANNELS * sizeof *low), *high = aligned_alloc(64, CHANNELS * sizeof *high);
    const float step = 0.03125f;
    const mn_fake f = {.low = -100 * step, .high = 155 * step, .step = step, .inverse = 1 / step};
    mn_random random = {77};
    for (int i = 0; i < COUNT; i++) x[i] = (float)mn_random_uniform(&random, -6, 7);
    x[0] = 2.5f * step, x[1] = -3.5f * step; /* halves to even */
    for (int i = 0; i < COUNT; i++) add[i] = (float)mn_random_uniform(&random, -1, 1);
    for (int sum = 0; sum < 2; sum++) {
        memcpy(to, x, COUNT * sizeof *to);
        kernels->fake(&f, COUNT, sum ? add : NULL, to);
        for (int i = 0; i < COUNT; i++) {
            float expected = rintf(fminf(fmaxf(x[i], f.low), f.high) / step) * step + (sum ? add[i] : 0);
            assert_true(to[i] == expected);
        }
    }
    memcpy(to, add, COUNT * sizeof *to);
    kernels->clip(&f, COUNT, x, to);
    for (int i = 0; i < COUNT; i++) assert_true(to[i] == (x[i] > f.low && x[i] < f.high ? add[i] : 0));
    for (int c = 0; c < CHANNELS; c++) low[c] = INFINITY, high[c] = -INFINITY;
    kernels->extremes(CHANNELS, ROWS, x, low, high);
    for (int c = 0; c < CHANNELS; c++) {
        float least = INFINITY, most = -INFINITY;
        for (int r = 0; r < ROWS; r++) {
            least = mn_min_f32(least, x[r * CHANNELS + c]);
            most = mn_max_f32(most, x[r * CHANNELS + c]);
        }
        assert_true(low[c] == least && high[c] == most);
    }
    free(x), free(add), free(to), free(low), free(high);
}

static void kernels_are_their_definition(void **state) {
    (void)state;
    for (const mn_train_kernels *const *tier = mn_train_kernels_all(); *tier; tier++) check_kernels(*tier);
}

/* ---- Gradients --------------------------------------------------------------------------------------- */

static void forward(mn_train_net *t, bool training) {
    t->training = training;
    t->use_parameters = t->parameters;
    t->use_statistics = t->statistics;
    assert_int_equal(mn_train_forward(t), MN_OK);
}

static float *take_floats(size_t count) {
    float *floats = aligned_alloc(64, count * sizeof *floats);
    assert_non_null(floats);
    return floats;
}

static float *copy_floats(const float *from, size_t count) {
    float *to = take_floats(count);
    memcpy(to, from, count * sizeof *to);
    return to;
}

static void keep(td_definition *d, int32_t layer, int32_t row, const float *stored, const float *open) {
    d->stored[layer] = stored;
    d->open[layer] = open;
    d->stored_row[layer] = row;
}

/* 1 where low < x < high, else 0. */
static float *between(const float *x, size_t count, float low, float high) {
    float *open = take_floats(count);
    for (size_t i = 0; i < count; i++) open[i] = x[i] > low && x[i] < high;
    return open;
}

/* What a unit's convolution gives, and after that its sum. */
static void list_unit(const mn_train_net *t, int32_t index, mn_fake *steps, td_definition *d) {
    const mn_unit *u = &t->units[index];
    size_t rows = TD_BATCH * mn_unit_rows(u), count = rows * (size_t)u->out_p;
    mn_norm norm = mn_unit_norm(u), bare = norm;
    int32_t layer = u->linear ? u->norm : u->last;
    float *raw = take_floats(count), *out = take_floats(count);
    bare.low = -INFINITY;
    bare.high = INFINITY;
    t->kernels->activate(&bare, u->out_p, (ptrdiff_t)rows, u->z, NULL, raw);
    t->kernels->activate(&norm, u->out_p, (ptrdiff_t)rows, u->z, NULL, out);
    mn_fake_round(t, mn_fake_out(index), count, NULL, out);
    keep(d, layer, u->out_p, out, between(raw, count, norm.low, norm.high));
    steps[layer] = t->fake.steps[mn_fake_out(index)];
    steps[layer].low = norm.low;
    steps[layer].high = norm.high;
    if (u->skip >= 0) {
        const mn_fake *sum = &t->fake.steps[mn_fake_sum(index)];
        for (size_t i = 0; i < count; i++) raw[i] = out[i] + t->units[u->skip].x[i];
        keep(d, u->last, u->out_p, copy_floats(u->x, count), between(raw, count, sum->low, sum->high));
        steps[u->last] = *sum;
    }
    free(raw);
}

/* What the net stored behind each layer in its last forward pass. */
static void list_stored(const mn_train_net *t, mn_fake *steps, td_definition *d) {
    size_t features = (size_t)TD_BATCH * (size_t)t->features, logits = (size_t)TD_BATCH * (size_t)t->head->out_p;
    memset(steps, 0, TD_LAYERS * sizeof *steps);
    steps[0] = t->fake.steps[mn_fake_pictures(t)];
    for (int32_t i = 0; i < t->unit_count; i++) list_unit(t, i, steps, d);
    keep(d, t->pool, t->features, copy_floats(t->pooled, features), copy_floats(t->kept, features));
    keep(d, t->head->layer, t->head->out_p, copy_floats(t->head->z, logits), copy_floats(t->fake.logits_kept, logits));
    steps[t->pool] = t->fake.steps[mn_fake_pooled(t)];
    steps[t->head->layer] = t->fake.steps[mn_fake_logits(t)];
}

static void free_stored(td_definition *d) {
    for (int i = 0; i < TD_LAYERS; i++) {
        free((void *)(uintptr_t)d->stored[i]);
        free((void *)(uintptr_t)d->open[i]);
    }
}

/* Ranges as a batch shows them, and then some of them narrower, so that values lie outside of each kind of tensor. */
static void learn_ranges(mn_train_net *t) {
    forward(t, true);
    assert_int_equal(mn_fake_keep_ranges(t, 0), MN_OK);
    for (int32_t i = 0; i < mn_fake_pictures(t); i++) {
        if (!mn_interval_known(t->fake.ranges[i]) || i % 4 == 2) continue;
        t->fake.ranges[i].low *= 0.8f;
        t->fake.ranges[i].high *= 0.7f;
    }
}

static void check_gradients(const mn_train_kernels *kernels, int32_t threads, mn_qat mode, int32_t freeze,
                            int32_t step) {
    mn_net net = {0};
    mn_train_net t;
    mn_train_result result;
    mn_fake steps[TD_LAYERS];
    mn_train_net_options options = {.batch = TD_BATCH + 1, .threads = threads, .freeze = freeze, .qat = mode};
    td_make_net(&net);
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    t.kernels = kernels;
    t.count = TD_BATCH;
    t.smoothing = TD_SMOOTHING;
    td_draw_batch(t.pictures, t.labels);
    mn_fake_round_pictures(&t);
    learn_ranges(&t);
    forward(&t, true);
    td_definition d = {.net = &net,
                       .pictures = t.pictures,
                       .labels = t.labels,
                       .steps = steps,
                       .per_tensor = mode == MN_QAT_PER_TENSOR};
    list_stored(&t, steps, &d);
    double expected = td_evaluate(&d);
    /* Half a step, but for the mean. */
    if (d.farthest > 0.7501) fail_msg("a value moved by %.6f steps to where it is stored", d.farthest);
    if (d.astray > 1e-3) fail_msg("a value is %.6f steps on the wrong side of its range's end", d.astray);
    d.fixed = true;
    assert_int_equal(mn_train_loss(&t, &result), MN_OK);
    assert_int_equal(mn_train_backward(&t), MN_OK);
    if (fabs(result.loss / TD_BATCH - expected) > 1e-6) fail_msg("%.9g, not %.9g", result.loss / TD_BATCH, expected);
    const char *wrong = td_compare_gradients(&d, &net, &t, step);
    if (wrong) fail_msg("%s", wrong);
    free_stored(&d);
    td_free(&d);
    mn_train_net_free(&t);
    mn_net_free(&net);
}

static void gradients_pass_the_rounding(void **state) {
    (void)state;
    check_gradients(mn_train_kernels_best(), 1, MN_QAT_PER_CHANNEL, 0, 7);
    check_gradients(mn_train_kernels_best(), 2, MN_QAT_PER_TENSOR, 0, 31);
    check_gradients(mn_train_kernels_best(), 2, MN_QAT_PER_CHANNEL, -1, 7);
    for (const mn_train_kernels *const *tier = mn_train_kernels_all(); *tier; tier++) {
        check_gradients(*tier, 3, MN_QAT_PER_CHANNEL, 0, 97);
    }
}

/* ---- Ranges ------------------------------------------------------------------------------------------ */

static void ranges_follow_the_extremes(void **state) {
    (void)state;
    mn_net net = {0};
    mn_train_net t;
    mn_train_net_options options = {.batch = TD_BATCH, .threads = 3, .qat = MN_QAT_PER_CHANNEL};
    td_make_net(&net);
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    t.count = TD_BATCH;
    td_draw_batch(t.pictures, t.labels);
    mn_fake_round_pictures(&t);
    assert_false(mn_interval_known(t.fake.ranges[mn_fake_logits(&t)]));
    forward(&t, true);
    assert_int_equal(mn_fake_keep_ranges(&t, 0), MN_OK);
    int32_t places[] = {mn_fake_out(0), mn_fake_out(2), mn_fake_sum(5), mn_fake_pooled(&t), mn_fake_logits(&t)};
    for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
        mn_interval *range = &t.fake.ranges[places[k]];
        assert_true(range->low <= 0 && range->high > 0);
        *range = (mn_interval){-100, 100};
    }
    /* Wide ranges round coarsely, but extremes stay near; at step 1000 a range moves by a hundredth. */
    forward(&t, true);
    assert_int_equal(mn_fake_keep_ranges(&t, 1000), MN_OK);
    for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
        mn_interval range = t.fake.ranges[places[k]];
        if (range.low < -99.1f || range.low > -98.9f) fail_msg("%zu: %g", k, (double)range.low);
        if (range.high < 98.99f || range.high > 99.1f) fail_msg("%zu: %g", k, (double)range.high);
    }
    assert_true(t.fake.ranges[mn_fake_pictures(&t)].low == -1 && t.fake.ranges[mn_fake_pictures(&t)].high == 1);
    /* Evaluating moves nothing. */
    float high = t.fake.ranges[places[0]].high;
    forward(&t, false);
    assert_true(t.fake.ranges[places[0]].high == high && !mn_interval_known(t.workers[0].seen[places[0]]));
    mn_train_net_free(&t);
    mn_net_free(&net);
}

/* What another machine saw: -5 to 9 everywhere. */
static mn_status other_extremes(void *self, double *values, size_t count) {
    int32_t *calls = self;
    for (size_t i = 0; i < count / 2; i++) {
        assert_true(values[count / 2 + i] == 0);
        values[count / 2 + i] = i % 2 ? 9 : -5;
    }
    ++*calls;
    return MN_OK;
}

static void machines_share_their_extremes(void **state) {
    (void)state;
    mn_net net = {0};
    mn_train_net t;
    int32_t calls = 0;
    mn_reduce reduce = {.rank = 0, .ranks = 2, .self = &calls, .sum = other_extremes};
    mn_train_net_options options = {.batch = TD_BATCH, .threads = 2, .qat = MN_QAT_PER_CHANNEL};
    td_make_net(&net);
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    t.count = TD_BATCH;
    td_draw_batch(t.pictures, t.labels);
    mn_fake_round_pictures(&t);
    forward(&t, true);
    mn_interval ours = t.workers[0].seen[mn_fake_out(0)];
    assert_true(ours.low >= 0 && ours.high <= 1.5f);
    t.reduce = &reduce;
    assert_int_equal(mn_fake_keep_ranges(&t, 0), MN_OK);
    assert_int_equal(calls, 1);
    assert_true(t.fake.ranges[mn_fake_out(0)].low == -5 && t.fake.ranges[mn_fake_out(0)].high == 9);
    assert_true(t.fake.ranges[mn_fake_logits(&t)].low == -5 && t.fake.ranges[mn_fake_logits(&t)].high == 9);
    t.reduce = NULL;
    mn_train_net_free(&t);
    mn_net_free(&net);
}

/* ---- The int8 model ---------------------------------------------------------------------------------- */

enum { SIZE = 96, CLASSES = 36, BATCH = 12, STEPS = 9, PIXELS = SIZE * SIZE * 3 };

/* The model of signs, with scores instead of probabilities. */
static void read_net(mn_net *net) {
    static const mn_keras_options options = {.no_softmax = true};
    mn_keras_info info;
    assert_int_equal(mn_keras_open("models/signs_0.35_96.h5", &options, net, &info), MN_OK);
}

/* Some steps, and then the answers to one batch of whole pictures. */
static void train(const mn_net *net, mn_dataset *data, mn_qat mode, mn_trainer *t) {
    mn_trainer_options options;
    mn_train_result result;
    mn_trainer_defaults(&options);
    mn_optimiser_defaults(MN_SGD, &options.optimiser);
    options.batch = BATCH;
    options.threads = 2;
    options.epochs = STEPS;
    options.qat = mode;
    options.ema = 0.9;
    options.schedule.rate = 0.002;
    options.augment.area[0] = 0.8;
    options.augment.flip = false;
    assert_int_equal(mn_trainer_create(net, data, &options, t), MN_OK);
    for (int32_t step = 0; step < STEPS; step++) assert_int_equal(mn_trainer_step(t, &result), MN_OK);
    assert_int_equal(mn_trainer_evaluate(t, data, &result), MN_OK);
    assert_true(result.right >= 35);
    assert_int_equal(t->net.count, BATCH);
    assert_int_equal(mn_train_forward(&t->net), MN_OK); /* the loss made gradients of the logits */
}

/* The pixels of the batch. */
static uint8_t *take_pixels(const mn_train_net *t) {
    uint8_t *pixels = malloc(BATCH * PIXELS);
    assert_non_null(pixels);
    mn_step8 step = mn_step8_of(t->fake.ranges[mn_fake_pictures(t)]);
    for (int32_t i = 0; i < BATCH * PIXELS; i++) {
        float pixel = t->pictures[i] / step.scale + (float)(step.zero + 128);
        pixels[i] = (uint8_t)rintf(pixel);
        assert_true(fabsf(pixel - (float)pixels[i]) < 1e-3f);
    }
    return pixels;
}

/* Through the file that `train` writes and `quantize` reads. */
static void write_and_read(const mn_net *net, mn_net *out) {
    static const mn_keras_options options = {.no_softmax = true};
    uint8_t *data;
    size_t bytes;
    mn_keras_info info;
    assert_int_equal(mn_keras_write_h5(net, &data, &bytes), MN_OK);
    assert_int_equal(mn_keras_read(data, bytes, "trained.h5", &options, out, &info), MN_OK);
    free(data);
    assert_false(info.assumed_size);
    assert_int_equal(out->layers[0].h, SIZE);
    assert_int_equal(out->per_tensor, net->per_tensor);
    for (int32_t i = 0; i < net->layer_count; i++) {
        assert_true(out->layers[i].low == net->layers[i].low && out->layers[i].high == net->layers[i].high);
    }
}

/* Every stored weight times its scale is the weight that the net computed with. */
static void compare_weights(const mn_graph *int8, const mn_train_net *t) {
    int32_t unit = 0;
    for (int32_t i = 0; i < int8->op_count; i++) {
        const mn_op *op = &int8->ops[i];
        const mn_tensor *w = op->input_count > 2 ? mn_graph_input(int8, op, 1) : NULL;
        if (!w || w->type != MN_INT8 || !w->data) continue;
        const mn_unit *u = &t->units[unit++];
        bool dense = op->kind == MN_OP_FULLY_CONNECTED, deep = op->kind == MN_OP_DEPTHWISE_CONV_2D;
        const float *ours = t->fake.weights + (dense ? t->head[0].kernel : u->kernel);
        int32_t channels = dense ? CLASSES : u->out_c, row = dense ? t->head[0].out_p : u->out_p;
        int32_t rows = (int32_t)w->bytes / channels;
        const int8_t *stored = w->data;
        for (int32_t k = 0; k < rows * channels; k++) {
            int32_t c = k % channels, r = k / channels;
            float scale = w->quant.scale[w->quant.count > 1 ? c : 0];
            assert_true((float)stored[deep ? k : c * rows + r] * scale == ours[r * row + c]);
        }
    }
    assert_int_equal(unit, t->unit_count + 1);
}

/* What the net stored of the first picture where the int8 graph has the output of operator `index`. `unit` counts the
 * convolutions so far. */
static int8_t *stored_output(const mn_train_net *t, const mn_op *op, int32_t *unit) {
    bool convolves = op->kind == MN_OP_CONV_2D || op->kind == MN_OP_DEPTHWISE_CONV_2D, adds = op->kind == MN_OP_ADD;
    const mn_unit *u = convolves || adds ? &t->units[convolves ? (*unit)++ : *unit - 1] : NULL;
    bool pools = op->kind == MN_OP_MEAN;
    int32_t tensor = convolves ? mn_fake_out(*unit - 1)
                     : adds    ? mn_fake_sum(*unit - 1)
                     : pools   ? mn_fake_pooled(t)
                               : mn_fake_logits(t);
    size_t rows = u ? mn_unit_rows(u) : 1;
    size_t row = (size_t)(u ? u->out_p : pools ? t->features : t->head[0].out_p);
    size_t channels = (size_t)(u ? u->out_c : pools ? t->features : CLASSES);
    float *values = take_floats(rows * row);
    if (convolves) {
        mn_norm norm = mn_unit_norm(u);
        t->kernels->activate(&norm, u->out_p, (ptrdiff_t)rows, u->z, NULL, values);
        mn_fake_round(t, tensor, rows * row, NULL, values);
    } else {
        memcpy(values, adds ? u->x : pools ? t->pooled : t->head[0].z, rows * row * sizeof *values);
    }
    mn_step8 step = mn_step8_of(t->fake.ranges[tensor]);
    int8_t *stored = malloc(rows * channels);
    assert_non_null(stored);
    for (size_t i = 0; i < rows * channels; i++) {
        float units = rintf(values[i / channels * row + i % channels] / step.scale) + (float)step.zero;
        assert_true(units >= -128 && units <= 127);
        stored[i] = (int8_t)units;
    }
    free(values);
    return stored;
}

/* The model of one operator; *session runs it. */
static void open_operator(const mn_graph *graph, mn_op *op, mn_model **model, mn_session **session) {
    mn_graph one = *graph, own;
    one.ops = op;
    one.op_count = 1;
    one.inputs = op->inputs;
    one.input_count = op->kind == MN_OP_ADD ? 2 : 1;
    one.outputs = op->outputs;
    one.output_count = 1;
    assert_int_equal(mn_graph_share(&one, &own), MN_OK);
    assert_int_equal(mn_model_from_graph(&own, model), MN_OK);
    mn_session_options options = MN_INIT(mn_session_options);
    assert_int_equal(mn_session_create(*model, &options, session), MN_OK);
}

/* Each tensor of the net from those before it, as the int8 operator computes it: at most a step away, and seldom. The
 * reference kernels round twice, first to a fraction of a step, so that a little less than a half counts as a half. */
static void compare_operators(const mn_graph *int8, const mn_train_net *t, const uint8_t *pixels) {
    int8_t **stored = calloc((size_t)int8->tensor_count, sizeof *stored);
    int32_t unit = 0;
    double worst = 0;
    assert_non_null(stored);
    stored[int8->inputs[0]] = malloc(PIXELS);
    assert_non_null(stored[int8->inputs[0]]);
    for (int32_t i = 0; i < PIXELS; i++) stored[int8->inputs[0]][i] = (int8_t)(pixels[i] - 128);
    for (int32_t i = 0; i < int8->op_count; i++) {
        mn_op *op = &int8->ops[i];
        mn_model *model;
        mn_session *session;
        open_operator(int8, op, &model, &session);
        for (int32_t k = 0; k < (op->kind == MN_OP_ADD ? 2 : 1); k++) {
            memcpy(mn_session_input(session, k), stored[op->inputs[k]], int8->tensors[op->inputs[k]].bytes);
        }
        assert_int_equal(mn_session_run(session), MN_OK);
        const int8_t *theirs = mn_session_output(session, 0);
        int8_t *ours = stored[op->outputs[0]] = stored_output(t, op, &unit);
        size_t count = int8->tensors[op->outputs[0]].bytes, others = 0;
        for (size_t k = 0; k < count; k++) {
            if (abs(ours[k] - theirs[k]) > 1)
                fail_msg("%s: %d, not %d", int8->tensors[op->outputs[0]].name, ours[k], theirs[k]);
            others += ours[k] != theirs[k];
        }
        double part = (double)others / (double)count;
        worst = part > worst ? part : worst;
        if (others > 2 + count / 100)
            fail_msg("%s: %zu of %zu differ", int8->tensors[op->outputs[0]].name, others, count);
        mn_session_close(&session);
        mn_model_close(&model);
    }
    printf("operators: at most %.2f %% of values are a step from what int8 makes of the same input\n", 100 * worst);
    for (int32_t i = 0; i < int8->tensor_count; i++) free(stored[i]);
    free((void *)stored);
}

/* The whole way: a step here and there in early layers moves many in late ones, up and down. */
static void compare_logits(mn_runner *runner, const mn_graph *int8, const mn_train_net *t, const mn_samples *samples) {
    const mn_tensor *output = &int8->tensors[int8->outputs[0]];
    int32_t far = 0, right = 0, same = 0;
    double all = 0;
    for (int32_t i = 0; i < samples->count; i++) {
        const mn_session *session;
        assert_int_equal(mn_runner_run(runner, 0, samples, i, &session), MN_OK);
        const int8_t *stored = mn_session_output(session, 0);
        const float *logits = t->head->z + i * t->head->out_p;
        int32_t best = 0, ours = 0;
        for (int32_t c = 0; c < CLASSES; c++) {
            int32_t units = (int32_t)rintf(logits[c] / output->quant.scale[0]) + output->quant.zero_point[0];
            far = abs(units - stored[c]) > far ? abs(units - stored[c]) : far;
            all += abs(units - stored[c]);
            best = stored[c] > stored[best] ? c : best;
            ours = logits[c] > logits[ours] ? c : ours;
        }
        same += best == ours;
        right += best == t->labels[i];
    }
    double mean = all / (samples->count * CLASSES);
    printf("logits: at most %d steps of 255 from those of the int8 model, %.2f on average\n", far, mean);
    assert_true(far <= 8 && mean < 1);
    assert_int_equal(same, BATCH);
    assert_true(right >= BATCH - 1); /* a net that answers the same to everything would be no test */
}

static void check_int8(mn_qat mode) {
    mn_net net = {0}, read = {0};
    mn_dataset data = {0};
    mn_trainer t;
    mn_graph graph, int8;
    mn_channel_stats *stats;
    mn_runner *runner;
    mn_quantise_options how;
    assert_int_equal(mn_dataset_open("models/signs", NULL, &data), MN_OK);
    read_net(&net);
    train(&net, &data, mode, &t);
    mn_trainer_export(&t, &net);
    write_and_read(&net, &read);
    assert_int_equal(mn_net_fold(&read, &graph, &stats), MN_OK);
    assert_int_equal(mn_quant_prepare(&graph), MN_OK);
    mn_quantise_defaults(&how);
    how.scales = read.per_tensor ? MN_SCALES_PER_TENSOR : MN_SCALES_PER_CHANNEL;
    assert_int_equal(read.per_tensor, mode == MN_QAT_PER_TENSOR);
    assert_int_equal(mn_quantise_learned(&graph, stats, &how, &int8), MN_OK);
    compare_weights(&int8, &t.net);
    uint8_t *pixels = take_pixels(&t.net);
    compare_operators(&int8, &t.net, pixels);
    mn_samples samples = {.count = BATCH, .elements = PIXELS, .pixels = pixels, .meaning = {-1, 1}};
    assert_int_equal(mn_runner_create(&int8, 1, &runner), MN_OK);
    compare_logits(runner, &int8, &t.net, &samples);
    mn_runner_close(&runner);
    mn_graph_free(&int8);
    mn_graph_free(&graph);
    mn_trainer_free(&t);
    mn_net_free(&read);
    mn_net_free(&net);
    mn_dataset_free(&data);
    free(pixels);
}

static void it_computes_what_the_int8_model_does(void **state) {
    (void)state;
    check_int8(MN_QAT_PER_CHANNEL);
    check_int8(MN_QAT_PER_TENSOR);
}

/* ---- Files ------------------------------------------------------------------------------------------- */

static void refused(mn_net *net, const char *sentence) {
    static const mn_keras_options options = {.no_softmax = true};
    uint8_t *data;
    size_t bytes;
    mn_net read = {0};
    mn_keras_info info;
    assert_int_equal(mn_keras_write_h5(net, &data, &bytes), MN_OK);
    assert_int_equal(mn_keras_read(data, bytes, "bad.h5", &options, &read, &info), MN_ERROR_FORMAT);
    if (!strstr(mn_error_detail(), sentence)) fail_msg("%s", mn_error_detail());
    free(data);
}

static void ranges_in_files_are_checked(void **state) {
    (void)state;
    mn_net net = {0};
    mn_graph graph, int8;
    mn_channel_stats *stats;
    mn_interval input;
    mn_quantise_options how;
    read_net(&net);
    net.layers[0].low = -1;
    net.layers[0].high = 1;
    refused(&net, "one of them does not hold zero"); /* those of the others are 0 to 0 */
    for (int32_t i = 0; i < net.layer_count; i++) {
        if (mn_layer_has_range(&net.layers[i])) net.layers[i].high = 3;
    }
    net.layers[0].high = NAN;
    refused(&net, "one of them does not hold zero");
    net.layers[0].high = 1;
    net.layers[3].kind = MN_LAYER_ADD; /* one range too many */
    refused(&net, "the network has another number");
    net.layers[3].kind = MN_LAYER_RELU;
    net.layers[0].h = 0;
    refused(&net, "an impossible input size");
    net.layers[0].h = SIZE;
    /* A net in memory may lack one. */
    net.layers[net.layer_count - 1].high = 0;
    assert_int_equal(mn_net_fold(&net, &graph, &stats), MN_OK);
    assert_int_equal(mn_quant_prepare(&graph), MN_OK);
    assert_true(mn_learned_input(&graph, stats, &input));
    mn_quantise_defaults(&how);
    assert_int_equal(mn_quantise_learned(&graph, stats, &how, &int8), MN_ERROR_FORMAT);
    assert_non_null(strstr(mn_error_detail(), "predictions"));
    mn_graph_free(&graph);
    mn_net_free(&net);
}

/* Training on in floats forgets the ranges, which would be those of other weights. */
static void float_training_forgets_ranges(void **state) {
    (void)state;
    mn_net net = {0};
    mn_train_net t;
    mn_train_net_options options = {.batch = 1, .threads = 1};
    td_make_net(&net);
    net.layers[0].low = -1, net.layers[0].high = 1;
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    mn_train_net_export(&t, t.parameters, t.statistics, &net);
    assert_true(net.layers[0].low == 0 && net.layers[0].high == 0);
    mn_train_net_free(&t);
    mn_net_free(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_are_their_definition),         cmocka_unit_test(gradients_pass_the_rounding),
        cmocka_unit_test(ranges_follow_the_extremes),           cmocka_unit_test(machines_share_their_extremes),
        cmocka_unit_test(it_computes_what_the_int8_model_does), cmocka_unit_test(ranges_in_files_are_checked),
        cmocka_unit_test(float_training_forgets_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
