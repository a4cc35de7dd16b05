/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The kernels of training for any vector width: included once by each tier after vector.h. */

#include <math.h>

#include "train/kernels.h"

/* ---- Matrix product ---------------------------------------------------------------------------------- */

/* Constant `rows` and `columns` let the compiler keep acc in registers. */
INLINE void gemm_tile(int rows, int columns, const mn_gemm *g, ptrdiff_t i, ptrdiff_t j) {
    vec acc[ROWS][COLUMNS];
    const float *a = g->a + i * g->a_row, *b = g->b + j;
    const ptrdiff_t a_row = g->a_row, a_col = g->a_col, ldb = g->ldb;
    if (g->start) {
        const float *start = g->start + i * g->ldc + j;
        UNROLL for (int r = 0; r < rows; r++) {
            UNROLL for (int c = 0; c < columns; c++) acc[r][c] = v_load(start + r * g->ldc + c * LANES);
        }
    } else {
        UNROLL for (int r = 0; r < rows; r++) { UNROLL for (int c = 0; c < columns; c++) acc[r][c] = v_set(0); }
    }
    for (ptrdiff_t p = g->k; p > 0; p--, a += a_col, b += ldb) {
        vec w[COLUMNS];
        UNROLL for (int c = 0; c < columns; c++) w[c] = v_load(b + c * LANES);
        UNROLL for (int r = 0; r < rows; r++) {
            vec x = v_set(a[r * a_row]);
            UNROLL for (int c = 0; c < columns; c++) acc[r][c] = v_fma(x, w[c], acc[r][c]);
        }
    }
    float *out = g->c + i * g->ldc + j;
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int c = 0; c < columns; c++) v_store(out + r * g->ldc + c * LANES, acc[r][c]);
    }
}

INLINE void gemm_columns(int columns, const mn_gemm *g, ptrdiff_t j) {
    ptrdiff_t i = 0;
    for (; i + ROWS <= g->m; i += ROWS) gemm_tile(ROWS, columns, g, i, j);
    for (; i + ROWS / 2 <= g->m; i += ROWS / 2) gemm_tile(ROWS / 2, columns, g, i, j);
    for (; i < g->m; i++) gemm_tile(1, columns, g, i, j);
}

TARGET static void gemm(const mn_gemm *g) {
    ptrdiff_t j = 0;
    for (; j + COLUMNS * LANES <= g->n; j += COLUMNS * LANES) gemm_columns(COLUMNS, g, j);
    if (g->n - j == 2 * LANES) {
        gemm_columns(2, g, j);
    } else if (g->n - j == LANES) {
        gemm_columns(1, g, j);
    }
}

/* ---- Batch norm and activation ----------------------------------------------------------------------- */

INLINE vec normalised(const mn_norm *norm, ptrdiff_t c, vec z) {
    return v_fma(v_sub(z, v_load(norm->mean + c)), v_load(norm->scale + c), v_load(norm->beta + c));
}

/* What the activation gives. */
INLINE vec bent(bool hard_swish, vec y, vec low, vec high) {
    if (!hard_swish) return v_min(v_max(y, low), high);
    vec gate = v_min(v_max(v_add(y, v_set(3)), v_set(0)), v_set(6));
    return v_mul(v_mul(y, gate), v_set(1.0f / 6));
}

INLINE void activate_rows(bool hard_swish, const mn_norm *norm, ptrdiff_t channels, ptrdiff_t rows, const float *z,
                          const float *skip, float *out) {
    const mn_norm n = *norm;
    vec low = v_set(n.low), high = v_set(n.high);
    for (ptrdiff_t r = 0; r < rows; r++, z += channels, out += channels) {
        for (ptrdiff_t c = 0; c < channels; c += LANES) {
            vec y = bent(hard_swish, normalised(&n, c, v_load(z + c)), low, high);
            if (skip) y = v_add(y, v_load(skip + r * channels + c));
            v_store(out + c, y);
        }
    }
}

TARGET static void activate(const mn_norm *norm, ptrdiff_t channels, ptrdiff_t rows, const float *z, const float *skip,
                            float *out) {
    if (norm->hard_swish) {
        activate_rows(true, norm, channels, rows, z, skip, out);
    } else {
        activate_rows(false, norm, channels, rows, z, skip, out);
    }
}

TARGET static void moments(ptrdiff_t channels, ptrdiff_t rows, const float *z, const float *shift, float *sum,
                           float *square) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        vec k = v_load(shift + c), s = v_load(sum + c), q = v_load(square + c);
        for (ptrdiff_t r = 0; r < rows; r++) {
            vec d = v_sub(v_load(z + r * channels + c), k);
            s = v_add(s, d);
            q = v_fma(d, d, q);
        }
        v_store(sum + c, s);
        v_store(square + c, q);
    }
}

/* What of dy passes the activation. Hard swish has the derivative (2 x + 3) / 6 between -3 and 3, and 1 above. */
INLINE vec passed(bool hard_swish, const mn_norm *norm, ptrdiff_t c, vec z, vec dy) {
    vec x = normalised(norm, c, z);
    if (!hard_swish) return v_between(x, v_set(norm->low), v_set(norm->high), dy);
    vec slope = v_fma(x, v_set(1.0f / 3), v_set(0.5f));
    return v_add(v_between(x, v_set(-3), v_set(3), v_mul(slope, dy)), v_between(x, v_set(3), v_set(INFINITY), dy));
}

INLINE void gradient_sums_rows(bool hard_swish, const mn_norm *norm, ptrdiff_t channels, ptrdiff_t rows, const float *z,
                               const float *dy, float *sum, float *product) {
    const mn_norm n = *norm;
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        vec s = v_load(sum + c), p = v_load(product + c), mean = v_load(n.mean + c);
        for (ptrdiff_t r = 0; r < rows; r++) {
            vec value = v_load(z + r * channels + c);
            vec g = passed(hard_swish, &n, c, value, v_load(dy + r * channels + c));
            s = v_add(s, g);
            p = v_fma(g, v_sub(value, mean), p);
        }
        v_store(sum + c, s);
        v_store(product + c, p);
    }
}

TARGET static void gradient_sums(const mn_norm *norm, ptrdiff_t channels, ptrdiff_t rows, const float *z,
                                 const float *dy, float *sum, float *product) {
    if (norm->hard_swish) {
        gradient_sums_rows(true, norm, channels, rows, z, dy, sum, product);
    } else {
        gradient_sums_rows(false, norm, channels, rows, z, dy, sum, product);
    }
}

INLINE void gradient_rows(bool hard_swish, const mn_norm *norm, ptrdiff_t channels, ptrdiff_t rows, const float *z,
                          const float *dy, float *dz) {
    const mn_norm n = *norm;
    for (ptrdiff_t r = 0; r < rows; r++, z += channels, dy += channels, dz += channels) {
        for (ptrdiff_t c = 0; c < channels; c += LANES) {
            vec value = v_load(z + c), g = passed(hard_swish, &n, c, value, v_load(dy + c));
            vec bend = v_mul(v_sub(value, v_load(n.mean + c)), v_load(n.slope + c));
            v_store(dz + c, v_mul(v_load(n.scale + c), v_sub(v_sub(g, v_load(n.mean_g + c)), bend)));
        }
    }
}

TARGET static void gradient(const mn_norm *norm, ptrdiff_t channels, ptrdiff_t rows, const float *z, const float *dy,
                            float *dz) {
    if (norm->hard_swish) {
        gradient_rows(true, norm, channels, rows, z, dy, dz);
    } else {
        gradient_rows(false, norm, channels, rows, z, dy, dz);
    }
}

/* ---- Squeeze and excite ------------------------------------------------------------------------------ */

TARGET static void scale(ptrdiff_t channels, ptrdiff_t rows, const float *gate, const float *shift, float *values) {
    for (ptrdiff_t r = 0; r < rows; r++, values += channels) {
        for (ptrdiff_t c = 0; c < channels; c += LANES) {
            vec more = shift ? v_load(shift + c) : v_set(0);
            v_store(values + c, v_fma(v_load(values + c), v_load(gate + c), more));
        }
    }
}

TARGET static void products(ptrdiff_t channels, ptrdiff_t rows, const float *a, const float *b, float *sum) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        vec s = v_load(sum + c);
        for (ptrdiff_t r = 0; r < rows; r++) {
            ptrdiff_t at = r * channels + c;
            s = b ? v_fma(v_load(a + at), v_load(b + at), s) : v_add(v_load(a + at), s);
        }
        v_store(sum + c, s);
    }
}

/* ---- Fake quantisation ------------------------------------------------------------------------------- */

TARGET static void extremes(ptrdiff_t channels, ptrdiff_t rows, const float *z, float *low, float *high) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        vec least = v_load(low + c), most = v_load(high + c);
        for (ptrdiff_t r = 0; r < rows; r++) {
            vec value = v_load(z + r * channels + c);
            least = v_min(least, value);
            most = v_max(most, value);
        }
        v_store(low + c, least);
        v_store(high + c, most);
    }
}

TARGET static void fake(const mn_fake *f, size_t count, const float *add, float *values) {
    /* Adding 1.5 * 2^23 leaves no room behind the point: floats of at most 2^22 are rounded, halves to even. */
    const vec low = v_set(f->low), high = v_set(f->high), step = v_set(f->step), inverse = v_set(f->inverse),
              magic = v_set(12582912.0f);
    for (size_t i = 0; i < count; i += LANES) {
        vec units = v_mul(v_min(v_max(v_load(values + i), low), high), inverse);
        vec value = v_mul(v_sub(v_add(units, magic), magic), step);
        v_store(values + i, add ? v_add(value, v_load(add + i)) : value);
    }
}

TARGET static void clip(const mn_fake *f, size_t count, const float *x, float *dy) {
    const vec low = v_set(f->low), high = v_set(f->high);
    for (size_t i = 0; i < count; i += LANES) {
        v_store(dy + i, v_between(v_load(x + i), low, high, v_load(dy + i)));
    }
}

/* ---- Depthwise --------------------------------------------------------------------------------------- */

/* Constant `k` and `rows` let the compiler unroll, and keep what fits in registers. */
INLINE void depthwise_of(int k, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t stride, const float *const *in,
                         const float *kernel, float *out) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        vec w[MN_TRAIN_TAPS * MN_TRAIN_TAPS];
        UNROLL for (int t = 0; t < k * k; t++) w[t] = v_load(kernel + t * channels + c);
        for (ptrdiff_t x = 0; x < count; x++) {
            ptrdiff_t at = x * stride * channels + c;
            vec acc[MN_TRAIN_TAPS];
            UNROLL for (int ky = 0; ky < k; ky++) {
                const float *row = in[ky] + at;
                acc[ky] = v_mul(v_load(row), w[k * ky]);
                UNROLL for (int kx = 1; kx < k; kx++) {
                    acc[ky] = v_fma(v_load(row + kx * channels), w[k * ky + kx], acc[ky]);
                }
            }
            UNROLL for (int ky = 1; ky < k; ky++) acc[0] = v_add(acc[0], acc[ky]);
            v_store(out + x * channels + c, acc[0]);
        }
    }
}

TARGET static void depthwise(int k, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t stride, const float *const *in,
                             const float *kernel, float *out) {
    if (k == 3) depthwise_of(3, channels, count, stride, in, kernel, out);
    if (k == 5) depthwise_of(5, channels, count, stride, in, kernel, out);
}

INLINE void input_stride_1(int k, int rows, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t pad, const float *const *dz,
                           const float *const *kernel, float *dx) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        vec w[MN_TRAIN_TAPS * MN_TRAIN_TAPS];
        UNROLL for (int t = 0; t < k * rows; t++) w[t] = v_load(kernel[t / k] + t % k * channels + c);
        for (ptrdiff_t x = 0; x < count; x++) {
            vec acc[MN_TRAIN_TAPS];
            UNROLL for (int i = 0; i < rows; i++) {
                const float *at = dz[i] + (x + pad) * channels + c; /* of tap 0 */
                acc[i] = v_mul(v_load(at), w[k * i]);
                UNROLL for (int kx = 1; kx < k; kx++) {
                    acc[i] = v_fma(v_load(at - kx * channels), w[k * i + kx], acc[i]);
                }
            }
            UNROLL for (int i = 1; i < rows; i++) acc[0] = v_add(acc[0], acc[i]);
            v_store(dx + x * channels + c, acc[0]);
        }
    }
}

/* Columns at an even distance from the first tap's meet the even taps, the others the odd ones. */
INLINE void input_stride_2(int k, int rows, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t pad, const float *const *dz,
                           const float *const *kernel, float *dx) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        vec w[MN_TRAIN_TAPS * MN_TRAIN_TAPS];
        UNROLL for (int t = 0; t < k * rows; t++) w[t] = v_load(kernel[t / k] + t % k * channels + c);
        for (ptrdiff_t x = 0; x < count; x++) {
            ptrdiff_t at = (x + pad) / 2 * channels + c;
            vec sum = v_set(0);
            if ((x + pad) % 2 == 0) {
                UNROLL for (int i = 0; i < rows; i++) {
                    UNROLL for (int kx = 0; kx < k; kx += 2) {
                        sum = v_fma(v_load(dz[i] + at - kx / 2 * channels), w[k * i + kx], sum);
                    }
                }
            } else {
                UNROLL for (int i = 0; i < rows; i++) {
                    UNROLL for (int kx = 1; kx < k; kx += 2) {
                        sum = v_fma(v_load(dz[i] + at - kx / 2 * channels), w[k * i + kx], sum);
                    }
                }
            }
            v_store(dx + x * channels + c, sum);
        }
    }
}

TARGET static void depthwise_input(int k, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t stride, ptrdiff_t pad,
                                   ptrdiff_t rows, const float *const *dz, const float *const *kernel, float *dx) {
#define CASE(way, size, number)                                                                                        \
    if (k == size && rows == number) input_stride_##way(size, number, channels, count, pad, dz, kernel, dx);
    if (rows == 0) {
        for (ptrdiff_t i = 0; i < count * channels; i += LANES) v_store(dx + i, v_set(0));
    } else if (stride == 1) {
        CASE(1, 3, 1) CASE(1, 3, 2) CASE(1, 3, 3) CASE(1, 5, 1) CASE(1, 5, 2) CASE(1, 5, 3) CASE(1, 5, 4) CASE(1, 5, 5)
    } else {
        CASE(2, 3, 1) CASE(2, 3, 2) CASE(2, 5, 1) CASE(2, 5, 2) CASE(2, 5, 3)
    }
#undef CASE
}

INLINE void depthwise_kernel_of(int k, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t stride, const float *const *in,
                                const float *dz, float *gradient) {
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        vec acc[MN_TRAIN_TAPS * MN_TRAIN_TAPS];
        UNROLL for (int t = 0; t < k * k; t++) acc[t] = v_load(gradient + t * channels + c);
        for (ptrdiff_t x = 0; x < count; x++) {
            ptrdiff_t at = x * stride * channels + c;
            vec d = v_load(dz + x * channels + c);
            UNROLL for (int t = 0; t < k * k; t++) {
                acc[t] = v_fma(v_load(in[t / k] + at + t % k * channels), d, acc[t]);
            }
        }
        UNROLL for (int t = 0; t < k * k; t++) v_store(gradient + t * channels + c, acc[t]);
    }
}

TARGET static void depthwise_kernel(int k, ptrdiff_t channels, ptrdiff_t count, ptrdiff_t stride,
                                    const float *const *in, const float *dz, float *gradient) {
    if (k == 3) depthwise_kernel_of(3, channels, count, stride, in, dz, gradient);
    if (k == 5) depthwise_kernel_of(5, channels, count, stride, in, dz, gradient);
}

/* ---- Optimisers -------------------------------------------------------------------------------------- */

TARGET static void rmsprop(const mn_update *u) {
    vec rate = v_set(u->rate), part = v_set(1 - u->decay), momentum = v_set(u->momentum), epsilon = v_set(u->epsilon),
        shrink = v_set(u->weight_decay);
    for (size_t i = 0; i < u->count; i += LANES) {
        vec w = v_load(u->weights + i), g = v_fma(shrink, w, v_load(u->gradient + i));
        vec square = v_load(u->slot[0] + i);
        square = v_fma(v_sub(v_mul(g, g), square), part, square);
        vec step = v_div(v_mul(rate, g), v_sqrt(v_add(square, epsilon)));
        vec moved = v_fma(momentum, v_load(u->slot[1] + i), step);
        v_store(u->slot[0] + i, square);
        v_store(u->slot[1] + i, moved);
        v_store(u->weights + i, v_sub(w, moved));
    }
}

TARGET static void sgd(const mn_update *u) {
    vec rate = v_set(u->rate), momentum = v_set(u->momentum), shrink = v_set(u->weight_decay);
    for (size_t i = 0; i < u->count; i += LANES) {
        vec w = v_load(u->weights + i), g = v_fma(shrink, w, v_load(u->gradient + i));
        vec moved = v_fma(momentum, v_load(u->slot[1] + i), g);
        v_store(u->slot[1] + i, moved);
        v_store(u->weights + i, v_sub(w, v_mul(rate, moved)));
    }
}

TARGET static void adam(const mn_update *u) {
    vec rate = v_set(u->rate), epsilon = v_set(u->epsilon), shrink = v_set(u->weight_decay);
    vec square_part = v_set(1 - u->decay), mean_part = v_set(1 - u->momentum);
    for (size_t i = 0; i < u->count; i += LANES) {
        vec w = v_load(u->weights + i), g = v_fma(shrink, w, v_load(u->gradient + i));
        vec square = v_load(u->slot[0] + i), mean = v_load(u->slot[1] + i);
        square = v_fma(v_sub(v_mul(g, g), square), square_part, square);
        mean = v_fma(v_sub(g, mean), mean_part, mean);
        v_store(u->slot[0] + i, square);
        v_store(u->slot[1] + i, mean);
        v_store(u->weights + i, v_sub(w, v_div(v_mul(rate, mean), v_add(v_sqrt(square), epsilon))));
    }
}

TARGET static void average(size_t count, const float *value, float part, float *mean) {
    vec p = v_set(part);
    for (size_t i = 0; i < count; i += LANES) {
        vec old = v_load(mean + i);
        v_store(mean + i, v_fma(v_sub(v_load(value + i), old), p, old));
    }
}

/* The including file names the table. */
#define MN_TRAIN_TABLE(text)                                                                                           \
    {                                                                                                                  \
        .name = text, .gemm = gemm, .activate = activate, .moments = moments, .gradient_sums = gradient_sums,          \
        .gradient = gradient, .scale = scale, .products = products, .extremes = extremes, .fake = fake, .clip = clip,  \
        .depthwise = depthwise, .depthwise_input = depthwise_input, .depthwise_kernel = depthwise_kernel,              \
        .rmsprop = rmsprop, .sgd = sgd, .adam = adam, .average = average                                               \
    }
