/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pictures in memory: decode JPEG and PNG into 8-bit RGB. Pixels are those that Pillow's
 * `Image.open(f).convert("RGB")` gives, with the exceptions listed in README.md. */
#ifndef MN_IMAGE_IMAGE_H
#define MN_IMAGE_IMAGE_H

#include "mobilenet.h"

/** Caps on every picture, decoded or resized: a larger one is refused before memory is taken for it. */
#define MN_IMAGE_MAX_SIDE 16384
#define MN_IMAGE_MAX_PIXELS (64 * 1024 * 1024)

/** Bytes of one pixel: red, green, blue. */
#define MN_IMAGE_CHANNELS 3

/** A picture; start with `mn_image image = {0};`. Owns `pixels`. */
typedef struct mn_image {
    int32_t width;
    int32_t height;
    uint8_t *pixels; /* [height][width][3], no padding; NULL when there is no picture */
} mn_image;

/** Caps for one decode, for callers that want less than the built-in ones (more is not granted). */
typedef struct mn_image_limits {
    int32_t max_side;
    int32_t max_pixels;
} mn_image_limits;

/** Decodes the JPEG or PNG file at `path`; the contents decide which, not the name.
 *  Errors: IO, MEMORY, FORMAT (damaged or cut short), UNSUPPORTED (another kind of file), LIMIT. */
mn_status mn_image_open(const char *path, mn_image *out);

/** As mn_image_open for a file held in memory; `name` stands for it in error sentences.
 *  `limits` NULL means the built-in caps. */
mn_status mn_image_decode(const void *data, size_t bytes, const char *name, const mn_image_limits *limits,
                          mn_image *out);

/** A picture with uninitialised pixels. Errors: ARGUMENT (a side below 1), LIMIT, MEMORY. */
mn_status mn_image_create(int32_t width, int32_t height, mn_image *out);

/** Frees the pixels and empties `image`; an empty one is allowed. */
void mn_image_free(mn_image *image);

#endif
