/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The front door: a file that Keras saved becomes a network with its weights. */
#ifndef MN_KERAS_KERAS_H
#define MN_KERAS_KERAS_H

#include "net/net.h"

typedef struct mn_keras_options {
    int32_t size;    /* side of the input where the file leaves it open; 0: as the file's name says, or 224 */
    bool no_softmax; /* bare weights end in scores; a whole model says what it ends in */
} mn_keras_options;

/** What was found. */
typedef struct mn_keras_info {
    const char *format;   /* in words; static storage */
    double width;         /* of the MobileNetV2; 0 when the convolutions are another network's */
    bool assumed_size;    /* the file leaves the size of the input open */
    bool assumed_softmax; /* the file does not say whether a softmax follows the classifier */
} mn_keras_info;

/** Reads the file at `path`: weights or a whole model in HDF5, or a Keras 3 archive. `options` NULL means defaults.
 *  The file is read twice, first in a child process, because a damaged one may crash the HDF5 library.
 *  Every weight is finite, and the network's name is `path`, which must outlive it.
 *  Errors: ARGUMENT (an option that contradicts the file), IO, FORMAT, UNSUPPORTED, LIMIT, MEMORY; the sentence names
 * the file, and the layer where there is one. */
mn_status mn_keras_open(const char *path, const mn_keras_options *options, mn_net *out, mn_keras_info *info);

/** The same for the contents of a file in memory, which `name` stands for; no child process is made. */
mn_status mn_keras_read(const void *data, size_t bytes, const char *name, const mn_keras_options *options, mn_net *out,
                        mn_keras_info *info);

#endif
