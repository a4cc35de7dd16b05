/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph/graph.h"

#include <stdarg.h>
#include <stdio.h>

#include <string.h>

#include "base/checked.h"

static const char *const op_names[MN_OP_KIND_COUNT] = {
#define X(kind, code, version, name) [kind] = name,
#include "graph/ops.def"
#undef X
};

const char *mn_op_name(mn_op_kind kind) { return op_names[kind]; }

const char *mn_type_name(mn_type type) {
    switch (type) {
    case MN_NONE: return "none";
    case MN_FLOAT32: return "float32";
    case MN_FLOAT16: return "float16";
    case MN_INT8: return "int8";
    case MN_UINT8: return "uint8";
    case MN_INT32: return "int32";
    case MN_INT64: return "int64";
    case MN_INT16: return "int16";
    }
    return "unknown";
}

size_t mn_type_size(mn_type type) {
    switch (type) {
    case MN_NONE: return 0;
    case MN_FLOAT32: return 4;
    case MN_FLOAT16: return 2;
    case MN_INT8: return 1;
    case MN_UINT8: return 1;
    case MN_INT32: return 4;
    case MN_INT64: return 8;
    case MN_INT16: return 2;
    }
    return 0;
}

void mn_graph_free(mn_graph *graph) {
    mn_region_free(&graph->region);
    *graph = (mn_graph){0};
}

static void *copy(mn_region *region, const void *from, int32_t count, size_t bytes) {
    void *to = mn_region_alloc(region, (size_t)count, bytes);
    if (to && count > 0) memcpy(to, from, (size_t)count * bytes);
    return to;
}

static mn_status share(const mn_graph *graph, mn_graph *out) {
    mn_region *region = &out->region;
    out->tensors = copy(region, graph->tensors, graph->tensor_count, sizeof *out->tensors);
    out->ops = copy(region, graph->ops, graph->op_count, sizeof *out->ops);
    out->inputs = copy(region, graph->inputs, graph->input_count, sizeof *out->inputs);
    out->outputs = copy(region, graph->outputs, graph->output_count, sizeof *out->outputs);
    if (!out->tensors || !out->ops || !out->inputs || !out->outputs) return mn_fail_memory("the graph");
    for (int32_t i = 0; i < out->op_count; i++) {
        mn_op *op = &out->ops[i];
        op->inputs = copy(region, op->inputs, op->input_count, sizeof *op->inputs);
        op->outputs = copy(region, op->outputs, op->output_count, sizeof *op->outputs);
        if (!op->inputs || !op->outputs) return mn_fail_memory("the graph");
    }
    return MN_OK;
}

mn_status mn_graph_share(const mn_graph *graph, mn_graph *out) {
    mn_graph made = *graph;
    made.region = (mn_region){0};
    const mn_status status = share(graph, &made);
    if (status != MN_OK) {
        mn_graph_free(&made);
        return status;
    }
    *out = made;
    return MN_OK;
}

bool mn_op_is_binary(mn_op_kind kind) {
    switch (kind) {
    case MN_OP_ADD:
    case MN_OP_SUB:
    case MN_OP_MUL:
    case MN_OP_DIV:
    case MN_OP_MAXIMUM:
    case MN_OP_MINIMUM:
    case MN_OP_PRELU: return true;
    default: return false;
    }
}

int32_t mn_op_data_inputs(const mn_op *op) {
    if (mn_op_is_binary(op->kind)) return 2;
    switch (op->kind) {
    case MN_OP_CONCATENATION:
    case MN_OP_PACK: return op->input_count;
    case MN_OP_SPLIT: /* the axis, and what is split */
    case MN_OP_SPLIT_V:
    case MN_OP_GATHER:
    case MN_OP_CONV_2D:
    case MN_OP_DEPTHWISE_CONV_2D:
    case MN_OP_FULLY_CONNECTED: return 2;
    default: return 1;
    }
}

const mn_tensor *mn_graph_input(const mn_graph *graph, const mn_op *op, int32_t i) {
    if (i >= op->input_count || op->inputs[i] < 0) return NULL;
    return &graph->tensors[op->inputs[i]];
}

const mn_tensor *mn_graph_output(const mn_graph *graph, const mn_op *op, int32_t i) {
    if (i >= op->output_count || op->outputs[i] < 0) return NULL;
    return &graph->tensors[op->outputs[i]];
}

int32_t mn_op_first_input(mn_op_kind kind) { return kind == MN_OP_SPLIT ? 1 : 0; }

const mn_metadata *mn_graph_metadata(const mn_graph *graph, const char *name) {
    for (int32_t i = 0; i < graph->metadata_count; i++) {
        if (strcmp(graph->metadata[i].name, name) == 0) return &graph->metadata[i];
    }
    return NULL;
}

mn_status mn_graph_fail(const mn_graph *graph, int32_t op_index, mn_status status, const char *format, ...) {
    char sentence[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    const mn_op *op = &graph->ops[op_index];
    const int32_t number = mn_graph_number(graph, op_index);
    if (op->kind != MN_OP_CUSTOM) {
        return mn_fail(status, "%s: operator %d (%s): %s", graph->name, number, mn_op_name(op->kind), sentence);
    }
    return mn_fail(status, "%s: operator %d (CUSTOM \"%.80s\"): %s", graph->name, number, op->attr.custom.name,
                   sentence);
}

/* ---- Operators that only a back end runs ---------------------------------------------------------------- */

int32_t mn_graph_first_custom(const mn_graph *graph) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        if (graph->ops[i].kind == MN_OP_CUSTOM) return i;
    }
    return -1;
}

/* Names that begin like this, and what they are. */
static const char *const makers[][2] = {
    {"ethos-u",
     "it is a program for an Arm Ethos-U, made by Vela: emulate that with --npu=emulate, run it with "
     "--external_delegate_path=/usr/lib/libethosu_delegate.so where there is one, or run the model that Vela "
     "was given"},
    {"edgetpu-custom-op", "it is a program for an Edge TPU: run the model that the Edge TPU compiler was given"},
    {"vsi-npu", "it is a program for a VeriSilicon NPU: run the model that it was made from"},
    {"Flex", "it is an operator of TensorFlow: convert the model without SELECT_TF_OPS"},
    {"TFLite_Detection_PostProcess", "it chooses among detections: export the model without it"},
};

mn_status mn_graph_refuse_custom(const mn_graph *graph, int32_t op_index) {
    const char *remedy = "convert the model without it";
    for (size_t i = 0; i < sizeof makers / sizeof makers[0]; i++) {
        if (strncmp(graph->ops[op_index].attr.custom.name, makers[i][0], strlen(makers[i][0])) == 0) {
            remedy = makers[i][1];
        }
    }
    return mn_graph_fail(
        graph, op_index, MN_ERROR_UNSUPPORTED,
        "no delegate claims it, and no kernel here computes it; %s, or give the session a delegate for it", remedy);
}

mn_status mn_graph_scale_integers(mn_graph *graph) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        if (op->kind != MN_OP_CAST || op->input_count < 1 || op->inputs[0] < 0) continue;
        mn_tensor *tensor = &graph->tensors[op->inputs[0]];
        if ((tensor->type != MN_UINT8 && tensor->type != MN_INT8) || tensor->quant.count > 0) continue;
        float *one = mn_region_alloc(&graph->region, 1, sizeof *one);
        int32_t *zero = mn_region_alloc(&graph->region, 1, sizeof *zero);
        if (!one || !zero) return mn_fail_memory("the tensors' scales");
        *one = 1;
        tensor->quant = (mn_quant){.count = 1, .scale = one, .zero_point = zero};
    }
    return MN_OK;
}
