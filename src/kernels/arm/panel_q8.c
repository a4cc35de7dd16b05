/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/arm/panel_q8.h"

#ifdef MN_CPU_NEON_COMPILES

#include <stdlib.h>

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

/* Sizes of 8 weights, and of those `step` further on, added. */
static uint16x8_t sizes_of(const int8_t *weights, int32_t step) {
    const uint8x8_t first = vreinterpret_u8_s8(vabs_s8(vld1_s8(weights)));
    return vaddl_u8(first, vreinterpret_u8_s8(vabs_s8(vld1_s8(weights + step))));
}

static bool exceeds(uint16x8_t sums) {
    const uint16x8_t over = vcgtq_u16(sums, vdupq_n_u16(CHAIN_SUM));
    const uint64x2_t any = vreinterpretq_u64_u16(over);
    return (vgetq_lane_u64(any, 0) | vgetq_lane_u64(any, 1)) != 0;
}

/* Of [4 pairs][16 channels][2]: lanes are those of a channel and a place in the pair. */
static mn_arm_chain chain_of(const int8_t *weights) {
    enum { STEP = LANES * PAIR };
    mn_arm_chain chain = MN_ARM_CHAIN_4;
    for (int32_t lane = 0; lane < STEP; lane += 8) {
        const uint16x8_t first = sizes_of(weights + lane, STEP), second = sizes_of(weights + lane + 2 * STEP, STEP);
        if (exceeds(vmaxq_u16(first, second))) return MN_ARM_CHAIN_1;
        if (exceeds(vaddq_u16(first, second))) chain = MN_ARM_CHAIN_2;
    }
    return chain;
}

static void find_chains(const mn_arm_panels *l, char *packed) {
    for (int32_t i = 0; i < l->count; i++) {
        const int8_t *weights = (const int8_t *)packed + l->weights_at + (size_t)i * l->weights_step;
        uint8_t *chains = (uint8_t *)packed + l->chains_at + (size_t)i * l->chains_step;
        for (size_t b = 0; b < l->chains_step; b++) chains[b] = (uint8_t)chain_of(weights + b * MN_ARM_CHAINED * LANES);
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

void mn_arm_panels_pack(const mn_conv_params *p, mn_type type, const void *const *constants, int32_t depth,
                        int32_t products, void *packed) {
    const mn_arm_panels l = mn_arm_panels_of(p->window.out_c, depth, products);
    const mn_arm_zeros zeros = mn_arm_zeros_of(p, type);
    const mn_raw_weights raw = mn_raw_rows(constants[1], type, p->window.out_c, depth);
    const mn_packed_layout layout = {
        .type = type, .channels = LANES, .products = products, .offset = zeros.flip ? -128 : 0, .padding = 0};
    mn_packed_write(&raw, &layout, (char *)packed + l.weights_at);
    find_chains(&l, packed);
    for (int32_t i = 0; i < l.count; i++) {
        mn_arm_channels channels, *to = (mn_arm_channels *)packed + (ptrdiff_t)i * l.split;
        int32_t sums[LANES], sizes[LANES];
        for (int32_t c = 0; c < LANES; c++) {
            const int32_t channel = mn_min_i32(i * LANES + c, p->window.out_c - 1);
            const uint8_t *weights = (const uint8_t *)constants[1] + (ptrdiff_t)channel * depth;
            sums[c] = sum_weights(weights, depth, zeros.flip);
            sizes[c] = sum_sizes(weights, depth, zeros.flip);
        }
        mn_arm_channels_fill(p, &zeros, i * LANES, constants[2], depth, sums, &channels);
        mn_arm_channels_bound(&channels, &zeros, sizes);
        if (l.split == 1) {
            *to = channels;
        } else {
            take_pairs(&channels, 0, &to[0]);
            take_pairs(&channels, 2, &to[1]);
        }
    }
}

void mn_arm_sum_rows(const int8_t *rows, ptrdiff_t step, int32_t depth, int32_t count, int32_t *sums) {
    for (int32_t r = 0; r < count; r++, rows += step) {
        int32x4_t total = vdupq_n_s32(0);
        int32_t k = 0;
        for (; k + 16 <= depth; k += 16) total = vpadalq_s16(total, vpaddlq_s8(vld1q_s8(rows + k)));
        for (; k + 8 <= depth; k += 8) total = vaddw_s16(total, vpaddl_s8(vld1_s8(rows + k)));
        sums[r] = vaddvq_s32(total);
        for (; k < depth; k++) sums[r] += rows[k];
    }
}

#endif
