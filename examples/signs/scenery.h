/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pieces that backgrounds are made of. The picture is the square from 0 to 1, y downwards. */
#ifndef SIGNS_SCENERY_H
#define SIGNS_SCENERY_H

#include "shapes.h"

typedef struct painter {
    cairo_t *cr;
    rng *r;
} painter;

/** Fills all with a blend from `top` to `bottom`. */
void scenery_blend(const painter *p, colour top, colour bottom);
void scenery_clouds(const painter *p, int count);
/** A wavy or, with `jag`, pointed line of hills around `y`, filled down to the bottom. */
void scenery_hills(const painter *p, colour c, double y, double height, bool jag);
void scenery_ground(const painter *p, colour c, double y);
void scenery_road(const painter *p, double horizon);
void scenery_tree(const painter *p, point foot, double height, colour leaves);
void scenery_conifer(const painter *p, point foot, double height, colour leaves);
void scenery_bare_tree(const painter *p, point foot, double height, colour bark);
void scenery_house(const painter *p, point low, point high);
/** Windows in rows and columns on a plain front. */
void scenery_windows(const painter *p, point low, point high, int columns, int rows);
void scenery_bricks(const painter *p, colour brick, colour mortar, double height);
void scenery_stones(const painter *p, colour stone, colour mortar, int across);
void scenery_planks(const painter *p, colour c, double width);
void scenery_fence(const painter *p, colour c, double top, double bottom);
void scenery_foliage(const painter *p, colour c, double top, int leaves);
void scenery_car(const painter *p, point foot, double length);
void scenery_lamps(const painter *p, int count);
void scenery_wires(const painter *p, int count);
void scenery_poster(const painter *p);
/** Discs, rings, triangles and boxes of any colour, also those of signs, but empty. */
void scenery_clutter(const painter *p, int count, double largest);

#endif
