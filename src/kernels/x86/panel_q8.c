/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <string.h>

#include "kernels/x86/interleave.h"
#include "kernels/x86/panel_q8.h"

enum { LANES = MN_PANEL_Q8_LANES };

static void pack_panel(const mn_q8_source *s, int32_t depth, int32_t first, mn_panel_q8 *out) {
    const size_t filled = mn_round_up((size_t)s->depth, 4) * LANES, bytes = (size_t)depth * LANES;
    const mn_requant_lanes lanes = mn_q8_fill_requant(s, first, NULL, &out->requant);
    const uint8_t *rows[LANES];
    int32_t sums[LANES] = {0};
    for (int32_t lane = 0; lane < LANES; lane++) rows[lane] = s->weights + (ptrdiff_t)lanes.channel[lane] * s->depth;
    mn_interleave(rows, s->depth, s->zeros.weight_flip, 4 * LANES, out->weights, sums);
    memset(out->weights + filled, 0, bytes - filled);
    for (int32_t lane = 0; lane < LANES; lane++) {
        out->folded_bias[lane] = mn_q8_folded_bias(s, lanes.channel[lane], sums[lane], out->requant.centre[lane]);
    }
}

void mn_panel_q8_pack(const mn_q8_source *source, int32_t depth, void *packed) {
    const size_t bytes = mn_panel_q8_bytes(depth);
    for (int32_t i = 0; i < mn_panel_q8_count(source->p->window.out_c); i++) {
        pack_panel(source, depth, i * LANES, (mn_panel_q8 *)(void *)((char *)packed + (size_t)i * bytes));
    }
}

#endif
