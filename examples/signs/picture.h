/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* One picture from beginning to end. */
#ifndef SIGNS_PICTURE_H
#define SIGNS_PICTURE_H

#include <cairo.h>

#include "background.h"
#include "degrade.h"

/** What a worker draws with; it owns all but the texture. */
typedef struct studio {
    frame frame;
    cairo_surface_t *scene;
    unsigned char *rgb; /* [side][side][3], the finished picture */
    int quality;        /* of the JPEG compression that belongs to the picture */
    bool whole_colour;  /* colour is kept at full size, not at a quarter of the pixels */
    const texture *texture;
} studio;

/** Picture `index` of a split; index modulo the number of classes is its class. */
typedef struct order {
    uint64_t seed;
    split split;
    uint64_t index;
} order;

/** The noise that all pictures of a split share; of another split, other noise. */
void picture_texture(texture *t, uint64_t seed, split which);

/** False when memory is short; studio_close is needed in any case. */
bool studio_open(studio *s, int side, const texture *t);
void studio_close(studio *s);

/** Fills `s->rgb`. False when Cairo fails, which only want of memory makes it do. */
bool picture_draw(studio *s, const order *o);

/** Fills `s->rgb` with the class's plain sign on grey. */
bool picture_draw_plain(studio *s, int class_index);

/** Copies `s->rgb` into an RGB24 surface, its left upper corner at column `left` and row `top`. */
void picture_put(const studio *s, cairo_surface_t *surface, int left, int top);

#endif
