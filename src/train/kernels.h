/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The arithmetic of training on plain buffers. Activations are [rows][channels], where a row is a pixel and channels
 * are rounded up to MN_TRAIN_ALIGN with zeros; every buffer is aligned to 64 bytes. */
#ifndef MN_TRAIN_KERNELS_H
#define MN_TRAIN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Channels are padded to a multiple of this: one vector of AVX-512. */
#define MN_TRAIN_ALIGN 16

/** c[i][j] = start[i][j] + sum over p of a(i, p) * b[p][j]; a(i, p) = a[i * a_row + p * a_col], so that a may be
 *  transposed. Row strides in floats; n, ldb and ldc multiples of MN_TRAIN_ALIGN. */
typedef struct mn_gemm {
    ptrdiff_t m, n, k;
    const float *a;
    ptrdiff_t a_row, a_col;
    const float *b;
    ptrdiff_t ldb;
    float *c;
    ptrdiff_t ldc;
    const float *start; /* with c's strides, may be c; NULL for zeros */
} mn_gemm;

/** Batch norm and the activation after it, per channel, and back, with x = (z - mean) * scale + beta:
 *  y = min(max(x, low), high), g = dy where low < x < high, else 0; or, when `hard_swish`,
 *  y = x * min(max(x + 3, 0), 6) / 6, g = dy times the derivative of that;
 *  dz = scale * (g - mean_g - (z - mean) * slope). */
typedef struct mn_norm {
    const float *mean, *scale, *beta;
    const float *mean_g, *slope;
    float low, high; /* infinite where there is no activation */
    bool hard_swish; /* Howard et al., Searching for MobileNetV3, 2019; low and high are not used */
} mn_norm;

/** Largest size of a depthwise kernel. */
enum { MN_TRAIN_TAPS = 5 };

/** Fake quantisation: round(min(max(x, low), high) / step) * step, halves to even; low and high are whole steps. */
typedef struct mn_fake {
    float low, high;
    float step, inverse; /* 1 / step; both 0: values stay as they are */
} mn_fake;

/** One optimiser step over `count` (a multiple of MN_TRAIN_ALIGN) values. */
typedef struct mn_update {
    size_t count;
    float *weights, *slot[2];
    const float *gradient;
    float weight_decay;
    float rate;     /* of this step */
    float decay;    /* of the mean square: RMSProp's decay, Adam's beta 2 */
    float momentum; /* or Adam's beta 1 */
    float epsilon;
} mn_update;

typedef struct mn_train_kernels {
    const char *name;
    void (*gemm)(const mn_gemm *g);

    /** out = y, plus `skip` unless NULL. */
    void (*activate)(const mn_norm *norm, ptrdiff_t channels, ptrdiff_t rows, const float *z, const float *skip,
                     float *out);
    /** sum += of (z - shift), square += of its squares, per channel. */
    void (*moments)(ptrdiff_t channels, ptrdiff_t rows, const float *z, const float *shift, float *sum, float *square);
    /** sum += of g, product += of g * (z - mean), per channel. */
    void (*gradient_sums)(const mn_norm *norm, ptrdiff_t channels, ptrdiff_t rows, const float *z, const float *dy,
                          float *sum, float *product);
    void (*gradient)(const mn_norm *norm, ptrdiff_t channels, ptrdiff_t rows, const float *z, const float *dy,
                     float *dz);

    /** values = values * gate, plus `shift` unless NULL, per channel. */
    void (*scale)(ptrdiff_t channels, ptrdiff_t rows, const float *gate, const float *shift, float *values);
    /** sum += of a * b, of a where b is NULL, per channel. */
    void (*products)(ptrdiff_t channels, ptrdiff_t rows, const float *a, const float *b, float *sum);

    /** low = min with z, high = max with z, per channel. */
    void (*extremes)(ptrdiff_t channels, ptrdiff_t rows, const float *z, float *low, float *high);
    /** values = their fake quantisation, plus `add` unless NULL; count a multiple of MN_TRAIN_ALIGN. */
    void (*fake)(const mn_fake *f, size_t count, const float *add, float *values);
    /** The straight-through estimator: dy = dy where low < x < high, else 0. */
    void (*clip)(const mn_fake *f, size_t count, const float *x, float *dy);

    /** One output row of a depthwise convolution of size `k` = 3 or 5: in[ky] are the padded input rows, kernel is
     *  [k * k][channels]. */
    void (*depthwise)(int k, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t stride, const float *const *in,
                      const float *kernel, float *out);
    /** One row of its gradient by its input, for strides 1 and 2: dz[i] (i < rows <= k) are the rows of gradients that
     *  it touches, with k - 1 columns of zeros on either side and dz[i] at column 0; kernel[i] the k taps of the row
     *  between. */
    void (*depthwise_input)(int k, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t rows,
                            const float *const *dz, const float *const *kernel, float *dx);
    /** kernel gradient += of one output row. */
    void (*depthwise_kernel)(int k, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t stride, const float *const *in,
                             const float *dz, float *gradient);

    /** TensorFlow's RMSProp: slot 0 the mean square, slot 1 the momentum; epsilon is inside the root. */
    void (*rmsprop)(const mn_update *u);
    /** Slot 1 the momentum. */
    void (*sgd)(const mn_update *u);
    /** Slot 0 the mean square, slot 1 the mean; `rate` holds the correction of both for the first steps. */
    void (*adam)(const mn_update *u);
    /** average += (value - average) * part. */
    void (*average)(size_t count, const float *value, float part, float *average);
} mn_train_kernels;

/** The fastest that this machine can run. */
const mn_train_kernels *mn_train_kernels_best(void);

/** All that this machine can run, the portable one first; NULL ends the list. */
const mn_train_kernels *const *mn_train_kernels_all(void);

#endif
