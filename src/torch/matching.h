/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared by match.c (which network), mobilenet_v2.c and families.c (its layers): arrays by name, and bringing them to
 * layers. */
#ifndef MN_TORCH_MATCHING_H
#define MN_TORCH_MATCHING_H

#include "net/net.h"
#include "net/origin.h"
#include "torch/state.h"

#define MN_TORCH_NAME_CHARS 256

typedef struct mn_torch_matching {
    mn_region region;
    const mn_torch_state *state;
    const mn_origin_options *options;
    const char *network; /* whose arrays they must be, "MobileNetV2 of timm" */
    const char *prefix;  /* what comes before every name ("module."); not terminated */
    size_t prefix_length;
    bool *used; /* [state->count] */
    mn_net *net;
} mn_torch_matching;

/** The array "PREFIX" "LAYER" ".WHAT"; NULL when there is none. */
const mn_array *mn_torch_find(const mn_torch_matching *m, const char *layer, const char *what);

/** Fails because there is none. */
mn_status mn_torch_missing(const mn_torch_matching *m, const char *layer, const char *what);

/** Is `anchor` the end of some array's name? What comes before it is the prefix then. */
bool mn_torch_anchor(mn_torch_matching *m, const char *anchor);

/** Reads the weights of a layer of the net from the arrays called `name`; a bias that is not there stays zero.
 *  Errors: FORMAT (missing, another shape), UNSUPPORTED (no floats). */
mn_status mn_torch_load(mn_torch_matching *m, const mn_layer *layer, const char *name);

/** The name, without prefix, of the one dense layer; "" when there is none. *classes is what it gives, 0 for none.
 *  Errors: UNSUPPORTED (several, or an array with a name that no layer has). */
mn_status mn_torch_classifier(const mn_torch_matching *m, char layer[MN_TORCH_NAME_CHARS], int32_t *classes);

/** Side of the input. */
int32_t mn_torch_size(const mn_torch_matching *m);

/** Builds and fills the network that the names are found to be those of. *found is false, and nothing done, where they
 *  are not. */
mn_status mn_torch_match_v2(mn_torch_matching *all, mn_origin *origin, bool *found);
mn_status mn_torch_match_others(mn_torch_matching *m, mn_origin *origin, bool *found);

#endif
