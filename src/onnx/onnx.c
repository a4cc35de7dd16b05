/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "onnx/onnx.h"

#include <stdlib.h>
#include <string.h>

#include "onnx/graph.h"
#include "onnx/model.h"
#include "onnx/wire.h"

#define DEFAULT_SIZE 224
#define MAX_VERSION 64 /* of the format; it was 13 in 2025 */

/* ModelProto begins with ir_version (1), a small number, as every writer puts fields in their order; and more fields
 * follow. */
bool mn_onnx_is(const void *data, size_t bytes) {
    mn_wire wire = {.at = data, .end = (const uint8_t *)data + bytes};
    mn_wire_field field;
    if (!mn_wire_next(&wire, &field) || field.number != 1 || field.kind != MN_WIRE_VARINT || field.value < 1 ||
        field.value > MAX_VERSION) {
        return false;
    }
    return mn_wire_next(&wire, &field) && field.kind == MN_WIRE_BYTES && field.number < 26;
}

static mn_status check_options(const mn_origin_options *options, const mn_net *net) {
    const mn_layer *input = &net->layers[0];
    if (options->no_softmax) {
        return mn_fail(MN_ERROR_ARGUMENT, "%s: is a whole model, which already says how it ends; leave out --scores",
                       net->name);
    }
    if (options->size == 0 || (input->h == options->size && input->w == options->size)) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "%s: the model's input is %dx%d, so --size %d cannot be applied", net->name,
                   input->h, input->w, options->size);
}

/* What comes first is not a layer that scales pixels. */
static bool takes_normalised(const mn_net *net) {
    for (int32_t i = 1; i < net->layer_count; i++) {
        const mn_layer *layer = &net->layers[i];
        if (layer->inputs[0] != 0) continue;
        if (layer->kind != MN_LAYER_CONV && layer->kind != MN_LAYER_ZERO_PADDING) return false;
    }
    return net->layers[0].c == 3;
}

/* torchvision and timm train on pixels with the mean and deviation of ImageNet. */
static void set_meaning(const mn_onnx_model *model, mn_net *net, mn_origin *origin) {
    if (strcmp(model->producer, "pytorch") != 0 || !takes_normalised(net)) return;
    mn_meaning_set_imagenet(&net->meaning);
    origin->assumed_pixels = true;
}

static mn_status read_model(mn_onnx_model *model, const void *data, size_t bytes, const mn_origin_options *options,
                            mn_net *net, mn_origin *origin) {
    bool open = false;
    MN_TRY(mn_onnx_parse(data, bytes, model));
    MN_TRY(mn_onnx_graph_build(model, options->size > 0 ? options->size : DEFAULT_SIZE, net, &open));
    MN_TRY(check_options(options, net));
    *origin = (mn_origin){.format = "ONNX model",
                          .untrainable = "training cannot start from an ONNX model, whose batch norm is gone; give the "
                                         "weights that it was exported from, as .pth or .safetensors",
                          .assumed_size = open && options->size == 0};
    set_meaning(model, net, origin);
    return mn_net_check(net);
}

mn_status mn_onnx_read(const void *data, size_t bytes, const char *name, const char *path,
                       const mn_origin_options *options, mn_net *out, mn_origin *origin) {
    static const mn_origin_options defaults = {0};
    mn_onnx_model *model = calloc(1, sizeof *model);
    mn_net net = {.name = name};
    if (!model) return mn_fail_memory("a model");
    model->file = name;
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (path) model->folder = mn_region_string(&model->region, path, slash ? (size_t)(slash - path) + 1 : 0);
    mn_status status = path && !model->folder ? mn_fail_memory("a model") : MN_OK;
    if (status == MN_OK) status = read_model(model, data, bytes, options ? options : &defaults, &net, origin);
    mn_onnx_free(model);
    free(model);
    if (status != MN_OK) {
        mn_net_free(&net);
        return status;
    }
    *out = net;
    return MN_OK;
}
