/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the writer writes, the reader reads: graphs of every operator and type come back equal. Run with a folder as
 * argument it writes small models there instead: the seeds of fuzz/corpus/model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/model_builder.h"
#include "tflite/flatbuffer.h"
#include "tflite/read.h"
#include "tflite/write.h"

static const mn_type types[] = {MN_FLOAT32, MN_INT8, MN_UINT8};

static void expect_same_tensor(const mn_tensor *a, const mn_tensor *b) {
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->rank, b->rank);
    assert_memory_equal(a->dims, b->dims, sizeof a->dims);
    assert_int_equal(a->bytes, b->bytes);
    assert_int_equal(a->quant.count, b->quant.count);
    if (a->quant.count > 0) {
        assert_int_equal(a->quant.axis, b->quant.axis);
        assert_memory_equal(a->quant.scale, b->quant.scale, (size_t)a->quant.count * sizeof(float));
        assert_memory_equal(a->quant.zero_point, b->quant.zero_point, (size_t)a->quant.count * sizeof(int32_t));
    }
    if (a->type == MN_INT32 && !a->data) return; /* known once shapes are */
    if (a->type == MN_INT64 && !a->data) return;
    assert_int_equal(a->data != NULL, b->data != NULL);
    if (a->data) assert_memory_equal(a->data, b->data, a->bytes);
}

static void expect_same_op(const mn_op *a, const mn_op *b) {
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->version, b->version);
    assert_int_equal(a->input_count, b->input_count);
    assert_memory_equal(a->inputs, b->inputs, (size_t)a->input_count * sizeof *a->inputs);
    assert_int_equal(a->output_count, b->output_count);
    assert_memory_equal(a->outputs, b->outputs, (size_t)a->output_count * sizeof *a->outputs);
    const mn_op_attr *p = &a->attr, *q = &b->attr;
    assert_int_equal(p->activation, q->activation);
    assert_int_equal(p->padding, q->padding);
    assert_int_equal(p->stride_h, q->stride_h);
    assert_int_equal(p->stride_w, q->stride_w);
    assert_int_equal(p->dilation_h, q->dilation_h);
    assert_int_equal(p->dilation_w, q->dilation_w);
    assert_int_equal(p->depth_multiplier, q->depth_multiplier);
    assert_int_equal(p->filter_h, q->filter_h);
    assert_int_equal(p->filter_w, q->filter_w);
    assert_int_equal(p->axis, q->axis);
    assert_int_equal(p->keep_dims, q->keep_dims);
    assert_memory_equal(&p->beta, &q->beta, sizeof p->beta);
    assert_memory_equal(&p->alpha, &q->alpha, sizeof p->alpha);
    assert_int_equal(p->align_corners, q->align_corners);
    assert_int_equal(p->half_pixel_centers, q->half_pixel_centers);
    assert_memory_equal(p->pad, q->pad, sizeof p->pad);
    assert_memory_equal(&p->slice, &q->slice, offsetof(mn_slice, offset)); /* padding follows that */
    assert_int_equal(p->slice.offset, q->slice.offset);
    assert_int_equal(p->computed, q->computed);
    if (p->computed) return; /* once shapes are known */
    assert_int_equal(p->list_count, q->list_count);
    assert_memory_equal(p->list, q->list, sizeof p->list);
}

static void expect_same_graph(const mn_graph *a, const mn_graph *b) {
    assert_string_equal(a->description, b->description);
    assert_int_equal(a->tensor_count, b->tensor_count);
    for (int32_t i = 0; i < a->tensor_count; i++) expect_same_tensor(&a->tensors[i], &b->tensors[i]);
    assert_int_equal(a->op_count, b->op_count);
    for (int32_t i = 0; i < a->op_count; i++) expect_same_op(&a->ops[i], &b->ops[i]);
    assert_int_equal(a->input_count, b->input_count);
    assert_memory_equal(a->inputs, b->inputs, (size_t)a->input_count * sizeof *a->inputs);
    assert_int_equal(a->output_count, b->output_count);
    assert_memory_equal(a->outputs, b->outputs, (size_t)a->output_count * sizeof *a->outputs);
}

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* Every operator kind occurs, each graph is one the checker accepts, and each survives the file. */
static void test_round_trip(void **state) {
    (void)state;
    bool seen[MN_OP_KIND_COUNT] = {false};
    for (uint32_t seed = 0; seed < 300; seed++) {
        model_builder b;
        mn_graph graph;
        uint8_t *data;
        size_t bytes;
        mb_classifier(&b, types[seed % 3], seed, (int32_t)(seed % 12));
        for (int32_t i = 0; i < b.graph.op_count; i++) seen[b.graph.ops[i].kind] = true;
        expect_ok(mn_tflite_write(&b.graph, &data, &bytes));
        expect_ok(mn_tflite_read(data, bytes, "round trip", &graph));
        expect_same_graph(&b.graph, &graph);
        expect_ok(mn_graph_check(&graph));
        expect_same_graph(&b.graph, &graph); /* inference finds the shapes that were built */
        mn_graph_free(&graph);
        mn_graph_free(&b.graph);
        free(data);
    }
    for (int32_t kind = 0; kind < MN_OP_KIND_COUNT; kind++) {
        if (!seen[kind] && kind != MN_OP_CUSTOM) fail_msg("%s was never built", mn_op_name((mn_op_kind)kind));
    }
}

/* Dimensions of any size, and the signature that every file gets. */
static void test_open_dims_and_signatures_survive(void **state) {
    (void)state;
    model_builder b;
    mn_graph graph;
    uint8_t *data;
    size_t bytes;
    mb_classifier(&b, MN_INT8, 3, 4);
    const int32_t x = b.graph.inputs[0], y = b.graph.outputs[0];
    b.graph.tensors[x].open_dims = 1 | 4;
    expect_ok(mn_tflite_write(&b.graph, &data, &bytes));
    expect_ok(mn_tflite_read(data, bytes, "open", &graph));
    assert_int_equal(graph.tensors[x].open_dims, 1 | 4);
    assert_int_equal(graph.tensors[y].open_dims, 0);
    assert_int_equal(graph.signature_count, 1);
    const mn_signature *signature = &graph.signatures[0];
    assert_string_equal(signature->key, "serving_default");
    assert_int_equal(signature->input_count, 1);
    assert_int_equal(signature->inputs[0], x);
    assert_string_equal(signature->input_names[0], graph.tensors[x].name);
    assert_int_equal(signature->output_count, 1);
    assert_int_equal(signature->outputs[0], y);
    assert_string_equal(signature->output_names[0], graph.tensors[y].name);
    mn_graph_free(&graph);
    mn_graph_free(&b.graph);
    free(data);
}

static void test_equal_graphs_give_equal_bytes(void **state) {
    (void)state;
    uint8_t *data[2];
    size_t bytes[2];
    for (int32_t i = 0; i < 2; i++) {
        model_builder b;
        mb_classifier(&b, MN_INT8, 7, 8);
        expect_ok(mn_tflite_write(&b.graph, &data[i], &bytes[i]));
        mn_graph_free(&b.graph);
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(data[0], data[1], bytes[0]);
    free(data[0]);
    free(data[1]);
}

/* Constants lie at multiples of 16 in the file, and those that share memory share their place in it. */
static void test_constants_are_aligned_and_shared(void **state) {
    (void)state;
    model_builder b;
    mn_graph graph;
    uint8_t *data;
    size_t bytes;
    mb_open(&b, MN_FLOAT32, 1);
    const int32_t dims[2] = {1, 1000};
    int32_t x = mb_tensor(&b, "x", MN_FLOAT32, 2, dims), y = mb_tensor(&b, "y", MN_FLOAT32, 2, dims);
    int32_t z = mb_tensor(&b, "z", MN_FLOAT32, 2, dims), first = mb_constant(&b, "first", MN_FLOAT32, 2, dims);
    int32_t second = mb_tensor(&b, "second", MN_FLOAT32, 2, dims);
    b.graph.tensors[second].data = b.graph.tensors[first].data;
    mb_op(&b, MN_OP_ADD, 1, 2, (int32_t[]){x, first}, y);
    mb_op(&b, MN_OP_ADD, 1, 2, (int32_t[]){y, second}, z);
    mb_ends(&b, x, z);
    expect_ok(mn_tflite_write(&b.graph, &data, &bytes));
    assert_in_range(bytes, 4000, 4999);
    expect_ok(mn_tflite_read(data, bytes, "shared", &graph));
    if (mn_fb_host_order()) { /* they are not copied */
        assert_ptr_equal(graph.tensors[first].data, graph.tensors[second].data);
        assert_int_equal(((const uint8_t *)graph.tensors[first].data - data) % 16, 0);
    }
    mn_graph_free(&graph);
    mn_graph_free(&b.graph);
    free(data);
}

/* A constant whose address does not suit its type is copied to one that does. */
static void test_misaligned_constants_are_copied(void **state) {
    (void)state;
    model_builder b;
    mn_graph graph;
    uint8_t *data;
    size_t bytes;
    mb_classifier(&b, MN_FLOAT32, 3, 6);
    expect_ok(mn_tflite_write(&b.graph, &data, &bytes));
    uint8_t *moved = malloc(bytes + 1);
    assert_non_null(moved);
    memcpy(moved + 1, data, bytes);
    expect_ok(mn_tflite_read(moved + 1, bytes, "moved", &graph));
    expect_same_graph(&b.graph, &graph);
    for (int32_t i = 0; i < graph.tensor_count; i++) {
        assert_int_equal((uintptr_t)graph.tensors[i].data % mn_type_size(graph.tensors[i].type), 0);
    }
    mn_graph_free(&graph);
    mn_graph_free(&b.graph);
    free(moved);
    free(data);
}

/* ---- Seeds of the fuzzer ----------------------------------------------------------------------------- */

static int write_seed(const char *folder, const char *name, uint32_t seed, mn_graph *graph) {
    char path[512];
    uint8_t *data;
    size_t bytes;
    mn_status status = mn_tflite_write(graph, &data, &bytes);
    mn_graph_free(graph);
    if (status != MN_OK) return EXIT_FAILURE;
    snprintf(path, sizeof path, "%s/%s-%02u.tflite", folder, name, seed);
    FILE *file = fopen(path, "wb");
    bool written = file && fwrite(data, 1, bytes, file) == bytes;
    written = file && fclose(file) == 0 && written;
    free(data);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Random classifiers, and each layer that moves elements alone. */
static int write_seeds(const char *folder) {
    int result = EXIT_SUCCESS;
    model_builder b;
    for (uint32_t seed = 1; seed <= 24; seed++) {
        mb_classifier(&b, types[seed % 3], seed, (int32_t)(seed % 9));
        if (write_seed(folder, mn_type_name(types[seed % 3]), seed, &b.graph) != EXIT_SUCCESS) result = EXIT_FAILURE;
    }
    for (uint32_t seed = 1; seed <= 2 * MB_MOVING_LAYERS; seed++) {
        mb_open(&b, types[seed % 3], seed);
        const int32_t x = mb_tensor(&b, "x", types[seed % 3], 4, (int32_t[]){1, 3, 4, 2});
        mb_ends(&b, x, mb_moving_layer(&b, (int32_t)seed % MB_MOVING_LAYERS, x));
        if (write_seed(folder, "move", seed, &b.graph) != EXIT_SUCCESS) result = EXIT_FAILURE;
    }
    return result;
}

int main(int argc, char **argv) {
    if (argc == 2) return write_seeds(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_open_dims_and_signatures_survive),
        cmocka_unit_test(test_equal_graphs_give_equal_bytes),
        cmocka_unit_test(test_constants_are_aligned_and_shared),
        cmocka_unit_test(test_misaligned_constants_are_copied),
    };
    return cmocka_run_group_tests_name("tflite write", tests, NULL, NULL);
}
