/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The range of scores before a softmax: by what it does to the answer, not by how near each score is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/extremes.h"
#include "net/random.h"
#include "quant/calibrate.h"
#include "quant/scores.h"
#include "support/quant_network.h"

enum { ROWS = 40, CLASSES = 200 };

typedef struct fixture {
    float values[ROWS * CLASSES];
    mn_scores scores;
    mn_interval all;
} fixture;

/* Most classes are out of the question; one of each row stands out, and sometimes a second. */
static void make(fixture *f) {
    mn_random random = {7};
    f->all = (mn_interval){0, 0};
    for (int32_t i = 0; i < ROWS * CLASSES; i++) {
        float *x = &f->values[i];
        *x = (float)mn_random_uniform(&random, -6, 2);
        if (i % CLASSES == 17) *x = (float)mn_random_uniform(&random, 8, 20);
        if (i % CLASSES == 93) *x = (float)mn_random_uniform(&random, 0, 10);
        f->all.low = mn_min_f32(f->all.low, *x);
        f->all.high = mn_max_f32(f->all.high, *x);
    }
    f->scores = (mn_scores){.rows = ROWS, .classes = CLASSES, .values = f->values};
}

/* The definition. */
static double divergence(const fixture *f, mn_step8 step) {
    double sum = 0;
    for (int32_t r = 0; r < ROWS; r++) {
        double exact[CLASSES], rounded[CLASSES], exact_sum = 0, rounded_sum = 0;
        for (int32_t i = 0; i < CLASSES; i++) {
            const double x = (double)f->values[r * CLASSES + i], units = round(x / (double)step.scale) + step.zero;
            exact_sum += exact[i] = exp(x);
            rounded_sum += rounded[i] = exp((double)step.scale * (fmin(fmax(units, -128), 127) - step.zero));
        }
        for (int32_t i = 0; i < CLASSES; i++) {
            const double p = exact[i] / exact_sum;
            sum += p * log(p / (rounded[i] / rounded_sum));
        }
    }
    return sum / ROWS;
}

static void test_divergence(void **state) {
    (void)state;
    fixture f;
    make(&f);
    const mn_interval ranges[] = {f.all, {-3, 25}, {0, 12}, {-100, 100}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const mn_step8 step = mn_step8_of(ranges[i]);
        const double wanted = divergence(&f, step);
        assert_true(fabs(mn_scores_divergence(&f.scores, step) - wanted) < 1e-6 + 1e-3 * wanted);
    }
}

/* Hardly a range of a grid is better. */
static void test_least(void **state) {
    (void)state;
    fixture f;
    make(&f);
    const double found = mn_scores_divergence(&f.scores, mn_step8_of(mn_scores_range(&f.scores, f.all)));
    for (float low = 0; low <= 1; low += 0.1f) {
        for (float high = 0.1f; high <= 1; high += 0.1f) {
            const mn_interval range = {low * f.all.low, high * f.all.high};
            assert_true(found < 1.2 * mn_scores_divergence(&f.scores, mn_step8_of(range)));
        }
    }
}

/* Scores that are low cost nothing where they are cut off. */
static void test_low_outlier(void **state) {
    (void)state;
    fixture f;
    make(&f);
    f.values[5] = f.all.low = -1000;
    assert_true(mn_scores_range(&f.scores, f.all).low > -100);
}

static void test_without_spread(void **state) {
    (void)state;
    const float zeros[4] = {0};
    const mn_scores scores = {.rows = 2, .classes = 2, .values = zeros};
    const mn_interval none = {0, 0}, found = mn_scores_range(&scores, none);
    assert_true(found.low == 0 && found.high == 0);
    assert_true(mn_scores_divergence(&scores, mn_step8_of(none)) == 0);
}

/* ---- In a graph ----------------------------------------------------------------------------------------- */

enum { SAMPLES = 5 };

typedef struct kept {
    int32_t tensor;
    float values[SAMPLES * QUANT_CLASSES];
    mn_interval all;
} kept;

static void keep(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)job;
    kept *k = context;
    const float *scores = mn_session_tensor_data(session, k->tensor);
    for (int32_t i = 0; i < QUANT_CLASSES; i++) {
        k->values[sample * QUANT_CLASSES + i] = scores[i];
        k->all.low = mn_min_f32(k->all.low, scores[i]);
        k->all.high = mn_max_f32(k->all.high, scores[i]);
    }
}

/* Makes the scores differ more, so that the low ones do not count. */
static void spread_scores(mn_graph *graph) {
    mn_tensor *weights = &graph->tensors[graph->ops[graph->op_count - 2].inputs[1]];
    const float *from = weights->data;
    float *to = mn_region_alloc(&graph->region, weights->bytes, 1);
    assert_non_null(to);
    for (size_t i = 0; i < weights->bytes / sizeof *to; i++) to[i] = 20 * from[i];
    weights->data = to;
}

/* What the SOFTMAX at the end reads gets this range, by the method that looks at errors and by no other. */
static void test_calibrated(void **state) {
    (void)state;
    quant_network f;
    mn_runner *runner = NULL;
    quant_network_open(&f, SAMPLES);
    spread_scores(&f.graph);
    const mn_op *softmax = &f.graph.ops[f.graph.op_count - 1];
    kept k = {.tensor = softmax->inputs[0]};
    assert_int_equal(softmax->kind, MN_OP_SOFTMAX);
    assert_int_equal(mn_runner_create(&f.graph, 1, &runner), MN_OK);
    assert_int_equal(mn_runner_each(runner, &f.samples, NULL, keep, &k, "test", NULL), MN_OK);
    const mn_scores scores = {.rows = SAMPLES, .classes = QUANT_CLASSES, .values = k.values};
    const mn_interval wanted = mn_scores_range(&scores, k.all);
    for (mn_range_method method = 0; method < MN_RANGE_METHOD_COUNT; method++) {
        mn_scheme scheme;
        assert_int_equal(mn_scheme_create(&f.graph, f.samples.meaning, MN_SCALES_PER_CHANNEL, &scheme), MN_OK);
        assert_true(mn_scores_are_free(&scheme, softmax));
        assert_false(mn_scores_are_free(&scheme, softmax - 1));
        assert_int_equal(mn_calibrate(&scheme, runner, &f.samples, method, NULL), MN_OK);
        const mn_interval found = scheme.range[k.tensor];
        assert_int_equal(found.low == wanted.low && found.high == wanted.high, method == MN_RANGE_MSE);
        mn_scheme_free(&scheme);
    }
    mn_runner_close(&runner);
    quant_network_close(&f);
}

/* Scores that another operator reads too, or whose scale other values have as well, have no range of their own. */
static void test_not_free(void **state) {
    (void)state;
    quant_network f;
    mn_scheme scheme;
    quant_network_open(&f, 1);
    const mn_op *softmax = &f.graph.ops[f.graph.op_count - 1];
    const int32_t tensor = softmax->inputs[0], input = f.graph.ops[0].inputs[0];
    assert_int_equal(mn_scheme_create(&f.graph, f.samples.meaning, MN_SCALES_PER_CHANNEL, &scheme), MN_OK);
    assert_true(mn_scores_are_free(&scheme, softmax));
    f.graph.ops[0].inputs[0] = tensor;
    assert_false(mn_scores_are_free(&scheme, softmax));
    f.graph.ops[0].inputs[0] = input;
    scheme.leader[input] = scheme.leader[tensor];
    assert_false(mn_scores_are_free(&scheme, softmax));
    mn_scheme_free(&scheme);
    quant_network_close(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_divergence),     cmocka_unit_test(test_least),      cmocka_unit_test(test_low_outlier),
        cmocka_unit_test(test_without_spread), cmocka_unit_test(test_calibrated), cmocka_unit_test(test_not_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
