/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 8-bit convolution weights in panels of 16 output channels. */
#ifndef MN_KERNELS_ARM_PANEL_Q8_H
#define MN_KERNELS_ARM_PANEL_Q8_H

#include "kernels/arm/q8.h"

#ifdef MN_CPU_NEON_COMPILES

/** How the eight products of a block are added up for tiers whose groups are two, a byte for each block of a panel.
 * Four products add up in 16 bits when their |weights| add up to 255 at most, as activations reach -128: any two do
 * unless both are -128. Below MN_ARM_CHAIN_2: by four, in such an order that all of a block can. */
enum { MN_ARM_CHAINED = 8, MN_ARM_CHAIN_2 = 35, MN_ARM_CHAIN_1, MN_ARM_CHAINS };

/** Where the activations of a block go, by what is above: two vectors, of four channels each with two activations, then
 * the same channels with two others. Of those two one is added to the first of two sums, one to the second. All ways
 * to halve eight come first, then twice the natural order. */
extern const int8_t mn_arm_orders[MN_ARM_CHAINS][32];

/** Panels as packed: [panels][1] of channels, or [2] for groups of 8, then [panels][depth / 8] chains if the products
 *  of a group are 2, then [panels][depth / products][16 channels][products] weights. Of groups of two, four are a
 * block, with its weights as [4 vectors][2][2 pairs][4 channels][2], in the block's order. Positions are in bytes. */
typedef struct mn_arm_panels {
    int32_t count, split; /* panels, and for each that many of channels */
    size_t chains_at, chains_step;
    size_t weights_at, weights_step;
    size_t bytes;
} mn_arm_panels;

/** `products`: 2 for SMULL, 4 for SDOT, 8 for SMMLA. */
mn_arm_panels mn_arm_panels_of(int32_t channels, int32_t depth, int32_t products);

/** Packs all panels of a convolution of `depth` products; `packed` is aligned to 64 bytes. */
void mn_arm_panels_pack(const mn_conv_params *p, mn_type type, const void *const *constants, int32_t depth,
                        int32_t products, void *packed);

/** Fills what 16 channels from `first` on of a convolution of `depth` products begin and end with. */
void mn_arm_channels_of(const mn_conv_params *p, mn_type type, const void *const *constants, int32_t depth,
                        int32_t first, mn_arm_channels *out);

/** One panel. SMMLA gives sums of two channels for each of two rows: then the first of its channels are 0 and 1 of each
 * four, twice, and the second ones 2 and 3. */
typedef struct mn_arm_panel {
    const mn_arm_channels *channels;
    const uint8_t *chains;
    const int8_t *weights;
} mn_arm_panel;

static inline mn_arm_panel mn_arm_panel_at(const mn_arm_panels *l, const void *packed, int32_t index) {
    const char *bytes = packed;
    return (mn_arm_panel){.channels = (const mn_arm_channels *)packed + (ptrdiff_t)index * l->split,
                          .chains = (const uint8_t *)bytes + l->chains_at + (size_t)index * l->chains_step,
                          .weights = (const int8_t *)bytes + l->weights_at + (size_t)index * l->weights_step};
}

/** Sums of the signed bytes of `count` rows of `depth`, `step` bytes apart. */
void mn_arm_sum_rows(const int8_t *rows, ptrdiff_t step, int32_t depth, int32_t count, int32_t *sums);

#endif
#endif
