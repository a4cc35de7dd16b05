/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/panel_q8_avx512vnni.h"

enum { LANES = MN_PANEL_Q8_LANES, LINE = 64 };

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

/* ---- Tiles ---------------------------------------------------------------------------------------------- */

/* Constant `rows` and `panels` let the compiler keep accumulators in registers. With every group of products one line
 * is fetched, `stride` bytes behind the last. */
Q8_INLINE void multiply(int rows, int panels, const mn_panel_q8_job *job, const mn_panel_q8 *first, const uint8_t *in,
                        const char *prefetch, ptrdiff_t stride, mn_panel_q8_tile *out) {
    const int32_t depth = job->depth;
    const int8_t *weights[MN_PANEL_Q8_STREAMS];
    __m512i acc[MN_PANEL_Q8_STREAMS][MN_PANEL_Q8_ROWS];
    Q8_UNROLL for (int i = 0; i < panels; i++) {
        const mn_panel_q8 *c = mn_panel_q8_at(first, job->stride, i);
        weights[i] = c->weights;
        Q8_UNROLL for (int r = 0; r < rows; r++) acc[i][r] = _mm512_loadu_si512(c->folded_bias);
    }
    for (int32_t k = 0; k < depth; k += 4, prefetch += stride) {
        __m512i w[MN_PANEL_Q8_STREAMS];
        _mm_prefetch(prefetch, _MM_HINT_T1);
        Q8_UNROLL for (int i = 0; i < panels; i++) w[i] = _mm512_loadu_si512(weights[i] + k * LANES);
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            const __m512i x = mn_q8_four_bytes(in + (ptrdiff_t)r * depth + k);
            Q8_UNROLL for (int i = 0; i < panels; i++) acc[i][r] = _mm512_dpbusd_epi32(acc[i][r], x, w[i]);
        }
    }
    Q8_UNROLL for (int i = 0; i < panels; i++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) out->acc[i][r] = acc[i][r];
        Q8_UNROLL for (int r = rows; r % 4 != 0; r++) out->acc[i][r] = _mm512_setzero_si512();
    }
}

Q8_INLINE void multiply_rows(int32_t rows, int panels, const mn_panel_q8_job *job, const mn_panel_q8 *first,
                             const uint8_t *in, const char *prefetch, ptrdiff_t stride, mn_panel_q8_tile *out) {
    switch (rows) {
    case 8: multiply(8, panels, job, first, in, prefetch, stride, out); break;
    case 4: multiply(4, panels, job, first, in, prefetch, stride, out); break;
    case 2: multiply(2, panels, job, first, in, prefetch, stride, out); break;
    default: multiply(1, panels, job, first, in, prefetch, stride, out); break;
    }
}

Q8_TARGET void mn_panel_q8_multiply(const mn_panel_q8_job *job, int32_t pixel, int32_t rows, int32_t index,
                                    int32_t panels, mn_q8_prefetch *prefetch, mn_panel_q8_tile *out) {
    const mn_panel_q8 *first = mn_panel_q8_at(job->panels, job->stride, index);
    const uint8_t *in = job->rows + (ptrdiff_t)pixel * job->depth;
    const ptrdiff_t bytes = (ptrdiff_t)job->depth / 4 * LINE;
    const bool any = prefetch->end - prefetch->from >= bytes;
    const char *fetched = any ? prefetch->from : (const char *)first; /* which is there already */
    const ptrdiff_t stride = any ? LINE : 0;
    if (any) prefetch->from += bytes;
    switch (panels) {
    case MN_PANEL_Q8_STREAMS: multiply(1, MN_PANEL_Q8_STREAMS, job, first, in, fetched, stride, out); break;
    case MN_PANEL_Q8_TILE: multiply_rows(rows, MN_PANEL_Q8_TILE, job, first, in, fetched, stride, out); break;
    default: multiply_rows(rows, 1, job, first, in, fetched, stride, out); break;
    }
}

#endif
