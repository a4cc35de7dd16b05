/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pictures as plain data: whole in memory, or as rows on their way. */
#ifndef MN_IMAGE_PICTURE_H
#define MN_IMAGE_PICTURE_H

#include "mobilenet_classify.h"

/** Caps on every picture, decoded or resized: a larger one is refused before memory is taken for it. */
#define MN_PICTURE_MAX_SIDE 65500
#define MN_PICTURE_MAX_PIXELS 220000000

/** Bytes of one pixel: red, green, blue. */
#define MN_PICTURE_CHANNELS 3

/** A picture; start with `mn_picture picture = {0};`. Owns `pixels`. */
typedef struct mn_picture {
    int32_t width;
    int32_t height;
    uint8_t *pixels; /* [height][width][3], no padding; NULL when there is no picture */
} mn_picture;

/** How a stored picture is to be turned for looking at it: either axis of the file may run backwards, and then both
 *  may change places. {0} leaves it as it is. */
typedef struct mn_turn {
    bool backward_x, backward_y, transposed;
} mn_turn;

/** A picture as it is stored. */
typedef struct mn_picture_info {
    int32_t width, height;
    mn_turn turn;
} mn_picture_info;

/** A picture with uninitialised pixels. Errors: ARGUMENT (a side below 1), LIMIT, MEMORY. */
mn_status mn_picture_create(int32_t width, int32_t height, mn_picture *out);

/** The errors of mn_picture_create, without the picture. */
mn_status mn_picture_check_size(int32_t width, int32_t height);

/** Frees the pixels and empties `picture`; an empty one is allowed. */
void mn_picture_free(mn_picture *picture);

/** Rows that become a picture as seen, some at a time: a column of it is spread over all of its memory. Start with
 *  `mn_collector c = {.info = ..., .seen = ...};`, `seen` having pixels of the size as seen. */
typedef struct mn_collector {
    mn_picture_info info;
    mn_picture *seen;
    int32_t y, kept; /* rows that are in the picture, and behind them in `rows` */
    uint8_t *rows;
} mn_collector;

/** Begin, every row from the top, and free in any case. Errors: MEMORY. */
mn_status mn_collector_begin(mn_collector *collector);
void mn_collector_row(mn_collector *collector, const uint8_t *rgb);
void mn_collector_free(mn_collector *collector);

#endif
