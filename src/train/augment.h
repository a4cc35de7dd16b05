/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* From a picture to the input of one training step: slim's inception preprocessing. */
#ifndef MN_TRAIN_AUGMENT_H
#define MN_TRAIN_AUGMENT_H

#include "image/resize.h"
#include "net/random.h"

typedef enum mn_colour_change {
    MN_COLOUR_FULL, /* brightness, saturation, hue and contrast, in one of four orders */
    MN_COLOUR_FAST, /* brightness and saturation */
    MN_COLOUR_NONE,
} mn_colour_change;

typedef struct mn_augment {
    double area[2];   /* part of the picture that is kept, 0..1 */
    double aspect[2]; /* width to height of that part */
    bool flip;        /* left and right, half of the time */
    mn_colour_change colour;
} mn_augment;

/** Area 0.05..1, aspect 3/4..4/3, flip, full colour: inception_preprocessing.py. */
void mn_augment_defaults(mn_augment *augment);

/** Cuts, resizes, flips and colours `image` as `random` says into `out` [height][width][3]: pixel * scale + offset.
 *  `augment` NULL: the whole picture, resized as Pillow's bicubic filter does, as when it is classified.
 *  Errors: MEMORY, LIMIT. */
mn_status mn_augment_picture(const mn_augment *augment, const mn_picture *image, mn_random *random, int32_t height,
                             int32_t width, float scale, float offset, float *out);

#endif
