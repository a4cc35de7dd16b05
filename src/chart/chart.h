/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Charts as SVG, for the commands: the elements that every chart is made of, in one look, which bench/peers/svg.py has
 * too. Lengths are SVG units, which are pixels when nothing scales the picture; y grows downwards. Write errors stay in
 * the FILE. */
#ifndef MN_CHART_CHART_H
#define MN_CHART_CHART_H

#include <stdbool.h>
#include <stdio.h>

/** Colours of what is shown. NAVY is the usual one, RED what is to be noticed or compared with it. */
#define MN_CHART_NAVY "#1b6ca8"
#define MN_CHART_RED "#c8553d"

/** Letters of axes and labels, and of a chart's title. */
enum { MN_CHART_LETTERS = 11, MN_CHART_TITLE = 15 };

/** How a text is set; all zeros: from x on, in usual letters and black. */
typedef struct mn_chart_style {
    const char *anchor; /* "middle" or "end" of the text is at x; NULL: its start */
    int size;           /* of the letters; 0: MN_CHART_LETTERS */
    bool is_bold;
    const char *colour;
    int longest; /* most bytes of the text that are written; 0: all */
} mn_chart_style;

/** A white sheet of that size. Ends with mn_chart_close(). */
void mn_chart_open(FILE *out, int width, int height);
void mn_chart_close(FILE *out);

/** `text` in one line with its base at y. Control characters are left out. */
void mn_chart_text(FILE *out, double x, double y, mn_chart_style style, const char *text);

/** A title in the upper left corner. */
void mn_chart_title(FILE *out, const char *text);

void mn_chart_bar(FILE *out, double x, double y, double width, double height, const char *colour);

/** A line of the grid behind what is shown. */
void mn_chart_grid(FILE *out, double x0, double y0, double x1, double y1);

/** A line through points that come one after another: begin with its colour alone, draw points, end it. Points that
 * are not finite are left out, and a line without any is not drawn. */
typedef struct mn_chart_line {
    const char *colour;
    bool has_points;
} mn_chart_line;

void mn_chart_point(FILE *out, mn_chart_line *line, double x, double y);
void mn_chart_line_end(FILE *out, const mn_chart_line *line);

/** 1, 2 or 5 times a power of ten, near a fifth of `high` (> 0): what lines of a grid are apart. */
double mn_chart_step(double high);

#endif
