/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Products of Armv8.2 with dot products: SDOT by lane takes four activations of a row and four weights of four
 * channels. Included by the files of this tier; see tile_q8.h. */
#include "kernels/arm/dots_q8.h"

#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
/* Loads of 64 bits are issued beside arithmetic on cores that run in order, so blocks are read row by row, too. */
enum { ROWS = 6, GROUP = 4, STEP = 4, BLOCK = 8, LOADS_BLOCKS = 0 };

/* Weights are [16 channels][4] for the lower four of eight products, and then for the upper four. A phase is two
 * vectors of channels for either. */
#define SKIP(vectors, phase) ((MN_ARM_VECTORS - (vectors)) * 16 + 0 * (phase))
#define TAIL(vectors) ((vectors) / 2)

/* `x`, lanes [0, 2) of the first row, [2, 4) of the second. */
Q8_TARGET Q8_INLINE void multiply(int rows, int vectors, int phase, int pair, const int8x16_t w[2], int8x16_t x,
                                  int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    const int upper = vectors == MN_ARM_VECTORS ? phase / 2 : phase,
              first = vectors == MN_ARM_VECTORS ? phase % 2 * 2 : 0;
    const int last = 2 * pair + 2 < rows ? 2 * pair + 2 : rows;
    Q8_UNROLL for (int r = 2 * pair; r < last; r++) {
        Q8_UNROLL for (int v = 0; v < 2; v++) {
            int32x4_t *sum = &acc[r][first + v];
            switch (r % 2 * 2 + upper) {
            case 0: *sum = vdotq_laneq_s32(*sum, w[v], x, 0); break;
            case 1: *sum = vdotq_laneq_s32(*sum, w[v], x, 1); break;
            case 2: *sum = vdotq_laneq_s32(*sum, w[v], x, 2); break;
            default: *sum = vdotq_laneq_s32(*sum, w[v], x, 3); break;
            }
            mn_arm_keep(sum);
        }
    }
}

/* The same as assembly. */
#define DOT(r, v, w, x, lane) "sdot %[a" #r #v "].4s, v" #w ".16b, v" #x ".4b[" #lane "]\n"
#define DOTS(r, v, u, a, b, x, lane) DOT(r, v, a, x, lane) DOT(r, u, b, x, lane)
#define PAIR_0(r, s, a, b, x) DOTS(r, 0, 1, a, b, x, 0) DOTS(s, 0, 1, a, b, x, 2)
#define PAIR_1(r, s, a, b, x) DOTS(r, 2, 3, a, b, x, 0) DOTS(s, 2, 3, a, b, x, 2)
#define PAIR_2(r, s, a, b, x) DOTS(r, 0, 1, a, b, x, 1) DOTS(s, 0, 1, a, b, x, 3)
#define PAIR_3(r, s, a, b, x) DOTS(r, 2, 3, a, b, x, 1) DOTS(s, 2, 3, a, b, x, 3)
#define ONE_0(r, s, a, b, x) DOTS(r, 0, 1, a, b, x, 0)
#define ONE_1(r, s, a, b, x) DOTS(r, 2, 3, a, b, x, 0)
#define ONE_2(r, s, a, b, x) DOTS(r, 0, 1, a, b, x, 1)
#define ONE_3(r, s, a, b, x) DOTS(r, 2, 3, a, b, x, 1)

#define REST(PHASE) ""

/* By 64 bits, which takes more instructions and less time, in two of four phases. */
#define NEXT_1(a, b) "ldr d" #a ", [x15], #8\n"
#define NEXT_2(a, b) "ld1 {v" #a ".d}[1], [x15], #8\nldr d" #b ", [x15], #8\n"
#define NEXT_3(a, b) "ld1 {v" #b ".d}[1], [x15], #8\n"

#define COPY(r, v) "mov %[a" #r #v "].16b, %[a0" #v "].16b\n"
#define OPEN_FIRST OPEN_ODD(0)
#define OPEN_SECOND OPEN_EVEN(1)
#define OPEN_EVEN(r) COPY(r, 0) COPY(r, 1) COPY(r, 2) COPY(r, 3)
#define OPEN_ODD(r) "ldp %q[a" #r "0], %q[a" #r "1], [%[bias]]\nldp %q[a" #r "2], %q[a" #r "3], [%[bias], #32]\n"

/* Accumulators are those of one row. */
enum { SPLIT = 1 };
#define SUMMED(rows) (rows)

Q8_INLINE int32x4_t lanes_of(int rows, int row, const int32_t *each) {
    (void)rows;
    return vdupq_n_s32(each[row]);
}

Q8_INLINE void join_rows(int rows, int8x16_t bytes[ROWS]) { (void)rows, (void)bytes; }

#include "kernels/arm/dots_q8_tile.h"
