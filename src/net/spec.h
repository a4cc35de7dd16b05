/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What there is to choose of a published architecture. */
#ifndef MN_NET_SPEC_H
#define MN_NET_SPEC_H

#include "net/net.h"

typedef struct mn_v2_plan mn_v2_plan; /* net/mobilenet_v2.h */

/** Whose details a network has: where convolutions of stride 2 are padded, and batch norm's epsilon and momentum.
 *  MobileNetV2 alone has both. */
typedef enum mn_v2_style {
    MN_V2_KERAS, /* one less before an even size; 1e-3, 0.999 */
    MN_V2_TORCH, /* 1 on every side; 1e-5, 0.9, as PyTorch's BatchNorm2d has them (its momentum 0.1 is 1 - 0.9) */
} mn_v2_style;

typedef struct mn_net_spec {
    double width;           /* depth multiplier alpha in (0, MN_NET_MAX_WIDTH] */
    const mn_v2_plan *plan; /* of a MobileNetV2; NULL: what the width gives; else the width only names the network */
    mn_v2_style style;
    int32_t height;            /* of the input, >= 32 for a useful network; any size works */
    int32_t width_px;          /* of the input */
    int32_t classes;           /* 0: no top: the net ends after the last convolution's activation */
    bool softmax;              /* the top ends in probabilities: softmax, or the sigmoid of a single class */
    bool dense;                /* the top is pooling and a dense layer, also where the architecture has another */
    float dropout;             /* rate before the classifier; 0: no such layer */
    const mn_layer *rescaling; /* a RESCALING layer to put first, or NULL; only its scale, offset and name matter */
} mn_net_spec;

#define MN_NET_MAX_WIDTH 64

/** A variant that was published with weights. */
typedef struct mn_variant {
    double width;
    int32_t size; /* of the square input */
} mn_variant;

/** width 1.0, 224x224, 1000 classes, softmax, no dropout, no rescaling, Keras' style. */
void mn_net_spec_defaults(mn_net_spec *spec);

#endif
