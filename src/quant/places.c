/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "quant/places.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"

mn_places mn_places_of(const mn_scheme *scheme, const mn_op *op, int32_t most) {
    const mn_activation activation = op->attr.activation;
    mn_places places = {.input = op->inputs[0],
                        .output = op->outputs[0],
                        .w = mn_layer_window(scheme->graph, op),
                        .step = mn_scheme_step(scheme, op->inputs[0]),
                        .low = activation == MN_ACT_NONE ? -INFINITY : 0,
                        .high = activation == MN_ACT_RELU6 ? 6 : INFINITY};
    places.count = mn_min_i32(places.w.out_h * places.w.out_w, most);
    return places;
}

int32_t mn_places_choose(const mn_places *places, int32_t i, mn_random *random) {
    const int32_t all = places->w.out_h * places->w.out_w;
    const int32_t begin = (int32_t)((int64_t)all * i / places->count);
    const int32_t end = (int32_t)((int64_t)all * (i + 1) / places->count);
    return begin + (int32_t)(mn_random_bits(random) % (uint64_t)(end - begin));
}

static void store_pixel(const mn_places *places, const float *x, int16_t *to) {
    for (int32_t c = 0; c < places->w.in_c; c++) {
        float units = roundf(x[c] / places->step.scale) + (float)places->step.zero;
        to[c] = (int16_t)((int32_t)fminf(fmaxf(units, INT8_MIN), INT8_MAX) - places->step.zero);
    }
}

void mn_places_meet(const mn_places *places, const float *x, int32_t place, int16_t *to) {
    const mn_window *w = &places->w;
    const int32_t top = place / w->out_w * w->stride_h - w->pad_top;
    const int32_t left = place % w->out_w * w->stride_w - w->pad_left;
    for (int32_t tap = 0; tap < w->k_h * w->k_w; tap++, to += w->in_c) {
        int32_t row = top + tap / w->k_w * w->dilation_h, column = left + tap % w->k_w * w->dilation_w;
        if (row < 0 || row >= w->in_h || column < 0 || column >= w->in_w) {
            memset(to, 0, (size_t)w->in_c * sizeof *to);
        } else {
            store_pixel(places, x + ((size_t)row * (size_t)w->in_w + (size_t)column) * (size_t)w->in_c, to);
        }
    }
}
