/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* 8-bit convolution weights in panels of 16 output channels. */
#ifndef MN_KERNELS_ARM_PANEL_Q8_H
#define MN_KERNELS_ARM_PANEL_Q8_H

#include "kernels/arm/q8.h"

#ifdef MN_CPU_NEON_COMPILES

/** How many products of two bytes may be added up in 16 bits before sums go to 32: an entry for each eight products of
 * a panel. Activations reach -128, so |weights| of a lane may add up to 255; two weights do unless both are -128. */
typedef enum mn_arm_chain { MN_ARM_CHAIN_2, MN_ARM_CHAIN_4, MN_ARM_CHAIN_1 } mn_arm_chain;
enum { MN_ARM_CHAINED = 8 };

/** Panels as packed: [panels][1] of channels, or [2] for groups of 8, then [panels][depth / 8] chains if the products
 * of a group are 2, then [panels][depth / products][16 channels][products] weights. Positions are in bytes. */
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
