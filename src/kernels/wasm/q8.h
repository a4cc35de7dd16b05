/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How the kernels for WebAssembly see 8-bit tensors: activations with their own sign, widened to 16 bits when they are
 * loaded; weights and results as signed bytes, those of uint8 less 128. And what becomes of accumulators.
 *
 * Requantisation is done in doubles, which is exact (docs/numerics.md): WebAssembly has neither a rounding high
 * multiply nor shifts of each lane by its own distance, and no fused multiply-add whose rounding is told. */
#ifndef MN_KERNELS_WASM_Q8_H
#define MN_KERNELS_WASM_Q8_H

#include "kernels/kernel.h"
#include "kernels/quant.h"

#ifdef MN_CPU_SIMD128_COMPILES

#include <string.h>
#include <wasm_simd128.h>

#define Q8_INLINE __attribute__((always_inline)) static inline
#define Q8_UNROLL _Pragma("GCC unroll 16")

/** Channels that are computed together, and vectors of four accumulators. */
enum { MN_WASM_LANES = 8, MN_WASM_VECTORS = 2 };

/** Longest sum: 2^14 products below 2^16 stay inside int32. */
enum { MN_WASM_MAX_DEPTH = 1 << 14 };

typedef struct mn_wasm_zeros {
    uint8_t flip;       /* stored byte ^ flip is the byte as seen here, of weights and results */
    int32_t in;         /* zero point of the activations, as stored */
    int32_t least;      /* the least of them */
    int32_t weight;     /* of the weights, [-128, 127] */
    int32_t out;        /* of the results, [-128, 127] */
    mn_range_i32 range; /* clamp of the results, [-128, 127] */
} mn_wasm_zeros;

static inline mn_wasm_zeros mn_wasm_zeros_of(const mn_conv_params *p, mn_type type) {
    const int32_t shift = type == MN_UINT8 ? 128 : 0;
    return (mn_wasm_zeros){
        .flip = (uint8_t)shift,
        .in = p->in_zero,
        .least = type == MN_UINT8 ? 0 : -128,
        .weight = type == MN_UINT8 ? p->weight_zero - 128 : 0,
        .out = p->out_zero - shift,
        .range = {p->range.min - shift, p->range.max - shift},
    };
}

/** What 8 channels begin and end with. With y = accumulator * scale, the result is y + offset, less `less` where y is
 *  negative, rounded to the nearest integer. */
typedef struct mn_wasm_channels {
    _Alignas(16) int32_t folded_bias[MN_WASM_LANES];
    double scale[MN_WASM_LANES], offset[MN_WASM_LANES], less[MN_WASM_LANES];
    int32_t is_exact; /* doubles hold all of it: else mn_store_i32() for each */
    int32_t multiplier[MN_WASM_LANES], shift[MN_WASM_LANES];
} mn_wasm_channels;

/** Can channels [0, count) be requantised here: no left shifts? */
bool mn_wasm_fits(const int32_t *shift, int32_t count);

/** Of each channel's weights as seen here: their sum, and that of their distances from the zero point. */
typedef struct mn_wasm_sums {
    int32_t all[MN_WASM_LANES], sizes[MN_WASM_LANES];
} mn_wasm_sums;

/** Counts a weight. */
static inline void mn_wasm_sum(mn_wasm_sums *sums, const mn_wasm_zeros *zeros, int32_t lane, int32_t weight) {
    const int32_t centred = weight - zeros->weight;
    sums->all[lane] += weight;
    sums->sizes[lane] += centred < 0 ? -centred : centred;
}

/** Fills the constants of the channels from `first` on, those beyond the last of `p` as the last; each has `depth`
 * weights. */
void mn_wasm_channels_fill(const mn_conv_params *p, const mn_wasm_zeros *zeros, int32_t first, const int32_t *bias,
                           int32_t depth, const mn_wasm_sums *sums, mn_wasm_channels *out);

/** What all channels have in common. */
typedef struct mn_wasm_finish {
    v128_t round; /* 1.5 * 2^52, which leaves integers in the lower half of a double, and the zero point */
    v128_t min, max, flip;
    int32_t zero;
    mn_range_i32 range;
    bool is_signed; /* results of negative accumulators matter */
} mn_wasm_finish;

static inline mn_wasm_finish mn_wasm_finish_of(const mn_wasm_zeros *zeros) {
    return (mn_wasm_finish){
        .round = wasm_f64x2_splat(0x1.8p52 + zeros->out),
        .min = wasm_i8x16_splat((int8_t)zeros->range.min),
        .max = wasm_i8x16_splat((int8_t)zeros->range.max),
        .flip = wasm_i8x16_splat((int8_t)zeros->flip),
        .zero = zeros->out,
        .range = zeros->range,
        .is_signed = zeros->range.min < zeros->out,
    };
}

/** Constants of doubles, two channels each, as kernels keep them while a row is computed. */
typedef struct mn_wasm_doubles {
    v128_t scale[MN_WASM_LANES / 2], offset[MN_WASM_LANES / 2], less[MN_WASM_LANES / 2];
} mn_wasm_doubles;

Q8_INLINE mn_wasm_doubles mn_wasm_doubles_of(const mn_wasm_channels *c) {
    mn_wasm_doubles d;
    Q8_UNROLL for (int i = 0; i < MN_WASM_LANES / 2; i++) {
        d.scale[i] = wasm_v128_load(c->scale + 2 * i);
        d.offset[i] = wasm_v128_load(c->offset + 2 * i);
        d.less[i] = wasm_v128_load(c->less + 2 * i);
    }
    return d;
}

/** Of pair `i` of channels, the first two accumulators. */
Q8_INLINE v128_t mn_wasm_round_2(v128_t acc, const mn_wasm_doubles *d, int i, v128_t round, bool is_signed) {
    const v128_t y = wasm_f64x2_mul(wasm_f64x2_convert_low_i32x4(acc), d->scale[i]);
    v128_t offset = d->offset[i];
    if (is_signed) {
        const v128_t negative = wasm_f64x2_lt(y, wasm_f64x2_const_splat(0));
        offset = wasm_f64x2_sub(offset, wasm_v128_and(negative, d->less[i]));
    }
    return wasm_f64x2_add(wasm_f64x2_add(y, offset), round);
}

/** Results of vector `v` of channels, not yet clamped. */
Q8_INLINE v128_t mn_wasm_requant_4(v128_t acc, const mn_wasm_doubles *d, int v, v128_t round, bool is_signed) {
    const v128_t low = mn_wasm_round_2(acc, d, 2 * v, round, is_signed);
    const v128_t high = mn_wasm_round_2(wasm_i32x4_shuffle(acc, acc, 2, 3, 2, 3), d, 2 * v + 1, round, is_signed);
    return wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
}

/** The same of both vectors by the reference's arithmetic. */
void mn_wasm_requant_exact(const mn_wasm_channels *c, int32_t zero, v128_t acc[MN_WASM_VECTORS]);

/** What accumulators become, which some kernels have code of its own for: whatever there is, or results of doubles of
 * which negative ones are clamped. */
typedef enum mn_wasm_ending { MN_WASM_ANY, MN_WASM_UNSIGNED } mn_wasm_ending;

static inline mn_wasm_ending mn_wasm_ending_of(const mn_wasm_finish *f, const mn_wasm_channels *c) {
    return c->is_exact && !f->is_signed ? MN_WASM_UNSIGNED : MN_WASM_ANY;
}

/** Eight results as 16-bit numbers, not yet clamped to the range; `d` is of the same channels as `c`. */
Q8_INLINE v128_t mn_wasm_requant_8(const v128_t acc[MN_WASM_VECTORS], const mn_wasm_channels *c,
                                   const mn_wasm_doubles *d, const mn_wasm_finish *f, mn_wasm_ending ending) {
    v128_t values[MN_WASM_VECTORS];
    if (ending == MN_WASM_UNSIGNED) {
        Q8_UNROLL for (int v = 0; v < MN_WASM_VECTORS; v++) {
            values[v] = mn_wasm_requant_4(acc[v], d, v, f->round, false);
        }
    } else if (c->is_exact) {
        Q8_UNROLL for (int v = 0; v < MN_WASM_VECTORS; v++) {
            values[v] = mn_wasm_requant_4(acc[v], d, v, f->round, true);
        }
    } else {
        values[0] = acc[0], values[1] = acc[1];
        mn_wasm_requant_exact(c, f->zero, values);
    }
    return wasm_i16x8_narrow_i32x4(values[0], values[1]);
}

/** Two of those as stored bytes. */
Q8_INLINE v128_t mn_wasm_stored(v128_t first, v128_t second, const mn_wasm_finish *f) {
    const v128_t bytes = wasm_i8x16_narrow_i16x8(first, second);
    return wasm_v128_xor(wasm_i8x16_min(wasm_i8x16_max(bytes, f->min), f->max), f->flip);
}

/** Stores the first `count` bytes of the lower or upper half. */
Q8_INLINE void mn_wasm_store(uint8_t *to, v128_t bytes, int half, int32_t count) {
    if (count >= MN_WASM_LANES) {
        if (half == 0) wasm_v128_store64_lane(to, bytes, 0);
        if (half == 1) wasm_v128_store64_lane(to, bytes, 1);
        return;
    }
    uint8_t copy[16];
    wasm_v128_store(copy, bytes);
    memcpy(to, copy + half * MN_WASM_LANES, (size_t)count);
}

/** Eight stored activations, widened. */
Q8_INLINE v128_t mn_wasm_widen(const uint8_t *from, mn_type type) {
    return type == MN_INT8 ? wasm_i16x8_load8x8(from) : wasm_u16x8_load8x8(from);
}

#endif
#endif
