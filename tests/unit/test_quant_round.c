/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Learned rounding: smaller errors than rounding to nearest, the same whatever the number of jobs. */
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
#include "quant/round.h"
#include "quant/round_fit.h"
#include "quant/round_observe.h"
#include "support/quant_network.h"

enum { SAMPLES = 6 };

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* ---- One channel ---------------------------------------------------------------------------------------- */

static void round_nearest(const float *weights, int32_t count, double scale, int8_t *stored) {
    for (int32_t i = 0; i < count; i++) stored[i] = (int8_t)fmin(fmax(round((double)weights[i] / scale), -127), 127);
}

static double error_of(const double *h, const float *weights, int32_t count, double scale, const int8_t *stored) {
    double sum = 0;
    for (int32_t i = 0; i < count; i++) {
        for (int32_t k = 0; k < count; k++) {
            sum +=
                h[i * count + k] * (scale * stored[i] - (double)weights[i]) * (scale * stored[k] - (double)weights[k]);
        }
    }
    return sum;
}

/* Two inputs that are always equal: only the sum of their weights counts. */
static void test_fit_pair(void **state) {
    (void)state;
    const double h[] = {1, 0.9999, 0.9999, 1};
    const float weights[] = {10.4f, 7.4f};
    int8_t stored[2];
    double slope[2];
    round_nearest(weights, 2, 1, stored);
    double error = mn_round_fit(h, weights, 2, 1, stored, slope);
    assert_int_equal(stored[0] + stored[1], 18);
    assert_float_equal(error, error_of(h, weights, 2, 1, stored), 1e-9);
}

static void test_fit_limits(void **state) {
    (void)state;
    const double h[] = {1, 0, 0, 1};
    const float weights[] = {500, -500};
    int8_t stored[] = {0, 0};
    double slope[2];
    mn_round_fit(h, weights, 2, 1, stored, slope);
    assert_int_equal(stored[0], 127);
    assert_int_equal(stored[1], -127);
}

/* Against every choice of rounding up or down, for random covariances: never worse than nearest, mostly the best. */
static void test_fit_random(void **state) {
    (void)state;
    enum { COUNT = 6, TRIALS = 100 };
    mn_random random = {11};
    int32_t best_found = 0;
    for (int32_t trial = 0; trial < TRIALS; trial++) {
        double x[COUNT][COUNT], h[COUNT * COUNT] = {0}, slope[COUNT], least = INFINITY;
        float weights[COUNT];
        int8_t nearest[COUNT], stored[COUNT], tried[COUNT];
        for (int32_t i = 0; i < COUNT * COUNT; i++) x[i / COUNT][i % COUNT] = mn_random_uniform(&random, -0.5, 1);
        for (int32_t i = 0; i < COUNT * COUNT * COUNT; i++) {
            h[i / COUNT] += x[i % COUNT][i / COUNT / COUNT] * x[i % COUNT][i / COUNT % COUNT];
        }
        for (int32_t i = 0; i < COUNT; i++) weights[i] = (float)mn_random_uniform(&random, -100, 100);
        for (int32_t bits = 0; bits < 1 << COUNT; bits++) {
            for (int32_t i = 0; i < COUNT; i++) tried[i] = (int8_t)(floorf(weights[i]) + (float)(bits >> i & 1));
            least = mn_min_f64(least, error_of(h, weights, COUNT, 1, tried));
        }
        round_nearest(weights, COUNT, 1, nearest);
        memcpy(stored, nearest, sizeof stored);
        double error = mn_round_fit(h, weights, COUNT, 1, stored, slope);
        assert_float_equal(error, error_of(h, weights, COUNT, 1, stored), 1e-6);
        assert_true(error <= error_of(h, weights, COUNT, 1, nearest) + 1e-9);
        best_found += error <= least * 1.5 + 1e-9;
    }
    assert_true(best_found > TRIALS * 85 / 100);
}

/* ---- A network ------------------------------------------------------------------------------------------ */

typedef struct fixture {
    mn_graph graph;
    mn_scheme scheme;
    mn_runner *runner;
    uint8_t pixels[SAMPLES * QUANT_ELEMENTS];
    mn_samples samples;
} fixture;

static void open_fixture(fixture *f, int32_t jobs, bool per_tensor) {
    memset(f, 0, sizeof *f);
    quant_network_graph(&f->graph);
    for (size_t i = 0; i < sizeof f->pixels; i++) {
        f->pixels[i] =
            (uint8_t)(127.5 + 100 * sin((double)(i % QUANT_ELEMENTS) / (7.0 + (double)(i / QUANT_ELEMENTS))));
    }
    f->samples = (mn_samples){.count = SAMPLES, .elements = QUANT_ELEMENTS, .pixels = f->pixels, .meaning = {-1, 1}};
    expect_ok(mn_scheme_create(&f->graph, f->samples.meaning, per_tensor ? MN_SCALES_PER_TENSOR : MN_SCALES_PER_CHANNEL,
                               &f->scheme));
    expect_ok(mn_runner_create(&f->graph, jobs, &f->runner));
    expect_ok(mn_calibrate(&f->scheme, f->runner, &f->samples, MN_RANGE_MINMAX, NULL));
    expect_ok(mn_scheme_share_ranges(&f->scheme));
}

static void close_fixture(fixture *f) {
    mn_runner_close(&f->runner);
    mn_scheme_free(&f->scheme);
    mn_graph_free(&f->graph);
}

static int32_t count_changes(const mn_scheme *a, const mn_scheme *b) {
    int32_t changes = 0;
    for (int32_t i = 0; i < a->layer_count; i++) {
        for (int32_t k = 0; k < a->layers[i].elements; k++) changes += a->layers[i].stored[k] != b->layers[i].stored[k];
        for (int32_t k = 0; k < a->layers[i].scale_count; k++) {
            changes += memcmp(&a->layers[i].scale[k], &b->layers[i].scale[k], sizeof(float)) != 0;
        }
    }
    return changes;
}

static void test_jobs_and_seeds(void **state) {
    (void)state;
    static fixture plain, one, three, seeded;
    open_fixture(&plain, 1, false);
    open_fixture(&one, 1, false);
    open_fixture(&three, 3, false);
    open_fixture(&seeded, 1, false);
    expect_ok(mn_round_learn(&one.scheme, one.runner, &one.samples, 1, NULL));
    expect_ok(mn_round_learn(&three.scheme, three.runner, &three.samples, 1, NULL));
    expect_ok(mn_round_learn(&seeded.scheme, seeded.runner, &seeded.samples, 2, NULL));
    assert_int_equal(count_changes(&one.scheme, &three.scheme), 0);
    assert_true(count_changes(&one.scheme, &plain.scheme) > 1000);
    assert_true(count_changes(&one.scheme, &seeded.scheme) > 0);
    close_fixture(&plain);
    close_fixture(&one);
    close_fixture(&three);
    close_fixture(&seeded);
}

/* Real scales for the errors of layer `index`, by the covariance of its inputs. */
static double layer_error(const mn_quant_layer *layer, const mn_inputs *x) {
    size_t count = (size_t)x->count;
    double *h = calloc(count * count, sizeof *h), *sum = calloc(count, sizeof *sum), error = 0;
    assert_true(h != NULL && sum != NULL);
    for (int32_t c = 0; c < layer->channels; c++) {
        if (!mn_inputs_covariance(x, c, h, sum)) continue;
        for (int32_t i = 0; i < x->count * x->count; i++) {
            int32_t a = i / x->count, b = i % x->count;
            int32_t at = x->depthwise ? a * layer->channels + c : c * x->count + a;
            int32_t other = x->depthwise ? b * layer->channels + c : c * x->count + b;
            double scale = (double)mn_layer_scale(layer, c);
            error += h[i] * (scale * layer->stored[at] - (double)layer->weights[at]) *
                     (scale * layer->stored[other] - (double)layer->weights[other]);
        }
    }
    free(h);
    free(sum);
    return error;
}

/* Wider scales than that of the largest weight are among those tried; narrower ones would clip it. */
static void test_scales_widen(void **state) {
    (void)state;
    static fixture plain, learned;
    int32_t wider = 0, narrower = 0;
    open_fixture(&plain, 1, false);
    open_fixture(&learned, 1, false);
    expect_ok(mn_round_learn(&learned.scheme, learned.runner, &learned.samples, 1, NULL));
    for (int32_t i = 0; i < plain.scheme.layer_count; i++) {
        for (int32_t c = 0; c < plain.scheme.layers[i].channels; c++) {
            wider += learned.scheme.layers[i].scale[c] > plain.scheme.layers[i].scale[c];
            narrower += learned.scheme.layers[i].scale[c] < plain.scheme.layers[i].scale[c];
        }
    }
    assert_true(wider > 1000 && narrower == 0);
    close_fixture(&plain);
    close_fixture(&learned);
}

static void test_errors_shrink(void **state) {
    (void)state;
    static fixture plain, learned;
    mn_inputs inputs[64];
    mn_region region = {0};
    for (int32_t per_tensor = 0; per_tensor < 2; per_tensor++) {
        open_fixture(&plain, 1, per_tensor);
        open_fixture(&learned, 1, per_tensor);
        assert_true(plain.scheme.layer_count <= 64);
        expect_ok(mn_round_learn(&learned.scheme, learned.runner, &learned.samples, 1, NULL));
        expect_ok(mn_inputs_observe(&plain.scheme, plain.runner, &plain.samples, 1, NULL, &region, inputs));
        for (int32_t i = 0; i < 8; i++) { /* later layers are as well, but take longer */
            double before = layer_error(&plain.scheme.layers[i], &inputs[i]);
            double after = layer_error(&learned.scheme.layers[i], &inputs[i]);
            if (!(before > 0 && after < 0.9 * before)) print_message("layer %d: %g, then %g\n", i, before, after);
            assert_true(before > 0 && after < 0.9 * before);
            if (per_tensor) assert_memory_equal(plain.scheme.layers[i].scale, learned.scheme.layers[i].scale, 4);
        }
        close_fixture(&plain);
        close_fixture(&learned);
    }
    mn_region_free(&region);
}

/* Makes every odd channel of the first convolution a copy of the one before it. */
static void make_pairs(mn_quant_layer *layer) {
    const int32_t inner = layer->elements / layer->channels;
    float *weights = malloc((size_t)layer->elements * sizeof *weights);
    assert_non_null(weights);
    for (int32_t i = 0; i < layer->elements; i++) {
        const int32_t channel = i / inner;
        weights[i] = layer->weights[(channel - channel % 2) * inner + i % inner];
    }
    layer->weights = weights;
    for (int32_t c = 1; c < layer->channels; c += 2) layer->scale[c] = layer->scale[c - 1];
}

/* What two copies of a channel lack together is little more than what one lacks. */
static void test_copies(void **state) {
    (void)state;
    static fixture f;
    open_fixture(&f, 1, false);
    mn_quant_layer *layer = &f.scheme.layers[0];
    const int32_t inner = layer->elements / layer->channels;
    double one = 0, both = 0;
    make_pairs(layer);
    expect_ok(mn_round_learn(&f.scheme, f.runner, &f.samples, 1, NULL));
    for (int32_t c = 0; c < layer->channels; c += 2) {
        for (int32_t i = c * inner; i < (c + 1) * inner; i++) {
            const double first = (double)(layer->scale[c] * (float)layer->stored[i] - layer->weights[i]);
            const double second = (double)(layer->scale[c + 1] * (float)layer->stored[i + inner] - layer->weights[i]);
            one += first * first;
            both += (first + second) * (first + second);
        }
    }
    assert_true(one > 0 && both < 1.5 * one); /* 4 when both are rounded alike */
    free((void *)(uintptr_t)layer->weights);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fit_pair),     cmocka_unit_test(test_fit_limits),
        cmocka_unit_test(test_fit_random),   cmocka_unit_test(test_jobs_and_seeds),
        cmocka_unit_test(test_scales_widen), cmocka_unit_test(test_errors_shrink),
        cmocka_unit_test(test_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
