/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A delegate for the CUSTOM operator "count" as Ethos-U's are: its first input is workspace that nothing writes, which
 * all such operators of a model share. Each adds one to the first byte there, and what it finds then to its other
 * input, of int8. It wants to be told its offsets by the model's metadata, and three bytes of options. */
#include <stdlib.h>
#include <string.h>

#include "delegates/conv.h"

static void *init(tfl_context *context, const char *buffer, size_t length) {
    const tfl_delegate_params *params = (const tfl_delegate_params *)(const void *)buffer;
    tfl_int_array *nodes = calloc(1 + (size_t)params->nodes_to_replace->size, sizeof(int32_t));
    (void)context, (void)length;
    if (nodes) memcpy(nodes, params->nodes_to_replace, (1 + (size_t)params->nodes_to_replace->size) * sizeof(int32_t));
    return nodes;
}

static void end(tfl_context *context, void *nodes) {
    (void)context;
    free(nodes);
}

static bool has_input(const tfl_node *node, int32_t tensor) {
    for (int32_t i = 0; i < node->inputs->size; i++) {
        if (node->inputs->data[i] == tensor) return true;
    }
    return false;
}

static tfl_status prepare_kernel(tfl_context *context, tfl_node *node) {
    const char *data;
    size_t bytes;
    const tfl_status known = context->get_model_metadata(context, "OfflineMemoryAllocation", &data, &bytes);
    if (known != TFL_OK || bytes != 4 || memcmp(data, "here", 4) != 0) return TFL_ERROR;
    if (context->get_model_metadata(context, "elsewhere", &data, &bytes) == TFL_OK || data || bytes) return TFL_ERROR;
    return has_input(node, 1) ? TFL_OK : TFL_ERROR; /* the workspace: tensor 1 of the file */
}

/* A node's numbers of tensors; the host keeps nodes where they are. */
typedef struct numbers {
    int32_t workspace, in, out;
} numbers;
static numbers known[64];

static tfl_status invoke(tfl_context *context, tfl_node *node) {
    const tfl_int_array *nodes = node->user_data;
    int8_t values[64];
    for (int32_t i = 0; i < nodes->size; i++) {
        const numbers *n = &known[nodes->data[i]];
        const tfl_tensor *out = &context->tensors[n->out];
        const int8_t added = ++*context->tensors[n->workspace].data.int8;
        if (context->tensors[n->in].data.data) memcpy(values, context->tensors[n->in].data.data, out->bytes);
        for (size_t k = 0; k < out->bytes; k++) values[k] = (int8_t)(values[k] + added);
        if (out->data.data) memcpy(out->data.data, values, out->bytes);
    }
    return TFL_OK;
}

static tfl_status prepare(tfl_context *context, tfl_delegate *delegate) {
    static const tfl_registration r = {
        .init = init, .free = end, .prepare = prepare_kernel, .invoke = invoke, .custom_name = "counts"};
    tfl_int_array *plan, *list;
    if (context->get_execution_plan(context, &plan) != TFL_OK) return TFL_ERROR;
    list = calloc(1 + (size_t)plan->size, sizeof(int32_t));
    if (!list) return TFL_ERROR;
    for (int32_t i = 0; i < plan->size; i++) {
        tfl_node *node;
        tfl_registration *registration;
        context->get_node_and_registration(context, plan->data[i], &node, &registration);
        if (registration->builtin_code != 32 || strcmp(registration->custom_name, "count") != 0) continue;
        if (node->custom_initial_data_size != 3 || memcmp(node->custom_initial_data, "opt", 3) != 0) continue;
        known[plan->data[i]] = (numbers){node->inputs->data[0], node->inputs->data[1], node->outputs->data[0]};
        list->data[list->size++] = plan->data[i];
    }
    const tfl_status status = context->replace_node_subsets(context, r, list, delegate);
    free(list);
    return status;
}

EXPORT tfl_delegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                                   void (*report_error)(const char *)) {
    (void)keys, (void)values, (void)count, (void)report_error;
    tfl_delegate *delegate = calloc(1, sizeof *delegate);
    if (delegate) delegate->prepare = prepare;
    return delegate;
}

EXPORT void tflite_plugin_destroy_delegate(tfl_delegate *delegate) { free(delegate); }
