/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The parts of the .tflite schema (tensorflow/lite/schema/schema.fbs, version 3) that the reader and the writer
 * share: field numbers, enumerations, limits. A field is MN_F(number, name in the schema). */
#ifndef MN_TFLITE_SCHEMA_H
#define MN_TFLITE_SCHEMA_H

#include "mobilenet.h"
#include "tflite/flatbuffer.h"

#define MN_TFL_IDENTIFIER "TFL3"
#define MN_TFL_SCHEMA_VERSION 3

/* Limits of ours, generous for image classifiers, that keep hostile files cheap. */
#define MN_TFL_MAX_METADATA 64   /* entries; those behind them are left out */
#define MN_TFL_MAX_SIGNATURES 16 /* those behind them are left out */

#define MN_F(id, name) ((mn_fb_field){id, name})

#define MN_F_MODEL_VERSION MN_F(0, "version")
#define MN_F_MODEL_OPERATOR_CODES MN_F(1, "operator_codes")
#define MN_F_MODEL_SUBGRAPHS MN_F(2, "subgraphs")
#define MN_F_MODEL_DESCRIPTION MN_F(3, "description")
#define MN_F_MODEL_BUFFERS MN_F(4, "buffers")
#define MN_F_MODEL_METADATA MN_F(6, "metadata")
#define MN_F_MODEL_SIGNATURES MN_F(7, "signature_defs")

#define MN_F_METADATA_NAME MN_F(0, "name")
#define MN_F_METADATA_BUFFER MN_F(1, "buffer")
#define MN_TFL_METADATA_RUNTIME "min_runtime_version"
#define MN_TFL_RUNTIME_BYTES 16 /* of that buffer: text filled up with zeros */

#define MN_F_SIGNATURE_INPUTS MN_F(0, "inputs")
#define MN_F_SIGNATURE_OUTPUTS MN_F(1, "outputs")
#define MN_F_SIGNATURE_KEY MN_F(2, "signature_key")
#define MN_F_SIGNATURE_SUBGRAPH MN_F(4, "subgraph_index")
#define MN_TFL_SIGNATURE_KEY "serving_default"

#define MN_F_TENSOR_MAP_NAME MN_F(0, "name")
#define MN_F_TENSOR_MAP_INDEX MN_F(1, "tensor_index")

#define MN_F_OPCODE_DEPRECATED_CODE MN_F(0, "deprecated_builtin_code")
#define MN_F_OPCODE_VERSION MN_F(2, "version")
#define MN_F_OPCODE_BUILTIN_CODE MN_F(3, "builtin_code")
/* deprecated_builtin_code holds codes up to 126; greater ones stand only in builtin_code, beside this value. */
#define MN_TFL_CODE_GREATER 127
#define MN_F_OPCODE_CUSTOM_CODE MN_F(1, "custom_code")

#define MN_F_SUBGRAPH_TENSORS MN_F(0, "tensors")
#define MN_F_SUBGRAPH_INPUTS MN_F(1, "inputs")
#define MN_F_SUBGRAPH_OUTPUTS MN_F(2, "outputs")
#define MN_F_SUBGRAPH_OPERATORS MN_F(3, "operators")
#define MN_F_SUBGRAPH_NAME MN_F(4, "name")

#define MN_F_BUFFER_DATA MN_F(0, "data")
#define MN_F_BUFFER_OFFSET MN_F(1, "offset") /* data outside the FlatBuffer: bytes from the start of the file */
#define MN_F_BUFFER_SIZE MN_F(2, "size")

#define MN_F_TENSOR_SHAPE MN_F(0, "shape")
#define MN_F_TENSOR_TYPE MN_F(1, "type")
#define MN_F_TENSOR_BUFFER MN_F(2, "buffer")
#define MN_F_TENSOR_NAME MN_F(3, "name")
#define MN_F_TENSOR_QUANTIZATION MN_F(4, "quantization")
#define MN_F_TENSOR_IS_VARIABLE MN_F(5, "is_variable")
#define MN_F_TENSOR_SPARSITY MN_F(6, "sparsity")
#define MN_F_TENSOR_SHAPE_SIGNATURE MN_F(7, "shape_signature")
#define MN_F_TENSOR_HAS_RANK MN_F(8, "has_rank")
#define MN_F_TENSOR_EXTERNAL_BUFFER MN_F(10, "external_buffer")

#define MN_F_QUANT_SCALE MN_F(2, "scale")
#define MN_F_QUANT_ZERO_POINT MN_F(3, "zero_point")
#define MN_F_QUANT_DETAILS_TYPE MN_F(4, "details_type")
#define MN_F_QUANT_DIMENSION MN_F(6, "quantized_dimension")

#define MN_F_OPERATOR_OPCODE_INDEX MN_F(0, "opcode_index")
#define MN_F_OPERATOR_INPUTS MN_F(1, "inputs")
#define MN_F_OPERATOR_OUTPUTS MN_F(2, "outputs")
#define MN_F_OPERATOR_OPTIONS_TYPE MN_F(3, "builtin_options_type")
#define MN_F_OPERATOR_OPTIONS MN_F(4, "builtin_options")
#define MN_F_OPERATOR_CUSTOM_OPTIONS MN_F(5, "custom_options")
#define MN_F_OPERATOR_LARGE_OFFSET MN_F(9, "large_custom_options_offset") /* as MN_F_BUFFER_OFFSET */
#define MN_F_OPERATOR_LARGE_SIZE MN_F(10, "large_custom_options_size")

/* X(schema value, schema name, type here): the element types read and written. */
#define MN_TFL_TYPES(X)                                                                                                \
    X(0, "FLOAT32", MN_FLOAT32)                                                                                        \
    X(1, "FLOAT16", MN_FLOAT16)                                                                                        \
    X(2, "INT32", MN_INT32)                                                                                            \
    X(3, "UINT8", MN_UINT8)                                                                                            \
    X(4, "INT64", MN_INT64)                                                                                            \
    X(7, "INT16", MN_INT16)                                                                                            \
    X(9, "INT8", MN_INT8)

/* The union BuiltinOptions: which table describes an operator. */
typedef enum mn_tfl_options {
    MN_TFL_OPTIONS_NONE = 0,
    MN_TFL_OPTIONS_CONV_2D = 1,
    MN_TFL_OPTIONS_DEPTHWISE_CONV_2D = 2,
    MN_TFL_OPTIONS_POOL_2D = 5,
    MN_TFL_OPTIONS_FULLY_CONNECTED = 8,
    MN_TFL_OPTIONS_SOFTMAX = 9,
    MN_TFL_OPTIONS_CONCATENATION = 10,
    MN_TFL_OPTIONS_ADD = 11,
    MN_TFL_OPTIONS_L2_NORM = 12,
    MN_TFL_OPTIONS_RESIZE_BILINEAR = 15,
    MN_TFL_OPTIONS_RESHAPE = 17,
    MN_TFL_OPTIONS_MUL = 21,
    MN_TFL_OPTIONS_PAD = 22,
    MN_TFL_OPTIONS_GATHER = 23,
    MN_TFL_OPTIONS_BATCH_TO_SPACE_ND = 24,
    MN_TFL_OPTIONS_SPACE_TO_BATCH_ND = 25,
    MN_TFL_OPTIONS_TRANSPOSE = 26,
    MN_TFL_OPTIONS_REDUCER = 27,
    MN_TFL_OPTIONS_SUB = 28,
    MN_TFL_OPTIONS_DIV = 29,
    MN_TFL_OPTIONS_SQUEEZE = 30,
    MN_TFL_OPTIONS_STRIDED_SLICE = 32,
    MN_TFL_OPTIONS_SPLIT = 35,
    MN_TFL_OPTIONS_LOG_SOFTMAX = 36,
    MN_TFL_OPTIONS_CAST = 37,
    MN_TFL_OPTIONS_DEQUANTIZE = 38,
    MN_TFL_OPTIONS_MAXIMUM_MINIMUM = 39,
    MN_TFL_OPTIONS_SLICE = 48,
    MN_TFL_OPTIONS_TILE = 51,
    MN_TFL_OPTIONS_EXPAND_DIMS = 52,
    MN_TFL_OPTIONS_SHAPE = 55,
    MN_TFL_OPTIONS_PACK = 59,
    MN_TFL_OPTIONS_UNPACK = 64,
    MN_TFL_OPTIONS_SQUARE = 66,
    MN_TFL_OPTIONS_RESIZE_NEAREST_NEIGHBOR = 74,
    MN_TFL_OPTIONS_LEAKY_RELU = 75,
    MN_TFL_OPTIONS_SPLIT_V = 79,
    MN_TFL_OPTIONS_QUANTIZE = 89,
    MN_TFL_OPTIONS_HARD_SWISH = 91,
} mn_tfl_options;

/* Conv2DOptions, DepthwiseConv2DOptions and Pool2DOptions begin alike. */
#define MN_F_WINDOW_PADDING MN_F(0, "padding")
#define MN_F_WINDOW_STRIDE_W MN_F(1, "stride_w")
#define MN_F_WINDOW_STRIDE_H MN_F(2, "stride_h")
#define MN_F_CONV_ACTIVATION MN_F(3, "fused_activation_function")
#define MN_F_CONV_DILATION_W MN_F(4, "dilation_w_factor") /* default 1 */
#define MN_F_CONV_DILATION_H MN_F(5, "dilation_h_factor") /* default 1 */
#define MN_F_DEPTHWISE_MULTIPLIER MN_F(3, "depth_multiplier")
#define MN_F_DEPTHWISE_ACTIVATION MN_F(4, "fused_activation_function")
#define MN_F_DEPTHWISE_DILATION_W MN_F(5, "dilation_w_factor") /* default 1 */
#define MN_F_DEPTHWISE_DILATION_H MN_F(6, "dilation_h_factor") /* default 1 */
#define MN_F_POOL_FILTER_W MN_F(3, "filter_width")
#define MN_F_POOL_FILTER_H MN_F(4, "filter_height")
#define MN_F_POOL_ACTIVATION MN_F(5, "fused_activation_function")

#define MN_F_FULLY_CONNECTED_ACTIVATION MN_F(0, "fused_activation_function")
#define MN_F_FULLY_CONNECTED_WEIGHTS_FORMAT MN_F(1, "weights_format")
#define MN_F_FULLY_CONNECTED_KEEP_NUM_DIMS MN_F(2, "keep_num_dims")
#define MN_F_SUM_POT_SCALE MN_F(1, "pot_scale_int16") /* default true */
#define MN_F_CONV_BIAS_TYPE MN_F(6, "quantized_bias_type")
#define MN_F_FULLY_CONNECTED_BIAS_TYPE MN_F(4, "quantized_bias_type")
#define MN_F_FULLY_CONNECTED_ASYMMETRIC MN_F(3, "asymmetric_quantize_inputs")

#define MN_F_SOFTMAX_BETA MN_F(0, "beta")

#define MN_F_LEAKY_RELU_ALPHA MN_F(0, "alpha")

#define MN_F_CONCATENATION_AXIS MN_F(0, "axis")
#define MN_F_CONCATENATION_ACTIVATION MN_F(1, "fused_activation_function")

#define MN_F_BINARY_ACTIVATION MN_F(0, "fused_activation_function") /* Add, Sub, Mul, Div, L2NormOptions */
#define MN_F_RESHAPE_NEW_SHAPE MN_F(0, "new_shape")
#define MN_F_SQUEEZE_DIMS MN_F(0, "squeeze_dims")
#define MN_F_REDUCER_KEEP_DIMS MN_F(0, "keep_dims")

#define MN_F_BILINEAR_ALIGN_CORNERS MN_F(2, "align_corners")
#define MN_F_BILINEAR_HALF_PIXEL_CENTERS MN_F(3, "half_pixel_centers")
#define MN_F_NEAREST_ALIGN_CORNERS MN_F(0, "align_corners")
#define MN_F_NEAREST_HALF_PIXEL_CENTERS MN_F(1, "half_pixel_centers")
#define MN_F_STRIDED_SLICE_BEGIN_MASK MN_F(0, "begin_mask")
#define MN_F_STRIDED_SLICE_END_MASK MN_F(1, "end_mask")
#define MN_F_STRIDED_SLICE_ELLIPSIS_MASK MN_F(2, "ellipsis_mask")
#define MN_F_STRIDED_SLICE_NEW_AXIS_MASK MN_F(3, "new_axis_mask")
#define MN_F_STRIDED_SLICE_SHRINK_AXIS_MASK MN_F(4, "shrink_axis_mask")
#define MN_F_STRIDED_SLICE_OFFSET MN_F(5, "offset")
#define MN_F_SPLIT_NUM_SPLITS MN_F(0, "num_splits") /* SplitOptions, SplitVOptions */
#define MN_F_PACK_COUNT MN_F(0, "values_count")     /* PackOptions; UnpackOptions calls it num */
#define MN_F_PACK_AXIS MN_F(1, "axis")
#define MN_F_GATHER_AXIS MN_F(0, "axis")
#define MN_F_GATHER_BATCH_DIMS MN_F(1, "batch_dims")
#define MN_F_SHAPE_OUT_TYPE MN_F(0, "out_type")
#define MN_F_CAST_IN_TYPE MN_F(0, "in_data_type")
#define MN_F_CAST_OUT_TYPE MN_F(1, "out_data_type")

#endif
