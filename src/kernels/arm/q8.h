/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How Arm kernels see 8-bit tensors: all as signed bytes, uint8 flipped by 0x80 on the way in and out. And what becomes
 * of accumulators.
 *
 * The reference rounds twice, halves upward and then away from zero. SQRDMULH is its first rounding, for every
 * accumulator. SRSHL is its second one for values from 0 on, and for negative values less 1. Where results below the
 * zero point are clamped anyway that correction is left out: two instructions for four results, exact without any
 * search, against three or four for a float multiply-add, which is right for most channels only. */
#ifndef MN_KERNELS_ARM_Q8_H
#define MN_KERNELS_ARM_Q8_H

#include "kernels/kernel.h"
#include "kernels/quant.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/neon.h"

#define Q8_INLINE __attribute__((always_inline)) static inline
#define Q8_UNROLL _Pragma("GCC unroll 16")

/** The same pointer. What is read through it is read here and no earlier, and takes no registers before. */
#define mn_arm_later(pointer)                                                                                          \
    __extension__({                                                                                                    \
        __typeof__(pointer) later_ = (pointer);                                                                        \
        __asm__ volatile("" : "+r"(later_));                                                                           \
        later_;                                                                                                        \
    })

/** Channels that are computed together, and vectors of four of them. */
enum { MN_ARM_LANES = 16, MN_ARM_VECTORS = 4 };

/** Most products of an output: what int32_t counts, with room to spare. */
enum { MN_ARM_MAX_DEPTH = 1 << 24 };

typedef struct mn_arm_zeros {
    uint8_t flip;       /* stored byte ^ flip is the byte as seen here, of activations, weights and results */
    int32_t in;         /* zero point of the activations, [-128, 127] */
    int32_t weight;     /* of the weights, [-128, 127] */
    int32_t out;        /* of the results, [-128, 127] */
    mn_range_i32 range; /* clamp of the results, [-128, 127] */
} mn_arm_zeros;

static inline mn_arm_zeros mn_arm_zeros_of(const mn_conv_params *p, mn_type type) {
    const int32_t shift = type == MN_UINT8 ? 128 : 0;
    return (mn_arm_zeros){
        .flip = type == MN_UINT8 ? 0x80 : 0,
        .in = p->in_zero - shift,
        .weight = type == MN_UINT8 ? p->weight_zero - 128 : 0,
        .out = p->out_zero - shift,
        .range = {p->range.min - shift, p->range.max - shift},
    };
}

/** What 16 channels begin and end with. */
typedef struct mn_arm_channels {
    _Alignas(16) int32_t folded_bias[MN_ARM_LANES];
    int32_t multiplier[MN_ARM_LANES];
    int32_t shift[MN_ARM_LANES]; /* [-31, -1] */
    bool fits_16;                /* results, before they are clamped, are known to */
} mn_arm_channels;

/** Can channels [0, count) be requantised here: all with a right shift? */
bool mn_arm_fits(const mn_conv_params *p);

/** Fills the constants of the channels from `first` on, those beyond the last as the last; `sums` are those of the
 * weights of each as seen here, of which there are `depth`. */
void mn_arm_channels_fill(const mn_conv_params *p, const mn_arm_zeros *zeros, int32_t first, const int32_t *bias,
                          int32_t depth, const int32_t *sums, mn_arm_channels *out);

/** Finds out whether results fit 16 bits, from the sums of |weights| of each channel; weights have no zero point. */
void mn_arm_channels_bound(mn_arm_channels *channels, const mn_arm_zeros *zeros, const int32_t *sizes);

/** What all channels have in common. */
typedef struct mn_arm_finish {
    int16_t zero;
    int8_t min, max;
    uint8_t flip;
    bool is_signed; /* results below the zero point matter */
    bool clamps;    /* to less than a byte holds */
} mn_arm_finish;

static inline mn_arm_finish mn_arm_finish_of(const mn_arm_zeros *zeros) {
    return (mn_arm_finish){
        .zero = (int16_t)zeros->out,
        .min = (int8_t)zeros->range.min,
        .max = (int8_t)zeros->range.max,
        .flip = zeros->flip,
        .is_signed = zeros->range.min<zeros->out, .clamps = zeros->range.min> - 128 || zeros->range.max < 127,
    };
}

/** What accumulators become, which some kernels have code of its own for: whatever there is; or, where results fit 16
 * bits and the range is that of bytes, those from the zero point on, which is -128 then, or all. */
typedef enum mn_arm_ending { MN_ARM_ANY, MN_ARM_UNSIGNED, MN_ARM_SIGNED } mn_arm_ending;

static inline mn_arm_ending mn_arm_ending_of(const mn_arm_finish *f, const mn_arm_channels *c) {
    if (f->clamps || !c->fits_16) return MN_ARM_ANY;
    return f->is_signed ? MN_ARM_SIGNED : MN_ARM_UNSIGNED;
}

/** Accumulators rescaled; `shift` at most -1. */
Q8_INLINE int32x4_t mn_arm_rescale(int32x4_t acc, int32x4_t multiplier, int32x4_t shift, bool is_signed) {
    acc = vqrdmulhq_s32(acc, multiplier);
    if (is_signed) acc = vsraq_n_s32(acc, acc, 31);
    return vrshlq_s32(acc, shift);
}

/** Eight rescaled results to bytes, not yet clamped to the range. */
Q8_INLINE int16x8_t mn_arm_to_16(int32x4_t low, int32x4_t high, int16_t zero) {
    return vqaddq_s16(vqmovn_high_s32(vqmovn_s32(low), high), vdupq_n_s16(zero));
}

Q8_INLINE int8x16_t mn_arm_clamp(int8x16_t bytes, const mn_arm_finish *f) {
    return vminq_s8(vmaxq_s8(bytes, vdupq_n_s8(f->min)), vdupq_n_s8(f->max));
}

/** Results of up to 16 channels, `vectors` of four, as bytes within the range, not flipped. */
Q8_INLINE int8x16_t mn_arm_requant(int vectors, const int32x4_t *acc, const mn_arm_channels *c, const mn_arm_finish *f,
                                   bool is_signed) {
    int32x4_t values[MN_ARM_VECTORS];
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        values[v] = mn_arm_rescale(acc[v], vld1q_s32(c->multiplier + v * 4), vld1q_s32(c->shift + v * 4), is_signed);
    }
    const int16x8_t low = mn_arm_to_16(values[0], values[1], f->zero);
    if (vectors == 2) return vcombine_s8(vqmovn_s16(low), vdup_n_s8(0));
    return vqmovn_high_s16(vqmovn_s16(low), mn_arm_to_16(values[2], values[3], f->zero));
}

/** The same of all 16 channels for MN_ARM_UNSIGNED and MN_ARM_SIGNED. */
Q8_INLINE int8x16_t mn_arm_requant_16(const int32x4_t *acc, const mn_arm_channels *c, const mn_arm_finish *f,
                                      bool is_signed) {
    int16x8_t values[MN_ARM_VECTORS];
    Q8_UNROLL for (int v = 0; v < MN_ARM_VECTORS; v++) {
        values[v] = vreinterpretq_s16_s32(
            mn_arm_rescale(acc[v], vld1q_s32(c->multiplier + v * 4), vld1q_s32(c->shift + v * 4), is_signed));
    }
    const int16x8_t low = vuzp1q_s16(values[0], values[1]), high = vuzp1q_s16(values[2], values[3]);
    if (is_signed) {
        const int16x8_t zero = vdupq_n_s16(f->zero);
        return vqmovn_high_s16(vqmovn_s16(vaddq_s16(low, zero)), vaddq_s16(high, zero));
    }
    const uint8x16_t bytes = vqmovun_high_s16(vqmovun_s16(low), high);
    return vreinterpretq_s8_u8(veorq_u8(bytes, vreinterpretq_u8_s8(vdupq_n_s8(f->min))));
}

/** Stores the first `count` of 16 bytes. */
Q8_INLINE void mn_arm_store(uint8_t *to, uint8x16_t bytes, int32_t count) {
    if (count >= MN_ARM_LANES) {
        vst1q_u8(to, bytes);
        return;
    }
    uint8_t copy[MN_ARM_LANES];
    if (count == MN_ARM_LANES / 2) {
        vst1_u8(to, vget_low_u8(bytes));
        return;
    }
    vst1q_u8(copy, bytes);
    for (int32_t i = 0; i < count; i++) to[i] = copy[i];
}

#endif
#endif
