/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* libmobilenet_delegate.so: what TensorFlow Lite looks for in the library of an external delegate. */
#include <stdio.h>
#include <stdlib.h>

#include "mobilenet.h"
#include "plugin/claim.h"
#include "plugin/part.h"

MN_API tfl_create_delegate tflite_plugin_create_delegate;
MN_API tfl_destroy_delegate tflite_plugin_destroy_delegate;

static void say_nothing(tfl_context *context, int32_t node) {
    (void)context;
    (void)node;
}

static void say_why(tfl_context *context, int32_t node) {
    char text[MN_DETAIL_BYTES];
    snprintf(text, sizeof text, "node %d stays: %.400s", node, mn_error_detail());
    mn_part_report(context, text);
}

static void say_how_many(tfl_context *context, const tfl_int_array *claimed) {
    char text[64];
    snprintf(text, sizeof text, "%d nodes claimed", claimed->size);
    mn_part_report(context, text);
}

static tfl_status prepare(tfl_context *context, tfl_delegate *delegate) {
    const mn_plugin *plugin = delegate->data;
    tfl_int_array *claimed;
    if (mn_claim_nodes(context, plugin->settings.verbose ? say_why : say_nothing, &claimed) != MN_OK) {
        mn_part_report(context, mn_error_detail());
        return TFL_DELEGATE_ERROR;
    }
    if (plugin->settings.verbose) say_how_many(context, claimed);
    const tfl_status status = context->replace_node_subsets(context, mn_part_registration(), claimed, delegate);
    free(claimed);
    return status;
}

/* Shapes that the program changes reach the parts with `prepare`, so dynamic tensors are allowed. */
tfl_delegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                            void (*report_error)(const char *)) {
    mn_plugin *plugin = calloc(1, sizeof *plugin);
    mn_status status = plugin ? MN_OK : mn_fail_memory("the delegate");
    if (status == MN_OK) status = mn_settings_read(keys, values, count, &plugin->settings);
    if (status != MN_OK) {
        if (report_error) report_error(mn_error_detail());
        free(plugin);
        return NULL;
    }
    plugin->delegate.data = plugin;
    plugin->delegate.prepare = prepare;
    plugin->delegate.flags = TFL_FLAG_DYNAMIC_TENSORS;
    return &plugin->delegate;
}

void tflite_plugin_destroy_delegate(tfl_delegate *delegate) { free(delegate ? delegate->data : NULL); }
