/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/checked.h"
#include "base/clock.h"
#include "train/fake_quant.h"
#include "train/feed.h"

void mn_trainer_defaults(mn_trainer_options *o) {
    *o = (mn_trainer_options){
        .batch = 96, .threads = 1, .epochs = 100, .dropout = 0.2f, .smoothing = 0.1f, .ema = 0.9999};
    mn_optimiser_defaults(MN_RMSPROP, &o->optimiser);
    o->schedule = (mn_schedule){.kind = MN_SCHEDULE_STEPS, .rate = 0.045, .decay = 0.98, .decay_epochs = 2.5};
    mn_augment_defaults(&o->augment);
}

static int32_t ranks_of(const mn_trainer_options *o) { return o->reduce ? o->reduce->ranks : 1; }
static int32_t rank_of(const mn_trainer_options *o) { return o->reduce ? o->reduce->rank : 0; }

static mn_train_net_options net_options(const mn_trainer_options *o) {
    return (mn_train_net_options){
        .batch = o->batch, .threads = o->threads, .freeze = o->freeze, .dropout = o->dropout, .qat = o->qat};
}

/* ---- Creating ---------------------------------------------------------------------------------------- */

mn_status mn_trainer_bytes(const mn_net *net, const mn_trainer_options *options, size_t *bytes) {
    mn_train_net_options wanted = net_options(options);
    MN_TRY(mn_train_net_create(net, &wanted, NULL, bytes));
    size_t copies = options->ema > 0 ? 3 : 2; /* of the weights: two slots, the average */
    *bytes += copies * (size_t)mn_net_parameters(net) * sizeof(float);
    return MN_OK;
}

static float *copy_floats(const float *values, size_t count) {
    float *copy = mn_aligned_alloc(64, count * sizeof *copy);
    if (copy) memcpy(copy, values, count * sizeof *copy);
    return copy;
}

static mn_status start_average(mn_trainer *t) {
    t->ema_parameters = t->net.parameters;
    t->ema_statistics = t->net.statistics;
    if (t->options.ema <= 0) return MN_OK;
    t->ema_parameters = copy_floats(t->net.parameters, t->net.parameter_count);
    t->ema_statistics = copy_floats(t->net.statistics, t->net.statistic_count);
    return t->ema_parameters && t->ema_statistics ? MN_OK : mn_fail_memory("the moving average");
}

static mn_status create(mn_trainer *t, const mn_net *net) {
    const mn_trainer_options *o = &t->options;
    mn_train_net_options wanted = net_options(o);
    int64_t batch = (int64_t)o->batch * ranks_of(o);
    if (t->data->count < batch) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: has %d pictures, but one batch needs %lld; use a smaller batch",
                       t->data->path, t->data->count, (long long)batch);
    }
    MN_TRY(mn_train_net_create(net, &wanted, &t->net, NULL));
    t->net.reduce = o->reduce;
    t->net.smoothing = o->smoothing;
    t->steps_per_epoch = t->data->count / batch;
    t->steps = t->steps_per_epoch * o->epochs;
    t->options.schedule.steps_per_epoch = (double)t->steps_per_epoch;
    t->options.schedule.steps = t->steps;
    t->optimiser = o->optimiser;
    t->epoch_of_order = -1;
    MN_TRY(mn_optimiser_start(&t->optimiser, t->net.parameter_count));
    MN_TRY(start_average(t));
    t->order = malloc((size_t)t->data->count * sizeof *t->order);
    t->epochs = calloc((size_t)o->epochs, sizeof *t->epochs);
    if (!t->order || !t->epochs) return mn_fail_memory("the order of the pictures");
    return mn_feed_create(o->batch, &t->feed);
}

mn_status mn_trainer_create(const mn_net *net, mn_dataset *data, const mn_trainer_options *options, mn_trainer *out) {
    *out = (mn_trainer){.options = *options, .data = data};
    mn_status status = create(out, net);
    if (status != MN_OK) mn_trainer_free(out);
    return status;
}

void mn_trainer_free(mn_trainer *t) {
    if (t->options.ema > 0) {
        mn_aligned_free(t->ema_parameters);
        mn_aligned_free(t->ema_statistics);
    }
    free(t->order);
    free(t->epochs);
    mn_feed_free(&t->feed);
    mn_optimiser_free(&t->optimiser);
    mn_train_net_free(&t->net);
    *t = (mn_trainer){0};
}

/* ---- Steps ------------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t seed, uint64_t what, uint64_t number) {
    mn_random random = {seed ^ (what << 56) ^ (number * UINT64_C(0x9e6c63d0876a9a47))};
    return mn_random_bits(&random);
}

enum { MIX_ORDER = 1, MIX_CHANGES, MIX_DROPOUT };

/* Fisher and Yates. */
static void shuffle(mn_trainer *t, int32_t epoch) {
    if (t->epoch_of_order == epoch) return;
    mn_random random = {mix(t->options.seed, MIX_ORDER, (uint64_t)epoch)};
    for (int32_t i = 0; i < t->data->count; i++) t->order[i] = i;
    for (int32_t i = t->data->count - 1; i > 0; i--) {
        int32_t j = (int32_t)(mn_random_bits(&random) % (uint64_t)(i + 1)), kept = t->order[i];
        t->order[i] = t->order[j];
        t->order[j] = kept;
    }
    t->epoch_of_order = epoch;
}

static void report_skipped(mn_trainer *t) {
    const char *sentence;
    for (int32_t i = 0; (sentence = mn_feed_skipped(t->feed, i)); i++) {
        t->skipped++;
        if (t->on_skipped) t->on_skipped(t->on_skipped_self, sentence);
    }
}

static mn_status load(mn_trainer *t, const mn_feed_request *request) {
    mn_status status = mn_feed_fill(t->feed, &t->net, request);
    report_skipped(t);
    if (status == MN_OK && t->options.qat != MN_QAT_NONE) mn_fake_round_pictures(&t->net);
    return status;
}

static mn_status load_batch(mn_trainer *t) {
    const mn_trainer_options *o = &t->options;
    int32_t epoch = (int32_t)(t->step / t->steps_per_epoch), at = (int32_t)(t->step % t->steps_per_epoch);
    shuffle(t, epoch);
    mn_feed_request request = {.data = t->data,
                               .order = t->order,
                               .first = (at * ranks_of(o) + rank_of(o)) * o->batch,
                               .count = o->batch,
                               .augment = &o->augment,
                               .seed = mix(o->seed, MIX_CHANGES, (uint64_t)epoch)};
    return load(t, &request);
}

/* The average follows faster at the beginning, as TensorFlow's with num_updates. */
static void follow(mn_trainer *t) {
    if (t->options.ema <= 0) return;
    double done = (double)t->step, decay = fmin(t->options.ema, (1 + done) / (10 + done));
    float part = (float)(1 - decay);
    t->net.kernels->average(t->net.parameter_count, t->net.parameters, part, t->ema_parameters);
    t->net.kernels->average(t->net.statistic_count, t->net.statistics, part, t->ema_statistics);
}

static mn_status compute(mn_trainer *t, mn_train_result *result) {
    mn_train_net *net = &t->net;
    net->training = true;
    net->use_parameters = net->parameters;
    net->use_statistics = net->statistics;
    net->smoothing = t->options.smoothing;
    net->dropout_seed = mix(t->options.seed, MIX_DROPOUT, (uint64_t)t->step);
    MN_TRY(mn_train_forward(net));
    MN_TRY(mn_train_loss(net, result));
    if (!isfinite(result->loss)) {
        return mn_fail(MN_ERROR_ARGUMENT,
                       "the loss of step %lld is not finite, so the last checkpoint stays; begin again with a smaller "
                       "--rate",
                       (long long)t->step + 1);
    }
    return mn_train_backward(net);
}

mn_status mn_trainer_step(mn_trainer *t, mn_train_result *result) {
    uint64_t start = mn_clock_ns();
    MN_TRY(load_batch(t));
    MN_TRY(compute(t, result));
    if (t->options.qat != MN_QAT_NONE) MN_TRY(mn_fake_keep_ranges(&t->net, t->step));
    mn_train_keep_statistics(&t->net);
    mn_optimiser_step(&t->optimiser, &t->net, mn_schedule_rate(&t->options.schedule, t->step), t->step);
    t->step++;
    follow(t);
    t->loss += result->loss;
    t->right += result->right;
    t->seen += result->count;
    t->seconds += (double)(mn_clock_ns() - start) * 1e-9;
    return MN_OK;
}

void mn_trainer_end_epoch(mn_trainer *t, const mn_train_result *val) {
    int64_t epoch = t->step / t->steps_per_epoch - 1;
    double seen = (double)t->seen;
    t->epochs[epoch] = (mn_epoch){.rate = mn_schedule_rate(&t->options.schedule, t->step - 1),
                                  .loss = t->loss / seen,
                                  .accuracy = (double)t->right / seen,
                                  .val_loss = val ? val->loss / (double)val->count : NAN,
                                  .val_accuracy = val ? (double)val->right / (double)val->count : NAN,
                                  .seconds = t->seconds};
    t->loss = t->seconds = 0;
    t->right = t->seen = 0;
}

/* ---- Evaluating and handing over --------------------------------------------------------------------- */

mn_status mn_trainer_evaluate(mn_trainer *t, mn_dataset *data, mn_train_result *result) {
    mn_train_net *net = &t->net;
    mn_train_result all = {0};
    net->training = false;
    net->use_parameters = t->ema_parameters;
    net->use_statistics = t->ema_statistics;
    net->smoothing = 0;
    int32_t batch = t->options.batch, ranks = ranks_of(&t->options);
    /* The machines take turns; those without a share of the last turn see an empty batch. */
    for (int32_t turn = 0; turn < data->count; turn += batch * ranks) {
        int32_t first = mn_min_i32(turn + batch * rank_of(&t->options), data->count);
        int32_t count = mn_min_i32(batch, data->count - first);
        mn_train_result part;
        mn_feed_request request = {.data = data, .first = first, .count = count};
        MN_TRY(load(t, &request));
        MN_TRY(mn_train_forward(net));
        MN_TRY(mn_train_loss(net, &part));
        all.loss += part.loss;
        all.right += part.right;
        all.count += part.count;
    }
    if (all.count == 0) return mn_fail(MN_ERROR_FORMAT, "%s: none of its pictures can be read", data->path);
    *result = all;
    return MN_OK;
}

void mn_trainer_export(const mn_trainer *t, mn_net *net) {
    mn_train_net_export(&t->net, t->ema_parameters, t->ema_statistics, net);
}
