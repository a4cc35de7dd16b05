/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What Keras layers beyond MobileNetV2's become: kinds, settings, and where their weights are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keras/config.h"
#include "support/keras_json.h"

static mn_keras_config config;

static void read(const char *text, bool keras_2, mn_net *net) {
    *net = (mn_net){.name = "m"};
    config = (mn_keras_config){.text = text,
                               .bytes = strlen(text),
                               .file = "m",
                               .v3 = !keras_2,
                               .keras_2 = keras_2,
                               .size = 16,
                               .elements = 100000};
    if (mn_keras_config_read(&config, net) != MN_OK) fail_msg("%s\n%s", text, mn_error_detail());
}

static void expect_kinds(const mn_net *net, const mn_layer_kind *kinds, int32_t count) {
    for (int32_t i = 0; i < count && i < net->layer_count; i++) {
        if (net->layers[i].kind == kinds[i]) continue;
        fail_msg("layer %d, %s, is a %s", i, net->layers[i].name, mn_layer_kind_name(net->layers[i].kind));
    }
    assert_int_equal(net->layer_count, count);
}

#define EXPECT_KINDS(net, ...)                                                                                         \
    expect_kinds(net, (const mn_layer_kind[]){MN_LAYER_INPUT, __VA_ARGS__},                                            \
                 (int32_t)(sizeof((mn_layer_kind[]){MN_LAYER_INPUT, __VA_ARGS__}) / sizeof(mn_layer_kind)))

/* clang-format off */
#define TWO(a, b) "{\"args\":[[" TENSOR(a) "," TENSOR(b) "]],\"kwargs\":{}}"
#define DENSE(name, settings) LAYER("Dense", name, ",\"units\":4" settings)
#define GATE                                                                                                           \
    NODE("Conv2D", "a", ",\"filters\":3,\"kernel_size\":1", V2("in")) ","                                              \
    NODE("TFOpLambda", "add", ",\"function\":\"__operators__.add\"", "[\"a\",0,0,{\"y\":3.0,\"name\":null}]") ","      \
    NODE("ReLU", "relu", ",\"max_value\":6.0", V2("add")) ","                                                          \
    NODE("TFOpLambda", "mul", ",\"function\":\"math.multiply\"",                                                       \
         "[\"relu\",0,0,{\"y\":0.16666666666666666,\"name\":null}]") ","

/* As MobileNetV3 is saved by Keras 2. */
static const char hard_swish[] = FUNCTIONAL(INPUT "," GATE
    NODE("Multiply", "swish", "", "[[\"a\",0,0,{}],[\"mul\",0,0,{}]]"), "[\"swish\",0,0]");
static const char gated[] = FUNCTIONAL(INPUT "," GATE
    NODE("Multiply", "gated", "", "[[\"in\",0,0,{}],[\"mul\",0,0,{}]]"), "[\"gated\",0,0]");

static const char heads[] = FUNCTIONAL(INPUT ","
    NODE("GlobalMaxPooling2D", "pool", "", V3("in")) ","
    NODE("Dense", "unused", ",\"units\":3", V3("pool")) ","
    NODE("Dense", "first", ",\"units\":3,\"activation\":\"softmax\"", V3("pool")) ","
    NODE("Dense", "second", ",\"units\":1,\"activation\":\"sigmoid\"", V3("pool")),
    "[\"second\",0,0],[\"first\",0,0]");
static const char named_heads[] =
    "{\"class_name\":\"Functional\",\"config\":{\"name\":\"top\",\"layers\":[" INPUT ","
    NODE("ReLU", "a", "", V3("in")) "," NODE("ReLU", "b", ",\"max_value\":6", V3("in"))
    "],\"output_layers\":{\"x\":[\"b\",0,0],\"y\":[\"a\",0,0]}}}";

static const char joins[] = FUNCTIONAL(INPUT ","
    NODE("Conv2D", "a", ",\"filters\":3,\"kernel_size\":1", V3("in")) ","
    NODE("Concatenate", "cat", ",\"axis\":-1",
         "{\"args\":[[" TENSOR("a") "," TENSOR("in") "," TENSOR("a") "]],\"kwargs\":{}}") ","
    NODE("Average", "mean", "", "{\"args\":[[" TENSOR("a") "," TENSOR("in") "," TENSOR("a") "]],\"kwargs\":{}}") ","
    NODE("Conv2D", "b", ",\"filters\":9,\"kernel_size\":1", V3("mean")) ","
    NODE("Subtract", "less", "", TWO("cat", "b")), "[\"less\",0,0]");

static const char weighted[] = SEQUENTIAL(INPUT ","
    LAYER("Normalization", "n", ",\"axis\":[-1],\"mean\":null,\"variance\":null") ","
    LAYER("SeparableConv2D", "s", ",\"filters\":5,\"kernel_size\":[3,1],\"depth_multiplier\":2,\"strides\":[2,1],"
                                  "\"dilation_rate\":[1,2]") ","
    LAYER("PReLU", "p", ",\"shared_axes\":[1,2]") "," CONV("g", ",\"groups\":1"));

static const char shaped[] = SEQUENTIAL(INPUT ","
    LAYER("MaxPooling2D", "m", ",\"pool_size\":[3,2],\"strides\":null,\"padding\":\"same\"") ","
    LAYER("UpSampling2D", "u", ",\"size\":[2,3],\"interpolation\":\"nearest\"") ","
    LAYER("Resizing", "z", ",\"height\":4,\"width\":8,\"interpolation\":\"bilinear\"") ","
    LAYER("AveragePooling2D", "v", ",\"pool_size\":[4,8]") ","
    LAYER("Reshape", "r", ",\"target_shape\":[1,-1,1]") "," LAYER("UnitNormalization", "n", ""));
/* clang-format on */

static void test_hard_swish_of_keras_2(void **state) {
    (void)state;
    mn_net net;
    read(hard_swish, true, &net);
    EXPECT_KINDS(&net, MN_LAYER_CONV, MN_LAYER_ACTIVATION);
    assert_int_equal(net.layers[2].function, MN_FUNCTION_HARD_SWISH);
    assert_string_equal(net.layers[2].name, "swish");
    assert_string_equal(config.sources[1].key, "a/a");
    mn_net_free(&net);
    read(gated, true, &net);
    EXPECT_KINDS(&net, MN_LAYER_CONV, MN_LAYER_RESCALING, MN_LAYER_RELU, MN_LAYER_RESCALING, MN_LAYER_MULTIPLY);
    assert_float_equal(net.layers[2].offset, 3, 0);
    mn_net_free(&net);
}

/* Keras 2: 0.2 x + 0.5 between 0 and 1; Keras 3: relu6(x + 3) / 6. */
static void test_hard_sigmoid(void **state) {
    (void)state;
    static const char text[] = SEQUENTIAL(INPUT "," DENSE("a", ",\"activation\":\"hard_sigmoid\""));
    for (int keras_2 = 0; keras_2 < 2; keras_2++) {
        mn_net net;
        read(text, keras_2, &net);
        EXPECT_KINDS(&net, MN_LAYER_DENSE, MN_LAYER_RESCALING, MN_LAYER_RELU, MN_LAYER_RESCALING);
        assert_float_equal(net.layers[2].scale, (keras_2 ? 1.2F : 1), 0);
        assert_float_equal(net.layers[2].offset, 3, 0);
        assert_float_equal(net.layers[4].scale, 1.0F / 6, 0);
        mn_net_free(&net);
    }
}

static void test_activations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        mn_function function;
        float slope;
    } cases[] = {
        {SEQUENTIAL(INPUT "," LAYER("Activation", "a", ",\"activation\":\"sigmoid\"")), MN_FUNCTION_SIGMOID, 0},
        {SEQUENTIAL(INPUT "," LAYER("Activation", "a", ",\"activation\":\"silu\"")), MN_FUNCTION_SWISH, 0},
        {SEQUENTIAL(INPUT "," LAYER("HardSilu", "a", "")), MN_FUNCTION_HARD_SWISH, 0},
        {SEQUENTIAL(INPUT "," LAYER("TFOpLambda", "a", ",\"function\":\"math.tanh\"")), MN_FUNCTION_TANH, 0},
        {SEQUENTIAL(INPUT "," LAYER("ELU", "a", ",\"alpha\":1.0")), MN_FUNCTION_ELU, 0},
        {SEQUENTIAL(INPUT "," LAYER("LeakyReLU", "a", ",\"alpha\":0.25")), MN_FUNCTION_LEAKY_RELU, 0.25F},
        {SEQUENTIAL(INPUT "," LAYER("LeakyReLU", "a", ",\"negative_slope\":0.5")), MN_FUNCTION_LEAKY_RELU, 0.5F},
        {SEQUENTIAL(INPUT "," LAYER("ReLU", "a", ",\"negative_slope\":0.5")), MN_FUNCTION_LEAKY_RELU, 0.5F},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_net net;
        read(cases[i].text, false, &net);
        EXPECT_KINDS(&net, MN_LAYER_ACTIVATION);
        assert_int_equal(net.layers[1].function, cases[i].function);
        assert_float_equal(net.layers[1].slope, cases[i].slope, 0);
        mn_net_free(&net);
    }
    mn_net net;
    read(SEQUENTIAL(INPUT "," LAYER("Relu6", "a", "")), false, &net);
    EXPECT_KINDS(&net, MN_LAYER_RELU);
    assert_float_equal(net.layers[1].max_value, 6, 0);
    mn_net_free(&net);
    read(SEQUENTIAL(INPUT "," LAYER("ReLU", "a", ",\"negative_slope\":0.5,\"max_value\":2")), false, &net);
    EXPECT_KINDS(&net, MN_LAYER_ACTIVATION, MN_LAYER_RESCALING, MN_LAYER_RELU, MN_LAYER_RESCALING);
    mn_net_free(&net);
}

/* In the order of the list of outputs; what leads to none is gone. */
static void test_outputs(void **state) {
    (void)state;
    mn_net net;
    read(heads, false, &net);
    EXPECT_KINDS(&net, MN_LAYER_GLOBAL_MAX, MN_LAYER_DENSE, MN_LAYER_SOFTMAX, MN_LAYER_DENSE, MN_LAYER_ACTIVATION);
    assert_int_equal(net.output_count, 2);
    assert_int_equal(net.outputs[0], 5);
    assert_int_equal(net.outputs[1], 3);
    assert_string_equal(config.sources[2].key, "dense_1");
    assert_string_equal(config.sources[4].key, "dense_2");
    mn_net_free(&net);
    read(named_heads, false, &net);
    assert_int_equal(mn_net_output_count(&net), 2);
    assert_float_equal(net.layers[mn_net_output(&net, 0)].max_value, 6, 0);
    mn_net_free(&net);
}

static void test_joins(void **state) {
    (void)state;
    mn_net net;
    read(joins, false, &net);
    EXPECT_KINDS(&net, MN_LAYER_CONV, MN_LAYER_CONCAT, MN_LAYER_ADD, MN_LAYER_ADD, MN_LAYER_RESCALING, MN_LAYER_CONV,
                 MN_LAYER_SUBTRACT);
    assert_int_equal(net.layers[2].c, 9);
    assert_int_equal(net.layers[2].inputs[1], 0);
    assert_float_equal(net.layers[5].scale, 1.0F / 3, 0);
    assert_int_equal(net.layers[7].inputs[0], 2);
    mn_net_free(&net);
}

static void test_weights(void **state) {
    (void)state;
    mn_net net;
    read(weighted, false, &net);
    EXPECT_KINDS(&net, MN_LAYER_AFFINE, MN_LAYER_DEPTHWISE, MN_LAYER_CONV, MN_LAYER_PRELU, MN_LAYER_CONV);
    assert_int_equal(config.sources[1].part, MN_PART_MOMENTS);
    assert_string_equal(config.sources[2].key, "separable_conv2d");
    assert_int_equal(config.sources[2].part, MN_PART_DEPTHWISE);
    assert_string_equal(config.sources[3].key, "separable_conv2d");
    assert_int_equal(config.sources[3].part, MN_PART_POINTWISE);
    assert_string_equal(config.sources[4].key, "p_re_lu");
    assert_null(net.layers[2].bias);
    assert_non_null(net.layers[3].bias);
    assert_int_equal(net.layers[2].c, 6);
    assert_int_equal(net.layers[2].stride, 2);
    assert_int_equal(net.layers[2].stride_w, 1);
    assert_int_equal(net.layers[2].dilation_w, 2);
    assert_int_equal(net.layers[2].k_h, 3);
    assert_int_equal(net.layers[2].k_w, 1);
    mn_net_free(&net);
}

/* Constants: one for each channel, or one for all, which is a rescaling. */
static void test_normalization_with_constants(void **state) {
    (void)state;
    mn_net net;
    read(SEQUENTIAL(INPUT "," LAYER("Normalization", "n", ",\"mean\":[[[[1,2,3]]]],\"variance\":[[[[4,0,16]]]]")),
         false, &net);
    EXPECT_KINDS(&net, MN_LAYER_AFFINE);
    assert_float_equal(net.layers[1].gamma[0], 0.5F, 0);
    assert_float_equal(net.layers[1].beta[0], -0.5F, 0);
    assert_float_equal(net.layers[1].gamma[1], 1e7F, 1);
    assert_float_equal(net.layers[1].beta[2], -0.75F, 0);
    assert_null(config.sources[1].key);
    mn_net_free(&net);
    read(SEQUENTIAL(INPUT "," LAYER("Rescaling", "r", ",\"scale\":2") "," LAYER("Normalization", "n",
                                                                                ",\"mean\":3,\"variance\":4")),
         false, &net);
    EXPECT_KINDS(&net, MN_LAYER_RESCALING);
    assert_float_equal(net.layers[1].scale, 1, 0);
    assert_float_equal(net.layers[1].offset, -1.5F, 0);
    mn_net_free(&net);
    read(SEQUENTIAL(INPUT "," LAYER("Rescaling", "r", ",\"scale\":[1,2,4],\"offset\":-1")), false, &net);
    EXPECT_KINDS(&net, MN_LAYER_AFFINE);
    assert_float_equal(net.layers[1].gamma[2], 4, 0);
    assert_float_equal(net.layers[1].beta[2], -1, 0);
    mn_net_free(&net);
}

static void test_shapes(void **state) {
    (void)state;
    mn_net net;
    read(shaped, false, &net);
    EXPECT_KINDS(&net, MN_LAYER_MAX_POOL, MN_LAYER_RESIZE, MN_LAYER_RESIZE, MN_LAYER_GLOBAL_POOL, MN_LAYER_RESHAPE,
                 MN_LAYER_UNIT_NORM);
    assert_int_equal(net.layers[1].h, 3);
    assert_int_equal(net.layers[1].w, 4);
    assert_int_equal(net.layers[2].h, 6);
    assert_int_equal(net.layers[2].w, 12);
    assert_false(net.layers[2].bilinear);
    assert_true(net.layers[3].bilinear);
    assert_int_equal(net.layers[5].w, 3);
    assert_false(net.layers[5].flat);
    mn_net_free(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hard_swish_of_keras_2),
        cmocka_unit_test(test_hard_sigmoid),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_joins),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_normalization_with_constants),
        cmocka_unit_test(test_shapes),
    };
    return cmocka_run_group_tests_name("keras layers", tests, NULL, NULL);
}
