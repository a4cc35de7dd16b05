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
#include "quant/equalise_groups.h"
#include "support/quant_network.h"

enum { SAMPLES = 3 };

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
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
    quant_network f;
    mn_groups groups;
    quant_network_open(&f, SAMPLES);
    expect_ok(mn_groups_find(&f.graph, MN_GROUPS_LINEAR, &f.region, &groups));
    int32_t project = quant_network_find(&f.graph, "block_1_project_BN"),
            other = quant_network_find(&f.graph, "block_2_project_BN");
    int32_t sum = quant_network_find(&f.graph, "block_2_add"),
            relu = quant_network_find(&f.graph, "block_2_expand_relu");
    int32_t next = quant_network_find(&f.graph, "block_3_project_BN");
    assert_true(groups.of[project] >= 0);
    assert_int_equal(groups.of[project], groups.of[sum]);
    assert_int_equal(groups.of[other], groups.of[sum]);
    assert_int_not_equal(groups.of[next], groups.of[sum]);
    assert_true(groups.movable[sum] && groups.movable[project]);
    assert_int_equal(groups.of[relu], -1);
    assert_int_equal(groups.of[f.graph.inputs[0]], -1);
    assert_int_equal(groups.of[f.graph.outputs[0]], -1);
    quant_network_close(&f);
}

static void test_same_function(void **state) {
    (void)state;
    quant_network f;
    float before[SAMPLES * QUANT_CLASSES], after[SAMPLES * QUANT_CLASSES];
    quant_network_open(&f, SAMPLES);
    quant_network_observe(&f, 1, f.channels);
    quant_network_run(&f, before);
    int32_t sum = quant_network_find(&f.graph, "block_2_add");
    float use = mean_use(&f.channels[sum]);
    expect_ok(mn_equalise(&f.graph, f.channels, true));
    quant_network_run(&f, after);
    for (int32_t i = 0; i < SAMPLES * QUANT_CLASSES; i++) assert_float_equal(before[i], after[i], 1e-5);
    assert_string_equal(f.graph.tensors[sum].name, "block_2_add_rescaled");
    assert_true(mn_is_rescaled("x_rescaled") && !mn_is_rescaled("_rescaled") && !mn_is_rescaled("rescaled_x"));
    assert_true(mean_use(&f.channels[sum]) > use * 1.05f);
    quant_network_close(&f);
}

/* What mn_equalise tells of the channels is what they do afterwards. */
static void test_channels_follow(void **state) {
    (void)state;
    quant_network f;
    quant_network_open(&f, SAMPLES);
    quant_network_observe(&f, 1, f.channels);
    expect_ok(mn_equalise(&f.graph, f.channels, true));
    mn_channels *found = calloc((size_t)f.graph.tensor_count, sizeof *found);
    assert_non_null(found);
    quant_network_observe(&f, 1, found);
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
    quant_network_close(&f);
}

/* Residual sums reach as far to either side of zero in every channel once their channels have moved. */
static void test_moves(void **state) {
    (void)state;
    quant_network f;
    quant_network_open(&f, SAMPLES);
    quant_network_observe(&f, 1, f.channels);
    expect_ok(mn_equalise(&f.graph, f.channels, true));
    const mn_channels *x = &f.channels[quant_network_find(&f.graph, "block_5_add_rescaled")];
    for (int32_t c = 0; c < x->count; c++) assert_float_equal(x->of[c].low, -x->of[c].high, 1e-3f * largest(x));
    quant_network_close(&f);
}

static void test_jobs(void **state) {
    (void)state;
    quant_network f;
    quant_network_open(&f, SAMPLES);
    mn_channels *other = calloc((size_t)f.graph.tensor_count, sizeof *other);
    assert_non_null(other);
    quant_network_observe(&f, 1, f.channels);
    quant_network_observe(&f, 3, other);
    for (int32_t i = 0; i < f.graph.tensor_count; i++) {
        assert_int_equal(f.channels[i].count, other[i].count);
        if (other[i].count == 0) continue;
        assert_memory_equal(f.channels[i].of, other[i].of, (size_t)other[i].count * sizeof *other[i].of);
    }
    free(other);
    quant_network_close(&f);
}

static void test_unknown_stays(void **state) {
    (void)state;
    quant_network f;
    quant_network_open(&f, SAMPLES);
    int32_t weights = f.graph.ops[3].inputs[1];
    const void *data = f.graph.tensors[weights].data;
    expect_ok(mn_equalise(&f.graph, f.channels, true)); /* nothing is known of any tensor */
    assert_ptr_equal(f.graph.tensors[weights].data, data);
    quant_network_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups), cmocka_unit_test(test_same_function), cmocka_unit_test(test_channels_follow),
        cmocka_unit_test(test_moves),  cmocka_unit_test(test_jobs),          cmocka_unit_test(test_unknown_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
