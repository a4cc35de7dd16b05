/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A delegate that computes int8 convolutions and has the fault that its option `fault` names; of `layer`, the tensor
 * that a convolution writes, where that fault is a wrong result. */
#include <stdlib.h>
#include <string.h>

#include "delegates/conv.h"

static char fault[32], layer[64]; /* of the delegate made last */

static bool is(const char *name) { return strcmp(fault, name) == 0; }

/* ---- Kernels ---------------------------------------------------------------------------------------------------- */

/* Claims the first operator that nobody has, for kernels that compute nothing. */
static void claim_late(tfl_context *context, const char *buffer) {
    const tfl_registration r = {.invoke = conv_invoke};
    tfl_int_array *plan;
    int32_t one[2] = {1, 0};
    if (context->get_execution_plan(context, &plan) != TFL_OK || plan->size == 0) return;
    one[1] = plan->data[0];
    context->replace_node_subsets(context, r, (const tfl_int_array *)(const void *)one,
                                  ((const tfl_delegate_params *)(const void *)buffer)->delegate);
}

static void *init(tfl_context *context, const char *buffer, size_t length) {
    if (is("claim-in-init")) claim_late(context, buffer);
    if (is("init")) context->report_error(context, "no memory on the %s\n", "device");
    return is("init") || is("init-silent") ? NULL
           : is("init-sentinel")           ? (void *)(intptr_t)-1
                                           : conv_init(context, buffer, length);
}

/* What a graph's functions answer when it is too late for them; all but the first that works by chance is 0. */
static int count_late(tfl_context *context) {
    tfl_int_array *plan;
    tfl_node *node;
    tfl_registration *registration, empty = {.invoke = conv_invoke};
    tfl_delegate_params *parts;
    int32_t one[2] = {1, 0};
    int count, works = 0;
    const tfl_int_array *nodes = (const tfl_int_array *)(const void *)one;
    works += context->get_execution_plan(context, &plan) == TFL_OK;
    works += context->get_node_and_registration(context, 0, &node, &registration) == TFL_OK;
    works += context->replace_node_subsets(context, empty, nodes, (tfl_delegate *)(void *)context) == TFL_OK;
    works += context->preview_partitioning(context, nodes, &parts, &count) == TFL_OK;
    works += context->acquire_subgraph_context(context, 0, &context) == TFL_OK;
    works += context->release_subgraph_context(context, 0) == TFL_OK;
    return works;
}

static tfl_status resize(tfl_context *context, int32_t tensor, int32_t height) {
    tfl_int_array *dims = malloc(5 * sizeof(int32_t));
    if (!dims) return TFL_ERROR;
    memcpy(dims, (int32_t[]){4, 1, height, 1, 1}, 5 * sizeof(int32_t));
    return context->resize_tensor(context, &context->tensors[tensor], dims);
}

static tfl_status prepare_kernel(tfl_context *context, tfl_node *node) {
    int first;
    if (is("kernel-prepare")) {
        context->report_error(context, "%s", "the network does not fit");
        return TFL_DELEGATE_ERROR;
    }
    if (is("resize")) return resize(context, node->outputs->data[0], 3);
    if (is("resize-null")) return context->resize_tensor(context, &context->tensors[0], NULL);
    if (is("resize-none")) return context->resize_tensor_explicit(context, NULL, 0, NULL);
    if (is("resize-rank")) return context->resize_tensor_explicit(context, &context->tensors[0], 1 << 30, NULL);
    if (is("add-many")) return context->add_tensors(context, 2000000000, &first);
    if (is("add-negative")) return context->add_tensors(context, -1, &first);
    if (is("add-untyped")) {
        if (context->add_tensors(context, 1, &first) != TFL_OK) return TFL_OK;
        return resize(context, first, 3);
    }
    if (is("late") && count_late(context) != 0) return TFL_ERROR;
    return conv_prepare(context, node);
}

/* One step up in the first byte, or down from the highest. */
static void spoil(tfl_context *context, const tfl_node *node) {
    for (int32_t i = 0; i < node->outputs->size; i++) {
        const tfl_tensor *out = &context->tensors[node->outputs->data[i]];
        if (strcmp(out->name, layer) != 0) continue;
        *out->data.int8 = (int8_t)(*out->data.int8 + (*out->data.int8 < INT8_MAX ? 1 : -1));
    }
}

static tfl_status invoke(tfl_context *context, tfl_node *node) {
    if (is("invoke-silent")) return TFL_ERROR;
    if (is("invoke-cancelled")) return TFL_CANCELLED;
    if (is("invoke-odd")) return 77;
    if (is("invoke")) {
        context->report_error(context, "Ethos_u inference failed\n");
        context->report_error(context, "status %d.\n", 5);
        return TFL_DELEGATE_ERROR;
    }
    if (is("late") && count_late(context) != 0) return TFL_ERROR;
    if (is("stale")) context->tensors[node->outputs->data[0]].data_is_stale = true;
    const tfl_status status = conv_invoke(context, node);
    if (is("wrong") && status == TFL_OK) spoil(context, node);
    if (is("null-output")) context->tensors[node->outputs->data[0]].data.data = NULL;
    return status;
}

/* ---- Claims ------------------------------------------------------------------------------------------------------ */

static tfl_status replace(tfl_context *context, tfl_delegate *delegate, const tfl_int_array *nodes) {
    tfl_registration r = {
        .init = init, .free = conv_free, .prepare = prepare_kernel, .invoke = invoke, .custom_name = "bad"};
    if (is("no-invoke")) r.invoke = NULL;
    return context->replace_node_subsets(context, r, nodes, is("null-delegate") ? NULL : delegate);
}

static tfl_status replace_numbers(tfl_context *context, tfl_delegate *delegate, int32_t size, int32_t first) {
    int32_t numbers[2] = {size, first};
    return replace(context, delegate, (const tfl_int_array *)(const void *)numbers);
}

/* Asks for what is not there, and goes on as if nothing was. */
static void ask(tfl_context *context) {
    tfl_int_array none = {0};
    tfl_node *node;
    tfl_registration *registration;
    if (is("null-plan")) context->get_execution_plan(context, NULL);
    if (is("null-node")) context->get_node_and_registration(context, 0, NULL, NULL);
    if (is("node-range")) context->get_node_and_registration(context, 1000000, &node, &registration);
    if (is("null-preview")) context->preview_partitioning(context, &none, NULL, NULL);
    if (is("subgraph")) context->acquire_subgraph_context(context, 1, &context);
}

static tfl_status prepare(tfl_context *context, tfl_delegate *delegate) {
    if (is("prepare-silent")) return TFL_ERROR;
    if (is("prepare")) {
        context->report_error(context, "%s is not supported: version %d", "CONV_2D", 3);
        return TFL_DELEGATE_ERROR;
    }
    ask(context);
    if (is("nothing")) return TFL_OK;
    if (is("none")) return replace_numbers(context, delegate, 0, 0);
    if (is("range")) return replace_numbers(context, delegate, 1, 1000000);
    if (is("negative")) return replace_numbers(context, delegate, 1, -1);
    if (is("size")) return replace_numbers(context, delegate, 1 << 30, 0);
    if (is("size-negative")) return replace_numbers(context, delegate, -5, 0);
    if (is("null-nodes")) return replace(context, delegate, NULL);
    if (is("ignored")) replace_numbers(context, delegate, 1, -1);
    tfl_int_array *list = conv_list(context, 1000);
    if (!list) return TFL_ERROR;
    if (is("duplicate") && list->size > 1) list->data[1] = list->data[0];
    tfl_status status = replace(context, delegate, list);
    if (is("twice")) status = replace(context, delegate, list);
    free(list);
    return status;
}

/* ---- Plugin ------------------------------------------------------------------------------------------------------ */

EXPORT tfl_delegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                                   void (*report_error)(const char *)) {
    const char *name = conv_option(keys, values, count, "fault");
    strncpy(fault, name ? name : "", sizeof fault - 1);
    const char *named = conv_option(keys, values, count, "layer");
    strncpy(layer, named ? named : "", sizeof layer - 1);
    const char *cache = conv_option(keys, values, count, "cache_file_path");
    if (is("tell-cache")) report_error(cache ? cache : "no cache");
    if (is("create") && report_error) report_error("cannot open /dev/npu0: No such file or directory\n");
    if (is("create") || is("create-silent") || is("tell-cache")) return NULL;
    tfl_delegate *delegate = calloc(1, sizeof *delegate);
    if (delegate && !is("no-prepare")) delegate->prepare = prepare;
    return delegate;
}

EXPORT void tflite_plugin_destroy_delegate(tfl_delegate *delegate) { free(delegate); }
