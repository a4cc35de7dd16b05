/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rescaling channels leaves what a network computes as it is, and makes all channels use the range of their tensor. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/extremes.h"
#include "net/fold.h"
#include "net/mobilenet_v2.h"
#include "net/statistics.h"
#include "quant/equalise_groups.h"
#include "quant/equalise_observe.h"
#include "quant/prepare.h"

enum { SIDE = 32, ELEMENTS = SIDE * SIDE * 3, SAMPLES = 3, CLASSES = 10 };

typedef struct fixture {
    mn_graph graph;
    mn_region region;
    mn_channels *channels;
    uint8_t pixels[SAMPLES * ELEMENTS];
    mn_samples samples;
} fixture;

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void open_fixture(fixture *f) {
    mn_v2_spec spec;
    mn_net net = {0};
    memset(f, 0, sizeof *f);
    mn_v2_defaults(&spec);
    spec.width = 0.35;
    spec.height = spec.width_px = SIDE;
    spec.classes = CLASSES;
    expect_ok(mn_v2_build(&spec, &net));
    mn_net_randomise(&net, 5);
    expect_ok(mn_net_randomise_norms(&net, 6));
    expect_ok(mn_net_fold(&net, &f->graph, NULL));
    expect_ok(mn_quant_prepare(&f->graph));
    mn_net_free(&net);
    mn_random random = {7};
    for (size_t i = 0; i < sizeof f->pixels; i++) f->pixels[i] = (uint8_t)(mn_random_bits(&random) >> 56);
    f->samples = (mn_samples){.count = SAMPLES, .elements = ELEMENTS, .pixels = f->pixels, .meaning = {-1, 1}};
    f->channels = calloc((size_t)f->graph.tensor_count, sizeof *f->channels);
    assert_non_null(f->channels);
}

static void close_fixture(fixture *f) {
    mn_graph_free(&f->graph);
    mn_region_free(&f->region);
    free(f->channels);
}

static void observe(fixture *f, int32_t jobs, mn_channels *out) {
    mn_runner *runner = NULL;
    expect_ok(mn_runner_create(&f->graph, jobs, &runner));
    expect_ok(mn_channels_observe(&f->graph, runner, &f->samples, NULL, &f->region, out));
    mn_runner_close(&runner);
}

static void keep_scores(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)job;
    memcpy((float *)context + sample * CLASSES, mn_session_output(session, 0), CLASSES * sizeof(float));
}

static void run(fixture *f, float *scores) {
    mn_runner *runner = NULL;
    expect_ok(mn_runner_create(&f->graph, 1, &runner));
    expect_ok(mn_runner_each(runner, &f->samples, keep_scores, NULL, scores, "test", NULL));
    mn_runner_close(&runner);
}

static int32_t find_tensor(const mn_graph *graph, const char *name) {
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (strcmp(graph->tensors[i].name, name) == 0) return i;
    }
    fail_msg("no tensor %s", name);
    return -1;
}

static float reach(const mn_channel *c) { return fmaxf(fabsf(c->low), fabsf(c->high)); }

static float largest(const mn_channels *x) {
    float found = 0;
    for (int32_t c = 0; c < x->count; c++) found = mn_max_f32(found, reach(&x->of[c]));
    return found;
}

/* How much of the tensor's range its channels use, on average. */
static float mean_use(const mn_channels *x) {
    float sum = 0;
    for (int32_t c = 0; c < x->count; c++) sum += reach(&x->of[c]) / largest(x);
    return sum / (float)x->count;
}

static void test_groups(void **state) {
    (void)state;
    fixture f;
    mn_groups groups;
    open_fixture(&f);
    expect_ok(mn_groups_find(&f.graph, MN_GROUPS_LINEAR, &f.region, &groups));
    int32_t project = find_tensor(&f.graph, "block_1_project_BN"), other = find_tensor(&f.graph, "block_2_project_BN");
    int32_t sum = find_tensor(&f.graph, "block_2_add"), relu = find_tensor(&f.graph, "block_2_expand_relu");
    int32_t next = find_tensor(&f.graph, "block_3_project_BN");
    assert_true(groups.of[project] >= 0);
    assert_int_equal(groups.of[project], groups.of[sum]);
    assert_int_equal(groups.of[other], groups.of[sum]);
    assert_int_not_equal(groups.of[next], groups.of[sum]);
    assert_true(groups.movable[sum] && groups.movable[project]);
    assert_int_equal(groups.of[relu], -1);
    assert_int_equal(groups.of[f.graph.inputs[0]], -1);
    assert_int_equal(groups.of[f.graph.outputs[0]], -1);
    close_fixture(&f);
}

static void test_same_function(void **state) {
    (void)state;
    fixture f;
    float before[SAMPLES * CLASSES], after[SAMPLES * CLASSES];
    open_fixture(&f);
    observe(&f, 1, f.channels);
    run(&f, before);
    int32_t sum = find_tensor(&f.graph, "block_2_add");
    float use = mean_use(&f.channels[sum]);
    expect_ok(mn_equalise(&f.graph, f.channels));
    run(&f, after);
    for (int32_t i = 0; i < SAMPLES * CLASSES; i++) assert_float_equal(before[i], after[i], 1e-5);
    assert_string_equal(f.graph.tensors[sum].name, "block_2_add_rescaled");
    assert_true(mn_is_rescaled("x_rescaled") && !mn_is_rescaled("_rescaled") && !mn_is_rescaled("rescaled_x"));
    assert_true(mean_use(&f.channels[sum]) > use * 1.1f);
    close_fixture(&f);
}

/* What mn_equalise tells of the channels is what they do afterwards. */
static void test_channels_follow(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    observe(&f, 1, f.channels);
    expect_ok(mn_equalise(&f.graph, f.channels));
    mn_channels *found = calloc((size_t)f.graph.tensor_count, sizeof *found);
    assert_non_null(found);
    observe(&f, 1, found);
    for (int32_t i = 0; i < f.graph.tensor_count; i++) {
        assert_int_equal(found[i].count, f.channels[i].count);
        float unit = largest(&found[i]);
        for (int32_t c = 0; c < found[i].count; c++) {
            const mn_channel *a = &found[i].of[c], *b = &f.channels[i].of[c];
            assert_float_equal(a->low, b->low, 1e-3f * unit);
            assert_float_equal(a->high, b->high, 1e-3f * unit);
            assert_float_equal(a->mean, b->mean, 1e-3f * unit);
            assert_float_equal(a->variance, b->variance, 1e-3f * unit * unit);
        }
    }
    free(found);
    close_fixture(&f);
}

/* Residual sums have a mean of zero in every channel once their channels have moved. */
static void test_moves(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    observe(&f, 1, f.channels);
    expect_ok(mn_equalise(&f.graph, f.channels));
    const mn_channels *x = &f.channels[find_tensor(&f.graph, "block_5_add_rescaled")];
    for (int32_t c = 0; c < x->count; c++) assert_float_equal(x->of[c].mean, 0, 1e-3f * largest(x));
    close_fixture(&f);
}

static void test_jobs(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mn_channels *other = calloc((size_t)f.graph.tensor_count, sizeof *other);
    assert_non_null(other);
    observe(&f, 1, f.channels);
    observe(&f, 3, other);
    for (int32_t i = 0; i < f.graph.tensor_count; i++) {
        assert_int_equal(f.channels[i].count, other[i].count);
        if (other[i].count == 0) continue;
        assert_memory_equal(f.channels[i].of, other[i].of, (size_t)other[i].count * sizeof *other[i].of);
    }
    free(other);
    close_fixture(&f);
}

static void test_unknown_stays(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    int32_t weights = f.graph.ops[3].inputs[1];
    const void *data = f.graph.tensors[weights].data;
    expect_ok(mn_equalise(&f.graph, f.channels)); /* nothing is known of any tensor */
    assert_ptr_equal(f.graph.tensors[weights].data, data);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups), cmocka_unit_test(test_same_function), cmocka_unit_test(test_channels_follow),
        cmocka_unit_test(test_moves),  cmocka_unit_test(test_jobs),          cmocka_unit_test(test_unknown_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
