/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which way up a photo is: cameras store what their sensor sees, and say in EXIF how it was held. */
#ifndef MN_IMAGE_TURN_H
#define MN_IMAGE_TURN_H

#include "image/picture.h"

/** The turn that an orientation, as EXIF counts them, asks for; none outside 1..8. */
mn_turn mn_turn_of(int orientation);

/** The size as seen. */
void mn_turn_size(const mn_picture_info *info, int32_t *width, int32_t *height);

/** Puts the stored rows [first, first + count) of a picture like `info`, which lie one behind the other, into `seen`,
 *  which has the size as seen. Several at once are faster where rows become columns. */
void mn_turn_rows(const mn_picture_info *info, int32_t first, int32_t count, const uint8_t *rgb, mn_picture *seen);

#endif
