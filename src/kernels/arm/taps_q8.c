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

/* Do the sums of channel `c` stay in 16 bits, and its weights in 8? */
static bool fits(const mn_arm_taps *t, int32_t c, const mn_arm_taps_order *order) {
    int32_t sum = 0;
    for (int32_t i = 0; i < TAPS; i++) {
        const int32_t tap = order->tap[i];
        sum += size_of(t->wide[tap][c]);
        if (sum > CHAIN_SUM || t->wide[tap][c] != t->weights[tap][c]) return false;
        if (order->ends >> i & 1) sum = 0;
    }
    return true;
}

/* Of the channels from `first` on: the fewest chains that fit all. */
static mn_arm_taps_kind kind_of(const mn_arm_taps *t, int32_t first) {
    int32_t kind = MN_ARM_TAPS_3_CHAINS, c = first;
    while (kind < MN_ARM_TAPS_WIDE && c < first + HALF) {
        if (fits(t, c, &mn_arm_taps_orders[kind])) {
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
    int32_t sums[LANES] = {0};
    memset(out, 0, sizeof *out);
    for (int32_t i = 0; i < TAPS; i++) {
        const uint8_t *tap = weights + (ptrdiff_t)(i % FILTER * FILTER + i / FILTER) * channels;
        for (int32_t c = 0; c < LANES && first + c < channels; c++) {
            const int32_t weight = (int8_t)(tap[first + c] ^ zeros.flip) - zeros.weight;
            out->wide[i][c] = (int16_t)weight;
            out->weights[i][c] = (int8_t)weight;
            out->dots[i / FILTER][c / 4][c % 4 * 4 + i % FILTER] = (int8_t)weight;
            sums[c] += weight;
        }
    }
    zeros.weight = 0; /* taken off already */
    mn_arm_channels_fill(p, &zeros, first, bias, TAPS, sums, &out->channels);
    for (int32_t h = 0; h < 2; h++) out->kind[h] = (int8_t)kind_of(out, h * HALF);
}

void mn_arm_taps_pack(const mn_conv_params *p, mn_type type, const void *weights, const int32_t *bias,
                      mn_arm_taps *out) {
    for (int32_t first = 0; first < p->window.out_c; first += LANES) pack_block(p, type, weights, bias, first, out++);
}

#endif
