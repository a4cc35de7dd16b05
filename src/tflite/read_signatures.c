/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "tflite/reader.h"

/* One side of a signature: names of tensors of a list. */
typedef struct side {
    int32_t count;
    const char **names;
    int32_t *tensors;
} side;

static bool is_in(const int32_t *list, int32_t count, int32_t tensor) {
    for (int32_t i = 0; i < count; i++) {
        if (list[i] == tensor) return true;
    }
    return false;
}

/* *fits becomes false where a name stands for another tensor than one of `list`. */
static mn_status read_side(mn_tfl_reader *reader, const mn_fb_table *signature, mn_fb_field field, const int32_t *list,
                           int32_t count, side *out, bool *fits) {
    mn_fb_vector maps;
    MN_TRY(mn_fb_list(signature, field, 4, &maps));
    if (maps.count > (uint32_t)count) *fits = false;
    if (!*fits) return MN_OK;
    out->count = (int32_t)maps.count;
    out->names = mn_region_alloc(&reader->graph->region, maps.count, sizeof *out->names);
    out->tensors = mn_region_alloc(&reader->graph->region, maps.count, sizeof *out->tensors);
    if (!out->names || !out->tensors) return mn_fail_memory("a signature");
    for (uint32_t i = 0; i < maps.count; i++) {
        mn_fb_table map;
        uint32_t tensor;
        MN_TRY(mn_fb_item(&maps, i, &map));
        MN_TRY(mn_tfl_read_text(reader, &map, MN_F_TENSOR_MAP_NAME, &out->names[i]));
        MN_TRY(mn_fb_u32(&map, MN_F_TENSOR_MAP_INDEX, 0, &tensor));
        out->tensors[i] = (int32_t)tensor;
        *fits = *fits && is_in(list, count, (int32_t)tensor);
    }
    return MN_OK;
}

static mn_status read_signature(mn_tfl_reader *reader, const mn_fb_table *table) {
    mn_graph *graph = reader->graph;
    mn_signature *signature = &graph->signatures[graph->signature_count];
    side inputs = {0}, outputs = {0};
    uint32_t subgraph;
    MN_TRY(mn_fb_u32(table, MN_F_SIGNATURE_SUBGRAPH, 0, &subgraph));
    bool fits = subgraph == 0;
    MN_TRY(read_side(reader, table, MN_F_SIGNATURE_INPUTS, graph->inputs, graph->input_count, &inputs, &fits));
    MN_TRY(read_side(reader, table, MN_F_SIGNATURE_OUTPUTS, graph->outputs, graph->output_count, &outputs, &fits));
    MN_TRY(mn_tfl_read_text(reader, table, MN_F_SIGNATURE_KEY, &signature->key));
    if (!fits) return MN_OK;
    *signature = (mn_signature){.struct_bytes = sizeof *signature,
                                .input_count = inputs.count,
                                .output_count = outputs.count,
                                .key = signature->key,
                                .input_names = inputs.names,
                                .inputs = inputs.tensors,
                                .output_names = outputs.names,
                                .outputs = outputs.tensors};
    graph->signature_count++;
    return MN_OK;
}

mn_status mn_tfl_read_signatures(mn_tfl_reader *reader, const mn_fb_table *model) {
    mn_graph *graph = reader->graph;
    mn_fb_vector list;
    MN_TRY(mn_fb_list(model, MN_F_MODEL_SIGNATURES, 4, &list));
    const uint32_t count = list.count < MN_TFL_MAX_SIGNATURES ? list.count : MN_TFL_MAX_SIGNATURES;
    graph->signatures = mn_region_alloc(&graph->region, count, sizeof *graph->signatures);
    if (!graph->signatures) return mn_fail_memory("the model's signatures");
    for (uint32_t i = 0; i < count; i++) {
        mn_fb_table table;
        MN_TRY(mn_fb_item(&list, i, &table));
        MN_TRY(read_signature(reader, &table));
    }
    return MN_OK;
}
