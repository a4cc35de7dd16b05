/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What lets AVX2 multiply bytes. VPMADDUBSW adds pairs of products of unsigned and signed bytes in 16 bits, with
 * saturation; VPMADDWD by 1 adds two of its results in 32 bits. Of all 256 activations many would be too much for
 * some pairs of weights, but most activations are near their zero point. So an activation is
 *
 *     low + byte + over - under,   byte = clamp(x - low, 0, width)
 *
 * where no weights of the layer can make such bytes leave 16 bits: those of pairs of products, or of fours, two pairs
 * added up before they are widened. Which products are a pair or four is free within units of 16: large weights get
 * small ones beside them, so that widths of pairs are most often more than 200 of 255, those of fours half to two
 * thirds of it. What `low` adds is folded into the bias. `over` and `under` are 0 for most activations; groups of four
 * with another one are listed, and multiplied as bytes again, added or taken off: before the others, for a group of
 * columns at once, since loops over the few rests of each column would be mispredicted. Results are those of all 256
 * for all weights and activations; how many groups are listed changes the time alone.
 *
 * That takes no account of what activations are near each other. Where no activation is below the zero point, as behind
 * RELU6, bytes can be the activations, whatever the weights: those of a four that add up to at most 255 are in 16 bits
 * with 128 times as much. Where they add up to more, the larger pair becomes a rest. This is done where weights would
 * make spans narrow.
 *
 * Where the zero point is near the middle, as behind a linear convolution, the operands change roles: bytes are signed,
 * byte = x - zero, and weights unsigned, 128 more than they are. Those of a four that have the same sign may add up to
 * at most 127. What weights have too much, 128 times the sum of a row's bytes, is taken off again. */
#ifndef MN_KERNELS_X86_SPANS_Q8_H
#define MN_KERNELS_X86_SPANS_Q8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/checked.h"

enum { MN_SPANS_Q8_UNIT = 16 };

/** One of each for every product, in units of 16, as the weights have them once they are packed. */
typedef struct mn_spans_q8 {
    uint8_t *order; /* which product of its unit it was before */
    uint8_t *low, *width;
} mn_spans_q8;

static inline size_t mn_spans_q8_products(int32_t quads) { return mn_round_up((size_t)quads * 4, MN_SPANS_Q8_UNIT); }

static inline size_t mn_spans_q8_bytes(int32_t quads) { return 3 * mn_spans_q8_products(quads); }

static inline mn_spans_q8 mn_spans_q8_at(void *at, int32_t quads) {
    uint8_t *bytes = at;
    const size_t products = mn_spans_q8_products(quads);
    return (mn_spans_q8){bytes, bytes + products, bytes + 2 * products};
}

/** The weights of a layer, in blocks of channels, both counts multiples of 8; the last block has what is left. Group q
 * of a block lies q * its channels * 4 behind its beginning, [channels][4]. */
typedef struct mn_weights_q8 {
    int8_t *from;
    size_t block_bytes; /* from block to block */
    int32_t channels, block_channels, quads;
    int32_t together; /* MN_SPANS_Q8_PAIRS, or FOURS if these are wide; quads is a multiple of 4 then */
    bool may_check;   /* CHECKED, if not; likewise */
    bool may_sign;    /* SIGNED, where that pays */
    int32_t depth;    /* products that exist */
} mn_weights_q8;

/** What is added up in 16 bits: pairs of products; fours, of groups 0 and 1, 2 and 3, ...; either, in their first
 * order, of activations that are checked; the same of signed bytes, for which the caller makes folded weights unsigned.
 */
enum { MN_SPANS_Q8_PAIRS = 2, MN_SPANS_Q8_FOURS = 4, MN_SPANS_Q8_CHECKED = 8, MN_SPANS_Q8_SIGNED = 16 };

/** What the bytes leave of a row's group of four activations, or a part of that, each at most 127: bytes that are in 16
 * bits with any pair of weights. */
typedef struct mn_rest_q8 {
    uint8_t bytes[4];
    uint16_t quad; /* twice the group, and 1 more if its products are taken off */
    uint16_t at;   /* where in `sums` they are added */
} mn_rest_q8;

/** The rests of a group of columns, and what accumulators of a tile begin with. */
typedef struct mn_rests_q8 {
    const mn_rest_q8 *from, *end;
    int32_t *start;       /* of each column, where in `sums` its accumulators are; 0 if it has no rests */
    int32_t starts;       /* different ones */
    int32_t (*excess)[4]; /* of each column and row, what unsigned weights add too much; NULL: bytes are unsigned */
    int32_t together;     /* what may be added up in 16 bits */
    int32_t (*sums)[8];   /* [start][2 vectors][4 rows][8 channels] */
} mn_rests_q8;

/* Elements of `sums`. `at` has room for so many columns, and `quad` for MN_Q8_MAX_DEPTH. */
enum { MN_RESTS_Q8_VECTOR = 4, MN_RESTS_Q8_START = 8, MN_RESTS_Q8_COLUMNS = (1 << 16) / MN_RESTS_Q8_START - 1 };

/** Most that a column of four rows can have: with pairs, whose widths are at least 128, one of `over` and one of
 * `under` for each row; with fours, of at least 63, one more; with bytes that are checked three parts of 255; two of
 * each with signed bytes, of which less than 255 are on either side of the zero point. */
static inline size_t mn_rests_q8_most(int32_t quads, int32_t together, bool is_signed) {
    return (size_t)(is_signed ? 16 : together == 2 ? 8 : 12) * (size_t)quads;
}

/** Most that a group of four signed bytes adds to the excess of its row: two pairs, each of which is all that may be
 * added up where pairs are. */
enum { MN_SPANS_Q8_MOST_EXCESS = 128 * 2 * 127 };

/** Is an activation's zero point so near the middle that bytes may be signed? */
static inline bool mn_spans_q8_may_sign(int32_t zero) { return zero >= 64 && zero < 192; }

/** Are they? Others have their zero point within their spans. */
static inline bool mn_spans_q8_are_signed(const mn_spans_q8 *spans, int32_t zero) {
    return mn_spans_q8_may_sign(zero) && spans->low[0] == zero;
}

/** Bytes of `sums` for so many columns. */
static inline size_t mn_rests_q8_sums(int32_t columns) {
    return ((size_t)columns + 1) * MN_RESTS_Q8_START * sizeof(int32_t[8]);
}

/** Begins to list the rests of columns from the first on. */
static inline mn_rests_q8 mn_rests_q8_begin(int32_t *start, void *sums, const mn_rest_q8 *from, void *excess) {
    return (mn_rests_q8){.from = from,
                         .end = from,
                         .start = start,
                         .starts = 1,
                         .excess = excess,
                         .together = MN_SPANS_Q8_FOURS,
                         .sums = sums};
}

/** Begins anew, for pairs. */
static inline void mn_rests_q8_begin_pairs(mn_rests_q8 *rests) {
    rests->end = rests->from;
    rests->starts = 1;
    rests->together = MN_SPANS_Q8_PAIRS;
}

/** Where accumulators begin if the next column has rests. */
static inline int32_t mn_rests_q8_next(const mn_rests_q8 *rests) { return rests->starts * MN_RESTS_Q8_START; }

/** Are there so many rests that pairs would be better than fours? Those of one in 25 groups of a row, as measured. */
static inline bool mn_rests_q8_are_many(const mn_rests_q8 *rests, int32_t columns, int32_t quads) {
    return (rests->end - rests->from) * 25 > (ptrdiff_t)columns * quads * 4;
}

/** Column `x` is done; its rests end at `end`. */
static inline void mn_rests_q8_end_column(mn_rests_q8 *rests, int32_t x, const mn_rest_q8 *end) {
    const bool has_rests = end != rests->end;
    rests->start[x] = has_rests ? mn_rests_q8_next(rests) : 0;
    rests->starts += has_rests;
    rests->end = end;
}

/** Fills the spans, for activations of this zero point, [0, 255]; brings the weights into their order. Returns what may
 * be added up in 16 bits. Where spans of pairs are narrow those of fours are not worth it. With signed bytes `low` is
 * the zero point, and `width` 255 where there is a product and 0 where not. */
int32_t mn_spans_q8_pack(const mn_spans_q8 *spans, const mn_weights_q8 *weights, int32_t zero);

/** Makes the weights unsigned, once they are folded. */
void mn_spans_q8_flip(const mn_weights_q8 *weights);

/** Adds what `low` adds to the products of 16 channels; group q of their weights lies at `weights` + q * stride. */
void mn_spans_q8_fold(const mn_spans_q8 *spans, int32_t quads, const int8_t *weights, size_t stride,
                      int32_t folded_bias[16]);

#endif
