/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which operators take a batch, and what becomes of shapes that a file fixes for one image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session/batch.h"

enum { BATCH = 3 };

/* y = op(x), or op(x, x2) when x2 has dimensions. */
typedef struct one_op {
    mn_op_kind kind;
    mn_shape x, x2;
    mn_op_attr attr;
} one_op;

static mn_tensor tensor(const char *name, const mn_shape *shape) {
    mn_tensor made = {.name = name, .type = MN_FLOAT32, .rank = shape->rank};
    memcpy(made.dims, shape->dims, sizeof made.dims);
    return made;
}

/* The status of a batch of three, and the text of the output's shape where that is known. */
static mn_status try_batch(const one_op *one, char text[MN_SHAPE_TEXT]) {
    const mn_shape unknown = {0};
    mn_tensor tensors[3] = {tensor("x", &one->x), tensor("x2", &one->x2), tensor("y", &unknown)};
    int32_t indices[] = {0, 1, 2};
    mn_op op = {.kind = one->kind,
                .input_count = one->x2.rank > 0 ? 2 : 1,
                .inputs = indices,
                .output_count = 1,
                .outputs = &indices[2],
                .attr = one->attr};
    mn_graph graph = {.name = "m",
                      .tensor_count = 3,
                      .tensors = tensors,
                      .op_count = 1,
                      .ops = &op,
                      .input_count = op.input_count,
                      .inputs = indices,
                      .output_count = 1,
                      .outputs = &indices[2]};
    mn_shape shapes[3] = {one->x, one->x2};
    mn_status status = mn_graph_check(&graph);
    if (status == MN_OK) status = mn_batch_inputs(&graph, BATCH, shapes);
    if (status == MN_OK) status = mn_graph_infer_shapes(&graph, shapes, NULL);
    if (status == MN_OK) status = mn_batch_check(&graph, BATCH, shapes);
    if (status == MN_OK) mn_shape_text(&shapes[2], text);
    mn_graph_free(&graph);
    return status;
}

static void expect_batch(const one_op *one, const char *shape) {
    char text[MN_SHAPE_TEXT] = "";
    if (try_batch(one, text) != MN_OK) fail_msg("%s", mn_error_detail());
    assert_string_equal(text, shape);
}

static void expect_refusal(const one_op *one, mn_status status) {
    char text[MN_SHAPE_TEXT];
    assert_int_equal(try_batch(one, text), status);
}

static void test_reshape(void **state) {
    (void)state;
    one_op one = {MN_OP_RESHAPE, {4, {1, 1, 2, 5}}, {0}, {.list_count = 2, .list = {1, 10}}};
    expect_batch(&one, "3x10");
    one.attr.list[0] = -1;
    expect_batch(&one, "3x10");
    one.attr = (mn_op_attr){.list_count = 2, .list = {1, -1}}; /* to TFLite this is 1x30 */
    expect_refusal(&one, MN_ERROR_UNSUPPORTED);
    one.attr = (mn_op_attr){.list_count = 2, .list = {2, 5}};
    expect_refusal(&one, MN_ERROR_FORMAT);
    one.attr = (mn_op_attr){.list_count = 1, .list = {10}};
    expect_refusal(&one, MN_ERROR_FORMAT);
}

/* Before a graph is checked a file's stale shapes must not make a wrong reshape look like one of a batch. */
static void test_stale_shapes(void **state) {
    (void)state;
    const mn_shape x = {2, {3, 10}}, stale = {2, {1, 10}};
    mn_tensor tensors[] = {tensor("x", &x), tensor("h", &stale), tensor("y", &stale)};
    int32_t indices[] = {0, 1, 2};
    mn_op ops[2];
    for (int32_t i = 0; i < 2; i++) {
        ops[i] = (mn_op){.kind = i == 0 ? MN_OP_RELU : MN_OP_RESHAPE,
                         .input_count = 1,
                         .inputs = &indices[i],
                         .output_count = 1,
                         .outputs = &indices[i + 1],
                         .attr = {.list_count = 2, .list = {1, 10}}};
    }
    mn_graph graph = {.name = "m",
                      .tensor_count = 3,
                      .tensors = tensors,
                      .op_count = 2,
                      .ops = ops,
                      .input_count = 1,
                      .inputs = indices,
                      .output_count = 1,
                      .outputs = &indices[2]};
    assert_int_equal(mn_graph_check(&graph), MN_ERROR_FORMAT);
    mn_graph_free(&graph);
}

static void test_images_stay_apart(void **state) {
    (void)state;
    one_op one = {MN_OP_RELU, {4, {1, 2, 3, 4}}, {0}, {0}};
    expect_batch(&one, "3x2x3x4");
    one.x.dims[0] = 2;
    expect_refusal(&one, MN_ERROR_UNSUPPORTED);
    one = (one_op){MN_OP_MEAN, {4, {1, 2, 3, 4}}, {0}, {.list_count = 2, .list = {1, 2}}};
    expect_batch(&one, "3x4");
    one.attr = (mn_op_attr){.list_count = 1, .list = {0}, .keep_dims = true};
    expect_refusal(&one, MN_ERROR_UNSUPPORTED);
    one = (one_op){MN_OP_TRANSPOSE, {3, {1, 1, 4}}, {0}, {.list_count = 3, .list = {0, 2, 1}}};
    expect_batch(&one, "3x4x1");
    one.attr = (mn_op_attr){.list_count = 3, .list = {1, 0, 2}};
    expect_refusal(&one, MN_ERROR_UNSUPPORTED);
    one = (one_op){MN_OP_CONCATENATION, {2, {1, 4}}, {2, {1, 5}}, {.axis = 1}};
    expect_batch(&one, "3x9");
    one = (one_op){MN_OP_CONCATENATION, {2, {1, 4}}, {2, {1, 4}}, {.axis = 0}};
    expect_refusal(&one, MN_ERROR_UNSUPPORTED);
    one = (one_op){MN_OP_SQUEEZE, {3, {1, 1, 4}}, {0}, {0}};
    expect_refusal(&one, MN_ERROR_UNSUPPORTED);
}

/* [3, 4] beside [3, 5, 3, 4] would add image 2's vector to column 2 of every image. */
static void test_operands_of_other_ranks(void **state) {
    (void)state;
    one_op one = {MN_OP_ADD, {4, {1, 5, 3, 4}}, {4, {1, 1, 1, 4}}, {0}};
    expect_batch(&one, "3x5x3x4");
    one.x2 = (mn_shape){2, {1, 4}};
    expect_refusal(&one, MN_ERROR_UNSUPPORTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reshape),
        cmocka_unit_test(test_stale_shapes),
        cmocka_unit_test(test_images_stay_apart),
        cmocka_unit_test(test_operands_of_other_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
