/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators that move elements, and integers that follow from shapes: what a plan makes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/slice.h"
#include "kernels/resize.h"
#include "mobilenet_inspect.h"
#include "support/model_builder.h"
#include "tflite/write.h"

typedef struct fixture {
    model_builder b;
    uint8_t *file;
    mn_model *model;
} fixture;

/* Writes what was built, and opens it. */
static void open_built(fixture *f, int32_t input, int32_t output) {
    size_t bytes;
    mb_ends(&f->b, input, output);
    if (mn_tflite_write(&f->b.graph, &f->file, &bytes) != MN_OK) fail_msg("%s", mn_error_detail());
    if (mn_model_from_memory(f->file, bytes, "built", &f->model) != MN_OK) fail_msg("%s", mn_error_detail());
}

static void close_built(fixture *f) {
    mn_model_close(&f->model);
    mn_graph_free(&f->b.graph);
    free(f->file);
}

static mn_session *open_session(const fixture *f, const mn_session_options *options) {
    mn_session *session = NULL;
    if (mn_session_create(f->model, options, &session) != MN_OK) fail_msg("%s", mn_error_detail());
    return session;
}

static mn_tensor_info tensor_of(const mn_session *session, int32_t index) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    assert_int_equal(mn_session_tensor(session, index, &info), MN_OK);
    return info;
}

/* Image `image` of a pattern; floats are small and exact. */
static void fill(void *to, const mn_tensor_info *info, size_t bytes, int32_t image) {
    uint32_t seed = 77u + (uint32_t)image;
    for (size_t i = 0; i < bytes / mn_type_size(info->type); i++) {
        seed = seed * 1664525u + 1013904223u;
        if (info->type == MN_FLOAT32) {
            ((float *)to)[i] = (float)(int32_t)(seed >> 22) / 64.0f - 8.0f;
        } else {
            ((uint8_t *)to)[i] = (uint8_t)(seed >> 24);
        }
    }
}

static void run(const fixture *f, mn_session *session, int32_t images) {
    const mn_tensor_info in = tensor_of(session, mn_model_input(f->model, 0));
    const size_t bytes = in.bytes / (size_t)images;
    for (int32_t i = 0; i < images; i++) fill((char *)mn_session_input(session, 0) + (size_t)i * bytes, &in, bytes, i);
    assert_int_equal(mn_session_run(session), MN_OK);
}

/* Fused and layer by layer, on every tier and as a batch: the same bytes. */
static void expect_one_answer(const fixture *f) {
    enum { IMAGES = 3 };
    mn_session_options options = MN_INIT(mn_session_options);
    options.keep_tensors = true;
    options.cpu = "ref";
    mn_session *layers = open_session(f, &options);
    run(f, layers, 1);
    const size_t bytes = tensor_of(layers, mn_model_output(f->model, 0)).bytes;
    for (int32_t tier = 0; mn_cpu_tier(tier); tier++) {
        options = (mn_session_options)MN_INIT(mn_session_options);
        options.cpu = mn_cpu_tier(tier);
        options.batch = tier % 2 ? IMAGES : 1;
        options.threads = 1 + tier % 3;
        mn_session *session = open_session(f, &options);
        run(f, session, options.batch);
        assert_int_equal(tensor_of(session, mn_model_output(f->model, 0)).bytes, bytes * (size_t)options.batch);
        if (tensor_of(layers, mn_model_output(f->model, 0)).type != MN_FLOAT32) {
            assert_memory_equal(mn_session_output(session, 0), mn_session_output(layers, 0), bytes);
        } else {
            const float *a = mn_session_output(session, 0), *b = mn_session_output(layers, 0);
            for (size_t i = 0; i < bytes / sizeof *a; i++) assert_float_equal(a[i], b[i], 1e-4f);
        }
        mn_session_close(&session);
    }
    mn_session_close(&layers);
}

static void test_layers(void **state) {
    (void)state;
    const mn_type types[] = {MN_FLOAT32, MN_INT8, MN_UINT8};
    for (int32_t i = 0; i < 3 * 12 * MB_MOVING_LAYERS; i++) {
        fixture f;
        mb_open(&f.b, types[i % 3], (uint32_t)i + 1);
        const int32_t dims[4] = {1, mb_random(&f.b, 3, 9), mb_random(&f.b, 3, 9), mb_random(&f.b, 2, 5)};
        const int32_t x = mb_tensor(&f.b, "x", types[i % 3], 4, dims);
        const int32_t y = mb_moving_layer(&f.b, i / 3 % MB_MOVING_LAYERS, x);
        open_built(&f, x, y);
        expect_one_answer(&f);
        close_built(&f);
    }
}

/* What is moved needs no scale. */
static void test_without_scales(void **state) {
    (void)state;
    static const int32_t layers[] = {0, 1, 3, 4, 5}; /* in the others are a CONCATENATION and a convolution */
    enum { LAYERS = sizeof layers / sizeof layers[0] };
    const mn_type types[] = {MN_INT8, MN_UINT8};
    for (int32_t i = 0; i < 2 * 4 * LAYERS; i++) {
        fixture f;
        mb_open(&f.b, types[i % 2], (uint32_t)i + 1);
        const int32_t dims[4] = {1, mb_random(&f.b, 3, 9), mb_random(&f.b, 3, 9), mb_random(&f.b, 2, 5)};
        const int32_t x = mb_tensor(&f.b, "x", types[i % 2], 4, dims);
        const int32_t y = mb_moving_layer(&f.b, layers[i / 2 % LAYERS], x);
        for (int32_t t = 0; t < f.b.graph.tensor_count; t++) f.b.graph.tensors[t].quant = (mn_quant){0};
        open_built(&f, x, y);
        expect_one_answer(&f);
        close_built(&f);
    }
}

/* BATCH_TO_SPACE_ND pads nothing, so it needs no zero point either. */
static void test_batches_without_scales(void **state) {
    (void)state;
    static const int32_t from[4] = {4, 1, 1, 2}, to[4] = {1, 2, 2, 2}, block[2] = {2, 2}, crop_shape[2] = {2, 2};
    fixture f;
    mb_open(&f.b, MN_INT8, 1);
    const int32_t x = mb_tensor(&f.b, "x", MN_INT8, 4, from), y = mb_tensor(&f.b, "y", MN_INT8, 4, to);
    const int32_t crops = mb_constant(&f.b, "crops", MN_INT32, 2, crop_shape);
    memset((void *)(uintptr_t)f.b.graph.tensors[crops].data, 0, f.b.graph.tensors[crops].bytes);
    mn_op *op = mb_op(&f.b, MN_OP_BATCH_TO_SPACE_ND, 2, 3, (int32_t[]){x, mb_list(&f.b, "block", 2, block), crops}, y);
    op->attr.list_count = 2;
    memcpy(op->attr.list, block, sizeof block);
    f.b.graph.tensors[x].quant = f.b.graph.tensors[y].quant = (mn_quant){0};
    open_built(&f, x, y);
    mn_session *session = open_session(&f, NULL);
    run(&f, session, 1);
    assert_memory_equal(mn_session_output(session, 0), mn_session_input(session, 0), 8); /* of blocks of one pixel */
    mn_session_close(&session);
    close_built(&f);
}

/* ---- What costs nothing ----------------------------------------------------------------------------------- */

static int32_t count_steps(const fixture *f, bool aliases) {
    mn_session *session = open_session(f, NULL);
    int32_t count = 0;
    for (int32_t i = 0; i < mn_session_step_count(session); i++) {
        mn_step_info step = MN_INIT(mn_step_info);
        assert_int_equal(mn_session_step(session, i, &step), MN_OK);
        count += (strcmp(step.kernel, "alias") == 0) == aliases;
    }
    mn_session_close(&session);
    return count;
}

static void test_what_vanishes(void **state) {
    (void)state;
    const int32_t dims[4] = {1, 4, 6, 3};
    fixture f;
    mb_open(&f.b, MN_INT8, 1);
    const int32_t x = mb_tensor(&f.b, "x", MN_INT8, 4, dims), same = mb_alike(&f.b, "same", x, 4, dims),
                  all = mb_alike(&f.b, "all", x, 4, dims), up = mb_alike(&f.b, "up", x, 4, (int32_t[]){1, 5, 6, 3});
    const int32_t size = mb_list(&f.b, "size", 2, (int32_t[]){4, 6}),
                  larger = mb_list(&f.b, "size", 2, (int32_t[]){5, 6});
    const int32_t begin = mb_list(&f.b, "begin", 4, (int32_t[]){0, 0, 0, 0}), end = mb_list(&f.b, "end", 4, dims),
                  step = mb_list(&f.b, "step", 4, (int32_t[]){1, 1, 1, 1});
    mb_op(&f.b, MN_OP_RESIZE_BILINEAR, 3, 2, (int32_t[]){x, size}, same);
    mb_op(&f.b, MN_OP_STRIDED_SLICE, 2, 4, (int32_t[]){same, begin, end, step}, all)->attr.slice.end_mask = 1;
    mb_op(&f.b, MN_OP_RESIZE_NEAREST_NEIGHBOR, 3, 2, (int32_t[]){all, larger}, up);
    open_built(&f, x, up);
    assert_int_equal(count_steps(&f, true), 2);
    assert_int_equal(count_steps(&f, false), 1);
    expect_one_answer(&f);
    close_built(&f);
}

enum { RESIZE, SLICE, SPLIT, PACK, REPEAT, ROWS, DILATED };

/* The layers of model_layers.c as steps: kernels and aliases. */
static void test_steps_of_layers(void **state) {
    (void)state;
    static const struct { int32_t layer, kernels, aliases; } cases[] = {{REPEAT, 1, 2}, {ROWS, 0, 2}, {DILATED, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture f;
        mb_open(&f.b, MN_INT8, 9);
        const int32_t x = mb_tensor(&f.b, "x", MN_INT8, 4, (int32_t[]){1, 5, 6, 4});
        open_built(&f, x, mb_moving_layer(&f.b, cases[i].layer, x));
        assert_int_equal(count_steps(&f, false), cases[i].kernels);
        assert_int_equal(count_steps(&f, true), cases[i].aliases);
        close_built(&f);
    }
}

/* Only what depends on the input is left: a constant is turned, cut and added to itself at load. */
static void test_constants_are_folded(void **state) {
    (void)state;
    fixture f;
    mb_open(&f.b, MN_FLOAT32, 3);
    const int32_t x = mb_tensor(&f.b, "x", MN_FLOAT32, 2, (int32_t[]){3, 2}),
                  y = mb_tensor(&f.b, "y", MN_FLOAT32, 2, (int32_t[]){3, 2});
    const int32_t constant = mb_constant(&f.b, "constant", MN_FLOAT32, 2, (int32_t[]){2, 6}),
                  turned = mb_tensor(&f.b, "turned", MN_FLOAT32, 2, (int32_t[]){6, 2});
    const int32_t parts[2] = {mb_tensor(&f.b, "first", MN_FLOAT32, 2, (int32_t[]){3, 2}),
                              mb_tensor(&f.b, "second", MN_FLOAT32, 2, (int32_t[]){3, 2})};
    const int32_t sum = mb_tensor(&f.b, "sum", MN_FLOAT32, 2, (int32_t[]){3, 2});
    const int32_t order = mb_list(&f.b, "order", 2, (int32_t[]){1, 0}), axis = mb_number(&f.b, "axis", 0);
    mn_op *op = mb_op(&f.b, MN_OP_TRANSPOSE, 1, 2, (int32_t[]){constant, order}, turned);
    op->attr.list_count = 2;
    op->attr.list[0] = 1;
    mb_op_parts(&f.b, MN_OP_SPLIT, 1, 2, (int32_t[]){axis, turned}, 2, parts);
    mb_op(&f.b, MN_OP_ADD, 1, 2, parts, sum);
    mb_op(&f.b, MN_OP_MUL, 1, 2, (int32_t[]){x, sum}, y);
    const float *c = f.b.graph.tensors[constant].data;
    open_built(&f, x, y);
    assert_int_equal(count_steps(&f, false), 1);
    mn_session *session = open_session(&f, NULL);
    float *in = mn_session_input(session, 0);
    for (int32_t i = 0; i < 6; i++) in[i] = 1;
    assert_int_equal(mn_session_run(session), MN_OK);
    const float *out = mn_session_output(session, 0);
    for (int32_t i = 0; i < 3; i++) {
        for (int32_t k = 0; k < 2; k++) assert_true(out[2 * i + k] == c[6 * k + i] + c[6 * k + 3 + i]);
    }
    mn_session_close(&session);
    close_built(&f);
}

/* ---- Inputs of another size ---------------------------------------------------------------------------------- */

/* x -> RESIZE_NEAREST_NEIGHBOR to SHAPE(x)[1:3] * 2, as UpSampling2D of an image of any size writes it. */
static void build_doubled(fixture *f, int32_t *x, int32_t *y) {
    const int32_t two = 2, four = 4;
    mb_open(&f->b, MN_UINT8, 1);
    *x = mb_tensor(&f->b, "x", MN_UINT8, 4, (int32_t[]){1, 2, 2, 1});
    *y = mb_alike(&f->b, "y", *x, 4, (int32_t[]){1, 4, 4, 1});
    const int32_t shape = mb_tensor(&f->b, "shape", MN_INT32, 1, &four),
                  part = mb_tensor(&f->b, "part", MN_INT32, 1, &two),
                  size = mb_tensor(&f->b, "size", MN_INT32, 1, &two);
    const int32_t begin = mb_list(&f->b, "begin", 1, (int32_t[]){1}), end = mb_list(&f->b, "end", 1, (int32_t[]){-1}),
                  step = mb_list(&f->b, "step", 1, (int32_t[]){1}), by = mb_number(&f->b, "by", 2);
    mb_op(&f->b, MN_OP_SHAPE, 1, 1, x, shape);
    mb_op(&f->b, MN_OP_STRIDED_SLICE, 1, 4, (int32_t[]){shape, begin, end, step}, part);
    mb_op(&f->b, MN_OP_MUL, 1, 2, (int32_t[]){part, by}, size);
    mb_op(&f->b, MN_OP_RESIZE_NEAREST_NEIGHBOR, 1, 2, (int32_t[]){*x, size}, *y);
}

static void test_sizes_follow_the_input(void **state) {
    (void)state;
    fixture f;
    int32_t x, y;
    build_doubled(&f, &x, &y);
    open_built(&f, x, y);
    const mn_input_shape larger = {.input = 0, .rank = 4, .dims = {1, 3, 1, 1}};
    mn_session_options options = MN_INIT(mn_session_options);
    options.input_shapes = &larger;
    options.input_shape_count = 1;
    mn_session *session = open_session(&f, &options);
    const mn_tensor_info out = tensor_of(session, mn_model_output(f.model, 0));
    assert_memory_equal(out.dims, ((int32_t[]){1, 6, 2, 1}), 4 * sizeof(int32_t));
    memcpy(mn_session_input(session, 0), "abc", 3);
    assert_int_equal(mn_session_run(session), MN_OK);
    assert_memory_equal(mn_session_output(session, 0), "aaaabbbbcccc", 12);
    mn_session_close(&session);
    close_built(&f);
}

/* x[:, :SHAPE(x)[1] - 1]: what a kernel takes is fixed when the model is loaded. */
static void test_computed_slices_need_their_size(void **state) {
    (void)state;
    fixture f;
    const int32_t two = 2;
    mb_open(&f.b, MN_UINT8, 1);
    const int32_t x = mb_tensor(&f.b, "x", MN_UINT8, 2, (int32_t[]){1, 5}),
                  y = mb_alike(&f.b, "y", x, 2, (int32_t[]){1, 4});
    const int32_t shape = mb_tensor(&f.b, "shape", MN_INT32, 1, &two), end = mb_tensor(&f.b, "end", MN_INT32, 1, &two);
    const int32_t begin = mb_list(&f.b, "begin", 2, (int32_t[]){0, 0}),
                  step = mb_list(&f.b, "step", 2, (int32_t[]){1, 1}),
                  less = mb_list(&f.b, "less", 2, (int32_t[]){0, 1});
    mb_op(&f.b, MN_OP_SHAPE, 1, 1, &x, shape);
    mb_op(&f.b, MN_OP_SUB, 1, 2, (int32_t[]){shape, less}, end);
    mb_op(&f.b, MN_OP_STRIDED_SLICE, 1, 4, (int32_t[]){x, begin, end, step}, y);
    open_built(&f, x, y);
    mn_session *session = open_session(&f, NULL);
    memcpy(mn_session_input(session, 0), "abcde", 5);
    assert_int_equal(mn_session_run(session), MN_OK);
    assert_memory_equal(mn_session_output(session, 0), "abcd", 4);
    mn_session_close(&session);
    const mn_input_shape larger = {.input = 0, .rank = 2, .dims = {1, 6}};
    mn_session_options options = MN_INIT(mn_session_options);
    options.input_shapes = &larger;
    options.input_shape_count = 1;
    assert_int_equal(mn_session_create(f.model, &options, &session), MN_ERROR_UNSUPPORTED);
    assert_non_null(strstr(mn_error_detail(), "depends on the size of the input"));
    close_built(&f);
}

/* ---- Refused ---------------------------------------------------------------------------------------------- */

static void expect_refusal(fixture *f, int32_t input, int32_t output, const char *sentence) {
    mn_model *model = NULL;
    size_t bytes;
    mb_ends(&f->b, input, output);
    assert_int_equal(mn_tflite_write(&f->b.graph, &f->file, &bytes), MN_OK);
    assert_int_not_equal(mn_model_from_memory(f->file, bytes, "built", &model), MN_OK);
    if (!strstr(mn_error_detail(), sentence)) fail_msg("\"%s\" says not \"%s\"", mn_error_detail(), sentence);
    mn_graph_free(&f->b.graph);
    free(f->file);
}

static void test_integers_of_the_input(void **state) {
    (void)state;
    fixture f;
    const int32_t two = 2;
    mb_open(&f.b, MN_FLOAT32, 1);
    int32_t x = mb_tensor(&f.b, "x", MN_INT32, 1, &two), y = mb_tensor(&f.b, "y", MN_INT64, 1, &two);
    mb_op(&f.b, MN_OP_CAST, 1, 1, &x, y);
    expect_refusal(&f, x, y, "works on integers that do not follow from shapes");

    mb_open(&f.b, MN_FLOAT32, 1);
    x = mb_tensor(&f.b, "x", MN_FLOAT32, 2, (int32_t[]){2, 2});
    y = mb_tensor(&f.b, "y", MN_INT32, 1, &two);
    mb_op(&f.b, MN_OP_SHAPE, 1, 1, &x, y);
    expect_refusal(&f, x, y, "holds sizes of tensors, not results");

    mb_open(&f.b, MN_FLOAT32, 1);
    x = mb_tensor(&f.b, "x", MN_INT32, 1, &two);
    y = mb_tensor(&f.b, "y", MN_FLOAT32, 2, (int32_t[]){2, 2});
    const int32_t constant = mb_constant(&f.b, "constant", MN_FLOAT32, 2, (int32_t[]){2, 2});
    mb_op(&f.b, MN_OP_RESHAPE, 1, 2, (int32_t[]){constant, x}, y);
    expect_refusal(&f, x, y, "is computed at run time; it must be constant, or follow from shapes");
}

/* ---- Parts of them ------------------------------------------------------------------------------------------ */

static void test_slices(void **state) {
    (void)state;
    const mn_shape x = {3, {4, 5, 6}};
    static const struct {
        mn_slice slice;
        const char *shape; /* of the result; NULL: refused */
        int32_t begin[3], step[3];
    } cases[] = {
        {{.count = 0}, "4x5x6", {0, 0, 0}, {1, 1, 1}},
        {{.count = 1, .begin = {1}, .end = {3}, .step = {1}}, "2x5x6", {1, 0, 0}, {1, 1, 1}},
        {{.count = 1, .begin = {-1}, .end = {-9}, .step = {-2}}, "2x5x6", {3, 0, 0}, {-2, 1, 1}},
        {{.count = 1, .begin = {1}, .end = {99}, .step = {2}}, "2x5x6", {1, 0, 0}, {2, 1, 1}},
        {{.count = 2, .begin = {9, 2}, .end = {9, 3}, .step = {1, 1}, .begin_mask = 1, .end_mask = 1},
         "4x1x6",
         {0, 2, 0},
         {1, 1, 1}},
        {{.count = 2, .begin = {0, -2}, .end = {0, 0}, .step = {1, 1}, .ellipsis_mask = 1, .shrink_axis_mask = 2},
         "4x5",
         {0, 0, 4},
         {1, 1, 1}},
        {{.count = 2, .begin = {0, 3}, .end = {0, 4}, .step = {1, 1}, .new_axis_mask = 1, .shrink_axis_mask = 2},
         "1x5x6",
         {3, 0, 0},
         {1, 1, 1}},
        {{.count = 1, .begin = {1}, .end = {2}, .step = {1}, .offset = true}, "2x5x6", {1, 0, 0}, {1, 1, 1}},
        {{.count = 1, .begin = {2}, .end = {2}, .step = {1}}, NULL, {0}, {0}},
        {{.count = 1, .begin = {2}, .end = {3}, .step = {0}}, NULL, {0}, {0}},
        {{.count = 1, .begin = {4}, .end = {5}, .step = {1}, .shrink_axis_mask = 1}, NULL, {0}, {0}},
        {{.count = 4, .begin = {0}, .end = {1, 1, 1, 1}, .step = {1, 1, 1, 1}}, NULL, {0}, {0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mn_slice_part part;
        mn_shape out;
        int32_t entry;
        char text[MN_SHAPE_TEXT];
        const char *problem = mn_slice_apply(&cases[i].slice, &x, &part, &out, &entry);
        if ((problem == NULL) != (cases[i].shape != NULL)) fail_msg("case %zu: %s", i, problem ? problem : "accepted");
        if (problem) continue;
        assert_string_equal(mn_shape_text(&out, text), cases[i].shape);
        assert_memory_equal(part.begin, cases[i].begin, sizeof cases[i].begin);
        assert_memory_equal(part.step, cases[i].step, sizeof cases[i].step);
    }
}

static void test_taps(void **state) {
    (void)state;
    mn_resize_tap taps[6];
    mn_resize_taps_nearest(3, 6, false, false, taps);
    for (int32_t i = 0; i < 6; i++) assert_int_equal(taps[i].low, i / 2);
    mn_resize_taps_nearest(5, 2, true, false, taps);
    assert_int_equal(taps[1].low, 4);
    mn_resize_taps_bilinear(2, 4, false, true, taps);
    const float parts[] = {-0.25f, 0.25f, 0.75f, 0.25f};
    const int32_t lows[] = {0, 0, 0, 1}, highs[] = {0, 1, 1, 1};
    for (int32_t i = 0; i < 4; i++) {
        assert_int_equal(taps[i].low, lows[i]);
        assert_int_equal(taps[i].high, highs[i]);
        assert_true(taps[i].part == parts[i]);
        assert_int_equal(taps[i].part_q10, (int32_t)(parts[i] * 1024));
    }
    mn_resize_taps_bilinear(4, 3, true, false, taps);
    assert_true(taps[1].low == 1 && taps[1].part == 0.5f && taps[2].low == 3 && taps[2].part == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_without_scales),
        cmocka_unit_test(test_batches_without_scales),
        cmocka_unit_test(test_what_vanishes),
        cmocka_unit_test(test_steps_of_layers),
        cmocka_unit_test(test_constants_are_folded),
        cmocka_unit_test(test_sizes_follow_the_input),
        cmocka_unit_test(test_computed_slices_need_their_size),
        cmocka_unit_test(test_integers_of_the_input),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_taps),
    };
    return cmocka_run_group_tests_name("move", tests, NULL, NULL);
}
