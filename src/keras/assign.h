/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Brings the arrays of a file to the layers of a network. */
#ifndef MN_KERAS_ASSIGN_H
#define MN_KERAS_ASSIGN_H

#include "keras/config.h"
#include "keras/weights.h"

/** Fills every weight of `net` from the file. `sources` [layer_count] say where each layer's are; where they do not
 *  lead to all of them, and without sources (NULL), layers of one kind go by their names if all are known, else by
 *  their order. All values are finite afterwards.
 *  Errors: FORMAT (missing, wrong shape, not finite: the sentence names file and layer), UNSUPPORTED (not floats). */
mn_status mn_keras_assign(mn_keras_weights *weights, const mn_keras_source *sources, mn_net *net);

#endif
