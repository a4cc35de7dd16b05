/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the products of products_dotprod.h and products_i8mm.h are made of: instructions that stay where they are
 * written. Compilers would otherwise compute sums of several rows at once, run out of registers and move them. */
#ifndef MN_KERNELS_ARM_DOTS_Q8_H
#define MN_KERNELS_ARM_DOTS_Q8_H

#include "kernels/arm/panel_q8.h"

/** The next 32 weights. */
Q8_INLINE void mn_arm_load_two(const int8_t **weights, int8x16_t w[2]) {
    __asm__ volatile("ldp %q0, %q1, [%2], #32"
                     : "=w"(w[0]), "=w"(w[1]), "+r"(*weights)
                     : "m"(*(const int8_t(*)[32]) * weights));
}

/** The next eight activations of a row into the lower half of a vector, or the upper one. */
Q8_INLINE void mn_arm_load_low(const int8_t **row, int8x16_t *x) {
    __asm__ volatile("ldr %d0, [%1], #8" : "=w"(*x), "+r"(*row) : "m"(*(const int8_t(*)[8]) * row));
}

Q8_INLINE void mn_arm_load_high(const int8_t **row, int8x16_t *x) {
    __asm__ volatile("ld1 {%0.d}[1], [%1], #8" : "+w"(*x), "+r"(*row) : "m"(*(const int8_t(*)[8]) * row));
}

/** The next four, into the lower half of a half. */
Q8_INLINE void mn_arm_load_low_four(const int8_t *row, int8x16_t *x) {
    __asm__ volatile("ldr %s0, %1" : "=w"(*x) : "m"(*(const int8_t(*)[4])row));
}

Q8_INLINE void mn_arm_load_high_four(const int8_t *row, int8x16_t *x) {
    __asm__ volatile("ld1 {%0.s}[2], %1" : "+w"(*x) : "Q"(*(const int8_t(*)[4])row));
}

/** Keeps a sum from being computed later than here. */
Q8_INLINE void mn_arm_keep(int32x4_t *sum) { __asm__ volatile("" : "+w"(*sum)); }

#endif
