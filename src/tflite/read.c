/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "tflite/read.h"

#include <inttypes.h>
#include <string.h>

#include "base/kind.h"
#include "tflite/metadata.h"
#include "tflite/reader.h"
#include "tflite/text.h"

mn_status mn_tfl_read_text(mn_tfl_reader *reader, const mn_fb_table *table, mn_fb_field field, const char **out) {
    mn_fb_vector bytes;
    MN_TRY(mn_fb_string(table, field, &bytes));
    *out = mn_tfl_text(&reader->graph->region, bytes.data ? bytes.data : (const uint8_t *)"", bytes.count);
    return *out ? MN_OK : mn_fail_memory("a name in the model");
}

mn_status mn_tfl_read_indices(mn_tfl_reader *reader, const mn_fb_table *table, mn_fb_field field, int32_t optional,
                              int32_t *count, int32_t **out) {
    mn_graph *graph = reader->graph;
    mn_fb_vector list;
    MN_TRY(mn_fb_list(table, field, 4, &list));
    if (list.count > MN_MAX_TENSORS) {
        return mn_fb_fail(&reader->fb, &list.place, MN_ERROR_LIMIT, "%" PRIu32 " entries; the limit is %d", list.count,
                          MN_MAX_TENSORS);
    }
    int32_t *indices = mn_region_alloc(&graph->region, list.count, sizeof *indices);
    if (!indices) return mn_fail_memory("a list of tensors");
    for (uint32_t i = 0; i < list.count; i++) {
        indices[i] = (int32_t)mn_le32(list.data + 4 * (size_t)i);
        if (indices[i] == -1 && (optional == MN_TFL_ANYWHERE || (int32_t)i == optional)) continue;
        if (indices[i] < 0 || indices[i] >= graph->tensor_count) {
            return mn_fb_fail(&reader->fb, &list.place, MN_ERROR_FORMAT,
                              "entry %" PRIu32 " names tensor %" PRId32 "; there are %" PRId32, i, indices[i],
                              graph->tensor_count);
        }
    }
    *count = (int32_t)list.count;
    *out = indices;
    return MN_OK;
}

/* Opens a vector of tables that must have between 1 and `limit` entries. */
static mn_status open_list(const mn_fb_table *table, mn_fb_field field, uint32_t limit, mn_fb_vector *out) {
    MN_TRY(mn_fb_list(table, field, 4, out));
    if (out->count == 0) return mn_fb_fail(table->fb, &out->place, MN_ERROR_FORMAT, "list is missing or empty");
    if (out->count > limit) {
        return mn_fb_fail(table->fb, &out->place, MN_ERROR_LIMIT, "%" PRIu32 " entries; the limit is %" PRIu32,
                          out->count, limit);
    }
    return MN_OK;
}

static mn_status open_tensors(mn_tfl_reader *reader, const mn_fb_table *subgraph, mn_fb_vector *list) {
    mn_graph *graph = reader->graph;
    MN_TRY(open_list(subgraph, MN_F_SUBGRAPH_TENSORS, MN_MAX_TENSORS, list));
    graph->tensors = mn_region_alloc(&graph->region, list->count, sizeof *graph->tensors);
    reader->roles = mn_region_alloc(&graph->region, list->count, sizeof *reader->roles);
    if (!graph->tensors || !reader->roles) return mn_fail_memory("the tensor table");
    graph->tensor_count = (int32_t)list->count;
    return MN_OK;
}

static mn_status open_operators(mn_tfl_reader *reader, const mn_fb_table *subgraph, mn_fb_vector *list) {
    mn_graph *graph = reader->graph;
    MN_TRY(open_list(subgraph, MN_F_SUBGRAPH_OPERATORS, MN_MAX_OPERATORS, list));
    graph->ops = mn_region_alloc(&graph->region, list->count, sizeof *graph->ops);
    if (!graph->ops) return mn_fail_memory("the operator table");
    graph->op_count = (int32_t)list->count;
    return MN_OK;
}

typedef mn_status read_fn(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index);

static mn_status read_all(mn_tfl_reader *reader, const mn_fb_vector *list, read_fn *read) {
    for (uint32_t i = 0; i < list->count; i++) {
        mn_fb_table table;
        MN_TRY(mn_fb_item(list, i, &table));
        MN_TRY(read(reader, &table, (int32_t)i));
    }
    return MN_OK;
}

static void mark(mn_tfl_reader *reader, const int32_t *tensors, int32_t count, uint8_t role) {
    for (int32_t i = 0; i < count; i++) {
        if (tensors[i] >= 0) reader->roles[tensors[i]] |= role;
    }
}

/* What each tensor is there for: converters leave tensors behind that nothing names any more. */
static void mark_roles(mn_tfl_reader *reader) {
    const mn_graph *graph = reader->graph;
    mark(reader, graph->inputs, graph->input_count, MN_TFL_ROLE_INPUT);
    mark(reader, graph->outputs, graph->output_count, MN_TFL_ROLE_READ);
    for (int32_t i = 0; i < graph->op_count; i++) {
        const bool custom = graph->ops[i].kind == MN_OP_CUSTOM;
        mark(reader, graph->ops[i].inputs, graph->ops[i].input_count, custom ? MN_TFL_ROLE_CUSTOM : MN_TFL_ROLE_READ);
        mark(reader, graph->ops[i].outputs, graph->ops[i].output_count, MN_TFL_ROLE_WRITTEN);
    }
}

static mn_status read_subgraph(mn_tfl_reader *reader, const mn_fb_table *subgraph) {
    mn_graph *graph = reader->graph;
    mn_fb_vector tensors, operators;
    MN_TRY(open_tensors(reader, subgraph, &tensors));
    MN_TRY(mn_tfl_read_indices(reader, subgraph, MN_F_SUBGRAPH_INPUTS, MN_TFL_NOWHERE, &graph->input_count,
                               &graph->inputs));
    MN_TRY(mn_tfl_read_indices(reader, subgraph, MN_F_SUBGRAPH_OUTPUTS, MN_TFL_NOWHERE, &graph->output_count,
                               &graph->outputs));
    MN_TRY(open_operators(reader, subgraph, &operators));
    MN_TRY(read_all(reader, &operators, mn_tfl_read_operator));
    mark_roles(reader);
    MN_TRY(read_all(reader, &tensors, mn_tfl_read_tensor));
    MN_TRY(mn_graph_scale_integers(graph));
    return read_all(reader, &operators, mn_tfl_read_options);
}

static mn_status read_model(mn_tfl_reader *reader, const mn_fb_table *model, const void *data, size_t bytes) {
    const char *name = reader->graph->name;
    uint32_t version;
    MN_TRY(mn_fb_u32(model, MN_F_MODEL_VERSION, 0, &version));
    if (version != MN_TFL_SCHEMA_VERSION) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: schema version %" PRIu32 " is not supported; it must be %d", name,
                       version, MN_TFL_SCHEMA_VERSION);
    }
    MN_TRY(mn_tfl_read_text(reader, model, MN_F_MODEL_DESCRIPTION, &reader->graph->description));
    MN_TRY(open_list(model, MN_F_MODEL_OPERATOR_CODES, UINT32_MAX, &reader->operator_codes));
    MN_TRY(open_list(model, MN_F_MODEL_BUFFERS, UINT32_MAX, &reader->buffers));
    mn_fb_vector subgraphs;
    MN_TRY(open_list(model, MN_F_MODEL_SUBGRAPHS, UINT32_MAX, &subgraphs));
    mn_fb_table subgraph; /* no operator that is supported leads to another one than the first */
    MN_TRY(mn_fb_item(&subgraphs, 0, &subgraph));
    MN_TRY(read_subgraph(reader, &subgraph));
    MN_TRY(mn_tfl_read_signatures(reader, model));
    return mn_tfl_read_metadata(reader, model, data, bytes);
}

mn_status mn_tflite_read(const void *data, size_t bytes, const char *name, mn_graph *graph) {
    mn_graph made = {0};
    mn_tfl_reader reader = {.graph = &made};
    mn_fb_table model;
    if (bytes < 8 || memcmp((const uint8_t *)data + 4, MN_TFL_IDENTIFIER, 4) != 0) {
        return mn_kind_refuse(MN_WANT_TFLITE, name, data, bytes);
    }
    MN_TRY(mn_fb_open(data, bytes, name, MN_TFL_IDENTIFIER, &reader.fb, &model));
    made.name = mn_region_string(&made.region, name, strlen(name));
    mn_status status = made.name ? read_model(&reader, &model, data, bytes) : mn_fail_memory("the model's name");
    if (status != MN_OK) {
        mn_graph_free(&made);
        return status;
    }
    *graph = made;
    return MN_OK;
}
