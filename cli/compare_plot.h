/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The comparison of two models as a picture. */
#ifndef MN_CLI_COMPARE_PLOT_H
#define MN_CLI_COMPARE_PLOT_H

#include <stdio.h>

#include "quant/compare.h"

/** Writes an SVG: one bar per layer in the order of execution, as long as its SQNR, worst ones marked. Write errors
 * stay in the FILE. `names` are those of the two models. */
void cli_compare_plot(FILE *out, const mn_graph *graph, const mn_difference *differences, int32_t count,
                      const char *const names[2]);

#endif
