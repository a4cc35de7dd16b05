/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Biases corrected for the places where an activation function changes nothing. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "quant/calibrate.h"
#include "quant/correct.h"
#include "quant/correct_active.h"
#include "support/quant_network.h"

/* The layer looked at is a 1x1 convolution with RELU6 that has as many places as a correction looks at. */
enum { SAMPLES = 4, PLACES = 64, LARGEST = 64, LEAST_PLACES = 64 };

typedef struct lack {
    const mn_scheme *scheme;
    const mn_quant_layer *layer;
    double sum[LARGEST];
    int32_t active[LARGEST];
} lack;

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void add_lack(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)job;
    (void)sample;
    lack *l = context;
    const mn_op *op = &l->scheme->graph->ops[l->layer->op];
    const mn_step8 step = mn_scheme_step(l->scheme, op->inputs[0]);
    const float *x = mn_session_tensor_data(session, op->inputs[0]),
                *y = mn_session_tensor_data(session, op->outputs[0]);
    const int32_t inputs = l->layer->elements / l->layer->channels;
    for (int32_t i = 0; i < PLACES * l->layer->channels; i++) {
        const int32_t c = i % l->layer->channels, place = i / l->layer->channels;
        if (!(y[i] > 0 && y[i] < 6)) continue;
        double stored = (double)l->layer->bias[c];
        for (int32_t k = 0; k < inputs; k++) {
            const float units = roundf(x[place * inputs + k] / step.scale) + (float)step.zero;
            const float met = step.scale * (fminf(fmaxf(units, -128), 127) - (float)step.zero);
            stored += (double)met * (double)mn_layer_scale(l->layer, c) * l->layer->stored[c * inputs + k];
        }
        l->sum[c] += (double)y[i] - stored;
        l->active[c]++;
    }
}

static lack lack_of(const mn_scheme *scheme, const mn_quant_layer *layer, mn_runner *runner,
                    const mn_samples *samples) {
    lack l = {.scheme = scheme, .layer = layer};
    expect_ok(mn_runner_each(runner, samples, NULL, add_lack, &l, "test", NULL));
    return l;
}

static mn_quant_layer *find_layer(const mn_scheme *scheme) {
    for (int32_t i = 0; i < scheme->layer_count; i++) {
        const mn_op *op = &scheme->graph->ops[scheme->layers[i].op];
        const mn_tensor *y = mn_graph_output(scheme->graph, op, 0);
        const bool fits = y->rank == 4 && y->dims[1] * y->dims[2] == PLACES && y->dims[3] <= LARGEST;
        if (op->kind == MN_OP_CONV_2D && op->attr.activation == MN_ACT_RELU6 && fits) return &scheme->layers[i];
    }
    fail_msg("no such layer");
    return NULL;
}

static void test_active_places(void **state) {
    (void)state;
    quant_network n;
    mn_scheme scheme;
    mn_runner *runner = NULL;
    float before[LARGEST];
    int32_t moved = 0, kept = 0;
    quant_network_open(&n, SAMPLES);
    expect_ok(mn_scheme_create(&n.graph, n.samples.meaning, MN_SCALES_PER_CHANNEL, &scheme));
    expect_ok(mn_runner_create(&n.graph, 2, &runner));
    expect_ok(mn_calibrate(&scheme, runner, &n.samples, MN_RANGE_MINMAX, NULL));
    expect_ok(mn_scheme_share_ranges(&scheme));
    mn_quant_layer *layer = find_layer(&scheme);
    for (int32_t c = 0; c < layer->channels; c++) layer->scale[c] *= 127.0f / 3;
    mn_layer_round(layer);
    expect_ok(mn_correct_biases(&scheme, runner, &n.samples, NULL));
    memcpy(before, layer->bias, (size_t)layer->channels * sizeof *before);
    const lack worse = lack_of(&scheme, layer, runner, &n.samples);
    expect_ok(mn_correct_active(&scheme, runner, &n.samples, NULL));
    const lack better = lack_of(&scheme, layer, runner, &n.samples);
    for (int32_t c = 0; c < layer->channels; c++) {
        if (worse.active[c] < LEAST_PLACES) {
            assert_memory_equal(&layer->bias[c], &before[c], sizeof *before);
            kept++;
            continue;
        }
        assert_true(fabs(better.sum[c]) < 1e-5 * better.active[c]);
        moved += fabs(worse.sum[c]) > 0.01 * worse.active[c];
    }
    assert_true(moved > 3 && kept > 0);
    mn_runner_close(&runner);
    mn_scheme_free(&scheme);
    quant_network_close(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_active_places)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
