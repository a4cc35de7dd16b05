/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "decode/decode.h"

#include <string.h>

#include "base/map.h"
#include "base/status.h"
#include "decode/kind.h"
#include "image/turn.h"

mn_status mn_decode(const mn_encoded *encoded) {
    mn_status (*decoder)(const mn_encoded *encoded) = NULL;
    MN_TRY(mn_image_find_decoder(encoded, &decoder));
    mn_status status = decoder(encoded);
    return status == MN_ERROR_MEMORY ? mn_fail_prefix(status, encoded->name) : status;
}

static int32_t lower(int32_t wanted, int32_t cap) { return wanted > 0 && wanted < cap ? wanted : cap; }

mn_encoded mn_encoded_make(const void *data, size_t bytes, const char *name, const mn_image_options *options) {
    return (mn_encoded){.data = data,
                        .bytes = bytes,
                        .name = name,
                        .max_side = lower(options->max_side, MN_PICTURE_MAX_SIDE),
                        .max_pixels = lower(options->max_pixels, MN_PICTURE_MAX_PIXELS),
                        .as_stored = options->as_stored};
}

const char *mn_photo_name(const char *path) { return strcmp(path, "-") == 0 ? "standard input" : path; }

/* ---- Whole pictures ---------------------------------------------------------------------------------- */

typedef struct whole {
    mn_collector collector;
    mn_picture picture;
} whole;

static mn_status begin_whole(void *self, int32_t width, int32_t height, int32_t orientation) {
    whole *w = self;
    int32_t seen_width, seen_height;
    w->collector = (mn_collector){.info = {width, height, mn_turn_of(orientation)}, .seen = &w->picture};
    MN_TRY(mn_collector_begin(&w->collector));
    mn_turn_size(&w->collector.info, &seen_width, &seen_height);
    return mn_picture_create(seen_width, seen_height, &w->picture);
}

static void row_of_whole(void *self, const uint8_t *rgb) { mn_collector_row(&((whole *)self)->collector, rgb); }

mn_status mn_picture_decode(const void *data, size_t bytes, const char *name, const mn_image_options *options,
                            mn_picture *out) {
    static const mn_image_options defaults = {0};
    whole w = {.picture = {0}};
    const mn_rows rows = {&w, begin_whole, row_of_whole};
    mn_encoded encoded = mn_encoded_make(data, bytes, name, options ? options : &defaults);
    encoded.rows = &rows;
    mn_status status = mn_decode(&encoded);
    mn_collector_free(&w.collector);
    if (status == MN_OK)
        *out = w.picture;
    else
        mn_picture_free(&w.picture);
    return status;
}

mn_status mn_picture_open(const char *path, const mn_image_options *options, mn_picture *out) {
    mn_map map;
    MN_TRY(mn_map_read(path, MN_PHOTO_MAX_FILE, &map));
    mn_status status = mn_picture_decode(map.data, map.bytes, mn_photo_name(path), options, out);
    mn_map_close(&map);
    return status;
}

/* ---- For the decoders -------------------------------------------------------------------------------- */

mn_status mn_encoded_check_size(const mn_encoded *encoded, uint32_t width, uint32_t height) {
    if (width == 0 || height == 0)
        return mn_fail(MN_ERROR_FORMAT, "%s: the header gives a size of %ux%u; save the picture again", encoded->name,
                       (unsigned)width, (unsigned)height);
    int32_t side = encoded->max_side, pixels = encoded->max_pixels;
    if ((int64_t)width > side || (int64_t)height > side || (uint64_t)width * height > (uint64_t)pixels)
        return mn_fail(MN_ERROR_LIMIT,
                       "%s: is %ux%u, over the limit of %d pixels per side and %d in all; scale the picture down first",
                       encoded->name, (unsigned)width, (unsigned)height, side, pixels);
    return MN_OK;
}

mn_status mn_encoded_begin(const mn_encoded *encoded, uint32_t width, uint32_t height, int orientation) {
    return encoded->rows->begin(encoded->rows->self, (int32_t)width, (int32_t)height,
                                encoded->as_stored ? 0 : orientation);
}

mn_status mn_encoded_too_much(const mn_encoded *encoded, const char *kind, uint32_t width, uint32_t height) {
    return mn_fail(
        MN_ERROR_LIMIT,
        "%s: decoding this %s of %ux%u takes more than the %zu MiB that one photo may; scale it down first, or "
        "save it as a baseline JPEG",
        encoded->name, kind, (unsigned)width, (unsigned)height, MN_PICTURE_MAX_MEMORY >> 20);
}

void mn_encoded_rows(const mn_encoded *encoded, const mn_picture *picture) {
    size_t stride = (size_t)picture->width * MN_PICTURE_CHANNELS;
    for (int32_t y = 0; y < picture->height; y++)
        encoded->rows->row(encoded->rows->self, picture->pixels + (size_t)y * stride);
}
