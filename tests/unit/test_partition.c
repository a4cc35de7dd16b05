/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From claims to parts, on graphs whose operators mean nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend/partition.h"
#include "support/model_builder.h"

static const mn_backend plain = {.name = "plain"}, with_constants = {.name = "with constants", .constants = true};
static const mn_backend *const backends[] = {&plain, &plain, &with_constants};
enum { N = MN_OWNER_NONE, D = MN_OWNER_DONE, BACKENDS = 3 };

/* ---- Graphs from a few words -------------------------------------------------------------------------------- */

static int32_t tensor(model_builder *b) { return mb_tensor(b, "t", MN_FLOAT32, 1, (int32_t[]){2}); }

/* An operator that reads tensors `inputs`, -1 at the end, and writes `outputs` new ones, whose first is returned. */
static int32_t op(model_builder *b, int32_t outputs, const int32_t *inputs) {
    int32_t made[4], count = 0;
    while (inputs[count] >= 0) count++;
    for (int32_t i = 0; i < outputs; i++) made[i] = tensor(b);
    mb_custom(b, "any", NULL, 0, count, inputs, outputs, made);
    return made[0];
}

#define OP(b, outputs, ...) op(b, outputs, (const int32_t[]){__VA_ARGS__, -1})

/* ---- What is asked of every partition ------------------------------------------------------------------------- */

static int32_t producer_of(const mn_graph *graph, int32_t t) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        for (int32_t k = 0; k < graph->ops[i].output_count; k++) {
            if (graph->ops[i].outputs[k] == t) return i;
        }
    }
    return -1;
}

static bool lists(const int32_t *list, int32_t count, int32_t value) {
    for (int32_t i = 0; i < count; i++) {
        if (list[i] == value) return true;
    }
    return false;
}

typedef struct checking {
    const mn_graph *graph;
    const int32_t *owners;
    const mn_partition *p;
    int32_t part_of[MB_MAX_OPS]; /* -1: in none */
    int32_t place[MB_MAX_OPS];   /* in the order; -1: runs nowhere */
    bool path[MB_MAX_OPS][MB_MAX_OPS];
} checking;

static void find_paths(checking *c) {
    const mn_graph *g = c->graph;
    memset(c->path, 0, sizeof c->path);
    for (int32_t i = 0; i < g->op_count; i++) {
        for (int32_t k = 0; k < g->ops[i].input_count; k++) {
            const int32_t from = producer_of(g, g->ops[i].inputs[k]);
            if (from < 0 || g->tensors[g->ops[i].inputs[k]].data) continue;
            c->path[from][i] = true;
            for (int32_t a = 0; a < g->op_count; a++) c->path[a][i] = c->path[a][i] || c->path[a][from];
        }
    }
}

static void check_order(checking *c) {
    const mn_graph *g = c->graph;
    for (int32_t i = 0; i < g->op_count; i++) c->part_of[i] = c->place[i] = -1;
    for (int32_t i = 0; i < c->p->item_count; i++) {
        const mn_run_item *item = &c->p->items[i];
        const mn_part *part = item->part >= 0 ? &c->p->parts[item->part] : NULL;
        for (int32_t k = 0; k < (part ? part->op_count : 1); k++) {
            const int32_t o = part ? part->ops[k] : item->op;
            assert_int_equal(c->place[o], -1);
            c->place[o] = i;
            c->part_of[o] = item->part;
            assert_int_equal(part ? part->owner : -1, c->owners[o] >= 0 ? c->owners[o] : -1);
            if (part && k > 0) assert_true(part->ops[k - 1] < o);
        }
        if (part) assert_int_equal(item->op, part->ops[0]);
    }
    for (int32_t a = 0; a < g->op_count; a++) {
        if (c->owners[a] < 0) assert_true(c->place[a] >= 0);
        for (int32_t b = 0; b < g->op_count; b++) {
            if (!c->path[a][b] || c->place[a] < 0 || c->place[b] < 0) continue;
            assert_true(c->place[a] < c->place[b] || (c->place[a] == c->place[b] && c->part_of[a] >= 0));
        }
    }
}

static bool is_wanted(const checking *c, int32_t t, int32_t from) {
    const mn_graph *g = c->graph;
    if (lists(g->outputs, g->output_count, t)) return true;
    for (int32_t i = 0; i < g->op_count; i++) {
        if (c->owners[i] == D || !lists(g->ops[i].inputs, g->ops[i].input_count, t)) continue;
        if (c->part_of[i] < 0 || c->part_of[i] != c->part_of[from]) return true;
    }
    return false;
}

static void check_part(const checking *c, int32_t index) {
    const mn_graph *g = c->graph;
    const mn_part *part = &c->p->parts[index];
    int32_t ins = 0, outs = 0;
    assert_true(part->output_count > 0);
    for (int32_t t = 0; t < g->tensor_count; t++) {
        const int32_t from = g->tensors[t].data ? -1 : producer_of(g, t);
        bool reads = false;
        for (int32_t k = 0; k < part->op_count; k++) {
            reads = reads || lists(g->ops[part->ops[k]].inputs, g->ops[part->ops[k]].input_count, t);
        }
        const bool inner = from >= 0 && c->part_of[from] == index;
        const bool constant = g->tensors[t].data != NULL;
        const bool in =
            reads && !inner &&
            (constant ? backends[part->owner]->constants : from >= 0 || lists(g->inputs, g->input_count, t));
        const bool out = inner && is_wanted(c, t, from);
        assert_int_equal(lists(part->inputs, part->input_count, t), in);
        assert_int_equal(lists(part->outputs, part->output_count, t), out);
        ins += in;
        outs += out;
    }
    assert_int_equal(part->input_count, ins); /* each once */
    assert_int_equal(part->output_count, outs);
}

/* No two parts of one back end could be one: a path leads out of one and back into the other. */
static void check_maximal(const checking *c) {
    const mn_graph *g = c->graph;
    /* Paths between items, through parts as wholes. */
    static bool step[MB_MAX_OPS][MB_MAX_OPS];
    const int32_t count = c->p->item_count;
    memset(step, 0, sizeof step);
    for (int32_t a = 0; a < g->op_count; a++) {
        for (int32_t b = 0; b < g->op_count; b++) {
            if (c->path[a][b] && c->place[a] >= 0 && c->place[b] >= 0 && c->place[a] != c->place[b]) {
                step[c->place[a]][c->place[b]] = true;
            }
        }
    }
    for (int32_t m = 0; m < count; m++) {
        for (int32_t a = 0; a < count; a++) {
            for (int32_t b = 0; b < count; b++) step[a][b] = step[a][b] || (step[a][m] && step[m][b]);
        }
    }
    for (int32_t a = 0; a < count; a++) {
        for (int32_t b = a + 1; b < count; b++) {
            const int32_t p = c->p->items[a].part, q = c->p->items[b].part;
            if (p < 0 || q < 0 || c->p->parts[p].owner != c->p->parts[q].owner) continue;
            bool between = false;
            for (int32_t m = 0; m < count; m++) between = between || (step[a][m] && step[m][b]);
            assert_true(between);
        }
    }
}

static mn_partition cut(const mn_graph *graph, const int32_t *owners, bool alone) {
    mn_partition p;
    const mn_partition_options options = {.backends = backends, .alone = alone};
    if (mn_partition_make(graph, owners, &options, &p) != MN_OK) fail_msg("%s", mn_error_detail());
    return p;
}

static mn_partition make(const mn_graph *graph, const int32_t *owners) {
    static checking c;
    const mn_partition p = cut(graph, owners, false);
    c.graph = graph;
    c.owners = owners;
    c.p = &p;
    find_paths(&c);
    check_order(&c);
    for (int32_t i = 0; i < p.part_count; i++) check_part(&c, i);
    bool dropped = false;
    for (int32_t i = 0; i < graph->op_count; i++) dropped = dropped || c.place[i] < 0;
    if (!dropped) check_maximal(&c); /* what runs nowhere may have kept others apart */
    return p;
}

static void expect_list(const int32_t *list, int32_t count, int32_t wanted_count, const int32_t *wanted) {
    assert_int_equal(count, wanted_count);
    if (count > 0) assert_memory_equal(list, wanted, (size_t)count * sizeof *list);
}

#define EXPECT_LIST(list, count, ...)                                                                                  \
    expect_list(list, count, (int32_t)(sizeof(int32_t[]){__VA_ARGS__} / sizeof(int32_t)), (int32_t[]){__VA_ARGS__})

/* ---- Cases ------------------------------------------------------------------------------------------------------ */

/* x -> 0 -> 1, 2 -> 3 reads both. Whoever claims all but 2 gets 0 and 1 in one part, 3 in another. */
static void test_diamond(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_FLOAT32, 1);
    const int32_t x = tensor(&b), t0 = OP(&b, 1, x), t1 = OP(&b, 1, t0), t2 = OP(&b, 1, t0), y = OP(&b, 1, t1, t2);
    mb_ends(&b, x, y);
    mn_partition p = make(&b.graph, (int32_t[]){0, 0, N, 0});
    assert_int_equal(p.part_count, 2);
    EXPECT_LIST(p.parts[0].ops, p.parts[0].op_count, 0, 1);
    EXPECT_LIST(p.parts[0].inputs, p.parts[0].input_count, x);
    EXPECT_LIST(p.parts[0].outputs, p.parts[0].output_count, t0, t1);
    EXPECT_LIST(p.parts[1].ops, p.parts[1].op_count, 3);
    EXPECT_LIST(p.parts[1].inputs, p.parts[1].input_count, t1, t2);
    mn_partition_free(&p);
    p = make(&b.graph, (int32_t[]){0, 0, 0, 0});
    assert_int_equal(p.part_count, 1);
    EXPECT_LIST(p.parts[0].outputs, p.parts[0].output_count, y);
    mn_partition_free(&p);
    p = make(&b.graph, (int32_t[]){N, 0, 1, N}); /* both sides at once, each for its own back end */
    assert_int_equal(p.part_count, 2);
    assert_int_equal(p.item_count, 4);
    mn_partition_free(&p);
    p = make(&b.graph, (int32_t[]){N, N, N, N});
    assert_int_equal(p.part_count, 0);
    for (int32_t i = 0; i < 4; i++) assert_int_equal(p.items[i].op, i);
    mn_partition_free(&p);
    mn_graph_free(&b.graph);
}

/* Operator 1 depends on nobody's operator 0 alone; the part waits for it and is one nevertheless. */
static void test_late_operator_joins(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_FLOAT32, 1);
    const int32_t x = tensor(&b), a = OP(&b, 1, x), other = OP(&b, 1, x), c = OP(&b, 1, other), y = OP(&b, 1, a, c);
    mb_ends(&b, x, y);
    mn_partition p = make(&b.graph, (int32_t[]){0, N, 0, N});
    assert_int_equal(p.part_count, 1);
    EXPECT_LIST(p.parts[0].ops, p.parts[0].op_count, 0, 2);
    EXPECT_LIST(p.parts[0].outputs, p.parts[0].output_count, a, c);
    assert_int_equal(p.items[0].op, 1);
    mn_partition_free(&p);
    mn_graph_free(&b.graph);
}

/* An output that nobody reads has no memory; one that the model gives has, wherever else it is read. */
static void test_several_outputs(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_FLOAT32, 1);
    const int32_t x = tensor(&b), first = OP(&b, 3, x), y = OP(&b, 1, first, first), z = OP(&b, 1, first + 1);
    mb_ends(&b, x, y);
    b.graph.outputs = (int32_t[]){y, z, first};
    b.graph.output_count = 3;
    mn_partition p = make(&b.graph, (int32_t[]){0, 0, N});
    assert_int_equal(p.part_count, 1);
    EXPECT_LIST(p.parts[0].outputs, p.parts[0].output_count, first, first + 1, y);
    mn_partition_free(&p);
    mn_graph_free(&b.graph);
}

/* A0 -> B1 and B2 -> A3: joined pairs would wait for each other. With B2 out of the way A0 and A3 are one. */
static void test_several_back_ends(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_FLOAT32, 1);
    const int32_t x = tensor(&b), t0 = OP(&b, 1, x), t1 = OP(&b, 1, t0), t2 = OP(&b, 1, x), t3 = OP(&b, 1, t2);
    const int32_t y = OP(&b, 1, t1, t3);
    mb_ends(&b, x, y);
    mn_partition p = make(&b.graph, (int32_t[]){0, 1, 1, 0, N});
    assert_int_equal(p.part_count, 3);
    mn_partition_free(&p);
    p = make(&b.graph, (int32_t[]){0, N, 1, 0, N});
    assert_int_equal(p.part_count, 2);
    mn_partition_free(&p);
    mn_graph_free(&b.graph);
}

static void test_constants_and_workspace(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_FLOAT32, 1);
    const int32_t x = tensor(&b), k = mb_constant(&b, "k", MN_FLOAT32, 1, (int32_t[]){2}), scratch = tensor(&b);
    const int32_t y = OP(&b, 1, k, x, scratch, k, x);
    mb_ends(&b, x, y);
    mn_partition p = make(&b.graph, (int32_t[]){0});
    EXPECT_LIST(p.parts[0].inputs, p.parts[0].input_count, x);
    mn_partition_free(&p);
    p = make(&b.graph, (int32_t[]){2});
    EXPECT_LIST(p.parts[0].inputs, p.parts[0].input_count, k, x);
    mn_partition_free(&p);
    mn_graph_free(&b.graph);
}

/* What nobody reads runs nowhere; what is known when the model is opened is in nobody's way and reads nothing. */
static void test_dead_and_done(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_FLOAT32, 1);
    const int32_t x = tensor(&b), t0 = OP(&b, 1, x), shape = OP(&b, 1, t0), y = OP(&b, 1, t0, shape);
    OP(&b, 1, y);
    mb_ends(&b, x, y);
    b.graph.tensors[shape].data = (const float[]){1, 2};
    mn_partition p = make(&b.graph, (int32_t[]){0, D, 0, N});
    assert_int_equal(p.part_count, 1);
    EXPECT_LIST(p.parts[0].ops, p.parts[0].op_count, 0, 2);
    EXPECT_LIST(p.parts[0].outputs, p.parts[0].output_count, y);
    mn_partition_free(&p);
    p = make(&b.graph, (int32_t[]){N, D, N, 0});
    assert_int_equal(p.part_count, 0);
    assert_int_equal(p.item_count, 3);
    mn_partition_free(&p);
    mn_graph_free(&b.graph);
}

static void test_alone(void **state) {
    (void)state;
    model_builder b;
    mb_open(&b, MN_FLOAT32, 1);
    const int32_t x = tensor(&b), t0 = OP(&b, 2, x), y = OP(&b, 1, t0);
    mb_ends(&b, x, y);
    mn_partition p = cut(&b.graph, (int32_t[]){0, 0}, true);
    assert_int_equal(p.part_count, 2);
    EXPECT_LIST(p.parts[0].outputs, p.parts[0].output_count, t0, t0 + 1);
    EXPECT_LIST(p.parts[1].inputs, p.parts[1].input_count, t0);
    mn_partition_free(&p);
    mn_graph_free(&b.graph);
}

/* ---- Any graph ----------------------------------------------------------------------------------------------------
 */

static void make_any(model_builder *b, uint32_t seed, int32_t *owners) {
    int32_t tensors[MB_MAX_TENSORS], count = 2;
    mb_open(b, MN_FLOAT32, seed);
    tensors[0] = tensor(b);
    tensors[1] = mb_constant(b, "k", MN_FLOAT32, 1, (int32_t[]){2});
    const int32_t ops = mb_random(b, 1, 40), others = mb_random(b, 1, BACKENDS), reach = mb_random(b, 2, 12);
    for (int32_t i = 0; i < ops; i++) {
        int32_t inputs[5];
        const int32_t reads = mb_random(b, 1, 3), writes = mb_random(b, 0, 5) == 0 ? 2 : 1;
        for (int32_t k = 0; k < reads; k++) {
            const int32_t back = mb_random(b, 1, reach);
            inputs[k] = tensors[back > count ? 0 : count - back];
        }
        inputs[reads] = -1;
        const int32_t made = op(b, writes, inputs);
        for (int32_t k = 0; k < writes; k++) tensors[count++] = made + k;
        owners[i] = mb_random(b, 0, 2) == 0 ? N : mb_random(b, 0, others - 1);
    }
    mb_ends(b, tensors[0], tensors[count - 1]);
}

static void test_any_graph(void **state) {
    (void)state;
    int32_t joined = 0;
    for (uint32_t seed = 0; seed < 1500; seed++) {
        model_builder b;
        int32_t owners[MB_MAX_OPS];
        make_any(&b, seed, owners);
        /* All results are results of the model in two of three, so that nothing runs nowhere. */
        int32_t all[MB_MAX_TENSORS], outputs = 0;
        for (int32_t i = 2; i < b.graph.tensor_count && seed % 3; i++) all[outputs++] = i;
        if (outputs > 0) {
            b.graph.outputs = all;
            b.graph.output_count = outputs;
        }
        mn_partition p = make(&b.graph, owners), again = make(&b.graph, owners);
        assert_int_equal(p.part_count, again.part_count);
        assert_int_equal(p.item_count, again.item_count);
        assert_memory_equal(p.items, again.items, (size_t)p.item_count * sizeof *p.items);
        for (int32_t i = 0; i < p.part_count; i++) joined += p.parts[i].op_count > 1;
        mn_partition_free(&p);
        mn_partition_free(&again);
        p = cut(&b.graph, owners, true);
        assert_int_equal(p.item_count, b.graph.op_count);
        for (int32_t i = 0; i < p.item_count; i++) assert_int_equal(p.items[i].op, i);
        mn_partition_free(&p);
        mn_graph_free(&b.graph);
    }
    assert_true(joined > 1500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diamond),
        cmocka_unit_test(test_late_operator_joins),
        cmocka_unit_test(test_several_outputs),
        cmocka_unit_test(test_several_back_ends),
        cmocka_unit_test(test_constants_and_workspace),
        cmocka_unit_test(test_dead_and_done),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_any_graph),
    };
    return cmocka_run_group_tests_name("partition", tests, NULL, NULL);
}
