/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "benchmark_model_flags.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "benchmark_model_log.h"
#include "common/error.h"
#include "common/options.h"
#include "common/suggest.h"

/* ---- Values ---- */

typedef union bench_value {
    bool truth;
    int32_t whole;
    float real;
    const char *text;
} bench_value;

static const char *const kind_names[] = {"true or false", "a whole number of 32 bits", "a number", "text"};

static bool read_value(bench_kind kind, const char *text, bench_value *out) {
    double number = 0.0;
    switch (kind) {
    case BENCH_BOOL:
        out->truth = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
        return out->truth || strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
    case BENCH_INT: return cli_parse_int(text, INT32_MIN, INT32_MAX, &out->whole);
    case BENCH_FLOAT:
        if (!cli_parse_numbers(text, 1, &number) || fabs(number) > FLT_MAX) return false;
        out->real = (float)number;
        return true;
    case BENCH_TEXT: out->text = text; return true;
    }
    return false;
}

static bool store_value(bench_flags *flags, const bench_flag *flag, const char *text) {
    bench_value value;
    if (!read_value(flag->kind, text, &value)) return false;
    if (flag->use != BENCH_HONOURED) return true;
    char *field = (char *)&flags->params + flag->offset;
    switch (flag->kind) {
    case BENCH_BOOL: memcpy(field, &value.truth, sizeof value.truth); break;
    case BENCH_INT: memcpy(field, &value.whole, sizeof value.whole); break;
    case BENCH_FLOAT: memcpy(field, &value.real, sizeof value.real); break;
    case BENCH_TEXT: memcpy(field, &value.text, sizeof value.text); break;
    }
    return true;
}

/** Whether two readable texts mean the same value. */
static bool same_value(bench_kind kind, const char *a, const char *b) {
    bench_value x, y;
    if (!read_value(kind, a, &x) || !read_value(kind, b, &y)) return false;
    switch (kind) {
    case BENCH_BOOL: return x.truth == y.truth;
    case BENCH_INT: return x.whole == y.whole;
    case BENCH_FLOAT: return !(x.real < y.real) && !(x.real > y.real);
    case BENCH_TEXT: return strcmp(x.text, y.text) == 0;
    }
    return false;
}

/* ---- The command line ---- */

static void complain_unknown(const char *argument, size_t length) {
    char name[64];
    const char *names[BENCH_MAX_FLAGS];
    for (size_t i = 0; i < bench_flag_count; i++) names[i] = bench_flag_table[i].name;
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), argument + 2);
    const char *nearest = cli_nearest(name, names, bench_flag_count);
    cli_error("unknown flag --%.*s%s%s; see benchmark_model --help", (int)length, argument + 2,
              nearest != NULL ? ", did you mean --" : "", nearest != NULL ? nearest : "");
}

bool bench_flag_alone(const bench_flag *flag) {
    return strcmp(flag->name, "help") == 0 || strcmp(flag->name, "version") == 0;
}

static bool parse_argument(bench_flags *flags, const char *argument) {
    if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0' || argument[2] == '=') {
        cli_error("'%s' is not a flag; flags are written --name=value", argument);
        return false;
    }
    size_t length = strcspn(argument + 2, "=");
    size_t i = 0;
    while (i < bench_flag_count && (strlen(bench_flag_table[i].name) != length ||
                                    strncmp(bench_flag_table[i].name, argument + 2, length) != 0)) {
        i++;
    }
    if (i == bench_flag_count) {
        complain_unknown(argument, length);
        return false;
    }
    const bench_flag *flag = &bench_flag_table[i];
    const char *value = argument + 2 + length;
    if (*value != '=' && !bench_flag_alone(flag)) {
        cli_error("--%s needs a value, written --%s=%s", flag->name, flag->name,
                  flag->kind == BENCH_BOOL ? "true" : "VALUE");
        return false;
    }
    const char *text = *value == '=' ? value + 1 : "true";
    if (flags->given[i] != NULL) {
        cli_error("--%s is given twice; give it once", flag->name);
        return false;
    }
    if (!store_value(flags, flag, text)) {
        cli_error("--%s=%s: the value must be %s", flag->name, text, kind_names[flag->kind]);
        return false;
    }
    flags->given[i] = text;
    return true;
}

bool bench_flags_parse(int argc, char *const *argv, bench_flags *flags) {
    *flags = (bench_flags){0};
    for (size_t i = 0; i < bench_flag_count; i++) {
        store_value(flags, &bench_flag_table[i], bench_flag_table[i].standard);
    }
    for (int i = 1; i < argc; i++) {
        if (!parse_argument(flags, argv[i])) return false;
    }
    return true;
}

/* ---- What the values ask for ---- */

/** Refuses what is not there. */
static bool check_unserved(const bench_flags *flags) {
    for (size_t i = 0; i < bench_flag_count; i++) {
        const bench_flag *flag = &bench_flag_table[i];
        const char *text = flags->given[i];
        if (text == NULL || same_value(flag->kind, text, flag->standard)) continue;
        if (flag->use == BENCH_DELEGATE) {
            cli_error(
                "--%s=%s: only external delegates are hosted, by --external_delegate_path=FILE; the model was not "
                "run",
                flag->name, text);
            return false;
        }
        if (flag->use == BENCH_ABSENT) {
            cli_error("--%s=%s: not part of this version; the model was not run", flag->name, text);
            return false;
        }
        if (flag->use == BENCH_IDLE) bench_warn("--%s has no effect: %s.", flag->name, flag->help);
    }
    return true;
}

static bool check_profiling(bench_params *params) {
    if (params->profiling_output_csv_file[0] != '\0') {
        params->op_profiling_output_mode = "csv";
        params->op_profiling_output_file = params->profiling_output_csv_file;
    }
    const char *mode = params->op_profiling_output_mode;
    if (strcmp(mode, "stdout") == 0 || strcmp(mode, "csv") == 0) return true;
    cli_error("--op_profiling_output_mode=%s: not part of this version; use stdout or csv", mode);
    return false;
}

cli_delegate_options bench_delegate_options(const bench_params *params) {
    return (cli_delegate_options){.path = params->external_delegate_path,
                                  .options = params->external_delegate_options,
                                  .npu = params->npu,
                                  .required = params->require_full_delegation,
                                  .fallback = params->allow_cpu_fallback};
}

bool bench_flags_check(bench_flags *flags) {
    bench_params *params = &flags->params;
    if (!check_unserved(flags) || !check_profiling(params)) return false;
    const cli_delegate_options delegate = bench_delegate_options(params);
    if (!cli_delegate_check(&delegate)) return false;
    if (params->graph[0] == '\0') {
        cli_error("no model is given; name a .tflite file with --graph=FILE");
        return false;
    }
    if (params->num_threads < -1 || params->num_threads > 256) {
        cli_error("--num_threads=%d: must be from -1 to 256", (int)params->num_threads);
        return false;
    }
    if (params->batch < 1) {
        cli_error("--batch=%d: must be 1 or more", (int)params->batch);
        return false;
    }
    if (params->report_peak_memory_footprint && params->memory_footprint_check_interval_ms <= 0) {
        bench_warn("--memory_footprint_check_interval_ms is set to %d (ms), which is not above 0; 50 (ms) is used.",
                   (int)params->memory_footprint_check_interval_ms);
        params->memory_footprint_check_interval_ms = 50;
    }
    return true;
}

/* ---- Report and usage ---- */

static void report_flag(const bench_flag *flag, const char *label, const char *text) {
    bench_value value;
    if (!read_value(flag->kind, text, &value)) return;
    switch (flag->kind) {
    case BENCH_BOOL: bench_info("%s: [%d]", label, value.truth); break;
    case BENCH_INT: bench_info("%s: [%d]", label, (int)value.whole); break;
    case BENCH_FLOAT: bench_info("%s: [%g]", label, (double)value.real); break;
    case BENCH_TEXT: bench_info("%s: [%s]", label, value.text); break;
    }
}

void bench_flags_report(const bench_flags *flags) {
    const bench_flag *threads = NULL;
    const char *threads_text = NULL;
    bool verbose = flags->params.verbose;
    bench_info("Log parameter values verbosely: [%d]", verbose);
    for (size_t i = 0; i < bench_flag_count; i++) {
        const bench_flag *flag = &bench_flag_table[i];
        const char *text = flags->given[i] != NULL ? flags->given[i] : flag->standard;
        bool always = strcmp(flag->name, "graph") == 0 || strcmp(flag->name, "signature_to_run_for") == 0;
        if (flag->label == NULL || !(verbose || always || flags->given[i] != NULL)) continue;
        report_flag(flag, flag->label, text);
        if (strcmp(flag->name, "num_threads") == 0) {
            threads = flag;
            threads_text = text;
        }
    }
    /* The original says it twice, the second time in the name of its delegates. */
    if (threads != NULL) report_flag(threads, "#threads used for CPU inference", threads_text);
}

static void print_flags(const char *title, bench_use first, bench_use last) {
    printf("\n%s\n", title);
    for (size_t i = 0; i < bench_flag_count; i++) {
        const bench_flag *flag = &bench_flag_table[i];
        if (flag->use < first || flag->use > last) continue;
        char start[96];
        snprintf(start, sizeof start, "--%s=%s", flag->name, flag->standard);
        printf("  %-46s %s\n", start, flag->help);
    }
}

void bench_flags_usage(void) {
    printf("usage: benchmark_model --graph=FILE [--name=value]...\n\n"
           "Measures how fast a .tflite model runs. Flags and report are those of TensorFlow Lite's program of the\n"
           "same name. Each flag is shown with its default.\n");
    print_flags("Flags:", BENCH_HONOURED, BENCH_LOGGED);
    print_flags("Accepted, with a warning, for parts that do not exist here:", BENCH_IDLE, BENCH_IDLE);
    print_flags("Refused unless at the default (not part of this version):", BENCH_ABSENT, BENCH_ABSENT);
    print_flags("Refused unless at the default (only external delegates are hosted):", BENCH_DELEGATE, BENCH_DELEGATE);
    printf("\nExit codes: 0 success, 1 the model could not be run, 2 wrong or refused flags.\n");
}
