/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Resizing, equal byte for byte to Pillow's `Image.resize` of an RGB picture. */
#ifndef MN_IMAGE_RESIZE_H
#define MN_IMAGE_RESIZE_H

#include "image/image.h"

/** Pillow's filters, under its names. */
typedef enum mn_resize_filter {
    MN_RESIZE_NEAREST = 0,
    MN_RESIZE_BOX,
    MN_RESIZE_BILINEAR,
    MN_RESIZE_HAMMING,
    MN_RESIZE_BICUBIC,
    MN_RESIZE_LANCZOS,
} mn_resize_filter;

/** Name in lower case ("bicubic"), static storage; "unknown" outside the list. */
const char *mn_resize_filter_name(mn_resize_filter filter);

/** The filter called `name`. Errors: ARGUMENT, with the list of names. */
mn_status mn_resize_filter_parse(const char *name, mn_resize_filter *out);

/** The part of a picture to resize, in pixels from the top left corner; fractions of a pixel count. */
typedef struct mn_resize_box {
    float left, top, right, bottom;
} mn_resize_box;

/** Makes a `width` x `height` picture from the part `box` of `in` (NULL: all of it). `out` receives a new picture and
 *  must not be `in`. Errors: ARGUMENT (a side below 1; a box that is empty or not inside `in`), LIMIT, MEMORY. */
mn_status mn_resize(const mn_image *in, int32_t width, int32_t height, mn_resize_filter filter,
                    const mn_resize_box *box, mn_image *out);

#endif
