/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Source of the formulas: tensorflow/lite/kernels/internal/reference/resize_bilinear.h and
 * resize_nearest_neighbor.h. */
#include "kernels/resize.h"

#include <math.h>

#include "base/checked.h"

/* Rows of the input for one of the output. */
static float scale_of(int32_t in, int32_t out, bool align_corners) {
    if (align_corners && out > 1) return (float)(in - 1) / (float)(out - 1);
    return (float)in / (float)out;
}

static int64_t scale_q10(int32_t in, int32_t out, bool align_corners) {
    if (align_corners && out > 1) return (INT64_C(1024) * (in - 1) + (out - 1) / 2) / (out - 1);
    return (INT64_C(1024) * in + out / 2) / out;
}

static int32_t index_within(int64_t index, int32_t in) { return index < 0 ? 0 : index >= in ? in - 1 : (int32_t)index; }

/* What int8 computes: a position in 1/1024. Its own rows may differ from those of float where the scale is rounded. */
static void integer_tap(int32_t in, int64_t scale, bool half_pixel_centers, int32_t i, mn_resize_tap *tap) {
    const int64_t position = i * scale + (half_pixel_centers ? scale / 2 - 512 : 0);
    tap->low_q10 = index_within(position / 1024, in);
    tap->high_q10 = index_within((position + 1023) / 1024, in);
    tap->part_q10 = (int32_t)(position - INT64_C(1024) * tap->low_q10);
}

void mn_resize_taps_bilinear(int32_t in, int32_t out, bool align_corners, bool half_pixel_centers,
                             mn_resize_tap *taps) {
    const float scale = scale_of(in, out, align_corners);
    const int64_t integer = scale_q10(in, out, align_corners);
    for (int32_t i = 0; i < out; i++) {
        const float centre = (float)i + 0.5f, along = centre * scale;
        const float position = half_pixel_centers ? along - 0.5f : (float)i * scale;
        taps[i].low = index_within((int64_t)floorf(position), in);
        taps[i].high = index_within((int64_t)ceilf(position), in);
        taps[i].part = position - (float)taps[i].low;
        integer_tap(in, integer, half_pixel_centers, i, &taps[i]);
    }
}

void mn_resize_taps_nearest(int32_t in, int32_t out, bool align_corners, bool half_pixel_centers, mn_resize_tap *taps) {
    const float scale = scale_of(in, out, align_corners);
    for (int32_t i = 0; i < out; i++) {
        const float position = ((float)i + (half_pixel_centers ? 0.5f : 0.0f)) * scale;
        taps[i] =
            (mn_resize_tap){.low = index_within((int64_t)(align_corners ? roundf(position) : floorf(position)), in)};
    }
}
