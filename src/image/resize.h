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

/** A resize of a picture that comes row by row, as stored; its result is the same as that of the whole picture turned
 *  and then resized. Besides the result it holds a few rows of sums, and never the picture. */
typedef struct mn_resizer mn_resizer;

/** For making a `width` x `height` picture from the part `box` (NULL: all) of the picture `in` as seen, after its turn.
 *  Errors: ARGUMENT (a side below 1; a box that is empty or not inside the picture), LIMIT, MEMORY. */
mn_status mn_resizer_create(const mn_image_info *in, int32_t width, int32_t height, mn_resize_filter filter,
                            const mn_resize_box *box, mn_resizer **out);

/** Takes the next stored row. */
void mn_resizer_row(mn_resizer *resizer, const uint8_t *rgb);

/** After the last row: the result, which stays the resizer's. */
const mn_image *mn_resizer_result(mn_resizer *resizer);

void mn_resizer_free(mn_resizer **resizer);

/** The same for a picture in memory. `out` receives a new picture and must not be `in`. */
mn_status mn_resize(const mn_image *in, int32_t width, int32_t height, mn_resize_filter filter,
                    const mn_resize_box *box, mn_image *out);

#endif
