/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Slices, parts, repetitions, PACK, RESIZE_*, SPACE_TO_BATCH_ND and back: operators that move elements. */
#include <string.h>

#include "graph/slice.h"
#include "kernels/resize.h"
#include "plan/bind.h"

enum { LAST = MN_MAX_RANK - 1 };

/* ---- Walks through the input ----------------------------------------------------------------------------- */

/* A walk over `rank` dimensions, outermost first. */
typedef struct walk {
    int32_t rank, dims[2 * MN_MAX_RANK], stride[2 * MN_MAX_RANK], first;
} walk;

/* Adds a dimension inside those there are, as a part of the one before where that steps over it as a whole. */
static void add_dim(walk *w, int32_t size, int32_t stride) {
    const int32_t last = w->rank - 1;
    if (size == 1) return;
    if (w->rank > 0 && (int64_t)stride * size == w->stride[last]) {
        w->dims[last] *= size;
        w->stride[last] = stride;
        return;
    }
    w->dims[w->rank] = size;
    w->stride[w->rank++] = stride;
}

static mn_status finish_walk(const mn_binder *b, const walk *w, mn_binding *out) {
    mn_transpose_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    if (w->rank > MN_MAX_RANK) {
        return mn_graph_fail(b->graph, b->op_index, MN_ERROR_UNSUPPORTED, "takes a walk over more than %d dimensions",
                             MN_MAX_RANK);
    }
    const int32_t missing = MN_MAX_RANK - w->rank;
    for (int32_t d = 0; d < MN_MAX_RANK; d++) {
        params->out_dims[d] = d < missing ? 1 : w->dims[d - missing];
        params->in_stride[d] = d < missing ? 0 : w->stride[d - missing];
    }
    params->in_first = w->first;
    params->element_bytes = (int32_t)mn_type_size(mn_bind_output(b)->type);
    mn_bind_finish(b, MN_K_TRANSPOSE, params, mn_shape_count(mn_bind_output_shape(b)), out);
    out->input_count = 1; /* what is taken is in the parameters */
    return MN_OK;
}

mn_status mn_bind_transpose(const mn_binder *b, mn_binding *out) {
    const mn_shape *x = mn_bind_input_shape(b, 0);
    int32_t dims[MN_MAX_RANK], stride[MN_MAX_RANK], missing = MN_MAX_RANK - x->rank;
    mn_bind_full_dims(x, dims);
    mn_bind_strides(dims, stride);
    walk w = {0};
    for (int32_t d = 0; d < x->rank; d++) {
        const int32_t from = b->op->attr.list[d], axis = missing + (from < 0 ? from + x->rank : from);
        add_dim(&w, dims[axis], stride[axis]);
    }
    return finish_walk(b, &w, out);
}

static mn_status bind_part(const mn_binder *b, const mn_shape *x, const mn_slice_part *part, mn_binding *out) {
    int32_t dims[MN_MAX_RANK], stride[MN_MAX_RANK], missing = MN_MAX_RANK - x->rank;
    mn_bind_full_dims(x, dims);
    mn_bind_strides(dims, stride);
    walk w = {0};
    for (int32_t d = 0; d < x->rank; d++) {
        w.first += part->begin[d] * stride[missing + d];
        add_dim(&w, part->count[d], part->count[d] == 1 ? 0 : part->step[d] * stride[missing + d]);
    }
    return finish_walk(b, &w, out);
}

mn_status mn_bind_slice(const mn_binder *b, mn_binding *out) {
    mn_slice_part part;
    mn_shape result;
    int32_t entry;
    const mn_shape *x = mn_bind_input_shape(b, 0);
    mn_slice_apply(&b->op->attr.slice, x, &part, &result, &entry); /* inference has seen that it works */
    return bind_part(b, x, &part, out);
}

mn_status mn_bind_split(const mn_binder *b, mn_binding *out) {
    const int32_t input = mn_op_first_input(b->op->kind);
    const mn_shape *x = mn_bind_input_shape(b, input), *y = mn_bind_output_shape(b);
    const int32_t axis = b->op->attr.axis < 0 ? b->op->attr.axis + x->rank : b->op->attr.axis;
    mn_slice_part part = {.rank = x->rank};
    for (int32_t d = 0; d < x->rank; d++) {
        part.step[d] = 1;
        part.count[d] = x->dims[d];
    }
    part.begin[axis] = b->part_begin;
    part.count[axis] = b->op->kind == MN_OP_UNPACK ? 1 : y->dims[axis];
    MN_TRY(bind_part(b, x, &part, out));
    out->first_input = input;
    out->part_end = b->part_begin + part.count[axis];
    return MN_OK;
}

/* A dimension repeated is two: over the repetitions with a stride of 0, and over itself. */
mn_status mn_bind_tile(const mn_binder *b, mn_binding *out) {
    const mn_shape *x = mn_bind_input_shape(b, 0), *y = mn_bind_output_shape(b);
    int32_t dims[MN_MAX_RANK], stride[MN_MAX_RANK], missing = MN_MAX_RANK - x->rank;
    mn_bind_full_dims(x, dims);
    mn_bind_strides(dims, stride);
    walk w = {0};
    for (int32_t d = 0; d < x->rank; d++) {
        add_dim(&w, y->dims[d] / x->dims[d], 0);
        add_dim(&w, x->dims[d], stride[missing + d]);
    }
    return finish_walk(b, &w, out);
}

/* ---- PACK ------------------------------------------------------------------------------------------------ */

mn_status mn_bind_pack(const mn_binder *b, mn_binding *out) {
    mn_concatenation_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    int32_t *width = mn_region_alloc(b->region, (size_t)b->op->input_count, sizeof *width);
    if (!params || !width) return mn_fail_memory("the plan");
    const mn_shape *x = mn_bind_input_shape(b, 0);
    const int32_t axis = b->op->attr.axis < 0 ? b->op->attr.axis + x->rank + 1 : b->op->attr.axis;
    params->outer = 1;
    for (int32_t d = 0; d < axis; d++) params->outer *= x->dims[d];
    for (int32_t i = 0; i < b->op->input_count; i++) width[i] = mn_shape_count(x) / params->outer;
    params->width = width;
    params->input_count = b->op->input_count;
    params->element_bytes = (int32_t)mn_type_size(mn_bind_output(b)->type);
    mn_bind_finish(b, MN_K_CONCATENATION, params, params->outer, out);
    return MN_OK;
}

/* ---- RESIZE_* -------------------------------------------------------------------------------------------- */

mn_status mn_bind_resize(const mn_binder *b, mn_binding *out) {
    const mn_shape *x = mn_bind_input_shape(b, 0), *y = mn_bind_output_shape(b);
    const bool bilinear = b->op->kind == MN_OP_RESIZE_BILINEAR;
    const bool align = b->op->attr.align_corners, half = b->op->attr.half_pixel_centers;
    mn_resize_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    mn_resize_tap *rows = mn_region_alloc(b->region, (size_t)y->dims[1], sizeof *rows);
    mn_resize_tap *columns = mn_region_alloc(b->region, (size_t)y->dims[2], sizeof *columns);
    if (!params || !rows || !columns) return mn_fail_memory("the plan");
    if (bilinear) {
        mn_resize_taps_bilinear(x->dims[1], y->dims[1], align, half, rows);
        mn_resize_taps_bilinear(x->dims[2], y->dims[2], align, half, columns);
    } else {
        mn_resize_taps_nearest(x->dims[1], y->dims[1], align, half, rows);
        mn_resize_taps_nearest(x->dims[2], y->dims[2], align, half, columns);
    }
    *params = (mn_resize_params){.batches = x->dims[0],
                                 .in_h = x->dims[1],
                                 .in_w = x->dims[2],
                                 .out_h = y->dims[1],
                                 .out_w = y->dims[2],
                                 .channels = x->dims[3],
                                 .element_bytes = (int32_t)mn_type_size(mn_bind_output(b)->type),
                                 .rows = rows,
                                 .columns = columns};
    mn_bind_finish(b, bilinear ? MN_K_RESIZE_BILINEAR : MN_K_RESIZE_NEAREST, params, x->dims[0] * y->dims[1], out);
    out->input_count = 1;
    return MN_OK;
}

/* ---- Space and batches ----------------------------------------------------------------------------------- */

/* `shape` as images, rows, columns, channels; of 3 dimensions the last is channels and the row has one column. */
static void four_dims(const mn_shape *shape, int32_t dims[4]) {
    dims[0] = shape->dims[0];
    dims[1] = shape->dims[1];
    dims[2] = shape->rank == 4 ? shape->dims[2] : 1;
    dims[3] = shape->dims[shape->rank - 1];
}

mn_status mn_bind_space(const mn_binder *b, mn_binding *out) {
    const bool to_batch = b->op->kind == MN_OP_SPACE_TO_BATCH_ND;
    const mn_op_attr *attr = &b->op->attr;
    mn_space_params *params = mn_region_alloc(b->region, 1, sizeof *params);
    if (!params) return mn_fail_memory("the plan");
    int32_t space[4], batch[4];
    four_dims(mn_bind_input_shape(b, 0), to_batch ? space : batch);
    four_dims(mn_bind_output_shape(b), to_batch ? batch : space);
    const bool two = attr->list_count == 2;
    *params = (mn_space_params){.images = space[0],
                                .h = space[1],
                                .w = space[2],
                                .channels = space[3],
                                .block_h = attr->list[0],
                                .block_w = two ? attr->list[1] : 1,
                                .before_h = attr->pad[0][0],
                                .before_w = two ? attr->pad[1][0] : 0,
                                .batch_h = batch[1],
                                .batch_w = batch[2],
                                .element_bytes = (int32_t)mn_type_size(mn_bind_output(b)->type)};
    if (to_batch && mn_bind_quantised(b)) params->value[0] = (uint8_t)mn_bind_zero(mn_bind_output(b));
    const int32_t *result = to_batch ? batch : space;
    mn_bind_finish(b, to_batch ? MN_K_SPACE_TO_BATCH : MN_K_BATCH_TO_SPACE, params, result[0] * result[1], out);
    out->input_count = 1; /* block and paddings are in the parameters */
    return MN_OK;
}
