/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Cloudy noise that repeats, made once and used for surfaces, shadows and fog. */
#ifndef SIGNS_TEXTURE_H
#define SIGNS_TEXTURE_H

#include <stdint.h>

#include "rng.h"

/** Sides of pictures, in pixels. */
#define PICTURE_MIN_SIDE 32
#define PICTURE_MAX_SIDE 512

/** A power of two. */
#define TEXTURE_SIDE 256

typedef struct texture {
    float value[TEXTURE_SIDE][TEXTURE_SIDE]; /* about 0, few beyond -1 and 1 */
} texture;

/** One walk over the texture: turned, stretched and started somewhere. In 1/65536 of a cell, modulo 65536 cells. */
typedef struct texture_view {
    const texture *from;
    uint32_t x, y;             /* where pixel 0, 0 lies */
    uint32_t right_x, right_y; /* on the way one pixel to the right; a pixel down is a quarter turn further */
} texture_view;

void texture_make(texture *t, rng *r);

/** `zoom` is the number of texture cells from pixel to pixel. */
texture_view texture_look(const texture *t, rng *r, double zoom);

/** The values at the first `count` pixels of row `y`, each between its four neighbours. */
void texture_row(const texture_view *view, int y, int count, float *out);

#endif
