/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pixels of a convolution's input as its products want them: signed bytes, all of a filter side by side. */
#ifndef MN_KERNELS_ARM_SPAN_Q8_H
#define MN_KERNELS_ARM_SPAN_Q8_H

#include "kernels/arm/q8.h"
#include "kernels/gather.h"

#ifdef MN_CPU_NEON_COMPILES

/** Do pixels lie as wanted in the input? uint8 is flipped on the way, so it is copied in any case. */
static inline bool mn_arm_reads_input(const mn_window *w, mn_type type) {
    return type == MN_INT8 && mn_gather_is_input(w);
}

/** `count` pixels from `pixel` on, mn_gather_depth() bytes each: the input's, or else in `copy`. */
static inline const int8_t *mn_arm_read_span(const mn_conv_params *p, mn_type type, const void *input, int32_t pixel,
                                             int32_t count, uint8_t *copy) {
    const mn_window *w = &p->window;
    const size_t depth = (size_t)mn_gather_depth(w), bytes = (size_t)count * depth;
    const uint8_t *from = (const uint8_t *)input + (size_t)pixel * depth;
    if (mn_arm_reads_input(w, type)) return (const int8_t *)from;
    if (!mn_gather_is_input(w)) {
        mn_gather(w, input, (uint8_t)p->in_zero, pixel, count, copy);
        from = copy;
    }
    if (type == MN_UINT8) {
        for (size_t i = 0; i < bytes; i++) copy[i] = from[i] ^ 0x80;
    }
    return (const int8_t *)copy;
}

#endif
#endif
