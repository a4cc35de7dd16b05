/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What lets AVX2 multiply bytes. VPMADDUBSW adds pairs of products of unsigned and signed bytes in 16 bits, with
 * saturation; VPMADDWD by 1 adds two of its results in 32 bits. Of all 256 activations many would be too much for
 * some weights, but most activations are near their zero point. So an activation is
 *
 *     low + byte + rest,   byte = clamp(x - low, 0, width)
 *
 * where no weights of the layer can make such bytes leave 16 bits. What `low` adds is folded into the bias. The rest is
 * 0 for most activations; groups of four with another one are marked, and their rests multiplied in 16 bits. Results
 * are those of all 256 for all weights and activations; how many are marked changes the time alone. */
#ifndef MN_KERNELS_X86_SPANS_Q8_H
#define MN_KERNELS_X86_SPANS_Q8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/checked.h"

/** One of each for every product, groups of four as the weights have them. */
typedef struct mn_spans_q8 {
    uint8_t *low, *width;
} mn_spans_q8;

static inline size_t mn_spans_q8_products(int32_t quads) { return mn_round_up((size_t)quads * 4, 16); }

static inline size_t mn_spans_q8_bytes(int32_t quads) { return 2 * mn_spans_q8_products(quads); }

static inline mn_spans_q8 mn_spans_q8_at(void *at, int32_t quads) {
    return (mn_spans_q8){at, (uint8_t *)at + mn_spans_q8_products(quads)};
}

/** The weights of some channels, a multiple of 8: group q at from + q * stride, [channels][4]. */
typedef struct mn_weights_q8 {
    int8_t *from;
    size_t stride;
    int32_t channels, quads;
} mn_weights_q8;

/** The rests of some activations: those of group `quad` of column x in row r are 2 x 2 values, products 0 and 2 and
 * then 1 and 3, at values + x * column + row[r] + quad * quad_stride, and part_stride further on. */
typedef struct mn_rests_q8 {
    const int16_t *values;
    ptrdiff_t column, row[4], quad_stride, part_stride;
    const uint64_t *marks; /* [columns][words]: the groups with a rest in any of the rows, a bit each */
    int32_t words;
} mn_rests_q8;

/** Whether a group of column x has a rest. */
static inline bool mn_rests_q8_any(const mn_rests_q8 *rests, int32_t x) {
    for (int32_t word = 0; word < rests->words; word++) {
        if (rests->marks[x * rests->words + word] != 0) return true;
    }
    return false;
}

/** As wide as can be. */
void mn_spans_q8_start(const mn_spans_q8 *spans, int32_t quads);

/** As narrow as these weights want them. */
void mn_spans_q8_narrow(const mn_spans_q8 *spans, const mn_weights_q8 *weights);

/** Around a zero point, [0, 255], which activations are near. */
void mn_spans_q8_centre(const mn_spans_q8 *spans, int32_t quads, int32_t zero);

/** Adds what `low` adds to the products of each channel. */
void mn_spans_q8_fold(const mn_spans_q8 *spans, const mn_weights_q8 *weights, int32_t *folded_bias);

#endif
