/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators that run as one, or some rows at a time, give the bytes they give one by one: random networks of inverted
 * residuals, small ones whose steps share bands, MobileNetV2 of every width, sizes from 32 to 320, several threads and
 * images. And what must not be fused is not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "graph/shape.h"
#include "mobilenet_inspect.h"
#include "net/fold.h"
#include "net/mobilenet_v2.h"
#include "net/random.h"
#include "net/statistics.h"
#include "quant/prepare.h"
#include "quant/quantise.h"
#include "session/model.h"
#include "session/session.h"
#include "support/model_builder.h"
#include "support/rounds.h"

static bool has_fused_kernels(void) { return (mn_cpu_flags() & MN_CPU_AVX2) != 0; }

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* ---- Running ---------------------------------------------------------------------------------------- */

typedef struct variant {
    int32_t threads, batch, height, width;
    bool keep_tensors, streamed;
    const char *cpu; /* highest tier, or NULL */
} variant;

static mn_session *open_session(const mn_model *model, const variant *v) {
    mn_session *session = NULL;
    mn_session_options options = MN_INIT(mn_session_options);
    const mn_input_shape shape = {.input = 0, .rank = 4, .dims = {1, v->height, v->width, 3}};
    options.threads = v->threads;
    options.batch = v->batch;
    options.keep_tensors = v->keep_tensors;
    options.streamed = v->streamed;
    options.cpu = v->cpu;
    if (v->height > 0) options.input_shapes = &shape, options.input_shape_count = 1;
    expect_ok(mn_session_create(model, &options, &session));
    return session;
}

/* Runs on random bytes, or floats; returns a copy of output 0. */
static uint8_t *run(const mn_model *model, mn_session *session, uint32_t seed, size_t *bytes) {
    mn_tensor_info in = MN_INIT(mn_tensor_info);
    mn_tensor_info out = MN_INIT(mn_tensor_info);
    expect_ok(mn_session_tensor(session, model->graph.outputs[0], &out));
    for (int32_t k = 0; k < model->graph.input_count; k++) {
        uint8_t *input = mn_session_input(session, k);
        expect_ok(mn_session_tensor(session, model->graph.inputs[k], &in));
        for (size_t i = 0; i < in.bytes / mn_type_size(in.type); i++) {
            seed = seed * 1664525u + 1013904223u;
            if (in.type == MN_FLOAT32)
                ((float *)(void *)input)[i] = (float)(seed >> 16) * 0x1p-15f - 1;
            else
                input[i] = (uint8_t)(seed >> 24);
        }
    }
    expect_ok(mn_session_run(session));
    uint8_t *copy = malloc(out.bytes);
    assert_non_null(copy);
    *bytes = out.bytes;
    return memcpy(copy, mn_session_output(session, 0), out.bytes);
}

/* Steps that stand for several operators. */
static int32_t fused_steps(const mn_session *session) {
    int32_t count = 0;
    for (int32_t i = 0; i < mn_session_step_count(session); i++) {
        mn_step_info step = MN_INIT(mn_step_info);
        expect_ok(mn_session_step(session, i, &step));
        count += step.op_count > 1;
    }
    return count;
}

static int32_t distinct(const uint8_t *bytes, size_t count) {
    bool seen[256] = {false};
    int32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += !seen[bytes[i]];
        seen[bytes[i]] = true;
    }
    return found;
}

/* Who reads a tensor reads the layout that it was written in; what callers see is NHWC. */
static void check_layouts(const mn_session *session) {
    const mn_plan *plan = &session->plan;
    for (int32_t i = 0; i < plan->step_count; i++) {
        mn_layout in, out;
        const mn_node *node = plan->steps[i].node;
        if (node->is_alias) continue;
        mn_kernel_layouts(plan->steps[i].kernel, node->params, &in, &out);
        assert_true(mn_layout_equal(in, plan->layout[node->inputs[0]]));
        assert_true(mn_layout_equal(out, plan->layout[node->outputs[0]]));
    }
    for (int32_t i = 0; i < plan->graph->output_count; i++) {
        assert_true(mn_layout_is_nhwc(plan->layout[plan->graph->outputs[i]]));
    }
}

static int32_t pairs_seen;

/* While a thread is at the second of two steps, another may still read the inputs of the first. */
static void check_pairs(const mn_session *session) {
    const mn_plan *plan = &session->plan;
    for (int32_t i = 0; i < plan->step_count; i++) {
        if (!plan->steps[i].together) continue;
        const mn_node *node = plan->steps[i].node;
        const int32_t output = plan->steps[i + 1].node->outputs[0];
        const size_t begin = plan->offset[output], end = begin + plan->bytes[output];
        for (int32_t k = 0; k < node->input_count; k++) {
            const int32_t input = node->inputs[k];
            if (input < 0 || plan->offset[input] == MN_NO_OFFSET) continue;
            assert_true(plan->offset[input] >= end || plan->offset[input] + plan->bytes[input] <= begin);
        }
        pairs_seen++;
    }
}

/* What a comparison is worth: steps that stand for several operators, and different bytes in the output. */
typedef struct worth {
    int32_t fused, values;
} worth;

static uint32_t seed_of(const variant *v) { return (uint32_t)(v->height * 1000 + v->width); }

/* Runs `v` and compares its output with `wanted`. */
static worth expect(const mn_model *model, const variant *v, const uint8_t *wanted, size_t wanted_bytes,
                    const char *what) {
    size_t bytes;
    mn_session *session = open_session(model, v);
    check_layouts(session);
    check_pairs(session);
    uint8_t *got = run(model, session, seed_of(v), &bytes);
    assert_int_equal(bytes, wanted_bytes);
    for (size_t i = 0; i < bytes; i++) {
        if (got[i] != wanted[i]) {
            fail_msg("%s%s, %d threads, batch %d, %dx%d: byte %zu of %zu is %d, not %d", what,
                     v->streamed ? " streamed" : "", mn_session_threads(session), v->batch, v->height, v->width, i,
                     bytes, got[i], wanted[i]);
        }
    }
    const worth found = {fused_steps(session), distinct(got, bytes)};
    free(got);
    mn_session_close(&session);
    return found;
}

/* Compares `v`, and the same in rows, with the same run operator by operator. Of floats rows are left out, whose
 * kernels may be of a lower tier. */
static worth compare(const mn_model *model, variant v, const char *what) {
    size_t bytes;
    variant alone = v;
    alone.threads = 1, alone.keep_tensors = true;
    mn_session *plain = open_session(model, &alone);
    assert_int_equal(fused_steps(plain), 0);
    check_layouts(plain);
    uint8_t *wanted = run(model, plain, seed_of(&v), &bytes);
    const worth found = expect(model, &v, wanted, bytes, what);
    v.streamed = true;
    if (model->graph.tensors[model->graph.inputs[0]].type != MN_FLOAT32) {
        assert_int_equal(expect(model, &v, wanted, bytes, what).fused, 0);
    }
    free(wanted);
    mn_session_close(&plain);
    return found;
}

/* Takes the graph over. */
static mn_model *model_of(mn_graph *graph) {
    mn_model *model = calloc(1, sizeof *model);
    mn_pack_cache *cache = calloc(1, sizeof *cache);
    assert_non_null(model);
    assert_non_null(cache);
    mn_pack_cache_init(cache);
    *model = (mn_model){.graph = *graph, .cache = cache};
    expect_ok(mn_graph_check(&model->graph));
    return model;
}

/* ---- Random networks of inverted residuals --------------------------------------------------------------- */

static const mn_tensor *at(const model_builder *b, int32_t tensor) { return &b->graph.tensors[tensor]; }

/* Zero points that leave room on both sides, or above for a clamp at 0; now and then any. A clamp at 6 most often has
 * the scale that makes it the whole range. */
static int32_t activation_tensor(model_builder *b, const int32_t *dims, mn_activation activation) {
    const int32_t y = mb_tensor(b, "activation", b->type, 4, dims), lowest = b->type == MN_INT8 ? -128 : 0;
    if (b->type == MN_FLOAT32) return y;
    int32_t zero = activation == MN_ACT_RELU || activation == MN_ACT_RELU6 ? 0 : mb_random(b, 80, 170);
    if (mb_random(b, 0, 15) == 0) zero = mb_random(b, 0, 3) * 255 / 3;
    const bool whole = activation == MN_ACT_RELU6 && mb_random(b, 0, 3) > 0;
    mb_quantise(b, y, 1, 0, whole ? 6.0f / 255 : 0.0625f, lowest + zero);
    return y;
}

/* What a convolution is made of. */
typedef struct layer {
    mn_op_kind kind;
    int32_t channels, k, stride, dilation;
    mn_padding padding;
    mn_activation activation;
} layer;

/* uint8 weights lie around 127; a zero point far from that shifts all sums. */
static int32_t weight_zero(model_builder *b) {
    if (b->type == MN_INT8) return 0;
    return mb_random(b, 0, 15) == 0 ? mb_random(b, 0, 3) * 255 / 3 : mb_random(b, 124, 130);
}

static void quantise_layer(model_builder *b, int32_t x, int32_t weights, int32_t bias, bool depthwise) {
    const int32_t channels = at(b, bias)->dims[0], *dims = at(b, weights)->dims;
    const int32_t products = dims[1] * dims[2] * (depthwise ? 1 : dims[3]);
    /* Sums of that many random products then cover the range of the output, and a little more. */
    const float scale = 0.0007f / at(b, x)->quant.scale[0] / sqrtf((float)products);
    const bool per_channel = b->type == MN_INT8 && mb_random(b, 0, 3) > 0;
    mb_quantise(b, weights, per_channel ? channels : 1, depthwise && per_channel ? 3 : 0, scale, weight_zero(b));
    mb_quantise(b, bias, at(b, weights)->quant.count, 0, at(b, x)->quant.scale[0] * scale, 0);
}

static int32_t add_layer(model_builder *b, int32_t x, const layer *l) {
    const bool depthwise = l->kind == MN_OP_DEPTHWISE_CONV_2D;
    const int32_t in_c = at(b, x)->dims[3];
    const int32_t dims[4] = {depthwise ? 1 : l->channels, l->k, l->k, depthwise ? l->channels : in_c};
    const int32_t w = mb_constant(b, "weights", b->type, 4, dims);
    const int32_t bias = mb_constant(b, "bias", b->type == MN_FLOAT32 ? MN_FLOAT32 : MN_INT32, 1, &l->channels);
    if (b->type != MN_FLOAT32) quantise_layer(b, x, w, bias, depthwise);
    const int32_t out[4] = {1, mn_window_output(l->padding, at(b, x)->dims[1], l->k, l->stride, l->dilation),
                            mn_window_output(l->padding, at(b, x)->dims[2], l->k, l->stride, l->dilation), l->channels};
    const int32_t y = activation_tensor(b, out, l->activation);
    mn_op *op = mb_op(b, l->kind, b->type == MN_INT8 ? 3 : 1, 3, (int32_t[]){x, w, bias}, y);
    op->attr = (mn_op_attr){.activation = l->activation, .padding = l->padding, .depth_multiplier = depthwise};
    op->attr.stride_h = op->attr.stride_w = l->stride;
    op->attr.dilation_h = op->attr.dilation_w = l->dilation;
    return y;
}

static int32_t add_sum(model_builder *b, int32_t x, int32_t y) {
    const mn_activation activation = mb_random(b, 0, 3) == 0 ? MN_ACT_RELU : MN_ACT_NONE;
    const int32_t sum = activation_tensor(b, at(b, x)->dims, activation);
    mb_op(b, MN_OP_ADD, b->type == MN_INT8 ? 2 : 1, 2, (int32_t[]){x, y}, sum)->attr.activation = activation;
    return sum;
}

static mn_activation usual_activation(model_builder *b) {
    return mb_random(b, 0, 3) > 0 ? MN_ACT_RELU6 : (mn_activation)mb_random(b, 0, 3);
}

/* SAME where a VALID filter of three finds no room. */
static mn_padding any_padding(model_builder *b, int32_t x) {
    if (at(b, x)->dims[1] < 3 || at(b, x)->dims[2] < 3) return MN_PAD_SAME;
    return mb_random(b, 0, 4) == 0 ? MN_PAD_VALID : MN_PAD_SAME;
}

/* `first`: a stem, whose filter is not of one pixel. */
static int32_t add_block(model_builder *b, int32_t x, bool first) {
    const int32_t in_c = at(b, x)->dims[3], out_c = mb_random(b, 0, 2) == 0 ? in_c : mb_random(b, 1, 40);
    const int32_t inner = first ? mb_random(b, 1, 40) : mb_random(b, 0, 3) > 0 ? in_c * 6 : mb_random(b, 1, 150);
    const layer widen = {.kind = MN_OP_CONV_2D,
                         .channels = inner,
                         .k = first ? mb_random(b, 2, 3) : 1,
                         .stride = first ? mb_random(b, 1, 2) : 1,
                         .dilation = 1,
                         .padding = first ? any_padding(b, x) : MN_PAD_SAME,
                         .activation = usual_activation(b)};
    int32_t y = add_layer(b, x, &widen);
    const layer filter = {.kind = MN_OP_DEPTHWISE_CONV_2D,
                          .channels = inner,
                          .k = 3,
                          .stride = mb_random(b, 1, 2),
                          .dilation = 1,
                          .padding = any_padding(b, y),
                          .activation = usual_activation(b)};
    y = add_layer(b, y, &filter);
    const layer narrow = {.kind = MN_OP_CONV_2D,
                          .channels = out_c,
                          .k = 1,
                          .stride = 1,
                          .dilation = 1,
                          .padding = MN_PAD_SAME,
                          .activation = mb_random(b, 0, 3) == 0 ? usual_activation(b) : MN_ACT_NONE};
    y = add_layer(b, y, &narrow);
    if (memcmp(at(b, x)->dims, at(b, y)->dims, sizeof at(b, x)->dims) != 0) return y;
    return mb_random(b, 0, 1) ? add_sum(b, x, y) : add_sum(b, y, x);
}

/* QUANTIZE from uint8 to int8, which only flips the top bit of every byte if `plain`. */
static int32_t add_quantize(model_builder *b, int32_t x, bool plain) {
    const int32_t y = mb_tensor(b, "stored", MN_INT8, 4, at(b, x)->dims), zero = mb_random(b, 1, 255);
    const float scale = at(b, y)->quant.scale[0];
    mb_quantise(b, x, 1, 0, scale, zero);
    mb_quantise(b, y, 1, 0, plain ? scale : scale * 1.25f, plain ? zero - 128 : zero - 129);
    mb_op(b, MN_OP_QUANTIZE, 1, 1, &x, y);
    return y;
}

static model_builder random_network(mn_type type, uint32_t seed) {
    model_builder b;
    mb_open(&b, type, seed);
    const int32_t input[4] = {1, mb_random(&b, 1, 40), mb_random(&b, 1, 40), 3}, blocks = mb_random(&b, 1, 6);
    const bool flips = type == MN_INT8 && mb_random(&b, 0, 1);
    const int32_t x = mb_tensor(&b, "image", flips ? MN_UINT8 : type, 4, input);
    int32_t y = x;
    if (flips) y = add_quantize(&b, x, mb_random(&b, 0, 3) > 0);
    for (int32_t i = 0; i < blocks; i++) y = add_block(&b, y, i == 0);
    mb_ends(&b, x, y);
    return b;
}

enum { BATCHES = 3 };

static const mn_type types[] = {MN_INT8, MN_UINT8, MN_FLOAT32};

static void test_random_networks(void **state) {
    (void)state;
    const int32_t networks = rounds_of(40, 240);
    int32_t fused = 0, varied = 0, wanted = 0;
    for (uint32_t seed = 1; seed <= (uint32_t)networks; seed++) {
        char what[40];
        model_builder b = random_network(types[seed % 3], seed);
        mn_model *model = model_of(&b.graph);
        wanted += has_fused_kernels() ? 8 : 0;
        snprintf(what, sizeof what, "network %u", seed);
        for (int32_t i = 0; i < BATCHES; i++) {
            const variant v = {.threads = 1 + (int32_t)(seed + (uint32_t)i) % 4,
                               .batch = 1 + i,
                               /* the first of the family's own tiers, as "avx2" */
                               .cpu = i % 2 ? mn_cpu_tier(2) : NULL};
            const worth found = compare(model, v, what);
            fused += found.fused;
            varied += found.values >= 8;
        }
        mn_model_close(&model);
    }
    print_message("%d steps of several operators; %d of %d outputs vary\n", fused, varied, networks * BATCHES);
    assert_true(varied > networks * BATCHES * 3 / 4);
    assert_true(fused >= wanted);
}

/* ---- Steps that share bands ------------------------------------------------------------------------------ */

/* Inverted residuals of about as many groups of rows as there are threads, of which some get the same bands. */
static model_builder small_residuals(mn_type type, uint32_t seed, int32_t threads) {
    model_builder b;
    mb_open(&b, type, seed);
    const int32_t input[4] = {1, mb_random(&b, 1, 4 * threads + 8), mb_random(&b, 1, 12), mb_random(&b, 1, 40)};
    const int32_t x = mb_tensor(&b, "image", type, 4, input), blocks = mb_random(&b, 2, 5);
    int32_t y = x;
    for (int32_t i = 0; i < blocks; i++) y = add_block(&b, y, false);
    mb_ends(&b, x, y);
    return b;
}

/* Several runs of one session, as threads are never as far at the same time; the last with steps that wait. */
static void compare_runs(const mn_model *model, const variant *v, uint8_t *const *wanted, int32_t runs) {
    mn_session *session = open_session(model, v);
    check_pairs(session);
    for (int32_t i = 0; i < runs; i++) {
        size_t bytes;
        mn_session_profile(session, i + 1 == runs);
        uint8_t *got = run(model, session, (uint32_t)i, &bytes);
        if (memcmp(got, wanted[i], bytes) != 0) {
            fail_msg("run %d with %d threads, batch %d, %s: not what ref computes", i, v->threads, v->batch, v->cpu);
        }
        free(got);
    }
    mn_session_close(&session);
}

/* Every tier, from one to eight threads, against the definition of each operator. */
static void test_shared_bands(void **state) {
    (void)state;
    enum { RUNS = 3 };
    const int32_t networks = rounds_of(64, 800), before = pairs_seen;
    for (int32_t seed = 1; seed <= networks; seed++) {
        const int32_t threads = 1 + seed % 8, batch = seed % 5 ? 1 : 3;
        model_builder b = small_residuals(seed % 4 ? MN_INT8 : MN_UINT8, (uint32_t)seed, threads);
        mn_model *model = model_of(&b.graph);
        uint8_t *wanted[RUNS];
        mn_session *ref = open_session(model, &(variant){.threads = 1, .batch = batch, .cpu = "ref"});
        for (int32_t i = 0; i < RUNS; i++) wanted[i] = run(model, ref, (uint32_t)i, &(size_t){0});
        mn_session_close(&ref);
        for (int32_t tier = 1; mn_cpu_tier(tier); tier++) {
            const variant v = {.threads = threads, .batch = batch, .cpu = mn_cpu_tier(tier)};
            compare_runs(model, &v, wanted, RUNS);
        }
        for (int32_t i = 0; i < RUNS; i++) free(wanted[i]);
        mn_model_close(&model);
    }
    print_message("%d pairs of steps shared bands\n", pairs_seen - before);
#if defined(__x86_64__) /* Arm's kernels cut no such bands */
    if (has_fused_kernels()) assert_true(pairs_seen - before > networks / 2);
#endif
}

/* ---- MobileNetV2 ---------------------------------------------------------------------------------------- */

/* Without its top, so that no difference is averaged away. */
static mn_model *mobilenet(double width, mn_type type) {
    mn_net net;
    mn_graph graph, quantised;
    mn_channel_stats *stats;
    mn_v2_spec spec;
    mn_quantise_options options;
    mn_v2_defaults(&spec);
    spec.width = width;
    spec.height = spec.width_px = 96;
    spec.classes = 0;
    expect_ok(mn_v2_build(&spec, &net));
    mn_net_randomise(&net, 7);
    expect_ok(mn_net_randomise_norms(&net, 7));
    expect_ok(mn_net_fold(&net, &graph, &stats));
    mn_net_free(&net);
    if (type == MN_FLOAT32) return model_of(&graph);
    expect_ok(mn_quant_prepare(&graph));
    mn_quantise_defaults(&options);
    options.io = type;
    options.equalise = options.correct = false;
    expect_ok(mn_quantise_data_free(&graph, stats, (mn_interval){-1, 1}, &options, &quantised));
    mn_graph_free(&graph);
    return model_of(&quantised);
}

static void test_mobilenet_v2(void **state) {
    (void)state;
    static const double widths[] = {0.35, 0.5, 0.75, 1.0, 1.3, 1.4};
    static const int32_t sizes[][2] = {{32, 32}, {96, 96}, {97, 131}, {128, 127}, {224, 224}, {33, 320}, {320, 65}};
    const size_t every = tests_run_long() ? 1 : sizeof sizes / sizeof sizes[0];
    for (size_t i = 0; i < 2 * sizeof widths / sizeof widths[0]; i++) {
        char what[40];
        const mn_type type = i % 2 ? MN_FLOAT32 : types[i / 2 % 2];
        mn_model *model = mobilenet(widths[i / 2], type);
        snprintf(what, sizeof what, "%s, width %g", mn_type_name(type), widths[i / 2]);
        for (size_t k = i % every; k < sizeof sizes / sizeof sizes[0]; k += every) {
            const variant v = {.threads = 1 + (int32_t)(i + k) % 4,
                               .batch = sizes[k][0] * sizes[k][1] < 10000 ? 1 + (int32_t)k % 3 : 1,
                               .height = sizes[k][0],
                               .width = sizes[k][1]};
            const worth found = compare(model, v, what);
            assert_true(found.values > 32);
            /* The stem with the first block and 16 expansions; 10 projections with their ADD. */
            if (has_fused_kernels()) assert_int_equal(found.fused, 17 + 10);
        }
        mn_model_close(&model);
    }
}

/* ---- What is not fused ---------------------------------------------------------------------------------- */

/* An inverted residual, and one thing about it that is unusual. */
typedef struct unusual {
    const char *what;
    int32_t fused; /* steps of several operators */
    bool conv_read_twice, depthwise_is_output, projection_read_twice, broadcasts, given_weights, sums_itself;
    int32_t k, dilation, multiplier, stride_h;
} unusual;

static const unusual cases[] = {
    {"nothing", .fused = 2},
    {"the convolution is read twice", .conv_read_twice = true},
    {"the depthwise convolution is an output", .depthwise_is_output = true},
    {"the projection is read twice", .fused = 1, .projection_read_twice = true},
    {"the sum broadcasts", .fused = 1, .broadcasts = true},
    {"the projection is added to itself", .fused = 1, .sums_itself = true},
    {"weights are an input", .given_weights = true},
    {"5x5", .k = 5},
    {"dilation", .dilation = 2},
    {"two channels from each", .multiplier = 2},
    {"strides that differ", .stride_h = 2},
};

static int32_t add_unusual_depthwise(model_builder *b, int32_t x, const unusual *u) {
    const layer l = {.kind = MN_OP_DEPTHWISE_CONV_2D,
                     .channels = at(b, x)->dims[3] * (u->multiplier ? u->multiplier : 1),
                     .k = u->k ? u->k : 3,
                     .stride = 1,
                     .dilation = u->dilation ? u->dilation : 1,
                     .padding = MN_PAD_SAME,
                     .activation = MN_ACT_RELU6};
    const int32_t y = add_layer(b, x, &l);
    mn_op_attr *attr = &b->graph.ops[b->graph.op_count - 1].attr;
    if (u->multiplier) attr->depth_multiplier = u->multiplier;
    if (u->stride_h) attr->stride_h = u->stride_h;
    return y;
}

/* Makes the weights of the first operator the second input of the model, with one scale, as such must have. */
static void give_weights(model_builder *b) {
    const int32_t image = b->graph.inputs[0], *inputs = b->graph.ops[0].inputs;
    b->graph.tensors[inputs[1]].data = NULL;
    if (b->type != MN_FLOAT32) b->graph.tensors[inputs[1]].quant.count = b->graph.tensors[inputs[2]].quant.count = 1;
    b->graph.inputs = mn_region_alloc(&b->graph.region, 2, sizeof *b->graph.inputs);
    assert_non_null(b->graph.inputs);
    b->graph.inputs[0] = image, b->graph.inputs[1] = inputs[1];
    b->graph.input_count = 2;
}

static void add_second_output(model_builder *b, int32_t tensor) {
    const int32_t first = b->graph.outputs[0];
    b->graph.outputs = mn_region_alloc(&b->graph.region, 2, sizeof *b->graph.outputs);
    assert_non_null(b->graph.outputs);
    b->graph.outputs[0] = first, b->graph.outputs[1] = tensor;
    b->graph.output_count = 2;
}

static model_builder unusual_network(const unusual *u, mn_type type) {
    enum { CHANNELS = 20 };
    model_builder b;
    mb_open(&b, type, 5);
    const layer widen = {MN_OP_CONV_2D, 4 * CHANNELS, 1, 1, 1, MN_PAD_SAME, MN_ACT_RELU6};
    const layer narrow = {MN_OP_CONV_2D, CHANNELS, 1, 1, 1, MN_PAD_SAME, MN_ACT_NONE};
    const int32_t dims[4] = {1, 13, 11, CHANNELS};
    const int32_t x = mb_tensor(&b, "image", type, 4, dims);
    const int32_t wide = add_layer(&b, x, &widen);
    const int32_t filtered = add_unusual_depthwise(&b, wide, u), projected = add_layer(&b, filtered, &narrow);
    int32_t other = u->sums_itself ? projected : x;
    if (u->stride_h || u->broadcasts) other = mb_constant(&b, "operand", type, 1, (int32_t[]){CHANNELS});
    int32_t y = add_sum(&b, other, projected);
    if (u->conv_read_twice) add_sum(&b, wide, wide);
    if (u->projection_read_twice) y = add_sum(&b, y, projected);
    mb_ends(&b, x, y);
    if (u->given_weights) give_weights(&b);
    if (u->depthwise_is_output) add_second_output(&b, filtered);
    return b;
}

static void test_what_is_not_fused(void **state) {
    (void)state;
    for (size_t i = 0; i < 3 * sizeof cases / sizeof cases[0]; i++) {
        const unusual *u = &cases[i / 3];
        model_builder b = unusual_network(u, types[i % 3]);
        mn_model *model = model_of(&b.graph);
        const int32_t fused = compare(model, (variant){.threads = 2, .batch = 1}, u->what).fused;
        if (has_fused_kernels() && fused != u->fused)
            fail_msg("%s: %d steps are fused, not %d", u->what, fused, u->fused);
        mn_model_close(&model);
    }
}

/* Fused steps pay where a kernel is written for them; the lower tiers have only the definition. */
static void test_lower_tiers_do_not_fuse(void **state) {
    (void)state;
    model_builder b = unusual_network(&cases[0], MN_INT8);
    mn_model *model = model_of(&b.graph);
    for (int32_t i = 0; i < 2; i++) { /* those of every processor */
        mn_session *session;
        mn_session_options options = MN_INIT(mn_session_options);
        options.cpu = mn_cpu_tier(i);
        expect_ok(mn_session_create(model, &options, &session));
        assert_int_equal(fused_steps(session), 0);
        mn_session_close(&session);
    }
    mn_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks),
        cmocka_unit_test(test_shared_bands),
        cmocka_unit_test(test_mobilenet_v2),
        cmocka_unit_test(test_what_is_not_fused),
        cmocka_unit_test(test_lower_tiers_do_not_fuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
