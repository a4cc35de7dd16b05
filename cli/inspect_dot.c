/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "inspect_dot.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "tensor_text.h"

/* Text inside a quoted Graphviz string. */
static void print_escaped(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') putchar('\\');
        putchar((unsigned char)*text < 0x20 ? ' ' : *text);
    }
}

/* One ellipse for a model input or output. */
static void print_end(const mn_model *model, const char *role, int32_t i, int32_t tensor) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    char shape[CLI_SHAPE_TEXT];
    if (mn_model_tensor(model, tensor, &info) != MN_OK) return;
    printf("  %s%d [shape=ellipse, label=\"", role, i);
    print_escaped(info.name);
    printf("\\n%s %s\"];\n", mn_type_name(info.type), cli_shape_text(info.rank, info.dims, shape));
}

/* What makes each tensor: the number of an operator, or of a model input behind all operators; -1 for a constant. */
static int32_t *find_sources(const mn_model *model) {
    const int32_t tensors = mn_model_tensor_count(model), ops = mn_model_op_count(model);
    int32_t *source = malloc((size_t)tensors * sizeof *source);
    for (int32_t i = 0; i < tensors && source; i++) source[i] = -1;
    for (int32_t i = 0; i < mn_model_input_count(model) && source; i++) source[mn_model_input(model, i)] = ops + i;
    for (int32_t i = 0; i < ops && source; i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(model, i, &op) != MN_OK) continue;
        for (int32_t k = 0; k < op.output_count; k++) source[op.outputs[k]] = i;
    }
    return source;
}

/* The start of an edge. False for a constant. */
static bool print_source(const mn_model *model, int32_t source) {
    const int32_t ops = mn_model_op_count(model);
    if (source < 0) return false;
    printf(source < ops ? "  op%d -> " : "  input%d -> ", source < ops ? source : source - ops);
    return true;
}

static void print_edge_label(const mn_model *model, int32_t tensor) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    char shape[CLI_SHAPE_TEXT];
    if (mn_model_tensor(model, tensor, &info) != MN_OK) return;
    printf(" [label=\"%s\"];\n", cli_shape_text(info.rank, info.dims, shape));
}

mn_status cli_print_dot(const mn_model *model) {
    int32_t count = mn_model_op_count(model), *source = find_sources(model);
    if (!source) return mn_fail_memory("the graph");
    printf("digraph model {\n  node [shape=box, fontname=\"sans-serif\", fontsize=10];\n"
           "  edge [fontname=\"sans-serif\", fontsize=9];\n");
    for (int32_t i = 0; i < mn_model_input_count(model); i++) print_end(model, "input", i, mn_model_input(model, i));
    for (int32_t i = 0; i < count; i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(model, i, &op) != MN_OK) continue;
        printf("  op%d [label=\"%d %s\\n", i, i, op.name);
        print_escaped(op.options);
        printf("\"];\n");
        for (int32_t k = 0; k < op.input_count; k++) {
            if (op.inputs[k] < 0 || !print_source(model, source[op.inputs[k]])) continue;
            printf("op%d", i);
            print_edge_label(model, op.inputs[k]);
        }
    }
    for (int32_t i = 0; i < mn_model_output_count(model); i++) {
        int32_t tensor = mn_model_output(model, i);
        print_end(model, "output", i, tensor);
        if (!print_source(model, source[tensor])) continue;
        printf("output%d", i);
        print_edge_label(model, tensor);
    }
    printf("}\n");
    free(source);
    return MN_OK;
}
