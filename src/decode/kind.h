/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What kind of file a photo is, by its first bytes: those that are read, and those that people bring. */
#ifndef MN_DECODE_KIND_H
#define MN_DECODE_KIND_H

#include "decode/codec.h"

/** The kinds that are read, for sentences. */
#define MN_IMAGE_KINDS "JPEG, PNG, WebP, BMP, PGM or PPM"

/** The decoder for the file. Errors: FORMAT (an empty file), UNSUPPORTED with the kind's name and what to do. */
mn_status mn_image_find_decoder(const mn_encoded *encoded, mn_status (**out)(const mn_encoded *encoded));

#endif
