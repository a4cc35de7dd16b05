/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of Armv8.6: SMMLA takes eight activations of two rows and eight weights of two channels, and adds the four
 * dot products to a vector of those. Included by the files of this tier; see tile_q8.h. */
#include "kernels/arm/dots_q8.h"

#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod+i8mm")))
enum { ROWS = 6, GROUP = 8, STEP = 4, BLOCK = 8, LOADS_BLOCKS = 1 };

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

#define NEXT_1(a, b) LOAD_WEIGHTS(a, b)
#define NEXT_2(a, b) ""
#define NEXT_3(a, b) ""

#define BEGIN(r, at, behind)                                                                                           \
    "ldp %q[a" #r "0], %q[a" #r "1], [%[bias], #" at "]\nldp %q[a" #r "2], %q[a" #r "3], [%[bias], #" behind "]\n"
#define OPEN_FIRST OPEN_EVEN(0)
#define OPEN_SECOND OPEN_ODD(1)
#define OPEN_EVEN(r) BEGIN(r, "0", "32")
#define OPEN_ODD(r) BEGIN(r, "208", "240")

_Static_assert(sizeof(mn_arm_channels) == 208,
               "the second of a panel's channels begin 208 bytes behind the first ones");

/* Accumulators are those of two channels of two rows. */
enum { SPLIT = 2 };
#define SUMMED(rows) (((rows) + 1) / 2 * 2)

Q8_INLINE int32x4_t lanes_of(int rows, int row, const int32_t *each) {
    const int first = row / 2 * 2, second = first + 1 < rows ? first + 1 : first;
    return vcombine_s32(vdup_n_s32(each[first]), vdup_n_s32(each[second]));
}

Q8_INLINE void join_rows(int rows, int8x16_t bytes[ROWS]) {
    Q8_UNROLL for (int r = 0; r < rows; r += 2) {
        const int16x8_t low = vreinterpretq_s16_s8(bytes[r]), high = vreinterpretq_s16_s8(bytes[r + 1]);
        bytes[r] = vreinterpretq_s8_s16(vtrn1q_s16(low, high));
        bytes[r + 1] = vreinterpretq_s8_s16(vtrn2q_s16(low, high));
    }
}

#include "kernels/arm/dots_q8_tile.h"
