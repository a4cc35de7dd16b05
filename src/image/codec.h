/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What decode.c and the two decoders share; private to src/image. */
#ifndef MN_IMAGE_CODEC_H
#define MN_IMAGE_CODEC_H

#include "image/image.h"

/** An encoded picture. `limits` are already within the built-in caps. */
typedef struct mn_encoded {
    const uint8_t *data;
    size_t bytes;
    const char *name;
    mn_image_limits limits;
} mn_encoded;

mn_status mn_jpeg_decode(const mn_encoded *encoded, mn_image *out);
mn_status mn_png_decode(const mn_encoded *encoded, mn_image *out);

/** Refuses a size over the limits, before any memory is taken for it. Errors: FORMAT (a side of 0), LIMIT. */
mn_status mn_encoded_check_size(const mn_encoded *encoded, uint32_t width, uint32_t height);

#endif
