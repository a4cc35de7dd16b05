/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the maker of a model says of its pixels and classes. Nothing computes with it; whoever shows photos to a model
 * and names its answers does (pixels.h). Every reader fills what its files say, and leaves the rest unknown. */
#ifndef MN_GRAPH_MEANING_H
#define MN_GRAPH_MEANING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/region.h"
#include "base/status.h"

#define MN_MEANING_CHANNELS 3

/** Which part of a photo the model was trained to see, squeezed to the input's size. */
typedef enum mn_fit {
    MN_FIT_UNKNOWN,
    MN_FIT_EXACT, /* all of it */
    MN_FIT_CROP,  /* the central 87.5 % of each side */
} mn_fit;

/** Names of the classes of one output. */
typedef struct mn_class_names {
    int32_t count; /* 0: unknown */
    const char *const *name;
} mn_class_names;

/** Plain data; all zeros says nothing. Pointers belong to the region of the graph or net that holds it. */
typedef struct mn_meaning {
    /* What the first input takes: (pixel - mean) / deviation for pixels of 0..255, by channel (red, green, blue; three
     * equal ones for gray). Finite, deviations above 0. Known only where `normalised`. */
    bool normalised;
    float mean[MN_MEANING_CHANNELS], deviation[MN_MEANING_CHANNELS];
    mn_fit fit;
    int32_t output_count;          /* of `classes`; outputs beyond have unknown names */
    const mn_class_names *classes; /* [output_count] */
} mn_meaning;

/** Pixels 0 and 255 become `low` and `high` in every channel. */
void mn_meaning_set_range(mn_meaning *meaning, double low, double high);

/** What torchvision and timm train on: mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225 of pixels in 0..1,
 *  and the central 87.5 % of a photo (torchvision's MobileNet_V2_Weights, timm's IMAGENET_DEFAULT_MEAN). */
void mn_meaning_set_imagenet(mn_meaning *meaning);

/** Copies `count` names for the classes of output `output` (0..63) into `region`. Errors: MEMORY. */
mn_status mn_meaning_set_classes(mn_meaning *meaning, mn_region *region, int32_t output, const char *const *names,
                                 int32_t count);

/** A copy whose memory belongs to `region`. Errors: MEMORY. */
mn_status mn_meaning_copy(const mn_meaning *from, mn_region *region, mn_meaning *to);

/** Is anything said? */
bool mn_meaning_known(const mn_meaning *meaning);

#endif
