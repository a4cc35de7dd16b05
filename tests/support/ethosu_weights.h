/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Streams of compressed weights for Ethos-U, as a compiler might write them: slices, palettes, zero runs, divisors and
 * all else chosen by a seed, since a decoder has to take whatever the format allows. */
#ifndef TEST_ETHOSU_WEIGHTS_H
#define TEST_ETHOSU_WEIGHTS_H

#include "ethosu/weights.h"

/** The weights of one core, [out_c][k_h][k_w][in_c] of `filter`, in the order of the hardware, zeros where that pads.
 *  Returns their number; `out` NULL: that alone. */
size_t ew_order(const mn_ethosu_filter *filter, int32_t core, const int16_t *weights, int16_t *out);

/** Encodes `count` weights in [-255, 255]. Returns the stream's bytes; the caller frees *stream. */
size_t ew_encode(const int16_t *weights, size_t count, uint32_t seed, uint8_t **stream);

#endif
