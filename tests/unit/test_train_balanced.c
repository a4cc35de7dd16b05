/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Training for weights with one scale per layer begins with channels rescaled: the net computes what it did, and its
 * filters are alike. */
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
#include "quant/runner.h"
#include "train/balanced.h"

enum { SIDE = 32, ELEMENTS = SIDE * SIDE * 3, CLASSES = 10, SAMPLES = 4, SPREAD = 8 };

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* Channel c of what a depthwise convolution reads becomes up to 2^SPREAD times smaller, and its filter larger. */
static void spread_channels(mn_net *net, int32_t depthwise) {
    mn_layer *filter = &net->layers[depthwise], *norm = filter;
    while (norm->kind != MN_LAYER_BATCH_NORM) norm = &net->layers[norm->inputs[0]];
    for (int32_t c = 0; c < filter->c; c++) {
        const float factor = ldexpf(1, c % SPREAD + 1);
        norm->gamma[c] /= factor;
        norm->beta[c] /= factor;
        for (int32_t tap = 0; tap < filter->k_h * filter->k_w; tap++) filter->kernel[tap * filter->c + c] *= factor;
    }
}

/* Without RELU6's bound, so that no value comes to lie beyond it: batch norm does not know how far noise reaches. */
static void open_net(mn_net *net) {
    mn_v2_spec spec;
    *net = (mn_net){0};
    mn_v2_defaults(&spec);
    spec.width = 0.35;
    spec.height = spec.width_px = SIDE;
    spec.classes = CLASSES;
    expect_ok(mn_v2_build(&spec, net));
    mn_net_randomise(net, 5);
    expect_ok(mn_net_randomise_norms(net, 6));
    for (int32_t i = 0, seen = 0; i < net->layer_count; i++) {
        if (net->layers[i].kind == MN_LAYER_RELU) net->layers[i].max_value = INFINITY;
        if (net->layers[i].kind == MN_LAYER_DEPTHWISE && seen++ > 0) spread_channels(net, i);
    }
}

/* ---- What it computes ----------------------------------------------------------------------------------- */

static void keep_answers(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)job;
    memcpy((float *)context + sample * CLASSES, mn_session_output(session, 0), CLASSES * sizeof(float));
}

static void answer(const mn_net *net, float *answers) {
    uint8_t *pixels = malloc(SAMPLES * ELEMENTS);
    mn_random random = {7};
    mn_runner *runner = NULL;
    mn_graph graph;
    assert_non_null(pixels);
    for (int32_t i = 0; i < SAMPLES * ELEMENTS; i++) pixels[i] = (uint8_t)(mn_random_bits(&random) >> 56);
    const mn_samples samples = {.count = SAMPLES, .elements = ELEMENTS, .pixels = pixels, .meaning = {-1, 1}};
    expect_ok(mn_net_fold(net, &graph, NULL));
    expect_ok(mn_runner_create(&graph, 1, &runner));
    expect_ok(mn_runner_each(runner, &samples, keep_answers, NULL, answers, "test", NULL));
    mn_runner_close(&runner);
    mn_graph_free(&graph);
    free(pixels);
}

/* ---- Its filters ---------------------------------------------------------------------------------------- */

static double spread_of(const mn_graph *graph, int32_t op) {
    mn_weights w;
    double low = INFINITY, high = 0;
    if (!mn_weights_of(graph, op, &w) || !w.depthwise) return 1;
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

/* The geometric mean, over the depthwise convolutions, of the largest filter by the smallest. */
static double unevenness(const mn_net *net) {
    mn_graph graph;
    double sum = 0;
    int32_t count = 0;
    expect_ok(mn_net_fold(net, &graph, NULL));
    for (int32_t i = 0; i < graph.op_count; i++) {
        if (graph.ops[i].kind != MN_OP_DEPTHWISE_CONV_2D) continue;
        sum += log(spread_of(&graph, i));
        count++;
    }
    mn_graph_free(&graph);
    return exp(sum / count);
}

static void it_rescales_and_computes_the_same(void **state) {
    (void)state;
    mn_net net;
    float before[SAMPLES * CLASSES], after[SAMPLES * CLASSES];
    bool changed;
    open_net(&net);
    answer(&net, before);
    const double uneven = unevenness(&net);
    expect_ok(mn_train_balance(&net, &changed));
    assert_true(changed);
    answer(&net, after);
    for (int32_t i = 0; i < SAMPLES * CLASSES; i++) assert_float_equal(before[i], after[i], 1e-5);
    assert_true(uneven > 100);
    if (!(unevenness(&net) < uneven / 10)) fail_msg("filters differ %g times, before %g", unevenness(&net), uneven);
    mn_net_free(&net);
}

static void it_keeps_a_net_with_ranges(void **state) {
    (void)state;
    mn_net net;
    bool changed;
    open_net(&net);
    net.layers[0].low = -1;
    net.layers[0].high = 1;
    const double uneven = unevenness(&net);
    expect_ok(mn_train_balance(&net, &changed));
    assert_false(changed);
    assert_true(unevenness(&net) == uneven);
    mn_net_free(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_rescales_and_computes_the_same),
        cmocka_unit_test(it_keeps_a_net_with_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
