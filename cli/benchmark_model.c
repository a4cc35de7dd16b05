/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* benchmark_model: how fast a model runs, with the flags and the report of TensorFlow Lite's benchmark_model. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "benchmark_model_completion.h"
#include "benchmark_model_flags.h"
#include "benchmark_model_inputs.h"
#include "benchmark_model_log.h"
#include "benchmark_model_profile.h"
#include "benchmark_model_stats.h"
#include "common/error.h"
#include "common/file.h"
#include "delegation.h"
#include "host/process.h"
#include "mobilenet_inspect.h"
#include "model_file.h"

typedef struct bench {
    bench_params params;
    cli_session_setup setup;
    mn_model *model;
    mn_session *session;
    bench_inputs inputs;
    int64_t start_kib;                   /* peak memory before the model was opened */
    int64_t init_kib;                    /* peak memory after the session was created */
    int64_t init_us;                     /* open and create */
    bench_profile init_profile, profile; /* empty without --enable_op_profiling */
    bench_samples warmup, inference;     /* microseconds */
} bench;

/* ---- Preparation ---- */

static int library_exit(mn_status status) {
    cli_library_error(status);
    return status == MN_ERROR_ARGUMENT ? CLI_USAGE : CLI_FAILURE;
}

/** Says what the delegate runs, in the original's words, when all of it has gone well. */
static int report_delegate(const bench *b) {
    if (cli_delegate_name(&b->setup) == NULL) return CLI_OK;
    bench_info("EXTERNAL delegate created.");
    const cli_delegation d = cli_delegation_of(b->session);
    if (d.delegated == 0) {
        bench_info("Though EXTERNAL delegate is explicitly applied, the model graph will not be executed by the "
                   "delegate.");
    } else if (d.delegated == d.operators && d.parts == 1) {
        bench_info("Explicitly applied EXTERNAL delegate, and the model graph will be completely executed by the "
                   "delegate.");
    } else {
        bench_info("Explicitly applied EXTERNAL delegate, and the model graph will be partially executed by the "
                   "delegate w/ %" PRId32 " delegate kernels.",
                   d.parts);
    }
    if (cli_session_accept(&b->setup, b->model, b->session) != MN_OK) {
        cli_error("Disallowed CPU fallback detected: %s.", mn_error_detail());
        return CLI_FAILURE;
    }
    cli_session_tell(&b->setup, b->model, b->session);
    return CLI_OK;
}

static int create_session(bench *b) {
    const cli_session_options asked = {
        .threads = b->params.num_threads > 0 ? b->params.num_threads : 1, /* -1 is one, as TensorFlow Lite's */
        .cpu = b->params.cpu[0] != '\0' ? b->params.cpu : NULL,
        .delegate = bench_delegate_options(&b->params),
    };
    mn_status status = cli_session_setup_open(&asked, &b->setup);
    if (status != MN_OK) return library_exit(status);
    mn_session_options *options = &b->setup.options;
    options->batch = b->params.batch;
    if (b->params.input_layer[0] != '\0') {
        options->input_shapes = b->inputs.shape;
        options->input_shape_count = b->inputs.count;
    }
    status = cli_session_create(b->model, &b->setup, &b->session);
    return status == MN_OK ? report_delegate(b) : library_exit(status);
}

static int prepare_profiles(bench *b, int64_t create_us, int64_t create_kib) {
    if (!b->params.enable_op_profiling) return CLI_OK;
    if (!bench_profile_init(&b->init_profile, create_us, create_kib)) {
        cli_error("out of memory for the profile");
        return CLI_FAILURE;
    }
    mn_status status = bench_profile_steps(&b->profile, b->model, b->session);
    return status == MN_OK ? CLI_OK : library_exit(status);
}

static int prepare(bench *b) {
    b->start_kib = mn_process_peak_kib();
    uint64_t start = mn_clock_ns();
    mn_status status = cli_model_open(b->params.graph, &b->model);
    if (status != MN_OK) return library_exit(status);
    bench_info("Loaded model %s", b->params.graph);
    int code = bench_inputs_create(b->model, &b->params, &b->inputs);
    if (code != CLI_OK) return code;
    int64_t loaded_kib = mn_process_peak_kib();
    uint64_t loaded = mn_clock_ns();
    code = create_session(b);
    if (code != CLI_OK) return code;
    uint64_t end = mn_clock_ns();
    b->init_us = (int64_t)((end - start) / 1000);
    b->init_kib = mn_process_peak_kib();
    bench_info("The input model file size (MB): %g", (double)mn_model_file_bytes(b->model) / 1e6);
    bench_info("Initialized session in %gms.", (double)b->init_us / 1e3);
    code = prepare_profiles(b, (int64_t)((end - loaded) / 1000), b->init_kib - loaded_kib);
    return code == CLI_OK ? bench_inputs_fill(b->model, b->session, &b->inputs) : code;
}

/* ---- Runs ---- */

typedef struct bench_phase {
    int32_t min_runs;
    float min_secs;
    bool profiled;
    bench_samples *samples;
} bench_phase;

/** One run with fresh inputs; only mn_session_run is timed. */
static int run_once(bench *b, const bench_phase *phase) {
    bench_inputs_copy(&b->inputs, b->session);
    uint64_t start = mn_clock_ns();
    mn_status status = mn_session_run(b->session);
    uint64_t end = mn_clock_ns();
    if (status == MN_OK && phase->profiled) status = bench_profile_record(&b->profile, b->session);
    if (status != MN_OK) return library_exit(status);
    if (bench_samples_add(phase->samples, (int64_t)((end - start) / 1000))) return CLI_OK;
    cli_error("out of memory for the durations");
    return CLI_FAILURE;
}

/** Runs until both minima are reached, or max_secs have passed; a run that has begun is finished. */
static int run_phase(bench *b, const bench_phase *phase) {
    const bench_params *params = &b->params;
    bench_info("Running benchmark for at least %" PRId32
               " iterations and at least %g seconds but terminate if exceeding %g seconds.",
               phase->min_runs, (double)phase->min_secs, (double)params->max_secs);
    mn_session_profile(b->session, phase->profiled);
    double start = (double)mn_clock_ns() * 1e-9;
    double now = start;
    double next = start; /* when the next run is due, for run_frequency */
    for (int64_t run = 0;
         (run < phase->min_runs || now < start + (double)phase->min_secs) && now <= start + (double)params->max_secs;
         run++) {
        int code = run_once(b, phase);
        if (code != CLI_OK) return code;
        double rest = (double)params->run_delay;
        if (params->run_frequency > 0.0f) {
            next += 1.0 / (double)params->run_frequency;
            rest = next - (double)mn_clock_ns() * 1e-9;
        }
        mn_process_wait(rest);
        now = (double)mn_clock_ns() * 1e-9;
    }
    fputs("INFO: ", stdout);
    bench_samples_print(stdout, phase->samples);
    fputs("\n\n", stdout);
    return CLI_OK;
}

static int run_phases(bench *b) {
    const bench_params *params = &b->params;
    bool dry = params->dry_run;
    bench_phase warmup = {
        .min_runs = dry ? 0 : params->warmup_runs,
        .min_secs = dry ? -1.0f : params->warmup_min_secs,
        .samples = &b->warmup,
    };
    bench_phase inference = {
        .min_runs = dry ? 0 : params->num_runs,
        .min_secs = dry ? -1.0f : params->min_secs,
        .profiled = params->enable_op_profiling,
        .samples = &b->inference,
    };
    int code = run_phase(b, &warmup);
    return code == CLI_OK ? run_phase(b, &inference) : code;
}

/* ---- Report ---- */

static void report_memory(const bench *b) {
    int64_t peak_kib = mn_process_peak_kib();
    if (peak_kib < 0) return;
    bench_info("Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE to the "
               "actual memory footprint of the model at runtime. Take the information at your discretion.");
    bench_info("Memory footprint delta from the start of the tool (MB): init=%g overall=%g",
               (double)(b->init_kib - b->start_kib) / 1024.0, (double)(peak_kib - b->start_kib) / 1024.0);
    if (!b->params.report_peak_memory_footprint) return;
    bench_info("Overall peak memory footprint (MB) via periodic monitoring: %g", (double)peak_kib / 1024.0);
    int64_t resident = 0;
    int64_t shared = 0;
    if (!mn_process_memory(&resident, &shared)) return;
    /* The misspelt words are the original's, and part of its interface. */
    bench_info("Memory status at the end of exeution:");
    bench_info("- VmRSS              : %" PRId64 " MB", resident);
    bench_info("+ RssAnnon           : %" PRId64 " MB", resident - shared);
    bench_info("+ RssFile + RssShmem : %" PRId64 " MB", shared);
}

static void report_timings(const bench *b) {
    bench_info("Inference timings in us: Init: %" PRId64 ", First inference: %" PRId64
               ", Warmup (avg): %g, Inference (avg): %g",
               b->init_us, b->warmup.stat.first, bench_stat_mean(&b->warmup.stat), bench_stat_mean(&b->inference.stat));
    if (b->params.batch > 1) {
        bench_info("Images per second: %g", 1e6 * b->params.batch / bench_stat_mean(&b->inference.stat));
    }
    report_memory(b);
}

static bool print_profile(FILE *stream, const char *prefix, const char *title, const bench_profile *profile, bool csv) {
    fprintf(stream, "%s%s\n", prefix, title);
    if (!bench_profile_print(stream, profile, csv)) {
        cli_error("out of memory for the profile");
        return false;
    }
    fputc('\n', stream);
    if (prefix[0] != '\0') fputc('\n', stream);
    return true;
}

/** Both tables; `prefix` is "INFO: " on stdout and "" in a file. */
static bool print_profiles(const bench *b, FILE *stream, const char *prefix) {
    bool csv = strcmp(b->params.op_profiling_output_mode, "csv") == 0;
    return print_profile(stream, prefix, "Profiling Info for Benchmark Initialization:", &b->init_profile, csv) &&
           print_profile(stream, prefix, "Operator-wise Profiling Info for Regular Benchmark Runs:", &b->profile, csv);
}

static bool report_profiles(const bench *b) {
    if (!b->params.enable_op_profiling) return true;
    const char *path = b->params.op_profiling_output_file;
    if (path[0] == '\0') return print_profiles(b, stdout, "INFO: ");
    cli_output output = {0};
    if (!cli_output_open(&output, path)) return false;
    if (print_profiles(b, output.file, "")) return cli_output_commit(&output);
    cli_output_abort(&output);
    return false;
}

static bool save_outputs(const bench *b) {
    const char *path = b->params.output_filepath;
    if (path[0] == '\0') return true;
    if (b->inference.stat.count == 0 && b->warmup.stat.count == 0) {
        bench_warn("The model was not run, so there are no outputs to save to %s.", path);
        return true;
    }
    cli_output output = {0};
    if (!cli_output_open(&output, path)) return false;
    for (int32_t i = 0; i < mn_model_output_count(b->model); i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        mn_status status = mn_session_tensor(b->session, mn_model_output(b->model, i), &info);
        if (status != MN_OK) {
            cli_library_error(status);
            cli_output_abort(&output);
            return false;
        }
        /* A short write stays in the FILE and fails the commit. */
        (void)!fwrite(mn_session_output(b->session, i), 1, info.bytes, output.file);
    }
    return cli_output_commit(&output);
}

static int benchmark(bench *b) {
    int code = prepare(b);
    if (code == CLI_OK) code = run_phases(b);
    if (code != CLI_OK) return code;
    report_timings(b);
    return report_profiles(b) && save_outputs(b) ? CLI_OK : CLI_FAILURE;
}

static void close_bench(bench *b) {
    bench_samples_free(&b->warmup);
    bench_samples_free(&b->inference);
    bench_profile_free(&b->init_profile);
    bench_profile_free(&b->profile);
    bench_inputs_free(&b->inputs);
    mn_session_close(&b->session);
    mn_model_close(&b->model);
    cli_session_setup_close(&b->setup);
}

/** Answers --help, --version and --completion, before the report begins. True when there was one of them. */
static bool answer_question(const bench_params *params, int *code) {
    *code = CLI_OK;
    if (params->help) {
        bench_flags_usage();
    } else if (params->version) {
        printf("benchmark_model (mobilenet.c) %s\n", mn_version());
    } else if (params->completion[0] != '\0' && !bench_completion(params->completion)) {
        cli_error("--completion=%s: name one shell: bash, zsh or fish", params->completion);
        *code = CLI_USAGE;
    }
    return params->help || params->version || params->completion[0] != '\0';
}

/** Everything between the flags and the exit code. */
static int benchmark_flags(bench_flags *flags) {
    bench_info("STARTING!");
    if (!bench_flags_check(flags)) return CLI_USAGE;
    bench_flags_report(flags);
    bench b = {.params = flags->params};
    int code = benchmark(&b);
    close_bench(&b);
    return code;
}

int main(int argc, char **argv) {
    cli_begin("ERROR", "WARN");
    if (!mn_process_begin(&argc, &argv)) {
        cli_error("out of memory");
        return CLI_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* lines appear as they happen, also in a pipe */
    bench_flags flags;
    int code = CLI_USAGE;
    if (bench_flags_parse(argc, argv, &flags) && !answer_question(&flags.params, &code)) code = benchmark_flags(&flags);
    code = cli_end(code);
    if (code != CLI_OK) cli_error("Benchmarking failed.");
    return code;
}
