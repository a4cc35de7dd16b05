/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "print.h"

#include <stdio.h>
#include <string.h>

enum { WORST = 5, OPS_WIDTH = 28 };

static double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

static double rate_of(const step_report *step) { return ratio((double)step->macs, step->ns); }

static double lost(const step_report *step) { return step->ns - step_bound(step); }

/* "DEPTHWISE_CONV_2D", "CONV_2D +3 more". */
static void name_ops(const model_report *report, const step_report *step, char *out, size_t size) {
    mn_op_info op = MN_INIT(mn_op_info);
    const char *first = mn_model_op(report->model, step->info.first_op, &op) == MN_OK ? op.name : "?";
    if (step->info.op_count > 1) {
        snprintf(out, size, "%s +%d", first, step->info.op_count - 1);
    } else {
        snprintf(out, size, "%s", first);
    }
}

/* ---- For people -------------------------------------------------------------------------------------- */

static void print_size(size_t bytes) {
    if (bytes < 1024 * 1024) {
        printf("%5zu KiB", bytes / 1024);
    } else {
        printf("%5zu MiB", bytes / (1024 * 1024));
    }
}

void print_machine(const machine *m, const loop_result *loops, int32_t count) {
    printf("One core, at best\n\n%-32s %10s\n", "multiply-accumulates", "MAC/ns");
    for (int32_t i = 0; i < count; i++) printf("%-32s %10.1f\n", loops[i].name, loops[i].rate);
    printf("\n%-9s %10s %10s\n", "memory", "read GB/s", "write GB/s");
    for (int32_t i = 0; i < BANDWIDTH_POINTS; i++) {
        print_size(bandwidth_bytes(i));
        printf(" %10.1f %10.1f\n", m->memory.read[i], m->memory.write[i]);
    }
}

void print_beside(const beside_result *results, int32_t count) {
    printf("\nBeside a VPDPBUSD of 512 bits, in VPDPBUSDs\n\n");
    if (count == 0) printf("this processor has none\n");
    for (int32_t i = 0; i < count; i++) printf("%-32s %10.2f\n", results[i].what, results[i].cost);
}

static void print_step(const model_report *report, int32_t index) {
    const step_report *step = &report->steps[index];
    char ops[OPS_WIDTH + 1];
    name_ops(report, step, ops, sizeof ops);
    const char *limit = step_bound(step) <= 0 ? "" : step->mac_ns >= step->memory_ns ? "MAC" : "memory";
    printf("%4d  %-*s %8.2f %8.1f %9.1f %8.1f %9.1f  %-6s %6.0f%% %8.1f  %s\n", index, OPS_WIDTH, ops,
           (double)step->macs / 1e6, (double)(step->in_bytes + step->out_bytes + step->weight_bytes) / 1024,
           step->ns / 1e3, rate_of(step), step_bound(step) / 1e3, limit, 100 * ratio(step_bound(step), step->ns),
           lost(step) / 1e3, step->info.kernel);
}

/* The steps that lose most, worst first: what to look at. */
static void print_worst(const model_report *report) {
    double above = -1;
    printf("\nMost time lost:");
    for (int32_t n = 0; n < WORST && n < report->step_count; n++) {
        int32_t worst = -1;
        for (int32_t s = 0; s < report->step_count; s++) {
            const double here = lost(&report->steps[s]);
            bool candidate = above < 0 || here < above;
            if (candidate && (worst < 0 || here > lost(&report->steps[worst]))) worst = s;
        }
        if (worst < 0 || lost(&report->steps[worst]) <= 0) break;
        above = lost(&report->steps[worst]);
        printf("%s step %d (%.1f us)", n > 0 ? "," : "", worst, above / 1e3);
    }
    printf("\n");
}

void print_model(const model_report *report, const machine *m) {
    step_report total = {0};
    printf("\n%s, %d thread%s, %d runs\n\n%4s  %-*s %8s %8s %9s %8s %9s  %-6s %7s %8s  %s\n", report->path, m->threads,
           m->threads > 1 ? "s" : "", report->runs, "step", OPS_WIDTH, "operators", "M MAC", "KiB", "us", "MAC/ns",
           "bound us", "limit", "share", "lost us", "kernel");
    for (int32_t s = 0; s < report->step_count; s++) {
        print_step(report, s);
        total.macs += report->steps[s].macs;
        total.ns += report->steps[s].ns;
    }
    const double bound = model_bound(report);
    printf("%4s  %-*s %8.2f %8s %9.1f %8.1f %9.1f  %-6s %6.0f%% %8.1f\n", "", OPS_WIDTH, "all steps",
           (double)total.macs / 1e6, "", total.ns / 1e3, rate_of(&total), bound / 1e3, "", 100 * ratio(bound, total.ns),
           (total.ns - bound) / 1e3);
    printf("\nA whole run: %.3f ms, %.2f times the bound of %.3f ms.\n", report->ns / 1e6, ratio(report->ns, bound),
           bound / 1e6);
    print_worst(report);
}

/* ---- JSON -------------------------------------------------------------------------------------------- */

static void json_curve(cli_json *json, const char *key, const double *values) {
    cli_json_array(json, key);
    for (int32_t i = 0; i < BANDWIDTH_POINTS; i++) {
        cli_json_object(json, NULL);
        cli_json_int(json, "bytes", (int64_t)bandwidth_bytes(i));
        cli_json_number(json, "bytes_per_ns", values[i]);
        cli_json_end(json);
    }
    cli_json_end(json);
}

void json_machine(cli_json *json, const machine *m, const loop_result *loops, int32_t count) {
    cli_json_array(json, "loops");
    for (int32_t i = 0; i < count; i++) {
        cli_json_object(json, NULL);
        cli_json_text(json, "name", loops[i].name);
        cli_json_number(json, "macs_per_ns", loops[i].rate);
        cli_json_end(json);
    }
    cli_json_end(json);
    json_curve(json, "read", m->memory.read);
    json_curve(json, "write", m->memory.write);
}

void json_beside(cli_json *json, const beside_result *results, int32_t count) {
    cli_json_array(json, "beside");
    for (int32_t i = 0; i < count; i++) {
        cli_json_object(json, NULL);
        cli_json_text(json, "what", results[i].what);
        cli_json_number(json, "cost", results[i].cost);
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void json_step(cli_json *json, const model_report *report, const step_report *step) {
    char ops[OPS_WIDTH + 1];
    name_ops(report, step, ops, sizeof ops);
    cli_json_object(json, NULL);
    cli_json_text(json, "operators", ops);
    cli_json_int(json, "first_op", step->info.first_op);
    cli_json_int(json, "op_count", step->info.op_count);
    cli_json_text(json, "kernel", step->info.kernel);
    cli_json_int(json, "units", step->info.units);
    cli_json_int(json, "grain", step->info.grain);
    cli_json_int(json, "macs", step->macs);
    cli_json_int(json, "in_bytes", (int64_t)step->in_bytes);
    cli_json_int(json, "out_bytes", (int64_t)step->out_bytes);
    cli_json_int(json, "weight_bytes", (int64_t)step->weight_bytes);
    cli_json_number(json, "ns", step->ns);
    cli_json_number(json, "mac_ns", step->mac_ns);
    cli_json_number(json, "memory_ns", step->memory_ns);
    cli_json_end(json);
}

void json_model(cli_json *json, const model_report *report, const scaling *prediction) {
    cli_json_object(json, NULL);
    cli_json_text(json, "path", report->path);
    cli_json_int(json, "runs", report->runs);
    cli_json_number(json, "ns", report->ns);
    cli_json_number(json, "bound_ns", model_bound(report));
    cli_json_array(json, "steps");
    for (int32_t s = 0; s < report->step_count; s++) json_step(json, report, &report->steps[s]);
    cli_json_end(json);
    if (prediction) json_scaling(json, report, prediction);
    cli_json_end(json);
}
