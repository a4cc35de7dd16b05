/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "shares.h"

#include <stdio.h>

#include "stats.h"

static double sum_of(const double *values, int32_t count) {
    double sum = 0;
    for (int32_t i = 0; i < count; i++) sum += values[i];
    return sum;
}

static int32_t how_often(double value, const double *values, int32_t count) {
    int32_t times = 0;
    for (int32_t i = 0; i < count; i++) times += !(values[i] < value || values[i] > value);
    return times;
}

static void json_interval(cli_json *json, const char *key, cli_interval interval) {
    cli_json_array(json, key);
    cli_json_number(json, NULL, interval.low);
    cli_json_number(json, NULL, interval.high);
    cli_json_end(json);
}

void cli_print_share(const char *name, const double *values, int32_t count) {
    const int32_t part = how_often(1, values, count);
    const cli_interval wilson = cli_wilson(part, count), drawn = cli_bootstrap(values, count);
    printf("%-11s %6.2f %%  (%d of %d; 95 %% interval %.2f to %.2f %%, bootstrap %.2f to %.2f %%)\n", name,
           100.0 * part / count, part, count, 100 * wilson.low, 100 * wilson.high, 100 * drawn.low, 100 * drawn.high);
}

void cli_json_share(cli_json *json, const char *key, const double *values, int32_t count) {
    const int32_t part = how_often(1, values, count);
    cli_json_object(json, key);
    cli_json_int(json, "count", part);
    cli_json_int(json, "of", count);
    cli_json_number(json, "share", (double)part / count);
    json_interval(json, "interval95", cli_wilson(part, count));
    json_interval(json, "bootstrap95", cli_bootstrap(values, count));
    cli_json_end(json);
}

void cli_print_divergence(const char *a, const char *b, const double *values, int32_t count, const char *note) {
    const cli_interval drawn = cli_bootstrap(values, count);
    printf("divergence  %.6f nats, mean KL(%s || %s); bootstrap %.6f to %.6f%s\n", sum_of(values, count) / count, a, b,
           drawn.low, drawn.high, note);
}

void cli_json_divergence(cli_json *json, const double *values, int32_t count) {
    cli_json_number(json, "divergence", sum_of(values, count) / count);
    json_interval(json, "divergence_bootstrap95", cli_bootstrap(values, count));
}

void cli_print_change(const double *values, int32_t count) {
    const int32_t lost = how_often(-1, values, count), won = how_often(1, values, count);
    const cli_interval drawn = cli_bootstrap(values, count);
    printf("change      %+6.2f %%  of top-1 (lost %d, won %d of %d; McNemar p %.3g; bootstrap %+.2f to %+.2f %%)\n",
           100.0 * (won - lost) / count, lost, won, count, cli_mcnemar(lost, won), 100 * drawn.low, 100 * drawn.high);
}

void cli_json_change(cli_json *json, const double *values, int32_t count) {
    const int32_t lost = how_often(-1, values, count), won = how_often(1, values, count);
    cli_json_object(json, "change");
    cli_json_int(json, "lost", lost);
    cli_json_int(json, "won", won);
    cli_json_int(json, "of", count);
    cli_json_number(json, "share", (double)(won - lost) / count);
    cli_json_number(json, "mcnemar_p", cli_mcnemar(lost, won));
    json_interval(json, "bootstrap95", cli_bootstrap(values, count));
    cli_json_end(json);
}

void cli_print_bootstrap(void) {
    printf("bootstrap   the middle 95 %% of %d resamples of the photos\n", CLI_RESAMPLES);
}

void cli_json_bootstrap(cli_json *json) { cli_json_int(json, "bootstrap_resamples", CLI_RESAMPLES); }
