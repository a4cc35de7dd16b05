/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Dynamic-range models: float activations, 8-bit weights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/graph.h"
#include "kernels/dynamic.h"
#include "mobilenet_inspect.h"
#include "quant/prepare.h"
#include "session/model.h"
#include "support/model_builder.h"

enum { SIZE = 23, CLASSES = 7, BATCH = 3 };

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void expect_fail(mn_status status, mn_status wanted, const char *words) {
    assert_int_equal(status, wanted);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

static void test_symmetric(void **state) {
    (void)state;
    const mn_dynamic d = mn_dynamic_of(-2.0f, 1.0f, false);
    assert_true(d.scale == 2.0f / 127.0f && d.zero == 0);
    assert_int_equal(mn_dynamic_store(&d, -2.0f), -127);
    assert_int_equal(mn_dynamic_store(&d, 1.0f), 64); /* 63.5 */
    assert_int_equal(mn_dynamic_store(&d, -1.0f), -64);
    assert_int_equal(mn_dynamic_store(&d, 0.0f), 0);
    assert_int_equal(mn_dynamic_store(&d, NAN), -127);
    const mn_dynamic none = mn_dynamic_of(-0.0f, 0.0f, false);
    assert_true(none.scale == 1 && mn_dynamic_store(&none, 0.0f) == 0);
}

static void test_asymmetric(void **state) {
    (void)state;
    const mn_dynamic positive = mn_dynamic_of(0.5f, 255.0f, true); /* widened to hold zero */
    assert_true(positive.scale == 1 && positive.zero == -128);
    assert_int_equal(mn_dynamic_store(&positive, 0.5f), -127);
    assert_int_equal(mn_dynamic_store(&positive, 255.0f), 127);
    const mn_dynamic negative = mn_dynamic_of(-255.0f, -3.0f, true);
    assert_int_equal(negative.zero, 127);
    assert_int_equal(mn_dynamic_store(&negative, -2.5f), 124);
    /* The half is rounded before the zero point is added: -0.5 becomes -1, wherever zero lies. */
    const mn_dynamic both = mn_dynamic_of(-55.0f, 200.0f, true);
    assert_int_equal(both.zero, -73);
    assert_int_equal(mn_dynamic_store(&both, -0.5f), -74);
    const mn_dynamic none = mn_dynamic_of(0.0f, 0.0f, true);
    assert_true(none.scale == 1 && none.zero == 0 && mn_dynamic_store(&none, 0.0f) == 0);
}

/* A constant of given floats or bytes. */
static int32_t constant(model_builder *b, const char *name, mn_type type, int32_t rank, const int32_t *dims,
                        const void *values) {
    int32_t index = mb_constant(b, name, type, rank, dims);
    memcpy((void *)(uintptr_t)b->graph.tensors[index].data, values, b->graph.tensors[index].bytes);
    return index;
}

/* One row of three numbers, two classes with scales of 1/64 and 1.125/64. */
static void open_row(model_builder *b, bool asymmetric) {
    static const int32_t in[] = {1, 3}, out[] = {1, 2}, shape[] = {2, 3}, classes[] = {2};
    static const int8_t weights[] = {100, -50, 127, -127, 3, 4};
    static const float bias[] = {0.5f, -0.25f};
    mb_open(b, MN_FLOAT32, 3);
    int32_t x = mb_tensor(b, "x", MN_FLOAT32, 2, in), w = constant(b, "w", MN_INT8, 2, shape, weights);
    mb_quantise(b, w, 2, 0, 0.015625f, 0);
    int32_t c = constant(b, "c", MN_FLOAT32, 1, classes, bias), y = mb_tensor(b, "y", MN_FLOAT32, 2, out);
    mb_op(b, MN_OP_FULLY_CONNECTED, 9, 3, (int32_t[]){x, w, c}, y)->attr.asymmetric_inputs = asymmetric;
    mb_ends(b, x, y);
    expect_ok(mn_graph_check(&b->graph));
}

static mn_model *open_model(mn_graph *graph) {
    mn_model *model = NULL;
    expect_ok(mn_model_from_graph(graph, &model));
    return model;
}

static void run(const mn_model *model, const mn_session_options *options, const float *in, size_t in_count, float *out,
                size_t out_count) {
    mn_session *session = NULL;
    expect_ok(mn_session_create(model, options, &session));
    memcpy(mn_session_input(session, 0), in, in_count * sizeof *in);
    expect_ok(mn_session_run(session));
    memcpy(out, mn_session_output(session, 0), out_count * sizeof *out);
    mn_session_close(&session);
}

/* By hand: symmetric {1, -0.5, 0.26} is {127, -64, 33} at 1/127; asymmetric it is {127, -128, 1} with zero -43 at
 * 1.5/255. */
static void test_fully_connected(void **state) {
    (void)state;
    static const float in[] = {1.0f, -0.5f, 0.26f};
    for (int asymmetric = 0; asymmetric < 2; asymmetric++) {
        model_builder b;
        open_row(&b, asymmetric == 1);
        mn_model *model = open_model(&b.graph);
        float out[2];
        run(model, NULL, in, 3, out, 2);
        const float step = asymmetric ? (float)(1.5 / 255) : 1.0f / 127.0f;
        const int32_t first = asymmetric ? 100 * 170 + 50 * 85 + 127 * 44 : 100 * 127 + 50 * 64 + 127 * 33;
        const int32_t second = asymmetric ? -127 * 170 - 3 * 85 + 4 * 44 : -127 * 127 - 3 * 64 + 4 * 33;
        const float scale = 0.015625f * step, other = 0.015625f * 1.125f * step;
        assert_true(out[0] == 0.5f + (float)first * scale);
        assert_true(out[1] == -0.25f + (float)second * other);
        mn_model_close(&model);
        mn_graph_free(&b.graph);
    }
}

/* Convolution, depthwise convolution and a classifier, all hybrid. */
static void open_network(model_builder *b, bool per_channel) {
    static const int32_t image[] = {1, SIZE, SIZE, 3}, deep[] = {1, SIZE, SIZE, 20}, flat[] = {1, 20};
    static const int32_t conv[] = {20, 3, 3, 3}, depthwise[] = {1, 3, 3, 20}, dense[] = {CLASSES, 20};
    static const int32_t twenty[] = {20}, classes[] = {CLASSES}, result[] = {1, CLASSES}, axes[] = {1, 2};
    mb_open(b, MN_FLOAT32, 11);
    int32_t x = mb_tensor(b, "x", MN_FLOAT32, 4, image), h = mb_tensor(b, "h", MN_FLOAT32, 4, deep);
    int32_t d = mb_tensor(b, "d", MN_FLOAT32, 4, deep), m = mb_tensor(b, "m", MN_FLOAT32, 2, flat);
    int32_t y = mb_tensor(b, "y", MN_FLOAT32, 2, result);
    int32_t w[] = {mb_constant(b, "w0", MN_INT8, 4, conv), mb_constant(b, "w1", MN_INT8, 4, depthwise),
                   mb_constant(b, "w2", MN_INT8, 2, dense)};
    mb_quantise(b, w[0], per_channel ? 20 : 1, 0, 0.01f, 0);
    mb_quantise(b, w[1], 20, 3, 0.02f, 0);
    mb_quantise(b, w[2], per_channel ? CLASSES : 1, 0, 0.03f, 0);
    int32_t bias = mb_constant(b, "b", MN_FLOAT32, 1, twenty), last = mb_constant(b, "c", MN_FLOAT32, 1, classes);
    const mn_op_attr window = {.stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .depth_multiplier = 1};
    mb_op(b, MN_OP_CONV_2D, 5, 3, (int32_t[]){x, w[0], bias}, h)->attr = window;
    mb_op(b, MN_OP_DEPTHWISE_CONV_2D, 6, 3, (int32_t[]){h, w[1], bias}, d)->attr = window;
    mn_op *mean = mb_op(b, MN_OP_MEAN, 1, 2, (int32_t[]){d, mb_list(b, "axes", 2, axes)}, m);
    mean->attr.list_count = 2;
    memcpy(mean->attr.list, axes, sizeof axes);
    mb_op(b, MN_OP_FULLY_CONNECTED, 9, 3, (int32_t[]){m, w[2], last}, y)->attr.asymmetric_inputs = per_channel;
    mb_ends(b, x, y);
}

enum { PIXELS = SIZE * SIZE * 3 };

/* Each image is quantised for itself, whatever else is in the batch, on every tier and with any number of threads. */
static void test_batch(void **state) {
    (void)state;
    static float in[BATCH * PIXELS];
    for (int per_channel = 0; per_channel < 2; per_channel++) {
        model_builder b;
        open_network(&b, per_channel == 1);
        expect_ok(mn_graph_check(&b.graph));
        mn_model *model = open_model(&b.graph);
        for (int32_t i = 0; i < BATCH * PIXELS; i++) {
            in[i] = (float)mb_random(&b, -1000, 900) * (i < PIXELS ? 0.001f : 0.03f);
        }
        float alone[BATCH * CLASSES], together[BATCH * CLASSES];
        mn_session_options options = MN_INIT(mn_session_options);
        options.cpu = "ref";
        for (int32_t i = 0; i < BATCH; i++) {
            run(model, &options, in + i * PIXELS, PIXELS, alone + i * CLASSES, CLASSES);
        }
        assert_memory_not_equal(alone, alone + CLASSES, CLASSES * sizeof *alone);
        options.batch = BATCH;
        for (int32_t tier = 0; mn_cpu_tier(tier) != NULL; tier++) {
            for (options.threads = 1; options.threads <= 3; options.threads++) {
                options.cpu = mn_cpu_tier(tier);
                run(model, &options, in, BATCH * PIXELS, together, BATCH * CLASSES);
                if (tier == 0) assert_memory_equal(together, alone, sizeof alone);
                /* MEAN adds in another order above the reference. */
                for (int32_t i = 0; i < BATCH * CLASSES; i++) assert_true(fabsf(together[i] - alone[i]) < 0.02f);
            }
        }
        mn_model_close(&model);
        mn_graph_free(&b.graph);
    }
}

static void test_refusals(void **state) {
    (void)state;
    model_builder b;
    open_network(&b, true);
    int32_t *zero = (int32_t *)(uintptr_t)b.graph.tensors[5].quant.zero_point;
    zero[1] = 4;
    expect_fail(mn_graph_check(&b.graph), MN_ERROR_UNSUPPORTED, "zero point 4");
    zero[1] = 0;
    b.graph.tensors[6].type = MN_UINT8;
    expect_fail(mn_graph_check(&b.graph), MN_ERROR_UNSUPPORTED, "types float32, uint8 -> float32");
    b.graph.tensors[6].type = MN_INT8;
    b.graph.tensors[7].quant.count = 0;
    expect_fail(mn_graph_check(&b.graph), MN_ERROR_FORMAT, "no scale");
    mn_graph_free(&b.graph);
}

/* `mobilenet quantize` sees the weights that the 8 bits stand for. */
static void test_prepare(void **state) {
    (void)state;
    model_builder b;
    open_network(&b, true);
    expect_ok(mn_graph_check(&b.graph));
    const int8_t stored = ((const int8_t *)b.graph.tensors[6].data)[20 * 4 + 3];
    expect_ok(mn_quant_prepare(&b.graph));
    for (int32_t i = 0; i < b.graph.op_count; i++) {
        const mn_tensor *weights = mn_graph_input(&b.graph, &b.graph.ops[i], 1);
        if (b.graph.ops[i].kind == MN_OP_MEAN) continue;
        assert_int_equal(weights->type, MN_FLOAT32);
        assert_int_equal(weights->quant.count, 0);
    }
    const mn_tensor *depthwise = mn_graph_input(&b.graph, &b.graph.ops[1], 1);
    assert_true(((const float *)depthwise->data)[20 * 4 + 3] == 0.02f * 1.375f * (float)stored);
    mn_graph_free(&b.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_symmetric), cmocka_unit_test(test_asymmetric), cmocka_unit_test(test_fully_connected),
        cmocka_unit_test(test_batch),     cmocka_unit_test(test_refusals),   cmocka_unit_test(test_prepare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
