/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Whole networks as programs for microcontrollers: MobileNetV2 in its published widths and sizes, MobileNetV1, and
 * others that people run there. Every byte of the output is the reference's. Of the published ones only small ones, or
 * all with MN_LONG_TESTS=1; prints a table. Run in the repository root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/family.h"
#include "net/fold.h"
#include "net/random.h"
#include "net/statistics.h"
#include "quant/quantise.h"
#include "support/model_builder.h"
#include "support/program_runs.h"
#include "support/rounds.h"

#define REAL "../shared/models/tf2_mobilenet_v2_1.0_224_ptq.tflite"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void build(const mn_model *model, bool held, size_t ram, mn_mcu_built *out) {
    const mn_mcu_options options = {.held = held, .ram = ram};
    expect_ok(mn_mcu_build(model, &options, out));
}

static void expect_equal(const mn_model *model, const mn_mcu_built *built, const char *what) {
    const char *problem = pr_problem(model, built, 7);
    if (problem) fail_msg("%s: %s", what, problem);
}

/* Builds, compares, and returns the bytes of the arena; `read` receives how often weights are read. */
static uint32_t check(const mn_model *model, bool held, size_t ram, const char *what, double *read) {
    mn_mcu_built built;
    build(model, held, ram, &built);
    expect_equal(model, &built, what);
    const uint32_t bytes = built.program.arena_bytes;
    if (read) *read = (double)built.read_bytes / (double)built.weight_bytes;
    assert_true(ram > 0 || pr_needs_last_byte(&built));
    mn_mcu_built_free(&built);
    return bytes;
}

/* ---- Published networks ----------------------------------------------------------------------------------- */

/* With random weights, quantised without photos. */
static mn_model *published(int32_t family, const mn_variant *variant, mn_type io) {
    mn_net_spec spec;
    mn_net net = {0};
    mn_graph graph = {0}, stored = {0};
    mn_channel_stats *stats = NULL;
    mn_quantise_options options;
    mn_model *model = NULL;
    mn_net_spec_defaults(&spec);
    spec.width = variant->width;
    spec.height = spec.width_px = variant->size;
    expect_ok(mn_net_families[family].build(&spec, &net));
    mn_net_randomise(&net, 1);
    expect_ok(mn_net_settle(&net));
    expect_ok(mn_net_fold(&net, &graph, &stats));
    mn_quantise_defaults(&options);
    options.io = io;
    expect_ok(mn_quantise_data_free(&graph, stats, (mn_interval){-1, 1}, &options, &stored));
    expect_ok(mn_model_from_graph(&stored, &model));
    mn_graph_free(&graph);
    mn_net_free(&net);
    return model;
}

/* Four times in turn: the least, and a limit, with rows that arrive; the same with an input that is held. */
static void check_variant(int32_t family, const mn_variant *variant) {
    char what[64];
    double read[4];
    mn_model *model = published(family, variant, MN_INT8);
    snprintf(what, sizeof what, "%s %.2f at %d", mn_net_families[family].name, variant->width, variant->size);
    const uint32_t arriving = check(model, false, 0, what, &read[0]);
    const uint32_t more = check(model, false, arriving + arriving / 3, what, &read[1]);
    const uint32_t held = check(model, true, 0, what, &read[2]);
    const uint32_t held_more = check(model, true, held + held / 8, what, &read[3]);
    print_message("| %s | %u (%.1f) | %u (%.2f) | %u (%.1f) | %u (%.2f) |\n", what, arriving, read[0], more, read[1],
                  held, read[2], held_more, read[3]);
    mn_model_close(&model);
}

static void check_family(int32_t family) {
    const mn_net_family *f = &mn_net_families[family];
    print_message(
        "bytes of the arena, and how often weights are read: least, a third more; held: least, an eighth more\n");
    const int32_t smallest = family == MN_FAMILY_V2 ? 96 : 128;
    for (int32_t i = 0; i < f->variant_count; i++) {
        const mn_variant *v = &f->variants[i];
        if (tests_run_long() || (v->width < 0.4 && v->size <= smallest)) check_variant(family, v);
    }
}

static void test_v2(void **state) {
    (void)state;
    check_family(MN_FAMILY_V2);
}

static void test_v1(void **state) {
    (void)state;
    check_family(0);
}

/* What converts to int8 and back at the ends is the caller's if it is float32, and steps if it is uint8; rows that
 * arrive are converted on their way. */
static void test_ends(void **state) {
    (void)state;
    const mn_variant small = {.width = 0.35, .size = 32};
    mn_model *stored = published(MN_FAMILY_V2, &small, MN_INT8), *real = published(MN_FAMILY_V2, &small, MN_FLOAT32),
             *bytes = published(MN_FAMILY_V2, &small, MN_UINT8);
    mn_mcu_built of_stored, of_real, of_bytes, of_held;
    build(stored, false, 0, &of_stored);
    build(real, false, 0, &of_real);
    build(bytes, false, 0, &of_bytes);
    build(bytes, true, 0, &of_held);
    assert_int_equal(of_real.program.step_count, of_stored.program.step_count);
    assert_int_equal(of_bytes.program.step_count, of_stored.program.step_count + 1);
    assert_int_equal(of_held.program.step_count, of_bytes.program.step_count);
    assert_int_equal(of_bytes.program.arena_bytes, of_stored.program.arena_bytes);
    expect_equal(stored, &of_stored, "int8");
    expect_equal(stored, &of_real, "float32");
    expect_equal(bytes, &of_bytes, "uint8");
    expect_equal(bytes, &of_held, "uint8, held");
    mn_mcu_built_free(&of_stored);
    mn_mcu_built_free(&of_real);
    mn_mcu_built_free(&of_bytes);
    mn_mcu_built_free(&of_held);
    mn_model_close(&stored);
    mn_model_close(&real);
    mn_model_close(&bytes);
}

/* The goals for MobileNetV2 1.0 at 224: 90 KiB, 184 KiB, and weights read at most 1.2 times in 122 KiB. */
static void test_goals(void **state) {
    (void)state;
    mn_model *model = NULL;
    double read;
    if (!tests_run_long()) {
        print_message("SKIPPED: left to MN_LONG_TESTS\n");
        skip();
    }
    if (mn_model_open(REAL, &model) != MN_OK) {
        print_message("SKIPPED: %s is missing\n", REAL);
        skip();
    }
    assert_true(check(model, false, 0, REAL, NULL) <= 90 << 10);
    assert_true(check(model, true, 0, REAL, NULL) <= 184 << 10);
    check(model, false, 122 << 10, REAL, &read);
    assert_true(read <= 1.2);
    mn_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_v2),
        cmocka_unit_test(test_v1),
        cmocka_unit_test(test_goals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
