/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Our own digits and capital letters, drawn as lines of one width. */
#ifndef SIGNS_GLYPHS_H
#define SIGNS_GLYPHS_H

#include "shapes.h"

/** Draws `text` (digits and the letters H, O, P, S, T) centred on the origin.
 *  height   of a glyph, between the middles of its lines
 *  narrow   width of a glyph as a share of its natural one
 *  thick    width of the lines as a share of the height */
void glyphs_draw(cairo_t *cr, colour ink, const char *text, double height, double narrow, double thick);

#endif
