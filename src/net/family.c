/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/family.h"

#include "net/mobilenet_v1.h"
#include "net/mobilenet_v2.h"
#include "net/mobilenet_v3.h"

/* tensorflow/models, research/slim/nets/mobilenet_v1.md. */
static const mn_variant v1_variants[] = {
    {1.0, 224}, {1.0, 192}, {1.0, 160}, {1.0, 128}, {0.75, 224}, {0.75, 192}, {0.75, 160}, {0.75, 128},
    {0.5, 224}, {0.5, 192}, {0.5, 160}, {0.5, 128}, {0.25, 224}, {0.25, 192}, {0.25, 160}, {0.25, 128},
};

/* Keras applications, mobilenet_v3.py. */
static const mn_variant v3_variants[] = {{1.0, 224}, {0.75, 224}}, minimalistic_variants[] = {{1.0, 224}};

#define VARIANTS(list) sizeof(list) / sizeof(list)[0], list

const mn_net_family mn_net_families[MN_NET_FAMILIES] = {
    {"MobileNet", mn_v1_build, mn_v1_channels, {32, 64, 128, 256, 512, 1024}, 0, VARIANTS(v1_variants), 1001},
    {"MobileNetV2",

     mn_v2_build,
     mn_v2_channels,
     {16, 24, 32, 64, 96, 160, 320},
     1280,
     MN_V2_VARIANTS,
     mn_v2_variants,
     MN_V2_PUBLISHED_CLASSES},
    {"MobileNetV3 small",

     mn_v3_small_build,
     mn_v3_channels,
     {16, 24, 40, 48, 96},
     1024,
     VARIANTS(v3_variants),
     1000},
    {"MobileNetV3 large",

     mn_v3_large_build,
     mn_v3_channels,
     {16, 24, 40, 80, 112, 160},
     1280,
     VARIANTS(v3_variants),
     1000},
    {"MobileNetV3 small minimalistic",

     mn_v3_small_minimalistic_build,
     mn_v3_channels,
     {16, 24, 40, 48, 96},
     1024,
     VARIANTS(minimalistic_variants),
     1000},
    {"MobileNetV3 large minimalistic",

     mn_v3_large_minimalistic_build,
     mn_v3_channels,
     {16, 24, 40, 80, 112, 160},
     1280,
     VARIANTS(minimalistic_variants),
     1000},
};

const char *const mn_net_family_options[MN_NET_FAMILIES + 1] = {
    "v1", "v2", "v3-small", "v3-large", "v3-small-minimalistic", "v3-large-minimalistic", NULL,
};
