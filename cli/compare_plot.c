/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "compare_plot.h"

#include <math.h>

#include "base/extremes.h"

/* Lengths in SVG units, which are pixels when nothing scales the picture. */
enum { ROW = 16, TOP = 64, BOTTOM = 40, NAME = 330, AXIS = 560, WIDTH = NAME + AXIS + 90, WORST = 5, LETTERS = 46 };

static void write_text(FILE *out, const char *text, int longest) {
    for (int i = 0; text[i] != '\0' && i < longest; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '<' || c == '&' || c == '>') {
            fprintf(out, "&#%d;", c);
        } else if (c >= ' ') {
            fputc(c, out);
        }
    }
}

/* Length of a bar: decibels up to the end of the axis; equal tensors fill it. */
static double bar_length(double sqnr, double end) {
    if (isinf(sqnr)) return AXIS;
    return fmin(fmax(sqnr, 0), end) / end * AXIS;
}

static double axis_end(const mn_difference *d, int32_t count) {
    double end = 10;
    for (int32_t i = 0; i < count; i++) {
        if (isfinite(d[i].sqnr)) end = mn_max_f64(end, d[i].sqnr);
    }
    return 10 * ceil(end / 10);
}

/* Is layer `i` among the few with the least SQNR? */
static bool is_worst(const mn_difference *d, int32_t count, int32_t i) {
    int32_t worse = 0;
    for (int32_t k = 0; k < count; k++) worse += d[k].sqnr < d[i].sqnr || (d[k].sqnr == d[i].sqnr && k < i);
    return worse < WORST && isfinite(d[i].sqnr);
}

static void draw_axis(FILE *out, double end, int height) {
    for (int db = 0; db <= (int)end; db += 10) {
        double x = NAME + db / end * AXIS;
        fprintf(out, "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/>\n", x, TOP - 6, x,
                height - BOTTOM + 6);
        fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d dB</text>\n", x, height - BOTTOM + 22, db);
    }
}

static void draw_layer(FILE *out, const mn_difference *d, const char *name, int y, double end, bool worst) {
    double length = bar_length(d->sqnr, end);
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", NAME - 8, y + 11);
    write_text(out, name, LETTERS);
    fprintf(out, "</text>\n<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", NAME, y + 2, length,
            ROW - 4, worst ? "#c0392b" : "#4a7ab5");
    fprintf(out, "<text x=\"%.1f\" y=\"%d\">", NAME + length + 5, y + 11);
    if (isinf(d->sqnr)) {
        fputs("equal", out);
    } else {
        fprintf(out, "%.1f", d->sqnr);
    }
    fputs("</text>\n", out);
}

void cli_compare_plot(FILE *out, const mn_graph *graph, const mn_difference *differences, int32_t count,
                      const char *const names[2]) {
    int height = TOP + ROW * count + BOTTOM;
    double end = axis_end(differences, count);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, height, WIDTH, height);
    fputs("<text x=\"16\" y=\"24\" font-size=\"14\">Signal to quantisation noise of each layer: ", out);
    write_text(out, names[1], 200);
    fputs(" against ", out);
    write_text(out, names[0], 200);
    fputs("</text>\n", out);
    draw_axis(out, end, height);
    for (int32_t i = 0; i < count; i++) {
        draw_layer(out, &differences[i], graph->tensors[differences[i].a].name, TOP + ROW * i, end,
                   is_worst(differences, count, i));
    }
    fputs("</svg>\n", out);
}
