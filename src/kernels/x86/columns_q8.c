/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/columns_q8.h"
#include "kernels/x86/interleave.h"

enum { LANES = MN_COLUMN_LANES };

static void pack_column(const mn_q8_source *s, int32_t first, mn_column *out) {
    const mn_requant_lanes lanes = mn_q8_fill_requant(s, first, NULL, &out->requant);
    const uint8_t *rows[LANES];
    int32_t sums[LANES] = {0};
    for (int32_t lane = 0; lane < LANES; lane++) rows[lane] = s->weights + (ptrdiff_t)lanes.channel[lane] * s->depth;
    mn_interleave(rows, s->depth, s->zeros.weight_flip, 4 * LANES, out->weights, sums);
    for (int32_t lane = 0; lane < LANES; lane++) {
        out->start[lane] = mn_q8_start(s, lanes.channel[lane], sums[lane], out->requant.centre[lane]);
    }
}

void mn_pack_columns(const mn_q8_source *source, int32_t depth, void *packed) {
    const size_t bytes = mn_column_bytes(depth);
    for (int32_t i = 0; i < mn_column_count(source->p->window.out_c); i++) {
        pack_column(source, i * LANES, (mn_column *)(void *)((char *)packed + (size_t)i * bytes));
    }
}

Q8_TARGET void mn_sum_pixels(const uint8_t *pixels, int32_t depth, int32_t count, int32_t *sums) {
    for (int32_t i = 0; i < count; i++, pixels += depth) {
        __m512i sum = _mm512_setzero_si512();
        for (int32_t k = 0; k < depth; k += 64) {
            const __m512i bytes = _mm512_maskz_loadu_epi8(mn_q8_bytes((size_t)(depth - k)), pixels + k);
            sum = _mm512_dpbusd_epi32(sum, bytes, _mm512_set1_epi8(1));
        }
        sums[i] = _mm512_reduce_add_epi32(sum);
    }
}

#endif
