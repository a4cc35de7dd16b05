/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The flag syntax of benchmark_model. Refusals also print a sentence, which tests/cli looks at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "benchmark_model_flags.h"

static bool parse(bench_flags *flags, char *first, char *second) {
    char *argv[] = {"benchmark_model", first, second, NULL};
    return bench_flags_parse(1 + (first != NULL) + (second != NULL), argv, flags);
}

static void has_original_defaults(void **state) {
    (void)state;
    bench_flags flags;
    assert_true(parse(&flags, NULL, NULL));
    const bench_params *p = &flags.params;
    assert_int_equal(p->num_runs, 50);
    assert_int_equal(p->warmup_runs, 1);
    assert_int_equal(p->num_threads, -1);
    assert_int_equal(p->memory_footprint_check_interval_ms, 50);
    assert_true(p->min_secs == 1.0f && p->max_secs == 150.0f && p->warmup_min_secs == 0.5f);
    assert_true(p->run_delay == -1.0f && p->run_frequency == -1.0f);
    assert_string_equal(p->op_profiling_output_mode, "stdout");
    assert_string_equal(p->graph, "");
    assert_false(p->dry_run || p->enable_op_profiling || p->help || p->verbose || p->report_peak_memory_footprint);
}

/** Every default can be read back and asks for nothing, names are unique, and honoured fields do not overlap. */
static void has_a_sound_table(void **state) {
    (void)state;
    for (size_t i = 0; i < bench_flag_count; i++) {
        const bench_flag *flag = &bench_flag_table[i];
        bench_flags flags;
        char argument[128];
        snprintf(argument, sizeof argument, "--%s=%s", flag->name, flag->standard);
        bool graph = strcmp(flag->name, "graph") == 0;
        assert_true(parse(&flags, argument, graph ? NULL : "--graph=x"));
        assert_int_equal(bench_flags_check(&flags), !graph);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(flag->name, bench_flag_table[k].name);
            if (flag->use != BENCH_HONOURED || bench_flag_table[k].use != BENCH_HONOURED) continue;
            assert_int_not_equal(flag->offset, bench_flag_table[k].offset);
        }
    }
}

static void reads_values(void **state) {
    (void)state;
    bench_flags flags;
    assert_true(parse(&flags, "--num_runs=7", "--min_secs=0.25"));
    assert_int_equal(flags.params.num_runs, 7);
    assert_true(flags.params.min_secs == 0.25f);
    assert_true(parse(&flags, "--dry_run=1", "--graph=a=b.tflite"));
    assert_true(flags.params.dry_run);
    assert_string_equal(flags.params.graph, "a=b.tflite");
    assert_true(parse(&flags, "--dry_run=false", "--graph="));
    assert_false(flags.params.dry_run);
    assert_true(parse(&flags, "--help", NULL) && flags.params.help);
    assert_true(parse(&flags, "--help=true", NULL) && flags.params.help);
}

static void refuses_bad_arguments(void **state) {
    (void)state;
    char *bad[] = {"--graf=x",
                   "--graph",
                   "--graph x",
                   "-h",
                   "model.tflite",
                   "--",
                   "--=1",
                   "--num_runs=",
                   "--num_runs",
                   "--num_runs=3x",
                   "--num_runs=1e3",
                   "--num_runs= 3",
                   "--min_secs=nan",
                   "--min_secs=1e39",
                   "--verbose",
                   "--dry_run=yes",
                   "--dry_run=TRUE",
                   "--num_runs=2147483648",
                   "--graphs=x",
                   "--grap=x",
                   ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bench_flags flags;
        if (parse(&flags, bad[i], NULL)) fail_msg("'%s' was accepted", bad[i]);
    }
    bench_flags flags;
    assert_false(parse(&flags, "--graph=a", "--graph=a"));
}

static void checks_requests(void **state) {
    (void)state;
    char *refused[] = {"--use_gpu=1",
                       "--external_delegate_options=a:b",
                       "--allow_cpu_fallback=true",
                       "--use_nnapi=true",
                       "--stable_delegate_settings_file=x",
                       "--use_hexagon=true",
                       "--use_coreml=true",
                       "--require_full_delegation=1",
                       "--result_file_path=x",
                       "--num_threads=257",
                       "--num_threads=-2",
                       "--signature_to_run_for=x",
                       "--op_profiling_output_mode=proto"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        bench_flags flags;
        assert_true(parse(&flags, refused[i], "--graph=x"));
        if (bench_flags_check(&flags)) fail_msg("'%s' was not refused", refused[i]);
    }
    char *harmless[] = {"--use_xnnpack=false",
                        "--use_gpu=0",
                        "--external_delegate_path=",
                        "--external_delegate_path=x",
                        "--require_full_delegation=0",
                        "--gpu_precision_loss_allowed=1",
                        "--use_caching=1",
                        "--num_threads=0",
                        "--disable_nnapi_cpu=true",
                        "--num_threads=256",
                        "--benchmark_name=x",
                        "--use_xnnpack=true",
                        "--xnnpack_force_fp16=1",
                        "--gpu_backend=cl",
                        "--max_delegated_partitions=3"};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        bench_flags flags;
        assert_true(parse(&flags, harmless[i], "--graph=x"));
        if (!bench_flags_check(&flags)) fail_msg("'%s' was refused", harmless[i]);
    }
    bench_flags flags;
    assert_true(parse(&flags, NULL, NULL));
    assert_false(bench_flags_check(&flags)); /* no graph */
}

static void reads_delegates(void **state) {
    (void)state;
    bench_flags flags;
    char *argv[] = {"benchmark_model",
                    "--graph=x",
                    "--external_delegate_path=d.so",
                    "--external_delegate_options=a:b",
                    "--require_full_delegation=true",
                    NULL,
                    NULL};
    assert_true(bench_flags_parse(5, argv, &flags) && bench_flags_check(&flags));
    const cli_delegate_options delegate = bench_delegate_options(&flags.params);
    assert_string_equal(delegate.path, "d.so");
    assert_string_equal(delegate.options, "a:b");
    assert_true(delegate.required && !delegate.fallback);
    argv[5] = "--allow_cpu_fallback=true"; /* both cannot be */
    assert_true(bench_flags_parse(6, argv, &flags));
    assert_false(bench_flags_check(&flags));
}

static void maps_old_csv_flag(void **state) {
    (void)state;
    bench_flags flags;
    assert_true(parse(&flags, "--graph=x", "--profiling_output_csv_file=t.csv"));
    assert_true(bench_flags_check(&flags));
    assert_string_equal(flags.params.op_profiling_output_mode, "csv");
    assert_string_equal(flags.params.op_profiling_output_file, "t.csv");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_original_defaults), cmocka_unit_test(has_a_sound_table), cmocka_unit_test(reads_values),
        cmocka_unit_test(refuses_bad_arguments), cmocka_unit_test(checks_requests),   cmocka_unit_test(reads_delegates),
        cmocka_unit_test(maps_old_csv_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
