/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The loss and every gradient of a small net against its definition: batch norm over the batch, the whole in double,
 * gradients by central differences. On every tier of kernels and with several numbers of threads. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "support/train_definition.h"
#include "train/network.h"

enum { BATCH = TD_BATCH, CLASSES = TD_CLASSES };

static void assert_near(double got, double expected, double tolerance) {
    if (fabs(got - expected) > tolerance) fail_msg("%.9g, not %.9g", got, expected);
}

static void pass(mn_train_net *t, bool training, mn_train_result *result) {
    td_draw_batch(t->pictures, t->labels);
    t->count = BATCH;
    t->training = training;
    t->smoothing = TD_SMOOTHING;
    t->use_parameters = t->parameters;
    t->use_statistics = t->statistics;
    assert_int_equal(mn_train_forward(t), MN_OK);
    assert_int_equal(mn_train_loss(t, result), MN_OK);
    if (training) assert_int_equal(mn_train_backward(t), MN_OK);
}

/* The net and the batch are the same every time. */
static void check(td_definition *d, mn_net *net, const mn_train_kernels *kernels, int32_t threads, int32_t freeze,
                  int32_t step) {
    mn_train_net t;
    mn_train_result result;
    mn_train_net_options options = {.batch = BATCH + 1, .threads = threads, .freeze = freeze};
    assert_int_equal(mn_train_net_create(net, &options, &t, NULL), MN_OK);
    t.kernels = kernels;
    pass(&t, true, &result);
    d->pictures = t.pictures;
    d->labels = t.labels;
    assert_near(result.loss / BATCH, td_evaluate(d), 1e-6);
    const char *wrong = td_compare_gradients(d, net, &t, step);
    if (wrong) fail_msg("%s", wrong);
    mn_train_net_free(&t);
}

/* ---- Tests ------------------------------------------------------------------------------------------- */

/* On every tier and with several numbers of threads. */
static void gradients_are_differences(void **state) {
    (void)state;
    mn_net net = {0};
    td_make_net(&net);
    td_definition d = {.net = &net};
    for (const mn_train_kernels *const *tier = mn_train_kernels_all(); *tier; tier++) {
        for (int32_t threads = 1; threads <= 7; threads += 3) check(&d, &net, *tier, threads, 0, 1);
    }
    td_free(&d);
    mn_net_free(&net);
}

static void gradients_of_v3_are_differences(void **state) {
    (void)state;
    mn_net net = {0};
    td_make_net_v3(&net);
    td_definition d = {.net = &net};
    int32_t threads = 0;
    for (const mn_train_kernels *const *tier = mn_train_kernels_all(); *tier; tier++) {
        check(&d, &net, *tier, ++threads, 0, 2);
    }
    td_free(&d);
    mn_net_free(&net);
}

/* A frozen net's classifier learns on batch norm's moving statistics, and only it gets gradients. */
static void frozen_units(void **state) {
    (void)state;
    mn_net net = {0};
    td_make_net(&net);
    td_definition d = {.net = &net, .moving = true};
    check(&d, &net, mn_train_kernels_best(), 2, -1, 1);
    td_free(&d);
    mn_net_free(&net);
}

static void evaluation_uses_moving_statistics(void **state) {
    (void)state;
    mn_net net = {0};
    mn_train_net t;
    mn_train_result result;
    mn_train_net_options options = {.batch = BATCH, .threads = 2};
    td_make_net(&net);
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    pass(&t, false, &result);
    td_definition d = {.net = &net, .pictures = t.pictures, .labels = t.labels, .moving = true};
    assert_near(result.loss / BATCH, td_evaluate(&d), 1e-6);
    td_free(&d);
    mn_train_net_free(&t);
    mn_net_free(&net);
}

/* Moving statistics are those of Keras: the batch's own mean and (biased) variance, a tenth of them here. */
static void moving_statistics(void **state) {
    (void)state;
    mn_net net = {0}, after = {0};
    mn_train_net t;
    mn_train_result result;
    mn_train_net_options options = {.batch = BATCH, .threads = 3};
    td_make_net(&net);
    td_make_net(&after);
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    pass(&t, true, &result);
    mn_train_keep_statistics(&t);
    mn_train_net_export(&t, t.parameters, t.statistics, &after);
    td_definition d = {.net = &net, .pictures = t.pictures, .labels = t.labels};
    td_evaluate(&d);
    for (int32_t i = 0; i < net.layer_count; i++) {
        const mn_layer *norm = &net.layers[i];
        if (norm->kind != MN_LAYER_BATCH_NORM) continue;
        size_t channels = (size_t)norm->c, rows = BATCH * td_per_picture(norm) / channels;
        const double *z = d.of[norm->inputs[0]];
        for (size_t c = 0; c < channels; c++) {
            double mean = 0, variance = 0;
            for (size_t r = 0; r < rows; r++) mean += z[r * channels + c] / (double)rows;
            for (size_t r = 0; r < rows; r++) variance += pow(z[r * channels + c] - mean, 2) / (double)rows;
            assert_near((double)after.layers[i].mean[c], 0.9 * (double)norm->mean[c] + 0.1 * mean, 1e-5);
            assert_near((double)after.layers[i].variance[c], 0.9 * (double)norm->variance[c] + 0.1 * variance, 1e-5);
        }
    }
    td_free(&d);
    mn_train_net_free(&t);
    mn_net_free(&net);
    mn_net_free(&after);
}

/* Dropping out with one seed gives the same loss twice, with another a different one. */
static void dropout_follows_its_seed(void **state) {
    (void)state;
    mn_net net = {0};
    mn_train_net t;
    mn_train_result result[3];
    mn_train_net_options options = {.batch = BATCH, .threads = 2, .dropout = 0.4f};
    td_make_net(&net);
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    for (int i = 0; i < 3; i++) {
        t.dropout_seed = i < 2 ? 17 : 18;
        pass(&t, true, &result[i]);
    }
    assert_true(result[0].loss == result[1].loss);
    assert_true(result[0].loss != result[2].loss);
    mn_train_net_free(&t);
    mn_net_free(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_differences),
        cmocka_unit_test(gradients_of_v3_are_differences),
        cmocka_unit_test(frozen_units),
        cmocka_unit_test(evaluation_uses_moving_statistics),
        cmocka_unit_test(moving_statistics),
        cmocka_unit_test(dropout_follows_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
