/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Quantisation without photos: what batch norm tells of the channels, ranges and biases that follow from it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/fold.h"
#include "net/mobilenet_v2.h"
#include "net/statistics.h"
#include "quant/datafree.h"
#include "quant/equalise_observe.h"
#include "quant/prepare.h"
#include "quant/quantise.h"
#include "support/model_builder.h"
#include "support/quant_network.h"

enum { SIDE = 4, INPUTS = 2, CHANNELS = 3 };

/* Deviations to expect of the first and the second of the five operators. */
#define REACH 5.0
#define NEXT_REACH 5.6

static const mn_interval pixels = {-1, 1};

typedef struct fixture {
    mn_graph graph;
    mn_channel_stats *stats;
    mn_region region;
    mn_channels *channels;
} fixture;

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void expect_fail(mn_status status, mn_status wanted, const char *words) {
    assert_int_equal(status, wanted);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

static int32_t add_layer(mn_net *net, mn_layer layer, int32_t a, int32_t b) {
    int32_t index;
    layer.inputs[0] = a;
    layer.inputs[1] = b;
    expect_ok(mn_net_add(net, &layer, layer.kind == MN_LAYER_DENSE, &index));
    mn_layer *added = &net->layers[index];
    mn_random random = {(uint64_t)index};
    for (size_t i = 0; i < mn_layer_kernel_count(net, added); i++) {
        added->kernel[i] = (float)mn_random_uniform(&random, -1, 1);
    }
    for (int32_t c = 0; added->kind == MN_LAYER_BATCH_NORM && c < added->c; c++) {
        added->gamma[c] = 0.5f + (float)c;
        added->beta[c] = (float)c - 0.5f;
        added->variance[c] = 3;
    }
    return index;
}

/* conv 3x3, norm, ReLU6, conv 1x1, norm; added to itself, mean, dense. */
static void build(mn_net *net, bool with_norms) {
    int32_t x =
        add_layer(net, (mn_layer){.name = "in", .kind = MN_LAYER_INPUT, .h = SIDE, .w = SIDE, .c = INPUTS}, -1, -1);
    mn_layer conv = {.name = "conv", .kind = MN_LAYER_CONV, .k_h = 3, .k_w = 3, .stride = 1, .units = CHANNELS};
    mn_layer norm = {.name = "norm", .kind = MN_LAYER_BATCH_NORM, .epsilon = 1e-3f, .momentum = 0.9f};
    x = add_layer(net, conv, x, -1);
    if (with_norms) x = add_layer(net, norm, x, -1);
    x = add_layer(net, (mn_layer){.name = "relu", .kind = MN_LAYER_RELU, .max_value = 6}, x, -1);
    conv.name = "point", conv.k_h = conv.k_w = 1;
    norm.name = "linear";
    x = add_layer(net, conv, x, -1);
    if (with_norms) x = add_layer(net, norm, x, -1);
    x = add_layer(net, (mn_layer){.name = "sum", .kind = MN_LAYER_ADD}, x, x);
    x = add_layer(net, (mn_layer){.name = "mean", .kind = MN_LAYER_GLOBAL_POOL}, x, -1);
    add_layer(net, (mn_layer){.name = "dense", .kind = MN_LAYER_DENSE, .units = CHANNELS}, x, -1);
}

static void open_fixture(fixture *f, bool with_norms) {
    mn_net net = {.name = "test"};
    memset(f, 0, sizeof *f);
    build(&net, with_norms);
    expect_ok(mn_net_fold(&net, &f->graph, &f->stats));
    mn_net_free(&net);
    expect_ok(mn_quant_prepare(&f->graph));
    f->channels = calloc((size_t)f->graph.tensor_count, sizeof *f->channels);
    assert_non_null(f->channels);
}

static void close_fixture(fixture *f) {
    mn_graph_free(&f->graph);
    mn_region_free(&f->region);
    free(f->channels);
}

static const mn_channel *channel(const fixture *f, const char *tensor, int32_t c) {
    const mn_channels *x = &f->channels[quant_network_find(&f->graph, tensor)];
    assert_int_equal(x->count, CHANNELS);
    return &x->of[c];
}

static void test_expected(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, true);
    expect_ok(mn_channels_expect(&f.graph, f.stats, pixels, &f.region, f.channels));
    for (int32_t c = 0; c < CHANNELS; c++) {
        double mean = c - 0.5, deviation = (0.5 + c) * sqrt(3 / 3.001);
        mn_moments cut = mn_moments_clipped((mn_moments){mean, deviation * deviation}, 6);
        const mn_channel *relu = channel(&f, "relu", c), *linear = channel(&f, "linear", c);
        assert_float_equal(relu->mean, cut.mean, 1e-4);
        assert_float_equal(relu->variance, cut.variance, 1e-4);
        assert_float_equal(relu->low, 0, 0);
        assert_float_equal(relu->high, fmin(6, mean + REACH * deviation), 1e-4);
        assert_float_equal(linear->mean, mean, 1e-4);
        assert_float_equal(linear->low, (float)(mean - NEXT_REACH * deviation), 1e-4);
        assert_float_equal(linear->high, (float)(mean + NEXT_REACH * deviation), 1e-4);
        const mn_channel *sum = channel(&f, "sum", c);
        assert_float_equal(sum->mean, (float)(2 * mean), 1e-4);
        assert_float_equal(sum->variance, (float)(2 * deviation * deviation), 1e-4);
        const mn_channel *average = channel(&f, "mean", c);
        assert_float_equal(average->mean, (float)(2 * mean), 1e-4);
        assert_true(average->low >= sum->low && average->high <= sum->high);
    }
    close_fixture(&f);
}

static void test_ranges(void **state) {
    (void)state;
    fixture f;
    mn_scheme scheme;
    open_fixture(&f, true);
    expect_ok(mn_channels_expect(&f.graph, f.stats, pixels, &f.region, f.channels));
    expect_ok(mn_scheme_create(&f.graph, pixels, MN_SCALES_PER_CHANNEL, &scheme));
    expect_ok(mn_datafree_ranges(&scheme, f.channels));
    mn_interval relu = scheme.range[quant_network_find(&f.graph, "relu")];
    mn_interval linear = scheme.range[quant_network_find(&f.graph, "linear")];
    double deviation = 2.5 * sqrt(3 / 3.001); /* of the last channel, the widest */
    assert_float_equal(relu.low, 0, 0);
    assert_float_equal(relu.high, 6, 0);
    assert_float_equal(linear.low, (float)(1.5 - NEXT_REACH * deviation), 1e-4);
    assert_float_equal(linear.high, (float)(1.5 + NEXT_REACH * deviation), 1e-4);
    /* The rest of RELU6's range is covered where the larger half of it is needed. */
    const int32_t clipped = quant_network_find(&f.graph, "relu");
    for (int32_t high = 2; high <= 4; high += 2) {
        for (int32_t c = 0; c < CHANNELS; c++) f.channels[clipped].of[c].high = (float)high;
        expect_ok(mn_datafree_ranges(&scheme, f.channels));
        assert_float_equal(scheme.range[clipped].high, (float)(high > 3 ? 6 : high), 0);
    }
    mn_scheme_free(&scheme);
    close_fixture(&f);
}

/* The first layer's inputs are expected to have no mean, so its biases stay; the second's change by the rounding errors
 * times the means. Padding: with a mean of 1, a tap in a corner of the window meets (3/4)^2 of the places. */
static void test_correction(void **state) {
    (void)state;
    fixture f;
    mn_scheme scheme;
    open_fixture(&f, true);
    expect_ok(mn_channels_expect(&f.graph, f.stats, pixels, &f.region, f.channels));
    expect_ok(mn_scheme_create(&f.graph, pixels, MN_SCALES_PER_CHANNEL, &scheme));
    mn_channels *input = &f.channels[f.graph.inputs[0]];
    assert_float_equal(input->of[0].mean, 0, 0);
    input->of[0].mean = 1;
    mn_quant_layer *first = &scheme.layers[0], *second = &scheme.layers[1];
    float before[2][CHANNELS];
    for (int32_t o = 0; o < CHANNELS; o++) {
        before[0][o] = first->bias[o];
        before[1][o] = second->bias[o];
    }
    mn_datafree_correct(&scheme, f.channels);
    for (int32_t o = 0; o < CHANNELS; o++) {
        double shift = 0;
        for (int32_t tap = 0; tap < 9; tap++) {
            double share = (tap / 3 == 1 ? 1 : 0.75) * (tap % 3 == 1 ? 1 : 0.75);
            int32_t at = (o * 9 + tap) * INPUTS;
            shift += share * ((double)first->scale[o] * first->stored[at] - (double)first->weights[at]);
        }
        assert_float_equal(before[0][o] - first->bias[o], shift, 1e-6);
        shift = 0;
        for (int32_t c = 0; c < CHANNELS; c++) {
            double error = (double)second->scale[o] * second->stored[o * CHANNELS + c];
            error -= (double)second->weights[o * CHANNELS + c];
            shift += error * (double)channel(&f, "relu", c)->mean;
        }
        assert_float_equal(before[1][o] - second->bias[o], shift, 1e-6);
        assert_true(before[1][o] != second->bias[o]);
    }
    mn_scheme_free(&scheme);
    close_fixture(&f);
}

static void test_refusals(void **state) {
    (void)state;
    fixture f;
    mn_graph out;
    mn_quantise_options options;
    mn_quantise_defaults(&options);
    open_fixture(&f, true);
    expect_fail(mn_quantise_data_free(&f.graph, NULL, pixels, &options, &out), MN_ERROR_UNSUPPORTED,
                "test: a .tflite no longer holds the batch norm");
    close_fixture(&f);
    open_fixture(&f, false);
    expect_fail(mn_quantise_data_free(&f.graph, f.stats, pixels, &options, &out), MN_ERROR_UNSUPPORTED,
                "test: the network has no batch norm");
    close_fixture(&f);
}

/* ---- A whole network ------------------------------------------------------------------------------------ */

enum { NET_SIDE = 32, NET_ELEMENTS = NET_SIDE * NET_SIDE * 3, SAMPLES = 8, CLASSES = 10 };

static void keep_scores(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)job;
    const void *scores = mn_session_output(session, 0);
    float *to = (float *)context + sample * CLASSES;
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    for (int32_t i = 0; mn_session_tensor(session, 0, &info) == MN_OK && i < CLASSES; i++) {
        to[i] = info.type == MN_FLOAT32 ? ((const float *)scores)[i] : (((const int8_t *)scores)[i] + 128) / 256.0f;
    }
}

static void run(const mn_graph *graph, const mn_samples *samples, float *scores) {
    mn_runner *runner = NULL;
    expect_ok(mn_runner_create(graph, 1, &runner));
    expect_ok(mn_runner_each(runner, samples, keep_scores, NULL, scores, "test", NULL));
    mn_runner_close(&runner);
}

/* Random pixels are what a net with statistics from mn_net_settle expects. */
static void test_whole(void **state) {
    (void)state;
    mn_v2_spec spec;
    mn_net net = {0};
    mn_graph graph, quantised;
    mn_channel_stats *stats;
    mn_quantise_options options;
    float wanted[SAMPLES * CLASSES], found[SAMPLES * CLASSES];
    static uint8_t values[SAMPLES * NET_ELEMENTS];
    mn_v2_defaults(&spec);
    spec.width = 0.35;
    spec.height = spec.width_px = NET_SIDE;
    spec.classes = CLASSES;
    expect_ok(mn_v2_build(&spec, &net));
    mn_net_randomise(&net, 5);
    expect_ok(mn_net_settle(&net));
    expect_ok(mn_net_fold(&net, &graph, &stats));
    expect_ok(mn_quant_prepare(&graph));
    mn_net_free(&net);
    mn_random random = {7};
    for (size_t i = 0; i < sizeof values; i++) values[i] = (uint8_t)(mn_random_bits(&random) >> 56);
    mn_samples samples = {.count = SAMPLES, .elements = NET_ELEMENTS, .pixels = values, .meaning = pixels};
    run(&graph, &samples, wanted);
    mn_quantise_defaults(&options);
    expect_ok(mn_quantise_data_free(&graph, stats, pixels, &options, &quantised));
    run(&quantised, &samples, found);
    for (int32_t i = 0; i < SAMPLES * CLASSES; i++) assert_float_equal(wanted[i], found[i], 0.06);
    mn_graph_free(&graph);
    mn_graph_free(&quantised);
}

/* A channel of mean 0 and deviation 1 behind batch norm, through functions of each element. */
static void test_functions(void **state) {
    (void)state;
    static const int32_t dims[4] = {1, 1, 1, 1};
    static const float mean[] = {0}, deviation[] = {1};
    static const mn_op_kind kinds[] = {MN_OP_HARD_SWISH, MN_OP_LOGISTIC, MN_OP_TANH, MN_OP_LEAKY_RELU, MN_OP_SQUARE};
    static const float low[] = {-0.375f, 0.0067f, -0.9999f, -1.5f, 0}, high[] = {5, 0.9933f, 0.9999f, 5, 25};
    static const float means[] = {0.1663f, 0.5f, 0, 0.2793f, 1};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        model_builder b;
        mn_channels channels[4] = {{0}};
        mn_region region = {0};
        mb_open(&b, MN_FLOAT32, 1);
        int32_t x = mb_tensor(&b, "x", MN_FLOAT32, 4, dims), w = mb_constant(&b, "w", MN_FLOAT32, 4, dims);
        int32_t normed = mb_tensor(&b, "normed", MN_FLOAT32, 4, dims), y = mb_tensor(&b, "y", MN_FLOAT32, 4, dims);
        mb_op(&b, MN_OP_MUL, 1, 2, (int32_t[]){x, w}, normed);
        mb_op(&b, kinds[i], 1, 1, &normed, y)->attr.alpha = 0.3f;
        mb_ends(&b, x, y);
        expect_ok(mn_graph_check(&b.graph));
        mn_channel_stats stats[4] = {{0}};
        stats[normed] = (mn_channel_stats){.channels = 1, .mean = mean, .deviation = deviation};
        expect_ok(mn_channels_expect(&b.graph, stats, pixels, &region, channels));
        assert_float_equal(channels[y].of[0].low, low[i], 2e-3);
        assert_float_equal(channels[y].of[0].high, high[i], 2e-3);
        assert_float_equal(channels[y].of[0].mean, means[i], 5e-3);
        mn_region_free(&region);
        mn_graph_free(&b.graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expected), cmocka_unit_test(test_ranges), cmocka_unit_test(test_correction),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_whole),  cmocka_unit_test(test_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
