/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Classifiers through the public functions: answers, names, options, threads, and what is refused. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mobilenet_classify.h"
#include "session/model.h"
#include "support/model_builder.h"

enum { SIDE = 4, PIXELS = SIDE * SIDE, UNITS = 6 };

static void ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void expect(mn_status status, mn_status wanted, const char *words) {
    assert_int_equal(status, wanted);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

/* ---- Models ------------------------------------------------------------------------------------------ */

static const int32_t picture[] = {1, SIDE, SIDE, 3};

/* image -> FULLY_CONNECTED with `units` units -> `last`, MN_OP_KIND_COUNT for none; float32, int8 or uint8. */
static mn_model *make_model(mn_type type, int32_t units, mn_op_kind last, const char *const *names) {
    const int32_t weights[] = {units, PIXELS * 3}, scores[] = {1, units};
    model_builder b;
    mn_model *model = NULL;
    mb_open(&b, type, 21);
    int32_t x = mb_tensor(&b, "image", type, 4, picture), y = mb_tensor(&b, "scores", type, 2, scores), end = y;
    int32_t w = mb_constant(&b, "weights", type, 2, weights), inputs[] = {x, w, -1};
    if (type != MN_FLOAT32) {
        const int32_t middle = type == MN_INT8 ? -1 : 127;
        mb_quantise(&b, x, 1, 0, 1 / 127.5f, middle);
        mb_quantise(&b, w, 1, 0, 0.004f, type == MN_INT8 ? 0 : 128);
        mb_quantise(&b, y, 1, 0, 0.1f, middle);
    }
    mb_op(&b, MN_OP_FULLY_CONNECTED, type == MN_INT8 ? 4 : 1, 3, inputs, y);
    if (last != MN_OP_KIND_COUNT) {
        end = mb_tensor(&b, "answer", type, 2, scores);
        if (type != MN_FLOAT32) mb_quantise(&b, end, 1, 0, 1 / 256.0f, type == MN_INT8 ? -128 : 0);
        mn_op *op = mb_op(&b, last, type == MN_INT8 ? 2 : 1, 1, &y, end);
        if (last == MN_OP_SOFTMAX) op->attr.beta = 1;
    }
    mb_ends(&b, x, end);
    if (names) ok(mn_meaning_set_classes(&b.graph.meaning, &b.graph.region, 0, names, units));
    ok(mn_model_from_graph(&b.graph, &model));
    return model;
}

static mn_image *make_image(uint8_t rgb[PIXELS * 3]) {
    mn_image *image = NULL;
    mn_frame frame = MN_INIT(mn_frame);
    for (int i = 0; i < PIXELS * 3; i++) rgb[i] = (uint8_t)(37 * i + i / 5);
    frame.pixels = rgb;
    frame.width = frame.height = SIDE;
    ok(mn_image_from_pixels(&frame, &image));
    return image;
}

/* ---- Answers ----------------------------------------------------------------------------------------- */

/* mn_classify() against the steps that a program would take by itself. */
static void check_answer(mn_type type, mn_op_kind last) {
    uint8_t rgb[PIXELS * 3];
    float wanted[UNITS];
    int32_t order[UNITS], count = 0;
    mn_class best[UNITS + 3];
    mn_classifier *classifier = NULL;
    mn_preprocessor *p = NULL;
    mn_session *session = NULL;
    mn_tensor_info input = MN_INIT(mn_tensor_info), output = MN_INIT(mn_tensor_info);
    mn_pixels pixels = MN_INIT(mn_pixels);
    mn_model *model = make_model(type, UNITS, last, NULL);
    mn_image *image = make_image(rgb);
    ok(mn_model_tensor(model, mn_model_input(model, 0), &input));
    ok(mn_model_tensor(model, mn_model_output(model, 0), &output));
    ok(mn_model_pixels(model, &pixels));
    ok(mn_preprocessor_create(&input, &pixels, NULL, &p));
    ok(mn_session_create(model, NULL, &session));
    ok(mn_preprocessor_run(p, image, mn_session_input(session, 0)));
    ok(mn_session_run(session));
    ok(mn_dequantise(&output, mn_session_output(session, 0), UNITS, wanted));
    if (last == MN_OP_KIND_COUNT) ok(mn_softmax(wanted, UNITS));
    ok(mn_top_k(wanted, UNITS, UNITS, order));

    ok(mn_classifier_create(model, NULL, &classifier));
    for (int round = 0; round < 2; round++) {
        ok(mn_classify(classifier, image, UNITS + 3, best, &count));
        assert_int_equal(count, UNITS);
        double sum = 0;
        for (int i = 0; i < UNITS; i++) {
            assert_true(best[i].probability == wanted[best[i].index]);
            assert_true(best[i].probability == wanted[order[i]]); /* equal ones may be told apart by scores */
            assert_true(i == 0 || best[i].score <= best[i - 1].score);
            assert_true(best[i].score == mn_classifier_scores(classifier)[best[i].index]);
            sum += (double)mn_classifier_probabilities(classifier)[i];
        }
        if (last != MN_OP_LOGISTIC) assert_true(fabs(sum - 1) < 0.03);
        ok(mn_classify(classifier, image, 2, best, &count));
        assert_int_equal(count, 2);
    }
    mn_classifier_close(&classifier);
    assert_null(classifier);
    mn_session_close(&session);
    mn_preprocessor_close(&p);
    mn_image_close(&image);
    mn_model_close(&model);
}

static void answers_are_those_of_the_steps(void **state) {
    (void)state;
    static const mn_op_kind endings[] = {MN_OP_SOFTMAX, MN_OP_LOGISTIC, MN_OP_KIND_COUNT};
    static const mn_type types[] = {MN_FLOAT32, MN_INT8, MN_UINT8};
    for (int t = 0; t < 3; t++) {
        for (int e = 0; e < 3; e++) check_answer(types[t], endings[e]);
    }
}

static void one_unit_is_two_classes(void **state) {
    (void)state;
    static const char *const yes[] = {"cat"};
    uint8_t rgb[PIXELS * 3];
    mn_class best[2];
    int32_t count;
    mn_classifier *classifier = NULL;
    mn_classifier_info info = MN_INIT(mn_classifier_info);
    mn_classifier_options options = MN_INIT(mn_classifier_options);
    mn_model *model = make_model(MN_FLOAT32, 1, MN_OP_LOGISTIC, NULL);
    mn_image *image = make_image(rgb);
    options.labels = yes;
    options.label_count = 1;
    ok(mn_classifier_create(model, &options, &classifier));
    ok(mn_classifier_describe(classifier, &info));
    assert_true(info.classes == 2 && info.units == 1 && !info.labels && info.ending == MN_ENDS_IN_SIGMOID);
    ok(mn_classify(classifier, image, 2, best, &count));
    assert_int_equal(count, 2);
    assert_true(fabsf(best[0].probability + best[1].probability - 1) < 1e-6f);
    assert_string_equal(mn_classifier_name(classifier, 0), "not cat");
    assert_string_equal(mn_classifier_name(classifier, 1), "cat");
    assert_string_equal(best[0].name, best[0].index == 1 ? "cat" : "not cat");
    mn_classifier_close(&classifier);
    mn_image_close(&image);
    mn_model_close(&model);
}

/* ---- Names ------------------------------------------------------------------------------------------- */

static void expect_name(const mn_model *model, const mn_classifier_options *options, int32_t index, const char *name) {
    mn_classifier *classifier = NULL;
    ok(mn_classifier_create(model, options, &classifier));
    assert_string_equal(mn_classifier_name(classifier, index), name);
    assert_null(mn_classifier_name(classifier, -1));
    mn_classifier_close(&classifier);
}

static void names_come_from_caller_model_or_imagenet(void **state) {
    (void)state;
    static const char *const own[] = {"a", "b", "c", "d", "e", "f"};
    char given[UNITS][16];
    const char *labels[UNITS];
    mn_classifier *classifier = NULL;
    mn_classifier_options options = MN_INIT(mn_classifier_options);
    for (int i = 0; i < UNITS; i++) {
        snprintf(given[i], sizeof given[i], i == 1 ? "n02121620 cat" : "given %d", i);
        labels[i] = given[i];
    }
    mn_model *model = make_model(MN_FLOAT32, UNITS, MN_OP_SOFTMAX, NULL);
    expect_name(model, NULL, 5, "class 5");
    mn_model_close(&model);
    model = make_model(MN_FLOAT32, UNITS, MN_OP_SOFTMAX, own);
    expect_name(model, NULL, 5, "f");
    options.labels = labels;
    options.label_count = UNITS;
    ok(mn_classifier_create(model, &options, &classifier));
    memset(given, 'x', sizeof given); /* they are copied */
    assert_string_equal(mn_classifier_name(classifier, 5), "given 5");
    assert_string_equal(mn_classifier_name(classifier, 1), "cat");
    assert_null(mn_classifier_name(classifier, UNITS));
    assert_null(mn_classifier_name(NULL, 0));
    mn_classifier_close(&classifier);
    mn_model_close(&model);
    model = make_model(MN_FLOAT32, 1001, MN_OP_SOFTMAX, NULL);
    expect_name(model, NULL, 0, "background");
    expect_name(model, NULL, 243, "boxer");
    mn_model_close(&model);
}

static void labels_that_do_not_fit(void **state) {
    (void)state;
    static const char *const few[] = {"a", "b", "c", "d", "e"}, *const holes[] = {"a", "b", NULL, "d", "e", "f"};
    mn_classifier *classifier = NULL;
    mn_classifier_options options = MN_INIT(mn_classifier_options);
    mn_model *model = make_model(MN_FLOAT32, UNITS, MN_OP_SOFTMAX, NULL);
    options.labels = few;
    options.label_count = 5;
    expect(mn_classifier_create(model, &options, &classifier), MN_ERROR_ARGUMENT, "5 labels are given");
    options.label_count = 0;
    expect(mn_classifier_create(model, &options, &classifier), MN_ERROR_ARGUMENT, "0 labels are given");
    options.labels = holes;
    options.label_count = UNITS;
    expect(mn_classifier_create(model, &options, &classifier), MN_ERROR_ARGUMENT, "label 2 of 6 is NULL");
    options.labels = NULL;
    expect(mn_classifier_create(model, &options, &classifier), MN_ERROR_ARGUMENT, "6 and labels is NULL");
    options.labels = holes;
    options.label_count = -1;
    expect(mn_classifier_create(model, &options, &classifier), MN_ERROR_ARGUMENT, "-1 and labels is set");
    assert_null(classifier);
    mn_model_close(&model);
}

/* ---- Options ----------------------------------------------------------------------------------------- */

static void options_reach_input_output_and_session(void **state) {
    (void)state;
    uint8_t rgb[PIXELS * 3];
    mn_class best[UNITS];
    int32_t count;
    mn_classifier *classifier = NULL;
    mn_classifier_info info = MN_INIT(mn_classifier_info);
    mn_preprocess_info input = MN_INIT(mn_preprocess_info);
    mn_classifier_options options = MN_INIT(mn_classifier_options);
    mn_preprocess_options preprocess = MN_INIT(mn_preprocess_options);
    mn_session_options session = MN_INIT(mn_session_options);
    mn_model *model = make_model(MN_INT8, UNITS, MN_OP_SOFTMAX, NULL);
    mn_image *image = make_image(rgb);
    preprocess.crop = MN_CROP_CENTRAL;
    preprocess.filter = MN_RESIZE_BOX;
    session.threads = 2;
    options.preprocess = &preprocess;
    options.session = &session;
    options.output = "answer";
    ok(mn_classifier_create(model, &options, &classifier));
    ok(mn_classifier_describe(classifier, &info));
    ok(mn_classifier_describe_input(classifier, &input));
    assert_true(info.classes == UNITS && info.units == UNITS && info.output == 0 && info.scores_known);
    assert_string_equal(info.output_name, "answer");
    assert_true(input.crop == MN_CROP_CENTRAL && input.filter == MN_RESIZE_BOX && input.type == MN_INT8);
    assert_int_equal(mn_session_threads(mn_classifier_session(classifier)), 2);
    ok(mn_classify(classifier, image, 1, best, &count));
    mn_classifier_close(&classifier);
    options.output = "none";
    expect(mn_classifier_create(model, &options, &classifier), MN_ERROR_ARGUMENT, "no output 'none'");
    options.output = NULL;
    session.threads = 1000;
    expect(mn_classifier_create(model, &options, &classifier), MN_ERROR_ARGUMENT, "1000 threads");
    session.threads = 0;
    session.batch = 2;
    expect(mn_classifier_create(model, &options, &classifier), MN_ERROR_UNSUPPORTED, "a batch of 2");
    assert_null(classifier);
    mn_image_close(&image);
    mn_model_close(&model);
}

/* image [1,4,4,3] -> MEAN -> SOFTMAX: any size will do. */
static mn_model *make_resizable(void) {
    const int32_t mean[] = {1, 3}, axes[] = {1, 2};
    model_builder b;
    mn_model *model = NULL;
    mb_open(&b, MN_FLOAT32, 22);
    int32_t x = mb_tensor(&b, "image", MN_FLOAT32, 4, picture), y = mb_tensor(&b, "mean", MN_FLOAT32, 2, mean);
    int32_t z = mb_tensor(&b, "answer", MN_FLOAT32, 2, mean), list = mb_list(&b, "axes", 2, axes);
    mn_op *op = mb_op(&b, MN_OP_MEAN, 1, 2, (int32_t[]){x, list}, y);
    op->attr.list_count = 2;
    memcpy(op->attr.list, axes, sizeof axes);
    mb_op(&b, MN_OP_SOFTMAX, 1, 1, &y, z)->attr.beta = 1;
    mb_ends(&b, x, z);
    ok(mn_model_from_graph(&b.graph, &model));
    return model;
}

static void resized_inputs_are_filled(void **state) {
    (void)state;
    uint8_t rgb[PIXELS * 3];
    mn_class best[3];
    int32_t count;
    mn_classifier *classifier = NULL;
    mn_preprocess_info input = MN_INIT(mn_preprocess_info);
    mn_classifier_options options = MN_INIT(mn_classifier_options);
    mn_session_options session = MN_INIT(mn_session_options);
    const mn_input_shape shape = {.input = 0, .rank = 4, .dims = {1, 7, 9, 3}};
    mn_model *model = make_resizable();
    mn_image *image = make_image(rgb);
    session.input_shapes = &shape;
    session.input_shape_count = 1;
    options.session = &session;
    ok(mn_classifier_create(model, &options, &classifier));
    ok(mn_classifier_describe_input(classifier, &input));
    assert_true(input.width == 9 && input.height == 7 && input.bytes == 7 * 9 * 3 * sizeof(float));
    ok(mn_classify(classifier, image, 3, best, &count));
    assert_int_equal(count, 3);
    mn_classifier_close(&classifier);
    mn_image_close(&image);
    mn_model_close(&model);
}

/* Two images in one run, each written to its place by a preprocessor, get the answers that they get alone. */
static void batches_are_filled_image_by_image(void **state) {
    (void)state;
    enum { BATCH = 2 };
    uint8_t rgb[BATCH][PIXELS * 3];
    int8_t alone[BATCH][UNITS];
    mn_preprocessor *p = NULL;
    mn_session *session = NULL;
    mn_preprocess_info info = MN_INIT(mn_preprocess_info);
    mn_tensor_info input = MN_INIT(mn_tensor_info);
    mn_pixels pixels = MN_INIT(mn_pixels);
    mn_session_options options = MN_INIT(mn_session_options);
    mn_model *model = make_model(MN_INT8, UNITS, MN_OP_KIND_COUNT, NULL);
    mn_image *images[BATCH] = {make_image(rgb[0]), make_image(rgb[1])};
    for (int i = 0; i < PIXELS * 3; i++) rgb[1][i] = (uint8_t)(255 - rgb[0][i]);
    ok(mn_model_pixels(model, &pixels));
    ok(mn_session_create(model, NULL, &session));
    ok(mn_session_tensor(session, mn_model_input(model, 0), &input));
    ok(mn_preprocessor_create(&input, &pixels, NULL, &p));
    for (int i = 0; i < BATCH; i++) {
        ok(mn_preprocessor_run(p, images[i], mn_session_input(session, 0)));
        ok(mn_session_run(session));
        memcpy(alone[i], mn_session_output(session, 0), UNITS);
    }
    assert_memory_not_equal(alone[0], alone[1], UNITS);
    mn_preprocessor_close(&p);
    mn_session_close(&session);
    options.batch = BATCH;
    ok(mn_session_create(model, &options, &session));
    ok(mn_session_tensor(session, mn_model_input(model, 0), &input));
    ok(mn_preprocessor_create(&input, &pixels, NULL, &p));
    ok(mn_preprocessor_describe(p, &info));
    assert_int_equal(info.bytes, PIXELS * 3);
    for (int i = 0; i < BATCH; i++)
        ok(mn_preprocessor_run(p, images[i], (char *)mn_session_input(session, 0) + (size_t)i * info.bytes));
    ok(mn_session_run(session));
    assert_memory_equal(mn_session_output(session, 0), alone, sizeof alone);
    mn_preprocessor_close(&p);
    mn_session_close(&session);
    for (int i = 0; i < BATCH; i++) mn_image_close(&images[i]);
    mn_model_close(&model);
}

/* ---- Mistakes ---------------------------------------------------------------------------------------- */

static void models_that_are_no_classifiers(void **state) {
    (void)state;
    model_builder b;
    mn_model *model = NULL;
    mn_classifier *classifier = NULL;
    mb_open(&b, MN_FLOAT32, 23);
    int32_t x = mb_tensor(&b, "image", MN_FLOAT32, 4, picture), y = mb_tensor(&b, "map", MN_FLOAT32, 4, picture);
    mb_op(&b, MN_OP_RELU, 1, 1, &x, y);
    mb_ends(&b, x, y);
    ok(mn_model_from_graph(&b.graph, &model));
    expect(mn_classifier_create(model, NULL, &classifier), MN_ERROR_UNSUPPORTED, "not one row of class scores");
    mn_model_close(&model);
    model = make_model(MN_FLOAT32, 1, MN_OP_SOFTMAX, NULL);
    expect(mn_classifier_create(model, NULL, &classifier), MN_ERROR_UNSUPPORTED, "softmax over one class");
    mn_model_close(&model);
    assert_null(classifier);
}

static void arguments_that_are_missing(void **state) {
    (void)state;
    uint8_t rgb[PIXELS * 3];
    mn_class best[1];
    int32_t count = 0;
    mn_classifier *classifier = NULL;
    mn_classifier_info info = MN_INIT(mn_classifier_info);
    mn_classifier_options unsized = {0};
    mn_model *model = make_model(MN_UINT8, UNITS, MN_OP_SOFTMAX, NULL);
    mn_image *image = make_image(rgb);
    expect(mn_classifier_create(NULL, NULL, &classifier), MN_ERROR_ARGUMENT, "'model' is NULL");
    expect(mn_classifier_create(model, NULL, NULL), MN_ERROR_ARGUMENT, "'out' is NULL");
    expect(mn_classifier_create(model, &unsized, &classifier), MN_ERROR_ARGUMENT, "MN_INIT(mn_classifier_options)");
    ok(mn_classifier_create(model, NULL, &classifier));
    expect(mn_classify(NULL, image, 1, best, &count), MN_ERROR_ARGUMENT, "'classifier' is NULL");
    expect(mn_classify(classifier, NULL, 1, best, &count), MN_ERROR_ARGUMENT, "'image' is NULL");
    expect(mn_classify(classifier, image, 1, NULL, &count), MN_ERROR_ARGUMENT, "'best' is NULL");
    expect(mn_classify(classifier, image, 1, best, NULL), MN_ERROR_ARGUMENT, "'count' is NULL");
    expect(mn_classify(classifier, image, 0, best, &count), MN_ERROR_ARGUMENT, "the best 0 classes");
    expect(mn_classifier_run(NULL), MN_ERROR_ARGUMENT, "'classifier' is NULL");
    expect(mn_classifier_describe(NULL, &info), MN_ERROR_ARGUMENT, "'classifier' is NULL");
    expect(mn_classifier_describe(classifier, NULL), MN_ERROR_ARGUMENT, "NULL");
    expect(mn_classifier_describe_input(classifier, NULL), MN_ERROR_ARGUMENT, "NULL");
    assert_int_equal(count, 0);
    assert_true(!mn_classifier_probabilities(NULL) && !mn_classifier_scores(NULL) && !mn_classifier_session(NULL));
    mn_classifier_close(&classifier);
    mn_classifier_close(&classifier);
    mn_classifier_close(NULL);
    mn_image_close(&image);
    mn_model_close(&model);
}

static void small_steps_check_their_arguments(void **state) {
    (void)state;
    float values[3] = {1, 2, 3};
    int32_t order[3];
    const uint8_t data[3] = {0};
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    info.type = MN_UINT8;
    info.bytes = 3;
    expect(mn_dequantise(&info, data, 3, values), MN_ERROR_ARGUMENT, "uint8 with 0 scales");
    info.type = MN_FLOAT32;
    expect(mn_dequantise(&info, data, 3, values), MN_ERROR_ARGUMENT, "3 elements are asked for of a tensor with 0");
    expect(mn_dequantise(NULL, data, 3, values), MN_ERROR_ARGUMENT, "'info' is NULL");
    expect(mn_dequantise(&info, NULL, 0, values), MN_ERROR_ARGUMENT, "'data' is NULL");
    expect(mn_softmax(values, 0), MN_ERROR_ARGUMENT, "0 values");
    expect(mn_softmax(NULL, 3), MN_ERROR_ARGUMENT, "'values' is NULL");
    expect(mn_top_k(values, 3, 4, order), MN_ERROR_ARGUMENT, "the best 4 of 3");
    expect(mn_top_k(values, 3, 0, order), MN_ERROR_ARGUMENT, "the best 0 of 3");
    expect(mn_top_k(values, 3, 1, NULL), MN_ERROR_ARGUMENT, "'out' is NULL");
    assert_string_equal(mn_ending_name(MN_ENDS_IN_SIGMOID), "sigmoid");
    assert_string_equal(mn_ending_name((mn_ending_kind)9), "unknown");
}

/* ---- Threads ----------------------------------------------------------------------------------------- */

typedef struct worker {
    pthread_t thread;
    const mn_model *model;
    const uint8_t *rgb;
    mn_class best[UNITS];
    bool good;
} worker;

static void *work(void *context) {
    worker *w = context;
    mn_classifier *classifier = NULL;
    mn_image *image = NULL;
    int32_t count = 0;
    mn_frame frame = MN_INIT(mn_frame);
    frame.pixels = w->rgb;
    frame.width = frame.height = SIDE;
    w->good =
        mn_image_from_pixels(&frame, &image) == MN_OK && mn_classifier_create(w->model, NULL, &classifier) == MN_OK;
    for (int i = 0; i < 20 && w->good; i++)
        w->good = mn_classify(classifier, image, UNITS, w->best, &count) == MN_OK && count == UNITS;
    mn_classifier_close(&classifier);
    mn_image_close(&image);
    return NULL;
}

static void threads_share_a_model(void **state) {
    (void)state;
    enum { THREADS = 4 };
    uint8_t rgb[PIXELS * 3];
    worker workers[THREADS];
    mn_model *model = make_model(MN_INT8, UNITS, MN_OP_SOFTMAX, NULL);
    mn_image *image = make_image(rgb);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.model = model, .rgb = rgb};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_true(workers[i].good);
        for (int k = 0; k < UNITS; k++) {
            assert_int_equal(workers[i].best[k].index, workers[0].best[k].index);
            assert_true(workers[i].best[k].score == workers[0].best[k].score);
        }
    }
    mn_image_close(&image);
    mn_model_close(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_the_steps),
        cmocka_unit_test(one_unit_is_two_classes),
        cmocka_unit_test(names_come_from_caller_model_or_imagenet),
        cmocka_unit_test(labels_that_do_not_fit),
        cmocka_unit_test(options_reach_input_output_and_session),
        cmocka_unit_test(resized_inputs_are_filled),
        cmocka_unit_test(batches_are_filled_image_by_image),
        cmocka_unit_test(models_that_are_no_classifiers),
        cmocka_unit_test(arguments_that_are_missing),
        cmocka_unit_test(small_steps_check_their_arguments),
        cmocka_unit_test(threads_share_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
