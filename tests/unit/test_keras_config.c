/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Keras' JSON: every form in which its versions write a model becomes the same network, and what has no place in a
 * classifier is refused with a sentence that names the layer. */
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

static mn_status read(const char *text, bool v3, mn_net *net, mn_keras_config *config) {
    *net = (mn_net){.name = "m"};
    *config =
        (mn_keras_config){.text = text, .bytes = strlen(text), .file = "m", .v3 = v3, .size = 16, .elements = 100000};
    return mn_keras_config_read(config, net);
}

static void expect_read(const char *text, bool v3, mn_net *net, mn_keras_config *config) {
    if (read(text, v3, net, config) != MN_OK) fail_msg("%s", mn_error_detail());
}

/* The kinds of all layers, in order. */
static void expect_kinds(const mn_net *net, const mn_layer_kind *kinds, int32_t count) {
    assert_int_equal(net->layer_count, count);
    for (int32_t i = 0; i < count; i++) assert_int_equal(net->layers[i].kind, kinds[i]);
}

#define EXPECT_KINDS(net, ...)                                                                                         \
    expect_kinds(net, (const mn_layer_kind[]){__VA_ARGS__},                                                            \
                 (int32_t)(sizeof((mn_layer_kind[]){__VA_ARGS__}) / sizeof(mn_layer_kind)))

/* ---- What is read ------------------------------------------------------------------------------------ */

/* clang-format off */
#define BASE_V3                                                                                                        \
    "{\"class_name\":\"Functional\",\"config\":{\"name\":\"base\",\"layers\":["                                        \
    "{\"class_name\":\"InputLayer\",\"config\":{\"name\":\"base_in\",\"batch_shape\":[null,8,8,3]},"                   \
    "\"name\":\"base_in\",\"inbound_nodes\":[]},"                                                                      \
    NODE("Conv2D", "a", ",\"filters\":4,\"kernel_size\":3,\"strides\":[2,2],\"use_bias\":false", V3("base_in")) ","    \
    NODE("BatchNormalization", "b", ",\"axis\":-1,\"epsilon\":0.5,\"scale\":false", V3("a")) ","                       \
    NODE("ReLU", "c", ",\"max_value\":6.0,\"negative_slope\":0.0", V3("b")) ","                                        \
    NODE("Conv2D", "d", ",\"filters\":4,\"kernel_size\":1", V3("c")) ","                                               \
    NODE("Add", "e", "", "{\"args\":[[" TENSOR("c") "," TENSOR("d") "]],\"kwargs\":{}}")                               \
    "],\"input_layers\":[\"base_in\",0,0],\"output_layers\":[\"e\",0,0]},\"name\":\"base\",\"inbound_nodes\":["        \
    V3("scaled") "]}"

static const char transfer[] = FUNCTIONAL(
    INPUT ","
    NODE("RandomFlip", "flip", ",\"mode\":\"horizontal\"", V3("in")) ","
    NODE("TrueDivide", "half", "", "{\"args\":[" TENSOR("flip") ",127.5],\"kwargs\":{}}") ","
    NODE("Subtract", "scaled", "", "{\"args\":[" TENSOR("half") ",1.0],\"kwargs\":{}}") ","
    BASE_V3 ","
    NODE("GlobalAveragePooling2D", "pool", ",\"keepdims\":false", V3("base")) ","
    NODE("Dropout", "drop", ",\"rate\":0.25", V3("pool")) ","
    NODE("Dense", "out", ",\"units\":5,\"activation\":\"softmax\"", V3("drop")),
    "[\"out\",0,0]");

/* tf.keras writes nodes as lists, operators as TFOpLambda, and the input's shape as batch_input_shape. */
static const char transfer_2[] = FUNCTIONAL(
    "{\"class_name\":\"InputLayer\",\"config\":{\"name\":\"in\",\"batch_input_shape\":[null,null,null,3]},"
    "\"name\":\"in\",\"inbound_nodes\":[]},"
    NODE("TFOpLambda", "div", ",\"function\":\"math.truediv\"", "[\"in\",0,0,{\"y\":127.5,\"name\":null}]") ","
    NODE("TFOpLambda", "sub", ",\"function\":\"math.subtract\"", "[\"div\",0,0,{\"y\":1.0,\"name\":null}]") ","
    NODE("Conv2D", "a", ",\"filters\":4,\"kernel_size\":[1,1]", V2("sub")) ","
    NODE("Activation", "act", ",\"activation\":\"relu6\"", V2("a")) ","
    NODE("Add", "sum", "", "[[\"act\",0,0,{}],[\"a\",0,0,{}]]") ","
    NODE("AveragePooling2D", "pool", ",\"pool_size\":[16,16],\"strides\":[16,16]", V2("sum")) ","
    NODE("Flatten", "flat", "", V2("pool")) ","
    NODE("Dense", "out", ",\"units\":5,\"activation\":\"linear\",\"use_bias\":false", V2("flat")),
    "[\"out\",0,0]");

/* The first versions of Keras 2: a Sequential model's configuration is the list of layers. */
static const char layer_list[] =
    "{\"class_name\":\"Sequential\",\"config\":["
    LAYER("Conv2D", "a", ",\"filters\":4,\"kernel_size\":[3,3],\"batch_input_shape\":[null,9,7,3]") ","
    LAYER("Activation", "b", ",\"activation\":\"relu\"") "]}";

static const char arithmetic[] = FUNCTIONAL(
    INPUT ","
    NODE("Rescaling", "r", ",\"scale\":[0.5,0.5,0.5],\"offset\":1", V3("in")) ","
    NODE("Subtract", "s", "", "{\"args\":[3," TENSOR("r") "],\"kwargs\":{}}") ","
    NODE("Multiply", "m", "", "{\"args\":[" TENSOR("s") ",4],\"kwargs\":{}}") ","
    NODE("Add", "p", "", "{\"args\":[" TENSOR("m") "],\"kwargs\":{\"x2\":0.25}}"),
    "[\"p\",0,0]");

static const char equal_names[] = SEQUENTIAL(
    INPUT "," CONV("a", "") ","
    "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"inner\",\"layers\":[" CONV("a", "") "," CONV("a", "") "]}}");
/* clang-format on */

static void test_keras_3(void **state) {
    (void)state;
    mn_net net;
    mn_keras_config config;
    expect_read(transfer, true, &net, &config);
    EXPECT_KINDS(&net, MN_LAYER_INPUT, MN_LAYER_RESCALING, MN_LAYER_CONV, MN_LAYER_BATCH_NORM, MN_LAYER_RELU,
                 MN_LAYER_CONV, MN_LAYER_ADD, MN_LAYER_GLOBAL_POOL, MN_LAYER_DROPOUT, MN_LAYER_DENSE, MN_LAYER_SOFTMAX);
    assert_float_equal(net.layers[1].scale, 1 / 127.5F, 1e-9F);
    assert_float_equal(net.layers[1].offset, -1, 0);
    assert_string_equal(net.layers[1].name, "half");
    assert_int_equal(net.layers[2].stride, 2);
    assert_null(net.layers[2].bias);
    assert_float_equal(net.layers[3].epsilon, 0.5, 0);
    assert_float_equal(net.layers[4].max_value, 6, 0);
    assert_int_equal(net.layers[6].inputs[0], 4);
    assert_int_equal(net.layers[6].inputs[1], 5);
    assert_float_equal(net.layers[8].rate, 0.25, 0);
    assert_string_equal(config.sources[2].key, "functional/conv2d");
    assert_string_equal(config.sources[3].key, "functional/batch_normalization");
    assert_true(config.sources[3].no_gamma);
    assert_false(config.sources[3].no_beta);
    assert_string_equal(config.sources[5].key, "functional/conv2d_1");
    assert_string_equal(config.sources[9].key, "dense");
    assert_null(config.sources[10].key);
    assert_false(config.open_size);
    mn_net_free(&net);
}

static void test_keys_of_keras_2(void **state) {
    (void)state;
    mn_net net;
    mn_keras_config config;
    expect_read(transfer, false, &net, &config);
    assert_string_equal(config.sources[2].key, "base/a");
    assert_string_equal(config.sources[5].key, "base/d");
    assert_string_equal(config.sources[9].key, "out/out");
    mn_net_free(&net);
}

static void test_keras_2(void **state) {
    (void)state;
    mn_net net;
    mn_keras_config config;
    expect_read(transfer_2, false, &net, &config);
    EXPECT_KINDS(&net, MN_LAYER_INPUT, MN_LAYER_RESCALING, MN_LAYER_CONV, MN_LAYER_RELU, MN_LAYER_ADD,
                 MN_LAYER_GLOBAL_POOL, MN_LAYER_RESHAPE, MN_LAYER_DENSE);
    assert_true(config.open_size);
    assert_int_equal(net.layers[0].h, 16);
    assert_int_equal(net.layers[0].w, 16);
    assert_float_equal(net.layers[1].offset, -1, 0);
    assert_true(net.layers[5].keep_dims);
    assert_null(net.layers[7].bias);
    mn_net_free(&net);
}

static void test_sequential_as_list(void **state) {
    (void)state;
    mn_net net;
    mn_keras_config config;
    expect_read(layer_list, false, &net, &config);
    EXPECT_KINDS(&net, MN_LAYER_INPUT, MN_LAYER_CONV, MN_LAYER_RELU);
    assert_int_equal(net.layers[1].h, 7);
    assert_int_equal(net.layers[1].w, 5);
    assert_true(isinf(net.layers[2].max_value));
    mn_net_free(&net);
}

/* Arithmetic with constants becomes one layer; the constant may come first. */
static void test_rescaling_is_one_layer(void **state) {
    (void)state;
    mn_net net;
    mn_keras_config config;
    expect_read(arithmetic, true, &net, &config);
    EXPECT_KINDS(&net, MN_LAYER_INPUT, MN_LAYER_RESCALING);
    assert_float_equal(net.layers[1].scale, -2, 0);
    assert_float_equal(net.layers[1].offset, 8.25F, 0);
    mn_net_free(&net);
}

static void test_equal_names_in_models(void **state) {
    (void)state;
    mn_net net;
    mn_keras_config config;
    expect_read(equal_names, true, &net, &config);
    assert_int_equal(net.layer_count, 4);
    assert_string_equal(net.layers[1].name, "a");
    assert_string_equal(config.sources[1].key, "conv2d");
    assert_string_equal(config.sources[2].key, "sequential/conv2d");
    assert_string_equal(config.sources[3].key, "sequential/conv2d_1");
    mn_net_free(&net);
}

/* ---- What is refused --------------------------------------------------------------------------------- */

static const struct refusal {
    const char *text;
    mn_status status;
    const char *says;
} refusals[] = {
    {"", MN_ERROR_FORMAT, "m: the model's configuration is not JSON"},
    {"{\"class_name\":", MN_ERROR_FORMAT, "not JSON"},
    {"[]", MN_ERROR_UNSUPPORTED, "a subclass of Model"},
    {"{\"class_name\":\"MyModel\",\"config\":{}}", MN_ERROR_UNSUPPORTED, "a subclass of Model"},
    {SEQUENTIAL(CONV("a", "")), MN_ERROR_UNSUPPORTED, "does not say the shape of its input"},
    {SEQUENTIAL(LAYER("InputLayer", "in", ",\"batch_shape\":[null,0,8,3]")), MN_ERROR_FORMAT, "damaged or impossible"},
    {SEQUENTIAL(LAYER("InputLayer", "in", ",\"batch_shape\":[null,8,8,null]")), MN_ERROR_FORMAT,
     "damaged or impossible"},
    {SEQUENTIAL(INPUT "," LAYER("Lambda", "l", "")), MN_ERROR_UNSUPPORTED, "m: layer 'l' (Lambda): it holds Python"},
    {SEQUENTIAL(INPUT "," LAYER("LSTM", "l", "")), MN_ERROR_UNSUPPORTED,
     "layer 'l' (LSTM): this class of layers is not known"},
    {SEQUENTIAL(INPUT "," LAYER("Activation", "l", ",\"activation\":\"mish\"")), MN_ERROR_UNSUPPORTED,
     "the activation mish"},
    {SEQUENTIAL(INPUT "," CONV("a", ",\"data_format\":\"channels_first\"")), MN_ERROR_UNSUPPORTED, "channels_last"},
    {SEQUENTIAL(INPUT "," CONV("a", ",\"dilation_rate\":[2,0]")), MN_ERROR_UNSUPPORTED, "dilation_rate is 2x0"},
    {SEQUENTIAL(INPUT "," CONV("a", ",\"groups\":2")), MN_ERROR_FORMAT, "2 groups do not divide 3 channels"},
    {SEQUENTIAL(INPUT "," CONV("a", ",\"strides\":[1,-2]")), MN_ERROR_UNSUPPORTED, "strides is 1x-2"},
    {SEQUENTIAL(INPUT "," LAYER("Conv2D", "a", ",\"filters\":1e9,\"kernel_size\":3")), MN_ERROR_FORMAT,
     "does not fit the file's weights"},
    {SEQUENTIAL(INPUT "," LAYER("Conv2D", "a", ",\"filters\":2.5,\"kernel_size\":3")), MN_ERROR_FORMAT, "does not fit"},
    {SEQUENTIAL(INPUT "," LAYER("Conv2D", "a", ",\"filters\":2,\"kernel_size\":9")), MN_ERROR_FORMAT, "does not fit"},
    {SEQUENTIAL(INPUT "," LAYER("DepthwiseConv2D", "a", ",\"kernel_size\":3,\"depth_multiplier\":0")), MN_ERROR_FORMAT,
     "depth_multiplier is 0"},
    {SEQUENTIAL(INPUT "," LAYER("BatchNormalization", "a", ",\"axis\":[1]")), MN_ERROR_UNSUPPORTED, "axis 1"},
    {SEQUENTIAL(INPUT "," LAYER("ReLU", "a", ",\"threshold\":0.1")), MN_ERROR_UNSUPPORTED, "threshold"},
    {SEQUENTIAL(INPUT "," LAYER("Softmax", "a", ",\"axis\":1")), MN_ERROR_UNSUPPORTED, "along axis 1"},
    {SEQUENTIAL(INPUT "," LAYER("ELU", "a", ",\"alpha\":2")), MN_ERROR_UNSUPPORTED, "alpha is 2"},
    {SEQUENTIAL(INPUT "," LAYER("PReLU", "a", "")), MN_ERROR_UNSUPPORTED, "shared_axes=[1, 2]"},
    {SEQUENTIAL(INPUT "," LAYER("Normalization", "a", ",\"axis\":[1],\"mean\":null")), MN_ERROR_UNSUPPORTED, "axis 1"},
    {SEQUENTIAL(INPUT "," LAYER("Normalization", "a", ",\"mean\":[1,2],\"variance\":[1,2]")), MN_ERROR_FORMAT,
     "2 numbers for 3 channels"},
    {SEQUENTIAL(INPUT "," LAYER("Normalization", "a", ",\"mean\":[1,2],\"variance\":[1]")), MN_ERROR_FORMAT,
     "mean or variance is damaged"},
    {SEQUENTIAL(INPUT "," LAYER("MaxPooling2D", "a", ",\"pool_size\":[9,2]")), MN_ERROR_FORMAT, "does not fit"},
    {SEQUENTIAL(INPUT "," LAYER("UpSampling2D", "a", ",\"size\":2,\"interpolation\":\"area\"")), MN_ERROR_UNSUPPORTED,
     "interpolation is area"},
    {SEQUENTIAL(INPUT "," LAYER("UpSampling2D", "a", ",\"size\":65536,\"interpolation\":\"nearest\"")), MN_ERROR_FORMAT,
     "damaged or impossible"},
    {SEQUENTIAL(INPUT "," LAYER("Reshape", "a", ",\"target_shape\":[4,48]")), MN_ERROR_UNSUPPORTED, "2 dimensions"},
    {SEQUENTIAL(INPUT "," LAYER("Reshape", "a", ",\"target_shape\":[5,-1,3]")), MN_ERROR_FORMAT,
     "8x8x3 values cannot become 5x12x3"},
    {SEQUENTIAL(INPUT "," LAYER("CenterCrop", "a", ",\"height\":4,\"width\":4")), MN_ERROR_UNSUPPORTED, "4x4 of 8x8"},
    {SEQUENTIAL(INPUT "," LAYER("Resizing", "a", ",\"height\":4,\"width\":4,\"antialias\":true")), MN_ERROR_UNSUPPORTED,
     "antialias; build the model on an input of 4x4"},
    {SEQUENTIAL(INPUT "," LAYER("Rescaling", "a", ",\"scale\":[1,2]")), MN_ERROR_FORMAT, "2 numbers for 3 channels"},
    {SEQUENTIAL(INPUT "," LAYER("Rescaling", "a", ",\"scale\":1e300")), MN_ERROR_FORMAT, "finite"},
    {SEQUENTIAL(INPUT ","
                      "{\"class_name\":\"ReLU\",\"config\":{}}"),
     MN_ERROR_FORMAT, "layer 1 of a model has no name"},
    {SEQUENTIAL(INPUT "," INPUT), MN_ERROR_UNSUPPORTED, "a second input"},
    {FUNCTIONAL(INPUT "," NODE("ReLU", "a", "", V3("nowhere")), "[\"a\",0,0]"), MN_ERROR_FORMAT,
     "its input 'nowhere' is not an earlier layer"},
    {FUNCTIONAL(INPUT "," NODE("ReLU", "a", "", ""), "[\"a\",0,0]"), MN_ERROR_FORMAT, "nothing of its inputs"},
    {FUNCTIONAL(INPUT "," NODE("ReLU", "a", "", V3("in") "," V3("in")), "[\"a\",0,0]"), MN_ERROR_UNSUPPORTED,
     "used more than once"},
    {FUNCTIONAL(INPUT "," NODE("ReLU", "a", "", "{\"args\":[[" TENSOR("in") "," TENSOR("in") "]]}"), "[\"a\",0,0]"),
     MN_ERROR_UNSUPPORTED, "two inputs; such a layer has one"},
    {FUNCTIONAL(INPUT
                "," NODE("Subtract", "a", "", "{\"args\":[[" TENSOR("in") "," TENSOR("in") "," TENSOR("in") "]]}"),
                "[\"a\",0,0]"),
     MN_ERROR_UNSUPPORTED, "3 inputs; such a layer has another number"},
    {FUNCTIONAL(INPUT "," NODE("Concatenate", "a", ",\"axis\":1", "{\"args\":[[" TENSOR("in") "," TENSOR("in") "]]}"),
                "[\"a\",0,0]"),
     MN_ERROR_UNSUPPORTED, "along axis 1"},
    {FUNCTIONAL(INPUT "," NODE("TrueDivide", "a", "", "{\"args\":[1," TENSOR("in") "]}"), "[\"a\",0,0]"),
     MN_ERROR_UNSUPPORTED, "one constant"},
    {FUNCTIONAL(INPUT "," NODE("TrueDivide", "a", "", "{\"args\":[" TENSOR("in") ",0]}"), "[\"a\",0,0]"),
     MN_ERROR_UNSUPPORTED, "one constant"},
    {FUNCTIONAL(INPUT "," NODE("ReLU", "a", "", V3("in")), "[\"a\",0,0],[\"a\",0,0]"), MN_ERROR_UNSUPPORTED,
     "two outputs of the model are the same"},
    {FUNCTIONAL(INPUT "," NODE("ReLU", "a", "", V3("in")), "[\"a\",0,0],7"), MN_ERROR_FORMAT, "outputs is damaged"},
};

static void test_refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        mn_net net;
        mn_keras_config config;
        mn_status status = read(refusals[i].text, true, &net, &config);
        if (status != refusals[i].status || !strstr(mn_error_detail(), refusals[i].says)) {
            fail_msg("%s\ngives status %d, \"%s\"", refusals[i].text, status, mn_error_detail());
        }
        mn_net_free(&net);
    }
}

/* Models in models, deeper than anyone builds. */
static void test_deep_nesting(void **state) {
    (void)state;
    char text[4096] = "";
    for (int i = 0; i < 20; i++) {
        strcat(text, "{\"class_name\":\"Sequential\",\"config\":{\"name\":\"s\",\"layers\":[");
        if (i == 0) strcat(text, INPUT ",");
    }
    strcat(text, CONV("a", ""));
    for (int i = 0; i < 20; i++) strcat(text, "]}}");
    mn_net net;
    mn_keras_config config;
    assert_int_equal(read(text, true, &net, &config), MN_ERROR_LIMIT);
    assert_non_null(strstr(mn_error_detail(), "nested more than 8 deep"));
    mn_net_free(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keras_3),
        cmocka_unit_test(test_keys_of_keras_2),
        cmocka_unit_test(test_keras_2),
        cmocka_unit_test(test_sequential_as_list),
        cmocka_unit_test(test_rescaling_is_one_layer),
        cmocka_unit_test(test_equal_names_in_models),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_deep_nesting),
    };
    return cmocka_run_group_tests_name("keras config", tests, NULL, NULL);
}
