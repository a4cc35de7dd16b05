/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Where the time of a model goes that Vela has compiled: an estimate, operation by operation. */
#ifndef MN_CLI_INSPECT_CYCLES_H
#define MN_CLI_INSPECT_CYCLES_H

#include <stdio.h>

#include "common/json.h"
#include "graph/graph.h"

/** Prints the operations of each program, with their cycles; or one JSON object. `npu` is what the programs have to be
 *  for. Errors: those of programs; UNSUPPORTED for another NPU. */
mn_status cli_print_cycles(const mn_graph *graph, const char *npu);
mn_status cli_json_cycles(const mn_graph *graph, const char *npu);

/** Draws an SVG: one bar for each operation. Write errors stay in the FILE. */
mn_status cli_plot_cycles(FILE *out, const mn_graph *graph, const char *npu);

#endif
