/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>

#include "scenery.h"

static point at(const painter *p) { return rng_point(p->r, (point){0, 0}, (point){1, 1}); }

/* `c`, lighter or darker by up to `share`. */
static colour vary(const painter *p, colour c, double share) {
    return palette_shade(c, rng_range(p->r, 1 - share, 1 + share));
}

void scenery_blend(const painter *p, colour top, colour bottom) {
    cairo_pattern_t *blend = cairo_pattern_create_linear(0, 0, 0, 1);
    cairo_pattern_add_color_stop_rgb(blend, 0, top.r, top.g, top.b);
    cairo_pattern_add_color_stop_rgb(blend, 1, bottom.r, bottom.g, bottom.b);
    cairo_set_source(p->cr, blend);
    cairo_paint(p->cr);
    cairo_pattern_destroy(blend);
}

static void soft_disc(const painter *p, colour c, double alpha, point centre, double radius) {
    cairo_pattern_t *soft = cairo_pattern_create_radial(centre.x, centre.y, 0, centre.x, centre.y, radius);
    cairo_pattern_add_color_stop_rgba(soft, 0.3, c.r, c.g, c.b, alpha);
    cairo_pattern_add_color_stop_rgba(soft, 1, c.r, c.g, c.b, 0);
    cairo_set_source(p->cr, soft);
    cairo_rectangle(p->cr, centre.x - radius, centre.y - radius, 2 * radius, 2 * radius);
    cairo_fill(p->cr);
    cairo_pattern_destroy(soft);
}

void scenery_clouds(const painter *p, int count) {
    for (int i = 0; i < count; i++) {
        point centre = rng_point(p->r, (point){-0.1, -0.1}, (point){1.1, 0.6});
        colour c = palette_grey(p->r, 0.6, 1);
        cairo_save(p->cr);
        cairo_translate(p->cr, centre.x, centre.y);
        cairo_scale(p->cr, rng_range(p->r, 1.5, 3.5), 1);
        double alpha = rng_range(p->r, 0.3, 0.9);
        soft_disc(p, c, alpha, (point){0, 0}, rng_range(p->r, 0.04, 0.16));
        cairo_restore(p->cr);
    }
}

void scenery_hills(const painter *p, colour c, double y, double height, bool jag) {
    int steps = 3 + rng_below(p->r, 5);
    double last = y;
    cairo_move_to(p->cr, -0.1, 1.1);
    cairo_line_to(p->cr, -0.1, y);
    for (int i = 0; i <= steps; i++) {
        double x = (double)i / steps * 1.2 - 0.1, before = x - 0.6 / steps;
        double next = y + rng_range(p->r, -height, height);
        if (jag)
            cairo_line_to(p->cr, x, next);
        else
            cairo_curve_to(p->cr, before, last, before, next, x, next);
        last = next;
    }
    cairo_line_to(p->cr, 1.1, 1.1);
    shape_ink(p->cr, c);
    cairo_fill(p->cr);
}

void scenery_ground(const painter *p, colour c, double y) { shape_box(p->cr, c, (point){0, y}, (point){1, 1}); }

void scenery_road(const painter *p, double horizon) {
    double vanish = rng_range(p->r, 0, 1), near = rng_range(p->r, -0.3, 1.3), half = rng_range(p->r, 0.3, 0.9);
    point lane[] = {{vanish - 0.02, horizon}, {vanish + 0.02, horizon}, {near + half, 1.05}, {near - half, 1.05}};
    colour tar = palette_grey(p->r, 0.2, 0.55);
    shape_polygon(p->cr, tar, lane, COUNT(lane));
    colour paint = palette_grey(p->r, 0.7, 1);
    for (int i = 0; i < 4; i++) {
        double from = (i + 0.2) / 4, to = (i + 0.7) / 4;
        from *= from;
        to *= to;
        point dash[] = {{vanish + (near - vanish) * from - 0.03 * from, horizon + (1.05 - horizon) * from},
                        {vanish + (near - vanish) * from + 0.03 * from, horizon + (1.05 - horizon) * from},
                        {vanish + (near - vanish) * to + 0.03 * to, horizon + (1.05 - horizon) * to},
                        {vanish + (near - vanish) * to - 0.03 * to, horizon + (1.05 - horizon) * to}};
        shape_polygon(p->cr, paint, dash, COUNT(dash));
    }
}

void scenery_tree(const painter *p, point foot, double height, colour leaves) {
    colour bark = palette_hsv(0.08, 0.4, rng_range(p->r, 0.15, 0.4));
    double half = height * 0.04;
    shape_box(p->cr, bark, (point){foot.x - half, foot.y - height * 0.6}, (point){foot.x + half, foot.y});
    for (int i = 0; i < 7; i++) {
        point off = rng_around(p->r, 0, height * 0.25);
        colour c = vary(p, leaves, 0.3);
        point centre = {foot.x + off.x, foot.y - height * 0.7 + off.y};
        shape_disc(p->cr, c, centre, height * rng_range(p->r, 0.1, 0.24));
    }
}

void scenery_conifer(const painter *p, point foot, double height, colour leaves) {
    for (int i = 0; i < 3; i++) {
        double top = foot.y - height * (0.5 + 0.25 * i), half = height * (0.26 - 0.06 * i);
        point corners[] = {
            {foot.x, top - height * 0.1}, {foot.x + half, top + height * 0.4}, {foot.x - half, top + height * 0.4}};
        shape_polygon(p->cr, vary(p, leaves, 0.2), corners, COUNT(corners));
    }
}

static void branch(const painter *p, colour bark, point from, double angle, double length, int depth) {
    point line[] = {from, {from.x + length * cos(angle), from.y + length * sin(angle)}};
    shape_line(p->cr, bark, length * 0.12, line, 2);
    if (depth == 0) return;
    for (int side = -1; side <= 1; side += 2) {
        double turn = rng_range(p->r, 0.2, 0.8);
        branch(p, bark, line[1], angle + side * turn, length * rng_range(p->r, 0.6, 0.8), depth - 1);
    }
}

void scenery_bare_tree(const painter *p, point foot, double height, colour bark) {
    branch(p, bark, foot, -SIGNS_PI / 2 + rng_range(p->r, -0.2, 0.2), height * 0.35, 4);
}

void scenery_windows(const painter *p, point low, point high, int columns, int rows) {
    double width = (high.x - low.x) / columns, height = (high.y - low.y) / rows;
    double gap = rng_range(p->r, 0.12, 0.3);
    colour glass = palette_between(p->r, 0.5, 0.65), lit = palette_between(p->r, 0.1, 0.17);
    double share = rng_range(p->r, 0, 0.4);
    for (int i = 0; i < columns * rows; i++) {
        int column = i % columns, row = i / columns;
        double x = low.x + column * width, y = low.y + row * height;
        colour c = rng_chance(p->r, share) ? lit : glass;
        shape_box(p->cr, c, (point){x + gap * width, y + gap * height},
                  (point){x + (1 - gap) * width, y + (1 - gap) * height});
    }
}

void scenery_house(const painter *p, point low, point high) {
    colour front = palette_between(p->r, 0, 0.15), roof = palette_between(p->r, 0, 0.08);
    shape_box(p->cr, front, low, high);
    double width = high.x - low.x;
    if (rng_chance(p->r, 0.6)) {
        point gable[] = {
            {low.x - 0.05 * width, low.y}, {low.x + width / 2, low.y - 0.4 * width}, {high.x + 0.05 * width, low.y}};
        shape_polygon(p->cr, roof, gable, COUNT(gable));
    }
    int columns = 2 + rng_below(p->r, 3);
    scenery_windows(p, low, high, columns, 2 + rng_below(p->r, 4));
}

void scenery_bricks(const painter *p, colour brick, colour mortar, double height) {
    shape_ink(p->cr, mortar);
    cairo_paint(p->cr);
    double width = height * rng_range(p->r, 1.8, 2.6), gap = height * rng_range(p->r, 0.06, 0.16);
    double top = -height * rng_unit(p->r);
    int columns = (int)(1 / width) + 2, rows = (int)(1 / height) + 2;
    for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
            double x = (column - row % 2 * 0.5) * width, y = top + row * height;
            shape_box(p->cr, vary(p, brick, 0.25), (point){x, y}, (point){x + width - gap, y + height - gap});
        }
    }
}

void scenery_stones(const painter *p, colour stone, colour mortar, int across) {
    shape_ink(p->cr, mortar);
    cairo_paint(p->cr);
    double cell = 1.0 / across, jitter = cell * 0.15;
    for (int i = 0; i < (across + 1) * (across + 1); i++) {
        int column = i % (across + 1), row = i / (across + 1);
        point corners[6];
        point centre = {(column + row % 2 * 0.5) * cell, row * cell};
        point off = rng_point(p->r, (point){-jitter, -jitter}, (point){jitter, jitter});
        for (int k = 0; k < 6; k++) {
            double reach = cell * rng_range(p->r, 0.42, 0.7), angle = k * SIGNS_PI / 3;
            corners[k] = (point){centre.x + off.x + reach * cos(angle), centre.y + off.y + reach * sin(angle)};
        }
        shape_rounded(p->cr, vary(p, stone, 0.35), corners, 6, cell * 0.12);
    }
}

void scenery_planks(const painter *p, colour c, double width) {
    double left = -width * rng_unit(p->r);
    int count = (int)(1 / width) + 2;
    for (int i = 0; i < count; i++) {
        double x = left + i * width;
        shape_box(p->cr, vary(p, c, 0.2), (point){x, 0}, (point){x + width * 0.94, 1});
    }
}

void scenery_fence(const painter *p, colour c, double top, double bottom) {
    double step = rng_range(p->r, 0.06, 0.16), share = rng_range(p->r, 0.3, 0.8);
    double left = -step * rng_unit(p->r);
    int count = (int)(1 / step) + 2;
    for (int i = 0; i < count; i++) {
        double x = left + i * step;
        shape_box(p->cr, c, (point){x, top}, (point){x + share * step, bottom});
    }
    double middle = top + (bottom - top) * 0.3;
    shape_box(p->cr, palette_shade(c, 0.85), (point){0, middle}, (point){1, middle + 0.04});
}

void scenery_foliage(const painter *p, colour c, double top, int leaves) {
    scenery_ground(p, palette_shade(c, 0.5), top);
    for (int i = 0; i < leaves; i++) {
        point centre = rng_point(p->r, (point){0, top}, (point){1, 1});
        colour leaf = vary(p, c, 0.5);
        shape_disc(p->cr, leaf, centre, rng_range(p->r, 0.02, 0.07));
    }
}

void scenery_car(const painter *p, point foot, double length) {
    colour paint = palette_any(p->r);
    colour tyre = {0.08, 0.08, 0.09}, glass = palette_between(p->r, 0.5, 0.65);
    double height = length * 0.18;
    point roof[] = {{foot.x + length * 0.15, foot.y - height * 1.6},
                    {foot.x + length * 0.3, foot.y - height * 2.7},
                    {foot.x + length * 0.65, foot.y - height * 2.7},
                    {foot.x + length * 0.85, foot.y - height * 1.6}};
    shape_polygon(p->cr, glass, roof, COUNT(roof));
    shape_rounded_box(p->cr, paint, (point){foot.x, foot.y - height * 1.7},
                      (point){foot.x + length, foot.y - height * 0.4}, height * 0.4);
    shape_disc(p->cr, tyre, (point){foot.x + length * 0.22, foot.y - height * 0.4}, height * 0.5);
    shape_disc(p->cr, tyre, (point){foot.x + length * 0.78, foot.y - height * 0.4}, height * 0.5);
}

void scenery_lamps(const painter *p, int count) {
    for (int i = 0; i < count; i++) {
        point centre = at(p);
        colour c = palette_any(p->r);
        double alpha = rng_range(p->r, 0.3, 0.8);
        soft_disc(p, c, alpha, centre, rng_range(p->r, 0.03, 0.2));
    }
}

void scenery_wires(const painter *p, int count) {
    for (int i = 0; i < count; i++) {
        double left = rng_range(p->r, 0, 0.7), right = rng_range(p->r, 0, 0.7);
        cairo_move_to(p->cr, 0, left);
        cairo_curve_to(p->cr, 0.3, left + 0.1, 0.7, right + 0.1, 1, right);
        shape_stroke(p->cr, (colour){0.15, 0.15, 0.16}, rng_range(p->r, 0.006, 0.015));
    }
}

void scenery_poster(const painter *p) {
    point low = rng_point(p->r, (point){-0.2, -0.1}, (point){0.9, 0.8});
    point size = rng_point(p->r, (point){0.15, 0.15}, (point){0.5, 0.5});
    point high = {low.x + size.x, low.y + size.y};
    colour paper = palette_any(p->r), print = palette_any(p->r);
    shape_box(p->cr, paper, low, high);
    int lines = 2 + rng_below(p->r, 4);
    for (int i = 0; i < lines; i++) {
        double y = low.y + size.y * (i + 0.3) / lines, end = low.x + size.x * rng_range(p->r, 0.4, 0.9);
        shape_box(p->cr, print, (point){low.x + size.x * 0.1, y}, (point){end, y + size.y * 0.4 / lines});
    }
}

static void one_shape(const painter *p, colour c, double size) {
    point corners[] = {{-size, size * 0.8}, {0, -size}, {size, size * 0.8}};
    switch (rng_below(p->r, 5)) {
    case 0: shape_disc(p->cr, c, (point){0, 0}, size); break;
    case 1: shape_circle(p->cr, c, (point){0, 0}, size, size * rng_range(p->r, 0.1, 0.5)); break;
    case 2: shape_polygon(p->cr, c, corners, COUNT(corners)); break;
    case 3: shape_box(p->cr, c, (point){-size, -size * rng_range(p->r, 0.2, 1)}, (point){size, size * 0.5}); break;
    default: shape_line(p->cr, c, size * 0.2, corners, COUNT(corners)); break;
    }
}

void scenery_clutter(const painter *p, int count, double largest) {
    for (int i = 0; i < count; i++) {
        point centre = at(p);
        colour c = palette_any(p->r);
        double size = rng_mostly_low(p->r, 0.02, largest);
        cairo_save(p->cr);
        cairo_translate(p->cr, centre.x, centre.y);
        cairo_rotate(p->cr, rng_range(p->r, 0, 2 * SIGNS_PI));
        one_shape(p, c, size);
        cairo_restore(p->cr);
    }
}
