/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Operators are taken in waves. First everything that no back end claims and that has its inputs; then, for the first
 * back end that has any, everything of it that is ready, and what becomes ready by that: a group. A group depends on
 * earlier ones only, so no cycle can arise. With one back end the groups are as few as can be: an operator of a later
 * one waits for somebody else's operator that waits for the earlier one. With several, a second pass joins what the
 * waves of others kept apart. */
#include "backend/partition.h"

#include "base/checked.h"

/* Joining costs a look at the graph for each group; more groups than this come from no real model. */
enum { MOST_JOINED = 1024 };

typedef struct cutting {
    const mn_graph *graph;
    const int32_t *owners;
    const mn_partition_options *options;
    mn_region *region;   /* for what is forgotten afterwards */
    int32_t *producer;   /* [tensor_count]: the operator that computes it at run time, or -1 */
    int32_t *read_begin; /* [op_count + 1]: where in `reads` the readers of an operator begin */
    int32_t *reads;      /* operators that read, once for each operand */
    int32_t *group;      /* [op_count], or -1 */
    int32_t group_count;
    int32_t *into; /* [op_count]: the group that a group has become part of, or itself */
    int32_t *head; /* [op_count]: first operator of a group, -1: none */
    int32_t *tail; /* [op_count]: last one */
    int32_t *next; /* [op_count]: the next of the group, or of a list of ready ones; -1: none */
} cutting;

static int32_t *table(cutting *c, int32_t count) { return mn_region_alloc(c->region, (size_t)count, sizeof(int32_t)); }

static bool is_claimed(const cutting *c, int32_t op) { return c->owners[op] >= 0; }

/* The operator that computes operand `i` of `op` at run time, or -1. */
static int32_t source(const cutting *c, const mn_op *op, int32_t i) {
    const int32_t tensor = op->inputs[i];
    return tensor < 0 || c->graph->tensors[tensor].data ? -1 : c->producer[tensor];
}

static mn_status find_readers(cutting *c) {
    const mn_graph *graph = c->graph;
    const int32_t count = graph->op_count;
    c->producer = table(c, graph->tensor_count);
    c->read_begin = table(c, count + 2);
    if (!c->producer || !c->read_begin) return mn_fail_memory("the partition");
    for (int32_t i = 0; i < graph->tensor_count; i++) c->producer[i] = -1;
    for (int32_t i = 0; i < count; i++) {
        for (int32_t k = 0; k < graph->ops[i].output_count; k++) c->producer[graph->ops[i].outputs[k]] = i;
    }
    /* Two places behind its own: filling moves every beginning forward by one. */
    for (int32_t i = 0; i < count; i++) {
        for (int32_t k = 0; k < graph->ops[i].input_count; k++) {
            const int32_t from = source(c, &graph->ops[i], k);
            if (from >= 0) c->read_begin[from + 2]++;
        }
    }
    for (int32_t i = 0; i < count; i++) c->read_begin[i + 2] += c->read_begin[i + 1];
    c->reads = table(c, c->read_begin[count + 1]);
    if (!c->reads) return mn_fail_memory("the partition");
    for (int32_t i = 0; i < count; i++) {
        for (int32_t k = 0; k < graph->ops[i].input_count; k++) {
            const int32_t from = source(c, &graph->ops[i], k);
            if (from >= 0) c->reads[c->read_begin[from + 1]++] = i;
        }
    }
    return MN_OK;
}

/* ---- Groups ---------------------------------------------------------------------------------------------- */

static mn_status open_groups(cutting *c) {
    const int32_t count = c->graph->op_count;
    c->group = table(c, count);
    c->into = table(c, count);
    c->head = table(c, count);
    c->tail = table(c, count);
    c->next = table(c, count);
    if (!c->group || !c->into || !c->head || !c->tail || !c->next) return mn_fail_memory("the partition");
    for (int32_t i = 0; i < count; i++) {
        c->group[i] = c->head[i] = c->next[i] = -1;
        c->into[i] = i;
    }
    return MN_OK;
}

static int32_t group_of(const cutting *c, int32_t op) {
    int32_t group = c->group[op];
    while (group >= 0 && c->into[group] != group) group = c->into[group];
    return group;
}

static int32_t owner_of(const cutting *c, int32_t group) { return c->owners[c->head[group]]; }

static void append(cutting *c, int32_t group, int32_t op) {
    c->group[op] = group;
    c->next[op] = -1;
    if (c->head[group] < 0) {
        c->head[group] = op;
    } else {
        c->next[c->tail[group]] = op;
    }
    c->tail[group] = op;
}

/* Each claimed operator for itself. */
static void group_alone(cutting *c) {
    for (int32_t i = 0; i < c->graph->op_count; i++) {
        if (is_claimed(c, i)) append(c, c->group_count++, i);
    }
}

/* Operators that have their inputs: list 0 of those that nobody claims, then one of each back end. First in, first out.
 */
typedef struct waiting {
    int32_t lists;
    int32_t *head, *tail;
    int32_t *inputs; /* [op_count]: how many inputs an operator still waits for */
} waiting;

static void push(cutting *c, waiting *w, int32_t op) {
    const int32_t list = is_claimed(c, op) ? c->owners[op] + 1 : 0;
    c->next[op] = -1;
    if (w->head[list] < 0) {
        w->head[list] = op;
    } else {
        c->next[w->tail[list]] = op;
    }
    w->tail[list] = op;
}

static int32_t pop(const cutting *c, waiting *w, int32_t list) {
    const int32_t op = w->head[list];
    if (op >= 0) w->head[list] = c->next[op];
    return op;
}

static void release(cutting *c, waiting *w, int32_t op) {
    for (int32_t i = c->read_begin[op]; i < c->read_begin[op + 1]; i++) {
        if (--w->inputs[c->reads[i]] == 0) push(c, w, c->reads[i]);
    }
}

static mn_status open_waiting(cutting *c, waiting *w) {
    const int32_t count = c->graph->op_count;
    for (int32_t i = 0; i < count; i++) w->lists = mn_max_i32(w->lists, c->owners[i] + 2);
    w->lists = mn_max_i32(w->lists, 1);
    w->head = table(c, w->lists);
    w->tail = table(c, w->lists);
    w->inputs = table(c, count);
    if (!w->head || !w->tail || !w->inputs) return mn_fail_memory("the partition");
    for (int32_t i = 0; i < w->lists; i++) w->head[i] = -1;
    for (int32_t i = 0; i < c->read_begin[count]; i++) w->inputs[c->reads[i]]++;
    for (int32_t i = 0; i < count; i++) {
        if (w->inputs[i] == 0) push(c, w, i);
    }
    return MN_OK;
}

static mn_status group_in_waves(cutting *c) {
    waiting w = {0};
    MN_TRY(open_waiting(c, &w));
    for (;;) {
        int32_t list = 1;
        for (int32_t op = pop(c, &w, 0); op >= 0; op = pop(c, &w, 0)) release(c, &w, op);
        while (list < w.lists && w.head[list] < 0) list++;
        if (list >= w.lists) return MN_OK;
        const int32_t group = c->group_count++;
        for (int32_t op = pop(c, &w, list); op >= 0; op = pop(c, &w, list)) {
            append(c, group, op);
            release(c, &w, op);
        }
    }
}

/* ---- Joining groups of several back ends ------------------------------------------------------------------ */

/* From which units (groups, and operators in none) a path leads to a group through another unit. */
typedef struct reach {
    int32_t *far;   /* [op_count]: a group, [op_count + op]: an operator in none; the stamp of the search that met it */
    int32_t *near;  /* as far: those that the group reads directly */
    int32_t *stack; /* [op_count] operators whose sources are to be visited */
    int32_t depth;
    int32_t stamp;
} reach;

static int32_t unit_of(const cutting *c, int32_t op) {
    const int32_t group = group_of(c, op);
    return group >= 0 ? group : c->graph->op_count + op;
}

/* The operators of a unit, one after the other. */
static int32_t first_of(const cutting *c, int32_t unit) {
    return unit < c->graph->op_count ? c->head[unit] : unit - c->graph->op_count;
}
static int32_t next_of(const cutting *c, int32_t op) { return c->group[op] >= 0 ? c->next[op] : -1; }

/* Marks the unit of each source of `op` that lies outside `home` and is new to `marks`; calls for what comes then. */
static void visit_sources(const cutting *c, reach *r, int32_t op, int32_t *marks,
                          void (*then)(const cutting *, reach *, int32_t)) {
    const mn_op *reader = &c->graph->ops[op];
    const int32_t home = unit_of(c, op);
    for (int32_t k = 0; k < reader->input_count; k++) {
        const int32_t from = source(c, reader, k);
        const int32_t unit = from >= 0 ? unit_of(c, from) : home;
        if (unit == home || marks[unit] == r->stamp) continue;
        marks[unit] = r->stamp;
        then(c, r, unit);
    }
}

static void push_unit(const cutting *c, reach *r, int32_t unit) {
    for (int32_t op = first_of(c, unit); op >= 0; op = next_of(c, op)) r->stack[r->depth++] = op;
}

static void leave_near(const cutting *c, reach *r, int32_t unit) {
    for (int32_t op = first_of(c, unit); op >= 0; op = next_of(c, op)) visit_sources(c, r, op, r->far, push_unit);
}

static void find_far(const cutting *c, reach *r, int32_t group) {
    r->stamp++;
    for (int32_t op = first_of(c, group); op >= 0; op = next_of(c, op)) visit_sources(c, r, op, r->near, leave_near);
    while (r->depth > 0) visit_sources(c, r, r->stack[--r->depth], r->far, push_unit);
}

static void join(cutting *c, int32_t group, int32_t to) {
    c->next[c->tail[to]] = c->head[group];
    c->tail[to] = c->tail[group];
    c->into[group] = to;
}

/* Groups are numbered so that each depends on lower ones only; joining a group with a lower one keeps that of those
 * that are still to come. */
static mn_status join_groups(cutting *c) {
    const int32_t count = c->graph->op_count;
    reach r = {.far = table(c, 2 * count), .near = table(c, 2 * count), .stack = table(c, count)};
    if (!r.far || !r.near || !r.stack) return mn_fail_memory("the partition");
    for (int32_t group = 1; group < c->group_count; group++) {
        find_far(c, &r, group);
        for (int32_t to = group - 1; to >= 0; to--) {
            if (c->into[to] != to || owner_of(c, to) != owner_of(c, group) || r.far[to] == r.stamp) continue;
            join(c, group, to);
            break;
        }
    }
    return MN_OK;
}

static bool has_several_owners(const cutting *c) {
    for (int32_t i = 1; i < c->group_count; i++) {
        if (owner_of(c, i) != owner_of(c, 0)) return true;
    }
    return false;
}

/* ---- Order ----------------------------------------------------------------------------------------------- */

/* Units that may run, by their first operator in the graph's order: a heap whose top is the lowest. */
typedef struct ordering {
    int32_t *heap, count;
    int32_t *waits; /* [2 * op_count]: by unit, inputs from other units that are not there yet */
    int32_t *first; /* [2 * op_count]: by unit, its first operator, or -1 */
} ordering;

static void heap_push(ordering *o, int32_t value) {
    int32_t at = o->count++;
    for (; at > 0 && o->heap[(at - 1) / 2] > value; at = (at - 1) / 2) o->heap[at] = o->heap[(at - 1) / 2];
    o->heap[at] = value;
}

static int32_t heap_pop(ordering *o) {
    const int32_t top = o->heap[0], value = o->heap[--o->count];
    int32_t at = 0;
    for (;;) {
        int32_t child = 2 * at + 1;
        if (child + 1 < o->count && o->heap[child + 1] < o->heap[child]) child++;
        if (child >= o->count || o->heap[child] >= value) break;
        o->heap[at] = o->heap[child];
        at = child;
    }
    o->heap[at] = value;
    return top;
}

static void wake_readers(const cutting *c, ordering *o, int32_t unit) {
    for (int32_t op = first_of(c, unit); op >= 0; op = next_of(c, op)) {
        for (int32_t i = c->read_begin[op]; i < c->read_begin[op + 1]; i++) {
            const int32_t reader = unit_of(c, c->reads[i]);
            if (reader != unit && --o->waits[reader] == 0) heap_push(o, o->first[reader]);
        }
    }
}

/* Items of `out` hold groups where parts will be. */
static mn_status order_units(cutting *c, mn_partition *out) {
    const int32_t count = c->graph->op_count;
    ordering o = {.heap = table(c, count), .waits = table(c, 2 * count), .first = table(c, 2 * count)};
    out->items = mn_region_alloc(&out->region, (size_t)count, sizeof *out->items);
    if (!o.heap || !o.waits || !o.first || !out->items) return mn_fail_memory("the partition");
    for (int32_t i = 0; i < 2 * count; i++) o.first[i] = -1;
    for (int32_t i = 0; i < count; i++) {
        const int32_t unit = unit_of(c, i);
        if (o.first[unit] < 0) o.first[unit] = i;
        for (int32_t k = c->read_begin[i]; k < c->read_begin[i + 1]; k++) {
            const int32_t reader = unit_of(c, c->reads[k]);
            if (reader != unit) o.waits[reader]++;
        }
    }
    for (int32_t i = 0; i < count; i++) {
        const int32_t unit = unit_of(c, i);
        if (o.first[unit] == i && o.waits[unit] == 0) heap_push(&o, i);
    }
    while (o.count > 0) {
        const int32_t first = heap_pop(&o);
        out->items[out->item_count++] = (mn_run_item){.part = group_of(c, first), .op = first};
        wake_readers(c, &o, unit_of(c, first));
    }
    return MN_OK;
}

/* ---- Parts ----------------------------------------------------------------------------------------------- */

typedef struct naming {
    bool *wanted; /* [tensor_count]: somebody outside its group reads it */
    bool *given;  /* [tensor_count]: the model takes it from outside */
    int32_t *met; /* [tensor_count]: 1 + the last group that listed it */
} naming;

static mn_status open_naming(cutting *c, naming *n) {
    const mn_graph *graph = c->graph;
    n->wanted = mn_region_alloc(c->region, (size_t)graph->tensor_count, sizeof *n->wanted);
    n->given = mn_region_alloc(c->region, (size_t)graph->tensor_count, sizeof *n->given);
    n->met = table(c, graph->tensor_count);
    if (!n->wanted || !n->given || !n->met) return mn_fail_memory("the partition");
    for (int32_t i = 0; i < graph->input_count; i++) n->given[graph->inputs[i]] = true;
    for (int32_t i = 0; i < graph->output_count; i++) n->wanted[graph->outputs[i]] = true;
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        for (int32_t k = 0; k < op->input_count && c->owners[i] != MN_OWNER_DONE; k++) {
            const int32_t from = source(c, op, k);
            if (from >= 0 && unit_of(c, from) != unit_of(c, i)) n->wanted[op->inputs[k]] = true;
        }
    }
    return MN_OK;
}

static bool is_input(const cutting *c, const naming *n, int32_t group, int32_t tensor) {
    const bool constant = c->graph->tensors[tensor].data != NULL;
    if (constant) return c->options->backends[owner_of(c, group)]->constants;
    const int32_t from = c->producer[tensor];
    return from >= 0 ? group_of(c, from) != group : n->given[tensor];
}

static void list_ends(const cutting *c, naming *n, int32_t group, const int32_t *ops, mn_part *part, int32_t *inputs,
                      int32_t *outputs) {
    for (int32_t i = 0; i < part->op_count; i++) {
        const mn_op *op = &c->graph->ops[ops[i]];
        for (int32_t k = 0; k < op->input_count; k++) {
            const int32_t tensor = op->inputs[k];
            if (tensor < 0 || n->met[tensor] == group + 1 || !is_input(c, n, group, tensor)) continue;
            n->met[tensor] = group + 1;
            inputs[part->input_count++] = tensor;
        }
        for (int32_t k = 0; k < op->output_count; k++) {
            if (n->wanted[op->outputs[k]] || c->options->alone) outputs[part->output_count++] = op->outputs[k];
        }
    }
}

/* In the order of the graph, which is one in which they can run. */
static void sort(int32_t *ops, int32_t count) {
    for (int32_t gap = count / 2; gap > 0; gap /= 2) {
        for (int32_t i = gap; i < count; i++) {
            const int32_t op = ops[i];
            int32_t at = i;
            for (; at >= gap && ops[at - gap] > op; at -= gap) ops[at] = ops[at - gap];
            ops[at] = op;
        }
    }
}

static mn_status make_part(const cutting *c, naming *n, int32_t group, mn_region *region, mn_part *part) {
    int32_t ins = 0, outs = 0;
    *part = (mn_part){.owner = owner_of(c, group)};
    for (int32_t op = c->head[group]; op >= 0; op = c->next[op]) {
        part->op_count++;
        ins += c->graph->ops[op].input_count;
        outs += c->graph->ops[op].output_count;
    }
    int32_t *ops = mn_region_alloc(region, (size_t)part->op_count, sizeof *ops);
    int32_t *inputs = mn_region_alloc(region, (size_t)ins, sizeof *inputs);
    int32_t *outputs = mn_region_alloc(region, (size_t)outs, sizeof *outputs);
    if (!ops || !inputs || !outputs) return mn_fail_memory("the partition");
    int32_t count = 0;
    for (int32_t op = c->head[group]; op >= 0; op = c->next[op]) ops[count++] = op;
    sort(ops, count);
    list_ends(c, n, group, ops, part, inputs, outputs);
    part->ops = ops;
    part->inputs = inputs;
    part->outputs = outputs;
    return MN_OK;
}

/* Turns the groups of the items into parts. */
static mn_status make_parts(cutting *c, mn_partition *out) {
    naming n;
    MN_TRY(open_naming(c, &n));
    out->parts = mn_region_alloc(&out->region, (size_t)c->group_count, sizeof *out->parts);
    if (!out->parts) return mn_fail_memory("the partition");
    int32_t kept = 0;
    for (int32_t i = 0; i < out->item_count; i++) {
        mn_run_item item = out->items[i];
        if (item.part >= 0) {
            mn_part *part = &out->parts[out->part_count];
            MN_TRY(make_part(c, &n, item.part, &out->region, part));
            if (part->output_count == 0) continue;
            item.part = out->part_count++;
        }
        out->items[kept++] = item;
    }
    out->item_count = kept;
    return MN_OK;
}

static mn_status cut(cutting *c, mn_partition *out) {
    MN_TRY(find_readers(c));
    MN_TRY(open_groups(c));
    if (c->options->alone) {
        group_alone(c);
    } else {
        MN_TRY(group_in_waves(c));
        if (c->group_count <= MOST_JOINED && has_several_owners(c)) MN_TRY(join_groups(c));
    }
    MN_TRY(order_units(c, out));
    return make_parts(c, out);
}

mn_status mn_partition_make(const mn_graph *graph, const int32_t *owners, const mn_partition_options *options,
                            mn_partition *out) {
    mn_region region = {0};
    mn_partition made = {.part_count = 0};
    cutting c = {.graph = graph, .owners = owners, .options = options, .region = &region};
    const mn_status status = cut(&c, &made);
    mn_region_free(&region);
    if (status != MN_OK) {
        mn_partition_free(&made);
        return status;
    }
    *out = made;
    return MN_OK;
}

void mn_partition_free(mn_partition *partition) {
    mn_region_free(&partition->region);
    *partition = (mn_partition){.part_count = 0};
}
