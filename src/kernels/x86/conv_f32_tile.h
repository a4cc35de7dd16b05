/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The inner loop of float convolution, for any vector width. The including file defines TARGET, vec, LANES and the v_
 * operations (f32_avx2.h, f32_avx512.h), and ROWS x COLUMNS, the pixels and vectors of one tile, whose product fills
 * the register file. It gets run_span(), an mn_span_fn. */

#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

/* The tile's weights: vector `j` lies in panel j / PER_PANEL. */
enum { PER_PANEL = MN_PANEL / LANES };

INLINE const float *column(const float *panel, ptrdiff_t stride, int j) {
    return panel + (j / PER_PANEL) * stride + (j % PER_PANEL) * LANES;
}

/* acc[r][j] += run of pixel r x weights. Constant `rows` and `columns` let the compiler keep acc in registers. */
INLINE void add_run(int rows, int columns, vec acc[ROWS][COLUMNS], const float *in, ptrdiff_t step, int32_t length,
                    const float *weights, ptrdiff_t stride) {
    for (int32_t i = 0; i < length; i++) {
        vec w[COLUMNS];
        UNROLL for (int j = 0; j < columns; j++) w[j] = v_load(column(weights, stride, j));
        UNROLL for (int r = 0; r < rows; r++) {
            vec x = v_set(in[r * step + i]);
            UNROLL for (int j = 0; j < columns; j++) acc[r][j] = v_fma(x, w[j], acc[r][j]);
        }
        weights += MN_PANEL;
    }
}

INLINE void store_tile(int rows, int columns, vec acc[ROWS][COLUMNS], const mn_span *s, int32_t channel, float *out) {
    vec low = v_set(s->range.min), high = v_set(s->range.max);
    UNROLL for (int j = 0; j < columns; j++) {
        int32_t left = s->out_c - channel - j * LANES, count = left < 0 ? 0 : left < LANES ? left : LANES;
        vec bias = s->bias == NULL ? v_zero() : v_load_part(s->bias + channel + j * LANES, count);
        UNROLL for (int r = 0; r < rows; r++) {
            vec sum = v_min(high, v_max(low, v_add(acc[r][j], bias)));
            v_store_part(out + r * s->out_c + j * LANES, count, sum);
        }
    }
}

INLINE void run_tile(int rows, int columns, const mn_span *s, int32_t pixel, int32_t channel, const float *panel) {
    vec acc[ROWS][COLUMNS];
    UNROLL for (int r = 0; r < rows; r++) { UNROLL for (int j = 0; j < columns; j++) acc[r][j] = v_zero(); }
    const mn_runs *runs = &s->runs;
    const float *in = s->in + pixel * s->in_step;
    for (int32_t row = 0; row < runs->rows; row++) {
        for (int32_t col = 0; col < runs->cols; col++) {
            add_run(rows, columns, acc, in + row * runs->in_row + col * runs->in_col, s->in_step, runs->length,
                    panel + (row * runs->k_row + col * runs->k_col) * MN_PANEL, s->panel_stride);
        }
    }
    store_tile(rows, columns, acc, s, channel, s->out + (ptrdiff_t)pixel * s->out_c + channel);
}

/* All pixels of the span against `columns` vectors of channels. */
INLINE void run_columns(int columns, const mn_span *s, int32_t channel, const float *panel) {
    int32_t pixel = 0;
    for (; pixel + ROWS <= s->count; pixel += ROWS) run_tile(ROWS, columns, s, pixel, channel, panel);
    if (s->count - pixel >= ROWS / 2) {
        run_tile(ROWS / 2, columns, s, pixel, channel, panel);
        pixel += ROWS / 2;
    }
    for (; pixel < s->count; pixel++) run_tile(1, columns, s, pixel, channel, panel);
}

TARGET static void run_span(const mn_span *s) {
    const float *panel = s->weights;
    int32_t channel = 0;
    for (; channel + COLUMNS * LANES <= s->out_c; channel += COLUMNS * LANES) {
        run_columns(COLUMNS, s, channel, panel);
        panel += s->panel_stride * (COLUMNS / PER_PANEL);
    }
    for (; channel < s->out_c; channel += MN_PANEL, panel += s->panel_stride) {
        run_columns(PER_PANEL, s, channel, panel);
    }
}
