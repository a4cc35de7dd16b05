/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The rows of an mn_image. */
#ifndef MN_IMAGE_IMAGE_H
#define MN_IMAGE_IMAGE_H

#include "image/picture.h"

/** Size and turn. */
mn_picture_info mn_image_info(const mn_image *image);

/** Hands every stored row to `take`, the top one first. Errors: those of the image's reader, ARGUMENT (it gave more or
 *  fewer rows than it said). */
mn_status mn_image_read(mn_image *image, mn_take_row *take, void *context);

#endif
