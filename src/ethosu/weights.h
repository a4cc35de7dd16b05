/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Compressed weights and per-channel scales of a convolution, as Vela writes them for Ethos-U (docs/ethos-u.md). */
#ifndef MN_ETHOSU_WEIGHTS_H
#define MN_ETHOSU_WEIGHTS_H

#include "base/status.h"

/** The filter of one CONV or DEPTHWISE operation, and what orders its weights in the stream. All of it comes from
 *  registers whose ranges the caller has checked: every size is in [1, 65536], and out_c * k_h * k_w * in_c fits
 *  size_t. */
typedef struct mn_ethosu_filter {
    int32_t out_c, k_h, k_w; /* k_h and k_w without dilation */
    int32_t in_c;            /* 1 of DEPTHWISE */
    bool depthwise;
    bool part_kernel;               /* part kernel first: KERNEL_STRIDE, bit 2 */
    int32_t dilation_h, dilation_w; /* 1 or 2: they shrink the sub-kernels that a stream is cut into */
    int32_t in_bits;                /* 8 or 16: of an element of the input */
    int32_t block_depth;            /* OFM_BLK_DEPTH: of all cores together */
    int32_t cores;                  /* 1, or 2: channel c is then in the stream of core c % 2 */
    int32_t micro_in, micro_out;    /* channels of the multiplier array: mn_ethosu_config */
} mn_ethosu_filter;

/** Channels that core `core` (0 <= core < cores) computes. */
static inline int32_t mn_ethosu_core_channels(const mn_ethosu_filter *filter, int32_t core) {
    return (filter->out_c - core + filter->cores - 1) / filter->cores;
}

/** Decodes one core's stream of `bytes` into its channels of `weights`, [out_c][k_h][k_w][in_c]: values in [-255, 255],
 *  zero points subtracted; other channels stay as they are. Errors: FORMAT with a sentence, when the stream ends early
 * or its contents are not weights. Reads no byte beyond the stream, ends after time linear in bytes and weights. */
mn_status mn_ethosu_weights_decode(const mn_ethosu_filter *filter, int32_t core, const uint8_t *stream, size_t bytes,
                                   int16_t *weights);

/** What makes a stored value of an accumulator: (accumulator + bias) * scale / 2^shift. */
typedef struct mn_ethosu_scale {
    int64_t bias;   /* 40 bits, signed */
    uint32_t scale; /* Q31, or 16 bits of int16 inputs */
    int32_t shift;  /* [0, 63] */
} mn_ethosu_scale;

/** Decodes the scales of one core's channels into its channels of `scales`, [out_c]. Errors: FORMAT, when there are too
 *  few bytes. */
mn_status mn_ethosu_scales_decode(const mn_ethosu_filter *filter, int32_t core, const uint8_t *stream, size_t bytes,
                                  mn_ethosu_scale *scales);

#endif
