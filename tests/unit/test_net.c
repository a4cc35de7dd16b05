/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Layers and their shapes, MobileNetV2 against Keras and the published table, and random weights. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "base/extremes.h"
#include "net/mobilenet_v2.h"
#include "net/random.h"
#include "net/statistics.h"

static mn_net build(double width, int32_t height, int32_t width_px, int32_t classes) {
    mn_net net;
    mn_v2_spec spec;
    mn_v2_defaults(&spec);
    spec.width = width;
    spec.height = height;
    spec.width_px = width_px;
    spec.classes = classes;
    assert_int_equal(mn_v2_build(&spec, &net), MN_OK);
    return net;
}

static const mn_layer *layer(const mn_net *net, const char *name) {
    int32_t index = mn_net_find(net, name);
    assert_true(index >= 0);
    return &net->layers[index];
}

/* ---- MobileNetV2 ------------------------------------------------------------------------------------- */

/* tensorflow/models, research/slim/nets/mobilenet/README.md: millions of MACs, hundredths of millions of parameters. */
static const struct {
    double width;
    int32_t size, macs, parameters;
} published[MN_V2_VARIANTS] = {
    {1.4, 224, 582, 606}, {1.3, 224, 509, 534}, {1.0, 224, 300, 347},  {1.0, 192, 221, 347},  {1.0, 160, 154, 347},
    {1.0, 128, 99, 347},  {1.0, 96, 56, 347},   {0.75, 224, 209, 261}, {0.75, 192, 153, 261}, {0.75, 160, 107, 261},
    {0.75, 128, 69, 261}, {0.75, 96, 39, 261},  {0.5, 224, 97, 195},   {0.5, 192, 71, 195},   {0.5, 160, 50, 195},
    {0.5, 128, 32, 195},  {0.5, 96, 18, 195},   {0.35, 224, 59, 166},  {0.35, 192, 43, 166},  {0.35, 160, 30, 166},
    {0.35, 128, 20, 166}, {0.35, 96, 11, 166},
};

static void counts_what_was_published(void **state) {
    (void)state;
    for (int32_t i = 0; i < MN_V2_VARIANTS; i++) {
        const mn_v2_variant *variant = &mn_v2_variants[i];
        assert_true(variant->width == published[i].width);
        assert_int_equal(variant->size, published[i].size);
        mn_net net = build(variant->width, variant->size, variant->size, MN_V2_PUBLISHED_CLASSES);
        assert_int_equal(mn_net_macs(&net) / 1000000, published[i].macs);
        assert_int_equal(mn_net_weights(&net) / 10000, published[i].parameters);
        mn_net_free(&net);
    }
}

/* model.count_params() of keras.applications.MobileNetV2(alpha=width, classes=classes), Keras 3. */
static void counts_what_keras_counts(void **state) {
    (void)state;
    static const struct {
        double width;
        int32_t classes;
        int64_t parameters;
    } cases[] = {{1.0, 1000, 3538984}, {0.35, 24, 440952}, {0.5, 10, 719034}, {1.4, 5, 4372677}, {1.3, 5, 3774373},
                 {0.75, 0, 1382064},   {0.1, 7, 102279},   {0.25, 7, 257735}, {0.28, 3, 294259}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_net net = build(cases[i].width, 96, 96, cases[i].classes);
        assert_int_equal(mn_net_parameters(&net), cases[i].parameters);
        mn_net_free(&net);
    }
}

/* Filters of Conv1, of the seven stages' projections and of Conv_1 in Keras' models. */
static void rounds_channels_like_keras(void **state) {
    (void)state;
    static const int32_t filters[7] = {16, 24, 32, 64, 96, 160, 320};
    static const struct {
        double width;
        int32_t stem, stage[7], head;
    } cases[] = {
        {0.35, 16, {8, 8, 16, 24, 32, 56, 112}, 1280},    {0.5, 16, {8, 16, 16, 32, 48, 80, 160}, 1280},
        {0.75, 24, {16, 24, 24, 48, 72, 120, 240}, 1280}, {1.0, 32, {16, 24, 32, 64, 96, 160, 320}, 1280},
        {1.3, 40, {24, 32, 40, 80, 128, 208, 416}, 1664}, {1.4, 48, {24, 32, 48, 88, 136, 224, 448}, 1792},
        {0.28, 16, {8, 8, 8, 16, 24, 48, 88}, 1280},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(mn_v2_stem_channels(cases[i].width), cases[i].stem);
        for (int32_t s = 0; s < 7; s++) {
            assert_int_equal(mn_v2_channels(filters[s], cases[i].width), cases[i].stage[s]);
        }
        assert_int_equal(mn_v2_head_channels(cases[i].width), cases[i].head);
    }
}

static void names_layers_like_keras(void **state) {
    (void)state;
    mn_net net = build(1.0, 224, 224, 1000);
    assert_string_equal(net.name, "mobilenetv2_1.00_224");
    assert_int_equal(layer(&net, "Conv1")->c, 32);
    assert_int_equal(layer(&net, "expanded_conv_project_BN")->c, 16);
    assert_int_equal(layer(&net, "block_1_pad")->h, 113);
    assert_int_equal(layer(&net, "block_1_depthwise")->h, 56);
    assert_int_equal(layer(&net, "block_16_project")->c, 320);
    assert_int_equal(layer(&net, "out_relu")->h, 7);
    assert_int_equal(layer(&net, "predictions")->c, 1000);
    assert_int_equal(mn_net_find(&net, "block_1_add"), -1);
    const mn_layer *sum = layer(&net, "block_15_add");
    assert_string_equal(net.layers[sum->inputs[0]].name, "block_14_add");
    assert_string_equal(net.layers[sum->inputs[1]].name, "block_15_project_BN");
    mn_net_free(&net);

    net = build(0.25, 32, 32, 7); /* stem and first stage have 8 channels each, so Keras adds them */
    assert_int_equal(layer(&net, "expanded_conv_add")->c, 8);
    mn_net_free(&net);
}

static void takes_any_input_size(void **state) {
    (void)state;
    static const int32_t sizes[][2] = {{1, 1}, {2, 7}, {33, 64}, {97, 95}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        mn_net net = build(0.35, sizes[i][0], sizes[i][1], 0);
        const mn_layer *last = &net.layers[net.layer_count - 1];
        assert_int_equal(last->h, (sizes[i][0] + 31) / 32);
        assert_int_equal(last->w, (sizes[i][1] + 31) / 32);
        mn_net_free(&net);
    }
}

static void refuses_wrong_specs(void **state) {
    (void)state;
    static const struct {
        double width;
        int32_t height, width_px, classes;
        mn_status status;
    } cases[] = {{0, 224, 224, 10, MN_ERROR_ARGUMENT},    {-1, 224, 224, 10, MN_ERROR_ARGUMENT},
                 {NAN, 224, 224, 10, MN_ERROR_ARGUMENT},  {65, 224, 224, 10, MN_ERROR_ARGUMENT},
                 {1, 0, 224, 10, MN_ERROR_ARGUMENT},      {1, 224, -3, 10, MN_ERROR_ARGUMENT},
                 {1, 224, 224, -1, MN_ERROR_ARGUMENT},    {1, 1 << 20, 1 << 20, 10, MN_ERROR_LIMIT},
                 {1, INT32_MAX, 224, 10, MN_ERROR_LIMIT}, {1, 224, 224, 1 << 30, MN_ERROR_LIMIT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_net net;
        mn_v2_spec spec = {.width = cases[i].width,
                           .height = cases[i].height,
                           .width_px = cases[i].width_px,
                           .classes = cases[i].classes};
        assert_int_equal(mn_v2_build(&spec, &net), cases[i].status);
    }
}

/* ---- Layers ------------------------------------------------------------------------------------------ */

static void refuse(mn_net *net, mn_layer wrong, const char *sentence) {
    int32_t count = net->layer_count;
    assert_int_equal(mn_net_add(net, &wrong, false, NULL), MN_ERROR_FORMAT);
    assert_non_null(strstr(mn_error_detail(), sentence));
    assert_non_null(strstr(mn_error_detail(), wrong.name));
    assert_int_equal(net->layer_count, count);
}

static void names_the_layer_that_does_not_fit(void **state) {
    (void)state;
    mn_net net = {.name = "test"};
    int32_t input, conv;
    refuse(&net, (mn_layer){.name = "first", .kind = MN_LAYER_SOFTMAX}, "InputLayer");
    assert_int_equal(
        mn_net_add(&net, &(mn_layer){.name = "in", .kind = MN_LAYER_INPUT, .h = 4, .w = 5, .c = 2}, false, &input),
        MN_OK);
    mn_layer window = {.name = "conv",
                       .kind = MN_LAYER_CONV,
                       .inputs = {input},
                       .k_h = 3,
                       .k_w = 3,
                       .stride = 1,
                       .padding = MN_PAD_VALID,
                       .units = 3};
    assert_int_equal(mn_net_add(&net, &window, true, &conv), MN_OK);
    assert_int_equal(net.layers[conv].h, 2);
    assert_int_equal(net.layers[conv].w, 3);
    assert_int_equal(mn_layer_kernel_count(&net, &net.layers[conv]), 54);
    assert_int_equal(mn_net_weights(&net), 57);
    assert_int_equal(mn_net_macs(&net), 54 * 6);

    refuse(&net, window, "the same name");
    refuse(&net, (mn_layer){.name = "again", .kind = MN_LAYER_INPUT}, "no other");
    refuse(&net, (mn_layer){.name = "late", .kind = MN_LAYER_RELU, .inputs = {2}, .max_value = 6},
           "not an earlier layer");
    refuse(&net, (mn_layer){.name = "sum", .kind = MN_LAYER_ADD, .inputs = {0, 1}},
           "in gives 4x5x2 and conv gives 2x3x3");
    refuse(&net, (mn_layer){.name = "none", .kind = MN_LAYER_DENSE, .inputs = {1}}, "at least one unit");
    refuse(&net, (mn_layer){.name = "relu", .kind = MN_LAYER_RELU, .inputs = {1}, .max_value = NAN}, "max_value");
    refuse(&net, (mn_layer){.name = "norm", .kind = MN_LAYER_BATCH_NORM, .inputs = {1}, .epsilon = -1}, "epsilon");
    refuse(&net, (mn_layer){.name = "pad", .kind = MN_LAYER_ZERO_PADDING, .inputs = {1}, .pad = {-1}}, "padding");
    refuse(&net, (mn_layer){.name = "drop", .kind = MN_LAYER_DROPOUT, .inputs = {1}, .rate = 1}, "rate");
    refuse(&net, (mn_layer){.name = "scale", .kind = MN_LAYER_RESCALING, .inputs = {1}, .scale = INFINITY}, "finite");
    window.name = "large";
    window.inputs[0] = conv;
    refuse(&net, window, "does not fit into an input of 2x3x3");
    window.stride = 0;
    refuse(&net, window, "stride");
    mn_net_free(&net);
}

static void check_finds(mn_net *net, float *value, float wrong, const char *sentence) {
    float was = *value;
    *value = wrong;
    assert_int_equal(mn_net_check(net), MN_ERROR_FORMAT);
    assert_non_null(strstr(mn_error_detail(), sentence));
    *value = was;
    assert_int_equal(mn_net_check(net), MN_OK);
}

static void check_names_bad_weights(void **state) {
    (void)state;
    mn_net net = build(0.35, 32, 32, 3);
    const mn_layer *norm = layer(&net, "block_3_expand_BN");
    check_finds(&net, &layer(&net, "Conv1")->kernel[5], NAN, "Conv1 (Conv2D): kernel value 5");
    check_finds(&net, &layer(&net, "predictions")->bias[2], -INFINITY, "predictions (Dense): bias value 2");
    check_finds(&net, &norm->gamma[1], INFINITY, "block_3_expand_BN (BatchNormalization): gamma");
    check_finds(&net, &norm->beta[1], NAN, "beta");
    check_finds(&net, &norm->mean[1], NAN, "mean");
    check_finds(&net, &norm->variance[1], NAN, "variance");
    check_finds(&net, &norm->variance[7], -0.5f, "the variance of channel 7 is -0.5");
    norm->variance[0] = -1e-4f; /* a rounding error that epsilon makes up for */
    assert_int_equal(mn_net_check(&net), MN_OK);
    mn_net_free(&net);
}

/* ---- Random weights ---------------------------------------------------------------------------------- */

/* First outputs of SplitMix64 for seed 0, as in its author's public code. */
static void draws_known_numbers(void **state) {
    (void)state;
    mn_random random = {0};
    assert_true(mn_random_bits(&random) == UINT64_C(0xe220a8397b1dcdaf));
    assert_true(mn_random_bits(&random) == UINT64_C(0x6e789e6aa1b965f4));
    for (int32_t i = 0; i < 1000; i++) {
        double value = mn_random_uniform(&random, -2, 3);
        assert_true(value >= -2 && value < 3);
    }
}

static void starts_like_keras(void **state) {
    (void)state;
    mn_net net = build(1.0, 32, 32, 10), same = build(1.0, 32, 32, 10), other = build(1.0, 32, 32, 10);
    mn_net_randomise(&net, 7);
    mn_net_randomise(&same, 7);
    mn_net_randomise(&other, 8);
    static const struct {
        const char *name;
        double limit;
    } cases[] = {{"Conv1", 0.13801311186847084},               /* sqrt(6 / (27 + 288)) */
                 {"block_16_depthwise", 0.026338599384765356}, /* sqrt(6 / (9 * 960 + 9)) */
                 {"predictions", 0.06819943394704735}};        /* sqrt(6 / (1280 + 10)) */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const mn_layer *a = layer(&net, cases[i].name);
        size_t count = mn_layer_kernel_count(&net, a);
        double largest = 0, squares = 0, limit = cases[i].limit;
        for (size_t k = 0; k < count; k++) {
            largest = mn_max_f64(largest, fabs((double)a->kernel[k]));
            squares += (double)a->kernel[k] * (double)a->kernel[k];
        }
        assert_true(largest <= limit * (1 + 1e-6) && largest > 0.95 * limit);
        assert_true(fabs(squares / (double)count / (limit * limit / 3) - 1) < 0.15);
        assert_memory_equal(a->kernel, layer(&same, cases[i].name)->kernel, count * sizeof(float));
        assert_memory_not_equal(a->kernel, layer(&other, cases[i].name)->kernel, count * sizeof(float));
    }
    const mn_layer *norm = layer(&net, "Conv_1_bn");
    assert_true(norm->gamma[9] == 1 && norm->beta[9] == 0 && norm->mean[9] == 0 && norm->variance[9] == 1);
    mn_net_free(&net);
    mn_net_free(&same);
    mn_net_free(&other);
}

/* Against the sum over a fine grid of the distribution. */
static void clips_normal_distributions(void **state) {
    (void)state;
    static const double cases[][3] = {{0, 1, 6}, {2, 3, 6},          {-4, 2, 6},
                                      {7, 1, 6}, {0.5, 1, INFINITY}, {-1, 0.1, INFINITY}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double mean = cases[i][0], deviation = cases[i][1], total = 0, sum = 0, squares = 0;
        for (double z = -9; z < 9; z += 1e-3) {
            double weight = exp(-z * z / 2), y = fmin(fmax(mean + deviation * z, 0), cases[i][2]);
            total += weight;
            sum += weight * y;
            squares += weight * y * y;
        }
        mn_moments got = mn_moments_clipped((mn_moments){mean, deviation * deviation}, cases[i][2]);
        double expected = sum / total;
        assert_true(fabs(got.mean - expected) < 1e-6);
        assert_true(fabs(got.variance - (squares / total - expected * expected)) < 1e-6);
    }
    assert_true(mn_moments_clipped((mn_moments){9, 0}, 6).mean == 6);
}

static void settles_what_flows_through(void **state) {
    (void)state;
    mn_net net = build(0.35, 32, 32, 3);
    mn_net_randomise(&net, 1);
    assert_int_equal(mn_net_settle(&net), MN_OK);
    const mn_layer *conv = layer(&net, "Conv1"), *norm = layer(&net, "bn_Conv1");
    double squares = 0; /* of the weights of channel 3; pixels have the variance 1/3 */
    for (size_t k = 0; k < 27; k++) {
        double weight = (double)conv->kernel[k * (size_t)conv->c + 3];
        squares += weight * weight;
    }
    assert_true(fabs((double)norm->variance[3] - squares / 3) < 1e-6);
    assert_true(norm->mean[3] == 0 && norm->gamma[3] == 1 && norm->beta[3] == 0);

    assert_int_equal(mn_net_randomise_norms(&net, 1), MN_OK);
    assert_int_equal(mn_net_check(&net), MN_OK);
    assert_true((double)norm->variance[3] >= squares / 6 * 0.999 && (double)norm->variance[3] <= squares / 1.5 * 1.001);
    assert_true(norm->gamma[3] >= 0.5f && norm->gamma[3] <= 1.5f && norm->beta[3] != 0);
    mn_net_free(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_was_published),
        cmocka_unit_test(counts_what_keras_counts),
        cmocka_unit_test(rounds_channels_like_keras),
        cmocka_unit_test(names_layers_like_keras),
        cmocka_unit_test(takes_any_input_size),
        cmocka_unit_test(refuses_wrong_specs),
        cmocka_unit_test(names_the_layer_that_does_not_fit),
        cmocka_unit_test(check_names_bad_weights),
        cmocka_unit_test(draws_known_numbers),
        cmocka_unit_test(starts_like_keras),
        cmocka_unit_test(clips_normal_distributions),
        cmocka_unit_test(settles_what_flows_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
