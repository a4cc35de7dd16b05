/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* mobilenet inspect: what is in a model, and what running it takes. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classify/classifier.h"
#include "commands.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "common/options.h"
#include "delegation.h"
#include "image_options.h"
#include "inspect_cycles.h"
#include "inspect_dot.h"
#include "inspect_kind.h"
#include "inspect_npu.h"
#include "inspect_plan.h"
#include "inspect_vela.h"
#include "mobilenet_inspect.h"
#include "model_file.h"
#include "session/model.h"
#include "session_options.h"
#include "tensor_text.h"
#include "vela.h"

typedef struct settings {
    cli_list models;
    cli_session_options session;
    const char *npu; /* that Vela would compile for, or has; NULL: none */
    const char *plot;
    bool json, dot, plan, streamed;
} settings;

static const cli_option options[] = {
    {.name = "json",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, json),
     .help = "print one JSON object, with every tensor and every step of the plan"},
    {.name = "plan",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, plan),
     .help =
         "print the steps instead: fused operators, kernels, units for threads, memory, MACs and MACs per byte moved"},
    {.name = "streamed",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, streamed),
     .help = "show the plan that computes a few rows of each operator in turn, in the least memory ('mobilenet run "
             "--plan streamed')"},
    {.name = "dot",
     .kind = CLI_FLAG,
     .offset = offsetof(settings, dot),
     .help = "print the network as a graph for Graphviz: 'mobilenet inspect --dot MODEL | dot -Tsvg'"},
    {.name = "npu",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, session.delegate.npu),
     .value = "NAME",
     .help =
         "print instead which operators Arm's compiler Vela would assign to an Ethos-U (ethos-u65-256, that of i.MX "
         "93, "
         "ethos-u65-512, ethos-u55-32, -64, -128, -256), why not the others, and the multipliers that channel counts "
         "waste; for a model compiled by Vela, an estimate of the NPU's cycles by operation; with emulate, show the "
         "plan of "
         "'mobilenet run --npu=emulate'"},
    {.name = "plot",
     .kind = CLI_TEXT,
     .offset = offsetof(settings, plot),
     .value = "FILE.svg",
     .help = "draw these cycles, operation by operation"},
    CLI_SESSION_OPTIONS(settings, session),
    {0},
};

const cli_command cli_inspect_command = {
    .name = "inspect",
    .usage = "[options] MODEL",
    .summary = "Shows the inputs, outputs and operators of a model, with shapes, parameters, multiply-accumulates "
               "(MACs) and the memory that a run takes.",
    .options = options,
    .operands = true,
    .operand_offset = offsetof(settings, models),
};

enum { CLI_REASON_BYTES = 512 };

/* A model, and a session to know its memory and plan; NULL where only a back end could run it. */
typedef struct subject {
    const char *path;
    mn_model *model;
    cli_session_setup setup;
    mn_session *session;
    char reason[CLI_REASON_BYTES]; /* why there is no session */
    int64_t macs, parameters;
} subject;

static void print_tensor(const subject *s, const char *role, int32_t i, int32_t tensor) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    char shape[CLI_SHAPE_TEXT], quant[CLI_SHAPE_TEXT];
    mn_prepare contract;
    if (mn_model_tensor(s->model, tensor, &info) != MN_OK) return;
    cli_quant_text(&info.quant, quant);
    printf("%s %d  %s: %s %s%s%s\n", role, i, info.name, mn_type_name(info.type),
           cli_shape_text(info.rank, info.dims, shape), quant[0] != '\0' ? ", " : "", quant);
    if (strcmp(role, "input") == 0 && i == 0 && mn_prepare_for(s->model, NULL, NULL, &contract) == MN_OK) {
        printf("         as a picture: %s\n", contract.text);
    }
}

/* The first names, and how many there are. */
static void print_classes(const subject *s, int32_t output) {
    enum { SHOWN = 5 };
    int32_t count = 0;
    while (mn_model_class_name(s->model, output, count)) count++;
    if (count == 0) return;
    printf("         %d classes named in the file: ", count);
    for (int32_t i = 0; i < count && i < SHOWN; i++) {
        printf("%s%s", i > 0 ? ", " : "", mn_model_class_name(s->model, output, i));
    }
    printf("%s\n", count > SHOWN ? ", ..." : "");
}

static int32_t first_tensor(const int32_t *list, int32_t count) { return count > 0 ? list[0] : -1; }

/* Does the model compute `tensor`, or take it from outside? */
static bool is_value(const mn_model *model, int32_t tensor) {
    for (int32_t i = 0; i < mn_model_input_count(model); i++) {
        if (mn_model_input(model, i) == tensor) return true;
    }
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(model, i, &op) != MN_OK) continue;
        for (int32_t k = 0; k < op.output_count; k++) {
            if (op.outputs[k] == tensor) return true;
        }
    }
    return false;
}

/* What an operator works on: its first operand, or that behind constants, as SPLIT's axis is, or behind the workspace
 * of a CUSTOM operator. */
static int32_t first_input(const subject *s, const mn_op_info *op) {
    const bool custom = strcmp(op->name, mn_op_name(MN_OP_CUSTOM)) == 0;
    for (int32_t i = 0; i < op->input_count; i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        if (mn_model_tensor(s->model, op->inputs[i], &info) != MN_OK || info.data) continue;
        if (!custom || is_value(s->model, op->inputs[i])) return op->inputs[i];
    }
    return first_tensor(op->inputs, op->input_count);
}

static void print_operator(const subject *s, int32_t index, const mn_op_info *op) {
    mn_tensor_info in = MN_INIT(mn_tensor_info);
    mn_tensor_info out = MN_INIT(mn_tensor_info);
    char from[CLI_SHAPE_TEXT] = "", to[CLI_SHAPE_TEXT] = "", shapes[2 * CLI_SHAPE_TEXT + 4];
    if (mn_model_tensor(s->model, first_input(s, op), &in) == MN_OK) {
        cli_shape_text(in.rank, in.dims, from);
    }
    if (mn_model_tensor(s->model, first_tensor(op->outputs, op->output_count), &out) == MN_OK) {
        cli_shape_text(out.rank, out.dims, to);
    }
    snprintf(shapes, sizeof shapes, "%s -> %s", from, to);
    printf("%4d  %-23s %-30s %10" PRId64 " %12" PRId64 "%s%s\n", index, op->name, shapes, op->parameters, op->macs,
           op->options[0] != '\0' ? "  " : "", op->options);
}

static void print_totals(const subject *s) {
    const char *kind = cli_model_kind(s->model);
    if (cli_has_npu(&s->model->graph)) cli_print_npu(&s->model->graph);
    printf("\n");
    if (kind) printf("arithmetic  %s\n", kind);
    printf("operators   %" PRId32, mn_model_op_count(s->model));
    if (s->session) printf(", run as %" PRId32 " steps", mn_session_step_count(s->session));
    printf("\nparameters  %" PRId64 "\nMACs        %" PRId64 "\n", s->parameters, s->macs);
    printf("weights     %zu bytes", mn_model_weight_bytes(s->model));
    if (!s->session) {
        printf("\nnot run     %s\n", s->reason);
        return;
    }
    printf(", and %zu bytes rearranged for the kernels\n", mn_session_packed_bytes(s->session));
    printf("arena       %zu bytes\n", mn_session_arena_bytes(s->session));
    cli_delegation_print(cli_delegate_name(&s->setup), s->model, s->session);
}

static void print_text(const subject *s) {
    const char *description = mn_model_description(s->model);
    printf("%s: %zu bytes%s%s\n", s->path, mn_model_file_bytes(s->model), description[0] != '\0' ? ", " : "",
           description);
    for (int32_t i = 0; i < mn_model_input_count(s->model); i++) {
        print_tensor(s, "input", i, mn_model_input(s->model, i));
    }
    for (int32_t i = 0; i < mn_model_output_count(s->model); i++) {
        print_tensor(s, "output", i, mn_model_output(s->model, i));
        print_classes(s, i);
    }
    printf("\n   #  %-23s %-30s %10s %12s  options\n", "operator", "shape", "parameters", "MACs");
    for (int32_t i = 0; i < mn_model_op_count(s->model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(s->model, i, &op) == MN_OK) print_operator(s, i, &op);
    }
    print_totals(s);
}

static void json_tensors(const subject *s, cli_json *json) {
    cli_json_array(json, "tensors");
    for (int32_t i = 0; i < mn_model_tensor_count(s->model); i++) {
        mn_tensor_info info = MN_INIT(mn_tensor_info);
        if (mn_model_tensor(s->model, i, &info) != MN_OK) continue;
        cli_json_object(json, NULL);
        cli_json_int(json, "index", i);
        cli_json_tensor_members(json, &info);
        cli_json_bool(json, "constant", info.data != NULL);
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void json_indices(cli_json *json, const char *key, const int32_t *list, int32_t count) {
    cli_json_array(json, key);
    for (int32_t i = 0; i < count; i++) cli_json_int(json, NULL, list[i]);
    cli_json_end(json);
}

static void json_operators(const subject *s, cli_json *json) {
    cli_json_array(json, "operators");
    for (int32_t i = 0; i < mn_model_op_count(s->model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(s->model, i, &op) != MN_OK) continue;
        cli_json_object(json, NULL);
        cli_json_int(json, "index", i);
        cli_json_text(json, "name", op.name);
        cli_json_int(json, "version", op.version);
        cli_json_text(json, "options", op.options);
        json_indices(json, "inputs", op.inputs, op.input_count);
        json_indices(json, "outputs", op.outputs, op.output_count);
        cli_json_int(json, "parameters", op.parameters);
        cli_json_int(json, "macs", op.macs);
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void json_classes(const subject *s, cli_json *json, int32_t output) {
    cli_json_array(json, "labels");
    for (int32_t i = 0; mn_model_class_name(s->model, output, i); i++) {
        cli_json_text(json, NULL, mn_model_class_name(s->model, output, i));
    }
    cli_json_end(json);
}

static mn_status print_json(const subject *s) {
    cli_json json = {.out = stdout};
    mn_prepare contract;
    cli_json_object(&json, NULL);
    cli_json_text(&json, "model", s->path);
    cli_json_text(&json, "description", mn_model_description(s->model));
    const char *kind = cli_model_kind(s->model);
    if (kind) cli_json_text(&json, "arithmetic", kind);
    cli_json_array(&json, "inputs");
    for (int32_t i = 0; i < mn_model_input_count(s->model); i++) {
        int32_t tensor = mn_model_input(s->model, i);
        cli_json_object(&json, NULL);
        cli_json_int(&json, "tensor", tensor);
        if (i == 0 && mn_prepare_for(s->model, NULL, NULL, &contract) == MN_OK) {
            cli_json_text(&json, "contract", contract.text);
            cli_json_pixels(&json, &contract.pixels);
        }
        cli_json_end(&json);
    }
    cli_json_end(&json);
    cli_json_array(&json, "outputs");
    for (int32_t i = 0; i < mn_model_output_count(s->model); i++) {
        cli_json_object(&json, NULL);
        cli_json_int(&json, "tensor", mn_model_output(s->model, i));
        json_classes(s, &json, i);
        cli_json_end(&json);
    }
    cli_json_end(&json);
    json_tensors(s, &json);
    json_operators(s, &json);
    cli_json_npu(&json, &s->model->graph);
    if (s->session) {
        MN_TRY(cli_json_plan(&json, s->model, s->session));
        cli_json_delegation(&json, cli_delegate_name(&s->setup), s->model, s->session);
    } else {
        cli_json_text(&json, "not_run", s->reason);
    }
    cli_json_int(&json, "parameters", s->parameters);
    cli_json_int(&json, "macs", s->macs);
    cli_json_int(&json, "file_bytes", (int64_t)mn_model_file_bytes(s->model));
    cli_json_int(&json, "weight_bytes", (int64_t)mn_model_weight_bytes(s->model));
    if (s->session) {
        cli_json_int(&json, "packed_bytes", (int64_t)mn_session_packed_bytes(s->session));
        cli_json_int(&json, "arena_bytes", (int64_t)mn_session_arena_bytes(s->session));
    }
    cli_json_end(&json);
    return MN_OK;
}

/* What no kernel computes can be looked at, if not run. */
static mn_status open_session(const settings *s, subject *out) {
    MN_TRY(cli_session_setup_open(&s->session, &out->setup));
    out->setup.options.streamed = s->streamed;
    const mn_status status = cli_session_create(out->model, &out->setup, &out->session);
    if (status == MN_OK) return cli_session_accept(&out->setup, out->model, out->session);
    const bool foreign = status == MN_ERROR_UNSUPPORTED && mn_graph_first_custom(&out->model->graph) >= 0;
    if (!foreign || s->plan) return status;
    snprintf(out->reason, sizeof out->reason, "%s", mn_error_detail());
    return MN_OK;
}

static mn_status open_subject(const settings *s, subject *out) {
    MN_TRY(cli_model_open(out->path, &out->model));
    MN_TRY(open_session(s, out));
    for (int32_t i = 0; i < mn_model_op_count(out->model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        MN_TRY(mn_model_op(out->model, i, &op));
        out->macs += op.macs;
        out->parameters += op.parameters;
    }
    return MN_OK;
}

static mn_status print_vela(const settings *s, const subject *target) {
    const mn_graph *graph = &target->model->graph;
    const bool is_compiled = cli_has_npu(graph);
    if (s->plot && !is_compiled) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: --plot draws cycles of what Vela has compiled; compile the model first",
                       target->path);
    }
    if (is_compiled) return s->json ? cli_json_cycles(graph, s->npu) : cli_print_cycles(graph, s->npu);
    if (s->json) {
        cli_json_vela(target->model, s->npu);
    } else {
        cli_print_vela(target->model, s->npu);
    }
    return MN_OK;
}

static mn_status print(const settings *s, const subject *target) {
    if (s->npu) return print_vela(s, target);
    if (s->json) return print_json(target);
    if (s->plan) {
        MN_TRY(cli_print_plan(target->model, target->session));
        cli_delegation_print(cli_delegate_name(&target->setup), target->model, target->session);
        return MN_OK;
    }
    if (s->dot) return cli_print_dot(target->model);
    print_text(target);
    return MN_OK;
}

/* One option names an NPU to compile for, or has one emulated. */
static bool take_npu(settings *s) {
    const char **asked = &s->session.delegate.npu;
    int32_t outputs;
    if (!*asked || strcmp(*asked, "emulate") == 0) return true;
    if (s->dot || s->plan || !cli_vela_accelerator(*asked, &outputs)) {
        cli_error(s->dot || s->plan
                      ? "inspect: --npu excludes --dot and --plan, but for --npu=emulate"
                      : "inspect: --npu: '%s' is none of emulate, ethos-u65-256, ethos-u65-512, ethos-u55-32, "
                        "ethos-u55-64, ethos-u55-128 and ethos-u55-256",
                  *asked);
        return false;
    }
    s->npu = *asked;
    *asked = NULL;
    return true;
}

static bool write_plot(const settings *s, const subject *target) {
    cli_output output = {0};
    if (!cli_output_open(&output, s->plot)) return false;
    const mn_status status = cli_plot_cycles(output.file, &target->model->graph, s->npu);
    if (status == MN_OK) return cli_output_commit(&output);
    cli_library_error(status);
    cli_output_abort(&output);
    return false;
}

static int inspect(settings *s) {
    if (s->models.count != 1 || (s->dot && (s->json || s->plan))) {
        cli_error(s->models.count != 1 ? "inspect: exactly one MODEL must be named; see 'mobilenet inspect --help'"
                                       : "inspect: --dot excludes --json and --plan");
        return CLI_USAGE;
    }
    if (!take_npu(s) || !cli_delegate_check(&s->session.delegate)) return CLI_USAGE;
    if (s->plot && !s->npu) {
        cli_error("inspect: --plot draws the cycles that --npu NAME estimates of a compiled model; name the NPU");
        return CLI_USAGE;
    }
    if (s->plot) cli_output_tell(s->plot);
    subject target = {.path = s->models.items[0]};
    bool written = true;
    mn_status status = open_subject(s, &target);
    if (status == MN_OK) status = print(s, &target);
    if (status != MN_OK) cli_library_error(status);
    if (status == MN_OK && s->plot) written = write_plot(s, &target);
    mn_session_close(&target.session);
    mn_model_close(&target.model);
    cli_session_setup_close(&target.setup);
    return status == MN_OK && written ? CLI_OK : CLI_FAILURE;
}

int cli_inspect(int count, char *const *arguments) {
    settings s = {.session = CLI_SESSION_DEFAULTS};
    cli_parsed parsed = cli_parse(&cli_inspect_command, count, arguments, &s);
    int code = parsed == CLI_PARSED ? inspect(&s) : cli_parsed_code(parsed);
    cli_list_free(&s.models);
    return code;
}
