/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The inner parts of float kernels (tile/parts_f32.h) for NEON. */
#ifndef MN_KERNELS_ARM_PARTS_F32_H
#define MN_KERNELS_ARM_PARTS_F32_H

#include "kernels/tile/parts_f32.h"

void mn_tiles_f32_neon(const mn_tiles *t);
void mn_strip_f32_neon(const mn_strip *s);

/** Rows of a strip of stride 1. */
#ifdef __aarch64__
enum { MN_STRIP_F32_NEON_ROWS = 2 };
#else
enum { MN_STRIP_F32_NEON_ROWS = 1 };
#endif

#endif
