/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What training says beside the weights of pixels and classes, in a group of the HDF5 file that Keras does not look at:
 * the text "input" (HEIGHTxWIDTH of the pictures), the array "normalisation" [2][3] (mean and deviation of red, green
 * and blue, in units of a pixel), the text "fit" ("exact" or "crop"), and the names of the classes in lists of texts
 * "classes0", "classes1", ..., as long as HDF5 allows. Each may be missing. */
#ifndef MN_KERAS_MEANING_H
#define MN_KERAS_MEANING_H

#include "keras/weights.h"

#define MN_KERAS_MEANING "meaning"

/** The size of the pictures; 0 where the file does not say it. Errors: FORMAT, LIMIT, MEMORY. */
mn_status mn_keras_meaning_size(mn_keras_weights *weights, int32_t *height, int32_t *width);

/** Brings what the file says, if anything, to `net`, whose layers are complete. Errors: FORMAT (not those of this net,
 *  or senseless), LIMIT, MEMORY. */
mn_status mn_keras_meaning_assign(mn_keras_weights *weights, mn_net *net);

#endif
