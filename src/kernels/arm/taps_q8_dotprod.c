/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lines of outputs by dot products: the three rows under a column of the filter become bytes that lie together, and a
 * fourth that meets a weight of 0. */
#include "kernels/arm/taps_q8.h"

#ifdef MN_CPU_DOTPROD_COMPILES

#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))

enum { LANES = MN_ARM_LANES, HALF = MN_ARM_HALF, FILTER = MN_ARM_FILTER };
enum { TOGETHER = 2, CELL_ROWS = FILTER + TOGETHER - 1 };

/* A column under the filter: four channels, and four more. */
typedef struct column {
    int8x16_t four[2];
} column;

/* Of the first and the second row of outputs. */
typedef struct weights {
    int8x16_t column[TOGETHER][FILTER][2];
} weights;

Q8_INLINE weights load_taps(const mn_arm_taps *taps, int32_t n) {
    weights w;
    Q8_UNROLL for (int x = 0; x < FILTER; x++) {
        Q8_UNROLL for (int v = 0; v < 2; v++) {
            const int8x16_t dots = vld1q_s8(taps->dots[x][2 * n + v]);
            w.column[0][x][v] = dots;
            w.column[1][x][v] = vreinterpretq_s8_s32(vshlq_n_s32(vreinterpretq_s32_s8(dots), 8));
        }
    }
    return w;
}

/* Cells under the filter. */
typedef struct cells {
    const int8_t *row[CELL_ROWS];
} cells;

/* The next column. Bytes of each channel: the rows, of which the last meets a weight of 0, and is another one if there
 * are but three. */
Q8_INLINE column load_column(int lines, cells *at) {
    int8x16_t row[CELL_ROWS];
    Q8_UNROLL for (int r = 0; r < FILTER + lines - 1; r++) {
        row[r] = vcombine_s8(vld1_s8(at->row[r]), vdup_n_s8(0)), at->row[r] += LANES;
    }
    const int8x16_t even = vzip1q_s8(row[0], row[2]), odd = vzip1q_s8(row[1], row[lines == 1 ? 1 : 3]);
    return (column){{vzip1q_s8(even, odd), vzip2q_s8(even, odd)}};
}

Q8_TARGET Q8_INLINE void add_taps(mn_arm_taps_kind kind, int line, const weights *w,
                                  const column *const columns[FILTER], int32x4_t acc[2]) {
    (void)kind;
    Q8_UNROLL for (int x = 0; x < FILTER; x++) {
        Q8_UNROLL for (int v = 0; v < 2; v++) acc[v] = vdotq_s32(acc[v], w->column[line][x][v], columns[x]->four[v]);
    }
}

#include "kernels/arm/taps_q8_tile.h"

KIND(dots, MN_ARM_TAPS_5_CHAINS)

void mn_arm_lines_dotprod(const mn_arm_lines *l) {
    static half_run *const runs[FINISHES] = FINISHES_OF(dots);
    if (!l->taps->is_bytes) {
        mn_arm_lines_neon(l);
        return;
    }
    for (int32_t n = 0; n < 2 && has_half(l, n); n++) runs[finish_of(l, n)](l, n);
}

#endif
