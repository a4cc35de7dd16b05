/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Models of tens of thousands of operators, which files of the largest size allowed have: opened, planned and described
 * in time that grows little faster than their number. Where it grew with the square, this test would take minutes. Run
 * with a folder as argument it writes the models there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mobilenet_inspect.h"
#include "support/model_builder.h"
#include "tflite/write.h"

enum { WIDTH = 4 };

/* A graph with room for `ops` operators and all their tensors. */
static void open_large(model_builder *b, int32_t tensors, int32_t ops) {
    mb_open(b, MN_FLOAT32, 1);
    b->graph.tensors = mn_region_alloc(&b->graph.region, (size_t)tensors, sizeof *b->graph.tensors);
    b->graph.ops = mn_region_alloc(&b->graph.region, (size_t)ops, sizeof *b->graph.ops);
    assert_non_null(b->graph.tensors);
    assert_non_null(b->graph.ops);
    b->tensor_room = tensors;
    b->op_room = ops;
}

static int32_t row(model_builder *b, const char *name) {
    return mb_tensor(b, name, MN_FLOAT32, 2, (int32_t[]){1, WIDTH});
}

/* x -> RELU -> RELU6 -> ... ; the last few need the first again, so that memory is held for long. */
static void build_chain(model_builder *b, int32_t length) {
    open_large(b, length + 1, length);
    int32_t x = row(b, "x"), first = -1;
    const int32_t input = x;
    for (int32_t i = 0; i < length; i++) {
        const int32_t y = row(b, "y");
        if (i % 1000 == 999) {
            mb_op(b, MN_OP_ADD, 1, 2, (int32_t[]){x, first}, y);
        } else {
            mb_op(b, i % 2 ? MN_OP_RELU6 : MN_OP_RELU, 1, 1, &x, y);
        }
        if (i % 1000 == 0) first = y;
        x = y;
    }
    mb_ends(b, input, x);
}

/* x -> `count` FULLY_CONNECTED, with weights to pack, -> CONCATENATION: all results are in use at once. */
static void build_fan(model_builder *b, int32_t count) {
    open_large(b, count + 4, count + 1);
    const int32_t x = row(b, "x"), weights = mb_constant(b, "weights", MN_FLOAT32, 2, (int32_t[]){WIDTH, WIDTH});
    int32_t *results = malloc((size_t)count * sizeof *results);
    assert_non_null(results);
    for (int32_t i = 0; i < count; i++) {
        results[i] = row(b, "y");
        mb_op(b, MN_OP_FULLY_CONNECTED, 1, 2, (int32_t[]){x, weights}, results[i]);
    }
    const int32_t all = mb_tensor(b, "all", MN_FLOAT32, 2, (int32_t[]){1, WIDTH * count});
    mb_op(b, MN_OP_CONCATENATION, 1, count, results, all)->attr.axis = 1;
    free(results);
    mb_ends(b, x, all);
}

static uint8_t *write_large(model_builder *b, size_t *bytes) {
    uint8_t *data;
    if (mn_tflite_write(&b->graph, &data, bytes) != MN_OK) fail_msg("%s", mn_error_detail());
    mn_graph_free(&b->graph);
    return data;
}

/* Opens the model, makes a session, asks for the place of every tensor and runs it. */
static void use_large(model_builder *b, size_t most_arena) {
    size_t bytes;
    uint8_t *data = write_large(b, &bytes);
    mn_model *model = NULL;
    mn_session *session = NULL;
    if (mn_model_from_memory(data, bytes, "large", &model) != MN_OK) fail_msg("%s", mn_error_detail());
    if (mn_session_create(model, NULL, &session) != MN_OK) fail_msg("%s", mn_error_detail());
    assert_in_range(mn_session_arena_bytes(session), 1, most_arena);
    for (int32_t i = 0; i < mn_model_tensor_count(model); i++) {
        mn_placement place = MN_INIT(mn_placement);
        if (mn_session_placement(session, i, &place) != MN_OK) continue;
        assert_true(place.first <= place.last && place.offset + place.bytes <= mn_session_arena_bytes(session));
    }
    for (int32_t i = 0; i < WIDTH; i++) ((float *)mn_session_input(session, 0))[i] = 1;
    assert_int_equal(mn_session_run(session), MN_OK);
    mn_session_close(&session);
    mn_model_close(&model);
    free(data);
}

static void test_chain(void **state) {
    (void)state;
    model_builder b;
    build_chain(&b, 60000);
    use_large(&b, 16 * 64);
}

static void test_fan(void **state) {
    (void)state;
    model_builder b;
    build_fan(&b, 30000);
    use_large(&b, 31000 * 64 + 30000 * WIDTH * sizeof(float));
}

static int write_models(const char *folder) {
    for (int32_t i = 0; i < 2; i++) {
        char path[512];
        model_builder b;
        size_t bytes;
        if (i == 0) build_chain(&b, 60000);
        if (i == 1) build_fan(&b, 30000);
        uint8_t *data = write_large(&b, &bytes);
        snprintf(path, sizeof path, "%s/%s.tflite", folder, i == 0 ? "chain" : "fan");
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(data, 1, bytes, file) != bytes || fclose(file) != 0) return EXIT_FAILURE;
        free(data);
    }
    return EXIT_SUCCESS;
}

int main(int count, char **arguments) {
    if (count > 1) return write_models(arguments[1]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chain), cmocka_unit_test(test_fan)};
    return cmocka_run_group_tests_name("large", tests, NULL, NULL);
}
