/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "delegate/key.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/map.h"

static void add_number(mn_sha256 *hash, int64_t number) { mn_sha256_add(hash, &number, sizeof number); }

/* With its length in front, so that no two lists of such pieces are the same bytes. */
static void add_bytes(mn_sha256 *hash, const void *data, size_t bytes) {
    add_number(hash, (int64_t)bytes);
    mn_sha256_add(hash, data, bytes);
}

static void add_text(mn_sha256 *hash, const char *text) { add_bytes(hash, text ? text : "", text ? strlen(text) : 0); }

static void add_ints(mn_sha256 *hash, int32_t count, const int32_t *values) {
    add_bytes(hash, values, (size_t)count * sizeof *values);
}

static void add_tensor(mn_sha256 *hash, const mn_tensor *from, const tfl_tensor *tensor) {
    add_text(hash, tensor->name);
    add_number(hash, tensor->type);
    add_ints(hash, tensor->dims->size, tensor->dims->data);
    add_number(hash, from->quant.axis);
    add_bytes(hash, from->quant.scale, (size_t)from->quant.count * sizeof *from->quant.scale);
    add_ints(hash, from->quant.count, from->quant.zero_point);
    add_bytes(hash, from->data, from->data ? from->bytes : 0);
}

static void add_node(mn_sha256 *hash, const tfl_node *node, const tfl_registration *registration) {
    add_number(hash, registration->builtin_code);
    add_number(hash, registration->version);
    add_text(hash, registration->custom_name);
    add_ints(hash, node->inputs->size, node->inputs->data);
    add_ints(hash, node->outputs->size, node->outputs->data);
    add_bytes(hash, node->builtin_data, node->builtin_data ? TFL_BUILTIN_BYTES : 0);
    add_bytes(hash, node->custom_initial_data, (size_t)node->custom_initial_data_size);
}

static void add_network(mn_sha256 *hash, const mn_host *host) {
    const mn_graph *graph = host->offer->graph;
    for (int32_t i = 0; i < graph->tensor_count; i++) {
        add_tensor(hash, &graph->tensors[i], &host->context.tensors[i]);
    }
    for (int32_t i = 0; i < graph->op_count; i++) add_node(hash, &host->nodes[i], &host->registrations[i]);
    for (int32_t i = 0; i < graph->metadata_count; i++) {
        add_text(hash, graph->metadata[i].name);
        add_bytes(hash, graph->metadata[i].data, graph->metadata[i].bytes);
    }
    add_ints(hash, graph->input_count, graph->inputs);
    add_ints(hash, graph->output_count, graph->outputs);
    add_ints(hash, graph->op_count, host->offer->owners);
    add_number(hash, host->offer->alone);
}

mn_status mn_delegate_key_begin(const char *file, const mn_delegate_options *options, mn_sha256 *prefix) {
    mn_map map;
    MN_TRY(mn_map_open(file, &map));
    mn_sha256_begin(prefix);
    add_bytes(prefix, map.data, map.bytes);
    mn_map_close(&map);
    for (size_t i = 0; i < options->count; i++) {
        add_text(prefix, options->keys[i]);
        add_text(prefix, options->values[i]);
    }
    return MN_OK;
}

void mn_delegate_key(const mn_host *host, const mn_sha256 *prefix, char key[MN_KEY_LETTERS + 1]) {
    uint8_t digest[MN_SHA256_BYTES];
    mn_sha256 hash = *prefix;
    add_network(&hash, host);
    mn_sha256_end(&hash, digest);
    for (int i = 0; i < MN_KEY_LETTERS / 2; i++) snprintf(key + 2 * i, 3, "%02x", digest[i]);
}

static bool is_folder(const char *path) {
    mn_file file;
    if (mn_file_open(path, &file) != MN_OK) return false;
    mn_file_close(&file);
    return file.kind == MN_FILE_FOLDER;
}

char *mn_delegate_keyed_path(const char *path, const char *key, mn_region *region) {
    const size_t room = strlen(path) + 1 + MN_KEY_LETTERS + 1;
    char *keyed = mn_region_alloc(region, room, 1);
    if (!keyed) return NULL;
    const bool folder = is_folder(path);
    snprintf(keyed, room, "%s%c%s", path, folder ? '/' : '-', key);
    if (folder) mn_file_make_folder(keyed); /* if it cannot be made, the delegate says so, or does without */
    return keyed;
}
