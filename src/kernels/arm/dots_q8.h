/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What products_dotprod.h and products_i8mm.h have in common: the order in which weights are loaded and sums grow,
 * which the compiler would otherwise choose so that it runs out of registers. */
#ifndef MN_KERNELS_ARM_DOTS_Q8_H
#define MN_KERNELS_ARM_DOTS_Q8_H

#include "kernels/arm/panel_q8.h"

/** A number that the compiler does not know, so that loops stay loops. */
Q8_INLINE int32_t mn_arm_opaque(int32_t number) {
    __asm__("" : "+r"(number));
    return number;
}

/** The next 32 weights, loaded here and no earlier. */
Q8_INLINE void mn_arm_load_two(const int8_t **weights, int8x16_t w[2]) {
    __asm__ volatile("ldp %q0, %q1, [%2], #32"
                     : "=w"(w[0]), "=w"(w[1]), "+r"(*weights)
                     : "m"(*(const int8_t(*)[32]) * weights));
}

/** Keeps a sum from being computed later than here. */
Q8_INLINE void mn_arm_keep(int32x4_t *sum) { __asm__ volatile("" : "+w"(*sum)); }

#endif
