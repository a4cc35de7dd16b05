/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The architecture: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018, table 2; channel
 * rounding and names as in Keras applications. */
#ifndef MN_NET_MOBILENET_V2_H
#define MN_NET_MOBILENET_V2_H

#include "net/net.h"

#define MN_V2_STAGES 7

/** How wide and how deep: channels of the first convolution, of each stage and of the last convolution, and how many
 *  blocks each stage has; all at least 1. */
typedef struct mn_v2_plan {
    int32_t stem, filters[MN_V2_STAGES], blocks[MN_V2_STAGES], head;
} mn_v2_plan;

/** Whose details a network has: where convolutions of stride 2 are padded, and batch norm's epsilon and momentum. */
typedef enum mn_v2_style {
    MN_V2_KERAS, /* one less before an even size; 1e-3, 0.999 */
    MN_V2_TORCH, /* 1 on every side; 1e-5, 0.9, as PyTorch's BatchNorm2d has them (its momentum 0.1 is 1 - 0.9) */
} mn_v2_style;

typedef struct mn_v2_spec {
    double width;           /* depth multiplier alpha in (0, MN_V2_MAX_WIDTH] */
    const mn_v2_plan *plan; /* NULL: what the width gives; else the width only names the network */
    mn_v2_style style;
    int32_t height;            /* of the input, >= 32 for a useful network; any size works */
    int32_t width_px;          /* of the input */
    int32_t classes;           /* 0: no top: the net ends after the last convolution's activation */
    bool softmax;              /* the top ends in SOFTMAX */
    float dropout;             /* rate before the classifier; 0: no such layer */
    const mn_layer *rescaling; /* a RESCALING layer to put first, or NULL; only its scale, offset and name matter */
} mn_v2_spec;

#define MN_V2_MAX_WIDTH 64

/** width 1.0, 224x224, 1000 classes, softmax, no dropout, no rescaling, Keras' style. */
void mn_v2_defaults(mn_v2_spec *spec);

/** Channels of the first convolution, of a stage with `filters` at width 1, and of the last convolution: rounded to a
 *  multiple of 8, never by more than 10 % down (Keras: _make_divisible). width in (0, MN_V2_MAX_WIDTH]. */
int32_t mn_v2_stem_channels(double width);
int32_t mn_v2_channels(int32_t filters, double width);
int32_t mn_v2_head_channels(double width);

/** What a width in (0, MN_V2_MAX_WIDTH] gives. */
void mn_v2_plan_of(double width, mn_v2_plan *out);

/** The width that gives the plan: a published one where that fits, else a number of hundredths; 0 when none does. */
double mn_v2_width_of(const mn_v2_plan *plan);

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
