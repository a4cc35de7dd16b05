/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What photo.c and the decoders share; private to src/decode. */
#ifndef MN_DECODE_CODEC_H
#define MN_DECODE_CODEC_H

#include "image/picture.h"

/** Cap on what one decoder may hold of a picture, where it cannot give rows as they come. All of the pixels fit. */
#define MN_PICTURE_MAX_MEMORY ((size_t)640 << 20)

/** Takes a picture as it is decoded: `begin` once, then `row` for each stored row from the top, `width` pixels of
 *  three bytes that last for the call. A failure of `begin` ends the decoding. `orientation` is EXIF's, 1..8, or 0. */
typedef struct mn_rows {
    void *self;
    mn_status (*begin)(void *self, int32_t width, int32_t height, int32_t orientation);
    void (*row)(void *self, const uint8_t *rgb);
} mn_rows;

/** An encoded picture, and where its rows go. The limits are within the built-in caps. */
typedef struct mn_encoded {
    const uint8_t *data;
    size_t bytes;
    const char *name;
    int32_t max_side, max_pixels;
    bool as_stored; /* its orientation does not count */
    const mn_rows *rows;
} mn_encoded;

mn_status mn_jpeg_decode(const mn_encoded *encoded);
mn_status mn_png_decode(const mn_encoded *encoded);
mn_status mn_webp_decode(const mn_encoded *encoded);
mn_status mn_bmp_decode(const mn_encoded *encoded);
mn_status mn_pnm_decode(const mn_encoded *encoded);

/** Refuses a size over the limits, before any memory is taken for it. Errors: FORMAT (a side of 0), LIMIT. */
mn_status mn_encoded_check_size(const mn_encoded *encoded, uint32_t width, uint32_t height);

/** The refusal of a picture that takes more than MN_PICTURE_MAX_MEMORY; `kind` as in "progressive JPEG". */
mn_status mn_encoded_too_much(const mn_encoded *encoded, const char *kind, uint32_t width, uint32_t height);

/** Begins the rows of a picture whose size was checked; `orientation` is EXIF's. */
mn_status mn_encoded_begin(const mn_encoded *encoded, uint32_t width, uint32_t height, int orientation);

/** Hands on a picture that had to be decoded as a whole. */
void mn_encoded_rows(const mn_encoded *encoded, const mn_picture *picture);

#endif
