/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Options of operators, as delegates find them in builtin_data. */

#include <string.h>

#include "delegate/host.h"
#include "delegate/types.h"

static tfl_padding padding_of(const mn_op_attr *attr) {
    return attr->padding == MN_PAD_SAME ? TFL_PADDING_SAME : TFL_PADDING_VALID;
}

/* As numbers of files, which tfl_activation has. */
static tfl_activation activation_of(const mn_op_attr *attr) { return (tfl_activation)attr->activation; }

static tfl_conv_options conv_options(const mn_op_attr *attr) {
    return (tfl_conv_options){.padding = padding_of(attr),
                              .stride_width = attr->stride_w,
                              .stride_height = attr->stride_h,
                              .activation = activation_of(attr),
                              .dilation_width_factor = attr->dilation_w,
                              .dilation_height_factor = attr->dilation_h};
}

static tfl_depthwise_conv_options depthwise_options(const mn_op_attr *attr) {
    return (tfl_depthwise_conv_options){.padding = padding_of(attr),
                                        .stride_width = attr->stride_w,
                                        .stride_height = attr->stride_h,
                                        .depth_multiplier = attr->depth_multiplier,
                                        .activation = activation_of(attr),
                                        .dilation_width_factor = attr->dilation_w,
                                        .dilation_height_factor = attr->dilation_h};
}

static tfl_pool_options pool_options(const mn_offer *offer, const mn_op *op) {
    const mn_op_attr *attr = &op->attr;
    const mn_shape *in = &offer->shapes[op->inputs[0]], *out = &offer->shapes[op->outputs[0]];
    const int32_t height = mn_window_padding_all(in->dims[1], out->dims[1], attr->filter_h, attr->stride_h, 1);
    const int32_t width = mn_window_padding_all(in->dims[2], out->dims[2], attr->filter_w, attr->stride_w, 1);
    return (tfl_pool_options){.padding = padding_of(attr),
                              .stride_width = attr->stride_w,
                              .stride_height = attr->stride_h,
                              .filter_width = attr->filter_w,
                              .filter_height = attr->filter_h,
                              .activation = activation_of(attr),
                              .computed_width = width / 2,
                              .computed_height = height / 2,
                              .computed_width_offset = width % 2,
                              .computed_height_offset = height % 2};
}

/* A list that follows from shapes is the output's. */
static tfl_reshape_options reshape_options(const mn_offer *offer, const mn_op *op) {
    const mn_shape *shape = &offer->shapes[op->outputs[0]];
    const bool computed = op->attr.computed;
    tfl_reshape_options options = {.num_dimensions = computed ? shape->rank : op->attr.list_count};
    for (int32_t i = 0; i < options.num_dimensions; i++) {
        options.shape[i] = computed ? shape->dims[i] : op->attr.list[i];
    }
    return options;
}

static tfl_squeeze_options squeeze_options(const mn_op_attr *attr) {
    tfl_squeeze_options options = {.num_squeeze_dims = attr->list_count};
    for (int32_t i = 0; i < attr->list_count; i++) options.squeeze_dims[i] = attr->list[i];
    return options;
}

static tfl_strided_slice_options slice_options(const mn_slice *slice) {
    return (tfl_strided_slice_options){.begin_mask = (int32_t)slice->begin_mask,
                                       .end_mask = (int32_t)slice->end_mask,
                                       .ellipsis_mask = (int32_t)slice->ellipsis_mask,
                                       .new_axis_mask = (int32_t)slice->new_axis_mask,
                                       .shrink_axis_mask = (int32_t)slice->shrink_axis_mask,
                                       .offset = slice->offset};
}

static tfl_type type_of(const mn_offer *offer, int32_t tensor) {
    return mn_type_to_tfl(offer->graph->tensors[tensor].type);
}

#define WRITE(type, ...)                                                                                               \
    do {                                                                                                               \
        const type options_ = __VA_ARGS__;                                                                             \
        memcpy(to, &options_, sizeof options_);                                                                        \
    } while (0)

static void write_layer_options(const mn_offer *offer, const mn_op *op, void *to) {
    const mn_op_attr *attr = &op->attr;
    switch (op->kind) {
    case MN_OP_CONV_2D: WRITE(tfl_conv_options, conv_options(attr)); break;
    case MN_OP_DEPTHWISE_CONV_2D: WRITE(tfl_depthwise_conv_options, depthwise_options(attr)); break;
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: WRITE(tfl_pool_options, pool_options(offer, op)); break;
    case MN_OP_FULLY_CONNECTED:
        WRITE(tfl_fully_connected_options, {.activation = activation_of(attr),
                                            .keep_num_dims = attr->keep_dims,
                                            .asymmetric_quantize_inputs = attr->asymmetric_inputs});
        break;
    case MN_OP_ADD:
    case MN_OP_SUB:
        WRITE(tfl_add_options, {.activation = activation_of(attr), .pot_scale_int16 = attr->power_of_two_scales});
        break;
    case MN_OP_MUL:
    case MN_OP_DIV:
    case MN_OP_L2_NORMALIZATION: WRITE(tfl_mul_options, {activation_of(attr)}); break;
    case MN_OP_SOFTMAX: WRITE(tfl_softmax_options, {attr->beta}); break;
    case MN_OP_LEAKY_RELU: WRITE(tfl_leaky_relu_options, {attr->alpha}); break;
    case MN_OP_MEAN:
    case MN_OP_SUM:
    case MN_OP_REDUCE_MAX:
    case MN_OP_REDUCE_PROD: WRITE(tfl_reducer_options, {attr->keep_dims}); break;
    default: break; /* it has no options */
    }
}

void mn_host_write_options(const mn_offer *offer, int32_t index, void *to) {
    const mn_op *op = &offer->graph->ops[index];
    const mn_op_attr *attr = &op->attr;
    switch (op->kind) {
    case MN_OP_CONCATENATION: WRITE(tfl_concatenation_options, {attr->axis, activation_of(attr)}); break;
    case MN_OP_RESHAPE: WRITE(tfl_reshape_options, reshape_options(offer, op)); break;
    case MN_OP_SQUEEZE: WRITE(tfl_squeeze_options, squeeze_options(attr)); break;
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR:
        WRITE(tfl_resize_options, {attr->align_corners, attr->half_pixel_centers});
        break;
    case MN_OP_STRIDED_SLICE: WRITE(tfl_strided_slice_options, slice_options(&attr->slice)); break;
    case MN_OP_PACK: WRITE(tfl_pack_options, {op->input_count, attr->axis}); break;
    case MN_OP_UNPACK: WRITE(tfl_pack_options, {op->output_count, attr->axis}); break;
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V: WRITE(tfl_split_options, {op->output_count}); break;
    case MN_OP_GATHER: WRITE(tfl_gather_options, {.axis = attr->axis}); break;
    case MN_OP_CAST: WRITE(tfl_cast_options, {type_of(offer, op->inputs[0]), type_of(offer, op->outputs[0])}); break;
    case MN_OP_SHAPE: WRITE(tfl_shape_options, {type_of(offer, op->outputs[0])}); break;
    default: write_layer_options(offer, op, to);
    }
}
