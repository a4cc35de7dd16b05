/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Dense layers and batch norm. */
#include <string.h>

#include "onnx/build.h"

/* Rows of a dense kernel that reads a map in one row: from [c][h][w] to [h][w][c]. */
static mn_status turn_rows(const mn_onnx_builder *b, const int32_t map[3], int32_t units, float *kernel) {
    size_t area = (size_t)map[1] * (size_t)map[2], channels = (size_t)map[0], row = (size_t)units;
    float *copy = mn_region_alloc(&b->model->region, area * channels * row, sizeof *copy);
    if (!copy) return mn_fail_memory("a model's weights");
    memcpy(copy, kernel, area * channels * row * sizeof *copy);
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = 0; i < area; i++) {
            memcpy(kernel + (i * channels + c) * row, copy + (c * area + i) * row, row * sizeof *copy);
        }
    }
    return MN_OK;
}

static void scale(float *values, size_t count, float by) {
    for (size_t i = 0; by != 1 && i < count; i++) values[i] *= by;
}

/* One number for all units, or one for each. */
static mn_status read_bias(const mn_onnx_builder *b, const mn_array *bias, int32_t units, float *to) {
    if (bias->count != 1) return mn_onnx_read_vector(b, bias, "the bias", units, to);
    MN_TRY(mn_onnx_read_vector(b, bias, "the bias", 1, to));
    for (int32_t i = 1; i < units; i++) to[i] = to[0];
    return MN_OK;
}

/* Gemm, and MatMul, which is one without settings. */
mn_status mn_onnx_build_dense(mn_onnx_builder *b) {
    mn_onnx_value *from = mn_onnx_in(b, 0);
    const mn_array *weights, *bias = NULL;
    int64_t dims[4];
    if (!from || from->kind != MN_ONNX_LAYER || from->rank != 2) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "input 0 is not a vector computed from the picture");
    }
    MN_TRY(mn_onnx_floats_in(b, 1, &weights));
    if (mn_onnx_in(b, 2)) MN_TRY(mn_onnx_floats_in(b, 2, &bias));
    mn_onnx_dims(b, from, dims);
    bool turned = mn_onnx_integer(b, "transB", 0) != 0;
    if (weights->rank != 2 || weights->dims[turned] != dims[1] || weights->dims[!turned] < 1 ||
        mn_onnx_integer(b, "transA", 0) != 0) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "its weights do not suit a vector of %lld", (long long)dims[1]);
    }
    int32_t map[3], units = weights->dims[!turned], index;
    memcpy(map, from->map, sizeof map);
    mn_layer layer = {.kind = MN_LAYER_DENSE, .inputs = {from->layer}, .units = units};
    MN_TRY(mn_onnx_add(b, layer, bias != NULL, "", &index));
    mn_layer *made = &b->net->layers[index];
    mn_array_read_floats(weights, turned ? (const int32_t[]){1, 0} : (const int32_t[]){0, 1}, made->kernel);
    scale(made->kernel, weights->count, mn_onnx_number(b, "alpha", 1));
    if (map[0] > 0) MN_TRY(turn_rows(b, map, units, made->kernel));
    if (bias) MN_TRY(read_bias(b, bias, units, made->bias));
    if (bias) scale(made->bias, (size_t)units, mn_onnx_number(b, "beta", 1));
    return mn_onnx_set_layer(b, index, 2, false);
}

/* Inputs: scale, bias, mean, variance. */
mn_status mn_onnx_build_norm(mn_onnx_builder *b) {
    mn_onnx_value *from;
    const mn_array *arrays[4];
    MN_TRY(mn_onnx_layer_in(b, 0, 0, &from));
    for (int32_t i = 0; i < 4; i++) MN_TRY(mn_onnx_floats_in(b, 1 + i, &arrays[i]));
    if (mn_onnx_integer(b, "training_mode", 0) != 0) {
        return mn_onnx_fail(b, MN_ERROR_UNSUPPORTED, "is in training mode; export the model after model.eval()");
    }
    mn_layer layer = {.kind = MN_LAYER_BATCH_NORM,
                      .epsilon = mn_onnx_number(b, "epsilon", 1e-5f),
                      .momentum = mn_onnx_number(b, "momentum", 0.9f)};
    MN_TRY(mn_onnx_follow(b, from, layer));
    const mn_layer *made = &b->net->layers[b->net->layer_count - 1];
    float *const to[] = {made->gamma, made->beta, made->mean, made->variance};
    static const char *const what[] = {"the scale", "the bias", "the mean", "the variance"};
    for (int32_t i = 0; i < 4; i++) MN_TRY(mn_onnx_read_vector(b, arrays[i], what[i], made->c, to[i]));
    return MN_OK;
}
