/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Stands for jpeg.c, png.c and webp.c where the libraries that decode these kinds are missing. */
#include "image/codec.h"

#include "base/status.h"

static mn_status refuse(const mn_encoded *encoded, const char *kind, const char *library) {
    return mn_fail(MN_ERROR_UNSUPPORTED,
                   "%s: is a %s picture, and this build has no decoder for those; build with %s, or convert it to BMP",
                   encoded->name, kind, library);
}

mn_status mn_jpeg_decode(const mn_encoded *encoded) { return refuse(encoded, "JPEG", "libjpeg"); }
mn_status mn_png_decode(const mn_encoded *encoded) { return refuse(encoded, "PNG", "libpng"); }
mn_status mn_webp_decode(const mn_encoded *encoded) { return refuse(encoded, "WebP", "libwebp"); }
