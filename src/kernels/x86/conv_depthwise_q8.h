/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Memory of the fused convolution and depthwise convolution: weights as packed, workspace as laid out.
 * Included by the kernels and by what packs for them, and by nothing else. */
#ifndef MN_KERNELS_X86_CONV_DEPTHWISE_Q8_H
#define MN_KERNELS_X86_CONV_DEPTHWISE_Q8_H

#include "base/checked.h"
#include "kernels/tile/cut.h"
#include "kernels/tile/layouts.h"
#include "kernels/x86/q8.h"
#include "kernels/x86/requant.h"
#include "kernels/x86/spans_q8.h"

enum {
    LANES = MN_REQUANT_LANES,
    GROUP = 4,
    TAPS = 3,
    VECTORS = MN_Q8_BLOCK_VECTORS,
    GENERAL = -1,
    GATHERED_PIXEL = 32,
    PAIR_ROWS = 3
};

/* 16 channels of either convolution: what accumulators begin with, and the floats that requantise them. */
typedef struct epilogue {
    int32_t folded_bias[LANES];
    float scale[LANES], offset[LANES];
} epilogue;

/* 16 channels of the depthwise convolution; filter column x of row y is byte y of a lane of weights[x]. */
typedef struct taps {
    epilogue epilogue;
    int8_t weights[TAPS][64];
} taps;

/* What most blocks do not need: other ways to requantise; and, as uint8 weights less their zero point may need 9 bits,
 * what the bytes in `taps` leave of them. */
typedef struct block_extras {
    mn_requant conv[VECTORS], depthwise[VECTORS];
    /* In place of the convolution's fixups: accumulators whose floats are what those of conv[].fixup_at should be. */
    int32_t substitutes[VECTORS][MN_REQUANT_FIXUPS][LANES];
    int8_t rest[VECTORS][TAPS][64];
} block_extras;

/* A block of channels, kept small, as all of them pass through the caches in every run. Behind it the convolution's
 * weights, [quads][vectors][16 channels][4]. */
typedef struct channel_block {
    epilogue epilogue[VECTORS];
    taps taps[VECTORS];
    /* How many fixups floats need, or GENERAL where they do not do: signed accumulators, 64-bit products; in the
     * depthwise convolution also weights with a rest. */
    int8_t conv_fixups[VECTORS], depthwise_fixups[VECTORS];
    bool has_rest[VECTORS];
    _Alignas(64) int8_t weights[];
} channel_block;

/* All sizes follow from the parameters and the number of bands. */
typedef struct sizes {
    mn_extent out;     /* blocks and vectors of channels, groups of rows */
    int32_t quads;     /* groups of four products, the last filled up with zeros; at least VECTORS */
    int32_t band_rows; /* most groups of rows in a band */
    int32_t groups;    /* of conv rows in the ring: what a group of rows needs */
    bool late;         /* a single block: what a group of conv rows meets is copied when it comes, and not for a band */
    int32_t copied;    /* most conv rows that are copied at once */
    bool gathers;      /* what lies under the filter is copied pixel by pixel; otherwise rows are, for pointwise ones */
    size_t row_pitch;  /* bytes of a copied input row with its padding and slack */
    size_t conv_stride, pixel_stride; /* bytes from what one conv row, or pixel, meets to the next */
    size_t copy_bytes, rows_bytes, sums_bytes, ring_bytes;
    size_t block_bytes, extras_at, spans_at;
} sizes;

sizes mn_conv_depthwise_q8_sizes(const mn_conv_depthwise_params *p, int32_t bands);

/* Behind the ring, for AVX2: of each group of four rows, as the ring has them, what its columns are multiplied with,
 * [group][column][group of products][row from the first that there is][4], and its rests; what accumulators of one
 * group begin with. */
typedef struct split_sizes {
    int32_t groups;                                                           /* that the rows of a band may touch */
    size_t column;                                                            /* bytes */
    size_t bytes_at, groups_at, starts_at, excess_at, sums_at, rests_at, end; /* from the workspace's beginning */
} split_sizes;

split_sizes mn_conv_depthwise_q8_split(const mn_conv_depthwise_params *p, const sizes *l);

/* In their place where pixels are gathered: in 16 bits the block's weights, and what some columns of a group of rows
 * meet, so few that they stay in the L1 cache beside the ring. */
typedef struct wide_sizes {
    int32_t columns;
    size_t weights_at, columns_at, end; /* from the beginning of the workspace */
} wide_sizes;

wide_sizes mn_conv_depthwise_q8_wide(const mn_conv_depthwise_params *p, const sizes *l);

/* Where the bytes of a pair of gathered pixels come from: 16 of each row, which hold what both meet. */
typedef struct pair {
    uint8_t order[PAIR_ROWS][2 * GATHERED_PIXEL];
} pair;

/* One band of one image, and the workspace of whoever computes it. */
typedef struct band {
    const mn_conv_depthwise_params *p;
    int32_t bands;
    sizes l;
    mn_extent stored; /* the output as it lies in memory */
    mn_q8_zeros conv, depthwise;
    int32_t first_group, last_group; /* groups of rows: [first, last) */
    int32_t first_row, last_row;     /* rows of the convolution that these need and that exist: [first, last) */
    const uint8_t *image;
    const void *packed;
    int32_t first_copied, last_copied; /* conv rows whose input is copied: [first, last) */
    int32_t passed;                    /* input rows from the band's first on that have been in `rows` */
    bool in_pairs;                     /* are pixels gathered by `pairs`? */
    pair pairs;
    uint8_t *copy; /* what copied rows meet as unsigned bytes, with its padding */
    uint8_t *rows; /* as many input rows as the filter has, if pixels are gathered */
    int32_t *sums; /* of each conv pixel's inputs, where weights have a zero point */
    uint8_t *ring;
} band;

/** Before the first copy of a band. */
void mn_conv_depthwise_q8_start(band *b);

/** Copies what conv rows [first_copied, last_copied) meet, later ones than before; adds up each pixel's inputs where
 * weights have a zero point. */
void mn_conv_depthwise_q8_copy(band *b);

void mn_conv_depthwise_q8_fill(uint8_t *to, size_t bytes, int32_t value);

/* ---- What the parts of a kernel hand to each other ------------------------------------------------------- */

/* The weights of the next block, or the next step, which are asked for little by little: all at once would be more than
 * can be on their way. */
typedef struct fetch {
    mn_q8_prefetch weights;
    size_t each; /* bytes for each column */
} fetch;

/* What some conv rows of a group meet as it is multiplied. */
typedef struct inputs {
    const uint8_t *bytes;
    size_t row_stride, pixel_stride;
    int32_t quads, words; /* groups of four products, as bytes; in 16 bits, with AVX2 */
    mn_rests_q8 rests;    /* with AVX2; without `starts`: none */
    /* Where there are words: memory for weights and for what so many columns meet, in 16 bits. */
    int8_t *wide_weights;
    uint8_t *wide;
    int32_t columns;
} inputs;

/* Bytes as they are, from row `row` of the band's conv rows on. */
static inline inputs copied(const band *b, int32_t row) {
    return (inputs){.bytes = b->copy + (size_t)row * b->l.conv_stride,
                    .row_stride = b->l.conv_stride,
                    .pixel_stride = b->l.pixel_stride,
                    .quads = b->l.quads};
}

/* Some rows of a group, what all columns of it share. */
typedef struct group {
    const channel_block *block;
    const block_extras *extras;
    int32_t rows, vectors;
    bool general, adjusts;
    inputs in;
    const int32_t *sums;
    int32_t sums_stride, weight_zero;
    mn_range_i32 range;
    uint8_t *out;    /* where column 0 goes */
    int32_t shift;   /* bits that make way for rows before the first */
    uint64_t filled; /* bytes of the rows there are, a bit each; the others hold `padding` */
    uint8_t padding;
    fetch prefetch;
} group;

/* Code for more rows than there are computes the last again; nothing of that is stored. */
static inline int32_t row_of(const group *g, int32_t r) { return mn_min_i32(r, g->rows - 1); }

/* One group of rows of one vector. */
typedef struct strip {
    const taps *taps;
    const mn_requant *requant;
    int32_t fixups;
    const int8_t (*rest)[64]; /* NULL: none */
    const uint8_t *group[3];  /* from the first column that the filter meets; the third for stride 2 only */
    ptrdiff_t column;         /* bytes from column to column */
    int32_t width;
    mn_range_i32 range;
    uint64_t exists; /* bytes of a vector that stand for something, a bit each */
    uint8_t *out;
    int32_t rows;                  /* that there are */
    ptrdiff_t out_stride, out_row; /* bytes from pixel to pixel; from row to row, if they lie apart */
} strip;

#endif
