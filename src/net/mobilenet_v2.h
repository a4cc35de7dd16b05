/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The architecture: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018, table 2; channel
 * rounding and names as in Keras applications. */
#ifndef MN_NET_MOBILENET_V2_H
#define MN_NET_MOBILENET_V2_H

#include "net/net.h"

typedef struct mn_v2_spec {
    float width;               /* depth multiplier alpha, > 0: 0.35, 0.5, 0.75, 1.0, 1.3, 1.4 are published */
    int32_t height;            /* of the input, >= 32 for a useful network; any size works */
    int32_t width_px;          /* of the input */
    int32_t classes;           /* 0: no top: the net ends after the last convolution's activation */
    bool softmax;              /* the top ends in SOFTMAX */
    float dropout;             /* rate before the classifier; 0: no such layer */
    const mn_layer *rescaling; /* a RESCALING layer to put first, or NULL */
} mn_v2_spec;

/** width 1.0, 224x224, 1000 classes, softmax, no dropout, no rescaling. */
void mn_v2_defaults(mn_v2_spec *spec);

/** Channels `filters * width` rounded to a multiple of 8, never by more than 10 % down (make_divisible). */
int32_t mn_v2_channels(int32_t filters, float width);

/** Builds the net with Keras' layer names ("Conv1", "bn_Conv1", "block_1_expand", ..., "predictions"); weights as
 *  mn_net_add leaves them. Errors: ARGUMENT (a spec out of range), MEMORY, LIMIT. */
mn_status mn_v2_build(const mn_v2_spec *spec, mn_net *out);

/** Fills the weights with the distributions Keras starts from (Glorot uniform kernels, truncated normal where it has
 *  them), deterministic for a seed. */
void mn_net_randomise(mn_net *net, uint64_t seed);

#endif
