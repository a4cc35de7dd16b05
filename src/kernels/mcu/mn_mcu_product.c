/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products with weights, in portable C. */
#include "mn_mcu_kernels.h"

int8_t mn_mcu_store_fine(const mn_mcu_product *p, uint32_t c, int32_t acc) {
    const int32_t enough = 1024; /* what a factor of 1/2 and more takes to either end of a byte */
    int32_t shift = p->shift[c];
    if (shift >= 0) {
        acc = mn_mcu_clamp(acc, -enough, enough) * (int32_t)((uint32_t)2 << shift);
        shift = -1;
    }
    const int32_t n = -shift - 1;
    const int64_t product = (int64_t)acc * p->multiplier[c] + (((int64_t)acc * p->fine[c]) >> 16);
    const int64_t half = (int64_t)((uint32_t)1 << n) << 31;
    const int32_t stored = ((int32_t)((product + half) >> 32) >> n) + p->out_zero;
    return (int8_t)mn_mcu_clamp(stored, p->low, p->high);
}

/* Two channels of two pixels, so that each byte that is read serves two products. */
MN_MCU_INLINE void multiply_pairs(const int8_t *w0, const int8_t *w1, const int8_t *x0, const int8_t *x1,
                                  uint32_t depth, int32_t sums[4]) {
    int32_t s00 = 0, s01 = 0, s10 = 0, s11 = 0;
#define PRODUCTS(at)                                                                                                   \
    do {                                                                                                               \
        const int32_t a = x0[at], b = x1[at], v = w0[at], w = w1[at];                                                  \
        s00 += a * v;                                                                                                  \
        s01 += a * w;                                                                                                  \
        s10 += b * v;                                                                                                  \
        s11 += b * w;                                                                                                  \
    } while (0)
    MN_MCU_EACH(depth, PRODUCTS);
#undef PRODUCTS
    sums[0] = s00, sums[1] = s01, sums[2] = s10, sums[3] = s11;
}

/* All channels of two pixels after two of a tame product, channel by channel. Without a second channel the first counts
 * twice. */
static void by_pairs(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                     uint32_t pairs) {
    const mn_mcu_output o = mn_mcu_output_of(p);
    const uint32_t channels = p->channels;
    for (uint32_t c = 0; c < channels; c += 2) {
        const uint32_t next = c + 1 < channels ? 1 : 0;
        const int8_t *const w = weights + (size_t)c * depth, *x = in;
        int8_t *y = out + c;
        for (uint32_t i = 0; i < pairs; i++, x += 2 * (size_t)depth, y += 2 * (size_t)channels) {
            int32_t sums[4];
            multiply_pairs(w, w + next * depth, x, x + depth, depth, sums);
            mn_mcu_store_two(&o, c, sums[0], sums[2], y, channels);
            mn_mcu_store_two(&o, c + next, sums[next], sums[2 + next], y + next, channels);
        }
    }
}

/* Four channels of one pixel. */
static void multiply_four(const int8_t *w0, const int8_t *x, uint32_t depth, int32_t sums[4]) {
    const int8_t *w1 = w0 + depth, *w2 = w1 + depth, *w3 = w2 + depth;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
#define PRODUCTS(at)                                                                                                   \
    do {                                                                                                               \
        const int32_t a = x[at];                                                                                       \
        s0 += a * w0[at];                                                                                              \
        s1 += a * w1[at];                                                                                              \
        s2 += a * w2[at];                                                                                              \
        s3 += a * w3[at];                                                                                              \
    } while (0)
    MN_MCU_EACH(depth, PRODUCTS);
#undef PRODUCTS
    sums[0] = s0, sums[1] = s1, sums[2] = s2, sums[3] = s3;
}

static void one_pixel(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *x, int8_t *y) {
    uint32_t c = 0;
    for (; c + 4 <= p->channels; c += 4) {
        int32_t sums[4];
        multiply_four(weights + (size_t)c * depth, x, depth, sums);
        for (uint32_t k = 0; k < 4; k++) y[c + k] = mn_mcu_store(p, c + k, sums[k]);
    }
    for (; c < p->channels; c++) {
        const int8_t *w = weights + (size_t)c * depth;
        int32_t sum = 0;
        for (uint32_t k = 0; k < depth; k++) sum += x[k] * w[k];
        y[c] = mn_mcu_store(p, c, sum);
    }
}

void mn_mcu_pointwise_c(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                        /* NOLINTNEXTLINE(readability-non-const-parameter): other tiers write to it */
                        uint32_t n, int8_t *workspace) {
    uint32_t i = p->tame ? n & ~1u : 0;
    (void)workspace;
    if (i > 0) by_pairs(p, weights, depth, in, out, i / 2);
    for (; i < n; i++) one_pixel(p, weights, depth, in + (size_t)i * depth, out + (size_t)i * p->channels);
}

/* ---- Depthwise ------------------------------------------------------------------------------------------- */

/* The sum of one output of a depthwise filter: of channel `from` of the pixels under it. */
static int32_t filter(const int8_t *const *at, const mn_mcu_view *view, uint32_t from, const int8_t *w,
                      uint32_t channels) {
    int32_t sum = 0;
    for (uint32_t ky = 0; ky < view->k_h; ky++) {
        for (uint32_t kx = 0; kx < view->k_w; kx++, w += channels) sum += at[ky * view->columns + kx][from] * *w;
    }
    return sum;
}

/* Four channels behind each other of one pixel or two, so that each address serves four products and each weight two:
 * sums[0 to 3] are of the first pixel. */
MN_MCU_INLINE void filter_four(const mn_mcu_view *view, const int8_t *const *at, int pixels, uint32_t c,
                               const int8_t *w, uint32_t channels, int32_t sums[8]) {
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
#define CHANNEL(k)                                                                                                     \
    do {                                                                                                               \
        const int32_t v = tap[k];                                                                                      \
        a##k += x[k] * v;                                                                                              \
        if (pixels > 1) b##k += y[k] * v;                                                                              \
    } while (0)
#define TAP(kx)                                                                                                        \
    do {                                                                                                               \
        const int8_t *x = row[kx] + c, *y = next[kx] + c;                                                              \
        CHANNEL(0);                                                                                                    \
        CHANNEL(1);                                                                                                    \
        CHANNEL(2);                                                                                                    \
        CHANNEL(3);                                                                                                    \
        tap += channels;                                                                                               \
        MN_MCU_IN_ORDER();                                                                                             \
    } while (0)
    const int8_t *const *row = at;
    const int8_t *tap = w;
    for (uint32_t ky = 0; ky < view->k_h; ky++, row += view->columns) {
        const int8_t *const *const next = pixels > 1 ? row + view->stride : row;
        if (view->k_w == 3) {
            TAP(0);
            TAP(1);
            TAP(2);
            continue;
        }
        for (uint32_t kx = 0; kx < view->k_w; kx++) TAP(kx);
    }
#undef TAP
#undef CHANNEL
    sums[0] = a0, sums[1] = a1, sums[2] = a2, sums[3] = a3;
    sums[4] = b0, sums[5] = b1, sums[6] = b2, sums[7] = b3;
}

/* Channels [0, channels & ~3) of two pixels of a tame product. */
static void filter_pairs(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view,
                         const int8_t *const *at, int8_t *out) {
    const mn_mcu_output o = mn_mcu_output_of(p);
    const uint32_t channels = p->channels;
    for (uint32_t c = 0; c + 4 <= channels; c += 4) {
        int32_t sums[8];
        filter_four(view, at, 2, c, weights + c, channels, sums);
        mn_mcu_store_eight(&o, c, sums, out + c, channels);
    }
}

/* The same channels of one pixel, of any product. */
static void filter_one(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view, const int8_t *const *at,
                       int8_t *out) {
    const uint32_t channels = p->channels;
    for (uint32_t c = 0; c + 4 <= channels; c += 4) {
        int32_t sums[8];
        filter_four(view, at, 1, c, weights + c, channels, sums);
        for (uint32_t k = 0; k < 4; k++) out[c + k] = mn_mcu_store(p, c + k, sums[k]);
    }
}

/* Channels from c on of one pixel. */
static void filter_rest(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view,
                        const int8_t *const *at, uint32_t c, int8_t *out) {
    const uint32_t channels = p->channels, each = channels / p->depth; /* of these, channels of the input in turn */
    for (uint32_t from = c / each, turn = c % each; c < channels; c++) {
        out[c] = mn_mcu_store(p, c, filter(at, view, from, weights + c, channels));
        if (++turn == each) turn = 0, from++;
    }
}

void mn_mcu_depthwise_c(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view, int8_t *out,
                        uint32_t n) {
    const uint32_t channels = p->channels, fours = channels == p->depth ? channels & ~3u : 0;
    const int8_t *const *at = view->at;
    uint32_t i = 0;
    for (; p->tame && fours > 0 && i + 2 <= n; i += 2) {
        filter_pairs(p, weights, view, at + i * view->stride, out + (size_t)i * channels);
    }
    for (; fours > 0 && i < n; i++) {
        filter_one(p, weights, view, at + i * view->stride, out + (size_t)i * channels);
    }
    for (i = 0; fours < channels && i < n; i++) {
        filter_rest(p, weights, view, at + i * view->stride, fours, out + (size_t)i * channels);
    }
}
