/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The inner loop of float convolution, for any vector width. The including file defines TARGET, vec, LANES and the v_
 * operations (f32_avx2.h, f32_avx512.h), and the shapes of tiles that fill the register file: MOST_COLUMNS, and
 * MOST_ROWS(columns), the pixels that go with so many vectors. It gets run_tiles(). */

#include "kernels/x86/parts_f32.h"

#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

enum { PER_PANEL = MN_PANEL / LANES };

/* Rows of pixels are addressed from every third one, which takes few registers. */
enum { ROWS = 16, COLUMNS = 3, NEAR = 3, BASES = (ROWS + NEAR - 1) / NEAR };

/* Pixels that meet all panels before the next pixels are fetched: at 960 channels they take 215 KB, inside L2. */
enum { PART_PIXELS = 56 };

/* The tile's weights: vector `j` lies in panel j / PER_PANEL. */
INLINE const float *column(const float *panel, ptrdiff_t stride, int j) {
    return panel + (j / PER_PANEL) * stride + (j % PER_PANEL) * LANES;
}

/* acc[r][j] += run of pixel r x weights. Constant `rows` and `columns` let the compiler keep acc in registers. */
INLINE void add_run(int rows, int columns, vec acc[ROWS][COLUMNS], const float *in, ptrdiff_t step, int32_t length,
                    const float *weights, ptrdiff_t stride) {
    const float *base[BASES];
    UNROLL for (int b = 0; b * NEAR < rows; b++) base[b] = in + b * NEAR * step;
    for (int32_t i = 0; i < length; i++) {
        vec w[COLUMNS];
        UNROLL for (int j = 0; j < columns; j++) w[j] = v_load(column(weights, stride, j));
        UNROLL for (int r = 0; r < rows; r++) {
            const vec x = v_set(base[r / NEAR][r % NEAR * step]);
            UNROLL for (int j = 0; j < columns; j++) acc[r][j] = v_fma(x, w[j], acc[r][j]);
        }
        UNROLL for (int b = 0; b * NEAR < rows; b++) base[b]++;
        weights += MN_PANEL;
    }
}

INLINE vec clamp(vec v, vec low, vec high) { return v_min(high, v_max(low, v)); }

/* One vector of each pixel; `exist` of its channels do, and `count` are stored. */
INLINE void store_vectors(int rows, vec sums[ROWS], const mn_tiles *t, ptrdiff_t at, int32_t exist, int32_t count) {
    const vec low = v_set(t->range.min), high = v_set(t->range.max);
    UNROLL for (int r = 0; r < rows; r++) sums[r] = clamp(sums[r], low, high);
    if (t->added) {
        const vec least = v_set(t->added_range.min), most = v_set(t->added_range.max);
        const float *added = t->added + at;
        UNROLL for (int r = 0; r < rows; r++, added += t->out_step) {
            sums[r] = clamp(v_add(sums[r], v_load_part(added, exist)), least, most);
        }
    }
    float *out = t->out + at;
    if (count == LANES) {
        UNROLL for (int r = 0; r < rows; r++, out += t->out_step) v_store(out, sums[r]);
    } else {
        UNROLL for (int r = 0; r < rows; r++, out += t->out_step) v_store_part(out, count, sums[r]);
    }
}

/* Channels of the vector at `first` that exist. */
INLINE int32_t existing(const mn_tiles *t, int32_t first) {
    const int32_t left = t->channels - first;
    return left < 0 ? 0 : left < LANES ? left : LANES;
}

INLINE void store_tile(int rows, int columns, vec acc[ROWS][COLUMNS], const mn_tiles *t, int32_t pixel,
                       int32_t channel) {
    UNROLL for (int j = 0; j < columns; j++) {
        const int32_t first = channel + j * LANES, exist = existing(t, first);
        vec sums[ROWS];
        UNROLL for (int r = 0; r < rows; r++) sums[r] = acc[r][j];
        store_vectors(rows, sums, t, pixel * t->out_step + first, exist, t->whole ? LANES : exist);
    }
}

INLINE void run_tile(int rows, int columns, const mn_tiles *t, int32_t pixel, int32_t channel, const float *panel) {
    vec acc[ROWS][COLUMNS];
    UNROLL for (int j = 0; j < columns; j++) {
        const int32_t first = channel + j * LANES;
        const vec bias = t->bias == NULL ? v_zero() : v_load_part(t->bias + first, existing(t, first));
        UNROLL for (int r = 0; r < rows; r++) acc[r][j] = bias;
    }
    const mn_runs *runs = &t->runs;
    const float *in = t->in + pixel * t->in_step;
    for (int32_t row = 0; row < runs->rows; row++) {
        for (int32_t col = 0; col < runs->cols; col++) {
            const bool last = row + 1 == runs->rows && col + 1 == runs->cols;
            add_run(rows, columns, acc, in + row * runs->in_row + col * runs->in_col, t->in_step,
                    last ? t->last : runs->length, panel + (row * runs->k_row + col * runs->k_col) * MN_PANEL,
                    t->panel_stride);
        }
    }
    store_tile(rows, columns, acc, t, pixel, channel);
}

/* A tile of `rows` pixels, which tell how the registers are used. */
INLINE void choose_tile(int32_t rows, int columns, const mn_tiles *t, int32_t pixel, int32_t channel,
                        const float *panel) {
#define CASE(n)                                                                                                        \
    case n:                                                                                                            \
        if (n <= MOST_ROWS(columns)) run_tile(n, columns, t, pixel, channel, panel);                                   \
        break
    switch (rows) {
        CASE(1);
        CASE(2);
        CASE(3);
        CASE(4);
        CASE(5);
        CASE(6);
        CASE(7);
        CASE(8);
        CASE(9);
        CASE(10);
        CASE(11);
        CASE(12);
        CASE(13);
        CASE(14);
    }
#undef CASE
}

/* Pixels [begin, end) against `columns` vectors of channels, in tiles of like height. */
INLINE void run_columns(int columns, const mn_tiles *t, int32_t begin, int32_t end, int32_t channel,
                        const float *panel) {
    const int32_t tiles = (end - begin + MOST_ROWS(columns) - 1) / MOST_ROWS(columns);
    for (int32_t i = 0, pixel = begin; i < tiles; i++) {
        const int32_t rows = (end - pixel + tiles - i - 1) / (tiles - i);
        choose_tile(rows, columns, t, pixel, channel, panel);
        pixel += rows;
    }
}

/* Vectors to take at once of the `left` ones: the widest tiles for odd numbers, and otherwise the highest. */
static int32_t next_columns(int32_t left) {
    return MOST_COLUMNS > 2 && left % 2 == 1 && left > 1 ? 3 : left > 1 ? 2 : 1;
}

TARGET static void run_part(const mn_tiles *t, int32_t begin, int32_t end) {
    int32_t left = (t->channels + MN_PANEL - 1) / MN_PANEL * PER_PANEL, channel = 0;
    const float *panel = t->weights;
    while (left > 0) {
        const int32_t columns = next_columns(left);
        switch (columns) {
        case 3: run_columns(3, t, begin, end, channel, panel); break;
        case 2: run_columns(2, t, begin, end, channel, panel); break;
        default: run_columns(1, t, begin, end, channel, panel); break;
        }
        left -= columns;
        channel += columns * LANES;
        panel += t->panel_stride * (columns / PER_PANEL);
    }
}

TARGET static void run_tiles(const mn_tiles *t) {
    const mn_tiles local = *t; /* nothing that is written can change it */
    for (int32_t pixel = 0; pixel < local.pixels; pixel += PART_PIXELS) {
        const int32_t left = local.pixels - pixel;
        run_part(&local, pixel, pixel + (left < PART_PIXELS ? left : PART_PIXELS));
    }
}
