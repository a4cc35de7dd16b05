/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>

#include "foreground.h"
#include "shapes.h"

static point from(point start, point way, double share) {
    return (point){start.x + way.x * share, start.y + way.y * share};
}

/* A pole runs down (or, for a gantry, up) from the sign's middle, out of the picture. */
static void pole(cairo_t *cr, rng *r, const pose *p) {
    double side = rng_chance(r, 0.25) ? rng_range(r, -0.6, 0.6) : 0;
    point start = pose_map(p, (point){side, 0}), end = pose_map(p, (point){side, 0.5});
    point way = {end.x - start.x, end.y - start.y};
    if (rng_chance(r, 0.08)) way = (point){-way.x, -way.y};
    colour steel = palette_grey(r, 0.25, 0.8);
    point line[] = {start, from(start, way, 30)};
    double width = p->half * rng_range(r, 0.08, 0.2);
    shape_line(cr, steel, width, line, COUNT(line));
    shape_line(cr, palette_shade(steel, 1.25), width * 0.3, line, COUNT(line));
}

static void board(cairo_t *cr, const pose *p, colour c, point low, point high) {
    point corners[] = {pose_map(p, low), pose_map(p, (point){high.x, low.y}), pose_map(p, high),
                       pose_map(p, (point){low.x, high.y})};
    shape_polygon(cr, c, corners, COUNT(corners));
}

static void back_board(cairo_t *cr, rng *r, const pose *p) {
    point half = rng_point(r, (point){1.05, 1.05}, (point){1.3, 1.5});
    colour c = rng_chance(r, 0.3) ? palette_hsv(0.2, 0.8, rng_range(r, 0.7, 1)) : palette_grey(r, 0.3, 1);
    board(cr, p, c, (point){-half.x, -half.y}, half);
}

/* A plate with lines of print too small to read. */
static void small_board(cairo_t *cr, rng *r, const pose *p) {
    double top = rng_chance(r, 0.8) ? 1.1 : -1.65;
    double half = rng_range(r, 0.5, 0.95);
    colour plate = palette_grey(r, 0.7, 1), print = palette_grey(r, 0.05, 0.3);
    board(cr, p, plate, (point){-half, top}, (point){half, top + 0.55});
    double end = half * rng_range(r, 0.2, 0.8);
    board(cr, p, print, (point){-half * 0.8, top + 0.12}, (point){end, top + 0.22});
    board(cr, p, print, (point){-half * 0.6, top + 0.32}, (point){end * 0.7, top + 0.42});
}

void foreground_mounting(cairo_t *cr, rng *r, const pose *p) {
    if (rng_chance(r, 0.75)) pole(cr, r, p);
    if (rng_chance(r, 0.12)) back_board(cr, r, p);
    if (rng_chance(r, 0.2)) small_board(cr, r, p);
}

static void leaf(cairo_t *cr, colour c, point centre, double length, double angle) {
    cairo_save(cr);
    cairo_translate(cr, centre.x, centre.y);
    cairo_rotate(cr, angle);
    cairo_scale(cr, length, length * 0.45);
    shape_disc(cr, c, (point){0, 0}, 1);
    cairo_restore(cr);
}

/* A twig that reaches over the edge of the sign. */
static void twig(cairo_t *cr, rng *r, const pose *p) {
    point tip = pose_map(p, rng_around(r, 0.65, 1.0));
    point out = {tip.x - p->centre.x, tip.y - p->centre.y};
    colour bark = palette_hsv(0.08, 0.4, rng_range(r, 0.1, 0.35));
    point line[] = {tip, from(tip, out, rng_range(r, 0.6, 1.5))};
    shape_line(cr, bark, p->half * 0.05, line, COUNT(line));
    colour green = palette_between(r, 0.08, 0.4);
    int count = 3 + rng_below(r, 8);
    for (int i = 0; i < count; i++) {
        point middle = from(tip, out, rng_range(r, 0, 1.2));
        point off = rng_around(r, 0, p->half * 0.2);
        colour c = palette_shade(green, rng_range(r, 0.7, 1.3));
        double angle = rng_range(r, 0, SIGNS_PI);
        leaf(cr, c, (point){middle.x + off.x, middle.y + off.y}, p->half * rng_range(r, 0.07, 0.17), angle);
    }
}

/* A wire, a twig without leaves or a far pole; it keeps away from the middle of the sign. */
static void bar(cairo_t *cr, rng *r, const pose *p) {
    point off = rng_around(r, 0.5, 0.95);
    double lean = rng_range(r, -0.4, 0.4);
    point through = pose_map(p, off);
    point way = {(off.x * lean - off.y) * p->half * 10, (off.y * lean + off.x) * p->half * 10};
    colour c = palette_grey(r, 0.05, 0.6);
    point line[] = {from(through, way, -1), from(through, way, 1)};
    shape_line(cr, c, p->half * rng_range(r, 0.03, 0.12), line, COUNT(line));
}

void foreground_occlude(cairo_t *cr, rng *r, const pose *p) {
    if (rng_chance(r, 0.22)) twig(cr, r, p);
    if (rng_chance(r, 0.10)) bar(cr, r, p);
}

static void rain(cairo_t *cr, rng *r, int side) {
    int count = 10 + rng_below(r, 50);
    double slant = rng_range(r, -0.4, 0.4), length = side * rng_range(r, 0.05, 0.16);
    colour c = palette_grey(r, 0.6, 1);
    shape_ink_alpha(cr, c, rng_range(r, 0.15, 0.45));
    cairo_set_line_width(cr, side * rng_range(r, 0.006, 0.012));
    for (int i = 0; i < count; i++) {
        point start = rng_point(r, (point){0, -length}, (point){side, side});
        cairo_move_to(cr, start.x, start.y);
        cairo_line_to(cr, start.x + slant * length, start.y + length);
    }
    cairo_stroke(cr);
}

static void snow(cairo_t *cr, rng *r, int side) {
    int count = 10 + rng_below(r, 60);
    colour c = palette_grey(r, 0.85, 1);
    shape_ink_alpha(cr, c, rng_range(r, 0.5, 0.95));
    for (int i = 0; i < count; i++) {
        point centre = rng_point(r, (point){0, 0}, (point){side, side});
        double radius = side * rng_mostly_low(r, 0.006, 0.022);
        cairo_new_sub_path(cr);
        cairo_arc(cr, centre.x, centre.y, radius, 0, 2 * SIGNS_PI);
    }
    cairo_fill(cr);
}

void foreground_weather(cairo_t *cr, rng *r, int side) {
    double which = rng_unit(r);
    if (which < 0.12)
        rain(cr, r, side);
    else if (which < 0.22)
        snow(cr, r, side);
}
