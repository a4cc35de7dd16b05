/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/curves.h"

#include <math.h>

#include "base/extremes.h"
#include "chart/chart.h"

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

/* ---- Chart ------------------------------------------------------------------------------------------- */

enum { WIDTH = 720, PLOT = 220, LEFT = 60, RIGHT = 20, TOP = 66, GAP = 60, BOTTOM = 40 };

typedef double (*value_fn)(const mn_epoch *epoch);

static double loss_of(const mn_epoch *e) { return e->loss; }
static double val_loss_of(const mn_epoch *e) { return e->val_loss; }
static double accuracy_of(const mn_epoch *e) { return 100 * e->accuracy; }
static double val_accuracy_of(const mn_epoch *e) { return 100 * e->val_accuracy; }

typedef struct plot {
    const mn_epoch *epochs;
    int64_t count;
    double top, high; /* of the chart, in its units; of the values */
} plot;

static double x_at(const plot *p, int64_t i) {
    double steps = p->count > 1 ? (double)(p->count - 1) : 1;
    return LEFT + (WIDTH - LEFT - RIGHT) * (double)i / steps;
}

static double y_at(const plot *p, double value) { return p->top + PLOT * (1 - mn_min_f64(value, p->high) / p->high); }

static double highest(const plot *p, value_fn a, value_fn b) {
    double high = 0;
    for (int64_t i = 0; i < p->count; i++) high = mn_max_f64(high, fmax(a(&p->epochs[i]), b(&p->epochs[i])));
    return high > 0 ? high : 1;
}

static void draw_line(const plot *p, value_fn value, const char *colour, FILE *out) {
    mn_chart_line line = {.colour = colour};
    for (int64_t i = 0; i < p->count; i++) {
        const double v = value(&p->epochs[i]);
        mn_chart_point(out, &line, x_at(p, i), isfinite(v) ? y_at(p, v) : v);
    }
    mn_chart_line_end(out, &line);
}

static void draw_axes(const plot *p, const char *title, FILE *out) {
    const double step = mn_chart_step(p->high);
    char label[32];
    mn_chart_text(out, LEFT, p->top - 12, (mn_chart_style){.is_bold = true}, title);
    for (int i = 0; i * step <= p->high * 1.0001; i++) {
        const double y = y_at(p, i * step);
        snprintf(label, sizeof label, "%g", i * step);
        mn_chart_grid(out, LEFT, y, WIDTH - RIGHT, y);
        mn_chart_text(out, LEFT - 8, y + 4, (mn_chart_style){.anchor = "end"}, label);
    }
    const int64_t every = (int64_t)fmax(mn_chart_step((double)p->count), 1);
    for (int64_t i = 0; i < p->count; i++) {
        if (i != 0 && (i + 1) % every != 0) continue;
        snprintf(label, sizeof label, "%lld", (long long)i + 1);
        mn_chart_text(out, x_at(p, i), p->top + PLOT + 18, (mn_chart_style){.anchor = "middle"}, label);
    }
}

static void draw_plot(const plot *p, const char *title, value_fn training, value_fn held_out, FILE *out) {
    draw_axes(p, title, out);
    draw_line(p, training, MN_CHART_NAVY, out);
    draw_line(p, held_out, MN_CHART_RED, out);
}

void mn_curves_svg(const mn_epoch *epochs, int64_t count, FILE *out) {
    plot loss = {epochs, count, TOP, 0};
    const plot accuracy = {epochs, count, TOP + PLOT + GAP, 100};
    loss.high = 1.05 * highest(&loss, loss_of, val_loss_of);
    mn_chart_open(out, WIDTH, TOP + 2 * PLOT + GAP + BOTTOM);
    mn_chart_title(out, "Training by epoch");
    mn_chart_text(out, WIDTH - RIGHT, 24, (mn_chart_style){.anchor = "end", .colour = MN_CHART_NAVY}, "training");
    mn_chart_text(out, WIDTH - RIGHT, 40, (mn_chart_style){.anchor = "end", .colour = MN_CHART_RED},
                  "held out, averaged weights");
    draw_plot(&loss, "Loss", loss_of, val_loss_of, out);
    draw_plot(&accuracy, "Accuracy, %", accuracy_of, val_accuracy_of, out);
    mn_chart_close(out);
}
