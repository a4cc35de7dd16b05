/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rescaling channels for weights with one scale leaves what a network computes as it is, heeds the bound of RELU6, and
 * makes the filters of a depthwise convolution alike. */
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
#include "quant/balance.h"
#include "quant/compare.h"
#include "quant/equalise_groups.h"
#include "quant/equalise_observe.h"
#include "quant/prepare.h"
#include "quant/quantise.h"

enum { SIDE = 32, ELEMENTS = SIDE * SIDE * 3, SAMPLES = 6, CLASSES = 10, SPREAD = 8 };

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

static int32_t find_depthwise(const mn_graph *graph, int32_t number) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (graph->ops[i].kind == MN_OP_DEPTHWISE_CONV_2D && number-- == 0) return i;
    }
    fail_msg("too few depthwise convolutions");
    return -1;
}

/* Makes channel c of what operator `index` reads up to 2^SPREAD times smaller, and the filter that reads it larger. */
static void spread_channels(mn_graph *graph, int32_t index) {
    mn_weights reader, maker;
    assert_true(mn_weights_of(graph, index, &reader) && reader.depthwise);
    assert_true(mn_weights_of(graph, index - 1, &maker) && !maker.depthwise);
    float *small = mn_region_alloc(&graph->region, (size_t)(maker.outputs * maker.inputs), sizeof *small);
    float *bias = mn_region_alloc(&graph->region, (size_t)maker.outputs, sizeof *bias);
    float *large = mn_region_alloc(&graph->region, (size_t)(reader.taps * reader.inputs), sizeof *large);
    assert_true(small && bias && large && maker.taps == 1);
    for (int32_t c = 0; c < reader.inputs; c++) {
        const float factor = ldexpf(1, c % SPREAD + 1);
        for (int32_t i = 0; i < maker.inputs; i++) {
            size_t at = mn_weights_at(&maker, c, 0, i);
            small[at] = maker.values[at] / factor;
        }
        bias[c] = maker.bias[c] / factor;
        for (int32_t tap = 0; tap < reader.taps; tap++) {
            size_t at = mn_weights_at(&reader, c, tap, c);
            large[at] = reader.values[at] * factor;
        }
    }
    graph->tensors[graph->ops[index].inputs[1]].data = large;
    graph->tensors[graph->ops[index - 1].inputs[1]].data = small;
    graph->tensors[graph->ops[index - 1].inputs[2]].data = bias;
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
    for (int32_t i = 1; i < 8; i++) spread_channels(&f->graph, find_depthwise(&f->graph, i));
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

static void observe(fixture *f, mn_channels *out) {
    mn_runner *runner = NULL;
    expect_ok(mn_runner_create(&f->graph, 1, &runner));
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

static void test_same_function(void **state) {
    (void)state;
    fixture f;
    float before[SAMPLES * CLASSES], after[SAMPLES * CLASSES];
    open_fixture(&f);
    observe(&f, f.channels);
    run(&f, before);
    expect_ok(mn_balance(&f.graph, f.channels));
    run(&f, after);
    for (int32_t i = 0; i < SAMPLES * CLASSES; i++) assert_float_equal(before[i], after[i], 1e-5);
    close_fixture(&f);
}

/* A channel that reaches 6 keeps its size, no other one comes to be cut off; and what is told of them is true. */
static void test_bound(void **state) {
    (void)state;
    fixture f;
    int32_t at_bound = 0, grown = 0;
    open_fixture(&f);
    mn_channels *before = calloc((size_t)f.graph.tensor_count, sizeof *before);
    mn_channels *after = calloc((size_t)f.graph.tensor_count, sizeof *after);
    assert_true(before && after);
    observe(&f, before);
    observe(&f, f.channels);
    expect_ok(mn_balance(&f.graph, f.channels));
    observe(&f, after);
    for (int32_t i = 0; i < f.graph.op_count; i++) {
        int32_t out = f.graph.ops[i].outputs[0];
        if (f.graph.ops[i].attr.activation != MN_ACT_RELU6) continue;
        for (int32_t c = 0; c < before[out].count; c++) {
            assert_float_equal(after[out].of[c].mean, f.channels[out].of[c].mean, 1e-4);
            assert_true(f.channels[out].of[c].high < 6.00001f);
            if (before[out].of[c].high >= 6) {
                assert_float_equal(after[out].of[c].mean, before[out].of[c].mean, 1e-4);
                at_bound++;
            } else {
                grown += f.channels[out].of[c].high > 1.5f * before[out].of[c].high;
            }
        }
    }
    assert_true(at_bound > 0 && grown > 100);
    free(before);
    free(after);
    close_fixture(&f);
}

/* The largest weights of a channel, of all channels the largest by the smallest. */
static double unevenness(const mn_graph *graph, int32_t index) {
    mn_weights w;
    double low = INFINITY, high = 0;
    assert_true(mn_weights_of(graph, index, &w));
    for (int32_t c = 0; c < w.inputs; c++) {
        double largest = 0;
        for (int32_t tap = 0; tap < w.taps; tap++) {
            largest = mn_max_f64(largest, fabs((double)w.values[mn_weights_at(&w, c, tap, c)]));
        }
        low = mn_min_f64(low, largest);
        high = mn_max_f64(high, largest);
    }
    return high / low;
}

static void test_filters_alike(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    observe(&f, f.channels);
    const int32_t index = find_depthwise(&f.graph, 5);
    const double before = unevenness(&f.graph, index);
    expect_ok(mn_balance(&f.graph, f.channels));
    assert_true(before > 100);
    assert_true(unevenness(&f.graph, index) < before / 10);
    close_fixture(&f);
}

/* SQNR of the worst tensor that has the same values in both graphs. */
static double worst_layer(const mn_graph *a, const mn_graph *b, const mn_samples *samples) {
    mn_difference *differences;
    int32_t count;
    double worst = INFINITY;
    expect_ok(mn_compare(a, b, samples, 1, NULL, NULL, &differences, &count));
    for (int32_t i = 0; i < count; i++) {
        if (!mn_is_rescaled(b->tensors[differences[i].b].name)) worst = mn_min_f64(worst, differences[i].sqnr);
    }
    free(differences);
    return worst;
}

/* What it is for: weights with one scale cost less. */
static void test_per_tensor(void **state) {
    (void)state;
    double worst[2];
    for (int32_t balanced = 0; balanced < 2; balanced++) {
        fixture f, original;
        mn_graph quantised;
        mn_quantise_options options;
        open_fixture(&f);
        open_fixture(&original);
        mn_quantise_defaults(&options);
        options.scales = MN_SCALES_PER_TENSOR;
        options.equalise = balanced;
        expect_ok(mn_quantise(&f.graph, &f.samples, &options, &quantised));
        worst[balanced] = worst_layer(&original.graph, &quantised, &f.samples);
        mn_graph_free(&quantised);
        close_fixture(&original);
        close_fixture(&f);
    }
    assert_true(worst[1] > worst[0] + 6);
}

/* Tensors of which nothing is known stay, and nothing goes wrong. */
static void test_unknown_stays(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    observe(&f, f.channels);
    const int32_t index = find_depthwise(&f.graph, 5), tensor = f.graph.ops[index].inputs[0];
    const mn_tensor *reader = &f.graph.tensors[f.graph.ops[index].inputs[1]];
    const mn_tensor *maker = &f.graph.tensors[f.graph.ops[index - 1].inputs[1]];
    const void *read = reader->data, *made = maker->data;
    f.channels[tensor].count = 0;
    f.channels[f.graph.ops[index].outputs[0]].count = 0;
    expect_ok(mn_balance(&f.graph, f.channels));
    assert_ptr_equal(read, reader->data);
    assert_ptr_equal(made, maker->data);
    assert_false(mn_is_rescaled(f.graph.tensors[tensor].name));
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_function), cmocka_unit_test(test_bound),
        cmocka_unit_test(test_filters_alike), cmocka_unit_test(test_per_tensor),
        cmocka_unit_test(test_unknown_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
