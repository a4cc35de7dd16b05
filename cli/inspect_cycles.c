/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "inspect_cycles.h"

#include <inttypes.h>
#include <string.h>

#include "chart/chart.h"
#include "ethosu/cycles.h"
#include "ethosu/registers.h"
#include "inspect_npu.h"

/* One program, and its estimate for the usual system. */
typedef struct program {
    int32_t op;
    mn_ethosu_stream stream;
    mn_ethosu_system system;
    mn_ethosu_estimate estimate;
} program;

static const char *const bounds[] = {
    [MN_ETHOSU_BY_MACS] = "multipliers",
    [MN_ETHOSU_BY_WEIGHTS] = "decoding weights",
    [MN_ETHOSU_BY_OUTPUT] = "output stage",
    [MN_ETHOSU_BY_MEMORY] = "memory",
};

/* What is wrong with a program is told before anything is printed. */
static mn_status check_programs(const mn_graph *graph, const char *npu) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        mn_ethosu_stream stream;
        char name[32];
        if (!mn_ethosu_runs(&graph->ops[i])) continue;
        MN_TRY(cli_npu_stream(graph, i, &stream));
        mn_ethosu_config_name(&stream.config, name, sizeof name);
        if (strcmp(name, npu) == 0) continue;
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: Vela has compiled it for %s; name that one with --npu", graph->name,
                       name);
    }
    return MN_OK;
}

static mn_status open_program(const mn_graph *graph, int32_t index, program *out) {
    *out = (program){.op = index};
    MN_TRY(cli_npu_stream(graph, index, &out->stream));
    out->system = mn_ethosu_usual_system(&out->stream.config);
    return mn_ethosu_estimate_make(&out->stream, &out->system, &out->estimate);
}

/* Opens each program in turn and shows it. */
static mn_status for_programs(const mn_graph *graph, void (*show)(const program *p, void *context), void *context) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        program p;
        if (!mn_ethosu_runs(&graph->ops[i])) continue;
        MN_TRY(open_program(graph, i, &p));
        show(&p, context);
        mn_ethosu_estimate_free(&p.estimate);
    }
    return MN_OK;
}

static bool is_copy(const mn_ethosu_cost *cost) { return cost->code == MN_NPU_OP_DMA_START; }

static double milliseconds(const program *p, double cycles) { return cycles / p->system.clock * 1e3; }

/* "CONV 3x3 of 32", as an operation's kind, filter and input channels. */
static char *describe(const mn_ethosu_cost *cost, char *text, size_t size) {
    const char *kind = cli_npu_kind(cost->code, cost->mode);
    if (cost->k_h == 0) {
        snprintf(text, size, "%s", kind);
    } else if (cost->code == MN_NPU_OP_CONV) {
        snprintf(text, size, "%s %" PRId32 "x%" PRId32 " of %" PRId32, kind, cost->k_h, cost->k_w, cost->in_c);
    } else {
        snprintf(text, size, "%s %" PRId32 "x%" PRId32, kind, cost->k_h, cost->k_w);
    }
    return text;
}

/* Share of the multipliers that have something to do. */
static double used(const program *p, const mn_ethosu_cost *cost) {
    return cost->macs / (cost->busy * p->stream.config.macs);
}

/* ---- Text ---------------------------------------------------------------------------------------------------------
 */

static void print_system(const program *p) {
    static const char *const names[] = {"constants", "tensors", "fast memory"};
    printf("Estimate of ours for the program of operator %" PRId32 "; nothing of it was measured.\n", p->op);
    printf("clock       %.0f MHz\n", p->system.clock / 1e6);
    for (int32_t i = 0; i < MN_ETHOSU_REGIONS; i++) {
        const mn_ethosu_port *port = &p->system.ports[p->system.port_of[i]];
        printf("%-11s %s: %.0f bytes a cycle, the first after %.0f cycles\n", names[i], port->name, port->bytes,
               port->wait);
    }
}

/* The same on i.MX 93, the board with this NPU. */
static void print_imx93(const program *p) {
    const mn_ethosu_system system = mn_ethosu_imx93_system();
    mn_ethosu_estimate e;
    if (p->stream.config.product != MN_ETHOSU_U65 || p->stream.config.cores > 1) return;
    if (mn_ethosu_estimate_make(&p->stream, &system, &e) != MN_OK) return;
    printf("i.MX 93     %.0f cycles, %.3f ms, with its DRAM of %.1f bytes a cycle\n", e.cycles,
           e.cycles / system.clock * 1e3, system.ports[0].bytes);
    mn_ethosu_estimate_free(&e);
}

static void print_program(const program *p, void *context) {
    const mn_ethosu_estimate *e = &p->estimate;
    double copied = 0, copying = 0, macs = 0;
    (void)context;
    print_system(p);
    printf(
        "\n   #  operation                output           MACs      bytes     cycles   share  used    held up by\n");
    for (int32_t i = 0; i < e->count; i++) {
        const mn_ethosu_cost *cost = &e->costs[i];
        char kind[64], shape[40];
        macs += cost->macs;
        copied += is_copy(cost) ? cost->bytes : 0;
        copying += is_copy(cost) ? cost->busy : 0;
        if (is_copy(cost)) continue;
        snprintf(shape, sizeof shape, "%" PRId32 "x%" PRId32 "x%" PRId32, cost->h, cost->w, cost->c);
        printf("%4" PRId32 "  %-23s  %-13s %9.0f  %9.0f  %9.0f  %5.1f %%  %4.0f %%  %s\n", i,
               describe(cost, kind, sizeof kind), shape, cost->macs, cost->bytes, cost->busy,
               100 * cost->busy / e->cycles, 100 * used(p, cost), bounds[cost->bound]);
    }
    printf("\ncopies      %.0f bytes in %.0f cycles, beside operations where these need not wait\n", copied, copying);
    printf("total       %.0f cycles, %.3f ms; %.1f %% of the multipliers used\n", e->cycles, milliseconds(p, e->cycles),
           e->cycles > 0 ? 100 * macs / (e->cycles * p->stream.config.macs) : 0);
    print_imx93(p);
}

mn_status cli_print_cycles(const mn_graph *graph, const char *npu) {
    MN_TRY(check_programs(graph, npu));
    return for_programs(graph, print_program, NULL);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------
 */

static void json_cost(cli_json *json, const program *p, const mn_ethosu_cost *cost) {
    cli_json_object(json, NULL);
    cli_json_text(json, "kind", cli_npu_kind(cost->code, cost->mode));
    cli_json_int(json, "command", (int64_t)cost->command);
    cli_json_int(json, "height", cost->h);
    cli_json_int(json, "width", cost->w);
    cli_json_int(json, "channels", cost->c);
    cli_json_number(json, "macs", cost->macs);
    cli_json_number(json, "bytes", cost->bytes);
    cli_json_number(json, "begin", cost->begin);
    cli_json_number(json, "cycles", cost->busy);
    if (!is_copy(cost)) cli_json_number(json, "used", used(p, cost));
    cli_json_text(json, "held_up_by", bounds[cost->bound]);
    cli_json_end(json);
}

static void json_program(const program *p, void *context) {
    cli_json *json = context;
    cli_json_object(json, NULL);
    cli_json_int(json, "operator", p->op);
    cli_json_number(json, "clock", p->system.clock);
    cli_json_number(json, "cycles", p->estimate.cycles);
    cli_json_number(json, "milliseconds", milliseconds(p, p->estimate.cycles));
    cli_json_array(json, "operations");
    for (int32_t i = 0; i < p->estimate.count; i++) json_cost(json, p, &p->estimate.costs[i]);
    cli_json_end(json);
    cli_json_end(json);
}

mn_status cli_json_cycles(const mn_graph *graph, const char *npu) {
    cli_json json = {.out = stdout};
    MN_TRY(check_programs(graph, npu));
    cli_json_object(&json, NULL);
    cli_json_text(&json, "npu", npu);
    cli_json_array(&json, "programs");
    const mn_status status = for_programs(graph, json_program, &json);
    cli_json_end(&json);
    cli_json_end(&json);
    return status;
}

/* ---- Picture ------------------------------------------------------------------------------------------------------
 */

/* One row for each operation that is not a copy: its name to the left of the axis, a bar on it. */
enum { ROW = 14, NAME = 250, AXIS = 560, WIDTH = NAME + AXIS + 90, TOP = 66, BOTTOM = 34 };

typedef struct picture {
    FILE *out;
    int y, rows;
    double most; /* cycles of the longest operation */
} picture;

static void measure(const program *p, void *context) {
    picture *all = context;
    for (int32_t i = 0; i < p->estimate.count; i++) {
        const mn_ethosu_cost *cost = &p->estimate.costs[i];
        if (is_copy(cost)) continue;
        all->rows++;
        all->most = cost->busy > all->most ? cost->busy : all->most;
    }
}

static void draw_program(const program *p, void *context) {
    picture *all = context;
    for (int32_t i = 0; i < p->estimate.count; i++) {
        const mn_ethosu_cost *cost = &p->estimate.costs[i];
        char kind[64], name[128], label[32];
        if (is_copy(cost)) continue;
        const double length = AXIS * cost->busy / all->most;
        snprintf(name, sizeof name, "%s, %" PRId32 "x%" PRId32 "x%" PRId32, describe(cost, kind, sizeof kind), cost->h,
                 cost->w, cost->c);
        snprintf(label, sizeof label, "%.0f", cost->busy);
        mn_chart_text(all->out, NAME - 8, all->y + 11, (mn_chart_style){.anchor = "end"}, name);
        mn_chart_bar(all->out, NAME, all->y + 2, length, ROW - 4,
                     cost->bound == MN_ETHOSU_BY_MACS ? MN_CHART_NAVY : MN_CHART_RED);
        mn_chart_text(all->out, NAME + length + 5, all->y + 11, (mn_chart_style){0}, label);
        all->y += ROW;
    }
}

mn_status cli_plot_cycles(FILE *out, const mn_graph *graph, const char *npu) {
    picture all = {.out = out, .y = TOP};
    char title[128];
    MN_TRY(check_programs(graph, npu));
    MN_TRY(for_programs(graph, measure, &all));
    snprintf(title, sizeof title, "Cycles of each operation on %s, estimated", npu);
    mn_chart_open(out, WIDTH, TOP + ROW * all.rows + BOTTOM);
    mn_chart_title(out, title);
    mn_chart_text(out, 16, 42, (mn_chart_style){0},
                  "red: held up by memory, the output stage or the decoder of weights");
    const mn_status status = for_programs(graph, draw_program, &all);
    mn_chart_close(out);
    return status;
}
