/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The products of a float tile of 6 pixels x 16 channels on 64-bit Arm, for tile/conv_f32.h. In assembly: it needs all
 * 32 vectors, of which compilers move and spill some, and cores that run in order wait for weights that are loaded just
 * before they are needed. Here one vector of these is loaded while the other one is multiplied.
 *
 *    a00-a53  accumulators, four of each pixel     v24 v25  weights
 *    v26-v31  four inputs of each pixel            x9-x14   where they are       x15  weights
 *    x16      where a run ends                     x17      runs that are left
 */
#ifndef MN_KERNELS_ARM_MULTIPLY_F32_H
#define MN_KERNELS_ARM_MULTIPLY_F32_H

/* What tile/conv_f32.h asks for. */
#define MULTIPLY_6X4

#include "kernels/arm/neon.h"
#include <stddef.h>

/* The products of a tile, in runs; in bytes. Each run is a multiple of four inputs, and not empty. */
typedef struct products_6x4 {
    const float *in; /* of the first pixel */
    ptrdiff_t step;  /* from pixel to pixel */
    const float *weights;
    const float32x4_t *bias;
    ptrdiff_t runs, skip;   /* how many, and from the end of one to the next */
    ptrdiff_t length, last; /* of each but the last, and of this */
} products_6x4;

/* clang-format off */
#define I(text) text "\n\t"
#define FMA(acc, w, x, lane) I("fmla %[" #acc "].4s, v" #w ".4s, v" #x ".s[" #lane "]")
#define SIX(a, b, c, d, e, f, w, lane)                                                                                 \
    FMA(a, w, 26, lane) FMA(b, w, 27, lane) FMA(c, w, 28, lane) FMA(d, w, 29, lane) FMA(e, w, 30, lane)                \
    FMA(f, w, 31, lane)
#define WEIGHTS(w) I("ldr q" #w ", [x15], #16")
#define FRONT(lane)                                                                                                    \
    SIX(a00, a10, a20, a30, a40, a50, 24, lane) WEIGHTS(24)                                                            \
    SIX(a01, a11, a21, a31, a41, a51, 25, lane) WEIGHTS(25)
#define BACK(lane, next, last)                                                                                         \
    SIX(a02, a12, a22, a32, a42, a52, 24, lane) next SIX(a03, a13, a23, a33, a43, a53, 25, lane) last
#define LANE(lane) FRONT(lane) BACK(lane, WEIGHTS(24), WEIGHTS(25))

#define COPY(to, from) I("mov %[" #to "].16b, %[" #from "].16b")
#define COPIES(r) COPY(a##r##0, a00) COPY(a##r##1, a01) COPY(a##r##2, a02) COPY(a##r##3, a03)

#define MULTIPLY                                                                                                       \
    I("ldp x9, x16, [%[p]]") I("ldp x15, x17, [%[p], #16]")                                                            \
    I("ldp %q[a00], %q[a01], [x17]") I("ldp %q[a02], %q[a03], [x17, #32]")                                             \
    COPIES(1) COPIES(2) COPIES(3) COPIES(4) COPIES(5)                                                                  \
    I("add x10, x9, x16") I("add x11, x10, x16") I("add x12, x11, x16") I("add x13, x12, x16") I("add x14, x13, x16")  \
    I("ldp x17, x6, [%[p], #32]") I("ldp x7, x8, [%[p], #48]")                                                         \
    I("1:") I("subs x17, x17, #1") I("csel x16, x7, x8, ne") I("add x16, x9, x16")                                     \
    I("2:") I("ldp q24, q25, [x15], #32")                                                                              \
    I("ldr q26, [x9], #16") I("ldr q27, [x10], #16") I("ldr q28, [x11], #16")                                          \
    I("ldr q29, [x12], #16") I("ldr q30, [x13], #16") I("ldr q31, [x14], #16")                                         \
    LANE(0) LANE(1) LANE(2) FRONT(3) I("cmp x9, x16") BACK(3, "", I("b.ne 2b"))                                        \
    I("cbz x17, 3f") I("add x9, x9, x6") I("add x10, x10, x6") I("add x11, x11, x6") I("add x12, x12, x6")             \
    I("add x13, x13, x6") I("add x14, x14, x6") I("b 1b")                                                              \
    I("3:")
/* clang-format on */

/* Named as their place is: [a12] is the third one of pixel 1. */
#define OUT(r)                                                                                                         \
    [a##r##0] "=w"(acc[r][0]), [a##r##1] "=w"(acc[r][1]), [a##r##2] "=w"(acc[r][2]), [a##r##3] "=w"(acc[r][3])

/* Bias and all products; `acc` has rows of four. */
__attribute__((always_inline)) static inline void multiply_6x4(const products_6x4 *p, float32x4_t (*acc)[4]) {
    __asm__ volatile(MULTIPLY
                     : OUT(0), OUT(1), OUT(2), OUT(3), OUT(4), OUT(5)
                     : [p] "r"(p)
                     : "memory", "cc", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                       "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}

#endif
