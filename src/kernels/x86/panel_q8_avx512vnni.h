/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Tiles of accumulators over panels, for AVX-512 VNNI. */
#ifndef MN_KERNELS_X86_PANEL_Q8_AVX512VNNI_H
#define MN_KERNELS_X86_PANEL_Q8_AVX512VNNI_H

#include "kernels/x86/panel_q8.h"
#include "kernels/x86/q8_avx512.h"

/** Largest tiles: pixels of up to MN_PANEL_Q8_TILE panels, 24 accumulators in registers; panels of a single pixel, as
 * many streams of weights as keep memory busy. */
enum { MN_PANEL_Q8_ROWS = 8, MN_PANEL_Q8_TILE = 3, MN_PANEL_Q8_STREAMS = 8 };

/** Unsigned bytes of `count` pixels, `depth` each, added up. */
void mn_sum_pixels(const uint8_t *pixels, int32_t depth, int32_t count, int32_t *sums);

/** What tiles are cut from: pixels of `depth` unsigned bytes, and panels. */
typedef struct mn_panel_q8_job {
    const uint8_t *rows;
    const void *panels;
    size_t stride; /* bytes from panel to panel */
    int32_t depth;
} mn_panel_q8_job;

/** Weights of panels [first, last) to fetch while tiles of `pixels` pixels multiply. A single one reads as fast as
 * weights come, and asks for none.
 */
static inline mn_q8_prefetch mn_panel_q8_prefetch_of(const mn_panel_q8_job *job, int32_t first, int32_t last,
                                                     int32_t pixels) {
    return (mn_q8_prefetch){(const char *)mn_panel_q8_at(job->panels, job->stride, first),
                            (const char *)mn_panel_q8_at(job->panels, job->stride, pixels == 1 ? first : last)};
}

/** Leaves out what is before panel `next`. */
static inline void mn_panel_q8_skip(mn_q8_prefetch *prefetch, const mn_panel_q8_job *job, int32_t next) {
    const char *from = (const char *)mn_panel_q8_at(job->panels, job->stride, next);
    if (prefetch->from < from) prefetch->from = from;
}

/** A tile of accumulators. Those of rows beyond the tile's, up to a multiple of four, are 0. */
typedef struct mn_panel_q8_tile {
    __m512i acc[MN_PANEL_Q8_STREAMS][MN_PANEL_Q8_ROWS];
} mn_panel_q8_tile;

/** Rows of the tile that begins where `left` pixels are left. Few heights, as each is code of its own: 49 pixels are
 * six tiles of 8 and one of 1, which take as long as seven of 7. */
static inline int32_t mn_panel_q8_rows(int32_t left) { return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1; }

/** Panels of the tiles that begin where `left` panels are left, for `pixels` pixels in all. */
static inline int32_t mn_panel_q8_panels(int32_t left, int32_t pixels) {
    if (pixels == 1 && left >= MN_PANEL_Q8_STREAMS) return MN_PANEL_Q8_STREAMS;
    return left >= MN_PANEL_Q8_TILE ? MN_PANEL_Q8_TILE : 1;
}

/** Sums of `rows` pixels from `pixel` on and `panels` panels from `index` on, numbers that the functions above give.
 */
void mn_panel_q8_multiply(const mn_panel_q8_job *job, int32_t pixel, int32_t rows, int32_t index, int32_t panels,
                          mn_q8_prefetch *prefetch, mn_panel_q8_tile *out);

#endif
