/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Requantisation of 16 channels at a time, exact in any of three ways: 64-bit integers; one float multiply-add where
 * that can be shown to give the same result for every accumulator; or that and fixups, a list of the few accumulators
 * for which it does not. docs/numerics.md has the argument. */
#ifndef MN_KERNELS_X86_REQUANT_H
#define MN_KERNELS_X86_REQUANT_H

#include "kernels/params.h"

enum { MN_REQUANT_LANES = 16, MN_REQUANT_FIXUPS = 3 };

/** Constants of 16 channels. Results are centred: stored int8 values, or stored uint8 values minus 128. */
typedef struct mn_requant {
    /* is_float: rint((accumulator - centre) * scale + offset). Kernels have `centre`, 0 otherwise, taken off the
     * folded bias. */
    float scale[MN_REQUANT_LANES], offset[MN_REQUANT_LANES];
    int32_t centre[MN_REQUANT_LANES]; /* [0, 2^23] */
    int32_t multiplier[MN_REQUANT_LANES];
    int32_t bits[MN_REQUANT_LANES]; /* (accumulator * multiplier + rounding) >> bits, bits in [31, 62] */
    /* is_fixed_up (not with is_float): rint((accumulator - centre) * scale + offset), with negative_offset for
     * negative accumulators if is_signed. The result of a lane whose accumulator is fixup_at[i] changes by fixup_by[i],
     * i below `fixups`. */
    float negative_offset[MN_REQUANT_LANES];
    int32_t fixup_at[MN_REQUANT_FIXUPS][MN_REQUANT_LANES];
    int8_t fixup_by[MN_REQUANT_FIXUPS][MN_REQUANT_LANES];
    int32_t zero; /* zero point, part of `offset` already */
    int8_t is_float, is_fixed_up, is_signed, fixups;
} mn_requant;

/** Can channels [0, count) be requantised here: no left shifts? */
bool mn_requant_fits(const int32_t *shift, int32_t count);

/** The integer constants alone, the same in every lane; shift <= 0. */
void mn_requant_fill_exact(mn_requant *out, int32_t multiplier, int32_t shift, int32_t zero);

/** The channels behind the lanes of a vector. */
typedef struct mn_requant_lanes {
    int32_t channel[MN_REQUANT_LANES];
} mn_requant_lanes;

/** Channels first + order[lane], or first + lane when `order` is NULL, at most count - 1. */
mn_requant_lanes mn_requant_lanes_of(int32_t first, int32_t count, const int32_t *order);

/** Fills the constants for the channels of `lanes`. `bias` is that of all channels or NULL; extreme ones rule out
 * floats. `zero` and `range` are centred, in [-128, 127]. */
void mn_requant_fill(mn_requant *out, const mn_requant_lanes *lanes, const int32_t *multiplier, const int32_t *shift,
                     const int32_t *bias, int32_t zero, mn_range_i32 range);

/** As mn_requant_fill(), and returns the lanes that have floats, a bit each: where not all have, those lanes' scale,
 * offset and centre are what mn_requant_fix_up() begins with. */
int32_t mn_requant_fill_some(mn_requant *out, const mn_requant_lanes *lanes, const int32_t *multiplier,
                             const int32_t *shift, const int32_t *bias, int32_t zero, mn_range_i32 range);

/** Looks for floats with fixups where `q`, of which `solved` lanes are filled, has no others. No accumulator of lane i
 * is below low[i] or above high[i]. `wide`: with AVX-512, which the processor must have; else with AVX2. */
void mn_requant_fix_up(mn_requant *q, int32_t solved, const int64_t *low, const int64_t *high, mn_range_i32 range,
                       bool wide);

#endif
