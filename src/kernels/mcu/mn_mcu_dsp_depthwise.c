/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Depthwise filters for Cortex-M with the DSP extension: four channels at a time, whose weights are widened once for
 * all pixels if there are a few of them. */
#include "mn_mcu_dsp.h"

#if MN_MCU_HAS_DSP

/* Pixels from which on it is less work to widen weights once. */
enum { WIDE_PIXELS = 3 };

/* Channels c to c + 3 of a 3x3 filter, as nearly all are: nine pixels, nine times four weights. Weights of a tap that
 * were widened: of channels 0 and 2, of 1 and 3. */
typedef struct wide {
    uint32_t even, odd;
} wide;

#define PIXEL(offset)                                                                                                  \
    "ldr %[x], [%[at], #" offset "]\n\tldr %[x], [%[x], %[c]]\n\tsxtb16 %[t], %[x], ror #8\n\tsxtb16 %[x], %[x]\n\t"
#define MULTIPLY                                                                                                       \
    "smlabb %[s0], %[x], %[even], %[s0]\n\tsmlabb %[s1], %[t], %[odd], %[s1]\n\t"                                      \
    "smlatt %[s2], %[x], %[even], %[s2]\n\tsmlatt %[s3], %[t], %[odd], %[s3]\n\t"
#define WIDE(offset) PIXEL(offset) "ldrd %[even], %[odd], [%[w]], #8\n\t" MULTIPLY
#define NARROW(offset)                                                                                                 \
    "ldr %[even], [%[w]]\n\tadd %[w], %[w], %[channels]\n\t" PIXEL(                                                    \
        offset) "sxtb16 %[odd], %[even], ror #8\n\tsxtb16 %[even], %[even]\n\t" MULTIPLY
#define NEXT_ROW "add %[at], %[at], %[row]\n\t"
#define THREE_ROWS(tap)                                                                                                \
    tap("0") tap("4") tap("8") NEXT_ROW tap("0") tap("4") tap("8") NEXT_ROW tap("0") tap("4") tap("8")
#define OPERANDS                                                                                                       \
    [s0] "+r"(s[0]), [s1] "+r"(s[1]), [s2] "+r"(s[2]), [s3] "+r"(s[3]), [at] "+r"(at), [w] "+r"(w), [x] "=&r"(x),      \
        [t] "=&r"(t), [even] "=&r"(even), [odd] "=&r"(odd)

/* Adds to sums. `row`: bytes from one row of pointers to the next. */
MN_MCU_INLINE void filter_wide(const int8_t *const *at, uint32_t row, uint32_t c, const wide *w, int32_t s[4]) {
    uint32_t x, t, even, odd;
    __asm__(THREE_ROWS(WIDE) : OPERANDS : [c] "r"(c), [row] "r"(row) : "memory");
}

MN_MCU_INLINE void filter_narrow(const int8_t *const *at, uint32_t row, uint32_t c, const int8_t *w, uint32_t channels,
                                 int32_t s[4]) {
    uint32_t x, t, even, odd;
    __asm__(THREE_ROWS(NARROW) : OPERANDS : [c] "r"(c), [row] "r"(row), [channels] "r"(channels) : "memory");
}

/* Channels [c, c + 4) of many pixels. */
static void four_wide(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view, uint32_t c, int8_t *out,
                      uint32_t n) {
    const uint32_t channels = p->channels, row = 4 * view->columns, step = view->stride;
    const int8_t *const *at = view->at;
    wide w[9];
    mn_mcu_scale scale[4];
    int32_t bias[4];
    for (uint32_t i = 0; i < 9; i++) {
        const uint32_t word = mn_mcu_load(weights + i * channels);
        w[i].even = mn_mcu_twice(mn_mcu_even(word));
        w[i].odd = mn_mcu_twice(mn_mcu_odd(word));
    }
    for (uint32_t i = 0; i < 4; i++) {
        scale[i] = mn_mcu_scale_of(p->multiplier[c + i], p->shift[c + i], p->out_zero);
        bias[i] = 2 * p->bias[c + i];
    }
    for (; n > 0; n--, at += step, out += channels) {
        int32_t s[4] = {bias[0], bias[1], bias[2], bias[3]};
        filter_wide(at, row, c, w, s);
        out[0] = (int8_t)mn_mcu_stored(scale[0], s[0]);
        out[1] = (int8_t)mn_mcu_stored(scale[1], s[1]);
        out[2] = (int8_t)mn_mcu_stored(scale[2], s[2]);
        out[3] = (int8_t)mn_mcu_stored(scale[3], s[3]);
    }
}

/* Channels [0, channels & ~3) of one pixel. */
static void one_pixel(const mn_mcu_product *p, const int8_t *weights, const int8_t *const *at, uint32_t row,
                      int8_t *out) {
    const uint32_t channels = p->channels;
    for (uint32_t c = 0; c + 4 <= channels; c += 4) {
        int32_t s[4] = {0, 0, 0, 0};
        filter_narrow(at, row, c, weights + c, channels, s);
        mn_mcu_store_four(p, c, s, out + c);
    }
}

static int8_t one_channel(const mn_mcu_product *p, const int8_t *w, const int8_t *const *at, uint32_t columns,
                          uint32_t c) {
    int32_t sum = 0;
    for (uint32_t ky = 0; ky < 3; ky++, at += columns) {
        for (uint32_t kx = 0; kx < 3; kx++, w += p->channels) sum += at[kx][c] * w[c];
    }
    return mn_mcu_store(p, c, sum);
}

void mn_mcu_depthwise_dsp(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view, int8_t *out,
                          uint32_t n) {
    const uint32_t channels = p->channels, fours = channels & ~3u;
    if (p->depth != channels || !p->tame || view->k_h != 3 || view->k_w != 3) {
        mn_mcu_depthwise_c(p, weights, view, out, n);
        return;
    }
    if (n >= WIDE_PIXELS) {
        for (uint32_t c = 0; c < fours; c += 4) four_wide(p, weights + c, view, c, out + c, n);
    }
    for (uint32_t i = 0; i < n; i++) {
        const int8_t *const *at = view->at + i * view->stride;
        int8_t *y = out + i * channels;
        if (n < WIDE_PIXELS) one_pixel(p, weights, at, 4 * view->columns, y);
        for (uint32_t c = fours; c < channels; c++) y[c] = one_channel(p, weights, at, view->columns, c);
    }
    mn_mcu_clamp_bytes(p, out, n * channels);
}

#endif
