/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Pictures: decode a photo into 8-bit RGB, row by row or as a whole. Pixels are those that Pillow's
 * `ImageOps.exif_transpose(Image.open(f)).convert("RGB")` gives, with the exceptions listed in README.md. */
#ifndef MN_IMAGE_IMAGE_H
#define MN_IMAGE_IMAGE_H

#include "mobilenet.h"

/** Caps on every picture, decoded or resized: a larger one is refused before memory is taken for it. */
#define MN_IMAGE_MAX_SIDE 65500
#define MN_IMAGE_MAX_PIXELS 220000000

/** Cap on what one decoder may hold of a picture, where it cannot give rows as they come. All of the pixels fit. */
#define MN_IMAGE_MAX_MEMORY ((size_t)640 << 20)

/** Cap on a photo's file, which is read as a whole. */
#define MN_IMAGE_MAX_FILE ((size_t)1 << 30)

/** Bytes of one pixel: red, green, blue. */
#define MN_IMAGE_CHANNELS 3

/** A picture; start with `mn_image image = {0};`. Owns `pixels`. */
typedef struct mn_image {
    int32_t width;
    int32_t height;
    uint8_t *pixels; /* [height][width][3], no padding; NULL when there is no picture */
} mn_image;

/** How a stored picture is to be turned for looking at it: either axis of the file may run backwards, and then both
 *  may change places. {0} leaves it as it is. */
typedef struct mn_turn {
    bool backward_x, backward_y, transposed;
} mn_turn;

/** A picture as it is stored. */
typedef struct mn_image_info {
    int32_t width, height;
    mn_turn turn;
} mn_image_info;

/** Takes a picture as it is decoded: `begin` once, then `row` for each stored row from the top, `width` pixels of
 *  three bytes that last for the call. A failure of `begin` ends the decoding. */
typedef struct mn_rows {
    void *self;
    mn_status (*begin)(void *self, const mn_image_info *info);
    void (*row)(void *self, const uint8_t *rgb);
} mn_rows;

/** How to decode; NULL and zeros mean the defaults. */
typedef struct mn_image_options {
    int32_t max_side, max_pixels; /* lower caps than the built-in ones (more is not granted); 0: the built-in ones */
    bool as_stored;               /* do not turn the picture as its EXIF data says */
} mn_image_options;

/** Decodes the photo in the file at `path` ("-": standard input; a pipe will do) into `rows`; the contents decide what
 * kind it is, not the name. Errors: IO, MEMORY, FORMAT (damaged or cut short), UNSUPPORTED (another kind of file),
 * LIMIT; those of `begin`. */
mn_status mn_image_read(const char *path, const mn_rows *rows);

/** Decodes a whole picture, turned for looking at it. Errors: as above. */
mn_status mn_image_open(const char *path, const mn_image_options *options, mn_image *out);

/** As mn_image_open for a file held in memory; `name` stands for it in error sentences. */
mn_status mn_image_decode(const void *data, size_t bytes, const char *name, const mn_image_options *options,
                          mn_image *out);

/** Does `name` end like a photo's, ".jpg" say, in either case? Kinds that are not read count too: whoever looks through
 * a folder for photos then hears of them. */
bool mn_image_is_name(const char *name);

/** A picture with uninitialised pixels. Errors: ARGUMENT (a side below 1), LIMIT, MEMORY. */
mn_status mn_image_create(int32_t width, int32_t height, mn_image *out);

/** Frees the pixels and empties `image`; an empty one is allowed. */
void mn_image_free(mn_image *image);

#endif
