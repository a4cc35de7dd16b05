/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/tile/cut.h"

#include "base/checked.h"
#include "kernels/tile/layouts.h"

/* How long a tile of 1 to 4 rows takes, in tenths of a row of four: weights are loaded for few sums. */
static int32_t tile_cost(int32_t rows) {
    static const int32_t costs[] = {0, 15, 23, 32, 40};
    return costs[rows];
}

/* ---- CONV_DEPTHWISE -------------------------------------------------------------------------------------- */

/* Rows of the convolution, for one block of channels, that the busiest thread computes. */
static double busiest(const mn_window *w, int32_t blocks, int32_t bands, int32_t threads) {
    const int64_t units = (int64_t)w->batches * blocks * bands;
    const int64_t rounds = (units + threads - 1) / threads;
    const int32_t common = mn_max_i32(0, w->k_h - w->stride_h);
    return (double)rounds * (w->in_h + (double)common * (bands - 1)) / bands;
}

/* Rows that are enough for a band: computing two of them again costs less than fetching them from another core. */
enum { NEAR_ROWS = 14 };

/* A band for each thread keeps what a step writes near the thread that reads it in the next; but sharing blocks evenly
 * counts for more. */
static bool are_near(const mn_window *w, const mn_extent *e, int32_t threads) {
    const bool even = e->rows % threads == 0 || e->blocks % threads != 0;
    return threads > 1 && w->batches == 1 && w->out_h >= NEAR_ROWS * threads && even;
}

/* A band is not lower than a group of rows. */
static int32_t bands_for(const mn_window *w, int32_t blocks, int32_t threads) {
    int32_t best = 1;
    for (int32_t bands = 2; bands <= mn_groups_of(w->out_h, MN_Q8_ROWS); bands++) {
        if (busiest(w, blocks, bands, threads) < busiest(w, blocks, best, threads)) best = bands;
    }
    return best;
}

/* How long groups of conv rows take together that begin at multiples of four, padding included: those of rows
 * [first, last) among them. */
static int32_t groups_cost(const mn_window *w, int32_t first, int32_t last) {
    int32_t cost = 0;
    for (int32_t y = first, next; y < last; y = next) {
        next = mn_min_i32(last, y + MN_Q8_ROWS - (y + w->pad_top) % MN_Q8_ROWS);
        cost += tile_cost(next - y);
    }
    return cost;
}

/* The part of a step that the largest of `bands` bands has: the convolution is a bit more than half of it. */
static double largest_band(const mn_window *w, int32_t bands) {
    const int32_t groups = mn_groups_of(w->out_h, MN_Q8_ROWS), whole = groups_cost(w, 0, w->in_h);
    double largest = 0;
    for (int32_t b = 0; b < bands; b++) {
        const int32_t begin = groups * b / bands, end = groups * (b + 1) / bands;
        const int32_t first = mn_max_i32(0, begin * MN_Q8_ROWS * w->stride_h - w->pad_top);
        const int32_t last = mn_min_i32(w->in_h, (end * MN_Q8_ROWS - 1) * w->stride_h - w->pad_top + w->k_h);
        const double part = 0.6 * groups_cost(w, first, last) / whole + 0.4 * (end - begin) / groups;
        if (begin < end && part > largest) largest = part;
    }
    return largest;
}

void mn_cut_conv_depthwise(const mn_window *depthwise, const mn_extent *e, int32_t threads, mn_cut *cut) {
    const int32_t asked = cut->bands;
    if (asked == 0) cut->bands = are_near(depthwise, e, threads) ? threads : bands_for(depthwise, e->blocks, threads);
    cut->units = depthwise->batches * e->blocks * cut->bands;
    cut->busiest = asked > 0 || cut->bands == threads
                       ? largest_band(depthwise, cut->bands)
                       : busiest(depthwise, e->blocks, cut->bands, threads) / (e->blocks * depthwise->in_h);
}

/* ---- PROJECT --------------------------------------------------------------------------------------------- */

static int32_t project_units(const mn_window *w, const mn_cut *cut) {
    return w->batches * mn_groups_of(w->out_c, cut->channels) * mn_groups_of(w->out_h, cut->rows);
}

mn_project_range mn_project_next(const mn_window *w, const mn_cut *cut, int32_t *begin, int32_t end) {
    const int32_t rows = mn_groups_of(w->out_h, cut->rows), parts = mn_groups_of(w->out_c, cut->channels);
    const int32_t part = *begin / rows % parts, first = *begin % rows, last = mn_min_i32(rows, first + end - *begin);
    const int32_t next = rows > 1 ? part + 1 : mn_min_i32(parts, part + end - *begin);
    const mn_project_range range = {
        .batch = *begin / (rows * parts),
        .first_row = first * cut->rows,
        .last_row = mn_min_i32(last * cut->rows, w->out_h),
        .first_channel = part * cut->channels,
        .last_channel = mn_min_i32(next * cut->channels, w->out_c),
    };
    *begin += (last - first) * (next - part);
    return range;
}

/* What a range reads, on the same scale: groups of rows, which other cores wrote in part, and weights of 16 channels
 * for a column. */
enum { FETCH_ROWS = 50, FETCH_WEIGHTS = 80 };

/* How long a thread takes for a range. */
static int64_t range_cost(const mn_window *w, const mn_cut *cut, const mn_project_range *range) {
    const int32_t channels = mn_groups_of(range->last_channel - range->first_channel, MN_Q8_LANES);
    int64_t cost = (int64_t)(mn_groups_of(range->last_row, MN_Q8_ROWS) - range->first_row / MN_Q8_ROWS) * FETCH_ROWS +
                   (int64_t)channels * FETCH_WEIGHTS / w->out_w;
    for (int32_t y = range->first_row, next; y < range->last_row; y = next) {
        next = mn_min_i32(range->last_row, y + cut->rows);
        cost += (int64_t)tile_cost(next - y) * channels;
    }
    return cost;
}

/* What thread `thread` of `threads`, which take equal shares of the units, has to do. */
static int64_t share_cost(const mn_window *w, const mn_cut *cut, int32_t thread, int32_t threads) {
    const int64_t units = project_units(w, cut);
    int32_t begin = (int32_t)(units * thread / threads);
    const int32_t end = (int32_t)(units * (thread + 1) / threads);
    int64_t cost = 0;
    while (begin < end) {
        const mn_project_range range = mn_project_next(w, cut, &begin, end);
        cost += range_cost(w, cut, &range);
    }
    return cost;
}

static int64_t busiest_share(const mn_window *w, const mn_cut *cut, int32_t threads) {
    int64_t most = 0;
    for (int32_t i = 0; i < threads; i++) {
        const int64_t cost = share_cost(w, cut, i, threads);
        if (cost > most) most = cost;
    }
    return most;
}

/* Tries rows; and all channels, an equal part of them for each thread, or the smallest. */
static void share_evenly(const mn_window *w, int32_t threads, mn_cut *cut) {
    const int32_t each = mn_groups_of(mn_groups_of(w->out_c, threads), MN_PROJECT_CHANNELS) * MN_PROJECT_CHANNELS;
    const int32_t channels[] = {w->out_c, each, MN_PROJECT_CHANNELS};
    mn_cut trial = *cut;
    int64_t least = busiest_share(w, cut, threads);
    for (trial.rows = MN_Q8_ROWS; trial.rows > 0; trial.rows /= 2) {
        for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
            trial.channels = channels[i];
            const int64_t cost = busiest_share(w, &trial, threads);
            if (cost >= least) continue;
            least = cost;
            *cut = trial;
        }
    }
}

void mn_cut_project_q8(const void *params, int32_t threads, mn_cut *cut) {
    const mn_window *w = &((const mn_project_params *)params)->conv.window;
    cut->rows = MN_Q8_ROWS;
    cut->channels = w->out_c;
    const double whole = (double)busiest_share(w, cut, 1);
    if (threads > 1 && cut->bands == 0) share_evenly(w, threads, cut);
    cut->units = project_units(w, cut);
    cut->busiest = (double)busiest_share(w, cut, threads) / whole;
}

/* Tiles take pixels of any rows, so rows are units where there are several for each thread. Low images are cut by
 * `channels`, those of a tile: every piece of a few rows would fetch all weights again. */
static void cut_project_f32(const mn_window *w, int32_t channels, int32_t threads, mn_cut *cut) {
    enum { ENOUGH_ROWS = 4, ENOUGH_UNITS = 3 }; /* for each thread */
    cut->rows = 1;
    cut->channels = w->out_c;
    if (threads > 1 && w->batches * w->out_h < ENOUGH_ROWS * threads) {
        cut->channels = channels;
        cut->rows = w->out_h;
        while (cut->rows > 1 && project_units(w, cut) < ENOUGH_UNITS * threads) cut->rows = mn_groups_of(cut->rows, 2);
    }
    cut->units = project_units(w, cut);
}

void mn_cut_project_f32(const void *params, int32_t threads, mn_cut *cut) {
    cut_project_f32(&((const mn_project_params *)params)->conv.window, MN_BLOCK_LANES, threads, cut);
}

void mn_cut_project_f32_wide(const void *params, int32_t threads, mn_cut *cut) {
    cut_project_f32(&((const mn_project_params *)params)->conv.window, MN_PROJECT_CHANNELS, threads, cut);
}

/* ---- CONV_MEAN ------------------------------------------------------------------------------------------- */

/* A quarter of a share, as every piece begins with weights that nobody has fetched; fewer units if shares would be less
 * equal. */
static int32_t piece_of(int32_t units, int32_t threads) {
    const int32_t share = mn_groups_of(units, threads);
    int32_t piece = mn_max_i32(share / 4, 1);
    while (mn_groups_of(mn_groups_of(units, piece), threads) * piece > share) piece--;
    return piece;
}

void mn_cut_conv_mean(const void *params, int32_t threads, mn_cut *cut) {
    const mn_window *w = &((const mn_conv_mean_params *)params)->conv.window;
    cut->units = w->batches * mn_groups_of(w->out_c, MN_CONV_MEAN_CHANNELS);
    cut->grain = piece_of(cut->units, threads);
}
