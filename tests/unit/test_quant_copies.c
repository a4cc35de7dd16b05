/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Copies in place of dead channels leave what a network computes as it is, halve what the reader takes from each,
 * and make the noise of rounding smaller. Channels that might come to life stay. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/extremes.h"
#include "quant/compare.h"
#include "quant/copies.h"
#include "quant/equalise_groups.h"
#include "quant/quantise.h"
#include "support/quant_network.h"

/* The first convolution, the depthwise one behind it, and what reads that. */
enum { MAKER, PASSER, READER, SAMPLES = 6 };

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static mn_weights weights_of(const mn_graph *graph, int32_t op) {
    mn_weights w;
    assert_true(mn_weights_of(graph, op, &w));
    return w;
}

/* A copy of the values of input `operand` of operator `op`, to be changed. */
static float *open_values(mn_graph *graph, int32_t op, int32_t operand) {
    mn_tensor *tensor = &graph->tensors[graph->ops[op].inputs[operand]];
    float *values = mn_region_alloc(&graph->region, tensor->bytes, 1);
    assert_non_null(values);
    memcpy(values, tensor->data, tensor->bytes);
    tensor->data = values;
    return values;
}

static void kill_channel(mn_graph *graph, int32_t channel, float bias) {
    const mn_weights w = weights_of(graph, MAKER);
    float *values = open_values(graph, MAKER, 1);
    for (int32_t tap = 0; tap < w.taps; tap++) {
        for (int32_t i = 0; i < w.inputs; i++) values[mn_weights_at(&w, channel, tap, i)] = 0;
    }
    open_values(graph, MAKER, 2)[channel] = bias;
    open_values(graph, PASSER, 2)[channel] = -1;
}

static bool is_alive(int32_t channel) { return channel % 3 == 0; }

/* All but every third channel of the first convolution are dead. */
static void open_network(quant_network *f) {
    quant_network_open(f, SAMPLES);
    const int32_t channels = weights_of(&f->graph, MAKER).outputs;
    for (int32_t c = 0; c < channels; c++) {
        if (!is_alive(c)) kill_channel(&f->graph, c, -0.5f);
    }
    quant_network_observe(f, 1, f->channels);
}

static bool same_filter(const mn_weights *w, int32_t a, int32_t b) {
    const int32_t inputs = w->depthwise ? 1 : w->inputs;
    bool same = true;
    for (int32_t tap = 0; tap < w->taps; tap++) {
        for (int32_t i = 0; i < inputs; i++) {
            same = same && w->values[mn_weights_at(w, a, tap, i)] == w->values[mn_weights_at(w, b, tap, i)];
        }
    }
    return same;
}

/* The channel that `channel` is a copy of, or -1. */
static int32_t find_original(const mn_graph *graph, int32_t channel) {
    const mn_weights w = weights_of(graph, MAKER);
    for (int32_t c = 0; c < w.outputs; c++) {
        if (is_alive(c) && same_filter(&w, c, channel)) return c;
    }
    return -1;
}

static void test_same_function(void **state) {
    (void)state;
    quant_network f;
    float before[SAMPLES * QUANT_CLASSES], after[SAMPLES * QUANT_CLASSES];
    open_network(&f);
    quant_network_run(&f, before);
    expect_ok(mn_copy_channels(&f.graph, f.channels));
    quant_network_run(&f, after);
    for (int32_t i = 0; i < SAMPLES * QUANT_CLASSES; i++) assert_float_equal(before[i], after[i], 1e-3);
    quant_network_close(&f);
}

static double sum_of_filter(const mn_weights *w, int32_t channel) {
    double sum = 0;
    for (int32_t tap = 0; tap < w->taps; tap++) sum += (double)w->values[mn_weights_at(w, channel, tap, channel)];
    return sum;
}

/* A step of 8 bits in what operator `op` makes. */
static double step_behind(const quant_network *f, int32_t op) {
    const mn_channels *x = &f->channels[f->graph.ops[op].outputs[0]];
    float high = 0;
    for (int32_t c = 0; c < x->count; c++) high = mn_max_f32(high, x->of[c].high);
    return (double)high / 255;
}

/* The reader takes an equal part of every copy. */
static int32_t expect_parts(const mn_weights *before, const mn_weights *after, int32_t from, int32_t to) {
    const float whole = before->values[mn_weights_at(before, 0, 0, from)];
    const float part = after->values[mn_weights_at(after, 0, 0, to)];
    assert_true(after->values[mn_weights_at(after, 0, 0, from)] == part);
    return (int32_t)lroundf(whole / part);
}

static void test_copies(void **state) {
    (void)state;
    quant_network f;
    int32_t pairs = 0;
    open_network(&f);
    const mn_weights before = weights_of(&f.graph, READER);
    expect_ok(mn_copy_channels(&f.graph, f.channels));
    const mn_weights maker = weights_of(&f.graph, MAKER), passer = weights_of(&f.graph, PASSER),
                     after = weights_of(&f.graph, READER);
    const int32_t made = f.graph.ops[MAKER].outputs[0];
    assert_true(mn_is_rescaled(f.graph.tensors[made].name));
    for (int32_t c = 0; c < maker.outputs; c++) {
        if (is_alive(c)) continue;
        const int32_t from = find_original(&f.graph, c);
        assert_true(from >= 0 && same_filter(&passer, from, c));
        assert_float_equal(f.channels[made].of[c].mean, f.channels[made].of[from].mean, 0);
        if (expect_parts(&before, &after, from, c) != 2) continue;
        const double moved = (double)(maker.bias[c] - maker.bias[from]);
        const double left = (double)(passer.bias[c] - passer.bias[from]) + moved * sum_of_filter(&passer, c);
        assert_float_equal(fabs(moved), step_behind(&f, MAKER) / 2, 1e-6);
        assert_float_equal(fabs(left), step_behind(&f, PASSER) / 2, 1e-6);
        pairs++;
    }
    assert_true(pairs > 0);
    quant_network_close(&f);
}

/* A bias that weights can overcome, and one that is above zero and comes through. */
static void test_living_stay(void **state) {
    (void)state;
    quant_network f;
    quant_network_open(&f, SAMPLES);
    kill_channel(&f.graph, 4, -0.5f);
    open_values(&f.graph, MAKER, 1)[mn_weights_at(&(mn_weights){.inputs = 3, .taps = 9}, 4, 4, 1)] = 0.51f;
    open_values(&f.graph, PASSER, 2)[4] = 0.1f;
    quant_network_observe(&f, 1, f.channels);
    const mn_weights before = weights_of(&f.graph, MAKER);
    expect_ok(mn_copy_channels(&f.graph, f.channels));
    assert_ptr_equal(before.values, weights_of(&f.graph, MAKER).values);
    assert_false(mn_is_rescaled(f.graph.tensors[f.graph.ops[MAKER].outputs[0]].name));
    quant_network_close(&f);
}

/* Tensors of which nothing is known stay. */
static void test_unknown_stays(void **state) {
    (void)state;
    quant_network f;
    open_network(&f);
    f.channels[f.graph.ops[PASSER].outputs[0]].count = 0;
    const mn_weights before = weights_of(&f.graph, MAKER);
    expect_ok(mn_copy_channels(&f.graph, f.channels));
    assert_ptr_equal(before.values, weights_of(&f.graph, MAKER).values);
    quant_network_close(&f);
}

/* Of what the reader makes, between float and int8. */
static double sqnr_behind(quant_network *f) {
    mn_graph quantised;
    mn_quantise_options options;
    mn_difference *differences;
    int32_t count;
    double found = 0;
    mn_quantise_defaults(&options);
    expect_ok(mn_quantise(&f->graph, &f->samples, &options, &quantised));
    expect_ok(mn_compare(&f->graph, &quantised, &f->samples, 1, NULL, NULL, &differences, &count));
    for (int32_t i = 0; i < count; i++) {
        if (differences[i].a == f->graph.ops[READER].outputs[0]) found = differences[i].sqnr;
    }
    free(differences);
    mn_graph_free(&quantised);
    return found;
}

/* What it is for: less noise. */
static void test_noise(void **state) {
    (void)state;
    quant_network f;
    open_network(&f);
    const double before = sqnr_behind(&f);
    expect_ok(mn_copy_channels(&f.graph, f.channels));
    const double after = sqnr_behind(&f);
    print_message("%.2f dB, %.2f dB with copies\n", before, after);
    assert_true(after > before + 0.5);
    quant_network_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_function), cmocka_unit_test(test_copies), cmocka_unit_test(test_living_stay),
        cmocka_unit_test(test_unknown_stays), cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
