/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What a model that Vela has compiled holds for an Ethos-U, and what it leaves to the processor. */
#ifndef MN_CLI_INSPECT_NPU_H
#define MN_CLI_INSPECT_NPU_H

#include "common/json.h"
#include "ethosu/operator.h"
#include "ethosu/stream.h"

/** Has the model programs for an Ethos-U? */
bool cli_has_npu(const mn_graph *graph);

/** The program of operator `index`. Errors: those of mn_ethosu_stream_read(), and FORMAT where it has none. */
mn_status cli_npu_stream(const mn_graph *graph, int32_t index, mn_ethosu_stream *out);

/** What a program's operation is called, from its command and its kind: "CONV", "MAX_POOL"; "unknown". */
const char *cli_npu_kind(int32_t code, int32_t mode);

/** A paragraph for each program, and one of the operators outside. */
void cli_print_npu(const mn_graph *graph);

/** Arrays "npu" and "processor" of the object that is open; nothing for a model without programs. */
void cli_json_npu(cli_json *json, const mn_graph *graph);

#endif
