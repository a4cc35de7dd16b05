/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What hangs with the sign, and what comes between it and the camera. */
#ifndef SIGNS_FOREGROUND_H
#define SIGNS_FOREGROUND_H

#include <cairo.h>

#include "pose.h"

/** Poles and boards behind the sign, small boards beside it; drawn before the sign. */
void foreground_mounting(cairo_t *cr, rng *r, const pose *p);

/** Leaves, twigs, a thin pole: at most a small part of the sign is hidden; drawn after it. */
void foreground_occlude(cairo_t *cr, rng *r, const pose *p);

/** Rain or snow in the air of a picture of `side` pixels. */
void foreground_weather(cairo_t *cr, rng *r, int side);

#endif
