/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 AVERAGE_POOL_2D and MAX_POOL_2D for NEON: up to 64 channels of a window at a time. */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/average_q8.h"
#include "kernels/arm/flat_q8.h"
#include "kernels/portable/window.h"

/* Vectors of channels that are computed together; cells whose bytes add up within 16 bits. */
enum { VECTORS = 4, CELLS_16 = 255 };

static bool pool_need(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_pool_params *)params)->window;
    const int32_t rows = mn_min_i32(w->k_h, w->in_h), cols = mn_min_i32(w->k_w, w->in_w);
    *need = (mn_kernel_need){0};
    return w->out_c >= MN_ARM_LANES && cols <= CELLS_16 && rows <= MN_ARM_MAX_CELLS / cols;
}

const mn_kernel_traits mn_pool_q8_neon_traits = {.need = pool_need, .rings = true};

/* One window; `in` and `out` are those of the first channel. */
typedef struct job {
    mn_pool_cells cells;
    mn_range_i32 range;
    mn_arm_average average;
    const uint8_t *in;
    uint8_t *out;
} job;

/* Channels from `channel` on; `vectors` and `is_unsigned` are constants. */
typedef void channels_run(const job *j, int vectors, bool is_unsigned, int32_t channel);

/* ---- AVERAGE_POOL_2D ------------------------------------------------------------------------------------------- */

Q8_INLINE void add_up(int vectors, int32x4_t totals[][MN_ARM_VECTORS], int16x8_t sums[][2]) {
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        totals[v][0] = vaddw_s16(totals[v][0], vget_low_s16(sums[v][0]));
        totals[v][1] = vaddw_high_s16(totals[v][1], sums[v][0]);
        totals[v][2] = vaddw_s16(totals[v][2], vget_low_s16(sums[v][1]));
        totals[v][3] = vaddw_high_s16(totals[v][3], sums[v][1]);
        sums[v][0] = sums[v][1] = vdupq_n_s16(0);
    }
}

/* Sums are of signed bytes, and begin with what stored ones are more. */
Q8_INLINE void average(const job *j, int vectors, bool is_unsigned, int32_t channel) {
    const mn_pool_cells *cells = &j->cells;
    const uint8_t flip = is_unsigned ? 0x80 : 0;
    int32x4_t totals[VECTORS][MN_ARM_VECTORS];
    int16x8_t sums[VECTORS][2];
    int32_t added = 0;
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        Q8_UNROLL for (int i = 0; i < MN_ARM_VECTORS; i++) totals[v][i] = vdupq_n_s32(cells->rows * cells->cols * flip);
        sums[v][0] = sums[v][1] = vdupq_n_s16(0);
    }
    for (int32_t y = 0; y < cells->rows; y++) {
        const uint8_t *cell = j->in + mn_pool_cells_row(cells, y) + channel;
        if ((added += cells->cols) > CELLS_16) add_up(vectors, totals, sums), added = cells->cols;
        for (int32_t x = 0; x < cells->cols; x++, cell += cells->window->in_c) {
            Q8_UNROLL for (int v = 0; v < vectors; v++) {
                const int8x16_t bytes = mn_arm_signed(vld1q_u8(cell + v * MN_ARM_LANES), flip);
                sums[v][0] = vaddw_s8(sums[v][0], vget_low_s8(bytes));
                sums[v][1] = vaddw_s8(sums[v][1], vget_high_s8(bytes));
            }
        }
    }
    add_up(vectors, totals, sums);
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        vst1q_u8(j->out + channel + v * MN_ARM_LANES, mn_arm_averages(totals[v], &j->average));
    }
}

/* ---- MAX_POOL_2D ----------------------------------------------------------------------------------------------- */

Q8_INLINE uint8x16_t greater(uint8x16_t a, uint8x16_t b, bool is_unsigned) {
    if (is_unsigned) return vmaxq_u8(a, b);
    return vreinterpretq_u8_s8(vmaxq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
}

Q8_INLINE uint8x16_t less(uint8x16_t a, uint8x16_t b, bool is_unsigned) {
    if (is_unsigned) return vminq_u8(a, b);
    return vreinterpretq_u8_s8(vminq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
}

Q8_INLINE void maximum(const job *j, int vectors, bool is_unsigned, int32_t channel) {
    const mn_pool_cells *cells = &j->cells;
    uint8x16_t most[VECTORS];
    Q8_UNROLL for (int v = 0; v < vectors; v++) most[v] = vdupq_n_u8((uint8_t)j->range.min);
    for (int32_t y = 0; y < cells->rows; y++) {
        const uint8_t *cell = j->in + mn_pool_cells_row(cells, y) + channel;
        for (int32_t x = 0; x < cells->cols; x++, cell += cells->window->in_c) {
            Q8_UNROLL for (int v = 0; v < vectors; v++) {
                most[v] = greater(most[v], vld1q_u8(cell + v * MN_ARM_LANES), is_unsigned);
            }
        }
    }
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        vst1q_u8(j->out + channel + v * MN_ARM_LANES, less(most[v], vdupq_n_u8((uint8_t)j->range.max), is_unsigned));
    }
}

/* ---- Running --------------------------------------------------------------------------------------------------- */

/* The last vector overlaps the one before it. */
Q8_INLINE void run(const mn_task *task, int32_t begin, int32_t end, bool is_unsigned, channels_run *run_channels) {
    const mn_pool_params *p = task->params;
    const mn_window *w = &p->window;
    int32_t count = 0;
    job j = {.range = p->range, .in = task->inputs[0]};
    for (int32_t row = begin; row < end; row++) {
        j.out = (uint8_t *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++, j.out += w->out_c) {
            int32_t c = 0;
            j.cells = mn_pool_cells_at(w, task->in_ring, row, x);
            if (j.cells.rows * j.cells.cols != count) {
                count = j.cells.rows * j.cells.cols;
                j.average = mn_arm_average_of(count, p->range);
            }
            for (; c + VECTORS * MN_ARM_LANES <= w->out_c; c += VECTORS * MN_ARM_LANES) {
                run_channels(&j, VECTORS, is_unsigned, c);
            }
            for (; c < w->out_c; c += MN_ARM_LANES) {
                run_channels(&j, 1, is_unsigned, mn_min_i32(c, w->out_c - MN_ARM_LANES));
            }
        }
    }
}

void mn_average_pool_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, false, average); }

void mn_average_pool_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, true, average); }

void mn_max_pool_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, false, maximum); }
void mn_max_pool_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, true, maximum); }

#endif
