/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 8-bit convolution weights in panels of 16 output channels. */
#ifndef MN_KERNELS_X86_PANEL_Q8_H
#define MN_KERNELS_X86_PANEL_Q8_H

#include "base/checked.h"
#include "kernels/x86/q8.h"

enum { MN_PANEL_Q8_LANES = MN_REQUANT_LANES };

/** 16 output channels: folded bias, requantisation, then depth / 4 groups of [16 channels][4 products]. */
typedef struct mn_panel_q8 {
    int32_t folded_bias[MN_PANEL_Q8_LANES];
    mn_requant requant;
    _Alignas(64) int8_t weights[]; /* loads across cache lines take twice as long */
} mn_panel_q8;

static inline int32_t mn_panel_q8_count(int32_t channels) {
    return (channels + MN_PANEL_Q8_LANES - 1) / MN_PANEL_Q8_LANES;
}

/** `depth` is a multiple of 4. */
static inline size_t mn_panel_q8_bytes(int32_t depth) {
    return mn_round_up(sizeof(mn_panel_q8) + (size_t)depth * MN_PANEL_Q8_LANES, 64);
}

/** The panels of a convolution of `depth` products, rounded up to a multiple of 4; `packed` is aligned to 64. */
void mn_panel_q8_pack(const mn_q8_source *source, int32_t depth, void *packed);

/** Panels next to each other, `stride` bytes apart. */
static inline const mn_panel_q8 *mn_panel_q8_at(const void *panels, size_t stride, int32_t index) {
    return (const mn_panel_q8 *)(const void *)((const char *)panels + (size_t)index * stride);
}

#endif
