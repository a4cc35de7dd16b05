/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdio.h>
#include <string.h>

#include "net/folding.h"

void *mn_fold_take(mn_folding *f, size_t count, size_t size) { return mn_region_alloc(&f->graph->region, count, size); }

mn_status mn_fold_no_memory(void) { return mn_fail_memory("the folded network"); }

mn_shape mn_fold_shape(const mn_layer *layer) {
    if (layer->flat) return (mn_shape){.rank = 2, .dims = {1, layer->c}};
    return (mn_shape){.rank = 4, .dims = {1, layer->h, layer->w, layer->c}};
}

mn_shape mn_fold_vector(int32_t count) { return (mn_shape){.rank = 1, .dims = {count}}; }

mn_status mn_fold_tensor(mn_folding *f, const char *layer, const char *suffix, mn_type type, mn_shape shape,
                         int32_t *index) {
    mn_tensor *tensor = &f->graph->tensors[f->graph->tensor_count];
    size_t length = strlen(layer) + strlen(suffix);
    char *name = mn_fold_take(f, length + 1, 1);
    if (!name) return mn_fold_no_memory();
    snprintf(name, length + 1, "%s%s", layer, suffix);
    *tensor = (mn_tensor){.name = name, .type = type, .rank = shape.rank};
    memcpy(tensor->dims, shape.dims, sizeof tensor->dims);
    tensor->bytes = (size_t)mn_shape_count(&shape) * mn_type_size(type);
    *index = f->graph->tensor_count++;
    return MN_OK;
}

mn_status mn_fold_constant(mn_folding *f, const char *layer, const char *suffix, mn_type type, mn_shape shape,
                           int32_t *index, void **data) {
    MN_TRY(mn_fold_tensor(f, layer, suffix, type, shape, index));
    mn_tensor *tensor = &f->graph->tensors[*index];
    *data = mn_fold_take(f, tensor->bytes, 1);
    if (!*data) return mn_fold_no_memory();
    tensor->data = *data;
    return MN_OK;
}

mn_status mn_fold_list(mn_folding *f, const char *layer, const char *suffix, mn_shape shape, const int32_t *values,
                       int32_t *index) {
    void *data;
    MN_TRY(mn_fold_constant(f, layer, suffix, MN_INT32, shape, index, &data));
    memcpy(data, values, f->graph->tensors[*index].bytes);
    return MN_OK;
}

mn_status mn_fold_floats(mn_folding *f, const char *layer, const char *suffix, const float *values, int32_t count,
                         int32_t *index) {
    void *data;
    MN_TRY(mn_fold_constant(f, layer, suffix, MN_FLOAT32, mn_fold_vector(count), index, &data));
    memcpy(data, values, f->graph->tensors[*index].bytes);
    return MN_OK;
}

/* The oldest version of the operator that has what is used here (tensorflow/lite/tools/versioning/op_version.cc). */
static int32_t version_of(const mn_folding *f, mn_op_kind kind, const mn_op_attr *attr, const int32_t *inputs) {
    const mn_tensor *tensors = f->graph->tensors;
    switch (kind) {
    case MN_OP_CONV_2D: return tensors[inputs[0]].dims[3] != tensors[inputs[1]].dims[3] ? 6 : 1; /* groups */
    case MN_OP_DEPTHWISE_CONV_2D: return attr->dilation_h != 1 || attr->dilation_w != 1 ? 2 : 1;
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR: return attr->half_pixel_centers ? 3 : 1;
    default: return 1;
    }
}

mn_status mn_fold_op(mn_folding *f, mn_op_kind kind, const mn_op_attr *attr, const int32_t *inputs, int32_t count,
                     const char *layer, const char *suffix, mn_shape shape, int32_t *result) {
    mn_op *op = &f->graph->ops[f->graph->op_count];
    *op = (mn_op){.kind = kind,
                  .version = version_of(f, kind, attr, inputs),
                  .input_count = count,
                  .output_count = 1,
                  .attr = *attr};
    op->inputs = mn_fold_take(f, (size_t)count, sizeof *op->inputs);
    op->outputs = mn_fold_take(f, 1, sizeof *op->outputs);
    if (!op->inputs || !op->outputs) return mn_fold_no_memory();
    memcpy(op->inputs, inputs, (size_t)count * sizeof *inputs);
    MN_TRY(mn_fold_tensor(f, layer, suffix, MN_FLOAT32, shape, result));
    op->outputs[0] = *result;
    f->graph->op_count++;
    return MN_OK;
}
