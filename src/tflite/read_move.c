/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Attributes of operators that move elements. */
#include <inttypes.h>

#include "tflite/options.h"

static mn_status fail(const mn_tfl_scope *s, mn_status status, const char *what) {
    return mn_graph_fail(s->graph, s->index, status, "%s", what);
}

/* An integer of a constant list as 32 bits; slices that reach further than any tensor are cut. */
static int32_t narrow(int64_t value) {
    return value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

/* Input `i`: one constant integer. */
static mn_status read_axis(const mn_tfl_scope *s, int32_t i, mn_op_attr *attr) {
    const mn_tensor *axis;
    int32_t count;
    MN_TRY(mn_tfl_constant_list(s, i, "axis", &axis, &count));
    if (count != 1) return fail(s, MN_ERROR_FORMAT, "the axis is not a single number");
    attr->axis = narrow(mn_tensor_integer(axis, 0));
    return MN_OK;
}

/* Input `i`: at most MN_MAX_RANK constant integers, into the list. */
static mn_status read_list(const mn_tfl_scope *s, int32_t i, const char *what, mn_op_attr *attr) {
    const mn_tensor *list;
    MN_TRY(mn_tfl_constant_list(s, i, what, &list, &attr->list_count));
    if (attr->list_count > MN_MAX_RANK) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_UNSUPPORTED,
                             "input %" PRId32 " (%s) has %" PRId32 " entries; at most %d are supported", i, what,
                             attr->list_count, MN_MAX_RANK);
    }
    for (int32_t k = 0; k < attr->list_count; k++) attr->list[k] = narrow(mn_tensor_integer(list, (size_t)k));
    return MN_OK;
}

/* RESIZE_BILINEAR's fields follow two that are no longer used. */
static mn_status read_resize(const mn_tfl_scope *s, mn_op_attr *attr) {
    const bool bilinear = s->op->kind == MN_OP_RESIZE_BILINEAR;
    if (s->present) {
        MN_TRY(mn_tfl_read_flag(s, bilinear ? MN_F_BILINEAR_ALIGN_CORNERS : MN_F_NEAREST_ALIGN_CORNERS,
                                &attr->align_corners));
        MN_TRY(mn_tfl_read_flag(s, bilinear ? MN_F_BILINEAR_HALF_PIXEL_CENTERS : MN_F_NEAREST_HALF_PIXEL_CENTERS,
                                &attr->half_pixel_centers));
    }
    /* tensorflow/lite/kernels/resize_*.cc */
    if (bilinear && attr->align_corners && attr->half_pixel_centers) {
        return fail(s, MN_ERROR_FORMAT, "align_corners and half_pixel_centers exclude each other");
    }
    attr->computed = mn_tfl_is_computed(s, 1);
    return attr->computed ? MN_OK : read_list(s, 1, "size", attr);
}

/* ---- Slices ------------------------------------------------------------------------------------------ */

static mn_status read_mask(const mn_tfl_scope *s, mn_fb_field field, uint32_t *out) {
    int32_t mask;
    MN_TRY(mn_tfl_option_i32(s, field, 0, &mask));
    *out = (uint32_t)mask;
    return MN_OK;
}

static mn_status read_masks(const mn_tfl_scope *s, mn_slice *slice) {
    MN_TRY(read_mask(s, MN_F_STRIDED_SLICE_BEGIN_MASK, &slice->begin_mask));
    MN_TRY(read_mask(s, MN_F_STRIDED_SLICE_END_MASK, &slice->end_mask));
    MN_TRY(read_mask(s, MN_F_STRIDED_SLICE_ELLIPSIS_MASK, &slice->ellipsis_mask));
    MN_TRY(read_mask(s, MN_F_STRIDED_SLICE_NEW_AXIS_MASK, &slice->new_axis_mask));
    MN_TRY(read_mask(s, MN_F_STRIDED_SLICE_SHRINK_AXIS_MASK, &slice->shrink_axis_mask));
    return mn_tfl_read_flag(s, MN_F_STRIDED_SLICE_OFFSET, &slice->offset);
}

/* Operand `i` of a slice, into `to`; all operands have one length. */
static mn_status read_entries(const mn_tfl_scope *s, int32_t i, const char *what, mn_slice *slice, int32_t *to) {
    mn_op_attr list = {0};
    MN_TRY(read_list(s, i, what, &list));
    if (i > 1 && list.list_count != slice->count) return fail(s, MN_ERROR_FORMAT, "its lists differ in length");
    slice->count = list.list_count;
    for (int32_t k = 0; k < slice->count; k++) to[k] = list.list[k];
    return MN_OK;
}

/* SLICE says where it begins and how much it takes, -1 being all that is left. */
static mn_status read_sizes(const mn_tfl_scope *s, mn_slice *slice) {
    MN_TRY(read_entries(s, 2, "size", slice, slice->end));
    for (int32_t i = 0; i < slice->count; i++) {
        if (slice->begin[i] < 0 || slice->end[i] < -1) {
            return fail(s, MN_ERROR_FORMAT, "begin or size is negative");
        }
        if (slice->end[i] == -1) slice->end_mask |= 1u << i;
        slice->end[i] = narrow((int64_t)slice->begin[i] + slice->end[i]);
        slice->step[i] = 1;
    }
    return MN_OK;
}

static mn_status read_slice(const mn_tfl_scope *s, mn_op_attr *attr) {
    const bool strided = s->op->kind == MN_OP_STRIDED_SLICE;
    mn_slice *slice = &attr->slice;
    if (strided) MN_TRY(read_masks(s, slice));
    for (int32_t i = 1; i <= (strided ? 3 : 2); i++) attr->computed = attr->computed || mn_tfl_is_computed(s, i);
    if (attr->computed) return MN_OK;
    MN_TRY(read_entries(s, 1, "begin", slice, slice->begin));
    if (!strided) return read_sizes(s, slice);
    MN_TRY(read_entries(s, 2, "end", slice, slice->end));
    return read_entries(s, 3, "strides", slice, slice->step);
}

/* ---- Parts ------------------------------------------------------------------------------------------- */

/* The schema counts what the lists of tensors count as well. */
static mn_status check_count(const mn_tfl_scope *s, mn_fb_field field, int32_t tensors) {
    int32_t count;
    MN_TRY(mn_tfl_option_i32(s, field, 0, &count));
    if (count == tensors) return MN_OK;
    return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "%s is %" PRId32 ", but there are %" PRId32 " tensors",
                         field.name, count, tensors);
}

static mn_status read_split(const mn_tfl_scope *s, mn_op_attr *attr) {
    MN_TRY(check_count(s, MN_F_SPLIT_NUM_SPLITS, s->op->output_count));
    if (s->op->kind == MN_OP_SPLIT) return read_axis(s, 0, attr);
    const mn_tensor *sizes;
    int32_t count;
    MN_TRY(mn_tfl_constant_list(s, 1, "sizes", &sizes, &count));
    if (count != s->op->output_count) return fail(s, MN_ERROR_FORMAT, "the numbers of sizes and parts differ");
    return read_axis(s, 2, attr);
}

static mn_status read_pack(const mn_tfl_scope *s, mn_op_attr *attr) {
    const bool packs = s->op->kind == MN_OP_PACK;
    MN_TRY(check_count(s, MN_F_PACK_COUNT, packs ? s->op->input_count : s->op->output_count));
    return mn_tfl_option_i32(s, MN_F_PACK_AXIS, 0, &attr->axis);
}

static mn_status read_gather(const mn_tfl_scope *s, mn_op_attr *attr) {
    int32_t batch_dims = 0;
    if (!s->present) return MN_OK;
    MN_TRY(mn_tfl_option_i32(s, MN_F_GATHER_BATCH_DIMS, 0, &batch_dims));
    if (batch_dims != 0) return fail(s, MN_ERROR_UNSUPPORTED, "batch_dims is not 0, and only 0 is supported");
    return mn_tfl_option_i32(s, MN_F_GATHER_AXIS, 0, &attr->axis);
}

static mn_status read_tile(const mn_tfl_scope *s, mn_op_attr *attr) {
    attr->computed = mn_tfl_is_computed(s, 1);
    return attr->computed ? MN_OK : read_list(s, 1, "multiples", attr);
}

/* The paddings come last and set list_count, too. */
static mn_status read_blocks(const mn_tfl_scope *s, mn_op_attr *attr) {
    MN_TRY(read_list(s, 1, "block shape", attr));
    const int32_t blocks = attr->list_count;
    for (int32_t i = 0; i < blocks; i++) {
        if (attr->list[i] < 1 || attr->list[i] > MN_MAX_STRIDE) {
            return fail(s, MN_ERROR_FORMAT, "a block is smaller than 1 or larger than any tensor");
        }
    }
    MN_TRY(mn_tfl_read_pads(s, 2, attr));
    return attr->list_count == blocks ? MN_OK : fail(s, MN_ERROR_FORMAT, "the numbers of paddings and blocks differ");
}

mn_status mn_tfl_read_move(const mn_tfl_scope *s, mn_op_attr *attr) {
    switch (s->op->kind) {
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR: return read_resize(s, attr);
    case MN_OP_STRIDED_SLICE:
    case MN_OP_SLICE: return read_slice(s, attr);
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V: return read_split(s, attr);
    case MN_OP_PACK:
    case MN_OP_UNPACK: return read_pack(s, attr);
    case MN_OP_EXPAND_DIMS: return read_axis(s, 1, attr);
    case MN_OP_GATHER: return read_gather(s, attr);
    case MN_OP_TILE: return read_tile(s, attr);
    default: return read_blocks(s, attr);
    }
}
