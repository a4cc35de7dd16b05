/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "glyphs.h"

/* A glyph lies between y = -0.5 (top) and 0.5, around x = 0, 0.54 wide; the line is added around it. */
#define TURN (2 * SIGNS_PI)

static void glyph_0(cairo_t *cr) {
    cairo_arc(cr, 0, -0.23, 0.27, 0.5 * TURN, TURN);
    cairo_arc(cr, 0, 0.23, 0.27, 0, 0.5 * TURN);
    cairo_close_path(cr);
}

static void glyph_1(cairo_t *cr) {
    cairo_move_to(cr, -0.16, -0.30);
    cairo_line_to(cr, 0.06, -0.5);
    cairo_line_to(cr, 0.06, 0.55);
}

static void glyph_2(cairo_t *cr) {
    cairo_arc(cr, 0, -0.24, 0.26, 0.48 * TURN, 1.09 * TURN);
    cairo_line_to(cr, -0.26, 0.5);
    cairo_line_to(cr, 0.30, 0.5);
}

static void glyph_3(cairo_t *cr) {
    cairo_arc(cr, -0.01, -0.255, 0.245, -0.44 * TURN, 0.25 * TURN);
    cairo_new_sub_path(cr);
    cairo_arc(cr, -0.01, 0.235, 0.265, -0.25 * TURN, 0.44 * TURN);
}

static void glyph_5(cairo_t *cr) {
    cairo_move_to(cr, 0.24, -0.5);
    cairo_line_to(cr, -0.19, -0.5);
    cairo_line_to(cr, -0.22, -0.02);
    cairo_arc(cr, -0.01, 0.21, 0.29, -0.37 * TURN, 0.42 * TURN);
}

static void glyph_7(cairo_t *cr) {
    cairo_move_to(cr, -0.28, -0.5);
    cairo_line_to(cr, 0.26, -0.5);
    cairo_line_to(cr, -0.07, 0.55);
}

static void glyph_8(cairo_t *cr) {
    cairo_arc(cr, 0, -0.265, 0.225, 0, TURN);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, 0.235, 0.265, 0, TURN);
}

static void glyph_9(cairo_t *cr) {
    cairo_arc(cr, 0, -0.23, 0.27, 0, TURN);
    cairo_curve_to(cr, 0.27, 0.16, 0.12, 0.40, -0.13, 0.53);
}

static void glyph_h(cairo_t *cr) {
    cairo_move_to(cr, -0.26, -0.55);
    cairo_line_to(cr, -0.26, 0.55);
    cairo_move_to(cr, 0.26, -0.55);
    cairo_line_to(cr, 0.26, 0.55);
    cairo_move_to(cr, -0.26, 0);
    cairo_line_to(cr, 0.26, 0);
}

static void glyph_p(cairo_t *cr) {
    cairo_move_to(cr, -0.24, 0.55);
    cairo_line_to(cr, -0.24, -0.5);
    cairo_line_to(cr, 0.02, -0.5);
    cairo_arc(cr, 0.02, -0.22, 0.28, -0.25 * TURN, 0.25 * TURN);
    cairo_line_to(cr, -0.24, 0.06);
}

static void glyph_s(cairo_t *cr) {
    cairo_arc_negative(cr, 0, -0.25, 0.25, -0.08 * TURN, -0.75 * TURN);
    cairo_arc(cr, 0, 0.25, 0.25, -0.25 * TURN, 0.42 * TURN);
}

static void glyph_t(cairo_t *cr) {
    cairo_move_to(cr, -0.29, -0.5);
    cairo_line_to(cr, 0.29, -0.5);
    cairo_move_to(cr, 0, -0.5);
    cairo_line_to(cr, 0, 0.55);
}

static void glyph_path(cairo_t *cr, char glyph) {
    switch (glyph) {
    case '0':
    case 'O': glyph_0(cr); break;
    case '1': glyph_1(cr); break;
    case '2': glyph_2(cr); break;
    case '3': glyph_3(cr); break;
    case '5': glyph_5(cr); break;
    case '7': glyph_7(cr); break;
    case '8': glyph_8(cr); break;
    case '9': glyph_9(cr); break;
    case 'H': glyph_h(cr); break;
    case 'P': glyph_p(cr); break;
    case 'S': glyph_s(cr); break;
    case 'T': glyph_t(cr); break;
    default: break;
    }
}

/* A 1 takes less room than the others. */
static double advance(char glyph) { return glyph == '1' ? 0.62 : 0.84; }

void glyphs_draw(cairo_t *cr, colour ink, const char *text, double height, double narrow, double thick) {
    double length = 0;
    for (const char *at = text; *at; at++) length += advance(*at);
    cairo_set_miter_limit(cr, 4);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_MITER);
    double x = -length / 2;
    for (const char *at = text; *at; at++) {
        cairo_save(cr);
        cairo_scale(cr, height * narrow, height);
        cairo_translate(cr, x + advance(*at) / 2, 0);
        cairo_new_path(cr);
        glyph_path(cr, *at);
        cairo_restore(cr); /* lines keep their width in both directions */
        shape_ink(cr, ink);
        cairo_set_line_width(cr, thick * height);
        cairo_stroke(cr);
        x += advance(*at);
    }
}
