/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How classifiers end, and what their outputs mean. With a folder as argument it writes small models there for the
 * tests of the commands. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agreement.h"
#include "classify/ending.h"
#include "support/model_builder.h"
#include "tflite/write.h"

static void ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* ---- Small classifiers ---------------------------------------------------------------------------------- */

static const int32_t image[] = {1, 4, 4, 3};

static void set_quant(model_builder *b, int32_t tensor, float scale, int32_t zero) {
    *(float *)(uintptr_t)b->graph.tensors[tensor].quant.scale = scale;
    *(int32_t *)(uintptr_t)b->graph.tensors[tensor].quant.zero_point = zero;
}

/* FULLY_CONNECTED from `input` to `units` scores. */
static int32_t add_scores(model_builder *b, int32_t input, int32_t units, const char *name) {
    const int32_t weights[] = {units, 48}, scores[] = {1, units};
    int32_t w = mb_constant(b, "weights", MN_FLOAT32, 2, weights), out = mb_tensor(b, name, MN_FLOAT32, 2, scores);
    int32_t inputs[] = {input, w, -1};
    mb_op(b, MN_OP_FULLY_CONNECTED, 1, 3, inputs, out);
    return out;
}

static int32_t add_last(model_builder *b, mn_op_kind kind, int32_t scores, const char *name) {
    const int32_t units = b->graph.tensors[scores].dims[1], shape[] = {1, units};
    int32_t out = mb_tensor(b, name, MN_FLOAT32, 2, shape);
    mn_op *op = mb_op(b, kind, 1, 1, &scores, out);
    if (kind == MN_OP_SOFTMAX) op->attr.beta = 1;
    return out;
}

/* image -> FULLY_CONNECTED (-> `last`). MN_OP_KIND_COUNT for none. */
static void make(model_builder *b, int32_t units, mn_op_kind last) {
    mb_open(b, MN_FLOAT32, 11);
    int32_t x = mb_tensor(b, "image", MN_FLOAT32, 4, image), end = add_scores(b, x, units, "scores");
    if (last != MN_OP_KIND_COUNT) end = add_last(b, last, end, "answer");
    mb_ends(b, x, end);
    ok(mn_graph_check(&b->graph));
}

/* "kind" is a softmax over three classes, "traits" are two labels; and a feature map that is no answer. */
static void make_two(model_builder *b, int32_t outputs[3]) {
    mb_open(b, MN_FLOAT32, 12);
    int32_t x = mb_tensor(b, "image", MN_FLOAT32, 4, image), map = mb_tensor(b, "map", MN_FLOAT32, 4, image);
    outputs[0] = add_last(b, MN_OP_SOFTMAX, add_scores(b, x, 3, "a"), "kind");
    outputs[1] = add_last(b, MN_OP_LOGISTIC, add_scores(b, x, 2, "b"), "traits");
    mb_op(b, MN_OP_RELU, 1, 1, &x, map);
    outputs[2] = map;
    mb_ends(b, x, outputs[0]);
    b->graph.outputs = outputs;
    b->graph.output_count = 3;
    ok(mn_graph_check(&b->graph));
}

/* ---- Tests ---------------------------------------------------------------------------------------------- */

static mn_ending ending_of(int32_t units, mn_op_kind last) {
    model_builder b;
    mn_ending e;
    make(&b, units, last);
    ok(mn_ending_find(&b.graph, NULL, &e));
    mn_graph_free(&b.graph);
    return e;
}

static void test_kinds(void **state) {
    (void)state;
    mn_ending e = ending_of(3, MN_OP_SOFTMAX);
    assert_int_equal(e.kind, MN_ENDS_IN_SOFTMAX);
    assert_true(e.classes == 3 && !e.labels && e.score_tensor >= 0);
    e = ending_of(3, MN_OP_LOGISTIC);
    assert_int_equal(e.kind, MN_ENDS_IN_SIGMOID);
    assert_true(e.classes == 3 && e.labels && e.score_tensor >= 0);
    e = ending_of(1, MN_OP_LOGISTIC);
    assert_true(e.units == 1 && e.classes == 2 && !e.labels);
    e = ending_of(3, MN_OP_KIND_COUNT);
    assert_int_equal(e.kind, MN_ENDS_IN_SCORES);
    assert_true(e.score_tensor < 0 && e.classes == 3);
    e = ending_of(1, MN_OP_KIND_COUNT);
    assert_true(e.kind == MN_ENDS_IN_SCORES && e.classes == 2);
}

static void expect_refusal(const mn_graph *graph, const char *wanted, mn_status status, const char *words) {
    mn_ending e;
    assert_int_equal(mn_ending_find(graph, wanted, &e), status);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

/* A program for an NPU: steps of 1/256 from the lowest value on are probabilities. */
static void test_custom_operator(void **state) {
    (void)state;
    static const struct {
        mn_type type;
        int32_t units, zero;
        float scale;
        mn_ending_kind kind;
    } cases[] = {
        {MN_INT8, 5, -128, 1.0f / 256, MN_ENDS_IN_SOFTMAX}, {MN_UINT8, 5, 0, 1.0f / 256, MN_ENDS_IN_SOFTMAX},
        {MN_INT8, 1, -128, 1.0f / 256, MN_ENDS_IN_SIGMOID}, {MN_INT8, 5, 0, 1.0f / 256, MN_ENDS_IN_SCORES},
        {MN_INT8, 5, -128, 1.0f / 128, MN_ENDS_IN_SCORES},  {MN_UINT8, 5, 128, 1.0f / 256, MN_ENDS_IN_SCORES},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model_builder b;
        mn_ending e;
        mb_open(&b, cases[i].type, 11);
        const int32_t x = mb_tensor(&b, "image", cases[i].type, 4, image), shape[] = {1, cases[i].units};
        const int32_t out = mb_tensor(&b, "answer", cases[i].type, 2, shape);
        mb_custom(&b, "ethos-u", NULL, 0, 1, &x, 1, &out);
        set_quant(&b, out, cases[i].scale, cases[i].zero);
        mb_ends(&b, x, out);
        ok(mn_graph_check(&b.graph));
        ok(mn_ending_find(&b.graph, NULL, &e));
        assert_int_equal(e.kind, cases[i].kind);
        assert_int_equal(e.score_tensor, -1);
        mn_graph_free(&b.graph);
    }
}

static void test_one_of_several_outputs(void **state) {
    (void)state;
    model_builder b;
    mn_ending e;
    int32_t outputs[3];
    make_two(&b, outputs);
    ok(mn_ending_find(&b.graph, NULL, &e));
    assert_string_equal(e.given.name, "kind");
    ok(mn_ending_find(&b.graph, "1", &e));
    assert_string_equal(e.given.name, "traits");
    ok(mn_ending_find(&b.graph, "traits", &e));
    assert_true(e.output == 1 && e.labels);
    expect_refusal(&b.graph, "none", MN_ERROR_ARGUMENT,
                   "no output 'none'; --output chooses another: 0 'kind', 1 'traits'");
    expect_refusal(&b.graph, "3", MN_ERROR_ARGUMENT, "no output '3'");
    expect_refusal(&b.graph, "", MN_ERROR_ARGUMENT, "no output ''");
    expect_refusal(&b.graph, "map", MN_ERROR_UNSUPPORTED, "output 2 'map' is not one row of class scores");
    mn_graph_free(&b.graph);
    make(&b, 1, MN_OP_SOFTMAX);
    expect_refusal(&b.graph, NULL, MN_ERROR_UNSUPPORTED, "a softmax over one class, which is always 1");
    expect_refusal(&b.graph, "x", MN_ERROR_ARGUMENT, "but one alone; leave --output out");
    mn_graph_free(&b.graph);
}

static void test_one_unit_is_two_classes(void **state) {
    (void)state;
    const float p = 0.75f, score = logf(3);
    float probabilities[2], scores[2];
    mn_ending e = ending_of(1, MN_OP_LOGISTIC);
    mn_ending_read(&e, &p, &score, probabilities, scores);
    assert_true(probabilities[0] == 0.25f && probabilities[1] == 0.75f && scores[0] == 0 && scores[1] == score);
    mn_ending_read(&e, &p, NULL, probabilities, scores);
    assert_true(fabsf(scores[1] - score) < 1e-6f);
    e = ending_of(1, MN_OP_KIND_COUNT);
    mn_ending_read(&e, &score, NULL, probabilities, scores);
    assert_true(fabsf(probabilities[1] - 0.75f) < 1e-6f && scores[1] == score);
}

/* Equal answers of 8 bits are told apart by the scores. */
static void test_scores_break_ties(void **state) {
    (void)state;
    static const float scale = 1 / 256.0f, score_scale = 0.25f;
    static const int32_t zero = -128, score_zero = 10;
    const int8_t given[] = {-2, -2, -128}, stored[] = {50, 51, -100};
    float probabilities[3], scores[3];
    mn_ending e = ending_of(3, MN_OP_SOFTMAX);
    e.given.type = e.scores.type = MN_INT8;
    e.given.quant = (mn_quant){.count = 1, .scale = &scale, .zero_point = &zero};
    e.scores.quant = (mn_quant){.count = 1, .scale = &score_scale, .zero_point = &score_zero};
    mn_ending_read(&e, given, stored, probabilities, scores);
    assert_true(probabilities[0] == probabilities[1] && probabilities[2] == 0);
    assert_true(scores[0] == 10 && scores[1] == 10.25f && scores[2] == -27.5f);
    /* Without them: half a step for nothing. */
    mn_ending_read(&e, given, NULL, probabilities, scores);
    assert_true(scores[0] == scores[1] && fabsf(scores[2] - logf(1 / 512.0f)) < 1e-6f);
}

static void test_divergence(void **state) {
    (void)state;
    const float a[] = {logf(0.5f), logf(0.5f)}, b[] = {logf(0.25f) + 7, logf(0.75f) + 7}, far[] = {900, 0};
    const double wanted = 0.5 * log(0.5 / 0.25) + 0.5 * log(0.5 / 0.75);
    mn_ending e = ending_of(2, MN_OP_SOFTMAX);
    assert_true(fabs(cli_divergence(e.labels, a, b, 2) - wanted) < 1e-6);
    assert_true(cli_divergence(e.labels, b, b, 2) == 0);
    assert_true(fabs(cli_divergence(e.labels, a, far, 2) - (450 + log(0.5))) < 1e-3); /* finite, and no floor */
    /* Labels: each against its own "not". */
    e = ending_of(2, MN_OP_LOGISTIC);
    const float p[] = {0, logf(3)}, q[] = {0, 0};
    assert_true(fabs(cli_divergence(e.labels, p, q, 2) - (0.75 * log(1.5) + 0.25 * log(0.5))) < 1e-6);
    assert_true(cli_divergence(e.labels, p, p, 2) == 0);
}

static void test_divergence_of_probabilities(void **state) {
    (void)state;
    const float a[] = {0.5f, 0.5f, 0}, b[] = {0.25f, 0.75f, 0};
    const double wanted = 0.5 * log(0.5 / 0.25) + 0.5 * log(0.5 / 0.75);
    assert_true(fabs(cli_divergence_of_probabilities(false, 1.0 / 256, a, b, 3) - wanted) < 1e-6);
    assert_true(cli_divergence_of_probabilities(false, 1.0 / 256, b, b, 3) == 0);
    const float sure[] = {1, 0}, wrong[] = {0, 1}; /* finite */
    assert_true(fabs(cli_divergence_of_probabilities(false, 1.0 / 256, sure, wrong, 2) - log(512.0) * 511 / 512) <
                1e-6);
    /* Labels: each against its own "not". */
    const float p[] = {0.5f}, q[] = {0.75f};
    assert_true(fabs(cli_divergence_of_probabilities(true, 1.0 / 256, p, q, 1) -
                     (0.5 * log(0.5 / 0.75) + 0.5 * log(2))) < 1e-6);
}

/* A model whose scores nobody sees beside one whose scores are seen: both by what they give in steps of 1/256. */
static void test_probabilities_beside_scores(void **state) {
    (void)state;
    static const float scale = 1 / 256.0f;
    static const int32_t zero = -128;
    mn_ending seen = ending_of(3, MN_OP_SOFTMAX), unseen;
    seen.given.type = MN_INT8;
    seen.given.quant = (mn_quant){.count = 1, .scale = &scale, .zero_point = &zero};
    unseen = seen;
    unseen.score_tensor = -1;
    const cli_answers_of a = cli_answers_at(&seen), b = cli_answers_at(&unseen);
    assert_true(cli_compares_scores(a, a) && !cli_compares_scores(a, b) && !cli_compares_scores(b, a));
    const float p[] = {0.5f, 0.5f, 0}, q[] = {0.25f, 0.75f, 0}, exact[] = {0.5f, 0.4999f, 0.0001f};
    const float x[] = {1, 1.001f, -9}, y[] = {logf(0.5f), logf(0.5f), logf(1 / 512.0f)};
    cli_agreement of = cli_compare_answers(a, (cli_answer_values){p, x}, b, (cli_answer_values){p, y});
    assert_true(of.agree && of.divergence == 0 && of.difference == 0); /* by scores 1 of the one were the best */
    of = cli_compare_answers(a, (cli_answer_values){p, x}, a, (cli_answer_values){p, y});
    assert_true(!of.agree && of.divergence > 0);
    of = cli_compare_answers(b, (cli_answer_values){p, y}, a, (cli_answer_values){q, x});
    assert_true(!of.agree && of.difference == 0.25 && fabs(of.divergence - (log(2) + log(2 / 3.0)) / 2) < 1e-6);
    /* What 8 bits cannot tell from nothing is nothing in floats, too. */
    of = cli_compare_answers(b, (cli_answer_values){p, y}, (cli_answers_of){.classes = 3, .scored = true},
                             (cli_answer_values){exact, x});
    assert_true(of.agree && of.divergence < 1e-7);
}

static int32_t shared(const mn_ending *a, const mn_ending *b) {
    return cli_shared_classes(cli_answers_at(a), cli_answers_at(b));
}

static void test_what_can_be_compared(void **state) {
    (void)state;
    mn_ending a = ending_of(3, MN_OP_SOFTMAX), b = ending_of(3, MN_OP_KIND_COUNT), c = ending_of(3, MN_OP_LOGISTIC);
    assert_int_equal(shared(&a, &b), 3);
    assert_int_equal(shared(&a, &c), 0);
    /* A compiled model that was taken for a softmax is what the other one is. */
    cli_answers_of compiled = {.classes = 3, .guessed = true, .step = 1 / 256.0}, labels = cli_answers_at(&c);
    const float p[] = {0.5f, 0.5f, 0.5f}, q[] = {0.5f, 0.5f, 0.25f}, x[] = {0, 0, 0};
    assert_int_equal(cli_shared_classes(compiled, labels), 3);
    assert_int_equal(cli_shared_classes(compiled, cli_answers_at(&a)), 3);
    cli_agreement of = cli_compare_answers(compiled, (cli_answer_values){p, x}, labels, (cli_answer_values){q, x});
    assert_true(fabs(of.divergence - (log(2) + log(2 / 3.0)) / 2) < 1e-6);
    a.classes = 1000;
    b.classes = 1001;
    assert_int_equal(shared(&a, &b), 1000);
    b.classes = 1002;
    assert_int_equal(shared(&a, &b), 0);
}

/* ---- Models for the commands ---------------------------------------------------------------------------- */

static int save(const mn_graph *graph, const char *folder, const char *name) {
    char path[512];
    uint8_t *data;
    size_t bytes;
    snprintf(path, sizeof path, "%s/%s.tflite", folder, name);
    if (mn_tflite_write(graph, &data, &bytes) != MN_OK) return 1;
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(data, 1, bytes, file) == bytes;
    if (file) good = fclose(file) == 0 && good;
    free(data);
    return good ? 0 : 1;
}

static int write_one(const char *folder, const char *name, int32_t units, mn_op_kind last) {
    model_builder b;
    make(&b, units, last);
    int failed = save(&b.graph, folder, name);
    mn_graph_free(&b.graph);
    return failed;
}

/* A float input that only a QUANTIZE reads, which stores pixels of 0..255 or what no photo is known to be. */
static int write_quantized(const char *folder, const char *name, float scale, int32_t zero) {
    const int32_t scores[] = {1, 3}, weights[] = {3, 48};
    model_builder b;
    mb_open(&b, MN_INT8, 13);
    int32_t x = mb_tensor(&b, "image", MN_FLOAT32, 4, image), q = mb_tensor(&b, "stored", MN_INT8, 4, image);
    int32_t w = mb_constant(&b, "weights", MN_INT8, 2, weights), y = mb_tensor(&b, "y", MN_INT8, 2, scores);
    int32_t out = mb_tensor(&b, "scores", MN_FLOAT32, 2, scores), inputs[] = {q, w, -1};
    set_quant(&b, q, scale, zero);
    set_quant(&b, w, 0.001f, 0);
    set_quant(&b, y, 0.1f, 0);
    mb_op(&b, MN_OP_QUANTIZE, 1, 1, &x, q);
    mb_op(&b, MN_OP_FULLY_CONNECTED, 4, 3, inputs, y);
    mb_op(&b, MN_OP_DEQUANTIZE, 2, 1, &y, out);
    mb_ends(&b, x, out);
    ok(mn_graph_check(&b.graph));
    int failed = save(&b.graph, folder, name);
    mn_graph_free(&b.graph);
    return failed;
}

/* 0..255 / 127.5 - 1 inside. */
static int write_rescaled(const char *folder) {
    static const int32_t one = 1;
    model_builder b;
    mb_open(&b, MN_FLOAT32, 14);
    int32_t x = mb_tensor(&b, "image", MN_FLOAT32, 4, image), y = mb_tensor(&b, "scaled", MN_FLOAT32, 4, image);
    int32_t z = mb_tensor(&b, "shifted", MN_FLOAT32, 4, image);
    int32_t factor = mb_constant(&b, "factor", MN_FLOAT32, 1, &one),
            term = mb_constant(&b, "term", MN_FLOAT32, 1, &one);
    *(float *)(uintptr_t)b.graph.tensors[factor].data = 1 / 127.5f;
    *(float *)(uintptr_t)b.graph.tensors[term].data = -1;
    mb_op(&b, MN_OP_MUL, 1, 2, (int32_t[]){x, factor}, y);
    mb_op(&b, MN_OP_ADD, 1, 2, (int32_t[]){y, term}, z);
    mb_ends(&b, x, add_last(&b, MN_OP_SOFTMAX, add_scores(&b, z, 3, "scores"), "answer"));
    ok(mn_graph_check(&b.graph));
    int failed = save(&b.graph, folder, "rescaled");
    mn_graph_free(&b.graph);
    return failed;
}

static int write_models(const char *folder) {
    model_builder b;
    int32_t outputs[3];
    int failed = write_one(folder, "softmax", 3, MN_OP_SOFTMAX) | write_one(folder, "scores", 3, MN_OP_KIND_COUNT) |
                 write_one(folder, "labels", 3, MN_OP_LOGISTIC) | write_one(folder, "unit", 1, MN_OP_LOGISTIC) |
                 write_one(folder, "score", 1, MN_OP_KIND_COUNT) | write_one(folder, "one", 1, MN_OP_SOFTMAX) |
                 write_quantized(folder, "quantize", 1, -128) | write_quantized(folder, "unknown", 0.5f, 0) |
                 write_rescaled(folder);
    make_two(&b, outputs);
    failed |= save(&b.graph, folder, "two");
    mn_graph_free(&b.graph);
    return failed;
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_custom_operator),
        cmocka_unit_test(test_one_of_several_outputs),
        cmocka_unit_test(test_one_unit_is_two_classes),
        cmocka_unit_test(test_scores_break_ties),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_divergence_of_probabilities),
        cmocka_unit_test(test_probabilities_beside_scores),
        cmocka_unit_test(test_what_can_be_compared),
    };
    if (count == 2) return write_models(arguments[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
