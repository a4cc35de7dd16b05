/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/x86/q8.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <stddef.h>
#include <string.h>

#include "base/cpu.h"

enum { DEPTH_SMALL = 64, SHIFT_LARGE = -14 };

/* What sums of products, parts of an accumulator, lie between. */
typedef struct bounds {
    int64_t low, high;
} bounds;

/* Weights are looked at where that costs little and matters: few and small ones leave few results within reach, and
 * channels with a tiny scale have most often none but zeros. */
static bounds bounds_of(const mn_q8_source *s, int32_t channel) {
    const uint8_t *weights = s->weights + (ptrdiff_t)channel * s->channel_stride;
    const int32_t flip = s->zeros.weight_flip, zero = s->zeros.weight;
    const int64_t below = s->zeros.in, above = 255 - s->zeros.in; /* activations reach from -below to above */
    int32_t sum = 0, size = 0;
    if (s->depth > DEPTH_SMALL && s->p->shift[channel] > SHIFT_LARGE)
        return (bounds){INT64_C(-255) * 255 * s->depth, INT64_C(255) * 255 * s->depth};
    for (int32_t i = 0; i < s->depth; i++) {
        const int32_t weight = (int8_t)(weights[(ptrdiff_t)i * s->stride] ^ flip) - zero;
        sum += weight;
        size += weight < 0 ? -weight : weight;
    }
    const int64_t positive = (size + sum) / 2, negative = (size - sum) / 2;
    return (bounds){-positive * below - negative * above, positive * above + negative * below};
}

mn_requant_lanes mn_q8_fill_requant(const mn_q8_source *s, int32_t first, const int32_t *order, mn_requant *out) {
    const mn_conv_params *p = s->p;
    const mn_requant_lanes lanes = mn_requant_lanes_of(first, p->window.out_c, order);
    const int32_t some =
        mn_requant_fill_some(out, &lanes, p->multiplier, p->shift, s->bias, s->zeros.out, s->zeros.range);
    if (out->is_float) return lanes;
    if (p->window.out_h * p->window.out_w < s->fixups_from) {
        memset(out->centre, 0, sizeof out->centre);
        return lanes;
    }
    int64_t low[MN_REQUANT_LANES], high[MN_REQUANT_LANES];
    for (int32_t i = 0; i < MN_REQUANT_LANES; i++) {
        const int32_t bias = s->bias ? s->bias[lanes.channel[i]] : 0;
        const bounds range = bounds_of(s, lanes.channel[i]);
        low[i] = bias + range.low;
        high[i] = bias + range.high;
    }
    mn_requant_fix_up(out, some, low, high, s->zeros.range, (mn_cpu_flags() & MN_CPU_AVX512) != 0);
    return lanes;
}

#endif
