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
#include "quant/balance.h"
#include "quant/compare.h"
#include "quant/equalise_groups.h"
#include "quant/quantise.h"
#include "support/quant_network.h"

enum { SAMPLES = 6, SPREAD = 8 };

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

static void open_network(quant_network *f) {
    quant_network_open(f, SAMPLES);
    for (int32_t i = 1; i < 8; i++) spread_channels(&f->graph, find_depthwise(&f->graph, i));
}

static void test_same_function(void **state) {
    (void)state;
    quant_network f;
    float before[SAMPLES * QUANT_CLASSES], after[SAMPLES * QUANT_CLASSES];
    open_network(&f);
    quant_network_observe(&f, 1, f.channels);
    quant_network_run(&f, before);
    expect_ok(mn_balance(&f.graph, f.channels));
    quant_network_run(&f, after);
    for (int32_t i = 0; i < SAMPLES * QUANT_CLASSES; i++) assert_float_equal(before[i], after[i], 1e-5);
    quant_network_close(&f);
}

/* A channel that reaches 6 keeps its size, no other one comes to be cut off; and what is told of them is true. */
static void test_bound(void **state) {
    (void)state;
    quant_network f;
    int32_t at_bound = 0, grown = 0;
    open_network(&f);
    mn_channels *before = calloc((size_t)f.graph.tensor_count, sizeof *before);
    mn_channels *after = calloc((size_t)f.graph.tensor_count, sizeof *after);
    assert_true(before && after);
    quant_network_observe(&f, 1, before);
    quant_network_observe(&f, 1, f.channels);
    expect_ok(mn_balance(&f.graph, f.channels));
    quant_network_observe(&f, 1, after);
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
    quant_network_close(&f);
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
    quant_network f;
    open_network(&f);
    quant_network_observe(&f, 1, f.channels);
    const int32_t index = find_depthwise(&f.graph, 5);
    const double before = unevenness(&f.graph, index);
    expect_ok(mn_balance(&f.graph, f.channels));
    assert_true(before > 100);
    assert_true(unevenness(&f.graph, index) < before / 10);
    quant_network_close(&f);
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
        quant_network f, original;
        mn_graph quantised;
        mn_quantise_options options;
        open_network(&f);
        open_network(&original);
        mn_quantise_defaults(&options);
        options.scales = MN_SCALES_PER_TENSOR;
        options.equalise = balanced;
        expect_ok(mn_quantise(&f.graph, &f.samples, &options, &quantised));
        worst[balanced] = worst_layer(&original.graph, &quantised, &f.samples);
        mn_graph_free(&quantised);
        quant_network_close(&original);
        quant_network_close(&f);
    }
    assert_true(worst[1] > worst[0] + 6);
}

/* Tensors of which nothing is known stay, and nothing goes wrong. */
static void test_unknown_stays(void **state) {
    (void)state;
    quant_network f;
    open_network(&f);
    quant_network_observe(&f, 1, f.channels);
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
    quant_network_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_function), cmocka_unit_test(test_bound),
        cmocka_unit_test(test_filters_alike), cmocka_unit_test(test_per_tensor),
        cmocka_unit_test(test_unknown_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
