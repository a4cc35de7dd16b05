/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "session/model.h"

#include <stdlib.h>

#include "base/argument.h"
#include "graph/describe.h"
#include "graph/pixels.h"
#include "graph/shape.h"
#include "plan/constants.h"
#include "tflite/read.h"

/* An empty model; the map is its own from here on, or closed. */
static mn_status make_model(mn_map map, size_t file_bytes, mn_model **out) {
    mn_model *model = calloc(1, sizeof *model);
    mn_pack_cache *cache = calloc(1, sizeof *cache);
    if (!model || !cache) {
        free(model);
        free(cache);
        mn_map_close(&map);
        return mn_fail_memory("the model");
    }
    mn_pack_cache_init(cache);
    *model = (mn_model){.map = map, .file_bytes = file_bytes, .cache = cache};
    *out = model;
    return MN_OK;
}

static mn_status finish_graph(mn_graph *graph) {
    MN_TRY(mn_graph_check(graph));
    return mn_graph_compute_constants(graph);
}

static mn_status open_bytes(mn_map map, const void *data, size_t bytes, const char *name, mn_model **out) {
    mn_model *model;
    MN_TRY(make_model(map, bytes, &model));
    mn_status status = mn_tflite_read(data, bytes, name, &model->graph);
    if (status == MN_OK) status = finish_graph(&model->graph);
    if (status != MN_OK) {
        mn_model_close(&model);
        return status;
    }
    *out = model;
    return MN_OK;
}

mn_status mn_model_from_graph(mn_graph *graph, mn_model **out) {
    mn_model *model;
    MN_TRY(mn_graph_check_given(graph));
    MN_TRY(make_model((mn_map){0}, 0, &model));
    const mn_status status = finish_graph(graph);
    if (status != MN_OK) {
        mn_model_close(&model);
        return status;
    }
    model->graph = *graph;
    *graph = (mn_graph){0};
    *out = model;
    return MN_OK;
}

mn_status mn_model_open(const char *path, mn_model **out) {
    MN_NEED(path);
    MN_NEED(out);
    return mn_model_open_with(path, NULL, out);
}

/* A FlatBuffer is no larger. */
#define MOST_BYTES ((size_t)INT32_MAX)

mn_status mn_model_open_with(const char *path, const mn_model_options *options, mn_model **out) {
    mn_map map;
    mn_model_options wanted;
    MN_NEED(path);
    MN_NEED(out);
    MN_TRY(mn_struct_read(&mn_model_options_struct, options, &wanted));
    if (wanted.read) {
        MN_TRY(mn_map_read(path, MOST_BYTES, &map));
        if (map.bytes == 0) {
            mn_map_close(&map);
            return mn_fail(MN_ERROR_IO, "%s: is empty; fetch or write the file again", path);
        }
    } else {
        MN_TRY(mn_map_open(path, &map));
    }
    return open_bytes(map, map.data, map.bytes, path, out);
}

mn_status mn_model_from_memory(const void *data, size_t bytes, const char *name, mn_model **out) {
    MN_NEED(data);
    MN_NEED(name);
    MN_NEED(out);
    return open_bytes((mn_map){0}, data, bytes, name, out);
}

void mn_model_close(mn_model **model) {
    if (!model || !*model) return;
    mn_model *closing = *model;
    *model = NULL;
    mn_graph_free(&closing->graph);
    mn_pack_cache_free(closing->cache);
    free(closing->cache);
    mn_map_close(&closing->map);
    free(closing);
}

int32_t mn_model_input_count(const mn_model *model) { return model ? model->graph.input_count : 0; }
int32_t mn_model_output_count(const mn_model *model) { return model ? model->graph.output_count : 0; }
int32_t mn_model_tensor_count(const mn_model *model) { return model ? model->graph.tensor_count : 0; }
int32_t mn_model_op_count(const mn_model *model) { return model ? model->graph.op_count : 0; }

mn_status mn_model_view_open(const mn_model *model, int32_t tensor, mn_model_view *out) {
    const mn_graph *graph = &model->graph;
    *out = (mn_model_view){.model = *model, .added = -1};
    if (tensor < 0) return MN_OK;
    out->outputs = malloc(((size_t)graph->output_count + 1) * sizeof *out->outputs);
    if (!out->outputs) return mn_fail_memory("the model's outputs");
    for (int32_t i = 0; i < graph->output_count; i++) out->outputs[i] = graph->outputs[i];
    out->added = graph->output_count;
    out->outputs[out->added] = tensor;
    out->model.graph.outputs = out->outputs;
    out->model.graph.output_count++;
    return MN_OK;
}

void mn_model_view_close(mn_model_view *view) {
    free(view->outputs);
    *view = (mn_model_view){.added = -1};
}

int32_t mn_model_input(const mn_model *model, int32_t i) {
    return model && i >= 0 && i < model->graph.input_count ? model->graph.inputs[i] : -1;
}

int32_t mn_model_output(const mn_model *model, int32_t i) {
    return model && i >= 0 && i < model->graph.output_count ? model->graph.outputs[i] : -1;
}

mn_status mn_model_tensor(const mn_model *model, int32_t index, mn_tensor_info *out) {
    mn_tensor_info info;
    MN_NEED(model);
    MN_TRY(mn_struct_check(&mn_tensor_info_struct, out));
    if (index < 0 || index >= model->graph.tensor_count) {
        return mn_fail(MN_ERROR_ARGUMENT, "tensor %d does not exist; the model has %d", index,
                       model->graph.tensor_count);
    }
    mn_tensor_describe(&model->graph.tensors[index], &info);
    mn_struct_write(&mn_tensor_info_struct, &info, out);
    return MN_OK;
}

mn_status mn_model_op(const mn_model *model, int32_t index, mn_op_info *out) {
    mn_op_info info;
    MN_NEED(model);
    MN_TRY(mn_struct_check(&mn_op_info_struct, out));
    if (index < 0 || index >= model->graph.op_count) {
        return mn_fail(MN_ERROR_ARGUMENT, "operator %d does not exist; the model has %d", index, model->graph.op_count);
    }
    mn_graph_describe(&model->graph, &model->graph.ops[index], &info);
    mn_struct_write(&mn_op_info_struct, &info, out);
    return MN_OK;
}

int32_t mn_model_signature_count(const mn_model *model) { return model ? model->graph.signature_count : 0; }

mn_status mn_model_signature(const mn_model *model, int32_t index, mn_signature *out) {
    MN_NEED(model);
    MN_TRY(mn_struct_check(&mn_signature_struct, out));
    if (index < 0 || index >= model->graph.signature_count) {
        return mn_fail(MN_ERROR_ARGUMENT, "signature %d does not exist; the model has %d", index,
                       model->graph.signature_count);
    }
    mn_struct_write(&mn_signature_struct, &model->graph.signatures[index], out);
    return MN_OK;
}

size_t mn_model_file_bytes(const mn_model *model) { return model ? model->file_bytes : 0; }

size_t mn_model_weight_bytes(const mn_model *model) {
    size_t bytes = 0;
    if (!model) return 0;
    for (int32_t i = 0; i < model->graph.tensor_count; i++) {
        if (model->graph.tensors[i].data) bytes += model->graph.tensors[i].bytes;
    }
    return bytes;
}

mn_status mn_model_pixels(const mn_model *model, mn_pixels *out) {
    mn_pixels pixels;
    MN_NEED(model);
    MN_TRY(mn_struct_check(&mn_pixels_struct, out));
    MN_TRY(mn_graph_pixels(&model->graph, &pixels));
    mn_struct_write(&mn_pixels_struct, &pixels, out);
    return MN_OK;
}

const char *mn_model_class_name(const mn_model *model, int32_t output, int32_t index) {
    if (!model) return NULL;
    const mn_meaning *meaning = &model->graph.meaning;
    if (output < 0 || output >= meaning->output_count) return NULL;
    const mn_class_names *classes = &meaning->classes[output];
    return index >= 0 && index < classes->count ? classes->name[index] : NULL;
}

const char *mn_model_description(const mn_model *model) { return model ? model->graph.description : NULL; }
