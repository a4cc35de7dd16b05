/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Inside the runtime: kernels on plain buffers, and their arithmetic. Each kernel has a portable form, named _c, which
 * is the definition of the others; files for an instruction set bring their own of some kernels, and are chosen here by
 * the compiler's macros. Pixels lie behind each other wherever a count is given. */
#ifndef MN_MCU_KERNELS_H
#define MN_MCU_KERNELS_H

#include "mn_mcu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Compilers -------------------------------------------------------------------------------------------- */

#if defined __GNUC__
#define MN_MCU_INLINE static inline __attribute__((always_inline))
#else
#define MN_MCU_INLINE static inline
#endif

/* Keeps compilers from moving what is behind in front of it: loads for which there would be no registers, and whole
 * loops of which they would make a call of memcpy() or memset(), as there may be no library. */
#if defined __GNUC__
#define MN_MCU_IN_ORDER() __asm__ volatile("" ::: "memory")
#else
#define MN_MCU_IN_ORDER() ((void)0)
#endif

/* DO(i), a macro, for each i below `count`, four in a turn. */
#define MN_MCU_EACH(count, DO)                                                                                         \
    do {                                                                                                               \
        uint32_t i = 0;                                                                                                \
        for (; i + 4 <= (count); i += 4) {                                                                             \
            DO(i);                                                                                                     \
            DO(i + 1);                                                                                                 \
            DO(i + 2);                                                                                                 \
            DO(i + 3);                                                                                                 \
        }                                                                                                              \
        for (; i < (count); i++) DO(i);                                                                                \
    } while (0)

/* ---- Kernels --------------------------------------------------------------------------------------------- */

/** out[n][channels] of in[n][depth]; weights are [channels][depth], whatever p->weights and p->depth are. `workspace`,
 *  for those who are faster with one: mn_mcu_tile_bytes(depth) bytes, aligned to words; NULL: there is none. */
void mn_mcu_pointwise_c(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                        uint32_t n, int8_t *workspace);
void mn_mcu_pointwise_wide(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in,
                           int8_t *out, uint32_t n, int8_t *workspace);

/** Pixels of the input under output pixels of one row: that under tap (ky, kx) of output pixel i is
 *  at[ky * columns + i * stride + kx]. Outside the image it is `border` of the product, or NULL. */
typedef struct mn_mcu_view {
    const int8_t *const *at;
    uint32_t columns, stride, k_h, k_w;
} mn_mcu_view;

/** out[n][channels]; weights are [k_h][k_w][channels]. */
void mn_mcu_depthwise_c(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view, int8_t *out,
                        uint32_t n);

/** Of `count` bytes each. `out` may be one of the operands. */
void mn_mcu_add_c(const mn_mcu_add *p, const int8_t *a, const int8_t *b, int8_t *out, uint32_t count);
void mn_mcu_map_c(const int8_t *table, const int8_t *in, int8_t *out, uint32_t count);

/** Of windows: out[n][channels]. */
void mn_mcu_average_pool_c(const mn_mcu_pool *p, const mn_mcu_view *view, int8_t *out, uint32_t n, uint32_t channels);
void mn_mcu_max_pool_c(const mn_mcu_pool *p, const mn_mcu_view *view, int8_t *out, uint32_t n, uint32_t channels);
void mn_mcu_pad_c(const mn_mcu_pad *p, const mn_mcu_view *view, int8_t *out, uint32_t n, uint32_t channels);

/** Adds n pixels to sums[channels]; and makes bytes of the sums of `count` pixels. */
void mn_mcu_sum_c(int32_t *sums, const int8_t *in, uint32_t n, uint32_t channels);
void mn_mcu_mean_c(const mn_mcu_mean *p, const int32_t *sums, uint32_t count, int8_t *out, uint32_t channels);
void mn_mcu_average_c(const mn_mcu_mean *p, const int32_t *sums, uint32_t count, int8_t *out, uint32_t channels);

void mn_mcu_softmax_c(const mn_mcu_softmax *p, const int8_t *in, int8_t *out, uint32_t n, uint32_t channels);

/** n bytes of one value. */
void mn_mcu_fill(int8_t *to, int8_t value, uint32_t n);

/* mn_mcu_dsp.c: SIMD in 32 bits, of Armv7E-M and Armv8-M, which may read words anywhere. */
#if defined __ARM_FEATURE_DSP && defined __ARM_FEATURE_UNALIGNED && defined __thumb2__ &&                              \
    !defined __ARM_FEATURE_MVE && defined __GNUC__
#define MN_MCU_HAS_DSP 1
void mn_mcu_pointwise_dsp(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                          uint32_t n, int8_t *workspace);
void mn_mcu_depthwise_dsp(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view, int8_t *out,
                          uint32_t n);
#else
#define MN_MCU_HAS_DSP 0
#endif

/* mn_mcu_mve.c: Helium, of Armv8.1-M. */
#if defined __ARM_FEATURE_MVE && defined __GNUC__
#define MN_MCU_HAS_MVE 1
void mn_mcu_pointwise_mve(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                          uint32_t n, int8_t *workspace);
void mn_mcu_depthwise_mve(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view, int8_t *out,
                          uint32_t n);
void mn_mcu_add_mve(const mn_mcu_add *p, const int8_t *a, const int8_t *b, int8_t *out, uint32_t count);
#else
#define MN_MCU_HAS_MVE 0
#endif

/* Those that the target runs. */
#if MN_MCU_HAS_MVE
#define mn_mcu_best_pointwise mn_mcu_pointwise_mve
#define mn_mcu_best_depthwise mn_mcu_depthwise_mve
#define mn_mcu_best_add mn_mcu_add_mve
#elif MN_MCU_HAS_DSP
#define mn_mcu_best_pointwise mn_mcu_pointwise_dsp
#define mn_mcu_best_depthwise mn_mcu_depthwise_dsp
#define mn_mcu_best_add mn_mcu_add_c
#else
#if defined __arm__
#define mn_mcu_best_pointwise mn_mcu_pointwise_c
#else
#define mn_mcu_best_pointwise mn_mcu_pointwise_wide
#endif
#define mn_mcu_best_depthwise mn_mcu_depthwise_c
#define mn_mcu_best_add mn_mcu_add_c
#endif

/** One slice of a step: pixels [first, first + n) of its output, the first of them at row y, column x. */
void mn_mcu_run_slice(const mn_mcu_run *run, const mn_mcu_step *step, const mn_mcu_cursor *at, uint32_t n);

/** Pixels from which on it is less work to widen weights once. */
enum { MN_MCU_TILE_PIXELS = 8 };

/** Room for the weights of two channels as 16 bits; 0: a depth that does without. */
static inline uint32_t mn_mcu_tile_bytes(uint32_t depth) { return depth > 4096 || depth % 8 > 0 ? 0 : 4 * depth; }

/** Patches of a CONV that are multiplied together. */
enum { MN_MCU_PATCHES = 4 };

/* ---- Arithmetic ------------------------------------------------------------------------------------------ */

static inline uint32_t mn_mcu_min(uint32_t a, uint32_t b) { return a < b ? a : b; }

static inline int32_t mn_mcu_clamp(int32_t a, int32_t low, int32_t high) {
    const int32_t x = a < low ? low : a;
    return x > high ? high : x;
}

/** a + b modulo 2^32, which absurd biases need. */
static inline int32_t mn_mcu_wrap_add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/** a * b / 2^31, halves upward; not of two times -2^31. */
static inline int32_t mn_mcu_high(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

/** x / 2^n, halves upward, for x >= 0 and n in [0, 31]. */
static inline int32_t mn_mcu_round_shift(int32_t x, int32_t n) {
    return n == 0 ? x : (int32_t)(((uint32_t)x >> n) + ((uint32_t)x >> (n - 1) & 1u));
}

/** a * multiplier / 2^31 * 2^shift with both roundings, for shift < 0 as one 64-bit sum of which the upper half is
 *  taken (docs/numerics.md, Requantising in floats): no shift of 64 bits, which 32-bit processors take for long. */
static inline int32_t mn_mcu_requantize(int32_t a, int32_t multiplier, int32_t shift) {
    if (shift >= 0) return mn_mcu_high((int32_t)((uint32_t)a << shift), multiplier);
    const int32_t n = -shift - 1; /* the sum / 2^32 is shifted by that */
    const int64_t halves = ((int64_t)1 << 30) + ((int64_t)((uint32_t)1 << n) << 31) - ((int64_t)(a < 0) << 31);
    return (int32_t)(((int64_t)a * multiplier + halves) >> 32) >> n;
}

/** The same for accumulators below 2^29 either way and shifts in [-22, -1], as of a tame product, with a zero point
 *  added: the high half of one product of 32 bits has one bit more than the first rounding needs, and both roundings,
 *  the sign's part in them, and the zero point are added to it before one shift. */
typedef struct mn_mcu_rescale {
    uint32_t multiplier; /* doubled */
    int32_t more, shift;
} mn_mcu_rescale;

MN_MCU_INLINE mn_mcu_rescale mn_mcu_rescale_of(int32_t multiplier, int32_t shift, int32_t zero) {
    const int32_t n = 1 - shift;
    const mn_mcu_rescale s = {(uint32_t)multiplier * 2, (int32_t)(((uint32_t)zero * 2 + 1) << (n - 1)), n};
    return s;
}

MN_MCU_INLINE int32_t mn_mcu_rescaled(mn_mcu_rescale s, int32_t a) {
    const int32_t high = (int32_t)(((int64_t)(a * 2) * s.multiplier) >> 32);
    return (high + s.more + ((a >> 30) | 1)) >> s.shift;
}

/** The byte of channel c, whose accumulator is `acc`, by a multiplier of 47 bits. */
int8_t mn_mcu_store_fine(const mn_mcu_product *p, uint32_t c, int32_t acc);

/** The byte of channel c with the sum `sum` of its products. */
static inline int8_t mn_mcu_store(const mn_mcu_product *p, uint32_t c, int32_t sum) {
    const int32_t acc = mn_mcu_wrap_add(sum, p->bias[c]);
    if (p->tame) {
        const mn_mcu_rescale s = mn_mcu_rescale_of(p->multiplier[c], p->shift[c], p->out_zero);
        return (int8_t)mn_mcu_clamp(mn_mcu_rescaled(s, acc), p->low, p->high);
    }
    if (p->fine) return mn_mcu_store_fine(p, c, acc);
    const int32_t stored = mn_mcu_wrap_add(mn_mcu_requantize(acc, p->multiplier[c], p->shift[c]), p->out_zero);
    return (int8_t)mn_mcu_clamp(stored, p->low, p->high);
}

/** What a tame product stores by, out of the reach of bytes that are stored through other pointers. */
typedef struct mn_mcu_output {
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int32_t zero, low, high;
} mn_mcu_output;

MN_MCU_INLINE mn_mcu_output mn_mcu_output_of(const mn_mcu_product *p) {
    const mn_mcu_output o = {p->bias, p->multiplier, p->shift, p->out_zero, p->low, p->high};
    return o;
}

/** The bytes of channel c with the sums a and b of two pixels, which are `stride` bytes apart. */
MN_MCU_INLINE void mn_mcu_store_two(const mn_mcu_output *o, uint32_t c, int32_t a, int32_t b, int8_t *out,
                                    size_t stride) {
    const mn_mcu_rescale s = mn_mcu_rescale_of(o->multiplier[c], o->shift[c], o->zero);
    const int32_t bias = o->bias[c];
    const int32_t x = mn_mcu_rescaled(s, a + bias), y = mn_mcu_rescaled(s, b + bias);
    out[0] = (int8_t)mn_mcu_clamp(x, o->low, o->high);
    out[stride] = (int8_t)mn_mcu_clamp(y, o->low, o->high);
}

/** The same of channels c to c + 3; sums[0 to 3] are the first pixel's. */
MN_MCU_INLINE void mn_mcu_store_eight(const mn_mcu_output *o, uint32_t c, const int32_t sums[8], int8_t *out,
                                      size_t stride) {
    mn_mcu_store_two(o, c, sums[0], sums[4], out, stride);
    mn_mcu_store_two(o, c + 1, sums[1], sums[5], out + 1, stride);
    mn_mcu_store_two(o, c + 2, sums[2], sums[6], out + 2, stride);
    mn_mcu_store_two(o, c + 3, sums[3], sums[7], out + 3, stride);
}

#ifdef __cplusplus
}
#endif

#endif
