/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The end of a network: the last pointwise convolution runs with what averages whole images behind it, and the logits
 * of a single pixel are cut by channels. Both give the bytes that they give operator by operator. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "mobilenet_inspect.h"
#include "session/model.h"
#include "support/model_builder.h"

static bool has_kernel(void) {
    if (mn_cpu_family() == MN_FAMILY_WASM) return false; /* its flags are others */
    const uint32_t wanted = mn_cpu_family() == MN_FAMILY_X86_64 ? MN_CPU_AVX512_VNNI : MN_CPU_NEON;
    return (mn_cpu_flags() & wanted) != 0;
}

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* ---- Networks: convolution, average, convolution ----------------------------------------------------------- */

typedef enum average { MEAN, MEAN_FLAT, MEAN_BACKWARDS, POOL, MEAN_ROWS, MEAN_ALL, POOL_PART, NO_AVERAGE } average;

typedef struct ending {
    const char *what;
    average average;
    int32_t height, width, in_c, out_c;
    mn_activation activation;
    bool read_twice;
    int32_t averaged, single; /* steps of either kind, at a batch of 1 */
} ending;

static const mn_tensor *at(const model_builder *b, int32_t tensor) { return &b->graph.tensors[tensor]; }

static int32_t activation_tensor(model_builder *b, int32_t rank, const int32_t *dims, float scale) {
    const int32_t y = mb_tensor(b, "activation", b->type, rank, dims);
    mb_quantise(b, y, 1, 0, scale, (b->type == MN_INT8 ? -128 : 0) + mb_random(b, 0, 60));
    return y;
}

static int32_t add_pointwise(model_builder *b, int32_t x, int32_t channels, mn_activation activation) {
    const mn_tensor *in = at(b, x);
    const int32_t dims[4] = {channels, 1, 1, in->dims[3]}, out[4] = {1, in->dims[1], in->dims[2], channels};
    const int32_t scales = b->type == MN_INT8 ? channels : 1;
    /* Sums of that many random products then cover the range of the output. */
    const float scale = 0.0007f / in->quant.scale[0] / sqrtf((float)in->dims[3]);
    const int32_t w = mb_constant(b, "weights", b->type, 4, dims);
    mb_quantise(b, w, scales, 0, scale, b->type == MN_INT8 ? 0 : 125);
    const int32_t bias = mb_constant(b, "bias", MN_INT32, 1, &channels);
    mb_quantise(b, bias, scales, 0, at(b, x)->quant.scale[0] * scale, 0);
    const int32_t y = activation_tensor(b, 4, out, 6.0f / 255);
    mn_op *op = mb_op(b, MN_OP_CONV_2D, b->type == MN_INT8 ? 3 : 1, 3, (int32_t[]){x, w, bias}, y);
    op->attr = (mn_op_attr){.activation = activation, .padding = MN_PAD_SAME};
    op->attr.stride_h = op->attr.stride_w = op->attr.dilation_h = op->attr.dilation_w = 1;
    return y;
}

static int32_t add_mean(model_builder *b, int32_t x, average kind) {
    static const int32_t axes[][3] = {
        [MEAN] = {1, 2}, [MEAN_FLAT] = {2, 1}, [MEAN_BACKWARDS] = {-2, -3}, [MEAN_ROWS] = {1}, [MEAN_ALL] = {1, 2, 3}};
    const int32_t count = kind == MEAN_ROWS ? 1 : kind == MEAN_ALL ? 3 : 2, channels = at(b, x)->dims[3];
    const int32_t kept[4] = {1, 1, kind == MEAN_ROWS ? at(b, x)->dims[2] : 1, kind == MEAN_ALL ? 1 : channels};
    const int32_t list = mb_list(b, "axes", count, axes[kind]);
    const int32_t y = kind == MEAN_FLAT ? activation_tensor(b, 2, (int32_t[]){1, channels}, 3.0f / 255)
                                        : activation_tensor(b, 4, kept, 3.0f / 255);
    mn_op *op = mb_op(b, MN_OP_MEAN, b->type == MN_INT8 ? 2 : 1, 2, (int32_t[]){x, list}, y);
    op->attr.keep_dims = kind != MEAN_FLAT;
    op->attr.list_count = count;
    memcpy(op->attr.list, axes[kind], (size_t)count * sizeof axes[kind][0]);
    return y;
}

static int32_t add_pool(model_builder *b, int32_t x, average kind) {
    const mn_tensor *in = at(b, x);
    const int32_t less = kind == POOL_PART, dims[4] = {1, 1 + less, 1, in->dims[3]};
    const int32_t y = mb_tensor(b, "pooled", b->type, 4, dims);
    mb_quantise(b, y, 1, 0, at(b, x)->quant.scale[0], at(b, x)->quant.zero_point[0]);
    mn_op *op = mb_op(b, MN_OP_AVERAGE_POOL_2D, b->type == MN_INT8 ? 2 : 1, 1, &x, y);
    op->attr = (mn_op_attr){.padding = MN_PAD_VALID, .activation = (mn_activation)mb_random(b, 0, 3)};
    op->attr.stride_h = op->attr.stride_w = op->attr.dilation_h = op->attr.dilation_w = 1;
    op->attr.filter_h = at(b, x)->dims[1] - less, op->attr.filter_w = at(b, x)->dims[2];
    return y;
}

static mn_model *make_model(const ending *e, mn_type type) {
    model_builder b;
    mn_model *model = calloc(1, sizeof *model);
    mn_pack_cache *cache = calloc(1, sizeof *cache);
    assert_non_null(model);
    assert_non_null(cache);
    mb_open(&b, type, 11);
    const int32_t x = activation_tensor(&b, 4, (int32_t[]){1, e->height, e->width, e->in_c}, 0.05f);
    const int32_t conv = add_pointwise(&b, x, e->out_c, e->activation);
    int32_t y = conv;
    if (e->average == POOL || e->average == POOL_PART) {
        y = add_pool(&b, y, e->average);
    } else if (e->average != NO_AVERAGE) {
        y = add_mean(&b, y, e->average);
    }
    if (e->read_twice) add_mean(&b, conv, MEAN);
    if (at(&b, y)->rank == 4) y = add_pointwise(&b, y, 101, MN_ACT_NONE);
    mb_ends(&b, x, y);
    mn_pack_cache_init(cache);
    *model = (mn_model){.graph = b.graph, .cache = cache};
    expect_ok(mn_graph_check(&model->graph));
    return model;
}

/* ---- Running ----------------------------------------------------------------------------------------------- */

static mn_session *open_session(const mn_model *model, int32_t threads, int32_t batch, bool keep_tensors) {
    mn_session *session;
    mn_session_options options = MN_INIT(mn_session_options);
    options.threads = threads, options.batch = batch, options.keep_tensors = keep_tensors;
    expect_ok(mn_session_create(model, &options, &session));
    return session;
}

/* Runs on random bytes; returns output 0. */
static const uint8_t *run(const mn_model *model, mn_session *session, size_t *bytes) {
    mn_tensor_info in = MN_INIT(mn_tensor_info);
    mn_tensor_info out = MN_INIT(mn_tensor_info);
    uint32_t seed = 3;
    expect_ok(mn_session_tensor(session, model->graph.inputs[0], &in));
    expect_ok(mn_session_tensor(session, model->graph.outputs[0], &out));
    uint8_t *input = mn_session_input(session, 0);
    for (size_t i = 0; i < in.bytes; i++) {
        seed = seed * 1664525u + 1013904223u;
        input[i] = (uint8_t)(seed >> 24);
    }
    expect_ok(mn_session_run(session));
    *bytes = out.bytes;
    return mn_session_output(session, 0);
}

static bool starts_with(const char *name, const char *start) { return strncmp(name, start, strlen(start)) == 0; }

/* Steps of these kernels that stand for `ops` operators. */
static int32_t count_steps(const mn_session *session, int32_t ops) {
    int32_t count = 0;
    for (int32_t i = 0; i < mn_session_step_count(session); i++) {
        mn_step_info step = MN_INIT(mn_step_info);
        expect_ok(mn_session_step(session, i, &step));
        const bool is_end = starts_with(step.kernel, "mn_conv_mean_") || starts_with(step.kernel, "mn_conv_single_");
        count += is_end && step.op_count == ops;
    }
    return count;
}

static void compare(const mn_model *model, const ending *e, int32_t threads, int32_t batch) {
    size_t bytes, wanted_bytes;
    mn_session *fused = open_session(model, threads, batch, false), *plain = open_session(model, 1, batch, true);
    const uint8_t *got = run(model, fused, &bytes), *wanted = run(model, plain, &wanted_bytes);
    assert_int_equal(bytes, wanted_bytes);
    for (size_t i = 0; i < bytes; i++) {
        if (got[i] != wanted[i]) {
            fail_msg("%s, %d threads, batch %d: byte %zu is %d, not %d", e->what, threads, batch, i, got[i], wanted[i]);
        }
    }
    assert_int_equal(count_steps(plain, 1) + count_steps(plain, 2), 0);
    if (has_kernel()) {
        const int32_t single = batch == 1 ? e->single : 0;
        if (count_steps(fused, 2) != e->averaged || count_steps(fused, 1) != single)
            fail_msg("%s, batch %d: %d and %d steps", e->what, batch, count_steps(fused, 2), count_steps(fused, 1));
    }
    mn_session_close(&fused);
    mn_session_close(&plain);
}

/* ---- Tests ------------------------------------------------------------------------------------------------- */

static const ending endings[] = {
    {"MEAN", MEAN, 7, 7, 320, 1280, MN_ACT_RELU6, false, 1, 1},
    {"odd sizes", MEAN, 3, 5, 37, 83, MN_ACT_NONE, false, 1, 1},
    {"one pixel, doubled", MEAN, 1, 1, 24, 40, MN_ACT_RELU, false, 0, 2},
    {"one pixel", POOL, 1, 1, 24, 40, MN_ACT_RELU, false, 1, 1},
    {"one row", MEAN, 1, 9, 24, 40, MN_ACT_RELU6, false, 1, 1},
    {"MEAN to two dimensions", MEAN_FLAT, 4, 4, 16, 70, MN_ACT_RELU6, false, 1, 0},
    {"axes from the end", MEAN_BACKWARDS, 4, 6, 20, 33, MN_ACT_RELU6, false, 1, 1},
    {"AVERAGE_POOL_2D", POOL, 7, 7, 64, 130, MN_ACT_RELU6, false, 1, 1},
    {"AVERAGE_POOL_2D of signed values", POOL, 4, 3, 30, 50, MN_ACT_NONE, false, 1, 1},
    {"a single pixel", NO_AVERAGE, 1, 1, 100, 200, MN_ACT_RELU6, false, 0, 2},
    {"several pixels", NO_AVERAGE, 2, 1, 100, 200, MN_ACT_RELU6, false, 0, 0},
    {"MEAN over rows", MEAN_ROWS, 5, 4, 16, 24, MN_ACT_RELU6, false, 0, 0},
    {"MEAN over channels, too", MEAN_ALL, 5, 4, 16, 24, MN_ACT_RELU6, false, 0, 1},
    {"a pool over a part", POOL_PART, 5, 4, 16, 24, MN_ACT_RELU6, false, 0, 0},
    {"read twice", MEAN, 5, 4, 16, 24, MN_ACT_RELU6, true, 0, 1},
    {"an image too large", MEAN, 65, 64, 40, 24, MN_ACT_RELU6, false, 0, 1},
};

static void test_endings(void **state) {
    (void)state;
    for (size_t i = 0; i < 2 * sizeof endings / sizeof endings[0]; i++) {
        const ending *e = &endings[i / 2];
        mn_model *model = make_model(e, i % 2 ? MN_UINT8 : MN_INT8);
        for (int32_t batch = 1; batch <= 3; batch++) {
            compare(model, e, 1, batch);
            compare(model, e, 2 + batch, batch);
        }
        mn_model_close(&model);
    }
}

/* What averages depends on the size of the image, weights do not: sessions of several sizes share them. */
static void test_sizes_share_weights(void **state) {
    (void)state;
    mn_model *model = make_model(&endings[0], MN_INT8);
    for (int32_t size = 1; size <= 9; size += 4) {
        const mn_input_shape shape = {.input = 0, .rank = 4, .dims = {1, size, size, 320}};
        mn_session *sessions[2];
        const uint8_t *results[2];
        size_t bytes;
        for (int i = 0; i < 2; i++) {
            mn_session_options options = MN_INIT(mn_session_options);
            options.keep_tensors = i == 1;
            options.input_shapes = &shape, options.input_shape_count = 1;
            expect_ok(mn_session_create(model, &options, &sessions[i]));
            results[i] = run(model, sessions[i], &bytes);
        }
        assert_memory_equal(results[0], results[1], bytes);
        for (int i = 0; i < 2; i++) mn_session_close(&sessions[i]);
    }
    mn_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_endings), cmocka_unit_test(test_sizes_share_weights)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
