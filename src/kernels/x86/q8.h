/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How x86 kernels see 8-bit tensors: activations as unsigned bytes, weights as signed bytes, results centred on 0. int8
 * and uint8 differ only in which of them is flipped by 0x80 on the way. */
#ifndef MN_KERNELS_X86_Q8_H
#define MN_KERNELS_X86_Q8_H

#include "kernels/kernel.h"
#include "kernels/quant.h"
#include "kernels/x86/requant.h"

/** Longest sum: 2^14 products of 9 and 9 bits, and a bias within 2^29 of zero (requant.c), stay inside int32. */
enum { MN_Q8_MAX_DEPTH = 1 << 14 };

/** An accumulator of [-MN_Q8_RAISED_MAX, MN_Q8_RAISED_MAX) that began MN_Q8_RAISED higher is, as the bits of a
 * float, 1.5 * 2^23 more than it would be. */
enum { MN_Q8_RAISED = 0x4b400000, MN_Q8_RAISED_MAX = 1 << 22 };

typedef struct mn_q8_zeros {
    uint8_t in_flip, weight_flip, out_flip; /* stored byte ^ flip is the byte as seen here */
    int32_t in;                             /* zero point of the activations, [0, 255] */
    int32_t weight;                         /* of the weights, [-128, 127] */
    int32_t out;                            /* of the results, [-128, 127] */
    mn_range_i32 range;                     /* clamp of the results, [-128, 127] */
} mn_q8_zeros;

static inline mn_q8_zeros mn_q8_zeros_of(const mn_conv_params *p, mn_type type) {
    const int32_t shift = type == MN_UINT8 ? 128 : 0;
    return (mn_q8_zeros){
        .in_flip = type == MN_UINT8 ? 0 : 0x80,
        .weight_flip = type == MN_UINT8 ? 0x80 : 0,
        .out_flip = type == MN_UINT8 ? 0x80 : 0,
        .in = type == MN_UINT8 ? p->in_zero : p->in_zero + 128,
        .weight = type == MN_UINT8 ? p->weight_zero - 128 : 0,
        .out = p->out_zero - shift,
        .range = {p->range.min - shift, p->range.max - shift},
    };
}

/** a * b modulo 2^32. */
static inline int32_t mn_q8_product(int32_t a, int32_t b) { return (int32_t)((uint32_t)a * (uint32_t)b); }

/** Weights to prefetch while others are at work, from the front on. */
typedef struct mn_q8_prefetch {
    const char *from, *end;
} mn_q8_prefetch;

/** What the next step needs until it can fetch more itself. */
enum { MN_Q8_PREFETCH_MAX = 32 << 10 };

/** What the next step begins with, at most `most` bytes. */
static inline mn_q8_prefetch mn_q8_prefetch_of(const mn_task *task, size_t most) {
    if (!task->prefetch) return (mn_q8_prefetch){task->params, task->params};
    return (mn_q8_prefetch){task->prefetch,
                            (const char *)task->prefetch + (task->prefetch_bytes < most ? task->prefetch_bytes : most)};
}

/** Asks for weights that are needed soon. */
static inline void mn_q8_prefetch_now(const void *from, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch((const char *)from + i, 0, 2);
}

/** Results of a channel from which on floats with fixups are looked for. With fewer, looking takes as long as they save
 *  in more than 100 runs. In the last convolution they save more. */
enum { MN_Q8_FIXUPS_FROM = 16, MN_Q8_MEAN_FIXUPS_FROM = 9 };

/** Where the weights of a convolution lie: product i of channel c at weights[c * channel_stride + i * stride]. */
typedef struct mn_q8_source {
    const mn_conv_params *p;
    mn_q8_zeros zeros;
    const uint8_t *weights;
    const int32_t *bias; /* or NULL */
    int32_t depth, channel_stride, stride;
    int32_t fixups_from;
} mn_q8_source;

static inline mn_q8_source mn_q8_conv_source(const mn_conv_params *p, mn_type type, const void *weights,
                                             const void *bias) {
    const int32_t depth = p->window.k_h * p->window.k_w * p->window.in_c;
    return (mn_q8_source){p, mn_q8_zeros_of(p, type), weights, bias, depth, depth, 1, MN_Q8_FIXUPS_FROM};
}

/** The same for a convolution whose results are only averaged. */
static inline mn_q8_source mn_q8_mean_source(const mn_conv_params *p, mn_type type, const void *weights,
                                             const void *bias) {
    mn_q8_source source = mn_q8_conv_source(p, type, weights, bias);
    source.fixups_from = MN_Q8_MEAN_FIXUPS_FROM;
    return source;
}

static inline mn_q8_source mn_q8_depthwise_source(const mn_conv_params *p, mn_type type, const void *weights,
                                                  const void *bias) {
    const mn_window *w = &p->window;
    return (mn_q8_source){p, mn_q8_zeros_of(p, type), weights, bias, w->k_h * w->k_w, 1, w->out_c, MN_Q8_FIXUPS_FROM};
}

/** What the accumulators of a channel begin with: its bias, less what the zero point of the inputs adds to products of
 * weights that, as bytes, add up to `sum`, and less `centre`. */
static inline int32_t mn_q8_folded_bias(const mn_q8_source *s, int32_t channel, int32_t sum, int32_t centre) {
    const int64_t zero_points = (int64_t)s->depth * s->zeros.in * s->zeros.weight - (int64_t)s->zeros.in * sum;
    return mn_wrap_add(s->bias ? s->bias[channel] : 0, (int32_t)(zero_points - centre));
}

/** Fills the constants for the channels from `first` on, in `order` (as mn_requant_lanes_of), in floats if that can be;
 *  returns the channels. */
mn_requant_lanes mn_q8_fill_requant(const mn_q8_source *s, int32_t first, const int32_t *order, mn_requant *out);

#endif
