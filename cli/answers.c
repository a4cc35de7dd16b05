/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "answers.h"

#include <stdlib.h>

#include "base/checked.h"
#include "quant/runner.h"

typedef struct collecting {
    const mn_graph *graph;
    mn_ending ending;
    cli_answers *out;
} collecting;

/* Probabilities of one photo, and behind them scores. */
static float *values_of(const cli_answers *answers, int32_t sample) {
    return answers->values + 2 * (size_t)sample * (size_t)answers->of.classes;
}

static void collect(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)job;
    const collecting *c = context;
    const mn_ending *e = &c->ending;
    const void *scores = e->score_tensor < 0 ? NULL : mn_session_tensor_data(session, e->score_tensor);
    float *values = values_of(c->out, sample);
    mn_ending_read(e, mn_session_tensor_data(session, c->graph->outputs[e->output]), scores, values,
                   values + e->classes);
}

mn_status cli_answers_collect(const mn_graph *graph, const mn_samples *samples, int32_t jobs,
                              const mn_quant_progress *progress, cli_answers *out) {
    mn_runner *runner = NULL;
    collecting c = {.graph = graph, .out = out};
    size_t values;
    if (mn_ending_find(graph, NULL, &c.ending) != MN_OK) return MN_OK;
    out->of = cli_answers_at(&c.ending);
    out->count = samples->count;
    const bool fits = mn_mul_size((size_t)samples->count, 2 * (size_t)out->of.classes, &values);
    out->values = fits ? calloc(values, sizeof *out->values) : NULL;
    if (!out->values) return mn_fail_memory("the answers");
    MN_TRY(mn_runner_create(graph, jobs, &runner));
    mn_status status = mn_runner_each(runner, samples, collect, NULL, &c, "agreement", progress);
    mn_runner_close(&runner);
    out->known = status == MN_OK;
    return status;
}

void cli_answers_free(cli_answers *answers) {
    free(answers->values);
    *answers = (cli_answers){0};
}

static cli_answer_values answer_of(const cli_answers *answers, int32_t sample) {
    const float *values = values_of(answers, sample);
    return (cli_answer_values){.probabilities = values, .scores = values + answers->of.classes};
}

cli_agreed cli_answers_compare(const cli_answers *first, const cli_answers *second) {
    cli_agreed agreed = {0};
    if (!first->known || !second->known || cli_shared_classes(first->of, second->of) == 0) return agreed;
    agreed.count = first->count;
    for (int32_t i = 0; i < agreed.count; i++) {
        const cli_agreement one = cli_compare_answers(first->of, answer_of(first, i), second->of, answer_of(second, i));
        agreed.agree += one.agree;
        agreed.divergence += one.divergence / agreed.count;
    }
    return agreed;
}
