/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The inner loops of a resize, for the processor at hand; private to src/image. All give the same bytes: sums of whole
 * numbers do not depend on their order. */
#ifndef MN_IMAGE_PASSES_H
#define MN_IMAGE_PASSES_H

#include <stddef.h>
#include <stdint.h>

/** 8 bits of pixel, 2 of headroom for filters with negative parts (sum of |weights| < 2), 22 of weight. */
#define MN_WEIGHT_BITS 22

/** Sums start at one half, so that the shift rounds. */
#define MN_WEIGHT_HALF (1 << (MN_WEIGHT_BITS - 1))

/** The input pixels that an output pixel takes. */
typedef struct mn_span {
    int32_t first, count;
} mn_span;

typedef struct mn_passes {
    /** A row of `width` pixels: each the weighted mean of its span of `from`. `weights` [width][stride] has each weight
     *  three times, once for each byte of its pixel. */
    void (*across)(const mn_span *spans, const int32_t *weights, size_t stride, const uint8_t *from, int32_t width,
                   uint8_t *to);
    /** sums[i] += row[i] * weight */
    void (*add)(int32_t *sums, const uint8_t *row, int32_t weight, size_t count);
    /** The bytes that sums stand for. */
    void (*take)(const int32_t *sums, size_t count, uint8_t *to);
} mn_passes;

extern const mn_passes mn_passes_avx2;

/** One pixel of the pass across, and `take`, on any processor. */
void mn_passes_pixel(const uint8_t *from, int32_t count, const int32_t *weights, uint8_t *to);
void mn_passes_take(const int32_t *sums, size_t count, uint8_t *to);

/** Those that this processor can run, the fastest last; ends with NULL. */
const mn_passes *const *mn_passes_all(void);

/** The fastest. */
const mn_passes *mn_passes_best(void);

#endif
