/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph/known.h"

#include "base/checked.h"
#include "graph/slice.h"

void mn_known_free(mn_known *known) {
    mn_region_free(&known->region);
    known->values = NULL;
}

static bool is_integer(mn_type type) { return type == MN_INT32 || type == MN_INT64; }

bool mn_known_wanted(const mn_graph *graph, const mn_op *op) {
    return op->kind != MN_OP_CUSTOM && is_integer(graph->tensors[op->outputs[0]].type);
}

static mn_status make_table(mn_known *known) {
    if (known->values) return MN_OK;
    known->values = mn_region_alloc(&known->region, (size_t)known->graph->tensor_count, sizeof *known->values);
    return known->values ? MN_OK : mn_fail_memory("the model's shapes");
}

static mn_status new_values(mn_known *known, int32_t count, int64_t **out) {
    MN_TRY(make_table(known));
    *out = mn_region_alloc(&known->region, (size_t)count, sizeof **out);
    return *out ? MN_OK : mn_fail_memory("the model's shapes");
}

mn_status mn_known_get(mn_known *known, const mn_shape *shapes, int32_t tensor, const int64_t **out) {
    *out = tensor >= 0 && known->values ? known->values[tensor] : NULL;
    if (tensor < 0 || *out) return MN_OK;
    const mn_tensor *constant = &known->graph->tensors[tensor];
    if (!constant->data || !is_integer(constant->type)) return MN_OK;
    const int32_t count = mn_shape_count(&shapes[tensor]);
    int64_t *values;
    if (count > MN_KNOWN_MAX) return MN_OK;
    MN_TRY(new_values(known, count, &values));
    for (int32_t i = 0; i < count; i++) values[i] = mn_tensor_integer(constant, (size_t)i);
    *out = known->values[tensor] = values;
    return MN_OK;
}

/* ---- Operators: each fills `to`, or says that it does not know ----------------------------------------------- */

/* An operator at work: its operands' integers are `in`, as far as they are known. */
typedef struct work {
    const mn_op *op;
    const mn_shape *shapes;
    const int64_t **in;
    int32_t output; /* which one */
    int32_t count;  /* of the output's integers */
    int64_t *to;
} work;

static int32_t count_of(const work *w, int32_t i) { return mn_shape_count(&w->shapes[w->op->inputs[i]]); }
static bool is_list(const work *w, int32_t i) { return w->shapes[w->op->inputs[i]].rank == 1; }

static bool copy(const work *w, int32_t i, int32_t begin, int32_t step) {
    if (!w->in[i]) return false;
    for (int32_t k = 0; k < w->count; k++) w->to[k] = w->in[i][begin + k * step];
    return true;
}

static bool shape(const work *w) {
    for (int32_t d = 0; d < w->count; d++) w->to[d] = w->shapes[w->op->inputs[0]].dims[d];
    return true;
}

/* Numbers that take part in a product; 2^62 is no overflow. */
static bool is_small(int64_t value) { return value >= -INT64_C(0x7fffffff) && value <= INT64_C(0x7fffffff); }

/* Lists of one length, or a number with a list. */
static bool arithmetic(const work *w) {
    if (!w->in[0] || !w->in[1] || w->op->attr.activation != MN_ACT_NONE) return false;
    const int32_t counts[2] = {count_of(w, 0), count_of(w, 1)};
    for (int32_t i = 0; i < 2; i++) {
        if (counts[i] != w->count && counts[i] != 1) return false;
    }
    for (int32_t k = 0; k < w->count; k++) {
        const int64_t a = w->in[0][counts[0] == 1 ? 0 : k], b = w->in[1][counts[1] == 1 ? 0 : k];
        if (!is_small(a) || !is_small(b)) return false;
        w->to[k] = w->op->kind == MN_OP_ADD ? a + b : w->op->kind == MN_OP_SUB ? a - b : a * b;
    }
    return true;
}

/* Lists behind each other; PACK's numbers and CONCATENATION's lists alike. */
static bool join(const work *w) {
    if (w->shapes[w->op->outputs[0]].rank != 1) return false;
    int32_t used = 0;
    for (int32_t i = 0; i < w->op->input_count; i++) {
        if (!w->in[i]) return false;
        for (int32_t k = 0, count = count_of(w, i); k < count; k++) w->to[used++] = w->in[i][k];
    }
    return true;
}

static bool slice(const work *w) {
    mn_slice_part part;
    mn_shape out;
    int32_t entry;
    if (!is_list(w, 0) || mn_slice_apply(&w->op->attr.slice, &w->shapes[w->op->inputs[0]], &part, &out, &entry)) {
        return false;
    }
    return copy(w, 0, part.begin[0], part.step[0]);
}

static bool gather(const work *w) {
    if (!w->in[0] || !w->in[1] || !is_list(w, 0)) return false;
    const int32_t length = count_of(w, 0);
    for (int32_t k = 0; k < w->count; k++) {
        const int64_t index = w->in[1][k];
        if (index < 0 || index >= length) return false;
        w->to[k] = w->in[0][index];
    }
    return true;
}

static bool product(const work *w) {
    if (!w->in[0] || w->count != 1 || w->shapes[w->op->inputs[0]].rank > 1) return false;
    w->to[0] = 1;
    for (int32_t i = 0, count = count_of(w, 0); i < count; i++) {
        if (!is_small(w->to[0]) || !is_small(w->in[0][i])) return false;
        w->to[0] *= w->in[0][i];
    }
    return true;
}

static bool compute(const work *w) {
    switch (w->op->kind) {
    case MN_OP_SHAPE: return shape(w);
    case MN_OP_CAST:
    case MN_OP_RESHAPE:
    case MN_OP_SQUEEZE:
    case MN_OP_EXPAND_DIMS: return copy(w, 0, 0, 1);
    case MN_OP_ADD:
    case MN_OP_SUB:
    case MN_OP_MUL: return arithmetic(w);
    case MN_OP_PACK:
    case MN_OP_CONCATENATION: return join(w);
    case MN_OP_STRIDED_SLICE:
    case MN_OP_SLICE: return !w->op->attr.computed && slice(w);
    case MN_OP_UNPACK: return is_list(w, 0) && copy(w, 0, w->output, 1);
    case MN_OP_GATHER: return gather(w);
    case MN_OP_REDUCE_PROD: return product(w);
    default: return false;
    }
}

/* Do the results fit the type? */
static bool fits(mn_type type, const int64_t *values, int32_t count) {
    for (int32_t i = 0; i < count && type == MN_INT32; i++) {
        if (values[i] < INT32_MIN || values[i] > INT32_MAX) return false;
    }
    return true;
}

static mn_status compute_output(mn_known *known, work *w, int32_t i) {
    const int32_t tensor = w->op->outputs[i];
    w->output = i;
    w->count = mn_shape_count(&w->shapes[tensor]);
    if (w->count > MN_KNOWN_MAX) return MN_OK;
    MN_TRY(new_values(known, w->count, &w->to));
    if (compute(w) && fits(known->graph->tensors[tensor].type, w->to, w->count)) known->values[tensor] = w->to;
    return MN_OK;
}

mn_status mn_known_compute(mn_known *known, const mn_shape *shapes, int32_t op_index) {
    const mn_op *op = &known->graph->ops[op_index];
    if (!mn_known_wanted(known->graph, op)) return MN_OK;
    const int64_t **in = mn_region_alloc(&known->region, (size_t)op->input_count, sizeof *in);
    if (!in) return mn_fail_memory("the model's shapes");
    for (int32_t i = 0; i < op->input_count; i++) MN_TRY(mn_known_get(known, shapes, op->inputs[i], &in[i]));
    work w = {.op = op, .shapes = shapes, .in = in};
    for (int32_t i = 0; i < op->output_count; i++) MN_TRY(compute_output(known, &w, i));
    return MN_OK;
}
