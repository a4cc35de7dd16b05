/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Who runs the operators of a session: delegates, or this library on the processor. */
#ifndef MN_CLI_DELEGATION_H
#define MN_CLI_DELEGATION_H

#include "common/json.h"
#include "mobilenet.h"

typedef struct cli_delegation {
    int32_t parts;     /* that delegates run, each at one go */
    int32_t delegated; /* operators in them */
    int32_t operators; /* that run at all: some are computed when the model is opened */
} cli_delegation;

cli_delegation cli_delegation_of(const mn_session *session);

/** "64 of 66 operators in 2 parts" */
#define CLI_SHARE_TEXT 64
const char *cli_delegation_share(const cli_delegation *delegation, char text[CLI_SHARE_TEXT]);

/** One sentence, which `who`, the name of the delegate, begins: how many operators it runs, and the first few that are
 *  left, with the reason. */
#define CLI_DELEGATION_TEXT 512
const char *cli_delegation_text(const char *who, const mn_model *model, const mn_session *session,
                                char text[CLI_DELEGATION_TEXT]);

/** The same in lines, with every operator that is left; nothing where `who` is NULL. */
void cli_delegation_print(const char *who, const mn_model *model, const mn_session *session);

/** The same as a JSON object "delegate"; nothing where `who` is NULL. */
void cli_json_delegation(cli_json *json, const char *who, const mn_model *model, const mn_session *session);

#endif
