/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Parameters of each kernel family, with the order of its inputs and its unit of work. All tensors are dense,
 * row-major, channels last (NHWC), unless the kernel asks for another layout (mn_kernel_traits.layouts); convolution
 * weights are [out_c][k_h][k_w][in_c], depthwise weights [k_h][k_w][out_c]. Formulas: docs/numerics.md.
 *
 * Requantisation: multiplier is Q31 in [2^30, 2^31) or 0 (MEAN: any in [0, 2^31)); shift in [-31, 31], > 0 is a left
 * shift, < 0 a right shift. The functions of kernels/quant.h compute every multiplier, shift and range. */
#ifndef MN_KERNELS_PARAMS_H
#define MN_KERNELS_PARAMS_H

#include "mobilenet.h"

/** Geometry of a sliding window over one NHWC input. Of a pool, every window covers at least one input cell. */
typedef struct mn_window {
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t k_h, k_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w; /* 1, and not used, for pools */
    int32_t pad_top, pad_left;
} mn_window;

/** A 1x1 filter over every pixel: the output has the input's pixels in the input's order. */
static inline bool mn_window_is_pointwise(const mn_window *w) {
    return w->k_h == 1 && w->k_w == 1 && w->stride_h == 1 && w->stride_w == 1 && w->pad_top == 0 && w->pad_left == 0 &&
           w->out_h == w->in_h && w->out_w == w->in_w;
}

/** Clamp of float results; -FLT_MAX and FLT_MAX where there is no bound, as in TFLite (so infinity becomes FLT_MAX; NaN
 * stays). */
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
    mn_range_i32 range;     /* the rest: quantised only */
    int32_t in_zero, out_zero;
    int32_t weight_zero;       /* uint8 only; int8 kernels take weights as symmetric */
    bool bias_64;              /* int16 only: the bias is int64 and sums are as wide, or both have 32 bits */
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
    int32_t in_zero, out_zero;
    int32_t weight_zero; /* 0 when quantised per channel */
    bool bias_64;        /* int16 only: the bias is int64 */
    /* [out_c], also for per-tensor quantisation: input scale x weight scale / output scale. TFLite's reference
     * requantises this operator, alone of all, in double: round(accumulator x scale). */
    const double *scale;
} mn_fully_connected_params;

/** MN_K_HYBRID_CONV and MN_K_HYBRID_DEPTHWISE: float activations, which become int8 image by image at run time
 * (kernels/dynamic.h), and int8 weights. inputs: 0 activations, 1 weights, 2 bias (float32) or NULL. unit: one output
 * row; there are batches * out_h. */
typedef struct mn_hybrid_conv_params {
    mn_conv_params conv; /* window, groups and range_f32 */
    bool depthwise;
    bool asymmetric;    /* activations have a zero point */
    const float *scale; /* [out_c], of the weights */
} mn_hybrid_conv_params;

/** MN_K_HYBRID_FULLY_CONNECTED: the same of matrices; each row becomes int8 on its own. inputs and unit as
 *  MN_K_FULLY_CONNECTED. */
typedef struct mn_hybrid_fully_connected_params {
    int32_t rows, in_c, out_c;
    mn_range_f32 range_f32; /* INFINITY where there is no bound */
    bool asymmetric;
    const float *scale; /* [out_c], of the weights */
} mn_hybrid_fully_connected_params;

/** One quantised operand of an element-wise operator. */
typedef struct mn_operand {
    int32_t zero;
    int32_t multiplier, shift;
} mn_operand;

/** MN_K_ADD (SUB: `subtract` is set), MN_K_MUL, MN_K_DIV (float32 only) and MN_K_MAXIMUM (MINIMUM: `minimum` is set; of
 *  stored values, without clamp), and MN_K_PRELU (operand 1 is the slope below 0; without clamp).
 *  Broadcasting as NumPy: strides are in elements and 0 along a broadcast dimension; shapes are padded to
 *  MN_MAX_RANK at the front with 1.
 *  inputs: 0 and 1 the operands.
 *  unit: one output element, row-major. */
typedef struct mn_binary_params {
    int32_t dims[MN_MAX_RANK]; /* of the output */
    int32_t stride[2][MN_MAX_RANK];
    bool same_shape; /* no broadcasting: flat loops are right */
    bool subtract;   /* ADD: operand 0 minus operand 1 */
    bool minimum;    /* MAXIMUM */
    mn_range_f32 range_f32;
    mn_range_i32 range;
    mn_operand in[2]; /* MUL uses zero only; PRELU's in[0] rescales values from 0 on, its out those below */
    mn_operand out;
} mn_binary_params;

/** MN_K_CONV_DEPTHWISE: a convolution and the depthwise 3x3 convolution of multiplier 1 that alone reads its output, as
 * one. The tensor between them never exists as a whole. From uint8 to int8 a QUANTIZE before both, which flips the top
 * bit of every byte, is part of it. inputs: 0 activations, 1 and 2 weights and bias of the first,
 * 3 and 4 those of the second. unit: one image, unless the kernel cuts finer. */
typedef struct mn_conv_depthwise_params {
    mn_conv_params conv, depthwise;
} mn_conv_depthwise_params;

/** MN_K_PROJECT: a pointwise convolution, and the ADD of equal shapes that alone reads its output, if `adds`.
 * inputs: 0 activations, 1 weights, 2 bias, 3 the other operand of ADD or NULL. unit: one image, unless the kernel cuts
 * finer. */
typedef struct mn_project_params {
    mn_conv_params conv;
    bool adds;
    bool residual_first; /* inputs[3] is ADD's operand 0 */
    mn_binary_params add;
} mn_project_params;

/** MN_K_AVERAGE_POOL and MN_K_MAX_POOL. inputs: 0 activations. unit: one output row; batches * out_h.
 *  Input and output share scale and zero point. */
typedef struct mn_pool_params {
    mn_window window;
    mn_range_f32 range_f32;
    mn_range_i32 range;
} mn_pool_params;

/** MN_K_MEAN, MN_K_SUM (float32 only) and MN_K_REDUCE_MAX over any set of axes: the input seen as rank dims;
 *  reduced[d] tells which vanish.
 *  inputs: 0 activations. unit: one output element, row-major over the kept dimensions.
 *  Quantised MEAN: multiplier and shift hold in_scale / (out_scale * count); without count it is SUM. */
typedef struct mn_mean_params {
    int32_t rank;
    int32_t dims[MN_MAX_RANK];
    bool reduced[MN_MAX_RANK];
    int32_t count; /* elements averaged into one */
    int32_t in_zero, out_zero;
    int32_t multiplier, shift;
} mn_mean_params;

/** How the results of a convolution become one for each image and channel, if at all. */
typedef enum mn_pooling {
    MN_POOLING_NONE,
    MN_POOLING_MEAN,   /* MEAN over all pixels */
    MN_POOLING_AVERAGE /* AVERAGE_POOL_2D of a window that covers the image */
} mn_pooling;

/** MN_K_CONV_MEAN: a pointwise convolution of few pixels, and the operator over whole images that alone reads its
 * output. Without one there is a single image of a single pixel. inputs: 0 activations, 1 weights, 2 bias or NULL. The
 * output is [batches][out_c]. unit: one image, unless the kernel cuts finer. */
typedef struct mn_conv_mean_params {
    mn_conv_params conv;
    mn_pooling pooling;
    mn_mean_params mean;    /* MN_POOLING_MEAN */
    mn_range_f32 range_f32; /* MN_POOLING_AVERAGE: its clamp */
    mn_range_i32 range;
} mn_conv_mean_params;

/** MN_K_SOFTMAX and MN_K_LOG_SOFTMAX over the last dimension. inputs: 0 logits. unit: one row.
 *  Quantised outputs have scale 1/256 and the lowest value of the type as zero point; of LOG_SOFTMAX
 *  scale 1/16 and the highest. */
typedef struct mn_softmax_params {
    int32_t rows, depth;
    float beta;                /* float only */
    int32_t multiplier, shift; /* logit differences to Q5.26, with beta */
    int32_t diff_min;          /* <= 0; what lies further below the largest logit counts as zero */
    /* LOG_SOFTMAX: back from Q5.26 */
    int32_t back_multiplier, back_shift;
    /* int16 (scale 1/32768): differences become 65535 steps of 10 / 65535. Q0.15 of e^x and 1 / (1 + x) at 513 points.
     */
    const int16_t *exp_table, *reciprocal_table;
} mn_softmax_params;

/** MN_K_L2_NORMALIZATION over the last dimension: each row divided by its Euclidean length. inputs: 0. unit: one row.
 *  Quantised outputs have scale 1/128 and the middle of the type as zero point. */
typedef struct mn_l2_normalization_params {
    int32_t rows, depth;
    int32_t in_zero;
} mn_l2_normalization_params;

/** MN_K_QUANTIZE (float32 or quantised to quantised), MN_K_DEQUANTIZE (to float32), MN_K_CLAMP (quantised: rescales
 *  from input to output as well), MN_K_COPY. inputs: 0. unit: one element. */
typedef struct mn_convert_params {
    int32_t count;         /* elements */
    int32_t element_bytes; /* MN_K_COPY */
    /* Between float and quantised: scale and zero point of the quantised side, for each of `channels` indices of the
     * dimension it is quantised along; an index stays the same over `inner` elements. Per tensor: channels = 1. */
    int32_t channels, inner;
    const float *scale;  /* [channels] */
    const int32_t *zero; /* [channels] */
    /* Quantised to quantised. */
    int32_t in_zero, out_zero;
    int32_t multiplier, shift;
    mn_range_f32 range_f32; /* MN_K_CLAMP, float; INFINITY where RELU has no bound (TFLite lets infinity pass here) */
    mn_range_i32 range;     /* MN_K_CLAMP, quantised */
} mn_convert_params;

typedef enum mn_unary {
    MN_UNARY_LOGISTIC,
    MN_UNARY_TANH,
    MN_UNARY_HARD_SWISH,
    MN_UNARY_LEAKY_RELU,
    MN_UNARY_ELU, /* float32 and int8; also the next */
    MN_UNARY_RSQRT,
    MN_UNARY_SQUARE, /* float32 only */
    MN_UNARY_COUNT
} mn_unary;

/** MN_K_UNARY. inputs: 0. unit: one element. */
typedef struct mn_unary_params {
    mn_unary function;
    int32_t count; /* elements */
    float alpha;   /* LEAKY_RELU */
    /* 8 bits; multiplier and shift 16 bits as well */
    float in_scale, out_scale;
    int32_t in_zero, out_zero;
    /* RSQRT: of the result. LEAKY_RELU: of values from 0 on, and below. HARD_SWISH: of the value, and of what becomes
     * the factor in [0, 1]; their multipliers are Q15 in [2^14, 2^15), or 0. */
    int32_t multiplier[2], shift[2];
    /* int16 LOGISTIC and TANH: multiplier[0] and shift[0] make the input units of 1 / (3 * 4096); [256] values of the
     * logistic function at steps of 1/24, times 2^16. */
    const uint16_t *sigmoid;
} mn_unary_params;

/** MN_K_PAD: constant padding. inputs: 0. unit: one row along the last dimension of the output; there are
 *  product of out_dims without the last. */
typedef struct mn_pad_params {
    int32_t in_dims[MN_MAX_RANK]; /* padded at the front with 1 */
    int32_t out_dims[MN_MAX_RANK];
    int32_t before[MN_MAX_RANK];
    int32_t element_bytes; /* 1, 2, 4 or 8 */
    uint8_t value[8];      /* the stored zero: zero point, or 0.0f */
} mn_pad_params;

/** MN_K_TRANSPOSE: any walk through the input by strides; also slices, parts of a split, and repetitions. inputs: 0.
 *  unit: one output element, row-major. */
typedef struct mn_transpose_params {
    int32_t out_dims[MN_MAX_RANK];  /* padded at the front with 1 */
    int32_t in_stride[MN_MAX_RANK]; /* elements to step in the input per output dimension; may be 0 or negative */
    int32_t in_first;               /* element of the input that the first one of the output is */
    int32_t element_bytes;          /* 1, 2, 4 or 8 */
} mn_transpose_params;

/** MN_K_CONCATENATION: inputs seen as [outer][width_i]; output [outer][sum of width_i]. inputs: input_count of them.
 *  unit: one outer row. */
typedef struct mn_concatenation_params {
    int32_t outer;
    int32_t input_count;
    const int32_t *width; /* [input_count], elements */
    int32_t element_bytes;
    /* uint8 only: inputs may have quantisations of their own, and TFLite rescales them in float */
    const float *scale;  /* [input_count], or NULL when all equal the output's */
    const int32_t *zero; /* [input_count], or NULL with scale */
    float out_scale;
    int32_t out_zero;
} mn_concatenation_params;

/** Where one row or column of a resized image comes from: mn_resize_taps(). */
typedef struct mn_resize_tap {
    int32_t low, high;                   /* rows or columns of the input; float32 and uint8 */
    float part;                          /* of `high`, which with that of `low` makes 1 */
    int32_t low_q10, high_q10, part_q10; /* the same by the integer arithmetic of int8, the part in 1/1024 */
} mn_resize_tap;

/** MN_K_RESIZE_BILINEAR, MN_K_RESIZE_NEAREST (taps: low only). inputs: 0. unit: one output row; batches * out_h. */
typedef struct mn_resize_params {
    int32_t batches, in_h, in_w, out_h, out_w, channels;
    int32_t element_bytes;        /* MN_K_RESIZE_NEAREST: 1, 2, 4 or 8 */
    const mn_resize_tap *rows;    /* [out_h] */
    const mn_resize_tap *columns; /* [out_w] */
} mn_resize_params;

/** MN_K_SPACE_TO_BATCH and MN_K_BATCH_TO_SPACE, back from it: image (by * block_w + bx) * images + i of the batches
 * holds at row y, column x what image i of the space has at row y * block_h + by - before_h, column x * block_w + bx -
 *  before_w. inputs: 0. unit: one row of all images of the output. */
typedef struct mn_space_params {
    int32_t images, h, w, channels; /* of the space */
    int32_t block_h, block_w;
    int32_t before_h, before_w; /* padding, which goes back as a crop */
    int32_t batch_h, batch_w;   /* of the batches, whose images are images * block_h * block_w */
    int32_t element_bytes;      /* 1, 2, 4 or 8 */
    uint8_t value[8];           /* MN_K_SPACE_TO_BATCH, outside the space: the stored zero */
} mn_space_params;

#endif
