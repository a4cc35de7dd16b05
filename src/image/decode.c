/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/map.h"
#include "base/status.h"
#include "image/codec.h"

typedef struct signature {
    const char *bytes;
    size_t length;
    size_t offset;
    const char *name;
    mn_status (*decode)(const mn_encoded *encoded, mn_image *out); /* NULL: known, but not read here */
} signature;

/* First bytes of each kind of file. JPEG: ITU-T T.81 B.1.1.3 (SOI, then another marker). PNG: specification 5.2. */
static const signature signatures[] = {
    {"\xff\xd8\xff", 3, 0, "JPEG", mn_jpeg_decode},
    {"\x89PNG\r\n\x1a\n", 8, 0, "PNG", mn_png_decode},
    {"GIF8", 4, 0, "GIF", NULL},
    {"BM", 2, 0, "BMP", NULL},
    {"WEBP", 4, 8, "WebP", NULL},
    {"II*\0", 4, 0, "TIFF", NULL},
    {"MM\0*", 4, 0, "TIFF", NULL},
    {"ftyp", 4, 4, "HEIF or AVIF", NULL},
};

static const signature *find_signature(const mn_encoded *encoded) {
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        const signature *s = &signatures[i];
        if (encoded->bytes >= s->offset + s->length && memcmp(encoded->data + s->offset, s->bytes, s->length) == 0)
            return s;
    }
    return NULL;
}

mn_status mn_image_decode(const void *data, size_t bytes, const char *name, const mn_image_limits *limits,
                          mn_image *out) {
    mn_encoded encoded = {data, bytes, name, {MN_IMAGE_MAX_SIDE, MN_IMAGE_MAX_PIXELS}};
    if (limits) {
        encoded.limits.max_side = mn_min_i32(limits->max_side, MN_IMAGE_MAX_SIDE);
        encoded.limits.max_pixels = mn_min_i32(limits->max_pixels, MN_IMAGE_MAX_PIXELS);
    }
    const signature *kind = find_signature(&encoded);
    if (!kind)
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: does not begin like a JPEG or PNG file; give a JPEG or PNG", name);
    if (!kind->decode)
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: is a %s file; convert it to JPEG or PNG", name, kind->name);
    mn_image image = {0};
    MN_TRY(kind->decode(&encoded, &image));
    *out = image;
    return MN_OK;
}

mn_status mn_image_open(const char *path, mn_image *out) {
    mn_map map;
    MN_TRY(mn_map_open(path, &map));
    mn_status status = mn_image_decode(map.data, map.bytes, path, NULL, out);
    mn_map_close(&map);
    return status;
}

mn_status mn_encoded_check_size(const mn_encoded *encoded, uint32_t width, uint32_t height) {
    if (width == 0 || height == 0)
        return mn_fail(MN_ERROR_FORMAT, "%s: the header gives a size of %ux%u; save the picture again", encoded->name,
                       (unsigned)width, (unsigned)height);
    int32_t side = encoded->limits.max_side, pixels = encoded->limits.max_pixels;
    if ((int64_t)width > side || (int64_t)height > side || (uint64_t)width * height > (uint64_t)pixels)
        return mn_fail(MN_ERROR_LIMIT,
                       "%s: is %ux%u, over the limit of %d pixels a side and %d in all; scale the picture down first",
                       encoded->name, (unsigned)width, (unsigned)height, side, pixels);
    return MN_OK;
}

mn_status mn_image_create(int32_t width, int32_t height, mn_image *out) {
    if (width < 1 || height < 1)
        return mn_fail(MN_ERROR_ARGUMENT, "a picture of %dx%d was asked for; each side must be at least 1", width,
                       height);
    if (width > MN_IMAGE_MAX_SIDE || height > MN_IMAGE_MAX_SIDE || (int64_t)width * height > MN_IMAGE_MAX_PIXELS)
        return mn_fail(MN_ERROR_LIMIT,
                       "a picture of %dx%d was asked for, over the limit of %d pixels a side and %d in all; "
                       "ask for a smaller one",
                       width, height, MN_IMAGE_MAX_SIDE, MN_IMAGE_MAX_PIXELS);
    uint8_t *pixels = malloc((size_t)width * (size_t)height * MN_IMAGE_CHANNELS);
    if (!pixels) return mn_fail_memory("a picture");
    *out = (mn_image){width, height, pixels};
    return MN_OK;
}

void mn_image_free(mn_image *image) {
    free(image->pixels);
    *image = (mn_image){0};
}
