/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How x86 kernels see 8-bit tensors: activations as unsigned bytes, weights as signed bytes, results centred on 0. int8
 * and uint8 differ only in which of them is flipped by 0x80 on the way. */
#ifndef MN_KERNELS_X86_Q8_H
#define MN_KERNELS_X86_Q8_H

#include "kernels/params.h"

/** Longest sum: 2^15 products of 9 and 8 bits stay inside int32. */
enum { MN_Q8_MAX_DEPTH = 1 << 15 };

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

#endif
