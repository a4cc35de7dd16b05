/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "inspect_npu.h"

#include <inttypes.h>
#include <string.h>

#include "ethosu/registers.h"
#include "vela.h"

/* Kinds of operations that a program can start. */
enum {
    KIND_CONV,
    KIND_DEPTHWISE,
    KIND_POOL,
    KIND_ELEMENTWISE = KIND_POOL + 3,
    KIND_DMA = KIND_ELEMENTWISE + MN_NPU_ELEMENTWISE_END,
    KIND_COUNT
};

static const char *const kind_names[KIND_COUNT] = {
    "CONV", "DEPTHWISE", "MAX_POOL", "AVERAGE_POOL", "REDUCE_SUM", "MUL", "ADD", "SUB",
    "MIN",  "MAX",       "LRELU",    "ABS",          "CLZ",        "SHR", "SHL", "DMA",
};

typedef struct program {
    mn_ethosu_stream stream;
    int64_t counts[KIND_COUNT];
} program;

bool cli_has_npu(const mn_graph *graph) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (mn_ethosu_runs(&graph->ops[i])) return true;
    }
    return false;
}

/* ---- Programs --------------------------------------------------------------------------------------------- */

static int32_t kind_of(int32_t code, int32_t mode) {
    switch (code) {
    case MN_NPU_OP_CONV: return KIND_CONV;
    case MN_NPU_OP_DEPTHWISE: return KIND_DEPTHWISE;
    case MN_NPU_OP_POOL: return mode <= MN_NPU_POOL_REDUCE_SUM ? KIND_POOL + mode : -1;
    case MN_NPU_OP_ELEMENTWISE: return mode < MN_NPU_ELEMENTWISE_END ? KIND_ELEMENTWISE + mode : -1;
    case MN_NPU_OP_DMA_START: return KIND_DMA;
    default: return -1;
    }
}

const char *cli_npu_kind(int32_t code, int32_t mode) {
    const int32_t kind = kind_of(code, mode);
    return kind >= 0 ? kind_names[kind] : "unknown";
}

mn_status cli_npu_stream(const mn_graph *graph, int32_t index, mn_ethosu_stream *out) {
    const mn_tensor *payload = mn_graph_input(graph, &graph->ops[index], MN_ETHOSU_INPUT_PROGRAM);
    if (!payload || !payload->data) return mn_fail(MN_ERROR_FORMAT, "its first input is not a program");
    return mn_ethosu_stream_read(payload->data, payload->bytes, out);
}

static mn_status read_program(const mn_graph *graph, int32_t index, program *out) {
    *out = (program){0};
    MN_TRY(cli_npu_stream(graph, index, &out->stream));
    size_t at = 0;
    for (mn_ethosu_command command; mn_ethosu_stream_next(&out->stream, &at, &command);) {
        const int32_t kind = command.is_long ? -1 : kind_of(command.code, command.param);
        if (kind >= 0) out->counts[kind]++;
    }
    return MN_OK;
}

static size_t operand_bytes(const mn_graph *graph, const mn_op *op, int32_t input) {
    const mn_tensor *tensor = mn_graph_input(graph, op, input);
    return tensor ? tensor->bytes : 0;
}

/* Does the NPU have fast memory apart from that of the tensors? Ethos-U55 names one tensor twice. */
static bool has_fast(const mn_op *op) {
    return op->input_count > MN_ETHOSU_INPUT_FAST &&
           op->inputs[MN_ETHOSU_INPUT_FAST] != op->inputs[MN_ETHOSU_INPUT_ARENA];
}

/* Where Vela put a tensor in the arena; -1 where it does not say. */
static int64_t arena_offset(const mn_graph *graph, int32_t tensor) {
    size_t offset;
    return mn_ethosu_offset(graph, tensor, &offset) && offset != UINT32_MAX ? (int64_t)offset : -1;
}

static void print_operations(const program *p) {
    const char *separator = "";
    for (int32_t kind = 0; kind < KIND_COUNT; kind++) {
        if (p->counts[kind] == 0) continue;
        printf("%s%" PRId64 " %s", separator, p->counts[kind], kind_names[kind]);
        separator = ", ";
    }
}

static void print_port(const mn_graph *graph, const char *role, int32_t number, int32_t tensor) {
    const int64_t offset = arena_offset(graph, tensor);
    printf("            %-6s %" PRId32 "    %s: %zu bytes", role, number, graph->tensors[tensor].name,
           graph->tensors[tensor].bytes);
    if (offset >= 0) printf(" at %" PRId64 " of the arena", offset);
    printf("\n");
}

static void print_memory(const mn_graph *graph, const mn_op *op) {
    printf("            weights     %zu bytes, encoded, with biases and scales\n",
           operand_bytes(graph, op, MN_ETHOSU_INPUT_WEIGHTS));
    printf("            arena       %zu bytes for tensors (scratch)\n",
           operand_bytes(graph, op, MN_ETHOSU_INPUT_ARENA));
    if (has_fast(op)) {
        printf("            fast memory %zu bytes of the NPU's own (scratch_fast)\n",
               operand_bytes(graph, op, MN_ETHOSU_INPUT_FAST));
    }
    for (int32_t i = MN_ETHOSU_INPUT_FIRST; i < op->input_count; i++) {
        if (op->inputs[i] >= 0) print_port(graph, "input", i - MN_ETHOSU_INPUT_FIRST, op->inputs[i]);
    }
    for (int32_t i = 0; i < op->output_count; i++) print_port(graph, "output", i, op->outputs[i]);
}

static void print_program(const mn_graph *graph, int32_t index) {
    char name[32];
    program p;
    if (read_program(graph, index, &p) != MN_OK) {
        printf("NPU         operator %" PRId32 ": %s\n", index, mn_error_detail());
        return;
    }
    const mn_ethosu_config *c = &p.stream.config;
    printf("NPU         operator %" PRId32 " is a program for %s: %" PRId32 " multiply-accumulates a cycle%s, %" PRId32
           " KB inside, architecture %" PRId32 ".%" PRId32 ".%" PRId32 "\n",
           index, mn_ethosu_config_name(c, name, sizeof name), c->macs, c->cores > 1 ? " of two cores" : "",
           c->shram_kb, c->arch_major, c->arch_minor, c->patch);
    printf("            program     %zu commands in %zu words: ", p.stream.command_count, p.stream.word_count);
    print_operations(&p);
    printf("\n");
    print_memory(graph, &graph->ops[index]);
}

/* ---- What is left ----------------------------------------------------------------------------------------- */

static int32_t count_left(const mn_graph *graph) {
    int32_t count = 0;
    for (int32_t i = 0; i < graph->op_count; i++) count += !mn_ethosu_runs(&graph->ops[i]);
    return count;
}

/* Vela has left it, whichever did: the older one leaves more. */
static const char *reason_of(const mn_graph *graph, int32_t index) {
    const char *newer = cli_vela_leaves(graph, index, CLI_VELA_5);
    return newer ? newer : cli_vela_leaves(graph, index, CLI_VELA_3);
}

static void print_left(const mn_graph *graph) {
    const int32_t left = count_left(graph);
    if (left == 0) {
        printf("processor   no operator: the NPU runs all\n");
        return;
    }
    printf("processor   %" PRId32 " operator%s outside the NPU's programs:\n", left, left == 1 ? "" : "s");
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (mn_ethosu_runs(&graph->ops[i])) continue;
        const char *reason = reason_of(graph, i);
        printf("            %" PRId32 " %s: %s\n", i, mn_op_name(graph->ops[i].kind),
               reason ? reason : "the file does not tell why Vela left it");
    }
}

void cli_print_npu(const mn_graph *graph) {
    printf("\n");
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (mn_ethosu_runs(&graph->ops[i])) print_program(graph, i);
    }
    print_left(graph);
}

/* ---- JSON ------------------------------------------------------------------------------------------------- */

static void json_ports(cli_json *json, const char *key, const mn_graph *graph, const int32_t *list, int32_t count) {
    cli_json_array(json, key);
    for (int32_t i = 0; i < count; i++) {
        if (list[i] < 0) continue;
        cli_json_object(json, NULL);
        cli_json_int(json, "tensor", list[i]);
        cli_json_int(json, "bytes", (int64_t)graph->tensors[list[i]].bytes);
        cli_json_int(json, "offset", arena_offset(graph, list[i]));
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void json_stream(cli_json *json, const program *p) {
    char name[32];
    cli_json_text(json, "accelerator", mn_ethosu_config_name(&p->stream.config, name, sizeof name));
    cli_json_int(json, "macs_per_cycle", p->stream.config.macs);
    cli_json_int(json, "shram_kb", p->stream.config.shram_kb);
    cli_json_int(json, "commands", (int64_t)p->stream.command_count);
    cli_json_int(json, "words", (int64_t)p->stream.word_count);
    cli_json_object(json, "operations");
    for (int32_t kind = 0; kind < KIND_COUNT; kind++) {
        if (p->counts[kind] > 0) cli_json_int(json, kind_names[kind], p->counts[kind]);
    }
    cli_json_end(json);
}

static void json_program(cli_json *json, const mn_graph *graph, int32_t index) {
    const mn_op *op = &graph->ops[index];
    const int32_t first = op->input_count < MN_ETHOSU_INPUT_FIRST ? op->input_count : MN_ETHOSU_INPUT_FIRST;
    program p;
    cli_json_object(json, NULL);
    cli_json_int(json, "operator", index);
    if (read_program(graph, index, &p) == MN_OK) {
        json_stream(json, &p);
    } else {
        cli_json_text(json, "error", mn_error_detail());
    }
    cli_json_int(json, "weight_bytes", (int64_t)operand_bytes(graph, op, MN_ETHOSU_INPUT_WEIGHTS));
    cli_json_int(json, "arena_bytes", (int64_t)operand_bytes(graph, op, MN_ETHOSU_INPUT_ARENA));
    cli_json_int(json, "fast_bytes", has_fast(op) ? (int64_t)operand_bytes(graph, op, MN_ETHOSU_INPUT_FAST) : 0);
    json_ports(json, "inputs", graph, op->inputs + first, op->input_count - first);
    json_ports(json, "outputs", graph, op->outputs, op->output_count);
    cli_json_end(json);
}

void cli_json_npu(cli_json *json, const mn_graph *graph) {
    if (!cli_has_npu(graph)) return;
    cli_json_array(json, "npu");
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (mn_ethosu_runs(&graph->ops[i])) json_program(json, graph, i);
    }
    cli_json_end(json);
    cli_json_array(json, "processor");
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (mn_ethosu_runs(&graph->ops[i])) continue;
        cli_json_object(json, NULL);
        cli_json_int(json, "operator", i);
        cli_json_text(json, "name", mn_op_name(graph->ops[i].kind));
        cli_json_text(json, "reason", reason_of(graph, i));
        cli_json_end(json);
    }
    cli_json_end(json);
}
