/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plugin/fields.h"

#include <string.h>

#include "base/little.h"
#include "delegate/tflite_abi.h"
#include "tflite/schema.h"

static void put(mn_tfl_given *given, mn_fb_field field, int32_t value) {
    given->set |= 1u << field.id;
    given->value[field.id] = value;
}

static void put_float(mn_tfl_given *given, mn_fb_field field, float value) {
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(given, field, bits);
}

/* A count beyond the array is cut: shapes of so many dimensions are refused as they are. */
static void put_list(mn_tfl_given *given, const int32_t *list, int32_t count) {
    if (count < 0) count = 0;
    if (count > MN_TFL_GIVEN_ENTRIES) count = MN_TFL_GIVEN_ENTRIES;
    given->list_count = (uint32_t)count;
    for (int32_t i = 0; i < count; i++) mn_put_le(given->list[i], (uint32_t)list[i], 4);
}

/* ---- Operators ------------------------------------------------------------------------------------------- */

/* Unknown, 0, becomes -1, which the reader refuses. */
static void put_window(mn_tfl_given *given, tfl_padding padding, int32_t stride_width, int32_t stride_height) {
    put(given, MN_F_WINDOW_PADDING, padding == TFL_PADDING_SAME ? 0 : padding == TFL_PADDING_VALID ? 1 : -1);
    put(given, MN_F_WINDOW_STRIDE_W, stride_width);
    put(given, MN_F_WINDOW_STRIDE_H, stride_height);
}

static void take_conv(const tfl_conv_options *from, mn_tfl_given *given) {
    put_window(given, from->padding, from->stride_width, from->stride_height);
    put(given, MN_F_CONV_ACTIVATION, from->activation);
    put(given, MN_F_CONV_DILATION_W, from->dilation_width_factor);
    put(given, MN_F_CONV_DILATION_H, from->dilation_height_factor);
}

static void take_depthwise(const tfl_depthwise_conv_options *from, mn_tfl_given *given) {
    put_window(given, from->padding, from->stride_width, from->stride_height);
    put(given, MN_F_DEPTHWISE_MULTIPLIER, from->depth_multiplier);
    put(given, MN_F_DEPTHWISE_ACTIVATION, from->activation);
    put(given, MN_F_DEPTHWISE_DILATION_W, from->dilation_width_factor);
    put(given, MN_F_DEPTHWISE_DILATION_H, from->dilation_height_factor);
}

static void take_pool(const tfl_pool_options *from, mn_tfl_given *given) {
    put_window(given, from->padding, from->stride_width, from->stride_height);
    put(given, MN_F_POOL_FILTER_W, from->filter_width);
    put(given, MN_F_POOL_FILTER_H, from->filter_height);
    put(given, MN_F_POOL_ACTIVATION, from->activation);
}

static void take_fully_connected(const tfl_fully_connected_options *from, mn_tfl_given *given) {
    put(given, MN_F_FULLY_CONNECTED_ACTIVATION, from->activation);
    put(given, MN_F_FULLY_CONNECTED_WEIGHTS_FORMAT, from->weights_format);
    put(given, MN_F_FULLY_CONNECTED_KEEP_NUM_DIMS, from->keep_num_dims);
    put(given, MN_F_FULLY_CONNECTED_ASYMMETRIC, from->asymmetric_quantize_inputs);
}

static void take_sum(const tfl_add_options *from, mn_tfl_given *given) {
    put(given, MN_F_BINARY_ACTIVATION, from->activation);
    put(given, MN_F_SUM_POT_SCALE, from->pot_scale_int16);
}

static void take_concatenation(const tfl_concatenation_options *from, mn_tfl_given *given) {
    put(given, MN_F_CONCATENATION_AXIS, from->axis);
    put(given, MN_F_CONCATENATION_ACTIVATION, from->activation);
}

static void take_resize(mn_op_kind kind, const tfl_resize_options *from, mn_tfl_given *given) {
    const bool bilinear = kind == MN_OP_RESIZE_BILINEAR;
    put(given, bilinear ? MN_F_BILINEAR_ALIGN_CORNERS : MN_F_NEAREST_ALIGN_CORNERS, from->align_corners);
    put(given, bilinear ? MN_F_BILINEAR_HALF_PIXEL_CENTERS : MN_F_NEAREST_HALF_PIXEL_CENTERS, from->half_pixel_centers);
}

/* `offset` came with version 8 of the operator. */
static void take_strided_slice(int32_t version, const tfl_strided_slice_options *from, mn_tfl_given *given) {
    put(given, MN_F_STRIDED_SLICE_BEGIN_MASK, from->begin_mask);
    put(given, MN_F_STRIDED_SLICE_END_MASK, from->end_mask);
    put(given, MN_F_STRIDED_SLICE_ELLIPSIS_MASK, from->ellipsis_mask);
    put(given, MN_F_STRIDED_SLICE_NEW_AXIS_MASK, from->new_axis_mask);
    put(given, MN_F_STRIDED_SLICE_SHRINK_AXIS_MASK, from->shrink_axis_mask);
    if (version >= 8) put(given, MN_F_STRIDED_SLICE_OFFSET, from->offset);
}

static void take_pack(const tfl_pack_options *from, mn_tfl_given *given) {
    put(given, MN_F_PACK_COUNT, from->count);
    put(given, MN_F_PACK_AXIS, from->axis);
}

static void take_gather(const tfl_gather_options *from, mn_tfl_given *given) {
    put(given, MN_F_GATHER_AXIS, from->axis);
    put(given, MN_F_GATHER_BATCH_DIMS, from->batch_dims);
}

static void take_reshape(const tfl_reshape_options *from, mn_tfl_given *given) {
    put_list(given, from->shape, from->num_dimensions);
}

static void take_squeeze(const tfl_squeeze_options *from, mn_tfl_given *given) {
    put_list(given, from->squeeze_dims, from->num_squeeze_dims);
}

void mn_fields_take(mn_op_kind kind, int32_t version, const void *options, mn_tfl_given *out) {
    *out = (mn_tfl_given){0};
    switch (kind) {
    case MN_OP_CONV_2D: take_conv(options, out); break;
    case MN_OP_DEPTHWISE_CONV_2D: take_depthwise(options, out); break;
    case MN_OP_AVERAGE_POOL_2D:
    case MN_OP_MAX_POOL_2D: take_pool(options, out); break;
    case MN_OP_FULLY_CONNECTED: take_fully_connected(options, out); break;
    case MN_OP_SOFTMAX: put_float(out, MN_F_SOFTMAX_BETA, ((const tfl_softmax_options *)options)->beta); break;
    case MN_OP_LEAKY_RELU:
        put_float(out, MN_F_LEAKY_RELU_ALPHA, ((const tfl_leaky_relu_options *)options)->alpha);
        break;
    case MN_OP_CONCATENATION: take_concatenation(options, out); break;
    case MN_OP_ADD:
    case MN_OP_SUB: take_sum(options, out); break;
    case MN_OP_MUL:
    case MN_OP_DIV:
    case MN_OP_L2_NORMALIZATION:
        put(out, MN_F_BINARY_ACTIVATION, ((const tfl_mul_options *)options)->activation);
        break;
    case MN_OP_RESHAPE: take_reshape(options, out); break;
    case MN_OP_SQUEEZE: take_squeeze(options, out); break;
    case MN_OP_MEAN:
    case MN_OP_REDUCE_PROD:
    case MN_OP_SUM:
    case MN_OP_REDUCE_MAX: put(out, MN_F_REDUCER_KEEP_DIMS, ((const tfl_reducer_options *)options)->keep_dims); break;
    case MN_OP_RESIZE_BILINEAR:
    case MN_OP_RESIZE_NEAREST_NEIGHBOR: take_resize(kind, options, out); break;
    case MN_OP_STRIDED_SLICE: take_strided_slice(version, options, out); break;
    case MN_OP_SPLIT:
    case MN_OP_SPLIT_V: put(out, MN_F_SPLIT_NUM_SPLITS, ((const tfl_split_options *)options)->num_splits); break;
    case MN_OP_PACK:
    case MN_OP_UNPACK: take_pack(options, out); break;
    case MN_OP_GATHER: take_gather(options, out); break;
    default: break; /* no options that are read */
    }
}
