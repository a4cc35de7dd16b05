/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Kernels for Cortex-M with Helium (M55, M85): vectors of 16 bytes, and VMLADAV, which adds up 16 products. Where bytes
 * or channels are not a multiple of a vector, the last one begins earlier, and what it has a second time counts as 0 or
 * is stored again. */
#include "mn_mcu_kernels.h"

#if MN_MCU_HAS_MVE

#include <arm_mve.h>

#define INLINE static inline __attribute__((always_inline))

/* ---- Requantisation -------------------------------------------------------------------------------------- */

/* mn_mcu_requantize() for shifts to the right: the second rounding's part of the sign is added to the first one. */
INLINE int32x4_t first_rounding(int32x4_t acc, int32x4_t multiplier) {
    const int32x4_t x = vqrdmulhq_s32(acc, multiplier);
    return vaddq_s32(x, vshrq_n_s32(x, 31));
}

INLINE int32x4_t requantize(int32x4_t acc, int32x4_t multiplier, int32x4_t shift) {
    return vrshlq_s32(first_rounding(acc, multiplier), shift);
}

INLINE int32x4_t vector_of(int32_t a, int32_t b, int32_t c, int32_t d) {
    int32x4_t v;
    __asm__("vmov %q0[2], %q0[0], %1, %2\n\tvmov %q0[3], %q0[1], %3, %4" : "=&w"(v) : "r"(a), "r"(c), "r"(b), "r"(d));
    return v;
}

/* ---- Products -------------------------------------------------------------------------------------------- */

/* Sums of four channels of a pixel. */
typedef struct four {
    int32_t a, b, c, d;
} four;

#define FIRST(x, sum, from) "vldrb.8 q2, " from "\n\tvmladav.s8 %[" sum "], " x ", q2\n\t"
#define NEXT(x, sum, from) "vldrb.8 q2, " from "\n\tvmladava.s8 %[" sum "], " x ", q2\n\t"
#define FOUR(what, x, offset)                                                                                          \
    what(x, "a", "[%[w0], #" offset "]") what(x, "b", "[%[w1], #" offset "]") what(x, "c", "[%[w2], #" offset "]")     \
        what(x, "d", "[%[w3], #" offset "]")
#define PIXEL(q, offset) "vldrb.8 " q ", [%[x], #" offset "]\n\t"
#define DOT(text)                                                                                                      \
    __asm__(text                                                                                                       \
            : [a] "=&Te"(s.a), [b] "=&Te"(s.b), [c] "=&Te"(s.c), [d] "=&Te"(s.d)                                       \
            : [x] "r"(x), [w0] "r"(w0), [w1] "r"(w1), [w2] "r"(w2), [w3] "r"(w3), [end] "r"(0xff00)                    \
            : "q0", "q1", "q2", "memory")

/* Depths of the first layers: without a loop. */
INLINE four dot_16(const int8_t *x, const int8_t *w0, const int8_t *w1, const int8_t *w2, const int8_t *w3) {
    four s;
    DOT(PIXEL("q0", "0") FOUR(FIRST, "q0", "0"));
    return s;
}

INLINE four dot_24(const int8_t *x, const int8_t *w0, const int8_t *w1, const int8_t *w2, const int8_t *w3) {
    four s;
    DOT("vmsr p0, %[end]\n\tvpst\n\tvldrbt.8 q1, [%[x], #8]\n\t" PIXEL("q0", "0") FOUR(FIRST, "q0", "0")
            FOUR(NEXT, "q1", "8"));
    return s;
}

INLINE four dot_32(const int8_t *x, const int8_t *w0, const int8_t *w1, const int8_t *w2, const int8_t *w3) {
    four s;
    DOT(PIXEL("q0", "0") PIXEL("q1", "16") FOUR(FIRST, "q0", "0") FOUR(NEXT, "q1", "16"));
    return s;
}

/* Of any depth: the last vector takes what is left. */
INLINE four dot(const int8_t *x, const int8_t *w0, const int8_t *w1, const int8_t *w2, const int8_t *w3,
                uint32_t depth) {
    four s;
    s.a = s.b = s.c = s.d = 0;
    __asm__("dlstp.8 lr, %[depth]\n"
            "1:\n\tvldrb.8 q0, [%[x]], #16\n\t" NEXT("q0", "a", "[%[w0]], #16") NEXT("q0", "b", "[%[w1]], #16")
                NEXT("q0", "c", "[%[w2]], #16") NEXT("q0", "d", "[%[w3]], #16") "letp lr, 1b"
            : [x] "+r"(x), [w0] "+r"(w0), [w1] "+r"(w1), [w2] "+r"(w2), [w3] "+r"(w3), [a] "+Te"(s.a), [b] "+Te"(s.b),
              [c] "+Te"(s.c), [d] "+Te"(s.d)
            : [depth] "r"(depth)
            : "lr", "q0", "q2", "memory");
    return s;
}

/* All pixels of a tame product; inlined for depths that have no loop. */
INLINE void multiply(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                     uint32_t n) {
    const uint32_t channels = p->channels;
    const int32x4_t low = vdupq_n_s32(p->low), high = vdupq_n_s32(p->high);
    const int32_t zero = p->out_zero;
    for (uint32_t block = 0; block < channels; block += 4) {
        const uint32_t c = mn_mcu_min(block, channels - 4);
        const int8_t *w0 = weights + c * depth, *w1 = w0 + depth, *w2 = w1 + depth, *w3 = w2 + depth, *x = in;
        const int32x4_t bias = vldrwq_s32(p->bias + c), multiplier = vldrwq_s32(p->multiplier + c);
        const int32x4_t shift = vldrbq_s32(p->shift + c);
        int8_t *y = out + c;
        for (uint32_t left = n; left > 0; left--, x += depth, y += channels) {
            const four s = depth == 16   ? dot_16(x, w0, w1, w2, w3)
                           : depth == 24 ? dot_24(x, w0, w1, w2, w3)
                           : depth == 32 ? dot_32(x, w0, w1, w2, w3)
                                         : dot(x, w0, w1, w2, w3, depth);
            const int32x4_t acc = vaddq_s32(vector_of(s.a, s.b, s.c, s.d), bias);
            const int32x4_t stored = vaddq_n_s32(requantize(acc, multiplier, shift), zero);
            vstrbq_s32(y, vminq_s32(vmaxq_s32(stored, low), high));
        }
    }
}

/* Of a product that is not tame. */
static void multiply_wild(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                          uint32_t n) {
    const uint32_t channels = p->channels;
    for (uint32_t block = 0; block < channels; block += 4) {
        const uint32_t c = mn_mcu_min(block, channels - 4);
        const int8_t *w = weights + c * depth;
        for (uint32_t i = 0; i < n; i++) {
            const four s = dot(in + i * depth, w, w + depth, w + 2 * depth, w + 3 * depth, depth);
            const int32_t sums[4] = {s.a, s.b, s.c, s.d};
            for (uint32_t k = 0; k < 4; k++) out[i * channels + c + k] = mn_mcu_store(p, c + k, sums[k]);
        }
    }
}

void mn_mcu_pointwise_mve(const mn_mcu_product *p, const int8_t *weights, uint32_t depth, const int8_t *in, int8_t *out,
                          uint32_t n, int8_t *workspace) {
    if (p->channels < 4) {
        mn_mcu_pointwise_c(p, weights, depth, in, out, n, workspace);
    } else if (!p->tame) {
        multiply_wild(p, weights, depth, in, out, n);
    } else if (depth == 16) {
        multiply(p, weights, 16, in, out, n);
    } else if (depth == 24) {
        multiply(p, weights, 24, in, out, n);
    } else if (depth == 32) {
        multiply(p, weights, 32, in, out, n);
    } else {
        multiply(p, weights, depth, in, out, n);
    }
}

/* ---- Depthwise filters ----------------------------------------------------------------------------------- */

/* Sums of 16 channels: 0, 4, 8, 12; 1, 5, ...; 2, 6, ...; 3, 7, .... */
typedef struct sixteen {
    int32x4_t s0, s1, s2, s3;
} sixteen;

/* Bytes under a tap, and its weights. */
#define TAP(x, w, offset)                                                                                              \
    "ldr %[from], [%[at], #" offset "]\n\tadd %[from], %[from], %[c]\n\tvldrb.8 " x ", [%[from]]\n\t"                  \
    "vldrb.8 " w ", [%[w]]\n\tadd %[w], %[w], %[channels]\n\t"
/* Products of even and odd channels in q2 and q0; of two taps, which fit into 16 bits as no weight is -128. */
#define FIRST_TAP(offset) TAP("q0", "q1", offset) "vmullb.s8 q2, q0, q1\n\tvmullt.s8 q0, q0, q1\n\t"
#define SECOND_TAP(offset)                                                                                             \
    TAP("q1", "q3", offset)                                                                                            \
    "vmullb.s8 q1, q1, q3\n\tvadd.i16 q2, q2, q1\n\tvldrb.8 q1, [%[from]]\n\t"                                         \
    "vmullt.s8 q1, q1, q3\n\tvadd.i16 q0, q0, q1\n\t"
#define ADD_UP                                                                                                         \
    "vmovlb.s16 q1, q2\n\tvmovlt.s16 q2, q2\n\tvadd.i32 %q[s0], %q[s0], q1\n\tvmovlb.s16 q1, q0\n\t"                   \
    "vadd.i32 %q[s2], %q[s2], q2\n\tvmovlt.s16 q0, q0\n\tvadd.i32 %q[s1], %q[s1], q1\n\t"                              \
    "vadd.i32 %q[s3], %q[s3], q0\n\t"
#define FIRST_UP "vmovlb.s16 %q[s0], q2\n\tvmovlt.s16 %q[s2], q2\n\tvmovlb.s16 %q[s1], q0\n\tvmovlt.s16 %q[s3], q0\n\t"
#define NEXT_ROW "add %[at], %[at], %[row]\n\t"

/* Channels [c, c + 16) of a pixel; `row` is in bytes. */
INLINE void filter(const int8_t *const *at, uint32_t row, uint32_t c, const int8_t *w, uint32_t channels, sixteen *s) {
    const int8_t *from;
    __asm__(FIRST_TAP("0") SECOND_TAP("4") FIRST_UP FIRST_TAP("8") NEXT_ROW SECOND_TAP("0") ADD_UP FIRST_TAP("4")
                SECOND_TAP("8") ADD_UP NEXT_ROW FIRST_TAP("0") SECOND_TAP("4") ADD_UP FIRST_TAP("8") ADD_UP
            : [s0] "=&w"(s->s0), [s1] "=&w"(s->s1), [s2] "=&w"(s->s2), [s3] "=&w"(s->s3), [at] "+r"(at), [w] "+r"(w),
              [from] "=&r"(from)
            : [row] "r"(row), [c] "r"(c), [channels] "r"(channels)
            : "q0", "q1", "q2", "q3", "memory");
}

/* 16 numbers in the order of sums. */
INLINE sixteen load_sixteen(const int32_t *from) {
    register int32x4_t a __asm__("q0");
    register int32x4_t b __asm__("q1");
    register int32x4_t c __asm__("q2");
    register int32x4_t d __asm__("q3");
    __asm__("vld40.32 {q0, q1, q2, q3}, [%[from]]\n\tvld41.32 {q0, q1, q2, q3}, [%[from]]\n\t"
            "vld42.32 {q0, q1, q2, q3}, [%[from]]\n\tvld43.32 {q0, q1, q2, q3}, [%[from]]"
            : "=w"(a), "=w"(b), "=w"(c), "=w"(d)
            : [from] "r"(from), "m"(*(const int32x4_t *)(const void *)from));
    const sixteen s = {a, b, c, d};
    return s;
}

/* As requantize(), in an order in which eight vectors have room. */
INLINE void store_sixteen(const mn_mcu_product *p, uint32_t c, sixteen s, int8_t *out) {
    const sixteen bias = load_sixteen(p->bias + c);
    s.s0 = vaddq_s32(s.s0, bias.s0), s.s1 = vaddq_s32(s.s1, bias.s1);
    s.s2 = vaddq_s32(s.s2, bias.s2), s.s3 = vaddq_s32(s.s3, bias.s3);
    MN_MCU_IN_ORDER();
    const sixteen m = load_sixteen(p->multiplier + c);
    s.s0 = first_rounding(s.s0, m.s0), s.s1 = first_rounding(s.s1, m.s1);
    s.s2 = first_rounding(s.s2, m.s2), s.s3 = first_rounding(s.s3, m.s3);
    MN_MCU_IN_ORDER();
    const int8x16_t shift = vldrbq_s8(p->shift + c);
    const int16x8_t shift_even = vmovlbq_s8(shift), shift_odd = vmovltq_s8(shift);
    const int32x4_t y0 = vrshlq_s32(s.s0, vmovlbq_s16(shift_even)), y2 = vrshlq_s32(s.s2, vmovltq_s16(shift_even));
    const int32x4_t y1 = vrshlq_s32(s.s1, vmovlbq_s16(shift_odd)), y3 = vrshlq_s32(s.s3, vmovltq_s16(shift_odd));
    int16x8_t even = vqmovnbq_s32(vreinterpretq_s16_s32(y0), y0), odd = vqmovnbq_s32(vreinterpretq_s16_s32(y1), y1);
    even = vqaddq_n_s16(vqmovntq_s32(even, y2), p->out_zero);
    odd = vqaddq_n_s16(vqmovntq_s32(odd, y3), p->out_zero);
    MN_MCU_IN_ORDER();
    int8x16_t y = vqmovntq_s16(vqmovnbq_s16(vreinterpretq_s8_s16(even), even), odd);
    vstrbq_s8(out, vminq_s8(vmaxq_s8(y, vdupq_n_s8(p->low)), vdupq_n_s8(p->high)));
}

void mn_mcu_depthwise_mve(const mn_mcu_product *p, const int8_t *weights, const mn_mcu_view *view, int8_t *out,
                          uint32_t n) {
    const uint32_t channels = p->channels;
    if (p->depth != channels || channels < 16 || !p->tame || view->k_h != 3 || view->k_w != 3) {
        mn_mcu_depthwise_c(p, weights, view, out, n);
        return;
    }
    for (uint32_t block = 0; block < channels; block += 16) {
        const uint32_t c = mn_mcu_min(block, channels - 16), row = 4 * view->columns, step = view->stride;
        const int8_t *const *at = view->at;
        int8_t *y = out + c;
        for (uint32_t left = n; left > 0; left--, at += step, y += channels) {
            sixteen s;
            filter(at, row, c, weights + c, channels, &s);
            store_sixteen(p, c, s, y);
        }
    }
}

/* ---- ADD ------------------------------------------------------------------------------------------------- */

/* mn_mcu_requantize() for any shift to the right, and none. */
INLINE int32x4_t requantize_all(int32x4_t a, int32_t multiplier, int32_t shift) {
    const int32x4_t x = vqrdmulhq_n_s32(a, multiplier);
    return vrshlq_n_s32(vaddq_s32(x, vshrq_n_s32(vandq_s32(x, vdupq_n_s32(shift)), 31)), shift);
}

INLINE int32x4_t operand(const mn_mcu_add *p, int i, const int8_t *from, mve_pred16_t lanes) {
    const int32x4_t x = vsubq_n_s32(vldrbq_z_s32(from, lanes), p->zero[i]);
    return requantize_all(vshlq_n_s32(x, 20), p->multiplier[i], p->shift[i]);
}

void mn_mcu_add_mve(const mn_mcu_add *p, const int8_t *a, const int8_t *b, int8_t *out, uint32_t count) {
    const mn_mcu_add q = *p;
    const int32x4_t low = vdupq_n_s32(q.low), high = vdupq_n_s32(q.high);
    for (int32_t left = (int32_t)count; left > 0; left -= 4, a += 4, b += 4, out += 4) {
        const mve_pred16_t lanes = vctp32q((uint32_t)left);
        const int32x4_t x = operand(&q, 0, a, lanes), y = operand(&q, 1, b, lanes);
        const int32x4_t sum = q.subtract ? vsubq_s32(x, y) : vaddq_s32(x, y);
        int32x4_t z = requantize_all(sum, q.out_multiplier, q.out_shift);
        z = vminq_s32(vmaxq_s32(vaddq_n_s32(z, q.out_zero), low), high);
        vstrbq_p_s32(out, z, lanes);
    }
}

#endif
