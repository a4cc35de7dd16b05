/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Writing weights as Keras' save_weights() does into HDF5. */
#ifndef MN_KERAS_WRITE_H5_H
#define MN_KERAS_WRITE_H5_H

#include "net/net.h"

/** The weights of every layer of `net` that has some, in the layout of Keras 2, which Keras 3 reads too; and, if the
 *  input layer has one, the ranges that training learned for 8 bits, in a group that Keras does not look at; and what
 * the net means (meaning.h) in another. Equal nets give equal bytes. On success the caller owns *data, to be freed with
 * free(). Errors: MEMORY, IO. */
mn_status mn_keras_write_h5(const mn_net *net, uint8_t **data, size_t *bytes);

#endif
