/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Parameters of each kernel family, with the order of its inputs and its unit of work. All tensors are dense,
 * row-major, channels last (NHWC); convolution weights are [out_c][k_h][k_w][in_c], depthwise weights
 * [k_h][k_w][out_c]. Formulas: docs/numerics.md.
 *
 * Requantisation: multiplier is Q31 in [2^30, 2^31) or 0; shift > 0 is a left shift, < 0 a right shift. */
#ifndef MN_KERNELS_PARAMS_H
#define MN_KERNELS_PARAMS_H

#include "mobilenet.h"

/** Geometry of a sliding window over one NHWC input. */
typedef struct mn_window {
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t k_h, k_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w; /* 1 for pools */
    int32_t pad_top, pad_left;
} mn_window;

/** Clamp of float results; -INFINITY and INFINITY when there is no activation. */
typedef struct mn_range_f32 {
    float min, max;
} mn_range_f32;

/** Clamp of quantised results, in stored units. */
typedef struct mn_range_i32 {
    int32_t min, max;
} mn_range_i32;

/** MN_K_CONV (groups allowed: weights [out_c][k_h][k_w][in_c / groups]) and MN_K_DEPTHWISE (out_c = in_c * depth
 * multiplier). inputs: 0 activations, 1 weights, 2 bias or NULL (float32, or int32 at input scale x weight scale).
 *  unit: one output row; there are batches * out_h. */
typedef struct mn_conv_params {
    mn_window window;
    int32_t groups;         /* 1 for depthwise, where it is not used */
    mn_range_f32 range_f32; /* float32 only */
    mn_range_i32 range;     /* the rest: int8 and uint8 only */
    int32_t in_zero, out_zero;
    int32_t weight_zero;       /* uint8 only; 0 for int8 */
    const int32_t *multiplier; /* [out_c], also for per-tensor quantisation */
    const int32_t *shift;      /* [out_c] */
} mn_conv_params;

/** MN_K_FULLY_CONNECTED: out[rows][out_c] = in[rows][in_c] * weights[out_c][in_c]^T + bias.
 *  inputs: 0 activations, 1 weights, 2 bias or NULL.
 *  unit: one output element; there are rows * out_c, row-major. */
typedef struct mn_fully_connected_params {
    int32_t rows, in_c, out_c;
    mn_range_f32 range_f32;
    mn_range_i32 range;
    int32_t in_zero, out_zero, weight_zero;
    const int32_t *multiplier; /* [out_c] */
    const int32_t *shift;      /* [out_c] */
} mn_fully_connected_params;

/** One quantised operand of an element-wise operator. */
typedef struct mn_operand {
    int32_t zero;
    int32_t multiplier, shift;
} mn_operand;

/** MN_K_ADD (SUB: the second multiplier is negated, and `subtract` is set for float) and MN_K_MUL.
 *  Broadcasting as NumPy: strides are in elements and 0 along a broadcast dimension; shapes are padded to
 *  MN_MAX_RANK at the front with 1.
 *  inputs: 0 and 1 the operands.
 *  unit: one output element, row-major. */
typedef struct mn_binary_params {
    int32_t dims[MN_MAX_RANK]; /* of the output */
    int32_t stride[2][MN_MAX_RANK];
    bool same_shape; /* no broadcasting: flat loops are right */
    bool subtract;
    mn_range_f32 range_f32;
    mn_range_i32 range;
    mn_operand in[2]; /* MUL uses zero only */
    mn_operand out;
    int32_t left_shift; /* ADD: 20 */
} mn_binary_params;

/** MN_K_AVERAGE_POOL and MN_K_MAX_POOL. inputs: 0 activations. unit: one output row; batches * out_h.
 *  Input and output share scale and zero point. */
typedef struct mn_pool_params {
    mn_window window;
    mn_range_f32 range_f32;
    mn_range_i32 range;
} mn_pool_params;

/** MN_K_MEAN over any set of axes: the input seen as rank dims; reduced[d] tells which vanish.
 *  inputs: 0 activations. unit: one output element, row-major over the kept dimensions.
 *  Quantised: which of TFLite's two formulas applies is written in docs/numerics.md; multiplier, shift and the
 *  zero points serve it. */
typedef struct mn_mean_params {
    int32_t rank;
    int32_t dims[MN_MAX_RANK];
    bool reduced[MN_MAX_RANK];
    int32_t count; /* elements averaged into one */
    int32_t in_zero, out_zero;
    float in_scale, out_scale;
    int32_t multiplier, shift;
} mn_mean_params;

/** MN_K_SOFTMAX over the last dimension. inputs: 0 logits. unit: one row. */
typedef struct mn_softmax_params {
    int32_t rows, depth;
    float beta;
    float in_scale;
    int32_t multiplier, shift; /* input to Q5.26 */
    int32_t diff_min;
    int32_t out_zero;
} mn_softmax_params;

/** MN_K_QUANTIZE (float32 or quantised to quantised), MN_K_DEQUANTIZE (to float32), MN_K_CLAMP, MN_K_COPY.
 *  inputs: 0. unit: one element. Per-channel quantisation runs along the dimension with `channels` entries, each
 * repeated over `inner` elements. */
typedef struct mn_convert_params {
    int32_t count;
    int32_t element_bytes; /* MN_K_COPY */
    float in_scale, out_scale;
    int32_t in_zero, out_zero;
    int32_t multiplier, shift; /* int to int */
    mn_range_f32 range_f32;    /* MN_K_CLAMP, float */
    mn_range_i32 range;        /* MN_K_CLAMP, int */
} mn_convert_params;

/** MN_K_PAD: constant padding with `value`. inputs: 0. unit: one index of dimension 0 after padding to
 *  MN_MAX_RANK... see fields. */
typedef struct mn_pad_params {
    int32_t in_dims[MN_MAX_RANK]; /* padded at the front with 1 */
    int32_t out_dims[MN_MAX_RANK];
    int32_t before[MN_MAX_RANK];
    int32_t element_bytes; /* 1 or 4 */
    uint8_t value[4];      /* the stored zero: zero point, or 0.0f */
} mn_pad_params;

/** MN_K_TRANSPOSE. inputs: 0. unit: one output element, row-major. */
typedef struct mn_transpose_params {
    int32_t out_dims[MN_MAX_RANK];  /* padded at the front with 1 */
    int32_t in_stride[MN_MAX_RANK]; /* elements to step in the input per output dimension */
    int32_t element_bytes;          /* 1 or 4 */
} mn_transpose_params;

/** MN_K_CONCATENATION: inputs seen as [outer][width_i]; output [outer][sum of width_i]. unit: one outer row. */
typedef struct mn_concatenation_params {
    int32_t outer;
    int32_t input_count;
    const int32_t *width; /* [input_count], elements */
    int32_t element_bytes;
    /* uint8 inputs may have quantisations of their own: TFLite rescales them in float */
    const float *scale;  /* [input_count] or NULL when all equal the output's */
    const int32_t *zero; /* [input_count] */
    float out_scale;
    int32_t out_zero;
} mn_concatenation_params;

#endif
