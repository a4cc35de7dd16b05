/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The classes: which board and which picture make each sign. */
#ifndef SIGNS_CLASSES_H
#define SIGNS_CLASSES_H

#include "pictograms.h"

typedef struct sign_class {
    const char *name; /* also the name of its folder */
    void (*board)(cairo_t *cr, const style *s, const struct sign_class *c);
    pictogram *picture;
    const char *text; /* on boards without a picture, or NULL */
    bool struck;      /* a red line lies over the picture */
} sign_class;

/** In byte order of their names, the order in which tools that read folders number them. */
extern const sign_class classes[];
extern const int classes_count;

/** Draws the sign in the square from -1 to 1, y downwards; leaves the rest as it is. */
void classes_draw(cairo_t *cr, const style *s, const sign_class *c);

#endif
