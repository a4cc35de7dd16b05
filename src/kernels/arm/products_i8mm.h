/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of Armv8.6: SMMLA takes eight activations of two rows and eight weights of two channels, and adds the four
 * dot products to a vector of those. Included by the files of this tier; see tile_q8.h. */
#include "kernels/arm/dots_q8.h"

#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
enum { ROWS = 6, GROUP = 8, STEP = 4, BLOCK = 8 };

/* Weights are [16 channels][8]. A phase is a vector of channels. For four products the other weights are 0. */
#define SKIP(vectors, phase) ((phase) + 1 == (vectors) ? (MN_ARM_VECTORS - (vectors)) * 32 : 0)
#define TAIL(vectors) (vectors)

/* Of pair p, sums of the two lower channels of vector v are acc[2 * p][v], those of the two upper ones
 * acc[2 * p + 1][v]. */
Q8_TARGET Q8_INLINE void multiply(int rows, int vectors, int phase, int pair, const int8x16_t w[2], int8x16_t x,
                                  int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    (void)rows, (void)vectors;
    Q8_UNROLL for (int i = 0; i < 2; i++) {
        int32x4_t *sum = &acc[2 * pair + i][phase];
        *sum = vmmlaq_s32(*sum, x, w[i]);
        mn_arm_keep(sum);
    }
}

/* The same as assembly. A lone row makes a pair with zeros. */
#define MATRIX(r, v, w, x) "smmla %[a" #r #v "].4s, v" #x ".16b, v" #w ".16b\n"
#define PAIR_0(r, s, a, b, x) MATRIX(r, 0, a, x) MATRIX(s, 0, b, x)
#define PAIR_1(r, s, a, b, x) MATRIX(r, 1, a, x) MATRIX(s, 1, b, x)
#define PAIR_2(r, s, a, b, x) MATRIX(r, 2, a, x) MATRIX(s, 2, b, x)
#define PAIR_3(r, s, a, b, x) MATRIX(r, 3, a, x) MATRIX(s, 3, b, x)
#define ONE_0 PAIR_0
#define ONE_1 PAIR_1
#define ONE_2 PAIR_2
#define ONE_3 PAIR_3

#define REST(PHASE) LOAD_WEIGHTS(25, 26) LOAD_WEIGHTS(27, 28) PHASE(2, 25, 26, "", "", "") PHASE(3, 27, 28, "", "", "")

#define SPLIT(v)                                                                                                       \
    "zip2 %[a1" #v "].2d, %[a0" #v "].2d, %[a0" #v "].2d\nzip1 %[a0" #v "].2d, %[a0" #v "].2d, %[a0" #v "].2d\n"
#define COPY(r, like, v) "mov %[a" #r #v "].16b, %[a" #like #v "].16b\n"
#define OPEN_FIRST "ldp %q[a00], %q[a01], [%[bias]]\nldp %q[a02], %q[a03], [%[bias], #32]\n"
#define OPEN_SECOND SPLIT(0) SPLIT(1) SPLIT(2) SPLIT(3)
#define OPEN_EVEN(r) COPY(r, 0, 0) COPY(r, 0, 1) COPY(r, 0, 2) COPY(r, 0, 3)
#define OPEN_ODD(r) COPY(r, 1, 0) COPY(r, 1, 1) COPY(r, 1, 2) COPY(r, 1, 3)

/* Accumulators of two channels of two rows. */
Q8_INLINE void open_sums(int rows, int vectors, const int32_t *bias, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        const int64x2_t four = vreinterpretq_s64_s32(vld1q_s32(bias + v * 4));
        const int32x4_t low = vreinterpretq_s32_s64(vzip1q_s64(four, four));
        const int32x4_t high = vreinterpretq_s32_s64(vzip2q_s64(four, four));
        Q8_UNROLL for (int r = 0; r < rows; r += 2) {
            acc[r][v] = mn_arm_copy(low);
            acc[r + 1][v] = mn_arm_copy(high);
        }
    }
}

Q8_INLINE void close_sums(int rows, int vectors, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    Q8_UNROLL for (int r = 0; r < rows; r += 2) {
        Q8_UNROLL for (int v = 0; v < vectors; v++) {
            const int64x2_t low = vreinterpretq_s64_s32(acc[r][v]), high = vreinterpretq_s64_s32(acc[r + 1][v]);
            acc[r][v] = vreinterpretq_s32_s64(vzip1q_s64(low, high));
            acc[r + 1][v] = vreinterpretq_s32_s64(vzip2q_s64(low, high));
        }
    }
}

#include "kernels/arm/dots_q8_tile.h"
