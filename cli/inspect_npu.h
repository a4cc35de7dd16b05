/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a model that Vela has compiled holds for an Ethos-U, and what it leaves to the processor. */
#ifndef MN_CLI_INSPECT_NPU_H
#define MN_CLI_INSPECT_NPU_H

#include "common/json.h"
#include "graph/graph.h"

/** Has the model programs for an Ethos-U? */
bool cli_has_npu(const mn_graph *graph);

/** A paragraph for each program, and one of the operators outside. */
void cli_print_npu(const mn_graph *graph);

/** Arrays "npu" and "processor" of the object that is open; nothing for a model without programs. */
void cli_json_npu(cli_json *json, const mn_graph *graph);

#endif
