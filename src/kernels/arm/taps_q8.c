/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/arm/taps_q8.h"

#ifdef MN_CPU_NEON_COMPILES

#include <string.h>

enum { LANES = MN_ARM_LANES, HALF = MN_ARM_HALF, TAPS = MN_ARM_TAPS, FILTER = MN_ARM_FILTER, CHAIN_SUM = 255 };

bool mn_arm_taps_fit(const mn_conv_params *p) {
    const mn_window *w = &p->window;
    return w->in_c == w->out_c && w->k_h == FILTER && w->k_w == FILTER && w->dilation_h == 1 && w->dilation_w == 1 &&
           w->stride_h == w->stride_w && w->stride_h <= 2 && mn_arm_fits(p);
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static size_t blocks_of(int32_t channels) { return (size_t)((channels + LANES - 1) / LANES); }

size_t mn_arm_taps_bytes(int32_t channels) { return blocks_of(channels) * sizeof(mn_arm_taps); }

static int32_t size_of(int32_t weight) { return weight < 0 ? -weight : weight; }

/* The weights of channel `c` as products in this order. Are their sums within 16 bits, and they within 8? */
static bool order_products(mn_arm_taps *t, int32_t c, mn_arm_taps_kind kind) {
    const mn_arm_taps_order *order = &mn_arm_taps_orders[kind];
    int32_t left[TAPS], room = CHAIN_SUM, missing = 0;
    for (int32_t i = 0; i < TAPS; i++) left[i] = t->wide[i][c];
    for (int32_t i = 0; i < mn_arm_products_of(kind); i++) {
        int32_t *weight = &left[order->tap[i]];
        const int32_t part = mn_clamp_i32(*weight, -mn_min_i32(room, 128), mn_min_i32(room, 127));
        t->weights[i][c] = (int8_t)part;
        *weight -= part;
        room = order->ends >> i & 1 ? CHAIN_SUM : room - size_of(part);
    }
    for (int32_t i = 0; i < TAPS; i++) missing |= left[i];
    return missing == 0;
}

/* Orders the products of the channels from `first` on, in the way with the fewest instructions that fits all. */
static mn_arm_taps_kind order_half(mn_arm_taps *t, int32_t first) {
    int32_t kind = MN_ARM_TAPS_2_CHAINS, c = first;
    while (kind < MN_ARM_TAPS_WIDE && c < first + HALF) {
        if (order_products(t, c, (mn_arm_taps_kind)kind)) {
            c++;
        } else {
            kind++;
            c = first;
        }
    }
    return (mn_arm_taps_kind)kind;
}

static void pack_block(const mn_conv_params *p, mn_type type, const uint8_t *weights, const int32_t *bias,
                       int32_t first, mn_arm_taps *out) {
    const int32_t channels = p->window.out_c;
    mn_arm_zeros zeros = mn_arm_zeros_of(p, type);
    int32_t sums[LANES] = {0}, sizes[LANES] = {0};
    memset(out, 0, sizeof *out);
    out->is_bytes = true;
    for (int32_t i = 0; i < TAPS; i++) {
        const uint8_t *tap = weights + (ptrdiff_t)(i % FILTER * FILTER + i / FILTER) * channels;
        for (int32_t c = 0; c < LANES && first + c < channels; c++) {
            const int32_t weight = (int8_t)(tap[first + c] ^ zeros.flip) - zeros.weight;
            out->wide[i][c] = (int16_t)weight;
            out->is_bytes &= weight == (int8_t)weight;
            out->dots[i / FILTER][c / 4][c % 4 * 4 + i % FILTER] = (int8_t)weight;
            sums[c] += weight;
            sizes[c] += size_of(weight);
        }
    }
    zeros.weight = 0; /* taken off already */
    mn_arm_channels_fill(p, &zeros, first, bias, TAPS, sums, &out->channels);
    mn_arm_channels_bound(&out->channels, &zeros, sizes);
    for (int32_t h = 0; h < 2; h++) out->kind[h] = (int8_t)order_half(out, h * HALF);
}

void mn_arm_taps_pack(const mn_conv_params *p, mn_type type, const void *weights, const int32_t *bias,
                      mn_arm_taps *out) {
    for (int32_t first = 0; first < p->window.out_c; first += LANES) pack_block(p, type, weights, bias, first, out++);
}

#endif
