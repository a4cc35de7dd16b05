/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>

#include "shapes.h"

void shape_ink(cairo_t *cr, colour c) { cairo_set_source_rgb(cr, c.r, c.g, c.b); }

void shape_ink_alpha(cairo_t *cr, colour c, double alpha) { cairo_set_source_rgba(cr, c.r, c.g, c.b, alpha); }

static void path(cairo_t *cr, const point *points, int count) {
    cairo_move_to(cr, points[0].x, points[0].y);
    for (int i = 1; i < count; i++) cairo_line_to(cr, points[i].x, points[i].y);
}

void shape_polygon(cairo_t *cr, colour c, const point *corners, int count) {
    shape_ink(cr, c);
    path(cr, corners, count);
    cairo_close_path(cr);
    cairo_fill(cr);
}

/* The point at `distance` from `from` on the way to `to`. */
static point along(point from, point to, double distance) {
    double length = hypot(to.x - from.x, to.y - from.y);
    return (point){from.x + (to.x - from.x) * distance / length, from.y + (to.y - from.y) * distance / length};
}

void shape_rounded(cairo_t *cr, colour c, const point *corners, int count, double radius) {
    shape_ink(cr, c);
    for (int i = 0; i < count; i++) {
        point corner = corners[i];
        point start = along(corner, corners[(i + count - 1) % count], radius);
        point end = along(corner, corners[(i + 1) % count], radius);
        point first = along(start, corner, radius * 0.6);
        point second = along(end, corner, radius * 0.6);
        cairo_line_to(cr, start.x, start.y); /* begins the path when it is empty */
        cairo_curve_to(cr, first.x, first.y, second.x, second.y, end.x, end.y);
    }
    cairo_close_path(cr);
    cairo_fill(cr);
}

void shape_box(cairo_t *cr, colour c, point low, point high) {
    shape_ink(cr, c);
    cairo_rectangle(cr, low.x, low.y, high.x - low.x, high.y - low.y);
    cairo_fill(cr);
}

void shape_rounded_box(cairo_t *cr, colour c, point low, point high, double radius) {
    point corners[] = {low, {high.x, low.y}, high, {low.x, high.y}};
    shape_rounded(cr, c, corners, COUNT(corners), radius);
}

void shape_disc(cairo_t *cr, colour c, point centre, double radius) {
    shape_ink(cr, c);
    cairo_arc(cr, centre.x, centre.y, radius, 0, 2 * SIGNS_PI);
    cairo_fill(cr);
}

void shape_stroke(cairo_t *cr, colour c, double width) {
    shape_ink(cr, c);
    cairo_set_line_width(cr, width);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(cr);
}

void shape_circle(cairo_t *cr, colour c, point centre, double radius, double width) {
    cairo_new_sub_path(cr);
    cairo_arc(cr, centre.x, centre.y, radius, 0, 2 * SIGNS_PI);
    shape_stroke(cr, c, width);
}

void shape_line(cairo_t *cr, colour c, double width, const point *points, int count) {
    path(cr, points, count);
    shape_stroke(cr, c, width);
}

void shape_limb(cairo_t *cr, colour c, double width, const point *points, int count) {
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    shape_line(cr, c, width, points, count);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_BUTT);
}

void shape_arrow_head(cairo_t *cr, colour c, point tip, double angle, double size) {
    double along_x = cos(angle) * size, along_y = sin(angle) * size;
    point corners[] = {tip,
                       {tip.x - along_x - along_y * 0.62, tip.y - along_y + along_x * 0.62},
                       {tip.x - along_x + along_y * 0.62, tip.y - along_y - along_x * 0.62}};
    shape_polygon(cr, c, corners, COUNT(corners));
}
