/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float depthwise convolution of multiplier 1, for any vector width. The including file defines TARGET, vec, LANES and
 * the v_ operations (x86/f32_avx2.h and so on), and STRIP_ROWS, the rows that strips of stride 1 compute at once,
 * and STRIP_TURNS, whether three outputs of a row take turns in three accumulators, which are moved otherwise. It
 * gets run_strip() and run().
 *
 * Filters of 3x3 go by strips: a column of the input is loaded once and added to the accumulators of the outputs that
 * it serves. Sums begin with the bias and take one column of the filter after another. Other filters go by pixels. */

#include "kernels/tile/parts_f32.h"

#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

enum { TAPS = 3 };

/* ---- 3x3, by strips ------------------------------------------------------------------------------------- */

/* What a strip needs in registers: the filter by columns, bias and clamp. */
typedef struct strip_state {
    vec weights[TAPS][TAPS];
    vec bias, low, high;
    const float *in[MN_STRIP_INPUTS];
} strip_state;

INLINE strip_state start_strip(bool all, int inputs, const mn_strip *s) {
    strip_state f;
    UNROLL for (int y = 0; y < TAPS; y++) {
        const bool exists = inputs > TAPS || s->in_stride[y] != 0;
        UNROLL for (int x = 0; x < TAPS; x++) {
            const float *from = s->weights + (y * TAPS + x) * s->tap_stride;
            f.weights[x][y] = !exists ? v_zero() : all ? v_load(from) : v_load_part(from, s->lanes);
        }
    }
    f.bias = s->bias == NULL ? v_zero() : all ? v_load(s->bias) : v_load_part(s->bias, s->lanes);
    f.low = v_set(s->range.min);
    f.high = v_set(s->range.max);
    UNROLL for (int i = 0; i < inputs; i++) f.in[i] = s->in[i];
    return f;
}

/* The next column of the input. */
INLINE void take_column(bool all, int inputs, const mn_strip *s, strip_state *f, vec column[MN_STRIP_INPUTS]) {
    UNROLL for (int i = 0; i < inputs; i++) {
        column[i] = all ? v_load(f->in[i]) : v_load_part(f->in[i], s->lanes);
        f->in[i] += s->in_stride[i];
    }
}

/* Adds a column under column `x` of the filter to the accumulators of `rows` outputs. */
INLINE void add_column(int rows, const strip_state *f, int x, const vec column[MN_STRIP_INPUTS], vec *acc) {
    UNROLL for (int y = 0; y < TAPS; y++) {
        UNROLL for (int r = 0; r < rows; r++) acc[r] = v_fma(column[r + y], f->weights[x][y], acc[r]);
    }
}

INLINE void store_column(bool all, int rows, const mn_strip *s, const strip_state *f, const vec *acc, float *out) {
    UNROLL for (int r = 0; r < rows; r++) {
        const vec value = v_min(f->high, v_max(f->low, acc[r]));
        if (all)
            v_store(out + r * s->out_row, value);
        else
            v_store_part(out + r * s->out_row, s->out_lanes, v_keep(value, s->lanes));
    }
}

/* The next output of stride 1 in acc[turn]; turns follow each other, so that nothing moves from sum to sum. */
INLINE void run_turn(bool all, int rows, const mn_strip *s, strip_state *f, vec acc[TAPS][STRIP_ROWS], int turn,
                     bool exists, float *out) {
    vec column[MN_STRIP_INPUTS], *first = acc[turn], *second = acc[(turn + 1) % TAPS], *third = acc[(turn + 2) % TAPS];
    UNROLL for (int r = 0; r < rows; r++) third[r] = f->bias;
    if (exists) {
        take_column(all, rows + TAPS - 1, s, f, column);
        add_column(rows, f, 2, column, first);
        add_column(rows, f, 1, column, second);
        add_column(rows, f, 0, column, third);
    }
    store_column(all, rows, s, f, first, out);
}

INLINE void run_stride_1(bool all, int rows, const mn_strip *shared) {
    const mn_strip s = *shared; /* nothing that is written can change it */
    const int inputs = rows + TAPS - 1;
    strip_state f = start_strip(all, inputs, &s);
    vec column[MN_STRIP_INPUTS], acc[TAPS][STRIP_ROWS]; /* of this output and the two behind it */
    int32_t left = s.columns;
    UNROLL for (int r = 0; r < rows; r++) acc[0][r] = acc[1][r] = f.bias;
    if (!s.padded) {
        take_column(all, inputs, &s, &f, column);
        add_column(rows, &f, 0, column, acc[0]);
        left--;
    }
    if (left > 0) {
        take_column(all, inputs, &s, &f, column);
        add_column(rows, &f, 1, column, acc[0]);
        add_column(rows, &f, 0, column, acc[1]);
        left--;
    }
    float *out = s.out;
    int32_t x = 0;
    for (; STRIP_TURNS && x + TAPS <= mn_min_i32(left, s.width); x += TAPS) {
        UNROLL for (int turn = 0; turn < TAPS; turn++, out += s.out_stride) {
            run_turn(all, rows, &s, &f, acc, turn, true, out);
        }
    }
    for (; x < s.width; x++, out += s.out_stride) {
        run_turn(all, rows, &s, &f, acc, 0, x < left, out);
        UNROLL for (int r = 0; r < rows; r++) {
            acc[0][r] = acc[1][r];
            acc[1][r] = acc[2][r];
        }
    }
}

INLINE void run_stride_2(bool all, const mn_strip *shared) {
    const mn_strip s = *shared;
    strip_state f = start_strip(all, TAPS, &s);
    vec column[MN_STRIP_INPUTS], acc = f.bias;
    int32_t left = s.columns;
    if (!s.padded) {
        take_column(all, TAPS, &s, &f, column);
        add_column(1, &f, 0, column, &acc);
        left--;
    }
    float *out = s.out;
    for (int32_t x = 0; x < s.width; x++, out += s.out_stride, left -= 2) {
        vec next = f.bias;
        if (left > 0) {
            take_column(all, TAPS, &s, &f, column);
            add_column(1, &f, 1, column, &acc);
        }
        if (left > 1) {
            take_column(all, TAPS, &s, &f, column);
            add_column(1, &f, 2, column, &acc);
            add_column(1, &f, 0, column, &next);
        }
        store_column(all, 1, &s, &f, &acc, out);
        acc = next;
    }
}

INLINE void run_lanes(bool all, const mn_strip *s) {
    if (s->stride == 2)
        run_stride_2(all, s);
    else if (s->rows == 1)
        run_stride_1(all, 1, s);
    else
        run_stride_1(all, STRIP_ROWS, s);
}

TARGET static void run_strip(const mn_strip *s) {
    if (s->lanes == LANES && s->out_lanes == LANES)
        run_lanes(true, s);
    else
        run_lanes(false, s);
}

/* Rows [row, row + rows) of all images: one, or two of the same image. */
static void run_rows(const mn_task *task, int32_t row, int32_t rows) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const ptrdiff_t in_row = (ptrdiff_t)w->in_w * w->in_c;
    const float *image = (const float *)task->inputs[0] + row / w->out_h * w->in_h * in_row;
    mn_strip s = {.columns = w->in_w,
                  .padded = w->pad_left == 1,
                  .tap_stride = w->out_c,
                  .range = p->range_f32,
                  .out_stride = w->out_c,
                  .out_row = (ptrdiff_t)w->out_w * w->out_c,
                  .width = w->out_w,
                  .rows = rows,
                  .stride = w->stride_h};
    for (int32_t c = 0; c < w->out_c; c += LANES) {
        for (int32_t i = 0; i < (rows - 1) * w->stride_h + TAPS; i++) {
            const int32_t y = row % w->out_h * w->stride_h - w->pad_top + i;
            mn_strip_f32_row(&s, i, y >= 0 && y < w->in_h ? image + y * in_row + c : NULL, w->in_c);
        }
        s.weights = (const float *)task->inputs[1] + c;
        s.bias = task->inputs[2] == NULL ? NULL : (const float *)task->inputs[2] + c;
        s.lanes = s.out_lanes = mn_min_i32(LANES, w->out_c - c);
        s.out = (float *)task->output + row * s.out_row + c;
        run_strip(&s);
    }
}

static void run_strips(const mn_task *task, int32_t begin, int32_t end) {
    const mn_window *w = &((const mn_conv_params *)task->params)->window;
    for (int32_t row = begin, rows; row < end; row += rows) {
        const int32_t y = row % w->out_h;
        rows = mn_strip_f32_rows(w, y, mn_min_i32(end - row, w->out_h - y), STRIP_ROWS);
        run_rows(task, row, rows);
    }
}

/* ---- Any filter, by pixels ------------------------------------------------------------------------------ */

/* One output pixel: the taps that meet the image. */
typedef struct pixel_taps {
    const float *in, *weights; /* the first tap's channel 0 */
    ptrdiff_t in_row, in_col, weight_row;
    int32_t rows, cols;
} pixel_taps;

/* Vectors of channels that are summed together; whole ones. */
enum { SIDE_BY_SIDE = 4 };

/* `vectors` vectors from channel `c` on; unless `all`, one of which `count` lanes exist. */
INLINE void sum_taps(bool all, int vectors, const mn_conv_params *p, const pixel_taps *t, const float *bias, int32_t c,
                     int32_t count, float *out) {
    const vec low = v_set(p->range_f32.min), high = v_set(p->range_f32.max);
    vec acc[SIDE_BY_SIDE];
    UNROLL for (int i = 0; i < vectors; i++) {
        const float *from = bias + c + i * LANES;
        acc[i] = bias == NULL ? v_zero() : all ? v_load(from) : v_load_part(from, count);
    }
    for (int32_t y = 0; y < t->rows; y++) {
        const float *in = t->in + y * t->in_row + c, *weights = t->weights + y * t->weight_row + c;
        for (int32_t x = 0; x < t->cols; x++, in += t->in_col, weights += p->window.out_c) {
            UNROLL for (int i = 0; i < vectors; i++) {
                const vec a = all ? v_load(in + i * LANES) : v_load_part(in, count);
                acc[i] = v_fma(a, all ? v_load(weights + i * LANES) : v_load_part(weights, count), acc[i]);
            }
        }
    }
    UNROLL for (int i = 0; i < vectors; i++) {
        const vec value = v_min(high, v_max(low, acc[i]));
        if (all)
            v_store(out + c + i * LANES, value);
        else
            v_store_part(out + c, count, value);
    }
}

TARGET static inline void run_pixel(const mn_conv_params *p, const pixel_taps *t, const float *bias, float *out) {
    const int32_t channels = p->window.out_c;
    int32_t c = 0;
    for (; c + SIDE_BY_SIDE * LANES <= channels; c += SIDE_BY_SIDE * LANES) {
        sum_taps(true, SIDE_BY_SIDE, p, t, bias, c, LANES, out);
    }
    for (; c + LANES <= channels; c += LANES) sum_taps(true, 1, p, t, bias, c, LANES, out);
    if (c < channels) sum_taps(false, 1, p, t, bias, c, channels - c, out);
}

TARGET static void run_row(const mn_task *task, int32_t unit) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    mn_taps rows = mn_window_rows(w, unit);
    float *out = (float *)task->output + (ptrdiff_t)unit * w->out_w * w->out_c;
    for (int32_t x = 0; x < w->out_w; x++, out += w->out_c) {
        mn_taps cols = mn_window_cols(w, x);
        pixel_taps t = {.in_row = (ptrdiff_t)w->dilation_h * w->in_w * w->in_c,
                        .in_col = (ptrdiff_t)w->dilation_w * w->in_c,
                        .weight_row = (ptrdiff_t)w->k_w * w->out_c};
        if (rows.begin < rows.end && cols.begin < cols.end) {
            t.in = (const float *)task->inputs[0] + mn_window_at(w, 0, unit, rows, rows.begin, cols, cols.begin);
            t.weights = (const float *)task->inputs[1] + rows.begin * t.weight_row + (ptrdiff_t)cols.begin * w->out_c;
            t.rows = rows.end - rows.begin;
            t.cols = cols.end - cols.begin;
        }
        run_pixel(p, &t, task->inputs[2], out);
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end) {
    if (mn_strip_f32_fits(&((const mn_conv_params *)task->params)->window)) {
        run_strips(task, begin, end);
    } else {
        for (int32_t unit = begin; unit < end; unit++) run_row(task, unit);
    }
}
