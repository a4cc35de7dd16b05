/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The flags of benchmark_model, all of the form --name=value. */
#ifndef MN_BENCHMARK_MODEL_FLAGS_H
#define MN_BENCHMARK_MODEL_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session_options.h"

/** Values of the flags that this program acts on. Texts belong to argv or to the flag table. */
typedef struct bench_params {
    int32_t num_runs, warmup_runs;
    float min_secs, max_secs, warmup_min_secs; /* seconds */
    float run_delay;                           /* seconds between runs; not above 0: none */
    float run_frequency;                       /* runs per second; not above 0: as fast as possible */
    int32_t num_threads;
    bool dry_run;
    bool report_peak_memory_footprint;
    int32_t memory_footprint_check_interval_ms;
    const char *graph;
    const char *input_layer, *input_layer_shape, *input_layer_value_range, *input_layer_value_files;
    bool enable_op_profiling;
    const char *op_profiling_output_mode, *op_profiling_output_file, *profiling_output_csv_file;
    const char *output_filepath;
    const char *cpu;
    int32_t batch;
    const char *external_delegate_path, *external_delegate_options, *npu;
    bool require_full_delegation, allow_cpu_fallback;
    bool verbose, help, version;
    const char *completion;
} bench_params;

typedef enum bench_kind { BENCH_BOOL, BENCH_INT, BENCH_FLOAT, BENCH_TEXT } bench_kind;

typedef enum bench_use {
    BENCH_HONOURED, /* stored in bench_params */
    BENCH_LOGGED,   /* printed in the report, as in the original, and nothing more */
    BENCH_IDLE,     /* accepted; tunes a part of TensorFlow Lite that does not exist here */
    BENCH_ABSENT,   /* refused unless it asks for nothing */
    BENCH_DELEGATE, /* the same, and about a delegate that is not an external one */
} bench_use;

typedef struct bench_flag {
    const char *name;
    bench_kind kind;
    bench_use use;
    size_t offset;        /* in bench_params, for BENCH_HONOURED */
    const char *standard; /* default, as text */
    const char *label;    /* name in the report; NULL: never reported */
    const char *help;
} bench_flag;

extern const bench_flag bench_flag_table[];
extern const size_t bench_flag_count;

/** Whether people type the flag alone, as --help, for which --help=true stands. */
bool bench_flag_alone(const bench_flag *flag);

#define BENCH_MAX_FLAGS 96

/** The flag table and what the command line said. */
typedef struct bench_flags {
    bench_params params;
    const char *given[BENCH_MAX_FLAGS]; /* text of each flag on the command line, or NULL */
} bench_flags;

/** Fills `flags` from the defaults and argv. False, with the sentence printed, for an unknown flag, a repeated
 *  one, or a value that cannot be read. */
bool bench_flags_parse(int argc, char *const *argv, bench_flags *flags);

/** False, with the sentence printed, when the values ask for something that this version cannot do. Warns of
 *  flags that change nothing. */
bool bench_flags_check(bench_flags *flags);

/** What the flags say of a delegate. */
cli_delegate_options bench_delegate_options(const bench_params *params);

/** Prints the "Label: [value]" lines: flags that were given, or all with --verbose=true. */
void bench_flags_report(const bench_flags *flags);

/** Prints the usage on stdout. */
void bench_flags_usage(void);

#endif
