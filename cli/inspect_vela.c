/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "inspect_vela.h"

#include <inttypes.h>
#include <stdio.h>

#include "mobilenet_inspect.h"
#include "session/model.h"
#include "vela.h"

static const char *who(const mn_graph *graph, int32_t index, cli_vela version) {
    if (cli_vela_leaves(graph, index, version)) return "CPU";
    return cli_vela_depends(graph->ops[index].kind) ? "NPU*" : "NPU";
}

/* Multiply-accumulates of the model, and as many as take the time that it takes with idle multipliers. */
typedef struct work {
    double useful, taken;
} work;

static int64_t macs_of(const mn_model *model, int32_t index) {
    mn_op_info op = MN_INIT(mn_op_info);
    return mn_model_op(model, index, &op) == MN_OK ? op.macs : 0;
}

static void print_row(const mn_model *model, int32_t index, int32_t outputs, work *sum) {
    const mn_graph *graph = &model->graph;
    const char *old = who(graph, index, CLI_VELA_3);
    cli_lanes lanes;
    printf("%4" PRId32 "  %-23s  %-4s  ", index, mn_op_name(graph->ops[index].kind), who(graph, index, CLI_VELA_5));
    if (!cli_vela_lanes(graph, index, outputs, &lanes)) {
        printf("%s\n", old);
        return;
    }
    printf("%-4s  %5" PRId32 " -> %5" PRId32 "   %5" PRId32 " -> %5" PRId32 "  %5.1f %%\n", old, lanes.in, lanes.out,
           lanes.padded_in, lanes.padded_out, 100 * lanes.idle);
    const double macs = (double)macs_of(model, index);
    sum->useful += macs;
    sum->taken += macs / (1 - lanes.idle);
}

static void print_left(const mn_graph *graph, cli_vela version, const char *name) {
    int32_t left = 0;
    for (int32_t i = 0; i < graph->op_count; i++) left += cli_vela_leaves(graph, i, version) != NULL;
    printf("%s takes %" PRId32 " of %" PRId32 " operators%s\n", name, graph->op_count - left, graph->op_count,
           left > 0 ? "; the processor keeps" : "");
    for (int32_t i = 0; i < graph->op_count; i++) {
        const char *reason = cli_vela_leaves(graph, i, version);
        if (reason) printf("%4" PRId32 "  %s: %s\n", i, mn_op_name(graph->ops[i].kind), reason);
    }
}

static void print_conditions(const mn_graph *graph) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (!cli_vela_depends(graph->ops[i].kind)) continue;
        printf("* If its shapes are such as Vela takes: 'vela --supported-ops-report'.\n");
        return;
    }
}

void cli_print_vela(const mn_model *model, const char *npu) {
    const mn_graph *graph = &model->graph;
    int32_t outputs = 1;
    work sum = {0};
    cli_vela_accelerator(npu, &outputs);
    printf("What Vela would make of the model for %s, inferred from its lists of operators; Vela decides.\n\n", npu);
    printf("   #  %-23s  5.x   3.x    channels         multiplied as     idle\n", "operator");
    for (int32_t i = 0; i < graph->op_count; i++) print_row(model, i, outputs, &sum);
    printf("\n");
    print_conditions(graph);
    print_left(graph, CLI_VELA_5, "Vela 5.x");
    print_left(graph, CLI_VELA_3, "Vela 3.x");
    if (sum.taken <= 0) return;
    printf(
        "Multipliers that channel counts leave idle: %.1f %% of all. Multiples of 32 channels into convolutions and of "
        "%" PRId32 " out of them waste none.\n",
        100 * (1 - sum.useful / sum.taken), outputs);
}

void cli_json_vela(const mn_model *model, const char *npu) {
    cli_json json = {.out = stdout};
    const mn_graph *graph = &model->graph;
    int32_t outputs = 1;
    cli_vela_accelerator(npu, &outputs);
    cli_json_object(&json, NULL);
    cli_json_text(&json, "npu", npu);
    cli_json_array(&json, "operators");
    for (int32_t i = 0; i < graph->op_count; i++) {
        cli_lanes lanes;
        cli_json_object(&json, NULL);
        cli_json_int(&json, "index", i);
        cli_json_text(&json, "name", mn_op_name(graph->ops[i].kind));
        cli_json_text(&json, "left_by_vela_5", cli_vela_leaves(graph, i, CLI_VELA_5));
        cli_json_text(&json, "left_by_vela_3", cli_vela_leaves(graph, i, CLI_VELA_3));
        if (cli_vela_lanes(graph, i, outputs, &lanes)) cli_json_number(&json, "idle", lanes.idle);
        cli_json_end(&json);
    }
    cli_json_end(&json);
    cli_json_end(&json);
}
