/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A net computed layer by layer, as it is defined, gives what its folded graph gives. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "graph/shape.h"
#include "net/fold.h"
#include "net/mobilenet_v2.h"
#include "net/statistics.h"
#include "support/net_definition.h"
#include "tflite/write.h"

/* ---- Its folded graph --------------------------------------------------------------------------------- */

static mn_graph fold(const mn_net *net, mn_channel_stats **stats) {
    mn_graph graph;
    mn_status status = mn_net_fold(net, &graph, stats);
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
    return graph;
}

static void assert_same_function(const mn_net *net) { assert_true(nd_distance(net) <= 2e-5); }

/* ---- Nets ---------------------------------------------------------------------------------------------- */

static void start(mn_net *net, int32_t height, int32_t width, int32_t channels) {
    *net = (mn_net){.name = "test"};
    mn_layer input = {.name = "input", .kind = MN_LAYER_INPUT, .h = height, .w = width, .c = channels};
    assert_int_equal(mn_net_add(net, &input, false, NULL), MN_OK);
}

/* Appends a layer called "lN" that reads the last one; its number. */
static int32_t add(mn_net *net, mn_layer layer, bool with_bias) {
    char name[16];
    int32_t index;
    snprintf(name, sizeof name, "l%d", net->layer_count);
    layer.name = name;
    layer.inputs[0] = net->layer_count - 1;
    assert_int_equal(mn_net_add(net, &layer, with_bias, &index), MN_OK);
    return index;
}

static mn_layer conv(int32_t size, int32_t stride, mn_padding padding, int32_t units) {
    return (mn_layer){
        .kind = MN_LAYER_CONV, .k_h = size, .k_w = size, .stride = stride, .padding = padding, .units = units};
}

static mn_layer depthwise(int32_t stride, mn_padding padding) {
    return (mn_layer){.kind = MN_LAYER_DEPTHWISE, .k_h = 3, .k_w = 3, .stride = stride, .padding = padding};
}

static mn_layer padding(int32_t top, int32_t bottom, int32_t left, int32_t right) {
    return (mn_layer){.kind = MN_LAYER_ZERO_PADDING, .pad = {top, bottom, left, right}};
}

static mn_layer relu(float max_value) { return (mn_layer){.kind = MN_LAYER_RELU, .max_value = max_value}; }

static const mn_layer norm = {.kind = MN_LAYER_BATCH_NORM, .epsilon = 1e-3f};
static const mn_layer pool = {.kind = MN_LAYER_GLOBAL_POOL};
static const mn_layer reshape = {.kind = MN_LAYER_RESHAPE};
static const mn_layer dropout = {.kind = MN_LAYER_DROPOUT, .rate = 0.2f};
static const mn_layer softmax = {.kind = MN_LAYER_SOFTMAX};

static mn_layer dense(int32_t units) { return (mn_layer){.kind = MN_LAYER_DENSE, .units = units}; }

static void randomise(mn_net *net) { nd_randomise(net, 5); }

static int32_t count_ops(const mn_net *net, mn_op_kind kind) {
    mn_graph graph = fold(net, NULL);
    int32_t count = 0;
    for (int32_t i = 0; i < graph.op_count; i++) count += graph.ops[i].kind == kind;
    mn_graph_free(&graph);
    return count;
}

static int32_t count_all_ops(const mn_net *net) {
    int32_t count = 0;
    for (int32_t kind = 0; kind < MN_OP_KIND_COUNT; kind++) count += count_ops(net, (mn_op_kind)kind);
    return count;
}

/* ---- Tests --------------------------------------------------------------------------------------------- */

static void folds_mobilenet_v2(void **state) {
    (void)state;
    static const struct {
        double width;
        int32_t height, width_px, classes;
    } cases[] = {{0.35, 32, 32, 7}, {0.5, 33, 40, 4}, {0.25, 31, 32, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_net net;
        mn_v2_spec spec = {.width = cases[i].width,
                           .height = cases[i].height,
                           .width_px = cases[i].width_px,
                           .classes = cases[i].classes,
                           .softmax = true,
                           .dropout = 0.2f};
        assert_int_equal(mn_v2_build(&spec, &net), MN_OK);
        randomise(&net);
        assert_same_function(&net);
        assert_int_equal(count_ops(&net, MN_OP_PAD), 0);
        assert_int_equal(count_ops(&net, MN_OP_RELU6), 0);

        mn_graph graph = fold(&net, NULL);
        int64_t macs = 0;
        for (int32_t k = 0; k < graph.op_count; k++) macs += mn_op_macs(&graph, &graph.ops[k]);
        assert_int_equal(macs, mn_net_macs(&net));
        mn_graph_free(&graph);
        mn_net_free(&net);
    }
}

static void rescales_before_the_network(void **state) {
    (void)state;
    mn_net net;
    mn_layer rescaling = {.name = "a name of the user's choice, longer than any that Keras would ever give to a layer",
                          .kind = MN_LAYER_RESCALING,
                          .scale = 1 / 127.5f,
                          .offset = -1};
    mn_v2_spec spec = {.width = 0.35, .height = 32, .width_px = 32, .classes = 3, .rescaling = &rescaling};
    assert_int_equal(mn_v2_build(&spec, &net), MN_OK);
    randomise(&net);
    assert_string_equal(net.layers[1].name, rescaling.name);
    assert_int_equal(count_ops(&net, MN_OP_MUL), 1);
    assert_same_function(&net);

    net.layers[1].offset = 0;
    assert_int_equal(count_ops(&net, MN_OP_MUL), 1);
    int32_t adds = count_ops(&net, MN_OP_ADD);
    assert_same_function(&net);
    net.layers[1].scale = 1;
    net.layers[1].offset = 0.5f;
    assert_int_equal(count_ops(&net, MN_OP_MUL), 0);
    assert_int_equal(count_ops(&net, MN_OP_ADD), adds + 1);
    assert_same_function(&net);
    net.layers[1].offset = 0;
    assert_int_equal(count_ops(&net, MN_OP_ADD), adds);
    assert_same_function(&net);
    mn_net_free(&net);
}

/* Every way in which padding and the convolution behind it can fit together. */
static void absorbs_padding_only_where_it_is_same(void **state) {
    (void)state;
    static const struct {
        int32_t height, pad[4], size, stride;
        int32_t pads; /* PAD operators left */
    } cases[] = {
        {8, {0, 1, 0, 1}, 3, 2, 0}, {9, {1, 1, 1, 1}, 3, 2, 0}, {8, {1, 1, 1, 1}, 3, 2, 1}, {8, {1, 0, 1, 0}, 3, 2, 1},
        {8, {1, 1, 1, 1}, 3, 1, 0}, {8, {0, 0, 0, 0}, 3, 1, 1}, {8, {3, 3, 3, 3}, 3, 1, 1}, {9, {1, 2, 1, 2}, 3, 2, 0},
        {8, {0, 1, 1, 1}, 3, 2, 1}, {8, {2, 2, 2, 2}, 5, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_net net;
        const int32_t *p = cases[i].pad;
        start(&net, cases[i].height, cases[i].height, 3);
        add(&net, padding(p[0], p[1], p[2], p[3]), false);
        add(&net, conv(cases[i].size, cases[i].stride, MN_PAD_VALID, 4), true);
        randomise(&net);
        assert_int_equal(count_ops(&net, MN_OP_PAD), cases[i].pads);
        assert_same_function(&net);
        mn_net_free(&net);
    }
}

static void pads_for_two_readers(void **state) {
    (void)state;
    mn_net net;
    start(&net, 8, 8, 3);
    int32_t padded = add(&net, padding(0, 1, 0, 1), false);
    int32_t first = add(&net, conv(3, 2, MN_PAD_VALID, 4), true);
    mn_layer second = conv(3, 2, MN_PAD_VALID, 4);
    second.name = "second";
    second.inputs[0] = padded;
    assert_int_equal(mn_net_add(&net, &second, false, NULL), MN_OK);
    mn_layer sum = {.kind = MN_LAYER_ADD, .inputs = {0, first}};
    add(&net, sum, false);
    add(&net, relu(6), false);
    randomise(&net);
    assert_int_equal(count_ops(&net, MN_OP_PAD), 1);
    assert_int_equal(count_all_ops(&net), 4);
    assert_same_function(&net);
    mn_net_free(&net);
}

/* A batch norm or an activation is fused only when nothing else reads what is before it. */
static void keeps_what_two_layers_read(void **state) {
    (void)state;
    mn_net net;
    start(&net, 5, 6, 3);
    int32_t window = add(&net, conv(1, 1, MN_PAD_SAME, 4), true);
    add(&net, norm, false);
    add(&net, relu(INFINITY), false);
    add(&net, (mn_layer){.kind = MN_LAYER_ADD, .inputs = {0, window}}, false);
    randomise(&net);
    assert_int_equal(count_ops(&net, MN_OP_CONV_2D), 1);
    assert_int_equal(count_ops(&net, MN_OP_MUL), 1);
    assert_int_equal(count_ops(&net, MN_OP_ADD), 2);
    assert_int_equal(count_ops(&net, MN_OP_RELU), 0);
    assert_same_function(&net);
    mn_net_free(&net);
}

/* The same when the batch norm is the last of two readers. */
static void keeps_what_an_earlier_layer_reads(void **state) {
    (void)state;
    mn_net net;
    start(&net, 5, 6, 3);
    int32_t window = add(&net, conv(1, 1, MN_PAD_SAME, 4), true);
    int32_t other = add(&net, relu(6), false);
    mn_layer late = norm;
    late.name = "late";
    late.inputs[0] = window;
    assert_int_equal(mn_net_add(&net, &late, false, NULL), MN_OK);
    add(&net, (mn_layer){.kind = MN_LAYER_ADD, .inputs = {0, other}}, false);
    randomise(&net);
    assert_int_equal(count_ops(&net, MN_OP_RELU6), 1);
    assert_int_equal(count_ops(&net, MN_OP_MUL), 1);
    assert_same_function(&net);
    mn_net_free(&net);
}

/* Heads as people build them. */
static void folds_other_tops(void **state) {
    (void)state;
    mn_layer kept = pool;
    kept.keep_dims = true;
    const mn_layer tops[][8] = {
        {pool, dense(9), norm, relu(6), dropout, dense(4), softmax},
        {pool, dropout, dense(9), relu(INFINITY), dense(4)},
        {kept, conv(1, 1, MN_PAD_VALID, 5), reshape, softmax},
        {kept, reshape, dense(5), softmax},
        {kept, dropout, relu(6), reshape, dropout, dense(5)},
        {reshape, dense(5), softmax},
        {reshape, reshape, relu(6)},
        {relu(6), pool, relu(INFINITY), norm},
        {norm, relu(6), pool, dense(3), softmax},
    };
    static const int32_t ops[] = {6, 5, 6, 5, 6, 4, 4, 6, 5};
    for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++) {
        mn_net net;
        start(&net, 8, 9, 3);
        add(&net, depthwise(2, MN_PAD_SAME), true);
        add(&net, depthwise(1, MN_PAD_VALID), true);
        for (int32_t k = 0; k < 8 && tops[i][k].kind != MN_LAYER_INPUT; k++) add(&net, tops[i][k], true);
        randomise(&net);
        assert_int_equal(count_all_ops(&net), ops[i]);
        assert_same_function(&net);
        mn_net_free(&net);
    }
}

static void names_tensors_after_layers(void **state) {
    (void)state;
    mn_net net;
    mn_v2_spec spec = {.width = 0.35, .height = 32, .width_px = 32, .classes = 3, .softmax = true};
    assert_int_equal(mn_v2_build(&spec, &net), MN_OK);
    mn_graph graph = fold(&net, NULL);
    assert_string_equal(graph.name, "mobilenetv2_0.35_32");
    assert_string_equal(graph.tensors[graph.inputs[0]].name, "input_1");
    assert_string_equal(graph.tensors[graph.outputs[0]].name, "predictions_softmax");
    const mn_op *stem = &graph.ops[0];
    assert_string_equal(mn_graph_input(&graph, stem, 1)->name, "Conv1/kernel");
    assert_string_equal(mn_graph_input(&graph, stem, 2)->name, "bn_Conv1/bias");
    assert_string_equal(mn_graph_output(&graph, stem, 0)->name, "Conv1_relu");
    for (int32_t i = 0; i < graph.tensor_count; i++) {
        for (int32_t k = 0; k < i; k++) assert_string_not_equal(graph.tensors[i].name, graph.tensors[k].name);
    }
    mn_graph_free(&graph);
    mn_net_free(&net);
}

static void tells_the_statistics(void **state) {
    (void)state;
    mn_net net;
    mn_channel_stats *stats;
    start(&net, 5, 6, 3);
    add(&net, conv(3, 1, MN_PAD_SAME, 2), true);
    const mn_layer *bn = &net.layers[add(&net, norm, false)];
    add(&net, relu(6), false);
    add(&net, conv(1, 1, MN_PAD_SAME, 4), true);
    randomise(&net);
    bn->beta[0] = 0.25f;
    bn->gamma[0] = -2;
    bn->variance[0] = 0.003f;
    bn->variance[1] = 0;
    mn_graph graph = fold(&net, &stats);
    const mn_channel_stats *first = &stats[graph.ops[0].outputs[0]];
    assert_int_equal(first->channels, 2);
    assert_true(first->mean[0] == 0.25f);
    assert_true(fabsf(first->deviation[0] - 2 * sqrtf(0.75f)) < 1e-6f); /* 0.003 of 0.003 + 0.001 */
    assert_true(first->deviation[1] == 0);
    assert_int_equal(stats[graph.ops[1].outputs[0]].channels, 0);
    assert_int_equal(stats[graph.inputs[0]].channels, 0);
    mn_graph_free(&graph);
    mn_net_free(&net);
}

static void folds_dead_channels(void **state) {
    (void)state;
    mn_net net;
    mn_layer exact = norm;
    exact.epsilon = 0;
    start(&net, 4, 4, 3);
    add(&net, conv(3, 1, MN_PAD_SAME, 3), true);
    const mn_layer *bn = &net.layers[add(&net, exact, false)];
    randomise(&net);
    bn->gamma[0] = 0;
    bn->variance[1] = 0;
    mn_graph graph = fold(&net, NULL);
    const float *kernel = mn_graph_input(&graph, &graph.ops[0], 1)->data;
    const float *bias = mn_graph_input(&graph, &graph.ops[0], 2)->data;
    for (int32_t i = 0; i < 2 * 27; i++) assert_true(kernel[i] == 0);
    assert_true(kernel[2 * 27] != 0);
    assert_true(bias[0] == bn->beta[0] && bias[1] == bn->beta[1]);
    mn_graph_free(&graph);
    mn_net_free(&net);
}

static void fold_fails(const mn_net *net, mn_status status, const char *sentence) {
    mn_graph graph;
    assert_int_equal(mn_net_fold(net, &graph, NULL), status);
    assert_non_null(strstr(mn_error_detail(), sentence));
}

static void refuses_with_the_name_of_the_layer(void **state) {
    (void)state;
    mn_net net;
    mn_layer exact = norm;
    exact.epsilon = 0;
    start(&net, 4, 4, 3);
    fold_fails(&net, MN_ERROR_UNSUPPORTED, "no layer computes");
    add(&net, conv(3, 1, MN_PAD_SAME, 3), true);
    const mn_layer *window = &net.layers[1], *bn = &net.layers[add(&net, exact, false)];
    randomise(&net);
    window->kernel[4] = NAN;
    fold_fails(&net, MN_ERROR_FORMAT, "test: layer l1 (Conv2D): kernel value 4");
    window->kernel[4] = 1e30f;
    bn->variance[1] = 1e-30f;
    fold_fails(&net, MN_ERROR_FORMAT, "layer l1 (Conv2D): the batch norm behind it makes a weight of channel 1");
    window->kernel[4] = 0;
    window->bias[1] = 1e30f;
    fold_fails(&net, MN_ERROR_FORMAT, "the bias of channel 1");
    window->bias[1] = 0;
    bn->variance[1] = -1;
    fold_fails(&net, MN_ERROR_FORMAT, "layer l2 (BatchNormalization): the variance of channel 1");
    bn->variance[1] = 1;
    add(&net, relu(1e-39f), false);
    fold_fails(&net, MN_ERROR_UNSUPPORTED, "layer l3 (ReLU): max_value is 1e-39");
    mn_net_free(&net);

    start(&net, 1, 1, 3);
    add(&net, relu(6), false);
    bn = &net.layers[add(&net, exact, false)];
    bn->gamma[2] = 3e38f;
    bn->variance[2] = 1e-30f;
    fold_fails(&net, MN_ERROR_FORMAT, "layer l2 (BatchNormalization): channel 2");
    mn_net_free(&net);
}

static void gives_the_same_bytes(void **state) {
    (void)state;
    uint8_t *file[2];
    size_t bytes[2];
    for (int32_t i = 0; i < 2; i++) {
        mn_net net;
        mn_v2_spec spec = {.width = 0.35, .height = 32, .width_px = 32, .classes = 3};
        assert_int_equal(mn_v2_build(&spec, &net), MN_OK);
        randomise(&net);
        mn_graph graph = fold(&net, NULL);
        assert_int_equal(mn_tflite_write(&graph, &file[i], &bytes[i]), MN_OK);
        mn_graph_free(&graph);
        mn_net_free(&net);
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(file[0], file[1], bytes[0]);
    free(file[0]);
    free(file[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_mobilenet_v2),
        cmocka_unit_test(rescales_before_the_network),
        cmocka_unit_test(absorbs_padding_only_where_it_is_same),
        cmocka_unit_test(pads_for_two_readers),
        cmocka_unit_test(keeps_what_two_layers_read),
        cmocka_unit_test(keeps_what_an_earlier_layer_reads),
        cmocka_unit_test(folds_other_tops),
        cmocka_unit_test(names_tensors_after_layers),
        cmocka_unit_test(tells_the_statistics),
        cmocka_unit_test(folds_dead_channels),
        cmocka_unit_test(refuses_with_the_name_of_the_layer),
        cmocka_unit_test(gives_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
