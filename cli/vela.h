/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which operators Arm's compiler Vela gives to an Ethos-U55 or Ethos-U65, and what their channels cost there. Inferred
 * from `vela --supported-ops-report` of 3.10.0 and 5.2.0 and from what these make of models; docs/npu.md. Vela decides.
 */
#ifndef MN_CLI_VELA_H
#define MN_CLI_VELA_H

#include "graph/graph.h"

/** Versions that differ: 3.x, which boards of 2022 to 2025 have, and NXP's fork of it; 5.x. */
typedef enum cli_vela { CLI_VELA_3, CLI_VELA_5 } cli_vela;

/** Why Vela leaves operator `index` to the processor, with the remedy where there is one; NULL: it takes it, as far as
 * is known. Static storage. */
const char *cli_vela_leaves(const mn_graph *graph, int32_t index, cli_vela version);

/** Does Vela take the operator on conditions of its shapes that cli_vela_leaves() does not look at? */
bool cli_vela_depends(mn_op_kind kind);

/** Names that --accelerator-config takes, for Ethos-U55 and Ethos-U65. False: `name` is none of them. `*outputs`: the
 * channels that are computed at once. */
bool cli_vela_accelerator(const char *name, int32_t *outputs);

/** Channels of an operator with weights, as they are and as the NPU multiplies them. */
typedef struct cli_lanes {
    int32_t in, out; /* `in`: 1 for DEPTHWISE_CONV_2D, whose outputs come from one channel each */
    int32_t padded_in, padded_out;
    double idle; /* share of the multiplications that are with nothing, [0, 1) */
} cli_lanes;

/** False: the operator has no weights. */
bool cli_vela_lanes(const mn_graph *graph, int32_t index, int32_t outputs, cli_lanes *lanes);

#endif
