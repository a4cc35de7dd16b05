/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Tiles of up to ROWS pixels x 16 channels, for any tier. The including file has, from one of the
 * products_*.h: Q8_TARGET; ROWS; GROUP, products that lie together for each channel; STEP, what depths are multiples
 * of; BLOCK, channels of a block (layouts.h); sum_rows() and sum_blocks(), accumulators; and of
 * accumulators that belong to two rows each: SPLIT, 2 (or 1); SUMMED(rows), how many there are; lanes_of(), what each
 * row has, in their lanes; join_rows(), their bytes to those of rows. */
#ifndef MN_KERNELS_ARM_TILE_Q8_H
#define MN_KERNELS_ARM_TILE_Q8_H

#include "kernels/arm/layouts.h"

/* Some rows of activations against a panel: `depth` products of each, `step` bytes apart; or before those, of `blocks`
 * whole blocks (layouts.h), `block_step` bytes apart. */
typedef struct tile {
    const int8_t *in;
    int32_t depth, blocks;
    ptrdiff_t step, block_step;
    mn_arm_panel panel;
    mn_arm_finish finish;
    int32_t weight_zero; /* as seen here: 0 for int8 */
    const int32_t *sums; /* of each row's activations, where that is not 0 */
} tile;

/* How a tile may end, in kernels with code for `wanted`. */
static inline mn_arm_ending ending_of(const tile *t, mn_arm_ending wanted) {
    return mn_arm_ending_of(&t->finish, t->panel.channels) == wanted ? wanted : MN_ARM_ANY;
}

/* Accumulators as bytes, which may still lie as accumulators do. */
Q8_TARGET Q8_INLINE void finish(int rows, int vectors, mn_arm_ending ending, bool is_signed, const tile *t,
                                int32x4_t acc[ROWS][MN_ARM_VECTORS], int8x16_t bytes[ROWS]) {
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        const mn_arm_channels *channels = t->panel.channels + r % SPLIT;
        if (ending == MN_ARM_ANY) {
            bytes[r] = mn_arm_requant(vectors, acc[r], channels, &t->finish, is_signed);
        } else {
            bytes[r] = mn_arm_requant_16(acc[r], channels, &t->finish, is_signed);
        }
    }
}

/* Takes off what a zero point of the weights has added. */
Q8_TARGET Q8_INLINE void take_off(int rows, int vectors, const tile *t, int32x4_t acc[ROWS][MN_ARM_VECTORS]) {
    Q8_UNROLL for (int r = 0; r < SUMMED(rows); r++) {
        Q8_UNROLL for (int v = 0; v < vectors; v++) {
            acc[r][v] = vmlsq_n_s32(acc[r][v], lanes_of(rows, r, t->sums), t->weight_zero);
        }
    }
}

/* Results as bytes, not flipped; `in_blocks` says how rows lie. Constant `rows`, `vectors` and `ending` let the
 * compiler keep accumulators in registers. */
Q8_TARGET Q8_INLINE void run_tile(int rows, int vectors, bool in_blocks, mn_arm_ending ending, const tile *t,
                                  int8x16_t bytes[ROWS]) {
    int32x4_t acc[ROWS][MN_ARM_VECTORS];
    mn_arm_panel panel = t->panel;
    if (in_blocks) {
        sum_blocks(rows, vectors, t->in, t->block_step, t->blocks, t->depth, &panel, acc);
    } else {
        sum_rows(rows, vectors, t->in, t->step, t->depth, &panel, acc);
    }
    t = mn_arm_later(t);
    if (ending != MN_ARM_ANY) {
        finish(SUMMED(rows), vectors, ending, ending == MN_ARM_SIGNED, t, acc, bytes);
    } else {
        if (t->weight_zero) take_off(rows, vectors, t, acc);
        if (t->finish.is_signed) {
            finish(SUMMED(rows), vectors, ending, true, t, acc, bytes);
        } else {
            finish(SUMMED(rows), vectors, ending, false, t, acc, bytes);
        }
        if (t->finish.clamps) {
            Q8_UNROLL for (int r = 0; r < SUMMED(rows); r++) bytes[r] = mn_arm_clamp(bytes[r], &t->finish);
        }
    }
    join_rows(rows, bytes);
}

/* The next rows. */
static inline void advance_tile(tile *t, int32_t rows) {
    t->in += rows * t->step;
    t->sums += rows;
}

/* Rows of the next tile, where `left` are left: the last two tiles are as equal as they can be. */
static inline int32_t next_rows(int32_t left) { return left >= 2 * ROWS ? ROWS : left > ROWS ? (left + 1) / 2 : left; }

/* Calls RUN(rows), a macro, with the constant that `rows` is. */
#define EACH_ROWS(rows, RUN)                                                                                           \
    switch (rows) {                                                                                                    \
    case 1: RUN(1); break;                                                                                             \
    case 2: RUN(2); break;                                                                                             \
    case 3: RUN(ROWS < 3 ? ROWS : 3); break;                                                                           \
    case 4: RUN(ROWS < 4 ? ROWS : 4); break;                                                                           \
    case 5: RUN(ROWS < 5 ? ROWS : 5); break;                                                                           \
    default: RUN(ROWS); break;                                                                                         \
    }

#endif
