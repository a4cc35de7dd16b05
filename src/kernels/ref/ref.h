/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What several reference kernels share: stored 8-bit values, single results, windows, and walks over tensors. */
#ifndef MN_KERNELS_REF_REF_H
#define MN_KERNELS_REF_REF_H

#include "kernels/kernels.h"
#include "kernels/quant.h"
#include "kernels/rows.h"

/* int8 and uint8 kernels are one piece of code: a stored byte b stands for (b ^ sign) - sign. */
enum { MN_SIGN_U8 = 0, MN_SIGN_I8 = 0x80 };

static inline int32_t mn_stored(uint8_t byte, int32_t sign) { return (byte ^ sign) - sign; }

static inline mn_range_i32 mn_sign_range(int32_t sign) {
    return mn_type_range(sign == MN_SIGN_U8 ? MN_UINT8 : MN_INT8);
}

/** Zero point of 8-bit weights: int8 ones are symmetric. */
static inline int32_t mn_weight_zero(const mn_conv_params *p, int32_t sign) {
    return sign == MN_SIGN_U8 ? p->weight_zero : 0;
}

/** What a convolution stores at row `row` (of all images), column `x`, channel `c`. `bias` may be NULL. */
uint8_t mn_conv_8bit_at(const mn_conv_params *p, const uint8_t *in, const uint8_t *weights, const int32_t *bias,
                        int32_t row, int32_t x, int32_t c, int32_t sign);

/** What a depthwise convolution stores at row `y`, column `x` of channel `c`, whose input value at row i, column j is
 *  plane[(i * in_w + j) * stride]. `bias` may be NULL. */
uint8_t mn_depthwise_8bit_at(const mn_conv_params *p, const uint8_t *plane, size_t stride, const uint8_t *weights,
                             const int32_t *bias, int32_t y, int32_t x, int32_t c, int32_t sign);

/** The accumulators behind both, without bias; the activations' zero point is `in_zero`, and `in` holds `ring` rows (0:
 * all).
 */
int32_t mn_conv_8bit_acc(const mn_conv_params *p, const uint8_t *in, int32_t ring, int32_t in_zero,
                         const uint8_t *weights, int32_t row, int32_t x, int32_t c, int32_t sign);
int32_t mn_depthwise_8bit_acc(const mn_conv_params *p, const uint8_t *plane, size_t stride, int32_t in_zero,
                              const uint8_t *weights, int32_t y, int32_t x, int32_t c, int32_t sign);

/** The same of float kernels. */
float mn_conv_f32_at(const mn_conv_params *p, const float *in, const float *weights, const float *bias, int32_t row,
                     int32_t x, int32_t c);
float mn_depthwise_f32_at(const mn_conv_params *p, const float *plane, size_t stride, const float *weights,
                          const float *bias, int32_t y, int32_t x, int32_t c);

/** An operand of ADD on the common scale of both, with MN_ADD_SHIFT extra bits; |byte - zero| < 2^8, so nothing is
 * lost.
 */
static inline int32_t mn_add_rescaled(uint8_t byte, const mn_operand *operand, int32_t sign) {
    const int32_t value = (mn_stored(byte, sign) - operand->zero) * (1 << MN_ADD_SHIFT);
    return mn_requantize(value, operand->multiplier, operand->shift);
}

/** What ADD, and what MUL stores for the stored operands `a` and `b`. */
static inline uint8_t mn_add_8bit_of(const mn_binary_params *p, uint8_t a, uint8_t b, int32_t sign) {
    const int32_t x = mn_add_rescaled(a, &p->in[0], sign), y = mn_add_rescaled(b, &p->in[1], sign);
    const int32_t sum = p->subtract ? x - y : x + y;
    return (uint8_t)mn_store_i32(sum, p->out.multiplier, p->out.shift, p->out.zero, p->range);
}

static inline uint8_t mn_mul_8bit_of(const mn_binary_params *p, uint8_t a, uint8_t b, int32_t sign) {
    const int32_t x = mn_stored(a, sign) - p->in[0].zero, y = mn_stored(b, sign) - p->in[1].zero;
    return (uint8_t)mn_store_i32(x * y, p->out.multiplier, p->out.shift, p->out.zero, p->range);
}

/** What PRELU stores for the stored value `a` and slope `b`. */
static inline uint8_t mn_prelu_8bit_of(const mn_binary_params *p, uint8_t a, uint8_t b, int32_t sign) {
    const int32_t x = mn_stored(a, sign) - p->in[0].zero, slope = mn_stored(b, sign) - p->in[1].zero;
    const mn_operand *by = x < 0 ? &p->out : &p->in[0];
    return (uint8_t)mn_store_i32(x < 0 ? x * slope : x, by->multiplier, by->shift, p->out.zero, mn_sign_range(sign));
}

/** 1 / sqrt(x) of x >= 1 as a Q31 multiplier and a shift to the left. */
int32_t mn_inverse_root(int32_t x, int32_t *shift);

/** What AVERAGE_POOL_2D stores for `count` stored values that add up to `sum`. */
static inline uint8_t mn_average_8bit_of(int64_t sum, int64_t count, mn_range_i32 range) {
    const int64_t average = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    return (uint8_t)mn_clamp_i32((int32_t)average, range.min, range.max);
}

/** x * 2^n, saturated. */
static inline int32_t mn_saturating_shift(int32_t x, int32_t n) {
    const int64_t shifted = (int64_t)x * (INT64_C(1) << n);
    return shifted > INT32_MAX ? INT32_MAX : shifted < INT32_MIN ? INT32_MIN : (int32_t)shifted;
}

/** The function of UNARY on a real value. */
float mn_unary_f32_of(const mn_unary_params *p, float x);

/** SOFTMAX of 8-bit values, step by step (docs/numerics.md): e of a class `difference` (<= 0) from the largest logit,
 * as Q0.31; what a row's e are multiplied by, from the sum of their roundings to 19 fraction bits; the probability of a
 *  class in 1/256. */
int32_t mn_softmax_exp(const mn_softmax_params *p, int32_t difference);

/** 1 / (1 + a) as Q0.31 for a (Q0.31) in [0, 1): three Newton-Raphson steps for half the denominator. */
int32_t mn_reciprocal_of_one_plus(int32_t a);

typedef struct mn_softmax_factor {
    int32_t reciprocal; /* Q0.31 */
    int32_t shift;
} mn_softmax_factor;

mn_softmax_factor mn_softmax_factor_of(int64_t sum);

static inline int32_t mn_softmax_round(int32_t e) { return mn_round_shift(e, 12); }

static inline int32_t mn_softmax_probability(mn_softmax_factor f, int32_t e) {
    return mn_round_shift(mn_high_mul(f.reciprocal, e), f.shift);
}

/** The part of a window's axis that lies inside the input: taps [begin, end), tap t at input index origin + dilation *
 * t.
 */
typedef struct mn_taps {
    int32_t begin, end;
    int64_t origin;
} mn_taps;

static inline mn_taps mn_taps_inside(int32_t out, int32_t stride, int32_t pad, int32_t dilation, int32_t taps,
                                     int32_t in) {
    const int64_t origin = (int64_t)out * stride - pad;
    const int64_t before = origin < 0 ? (-origin + dilation - 1) / dilation : 0;
    const int64_t until = origin < in ? (in - 1 - origin) / dilation + 1 : 0;
    const int32_t end = until < taps ? (int32_t)until : taps;
    return (mn_taps){before < end ? (int32_t)before : end, end, origin};
}

/** Elements before row `y`, column `x` of image `batch` in the input of `w`, whose memory holds `ring` rows (0: all).
 */
static inline size_t mn_input_offset(const mn_window *w, int32_t ring, int32_t batch, int64_t y, int64_t x) {
    return (mn_row_place((int64_t)batch * w->in_h + y, ring) * (size_t)w->in_w + (size_t)x) * (size_t)w->in_c;
}

/** Elements before row `row` (of all images) of the output of `w`, whose memory holds `ring` rows (0: all). */
static inline size_t mn_output_offset(const mn_window *w, int32_t ring, int32_t row) {
    return mn_row_place(row, ring) * (size_t)w->out_w * (size_t)w->out_c;
}

/** A position in row-major order over `dims`, and the offset that `stride` gives it, modulo the range of size_t:
 * strides may be negative. */
typedef struct mn_walk {
    const int32_t *dims, *stride;
    int32_t index[MN_MAX_RANK];
    size_t offset;
} mn_walk;

static inline mn_walk mn_walk_from(const int32_t *dims, const int32_t *stride, int32_t position) {
    mn_walk walk = {.dims = dims, .stride = stride};
    for (int d = MN_MAX_RANK - 1; d >= 0; d--) {
        walk.index[d] = position % dims[d];
        position /= dims[d];
        walk.offset += (size_t)walk.index[d] * (size_t)stride[d];
    }
    return walk;
}

/** The offset where strides may be negative. */
static inline ptrdiff_t mn_walk_signed(const mn_walk *walk) { return (ptrdiff_t)walk->offset; }

static inline void mn_walk_next(mn_walk *walk) {
    for (int d = MN_MAX_RANK - 1; d >= 0; d--) {
        walk->offset += (size_t)walk->stride[d];
        if (++walk->index[d] < walk->dims[d]) return;
        walk->offset -= (size_t)walk->stride[d] * (size_t)walk->dims[d];
        walk->index[d] = 0;
    }
}

/** The cells of a pool's window at column `x` of row `row` (of all images) that lie on the image. */
typedef struct mn_cells {
    int32_t batch, rows, columns;
    int64_t y, x; /* of the first one */
} mn_cells;

static inline mn_cells mn_cells_of(const mn_window *w, int32_t row, int32_t x) {
    const mn_taps ty = mn_taps_inside(row % w->out_h, w->stride_h, w->pad_top, 1, w->k_h, w->in_h);
    const mn_taps tx = mn_taps_inside(x, w->stride_w, w->pad_left, 1, w->k_w, w->in_w);
    return (mn_cells){row / w->out_h, ty.end - ty.begin, tx.end - tx.begin, ty.origin + ty.begin, tx.origin + tx.begin};
}

/** Element of channel 0 of cell `i`, counted row by row, in memory of `ring` rows (0: all). */
static inline size_t mn_cell_at(const mn_window *w, int32_t ring, const mn_cells *cells, int32_t i) {
    return mn_input_offset(w, ring, cells->batch, cells->y + i / cells->columns, cells->x + i % cells->columns);
}

/** A MEAN's dimensions split in two walks: over those that stay, one step per output element, and over those that
 *  vanish. */
typedef struct mn_split {
    int32_t kept[MN_MAX_RANK], reduced[MN_MAX_RANK];
    int32_t stride[MN_MAX_RANK];
} mn_split;

mn_split mn_split_of(const mn_mean_params *p);

/** The inner product of `n` int16 with int8 less `w_zero`. */
int64_t mn_dot_i16(const int16_t *x, const int8_t *w, int32_t w_zero, int32_t n);

/** The accumulator of a 16x8 convolution, without bias; `in` holds `ring` rows (0: all). */
int64_t mn_conv_i16_acc(const mn_conv_params *p, const int16_t *in, int32_t ring, const int8_t *weights, int32_t row,
                        int32_t x, int32_t c);

/** A table of MN_TABLE_16 points over all int16, on the line between two of them. */
int16_t mn_table_i16_at(const int16_t *table, int32_t x);

#endif
