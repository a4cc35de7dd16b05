/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float graphs to int8 graphs: what TensorFlow Lite's specification demands, and that the result computes the same.
 * Run in the repository root. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/extremes.h"
#include "base/map.h"
#include "quant/apply.h"
#include "quant/calibrate.h"
#include "quant/compare.h"
#include "quant/correct.h"
#include "quant/prepare.h"
#include "quant/quantise.h"
#include "support/model_builder.h"
#include "tflite/read.h"
#include "tflite/write.h"

#define TINY "tests/golden/tiny_v2_float32.tflite"
#define SAMPLES 12

/* A graph ready for quantisation, and pictures for it. */
typedef struct fixture {
    mn_map map;
    mn_graph graph;
    uint8_t *pixels;
    mn_samples samples;
} fixture;

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void expect_fail(mn_status status, mn_status wanted, const char *words) {
    assert_int_equal(status, wanted);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

/* Smooth pictures: waves of random lengths. */
static void make_samples(fixture *f, uint32_t seed) {
    const mn_tensor *input = &f->graph.tensors[f->graph.inputs[0]];
    size_t elements = input->bytes / sizeof(float);
    f->pixels = malloc(SAMPLES * elements);
    assert_non_null(f->pixels);
    for (size_t s = 0; s < SAMPLES; s++) {
        double length = (double)(3 + (seed * 7 + s * 5) % 23), phase = (double)s;
        for (size_t i = 0; i < elements; i++) {
            f->pixels[s * elements + i] = (uint8_t)(127.5 + 120 * sin(phase + (double)i / length) + (double)(i % 7));
        }
    }
    f->samples = (mn_samples){.count = SAMPLES, .elements = elements, .pixels = f->pixels, .meaning = {-1, 1}};
}

static void open_tiny(fixture *f) {
    *f = (fixture){0};
    expect_ok(mn_map_open(TINY, &f->map));
    expect_ok(mn_tflite_read(f->map.data, f->map.bytes, TINY, &f->graph));
    expect_ok(mn_graph_check(&f->graph));
    expect_ok(mn_quant_prepare(&f->graph));
    make_samples(f, 1);
}

static void close_fixture(fixture *f) {
    mn_graph_free(&f->graph);
    mn_map_close(&f->map);
    free(f->pixels);
}

/* The quantised graph, from a fresh copy of the float one. */
static void quantise(fixture *f, const mn_quantise_options *options, mn_graph *out) {
    expect_ok(mn_quantise(&f->graph, &f->samples, options, out));
}

static mn_quantise_options defaults(void) {
    mn_quantise_options options;
    mn_quantise_defaults(&options);
    return options;
}

/* The least SQNR of all layers, in dB. */
static double worst_layer(const mn_graph *a, const mn_graph *b, const mn_samples *samples) {
    mn_difference *differences;
    int32_t count;
    double worst = INFINITY;
    expect_ok(mn_compare(a, b, samples, 2, NULL, NULL, &differences, &count));
    for (int32_t i = 0; i < count; i++) worst = mn_min_f64(worst, differences[i].sqnr);
    free(differences);
    return worst;
}

/* ---- The specification ---------------------------------------------------------------------------------- */

static bool is_weighted(const mn_op *op) {
    return op->kind == MN_OP_CONV_2D || op->kind == MN_OP_DEPTHWISE_CONV_2D || op->kind == MN_OP_FULLY_CONNECTED;
}

static void check_weights(const mn_graph *floats, const mn_op *float_op, const mn_graph *graph, const mn_op *op,
                          bool corrected) {
    const mn_tensor *exact = mn_graph_input(floats, float_op, 1), *w = mn_graph_input(graph, op, 1);
    const mn_tensor *x = mn_graph_input(graph, op, 0), *bias = mn_graph_input(graph, op, 2);
    int32_t axis = op->kind == MN_OP_DEPTHWISE_CONV_2D ? 3 : 0, channels = w->dims[axis];
    int32_t inner = axis == 3 ? 1 : (int32_t)w->bytes / channels;
    assert_int_equal(w->type, MN_INT8);
    assert_true(w->quant.count == 1 || (w->quant.count == channels && w->quant.axis == axis));
    for (int32_t i = 0; i < (int32_t)w->bytes; i++) {
        int32_t channel = w->quant.count > 1 ? i / inner % channels : 0, stored = ((const int8_t *)w->data)[i];
        double scale = (double)w->quant.scale[channel], real = (double)((const float *)exact->data)[i];
        assert_in_range(stored + 127, 0, 254);
        assert_int_equal(w->quant.zero_point[channel], 0);
        assert_true(fabs(real - scale * stored) <= 0.5001 * scale);
    }
    if (!bias) return;
    assert_int_equal(bias->type, MN_INT32);
    assert_int_equal(bias->quant.count, w->quant.count);
    for (int32_t c = 0; c < bias->quant.count; c++) {
        double wanted = (double)x->quant.scale[0] * (double)w->quant.scale[c];
        assert_true(fabs((double)bias->quant.scale[c] - wanted) <= 1e-6 * wanted);
        assert_int_equal(bias->quant.zero_point[c], 0);
    }
    const mn_tensor *float_bias = mn_graph_input(floats, float_op, 2);
    for (int32_t c = 0; c < channels && float_bias && !corrected; c++) {
        double scale = (double)bias->quant.scale[bias->quant.count > 1 ? c : 0];
        double units = (double)((const float *)float_bias->data)[c] / scale;
        assert_true(fabs(units - ((const int32_t *)bias->data)[c]) <= 0.501 + 1e-6 * fabs(units));
    }
}

static void check_activation(const mn_graph *graph, const mn_op *op) {
    const mn_tensor *y = mn_graph_output(graph, op, 0);
    assert_int_equal(y->type, MN_INT8);
    assert_int_equal(y->quant.count, 1);
    assert_in_range(y->quant.zero_point[0] + 128, 0, 255);
    const float scale = y->quant.scale[0];
    const int32_t zero = y->quant.zero_point[0];
    if (op->kind == MN_OP_SOFTMAX || op->kind == MN_OP_LOGISTIC) assert_true(scale == 1.0f / 256 && zero == -128);
    if (op->kind == MN_OP_TANH || op->kind == MN_OP_L2_NORMALIZATION) assert_true(scale == 1.0f / 128 && zero == 0);
    if (op->kind == MN_OP_LOG_SOFTMAX) assert_true(scale == 1.0f / 16 && zero == 127);
}

static void check_specification(const mn_graph *floats, const mn_graph *graph, bool corrected) {
    int32_t added = 0; /* QUANTIZE, before operands that must share a scale */
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        check_activation(graph, op);
        added += op->kind == MN_OP_QUANTIZE;
        if (is_weighted(op)) check_weights(floats, &floats->ops[i - added], graph, op, corrected);
    }
    assert_int_equal(floats->op_count + added, graph->op_count);
}

static void check_scale_counts(const mn_graph *graph, mn_scales scales) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        const mn_tensor *w = mn_graph_input(graph, op, 1);
        if (!is_weighted(op)) continue;
        const bool one = scales == MN_SCALES_PER_TENSOR ||
                         (scales == MN_SCALES_DENSE_PER_TENSOR && op->kind == MN_OP_FULLY_CONNECTED);
        assert_int_equal(w->quant.count, one ? 1 : w->dims[op->kind == MN_OP_DEPTHWISE_CONV_2D ? 3 : 0]);
    }
}

static void test_specification(void **state) {
    (void)state;
    for (int32_t i = 0; i < 6; i++) {
        const mn_scales scales = (mn_scales)(i % 3);
        const bool corrected = i / 3;
        fixture f;
        mn_graph graph;
        open_tiny(&f);
        mn_quantise_options options = defaults();
        options.scales = scales;
        options.correct = corrected;
        quantise(&f, &options, &graph);
        check_specification(&f.graph, &graph, corrected);
        check_scale_counts(&graph, scales);
        const mn_tensor *input = &graph.tensors[graph.inputs[0]];
        assert_float_equal(input->quant.scale[0], 2.0f / 255, 1e-9f);
        assert_int_equal(input->quant.zero_point[0], -1);
        assert_true(worst_layer(&f.graph, &graph, &f.samples) > (scales == MN_SCALES_PER_TENSOR ? 10 : 20));
        mn_graph_free(&graph);
        close_fixture(&f);
    }
}

/* Results that an 8-bit step may be most of: 1 / sqrt(x) beside zero, and logarithms beside zero in steps of 1/16. */
static bool is_coarse(const mn_graph *graph) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (graph->ops[i].kind == MN_OP_RSQRT || graph->ops[i].kind == MN_OP_LOG_SOFTMAX) return true;
    }
    return false;
}

/* Networks of any operators: all methods give graphs that pass mn_graph_check, survive writing and reading, and
 * compute about the same. */
static void test_random_networks(void **state) {
    (void)state;
    int32_t quantised = 0;
    for (uint32_t seed = 1; seed <= 120; seed++) {
        model_builder b;
        fixture f = {0};
        mn_graph graph, reread;
        uint8_t *file;
        size_t bytes;
        mb_classifier(&b, MN_FLOAT32, seed, (int32_t)(2 + seed % 8));
        expect_ok(mn_graph_check(&b.graph));
        mn_status status = mn_quant_prepare(&b.graph);
        f.graph = b.graph;
        if (status != MN_OK) {
            expect_fail(status, MN_ERROR_UNSUPPORTED, "a batch of 2");
            close_fixture(&f);
            continue;
        }
        make_samples(&f, seed);
        mn_quantise_options options = defaults();
        options.method = (mn_range_method)(seed % MN_RANGE_METHOD_COUNT);
        quantise(&f, &options, &graph);
        check_specification(&f.graph, &graph, options.correct);
        expect_ok(mn_tflite_write(&graph, &file, &bytes));
        expect_ok(mn_tflite_read(file, bytes, "written", &reread));
        expect_ok(mn_graph_check(&reread));
        double worst = worst_layer(&f.graph, &reread, &f.samples);
        if (!is_coarse(&graph) && !(worst > 5)) fail_msg("seed %u: a layer has only %g dB", seed, worst);
        mn_graph_free(&reread);
        free(file);
        mn_graph_free(&graph);
        close_fixture(&f);
        quantised++;
    }
    assert_true(quantised > 40);
}

/* ---- Results do not depend on how they were computed ----------------------------------------------------- */

/* Slow for the first samples, so that later ones overtake them. */
static void dawdle(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)context;
    (void)job;
    (void)session;
    struct timespec pause = {.tv_nsec = (SAMPLES - sample) * 1000000};
    nanosleep(&pause, NULL);
}

static void expect_next(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)job;
    (void)session;
    int32_t *next = context;
    if (*next == sample) ++*next;
}

static void test_samples_are_collected_in_order(void **state) {
    (void)state;
    fixture f;
    mn_runner *runner;
    int32_t next = 0;
    open_tiny(&f);
    expect_ok(mn_runner_create(&f.graph, 4, &runner));
    expect_ok(mn_runner_each(runner, &f.samples, dawdle, expect_next, &next, "", NULL));
    assert_int_equal(next, SAMPLES);
    mn_runner_close(&runner);
    close_fixture(&f);
}

static uint8_t *file_with_jobs(int32_t jobs, size_t *bytes) {
    fixture f;
    mn_graph graph;
    uint8_t *file;
    open_tiny(&f);
    mn_quantise_options options = defaults();
    options.jobs = jobs;
    quantise(&f, &options, &graph);
    expect_ok(mn_tflite_write(&graph, &file, bytes));
    mn_graph_free(&graph);
    close_fixture(&f);
    return file;
}

static void test_jobs_change_nothing(void **state) {
    (void)state;
    size_t one_bytes, bytes;
    uint8_t *one = file_with_jobs(1, &one_bytes);
    for (int32_t jobs = 2; jobs < 6; jobs++) {
        uint8_t *file = file_with_jobs(jobs, &bytes);
        assert_int_equal(bytes, one_bytes);
        assert_memory_equal(file, one, bytes);
        free(file);
    }
    free(one);
}

/* ---- Inputs and outputs --------------------------------------------------------------------------------- */

static void test_io_types(void **state) {
    (void)state;
    static const mn_type types[] = {MN_INT8, MN_UINT8, MN_FLOAT32};
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        mn_graph graph;
        open_tiny(&f);
        mn_quantise_options options = defaults();
        options.io = types[i];
        quantise(&f, &options, &graph);
        const mn_tensor *input = &graph.tensors[graph.inputs[0]], *output = &graph.tensors[graph.outputs[0]];
        assert_int_equal(input->type, types[i]);
        assert_int_equal(output->type, types[i]);
        assert_string_equal(input->name, f.graph.tensors[f.graph.inputs[0]].name);
        assert_string_equal(output->name, f.graph.tensors[f.graph.outputs[0]].name);
        assert_int_equal(graph.op_count, f.graph.op_count + (types[i] == MN_INT8 ? 0 : 2));
        if (types[i] == MN_UINT8) {
            assert_int_equal(input->quant.zero_point[0], 127);
            assert_int_equal(output->quant.zero_point[0], 0);
        }
        assert_true(worst_layer(&f.graph, &graph, &f.samples) > 20);
        mn_graph_free(&graph);
        close_fixture(&f);
    }
    fixture f;
    open_tiny(&f);
    expect_fail(mn_quant_set_io(&f.graph, MN_INT32), MN_ERROR_ARGUMENT, "use int8, uint8 or float32");
    close_fixture(&f);
}

/* ---- Awkward weights ------------------------------------------------------------------------------------ */

/* image -> CONV 1x1 -> CONV 1x1 -> MEAN, with weights that the test sets. Without biases when `bare`. */
static void two_layers(model_builder *b, bool bare, float **weights, float **biases) {
    static const int32_t image[] = {1, 4, 4, 3}, square[] = {3, 1, 1, 3}, row[] = {1, 3}, three = 3, plane[] = {1, 2};
    mb_open(b, MN_FLOAT32, 5);
    int32_t x = mb_tensor(b, "image", MN_FLOAT32, 4, image), first = x;
    const mn_op_attr attr = {.stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1};
    for (int32_t i = 0; i < 2; i++) {
        int32_t w = mb_constant(b, "weights", MN_FLOAT32, 4, square);
        int32_t bias = bare ? -1 : mb_constant(b, "bias", MN_FLOAT32, 1, &three);
        int32_t y = mb_tensor(b, i == 0 ? "first" : "second", MN_FLOAT32, 4, image);
        mb_op(b, MN_OP_CONV_2D, 1, bare ? 2 : 3, (int32_t[]){x, w, bias}, y)->attr = attr;
        weights[i] = (float *)(uintptr_t)b->graph.tensors[w].data;
        if (!bare) biases[i] = (float *)(uintptr_t)b->graph.tensors[bias].data;
        x = y;
    }
    int32_t axes = mb_list(b, "axes", 2, plane), mean = mb_tensor(b, "mean", MN_FLOAT32, 2, row);
    mn_op *op = mb_op(b, MN_OP_MEAN, 1, 2, (int32_t[]){x, axes}, mean);
    op->attr.list_count = 2;
    memcpy(op->attr.list, plane, sizeof plane);
    mb_ends(b, first, mean);
    expect_ok(mn_graph_check(&b->graph));
}

/* Dead channels, tiny weights under a large bias, and channels of very different size all survive. */
static void test_awkward_channels(void **state) {
    (void)state;
    model_builder b;
    float *weights[2], *biases[2];
    two_layers(&b, false, weights, biases);
    for (int32_t i = 0; i < 3; i++) {
        weights[0][i] = 0;          /* channel 0 is dead */
        weights[0][3 + i] = 1e-12f; /* channel 1 is all but dead */
        weights[0][6 + i] = 1000;
    }
    biases[0][0] = 0.5f, biases[0][1] = 700, biases[0][2] = 0;
    expect_ok(mn_quant_prepare(&b.graph));
    fixture f = {.graph = b.graph};
    make_samples(&f, 3);
    mn_graph graph;
    mn_quantise_options options = defaults();
    options.method = MN_RANGE_MINMAX;
    quantise(&f, &options, &graph);
    for (int32_t i = 0; i < graph.tensor_count; i++) {
        const mn_quant *quant = &graph.tensors[i].quant;
        for (int32_t c = 0; c < quant->count; c++) assert_true(quant->scale[c] > 0 && isfinite(quant->scale[c]));
    }
    assert_true(worst_layer(&f.graph, &graph, &f.samples) > 25);
    mn_graph_free(&graph);
    close_fixture(&f);
}

/* Layers without bias get one, because corrections need it. */
static void test_missing_biases(void **state) {
    (void)state;
    for (int32_t correct = 0; correct < 2; correct++) {
        model_builder b;
        float *weights[2], *biases[2];
        two_layers(&b, true, weights, biases);
        expect_ok(mn_quant_prepare(&b.graph));
        fixture f = {.graph = b.graph};
        make_samples(&f, 4);
        mn_graph graph;
        mn_quantise_options options = defaults();
        options.correct = correct;
        quantise(&f, &options, &graph);
        for (int32_t i = 0; i < 2; i++) assert_int_equal(graph.ops[i].input_count, correct ? 3 : 2);
        assert_true(worst_layer(&f.graph, &graph, &f.samples) > 25);
        mn_graph_free(&graph);
        close_fixture(&f);
    }
}

/* Two layers that read the same weights are stored apart. */
static void test_shared_weights(void **state) {
    (void)state;
    model_builder b;
    float *weights[2], *biases[2];
    two_layers(&b, false, weights, biases);
    b.graph.ops[1].inputs[1] = b.graph.ops[0].inputs[1];
    b.graph.ops[1].inputs[2] = b.graph.ops[0].inputs[2];
    expect_ok(mn_quant_prepare(&b.graph));
    fixture f = {.graph = b.graph};
    make_samples(&f, 5);
    mn_graph graph;
    mn_quantise_options options = defaults();
    quantise(&f, &options, &graph);
    assert_true(graph.ops[0].inputs[2] != graph.ops[1].inputs[2]);
    check_specification(&f.graph, &graph, options.correct);
    assert_true(worst_layer(&f.graph, &graph, &f.samples) > 25);
    mn_graph_free(&graph);
    close_fixture(&f);
}

/* ---- Correction ----------------------------------------------------------------------------------------- */

/* Shifts of means that rounding weights in 3 steps causes; with corrected biases next to none is left. */
static double largest_shift(bool correct) {
    fixture f;
    mn_scheme scheme;
    mn_runner *runner;
    mn_graph graph;
    mn_difference *differences;
    int32_t count;
    double largest = 0;
    open_tiny(&f);
    expect_ok(mn_scheme_create(&f.graph, f.samples.meaning, MN_SCALES_PER_CHANNEL, &scheme));
    expect_ok(mn_runner_create(&f.graph, 2, &runner));
    expect_ok(mn_calibrate(&scheme, runner, &f.samples, MN_RANGE_MINMAX, NULL));
    expect_ok(mn_scheme_share_ranges(&scheme));
    mn_quant_layer *layer = &scheme.layers[2]; /* linear: what is clipped away has no part in it */
    for (int32_t c = 0; c < layer->scale_count; c++) layer->scale[c] *= 127.0f / 3;
    mn_layer_round(layer);
    if (correct) expect_ok(mn_correct_biases(&scheme, runner, &f.samples, NULL));
    expect_ok(mn_scheme_apply(&scheme, &graph));
    expect_ok(mn_compare(&f.graph, &graph, &f.samples, 1, NULL, NULL, &differences, &count));
    for (int32_t i = 0; i < count; i++) {
        if (differences[i].op == layer->op) largest = fabs(differences[i].shift);
    }
    free(differences);
    mn_graph_free(&graph);
    mn_runner_close(&runner);
    mn_scheme_free(&scheme);
    close_fixture(&f);
    return largest;
}

static void test_correction_takes_shifts_back(void **state) {
    (void)state;
    double before = largest_shift(false), after = largest_shift(true);
    assert_true(before > 0.01);
    assert_true(after < before / 10);
}

/* ---- Bad input ------------------------------------------------------------------------------------------ */

static void test_refusals(void **state) {
    (void)state;
    model_builder b;
    float *weights[2], *biases[2];
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        two_layers(&b, false, weights, biases);
        weights[1][4] = bad[i];
        expect_fail(mn_quant_prepare(&b.graph), MN_ERROR_FORMAT, "value 4 of weights is");
        mn_graph_free(&b.graph);
    }
    /* Values that overflow on the way. */
    two_layers(&b, false, weights, biases);
    for (int32_t i = 0; i < 9; i++) weights[0][i] = weights[1][i] = FLT_MAX / 4;
    expect_ok(mn_quant_prepare(&b.graph));
    fixture f = {.graph = b.graph};
    make_samples(&f, 6);
    mn_graph graph;
    mn_quantise_options options = defaults();
    expect_fail(mn_quantise(&f.graph, &f.samples, &options, &graph), MN_ERROR_FORMAT, "became NaN or infinite");
    f.samples.count = 0;
    expect_fail(mn_quantise(&f.graph, &f.samples, &options, &graph), MN_ERROR_ARGUMENT, "0 photos");
    f.samples.count = SAMPLES;
    f.samples.elements--;
    expect_fail(mn_quantise(&f.graph, &f.samples, &options, &graph), MN_ERROR_ARGUMENT, "at least one, of 48");
    close_fixture(&f);
    /* A model in 8 bits, and one whose weights are stored so. */
    mb_classifier(&b, MN_INT8, 7, 4);
    expect_ok(mn_graph_check(&b.graph));
    expect_fail(mn_quant_prepare(&b.graph), MN_ERROR_UNSUPPORTED, "quantised already");
    mn_graph_free(&b.graph);
}

/* Weights that the model computes cannot be stored. */
static void test_computed_weights(void **state) {
    (void)state;
    static const int32_t row[] = {1, 3}, square[] = {3, 3};
    model_builder b;
    mb_open(&b, MN_FLOAT32, 8);
    int32_t x = mb_tensor(&b, "x", MN_FLOAT32, 2, row), w = mb_constant(&b, "w", MN_FLOAT32, 2, square);
    int32_t v = mb_tensor(&b, "v", MN_FLOAT32, 2, square), y = mb_tensor(&b, "y", MN_FLOAT32, 2, row);
    mb_op(&b, MN_OP_MUL, 1, 2, (int32_t[]){w, x}, v);
    mb_op(&b, MN_OP_FULLY_CONNECTED, 1, 3, (int32_t[]){x, v, -1}, y);
    mb_ends(&b, x, y);
    expect_ok(mn_graph_check(&b.graph));
    expect_fail(mn_quant_prepare(&b.graph), MN_ERROR_UNSUPPORTED, "only constant ones");
    mn_graph_free(&b.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_specification),
        cmocka_unit_test(test_random_networks),
        cmocka_unit_test(test_samples_are_collected_in_order),
        cmocka_unit_test(test_jobs_change_nothing),
        cmocka_unit_test(test_io_types),
        cmocka_unit_test(test_awkward_channels),
        cmocka_unit_test(test_missing_biases),
        cmocka_unit_test(test_shared_weights),
        cmocka_unit_test(test_correction_takes_shifts_back),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_computed_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
