/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "compare_plot.h"

#include <math.h>

#include "base/extremes.h"
#include "chart/chart.h"

enum {
    ROW = 16,
    TOP = 64,
    BOTTOM = 40,
    NAME = 330,
    AXIS = 560,
    WIDTH = NAME + AXIS + 90,
    WORST = 5,
    LETTERS = 46,
    MODELS = 160
};

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
        char label[32];
        const double x = NAME + db / end * AXIS;
        snprintf(label, sizeof label, "%d dB", db);
        mn_chart_grid(out, x, TOP - 6, x, height - BOTTOM + 6);
        mn_chart_text(out, x, height - BOTTOM + 22, (mn_chart_style){.anchor = "middle"}, label);
    }
}

static void draw_layer(FILE *out, const mn_difference *d, const char *name, int y, double end, bool worst) {
    char label[32] = "equal";
    const double length = bar_length(d->sqnr, end);
    if (!isinf(d->sqnr)) snprintf(label, sizeof label, "%.1f", d->sqnr);
    mn_chart_text(out, NAME - 8, y + 11, (mn_chart_style){.anchor = "end", .longest = LETTERS}, name);
    mn_chart_bar(out, NAME, y + 2, length, ROW - 4, worst ? MN_CHART_RED : MN_CHART_NAVY);
    mn_chart_text(out, NAME + length + 5, y + 11, (mn_chart_style){0}, label);
}

void cli_compare_plot(FILE *out, const mn_graph *graph, const mn_difference *differences, int32_t count,
                      const char *const names[2]) {
    const int height = TOP + ROW * count + BOTTOM;
    const double end = axis_end(differences, count);
    char models[4096];
    snprintf(models, sizeof models, "%s against %s", names[1], names[0]);
    mn_chart_open(out, WIDTH, height);
    mn_chart_title(out, "Signal to quantisation noise of each layer");
    mn_chart_text(out, 16, 42, (mn_chart_style){.longest = MODELS}, models);
    draw_axis(out, end, height);
    for (int32_t i = 0; i < count; i++) {
        draw_layer(out, &differences[i], graph->tensors[differences[i].a].name, TOP + ROW * i, end,
                   is_worst(differences, count, i));
    }
    mn_chart_close(out);
}
