/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The reader: a file that Keras saved becomes a network with its weights. */
#ifndef MN_KERAS_KERAS_H
#define MN_KERAS_KERAS_H

#include "net/family.h"

typedef struct mn_keras_options {
    int32_t size;    /* side of the input where the file leaves it open; 0: as the file's name says, or 224 */
    bool no_softmax; /* bare weights end in scores; a whole model says what it ends in */
    int32_t seconds; /* of processor time that mn_keras_open() lets reading take; 0: what the file's size lets expect */
} mn_keras_options;

typedef enum mn_keras_format {
    MN_KERAS_WEIGHTS_2, /* HDF5, Keras 2's layout */
    MN_KERAS_WEIGHTS_3,
    MN_KERAS_MODEL, /* HDF5 with a configuration */
    MN_KERAS_ARCHIVE,
    MN_KERAS_FORMATS
} mn_keras_format;

/** In words. */
const char *mn_keras_format_text(mn_keras_format format);

/** What was found. */
typedef struct mn_keras_info {
    mn_keras_format format;
    int32_t family;       /* of mn_net_families; -1 when the convolutions are another network's */
    double width;         /* of the MobileNet; 0 for another network */
    bool assumed_size;    /* the file leaves the size of the input open */
    bool assumed_softmax; /* the file does not say whether a softmax, or a sigmoid, follows the classifier */
} mn_keras_info;

/** Reads the file at `path`: weights or a whole model in HDF5, or a Keras 3 archive. `options` NULL means defaults.
 *  A child process reads it, because a damaged file may crash the HDF5 library or keep it busy for ever.
 *  Every weight is finite, and the network's name is `path`, which must outlive it.
 *  Errors: ARGUMENT (an option that contradicts the file), IO, FORMAT, UNSUPPORTED, LIMIT, MEMORY; the sentence names
 * the file, and the layer where there is one. */
mn_status mn_keras_open(const char *path, const mn_keras_options *options, mn_net *out, mn_keras_info *info);

/** The same for the contents of a file in memory, which `name` stands for; no child process is made. */
mn_status mn_keras_read(const void *data, size_t bytes, const char *name, const mn_keras_options *options, mn_net *out,
                        mn_keras_info *info);

#endif
