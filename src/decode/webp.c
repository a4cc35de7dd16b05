/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* WebP by libwebp. The container is walked here (RFC 9649, section 2), which needs no second library: it tells the
 * first frame of an animation, EXIF data, and the chunk of pixels without the one of alpha, which is dropped as
 * Pillow's convert("RGB") does. */

#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>

#include "base/status.h"
#include "decode/codec.h"
#include "decode/exif.h"

typedef struct part {
    const uint8_t *data;
    size_t bytes;
} part;

/* What the container says. */
typedef struct container {
    part pixels; /* the chunk "VP8 " or "VP8L" of the picture, or of the first frame, with its header */
    part exif, xmp;
    bool extended, animated, has_exif, has_xmp;
    uint32_t width, height; /* of an extended file's canvas */
    uint32_t x, y;          /* of the first frame on it */
} container;

enum { HEADER = 8, FRAME_HEADER = 16, CANVAS = 10, HAS_EXIF = 0x08, HAS_XMP = 0x04, IS_ANIMATED = 0x02 };

static uint32_t read_number(const uint8_t *at, int size) {
    uint32_t value = 0;
    for (int i = 0; i < size; i++) value |= (uint32_t)at[i] << 8 * i;
    return value;
}

static bool is(const part *chunk, const char *name) { return memcmp(chunk->data, name, 4) == 0; }

/* Takes the next chunk, header and all, off `rest`. False at the end, and for one that goes beyond it. */
static bool take_chunk(part *rest, part *chunk) {
    if (rest->bytes < HEADER) return false;
    size_t bytes = read_number(rest->data + 4, 4);
    if (bytes > rest->bytes - HEADER) return false;
    *chunk = (part){rest->data, bytes + HEADER};
    size_t used = chunk->bytes + (bytes & 1 && chunk->bytes < rest->bytes); /* to an even number */
    *rest = (part){rest->data + used, rest->bytes - used};
    return true;
}

static bool is_pixels(const part *chunk) { return is(chunk, "VP8 ") || is(chunk, "VP8L"); }

/* The pixels of an animation's frame. */
static void read_frame(const part *frame, container *c) {
    const uint8_t *at = frame->data + HEADER;
    if (frame->bytes < HEADER + FRAME_HEADER) return;
    c->x = 2 * read_number(at, 3);
    c->y = 2 * read_number(at + 3, 3);
    part rest = {at + FRAME_HEADER, frame->bytes - HEADER - FRAME_HEADER}, chunk;
    while (!c->pixels.data && take_chunk(&rest, &chunk))
        if (is_pixels(&chunk)) c->pixels = chunk;
}

static mn_status cut_short(const mn_encoded *encoded) {
    return mn_fail(MN_ERROR_FORMAT, "%s: the WebP file is cut short or damaged; fetch or save the picture again",
                   encoded->name);
}

/* VP8X: flags, and the size of the canvas less one. It is the first chunk of an extended file. */
static void read_extended(const part *chunk, container *c) {
    const uint8_t *at = chunk->data + HEADER;
    c->extended = true;
    c->animated = (at[0] & IS_ANIMATED) != 0;
    c->has_exif = (at[0] & HAS_EXIF) != 0;
    c->has_xmp = (at[0] & HAS_XMP) != 0;
    c->width = read_number(at + 4, 3) + 1;
    c->height = read_number(at + 7, 3) + 1;
}

static mn_status read_container(const mn_encoded *encoded, container *c) {
    enum { RIFF_HEADER = 12 };
    size_t bytes = read_number(encoded->data + 4, 4);
    if (bytes < 4 || bytes > encoded->bytes - HEADER) return cut_short(encoded);
    part rest = {encoded->data + RIFF_HEADER, bytes - 4}, chunk;
    for (bool first = true; take_chunk(&rest, &chunk); first = false) {
        if (first && is(&chunk, "VP8X") && chunk.bytes >= HEADER + CANVAS)
            read_extended(&chunk, c);
        else if (!c->pixels.data && !c->animated && is_pixels(&chunk))
            c->pixels = chunk;
        else if (!c->pixels.data && c->animated && is(&chunk, "ANMF"))
            read_frame(&chunk, c);
        else if (c->has_exif && !c->exif.data && is(&chunk, "EXIF"))
            c->exif = (part){chunk.data + HEADER, chunk.bytes - HEADER};
        else if (c->has_xmp && !c->xmp.data && is(&chunk, "XMP "))
            c->xmp = (part){chunk.data + HEADER, chunk.bytes - HEADER};
    }
    return c->pixels.data && rest.bytes == 0 ? MN_OK : cut_short(encoded);
}

/* The size of the pixels, which must fill the canvas, or lie on it when they are a frame. */
static mn_status check_sizes(const mn_encoded *encoded, container *c, WebPBitstreamFeatures *f) {
    VP8StatusCode code = WebPGetFeatures(c->pixels.data, c->pixels.bytes, f);
    if (code == VP8_STATUS_OUT_OF_MEMORY) return mn_fail_memory("a WebP picture");
    if (code != VP8_STATUS_OK || f->width < 1 || f->height < 1) return cut_short(encoded);
    uint32_t width = (uint32_t)f->width, height = (uint32_t)f->height;
    if (!c->extended) c->width = width, c->height = height;
    bool fills = width == c->width && height == c->height;
    bool lies = width <= c->width && c->x <= c->width - width && height <= c->height && c->y <= c->height - height;
    if (c->animated ? !lies : !fills) return cut_short(encoded);
    MN_TRY(mn_encoded_check_size(encoded, c->width, c->height));
    /* libwebp decodes lossless pictures to four bytes a pixel, of which ours are made. */
    bool lossless = is(&c->pixels, "VP8L");
    uint64_t bytes =
        (uint64_t)c->width * c->height * MN_PICTURE_CHANNELS + (lossless ? (uint64_t)width * height * 4 : 0);
    return bytes <= MN_PICTURE_MAX_MEMORY ? MN_OK : mn_encoded_too_much(encoded, "WebP", c->width, c->height);
}

/* libwebp calls it damage when a lossless picture finds no memory, so what it needs is asked for once more. */
static bool is_memory_short(const mn_picture *canvas) {
    const size_t more = (size_t)1 << 20; /* tables and caches */
    void *room = malloc((size_t)canvas->width * (size_t)canvas->height * 4 + more);
    free(room);
    return room == NULL;
}

static mn_status decode_pixels(const mn_encoded *encoded, const container *c, mn_picture *canvas) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: libwebp has another version on this machine than this program was built with; install that "
                       "version, or convert the photo to JPEG",
                       encoded->name);
    size_t stride = (size_t)canvas->width * MN_PICTURE_CHANNELS,
           offset = c->y * stride + (size_t)c->x * MN_PICTURE_CHANNELS;
    size_t bytes = stride * (size_t)canvas->height;
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA =
        (WebPRGBABuffer){.rgba = canvas->pixels + offset, .stride = (int)stride, .size = bytes - offset};
    VP8StatusCode code = WebPDecode(c->pixels.data, c->pixels.bytes, &config);
    WebPFreeDecBuffer(&config.output);
    if (code == VP8_STATUS_OUT_OF_MEMORY) return mn_fail_memory("a WebP picture");
    if (code == VP8_STATUS_OK) return MN_OK;
    if (is(&c->pixels, "VP8L") && is_memory_short(canvas)) return mn_fail_memory("a WebP picture");
    return mn_fail(MN_ERROR_FORMAT, "%s: the WebP data is damaged; fetch or save the picture again", encoded->name);
}

mn_status mn_webp_decode(const mn_encoded *encoded) {
    container c = {.extended = false};
    WebPBitstreamFeatures features;
    mn_picture canvas = {0};
    MN_TRY(read_container(encoded, &c));
    MN_TRY(check_sizes(encoded, &c, &features));
    int orientation = c.exif.data ? mn_exif_orientation(c.exif.data, c.exif.bytes) : 0;
    if (orientation == 0 && c.xmp.data) orientation = mn_xmp_orientation(c.xmp.data, c.xmp.bytes);
    MN_TRY(mn_encoded_begin(encoded, c.width, c.height, orientation));
    MN_TRY(mn_picture_create((int32_t)c.width, (int32_t)c.height, &canvas));
    if (c.animated) memset(canvas.pixels, 0, (size_t)c.width * c.height * MN_PICTURE_CHANNELS); /* around the frame */
    mn_status status = decode_pixels(encoded, &c, &canvas);
    if (status == MN_OK) mn_encoded_rows(encoded, &canvas);
    mn_picture_free(&canvas);
    return status;
}
