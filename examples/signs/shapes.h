/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Plain shapes in one colour. */
#ifndef SIGNS_SHAPES_H
#define SIGNS_SHAPES_H

#include <cairo.h>

#include "palette.h"

/** Number of elements of an array. */
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

void shape_ink(cairo_t *cr, colour c);
void shape_ink_alpha(cairo_t *cr, colour c, double alpha);

void shape_polygon(cairo_t *cr, colour c, const point *corners, int count);

/** A polygon whose corners are rounded off over `radius` of each edge. */
void shape_rounded(cairo_t *cr, colour c, const point *corners, int count, double radius);

void shape_box(cairo_t *cr, colour c, point low, point high);
void shape_rounded_box(cairo_t *cr, colour c, point low, point high, double radius);
void shape_disc(cairo_t *cr, colour c, point centre, double radius);
void shape_circle(cairo_t *cr, colour c, point centre, double radius, double width);

/** A line through `points` with round bends and flat ends. */
void shape_line(cairo_t *cr, colour c, double width, const point *points, int count);

/** The same with round ends. */
void shape_limb(cairo_t *cr, colour c, double width, const point *points, int count);

/** Strokes and forgets the current path, with round bends. */
void shape_stroke(cairo_t *cr, colour c, double width);

/** A triangle with its tip at `tip`, pointing along `angle` (0: right, a quarter turn: down). */
void shape_arrow_head(cairo_t *cr, colour c, point tip, double angle, double size);

#endif
