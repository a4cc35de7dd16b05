/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The architecture: Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, 2018, table 2; channel
 * rounding and names as in Keras applications. */
#ifndef MN_NET_MOBILENET_V2_H
#define MN_NET_MOBILENET_V2_H

#include "net/spec.h"

#define MN_V2_STAGES 7

/** How wide and how deep: channels of the first convolution, of each stage and of the last convolution, and how many
 *  blocks each stage has; all at least 1. */
struct mn_v2_plan {
    int32_t stem, filters[MN_V2_STAGES], blocks[MN_V2_STAGES], head;
};

typedef mn_net_spec mn_v2_spec;

#define MN_V2_MAX_WIDTH MN_NET_MAX_WIDTH

/** mn_net_spec_defaults(). */
void mn_v2_defaults(mn_v2_spec *spec);

/** Channels of the first convolution, of a stage with `filters` at width 1, and of the last convolution: rounded to a
 *  multiple of 8, never by more than 10 % down (Keras: _make_divisible). width in (0, MN_V2_MAX_WIDTH]. */
int32_t mn_v2_stem_channels(double width);
int32_t mn_v2_channels(int32_t filters, double width);
int32_t mn_v2_head_channels(double width);

/** What a width in (0, MN_V2_MAX_WIDTH] gives. */
void mn_v2_plan_of(double width, mn_v2_plan *out);

/** Whose details a net has that mn_v2_build() made, told by its layers. */
mn_v2_style mn_v2_style_of(const mn_net *net);

/** The width that gives the plan: a published one where that fits, else a number of hundredths; 0 when none does. */
double mn_v2_width_of(const mn_v2_plan *plan);

/** Builds the net with Keras' layer names ("Conv1", "bn_Conv1", "block_1_expand", ..., "predictions"); weights as
 *  mn_net_add leaves them. Errors: ARGUMENT (a spec out of range), MEMORY, LIMIT. */
mn_status mn_v2_build(const mn_v2_spec *spec, mn_net *out);

/** The variants that were published with weights, at tensorflow/models, research/slim/nets/mobilenet/README.md. */
typedef mn_variant mn_v2_variant;

#define MN_V2_VARIANTS 22
extern const mn_v2_variant mn_v2_variants[MN_V2_VARIANTS];

/** The published table counts the classes of ImageNet and a background class. */
#define MN_V2_PUBLISHED_CLASSES 1001

#endif
