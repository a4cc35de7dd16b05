/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The architecture: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018, table 2; channel
 * rounding and names as in Keras applications. */
#ifndef MN_NET_MOBILENET_V2_H
#define MN_NET_MOBILENET_V2_H

#include "net/net.h"

typedef struct mn_v2_spec {
    double width;              /* depth multiplier alpha in (0, MN_V2_MAX_WIDTH] */
    int32_t height;            /* of the input, >= 32 for a useful network; any size works */
    int32_t width_px;          /* of the input */
    int32_t classes;           /* 0: no top: the net ends after the last convolution's activation */
    bool softmax;              /* the top ends in SOFTMAX */
    float dropout;             /* rate before the classifier; 0: no such layer */
    const mn_layer *rescaling; /* a RESCALING layer to put first, or NULL; only its scale, offset and name matter */
} mn_v2_spec;

#define MN_V2_MAX_WIDTH 64

/** width 1.0, 224x224, 1000 classes, softmax, no dropout, no rescaling. */
void mn_v2_defaults(mn_v2_spec *spec);

/** Channels of the first convolution, of a stage with `filters` at width 1, and of the last convolution: rounded to a
 *  multiple of 8, never by more than 10 % down (Keras: _make_divisible). width in (0, MN_V2_MAX_WIDTH]. */
int32_t mn_v2_stem_channels(double width);
int32_t mn_v2_channels(int32_t filters, double width);
int32_t mn_v2_head_channels(double width);

/** Builds the net with Keras' layer names ("Conv1", "bn_Conv1", "block_1_expand", ..., "predictions"); weights as
 *  mn_net_add leaves them. Errors: ARGUMENT (a spec out of range), MEMORY, LIMIT. */
mn_status mn_v2_build(const mn_v2_spec *spec, mn_net *out);

/** The variants that were published with weights, at tensorflow/models, research/slim/nets/mobilenet/README.md. */
typedef struct mn_v2_variant {
    double width;
    int32_t size; /* of the square input */
} mn_v2_variant;

#define MN_V2_VARIANTS 22
extern const mn_v2_variant mn_v2_variants[MN_V2_VARIANTS];

/** The published table counts the classes of ImageNet and a background class. */
#define MN_V2_PUBLISHED_CLASSES 1001

#endif
