/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One sign seen straight on, with its age: faded, scratched, dirty, stuck over. */
#ifndef SIGNS_SPRITE_H
#define SIGNS_SPRITE_H

#include "classes.h"

/** A sprite shows the square from -SPRITE_EXTENT to SPRITE_EXTENT of the sign's coordinates. */
#define SPRITE_EXTENT 1.12

/** Draws on a transparent square surface of `side` pixels. */
void sprite_draw(cairo_surface_t *surface, int side, const sign_class *c, const style *s);

/** Ages what sprite_draw made; the surroundings stay transparent. */
void sprite_wear(cairo_surface_t *surface, int side, rng *r);

#endif
