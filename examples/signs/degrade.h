/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Light, air, lens and sensor: what happens between the scene and the file. */
#ifndef SIGNS_DEGRADE_H
#define SIGNS_DEGRADE_H

#include "texture.h"

/** Red, green and blue from 0 to 1, row by row. */
typedef struct frame {
    int side;
    float *rgb;   /* [side][side][3] */
    float *spare; /* of the same size */
} frame;

void degrade_light(frame *f, rng *r, const texture *t);
void degrade_fog(frame *f, rng *r, const texture *t);

/** Defocus and movement, less for a small sign: `half` is half its size in pixels. */
void degrade_blur(frame *f, rng *r, double half);
void degrade_noise(frame *f, rng *r);

#endif
