/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Resizing, equal byte for byte to Pillow's `Image.resize` of an RGB picture. */
#ifndef MN_IMAGE_RESIZE_H
#define MN_IMAGE_RESIZE_H

#include "image/picture.h"

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
mn_status mn_resizer_create(const mn_picture_info *in, int32_t width, int32_t height, mn_resize_filter filter,
                            const mn_resize_box *box, mn_resizer **out);

/** Is `resizer` one for pictures like `in`? */
bool mn_resizer_is_for(const mn_resizer *resizer, const mn_picture_info *in);

/** Makes it ready for another picture, however far it had come with the last one. */
void mn_resizer_restart(mn_resizer *resizer);

/** Takes the next stored row. */
void mn_resizer_row(mn_resizer *resizer, const uint8_t *rgb);

/** After the last row: the result, which stays the resizer's. */
const mn_picture *mn_resizer_result(mn_resizer *resizer);

void mn_resizer_free(mn_resizer **resizer);

/** The same for a picture in memory. `out` receives a new picture and must not be `in`. */
mn_status mn_resize(const mn_picture *in, int32_t width, int32_t height, mn_resize_filter filter,
                    const mn_resize_box *box, mn_picture *out);

#endif
