/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lines of outputs by dot products: the three rows under a column of the filter become bytes that lie together, and a
 * fourth that meets a weight of 0. */
#include "kernels/arm/taps_q8.h"

#ifdef MN_CPU_DOTPROD_COMPILES

#define Q8_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))

enum { LANES = MN_ARM_LANES, HALF = MN_ARM_HALF, FILTER = MN_ARM_FILTER };

/* A column under the filter: four channels, and four more. */
typedef struct column {
    int8x16_t four[2];
} column;

typedef struct weights {
    int8x16_t column[FILTER][2];
} weights;

Q8_INLINE weights load_taps(const mn_arm_taps *taps, int32_t n) {
    weights w;
    Q8_UNROLL for (int x = 0; x < FILTER; x++) {
        Q8_UNROLL for (int v = 0; v < 2; v++) w.column[x][v] = vld1q_s8(taps->dots[x][2 * n + v]);
    }
    return w;
}

/* Cells under the filter. */
typedef struct cells {
    const int8_t *row[FILTER];
} cells;

/* Bytes of each channel: rows 0, 1, 2 and 1 again. */
Q8_INLINE column load_column(const cells *at, int cell) {
    int8x16_t row[FILTER];
    Q8_UNROLL for (int r = 0; r < FILTER; r++) {
        row[r] = vcombine_s8(vld1_s8(at->row[r] + cell * LANES), vdup_n_s8(0));
    }
    const int8x16_t even = vzip1q_s8(row[0], row[2]), odd = vzip1q_s8(row[1], row[1]);
    return (column){{vzip1q_s8(even, odd), vzip2q_s8(even, odd)}};
}

Q8_TARGET Q8_INLINE void add_taps(mn_arm_taps_kind kind, const weights *w, const column *const columns[FILTER],
                                  int32x4_t acc[2]) {
    (void)kind;
    Q8_UNROLL for (int x = 0; x < FILTER; x++) {
        Q8_UNROLL for (int v = 0; v < 2; v++) acc[v] = vdotq_s32(acc[v], w->column[x][v], columns[x]->four[v]);
    }
}

#include "kernels/arm/taps_q8_tile.h"

KIND(plain_dots, MN_ARM_TAPS_5_CHAINS, true)
KIND(any_dots, MN_ARM_TAPS_5_CHAINS, false)

void mn_arm_line_dotprod(const mn_arm_line *l) {
    if (l->taps->kind[0] == MN_ARM_TAPS_WIDE || l->taps->kind[1] == MN_ARM_TAPS_WIDE) {
        mn_arm_line_neon(l);
        return;
    }
    for (int32_t n = 0; n < 2 && has_half(l, n); n++) {
        if (is_plain(l, n)) {
            plain_dots(l, n);
        } else {
            any_dots(l, n);
        }
    }
}

#endif
