/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/extremes.h"
#include "graph/stored.h"
#include "quant/equalise.h"
#include "quant/runner.h"

/* ---- Pairs ---------------------------------------------------------------------------------------------- */

typedef struct pairing {
    mn_region region;
    const mn_graph *graph[2];
    bool *taken[2]; /* [tensor_count]: has a partner */
    int32_t count;
    mn_difference *pairs; /* [op_count of the first graph] */
} pairing;

static bool same_size(const mn_tensor *a, const mn_tensor *b) {
    return a->bytes / mn_type_size(a->type) == b->bytes / mn_type_size(b->type);
}

static bool readable(const mn_tensor *tensor) {
    if (tensor->type == MN_FLOAT32) return true;
    return mn_is_stored(tensor->type) && tensor->quant.count == 1;
}

/* Operators that only change how values are stored are not layers; what has other scales by channel is not a version of
 * a tensor. */
static bool is_layer(const mn_graph *graph, const mn_op *op) {
    const mn_tensor *out = mn_graph_output(graph, op, 0);
    return op->kind != MN_OP_QUANTIZE && op->kind != MN_OP_DEQUANTIZE && readable(out) && !out->data &&
           !mn_is_rescaled(out->name);
}

static void pair(pairing *p, int32_t op, int32_t a, int32_t b) {
    p->taken[0][a] = p->taken[1][b] = true;
    p->pairs[p->count++] = (mn_difference){.op = op, .a = a, .b = b};
}

static void pair_by_name(pairing *p) {
    const mn_graph *a = p->graph[0], *b = p->graph[1];
    for (int32_t i = 0; i < a->op_count; i++) {
        int32_t mine = a->ops[i].outputs[0];
        if (!is_layer(a, &a->ops[i])) continue;
        for (int32_t k = 0; k < b->op_count; k++) {
            int32_t theirs = b->ops[k].outputs[0];
            const mn_tensor *other = &b->tensors[theirs];
            if (p->taken[1][theirs] || !readable(other) || other->data || !same_size(&a->tensors[mine], other))
                continue;
            if (strcmp(a->tensors[mine].name, other->name) != 0) continue;
            pair(p, i, mine, theirs);
            break;
        }
    }
}

/* Both graphs keep their order, so a partner comes behind the partners of earlier operators. */
static void pair_by_order(pairing *p) {
    const mn_graph *a = p->graph[0], *b = p->graph[1];
    int32_t next = 0;
    for (int32_t i = 0; i < a->op_count; i++) {
        int32_t mine = a->ops[i].outputs[0];
        if (!is_layer(a, &a->ops[i]) || p->taken[0][mine]) continue;
        for (int32_t k = next; k < b->op_count; k++) {
            int32_t theirs = b->ops[k].outputs[0];
            if (p->taken[1][theirs] || !is_layer(b, &b->ops[k]) || b->ops[k].kind != a->ops[i].kind) continue;
            if (!same_size(&a->tensors[mine], &b->tensors[theirs])) continue;
            pair(p, i, mine, theirs);
            next = k + 1;
            break;
        }
    }
}

static int by_op(const void *a, const void *b) {
    return ((const mn_difference *)a)->op - ((const mn_difference *)b)->op;
}

static mn_status find_pairs(pairing *p) {
    const mn_graph *a = p->graph[0], *b = p->graph[1];
    if (a->input_count != 1 || b->input_count != 1 ||
        !same_size(&a->tensors[a->inputs[0]], &b->tensors[b->inputs[0]])) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s and %s take pictures of different sizes, so they cannot be compared",
                       a->name, b->name);
    }
    p->taken[0] = mn_region_alloc(&p->region, (size_t)a->tensor_count, sizeof **p->taken);
    p->taken[1] = mn_region_alloc(&p->region, (size_t)b->tensor_count, sizeof **p->taken);
    p->pairs = calloc((size_t)a->op_count, sizeof *p->pairs);
    if (!p->taken[0] || !p->taken[1] || !p->pairs) return mn_fail_memory("the comparison");
    pair_by_name(p);
    pair_by_order(p);
    qsort(p->pairs, (size_t)p->count, sizeof *p->pairs, by_op);
    if (p->count > 0) return MN_OK;
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s and %s have no layer in common", a->name, b->name);
}

/* ---- Sums ----------------------------------------------------------------------------------------------- */

typedef struct sums {
    double aa, bb, ab, noise, shift, most;
    int64_t changed;
    mn_interval met[2];
} sums;

typedef struct comparison {
    const pairing *pairs;
    const mn_samples *samples;
    mn_runner *second;
    const mn_compare_options *options;
    mn_status *failed; /* [jobs]: why a job has no sums */
    sums *each;        /* [jobs][pairs->count]: of one sample */
    sums *total;       /* [pairs->count] */
} comparison;

static float value_at(const mn_tensor *info, const void *data, size_t i) {
    if (info->type == MN_FLOAT32) return ((const float *)data)[i];
    return info->quant.scale[0] * (float)(mn_stored_at(info->type, data, i) - info->quant.zero_point[0]);
}

static mn_interval hold(mn_interval range, float value) {
    if (!mn_interval_known(range)) return (mn_interval){value, value};
    return (mn_interval){fminf(range.low, value), fmaxf(range.high, value)};
}

static sums add_up(const mn_tensor *a, const void *data_a, const mn_tensor *b, const void *data_b) {
    sums s = {.met = {MN_INTERVAL_UNKNOWN, MN_INTERVAL_UNKNOWN}};
    for (size_t i = 0; i < a->bytes / mn_type_size(a->type); i++) {
        float x = value_at(a, data_a, i), y = value_at(b, data_b, i);
        s.aa += (double)x * (double)x;
        s.bb += (double)y * (double)y;
        s.ab += (double)x * (double)y;
        const double difference = (double)y - (double)x;
        s.noise += difference * difference;
        s.shift += difference;
        s.most = mn_max_f64(s.most, fabs(difference));
        s.changed += difference < 0 || difference > 0;
        s.met[0] = hold(s.met[0], x);
        s.met[1] = hold(s.met[1], y);
    }
    return s;
}

static void observe(void *context, int32_t job, int32_t sample, const mn_session *first) {
    comparison *c = context;
    const mn_session *second;
    const pairing *p = c->pairs;
    mn_status status = mn_runner_run(c->second, job, c->samples, sample, &second);
    if (status != MN_OK) c->failed[job] = status;
    if (status == MN_OK && c->options->look) c->options->look(c->options->context, sample, first, second);
    for (int32_t i = 0; i < p->count && status == MN_OK; i++) {
        const mn_difference *d = &p->pairs[i];
        c->each[(size_t)job * (size_t)p->count + (size_t)i] =
            add_up(&p->graph[0]->tensors[d->a], mn_session_tensor_data(first, d->a), &p->graph[1]->tensors[d->b],
                   mn_session_tensor_data(second, d->b));
    }
}

static void collect(void *context, int32_t job, int32_t sample, const mn_session *session) {
    (void)sample;
    (void)session;
    comparison *c = context;
    for (int32_t i = 0; i < c->pairs->count; i++) {
        const sums *mine = &c->each[(size_t)job * (size_t)c->pairs->count + (size_t)i];
        sums *total = &c->total[i];
        total->aa += mine->aa;
        total->bb += mine->bb;
        total->ab += mine->ab;
        total->noise += mine->noise;
        total->shift += mine->shift;
        total->most = mn_max_f64(total->most, mine->most);
        total->changed += mine->changed;
        for (int32_t k = 0; k < 2; k++) {
            total->met[k] = hold(hold(total->met[k], mine->met[k].low), mine->met[k].high);
        }
    }
}

/* ---- Results -------------------------------------------------------------------------------------------- */

static mn_interval covered(const mn_tensor *tensor) {
    if (tensor->type == MN_FLOAT32) return MN_INTERVAL_UNKNOWN;
    float scale = tensor->quant.scale[0];
    int32_t zero = tensor->quant.zero_point[0];
    return (mn_interval){scale * (float)(mn_stored_lowest(tensor->type) - zero),
                         scale * (float)(mn_stored_highest(tensor->type) - zero)};
}

static void judge(mn_difference *d, const sums *s, const pairing *p, int32_t samples) {
    const mn_tensor *a = &p->graph[0]->tensors[d->a];
    size_t elements = a->bytes / mn_type_size(a->type);
    double product = sqrt(s->aa * s->bb);
    double places = (double)samples * (double)elements;
    d->sqnr = s->noise > 0 ? 10 * log10(s->aa / s->noise) : INFINITY;
    d->cosine = product > 0 ? s->ab / product : s->aa == s->bb ? 1 : 0;
    d->shift = s->shift / places;
    d->most = s->most;
    d->changed = s->changed;
    d->met[0] = s->met[0];
    d->met[1] = s->met[1];
    d->covers = covered(&p->graph[1]->tensors[d->b]);
}

static mn_status run_both(pairing *p, const mn_samples *samples, int32_t jobs, const mn_compare_options *options,
                          const mn_quant_progress *progress) {
    const mn_session_options plain = MN_INIT(mn_session_options);
    const mn_session_options *second = options->second ? options->second : &plain;
    mn_runner *first = NULL;
    comparison c = {.pairs = p, .samples = samples, .options = options};
    mn_status status = mn_runner_create(p->graph[0], jobs, &first);
    if (status == MN_OK) status = mn_runner_create_with(p->graph[1], second, mn_runner_jobs(first), &c.second);
    if (status == MN_OK) {
        size_t count = (size_t)p->count;
        c.each = mn_region_alloc(&p->region, (size_t)mn_runner_jobs(first) * count, sizeof *c.each);
        c.total = mn_region_alloc(&p->region, count, sizeof *c.total);
        c.failed = mn_region_alloc(&p->region, (size_t)mn_runner_jobs(first), sizeof *c.failed);
        if (!c.each || !c.total || !c.failed) status = mn_fail_memory("the comparison");
    }
    if (status == MN_OK) {
        for (int32_t i = 0; i < p->count; i++) c.total[i].met[0] = c.total[i].met[1] = MN_INTERVAL_UNKNOWN;
        status = mn_runner_each(first, samples, observe, collect, &c, "comparison", progress);
    }
    for (int32_t i = 0; status == MN_OK && i < mn_runner_jobs(first); i++) status = c.failed[i];
    for (int32_t i = 0; i < p->count && status == MN_OK; i++) judge(&p->pairs[i], &c.total[i], p, samples->count);
    mn_runner_close(&first);
    mn_runner_close(&c.second);
    return status;
}

mn_status mn_compare(const mn_graph *a, const mn_graph *b, const mn_samples *samples, int32_t jobs,
                     const mn_compare_options *options, const mn_quant_progress *progress, mn_difference **out,
                     int32_t *count) {
    const mn_compare_options plain = {0};
    pairing p = {.graph = {a, b}};
    mn_status status = find_pairs(&p);
    if (status == MN_OK) status = run_both(&p, samples, jobs, options ? options : &plain, progress);
    mn_region_free(&p.region);
    if (status != MN_OK) {
        free(p.pairs);
        return status;
    }
    *out = p.pairs;
    *count = p.count;
    return MN_OK;
}
