/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A delegate that computes int8 convolutions, as it would be if it had been built for one version or another of
 * TensorFlow. Options:
 *
 *     abi:2.9      its structs are those of 2.9, 2.10, 2.13 or 2.14, and no larger; what may be rubbish is
 *     most:3       it takes so many convolutions
 *     each:1       it asks for every node alone
 *     preview:1    it takes only the first part that it is shown
 *     wrapped:1    the delegate that works is another one
 *     handles:1    it keeps outputs in buffers of its own, from which they must be asked for
 *     added:1      it works in tensors that it adds */
#include <stdlib.h>
#include <string.h>

#include "delegates/conv.h"

/* The one delegate; `inner` is what the runtime gets to see, or what it wraps. */
typedef struct good {
    tfl_delegate *outer, *inner;
    int version; /* 9, 10, 13, 14 */
    int most;
    bool each, preview, handles, added;
} good;

static tfl_status take(tfl_context *context, good *g, const tfl_int_array *nodes);

/* ---- Registrations of every size -------------------------------------------------------------------------------- */

static tfl_status invoke_with_handles(tfl_context *context, tfl_node *node);
static tfl_status prepare_added(tfl_context *context, tfl_node *node);
static tfl_status invoke_added(tfl_context *context, tfl_node *node);

#define SET(r)                                                                                                         \
    do {                                                                                                               \
        memset(&(r), 0x5a, sizeof(r));                                                                                 \
        (r).init = conv_init;                                                                                          \
        (r).free = conv_free;                                                                                          \
        (r).prepare = g->added ? prepare_added : conv_prepare;                                                         \
        (r).invoke = g->handles ? invoke_with_handles : g->added ? invoke_added : conv_invoke;                         \
        (r).profiling_string = NULL;                                                                                   \
        (r).builtin_code = 0;                                                                                          \
        (r).custom_name = "good";                                                                                      \
        (r).version = 1;                                                                                               \
    } while (0)

/* As a program sees the function that was built with the headers of one version. */
#define REPLACE(type, context)                                                                                         \
    ((tfl_status(*)(tfl_context *, type, const tfl_int_array *, tfl_delegate *))(void (*)(void))(context)              \
         ->replace_node_subsets)

static tfl_status take(tfl_context *context, good *g, const tfl_int_array *nodes) {
    tfl_registration_2_9 oldest;
    tfl_registration_2_10 older;
    tfl_registration_2_13 old;
    tfl_registration today;
    SET(oldest);
    SET(older);
    SET(old);
    SET(today);
    older.registration_external = old.registration_external = today.registration_external = NULL;
    switch (g->version) {
    case 9: return REPLACE(tfl_registration_2_9, context)(context, oldest, nodes, g->inner);
    case 10: return REPLACE(tfl_registration_2_10, context)(context, older, nodes, g->inner);
    case 13: return REPLACE(tfl_registration_2_13, context)(context, old, nodes, g->inner);
    default: return context->replace_node_subsets(context, today, nodes, g->inner);
    }
}

/* ---- Choosing ------------------------------------------------------------------------------------------------ */

static tfl_status take_each(tfl_context *context, good *g, const tfl_int_array *list) {
    int32_t one[2] = {1, 0};
    tfl_status status = TFL_OK;
    for (int32_t i = 0; i < list->size && status == TFL_OK; i++) {
        one[1] = list->data[i];
        status = take(context, g, (const tfl_int_array *)(const void *)one);
    }
    return status;
}

static tfl_status take_first_part(tfl_context *context, good *g, const tfl_int_array *list) {
    tfl_delegate_params *parts;
    int count;
    tfl_status status = context->preview_partitioning(context, list, &parts, &count);
    if (status == TFL_OK && count > 0) status = take(context, g, parts[0].nodes_to_replace);
    return status;
}

static tfl_status prepare(tfl_context *context, tfl_delegate *delegate) {
    good *g = delegate->data;
    if (delegate == g->outer && g->outer != g->inner) return g->inner->prepare(context, g->inner);
    tfl_int_array *list = conv_list(context, g->most);
    if (!list) return TFL_ERROR;
    const tfl_status status = g->each      ? take_each(context, g, list)
                              : g->preview ? take_first_part(context, g, list)
                                           : take(context, g, list);
    free(list);
    return status;
}

/* ---- Buffers of its own ----------------------------------------------------------------------------------------- */

enum { BUFFERS = 64 };
static struct {
    int8_t *data;
    size_t bytes;
} buffers[BUFFERS];

/* What another kernel of the delegate has left in its buffer is there for this one. */
static void fetch(tfl_context *context, const tfl_node *node) {
    for (int32_t i = 0; i < node->inputs->size; i++) {
        tfl_tensor *tensor = &context->tensors[node->inputs->data[i]];
        if (tensor->data_is_stale) memcpy(tensor->data.data, buffers[tensor->buffer_handle].data, tensor->bytes);
    }
}

static tfl_status invoke_with_handles(tfl_context *context, tfl_node *node) {
    fetch(context, node);
    const tfl_status status = conv_invoke(context, node);
    for (int32_t i = 0; i < node->outputs->size && status == TFL_OK; i++) {
        tfl_tensor *tensor = &context->tensors[node->outputs->data[i]];
        for (int32_t k = 0; k < BUFFERS && tensor->buffer_handle < 0; k++) {
            if (!buffers[k].data) tensor->buffer_handle = k;
        }
        if (tensor->buffer_handle < 0) return TFL_ERROR;
        int8_t **to = &buffers[tensor->buffer_handle].data;
        if (!*to) *to = malloc(tensor->bytes);
        if (!*to) return TFL_ERROR;
        memcpy(*to, tensor->data.data, tensor->bytes);
        memset(tensor->data.data, 0x33, tensor->bytes);
        tensor->data_is_stale = true;
    }
    return status;
}

static tfl_status copy_from_handle(tfl_context *context, tfl_delegate *delegate, int32_t handle, tfl_tensor *tensor) {
    (void)context, (void)delegate;
    memcpy(tensor->data.data, buffers[handle].data, tensor->bytes);
    return TFL_OK;
}

static void free_handle(tfl_context *context, tfl_delegate *delegate, int32_t *handle) {
    (void)context, (void)delegate;
    free(buffers[*handle].data);
    buffers[*handle].data = NULL;
    *handle = TFL_NO_BUFFER_HANDLE;
}

/* ---- Tensors of its own ------------------------------------------------------------------------------------------ */

static tfl_status prepare_added(tfl_context *context, tfl_node *node) {
    int first;
    free(node->temporaries);
    node->temporaries = calloc(1 + 40, sizeof(int32_t));
    if (!node->temporaries || context->add_tensors(context, 40, &first) != TFL_OK) return TFL_ERROR;
    node->temporaries->size = 40;
    for (int32_t i = 0; i < 40; i++) {
        tfl_tensor *tensor = context->get_tensor(context, first + i);
        tensor->type = TFL_INT32;
        tensor->allocation_type = TFL_ARENA_RW;
        node->temporaries->data[i] = first + i;
        if (context->resize_tensor_explicit(context, tensor, 2, (const int[]){3, i}) != TFL_OK) return TFL_ERROR;
        if (tensor->bytes != 12 * (size_t)i) return TFL_ERROR;
    }
    return conv_prepare(context, node);
}

static tfl_status invoke_added(tfl_context *context, tfl_node *node) {
    int index;
    for (int32_t i = 0; i < node->temporaries->size; i++) {
        tfl_tensor *tensor = &context->tensors[node->temporaries->data[i]];
        memset(tensor->data.data, i, tensor->bytes);
    }
    if (context->request_scratch_buffer(context, 1000, &index) != TFL_OK) return TFL_ERROR;
    memset(context->get_scratch_buffer(context, index), 1, 1000);
    return conv_invoke(context, node);
}

/* ---- Plugin ------------------------------------------------------------------------------------------------------ */

/* As large as in that version and no larger, so that a sanitizer sees who reads on. */
static tfl_delegate *make(good *g) {
    const size_t bytes = g->version < 11 ? offsetof(tfl_delegate, opaque_delegate_builder) : sizeof(tfl_delegate);
    tfl_delegate *delegate = malloc(bytes);
    if (!delegate) return NULL;
    memset(delegate, 0, bytes);
    delegate->data = g;
    delegate->prepare = prepare;
    if (g->handles) delegate->copy_from_buffer_handle = copy_from_handle;
    if (g->handles) delegate->free_buffer_handle = free_handle;
    return delegate;
}

EXPORT tfl_delegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                                   void (*report_error)(const char *)) {
    good *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    const char *abi = conv_option(keys, values, count, "abi"), *most = conv_option(keys, values, count, "most");
    g->version = abi ? atoi(abi + 2) : 14;
    g->most = most ? atoi(most) : 1000;
    g->each = conv_option(keys, values, count, "each") != NULL;
    g->preview = conv_option(keys, values, count, "preview") != NULL;
    g->handles = conv_option(keys, values, count, "handles") != NULL;
    g->added = conv_option(keys, values, count, "added") != NULL;
    g->outer = g->inner = make(g);
    if (g->outer && conv_option(keys, values, count, "wrapped")) g->inner = make(g);
    if (g->outer && g->inner) return g->outer;
    if (report_error) report_error("out of memory");
    return NULL;
}

EXPORT void tflite_plugin_destroy_delegate(tfl_delegate *delegate) {
    good *g = delegate->data;
    if (g->inner != g->outer) free(g->inner);
    free(g->outer);
    free(g);
}
