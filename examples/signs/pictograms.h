/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The pictures on the signs, all drawn by us. Each fills about the square from -1 to 1, y downwards. */
#ifndef SIGNS_PICTOGRAMS_H
#define SIGNS_PICTOGRAMS_H

#include "shapes.h"

typedef struct pen {
    cairo_t *cr;
    const style *style;
    colour ink;
    colour field; /* what the pictogram stands on, for windows and gaps */
} pen;

typedef void pictogram(const pen *p);

/* figures.c */
pictogram pictogram_bicycle;
pictogram pictogram_children;
pictogram pictogram_deer;
pictogram pictogram_pedestrian;
pictogram pictogram_roadworks;
pictogram pictogram_slippery;
pictogram pictogram_truck;
pictogram pictogram_two_cars;

/* pictograms.c */
pictogram pictogram_ahead;
pictogram pictogram_bump;
pictogram pictogram_cross;
pictogram pictogram_curve_left;
pictogram pictogram_curve_right;
pictogram pictogram_exclamation;
pictogram pictogram_lights;
pictogram pictogram_roundabout;
pictogram pictogram_turn_left;
pictogram pictogram_turn_right;

#endif
