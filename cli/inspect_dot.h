/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#ifndef MN_CLI_INSPECT_DOT_H
#define MN_CLI_INSPECT_DOT_H

#include "mobilenet.h"

/** Prints the operators of `model` on stdout as a Graphviz graph; edges are the tensors computed at run time. */
mn_status cli_print_dot(const mn_model *model);

#endif
