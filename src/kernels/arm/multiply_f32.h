/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The products of a float tile of 6 pixels x 16 channels on 64-bit Arm, for tile/conv_f32.h. In assembly: it needs all
 * 32 vectors, of which compilers move and spill some, and cores that run in order wait for weights that are loaded just
 * before they are needed. Here one vector of these is loaded while the other one is multiplied.
 *
 *    v0-v23   accumulators, four of each pixel     v24 v25  weights
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
#define FMA(acc, w, x, lane) I("fmla v" #acc ".4s, v" #w ".4s, v" #x ".s[" #lane "]")
#define SIX(a, b, c, d, e, f, w, lane)                                                                                 \
    FMA(a, w, 26, lane) FMA(b, w, 27, lane) FMA(c, w, 28, lane) FMA(d, w, 29, lane) FMA(e, w, 30, lane)                \
    FMA(f, w, 31, lane)
#define WEIGHTS(w) I("ldr q" #w ", [x15], #16")
#define FRONT(lane) SIX(0, 4, 8, 12, 16, 20, 24, lane) WEIGHTS(24) SIX(1, 5, 9, 13, 17, 21, 25, lane) WEIGHTS(25)
#define BACK(lane, next, last)                                                                                         \
    SIX(2, 6, 10, 14, 18, 22, 24, lane) next SIX(3, 7, 11, 15, 19, 23, 25, lane) last
#define LANE(lane) FRONT(lane) BACK(lane, WEIGHTS(24), WEIGHTS(25))

#define BIAS(a, b, c, d)                                                                                               \
    I("mov v" #a ".16b, v0.16b") I("mov v" #b ".16b, v1.16b") I("mov v" #c ".16b, v2.16b") I("mov v" #d ".16b, v3.16b")

#define MULTIPLY                                                                                                       \
    I("ldp x9, x16, [%24]") I("ldp x15, x17, [%24, #16]")                                                              \
    I("ldp q0, q1, [x17]") I("ldp q2, q3, [x17, #32]")                                                                 \
    BIAS(4, 5, 6, 7) BIAS(8, 9, 10, 11) BIAS(12, 13, 14, 15) BIAS(16, 17, 18, 19) BIAS(20, 21, 22, 23)                 \
    I("add x10, x9, x16") I("add x11, x10, x16") I("add x12, x11, x16") I("add x13, x12, x16") I("add x14, x13, x16")  \
    I("ldp x17, x6, [%24, #32]") I("ldp x7, x8, [%24, #48]")                                                           \
    I("1:") I("subs x17, x17, #1") I("csel x16, x7, x8, ne") I("add x16, x9, x16")                                     \
    I("2:") I("ldp q24, q25, [x15], #32")                                                                              \
    I("ldr q26, [x9], #16") I("ldr q27, [x10], #16") I("ldr q28, [x11], #16")                                          \
    I("ldr q29, [x12], #16") I("ldr q30, [x13], #16") I("ldr q31, [x14], #16")                                         \
    LANE(0) LANE(1) LANE(2) FRONT(3) I("cmp x9, x16") BACK(3, "", I("b.ne 2b"))                                        \
    I("cbz x17, 3f") I("add x9, x9, x6") I("add x10, x10, x6") I("add x11, x11, x6") I("add x12, x12, x6")             \
    I("add x13, x13, x6") I("add x14, x14, x6") I("b 1b")                                                              \
    I("3:")
/* clang-format on */

#define PIXEL(r, a, b, c, d)                                                                                           \
    register float32x4_t acc##r##0 __asm__(a), acc##r##1 __asm__(b), acc##r##2 __asm__(c), acc##r##3 __asm__(d)
#define OUT(r) "=w"(acc##r##0), "=w"(acc##r##1), "=w"(acc##r##2), "=w"(acc##r##3)
#define RESULT(r, of) of[0] = acc##r##0, of[1] = acc##r##1, of[2] = acc##r##2, of[3] = acc##r##3

/* Bias and all products; `acc` has rows of four. */
__attribute__((always_inline)) static inline void multiply_6x4(const products_6x4 *p, float32x4_t (*acc)[4]) {
    PIXEL(0, "v0", "v1", "v2", "v3");
    PIXEL(1, "v4", "v5", "v6", "v7");
    PIXEL(2, "v8", "v9", "v10", "v11");
    PIXEL(3, "v12", "v13", "v14", "v15");
    PIXEL(4, "v16", "v17", "v18", "v19");
    PIXEL(5, "v20", "v21", "v22", "v23");
    __asm__ volatile(MULTIPLY
                     : OUT(0), OUT(1), OUT(2), OUT(3), OUT(4), OUT(5)
                     : "r"(p)
                     : "memory", "cc", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
                       "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
    RESULT(0, acc[0]), RESULT(1, acc[1]), RESULT(2, acc[2]);
    RESULT(3, acc[3]), RESULT(4, acc[4]), RESULT(5, acc[5]);
}

#endif
