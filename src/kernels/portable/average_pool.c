/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* AVERAGE_POOL_2D: the cells of a window are added one after another to the sums of neighbouring channels, so that
 * compilers vectorise along the channels. */
#include "base/checked.h"
#include "kernels/portable/window.h"

/* Channels whose sums are kept at hand; cells whose 8-bit values and half of whose number add up within int32. */
enum { STRIP = 64, CELLS = 1 << 22 };

static bool average_pool_8bit_need(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_pool_params *)params)->window;
    *need = (mn_kernel_need){0};
    return (int64_t)w->k_h * w->k_w <= CELLS;
}

const mn_kernel_traits mn_average_pool_8bit_portable_traits = {.need = average_pool_8bit_need, .rings = true};

/* Some channels of one window. */
typedef struct piece {
    mn_pool_cells cells;
    int32_t channel, channels;
} piece;

static piece piece_of(const mn_pool_cells *cells, int32_t channel) {
    return (piece){.cells = *cells, .channel = channel, .channels = mn_min_i32(STRIP, cells->window->out_c - channel)};
}

/* Element of the first cell of the piece's row `y`, first channel. */
static inline size_t row_at(const piece *s, int32_t y) { return mn_pool_cells_row(&s->cells, y) + (size_t)s->channel; }

static void average_f32(const mn_pool_params *p, const piece *s, const float *in, float *out) {
    const float count = (float)((int64_t)s->cells.rows * s->cells.cols);
    float sums[STRIP] = {0};
    for (int32_t y = 0; y < s->cells.rows; y++) {
        const float *cell = in + row_at(s, y);
        for (int32_t x = 0; x < s->cells.cols; x++, cell += s->cells.window->in_c) {
            for (int32_t c = 0; c < s->channels; c++) sums[c] += cell[c];
        }
    }
    for (int32_t c = 0; c < s->channels; c++) out[c] = mn_clamp_f32(sums[c] / count, p->range_f32);
}

void mn_average_pool_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    const mn_pool_params *p = task->params;
    const mn_window *w = &p->window;
    for (int32_t row = begin; row < end; row++) {
        float *out = (float *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++, out += w->out_c) {
            const mn_pool_cells cells = mn_pool_cells_at(w, task->in_ring, row, x);
            for (int32_t c = 0; c < w->out_c; c += STRIP) {
                const piece s = piece_of(&cells, c);
                average_f32(p, &s, task->inputs[0], out + c);
            }
        }
    }
}

/* The quotient of 32-bit numbers takes half as long as the reference's. */
static inline uint8_t average_of(int32_t sum, int32_t count, mn_range_i32 range) {
    const int32_t average = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    return (uint8_t)mn_clamp_i32(average, range.min, range.max);
}

static void average_8bit(const mn_pool_params *p, const piece *s, const uint8_t *in, uint8_t *out, int32_t sign) {
    int32_t sums[STRIP] = {0};
    for (int32_t y = 0; y < s->cells.rows; y++) {
        const uint8_t *cell = in + row_at(s, y);
        for (int32_t x = 0; x < s->cells.cols; x++, cell += s->cells.window->in_c) {
            for (int32_t c = 0; c < s->channels; c++) sums[c] += mn_stored(cell[c], sign);
        }
    }
    for (int32_t c = 0; c < s->channels; c++) out[c] = average_of(sums[c], s->cells.rows * s->cells.cols, p->range);
}

static void run_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_pool_params *p = task->params;
    const mn_window *w = &p->window;
    for (int32_t row = begin; row < end; row++) {
        uint8_t *out = (uint8_t *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++, out += w->out_c) {
            const mn_pool_cells cells = mn_pool_cells_at(w, task->in_ring, row, x);
            for (int32_t c = 0; c < w->out_c; c += STRIP) {
                const piece s = piece_of(&cells, c);
                average_8bit(p, &s, task->inputs[0], out + c, sign);
            }
        }
    }
}

void mn_average_pool_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    run_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_average_pool_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    run_8bit(task, begin, end, MN_SIGN_U8);
}
