/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>

#include "sprite.h"

static cairo_t *begin(cairo_surface_t *surface, int side) {
    cairo_t *cr = cairo_create(surface);
    double scale = side / (2 * SPRITE_EXTENT);
    cairo_scale(cr, scale, scale);
    cairo_translate(cr, SPRITE_EXTENT, SPRITE_EXTENT);
    return cr;
}

void sprite_draw(cairo_surface_t *surface, int side, const sign_class *c, const style *s) {
    cairo_t *cr = begin(surface, side);
    classes_draw(cr, s, c);
    cairo_destroy(cr);
}

/* Bleached by the sun, or under a film of dust. */
static void fade(cairo_t *cr, rng *r) {
    colour film = palette_grey(r, 0.35, 0.95);
    shape_ink_alpha(cr, film, rng_mostly_low(r, 0.05, 0.36));
    cairo_paint(cr);
}

static void scratch(cairo_t *cr, rng *r) {
    point start = rng_around(r, 0, 1);
    point way = rng_around(r, 0.1, 0.8);
    colour c = palette_grey(r, 0.1, 1);
    cairo_move_to(cr, start.x, start.y);
    cairo_line_to(cr, start.x + way.x, start.y + way.y);
    shape_ink_alpha(cr, c, rng_range(r, 0.3, 0.9));
    cairo_set_line_width(cr, rng_range(r, 0.01, 0.04));
    cairo_stroke(cr);
}

/* Stays near the edge, so that it does not hide what makes the class. */
static void sticker(cairo_t *cr, rng *r) {
    point at = rng_around(r, 0.62, 0.95);
    colour paper = palette_any(r), print = palette_any(r);
    double half = rng_range(r, 0.07, 0.15);
    cairo_save(cr);
    cairo_translate(cr, at.x, at.y);
    cairo_rotate(cr, rng_range(r, 0, 2 * SIGNS_PI));
    shape_box(cr, paper, (point){-half * 1.4, -half}, (point){half * 1.4, half});
    shape_box(cr, print, (point){-half, -half * 0.4}, (point){half, half * 0.3});
    cairo_restore(cr);
}

/* A soft blot: dirt, rust, or snow that sticks. */
static void blot(cairo_t *cr, rng *r, colour c, double strength) {
    point at = rng_around(r, 0.1, 1);
    double radius = rng_range(r, 0.15, 0.6);
    cairo_pattern_t *soft = cairo_pattern_create_radial(at.x, at.y, 0, at.x, at.y, radius);
    cairo_pattern_add_color_stop_rgba(soft, 0, c.r, c.g, c.b, strength);
    cairo_pattern_add_color_stop_rgba(soft, 1, c.r, c.g, c.b, 0);
    cairo_set_source(cr, soft);
    cairo_rectangle(cr, at.x - radius, at.y - radius, 2 * radius, 2 * radius);
    cairo_fill(cr);
    cairo_pattern_destroy(soft);
}

static void soil(cairo_t *cr, rng *r) {
    colour c = rng_chance(r, 0.8) ? palette_hsv(0.08, 0.5, rng_range(r, 0.1, 0.5)) : palette_grey(r, 0.9, 1);
    int count = 1 + rng_below(r, 5);
    for (int i = 0; i < count; i++) blot(cr, r, c, rng_range(r, 0.15, 0.6));
}

/* Sun or a lamp mirrored in a band across the sign. */
static void glare(cairo_t *cr, rng *r) {
    double angle = rng_range(r, 0, 2 * SIGNS_PI);
    double x = cos(angle), y = sin(angle);
    double middle = rng_range(r, 0.2, 0.8);
    cairo_pattern_t *band = cairo_pattern_create_linear(-x, -y, x, y);
    cairo_pattern_add_color_stop_rgba(band, middle - 0.25, 1, 1, 1, 0);
    cairo_pattern_add_color_stop_rgba(band, middle, 1, 1, 1, rng_range(r, 0.1, 0.45));
    cairo_pattern_add_color_stop_rgba(band, middle + 0.25, 1, 1, 1, 0);
    cairo_set_source(cr, band);
    cairo_paint(cr);
    cairo_pattern_destroy(band);
}

void sprite_wear(cairo_surface_t *surface, int side, rng *r) {
    cairo_t *cr = begin(surface, side);
    cairo_set_operator(cr, CAIRO_OPERATOR_ATOP);
    if (rng_chance(r, 0.4)) soil(cr, r);
    if (rng_chance(r, 0.3)) {
        int count = 1 + rng_below(r, 8);
        for (int i = 0; i < count; i++) scratch(cr, r);
    }
    if (rng_chance(r, 0.15)) sticker(cr, r);
    if (rng_chance(r, 0.5)) fade(cr, r);
    if (rng_chance(r, 0.2)) glare(cr, r);
    cairo_destroy(cr);
}
