/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What stands behind the signs. Each split has scenes of its own, which no other split shows. */
#ifndef SIGNS_BACKGROUND_H
#define SIGNS_BACKGROUND_H

#include <cairo.h>

#include "texture.h"

typedef enum split { SPLIT_TRAIN, SPLIT_VAL, SPLIT_TEST } split;

/** Fills the square `surface`. */
void background_draw(cairo_surface_t *surface, rng *r, split which, const texture *t);

#endif
