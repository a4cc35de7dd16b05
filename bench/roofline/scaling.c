/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "scaling.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/thread.h"

/* Numbers of threads are powers of two. */
enum { PART_NS = 5000, COUNTS = 7, WORST = 5, LOOK_AT = 4 };

/* ---- Hand-over ---------------------------------------------------------------------------------------- */

/* Two parts that take PART_NS each, and who computed them. */
typedef struct two_parts {
    int32_t member[2];
} two_parts;

static void compute_part(void *context, int32_t member, int32_t begin, int32_t end) {
    two_parts *parts = context;
    for (int32_t i = begin; i < end; i++) {
        const uint64_t until = mn_clock_ns() + PART_NS;
        while (mn_clock_ns() < until) continue;
        parts->member[i] = member;
    }
}

/* Jobs of which the caller had to do both parts, the other processor being busy elsewhere, say nothing; and of the
 * others the best, because one in which a processor was taken away says little. */
static double best_of(mn_team *team, int32_t milliseconds) {
    const uint64_t end = mn_clock_ns() + (uint64_t)milliseconds * 1000000;
    double best = 0;
    while (mn_clock_ns() < end) {
        two_parts parts;
        const uint64_t start = mn_clock_ns();
        mn_team_share(team, 2, 1, compute_part, &parts);
        const double ns = (double)(mn_clock_ns() - start) - PART_NS;
        if (parts.member[0] != parts.member[1] && (best == 0 || ns < best)) best = ns;
    }
    return best;
}

mn_status handover_measure(int32_t milliseconds, double *ns) {
    mn_team *team;
    MN_TRY(mn_team_create(2, &team));
    *ns = best_of(team, milliseconds);
    mn_team_close(&team);
    return MN_OK;
}

/* ---- How steps are cut -------------------------------------------------------------------------------- */

/* Into how many pieces a session with so many threads cuts each step. */
static mn_status count_pieces(const model_report *report, const char *cpu, int32_t threads, int32_t *pieces) {
    mn_session_options options = MN_INIT(mn_session_options);
    mn_session *session;
    mn_status status = MN_OK;
    options.threads = threads;
    options.cpu = cpu;
    MN_TRY(mn_session_create(report->model, &options, &session));
    for (int32_t s = 0; s < report->step_count && status == MN_OK; s++) {
        mn_step_info info = MN_INIT(mn_step_info);
        status = mn_session_step(session, s, &info);
        pieces[s] = info.grain > 0 ? (info.units - 1) / info.grain + 1 : 1;
    }
    mn_session_close(&session);
    return status;
}

mn_status scaling_make(const model_report *report, const char *cpu, double handover_ns, scaling *out) {
    mn_status status = MN_OK;
    *out = (scaling){.handover_ns = handover_ns,
                     .pieces = calloc((size_t)report->step_count * COUNTS + 1, sizeof *out->pieces)};
    if (!out->pieces) return mn_fail_memory("the prediction");
    for (int32_t i = 0; i < COUNTS && status == MN_OK; i++) {
        status = count_pieces(report, cpu, 1 << i, out->pieces + (size_t)i * (size_t)report->step_count);
    }
    if (status != MN_OK) scaling_free(out);
    return status;
}

void scaling_free(scaling *s) {
    free(s->pieces);
    s->pieces = NULL;
}

/* ---- Prediction --------------------------------------------------------------------------------------- */

/* Where the time of a run with 2^i threads goes: what it would be if every step were cut into equal shares, and what is
 * added by steps that one thread runs alone, by shares that are not equal, and by hand-overs. */
typedef struct prediction {
    int32_t threads;
    double even_ns, alone_ns, uneven_ns, handover_ns;
} prediction;

static double predicted_ns(const prediction *p) { return p->even_ns + p->alone_ns + p->uneven_ns + p->handover_ns; }

static int32_t pieces_of(const model_report *report, const scaling *s, int32_t i, int32_t step) {
    return s->pieces[i * report->step_count + step];
}

/* By how much the busiest of 2^i threads has more to do than an equal share. */
static double uneven_ns(const model_report *report, const scaling *s, int32_t i, int32_t step) {
    const int32_t pieces = pieces_of(report, s, i, step), threads = 1 << i;
    return report->steps[step].ns * ((double)((pieces - 1) / threads + 1) / pieces - 1.0 / threads);
}

static prediction predict(const model_report *report, const scaling *s, int32_t i) {
    prediction p = {.threads = 1 << i};
    for (int32_t step = 0; step < report->step_count; step++) {
        const bool shared = pieces_of(report, s, i, step) > 1 && i > 0;
        p.even_ns += report->steps[step].ns / p.threads;
        *(shared ? &p.uneven_ns : &p.alone_ns) += uneven_ns(report, s, i, step);
        if (shared) p.handover_ns += s->handover_ns;
    }
    return p;
}

/* ---- Reports ------------------------------------------------------------------------------------------ */

static double excess(const model_report *report, const scaling *s, int32_t step) {
    return uneven_ns(report, s, LOOK_AT, step) + (pieces_of(report, s, LOOK_AT, step) > 1 ? s->handover_ns : 0);
}

static void print_limits(const model_report *report, const scaling *s) {
    double above = -1;
    printf("\nWith %d threads these steps are furthest from an equal share:\n", 1 << LOOK_AT);
    for (int32_t n = 0; n < WORST && n < report->step_count; n++) {
        int32_t worst = -1;
        for (int32_t step = 0; step < report->step_count; step++) {
            const double here = excess(report, s, step);
            if ((above < 0 || here < above) && (worst < 0 || here > excess(report, s, worst))) worst = step;
        }
        if (worst < 0) return;
        above = excess(report, s, worst);
        printf("  operator %d, %s: %.1f us in %d pieces, %.1f us too long\n", report->steps[worst].info.first_op,
               report->steps[worst].info.kernel, report->steps[worst].ns / 1e3, pieces_of(report, s, LOOK_AT, worst),
               above / 1e3);
    }
}

void print_scaling(const model_report *report, const scaling *s) {
    const double one = predict(report, s, 0).even_ns;
    printf("\nPredicted with cores like this one, %.2f us for a hand-over\n\n%7s %9s %7s %10s %10s %10s %12s\n",
           s->handover_ns / 1e3, "threads", "ms", "faster", "even us", "alone us", "uneven us", "hand-over us");
    for (int32_t i = 0; i < COUNTS; i++) {
        const prediction p = predict(report, s, i);
        printf("%7d %9.3f %6.1fx %10.1f %10.1f %10.1f %12.1f\n", p.threads, predicted_ns(&p) / 1e6,
               one / predicted_ns(&p), p.even_ns / 1e3, p.alone_ns / 1e3, p.uneven_ns / 1e3, p.handover_ns / 1e3);
    }
    print_limits(report, s);
}

void json_scaling(cli_json *json, const model_report *report, const scaling *s) {
    cli_json_array(json, "scaling");
    for (int32_t i = 0; i < COUNTS; i++) {
        const prediction p = predict(report, s, i);
        cli_json_object(json, NULL);
        cli_json_int(json, "threads", p.threads);
        cli_json_number(json, "ns", predicted_ns(&p));
        cli_json_number(json, "even_ns", p.even_ns);
        cli_json_number(json, "alone_ns", p.alone_ns);
        cli_json_number(json, "uneven_ns", p.uneven_ns);
        cli_json_number(json, "handover_ns", p.handover_ns);
        cli_json_end(json);
    }
    cli_json_end(json);
}
