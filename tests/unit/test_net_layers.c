/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Layers beyond MobileNetV2's: computed by their definition, they give what their folded graph gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "net/fold.h"
#include "support/net_definition.h"

#define TOLERANCE 2e-5

static void start(mn_net *net, int32_t height, int32_t width, int32_t channels) {
    *net = (mn_net){.name = "test"};
    mn_layer input = {.name = "input", .kind = MN_LAYER_INPUT, .h = height, .w = width, .c = channels};
    assert_int_equal(mn_net_add(net, &input, false, NULL), MN_OK);
}

/* Appends a layer called "lN"; its number. */
static int32_t add(mn_net *net, mn_layer layer) {
    char name[16];
    int32_t index;
    snprintf(name, sizeof name, "l%d", net->layer_count);
    layer.name = name;
    if (mn_net_add(net, &layer, true, &index) != MN_OK) fail_msg("%s", mn_error_detail());
    return index;
}

/* The same, reading the last layer. */
static int32_t then(mn_net *net, mn_layer layer) {
    layer.inputs[0] = net->layer_count - 1;
    return add(net, layer);
}

static mn_layer conv(int32_t size, int32_t units) {
    return (mn_layer){
        .kind = MN_LAYER_CONV, .k_h = size, .k_w = size, .stride = 1, .padding = MN_PAD_SAME, .units = units};
}

static void expect_right(mn_net *net) {
    nd_randomise(net, 5);
    double distance = nd_distance(net);
    if (!(distance <= TOLERANCE)) fail_msg("%s: %g", net->layers[net->layer_count - 1].name, distance);
    mn_net_free(net);
}

/* One layer between two convolutions, on a map and on a vector. */
static void expect_layer_right(mn_layer layer, bool of_vectors) {
    mn_net net;
    start(&net, 9, 7, 3);
    then(&net, conv(3, 6));
    then(&net, layer);
    if (layer.kind != MN_LAYER_GLOBAL_MAX) then(&net, conv(1, 4));
    expect_right(&net);
    if (!of_vectors) return;
    start(&net, 9, 7, 3);
    then(&net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL});
    then(&net, (mn_layer){.kind = MN_LAYER_DENSE, .units = 6});
    then(&net, layer);
    then(&net, (mn_layer){.kind = MN_LAYER_DENSE, .units = 5});
    expect_right(&net);
}

static void windows(void **state) {
    (void)state;
    static const mn_layer_kind kinds[] = {MN_LAYER_CONV, MN_LAYER_DEPTHWISE, MN_LAYER_MAX_POOL, MN_LAYER_AVERAGE_POOL};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        mn_layer layer = {.kind = kinds[i], .k_h = 3, .k_w = 2, .stride = 2, .stride_w = 3, .units = 4};
        bool weighted = kinds[i] == MN_LAYER_CONV || kinds[i] == MN_LAYER_DEPTHWISE;
        for (int32_t padding = 0; padding < 2; padding++) {
            layer.padding = padding ? MN_PAD_SAME : MN_PAD_VALID;
            expect_layer_right(layer, false);
            if (!weighted) continue;
            mn_layer other = layer;
            other.stride = other.stride_w = 1;
            other.dilation_h = 2;
            other.dilation_w = 3;
            expect_layer_right(other, false);
        }
    }
    mn_layer depthwise = {.kind = MN_LAYER_DEPTHWISE, .k_h = 3, .k_w = 3, .stride = 1, .multiplier = 3};
    expect_layer_right(depthwise, false);
    mn_layer grouped = conv(3, 8);
    grouped.groups = 2;
    expect_layer_right(grouped, false);
}

/* Padding before a dilated or rectangular window goes into SAME only where it is the same. */
static void padding_before_windows(void **state) {
    (void)state;
    static const int32_t pads[][4] = {{2, 2, 2, 2}, {1, 1, 1, 1}, {0, 1, 0, 1}};
    for (int32_t i = 0; i < 3; i++) {
        for (int32_t dilation = 1; dilation < 3; dilation++) {
            mn_net net;
            mn_layer pad = {.kind = MN_LAYER_ZERO_PADDING}, window = conv(3, 4);
            memcpy(pad.pad, pads[i], sizeof pad.pad);
            window.padding = MN_PAD_VALID;
            window.dilation_h = window.dilation_w = dilation;
            window.stride = i == 2 && dilation == 1 ? 2 : 1;
            start(&net, 8, 9, 3);
            then(&net, pad);
            then(&net, window);
            expect_right(&net);
        }
    }
}

static void activations(void **state) {
    (void)state;
    static const float limits[] = {6, INFINITY, 1, 3.5F};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        expect_layer_right((mn_layer){.kind = MN_LAYER_RELU, .max_value = limits[i]}, true);
    }
    for (int32_t i = 0; i < MN_FUNCTION_COUNT; i++) {
        mn_layer layer = {.kind = MN_LAYER_ACTIVATION, .function = (mn_function)i, .slope = 0.2F};
        expect_layer_right(layer, true);
    }
    expect_layer_right((mn_layer){.kind = MN_LAYER_PRELU}, true);
    expect_layer_right((mn_layer){.kind = MN_LAYER_AFFINE}, true);
    expect_layer_right((mn_layer){.kind = MN_LAYER_UNIT_NORM}, true);
    for (int32_t i = 0; i < 4; i++) {
        mn_layer layer = {.kind = MN_LAYER_RESIZE, .h = i < 2 ? 18 : 4, .w = i < 2 ? 21 : 3, .bilinear = i % 2};
        expect_layer_right(layer, false);
    }
    expect_layer_right((mn_layer){.kind = MN_LAYER_GLOBAL_MAX}, false);
    expect_layer_right((mn_layer){.kind = MN_LAYER_GLOBAL_MAX, .keep_dims = true}, false);
}

/* A map joined with what has one place, one channel, or is a vector. */
static void broadcasting(void **state) {
    (void)state;
    static const mn_layer_kind kinds[] = {MN_LAYER_ADD, MN_LAYER_SUBTRACT, MN_LAYER_MULTIPLY};
    for (size_t i = 0; i < 3; i++) {
        for (int32_t form = 0; form < 8; form++) {
            mn_net net;
            start(&net, 5, 6, 3);
            int32_t map = then(&net, conv(3, 4)), other = map;
            if (form / 2 == 1) other = then(&net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true});
            if (form / 2 == 2) other = then(&net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL});
            if (form / 2 == 3) other = then(&net, conv(3, 1));
            mn_layer joined = {.kind = kinds[i], .inputs = {form % 2 ? other : map, form % 2 ? map : other}};
            if (form / 2 == 0) joined.inputs[form % 2] = 0;
            if (form / 2 == 0)
                joined.inputs[form % 2] =
                    add(&net, (mn_layer){.kind = MN_LAYER_CONV, .k_h = 1, .k_w = 1, .stride = 1, .units = 4});
            add(&net, joined);
            then(&net, (mn_layer){.kind = MN_LAYER_RELU, .max_value = 6});
            expect_right(&net);
        }
    }
}

static void concatenation(void **state) {
    (void)state;
    mn_net net;
    start(&net, 5, 6, 3);
    int32_t a = then(&net, conv(3, 4)), b = then(&net, conv(3, 1));
    add(&net, (mn_layer){.kind = MN_LAYER_CONCAT, .input_count = 4, .inputs = {a, 0, b, a}});
    int32_t pooled = then(&net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL});
    int32_t hidden = then(&net, (mn_layer){.kind = MN_LAYER_DENSE, .units = 5});
    add(&net, (mn_layer){.kind = MN_LAYER_CONCAT, .input_count = 2, .inputs = {hidden, pooled}});
    then(&net, (mn_layer){.kind = MN_LAYER_DENSE, .units = 3});
    expect_right(&net);
    start(&net, 5, 6, 3);
    a = then(&net, conv(3, 4));
    mn_layer wrong = {.name = "wrong", .kind = MN_LAYER_CONCAT, .input_count = 17};
    assert_int_equal(mn_net_add(&net, &wrong, false, NULL), MN_ERROR_LIMIT);
    b = then(&net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .keep_dims = true});
    wrong = (mn_layer){.name = "wrong", .kind = MN_LAYER_CONCAT, .input_count = 2, .inputs = {a, b}};
    assert_int_equal(mn_net_add(&net, &wrong, false, NULL), MN_ERROR_FORMAT);
    assert_non_null(strstr(mn_error_detail(), "equal heights and widths"));
    mn_net_free(&net);
}

static void shapes(void **state) {
    (void)state;
    mn_net net;
    start(&net, 4, 6, 2);
    then(&net, (mn_layer){.kind = MN_LAYER_RESHAPE, .keep_dims = true, .h = 8, .w = 2, .c = 3});
    then(&net, conv(3, 4));
    then(&net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL});
    then(&net, (mn_layer){.kind = MN_LAYER_RESHAPE, .keep_dims = true, .h = 1, .w = 1, .c = 4});
    then(&net, (mn_layer){.kind = MN_LAYER_DENSE, .units = 4}); /* of a map: stays one */
    assert_false(net.layers[net.layer_count - 1].flat);
    expect_right(&net);
    start(&net, 4, 6, 2);
    then(&net, (mn_layer){.kind = MN_LAYER_DENSE, .units = 5});
    then(&net, (mn_layer){.kind = MN_LAYER_SOFTMAX});
    expect_right(&net);
    start(&net, 4, 6, 2);
    mn_layer wrong = {.name = "wrong", .kind = MN_LAYER_RESHAPE, .keep_dims = true, .h = 5, .w = 2, .c = 5};
    assert_int_equal(mn_net_add(&net, &wrong, false, NULL), MN_ERROR_FORMAT);
    assert_non_null(strstr(mn_error_detail(), "4x6x2 values cannot become 5x2x5"));
    mn_net_free(&net);
}

/* Two heads, one of which is on the way to the other; what leads to none makes no operator. */
static void several_outputs(void **state) {
    (void)state;
    mn_net net;
    mn_graph graph;
    start(&net, 5, 6, 3);
    int32_t map = then(&net, conv(3, 4));
    int32_t pooled = then(&net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL});
    int32_t first = then(&net, (mn_layer){.kind = MN_LAYER_DENSE, .units = 5});
    int32_t active = then(&net, (mn_layer){.kind = MN_LAYER_RELU, .max_value = 6});
    add(&net, (mn_layer){.kind = MN_LAYER_GLOBAL_POOL, .inputs = {map}, .keep_dims = true});
    int32_t second = add(&net, (mn_layer){.kind = MN_LAYER_DENSE, .inputs = {active}, .units = 2});
    net.output_count = 3;
    net.outputs[0] = second;
    net.outputs[1] = first;
    net.outputs[2] = pooled;
    nd_randomise(&net, 5);
    assert_true(nd_distance(&net) <= TOLERANCE);
    assert_int_equal(mn_net_fold(&net, &graph, NULL), MN_OK);
    assert_int_equal(graph.output_count, 3);
    assert_int_equal(graph.op_count, 5); /* CONV_2D, MEAN, two FULLY_CONNECTED, RELU6 by itself */
    assert_string_equal(graph.tensors[graph.outputs[1]].name, "l3");
    mn_graph_free(&graph);
    int32_t kept[8];
    assert_int_equal(mn_net_prune(&net, kept), MN_OK);
    assert_int_equal(net.layer_count, 6);
    assert_int_equal(kept[5], second);
    assert_int_equal(net.outputs[0], 5);
    assert_true(nd_distance(&net) <= TOLERANCE);
    mn_net_free(&net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows),         cmocka_unit_test(padding_before_windows), cmocka_unit_test(activations),
        cmocka_unit_test(broadcasting),    cmocka_unit_test(concatenation),          cmocka_unit_test(shapes),
        cmocka_unit_test(several_outputs),
    };
    return cmocka_run_group_tests_name("net layers", tests, NULL, NULL);
}
