/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ONNX models: what is read of them, and what is refused. The tests write the messages themselves. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/net.h"
#include "onnx/onnx.h"
#include "onnx/wire.h"
#include "support/onnx_files.h"

/* ---- Reading ----------------------------------------------------------------------------------------- */

static mn_net net;
static mn_origin origin;

static void read_model(test_onnx *model) {
    test_bytes bytes = {0};
    test_onnx_write(model, &bytes);
    assert_true(mn_onnx_is(bytes.data, bytes.count));
    if (mn_onnx_read(bytes.data, bytes.count, "test", NULL, NULL, &net, &origin) != MN_OK) {
        fail_msg("%s", mn_error_detail());
    }
    free(bytes.data);
}

static void expect_refused_bytes(const test_bytes *bytes, const char *sentence) {
    mn_net refused;
    assert_int_not_equal(mn_onnx_read(bytes->data, bytes->count, "test", NULL, NULL, &refused, &origin), MN_OK);
    if (!strstr(mn_error_detail(), sentence)) fail_msg("\"%s\" lacks \"%s\"", mn_error_detail(), sentence);
}

static void expect_refused(test_onnx *model, const char *sentence) {
    test_bytes bytes = {0};
    test_onnx_write(model, &bytes);
    expect_refused_bytes(&bytes, sentence);
    free(bytes.data);
}

/* A model of one node that reads "x", a picture of 3x8x8. */
static void begin(test_onnx *model) {
    test_onnx_begin(model, 13);
    test_onnx_input(model, "x", (const int64_t[]){1, 3, 8, 8});
    test_onnx_output(model, "y");
}

static const mn_layer *last(void) { return &net.layers[mn_net_output(&net, 0)]; }

/* ---- Layers ------------------------------------------------------------------------------------------ */

static void test_conv(void **state) {
    (void)state;
    test_onnx model;
    float weights[2 * 3 * 3 * 3], bias[2] = {5, 6};
    for (int i = 0; i < 54; i++) weights[i] = (float)i;
    begin(&model);
    test_onnx_floats(&model, "w", 4, (const int64_t[]){2, 3, 3, 3}, weights);
    test_onnx_floats(&model, "b", 1, (const int64_t[]){2}, bias);
    test_onnx_node(&model, "Conv", "x w b", "y");
    test_onnx_ints(&model, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    test_onnx_ints(&model, "strides", 2, (const int64_t[]){2, 2});
    read_model(&model);
    /* Padding of 1 on every side of an even size is not SAME. */
    assert_int_equal(net.layer_count, 3);
    assert_int_equal(net.layers[1].kind, MN_LAYER_ZERO_PADDING);
    assert_int_equal(last()->padding, MN_PAD_VALID);
    assert_int_equal(last()->h, 4);
    assert_true(last()->bias[1] == 6);
    for (int o = 0; o < 2; o++) {
        for (int i = 0; i < 3; i++) {
            for (int k = 0; k < 9; k++)
                assert_true(last()->kernel[(k * 3 + i) * 2 + o] == weights[(o * 3 + i) * 9 + k]);
        }
    }
    mn_net_free(&net);
}

/* Groups as wide as the channels are depthwise, others stay groups; padding that equals SAME needs no layer. */
static void test_groups(void **state) {
    (void)state;
    const struct {
        int64_t out, in, group;
        mn_layer_kind kind;
        int32_t groups, multiplier;
    } cases[] = {
        {3, 1, 3, MN_LAYER_DEPTHWISE, 1, 1}, {6, 1, 3, MN_LAYER_DEPTHWISE, 1, 2}, {4, 3, 1, MN_LAYER_CONV, 1, 1}};
    static float weights[4 * 3 * 9];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_onnx model;
        begin(&model);
        test_onnx_floats(&model, "w", 4, (const int64_t[]){cases[i].out, cases[i].in, 3, 3}, weights);
        test_onnx_node(&model, "Conv", "x w", "y");
        test_onnx_int(&model, "group", cases[i].group);
        test_onnx_ints(&model, "dilations", 2, (const int64_t[]){2, 2});
        test_onnx_ints(&model, "pads", 4, (const int64_t[]){2, 2, 2, 2});
        read_model(&model);
        assert_int_equal(net.layer_count, 2);
        assert_int_equal(last()->kind, cases[i].kind);
        assert_int_equal(last()->groups, cases[i].groups);
        assert_int_equal(last()->multiplier, cases[i].multiplier);
        assert_int_equal(last()->padding, MN_PAD_SAME);
        assert_int_equal(last()->dilation_h, 2);
        assert_int_equal(last()->c, cases[i].out);
        mn_net_free(&net);
    }
}

/* Every way to say a vector of a map, then a dense layer of either orientation. */
static void test_heads(void **state) {
    (void)state;
    const float weights[] = {1, 2, 3, 4, 5, 6};
    for (int kind = 0; kind < 6; kind++) {
        test_onnx model;
        begin(&model);
        test_onnx_node(&model, "GlobalAveragePool", "x", "p");
        if (kind == 0) test_onnx_node(&model, "Flatten", "p", "f");
        if (kind == 1) {
            test_onnx_integers(&model, "s", 2, (const int64_t[]){-1, 3});
            test_onnx_node(&model, "Reshape", "p s", "f");
        }
        if (kind == 2) {
            test_onnx_integers(&model, "axes", 2, (const int64_t[]){-1, -2});
            test_onnx_node(&model, "Squeeze", "p axes", "f");
        }
        if (kind == 3) { /* what PyTorch's exporter makes of x.view(x.size(0), -1) */
            test_onnx_node(&model, "Shape", "p", "shape");
            test_onnx_integers(&model, "zero", -1, (const int64_t[]){0});
            test_onnx_node(&model, "Gather", "shape zero", "n");
            test_onnx_integers(&model, "axis", 1, (const int64_t[]){0});
            test_onnx_node(&model, "Unsqueeze", "n axis", "n1");
            test_onnx_integers(&model, "rest", 1, (const int64_t[]){-1});
            test_onnx_node(&model, "Concat", "n1 rest", "s");
            test_onnx_int(&model, "axis", 0);
            test_onnx_node(&model, "Reshape", "p s", "f");
        }
        if (kind == 4) { /* in TensorFlow's order */
            test_onnx_node(&model, "Transpose", "p", "t");
            test_onnx_ints(&model, "perm", 4, (const int64_t[]){0, 2, 3, 1});
            test_onnx_node(&model, "Flatten", "t", "f");
        }
        if (kind == 5) { /* the mean itself may drop the ones */
            test_onnx_node(&model, "ReduceMean", "x", "f");
            test_onnx_ints(&model, "axes", 2, (const int64_t[]){2, 3});
            test_onnx_int(&model, "keepdims", 0);
        }
        bool turned = kind % 2 == 0;
        test_onnx_floats(&model, "w", 2, turned ? (const int64_t[]){2, 3} : (const int64_t[]){3, 2}, weights);
        test_onnx_node(&model, turned ? "Gemm" : "MatMul", "f w", turned ? "y" : "d");
        if (turned) test_onnx_int(&model, "transB", 1);
        test_onnx_floats(&model, "b", 1, (const int64_t[]){2}, weights + 3);
        if (!turned) test_onnx_node(&model, "Add", "d b", "y");
        read_model(&model);
        assert_int_equal(last()->kind, MN_LAYER_DENSE);
        assert_true(last()->flat && last()->c == 2);
        assert_true(last()->kernel[1] == (turned ? 4 : 2));
        if (!turned) assert_true(last()->bias[1] == 5);
        mn_net_free(&net);
    }
}

/* A dense layer that reads a whole map counts channels last here, and first in ONNX. */
static void test_dense_of_map(void **state) {
    (void)state;
    test_onnx model;
    static float weights[3 * 64];
    for (int i = 0; i < 192; i++) weights[i] = (float)i;
    begin(&model);
    test_onnx_node(&model, "Flatten", "x", "f");
    test_onnx_floats(&model, "w", 2, (const int64_t[]){1, 192}, weights);
    test_onnx_node(&model, "Gemm", "f w", "y");
    test_onnx_int(&model, "transB", 1);
    read_model(&model);
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 64; i++) assert_true(last()->kernel[i * 3 + c] == (float)(c * 64 + i));
    }
    mn_net_free(&net);
}

static void test_norm_and_clip(void **state) {
    (void)state;
    const float four[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, low = 0, high = 6;
    test_onnx model;
    begin(&model);
    const char *const names[] = {"g", "b", "m", "v"};
    for (int i = 0; i < 4; i++) test_onnx_floats(&model, names[i], 1, (const int64_t[]){3}, four + 3 * i);
    test_onnx_node(&model, "BatchNormalization", "x g b m v", "n");
    test_onnx_float(&model, "epsilon", 0.5f);
    test_onnx_floats(&model, "low", 0, NULL, &low);
    test_onnx_floats(&model, "high", 0, NULL, &high);
    test_onnx_node(&model, "Clip", "n low high", "c");
    test_onnx_node(&model, "Clip", "c", "y");
    test_onnx_float(&model, "min", 0);
    test_onnx_float(&model, "max", 3);
    read_model(&model);
    const mn_layer *norm = &net.layers[mn_net_find(&net, "n")];
    assert_true(norm->epsilon == 0.5f && norm->gamma[0] == 1 && norm->beta[0] == 4 && norm->mean[1] == 8 &&
                norm->variance[2] == 12);
    assert_true(net.layers[mn_net_find(&net, "c")].max_value == 6);
    assert_true(last()->max_value == 3);
    mn_net_free(&net);
}

/* Hard swish and swish as exporters write them, and a gate of one number for each channel. */
static void test_gates(void **state) {
    (void)state;
    const float three = 3, six = 6, zero = 0;
    for (int kind = 0; kind < 5; kind++) {
        test_onnx model;
        begin(&model);
        test_onnx_floats(&model, "three", 0, NULL, &three);
        test_onnx_floats(&model, "six", 0, NULL, &six);
        test_onnx_floats(&model, "zero", 0, NULL, &zero);
        if (kind == 0) test_onnx_node(&model, "HardSwish", "x", "y");
        if (kind == 1) {
            test_onnx_node(&model, "HardSigmoid", "x", "g");
            test_onnx_float(&model, "alpha", 1.0f / 6);
            test_onnx_node(&model, "Mul", "x g", "y");
        }
        if (kind == 2 || kind == 3) {
            test_onnx_node(&model, "Add", "x three", "a");
            test_onnx_node(&model, "Clip", "a zero six", "c");
        }
        if (kind == 2) {
            test_onnx_node(&model, "Div", "c six", "g");
            test_onnx_node(&model, "Mul", "g x", "y");
        }
        if (kind == 3) {
            test_onnx_node(&model, "Mul", "x c", "g");
            test_onnx_node(&model, "Div", "g six", "y");
        }
        if (kind == 4) {
            test_onnx_node(&model, "Sigmoid", "x", "g");
            test_onnx_node(&model, "Mul", "x g", "y");
        }
        read_model(&model);
        assert_int_equal(net.layer_count, 2);
        assert_int_equal(last()->kind, MN_LAYER_ACTIVATION);
        assert_int_equal(last()->function, kind == 4 ? MN_FUNCTION_SWISH : MN_FUNCTION_HARD_SWISH);
        mn_net_free(&net);
    }
    test_onnx model;
    begin(&model);
    test_onnx_node(&model, "GlobalAveragePool", "x", "p");
    test_onnx_node(&model, "HardSigmoid", "p", "g");
    test_onnx_node(&model, "Mul", "x g", "y");
    read_model(&model);
    assert_int_equal(last()->kind, MN_LAYER_MULTIPLY);
    assert_int_equal(last()->h, 8);
    /* min(max(0.2 x + 0.5, 0), 1) = 0.2 min(max(x + 2.5, 0), 5) */
    assert_true(fabsf(net.layers[2].offset - 2.5f) < 1e-6f && fabsf(net.layers[3].max_value - 5) < 1e-5f);
    mn_net_free(&net);
}

/* One number, or one for each channel; x - c, c - x, x / c. */
static void test_constants(void **state) {
    (void)state;
    const float c[] = {2, 4, 8}, one = 2;
    test_onnx model;
    begin(&model);
    test_onnx_floats(&model, "c", 3, (const int64_t[]){3, 1, 1}, c);
    test_onnx_floats(&model, "one", 1, (const int64_t[]){1}, &one);
    test_onnx_node(&model, "Sub", "x c", "a");
    test_onnx_node(&model, "Div", "a c", "b");
    test_onnx_node(&model, "Sub", "one b", "y");
    read_model(&model);
    assert_int_equal(net.layer_count, 4);
    assert_true(net.layers[1].gamma[1] == 1 && net.layers[1].beta[1] == -4);
    assert_true(net.layers[2].gamma[2] == 0.125f && net.layers[2].beta[2] == 0);
    assert_true(last()->kind == MN_LAYER_RESCALING && last()->scale == -1 && last()->offset == 2);
    assert_false(net.meaning.normalised); /* pixels are scaled inside */
    mn_net_free(&net);
}

static void test_slopes(void **state) {
    (void)state;
    const float slopes[] = {0.5f, -0.25f, 0}, one = 0.125f;
    test_onnx model;
    begin(&model);
    test_onnx_floats(&model, "c", 3, (const int64_t[]){3, 1, 1}, slopes);
    test_onnx_floats(&model, "one", 1, (const int64_t[]){1}, &one);
    test_onnx_node(&model, "PRelu", "x c", "a");
    test_onnx_node(&model, "PRelu", "a one", "y");
    read_model(&model);
    assert_int_equal(net.layer_count, 3);
    assert_int_equal(net.layers[1].kind, MN_LAYER_PRELU);
    assert_memory_equal(net.layers[1].gamma, slopes, sizeof slopes);
    assert_true(last()->function == MN_FUNCTION_LEAKY_RELU && last()->slope == one);
    mn_net_free(&net);
    begin(&model);
    test_onnx_floats(&model, "c", 3, (const int64_t[]){1, 1, 3}, slopes); /* columns */
    test_onnx_node(&model, "PRelu", "x c", "y");
    expect_refused(&model, "one for each channel");
}

/* Halves, doubles, and numbers one by one in the fields of their types. */
static void test_types(void **state) {
    (void)state;
    for (int kind = 0; kind < 5; kind++) {
        test_onnx model;
        begin(&model);
        test_onnx_typed(&model, "c", kind, 1.5f);
        test_onnx_node(&model, "Mul", "x c", "y");
        read_model(&model);
        assert_true(last()->scale == 1.5f);
        mn_net_free(&net);
    }
}

static void test_input_size(void **state) {
    (void)state;
    test_onnx model;
    test_bytes bytes = {0};
    test_onnx_begin(&model, 13);
    test_onnx_input(&model, "x", (const int64_t[]){0, 3, 0, 0});
    test_onnx_output(&model, "y");
    test_onnx_node(&model, "Relu", "x", "y");
    test_onnx_write(&model, &bytes);
    assert_int_equal(mn_onnx_read(bytes.data, bytes.count, "test", NULL, NULL, &net, &origin), MN_OK);
    assert_true(origin.assumed_size && net.layers[0].h == 224);
    mn_net_free(&net);
    mn_origin_options options = {.size = 32};
    assert_int_equal(mn_onnx_read(bytes.data, bytes.count, "test", NULL, &options, &net, &origin), MN_OK);
    assert_true(!origin.assumed_size && net.layers[0].w == 32);
    mn_net_free(&net);
    options.no_softmax = true;
    assert_int_equal(mn_onnx_read(bytes.data, bytes.count, "test", NULL, &options, &net, &origin), MN_ERROR_ARGUMENT);
    free(bytes.data);
}

/* ---- What is refused --------------------------------------------------------------------------------- */

static void test_refused(void **state) {
    (void)state;
    static float weights[400];
    const struct {
        const char *kind, *inputs, *sentence;
    } cases[] = {
        {"LSTM", "x", "node 0 (LSTM) y: is not supported"},
        {"QuantizeLinear", "x f1", "the model is quantised already"},
        {"Conv", "x", "input 1 is not a constant of floats"},
        {"Conv", "x x", "input 1 is not a constant of floats"},
        {"Conv", "x f4", "its weights do not suit 3 channels"},
        {"Conv", "f4 f4", "input 0 is a constant"},
        {"Conv", "nothing f4", "input 0 is never computed"},
        {"Gemm", "x f2", "input 0 is not a vector"},
        {"Add", "x f4", "neither one float nor one for each channel"},
        {"Add", "x i1", "neither one float nor one for each channel"},
        {"Div", "f1 x", "divides by what is computed"},
        {"Reshape", "x i1", "its new shape does not suit"},
        {"Reshape", "x x", "is not a short list of constant integers"},
        {"Softmax", "x", "only a softmax over the channels"},
        {"ReduceMean", "x", "only the mean over height and width"},
        {"Transpose", "x", "only the orders of ONNX and of TensorFlow"},
        {"MaxPool", "x", "kernel_shape is not two numbers"},
        {"Clip", "x f1", "only clipping from 0 on"},
        {"BatchNormalization", "x f1 f1 f1 f1", "the scale has 1 numbers, 3 were expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_onnx model;
        begin(&model);
        weights[0] = 1;
        test_onnx_floats(&model, "f1", 1, (const int64_t[]){1}, weights);
        test_onnx_floats(&model, "f2", 2, (const int64_t[]){3, 2}, weights);
        test_onnx_floats(&model, "f4", 4, (const int64_t[]){2, 2, 3, 3}, weights);
        test_onnx_integers(&model, "i1", 1, (const int64_t[]){7});
        test_onnx_node(&model, cases[i].kind, cases[i].inputs, "y");
        expect_refused(&model, cases[i].sentence);
    }
}

static void test_refused_graphs(void **state) {
    (void)state;
    test_onnx model;
    begin(&model);
    test_onnx_node(&model, "Relu", "x", "y");
    test_onnx_node(&model, "Relu", "x", "y");
    expect_refused(&model, "node 1 (Relu) y: its output is computed twice");
    begin(&model);
    test_onnx_node(&model, "Relu", "x", "z");
    expect_refused(&model, "output 0 does not depend on the picture");
    begin(&model);
    test_onnx_node(&model, "Relu", "y", "y");
    expect_refused(&model, "what it reads is not computed");
    test_onnx_begin(&model, 13);
    test_onnx_output(&model, "y");
    expect_refused(&model, "does not have exactly one input");
    begin(&model);
    test_onnx_input(&model, "x2", (const int64_t[]){1, 3, 8, 8});
    expect_refused(&model, "does not have exactly one input");
    /* Weights for far more than the file holds. */
    begin(&model);
    static float weights[3 * 2000];
    test_onnx_floats(&model, "w", 4, (const int64_t[]){2000, 3, 1, 1}, weights);
    for (int i = 0; i < 400; i++) {
        char name[8];
        snprintf(name, sizeof name, "y%d", i);
        test_onnx_node(&model, "Conv", "x w", name);
    }
    expect_refused(&model, "far more weights than the file holds");
}

static void test_external(void **state) {
    (void)state;
    static const char *const elsewhere[] = {"../weights", "/etc/passwd", "a/b", "", ".hidden"};
    test_onnx model;
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
        begin(&model);
        test_onnx_external(&model, "c", elsewhere[i], 0);
        test_onnx_node(&model, "Mul", "x c", "y");
        expect_refused(&model, "has weights in a file that is not beside it");
    }
    begin(&model);
    test_onnx_external(&model, "c", "weights.data", 0);
    test_onnx_node(&model, "Mul", "x c", "y");
    expect_refused(&model, "has weights in the file weights.data, which cannot be read from here");
    /* With a folder, the file beside is read; beyond its end is nothing. */
    char folder[] = "/tmp/mobilenet-onnx-XXXXXX", path[64], data[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.onnx", folder);
    snprintf(data, sizeof data, "%s/weights.data", folder);
    FILE *file = fopen(data, "wb");
    const uint8_t values[] = {0, 0, 0xe0, 0x40, 0, 0, 0xc0, 0x3f}; /* 7 and 1.5 */
    assert_non_null(file);
    assert_int_equal(fwrite(values, sizeof values, 1, file), 1);
    fclose(file);
    for (int offset = 4; offset <= 8; offset += 4) {
        test_bytes bytes = {0};
        begin(&model);
        test_onnx_external(&model, "c", "weights.data", offset);
        test_onnx_node(&model, "Mul", "x c", "y");
        test_onnx_write(&model, &bytes);
        mn_status status = mn_onnx_read(bytes.data, bytes.count, "test", path, NULL, &net, &origin);
        assert_int_equal(status, offset == 4 ? MN_OK : MN_ERROR_FORMAT);
        if (status == MN_OK) assert_true(last()->scale == 1.5f);
        if (status == MN_OK) mn_net_free(&net);
        free(bytes.data);
    }
    unlink(data);
    rmdir(folder);
}

/* Every prefix, and every byte changed, of a model with most kinds of fields: a sentence or a network. */
static void test_damage(void **state) {
    (void)state;
    test_onnx model;
    test_bytes bytes = {0};
    static float weights[2 * 3 * 9];
    begin(&model);
    test_onnx_floats(&model, "w", 4, (const int64_t[]){2, 3, 3, 3}, weights);
    test_onnx_node(&model, "Conv", "x w", "c");
    test_onnx_ints(&model, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    test_onnx_node(&model, "GlobalAveragePool", "c", "p");
    test_onnx_integers(&model, "s", 2, (const int64_t[]){1, -1});
    test_onnx_node(&model, "Reshape", "p s", "y");
    test_onnx_write(&model, &bytes);
    for (size_t length = 1; length < bytes.count; length++) {
        test_bytes cut = {0};
        if (length == bytes.count - 4) continue; /* whole but for the version of its operators */
        test_bytes_add(&cut, bytes.data, length);
        expect_refused_bytes(&cut, "test: ");
        free(cut.data);
    }
    for (size_t i = 0; i < bytes.count; i++) {
        for (int bit = 0; bit < 8; bit++) {
            test_bytes changed = {0};
            test_bytes_add(&changed, bytes.data, bytes.count);
            changed.data[i] ^= (uint8_t)(1 << bit);
            if (mn_onnx_read(changed.data, changed.count, "test", NULL, NULL, &net, &origin) == MN_OK)
                mn_net_free(&net);
            free(changed.data);
        }
    }
    free(bytes.data);
}

static void test_wire(void **state) {
    (void)state;
    static const uint8_t long_varint[] = {8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
    static const uint8_t beyond[] = {10, 200, 1, 0}, group[] = {11, 12}, zero[] = {2, 0},
                         largest[] = {8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};
    const struct {
        const uint8_t *at;
        size_t bytes;
        bool good;
    } cases[] = {{long_varint, sizeof long_varint, false},
                 {beyond, sizeof beyond, false},
                 {group, sizeof group, false},
                 {zero, sizeof zero, false},
                 {largest, sizeof largest, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_wire wire = {.at = cases[i].at, .end = cases[i].at + cases[i].bytes};
        mn_wire_field field;
        assert_int_equal(mn_wire_next(&wire, &field), cases[i].good);
        assert_int_equal(wire.damaged, !cases[i].good);
        if (cases[i].good) assert_true(field.value == UINT64_MAX);
    }
}

/* ---- Files for others -------------------------------------------------------------------------------- */

/* A classifier with a squeeze-excite block, as PyTorch exports one. */
static void build_classifier(test_onnx *model) {
    static float weights[2 * 72];
    for (int i = 0; i < 144; i++) weights[i] = (float)(i * 37 % 23 - 11) / 16;
    test_onnx_begin(model, 13);
    test_onnx_input(model, "x", (const int64_t[]){1, 3, 0, 0});
    test_onnx_output(model, "scores");
    test_onnx_floats(model, "w1", 4, (const int64_t[]){4, 3, 3, 3}, weights);
    test_onnx_floats(model, "b1", 1, (const int64_t[]){4}, weights);
    test_onnx_floats(model, "w2", 4, (const int64_t[]){4, 1, 3, 3}, weights + 3);
    test_onnx_floats(model, "w3", 4, (const int64_t[]){4, 4, 1, 1}, weights + 5);
    test_onnx_floats(model, "w4", 2, (const int64_t[]){3, 4}, weights + 7);
    const float zero = 0, six = 6;
    test_onnx_floats(model, "low", 0, NULL, &zero);
    test_onnx_floats(model, "high", 0, NULL, &six);
    test_onnx_node(model, "Conv", "x w1 b1", "stem");
    test_onnx_ints(model, "strides", 2, (const int64_t[]){2, 2});
    test_onnx_ints(model, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    test_onnx_node(model, "Clip", "stem low high", "act");
    test_onnx_node(model, "Conv", "act w2", "dw");
    test_onnx_int(model, "group", 4);
    test_onnx_ints(model, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    test_onnx_node(model, "Relu", "dw", "dw_act");
    test_onnx_node(model, "Conv", "dw_act w3", "project");
    test_onnx_node(model, "Add", "project act", "sum");
    test_onnx_node(model, "GlobalAveragePool", "sum", "pool");
    test_onnx_node(model, "Flatten", "pool", "flat");
    test_onnx_node(model, "Gemm", "flat w4", "scores");
    test_onnx_int(model, "transB", 1);
}

static void write_file(const char *folder, const char *name, test_onnx *model) {
    test_bytes bytes = {0};
    char path[512];
    snprintf(path, sizeof path, "%.400s/%s", folder, name);
    test_onnx_write(model, &bytes);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes.data, 1, bytes.count, file) != bytes.count || fclose(file) != 0) abort();
    free(bytes.data);
}

static int write_files(const char *folder) {
    test_onnx model;
    build_classifier(&model);
    write_file(folder, "classifier.onnx", &model);
    begin(&model);
    test_onnx_node(&model, "QuantizeLinear", "x x x", "y");
    write_file(folder, "quantised.onnx", &model);
    begin(&model);
    const float three = 3, six = 6, zero = 0;
    test_onnx_floats(&model, "three", 0, NULL, &three);
    test_onnx_floats(&model, "six", 0, NULL, &six);
    test_onnx_floats(&model, "zero", 0, NULL, &zero);
    test_onnx_node(&model, "Add", "x three", "a");
    test_onnx_node(&model, "Clip", "a zero six", "c");
    test_onnx_node(&model, "Div", "c six", "g");
    test_onnx_node(&model, "Mul", "g x", "m");
    test_onnx_node(&model, "AveragePool", "m", "p");
    test_onnx_ints(&model, "kernel_shape", 2, (const int64_t[]){8, 8});
    test_onnx_node(&model, "Shape", "p", "shape");
    test_onnx_integers(&model, "none", -1, (const int64_t[]){0});
    test_onnx_node(&model, "Gather", "shape none", "n");
    test_onnx_integers(&model, "axis", 1, (const int64_t[]){0});
    test_onnx_node(&model, "Unsqueeze", "n axis", "n1");
    test_onnx_integers(&model, "rest", 1, (const int64_t[]){-1});
    test_onnx_node(&model, "Concat", "n1 rest", "s");
    test_onnx_int(&model, "axis", 0);
    test_onnx_node(&model, "Reshape", "p s", "f");
    test_onnx_node(&model, "Softmax", "f", "y");
    write_file(folder, "shapes.onnx", &model);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),       cmocka_unit_test(test_conv),         cmocka_unit_test(test_groups),
        cmocka_unit_test(test_heads),      cmocka_unit_test(test_dense_of_map), cmocka_unit_test(test_norm_and_clip),
        cmocka_unit_test(test_gates),      cmocka_unit_test(test_constants),    cmocka_unit_test(test_types),
        cmocka_unit_test(test_input_size), cmocka_unit_test(test_refused),      cmocka_unit_test(test_refused_graphs),
        cmocka_unit_test(test_external),   cmocka_unit_test(test_damage),       cmocka_unit_test(test_slopes),
    };
    if (argc == 2) return write_files(argv[1]);
    return cmocka_run_group_tests_name("onnx", tests, NULL, NULL);
}
