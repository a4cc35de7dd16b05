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
static void multiply_pairs(const int8_t *w0, const int8_t *w1, const int8_t *x0, const int8_t *x1, uint32_t depth,
                           int32_t sums[4]) {
    int32_t s00 = 0, s01 = 0, s10 = 0, s11 = 0;
    const int8_t *const end = x0 + depth;
    while (x0 != end) {
        const int32_t a = *x0++, b = *x1++, v = *w0++, w = *w1++;
        s00 += a * v;
        s01 += a * w;
        s10 += b * v;
        s11 += b * w;
    }
    sums[0] = s00, sums[1] = s01, sums[2] = s10, sums[3] = s11;
}

/* Pixels i and i + 1. Without a second channel the first counts twice. */
static void two_pixels(const mn_mcu_product *p, uint32_t c, const int8_t *w, uint32_t depth, const int8_t *x,
                       int8_t *y) {
    const uint32_t channels = p->channels, next = c + 1 < channels ? 1 : 0;
    int32_t sums[4];
    multiply_pairs(w, w + next * depth, x, x + depth, depth, sums);
    y[c] = mn_mcu_store(p, c, sums[0]);
    y[c + next] = mn_mcu_store(p, c + next, sums[next]);
    y[channels + c] = mn_mcu_store(p, c, sums[2]);
    y[channels + c + next] = mn_mcu_store(p, c + next, sums[2 + next]);
}

/* Four channels of one pixel. */
static void multiply_four(const int8_t *w, const int8_t *x, uint32_t depth, int32_t sums[4]) {
    const int8_t *w1 = w + depth, *w2 = w1 + depth, *w3 = w2 + depth;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (uint32_t k = 0; k < depth; k++) {
        const int32_t a = x[k];
        s0 += a * w[k];
        s1 += a * w1[k];
        s2 += a * w2[k];
        s3 += a * w3[k];
    }
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
                        uint32_t n, int8_t *workspace) {
    const uint32_t channels = p->channels;
    (void)workspace;
    for (uint32_t c = 0; c < channels && n > 1; c += 2) {
        const int8_t *w = weights + (size_t)c * depth;
        for (uint32_t i = 0; i + 1 < n; i += 2) {
            two_pixels(p, c, w, depth, in + (size_t)i * depth, out + (size_t)i * channels);
        }
    }
    if (n % 2 == 1) one_pixel(p, weights, depth, in + (size_t)(n - 1) * depth, out + (size_t)(n - 1) * channels);
}

/* The sum of one output of a depthwise filter: of channel `from` of the pixels under it. */
static int32_t filter(const int8_t *const *at, const mn_mcu_view *view, uint32_t from, const int8_t *w,
                      uint32_t channels) {
    int32_t sum = 0;
    for (uint32_t ky = 0; ky < view->k_h; ky++, at += view->columns) {
        for (uint32_t kx = 0; kx < view->k_w; kx++, w += channels) sum += at[kx][from] * *w;
    }
    return sum;
}

/* Four channels behind each other, so that each address serves four products. */
static void filter_four(const mn_mcu_product *p, const int8_t *const *at, const mn_mcu_view *view, uint32_t c,
                        const int8_t *w, int8_t *out) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (uint32_t ky = 0; ky < view->k_h; ky++, at += view->columns) {
        for (uint32_t kx = 0; kx < view->k_w; kx++, w += p->channels) {
            const int8_t *x = at[kx] + c;
            s0 += x[0] * w[0];
            s1 += x[1] * w[1];
            s2 += x[2] * w[2];
            s3 += x[3] * w[3];
        }
    }
    out[0] = mn_mcu_store(p, c, s0);
    out[1] = mn_mcu_store(p, c + 1, s1);
    out[2] = mn_mcu_store(p, c + 2, s2);
    out[3] = mn_mcu_store(p, c + 3, s3);
}

void mn_mcu_depthwise_c(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view, int8_t *out,
                        uint32_t n) {
    const uint32_t channels = p->channels, each = channels / p->depth; /* of these, channels of the input in turn */
    for (uint32_t i = 0; i < n; i++, out += channels) {
        const int8_t *const *at = view->at + i * view->stride;
        uint32_t c = 0, turn = 0;
        for (; each == 1 && c + 4 <= channels; c += 4) filter_four(p, at, view, c, weights + c, out + c);
        for (uint32_t from = c; c < channels; c++) {
            out[c] = mn_mcu_store(p, c, filter(at, view, from, weights + c, channels));
            if (++turn == each) turn = 0, from++;
        }
    }
}
