/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The arrays of an HDF5 file, layer by layer, in the order in which Keras made the layers. */
#ifndef MN_KERAS_WEIGHTS_H
#define MN_KERAS_WEIGHTS_H

#include "keras/hdf5.h"
#include "net/net.h"

/* Limits of ours: MobileNetV2 has 105 layers with 262 arrays. */
#define MN_KERAS_MAX_ENTRIES 8192               /* layers with weights, in one file */
#define MN_KERAS_MAX_ARRAYS 6                   /* of one layer; what is beyond is only counted */
#define MN_KERAS_MAX_ELEMENTS ((size_t)1 << 29) /* of all arrays together */

/* What an array is to its layer; an array that a name does not tell is what its place says. */
typedef enum mn_keras_role {
    MN_ROLE_KERNEL,
    MN_ROLE_BIAS,
    MN_ROLE_GAMMA,
    MN_ROLE_BETA,
    MN_ROLE_MEAN,
    MN_ROLE_VARIANCE,
    MN_ROLE_POINTWISE, /* the second kernel of a SeparableConv2D */
    MN_ROLE_SLOPE,     /* of a PReLU */
    MN_ROLE_COUNT,     /* of what a Normalization saw; not needed */
    MN_ROLE_NONE,
} mn_keras_role;

/** Attribute of the file that training writes: "pytorch" where a MobileNetV2 has PyTorch's padding and epsilon. */
#define MN_KERAS_STYLE "mobilenet_style"

/** One layer of the file. */
typedef struct mn_keras_entry {
    const char
        *key; /* its place: "mobilenetv2_1.00_224/Conv1" in Keras 2 files, "functional/conv2d" in Keras 3 files */
    const char *name;   /* as its maker called it, or as near as the file tells */
    mn_layer_kind kind; /* CONV, DEPTHWISE, BATCH_NORM or DENSE, by names and shapes; MN_LAYER_KIND_COUNT for others */
    int32_t array_count;
    mn_h5_array arrays[MN_KERAS_MAX_ARRAYS];
    mn_keras_role roles[MN_KERAS_MAX_ARRAYS];
    bool used; /* by a layer of the network */
} mn_keras_entry;

typedef struct mn_keras_weights {
    mn_h5 h5;
    mn_region region;
    bool v3; /* Keras 3's layout: places instead of names */
    int32_t count;
    mn_keras_entry *entries;
    size_t elements; /* of all arrays */
} mn_keras_weights;

/** Lists what the open file `weights->h5` holds. Errors: FORMAT, UNSUPPORTED, LIMIT, MEMORY. */
mn_status mn_keras_weights_list(mn_keras_weights *weights);

/** Closes the file too. */
void mn_keras_weights_free(mn_keras_weights *weights);

/** "a/b" in the region; NULL when out of memory. An empty `a` gives "b". */
const char *mn_keras_join(mn_region *region, const char *a, const char *b);

/** "3x3x3x32" for sentences. */
#define MN_KERAS_SHAPE_CHARS 64
void mn_keras_shape_text(int32_t rank, const int32_t *dims, char text[MN_KERAS_SHAPE_CHARS]);

#endif
