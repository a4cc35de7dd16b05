/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A sum shares the scale of its operands where their ranges are alike, and not where it would cost one of them many
 * steps; the scheme keeps one range for all that share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quant/sums.h"
#include "support/quant_network.h"

static void expect_ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

/* A scheme in which every activation has the range -1..1. */
static void open_scheme(mn_graph *graph, mn_scheme *scheme) {
    quant_network_graph(graph);
    expect_ok(mn_scheme_create(graph, (mn_interval){-1, 1}, MN_SCALES_PER_CHANNEL, scheme));
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        if (mn_scheme_is_open(scheme, i)) scheme->range[i] = (mn_interval){-1, 1};
    }
    expect_ok(mn_scheme_share_ranges(scheme));
}

static void close_scheme(mn_graph *graph, mn_scheme *scheme) {
    mn_scheme_free(scheme);
    mn_graph_free(graph);
}

static bool is_joined(const mn_scheme *scheme, const mn_op *op) {
    const int32_t out = scheme->leader[op->outputs[0]];
    return scheme->leader[op->inputs[0]] == out && scheme->leader[op->inputs[1]] == out;
}

static const mn_op *find_add(const mn_graph *graph, int32_t number) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (graph->ops[i].kind == MN_OP_ADD && number-- == 0) return &graph->ops[i];
    }
    fail_msg("too few additions");
    return NULL;
}

static void it_joins_what_is_alike(void **state) {
    (void)state;
    mn_graph graph;
    mn_scheme scheme;
    open_scheme(&graph, &scheme);
    const mn_op *first = find_add(&graph, 0);
    scheme.range[first->outputs[0]] = (mn_interval){-1.1f, 1};
    scheme.range[first->inputs[1]] = (mn_interval){-1, 1.05f};
    expect_ok(mn_scheme_share_sums(&scheme));
    for (int32_t i = 0; i < graph.op_count; i++) {
        const mn_op *op = &graph.ops[i];
        if (op->kind == MN_OP_ADD) assert_true(is_joined(&scheme, op));
        if (op->kind == MN_OP_DEPTHWISE_CONV_2D) {
            assert_int_not_equal(scheme.leader[op->inputs[0]], scheme.leader[op->outputs[0]]);
        }
    }
    const mn_step8 step = mn_scheme_step(&scheme, first->inputs[0]), wanted = mn_step8_of((mn_interval){-1.1f, 1.05f});
    assert_true(step.scale == wanted.scale && step.zero == wanted.zero);
    close_scheme(&graph, &scheme);
}

/* Two small operands of a larger sum. */
static void it_leaves_what_is_small(void **state) {
    (void)state;
    mn_graph graph;
    mn_scheme scheme;
    open_scheme(&graph, &scheme);
    const mn_op *first = find_add(&graph, 0);
    for (int32_t k = 0; k < 2; k++) scheme.range[first->inputs[k]] = (mn_interval){-0.25f, 0.25f};
    expect_ok(mn_scheme_share_sums(&scheme));
    assert_false(is_joined(&scheme, first));
    assert_true(mn_scheme_step(&scheme, first->inputs[0]).scale == mn_step8_of((mn_interval){-0.25f, 0.25f}).scale);
    assert_true(is_joined(&scheme, find_add(&graph, 1)));
    close_scheme(&graph, &scheme);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_joins_what_is_alike),
        cmocka_unit_test(it_leaves_what_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
