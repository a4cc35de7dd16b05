/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>

#include "pictograms.h"

void pictogram_ahead(const pen *p) {
    point shaft[] = {{0, 0.95}, {0, -0.2}};
    shape_line(p->cr, p->ink, 0.36 * p->style->weight, shaft, COUNT(shaft));
    shape_arrow_head(p->cr, p->ink, (point){0, -0.95}, -SIGNS_PI / 2, 0.85);
}

/* Up, then to one side. */
static void turn(const pen *p, double side) {
    cairo_save(p->cr);
    cairo_scale(p->cr, side, 1);
    cairo_move_to(p->cr, -0.5, 0.9);
    cairo_line_to(p->cr, -0.5, 0.05);
    cairo_curve_to(p->cr, -0.5, -0.2, -0.4, -0.3, -0.15, -0.3);
    cairo_line_to(p->cr, 0.3, -0.3);
    shape_stroke(p->cr, p->ink, 0.34 * p->style->weight);
    shape_arrow_head(p->cr, p->ink, (point){0.95, -0.3}, 0, 0.75);
    cairo_restore(p->cr);
}

void pictogram_turn_left(const pen *p) { turn(p, -1); }

void pictogram_turn_right(const pen *p) { turn(p, 1); }

static void curve(const pen *p, double side) {
    cairo_save(p->cr);
    cairo_scale(p->cr, side, 1);
    cairo_move_to(p->cr, -0.35, 1);
    cairo_line_to(p->cr, -0.35, 0.45);
    cairo_curve_to(p->cr, -0.35, -0.05, 0.25, 0.05, 0.38, -0.5);
    shape_stroke(p->cr, p->ink, 0.30 * p->style->weight);
    shape_arrow_head(p->cr, p->ink, (point){0.55, -1.0}, -0.39 * SIGNS_PI, 0.66);
    cairo_restore(p->cr);
}

void pictogram_curve_left(const pen *p) { curve(p, -1); }

void pictogram_curve_right(const pen *p) { curve(p, 1); }

void pictogram_roundabout(const pen *p) {
    for (int i = 0; i < 3; i++) {
        double start = i * 2 * SIGNS_PI / 3 + 0.25;
        double end = start - 1.25;
        cairo_arc_negative(p->cr, 0, 0, 0.68, start, end);
        shape_stroke(p->cr, p->ink, 0.26 * p->style->weight);
        double tip = end - 0.62;
        shape_arrow_head(p->cr, p->ink, (point){0.72 * cos(tip), 0.72 * sin(tip)}, end - SIGNS_PI / 2 - 0.35, 0.55);
    }
}

void pictogram_bump(const pen *p) {
    cairo_move_to(p->cr, -1.1, 0.45);
    cairo_line_to(p->cr, -0.75, 0.45);
    cairo_curve_to(p->cr, -0.4, 0.45, -0.45, -0.45, 0, -0.45);
    cairo_curve_to(p->cr, 0.45, -0.45, 0.4, 0.45, 0.75, 0.45);
    cairo_line_to(p->cr, 1.1, 0.45);
    cairo_line_to(p->cr, 1.1, 0.8);
    cairo_line_to(p->cr, -1.1, 0.8);
    cairo_close_path(p->cr);
    shape_ink(p->cr, p->ink);
    cairo_fill(p->cr);
}

void pictogram_cross(const pen *p) {
    point down[] = {{-0.68, -0.75}, {0.68, 0.75}};
    point up[] = {{-0.68, 0.75}, {0.68, -0.75}};
    shape_line(p->cr, p->ink, 0.36 * p->style->weight, down, COUNT(down));
    shape_line(p->cr, p->ink, 0.36 * p->style->weight, up, COUNT(up));
}

void pictogram_exclamation(const pen *p) {
    double half = 0.22 * p->style->weight;
    point bar[] = {{-half, -1.0}, {half, -1.0}, {half * 0.6, 0.42}, {-half * 0.6, 0.42}};
    shape_polygon(p->cr, p->ink, bar, COUNT(bar));
    shape_disc(p->cr, p->ink, (point){0, 0.78}, half * 0.95);
}

void pictogram_lights(const pen *p) {
    shape_rounded_box(p->cr, p->ink, (point){-0.42, -1.1}, (point){0.42, 1.0}, 0.15);
    shape_disc(p->cr, p->style->red, (point){0, -0.72}, 0.26);
    shape_disc(p->cr, p->style->yellow, (point){0, -0.05}, 0.26);
    shape_disc(p->cr, p->style->green, (point){0, 0.62}, 0.26);
}
