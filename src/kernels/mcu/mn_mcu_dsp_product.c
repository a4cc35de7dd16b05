/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Convolutions 1x1 and patches for Cortex-M with the DSP extension. Three ways through pixels and channels: one pixel
 * and four channels; two pixels and two channels; and where there are enough pixels, the weights of two channels are
 * widened once, and all pixels pass by them two by two. */
#include "mn_mcu_dsp.h"

#if MN_MCU_HAS_DSP

/* Two pixels and two channels take every register, of which Clang keeps one for frames. */
#if defined __clang__
enum { HAS_TWO_PIXELS = 0 };
#else
enum { HAS_TWO_PIXELS = 1 };
#endif

/* The last four bytes of a depth that is not a multiple of four, those that were multiplied before as zeros. */
MN_MCU_INLINE uint32_t rest_of(const int8_t *end, uint32_t rest) {
    return mn_mcu_load(end - 4) & ~0u << (32 - 8 * rest);
}

/* ---- One pixel, four channels ---------------------------------------------------------------------------- */

#define CHANNEL_1X4(from, sum)                                                                                         \
    "ldr %[w], " from "\n\tsxtb16 %[t], %[w], ror #8\n\tsxtb16 %[w], %[w]\n\t"                                         \
    "smlad %[" sum "], %[odd], %[t], %[" sum "]\n\tsmlad %[" sum "], %[even], %[w], %[" sum "]\n\t"

/* Four products for each channel of the bytes in `even`. */
#define STEP_1X4                                                                                                       \
    "sxtb16 %[odd], %[even], ror #8\n\tsxtb16 %[even], %[even]\n\t" CHANNEL_1X4("[%[w0], %[depth]]", "a1")             \
        CHANNEL_1X4("[%[w0]], #4", "a0") CHANNEL_1X4("[%[w2], %[depth]]", "a3") CHANNEL_1X4("[%[w2]], #4", "a2")

/* Weights of the channels lie `depth` bytes apart. */
MN_MCU_INLINE void dot_1x4(const int8_t *x, const int8_t *w0, uint32_t depth, int32_t sums[4]) {
    int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;
    const int8_t *w2 = w0 + 2 * depth;
    const int8_t *const pairs = x + (depth & ~7u), *const words = x + (depth & ~3u);
    const uint32_t rest = depth & 3;
    uint32_t even, odd, w, t;
#define OPERANDS                                                                                                       \
    [a0] "+r"(a0), [a1] "+r"(a1), [a2] "+r"(a2), [a3] "+r"(a3), [w0] "+r"(w0), [w2] "+r"(w2), [odd] "=&r"(odd),        \
        [w] "=&r"(w), [t] "=&r"(t)
    if (x != pairs) {
        __asm__("1:\n\tldr %[even], [%[x]], #4\n\t" STEP_1X4 "ldr %[even], [%[x]], #4\n\t" STEP_1X4
                "cmp %[x], %[end]\n\tbne 1b"
                : OPERANDS, [x] "+r"(x), [even] "=&r"(even)
                : [depth] "r"(depth), [end] "r"(pairs)
                : "cc", "memory");
    }
    if (x != words) {
        even = mn_mcu_load(x);
        __asm__(STEP_1X4 : OPERANDS, [even] "+r"(even) : [depth] "r"(depth) : "memory");
    }
    if (rest > 0) {
        even = rest_of(words + rest, rest);
        w0 -= 4 - rest, w2 -= 4 - rest;
        __asm__(STEP_1X4 : OPERANDS, [even] "+r"(even) : [depth] "r"(depth) : "memory");
    }
#undef OPERANDS
    sums[0] = a0, sums[1] = a1, sums[2] = a2, sums[3] = a3;
}

/* Channels [0, channels & ~3) of one pixel. */
static void one_pixel(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *x, int8_t *out) {
    const uint32_t fours = p->channels & ~3u;
    for (uint32_t c = 0; c < fours; c += 4, weights += 4 * (size_t)depth) {
        int32_t sums[4];
        dot_1x4(x, weights, depth, sums);
        if (p->tame) {
            mn_mcu_store_four(p, c, sums, out + c);
        } else {
            for (uint32_t k = 0; k < 4; k++) out[c + k] = mn_mcu_store(p, c + k, sums[k]);
        }
    }
}

/* ---- Two pixels, two channels ---------------------------------------------------------------------------- */

#define CHANNEL_2X2(from, a, b)                                                                                        \
    "ldr %[w], " from "\n\tsxtb16 %[v], %[w], ror #8\n\tsxtb16 %[w], %[w]\n\t"                                         \
    "smlad %[" a "], %[x_odd], %[v], %[" a "]\n\tsmlad %[" b "], %[y_odd], %[v], %[" b "]\n\t"                         \
    "smlad %[" a "], %[x], %[w], %[" a "]\n\tsmlad %[" b "], %[y], %[w], %[" b "]\n\t"

/* Four products for each pixel and channel of the bytes in `x` and `y`. */
#define STEP_2X2                                                                                                       \
    "sxtb16 %[x_odd], %[x], ror #8\n\tsxtb16 %[x], %[x]\n\tsxtb16 %[y_odd], %[y], ror #8\n\tsxtb16 %[y], "             \
    "%[y]\n\t" CHANNEL_2X2("[%[w0], %[depth]]", "a01", "a11") CHANNEL_2X2("[%[w0]], #4", "a00", "a10")
#define LOAD_2X2 "ldr %[y], [%[x0], %[depth]]\n\tldr %[x], [%[x0]], #4\n\t"

/* Pixels and weights lie `depth` bytes apart. Sums: of the first pixel, of the second. */
MN_MCU_INLINE void dot_2x2(const int8_t *x0, const int8_t *w0, uint32_t depth, int32_t sums[4]) {
    int32_t a00 = 0, a01 = 0, a10 = 0, a11 = 0;
    const int8_t *const pairs = x0 + (depth & ~7u), *const words = x0 + (depth & ~3u);
    const uint32_t rest = depth & 3;
    uint32_t x, y, x_odd, y_odd, v, w;
#define OPERANDS                                                                                                       \
    [a00] "+r"(a00), [a01] "+r"(a01), [a10] "+r"(a10), [a11] "+r"(a11), [w0] "+r"(w0), [x_odd] "=&r"(x_odd),           \
        [y_odd] "=&r"(y_odd), [v] "=&r"(v), [w] "=&r"(w)
    if (x0 != pairs) {
        __asm__("1:\n\t" LOAD_2X2 STEP_2X2 LOAD_2X2 STEP_2X2 "cmp %[x0], %[end]\n\tbne 1b"
                : OPERANDS, [x0] "+r"(x0), [x] "=&r"(x), [y] "=&r"(y)
                : [depth] "r"(depth), [end] "r"(pairs)
                : "cc", "memory");
    }
    if (x0 != words) {
        x = mn_mcu_load(x0), y = mn_mcu_load(x0 + depth);
        __asm__(STEP_2X2 : OPERANDS, [x] "+r"(x), [y] "+r"(y) : [depth] "r"(depth) : "memory");
    }
    if (rest > 0) {
        x = rest_of(words + rest, rest), y = rest_of(words + rest + depth, rest);
        w0 -= 4 - rest;
        __asm__(STEP_2X2 : OPERANDS, [x] "+r"(x), [y] "+r"(y) : [depth] "r"(depth) : "memory");
    }
#undef OPERANDS
    sums[0] = a00, sums[1] = a01, sums[2] = a10, sums[3] = a11;
}

/* Channels [0, channels & ~1) of two pixels of a tame product. */
static void two_pixels(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *x, int8_t *out) {
    const uint32_t channels = p->channels;
    for (uint32_t c = 0; c + 2 <= channels; c += 2, weights += 2 * (size_t)depth) {
        int32_t sums[4];
        dot_2x2(x, weights, depth, sums);
        const mn_mcu_scale s0 = mn_mcu_scale_of(p->multiplier[c], p->shift[c], p->out_zero);
        const mn_mcu_scale s1 = mn_mcu_scale_of(p->multiplier[c + 1], p->shift[c + 1], p->out_zero);
        const int32_t bias0 = p->bias[c], bias1 = p->bias[c + 1];
        int8_t *y = out + c;
        y[0] = (int8_t)mn_mcu_stored(s0, 2 * (sums[0] + bias0));
        y[1] = (int8_t)mn_mcu_stored(s1, 2 * (sums[1] + bias1));
        y[channels] = (int8_t)mn_mcu_stored(s0, 2 * (sums[2] + bias0));
        y[channels + 1] = (int8_t)mn_mcu_stored(s1, 2 * (sums[3] + bias1));
    }
}

/* ---- Tiles ----------------------------------------------------------------------------------------------- */

/* Twice the weights of two channels, for each four of the depth: bytes 0 and 2 of the first, of the second, bytes 1 and
 * 3 of the first, of the second. */
MN_MCU_INLINE uint32_t *put_four(uint32_t *tile, uint32_t a, uint32_t b) {
    tile[0] = mn_mcu_twice(mn_mcu_even(a));
    tile[1] = mn_mcu_twice(mn_mcu_even(b));
    tile[2] = mn_mcu_twice(mn_mcu_odd(a));
    tile[3] = mn_mcu_twice(mn_mcu_odd(b));
    return tile + 4;
}

static void fill_tile(uint32_t *tile, const int8_t *weights, uint32_t depth) {
    for (const int8_t *const end = weights + depth; weights != end; weights += 4) {
        tile = put_four(tile, mn_mcu_load(weights), mn_mcu_load(weights + depth));
    }
}

/* Two pixels, the two channels of a tile. Four products of each. Cortex-M7 issues SXTB16 and a SMLAD behind it together
 * unless the SMLAD needs its result. */
#define STEP_TILE                                                                                                      \
    "ldr %[x], [%[x0]], #4\n\tldr %[y], [%[x1]], #4\n\tldrd %[v], %[w], [%[tile]], #8\n\t"                             \
    "sxtb16 %[t], %[x]\n\tsxtb16 %[x], %[x], ror #8\n\t"                                                               \
    "smlad %[a00], %[t], %[v], %[a00]\n\tsmlad %[a01], %[t], %[w], %[a01]\n\t"                                         \
    "sxtb16 %[t], %[y]\n\tsxtb16 %[y], %[y], ror #8\n\t"                                                               \
    "smlad %[a10], %[t], %[v], %[a10]\n\tsmlad %[a11], %[t], %[w], %[a11]\n\t"                                         \
    "ldrd %[v], %[w], [%[tile]], #8\n\t"                                                                               \
    "smlad %[a00], %[x], %[v], %[a00]\n\tsmlad %[a01], %[x], %[w], %[a01]\n\t"                                         \
    "smlad %[a10], %[y], %[v], %[a10]\n\tsmlad %[a11], %[y], %[w], %[a11]\n\t"

/* Adds to sums. The depth is a multiple of eight. */
MN_MCU_INLINE void dot_tile(const int8_t *x0, const int8_t *x1, const uint32_t *tile, uint32_t depth, int32_t sums[4]) {
    const int8_t *const end = x0 + depth;
    uint32_t x, y, v, w, t;
    __asm__("1:\n\t" STEP_TILE STEP_TILE "cmp %[x0], %[end]\n\tbne 1b"
            : [a00] "+r"(sums[0]), [a01] "+r"(sums[1]), [a10] "+r"(sums[2]), [a11] "+r"(sums[3]), [x0] "+r"(x0),
              [x1] "+r"(x1), [tile] "+r"(tile), [x] "=&r"(x), [y] "=&r"(y), [v] "=&r"(v), [w] "=&r"(w), [t] "=&r"(t)
            : [end] "r"(end)
            : "cc", "memory");
}

/* Channels [0, channels & ~1) of a tame product. */
static void by_tiles(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                     uint32_t n, uint32_t *tile) {
    const uint32_t channels = p->channels;
    for (uint32_t c = 0; c + 2 <= channels; c += 2, weights += 2 * (size_t)depth) {
        const mn_mcu_scale s0 = mn_mcu_scale_of(p->multiplier[c], p->shift[c], p->out_zero);
        const mn_mcu_scale s1 = mn_mcu_scale_of(p->multiplier[c + 1], p->shift[c + 1], p->out_zero);
        const int32_t bias0 = 2 * p->bias[c], bias1 = 2 * p->bias[c + 1];
        const int8_t *x = in;
        int8_t *y = out + c;
        fill_tile(tile, weights, depth);
        for (uint32_t left = n; left > 0;) {
            const uint32_t next = left > 1 ? 1 : 0; /* without a second pixel the first counts twice */
            int32_t sums[4] = {bias0, bias1, bias0, bias1};
            dot_tile(x, x + next * depth, tile, depth, sums);
            y[0] = (int8_t)mn_mcu_stored(s0, sums[0]);
            y[1] = (int8_t)mn_mcu_stored(s1, sums[1]);
            if (left == 1) break;
            y[channels] = (int8_t)mn_mcu_stored(s0, sums[2]);
            y[channels + 1] = (int8_t)mn_mcu_stored(s1, sums[3]);
            x += 2 * depth, y += 2 * channels, left -= 2;
        }
    }
}

/* ---- All ------------------------------------------------------------------------------------------------- */

/* Channels from c on, one by one. */
static void by_ones(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                    uint32_t n, uint32_t c) {
    for (; c < p->channels; c++) {
        for (uint32_t i = 0; i < n; i++) {
            const int8_t *x = in + (size_t)i * depth, *w = weights + (size_t)c * depth;
            int32_t sum = 0;
            for (uint32_t k = depth; k > 0; k--) sum += *x++ * *w++;
            out[(size_t)i * p->channels + c] = mn_mcu_store(p, c, sum);
        }
    }
}

void mn_mcu_pointwise_dsp(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                          uint32_t n, int8_t *workspace) {
    const uint32_t channels = p->channels;
    uint32_t i = 0;
    if (depth < 4) {
        by_ones(p, weights, depth, in, out, n, 0);
    } else if (p->tame && n >= MN_MCU_TILE_PIXELS && workspace && mn_mcu_tile_bytes(depth) > 0) {
        by_tiles(p, weights, depth, in, out, n, (uint32_t *)(void *)workspace);
        by_ones(p, weights, depth, in, out, n, channels & ~1u);
    } else {
        for (; HAS_TWO_PIXELS && p->tame && i + 2 <= n; i += 2)
            two_pixels(p, weights, depth, in + i * depth, out + i * channels);
        for (; i < n; i++) one_pixel(p, weights, depth, in + i * depth, out + i * channels);
        by_ones(p, weights, depth, in, out, n, channels & ~3u);
    }
    if (p->tame) mn_mcu_clamp_bytes(p, out, n * channels);
}

#endif
