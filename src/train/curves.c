/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/curves.h"

#include <math.h>

#include "base/extremes.h"

/* ---- Table ------------------------------------------------------------------------------------------- */

/* Nothing between the commas when nothing was held out. */
static void print_number(FILE *out, double value) {
    if (isfinite(value)) {
        fprintf(out, ",%.6f", value);
    } else {
        fputc(',', out);
    }
}

void mn_curves_csv(const mn_epoch *epochs, int64_t count, FILE *out) {
    fprintf(out, "epoch,rate,loss,accuracy,val_loss,val_accuracy,seconds\n");
    for (int64_t i = 0; i < count; i++) {
        const mn_epoch *e = &epochs[i];
        fprintf(out, "%lld,%.8g", (long long)i + 1, e->rate);
        print_number(out, e->loss);
        print_number(out, e->accuracy);
        print_number(out, e->val_loss);
        print_number(out, e->val_accuracy);
        fprintf(out, ",%.1f\n", e->seconds);
    }
}

/* ---- Picture ----------------------------------------------------------------------------------------- */

enum { WIDTH = 720, PLOT = 220, LEFT = 60, RIGHT = 20, TOP = 40, GAP = 60 };

typedef double (*value_fn)(const mn_epoch *epoch);

static double loss_of(const mn_epoch *e) { return e->loss; }
static double val_loss_of(const mn_epoch *e) { return e->val_loss; }
static double accuracy_of(const mn_epoch *e) { return 100 * e->accuracy; }
static double val_accuracy_of(const mn_epoch *e) { return 100 * e->val_accuracy; }

typedef struct plot {
    const mn_epoch *epochs;
    int64_t count;
    double top, high; /* of the picture, in its units; of the values */
} plot;

static double x_at(const plot *p, int64_t i) {
    double steps = p->count > 1 ? (double)(p->count - 1) : 1;
    return LEFT + (WIDTH - LEFT - RIGHT) * (double)i / steps;
}

static double y_at(const plot *p, double value) { return p->top + PLOT * (1 - fmin(value, p->high) / p->high); }

static double highest(const plot *p, value_fn a, value_fn b) {
    double high = 0;
    for (int64_t i = 0; i < p->count; i++) high = mn_max_f64(high, fmax(a(&p->epochs[i]), b(&p->epochs[i])));
    return high > 0 ? high : 1;
}

static void draw_line(const plot *p, value_fn value, const char *colour, FILE *out) {
    bool any = false;
    for (int64_t i = 0; i < p->count; i++) {
        double v = value(&p->epochs[i]);
        if (!isfinite(v)) continue;
        fprintf(out, "%s%.1f,%.1f", any ? " " : "<polyline fill=\"none\" stroke-width=\"1.5\" points=\"", x_at(p, i),
                y_at(p, v));
        any = true;
    }
    if (any) fprintf(out, "\" stroke=\"%s\"/>\n", colour);
}

/* 1, 2 or 5 times a power of ten, near a fifth of `high`. */
static double nice_step(double high) {
    double base = pow(10, floor(log10(high / 5))), part = high / 5 / base;
    return base * (part < 1.5 ? 1 : part < 3.5 ? 2 : part < 7.5 ? 5 : 10);
}

static void draw_axes(const plot *p, const char *title, FILE *out) {
    double step = nice_step(p->high);
    fprintf(out, "<text x=\"%d\" y=\"%.1f\" font-weight=\"bold\">%s</text>\n", LEFT, p->top - 12, title);
    for (int i = 0; i * step <= p->high * 1.0001; i++) {
        double y = y_at(p, i * step);
        fprintf(out, "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/>", LEFT, y, WIDTH - RIGHT, y);
        fprintf(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", LEFT - 8, y + 4, i * step);
    }
    int64_t every = (int64_t)fmax(nice_step((double)p->count), 1);
    for (int64_t i = 0; i < p->count; i++) {
        if (i != 0 && (i + 1) % every != 0) continue;
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%lld</text>\n", x_at(p, i), p->top + PLOT + 18,
                (long long)i + 1);
    }
}

static const char training_colour[] = "#1f6fb4", held_out_colour[] = "#d2691e";

void mn_curves_svg(const mn_epoch *epochs, int64_t count, FILE *out) {
    plot loss = {epochs, count, TOP, 0}, accuracy = {epochs, count, TOP + PLOT + GAP, 100};
    loss.high = 1.05 * highest(&loss, loss_of, val_loss_of);
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" "
            "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            WIDTH, TOP + 2 * PLOT + GAP + 40);
    fprintf(out,
            "<text x=\"%d\" y=\"20\" text-anchor=\"end\"><tspan fill=\"%s\">training</tspan> "
            "<tspan fill=\"%s\">held out, averaged weights</tspan></text>\n",
            WIDTH - RIGHT, training_colour, held_out_colour);
    draw_axes(&loss, "Loss by epoch", out);
    draw_line(&loss, loss_of, training_colour, out);
    draw_line(&loss, val_loss_of, held_out_colour, out);
    draw_axes(&accuracy, "Accuracy by epoch, %", out);
    draw_line(&accuracy, accuracy_of, training_colour, out);
    draw_line(&accuracy, val_accuracy_of, held_out_colour, out);
    fprintf(out, "</svg>\n");
}
