/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Attributes of operators, from their options table or from constant inputs. Defaults are those of the schema. */

#include <inttypes.h>
#include <math.h>

#include "tflite/ops.h"
#include "tflite/options.h"

static mn_status open_options(mn_tfl_scope *s, const mn_fb_table *table) {
    const int expected = (int)mn_tfl_op_options_of(s->op->kind).type;
    uint8_t type;
    MN_TRY(mn_fb_u8(table, MN_F_OPERATOR_OPTIONS_TYPE, MN_TFL_OPTIONS_NONE, &type));
    if (type == MN_TFL_OPTIONS_NONE || expected == MN_TFL_OPTIONS_NONE) return MN_OK;
    if (type == expected) return mn_fb_child(table, MN_F_OPERATOR_OPTIONS, &s->options, &s->present);
    return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT,
                         "options are of type %d, which belongs to another operator", type);
}

/* ---- Single values ----------------------------------------------------------------------------------- */

static mn_status read_activation(const mn_tfl_scope *s, mn_fb_field field, mn_activation *out) {
    int32_t value;
    MN_TRY(mn_tfl_option_u8(s, field, 0, &value));
    switch (value) {
    case 0: *out = MN_ACT_NONE; return MN_OK;
    case 1: *out = MN_ACT_RELU; return MN_OK;
    case 2: *out = MN_ACT_RELU_N1_TO_1; return MN_OK;
    case 3: *out = MN_ACT_RELU6; return MN_OK;
    case 4: return mn_graph_fail(s->graph, s->index, MN_ERROR_UNSUPPORTED, "fused activation TANH is not supported");
    case 5:
        return mn_graph_fail(s->graph, s->index, MN_ERROR_UNSUPPORTED, "fused activation SIGN_BIT is not supported");
    default:
        return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "fused activation %" PRId32 " is not known", value);
    }
}

static mn_status read_padding(const mn_tfl_scope *s, mn_padding *out) {
    int32_t value;
    MN_TRY(mn_tfl_option_u8(s, MN_F_WINDOW_PADDING, 0, &value));
    if (value < 0 || value > 1)
        return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "padding %" PRId32 " is not known", value);
    *out = value == 0 ? MN_PAD_SAME : MN_PAD_VALID;
    return MN_OK;
}

/* A stride, dilation or size: 1..MN_MAX_STRIDE. */
static mn_status read_extent(const mn_tfl_scope *s, mn_fb_field field, int32_t fallback, int32_t *out) {
    MN_TRY(mn_tfl_option_i32(s, field, fallback, out));
    if (*out >= 1 && *out <= MN_MAX_STRIDE) return MN_OK;
    return mn_graph_fail(s->graph, s->index, *out < 1 ? MN_ERROR_FORMAT : MN_ERROR_LIMIT,
                         "%s is %" PRId32 "; it must be between 1 and %d", field.name, *out, MN_MAX_STRIDE);
}

static mn_status read_window(const mn_tfl_scope *s, mn_op_attr *attr) {
    MN_TRY(read_padding(s, &attr->padding));
    MN_TRY(read_extent(s, MN_F_WINDOW_STRIDE_W, 0, &attr->stride_w));
    return read_extent(s, MN_F_WINDOW_STRIDE_H, 0, &attr->stride_h);
}

mn_status mn_tfl_read_flag(const mn_tfl_scope *s, mn_fb_field field, bool *out) {
    int32_t value;
    MN_TRY(mn_tfl_option_u8(s, field, 0, &value));
    *out = value != 0;
    return MN_OK;
}

/* ---- Constant inputs --------------------------------------------------------------------------------- */

/* Input `i`, which must be a constant list (or a single number) of integers. */
mn_status mn_tfl_constant_input(const mn_tfl_scope *s, int32_t i, const char *what, const mn_tensor **out) {
    const mn_tensor *tensor = mn_graph_input(s->graph, s->op, i);
    if (!tensor) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "input %" PRId32 " (%s) is missing", i, what);
    }
    if (!tensor->data) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_UNSUPPORTED,
                             "input %" PRId32 " (%s) is computed at run time; it must be constant", i, what);
    }
    if (tensor->type != MN_INT32 && tensor->type != MN_INT64) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_UNSUPPORTED,
                             "input %" PRId32 " (%s) is %s; it must be int32 or int64", i, what,
                             mn_type_name(tensor->type));
    }
    *out = tensor;
    return MN_OK;
}

mn_status mn_tfl_constant_list(const mn_tfl_scope *s, int32_t i, const char *what, const mn_tensor **out,
                               int32_t *count) {
    MN_TRY(mn_tfl_constant_input(s, i, what, out));
    if ((*out)->rank > 1) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT,
                             "input %" PRId32 " (%s) has %" PRId32 " dimensions; it must be a list", i, what,
                             (*out)->rank);
    }
    *count = (*out)->rank == 0 ? 1 : (*out)->dims[0];
    return MN_OK;
}

bool mn_tfl_is_computed(const mn_tfl_scope *s, int32_t i) {
    const mn_tensor *tensor = mn_graph_input(s->graph, s->op, i);
    return tensor && !tensor->data && (tensor->type == MN_INT32 || tensor->type == MN_INT64);
}

/* ---- Axes and shapes --------------------------------------------------------------------------------- */

/* Appends an axis. Which ones exist depends on the input's shape, which is inferred later. */
mn_status mn_tfl_add_axis(const mn_tfl_scope *s, int64_t axis, mn_op_attr *attr) {
    if (axis < -MN_MAX_RANK || axis >= MN_MAX_RANK) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "axis %" PRId64 " does not exist", axis);
    }
    if (attr->list_count == MN_MAX_RANK) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_UNSUPPORTED, "names more than %d axes", MN_MAX_RANK);
    }
    attr->list[attr->list_count++] = (int32_t)axis;
    return MN_OK;
}

static mn_status read_squeeze(const mn_tfl_scope *s, mn_op_attr *attr) {
    if (!s->present) return MN_OK;
    mn_fb_vector list;
    MN_TRY(mn_tfl_option_list(s, MN_F_SQUEEZE_DIMS, &list));
    for (uint32_t i = 0; i < list.count; i++) {
        MN_TRY(mn_tfl_add_axis(s, (int32_t)mn_le32(list.data + 4 * (size_t)i), attr));
    }
    return MN_OK;
}

static mn_status read_mean(const mn_tfl_scope *s, mn_op_attr *attr) {
    const mn_tensor *axes;
    int32_t count;
    MN_TRY(mn_tfl_read_flag(s, MN_F_REDUCER_KEEP_DIMS, &attr->keep_dims));
    MN_TRY(mn_tfl_constant_list(s, 1, "axes", &axes, &count));
    for (int32_t i = 0; i < count; i++) MN_TRY(mn_tfl_add_axis(s, mn_tensor_integer(axes, (size_t)i), attr));
    return MN_OK;
}

/* The permutation has as many entries as dimensions, so it can be judged without the input's shape. */
static mn_status read_transpose(const mn_tfl_scope *s, mn_op_attr *attr) {
    const mn_tensor *order;
    bool seen[MN_MAX_RANK] = {false};
    int32_t count;
    MN_TRY(mn_tfl_constant_list(s, 1, "permutation", &order, &count));
    for (int32_t i = 0; i < count; i++) {
        int64_t axis = mn_tensor_integer(order, (size_t)i);
        MN_TRY(mn_tfl_add_axis(s, axis < 0 ? axis + count : axis, attr));
        int32_t added = attr->list[i];
        if (added < 0 || added >= count || seen[added]) {
            return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT,
                                 "the permutation does not name each of its %" PRId32 " dimensions once", count);
        }
        seen[added] = true;
    }
    return MN_OK;
}

mn_status mn_tfl_read_pads(const mn_tfl_scope *s, int32_t input, mn_op_attr *attr) {
    const mn_tensor *pads;
    MN_TRY(mn_tfl_constant_input(s, input, "paddings", &pads));
    if (pads->rank != 2 || pads->dims[0] > MN_MAX_RANK || pads->dims[1] != 2) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT,
                             "the paddings are not a list of pairs, one for each of at most %d dimensions",
                             MN_MAX_RANK);
    }
    attr->list_count = pads->dims[0];
    for (int32_t i = 0; i < 2 * attr->list_count; i++) {
        int64_t pad = mn_tensor_integer(pads, (size_t)i);
        if (pad < 0 || pad > MN_MAX_STRIDE) {
            return mn_graph_fail(s->graph, s->index, pad < 0 ? MN_ERROR_FORMAT : MN_ERROR_LIMIT,
                                 "padding %" PRId64 " of dimension %" PRId32 "; it must be between 0 and %d", pad,
                                 i / 2, MN_MAX_STRIDE);
        }
        attr->pad[i / 2][i % 2] = (int32_t)pad;
    }
    return MN_OK;
}

/* Appends one entry of the wanted shape of a RESHAPE. */
static mn_status add_dim(const mn_tfl_scope *s, int64_t dim, mn_op_attr *attr) {
    if (dim != -1 && (dim < 1 || dim > INT32_MAX)) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT,
                             "entry %" PRId32 " of the new shape is %" PRId64 "; it must be positive, or -1",
                             attr->list_count, dim);
    }
    for (int32_t i = 0; dim == -1 && i < attr->list_count; i++) {
        if (attr->list[i] == -1) {
            return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "the new shape holds -1 twice");
        }
    }
    attr->list[attr->list_count++] = (int32_t)dim;
    return MN_OK;
}

static mn_status check_new_rank(const mn_tfl_scope *s, uint32_t rank) {
    if (rank <= MN_MAX_RANK) return MN_OK;
    return mn_graph_fail(s->graph, s->index, MN_ERROR_UNSUPPORTED,
                         "the new shape has %" PRIu32 " dimensions; at most %d are supported", rank, MN_MAX_RANK);
}

/* Input 1, where there is one, wins over the options: as in TFLite, kernels/reshape.cc. */
static mn_status read_reshape(const mn_tfl_scope *s, mn_op_attr *attr) {
    attr->computed = mn_tfl_is_computed(s, 1);
    if (attr->computed) return MN_OK;
    if (s->op->input_count > 1) {
        const mn_tensor *shape;
        int32_t count;
        MN_TRY(mn_tfl_constant_list(s, 1, "new shape", &shape, &count));
        MN_TRY(check_new_rank(s, (uint32_t)count));
        for (int32_t i = 0; i < count; i++) MN_TRY(add_dim(s, mn_tensor_integer(shape, (size_t)i), attr));
        return MN_OK;
    }
    if (!s->present) return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "the new shape is missing");
    mn_fb_vector list;
    MN_TRY(mn_tfl_option_list(s, MN_F_RESHAPE_NEW_SHAPE, &list));
    /* Old converters write the single entry 0 for a scalar. */
    if (list.count == 1 && mn_le32(list.data) == 0) return MN_OK;
    MN_TRY(check_new_rank(s, list.count));
    for (uint32_t i = 0; i < list.count; i++) MN_TRY(add_dim(s, (int32_t)mn_le32(list.data + 4 * (size_t)i), attr));
    return MN_OK;
}

/* ---- Operators --------------------------------------------------------------------------------------- */

static mn_status read_conv(const mn_tfl_scope *s, mn_op_attr *attr) {
    MN_TRY(read_window(s, attr));
    MN_TRY(read_extent(s, MN_F_CONV_DILATION_W, 1, &attr->dilation_w));
    MN_TRY(read_extent(s, MN_F_CONV_DILATION_H, 1, &attr->dilation_h));
    return read_activation(s, MN_F_CONV_ACTIVATION, &attr->activation);
}

/* TFLite works the multiplier out of the shapes; some writers leave it 0. */
static mn_status read_depth_multiplier(const mn_tfl_scope *s, mn_op_attr *attr) {
    const mn_tensor *input = mn_graph_input(s->graph, s->op, 0), *weights = mn_graph_input(s->graph, s->op, 1);
    MN_TRY(mn_tfl_option_i32(s, MN_F_DEPTHWISE_MULTIPLIER, 0, &attr->depth_multiplier));
    if (attr->depth_multiplier == 0 && input && weights && input->rank == 4 && weights->rank == 4) {
        attr->depth_multiplier = weights->dims[3] / input->dims[3];
    }
    if (attr->depth_multiplier >= 1) return MN_OK;
    return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "depth_multiplier is %" PRId32 "; it must be positive",
                         attr->depth_multiplier);
}

static mn_status read_depthwise(const mn_tfl_scope *s, mn_op_attr *attr) {
    MN_TRY(read_window(s, attr));
    MN_TRY(read_depth_multiplier(s, attr));
    MN_TRY(read_extent(s, MN_F_DEPTHWISE_DILATION_W, 1, &attr->dilation_w));
    MN_TRY(read_extent(s, MN_F_DEPTHWISE_DILATION_H, 1, &attr->dilation_h));
    return read_activation(s, MN_F_DEPTHWISE_ACTIVATION, &attr->activation);
}

static mn_status read_pool(const mn_tfl_scope *s, mn_op_attr *attr) {
    attr->dilation_w = attr->dilation_h = 1;
    MN_TRY(read_window(s, attr));
    MN_TRY(read_extent(s, MN_F_POOL_FILTER_W, 0, &attr->filter_w));
    MN_TRY(read_extent(s, MN_F_POOL_FILTER_H, 0, &attr->filter_h));
    return read_activation(s, MN_F_POOL_ACTIVATION, &attr->activation);
}

static mn_status read_fully_connected(const mn_tfl_scope *s, mn_op_attr *attr) {
    int32_t format;
    MN_TRY(mn_tfl_option_u8(s, MN_F_FULLY_CONNECTED_WEIGHTS_FORMAT, 0, &format));
    if (format != 0) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_UNSUPPORTED,
                             "weights are stored shuffled (format %" PRId32 "); only the default format is supported",
                             format);
    }
    MN_TRY(mn_tfl_read_flag(s, MN_F_FULLY_CONNECTED_KEEP_NUM_DIMS, &attr->keep_dims));
    MN_TRY(mn_tfl_read_flag(s, MN_F_FULLY_CONNECTED_ASYMMETRIC, &attr->asymmetric_inputs));
    return read_activation(s, MN_F_FULLY_CONNECTED_ACTIVATION, &attr->activation);
}

static mn_status read_sum(const mn_tfl_scope *s, mn_op_attr *attr) {
    const mn_tensor *result = mn_graph_output(s->graph, s->op, 0);
    int32_t powers;
    MN_TRY(mn_tfl_option_u8(s, MN_F_SUM_POT_SCALE, 1, &powers));
    attr->power_of_two_scales = powers != 0 && result && result->type == MN_INT16;
    return read_activation(s, MN_F_BINARY_ACTIVATION, &attr->activation);
}

static mn_status read_softmax(const mn_tfl_scope *s, mn_op_attr *attr) {
    MN_TRY(mn_tfl_option_f32(s, MN_F_SOFTMAX_BETA, 0, &attr->beta));
    if (isfinite(attr->beta) && attr->beta > 0) return MN_OK;
    return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "beta is %g; it must be positive and finite",
                         (double)attr->beta);
}

static mn_status read_leaky_relu(const mn_tfl_scope *s, mn_op_attr *attr) {
    MN_TRY(mn_tfl_option_f32(s, MN_F_LEAKY_RELU_ALPHA, 0, &attr->alpha));
    if (isfinite(attr->alpha)) return MN_OK;
    return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "alpha is %g; it must be finite", (double)attr->alpha);
}

static mn_status read_concatenation(const mn_tfl_scope *s, mn_op_attr *attr) {
    MN_TRY(mn_tfl_option_i32(s, MN_F_CONCATENATION_AXIS, 0, &attr->axis));
    return read_activation(s, MN_F_CONCATENATION_ACTIVATION, &attr->activation);
}

static mn_status read_custom(const mn_tfl_reader *reader, const mn_fb_table *table, mn_custom *custom) {
    const mn_tfl_contents fields = {MN_F_OPERATOR_CUSTOM_OPTIONS, MN_F_OPERATOR_LARGE_OFFSET, MN_F_OPERATOR_LARGE_SIZE};
    return mn_tfl_read_contents(reader, table, &fields, &custom->options, &custom->bytes);
}

/* `s` has the options; CUSTOM operators' are for their makers. */
static mn_status read_attributes(const mn_tfl_scope *s, mn_op *op) {
    if (mn_tfl_op_options_of(op->kind).required && !s->present) {
        return mn_graph_fail(s->graph, s->index, MN_ERROR_FORMAT, "options are missing");
    }
    switch (op->kind) {
    case MN_OP_CONV_2D: return read_conv(s, &op->attr);
    case MN_OP_DEPTHWISE_CONV_2D: return read_depthwise(s, &op->attr);
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: return read_pool(s, &op->attr);
    case MN_OP_FULLY_CONNECTED: return read_fully_connected(s, &op->attr);
    case MN_OP_SOFTMAX: return read_softmax(s, &op->attr);
    case MN_OP_LEAKY_RELU: return read_leaky_relu(s, &op->attr);
    case MN_OP_CONCATENATION: return read_concatenation(s, &op->attr);
    case MN_OP_ADD:
    case MN_OP_SUB: return read_sum(s, &op->attr);
    case MN_OP_MUL:
    case MN_OP_DIV:
    case MN_OP_L2_NORMALIZATION: return read_activation(s, MN_F_BINARY_ACTIVATION, &op->attr.activation);
    case MN_OP_RESHAPE: return read_reshape(s, &op->attr);
    case MN_OP_SQUEEZE: return read_squeeze(s, &op->attr);
    case MN_OP_MEAN:
    case MN_OP_REDUCE_PROD:
    case MN_OP_SUM:
    case MN_OP_REDUCE_MAX: return read_mean(s, &op->attr);
    case MN_OP_TRANSPOSE: return read_transpose(s, &op->attr);
    case MN_OP_PAD: return mn_tfl_read_pads(s, 1, &op->attr);
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR:
    case MN_OP_STRIDED_SLICE:
    case MN_OP_SLICE:
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V:
    case MN_OP_PACK:
    case MN_OP_UNPACK:
    case MN_OP_EXPAND_DIMS:
    case MN_OP_TILE:
    case MN_OP_GATHER:
    case MN_OP_SPACE_TO_BATCH_ND:
    case MN_OP_BATCH_TO_SPACE_ND: return mn_tfl_read_move(s, &op->attr);
    default: return MN_OK; /* no attributes */
    }
}

mn_status mn_tfl_read_options(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index) {
    mn_op *op = &reader->graph->ops[index];
    mn_tfl_scope s = {.graph = reader->graph, .op = op, .index = index};
    if (op->kind == MN_OP_CUSTOM) return read_custom(reader, table, &op->attr.custom);
    MN_TRY(open_options(&s, table));
    return read_attributes(&s, op);
}

mn_status mn_tfl_take_options(mn_graph *graph, int32_t index, const mn_tfl_given *given) {
    mn_op *op = &graph->ops[index];
    const mn_tfl_scope s = {.graph = graph, .op = op, .index = index, .present = given != NULL, .given = given};
    return read_attributes(&s, op);
}
