/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* roofline: what this core can do at best, and how near each step of a model comes to it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bandwidth.h"
#include "base/cpu.h"
#include "base/thread.h"
#include "beside.h"
#include "common/error.h"
#include "common/options.h"
#include "kernels/tier.h"
#include "peak.h"
#include "print.h"
#include "scaling.h"
#include "steps.h"

enum { MOST_LOOPS = 32 };

typedef struct settings {
    bool json, help, scaling, beside;
    int32_t threads, milliseconds;
    const char *cpu;
    cli_list models; /* argv holds the strings */
} settings;

static const char help_text[] =
    "Usage: roofline [options] [MODEL.tflite...]\n\n"
    "Measures how fast this core multiplies and moves memory at best, then runs each model and compares the time\n"
    "of every step with its bound: the greater of its multiply-accumulates at the peak of its type, and the bytes\n"
    "it has to read and write at the bandwidth of the memory that holds them.\n\n"
    "Options:\n"
    "      --threads N  threads of the session; the bound counts on as many cores like this one [1]\n"
    "      --cpu TIER   highest kernel tier, of sessions and of peaks [the best]\n"
    "      --ms N       milliseconds to spend on each measurement [1000]\n"
    "      --scaling    also measure a hand-over between threads, and predict the time with up to 64\n"
    "      --beside     also measure what other instructions cost beside VPDPBUSD\n"
    "      --json       print one JSON object instead of tables\n"
    "  -h, --help       print this help\n\n"
    "Exit code: 0 success, 1 failure, 2 wrong usage.\n";

/* ---- Command line ------------------------------------------------------------------------------------ */

static bool is_flag(const char *argument, const char *name, bool *out) {
    if (strcmp(argument, name) != 0) return false;
    *out = true;
    return true;
}

/* Takes the options that have a value; the number of arguments used, 0 when it is none of them, -1 when it is wrong. */
static int take_value(int count, char *const *arguments, settings *s) {
    const char *value = count > 1 ? arguments[1] : "";
    bool good;
    if (strcmp(arguments[0], "--threads") == 0) {
        good = cli_parse_int(value, 1, MN_MAX_THREADS, &s->threads);
    } else if (strcmp(arguments[0], "--ms") == 0) {
        good = cli_parse_int(value, 1, 600000, &s->milliseconds);
    } else if (strcmp(arguments[0], "--cpu") == 0) {
        s->cpu = value;
        good = count > 1;
    } else {
        return 0;
    }
    if (!good) cli_error("%s: '%s' is not a value for it; see 'roofline --help'", arguments[0], value);
    return good ? 2 : -1;
}

static bool parse(int count, char *const *arguments, settings *s) {
    s->models.items = (const char **)calloc((size_t)count + 1, sizeof *s->models.items);
    if (!s->models.items) {
        cli_error("out of memory");
        return false;
    }
    for (int i = 0; i < count;) {
        const char *argument = arguments[i];
        int used = take_value(count - i, arguments + i, s);
        if (used < 0) return false;
        if (used == 0 && argument[0] != '-') s->models.items[s->models.count++] = argument;
        if (used == 0 && argument[0] == '-' && !is_flag(argument, "--json", &s->json) &&
            !is_flag(argument, "--scaling", &s->scaling) && !is_flag(argument, "--beside", &s->beside) &&
            !is_flag(argument, "--help", &s->help) && !is_flag(argument, "-h", &s->help)) {
            cli_error("unknown option %s; see 'roofline --help'", argument);
            return false;
        }
        i += used > 0 ? used : 1;
    }
    if (s->scaling && s->threads > 1) cli_error("--scaling predicts from one thread; leave --threads out");
    return !s->scaling || s->threads == 1;
}

/* ---- Measuring --------------------------------------------------------------------------------------- */

/* The instructions that kernels of at most tier `name` may use; of any tier if it is NULL. */
static mn_status cpu_of(const char *name, uint32_t *cpu) {
    mn_tier tier = MN_TIER_COUNT;
    *cpu = mn_cpu_flags();
    if (name) {
        MN_TRY(mn_tier_parse(name, mn_cpu_family(), *cpu, &tier));
        *cpu = mn_tier_get(tier)->cpu;
    }
    return MN_OK;
}

static int32_t measure_loops(const peak_loop *loops, int32_t count, uint32_t cpu, int32_t milliseconds, machine *m,
                             loop_result *results) {
    int32_t done = 0;
    for (int32_t i = 0; i < count; i++) {
        if (!peak_possible(&loops[i], cpu)) continue;
        loop_result *result = &results[done++];
        *result = (loop_result){loops[i].name, peak_measure(&loops[i], milliseconds)};
        if (result->rate > m->peak[loops[i].type]) m->peak[loops[i].type] = result->rate;
    }
    return done;
}

static mn_status measure_machine(const settings *s, machine *m, loop_result *results, int32_t *done) {
    int32_t common, special;
    uint32_t cpu;
    MN_TRY(cpu_of(s->cpu, &cpu));
    const peak_loop *loops = peak_loops(&common), *special_loops = peak_loops_x86(&special);
    const int32_t each = s->milliseconds / (common + special) + 1;
    *done = measure_loops(loops, common, cpu, each, m, results);
    *done += measure_loops(special_loops, special, cpu, each, m, results + *done);
    return bandwidth_measure(s->milliseconds, &m->memory);
}

static mn_status report_model(const settings *s, const machine *m, const char *path, double handover, cli_json *json) {
    model_report report;
    scaling prediction = {.pieces = NULL};
    MN_TRY(model_report_make(path, m, s->cpu, s->milliseconds, &report));
    const mn_status status = s->scaling ? scaling_make(&report, s->cpu, handover, &prediction) : MN_OK;
    const scaling *known = s->scaling ? &prediction : NULL;
    if (status == MN_OK && json) json_model(json, &report, known);
    if (status == MN_OK && !json) print_model(&report, m);
    if (status == MN_OK && !json && known) print_scaling(&report, known);
    scaling_free(&prediction);
    model_report_free(&report);
    return status;
}

static mn_status report_models(const settings *s, const machine *m, cli_json *json) {
    double handover = 0;
    if (s->scaling) MN_TRY(handover_measure(s->milliseconds, &handover));
    for (int32_t i = 0; i < s->models.count; i++) {
        MN_TRY(report_model(s, m, s->models.items[i], handover, json));
    }
    return MN_OK;
}

static mn_status report_all(const settings *s) {
    machine m = {.threads = s->threads};
    loop_result loops[MOST_LOOPS];
    beside_result others[BESIDE_MOST];
    int32_t count = 0;
    MN_TRY(measure_machine(s, &m, loops, &count));
    const int32_t other_count = s->beside ? beside_measure(s->milliseconds, others) : 0;
    if (!s->json) {
        print_machine(&m, loops, count);
        if (s->beside) print_beside(others, other_count);
        return report_models(s, &m, NULL);
    }
    cli_json json = {.out = stdout};
    cli_json_object(&json, NULL);
    cli_json_int(&json, "threads", m.threads);
    json_machine(&json, &m, loops, count);
    if (s->beside) json_beside(&json, others, other_count);
    cli_json_array(&json, "models");
    mn_status status = report_models(s, &m, &json);
    cli_json_end(&json);
    cli_json_end(&json);
    return status;
}

int main(int count, char **arguments) {
    cli_begin("roofline", "roofline");
    settings s = {.threads = 1, .milliseconds = 1000};
    int code = CLI_OK;
    if (!parse(count - 1, arguments + 1, &s)) {
        code = CLI_USAGE;
    } else if (s.help) {
        fputs(help_text, stdout);
    } else {
        mn_status status = report_all(&s);
        if (status != MN_OK) {
            cli_library_error(status);
            code = CLI_FAILURE;
        }
    }
    cli_list_free(&s.models);
    return cli_end(code);
}
