/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <string.h>

#include "boards.h"
#include "glyphs.h"

static const point middle = {0, 0};

/* The class's picture at `at`, `size` from its middle to its edge. */
static void put(cairo_t *cr, const style *s, const sign_class *c, colour ink, colour field, point at, double size) {
    pen p = {cr, s, ink, field};
    cairo_save(cr);
    cairo_translate(cr, at.x, at.y);
    cairo_scale(cr, size * s->reach, size * s->reach);
    c->picture(&p);
    cairo_restore(cr);
}

static void text(cairo_t *cr, const style *s, const sign_class *c, colour ink, double height, double narrow) {
    glyphs_draw(cr, ink, c->text, height * s->reach, narrow, 0.2 * (0.35 + 0.65 * s->weight));
}

/* A disc with a thin outer rim, if the style has one. */
static void disc(cairo_t *cr, const style *s, colour c) {
    shape_disc(cr, s->rim > 0 ? s->white : c, middle, 1);
    shape_disc(cr, c, middle, 1 - s->rim);
}

void board_ban(cairo_t *cr, const style *s, const sign_class *c) {
    disc(cr, s, s->red);
    shape_disc(cr, s->field, middle, 1 - s->rim - s->ring);
    if (c->text) {
        bool three = strlen(c->text) == 3;
        text(cr, s, c, s->black, three ? 0.72 : 0.86, three ? 0.61 : 0.82);
    } else {
        put(cr, s, c, s->black, s->field, middle, c->struck ? 0.52 : 0.64);
    }
    if (c->struck) {
        double end = (1 - s->rim - s->ring / 2) * 0.7071;
        point line[] = {{-end, -end}, {end, end}};
        shape_line(cr, s->red, 0.8 * s->ring, line, COUNT(line));
    }
}

void board_no_parking(cairo_t *cr, const style *s, const sign_class *c) {
    (void)c;
    disc(cr, s, s->red);
    double inner = 1 - s->rim - s->ring * 0.85;
    shape_disc(cr, s->blue, middle, inner);
    double end = (inner + s->ring / 2) * 0.7071;
    point line[] = {{-end, -end}, {end, end}};
    shape_line(cr, s->red, s->ring * 0.9, line, COUNT(line));
}

void board_no_entry(cairo_t *cr, const style *s, const sign_class *c) {
    (void)c;
    disc(cr, s, s->red);
    double half = 0.17 * s->weight;
    double reach = 0.70 * s->reach;
    shape_box(cr, s->white, (point){-reach, -half}, (point){reach, half});
}

void board_end(cairo_t *cr, const style *s, const sign_class *c) {
    (void)c;
    shape_disc(cr, s->black, middle, 1);
    shape_disc(cr, s->white, middle, 0.95 - s->rim);
    for (int i = -2; i <= 2; i++) {
        double off = i * 0.115 * s->reach;
        double end = sqrt(0.88 - 2 * off * off) * 0.7071;
        point line[] = {{-end + off, end + off}, {end + off, -end + off}};
        shape_line(cr, s->black, 0.075 * s->weight, line, COUNT(line));
    }
}

void board_duty(cairo_t *cr, const style *s, const sign_class *c) {
    disc(cr, s, s->blue);
    put(cr, s, c, s->white, s->blue, middle, 0.68);
}

static void square(cairo_t *cr, const style *s, double half_width, double half_height) {
    point outer = {half_width, half_height};
    point inner = {half_width - s->rim, half_height - s->rim};
    colour edge = s->rim > 0 ? s->white : s->blue;
    shape_rounded_box(cr, edge, (point){-outer.x, -outer.y}, outer, s->rounding);
    shape_rounded_box(cr, s->blue, (point){-inner.x, -inner.y}, inner, s->rounding);
}

void board_information(cairo_t *cr, const style *s, const sign_class *c) {
    square(cr, s, 0.92, 0.92);
    text(cr, s, c, s->white, 1.08, 1);
}

void board_one_way(cairo_t *cr, const style *s, const sign_class *c) {
    square(cr, s, 1, 0.5);
    cairo_save(cr);
    cairo_rotate(cr, s->flip ? SIGNS_PI / 2 : -SIGNS_PI / 2);
    cairo_scale(cr, 0.72, 1);
    put(cr, s, c, s->white, s->blue, middle, 0.8);
    cairo_restore(cr);
}

void board_crossing(cairo_t *cr, const style *s, const sign_class *c) {
    static const point corners[] = {{0, -0.74}, {0.8, 0.7}, {-0.8, 0.7}};
    square(cr, s, 0.95, 0.95);
    shape_rounded(cr, s->field, corners, COUNT(corners), 0.06);
    for (int i = -2; i <= 2; i++) {
        point stripe[] = {
            {i * 0.25 - 0.05, 0.64}, {i * 0.25 + 0.05, 0.64}, {i * 0.22 + 0.05, 0.48}, {i * 0.22 - 0.05, 0.48}};
        shape_polygon(cr, s->black, stripe, COUNT(stripe));
    }
    put(cr, s, c, s->black, s->field, (point){0, 0.08}, 0.50);
}

/* A triangle with its point up, `size` times the largest. */
static void triangle(cairo_t *cr, colour c, double size, double rounding) {
    static const double height = 0.24; /* of the middle of the three edges below that of the square */
    point corners[] = {
        {0, height - 1.16 * size}, {1.0 * size, height + 0.58 * size}, {-1.0 * size, height + 0.58 * size}};
    shape_rounded(cr, c, corners, COUNT(corners), rounding * size);
}

static void red_triangle(cairo_t *cr, const style *s) {
    triangle(cr, s->rim > 0 ? s->white : s->red, 1, s->rounding * 1.6);
    triangle(cr, s->red, 1 - s->rim * 1.7, s->rounding * 1.5);
    triangle(cr, s->field, 1 - s->rim * 1.7 - s->ring * 1.4, s->rounding);
}

void board_warning(cairo_t *cr, const style *s, const sign_class *c) {
    red_triangle(cr, s);
    put(cr, s, c, s->black, s->field, (point){0, 0.27}, 0.41);
}

void board_yield(cairo_t *cr, const style *s, const sign_class *c) {
    (void)c;
    cairo_save(cr);
    cairo_scale(cr, 1, -1);
    red_triangle(cr, s);
    cairo_restore(cr);
}

void board_priority(cairo_t *cr, const style *s, const sign_class *c) {
    (void)c;
    double sizes[] = {1, 0.96 - s->rim, 0.70 - s->ring * 0.2};
    colour colours[] = {s->black, s->white, s->yellow};
    for (int i = 0; i < 3; i++) {
        point corners[] = {{0, -sizes[i]}, {sizes[i], 0}, {0, sizes[i]}, {-sizes[i], 0}};
        shape_rounded(cr, colours[i], corners, COUNT(corners), s->rounding);
    }
}

static void octagon(cairo_t *cr, colour c, double radius) {
    point corners[8];
    for (int i = 0; i < 8; i++) {
        double angle = (i + 0.5) * SIGNS_PI / 4;
        corners[i] = (point){radius * cos(angle), radius * sin(angle)};
    }
    shape_polygon(cr, c, corners, COUNT(corners));
}

void board_stop(cairo_t *cr, const style *s, const sign_class *c) {
    octagon(cr, s->rim > 0 ? s->white : s->red, 1.06);
    octagon(cr, s->red, 1.06 - s->rim * 1.5);
    text(cr, s, c, s->white, 0.56, 0.8);
}
