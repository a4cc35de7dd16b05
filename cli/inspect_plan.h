/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The steps of a plan: what each runs, what it multiplies and moves, and where in memory. */
#ifndef MN_CLI_INSPECT_PLAN_H
#define MN_CLI_INSPECT_PLAN_H

#include "common/json.h"
#include "mobilenet.h"

/** A table of the steps and a summary of the arena. */
mn_status cli_print_plan(const mn_model *model, const mn_session *session);

/** Arrays "steps" and, of a streamed plan, "slices" of the object that is open. */
mn_status cli_json_plan(cli_json *json, const mn_model *model, const mn_session *session);

#endif
