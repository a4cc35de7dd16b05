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

#include "base/checked.h"
#include "net/random.h"
#include "train/network.h"

enum { HEIGHT = 13, WIDTH = 11, BATCH = 5, CLASSES = 7 };
static const float smoothing = 0.1f;

/* ---- The net: every kind of unit, odd sizes, both kinds of padding ------------------------------------- */

static int32_t add(mn_net *net, mn_layer layer, const char *name, int32_t from) {
    int32_t index;
    layer.name = name;
    layer.inputs[0] = from;
    assert_int_equal(mn_net_add(net, &layer, layer.kind == MN_LAYER_DENSE, &index), MN_OK);
    return index;
}

static int32_t add_norm(mn_net *net, const char *name, int32_t from) {
    return add(net, (mn_layer){.kind = MN_LAYER_BATCH_NORM, .epsilon = 1e-3f, .momentum = 0.9f}, name, from);
}

static int32_t add_unit(mn_net *net, const char *prefix, mn_layer layer, bool relu, int32_t from) {
    char name[64];
    int32_t at = add(net, layer, prefix, from);
    snprintf(name, sizeof name, "%s_norm", prefix);
    at = add_norm(net, name, at);
    snprintf(name, sizeof name, "%s_relu", prefix);
    return relu ? add(net, (mn_layer){.kind = MN_LAYER_RELU, .max_value = 1.5f}, name, at) : at;
}

static mn_layer conv(int32_t size, int32_t stride, int32_t units) {
    return (mn_layer){
        .kind = MN_LAYER_CONV, .k_h = size, .k_w = size, .stride = stride, .units = units, .padding = MN_PAD_SAME};
}

static mn_layer depthwise(int32_t stride, mn_padding padding) {
    return (mn_layer){.kind = MN_LAYER_DEPTHWISE, .k_h = 3, .k_w = 3, .stride = stride, .padding = padding};
}

static void draw(mn_random *random, float *values, size_t count, double low, double high) {
    for (size_t i = 0; values && i < count; i++) values[i] = (float)mn_random_uniform(random, low, high);
}

static void make_net(mn_net *net) {
    int32_t at = add(net, (mn_layer){.kind = MN_LAYER_INPUT, .h = HEIGHT, .w = WIDTH, .c = 3}, "input", -1);
    at = add_unit(net, "stem", conv(3, 2, 8), true, at);
    at = add_unit(net, "a_depthwise", depthwise(1, MN_PAD_SAME), true, at);
    int32_t first = add_unit(net, "a_project", conv(1, 1, 8), false, at);
    at = add_unit(net, "b_expand", conv(1, 1, 20), true, first);
    at = add_unit(net, "b_depthwise", depthwise(1, MN_PAD_SAME), true, at);
    at = add_unit(net, "b_project", conv(1, 1, 8), false, at);
    mn_layer sum = {.kind = MN_LAYER_ADD, .inputs = {first, at}, .name = "b_add"};
    assert_int_equal(mn_net_add(net, &sum, false, &at), MN_OK);
    at = add_unit(net, "c_expand", conv(1, 1, 24), true, at);
    at = add(net, (mn_layer){.kind = MN_LAYER_ZERO_PADDING, .pad = {1, 1, 0, 1}}, "c_pad", at);
    at = add_unit(net, "c_depthwise", depthwise(2, MN_PAD_VALID), true, at);
    at = add_unit(net, "c_project", conv(1, 1, 18), false, at);
    at = add_unit(net, "last", conv(1, 1, 40), true, at);
    at = add(net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL}, "pool", at);
    at = add(net, (mn_layer){.kind = MN_LAYER_DENSE, .units = CLASSES}, "dense", at);
    add(net, (mn_layer){.kind = MN_LAYER_SOFTMAX}, "softmax", at);
    mn_net_randomise(net, 5);
    mn_random random = {9};
    for (int32_t i = 0; i < net->layer_count; i++) {
        mn_layer *layer = &net->layers[i];
        draw(&random, layer->gamma, (size_t)layer->c, 0.5, 1.5);
        draw(&random, layer->beta, (size_t)layer->c, -0.3, 0.9);
        draw(&random, layer->mean, (size_t)layer->c, -0.2, 0.2);
        draw(&random, layer->variance, (size_t)layer->c, 0.5, 1.5);
        draw(&random, layer->bias, (size_t)layer->c, -0.3, 0.3);
    }
}

static void draw_batch(float *pictures, int32_t *labels) {
    mn_random random = {3};
    draw(&random, pictures, (size_t)BATCH * HEIGHT * WIDTH * 3, -1, 1);
    for (int32_t i = 0; i < BATCH; i++) labels[i] = (int32_t)(mn_random_bits(&random) % CLASSES);
}

/* ---- Its definition ---------------------------------------------------------------------------------- */

typedef struct definition {
    const mn_net *net;
    const float *pictures;
    const int32_t *labels;
    double *of[64]; /* [BATCH][h][w][c] of each layer */
    bool moving;    /* batch norm uses its moving statistics */
} definition;

static size_t per_picture(const mn_layer *layer) { return (size_t)layer->h * (size_t)layer->w * (size_t)layer->c; }

static void define_window(const definition *d, const mn_layer *layer, const mn_layer *in, const double *from,
                          double *to) {
    bool same = layer->padding == MN_PAD_SAME, deep = layer->kind == MN_LAYER_DEPTHWISE;
    int32_t top = same ? mn_max_i32(0, (layer->h - 1) * layer->stride + layer->k_h - in->h) / 2 : 0;
    int32_t left = same ? mn_max_i32(0, (layer->w - 1) * layer->stride + layer->k_w - in->w) / 2 : 0;
    for (size_t i = 0; i < BATCH * per_picture(layer); i++) {
        int32_t u = (int32_t)(i % (size_t)layer->c), x = (int32_t)(i / (size_t)layer->c) % layer->w;
        int32_t y = (int32_t)(i / ((size_t)layer->c * (size_t)layer->w)) % layer->h;
        const double *picture = from + i / per_picture(layer) * per_picture(in);
        double sum = 0;
        for (int32_t k = 0; k < layer->k_h * layer->k_w; k++) {
            int32_t in_y = y * layer->stride - top + k / layer->k_w, in_x = x * layer->stride - left + k % layer->k_w;
            if (in_y < 0 || in_x < 0 || in_y >= in->h || in_x >= in->w) continue;
            const double *pixel = picture + (in_y * in->w + in_x) * in->c;
            for (int32_t c = deep ? u : 0; c < (deep ? u + 1 : in->c); c++) {
                sum += pixel[c] * (double)layer->kernel[deep ? k * in->c + c : (k * in->c + c) * layer->units + u];
            }
        }
        to[i] = sum;
    }
    (void)d;
}

static void define_norm(const definition *d, const mn_layer *layer, const double *from, double *to) {
    size_t channels = (size_t)layer->c, rows = BATCH * per_picture(layer) / channels;
    for (size_t c = 0; c < channels; c++) {
        double mean = 0, variance = 0;
        for (size_t r = 0; r < rows; r++) mean += from[r * channels + c] / (double)rows;
        for (size_t r = 0; r < rows; r++) variance += pow(from[r * channels + c] - mean, 2) / (double)rows;
        if (d->moving) mean = (double)layer->mean[c], variance = (double)layer->variance[c];
        for (size_t r = 0; r < rows; r++) {
            to[r * channels + c] =
                (from[r * channels + c] - mean) / sqrt(variance + (double)layer->epsilon) * (double)layer->gamma[c] +
                (double)layer->beta[c];
        }
    }
}

static void define_padding(const mn_layer *layer, const mn_layer *in, const double *from, double *to) {
    memset(to, 0, BATCH * per_picture(layer) * sizeof *to);
    for (int32_t row = 0; row < BATCH * in->h; row++) {
        int32_t y = row / in->h * layer->h + row % in->h + layer->pad[0];
        memcpy(to + (size_t)(y * layer->w + layer->pad[2]) * (size_t)in->c,
               from + (size_t)row * (size_t)(in->w * in->c), (size_t)(in->w * in->c) * sizeof *to);
    }
}

static void define_pool(const mn_layer *in, const double *from, double *to) {
    int32_t pixels = in->h * in->w;
    for (int32_t i = 0; i < BATCH * in->c; i++) {
        double sum = 0;
        for (int32_t p = 0; p < pixels; p++) sum += from[(i / in->c * pixels + p) * in->c + i % in->c];
        to[i] = sum / pixels;
    }
}

static void define_dense(const mn_layer *layer, const mn_layer *in, const double *from, double *to) {
    for (int32_t i = 0; i < BATCH * layer->units; i++) {
        int32_t u = i % layer->units;
        to[i] = (double)layer->bias[u];
        for (int32_t f = 0; f < in->c; f++) {
            to[i] += from[i / layer->units * in->c + f] * (double)layer->kernel[f * layer->units + u];
        }
    }
}

static double define_loss(const definition *d, const double *logits) {
    double loss = 0;
    for (int32_t i = 0; i < BATCH; i++) {
        double sum = 0;
        for (int32_t c = 0; c < CLASSES; c++) sum += exp(logits[i * CLASSES + c]);
        for (int32_t c = 0; c < CLASSES; c++) {
            double target = (double)smoothing / CLASSES + (d->labels[i] == c ? 1 - (double)smoothing : 0);
            loss -= target * (logits[i * CLASSES + c] - log(sum)) / BATCH;
        }
    }
    return loss;
}

static double evaluate(definition *d) {
    double loss = 0;
    for (int32_t i = 0; i < d->net->layer_count; i++) {
        const mn_layer *layer = &d->net->layers[i], *in = &d->net->layers[layer->inputs[0] < 0 ? 0 : layer->inputs[0]];
        const double *from = layer->inputs[0] < 0 ? NULL : d->of[layer->inputs[0]];
        size_t count = BATCH * per_picture(layer);
        if (!d->of[i]) d->of[i] = malloc(count * sizeof *d->of[i]);
        double *to = d->of[i];
        switch (layer->kind) {
        case MN_LAYER_INPUT:
            for (size_t k = 0; k < count; k++) to[k] = (double)d->pictures[k];
            break;
        case MN_LAYER_ZERO_PADDING: define_padding(layer, in, from, to); break;
        case MN_LAYER_CONV:
        case MN_LAYER_DEPTHWISE: define_window(d, layer, in, from, to); break;
        case MN_LAYER_BATCH_NORM: define_norm(d, layer, from, to); break;
        case MN_LAYER_RELU:
            for (size_t k = 0; k < count; k++) to[k] = fmin(fmax(from[k], 0), (double)layer->max_value);
            break;
        case MN_LAYER_ADD:
            for (size_t k = 0; k < count; k++) to[k] = from[k] + d->of[layer->inputs[1]][k];
            break;
        case MN_LAYER_GLOBAL_POOL: define_pool(in, from, to); break;
        case MN_LAYER_DENSE:
            define_dense(layer, in, from, to);
            loss = define_loss(d, to);
            break;
        default: break;
        }
    }
    return loss;
}

static void free_definition(definition *d) {
    for (size_t i = 0; i < sizeof d->of / sizeof d->of[0]; i++) free(d->of[i]);
}

/* By one weight, which is put back. The distance between the two floats is taken as it is. */
static double difference(definition *d, float *weight, float step) {
    float kept = *weight, up = kept + step, down = kept - step;
    *weight = up;
    double high = evaluate(d);
    *weight = down;
    double low = evaluate(d);
    *weight = kept;
    return (high - low) / ((double)up - (double)down);
}

static void assert_near(double got, double expected, double tolerance) {
    if (fabs(got - expected) > tolerance) fail_msg("%.9g, not %.9g", got, expected);
}

/* ---- Comparing --------------------------------------------------------------------------------------- */

/* One array of weights with its gradient, in the padded layout. */
typedef struct tensor {
    const char *name;
    float *weights;
    const float *gradient;
    int32_t rows, channels, padded;
} tensor;

/* Every `step`th gradient, with the largest of the array as the measure. */
static void compare(definition *d, const tensor *t, int32_t step) {
    double largest = 0;
    for (int32_t r = 0; r < t->rows; r++) {
        for (int32_t c = 0; c < t->channels; c++) largest = fmax(largest, fabs((double)t->gradient[r * t->padded + c]));
        for (int32_t c = t->channels; c < t->padded; c++) assert_true(t->gradient[r * t->padded + c] == 0);
    }
    for (int32_t i = 0; i < t->rows * t->channels; i += step) {
        double got = (double)t->gradient[i / t->channels * t->padded + i % t->channels], expected = 0;
        bool near = false;
        /* A value may meet the corner of its activation within one step, but not within every one. */
        for (float h = 2e-6f; !near && h > 1e-7f; h /= 4) {
            expected = difference(d, &t->weights[i], h);
            near = fabs(got - expected) <= 2e-4 * largest + 2e-7;
        }
        if (near) continue;
        fail_msg("%s[%d]: %.9g, by differences %.9g; the largest is %.9g", t->name, i, got, expected, largest);
    }
}

static void compare_all(definition *d, mn_net *net, const mn_train_net *t, int32_t step) {
    for (int32_t i = t->first_trained; i < t->unit_count; i++) {
        const mn_unit *u = &t->units[i];
        const mn_layer *layer = &net->layers[u->conv], *norm = &net->layers[u->norm];
        tensor kernel = {layer->name, layer->kernel, t->gradients + u->kernel, u->kernel_rows, u->out_c, u->out_p};
        tensor gamma = {norm->name, norm->gamma, t->gradients + u->gamma, 1, u->out_c, u->out_p};
        tensor beta = {norm->name, norm->beta, t->gradients + u->beta, 1, u->out_c, u->out_p};
        compare(d, &kernel, step);
        compare(d, &gamma, 1);
        compare(d, &beta, 1);
    }
    const mn_layer *dense = &net->layers[t->dense];
    tensor kernel = {"dense", dense->kernel, t->gradients + t->dense_kernel, 40, CLASSES, t->classes_p};
    tensor bias = {"bias", dense->bias, t->gradients + t->dense_bias, 1, CLASSES, t->classes_p};
    compare(d, &kernel, step);
    compare(d, &bias, 1);
}

static void pass(mn_train_net *t, bool training, mn_train_result *result) {
    draw_batch(t->pictures, t->labels);
    t->count = BATCH;
    t->training = training;
    t->smoothing = smoothing;
    t->use_parameters = t->parameters;
    t->use_statistics = t->statistics;
    assert_int_equal(mn_train_forward(t), MN_OK);
    assert_int_equal(mn_train_loss(t, result), MN_OK);
    if (training) assert_int_equal(mn_train_backward(t), MN_OK);
}

static void check_tier(const mn_train_kernels *kernels, int32_t threads, int32_t freeze, int32_t step) {
    mn_net net = {0};
    mn_train_net t;
    mn_train_result result;
    mn_train_net_options options = {.batch = BATCH + 1, .threads = threads, .freeze = freeze};
    make_net(&net);
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    t.kernels = kernels;
    pass(&t, true, &result);
    definition d = {.net = &net, .pictures = t.pictures, .labels = t.labels, .moving = freeze < 0};
    double expected = evaluate(&d);
    assert_near(result.loss / BATCH, expected, 1e-6);
    compare_all(&d, &net, &t, step);
    free_definition(&d);
    mn_train_net_free(&t);
    mn_net_free(&net);
}

/* ---- Tests ------------------------------------------------------------------------------------------- */

static void gradients_are_differences(void **state) {
    (void)state;
    check_tier(mn_train_kernels_best(), 1, 0, 3);
}

static void every_tier_and_thread_count(void **state) {
    (void)state;
    for (const mn_train_kernels *const *tier = mn_train_kernels_all(); *tier; tier++) {
        for (int32_t threads = 1; threads <= 7; threads += 3) check_tier(*tier, threads, 0, 61);
    }
}

/* A frozen net's classifier learns on batch norm's moving statistics, and only it gets gradients. */
static void frozen_units(void **state) {
    (void)state;
    check_tier(mn_train_kernels_best(), 2, -1, 1);
}

static void evaluation_uses_moving_statistics(void **state) {
    (void)state;
    mn_net net = {0};
    mn_train_net t;
    mn_train_result result;
    mn_train_net_options options = {.batch = BATCH, .threads = 2};
    make_net(&net);
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    pass(&t, false, &result);
    definition d = {.net = &net, .pictures = t.pictures, .labels = t.labels, .moving = true};
    assert_near(result.loss / BATCH, evaluate(&d), 1e-6);
    free_definition(&d);
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
    make_net(&net);
    make_net(&after);
    assert_int_equal(mn_train_net_create(&net, &options, &t, NULL), MN_OK);
    pass(&t, true, &result);
    mn_train_keep_statistics(&t);
    mn_train_net_export(&t, t.parameters, t.statistics, &after);
    definition d = {.net = &net, .pictures = t.pictures, .labels = t.labels};
    evaluate(&d);
    for (int32_t i = 0; i < net.layer_count; i++) {
        const mn_layer *norm = &net.layers[i];
        if (norm->kind != MN_LAYER_BATCH_NORM) continue;
        size_t channels = (size_t)norm->c, rows = BATCH * per_picture(norm) / channels;
        const double *z = d.of[norm->inputs[0]];
        for (size_t c = 0; c < channels; c++) {
            double mean = 0, variance = 0;
            for (size_t r = 0; r < rows; r++) mean += z[r * channels + c] / (double)rows;
            for (size_t r = 0; r < rows; r++) variance += pow(z[r * channels + c] - mean, 2) / (double)rows;
            assert_near((double)after.layers[i].mean[c], 0.9 * (double)norm->mean[c] + 0.1 * mean, 1e-5);
            assert_near((double)after.layers[i].variance[c], 0.9 * (double)norm->variance[c] + 0.1 * variance, 1e-5);
        }
    }
    free_definition(&d);
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
    make_net(&net);
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
        cmocka_unit_test(every_tier_and_thread_count),
        cmocka_unit_test(frozen_units),
        cmocka_unit_test(evaluation_uses_moving_statistics),
        cmocka_unit_test(moving_statistics),
        cmocka_unit_test(dropout_follows_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
