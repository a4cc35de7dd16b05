/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rows of outputs by products of Armv8.0: SMULL and SMLAL add some up in 16 bits (taps_q8.h). */
#include "kernels/arm/taps_q8.h"

#ifdef MN_CPU_NEON_COMPILES

#define Q8_TARGET

enum { LANES = MN_ARM_LANES, HALF = MN_ARM_HALF, TAPS = MN_ARM_TAPS, FILTER = MN_ARM_FILTER };
enum { TOGETHER = 1 }; /* registers do for no more */

/* A column under the filter, 8 channels. */
typedef struct column {
    int8x8_t row[FILTER];
} column;

typedef struct weights {
    int8x8_t product[MN_ARM_PRODUCTS];
    const int16_t *wide; /* LANES from tap to tap */
} weights;

Q8_INLINE weights load_taps(const mn_arm_taps *taps, int32_t n) {
    weights w = {.wide = taps->wide[0] + n * HALF};
    Q8_UNROLL for (int i = 0; i < MN_ARM_PRODUCTS; i++) w.product[i] = vld1_s8(taps->weights[i] + n * HALF);
    return w;
}

/* Cells under the filter. */
typedef struct cells {
    const int8_t *row[FILTER];
} cells;

/* The next column. */
Q8_INLINE column load_column(int lines, cells *at) {
    column c;
    (void)lines;
    Q8_UNROLL for (int r = 0; r < FILTER; r++) c.row[r] = vld1_s8(at->row[r]), at->row[r] += LANES;
    return c;
}

/* Each in 32 bits. */
Q8_INLINE void add_wide(const weights *w, const column *const columns[FILTER], int32x4_t acc[2]) {
    Q8_UNROLL for (int i = 0; i < TAPS; i++) {
        const int16x8_t weight = vld1q_s16(w->wide + i * LANES), x = vmovl_s8(columns[i / FILTER]->row[i % FILTER]);
        acc[0] = vmlal_s16(acc[0], vget_low_s16(weight), vget_low_s16(x));
        acc[1] = vmlal_high_s16(acc[1], weight, x);
    }
}

Q8_INLINE void add_taps(mn_arm_taps_kind kind, int line, const weights *w, const column *const columns[FILTER],
                        int32x4_t acc[2]) {
    int16x8_t sums = vdupq_n_s16(0);
    bool begins = true;
    (void)line;
    if (kind == MN_ARM_TAPS_WIDE) {
        add_wide(w, columns, acc);
        return;
    }
    Q8_UNROLL for (int i = 0; i < mn_arm_products_of(kind); i++) {
        const int tap = mn_arm_taps_orders[kind].tap[i];
        const int8x8_t x = columns[tap / FILTER]->row[tap % FILTER];
        sums = begins ? vmull_s8(w->product[i], x) : vmlal_s8(sums, w->product[i], x);
        begins = mn_arm_taps_orders[kind].ends >> i & 1;
        if (!begins) continue;
        acc[0] = vaddw_s16(acc[0], vget_low_s16(sums));
        acc[1] = vaddw_high_s16(acc[1], sums);
    }
}

#include "kernels/arm/taps_q8_tile.h"

KIND(chains_2, MN_ARM_TAPS_2_CHAINS)
KIND(chains_3, MN_ARM_TAPS_3_CHAINS)
KIND(sharing_3, MN_ARM_TAPS_3_SHARING)
KIND(sharing_4, MN_ARM_TAPS_4_SHARING)
KIND(chains_5, MN_ARM_TAPS_5_CHAINS)
Q8_TARGET static void wide_any(const mn_arm_lines *l, int32_t n) { run_half(MN_ARM_TAPS_WIDE, ANY, l, n); }

void mn_arm_lines_neon(const mn_arm_lines *l) {
    static half_run *const runs[][FINISHES] = {
        [MN_ARM_TAPS_2_CHAINS] = FINISHES_OF(chains_2),   [MN_ARM_TAPS_3_CHAINS] = FINISHES_OF(chains_3),
        [MN_ARM_TAPS_3_SHARING] = FINISHES_OF(sharing_3), [MN_ARM_TAPS_4_SHARING] = FINISHES_OF(sharing_4),
        [MN_ARM_TAPS_5_CHAINS] = FINISHES_OF(chains_5),   [MN_ARM_TAPS_WIDE] = {wide_any, wide_any, wide_any}};
    for (int32_t n = 0; n < 2 && has_half(l, n); n++) runs[l->taps->kind[n]][finish_of(l, n)](l, n);
}

#endif
