/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "evaluate_report.h"

#include <stdio.h>

#include "base/extremes.h"
#include "common/error.h"
#include "common/json.h"
#include "delegation.h"
#include "image_options.h"
#include "shares.h"

enum { MISTAKES = 10 };

typedef struct totals {
    int32_t evaluated, unreadable, known; /* known: evaluated, and the truth is known */
    double difference;                    /* the largest */
    int32_t mistakes;
    int32_t mistake[MISTAKES]; /* photos, the most confident wrong answer of the first model first */
} totals;

/* Keeps the list of mistakes sorted; of equal confidence the earlier photo comes first. */
static void add_mistake(const cli_evaluation *e, totals *t, int32_t photo) {
    float probability = e->outcomes[photo].answer[0].probability;
    int32_t place = t->mistakes;
    while (place > 0 && probability > e->outcomes[t->mistake[place - 1]].answer[0].probability) place--;
    if (place == MISTAKES) return;
    if (t->mistakes < MISTAKES) t->mistakes++;
    for (int32_t i = t->mistakes - 1; i > place; i--) t->mistake[i] = t->mistake[i - 1];
    t->mistake[place] = photo;
}

static totals add_up(const cli_evaluation *e) {
    totals t = {0};
    for (int32_t i = 0; i < e->photos->count; i++) {
        const cli_outcome *outcome = &e->outcomes[i];
        if (outcome->failed) {
            t.unreadable++;
            continue;
        }
        t.evaluated++;
        t.difference = mn_max_f64(t.difference, outcome->apart.difference);
        if (e->photos->items[i].truth < 0) continue;
        t.known++;
        if (!outcome->answer[0].top1) add_mistake(e, &t, i);
    }
    return t;
}

/* ---- One value for each photo ------------------------------------------------------------------------ */

typedef double value_of(const cli_outcome *outcome, int32_t model);

static double top1_of(const cli_outcome *o, int32_t m) { return o->answer[m].top1; }
static double top5_of(const cli_outcome *o, int32_t m) { return o->answer[m].top5; }
static double change_of(const cli_outcome *o, int32_t m) { return o->answer[m].top1 - o->answer[0].top1; }

static double agree_of(const cli_outcome *o, int32_t m) {
    (void)m;
    return o->apart.agree;
}

static double divergence_of(const cli_outcome *o, int32_t m) {
    (void)m;
    return o->apart.divergence;
}

/* Of every photo that was evaluated, or of those alone whose class is known. */
static const double *take(const cli_evaluation *e, value_of *value, int32_t model, bool known) {
    int32_t count = 0;
    for (int32_t i = 0; i < e->photos->count; i++) {
        if (e->outcomes[i].failed || (known && e->photos->items[i].truth < 0)) continue;
        e->values[count++] = value(&e->outcomes[i], model);
    }
    return e->values;
}

/* ---- Reports ----------------------------------------------------------------------------------------- */

int32_t cli_report_unreadable(const cli_evaluation *e) {
    int32_t answered = 0;
    for (int32_t i = 0; i < e->photos->count; i++) {
        const cli_outcome *outcome = &e->outcomes[i];
        answered += !outcome->failed;
        if (outcome->failed) cli_error("%s", outcome->error != NULL ? outcome->error : e->photos->items[i].path);
    }
    return answered;
}

/* The best five of five classes are no news. */
static bool has_top5(const cli_evaluation *e) { return e->labels->names.classes > 5; }

static bool compares_scores(const cli_evaluation *e) {
    return cli_compares_scores(e->classifier[0].answers, e->classifier[1].answers);
}

static void print_delegate(const cli_classifier *c) {
    const char *name = cli_delegate_name(&c->setup);
    char share[CLI_SHARE_TEXT];
    if (name == NULL) return;
    const cli_delegation d = cli_delegation_of(mn_classifier_session(c->first));
    printf("  on        %s: %s\n", name, cli_delegation_share(&d, share));
}

static void print_model(const cli_evaluation *e, const totals *t, int32_t m) {
    char answers[CLI_ANSWERS_TEXT];
    printf("%-11s %s%s\n", m == 0 ? "model" : "compared", e->path[m],
           cli_classifier_answers(&e->classifier[m], answers));
    printf("  input     %s\n", e->classifier[m].input.text);
    print_delegate(&e->classifier[m]);
    if (t->known == 0) return;
    cli_print_share("  top-1", take(e, top1_of, m, true), t->known);
    if (has_top5(e)) cli_print_share("  top-5", take(e, top5_of, m, true), t->known);
}

static void print_pair(const cli_evaluation *e, const totals *t) {
    if (t->known > 0) cli_print_change(take(e, change_of, 1, true), t->known);
    cli_print_share("agreement", take(e, agree_of, 1, false), t->evaluated);
    cli_print_divergence("model", "compared", take(e, divergence_of, 1, false), t->evaluated,
                         compares_scores(e) ? "" : ", of probabilities: scores are not known of both");
    printf("difference  %.6f, the largest between two probabilities\n", t->difference);
}

void cli_report_text(const cli_evaluation *e) {
    totals t = add_up(e);
    printf("images      %d evaluated", t.evaluated);
    if (t.unreadable > 0) printf(", %d unreadable", t.unreadable);
    if (t.known < t.evaluated) printf(", %d of unknown class", t.evaluated - t.known);
    printf("\nspeed       %.1f images/s with %d job(s)\n", t.evaluated / e->seconds, e->jobs);
    for (int32_t m = 0; m < e->models; m++) print_model(e, &t, m);
    if (e->classifier[0].info.labels && t.known > 0) {
        printf("  top-1 is how often the likeliest label is that of the photo; others may hold as well\n");
    }
    if (e->models == 2) print_pair(e, &t);
    if (e->models == 2 || t.known > 0) cli_print_bootstrap();
    if (t.mistakes > 0) printf("\nmost confident mistakes\n");
    for (int32_t i = 0; i < t.mistakes; i++) {
        const cli_photo *photo = &e->photos->items[t.mistake[i]];
        const cli_answer *answer = &e->outcomes[t.mistake[i]].answer[0];
        printf("  %6.2f %%  %s", 100 * (double)answer->probability, cli_labels_name(e->labels, answer->best));
        printf(", is %s: %s\n", cli_labels_name(e->labels, photo->truth), photo->path);
    }
}

static void json_mistakes(cli_json *json, const cli_evaluation *e, const totals *t) {
    cli_json_array(json, "mistakes");
    for (int32_t i = 0; i < t->mistakes; i++) {
        const cli_photo *photo = &e->photos->items[t->mistake[i]];
        const cli_answer *answer = &e->outcomes[t->mistake[i]].answer[0];
        cli_json_object(json, NULL);
        cli_json_text(json, "file", photo->path);
        cli_json_int(json, "truth", photo->truth);
        cli_json_text(json, "truth_label", cli_labels_name(e->labels, photo->truth));
        cli_json_int(json, "class", answer->best);
        cli_json_text(json, "label", cli_labels_name(e->labels, answer->best));
        cli_json_number(json, "probability", (double)answer->probability);
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void json_unreadable(cli_json *json, const cli_evaluation *e) {
    cli_json_array(json, "unreadable");
    for (int32_t i = 0; i < e->photos->count; i++) {
        if (!e->outcomes[i].failed) continue;
        cli_json_object(json, NULL);
        cli_json_text(json, "file", e->photos->items[i].path);
        cli_json_text(json, "reason", e->outcomes[i].error);
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void json_pair(cli_json *json, const cli_evaluation *e, const totals *t) {
    if (t->known > 0) cli_json_change(json, take(e, change_of, 1, true), t->known);
    cli_json_text(json, "compared_by", compares_scores(e) ? "scores" : "probabilities");
    cli_json_share(json, "agreement", take(e, agree_of, 1, false), t->evaluated);
    cli_json_divergence(json, take(e, divergence_of, 1, false), t->evaluated);
    cli_json_number(json, "largest_difference", t->difference);
}

void cli_report_json(const cli_evaluation *e) {
    totals t = add_up(e);
    cli_json json = {.out = stdout};
    cli_json_object(&json, NULL);
    cli_json_int(&json, "evaluated", t.evaluated);
    cli_json_int(&json, "known", t.known);
    cli_json_number(&json, "seconds", e->seconds);
    cli_json_number(&json, "images_per_second", t.evaluated / e->seconds);
    cli_json_int(&json, "jobs", e->jobs);
    for (int32_t m = 0; m < e->models; m++) {
        cli_json_object(&json, m == 0 ? "model" : "compared");
        cli_json_text(&json, "file", e->path[m]);
        cli_json_text(&json, "input", e->classifier[m].input.text);
        cli_json_pixels(&json, e->classifier[m].input.pixels);
        cli_json_answers(&json, &e->classifier[m]);
        cli_json_delegation(&json, cli_delegate_name(&e->classifier[m].setup), e->classifier[m].model,
                            mn_classifier_session(e->classifier[m].first));
        if (t.known > 0) {
            cli_json_share(&json, "top1", take(e, top1_of, m, true), t.known);
            if (has_top5(e)) cli_json_share(&json, "top5", take(e, top5_of, m, true), t.known);
        }
        cli_json_end(&json);
    }
    if (e->models == 2) json_pair(&json, e, &t);
    if (e->models == 2 || t.known > 0) cli_json_bootstrap(&json);
    json_mistakes(&json, e, &t);
    json_unreadable(&json, e);
    cli_json_end(&json);
}
