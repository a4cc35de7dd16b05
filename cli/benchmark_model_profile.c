/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "benchmark_model_profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "mobilenet_inspect.h"

#define SLOWEST 10 /* rows of the second table */

/* ---- Collecting ---- */

/** Adds to a text, which begins as NULL; when memory runs out, *text is freed and stays NULL. */
static bool append(char **text, const char *before, const char *more) {
    size_t length = *text != NULL ? strlen(*text) : 0, room = length + strlen(before) + strlen(more) + 1;
    char *longer = realloc(*text, room);
    if (longer == NULL) {
        free(*text);
    } else {
        snprintf(longer + length, room - length, "%s%s", before, more);
    }
    *text = longer;
    return longer != NULL;
}

bool bench_profile_init(bench_profile *profile, int64_t microseconds, int64_t memory_kb) {
    *profile = (bench_profile){.node = calloc(1, sizeof *profile->node)};
    if (profile->node == NULL) return false;
    profile->count = 1;
    bench_node *node = &profile->node[0];
    node->memory_kb = memory_kb;
    bench_stat_add(&node->time, microseconds);
    bench_stat_add(&profile->total, microseconds);
    return append(&node->type, "", "AllocateTensors") && append(&node->name, "", "AllocateTensors/0");
}

/** "CONV_2D+ADD" for the operators of a step; for a part of a delegate the name that it registered. */
static mn_status name_type(const mn_model *model, const mn_step_info *step, char **out) {
    bool good = step->backend == NULL || append(out, "", step->kernel);
    for (int32_t i = 0; step->backend == NULL && i < step->op_count && good; i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        MN_TRY(mn_model_op(model, step->ops[i], &op));
        good = append(out, i > 0 ? "+" : "", op.name);
    }
    return good ? MN_OK : mn_fail_memory("the profile");
}

/** "[name, name]:7" for what node 7 makes. */
static mn_status name_outputs(const mn_model *model, const mn_step_info *step, int32_t node, char **out) {
    char number[16];
    bool good = append(out, "[", "");
    for (int32_t i = 0; i < step->output_count && good; i++) {
        mn_tensor_info tensor = MN_INIT(mn_tensor_info);
        MN_TRY(mn_model_tensor(model, step->outputs[i], &tensor));
        good = append(out, i > 0 ? ", " : "", tensor.name);
    }
    snprintf(number, sizeof number, "%" PRId32, node);
    good = good && append(out, "]:", number);
    return good ? MN_OK : mn_fail_memory("the profile");
}

mn_status bench_profile_steps(bench_profile *profile, const mn_model *model, const mn_session *session) {
    int32_t count = mn_session_step_count(session);
    *profile = (bench_profile){.node = calloc((size_t)count + 1, sizeof *profile->node)};
    if (profile->node == NULL) return mn_fail_memory("the profile");
    profile->count = count;
    int32_t part = mn_model_op_count(model); /* TensorFlow Lite adds nodes of delegates behind the others */
    for (int32_t i = 0; i < count; i++) {
        mn_step_info step = MN_INIT(mn_step_info);
        MN_TRY(mn_session_step(session, i, &step));
        MN_TRY(name_type(model, &step, &profile->node[i].type));
        const int32_t node = step.backend != NULL ? part++ : step.ops[step.op_count - 1];
        MN_TRY(name_outputs(model, &step, node, &profile->node[i].name));
    }
    return MN_OK;
}

mn_status bench_profile_record(bench_profile *profile, const mn_session *session) {
    int64_t total = 0;
    for (int32_t i = 0; i < profile->count; i++) {
        mn_step_info step = MN_INIT(mn_step_info);
        MN_TRY(mn_session_step(session, i, &step));
        /* Rounded, so that a sum of many short steps is right on average. */
        int64_t microseconds = (int64_t)((step.last_ns + 500) / 1000);
        bench_stat_add(&profile->node[i].time, microseconds);
        total += microseconds;
    }
    bench_stat_add(&profile->total, total);
    return MN_OK;
}

void bench_profile_free(bench_profile *profile) {
    for (int32_t i = 0; i < profile->count; i++) {
        free(profile->node[i].type);
        free(profile->node[i].name);
    }
    free(profile->node);
    *profile = (bench_profile){0};
}

/* ---- Tables of nodes ---- */

#define RULE "=============================="

static double percent(int64_t part, int64_t whole) { return whole == 0 ? 0.0 : (double)part * 100.0 / (double)whole; }

static void print_node_header(FILE *stream, const char *title, bool csv) {
    fprintf(stream, RULE " %s " RULE "\n", title);
    if (csv) {
        fputs("node type, first, avg_ms, %, cdf%, mem KB, times called, name\n", stream);
    } else {
        fprintf(stream, "\t%40s\t%9s\t%9s\t%8s\t%8s\t%10s\t%9s\t%s\n", "[node type]", "[first]", "[avg ms]", "[%]",
                "[cdf%]", "[mem KB]", "[times called]", "[Name]");
    }
}

/** `shown` is the time of this and all rows above, in microseconds of all runs. */
static void print_node(FILE *stream, const bench_node *node, int64_t shown, const bench_stat *total, bool csv) {
    double first = (double)node->time.first / 1000.0;
    double mean = bench_stat_mean(&node->time) / 1000.0;
    double share = percent(node->time.sum, total->sum);
    double rising = percent(shown, total->sum);
    double memory = (double)node->memory_kb;
    int64_t calls = total->count == 0 ? 0 : node->time.count / total->count;
    if (!csv) {
        fprintf(stream, "\t%40s\t%9.3f\t%9.3f\t%7.3f%%\t%7.3f%%\t%10.3f\t%9" PRId64 "\t%s\n", //
                node->type, first, mean, share, rising, memory, calls, node->name);
        return;
    }
    fprintf(stream, "%s, %g, %g, %g%%, %g%%, %g, %" PRId64 ", ", node->type, first, mean, share, rising, memory, calls);
    /* A comma would end the last field, so the original writes tabs. */
    for (const char *c = node->name; *c != '\0'; c++) fputc(*c == ',' ? '\t' : *c, stream);
    fputc('\n', stream);
}

/** Slowest first; equal ones stay in the order of execution. */
static int compare_times(const void *a, const void *b) {
    const bench_node *x = *(const bench_node *const *)a;
    const bench_node *y = *(const bench_node *const *)b;
    if (x->time.sum != y->time.sum) return x->time.sum > y->time.sum ? -1 : 1;
    return (x > y) - (x < y);
}

static bool print_slowest(FILE *stream, const bench_profile *profile, bool csv) {
    size_t count = (size_t)profile->count;
    const bench_node **order = malloc((count + 1) * sizeof *order);
    if (order == NULL) return false;
    for (size_t i = 0; i < count; i++) order[i] = &profile->node[i];
    qsort(order, count, sizeof *order, compare_times);
    print_node_header(stream, "Top by Computation Time", csv);
    int64_t shown = 0;
    for (size_t i = 0; i < count && i < SLOWEST; i++) {
        shown += order[i]->time.sum;
        print_node(stream, order[i], shown, &profile->total, csv);
    }
    fputc('\n', stream);
    free(order);
    return true;
}

/* ---- Summary by type ---- */

typedef struct bench_type {
    const char *name;
    int64_t nodes, calls;
    int64_t microseconds; /* of one run */
    int64_t memory_kb;
} bench_type;

static int compare_types(const void *a, const void *b) {
    const bench_type *x = a;
    const bench_type *y = b;
    if (x->microseconds != y->microseconds) return x->microseconds > y->microseconds ? -1 : 1;
    return strcmp(y->name, x->name);
}

/** Fills `types` (room for one per node) and returns their number; adds the time of one run to `sum`. */
static size_t gather_types(const bench_profile *profile, bench_type *types, int64_t *sum) {
    size_t count = 0;
    int64_t runs = profile->total.count;
    for (int32_t i = 0; i < profile->count; i++) {
        const bench_node *node = &profile->node[i];
        size_t t = 0;
        while (t < count && strcmp(types[t].name, node->type) != 0) t++;
        if (t == count) types[count++] = (bench_type){.name = node->type};
        int64_t microseconds = runs == 0 ? 0 : node->time.sum / runs;
        types[t].nodes++;
        types[t].calls += runs == 0 ? 0 : node->time.count / runs;
        types[t].microseconds += microseconds;
        types[t].memory_kb += node->memory_kb;
        *sum += microseconds;
    }
    return count;
}

static bool print_types(FILE *stream, const bench_profile *profile, bool csv) {
    bench_type *types = malloc(((size_t)profile->count + 1) * sizeof *types);
    if (types == NULL) return false;
    int64_t sum = 0;
    size_t count = gather_types(profile, types, &sum);
    qsort(types, count, sizeof *types, compare_types);
    fprintf(stream, "Number of nodes executed: %" PRId32 "\n" RULE " Summary by node type " RULE "\n", profile->count);
    if (csv) {
        fputs("node type, count, avg_ms, avg %, cdf %, mem KB, times called\n", stream);
    } else {
        fprintf(stream, "\t%40s\t%9s\t%10s\t%11s\t%11s\t%10s\t%10s\n", "[Node type]", "[count]", "[avg ms]", "[avg %]",
                "[cdf %]", "[mem KB]", "[times called]");
    }
    int64_t shown = 0;
    for (size_t i = 0; i < count; i++) {
        const bench_type *type = &types[i];
        shown += type->microseconds;
        fprintf(stream,
                csv ? "%s, %" PRId64 ", %g, %g%%, %g%%, %g, %" PRId64 "\n"
                    : "\t%40s\t%9" PRId64 "\t%10.3f\t%10.3f%%\t%10.3f%%\t%10.3f\t%9" PRId64 "\n",
                type->name, type->nodes, (double)type->microseconds / 1000.0, percent(type->microseconds, sum),
                percent(shown, sum), (double)type->memory_kb, type->calls);
    }
    fputc('\n', stream);
    free(types);
    return true;
}

bool bench_profile_print(FILE *stream, const bench_profile *profile, bool csv) {
    print_node_header(stream, "Run Order", csv);
    int64_t shown = 0;
    for (int32_t i = 0; i < profile->count; i++) {
        shown += profile->node[i].time.sum;
        print_node(stream, &profile->node[i], shown, &profile->total, csv);
    }
    fputc('\n', stream);
    if (!print_slowest(stream, profile, csv) || !print_types(stream, profile, csv)) return false;
    fputs("Timings (microseconds): ", stream);
    bench_stat_print(stream, &profile->total);
    fprintf(stream, "\nMemory (bytes): count=0\n%" PRId32 " nodes observed\n\n", profile->count);
    return true;
}
