/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What decode.c and the decoders share; private to src/image. */
#ifndef MN_IMAGE_CODEC_H
#define MN_IMAGE_CODEC_H

#include "image/image.h"

/** An encoded picture, and where its rows go. `limits` are already within the built-in caps. */
typedef struct mn_encoded {
    const uint8_t *data;
    size_t bytes;
    const char *name;
    int32_t max_side, max_pixels;
    const mn_rows *rows;
} mn_encoded;

mn_status mn_jpeg_decode(const mn_encoded *encoded);
mn_status mn_png_decode(const mn_encoded *encoded);
mn_status mn_webp_decode(const mn_encoded *encoded);
mn_status mn_bmp_decode(const mn_encoded *encoded);
mn_status mn_pnm_decode(const mn_encoded *encoded);

/** Refuses a size over the limits, before any memory is taken for it. Errors: FORMAT (a side of 0), LIMIT. */
mn_status mn_encoded_check_size(const mn_encoded *encoded, uint32_t width, uint32_t height);

/** The refusal of a picture that takes more than MN_IMAGE_MAX_MEMORY; `kind` as in "progressive JPEG". */
mn_status mn_encoded_too_much(const mn_encoded *encoded, const char *kind, uint32_t width, uint32_t height);

/** Begins the rows of a picture whose size was checked; `orientation` is EXIF's. */
mn_status mn_encoded_begin(const mn_encoded *encoded, uint32_t width, uint32_t height, int orientation);

/** Hands on a picture that had to be decoded as a whole. */
void mn_encoded_rows(const mn_encoded *encoded, const mn_image *whole);

#endif
