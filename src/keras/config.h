/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From the JSON that Keras saves of a model to a network without weights: models within models are flattened,
 * preprocessing with constants becomes one Rescaling layer, and layers that do nothing at inference are left out. */
#ifndef MN_KERAS_CONFIG_H
#define MN_KERAS_CONFIG_H

#include "net/net.h"

/** Which of the arrays of a layer of the file are for the layer of the network. */
typedef enum mn_keras_part {
    MN_PART_ALL,
    MN_PART_DEPTHWISE, /* of a SeparableConv2D: the first */
    MN_PART_POINTWISE, /* the others */
    MN_PART_MOMENTS,   /* of a Normalization: mean and variance, which become scale and offset */
} mn_keras_part;

/** Where the weights of a layer of the network are. */
typedef struct mn_keras_source {
    const char *key;        /* mn_keras_entry.key; NULL for a layer without weights in the file */
    bool no_gamma, no_beta; /* BATCH_NORM without scale or centre */
    mn_keras_part part;
} mn_keras_source;

typedef struct mn_keras_config {
    const char *text; /* the JSON, `bytes` long */
    size_t bytes;
    const char *file; /* for error sentences */
    bool v3;          /* keys as in Keras 3's files */
    bool keras_2;     /* functions as Keras 2 defines them: hard_sigmoid */
    int32_t size;     /* of the input's sides where the model leaves them open */
    size_t elements;  /* in the weights of the file; a network that needs more is refused before memory is taken */
    /* Results. */
    mn_keras_source *sources; /* [layer_count] of the network, in its region */
    bool open_size;           /* the model leaves the size of its input open */
} mn_keras_config;

/** Reads the model into `net`, which is empty and stays owned by the caller on failure too.
 *  Errors: FORMAT, UNSUPPORTED (a layer that a classifier here cannot have; named), LIMIT, MEMORY. */
mn_status mn_keras_config_read(mn_keras_config *config, mn_net *net);

#endif
