/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "graph/describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/argument.h"
#include "graph/shape.h"

static const char *const activation_names[] = {
    [MN_ACT_NONE] = "", [MN_ACT_RELU] = "RELU", [MN_ACT_RELU_N1_TO_1] = "RELU_N1_TO_1", [MN_ACT_RELU6] = "RELU6"};

/* Appends one word, with a space before it unless it is the first. */
MN_PRINTF(2, 3) static void word(mn_op_info *out, const char *format, ...) {
    size_t used = strlen(out->options);
    if (used > 0 && used + 1 < sizeof out->options) out->options[used++] = ' ';
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out->options + used, sizeof out->options - used, format, arguments);
    va_end(arguments);
}

static void describe_window(const mn_op_attr *a, mn_op_info *out) {
    if (a->filter_h > 0) word(out, "filter %dx%d", a->filter_h, a->filter_w);
    word(out, "stride %dx%d", a->stride_h, a->stride_w);
    if (a->dilation_h > 1 || a->dilation_w > 1) word(out, "dilation %dx%d", a->dilation_h, a->dilation_w);
    word(out, "%s", a->padding == MN_PAD_SAME ? "SAME" : "VALID");
}

static void describe_list(const char *name, const mn_op_attr *a, mn_op_info *out) {
    for (int32_t i = 0; i < a->list_count; i++) {
        if (i == 0) {
            word(out, "%s %d", name, a->list[0]);
        } else {
            word(out, "%d", a->list[i]);
        }
    }
}

static void describe_pad(const mn_op_attr *a, mn_op_info *out) {
    for (int32_t d = 0; d < a->list_count; d++) word(out, "%d+%d", a->pad[d][0], a->pad[d][1]);
}

/* NumPy's way: "[:,1:3,::2,0]". */
static void describe_slice(const mn_slice *s, mn_op_info *out) {
    char text[sizeof out->options];
    size_t used = 0;
    for (int32_t i = 0; i < s->count && used < sizeof text; i++) {
        const uint32_t bit = 1u << i;
        char entry[40], begin[12] = "", end[12] = "", step[13] = "";
        if (!(s->begin_mask & bit) && s->begin[i] != 0) snprintf(begin, sizeof begin, "%d", s->begin[i]);
        if (!(s->end_mask & bit)) snprintf(end, sizeof end, "%d", s->end[i]);
        if (s->step[i] != 1) snprintf(step, sizeof step, ":%d", s->step[i]);
        if (s->ellipsis_mask & bit) {
            snprintf(entry, sizeof entry, "...");
        } else if (s->new_axis_mask & bit) {
            snprintf(entry, sizeof entry, "new");
        } else if (s->shrink_axis_mask & bit) {
            snprintf(entry, sizeof entry, "%d", s->begin_mask & bit ? 0 : s->begin[i]);
        } else {
            snprintf(entry, sizeof entry, "%s:%s%s%s", begin, s->offset && end[0] ? "+" : "", end, step);
        }
        const int length = snprintf(text + used, sizeof text - used, "%s%s", i ? "," : "", entry);
        used += length > 0 ? (size_t)length : 0;
    }
    if (s->count > 0) word(out, "[%s]", text);
}

static void describe_blocks(const mn_op_attr *a, mn_op_info *out) {
    describe_list("block", a, out);
    describe_pad(a, out);
}

static void describe_resize(const mn_op_attr *a, mn_op_info *out) {
    if (a->list_count == 2) word(out, "to %dx%d", a->list[0], a->list[1]);
    if (a->align_corners) word(out, "align_corners");
    if (a->half_pixel_centers) word(out, "half_pixel_centers");
}

static void describe_options(const mn_op *op, mn_op_info *out) {
    const mn_op_attr *a = &op->attr;
    switch (op->kind) {
    case MN_OP_CONV_2D:
    case MN_OP_DEPTHWISE_CONV_2D:
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: describe_window(a, out); break;
    case MN_OP_CONCATENATION:
    case MN_OP_PACK:
    case MN_OP_UNPACK:
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V:
    case MN_OP_GATHER:
    case MN_OP_EXPAND_DIMS: word(out, "axis %d", a->axis); break;
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR: describe_resize(a, out); break;
    case MN_OP_STRIDED_SLICE:
    case MN_OP_SLICE: describe_slice(&a->slice, out); break;
    case MN_OP_TILE: describe_list("times", a, out); break;
    case MN_OP_SPACE_TO_BATCH_ND:
    case MN_OP_BATCH_TO_SPACE_ND: describe_blocks(a, out); break;
    case MN_OP_SOFTMAX: word(out, "beta %g", (double)a->beta); break;
    case MN_OP_LEAKY_RELU: word(out, "alpha %g", (double)a->alpha); break;
    case MN_OP_PAD: describe_pad(a, out); break;
    case MN_OP_RESHAPE: describe_list("to", a, out); break;
    case MN_OP_MEAN:
    case MN_OP_REDUCE_PROD:
    case MN_OP_SUM:
    case MN_OP_REDUCE_MAX:
    case MN_OP_SQUEEZE: describe_list("axes", a, out); break;
    case MN_OP_TRANSPOSE: describe_list("order", a, out); break;
    case MN_OP_CUSTOM: word(out, "\"%.48s\", %zu bytes of options", a->custom.name, a->custom.bytes); break;
    default: break;
    }
    if (a->asymmetric_inputs) word(out, "asymmetric_quantize_inputs");
    if (a->keep_dims) word(out, "keep_dims");
    if (a->activation != MN_ACT_NONE) word(out, "%s", activation_names[a->activation]);
}

/* Is the constant operand `i` weights or a bias, rather than a shape or a list of axes? */
static bool is_parameter(const mn_op *op, int32_t i) {
    switch (op->kind) {
    case MN_OP_CONV_2D:
    case MN_OP_DEPTHWISE_CONV_2D:
    case MN_OP_FULLY_CONNECTED: return i == 1 || i == 2;
    default: return mn_op_is_binary(op->kind);
    }
}

void mn_tensor_describe(const mn_tensor *tensor, mn_tensor_info *out) {
    *out = (mn_tensor_info){.struct_bytes = sizeof *out,
                            .type = tensor->type,
                            .name = tensor->name,
                            .rank = tensor->rank,
                            .bytes = tensor->bytes,
                            .quant = tensor->quant,
                            .data = tensor->data,
                            .open_dims = tensor->open_dims};
    memcpy(out->dims, tensor->dims, sizeof tensor->dims);
}

mn_tensor mn_tensor_of(const mn_tensor_info *info) {
    mn_tensor tensor = {.name = info->name,
                        .type = info->type,
                        .rank = info->rank,
                        .bytes = info->bytes,
                        .quant = info->quant,
                        .data = info->data,
                        .open_dims = info->open_dims};
    memcpy(tensor.dims, info->dims, sizeof tensor.dims);
    return tensor;
}

mn_status mn_tensor_expect(const mn_tensor_info *info, mn_type type, size_t count) {
    MN_NEED(info);
    const mn_tensor tensor = mn_tensor_of(info);
    const mn_shape shape = mn_tensor_shape(&tensor);
    const size_t element = mn_type_size(info->type), holds = element > 0 ? info->bytes / element : 0;
    char text[MN_SHAPE_TEXT], number[32] = "";
    if ((type == MN_NONE || type == info->type) && (count == 0 || count == holds)) return MN_OK;
    if (count > 0) snprintf(number, sizeof number, "%zu %s", count, count == 1 ? "element" : "elements");
    return mn_fail(MN_ERROR_ARGUMENT, "%s: is %s of shape %s, %zu elements; use it as that, not as %s%s%s",
                   info->name ? info->name : "a tensor", mn_type_name(info->type), mn_shape_text(&shape, text), holds,
                   number, type != MN_NONE && count > 0 ? " of " : "", type != MN_NONE ? mn_type_name(type) : "");
}

void mn_graph_describe(const mn_graph *graph, const mn_op *op, mn_op_info *out) {
    *out = (mn_op_info){.struct_bytes = sizeof *out,
                        .name = mn_op_name(op->kind),
                        .version = op->version,
                        .input_count = op->input_count,
                        .inputs = op->inputs,
                        .output_count = op->output_count,
                        .outputs = op->outputs};
    describe_options(op, out);
    for (int32_t i = 0; i < op->input_count; i++) {
        const mn_tensor *tensor = mn_graph_input(graph, op, i);
        if (!tensor || !tensor->data || !is_parameter(op, i)) continue;
        mn_shape shape = mn_tensor_shape(tensor);
        out->parameters += mn_shape_count(&shape);
        out->weight_bytes += tensor->bytes;
    }
    out->macs = mn_op_macs(graph, op);
}
