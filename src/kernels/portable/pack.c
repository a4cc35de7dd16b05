/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/portable/pack.h"

#include "base/checked.h"
#include "kernels/ref/ref.h"

#include <string.h>

/* Four floats that any target's compiler keeps in a register: a GNU C vector, understood by gcc and clang. Loops over
 * plain arrays are only found by one of the two. */
typedef float lanes __attribute__((vector_size(16)));
enum { LANES = 4, PANEL_LANES = MN_PANEL / LANES };

const mn_packed_layout mn_panels_layout = {.type = MN_FLOAT32, .channels = MN_PANEL, .products = 1};

void mn_panel_multiply(const float *const in[MN_PAIR], const mn_runs *runs, const float *panel,
                       float out[MN_PAIR][MN_PANEL]) {
    lanes acc[MN_PAIR][PANEL_LANES] = {0};
    for (int32_t row = 0; row < runs->rows; row++) {
        const ptrdiff_t place = row * runs->in_row - (row >= runs->wrap ? runs->back : 0);
        for (int32_t col = 0; col < runs->cols; col++) {
            const float *a = in[0] + place + col * runs->in_col;
            const float *b = in[1] + place + col * runs->in_col;
            const float *w = panel + (row * runs->k_row + col * runs->k_col) * MN_PANEL;
            for (int32_t i = 0; i < runs->length; i++, w += MN_PANEL) {
                lanes x = {a[i], a[i], a[i], a[i]}, y = {b[i], b[i], b[i], b[i]};
                for (int32_t j = 0; j < PANEL_LANES; j++) {
                    lanes v;
                    memcpy(&v, w + j * LANES, sizeof v);
                    acc[0][j] += x * v;
                    acc[1][j] += y * v;
                }
            }
        }
    }
    memcpy(out, acc, sizeof acc);
}

static inline float finish(float acc, float bias, mn_range_f32 range) { return mn_clamp_f32(acc + bias, range); }

void mn_panel_finish(const float acc[MN_PANEL], const float *bias, mn_range_f32 range, int32_t count, float *out) {
    static const float none[MN_PANEL];
    if (bias == NULL) bias = none;
    if (count == MN_PANEL) {
        for (int32_t i = 0; i < MN_PANEL; i++) out[i] = finish(acc[i], bias[i], range);
    } else {
        for (int32_t i = 0; i < count; i++) out[i] = finish(acc[i], bias[i], range);
    }
}

int32_t mn_rows_depth(int64_t k) { return (int32_t)mn_round_up((size_t)k, 8); }

/* Rows of one group of products. */
static mn_packed_layout rows_layout(int64_t k, int32_t zero) {
    return (mn_packed_layout){.type = MN_INT16, .channels = MN_BLOCK, .products = mn_rows_depth(k), .offset = -zero};
}

bool mn_rows_bytes(int32_t out_c, int64_t k, size_t *out) {
    if (k > MN_SUM_MAX) return false;
    const mn_packed_layout layout = rows_layout(k, 0);
    return mn_packed_bytes(&layout, out_c, k, out);
}

void mn_rows_pack(const void *weights, mn_type type, int32_t zero, int32_t out_c, int64_t k, int16_t *packed) {
    const mn_raw_weights raw = mn_raw_rows(weights, type, out_c, k);
    const mn_packed_layout layout = rows_layout(k, zero);
    mn_packed_write(&raw, &layout, packed);
}

static mn_packed_layout taps_layout(int32_t channels, int32_t zero) {
    return (mn_packed_layout){.type = MN_INT16, .channels = channels, .products = 1, .offset = -zero};
}

bool mn_taps_bytes(int32_t channels, int64_t taps, size_t *out) {
    if (taps > MN_SUM_MAX) return false;
    const mn_packed_layout layout = taps_layout(channels, 0);
    return mn_packed_bytes(&layout, channels, taps, out);
}

void mn_taps_pack(const void *weights, mn_type type, int32_t zero, int32_t channels, int64_t taps, int16_t *packed) {
    const mn_raw_weights raw = mn_raw_taps(weights, type, channels, taps);
    const mn_packed_layout layout = taps_layout(channels, zero);
    mn_packed_write(&raw, &layout, packed);
}

void mn_widen(const void *in, int32_t sign, int32_t zero, ptrdiff_t count, int16_t *out) {
    const uint8_t *from = in;
    for (ptrdiff_t i = 0; i < count; i++) out[i] = (int16_t)(mn_stored(from[i], sign) - zero);
}

/* The shape that compilers turn into pairwise multiply-adds of int16 (PMADDWD, SMLAL). */
void mn_rows_multiply(const int16_t *const in[MN_PAIR], const int16_t *rows, int32_t depth,
                      int32_t *const acc[MN_PAIR]) {
    const int16_t *restrict a = in[0], *restrict b = in[1];
    const int16_t *restrict w0 = rows, *restrict w1 = w0 + depth, *restrict w2 = w1 + depth, *restrict w3 = w2 + depth;
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
    for (int32_t i = 0; i < depth; i++) {
        a0 += a[i] * w0[i], a1 += a[i] * w1[i], a2 += a[i] * w2[i], a3 += a[i] * w3[i];
        b0 += b[i] * w0[i], b1 += b[i] * w1[i], b2 += b[i] * w2[i], b3 += b[i] * w3[i];
    }
    memcpy(acc[0], (int32_t[]){a0, a1, a2, a3}, MN_BLOCK * sizeof *acc[0]);
    memcpy(acc[1], (int32_t[]){b0, b1, b2, b3}, MN_BLOCK * sizeof *acc[1]);
}

/* mn_requantize with both of its roundings in one shift: floors nest, floor((floor(x) + k) / 2^n) = floor((x + k) /
 * 2^n) for an integer k. Taking the sign from `acc` instead of the rounded product changes nothing: they differ only
 * where the product rounds to 0, and then both give 0. Needs multiplier >= 0. */
static inline int32_t requantize(int32_t acc, int32_t multiplier, int32_t shift) {
    if (shift >= 0) return mn_requantize(acc, multiplier, shift);
    int32_t bits = 31 - shift;
    int64_t one_if_negative = (uint32_t)acc & UINT32_C(0x80000000); /* in units of 2^-31, as the product */
    int64_t rounding = (INT64_C(1) << 30) + (INT64_C(1) << (bits - 1)) - one_if_negative;
    return (int32_t)(((int64_t)acc * multiplier + rounding) >> bits);
}

void mn_acc_finish(const mn_conv_params *p, const int32_t *bias, int32_t *restrict acc, uint8_t *restrict out) {
    const int32_t *multiplier = p->multiplier, *shift = p->shift;
    const int32_t count = p->window.out_c, zero = p->out_zero, low = p->range.min, high = p->range.max;
    for (int32_t i = 0; i < count; i++) {
        const int32_t whole = bias == NULL ? acc[i] : mn_wrap_add(acc[i], bias[i]);
        acc[i] = requantize(whole, multiplier[i], shift[i]);
    }
    /* Apart from the loop above, for compilers to clamp without branches, which would be mispredicted. */
    for (int32_t i = 0; i < count; i++) out[i] = (uint8_t)mn_clamp_i32(mn_wrap_add(acc[i], zero), low, high);
}
