/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "chart/chart.h"

#include <math.h>
#include <string.h>

enum { MARGIN = 16, TITLE_BASE = 24 };

void mn_chart_open(FILE *out, int width, int height) {
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
            "font-family=\"sans-serif\" font-size=\"%d\" fill=\"#222\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
            width, height, width, height, MN_CHART_LETTERS);
}

void mn_chart_close(FILE *out) { fputs("</svg>\n", out); }

/* Bytes of the text that are written: not a part of a character of UTF-8. */
static size_t shown(const char *text, int longest) {
    size_t bytes = strlen(text);
    if (longest == 0 || bytes <= (size_t)longest) return bytes;
    for (bytes = (size_t)longest; bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80;) bytes--;
    return bytes;
}

void mn_chart_text(FILE *out, double x, double y, mn_chart_style style, const char *text) {
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\"", x, y);
    if (style.anchor) fprintf(out, " text-anchor=\"%s\"", style.anchor);
    if (style.size) fprintf(out, " font-size=\"%d\"", style.size);
    if (style.is_bold) fputs(" font-weight=\"bold\"", out);
    if (style.colour) fprintf(out, " fill=\"%s\"", style.colour);
    fputc('>', out);
    const size_t bytes = shown(text, style.longest);
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '<' || c == '&' || c == '>') {
            fprintf(out, "&#%d;", c);
        } else if (c >= ' ' && c != 0x7f) {
            fputc(c, out);
        }
    }
    fputs("</text>\n", out);
}

void mn_chart_title(FILE *out, const char *text) {
    mn_chart_text(out, MARGIN, TITLE_BASE, (mn_chart_style){.size = MN_CHART_TITLE, .is_bold = true}, text);
}

void mn_chart_bar(FILE *out, double x, double y, double width, double height, const char *colour) {
    fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y, width, height,
            colour);
}

void mn_chart_grid(FILE *out, double x0, double y0, double x1, double y1) {
    fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", x0, y0, x1, y1);
}

void mn_chart_point(FILE *out, mn_chart_line *line, double x, double y) {
    if (!isfinite(x) || !isfinite(y)) return;
    fprintf(out, "%s%.1f,%.1f", line->has_points ? " " : "<polyline fill=\"none\" stroke-width=\"1.5\" points=\"", x,
            y);
    line->has_points = true;
}

void mn_chart_line_end(FILE *out, const mn_chart_line *line) {
    if (line->has_points) fprintf(out, "\" stroke=\"%s\"/>\n", line->colour);
}

double mn_chart_step(double high) {
    const double base = pow(10, floor(log10(high / 5))), part = high / 5 / base;
    return base * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}
