/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph/shape.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "graph/infer.h"

int32_t mn_shape_count(const mn_shape *shape) {
    int32_t count = 1;
    for (int32_t d = 0; d < shape->rank; d++) count *= shape->dims[d];
    return count;
}

bool mn_shape_check(const mn_shape *shape, mn_type type) {
    size_t bytes = mn_type_size(type);
    for (int32_t d = 0; d < shape->rank; d++) {
        if (shape->dims[d] < 1) return false;
        if (!mn_mul_size(bytes, (size_t)shape->dims[d], &bytes)) return false;
    }
    return bytes <= MN_MAX_TENSOR_BYTES;
}

bool mn_shape_equal(const mn_shape *a, const mn_shape *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof a->dims[0]) == 0;
}

const char *mn_shape_text(const mn_shape *shape, char text[MN_SHAPE_TEXT]) {
    if (shape->rank == 0) return strcpy(text, "scalar");
    size_t used = 0;
    for (int32_t d = 0; d < shape->rank; d++) {
        used += (size_t)snprintf(text + used, MN_SHAPE_TEXT - used, d ? "x%d" : "%d", shape->dims[d]);
    }
    return text;
}

mn_shape mn_tensor_shape(const mn_tensor *tensor) {
    mn_shape shape = {.rank = tensor->rank};
    memcpy(shape.dims, tensor->dims, sizeof shape.dims);
    return shape;
}

int32_t mn_window_output(mn_padding padding, int32_t input, int32_t filter, int32_t stride, int32_t dilation) {
    int64_t reach = (int64_t)(filter - 1) * dilation + 1;
    int64_t cells = padding == MN_PAD_SAME ? input : input - reach + 1;
    return cells < 1 ? 0 : (int32_t)((cells + stride - 1) / stride);
}

int32_t mn_window_padding_all(int32_t input, int32_t output, int32_t filter, int32_t stride, int32_t dilation) {
    int64_t reach = (int64_t)(filter - 1) * dilation + 1;
    int64_t total = (int64_t)(output - 1) * stride + reach - input;
    return total > 0 ? (int32_t)total : 0;
}

int32_t mn_window_padding(int32_t input, int32_t output, int32_t filter, int32_t stride, int32_t dilation) {
    return mn_window_padding_all(input, output, filter, stride, dilation) / 2;
}

/* ---- Inference, one function per kind of operator ---------------------------------------------------- */

mn_status mn_infer_mismatch(const inference *in, const char *what, const mn_shape *a, const mn_shape *b) {
    char first[MN_SHAPE_TEXT], second[MN_SHAPE_TEXT];
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "%s: shapes %s and %s do not fit together", what,
                         mn_shape_text(a, first), mn_shape_text(b, second));
}

mn_status mn_infer_rank(const inference *in, const char *what, const mn_shape *shape, int32_t rank) {
    if (shape->rank == rank) return MN_OK;
    char text[MN_SHAPE_TEXT];
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "the %s has shape %s, but %d dimensions are needed",
                         what, mn_shape_text(shape, text), rank);
}

/* Keeps output position * stride + reach within int32_t in every kernel. */
#define MAX_REACH ((int64_t)1 << 29)

static mn_status window_shape(const inference *in, int32_t filter_h, int32_t filter_w, int32_t channels,
                              mn_shape *out) {
    const mn_op_attr *attr = &in->op->attr;
    const mn_shape *x = input(in, 0);
    if ((int64_t)filter_h * attr->dilation_h > MAX_REACH || (int64_t)filter_w * attr->dilation_w > MAX_REACH) {
        return mn_graph_fail(in->graph, in->op_index, MN_ERROR_LIMIT, "the dilated filter spans over 2^29 cells");
    }
    *out = (mn_shape){.rank = 4};
    out->dims[0] = x->dims[0];
    out->dims[1] = mn_window_output(attr->padding, x->dims[1], filter_h, attr->stride_h, attr->dilation_h);
    out->dims[2] = mn_window_output(attr->padding, x->dims[2], filter_w, attr->stride_w, attr->dilation_w);
    out->dims[3] = channels;
    if (out->dims[1] >= 1 && out->dims[2] >= 1) return MN_OK;
    char text[MN_SHAPE_TEXT];
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "a %dx%d filter does not fit into input %s",
                         filter_h, filter_w, mn_shape_text(x, text));
}

static mn_status check_bias(const inference *in, int32_t channels) {
    if (in->op->input_count < 3 || in->op->inputs[2] < 0) return MN_OK;
    const mn_shape *bias = input(in, 2);
    if (mn_shape_count(bias) == channels) return MN_OK;
    char text[MN_SHAPE_TEXT];
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "the bias has shape %s for %d output channels",
                         mn_shape_text(bias, text), channels);
}

static mn_status infer_conv(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0), *w = input(in, 1);
    MN_TRY(mn_infer_rank(in, "input", x, 4));
    MN_TRY(mn_infer_rank(in, "weight tensor", w, 4));
    int32_t groups = x->dims[3] / w->dims[3];
    if (groups * w->dims[3] != x->dims[3] || w->dims[0] % groups != 0)
        return mn_infer_mismatch(in, "input and weights", x, w);
    MN_TRY(check_bias(in, w->dims[0]));
    return window_shape(in, w->dims[1], w->dims[2], w->dims[0], out);
}

static mn_status infer_depthwise(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0), *w = input(in, 1);
    MN_TRY(mn_infer_rank(in, "input", x, 4));
    MN_TRY(mn_infer_rank(in, "weight tensor", w, 4));
    if (w->dims[0] != 1 || w->dims[3] % x->dims[3] != 0) return mn_infer_mismatch(in, "input and weights", x, w);
    MN_TRY(check_bias(in, w->dims[3]));
    return window_shape(in, w->dims[1], w->dims[2], w->dims[3], out);
}

static mn_status infer_pool(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    MN_TRY(mn_infer_rank(in, "input", x, 4));
    return window_shape(in, in->op->attr.filter_h, in->op->attr.filter_w, x->dims[3], out);
}

static mn_status infer_fully_connected(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0), *w = input(in, 1);
    MN_TRY(mn_infer_rank(in, "weight tensor", w, 2));
    MN_TRY(check_bias(in, w->dims[0]));
    int32_t depth = w->dims[1], elements = mn_shape_count(x);
    if (in->op->attr.keep_dims) {
        if (x->rank < 1 || x->dims[x->rank - 1] != depth) return mn_infer_mismatch(in, "input and weights", x, w);
        *out = *x;
        out->dims[x->rank - 1] = w->dims[0];
        return MN_OK;
    }
    if (elements % depth != 0) return mn_infer_mismatch(in, "input and weights", x, w);
    *out = (mn_shape){.rank = 2, .dims = {elements / depth, w->dims[0]}};
    return MN_OK;
}

static mn_status infer_broadcast(const inference *in, mn_shape *out) {
    const mn_shape *a = input(in, 0), *b = input(in, 1);
    *out = (mn_shape){.rank = mn_max_i32(a->rank, b->rank)};
    for (int32_t d = 0; d < out->rank; d++) {
        int32_t i = d - (out->rank - a->rank), j = d - (out->rank - b->rank);
        int32_t m = i < 0 ? 1 : a->dims[i], n = j < 0 ? 1 : b->dims[j];
        if (m != n && m != 1 && n != 1) return mn_infer_mismatch(in, "operands", a, b);
        out->dims[d] = mn_max_i32(m, n);
    }
    return MN_OK;
}

/* The `list_count` axes of the attributes as flags per dimension; negative ones count from the end. */
mn_status mn_infer_axes(const inference *in, int32_t rank, bool flags[MN_MAX_RANK]) {
    const mn_op_attr *attr = &in->op->attr;
    memset(flags, 0, MN_MAX_RANK * sizeof flags[0]);
    for (int32_t i = 0; i < attr->list_count; i++) {
        int32_t axis = attr->list[i] < 0 ? attr->list[i] + rank : attr->list[i];
        if (axis < 0 || axis >= rank) {
            return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT,
                                 "axis %d does not exist in an input of %d dimensions", attr->list[i], rank);
        }
        flags[axis] = true;
    }
    return MN_OK;
}

static mn_status infer_mean(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    bool reduced[MN_MAX_RANK];
    MN_TRY(mn_infer_axes(in, x->rank, reduced));
    *out = (mn_shape){0};
    for (int32_t d = 0; d < x->rank; d++) {
        if (!reduced[d]) {
            out->dims[out->rank++] = x->dims[d];
        } else if (in->op->attr.keep_dims) {
            out->dims[out->rank++] = 1;
        }
    }
    return MN_OK;
}

static mn_status infer_squeeze(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    bool dropped[MN_MAX_RANK];
    MN_TRY(mn_infer_axes(in, x->rank, dropped));
    *out = (mn_shape){0};
    for (int32_t d = 0; d < x->rank; d++) {
        if (dropped[d] && x->dims[d] != 1) {
            return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT,
                                 "dimension %d has size %d and cannot be squeezed", d, x->dims[d]);
        }
        bool drop = in->op->attr.list_count == 0 ? x->dims[d] == 1 : dropped[d];
        if (!drop) out->dims[out->rank++] = x->dims[d];
    }
    return MN_OK;
}

/* Is the input the graph's but for a batch that was 1? */
static bool is_batched(const inference *in) {
    const mn_shape one = mn_tensor_shape(mn_graph_input(in->graph, in->op, 0));
    mn_shape x = *input(in, 0);
    if (x.rank < 1 || one.rank < 1 || one.dims[0] != 1) return false;
    x.dims[0] = 1;
    return mn_shape_equal(&x, &one);
}

static mn_status infer_reshape(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    MN_TRY(mn_infer_list(in, 1, "new shape", out));
    int64_t known = 1, total = mn_shape_count(x);
    int32_t open = -1;
    for (int32_t d = 0; d < out->rank; d++) {
        if (out->dims[d] == -1 && open < 0) {
            open = d;
        } else if (out->dims[d] < 1 || known > total) {
            known = 0;
        } else {
            known *= out->dims[d];
        }
    }
    if (open >= 0 && known > 0 && total % known == 0) {
        out->dims[open] = (int32_t)(total / known);
        known = total;
    }
    /* A shape in the file that begins with 1 is meant for one image; TFLite refuses a batch there. */
    if (open < 0 && out->rank > 0 && out->dims[0] == 1 && known < total && is_batched(in)) {
        out->dims[0] = x->dims[0];
        known *= x->dims[0];
    }
    return known == total ? MN_OK : mn_infer_mismatch(in, "input and new shape", x, out);
}

static mn_status infer_pad(const inference *in, mn_shape *out) {
    const mn_shape *x = input(in, 0);
    *out = *x;
    if (in->op->attr.list_count != x->rank) {
        return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT,
                             "paddings are given for %d dimensions, but the input has %d", in->op->attr.list_count,
                             x->rank);
    }
    for (int32_t d = 0; d < x->rank; d++) {
        int64_t size = (int64_t)x->dims[d] + in->op->attr.pad[d][0] + in->op->attr.pad[d][1];
        if (size > INT32_MAX) {
            return mn_graph_fail(in->graph, in->op_index, MN_ERROR_LIMIT, "dimension %d grows beyond 2^31 cells", d);
        }
        out->dims[d] = (int32_t)size;
    }
    return MN_OK;
}

static mn_status infer_transpose(const inference *in, mn_shape *out) {
    const mn_op_attr *attr = &in->op->attr;
    const mn_shape *x = input(in, 0);
    bool used[MN_MAX_RANK];
    MN_TRY(mn_infer_axes(in, x->rank, used));
    *out = (mn_shape){.rank = x->rank};
    bool complete = attr->list_count == x->rank;
    for (int32_t d = 0; d < x->rank && complete; d++) {
        complete = used[d];
        out->dims[d] = x->dims[attr->list[d] < 0 ? attr->list[d] + x->rank : attr->list[d]];
    }
    if (complete) return MN_OK;
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT,
                         "the permutation does not name each of the %d dimensions once", x->rank);
}

static mn_status infer_concatenation(const inference *in, mn_shape *out) {
    *out = *input(in, 0);
    int32_t axis = in->op->attr.axis < 0 ? in->op->attr.axis + out->rank : in->op->attr.axis;
    if (axis < 0 || axis >= out->rank) {
        return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT,
                             "axis %d does not exist in inputs of %d dimensions", in->op->attr.axis, out->rank);
    }
    for (int32_t i = 1; i < in->op->input_count; i++) {
        mn_shape next = *input(in, i), expected = *out;
        if (next.rank == expected.rank) expected.dims[axis] = next.dims[axis];
        if (!mn_shape_equal(&next, &expected)) return mn_infer_mismatch(in, "inputs", out, &next);
        if (out->dims[axis] > INT32_MAX - next.dims[axis]) {
            return mn_graph_fail(in->graph, in->op_index, MN_ERROR_LIMIT, "the result is over 2^31 cells long");
        }
        out->dims[axis] += next.dims[axis];
    }
    return MN_OK;
}

static mn_status infer_same(const inference *in, mn_shape *out) {
    *out = *input(in, 0);
    return MN_OK;
}

/* Operators over the last dimension. */
static mn_status infer_rows(const inference *in, mn_shape *out) {
    *out = *input(in, 0);
    if (out->rank >= 1) return MN_OK;
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_FORMAT, "the input is a scalar; a vector is needed");
}

/* ---- Operators whose shapes only a back end knows ---------------------------------------------------- */

static bool is_resized(const inference *in) {
    for (int32_t i = 0; i < in->op->input_count; i++) {
        if (in->op->inputs[i] < 0) continue;
        const mn_shape one = mn_tensor_shape(&in->graph->tensors[in->op->inputs[i]]);
        if (!mn_shape_equal(&in->shapes[in->op->inputs[i]], &one)) return true;
    }
    return false;
}

/* The file's, which hold for inputs as the file has them; for others, what the back end says. */
static mn_status infer_custom(const inference *in, int32_t i, mn_shape *out) {
    *out = mn_tensor_shape(mn_graph_output(in->graph, in->op, i));
    if (!in->custom || !is_resized(in)) return MN_OK;
    bool known = false;
    if (in->custom->ask) {
        MN_TRY(in->custom->ask(in->custom->context, in->op_index, i, in->shapes, out, &known));
        known = known && out->rank >= 0 && out->rank <= MN_MAX_RANK;
    }
    if (known) return MN_OK;
    return mn_graph_fail(in->graph, in->op_index, MN_ERROR_UNSUPPORTED,
                         "nobody says what it makes of inputs of another size; leave those of the model as they are");
}

/* The shape of output `i`. */
static mn_status infer(const inference *in, int32_t i, mn_shape *out) {
    switch (in->op->kind) {
    case MN_OP_CONV_2D: return infer_conv(in, out);
    case MN_OP_DEPTHWISE_CONV_2D: return infer_depthwise(in, out);
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: return infer_pool(in, out);
    case MN_OP_FULLY_CONNECTED: return infer_fully_connected(in, out);
    case MN_OP_ADD:
    case MN_OP_SUB:
    case MN_OP_MUL:
    case MN_OP_DIV:
    case MN_OP_MAXIMUM:
    case MN_OP_MINIMUM:
    case MN_OP_PRELU: return infer_broadcast(in, out);
    case MN_OP_MEAN:
    case MN_OP_SUM:
    case MN_OP_REDUCE_MAX: return infer_mean(in, out);
    case MN_OP_SQUEEZE: return infer_squeeze(in, out);
    case MN_OP_RESHAPE: return infer_reshape(in, out);
    case MN_OP_PAD: return infer_pad(in, out);
    case MN_OP_TRANSPOSE: return infer_transpose(in, out);
    case MN_OP_CONCATENATION: return infer_concatenation(in, out);
    case MN_OP_SOFTMAX:
    case MN_OP_LOG_SOFTMAX:
    case MN_OP_L2_NORMALIZATION: return infer_rows(in, out);
    case MN_OP_REDUCE_PROD: return infer_mean(in, out);
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR: return mn_infer_resize(in, out);
    case MN_OP_STRIDED_SLICE:
    case MN_OP_SLICE: return mn_infer_slice(in, out);
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V: return mn_infer_split(in, i, out);
    case MN_OP_PACK: return mn_infer_pack(in, out);
    case MN_OP_UNPACK: return mn_infer_unpack(in, out);
    case MN_OP_EXPAND_DIMS: return mn_infer_expand_dims(in, out);
    case MN_OP_TILE: return mn_infer_tile(in, out);
    case MN_OP_GATHER: return mn_infer_gather(in, out);
    case MN_OP_SHAPE: return mn_infer_shape(in, out);
    case MN_OP_SPACE_TO_BATCH_ND: return mn_infer_space_to_batch(in, out);
    case MN_OP_BATCH_TO_SPACE_ND: return mn_infer_batch_to_space(in, out);
    case MN_OP_CAST:
    case MN_OP_DEQUANTIZE:
    case MN_OP_LOGISTIC:
    case MN_OP_TANH:
    case MN_OP_HARD_SWISH:
    case MN_OP_LEAKY_RELU:
    case MN_OP_ELU:
    case MN_OP_SQUARE:
    case MN_OP_RSQRT:
    case MN_OP_RELU_N1_TO_1:
    case MN_OP_RELU_0_TO_1:
    case MN_OP_QUANTIZE:
    case MN_OP_RELU:
    case MN_OP_RELU6: return infer_same(in, out);
    case MN_OP_CUSTOM: return infer_custom(in, i, out);
    case MN_OP_KIND_COUNT: break;
    }
    return MN_ERROR_ARGUMENT;
}

static mn_status keep_shape(const inference *in, int32_t tensor, const mn_shape *shape, mn_shape *to) {
    char text[MN_SHAPE_TEXT];
    for (int32_t d = 0; d < shape->rank; d++) {
        if (shape->dims[d] >= 1) continue;
        return mn_graph_fail(in->graph, in->op_index, MN_ERROR_UNSUPPORTED, "the result of shape %s holds nothing",
                             mn_shape_text(shape, text));
    }
    if (!mn_shape_check(shape, in->graph->tensors[tensor].type)) {
        return mn_graph_fail(in->graph, in->op_index, MN_ERROR_LIMIT,
                             "the result of shape %s is over 1 GiB; use a smaller input", mn_shape_text(shape, text));
    }
    *to = *shape;
    return MN_OK;
}

mn_status mn_graph_infer(const mn_graph *graph, mn_shape *shapes, mn_known *known, const mn_custom_shapes *custom) {
    for (int32_t i = 0; i < graph->op_count; i++) {
        const mn_op *op = &graph->ops[i];
        const inference in = {
            .graph = graph, .op = op, .op_index = i, .shapes = shapes, .known = known, .custom = custom};
        for (int32_t k = 0; k < op->output_count; k++) {
            mn_shape out;
            MN_TRY(infer(&in, k, &out));
            MN_TRY(keep_shape(&in, op->outputs[k], &out, &shapes[op->outputs[k]]));
        }
        MN_TRY(mn_known_compute(known, shapes, i));
    }
    return MN_OK;
}

mn_status mn_graph_infer_shapes(const mn_graph *graph, mn_shape *shapes, const mn_custom_shapes *custom) {
    static const mn_custom_shapes nobody = {0};
    mn_known known = {.graph = graph};
    const mn_status status = mn_graph_infer(graph, shapes, &known, custom ? custom : &nobody);
    mn_known_free(&known);
    return status;
}

int64_t mn_op_macs(const mn_graph *graph, const mn_op *op) {
    const mn_tensor *w = mn_graph_input(graph, op, 1);
    const mn_shape out = mn_tensor_shape(mn_graph_output(graph, op, 0));
    const int64_t cells = mn_shape_count(&out);
    switch (op->kind) {
    case MN_OP_CONV_2D: return cells * w->dims[1] * w->dims[2] * w->dims[3];
    case MN_OP_DEPTHWISE_CONV_2D: return cells * w->dims[1] * w->dims[2];
    case MN_OP_FULLY_CONNECTED: return cells * w->dims[1];
    default: return 0;
    }
}
