/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What kernels for Cortex-M with the DSP extension (M4, M7, M33) are made of. SMLAD adds two products of 16 bits;
 * SXTB16 makes these of bytes: bytes 0 and 2 of a word, and, turned by 8 bits, 1 and 3. */
#ifndef MN_MCU_DSP_H
#define MN_MCU_DSP_H

#include "mn_mcu_kernels.h"

#if MN_MCU_HAS_DSP

/** Four bytes, wherever they lie. */
MN_MCU_INLINE uint32_t mn_mcu_load(const int8_t *from) {
    uint32_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
}

/** Bytes 0 and 2 as 16 bits. */
MN_MCU_INLINE uint32_t mn_mcu_even(uint32_t word) {
    uint32_t pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
    return pair;
}

/** Bytes 1 and 3 as 16 bits. */
MN_MCU_INLINE uint32_t mn_mcu_odd(uint32_t word) {
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
}

MN_MCU_INLINE uint32_t mn_mcu_twice(uint32_t pair) {
    __asm__("sadd16 %0, %0, %0" : "+r"(pair));
    return pair;
}

/* ---- Requantisation -------------------------------------------------------------------------------------- */

/** How a tame product requantises a channel (mn_mcu_requantize): twice the accumulator times the multiplier, rounded to
 *  the upper 32 bits, is the first rounding; `half` is what the second one and the zero point add before the shift. */
typedef struct mn_mcu_scale {
    int32_t multiplier, half;
    uint32_t shift; /* by one less than all */
} mn_mcu_scale;

MN_MCU_INLINE mn_mcu_scale mn_mcu_scale_of(int32_t multiplier, int32_t shift, int32_t zero) {
    const uint32_t less = (uint32_t)~shift;
    const mn_mcu_scale s = {multiplier, (int32_t)((uint32_t)(2 * zero + 1) << less), less};
    return s;
}

/** The byte of twice an accumulator, not clamped yet to less than a byte. */
MN_MCU_INLINE int32_t mn_mcu_stored(mn_mcu_scale s, int32_t twice) {
    int32_t x = s.half + (twice >> 31);
    __asm__("smmlar %0, %1, %2, %0" : "+r"(x) : "r"(twice), "r"(s.multiplier));
    x >>= s.shift;
    __asm__("ssat %0, #8, %0, asr #1" : "+r"(x));
    return x;
}

/** Byte of channel c of a tame product, whose sum is without the bias. */
MN_MCU_INLINE int32_t mn_mcu_store_tame(const mn_mcu_product *p, uint32_t c, int32_t sum) {
    return mn_mcu_stored(mn_mcu_scale_of(p->multiplier[c], p->shift[c], p->out_zero), 2 * (sum + p->bias[c]));
}

/** Bytes of channels [c, c + 4). */
MN_MCU_INLINE void mn_mcu_store_four(const mn_mcu_product *p, uint32_t c, const int32_t sums[4], int8_t *out) {
    const int32_t a = mn_mcu_store_tame(p, c, sums[0]), b = mn_mcu_store_tame(p, c + 1, sums[1]);
    const int32_t d = mn_mcu_store_tame(p, c + 2, sums[2]), e = mn_mcu_store_tame(p, c + 3, sums[3]);
    out[0] = (int8_t)a, out[1] = (int8_t)b, out[2] = (int8_t)d, out[3] = (int8_t)e;
}

/** Clamps bytes that mn_mcu_stored() has made. */
MN_MCU_INLINE void mn_mcu_clamp_bytes(const mn_mcu_product *p, int8_t *out, uint32_t n) {
    if (p->low == -128 && p->high == 127) return;
    for (; n > 0; n--, out++) *out = (int8_t)mn_mcu_clamp(*out, p->low, p->high);
}

#endif

#endif
