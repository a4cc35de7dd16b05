/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The published architectures, a row each. */
#ifndef MN_NET_FAMILY_H
#define MN_NET_FAMILY_H

#include "net/spec.h"

typedef struct mn_net_family {
    const char *name; /* "MobileNetV3 small" */
    mn_status (*build)(const mn_net_spec *spec, mn_net *out);
    int32_t (*channels)(int32_t filters, double width); /* of a layer with `filters` at width 1 */
    int32_t filters[8];                                 /* with last_filters they tell all channels; 0 ends the list */
    int32_t last_filters; /* of a convolution that widths below 1 do not make narrower; 0: none */
    int32_t variant_count;
    const mn_variant *variants; /* published with weights, the widest first */
    int32_t published_classes;  /* of ImageNet, with or without a background class */
} mn_net_family;

#define MN_NET_FAMILIES 6
#define MN_FAMILY_V2 1
extern const mn_net_family mn_net_families[MN_NET_FAMILIES];

/** What flags call them, in the same order; NULL ends the list. */
extern const char *const mn_net_family_options[MN_NET_FAMILIES + 1];

#endif
