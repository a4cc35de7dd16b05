/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/wasm/q8.h"

#ifdef MN_CPU_SIMD128_COMPILES

#include "base/checked.h"

bool mn_wasm_fits(const int32_t *shift, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (shift[i] > 0) return false;
    }
    return true;
}

/* Doubles hold twice the numerator, accumulator * multiplier and less than 2^31 more, while it is below 2^52. So it is
 * for all accumulators, none of which is beyond `reach`; or, as a result is the numerator over 2^(31 + right), for all
 * those whose results can be within 255 of the zero point: larger ones are clamped. Without a shift the sum with the
 * zero point may wrap. */
static bool is_bounded(int64_t reach, int32_t multiplier, int32_t right) {
    const int64_t most = (INT64_C(1) << 52) - (INT64_C(1) << 31);
    return (right >= 1 && right <= 13) || reach < most / mn_max_i32(multiplier, 1);
}

/* What mn_wasm_round_2() computes, less the zero point. */
static double in_doubles(const mn_wasm_channels *c, int32_t lane, int32_t acc) {
    const double y = acc * c->scale[lane];
    return y + (y < 0 ? c->offset[lane] - c->less[lane] : c->offset[lane]) + 0x1.8p52 - 0x1.8p52;
}

/* Both ways of requantising rise with the accumulator, so they agree on all if they agree on both sides of each
 * threshold, the first accumulator with a result. Shifts are below -13. */
static bool agrees(const mn_wasm_channels *c, int32_t lane) {
    for (int32_t result = -255; result <= 256; result++) {
        const double about = floor((result - 0.5) / c->scale[lane]) - 2;
        if (!(about > -0x1p31 && about < 0x1p31 - 8)) continue;
        int32_t first = (int32_t)about;
        while (mn_requantize(first, c->multiplier[lane], c->shift[lane]) < result) first++;
        if (in_doubles(c, lane, first) < result || in_doubles(c, lane, first - 1) >= result) return false;
    }
    return true;
}

static void fill_lane(const mn_conv_params *p, int32_t channel, int64_t reach, int32_t lane, mn_wasm_channels *out) {
    const int32_t multiplier = p->multiplier[channel], right = -p->shift[channel];
    const double unit = ldexp(1, -31 - right);
    /* The two roundings of docs/numerics.md as one; half a unit more, so that nothing is half-way between integers. */
    out->scale[lane] = multiplier * unit;
    out->offset[lane] = (right > 0 ? 0x1p30 : 0) * unit + unit / 2;
    out->less[lane] = right > 0 ? 0x1p31 * unit : 0;
    out->multiplier[lane] = multiplier;
    out->shift[lane] = -right;
    if (!is_bounded(reach, multiplier, right) && !(right > 13 && agrees(out, lane))) out->is_exact = 0;
}

void mn_wasm_channels_fill(const mn_conv_params *p, const mn_wasm_zeros *zeros, int32_t first, const int32_t *bias,
                           int32_t depth, const mn_wasm_sums *sums, mn_wasm_channels *out) {
    /* An activation is at most so far from its zero point. */
    const int64_t far = mn_max_i32(zeros->in - zeros->least, zeros->least + 255 - zeros->in);
    out->is_exact = 1;
    for (int32_t lane = 0; lane < MN_WASM_LANES; lane++) {
        const int32_t channel = mn_min_i32(first + lane, p->window.out_c - 1);
        const int64_t begin = bias ? bias[channel] : 0;
        const int64_t zero_points = (int64_t)zeros->in * ((int64_t)depth * zeros->weight - sums->all[lane]);
        out->folded_bias[lane] = (int32_t)(begin + zero_points);
        fill_lane(p, channel, (begin < 0 ? -begin : begin) + far * sums->sizes[lane], lane, out);
    }
}

void mn_wasm_requant_exact(const mn_wasm_channels *c, int32_t zero, v128_t acc[MN_WASM_VECTORS]) {
    int32_t lanes[MN_WASM_LANES];
    for (int v = 0; v < MN_WASM_VECTORS; v++) wasm_v128_store(lanes + 4 * v, acc[v]);
    for (int i = 0; i < MN_WASM_LANES; i++) {
        lanes[i] = mn_wrap_add(mn_requantize(lanes[i], c->multiplier[i], c->shift[i]), zero);
    }
    for (int v = 0; v < MN_WASM_VECTORS; v++) acc[v] = wasm_v128_load(lanes + 4 * v);
}

#endif
