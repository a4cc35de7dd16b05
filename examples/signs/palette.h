/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Colours: those of a sign, which differ a little from maker to maker, and those of what stands around it. */
#ifndef SIGNS_PALETTE_H
#define SIGNS_PALETTE_H

#include "rng.h"

/** Red, green, blue from 0 to 1. */
typedef struct colour {
    double r, g, b;
} colour;

/** What varies from one sign to the next of the same class. */
typedef struct style {
    colour red, blue, yellow, green, white, black;
    colour field;    /* inside red borders: white, in some countries yellow */
    double ring;     /* width of a red border; the sign reaches from -1 to 1 */
    double rounding; /* radius of corners */
    double weight;   /* of letters and lines, around 1 */
    double reach;    /* size of the pictogram, around 1 */
    double rim;      /* width of the thin edge outside the border; 0: none */
    bool flip;       /* people, animals and vehicles face the other way */
} style;

/** `strength` 0: the plain sign of the sheet; 1: all the variety. */
style palette_style(rng *r, double strength);

/** From hue (turns, 0 is red), saturation and value. */
colour palette_hsv(double hue, double saturation, double value);

/** A colour of the given hues, of medium saturation and any brightness. */
colour palette_between(rng *r, double low_hue, double high_hue);

/** Any colour. */
colour palette_any(rng *r);

/** A grey with a slight cast. */
colour palette_grey(rng *r, double low, double high);

/** `share` 0 gives `a`, 1 gives `b`. */
colour palette_mix(colour a, colour b, double share);

/** `c` with all parts multiplied by `factor` and kept at most 1. */
colour palette_shade(colour c, double factor);

#endif
