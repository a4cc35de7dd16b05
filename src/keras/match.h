/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which MobileNetV2 a set of convolutions is: found from their shapes alone, in whatever order they come. */
#ifndef MN_KERAS_MATCH_H
#define MN_KERAS_MATCH_H

#include "keras/weights.h"
#include "net/mobilenet_v2.h"

/** Builds the MobileNetV2 that the weights fit, or fit best, with input and softmax as in `spec`, whose width and
 *  classes are set. Whether they really fit is for mn_keras_assign() to say.
 *  Errors: UNSUPPORTED (not the layers of a MobileNetV2), MEMORY, LIMIT. */
mn_status mn_keras_match(const mn_keras_weights *weights, mn_v2_spec *spec, mn_net *out);

/** The width of a network whose convolutions are MobileNetV2's; 0 when they are not. Errors: MEMORY. */
mn_status mn_keras_width_of(const mn_net *net, double *width);

#endif
