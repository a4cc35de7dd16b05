/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/gather.h"

#include <string.h>

#include "base/checked.h"
#include "kernels/portable/window.h"

int32_t mn_gather_depth(const mn_window *w) { return (int32_t)mn_round_up((size_t)mn_window_depth(w), 4); }

bool mn_gather_is_input(const mn_window *w) { return mn_window_is_pointwise(w) && w->in_c % 4 == 0; }

/* Short runs are the rule: three taps of three channels are nine bytes. */
static inline uint8_t *copy(uint8_t *out, const uint8_t *in, size_t count) {
    if (count < 8) {
        for (size_t i = 0; i < count; i++) out[i] = in[i];
    } else if (count <= 16) {
        memcpy(out, in, 8);
        memcpy(out + count - 8, in + count - 8, 8);
    } else {
        memcpy(out, in, count);
    }
    return out + count;
}

static inline uint8_t *fill(uint8_t *out, uint8_t value, size_t count) {
    if (count < 8) {
        for (size_t i = 0; i < count; i++) out[i] = value;
    } else {
        memset(out, value, count);
    }
    return out + count;
}

/* The columns under the filter; none at all counts as all of them behind. */
static inline mn_taps column_taps(const mn_window *w, int32_t x) {
    const int64_t origin = (int64_t)x * w->stride_w - w->pad_left;
    const int64_t last = origin + (int64_t)(w->k_w - 1) * w->dilation_w;
    if (origin >= 0 && last < w->in_w) return (mn_taps){.begin = 0, .end = w->k_w, .origin = origin};
    mn_taps cols = mn_window_cols(w, x);
    return cols.begin < cols.end ? cols : (mn_taps){.begin = w->k_w, .end = w->k_w};
}

/* One filter row of one pixel: cells before, inside and behind the image. */
static inline uint8_t *gather_taps(const mn_window *w, const uint8_t *row, mn_taps cols, uint8_t zero, uint8_t *out) {
    const size_t channels = (size_t)w->in_c;
    out = fill(out, zero, (size_t)cols.begin * channels);
    if (w->dilation_w == 1) {
        const uint8_t *in = row + (cols.origin + cols.begin) * w->in_c;
        out = copy(out, in, (size_t)(cols.end - cols.begin) * channels);
    } else {
        for (int32_t x = cols.begin; x < cols.end; x++) {
            out = copy(out, row + (cols.origin + (int64_t)x * w->dilation_w) * w->in_c, channels);
        }
    }
    return fill(out, zero, (size_t)(w->k_w - cols.end) * channels);
}

/* Pixels as gather_inside() has them where each of `height` filter rows is 8 to 16 bytes, as those of 3x3 filters over
 * three or four channels are. */
static inline uint8_t *gather_short(const mn_window *w, const uint8_t *in, int32_t count, int32_t height,
                                    uint8_t *out) {
    const size_t line = (size_t)w->k_w * (size_t)w->in_c;
    const size_t depth = (size_t)mn_gather_depth(w);
    const ptrdiff_t step = (ptrdiff_t)w->dilation_h * w->in_w * w->in_c, next = (ptrdiff_t)w->stride_w * w->in_c;
    for (int32_t x = 0; x < count; x++, in += next, out += depth) {
        const uint8_t *from = in;
        uint8_t *to = out;
        memset(out + depth - 4, 0, 4); /* what lies behind the last filter row */
        for (int32_t y = 0; y < height; y++, from += step, to += line) {
            memcpy(to, from, 8);
            memcpy(to + line - 8, from + line - 8, 8);
        }
    }
    return out;
}

/* `count` pixels whose filters lie on the image, the first cell of the first one's at `in`. */
static uint8_t *gather_inside(const mn_window *w, const uint8_t *in, int32_t count, uint8_t *out) {
    const size_t line = (size_t)w->k_w * (size_t)w->in_c, depth = (size_t)mn_gather_depth(w);
    const ptrdiff_t step = (ptrdiff_t)w->dilation_h * w->in_w * w->in_c, next = (ptrdiff_t)w->stride_w * w->in_c;
    if (line >= 8 && line <= 16) {
        return w->k_h == 3 ? gather_short(w, in, count, 3, out) : gather_short(w, in, count, w->k_h, out);
    }
    for (int32_t x = 0; x < count; x++, in += next) {
        const uint8_t *from = in, *end = out + depth;
        for (int32_t y = 0; y < w->k_h; y++, from += step) out = copy(out, from, line);
        while (out < end) *out++ = 0;
    }
    return out;
}

/* One pixel of which parts may lie outside the image. */
static uint8_t *gather_edge(const mn_window *w, const uint8_t *image, mn_taps rows, mn_taps cols, uint8_t zero,
                            uint8_t *out) {
    const size_t line = (size_t)w->k_w * (size_t)w->in_c;
    for (int32_t y = 0; y < w->k_h; y++) {
        if (y < rows.begin || y >= rows.end || cols.begin == w->k_w) {
            out = fill(out, zero, line);
        } else {
            const int64_t above = rows.origin + (int64_t)y * w->dilation_h;
            out = gather_taps(w, image + above * w->in_w * w->in_c, cols, zero, out);
        }
    }
    return out;
}

/* Columns [begin, end) of output row `unit`. */
static void gather_row(const mn_window *w, const uint8_t *in, uint8_t zero, int32_t unit, int32_t begin, int32_t end,
                       uint8_t *out) {
    const int32_t depth = mn_gather_depth(w);
    const mn_taps rows = mn_window_rows(w, unit);
    const bool all_rows = rows.begin == 0 && rows.end == w->k_h && w->dilation_w == 1;
    const uint8_t *image = in + mn_input_offset(w, 0, unit / w->out_h, 0, 0);
    const int64_t behind =
        (int64_t)w->in_w - w->k_w + w->pad_left; /* the last column of a filter on the image, or < 0 */
    const int32_t inside = all_rows && behind >= 0 ? mn_min_i32(end, (int32_t)(behind / w->stride_w) + 1) : begin;
    for (int32_t x = begin; x < end;) {
        const mn_taps cols = column_taps(w, x);
        if (x < inside && cols.begin == 0 && cols.end == w->k_w) {
            out = gather_inside(w, image + (rows.origin * w->in_w + cols.origin) * w->in_c, inside - x, out);
            x = inside;
            continue;
        }
        uint8_t *next = out + depth;
        out = gather_edge(w, image, rows, cols, zero, out);
        out = fill(out, 0, (size_t)(next - out));
        x++;
    }
}

void mn_gather(const mn_window *w, const uint8_t *in, uint8_t zero, int32_t first, int32_t count, uint8_t *rows) {
    const int32_t depth = mn_gather_depth(w);
    for (int32_t pixel = first, last = first + count; pixel < last;) {
        const int32_t x = pixel % w->out_w, end = mn_min_i32(w->out_w, x + last - pixel);
        gather_row(w, in, zero, pixel / w->out_w, x, end, rows);
        rows += (ptrdiff_t)(end - x) * depth;
        pixel += end - x;
    }
}
