/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Tiles of up to ROWS pixels x 16 channels, for any tier. The including file has, from one of the
 * products_*.h: Q8_TARGET; ROWS; GROUP, products that lie together for each channel; STEP, what depths are multiples
 * of; add_products(); open_sums() and close_sums(), as accumulators may lie otherwise meanwhile. */
#ifndef MN_KERNELS_ARM_TILE_Q8_H
#define MN_KERNELS_ARM_TILE_Q8_H

/* Some rows of activations against a panel: `blocks` blocks of them, `block_step` bytes apart, each `depth` products of
 * every row, `step` bytes apart. Of the last block, which may be narrower, last_*. */
typedef struct tile {
    const int8_t *in, *last;
    int32_t blocks, depth, last_depth;
    ptrdiff_t block_step, step, last_step;
    mn_arm_panel panel;
    mn_arm_finish finish;
    int32_t weight_zero; /* as seen here: 0 for int8 */
    const int32_t *sums; /* of each row's activations, where that is not 0 */
} tile;

/* Results as bytes, not flipped; `single`: of one block. Constant `rows` and `vectors` let the compiler keep
 * accumulators in registers. */
Q8_TARGET Q8_INLINE void run_tile(int rows, int vectors, bool single, const tile *t, int8x16_t bytes[ROWS]) {
    int32x4_t acc[ROWS][MN_ARM_VECTORS];
    const int8_t *block = t->in;
    mn_arm_panel panel = t->panel;
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        const int32x4_t bias = vld1q_s32(t->panel.channels->folded_bias + v * 4);
        Q8_UNROLL for (int r = 0; r < rows; r++) acc[r][v] = bias;
    }
    open_sums(rows, vectors, acc);
    int32_t left = single ? 1 : t->blocks;
    do {
        const int8_t *in[ROWS], *from = single || left == 1 ? t->last : block;
        const ptrdiff_t step = single || left == 1 ? t->last_step : t->step;
        Q8_UNROLL for (int r = 0; r < rows; r++) in[r] = from + r * step;
        add_products(rows, vectors, in, single || left == 1 ? t->last_depth : t->depth, &panel, acc);
        block += t->block_step;
    } while (!single && --left > 0);
    close_sums(rows, vectors, acc);
    if (t->weight_zero) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            Q8_UNROLL for (int v = 0; v < vectors; v++) {
                acc[r][v] = vmlsq_n_s32(acc[r][v], vdupq_n_s32(t->sums[r]), t->weight_zero);
            }
        }
    }
    if (t->finish.is_signed) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            bytes[r] = mn_arm_requant(vectors, acc[r], t->panel.channels, &t->finish, true);
        }
    } else {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            bytes[r] = mn_arm_requant(vectors, acc[r], t->panel.channels, &t->finish, false);
        }
    }
    if (!t->finish.clamps) return;
    Q8_UNROLL for (int r = 0; r < rows; r++) bytes[r] = mn_arm_clamp(bytes[r], &t->finish);
}

/* The next rows. */
static inline void advance_tile(tile *t, int32_t rows) {
    t->in += rows * t->step;
    t->last += rows * t->last_step;
    t->sums += rows;
}

/* Rows of the next tile, where `left` are left: the last two tiles are as equal as they can be. */
static inline int32_t next_rows(int32_t left) { return left >= 2 * ROWS ? ROWS : left > ROWS ? (left + 1) / 2 : left; }

/* Calls RUN(rows), a macro, with the constant that `rows` is. */
#define EACH_ROWS(rows, RUN)                                                                                           \
    switch (rows) {                                                                                                    \
    case 1: RUN(1); break;                                                                                             \
    case 2: RUN(2); break;                                                                                             \
    case 3: RUN(3); break;                                                                                             \
    case 4: RUN(4); break;                                                                                             \
    case 5: RUN(ROWS < 5 ? ROWS : 5); break;                                                                           \
    default: RUN(ROWS); break;                                                                                         \
    }

#endif
