/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What Arm's compiler Vela would make of a model for an Ethos-U: who runs each operator, and which multipliers idle. */
#ifndef MN_CLI_INSPECT_VELA_H
#define MN_CLI_INSPECT_VELA_H

#include "common/json.h"
#include "mobilenet.h"

/** `npu`: a name that cli_vela_accelerator() knows. */
void cli_print_vela(const mn_model *model, const char *npu);

/** One object on stdout. */
void cli_json_vela(const mn_model *model, const char *npu);

#endif
