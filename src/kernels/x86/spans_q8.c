/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/x86/spans_q8.h"

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE __attribute__((target("avx2"), always_inline)) static inline
#define UNROLL _Pragma("GCC unroll 8")

enum { BYTES = 32, UNIT = MN_SPANS_Q8_UNIT, QUADS = UNIT / 4, LANES = BYTES / 4, WIDEST = 255 };

INLINE __m256i load(const void *from) { return _mm256_loadu_si256(from); }
INLINE void store(void *to, __m256i v) { _mm256_storeu_si256(to, v); }

/* ---- A unit of weights ---------------------------------------------------------------------------------- */

/* From groups of [8 channels][4] to [2 channels][16], or back. */
INLINE void transpose(__m256i v[QUADS]) {
    const __m256i low[] = {_mm256_unpacklo_epi32(v[0], v[1]), _mm256_unpacklo_epi32(v[2], v[3])};
    const __m256i high[] = {_mm256_unpackhi_epi32(v[0], v[1]), _mm256_unpackhi_epi32(v[2], v[3])};
    v[0] = _mm256_unpacklo_epi64(low[0], low[1]);
    v[1] = _mm256_unpackhi_epi64(low[0], low[1]);
    v[2] = _mm256_unpacklo_epi64(high[0], high[1]);
    v[3] = _mm256_unpackhi_epi64(high[0], high[1]);
}

/* 8 channels of the groups from `quad` on; zeros where there are none. */
INLINE void load_unit(const int8_t *block, size_t stride, int32_t channel, int32_t quad, int32_t quads,
                      __m256i v[QUADS]) {
    const int8_t *from = block + (size_t)quad * stride + (ptrdiff_t)channel * 4;
    UNROLL for (int32_t i = 0; i < QUADS; i++) v[i] =
        quad + i < quads ? load(from + (size_t)i * stride) : _mm256_setzero_si256();
    transpose(v);
}

/* The products of a layer from group `quad` on. */
typedef struct unit {
    const mn_weights_q8 *weights;
    int32_t quad;
} unit;

/* Of the groups of the block whose first channel is `first`. */
static size_t stride_of(const mn_weights_q8 *w, int32_t first) {
    return (size_t)mn_min_i32(w->block_channels, w->channels - first) * 4;
}

/* ---- What is added up in 16 bits ------------------------------------------------------------------------ */

/* Of `count` items, products or pairs of them, of[d - 1][i]: the greatest sum, over the channels, of the weights of one
 * sign of items i and (i + d) % count. */
typedef struct sums {
    int32_t count;
    uint16_t of[UNIT / 2][UNIT];
} sums;

static int32_t sum_of(const sums *s, int32_t a, int32_t b) {
    const int32_t distance = a < b ? b - a : b - a + s->count;
    return distance <= s->count / 2 ? s->of[distance - 1][a] : s->of[s->count - distance - 1][b];
}

/* Turns 128 bits by `bytes`. */
INLINE __m256i turned(__m256i v, int32_t bytes) {
    const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m128i from = _mm_and_si128(_mm_add_epi8(places, _mm_set1_epi8((char)bytes)), _mm_set1_epi8(UNIT - 1));
    return _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(from));
}

/* Sums of pairs of products; 255 for 256, which only negative ones can be: 128 times that is still 16 bits. */
INLINE void add_products(__m256i positive, __m256i negative, __m256i most[UNIT / 2]) {
    UNROLL for (int32_t d = 1; d <= UNIT / 2; d++) {
        const __m256i both = _mm256_max_epu8(_mm256_adds_epu8(positive, turned(positive, d)),
                                             _mm256_adds_epu8(negative, turned(negative, d)));
        most[d - 1] = _mm256_max_epu8(most[d - 1], both);
    }
}

/* Sums of pairs of neighbours. */
INLINE void add_pairs(__m256i positive, __m256i negative, __m256i most[UNIT / 2]) {
    const __m256i ones = _mm256_set1_epi8(1), p = _mm256_maddubs_epi16(positive, ones);
    const __m256i n = _mm256_maddubs_epi16(negative, ones);
    UNROLL for (int32_t d = 1; d <= UNIT / 4; d++) {
        const __m256i both =
            _mm256_max_epi16(_mm256_add_epi16(p, turned(p, 2 * d)), _mm256_add_epi16(n, turned(n, 2 * d)));
        most[d - 1] = _mm256_max_epi16(most[d - 1], both);
    }
}

INLINE void add_channels(const unit *u, bool pairs, __m256i most[UNIT / 2]) {
    const mn_weights_q8 *w = u->weights;
    const __m256i none = _mm256_setzero_si256();
    const int8_t *block = w->from;
    for (int32_t first = 0; first < w->channels; first += w->block_channels, block += w->block_bytes) {
        const size_t stride = stride_of(w, first);
        for (int32_t channel = 0; channel < (int32_t)stride / 4; channel += LANES) {
            __m256i v[QUADS];
            load_unit(block, stride, channel, u->quad, w->quads, v);
            for (int32_t i = 0; i < QUADS; i++) {
                const __m256i positive = _mm256_max_epi8(v[i], none);
                const __m256i negative = _mm256_sub_epi8(none, _mm256_min_epi8(v[i], none));
                if (pairs)
                    add_pairs(positive, negative, most);
                else
                    add_products(positive, negative, most);
            }
        }
    }
}

TARGET static sums sums_of(const unit *u, bool pairs) {
    __m256i most[UNIT / 2];
    for (int32_t d = 0; d < UNIT / 2; d++) most[d] = _mm256_setzero_si256();
    if (pairs)
        add_channels(u, true, most);
    else
        add_channels(u, false, most);
    sums s = {.count = pairs ? UNIT / 2 : UNIT};
    for (int32_t d = 0; d < s.count / 2; d++) {
        const __m128i low = _mm256_castsi256_si128(most[d]), high = _mm256_extracti128_si256(most[d], 1);
        if (pairs)
            _mm_storeu_si128((__m128i *)(void *)s.of[d], _mm_max_epi16(low, high));
        else
            store(s.of[d], _mm256_cvtepu8_epi16(_mm_max_epu8(low, high)));
    }
    return s;
}

static int32_t width_of(int32_t sum) { return sum * WIDEST <= INT16_MAX ? WIDEST : INT16_MAX / sum; }

/* How bad a sum is: about how many activations such a width leaves out. */
static uint64_t cost_of(const sums *s, int32_t a, int32_t b) {
    const uint64_t sum = (uint64_t)sum_of(s, a, b);
    return sum * WIDEST <= INT16_MAX ? 0 : sum * sum * sum * sum * sum * sum;
}

/* Swaps one of each of two pairs if that is better. */
static bool swap(uint64_t cost[UNIT][UNIT], uint8_t *p, uint8_t *q) {
    const uint64_t now = cost[p[0]][p[1]] + cost[q[0]][q[1]];
    for (int32_t i = 0; i < 2 && now > 0; i++) {
        if (cost[p[0]][q[i]] + cost[p[1]][q[1 - i]] >= now) continue;
        const uint8_t moved = p[1];
        p[1] = q[i];
        q[i] = moved;
        return true;
    }
    return false;
}

/* Pairs of items, until no swap makes them better; those from `count` on stay. */
static void choose(const sums *s, int32_t count, uint8_t items[UNIT]) {
    uint64_t cost[UNIT][UNIT];
    for (int32_t a = 0; a < s->count; a++) items[a] = (uint8_t)a;
    for (int32_t a = 0; a < count; a++) {
        for (int32_t b = 0; b < a; b++) cost[a][b] = cost[b][a] = cost_of(s, a, b);
    }
    bool again = true;
    while (again) {
        again = false;
        for (int32_t p = 2; p < count; p += 2) {
            for (int32_t q = 0; q < p; q += 2) again |= swap(cost, items + p, items + q);
        }
    }
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

TARGET static void reorder(const unit *u, const uint8_t order[UNIT]) {
    const mn_weights_q8 *w = u->weights;
    const __m256i from = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)order));
    int8_t *block = w->from;
    for (int32_t first = 0; first < w->channels; first += w->block_channels, block += w->block_bytes) {
        const size_t stride = stride_of(w, first);
        for (int32_t channel = 0; channel < (int32_t)stride / 4; channel += LANES) {
            __m256i v[QUADS];
            load_unit(block, stride, channel, u->quad, w->quads, v);
            UNROLL for (int32_t i = 0; i < QUADS; i++) v[i] = _mm256_shuffle_epi8(v[i], from);
            transpose(v);
            int8_t *to = block + (size_t)u->quad * stride + (ptrdiff_t)channel * 4;
            UNROLL for (int32_t i = 0; i < QUADS; i++) {
                if (u->quad + i < w->quads) store(to + (size_t)i * stride, v[i]);
            }
        }
    }
}

/* Of a unit of `count` products: chooses an order in which neighbours are pairs; gives their widths. */
static void choose_pairs(const unit *u, int32_t count, uint8_t order[UNIT], uint8_t width[UNIT]) {
    const sums s = sums_of(u, false);
    choose(&s, count, order);
    for (int32_t i = 0; i < UNIT; i++) width[i] = (uint8_t)width_of(sum_of(&s, order[i], order[i ^ 1]));
}

/* Brings them into one in which pairs 0 and 2, 1 and 3, 4 and 6, 5 and 7 are added up. */
static void pack_fours(const unit *u, uint8_t order[UNIT], uint8_t width[UNIT]) {
    const sums s = sums_of(u, true);
    uint8_t pairs[UNIT], moved[UNIT], before[UNIT];
    choose(&s, s.count, pairs);
    memcpy(before, order, sizeof before);
    for (int32_t i = 0; i < s.count; i++) {
        const int32_t to = i / 4 * 4 + i / 2 % 2 + i % 2 * 2;
        for (int32_t k = 0; k < 2; k++) {
            moved[2 * to + k] = (uint8_t)(2 * pairs[i] + k);
            width[2 * to + k] = (uint8_t)width_of(sum_of(&s, pairs[i], pairs[i ^ 1]));
        }
    }
    for (int32_t i = 0; i < UNIT; i++) order[i] = before[moved[i]];
    reorder(u, moved);
}

static int32_t average_width(const mn_spans_q8 *spans, int32_t products) {
    int32_t sum = 0;
    for (int32_t i = 0; i < products; i++) sum += spans->width[i];
    return sum / products;
}

/* Products as they are, with all activations. */
static void leave_order(const mn_spans_q8 *spans, int32_t products) {
    for (int32_t i = 0; i < products; i++) spans->order[i] = (uint8_t)(i % UNIT);
    memset(spans->low, 0, (size_t)products);
    memset(spans->width, WIDEST, (size_t)products);
}

static int32_t pack_signed(const mn_spans_q8 *spans, const mn_weights_q8 *weights, int32_t zero, int32_t products) {
    leave_order(spans, products);
    memset(spans->low, zero, (size_t)products);
    memset(spans->width + weights->depth, 0, (size_t)(products - weights->depth));
    return MN_SPANS_Q8_SIGNED;
}

/* Fours pay if pairs are wide: half as wide, those of narrow ones would leave a rest of many activations. Signed bytes
 * do not pay for short sums of trained weights, whose pairs are 190 wide: images with much noise have too many rests.
 */
int32_t mn_spans_q8_pack(const mn_spans_q8 *spans, const mn_weights_q8 *weights, int32_t zero) {
    enum { LONG = 64, WIDE = 200, NARROW = 170 };
    const bool may_sign = weights->may_sign && mn_spans_q8_may_sign(zero);
    const int32_t products = (int32_t)mn_spans_q8_products(weights->quads);
    if (may_sign && weights->depth >= LONG) return pack_signed(spans, weights, zero, products);
    for (int32_t i = 0; i < products; i += UNIT) {
        const unit u = {weights, i / 4};
        choose_pairs(&u, mn_min_i32(UNIT, weights->quads * 4 - i), spans->order + i, spans->width + i);
    }
    const int32_t width = average_width(spans, weights->quads * 4);
    const bool wide = width >= WIDE, fours = weights->together == 4 && wide;
    if (may_sign && width < NARROW) return pack_signed(spans, weights, zero, products);
    if (weights->may_check && !wide && zero == 0) {
        leave_order(spans, products);
        return MN_SPANS_Q8_CHECKED;
    }
    for (int32_t i = 0; i < products; i += UNIT) {
        const unit u = {weights, i / 4};
        reorder(&u, spans->order + i);
        if (fours) pack_fours(&u, spans->order + i, spans->width + i);
    }
    for (int32_t i = 0; i < products; i++) {
        const int32_t own = spans->width[i];
        spans->low[i] = (uint8_t)mn_min_i32(mn_max_i32(zero - own / 2, 0), WIDEST - own);
    }
    return fours ? MN_SPANS_Q8_FOURS : MN_SPANS_Q8_PAIRS;
}

TARGET void mn_spans_q8_flip(const mn_weights_q8 *w) {
    int8_t *block = w->from;
    for (int32_t first = 0; first < w->channels; first += w->block_channels, block += w->block_bytes) {
        const size_t bytes = stride_of(w, first) * (size_t)w->quads;
        for (size_t i = 0; i < bytes; i += BYTES) {
            store(block + i, _mm256_xor_si256(load(block + i), _mm256_set1_epi8((char)0x80)));
        }
    }
}

TARGET void mn_spans_q8_fold(const mn_spans_q8 *spans, int32_t quads, const int8_t *weights, size_t stride,
                             int32_t folded_bias[16]) {
    const __m256i bytes = _mm256_set1_epi16(0xff);
    for (int32_t channel = 0; channel < 16; channel += LANES) {
        __m256i sum = load(folded_bias + channel);
        for (int32_t quad = 0; quad < quads; quad++) {
            int32_t four;
            memcpy(&four, spans->low + quad * 4, sizeof four);
            const __m256i low = _mm256_set1_epi32(four);
            const __m256i v = load(weights + (size_t)quad * stride + (ptrdiff_t)channel * 4);
            const __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8), odd = _mm256_srai_epi16(v, 8);
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_and_si256(low, bytes), even));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_srli_epi16(low, 8), odd));
        }
        store(folded_bias + channel, sum);
    }
}

#endif
