/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/runner.h"

#include <math.h>
#include <stdlib.h>

#include "base/sync.h"
#include "base/thread.h"
#include "graph/stored.h"
#include "session/model.h"

struct mn_runner {
    mn_tensor_info input; /* of the model */
    mn_model *model;
    int32_t jobs;
    mn_session **sessions; /* [jobs] */
    mn_team *team;         /* NULL: one job */
};

static mn_status open_sessions(mn_runner *runner, const mn_graph *graph, const mn_session_options *wanted) {
    mn_graph own;
    mn_session_options options = *wanted;
    MN_TRY(mn_graph_share(graph, &own));
    const mn_status status = mn_model_from_graph(&own, &runner->model);
    mn_graph_free(&own);
    if (status != MN_OK) return status;
    runner->input = (mn_tensor_info)MN_INIT(mn_tensor_info);
    MN_TRY(mn_model_tensor(runner->model, mn_model_input(runner->model, 0), &runner->input));
    options.keep_tensors = true;
    runner->sessions = calloc((size_t)runner->jobs, sizeof *runner->sessions);
    if (!runner->sessions) return mn_fail_memory("the sessions");
    for (int32_t i = 0; i < runner->jobs; i++) {
        MN_TRY(mn_session_create(runner->model, &options, &runner->sessions[i]));
    }
    return runner->jobs > 1 ? mn_team_create(runner->jobs, &runner->team) : MN_OK;
}

mn_status mn_runner_create(const mn_graph *graph, int32_t jobs, mn_runner **out) {
    const mn_session_options options = MN_INIT(mn_session_options);
    return mn_runner_create_with(graph, &options, jobs, out);
}

mn_status mn_runner_create_with(const mn_graph *graph, const mn_session_options *options, int32_t jobs,
                                mn_runner **out) {
    mn_runner *runner = calloc(1, sizeof *runner);
    if (!runner) return mn_fail_memory("the sessions");
    runner->jobs = jobs > 0 ? jobs : mn_available_processors();
    mn_status status = open_sessions(runner, graph, options);
    if (status != MN_OK) {
        mn_runner_close(&runner);
        return status;
    }
    *out = runner;
    return MN_OK;
}

void mn_runner_close(mn_runner **runner) {
    mn_runner *closing = *runner;
    *runner = NULL;
    if (!closing) return;
    mn_team_close(&closing->team);
    for (int32_t i = 0; closing->sessions && i < closing->jobs; i++) mn_session_close(&closing->sessions[i]);
    free(closing->sessions);
    mn_model_close(&closing->model);
    free(closing);
}

int32_t mn_runner_jobs(const mn_runner *runner) { return runner->jobs; }

/* ---- One sample ----------------------------------------------------------------------------------------- */

/* What pixels become, channel by channel. */
typedef struct tables {
    float real[3][256];
    int16_t stored[3][256];
} tables;

static void fill_reals(const mn_samples *samples, tables *t) {
    for (int32_t c = 0; c < 3; c++) {
        const mn_interval meaning = samples->by_channel ? samples->channel[c] : samples->meaning;
        const double low = (double)meaning.low, high = (double)meaning.high;
        for (int32_t i = 0; i < 256; i++) t->real[c][i] = (float)(low + (high - low) * i / 255);
    }
}

/* Where the stored values are the pixels to within a step at either end, a pixel is stored as what it is: see
 * image/prepare.c. */
static void fill_stored(const mn_tensor_info *info, tables *t) {
    const float scale = info->quant.scale[0];
    const int32_t lowest = mn_stored_lowest(info->type), zero = info->quant.zero_point[0];
    const int32_t steps = mn_stored_highest(info->type) - lowest;
    bool shift = steps == 255;
    for (int32_t c = 0; c < 3; c++) {
        for (int32_t i = 0; i < 256; i += 255) {
            shift = shift && fabsf(t->real[c][i] / scale + (float)(zero - lowest - i)) <= 1.001f;
        }
    }
    for (int32_t c = 0; c < 3; c++) {
        for (int32_t i = 0; i < 256; i++) {
            float units = roundf(t->real[c][i] / scale) + (float)(zero - lowest);
            float place = shift ? (float)i : fminf(fmaxf(units, 0), (float)steps);
            t->stored[c][i] = (int16_t)((int32_t)place + lowest);
        }
    }
}

/* Elements of one channel that lie side by side, where the channels are red, green and blue; else 0. */
static size_t channel_run(const mn_tensor_info *info) {
    if (info->rank != 4) return 0;
    if (info->dims[3] == 3) return 1;
    return info->dims[1] == 3 ? (size_t)info->dims[2] * (size_t)info->dims[3] : 0;
}

mn_status mn_runner_run(mn_runner *runner, int32_t job, const mn_samples *samples, int32_t sample,
                        const mn_session **out) {
    mn_session *session = runner->sessions[job];
    const uint8_t *pixels = samples->pixels + (size_t)sample * samples->elements;
    void *input = mn_session_input(session, 0);
    const size_t run = channel_run(&runner->input);
    tables t;
    fill_reals(samples, &t);
    if (runner->input.type == MN_FLOAT32) {
        float *to = input;
        for (size_t i = 0; i < samples->elements; i++) to[i] = t.real[run ? i / run % 3 : 0][pixels[i]];
    } else {
        const bool wide = runner->input.type == MN_INT16;
        fill_stored(&runner->input, &t);
        for (size_t i = 0; i < samples->elements; i++) {
            const int16_t stored = t.stored[run ? i / run % 3 : 0][pixels[i]];
            if (wide)
                ((int16_t *)input)[i] = stored;
            else
                ((uint8_t *)input)[i] = (uint8_t)stored;
        }
    }
    *out = session;
    return mn_session_run(session);
}

/* ---- All samples -------------------------------------------------------------------------- */

typedef struct pass {
    mn_runner *runner;
    const mn_samples *samples;
    mn_runner_look observe, collect;
    void *context;
    const char *what;
    const mn_quant_progress *progress;
    mn_mutex lock;
    mn_condition moved;
    int32_t next, collected; /* under lock: the sample to start next, and how many were collected */
    mn_status status;        /* under lock: the first failure */
} pass;

static int32_t take_next(pass *p) {
    mn_mutex_lock(&p->lock);
    int32_t sample = p->next < p->samples->count && p->status == MN_OK ? p->next++ : -1;
    mn_mutex_unlock(&p->lock);
    return sample;
}

/* Waits until all earlier samples are collected. */
static void collect_in_turn(pass *p, int32_t job, int32_t sample, mn_status status) {
    mn_mutex_lock(&p->lock);
    while (p->collected != sample) mn_condition_wait(&p->moved, &p->lock);
    if (status != MN_OK && p->status == MN_OK) p->status = status;
    if (p->status == MN_OK && p->collect) p->collect(p->context, job, sample, p->runner->sessions[job]);
    p->collected++;
    if (p->progress && p->progress->tell) {
        p->progress->tell(p->progress->context, p->what, p->collected, p->samples->count);
    }
    mn_condition_broadcast(&p->moved);
    mn_mutex_unlock(&p->lock);
}

static void work(void *context, int32_t job, int32_t jobs) {
    (void)jobs;
    pass *p = context;
    for (int32_t sample = take_next(p); sample >= 0; sample = take_next(p)) {
        const mn_session *session;
        mn_status status = mn_runner_run(p->runner, job, p->samples, sample, &session);
        if (status == MN_OK && p->observe) p->observe(p->context, job, sample, session);
        collect_in_turn(p, job, sample, status);
    }
}

mn_status mn_runner_each(mn_runner *runner, const mn_samples *samples, mn_runner_look observe, mn_runner_look collect,
                         void *context, const char *what, const mn_quant_progress *progress) {
    pass p = {.runner = runner,
              .samples = samples,
              .observe = observe,
              .collect = collect,
              .context = context,
              .what = what,
              .progress = progress,
              .lock = MN_MUTEX_INITIAL,
              .moved = MN_CONDITION_INITIAL};
    if (runner->team) {
        mn_team_run(runner->team, work, &p);
    } else {
        work(&p, 0, 1);
    }
    mn_condition_destroy(&p.moved);
    mn_mutex_destroy(&p.lock);
    return p.status;
}
