/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What kind of arithmetic a model asks for, in words. */
#ifndef CLI_INSPECT_KIND_H
#define CLI_INSPECT_KIND_H

#include "mobilenet.h"

/** Of the operators with weights; NULL for a model that has none. Static storage. */
const char *cli_model_kind(const mn_model *model);

#endif
