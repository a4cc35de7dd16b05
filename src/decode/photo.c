/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A photo's file as an image: read once, decoded each time when it is shown. This file calls what libmobilenet exports
 * and what base/ has, since it is part of a library of its own. */

#include <stdlib.h>
#include <string.h>

#include "base/argument.h"
#include "base/map.h"
#include "decode/decode.h"

/* As MN_STRUCT_LIST has them for libmobilenet. */
static const mn_struct mn_image_options_struct = {"mn_image_options", (uint32_t)MN_UP_TO(mn_image_options, as_stored),
                                                  (uint32_t)sizeof(mn_image_options)};

typedef struct photo {
    mn_map map; /* empty where the caller owns the bytes */
    mn_encoded encoded;
    char name[]; /* its end included */
} photo;

static void close_photo(void *self) {
    photo *p = self;
    mn_map_close(&p->map);
    free(p);
}

/* ---- Its rows ---------------------------------------------------------------------------------------- */

typedef struct handing {
    mn_take_row *take;
    void *context;
} handing;

static mn_status begin_rows(void *self, int32_t width, int32_t height, int32_t orientation) {
    (void)self, (void)width, (void)height, (void)orientation; /* the header said it before */
    return MN_OK;
}

static void hand_row(void *self, const uint8_t *rgb) {
    const handing *h = self;
    h->take(h->context, rgb);
}

static mn_status read_photo(void *self, mn_take_row *take, void *context) {
    const photo *p = self;
    handing h = {take, context};
    const mn_rows rows = {&h, begin_rows, hand_row};
    mn_encoded encoded = p->encoded;
    encoded.rows = &rows;
    return mn_decode(&encoded);
}

/* ---- Its header -------------------------------------------------------------------------------------- */

typedef struct header {
    bool known;
    int32_t width, height, orientation;
} header;

/* Ends the decoding, which has told all that is wanted. */
static mn_status note_header(void *self, int32_t width, int32_t height, int32_t orientation) {
    *(header *)self = (header){true, width, height, orientation};
    return MN_ERROR_ARGUMENT;
}

static mn_status read_header(const photo *p, header *out) {
    const mn_rows rows = {out, note_header, NULL};
    mn_encoded encoded = p->encoded;
    encoded.rows = &rows;
    mn_status status = mn_decode(&encoded);
    return out->known ? MN_OK : status;
}

/* ---- Opening ----------------------------------------------------------------------------------------- */

/* Takes over `map`, unless it fails. */
static mn_status open_photo(mn_map map, const void *data, size_t bytes, const char *name,
                            const mn_image_options *options, mn_image **out) {
    const size_t length = strlen(name) + 1;
    header found = {.known = false};
    photo *p = calloc(1, sizeof *p + length);
    if (!p) return mn_fail_memory("a photo");
    memcpy(p->name, name, length);
    p->encoded = mn_encoded_make(data, bytes, p->name, options);
    mn_status status = read_header(p, &found);
    if (status == MN_OK) {
        p->map = map;
        const mn_image_reader reader = {.struct_bytes = (uint32_t)sizeof reader,
                                        .width = found.width,
                                        .height = found.height,
                                        .orientation = found.orientation,
                                        .self = p,
                                        .read = read_photo,
                                        .close = close_photo};
        status = mn_image_from_reader(&reader, out);
    }
    if (status != MN_OK) free(p);
    return status;
}

mn_status mn_image_open(const char *path, const mn_image_options *given, mn_image **out) {
    mn_image_options options;
    mn_map map;
    MN_NEED(path);
    MN_NEED(out);
    MN_TRY(mn_struct_read(&mn_image_options_struct, given, &options));
    MN_TRY(mn_map_read(path, MN_PHOTO_MAX_FILE, &map));
    mn_status status = open_photo(map, map.data, map.bytes, mn_photo_name(path), &options, out);
    if (status != MN_OK) mn_map_close(&map);
    return status;
}

mn_status mn_image_from_memory(const void *data, size_t bytes, const char *name, const mn_image_options *given,
                               mn_image **out) {
    mn_image_options options;
    MN_NEED(data);
    MN_NEED(name);
    MN_NEED(out);
    MN_TRY(mn_struct_read(&mn_image_options_struct, given, &options));
    return open_photo((mn_map){0}, data, bytes, name, &options, out);
}
