/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Where a sign hangs in the picture, and the perspective that comes with it. */
#ifndef SIGNS_POSE_H
#define SIGNS_POSE_H

#include <cairo.h>

#include "rng.h"

typedef struct pose {
    point centre;      /* pixels */
    double half;       /* pixels from the middle to the edge, seen straight on */
    double map[3][3];  /* homography from the sign's square (-1 to 1) to pixels */
    double back[3][3]; /* its inverse */
} pose;

/** A random pose in a picture of `side` pixels. */
pose pose_make(rng *r, int side);

/** The pixel where a point of the sign's square lands. */
point pose_map(const pose *p, point at);

/** Blends `sprite` (square, premultiplied, showing the square from -extent to extent) over `scene`, its colours
 *  multiplied by `light` (at most 1.5). */
void pose_blend(const pose *p, cairo_surface_t *sprite, double extent, double light, cairo_surface_t *scene);

#endif
