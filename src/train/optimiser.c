/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/optimiser.h"

#include <math.h>
#include <string.h>

#include "base/aligned.h"

static const double pi = 3.14159265358979323846;

/* ---- Learning rate ----------------------------------------------------------------------------------- */

double mn_schedule_rate(const mn_schedule *s, int64_t step) {
    double at = (double)step, warmup = s->warmup_epochs * s->steps_per_epoch;
    double scale = at < warmup ? (at + 1) / (floor(warmup) + 1) : 1;
    if (s->kind == MN_SCHEDULE_COSINE) {
        double length = (double)s->steps - warmup, done = length > 0 ? fmax(at - warmup, 0) / length : 1;
        return s->rate * scale * 0.5 * (1 + cos(pi * fmin(done, 1)));
    }
    return s->rate * scale * pow(s->decay, floor(at / fmax(s->decay_epochs * s->steps_per_epoch, 1)));
}

/* ---- Steps ------------------------------------------------------------------------------------------- */

void mn_optimiser_defaults(mn_optimiser_kind kind, mn_optimiser *out) {
    static const mn_optimiser defaults[] = {
        [MN_RMSPROP] = {.kind = MN_RMSPROP, .decay = 0.9f, .momentum = 0.9f, .epsilon = 1},
        [MN_SGD] = {.kind = MN_SGD, .momentum = 0.9f},
        [MN_ADAM] = {.kind = MN_ADAM, .decay = 0.999f, .momentum = 0.9f, .epsilon = 1e-7f},
    };
    *out = defaults[kind];
    out->weight_decay = 4e-5f;
}

mn_status mn_optimiser_start(mn_optimiser *o, size_t parameter_count) {
    size_t bytes = parameter_count * sizeof(float);
    for (int i = 0; i < 2; i++) {
        o->slots[i] = mn_aligned_alloc(64, bytes);
        if (!o->slots[i]) return mn_fail_memory("the optimiser");
        memset(o->slots[i], 0, bytes);
    }
    /* TensorFlow's mean square starts at 1. */
    for (size_t k = 0; o->kind == MN_RMSPROP && k < parameter_count; k++) o->slots[0][k] = 1;
    return MN_OK;
}

void mn_optimiser_free(mn_optimiser *o) {
    for (int i = 0; i < 2; i++) {
        mn_aligned_free(o->slots[i]);
        o->slots[i] = NULL;
    }
}

static void update(const mn_optimiser *o, mn_train_net *t, double rate, int64_t step, size_t at, size_t count,
                   bool decays) {
    mn_update u = {.count = count,
                   .weights = t->parameters + at,
                   .slot = {o->slots[0] + at, o->slots[1] + at},
                   .gradient = t->gradients + at,
                   .weight_decay = decays ? o->weight_decay : 0,
                   .rate = (float)rate,
                   .decay = o->decay,
                   .momentum = o->momentum,
                   .epsilon = o->epsilon};
    switch (o->kind) {
    case MN_RMSPROP: t->kernels->rmsprop(&u); break;
    case MN_SGD: t->kernels->sgd(&u); break;
    case MN_ADAM: {
        /* Kingma, Ba, Adam, 2015, end of section 2: both corrections in the rate. */
        double steps = (double)step + 1;
        u.rate = (float)(rate * sqrt(1 - pow((double)o->decay, steps)) / (1 - pow((double)o->momentum, steps)));
        t->kernels->adam(&u);
        break;
    }
    }
}

static void update_dense(const mn_optimiser *o, mn_train_net *t, double rate, int64_t step, const mn_dense *dense) {
    update(o, t, rate, step, dense->kernel, dense->bias - dense->kernel, true);
    update(o, t, rate, step, dense->bias, (size_t)dense->out_p, false);
}

void mn_optimiser_step(const mn_optimiser *o, mn_train_net *t, double rate, int64_t step) {
    for (int32_t i = t->first_trained; i < t->unit_count; i++) {
        const mn_unit *u = &t->units[i];
        update(o, t, rate, step, u->kernel, u->gamma - u->kernel, u->kind != MN_UNIT_DEPTHWISE);
        update(o, t, rate, step, u->gamma, 2 * (size_t)u->out_p, false);
        if (!u->gate) continue;
        update_dense(o, t, rate, step, &u->gate->squeeze);
        update_dense(o, t, rate, step, &u->gate->excite);
    }
    for (int32_t i = 0; i < t->head_count; i++) update_dense(o, t, rate, step, &t->head[i]);
}
