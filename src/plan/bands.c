/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/bands.h"

#include "kernels/panel.h"

/* Rows of the convolution, for one block of channels, that the busiest thread computes. */
static double busiest(const mn_window *w, const mn_panels *panels, int32_t bands, int32_t threads) {
    const int64_t units = (int64_t)w->batches * panels->blocks * bands;
    const int64_t rounds = (units + threads - 1) / threads;
    const int32_t common = mn_max_i32(0, w->k_h - w->stride_h);
    return (double)rounds * (w->in_h + (double)common * (bands - 1)) / bands;
}

/* Rows that are enough for a band: computing two of them again costs less than fetching them from another core. */
enum { NEAR_ROWS = 14 };

int32_t mn_plan_bands(const mn_conv_depthwise_params *p, int32_t threads) {
    const mn_window *w = &p->depthwise.window;
    const mn_panels panels = mn_panels_of(w->out_h, w->out_w, w->out_c);
    /* A band for each thread keeps what a step writes near the thread that reads it in the next. */
    if (threads > 1 && w->batches == 1 && w->out_h >= NEAR_ROWS * threads) return threads;
    int32_t best = 1;
    for (int32_t bands = 2; bands <= panels.rows; bands++) {
        if (busiest(w, &panels, bands, threads) < busiest(w, &panels, best, threads)) best = bands;
    }
    return best;
}

/* How long a tile of 1 to 4 rows takes, in tenths of a row of four: weights are loaded for few sums. */
static int32_t tile_cost(int32_t rows) {
    static const int32_t costs[] = {0, 15, 23, 32, 40};
    return costs[rows];
}

/* What thread `thread` of `threads`, which take equal shares of the units, has to do. */
static int64_t share_cost(const mn_project_params *p, int32_t thread, int32_t threads) {
    const int64_t units = mn_project_units(p);
    int32_t begin = (int32_t)(units * thread / threads);
    const int32_t end = (int32_t)(units * (thread + 1) / threads);
    int64_t cost = 0;
    while (begin < end) {
        const mn_project_range range = mn_project_next(p, &begin, end);
        const int32_t channels = mn_panel_count(range.last_channel - range.first_channel, MN_PANEL_CHANNELS);
        for (int32_t y = range.first_row, next; y < range.last_row; y = next) {
            next = mn_min_i32(range.last_row, y + p->unit_rows);
            cost += (int64_t)tile_cost(next - y) * channels;
        }
    }
    return cost;
}

static int64_t busiest_share(const mn_project_params *p, int32_t threads) {
    int64_t most = 0;
    for (int32_t i = 0; i < threads; i++) {
        const int64_t cost = share_cost(p, i, threads);
        if (cost > most) most = cost;
    }
    return most;
}

/* Float tiles take pixels of any rows, so rows are units where there are several for each thread. Low images are cut by
 * channels, too: every piece of a few rows would fetch all weights again. */
static void cut_floats(mn_project_params *p, int32_t threads) {
    enum { ENOUGH_ROWS = 4, ENOUGH_UNITS = 3 }; /* for each thread */
    const mn_window *w = &p->conv.window;
    p->unit_rows = 1;
    if (threads == 1 || w->batches * w->out_h >= ENOUGH_ROWS * threads) return;
    p->unit_channels = MN_PROJECT_CHANNELS;
    p->unit_rows = MN_PANEL_ROWS;
    while (p->unit_rows > 1 && mn_project_units(p) < ENOUGH_UNITS * threads) p->unit_rows /= 2;
}

void mn_plan_project_units(mn_project_params *p, mn_type type, int32_t threads) {
    const int32_t channels = p->conv.window.out_c;
    p->unit_rows = MN_PANEL_ROWS;
    p->unit_channels = channels;
    if (type == MN_FLOAT32) {
        cut_floats(p, threads);
        return;
    }
    if (threads == 1) return;
    mn_project_params trial = *p;
    int64_t least = busiest_share(p, threads);
    for (trial.unit_rows = MN_PANEL_ROWS; trial.unit_rows > 0; trial.unit_rows /= 2) {
        for (int32_t parts = 0; parts < 2; parts++) {
            trial.unit_channels = parts ? MN_PROJECT_CHANNELS : channels;
            const int64_t cost = busiest_share(&trial, threads);
            if (cost >= least) continue;
            least = cost;
            *p = trial;
        }
    }
}
