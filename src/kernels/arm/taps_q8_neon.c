/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lines of outputs by products of Armv8.0: SMULL and SMLAL add two or three up in 16 bits (taps_q8.h). */
#include "kernels/arm/taps_q8.h"

#ifdef MN_CPU_NEON_COMPILES

#define Q8_TARGET

enum { LANES = MN_ARM_LANES, HALF = MN_ARM_HALF, TAPS = MN_ARM_TAPS, FILTER = MN_ARM_FILTER };

/* A column under the filter, 8 channels. */
typedef struct column {
    int8x8_t row[FILTER];
} column;

typedef struct weights {
    int8x8_t tap[TAPS];
    const int16_t *wide; /* LANES from tap to tap */
} weights;

Q8_INLINE weights load_taps(const mn_arm_taps *taps, int32_t n) {
    weights w = {.wide = taps->wide[0] + n * HALF};
    Q8_UNROLL for (int i = 0; i < TAPS; i++) w.tap[i] = vld1_s8(taps->weights[i] + n * HALF);
    return w;
}

/* Cells under the filter. */
typedef struct cells {
    const int8_t *row[FILTER];
} cells;

Q8_INLINE column load_column(const cells *at, int cell) {
    column c;
    Q8_UNROLL for (int r = 0; r < FILTER; r++) c.row[r] = vld1_s8(at->row[r] + cell * LANES);
    return c;
}

/* Does a chain end behind tap `i`? */
Q8_INLINE bool ends(mn_arm_taps_kind kind, int i) { return kind == MN_ARM_TAPS_3 ? i % 3 == 2 : i % 2 == 1 || i == 8; }

Q8_INLINE void add_taps(mn_arm_taps_kind kind, const weights *w, const column *const columns[FILTER],
                        int32x4_t acc[2]) {
    int16x8_t sums = vdupq_n_s16(0);
    Q8_UNROLL for (int i = 0; i < TAPS; i++) {
        const int8x8_t x = columns[i / FILTER]->row[i % FILTER];
        if (kind == MN_ARM_TAPS_WIDE) {
            const int16x8_t v = vld1q_s16(w->wide + i * LANES), wide = vmovl_s8(x);
            acc[0] = vmlal_s16(acc[0], vget_low_s16(v), vget_low_s16(wide));
            acc[1] = vmlal_high_s16(acc[1], v, wide);
            continue;
        }
        sums = i == 0 || ends(kind, i - 1) ? vmull_s8(w->tap[i], x) : vmlal_s8(sums, w->tap[i], x);
        if (!ends(kind, i)) continue;
        acc[0] = vaddw_s16(acc[0], vget_low_s16(sums));
        acc[1] = vaddw_high_s16(acc[1], sums);
    }
}

#include "kernels/arm/taps_q8_tile.h"

KIND(plain_2, MN_ARM_TAPS_2, true)
KIND(plain_3, MN_ARM_TAPS_3, true)
KIND(any_2, MN_ARM_TAPS_2, false)
KIND(any_3, MN_ARM_TAPS_3, false)
KIND(any_wide, MN_ARM_TAPS_WIDE, false)

void mn_arm_line_neon(const mn_arm_line *l) {
    static half_run *const runs[][2] = {[MN_ARM_TAPS_2] = {any_2, plain_2},
                                        [MN_ARM_TAPS_3] = {any_3, plain_3},
                                        [MN_ARM_TAPS_WIDE] = {any_wide, any_wide}};
    for (int32_t n = 0; n < 2 && has_half(l, n); n++) runs[l->taps->kind[n]][is_plain(l, n)](l, n);
}

#endif
