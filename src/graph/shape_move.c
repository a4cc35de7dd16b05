/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shapes that operators make which move elements: RESIZE_*, slices and parts, PACK, TILE, SPACE_TO_BATCH_ND. */
#include <string.h>

#include "base/checked.h"
#include "graph/infer.h"
#include "graph/slice.h"

static mn_status fail(const inference *in, const char *what) {
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "%s", what);
}

/* Integers of operand `i`, which follow from shapes or are refused. */
static mn_status known_operand(const inference *in, int32_t i, const char *what, const int64_t **values,
                               int32_t *count) {
    const int32_t tensor = i < in->op->input_count ? in->op->inputs[i] : -1;
    MN_TRY(mn_known_get(in->known, in->shapes, tensor, values));
    if (!*values || in->shapes[tensor].rank > 1) {
        return mn_graph_fail(in->graph, in->op_index, MN_ERROR_UNSUPPORTED,
                             "input %d (%s) is computed at run time; it must be constant, or follow from shapes", i,
                             what);
    }
    *count = mn_shape_count(&in->shapes[tensor]);
    if (*count <= MN_MAX_RANK) return MN_OK;
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_UNSUPPORTED,
                         "input %d (%s) has %d entries; at most %d are supported", i, what, *count, MN_MAX_RANK);
}

static int32_t narrow(int64_t value) {
    return value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

mn_status mn_infer_list(const inference *in, int32_t i, const char *what, mn_shape *out) {
    const mn_op_attr *attr = &in->op->attr;
    *out = (mn_shape){.rank = attr->list_count};
    memcpy(out->dims, attr->list, sizeof out->dims);
    if (!attr->computed) return MN_OK;
    const int64_t *values;
    MN_TRY(known_operand(in, i, what, &values, &out->rank));
    for (int32_t d = 0; d < out->rank; d++) out->dims[d] = narrow(values[d]);
    return MN_OK;
}

/* `axis` of a tensor of `rank` dimensions, counted from the end when negative. */
static mn_status find_axis(const inference *in, int32_t axis, int32_t rank, int32_t *out) {
    *out = axis < 0 ? axis + rank : axis;
    if (*out >= 0 && *out < rank) return MN_OK;
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "axis %d does not exist among %d dimensions", axis,
                         rank);
}

/* Inserts a dimension before dimension `axis` of `x`. */
static mn_status insert(const inference *in, const mn_shape *x, int32_t axis, int32_t size, mn_shape *out) {
    if (x->rank == MN_MAX_RANK) return fail(in, "the result has over 6 dimensions");
    *out = (mn_shape){.rank = x->rank + 1};
    for (int32_t d = 0; d < out->rank; d++) out->dims[d] = d == axis ? size : x->dims[d < axis ? d : d - 1];
    return MN_OK;
}

/* Rows and columns each take a little memory of a plan. */
enum { MAX_SIDE = 65536 };

mn_status mn_infer_resize(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    mn_shape size;
    MN_TRY(mn_infer_rank(in, "input", x, 4));
    MN_TRY(mn_infer_list(in, 1, "size", &size));
    if (size.rank != 2 || size.dims[0] < 1 || size.dims[1] < 1) {
        return fail(in, "the size is not a height and a width of at least 1");
    }
    if (size.dims[0] > MAX_SIDE || size.dims[1] > MAX_SIDE) {
        return mn_graph_fail(in->graph, in->op_index, MN_ERROR_LIMIT, "the result is over %d cells high or wide",
                             MAX_SIDE);
    }
    *out = (mn_shape){.rank = 4, .dims = {x->dims[0], size.dims[0], size.dims[1], x->dims[3]}};
    return MN_OK;
}

/* ---- Slices ---------------------------------------------------------------------------------------------- */

mn_status mn_infer_known_slice(const inference *in, mn_slice *slice) {
    *slice = in->op->attr.slice;
    if (!in->op->attr.computed) return MN_OK;
    const int64_t *begin, *end, *step = NULL;
    int32_t counts[3];
    const bool strided = in->op->kind == MN_OP_STRIDED_SLICE;
    MN_TRY(known_operand(in, 1, "begin", &begin, &counts[0]));
    MN_TRY(known_operand(in, 2, strided ? "end" : "size", &end, &counts[1]));
    counts[2] = counts[0];
    if (strided) MN_TRY(known_operand(in, 3, "strides", &step, &counts[2]));
    if (counts[0] != counts[1] || counts[0] != counts[2]) return fail(in, "the lists of the slice differ in length");
    slice->count = counts[0];
    if (!strided) slice->end_mask = 0;
    for (int32_t i = 0; i < slice->count; i++) {
        if (!strided && (begin[i] < 0 || end[i] < -1)) return fail(in, "begin or size is negative");
        slice->begin[i] = narrow(begin[i]);
        slice->end[i] = narrow(strided || end[i] < 0 ? end[i] : begin[i] + end[i]);
        slice->step[i] = step ? narrow(step[i]) : 1;
        if (!strided && end[i] == -1) slice->end_mask |= 1u << i;
    }
    return MN_OK;
}

static bool same_slice(const mn_slice *a, const mn_slice *b) {
    const size_t bytes = (size_t)a->count * sizeof a->begin[0];
    return a->count == b->count && a->end_mask == b->end_mask && memcmp(a->begin, b->begin, bytes) == 0 &&
           memcmp(a->end, b->end, bytes) == 0 && memcmp(a->step, b->step, bytes) == 0;
}

mn_status mn_infer_slice(const inference *in, mn_shape *out) {
    mn_slice slice;
    mn_slice_part part;
    int32_t entry;
    MN_TRY(mn_infer_known_slice(in, &slice));
    /* The kernel takes the attributes, which are set for the graph's own shapes. */
    if (in->op->attr.slice.count > 0 && !same_slice(&slice, &in->op->attr.slice)) {
        return mn_graph_fail(in->graph, in->op_index, MN_ERROR_UNSUPPORTED,
                             "what it takes depends on the size of the input, which cannot be changed then");
    }
    const char *problem = mn_slice_apply(&slice, input(in, 0), &part, out, &entry);
    for (int32_t i = 0; !problem && in->op->kind == MN_OP_SLICE && i < slice.count; i++) {
        entry = i;
        if (!(slice.end_mask >> i & 1) && slice.end[i] > input(in, 0)->dims[i]) problem = "reaches beyond the input";
    }
    if (!problem) return MN_OK;
    char text[MN_SHAPE_TEXT];
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "entry %d of the slice %s (input %s)", entry,
                         problem, mn_shape_text(input(in, 0), text));
}

/* SPLIT_V's sizes, of which one may be -1 for what is left; `left` is that. */
static mn_status check_sizes(const inference *in, const mn_tensor *sizes, int32_t length, int32_t *left) {
    int64_t total = 0;
    bool open = false;
    for (int32_t k = 0; k < in->op->output_count; k++) {
        const int64_t size = mn_tensor_integer(sizes, (size_t)k);
        if (size == -1 && !open) {
            open = true;
        } else if (size < 1 || size > length) {
            return fail(in, "a part has an impossible size");
        } else {
            total += size;
        }
    }
    if (open ? total >= length : total != length) return fail(in, "the parts do not add up to the whole");
    *left = (int32_t)(length - total);
    return MN_OK;
}

/* The length of part `i`. */
static mn_status split_size(const inference *in, int32_t length, int32_t i, int32_t *out) {
    const mn_tensor *sizes = mn_graph_input(in->graph, in->op, 1);
    const int64_t size = mn_tensor_integer(sizes, (size_t)i);
    int32_t left;
    if (i == 0 || size == -1) MN_TRY(check_sizes(in, sizes, length, &left));
    *out = size == -1 ? left : (int32_t)size;
    return MN_OK;
}

mn_status mn_infer_split(const inference *in, int32_t i, mn_shape *out) {
    const mn_op *op = in->op;
    int32_t axis;
    *out = *input(in, mn_op_first_input(op->kind));
    MN_TRY(find_axis(in, op->attr.axis, out->rank, &axis));
    if (op->kind == MN_OP_SPLIT_V) return split_size(in, out->dims[axis], i, &out->dims[axis]);
    if (out->dims[axis] % op->output_count == 0) {
        out->dims[axis] /= op->output_count;
        return MN_OK;
    }
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "%d cells cannot be split into %d equal parts",
                         out->dims[axis], op->output_count);
}

/* ---- More or fewer dimensions ---------------------------------------------------------------------------- */

mn_status mn_infer_pack(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    int32_t axis;
    MN_TRY(find_axis(in, in->op->attr.axis, x->rank + 1, &axis));
    for (int32_t i = 1; i < in->op->input_count; i++) {
        if (!mn_shape_equal(x, input(in, i))) return mn_infer_mismatch(in, "inputs", x, input(in, i));
    }
    return insert(in, x, axis, in->op->input_count, out);
}

mn_status mn_infer_unpack(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    int32_t axis;
    MN_TRY(find_axis(in, in->op->attr.axis, x->rank, &axis));
    if (x->dims[axis] != in->op->output_count) {
        return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "%d outputs for a dimension of %d cells",
                             in->op->output_count, x->dims[axis]);
    }
    *out = (mn_shape){.rank = x->rank - 1};
    for (int32_t d = 0; d < out->rank; d++) out->dims[d] = x->dims[d < axis ? d : d + 1];
    return MN_OK;
}

mn_status mn_infer_expand_dims(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    int32_t axis;
    MN_TRY(find_axis(in, in->op->attr.axis, x->rank + 1, &axis));
    return insert(in, x, axis, 1, out);
}

mn_status mn_infer_tile(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    mn_shape times;
    MN_TRY(mn_infer_list(in, 1, "multiples", &times));
    if (times.rank != x->rank) return mn_infer_mismatch(in, "input and multiples", x, &times);
    *out = *x;
    for (int32_t d = 0; d < x->rank; d++) {
        const int64_t size = (int64_t)x->dims[d] * times.dims[d];
        if (size < 1 || size > INT32_MAX) return fail(in, "a dimension is repeated less than once or too many times");
        out->dims[d] = (int32_t)size;
    }
    return MN_OK;
}

mn_status mn_infer_gather(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0), *indices = input(in, 1);
    int32_t axis;
    MN_TRY(find_axis(in, in->op->attr.axis, x->rank, &axis));
    *out = (mn_shape){.rank = x->rank - 1 + indices->rank};
    if (out->rank > MN_MAX_RANK) return fail(in, "the result has over 6 dimensions");
    for (int32_t d = 0; d < out->rank; d++) {
        out->dims[d] = d < axis                   ? x->dims[d]
                       : d < axis + indices->rank ? indices->dims[d - axis]
                                                  : x->dims[d + 1 - indices->rank];
    }
    return MN_OK;
}

mn_status mn_infer_shape(const inference *in, mn_shape *out) {
    *out = (mn_shape){.rank = 1, .dims = {input(in, 0)->rank}};
    return MN_OK;
}

/* ---- Space and batches ----------------------------------------------------------------------------------- */

/* Both operators: dimensions 1 to list_count are cut into blocks, whose cells become images. */
static mn_status check_blocks(const inference *in) {
    const mn_op_attr *attr = &in->op->attr;
    const mn_shape *x = input(in, 0);
    if (x->rank < 3 || x->rank > 4 || attr->list_count != x->rank - 2) {
        return fail(in, "an input of 3 dimensions with a block of 1, or of 4 with a block of 2, is needed");
    }
    for (int32_t i = 0; i < attr->list_count; i++) {
        if (attr->list[i] < 1) return fail(in, "a block has no size");
    }
    return MN_OK;
}

mn_status mn_infer_space_to_batch(const inference *in, mn_shape *out) {
    const mn_op_attr *attr = &in->op->attr;
    MN_TRY(check_blocks(in));
    *out = *input(in, 0);
    int64_t images = out->dims[0];
    for (int32_t i = 0; i < attr->list_count; i++) {
        const int64_t size = (int64_t)out->dims[i + 1] + attr->pad[i][0] + attr->pad[i][1];
        images *= attr->list[i];
        if (size > INT32_MAX || images > INT32_MAX) return fail(in, "the result is too large");
        if (size % attr->list[i] != 0) return fail(in, "the padded input is not a number of whole blocks");
        out->dims[i + 1] = (int32_t)(size / attr->list[i]);
    }
    out->dims[0] = (int32_t)images;
    return MN_OK;
}

mn_status mn_infer_batch_to_space(const inference *in, mn_shape *out) {
    const mn_op_attr *attr = &in->op->attr;
    MN_TRY(check_blocks(in));
    *out = *input(in, 0);
    for (int32_t i = 0; i < attr->list_count; i++) {
        const int64_t size = (int64_t)out->dims[i + 1] * attr->list[i] - attr->pad[i][0] - attr->pad[i][1];
        if (out->dims[0] % attr->list[i] != 0) return fail(in, "the images are not a number of whole blocks");
        if (size < 1 || size > INT32_MAX) return fail(in, "nothing is left, or too much");
        out->dims[i + 1] = (int32_t)size;
        out->dims[0] /= attr->list[i];
    }
    return MN_OK;
}
