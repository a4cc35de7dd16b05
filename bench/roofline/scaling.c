/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "scaling.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/thread.h"

enum { PART_NS = 5000, MOST_THREADS = 64, WORST = 5, LOOK_AT = 16 };

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

/* ---- Prediction --------------------------------------------------------------------------------------- */

/* Where the time of a run with `threads` goes: what it would be if every step were cut into equal shares, and what is
 * added by steps that one thread runs alone, by shares that are not equal, and by hand-overs. */
typedef struct prediction {
    int32_t threads;
    double even_ns, alone_ns, uneven_ns, handover_ns;
} prediction;

static double predicted_ns(const prediction *p) { return p->even_ns + p->alone_ns + p->uneven_ns + p->handover_ns; }

static int32_t pieces_of(const step_report *step) {
    return step->info.grain > 0 ? (step->info.units - 1) / step->info.grain + 1 : 1;
}

/* The part of a step that the busiest of `threads` has to do. */
static double longest_share(const step_report *step, int32_t threads) {
    const int32_t pieces = pieces_of(step);
    return (double)((pieces - 1) / threads + 1) / pieces;
}

static prediction predict(const model_report *report, int32_t threads, double handover_ns) {
    prediction p = {.threads = threads};
    for (int32_t s = 0; s < report->step_count; s++) {
        const step_report *step = &report->steps[s];
        const double more = step->ns * (longest_share(step, threads) - 1.0 / threads);
        const bool shared = pieces_of(step) > 1 && threads > 1;
        p.even_ns += step->ns / threads;
        *(shared ? &p.uneven_ns : &p.alone_ns) += more;
        if (shared) p.handover_ns += handover_ns;
    }
    return p;
}

/* ---- Reports ------------------------------------------------------------------------------------------ */

static double excess(const step_report *step, double handover_ns) {
    const double shared = pieces_of(step) > 1 ? handover_ns : 0;
    return step->ns * (longest_share(step, LOOK_AT) - 1.0 / LOOK_AT) + shared;
}

static void print_limits(const model_report *report, double handover_ns) {
    double above = -1;
    printf("\nWith %d threads these steps are furthest from an equal share:\n", LOOK_AT);
    for (int32_t n = 0; n < WORST && n < report->step_count; n++) {
        const step_report *worst = NULL;
        for (int32_t s = 0; s < report->step_count; s++) {
            const step_report *step = &report->steps[s];
            const double here = excess(step, handover_ns);
            if ((above < 0 || here < above) && (!worst || here > excess(worst, handover_ns))) worst = step;
        }
        if (!worst) return;
        above = excess(worst, handover_ns);
        printf("  operator %d, %s: %.1f us in %d pieces, %.1f us too long\n", worst->info.first_op, worst->info.kernel,
               worst->ns / 1e3, pieces_of(worst), above / 1e3);
    }
}

void print_scaling(const model_report *report, double handover_ns) {
    const double one = predict(report, 1, handover_ns).even_ns;
    printf("\nPredicted with cores like this one, %.2f us for a hand-over\n\n%7s %9s %7s %10s %10s %10s %12s\n",
           handover_ns / 1e3, "threads", "ms", "faster", "even us", "alone us", "uneven us", "hand-over us");
    for (int32_t threads = 1; threads <= MOST_THREADS; threads *= 2) {
        const prediction p = predict(report, threads, handover_ns);
        printf("%7d %9.3f %6.1fx %10.1f %10.1f %10.1f %12.1f\n", threads, predicted_ns(&p) / 1e6,
               one / predicted_ns(&p), p.even_ns / 1e3, p.alone_ns / 1e3, p.uneven_ns / 1e3, p.handover_ns / 1e3);
    }
    print_limits(report, handover_ns);
}

void json_scaling(cli_json *json, const model_report *report, double handover_ns) {
    cli_json_array(json, "scaling");
    for (int32_t threads = 1; threads <= MOST_THREADS; threads *= 2) {
        const prediction p = predict(report, threads, handover_ns);
        cli_json_object(json, NULL);
        cli_json_int(json, "threads", threads);
        cli_json_number(json, "ns", predicted_ns(&p));
        cli_json_number(json, "even_ns", p.even_ns);
        cli_json_number(json, "alone_ns", p.alone_ns);
        cli_json_number(json, "uneven_ns", p.uneven_ns);
        cli_json_number(json, "handover_ns", p.handover_ns);
        cli_json_end(json);
    }
    cli_json_end(json);
}
