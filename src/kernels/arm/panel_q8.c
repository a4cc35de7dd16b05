/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/arm/panel_q8.h"

#ifdef MN_CPU_NEON_COMPILES

#include <stdlib.h>
#include <string.h>

#include "kernels/packed.h"

enum { LANES = MN_ARM_LANES, PAIR = 2, MATRIX = 8, CHAIN_SUM = 255 };

mn_arm_panels mn_arm_panels_of(int32_t channels, int32_t depth, int32_t products) {
    const size_t groups = (size_t)((depth + products - 1) / products);
    mn_arm_panels l = {.count = (channels + LANES - 1) / LANES, .split = products == MATRIX ? 2 : 1};
    l.chains_at = (size_t)l.count * (size_t)l.split * sizeof(mn_arm_channels);
    l.chains_step = products == PAIR ? groups * PAIR / MN_ARM_CHAINED : 0;
    l.weights_at = mn_round_up(l.chains_at + (size_t)l.count * l.chains_step, 64);
    l.weights_step = groups * (size_t)products * LANES;
    l.bytes = l.weights_at + (size_t)l.count * l.weights_step;
    return l;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static int32_t sum_weights(const uint8_t *weights, int32_t depth, uint8_t flip) {
    int32x4_t total = vdupq_n_s32(0);
    int32_t i = 0;
    for (; i + 16 <= depth; i += 16) {
        const int8x16_t some = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(weights + i), vdupq_n_u8(flip)));
        total = vpadalq_s16(total, vpaddlq_s8(some));
    }
    int32_t sum = vaddvq_s32(total);
    for (; i < depth; i++) sum += (int8_t)(weights[i] ^ flip);
    return sum;
}

static int32_t sum_sizes(const uint8_t *weights, int32_t depth, uint8_t flip) {
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; i++) sum += abs((int8_t)(weights[i] ^ flip));
    return sum;
}

/* ---- Orders --------------------------------------------------------------------------------------------- */

/* Two activations for four channels, twice. */
#define TWO_PAIRS(a, b, c, d) a, b, a, b, a, b, a, b, c, d, c, d, c, d, c, d

/* The first sum's four activations, then the second's. */
#define ORDER(a, b, c, d, e, f, g, h)                                                                                  \
    { TWO_PAIRS(a, e, b, f), TWO_PAIRS(c, g, d, h) }

/* clang-format off */
const int8_t mn_arm_orders[MN_ARM_CHAINS][32] = {
    ORDER(0, 2, 4, 6, 1, 3, 5, 7), ORDER(0, 1, 2, 3, 4, 5, 6, 7), ORDER(0, 1, 2, 4, 3, 5, 6, 7),
    ORDER(0, 1, 2, 5, 3, 4, 6, 7), ORDER(0, 1, 2, 6, 3, 4, 5, 7), ORDER(0, 1, 2, 7, 3, 4, 5, 6),
    ORDER(0, 1, 3, 4, 2, 5, 6, 7), ORDER(0, 1, 3, 5, 2, 4, 6, 7), ORDER(0, 1, 3, 6, 2, 4, 5, 7),
    ORDER(0, 1, 3, 7, 2, 4, 5, 6), ORDER(0, 1, 4, 5, 2, 3, 6, 7), ORDER(0, 1, 4, 6, 2, 3, 5, 7),
    ORDER(0, 1, 4, 7, 2, 3, 5, 6), ORDER(0, 1, 5, 6, 2, 3, 4, 7), ORDER(0, 1, 5, 7, 2, 3, 4, 6),
    ORDER(0, 1, 6, 7, 2, 3, 4, 5), ORDER(0, 2, 3, 4, 1, 5, 6, 7), ORDER(0, 2, 3, 5, 1, 4, 6, 7),
    ORDER(0, 2, 3, 6, 1, 4, 5, 7), ORDER(0, 2, 3, 7, 1, 4, 5, 6), ORDER(0, 2, 4, 5, 1, 3, 6, 7),
    ORDER(0, 2, 4, 7, 1, 3, 5, 6), ORDER(0, 2, 5, 6, 1, 3, 4, 7), ORDER(0, 2, 5, 7, 1, 3, 4, 6),
    ORDER(0, 2, 6, 7, 1, 3, 4, 5), ORDER(0, 3, 4, 5, 1, 2, 6, 7), ORDER(0, 3, 4, 6, 1, 2, 5, 7),
    ORDER(0, 3, 4, 7, 1, 2, 5, 6), ORDER(0, 3, 5, 6, 1, 2, 4, 7), ORDER(0, 3, 5, 7, 1, 2, 4, 6),
    ORDER(0, 3, 6, 7, 1, 2, 4, 5), ORDER(0, 4, 5, 6, 1, 2, 3, 7), ORDER(0, 4, 5, 7, 1, 2, 3, 6),
    ORDER(0, 4, 6, 7, 1, 2, 3, 5), ORDER(0, 5, 6, 7, 1, 2, 3, 4), ORDER(0, 2, 4, 6, 1, 3, 5, 7),
    ORDER(0, 2, 4, 6, 1, 3, 5, 7),
};
/* clang-format on */

/* Where in an order the activation of a pair is that goes to the first or the second sum. */
static int32_t place_of(int32_t pair, int32_t sum) { return pair * LANES / 2 + sum; }

/* Do the |weights| of each channel, of `count` pairs from `first` on, leave room in 16 bits? */
static bool fits(const uint8_t sizes[MN_ARM_CHAINED][LANES], const int8_t *order, int32_t first, int32_t count) {
    uint16x8_t most = vdupq_n_u16(0);
    for (int32_t sum = 0; sum < PAIR; sum++) {
        uint16x8_t low = vdupq_n_u16(0), high = low;
        for (int32_t i = first; i < first + count; i++) {
            const uint8_t *some = sizes[order[place_of(i, sum)]];
            low = vaddw_u8(low, vld1_u8(some)), high = vaddw_u8(high, vld1_u8(some + 8));
        }
        most = vmaxq_u16(most, vmaxq_u16(low, high));
    }
    const uint64x2_t over = vreinterpretq_u64_u16(vcgtq_u16(most, vdupq_n_u16(CHAIN_SUM)));
    return (vgetq_lane_u64(over, 0) | vgetq_lane_u64(over, 1)) == 0;
}

static uint8_t chain_of(const uint8_t sizes[MN_ARM_CHAINED][LANES]) {
    for (uint8_t chain = 0; chain < MN_ARM_CHAIN_2; chain++) {
        if (fits(sizes, mn_arm_orders[chain], 0, 4)) return chain;
    }
    const int8_t *order = mn_arm_orders[MN_ARM_CHAIN_2];
    return fits(sizes, order, 0, 2) && fits(sizes, order, 2, 2) ? MN_ARM_CHAIN_2 : MN_ARM_CHAIN_1;
}

/* A block from [4 pairs][16 channels][2] to its own order, which is returned. */
static uint8_t arrange_block(int8_t *weights) {
    enum { PAIRS = MN_ARM_CHAINED / PAIR, STEP = LANES * PAIR };
    int8_t natural[MN_ARM_CHAINED][LANES], mixed[STEP];
    uint8_t sizes[MN_ARM_CHAINED][LANES];
    for (int32_t i = 0; i < MN_ARM_CHAINED; i++) {
        const int8x16_t w = vld2q_s8(weights + i / PAIR * STEP).val[i % PAIR];
        vst1q_s8(natural[i], w);
        vst1q_u8(sizes[i], vreinterpretq_u8_s8(vabsq_s8(w)));
    }
    const uint8_t chain = chain_of(sizes);
    const int8_t *order = mn_arm_orders[chain];
    for (int32_t i = 0; i < PAIRS; i++) {
        const int8_t *first = natural[order[place_of(i, 0)]], *second = natural[order[place_of(i, 1)]];
        const int8x16x2_t two = {{vld1q_s8(first), vld1q_s8(second)}};
        vst2q_s8(mixed, two);
        for (int32_t v = 0; v < MN_ARM_VECTORS; v++) memcpy(weights + v * STEP + i * 8, mixed + v * 8, 8);
    }
    return chain;
}

static void arrange_blocks(const mn_arm_panels *l, char *packed) {
    for (int32_t i = 0; i < l->count; i++) {
        int8_t *weights = (int8_t *)packed + l->weights_at + (size_t)i * l->weights_step;
        uint8_t *chains = (uint8_t *)packed + l->chains_at + (size_t)i * l->chains_step;
        for (size_t b = 0; b < l->chains_step; b++) chains[b] = arrange_block(weights + b * MN_ARM_CHAINED * LANES);
    }
}

/* Channels `first` and the next of each four, twice. */
static void take_pairs(const mn_arm_channels *from, int32_t first, mn_arm_channels *to) {
    to->fits_16 = from->fits_16;
    for (int32_t i = 0; i < LANES; i++) {
        const int32_t c = i / 4 * 4 + first + i % 2;
        to->folded_bias[i] = from->folded_bias[c];
        to->multiplier[i] = from->multiplier[c];
        to->shift[i] = from->shift[c];
    }
}

void mn_arm_channels_of(const mn_conv_params *p, mn_type type, const void *const *constants, int32_t depth,
                        int32_t first, mn_arm_channels *out) {
    const mn_arm_zeros zeros = mn_arm_zeros_of(p, type);
    int32_t sums[LANES], sizes[LANES];
    for (int32_t c = 0; c < LANES; c++) {
        const int32_t channel = mn_min_i32(first + c, p->window.out_c - 1);
        const uint8_t *weights = (const uint8_t *)constants[1] + (ptrdiff_t)channel * depth;
        sums[c] = sum_weights(weights, depth, zeros.flip);
        sizes[c] = sum_sizes(weights, depth, zeros.flip);
    }
    mn_arm_channels_fill(p, &zeros, first, constants[2], depth, sums, out);
    mn_arm_channels_bound(out, &zeros, sizes);
}

void mn_arm_panels_pack(const mn_conv_params *p, mn_type type, const void *const *constants, int32_t depth,
                        int32_t products, void *packed) {
    const mn_arm_panels l = mn_arm_panels_of(p->window.out_c, depth, products);
    const mn_arm_zeros zeros = mn_arm_zeros_of(p, type);
    const mn_raw_weights raw = mn_raw_rows(constants[1], type, p->window.out_c, depth);
    const mn_packed_layout layout = {
        .type = type, .channels = LANES, .products = products, .offset = zeros.flip ? -128 : 0, .padding = 0};
    mn_packed_write(&raw, &layout, (char *)packed + l.weights_at);
    arrange_blocks(&l, packed);
    for (int32_t i = 0; i < l.count; i++) {
        mn_arm_channels channels, *to = (mn_arm_channels *)packed + (ptrdiff_t)i * l.split;
        mn_arm_channels_of(p, type, constants, depth, i * LANES, &channels);
        if (l.split == 1) {
            *to = channels;
        } else {
            take_pairs(&channels, 0, &to[0]);
            take_pairs(&channels, 2, &to[1]);
        }
    }
}

/* Constant `rows`, 1 or 4, lets sums stay in registers; returns them in as many lanes. */
Q8_INLINE int32x4_t sum_bytes(int rows, const int8_t *from, ptrdiff_t step, int32_t depth) {
    int32x4_t total[4];
    int32_t k = 0;
    Q8_UNROLL for (int r = 0; r < 4; r++) total[r] = vdupq_n_s32(0);
    for (; k + 16 <= depth; k += 16) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            total[r] = vpadalq_s16(total[r], vpaddlq_s8(vld1q_s8(from + r * step + k)));
        }
    }
    for (; k + 8 <= depth; k += 8) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            total[r] = vaddw_s16(total[r], vpaddl_s8(vld1_s8(from + r * step + k)));
        }
    }
    for (; k < depth; k++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            total[r] = vaddq_s32(total[r], vsetq_lane_s32(from[r * step + k], vdupq_n_s32(0), 0));
        }
    }
    return vpaddq_s32(vpaddq_s32(total[0], total[1]), vpaddq_s32(total[2], total[3]));
}

void mn_arm_sum_rows(const int8_t *rows, ptrdiff_t step, int32_t depth, int32_t count, int32_t *sums) {
    int32_t r = 0;
    for (; r + 4 <= count; r += 4) vst1q_s32(sums + r, sum_bytes(4, rows + r * step, step, depth));
    for (; r < count; r++) sums[r] = vgetq_lane_s32(sum_bytes(1, rows + r * step, step, depth), 0);
}

#endif
