/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which MobileNet a set of convolutions is: found from their shapes alone, in whatever order they come. */
#ifndef MN_KERAS_MATCH_H
#define MN_KERAS_MATCH_H

#include "keras/weights.h"
#include "net/family.h"

/** Builds the MobileNet that the weights fit, or fit best, with input and softmax as in `spec`, whose width, classes
 * and kind of top are set, as is the number of its family. Whether they really fit is for mn_keras_assign() to say.
 *  Errors: UNSUPPORTED (not the layers of a MobileNet), MEMORY, LIMIT. */
mn_status mn_keras_match(const mn_keras_weights *weights, mn_net_spec *spec, int32_t *family, mn_net *out);

/** The family and width of a network whose convolutions are those of a MobileNet; -1 and 0 when they are not.
 *  Errors: MEMORY. */
mn_status mn_keras_width_of(const mn_net *net, int32_t *family, double *width);

#endif
