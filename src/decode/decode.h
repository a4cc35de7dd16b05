/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Photos as whole pictures. Pixels are those that Pillow's `ImageOps.exif_transpose(Image.open(f)).convert("RGB")`
 * gives, with the exceptions listed in README.md. */
#ifndef MN_DECODE_DECODE_H
#define MN_DECODE_DECODE_H

#include "decode/codec.h"
#include "mobilenet_image.h"

/** Cap on a photo's file, which is read as a whole. */
#define MN_PHOTO_MAX_FILE ((size_t)1 << 30)

/** Decodes a whole picture, turned for looking at it. Errors: those of mn_image_open(). */
mn_status mn_picture_open(const char *path, const mn_image_options *options, mn_picture *out);

/** As mn_picture_open for a file held in memory; `name` stands for it in error sentences. */
mn_status mn_picture_decode(const void *data, size_t bytes, const char *name, const mn_image_options *options,
                            mn_picture *out);

/** Does `name` end like a photo's, ".jpg" say, in either case? Kinds that are not read count too: whoever looks through
 * a folder for photos then hears of them. */
bool mn_image_is_name(const char *name);

/** A file's bytes to decode, still without rows. */
mn_encoded mn_encoded_make(const void *data, size_t bytes, const char *name, const mn_image_options *options);

/** Decodes it into its rows. */
mn_status mn_decode(const mn_encoded *encoded);

/** The path as sentences have it. */
const char *mn_photo_name(const char *path);

#endif
