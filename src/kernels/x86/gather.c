/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/x86/gather.h"

#include <string.h>

#include "base/checked.h"
#include "kernels/portable/window.h"

int32_t mn_gather_depth(const mn_window *w) { return (int32_t)mn_round_up((size_t)mn_window_depth(w), 4); }

static uint8_t *copy_flipped(uint8_t *restrict out, const uint8_t *restrict in, ptrdiff_t count, uint8_t flip) {
    for (ptrdiff_t i = 0; i < count; i++) out[i] = in[i] ^ flip;
    return out + count;
}

static uint8_t *fill(uint8_t *out, uint8_t value, ptrdiff_t count) {
    memset(out, value, (size_t)count);
    return out + count;
}

/* One filter row of one pixel: cells before, inside and behind the image. */
static uint8_t *gather_taps(const mn_window *w, const uint8_t *row, mn_taps cols, uint8_t flip, uint8_t zero,
                            uint8_t *out) {
    out = fill(out, zero, (ptrdiff_t)cols.begin * w->in_c);
    if (w->dilation_w == 1) {
        const uint8_t *in = row + (cols.origin + cols.begin) * w->in_c;
        out = copy_flipped(out, in, (ptrdiff_t)(cols.end - cols.begin) * w->in_c, flip);
    } else {
        for (int32_t x = cols.begin; x < cols.end; x++) {
            out = copy_flipped(out, row + (cols.origin + (int64_t)x * w->dilation_w) * w->in_c, w->in_c, flip);
        }
    }
    return fill(out, zero, (ptrdiff_t)(w->k_w - cols.end) * w->in_c);
}

static void gather_pixel(const mn_window *w, const uint8_t *in, uint8_t flip, uint8_t zero, int32_t pixel,
                         uint8_t *out) {
    int32_t unit = pixel / w->out_w;
    uint8_t *end = out + mn_gather_depth(w);
    mn_taps rows = mn_window_rows(w, unit), cols = mn_window_cols(w, pixel % w->out_w);
    if (cols.end <= cols.begin) cols = (mn_taps){.begin = w->k_w, .end = w->k_w};
    for (int32_t y = 0; y < w->k_h; y++) {
        if (y < rows.begin || y >= rows.end || cols.begin == w->k_w) {
            out = fill(out, zero, (ptrdiff_t)w->k_w * w->in_c);
        } else {
            const uint8_t *row = in + mn_input_offset(w, unit / w->out_h, rows.origin + (int64_t)y * w->dilation_h, 0);
            out = gather_taps(w, row, cols, flip, zero, out);
        }
    }
    fill(out, 0, end - out);
}

void mn_gather(const mn_window *w, const uint8_t *in, uint8_t flip, uint8_t zero, int32_t first, int32_t count,
               uint8_t *rows) {
    int32_t depth = mn_gather_depth(w);
    if (mn_window_is_pointwise(w) && w->in_c == depth) {
        copy_flipped(rows, in + (ptrdiff_t)first * depth, (ptrdiff_t)count * depth, flip);
        return;
    }
    for (int32_t i = 0; i < count; i++) gather_pixel(w, in, flip, zero, first + i, rows + (ptrdiff_t)i * depth);
}
