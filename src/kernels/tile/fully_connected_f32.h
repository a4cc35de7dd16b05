/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float fully connected layers for any vector width. Weights are read once, and that is what takes the time: packed in
 * panels (portable/pack.h) they are one stream, in large pages, instead of rows in the pages of a file. The including
 * file defines TARGET, vec, LANES and the v_ operations (x86/f32_avx2.h and so on), and gets run(). */

#include "base/checked.h"
#include "kernels/portable/pack.h"
#include "kernels/quant.h"

#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")

/* Sums that do not wait for each other, of every fourth product: as many with any vectors, for the same bits. 32-bit
 * Arm, which does not fuse products and has other bits anyway, has registers for two. */
enum { PER_PANEL = MN_PANEL / LANES, STEPS = MOST_COLUMNS < PER_PANEL ? 2 : 4 };

/* acc += `steps` inputs x their weights. */
INLINE void add_steps(int steps, vec acc[STEPS][PER_PANEL], const float *in, const float *weights) {
    UNROLL for (int i = 0; i < steps; i++) {
        const vec x = v_set(in[i]);
        UNROLL for (int j = 0; j < PER_PANEL; j++) {
            acc[i][j] = v_fma(x, v_load(weights + i * MN_PANEL + j * LANES), acc[i][j]);
        }
    }
}

TARGET static inline void multiply_panel(const float *in, int32_t depth, const float *weights, float out[MN_PANEL]) {
    vec acc[STEPS][PER_PANEL];
    UNROLL for (int i = 0; i < STEPS; i++) { UNROLL for (int j = 0; j < PER_PANEL; j++) acc[i][j] = v_zero(); }
    int32_t k = 0;
    for (; k + STEPS <= depth; k += STEPS) add_steps(STEPS, acc, in + k, weights + k * MN_PANEL);
    for (; k < depth; k++) add_steps(1, acc, in + k, weights + k * MN_PANEL);
    UNROLL for (int width = STEPS / 2; width > 0; width /= 2) {
        UNROLL for (int i = 0; i < width; i++) {
            UNROLL for (int j = 0; j < PER_PANEL; j++) acc[i][j] = v_add(acc[i][j], acc[i + width][j]);
        }
    }
    UNROLL for (int j = 0; j < PER_PANEL; j++) v_store(out + j * LANES, acc[0][j]);
}

/* Outputs [begin, end) of one row. */
static void run_row(const mn_task *task, int32_t row, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    const float *in = (const float *)task->inputs[0] + (ptrdiff_t)row * p->in_c, *bias = task->inputs[2];
    float *out = (float *)task->output + (ptrdiff_t)row * p->out_c;
    for (int32_t c = begin, next; c < end; c = next) {
        const int32_t lane = c % MN_PANEL;
        float acc[MN_PANEL];
        multiply_panel(in, p->in_c, (const float *)task->packed + (ptrdiff_t)(c - lane) * p->in_c, acc);
        next = mn_min_i32(c - lane + MN_PANEL, end);
        mn_panel_finish(acc + lane, bias == NULL ? NULL : bias + c, p->range_f32, next - c, out + c);
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    for (int32_t unit = begin, next; unit < end; unit = next) {
        const int32_t first = unit % p->out_c;
        next = mn_min_i32(unit - first + p->out_c, end);
        run_row(task, unit / p->out_c, first, first + next - unit);
    }
}
