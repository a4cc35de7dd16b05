/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The inner parts of float kernels (tile/parts_f32.h), for each tier. */
#ifndef MN_KERNELS_X86_PARTS_F32_H
#define MN_KERNELS_X86_PARTS_F32_H

#include "kernels/tile/parts_f32.h"

/** Packs the weights of a convolution, in mn_panels_layout. */
void mn_conv_f32_avx2_pack(const void *params, const void *const *constants, void *packed);

void mn_tiles_f32_avx2(const mn_tiles *t);
void mn_tiles_f32_avx512(const mn_tiles *t);

void mn_strip_f32_avx2(const mn_strip *s);
void mn_strip_f32_avx512(const mn_strip *s);

#endif
