/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pixels of a convolution's input as its products want them: signed bytes, all of a filter side by side. */
#ifndef MN_KERNELS_ARM_SPAN_Q8_H
#define MN_KERNELS_ARM_SPAN_Q8_H

#include "kernels/arm/q8.h"
#include "kernels/gather.h"

#ifdef MN_CPU_NEON_COMPILES

/** How pixels are read. */
typedef struct mn_arm_span {
    const mn_window *window;
    ptrdiff_t depth; /* bytes of a pixel: mn_gather_depth() */
    bool gathers, copies;
    uint8_t zero, flip; /* zero point as stored; stored byte ^ flip is the byte as seen here */
} mn_arm_span;

static inline mn_arm_span mn_arm_span_of(const mn_window *w, int32_t zero, uint8_t flip) {
    const bool gathers = !mn_gather_is_input(w);
    return (mn_arm_span){.window = w,
                         .depth = mn_gather_depth(w),
                         .gathers = gathers,
                         .copies = gathers || flip != 0,
                         .zero = (uint8_t)zero,
                         .flip = flip};
}

static inline void mn_arm_flip(const uint8_t *from, size_t count, uint8_t flip, uint8_t *to) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16) vst1q_u8(to + i, veorq_u8(vld1q_u8(from + i), vdupq_n_u8(flip)));
    for (; i < count; i++) to[i] = from[i] ^ flip;
}

/** `count` pixels from `pixel` on: the input's, or else in `copy`. */
static inline const int8_t *mn_arm_read_span(const mn_arm_span *s, const void *input, ptrdiff_t pixel, int32_t count,
                                             uint8_t *copy) {
    const uint8_t *from = (const uint8_t *)input + pixel * s->depth;
    if (!s->copies) return (const int8_t *)from;
    if (s->gathers) {
        mn_gather(s->window, input, s->zero, (int32_t)pixel, count, copy);
        from = copy;
    }
    if (s->flip) mn_arm_flip(from, (size_t)count * (size_t)s->depth, s->flip, copy);
    return (const int8_t *)copy;
}

#endif
#endif
