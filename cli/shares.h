/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Means over photos, with their intervals, as evaluate and compare print them. `values` has one for each of `count`
 * photos, at least one. */
#ifndef MN_CLI_SHARES_H
#define MN_CLI_SHARES_H

#include <stdint.h>

#include "common/json.h"

/** How many photos are such: values are 0 or 1. */
void cli_print_share(const char *name, const double *values, int32_t count);
void cli_json_share(cli_json *json, const char *key, const double *values, int32_t count);

/** The mean divergence in nats between what is called `a` and `b`; `note` ends the line. */
void cli_print_divergence(const char *a, const char *b, const double *values, int32_t count, const char *note);
void cli_json_divergence(cli_json *json, const double *values, int32_t count);

/** What the second of two models loses and wins in top-1: values are -1, 0 or 1. */
void cli_print_change(const double *values, int32_t count);
void cli_json_change(cli_json *json, const double *values, int32_t count);

/** What "bootstrap" means, after everything else. */
void cli_print_bootstrap(void);
void cli_json_bootstrap(cli_json *json);

#endif
