/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/map.h"
#include "base/status.h"
#include "image/kind.h"
#include "image/turn.h"

static mn_status decode(const mn_encoded *encoded) {
    mn_status (*decoder)(const mn_encoded *encoded) = NULL;
    MN_TRY(mn_image_find_decoder(encoded, &decoder));
    mn_status status = decoder(encoded);
    return status == MN_ERROR_MEMORY ? mn_fail_prefix(status, encoded->name) : status;
}

/* The path as sentences have it. */
static const char *name_of(const char *path) { return strcmp(path, "-") == 0 ? "standard input" : path; }

mn_status mn_image_read(const char *path, const mn_rows *rows) {
    mn_map map;
    MN_TRY(mn_map_read(path, MN_IMAGE_MAX_FILE, &map));
    mn_status status =
        decode(&(mn_encoded){map.data, map.bytes, name_of(path), MN_IMAGE_MAX_SIDE, MN_IMAGE_MAX_PIXELS, rows});
    mn_map_close(&map);
    return status;
}

/* ---- Whole pictures ---------------------------------------------------------------------------------- */

/* Rows that become a picture, some at a time: a column of it is spread over all of its memory. */
enum { ROWS = 16 };
typedef struct collecting {
    const mn_image_options *options;
    mn_image_info info;
    int32_t y, kept; /* rows that are in the picture, and behind them in `rows` */
    uint8_t *rows;   /* [ROWS][width][3] */
    mn_image image;
} collecting;

static mn_status collect_begin(void *self, const mn_image_info *info) {
    collecting *c = self;
    int32_t width, height;
    c->info = *info;
    if (c->options->as_stored) c->info.turn = (mn_turn){0};
    mn_turn_size(&c->info, &width, &height);
    c->rows = malloc((size_t)info->width * MN_IMAGE_CHANNELS * ROWS);
    if (!c->rows) return mn_fail_memory("the rows of a picture");
    return mn_image_create(width, height, &c->image);
}

static void collect_row(void *self, const uint8_t *rgb) {
    collecting *c = self;
    size_t stride = (size_t)c->info.width * MN_IMAGE_CHANNELS;
    memcpy(c->rows + (size_t)c->kept++ * stride, rgb, stride);
    if (c->kept < ROWS && c->y + c->kept < c->info.height) return;
    mn_turn_rows(&c->info, c->y, c->kept, c->rows, &c->image);
    c->y += c->kept;
    c->kept = 0;
}

static int32_t lower(int32_t wanted, int32_t cap) { return wanted > 0 && wanted < cap ? wanted : cap; }

mn_status mn_image_decode(const void *data, size_t bytes, const char *name, const mn_image_options *options,
                          mn_image *out) {
    static const mn_image_options defaults = {0};
    if (!options) options = &defaults;
    collecting c = {.options = options};
    const mn_rows rows = {&c, collect_begin, collect_row};
    mn_status status = decode(&(mn_encoded){data, bytes, name, lower(options->max_side, MN_IMAGE_MAX_SIDE),
                                            lower(options->max_pixels, MN_IMAGE_MAX_PIXELS), &rows});
    free(c.rows);
    if (status == MN_OK)
        *out = c.image;
    else
        mn_image_free(&c.image);
    return status;
}

mn_status mn_image_open(const char *path, const mn_image_options *options, mn_image *out) {
    mn_map map;
    MN_TRY(mn_map_read(path, MN_IMAGE_MAX_FILE, &map));
    mn_status status = mn_image_decode(map.data, map.bytes, name_of(path), options, out);
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
                       "%s: is %ux%u, over the limit of %d pixels a side and %d in all; scale the picture down first",
                       encoded->name, (unsigned)width, (unsigned)height, side, pixels);
    return MN_OK;
}

mn_status mn_encoded_begin(const mn_encoded *encoded, uint32_t width, uint32_t height, int orientation) {
    const mn_image_info info = {(int32_t)width, (int32_t)height, mn_turn_of(orientation)};
    return encoded->rows->begin(encoded->rows->self, &info);
}

mn_status mn_encoded_too_much(const mn_encoded *encoded, const char *kind, uint32_t width, uint32_t height) {
    return mn_fail(
        MN_ERROR_LIMIT,
        "%s: decoding this %s of %ux%u takes more than the %zu MiB that one photo may; scale it down first, or "
        "save it as a baseline JPEG",
        encoded->name, kind, (unsigned)width, (unsigned)height, MN_IMAGE_MAX_MEMORY >> 20);
}

void mn_encoded_rows(const mn_encoded *encoded, const mn_image *whole) {
    size_t stride = (size_t)whole->width * MN_IMAGE_CHANNELS;
    for (int32_t y = 0; y < whole->height; y++)
        encoded->rows->row(encoded->rows->self, whole->pixels + (size_t)y * stride);
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
