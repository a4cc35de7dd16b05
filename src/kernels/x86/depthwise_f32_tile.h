/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float depthwise convolution of multiplier 1, for any vector width: one vector of channels of one pixel at a time,
 * summed over the taps in a register. The including file defines TARGET, vec, LANES and the v_ operations of
 * conv_f32_tile.h, and gets run_row(). */

/* One output pixel: the taps that meet the image. */
typedef struct pixel_taps {
    const float *in, *weights; /* the first tap's channel 0 */
    ptrdiff_t in_row, in_col, weight_row;
    int32_t rows, cols;
} pixel_taps;

TARGET static inline vec sum_taps(const pixel_taps *t, int32_t channels, int32_t c, int32_t count) {
    vec sum = v_zero();
    for (int32_t y = 0; y < t->rows; y++) {
        const float *in = t->in + y * t->in_row + c, *weights = t->weights + y * t->weight_row + c;
        for (int32_t x = 0; x < t->cols; x++, in += t->in_col, weights += channels) {
            sum = v_fma(v_load_part(in, count), v_load_part(weights, count), sum);
        }
    }
    return sum;
}

TARGET static inline void run_pixel(const mn_conv_params *p, const pixel_taps *t, const float *bias, float *out) {
    int32_t channels = p->window.out_c;
    vec low = v_set(p->range_f32.min), high = v_set(p->range_f32.max);
    for (int32_t c = 0; c < channels; c += LANES) {
        int32_t count = mn_min_i32(LANES, channels - c);
        vec added = bias == NULL ? v_zero() : v_load_part(bias + c, count);
        vec sum = v_add(sum_taps(t, channels, c, count), added);
        v_store_part(out + c, count, v_min(high, v_max(low, sum)));
    }
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
            t.in = (const float *)task->inputs[0] + mn_window_at(w, unit, rows, rows.begin, cols, cols.begin);
            t.weights = (const float *)task->inputs[1] + rows.begin * t.weight_row + (ptrdiff_t)cols.begin * w->out_c;
            t.rows = rows.end - rows.begin;
            t.cols = cols.end - cols.begin;
        }
        run_pixel(p, &t, task->inputs[2], out);
    }
}
