/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "image/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/argument.h"
#include "image/turn.h"

struct mn_image {
    mn_image_reader reader;
    mn_frame frame; /* pixels in memory; all zero otherwise */
    uint8_t *row;   /* [width][3], where a pixel is not red, green and blue as it is */
};

static mn_status check_geometry(int32_t width, int32_t height, int32_t orientation) {
    if (width < 1 || height < 1)
        return mn_fail(MN_ERROR_ARGUMENT, "an image of %dx%d was given; each side must be at least 1", width, height);
    if (width > MN_PICTURE_MAX_SIDE || height > MN_PICTURE_MAX_SIDE || (int64_t)width * height > MN_PICTURE_MAX_PIXELS)
        return mn_fail(
            MN_ERROR_LIMIT,
            "an image of %dx%d was given, over the limit of %d pixels per side and %d in all; give a smaller "
            "one",
            width, height, MN_PICTURE_MAX_SIDE, MN_PICTURE_MAX_PIXELS);
    if (orientation < 0 || orientation > 8)
        return mn_fail(MN_ERROR_ARGUMENT, "an image with orientation %d was given; EXIF has 1 to 8, and 0 means none",
                       orientation);
    return MN_OK;
}

/* ---- Pixels in memory -------------------------------------------------------------------------------- */

/* Bytes of a pixel, and where in it red, green and blue are. */
typedef struct format {
    uint8_t bytes, at[MN_PICTURE_CHANNELS];
} format;

static const format formats[] = {
    [MN_FORMAT_RGB] = {3, {0, 1, 2}},  [MN_FORMAT_RGBA] = {4, {0, 1, 2}}, [MN_FORMAT_BGR] = {3, {2, 1, 0}},
    [MN_FORMAT_BGRA] = {4, {2, 1, 0}}, [MN_FORMAT_GRAY] = {1, {0, 0, 0}},
};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

static void convert_row(const format *f, const uint8_t *from, int32_t width, uint8_t *to) {
    for (int32_t x = 0; x < width; x++, from += f->bytes, to += MN_PICTURE_CHANNELS)
        for (int c = 0; c < MN_PICTURE_CHANNELS; c++) to[c] = from[f->at[c]];
}

static mn_status read_frame(void *self, mn_take_row *take, void *context) {
    const mn_image *image = self;
    const mn_frame *f = &image->frame;
    const uint8_t *row = f->pixels;
    for (int32_t y = 0; y < f->height; y++) {
        if (image->row) convert_row(&formats[f->format], row, f->width, image->row);
        take(context, image->row ? image->row : row);
        if (y + 1 < f->height) row += f->stride;
    }
    return MN_OK;
}

static mn_status check_frame(const mn_frame *f) {
    MN_TRY(check_geometry(f->width, f->height, f->orientation));
    if (!f->pixels) return mn_fail(MN_ERROR_ARGUMENT, "an image without pixels was given; point to its top row");
    if ((size_t)f->format >= FORMAT_COUNT)
        return mn_fail(MN_ERROR_ARGUMENT, "pixel format %d does not exist; give one of mn_pixel_format",
                       (int)f->format);
    const ptrdiff_t row = (ptrdiff_t)f->width * formats[f->format].bytes;
    if (f->stride != 0 && f->stride < row && f->stride > -row)
        return mn_fail(MN_ERROR_ARGUMENT,
                       "rows %lld bytes apart overlap, since one has %lld bytes; give the stride in bytes, or 0 where "
                       "there are no gaps",
                       (long long)f->stride, (long long)row);
    return MN_OK;
}

mn_status mn_image_from_pixels(const mn_frame *given, mn_image **out) {
    mn_frame frame;
    MN_NEED(given);
    MN_NEED(out);
    MN_TRY(mn_struct_read(&mn_frame_struct, given, &frame));
    MN_TRY(check_frame(&frame));
    mn_image *image = calloc(1, sizeof *image);
    if (!image) return mn_fail_memory("an image");
    if (frame.stride == 0) frame.stride = (ptrdiff_t)frame.width * formats[frame.format].bytes;
    image->frame = frame;
    image->reader = (mn_image_reader){.width = frame.width,
                                      .height = frame.height,
                                      .orientation = frame.orientation,
                                      .self = image,
                                      .read = read_frame};
    if (frame.format != MN_FORMAT_RGB) {
        image->row = malloc((size_t)frame.width * MN_PICTURE_CHANNELS);
        if (!image->row) {
            free(image);
            return mn_fail_memory("a row of an image");
        }
    }
    *out = image;
    return MN_OK;
}

mn_status mn_image_set_pixels(mn_image *image, const void *pixels) {
    MN_NEED(image);
    MN_NEED(pixels);
    if (!image->frame.pixels)
        return mn_fail(MN_ERROR_ARGUMENT, "an image that was not made from pixels cannot be given others; make a new "
                                          "one with mn_image_from_pixels()");
    image->frame.pixels = pixels;
    return MN_OK;
}

/* ---- Any image --------------------------------------------------------------------------------------- */

mn_status mn_image_from_reader(const mn_image_reader *given, mn_image **out) {
    mn_image_reader reader;
    MN_NEED(given);
    MN_NEED(out);
    MN_TRY(mn_struct_read(&mn_image_reader_struct, given, &reader));
    if (!reader.read) return mn_fail(MN_ERROR_ARGUMENT, "an image reader without a function `read` was given");
    MN_TRY(check_geometry(reader.width, reader.height, reader.orientation));
    mn_image *image = calloc(1, sizeof *image);
    if (!image) return mn_fail_memory("an image");
    image->reader = reader;
    *out = image;
    return MN_OK;
}

mn_picture_info mn_image_info(const mn_image *image) {
    const mn_image_reader *r = &image->reader;
    return (mn_picture_info){r->width, r->height, mn_turn_of(r->orientation)};
}

/* Rows that were promised and have not come. */
typedef struct counting {
    mn_take_row *take;
    void *context;
    int64_t left;
} counting;

static void count_row(void *self, const uint8_t *rgb) {
    counting *c = self;
    if (c->left-- > 0) c->take(c->context, rgb);
}

mn_status mn_image_read(mn_image *image, mn_take_row *take, void *context) {
    const mn_image_reader *r = &image->reader;
    counting c = {take, context, r->height};
    MN_TRY(r->read(r->self, count_row, &c));
    if (c.left == 0) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "an image reader gave %lld rows of an image with %d; it must give them all, once",
                   (long long)(r->height - c.left), r->height);
}

mn_status mn_image_size(const mn_image *image, int32_t *width, int32_t *height) {
    MN_NEED(image);
    MN_NEED(width);
    MN_NEED(height);
    const mn_picture_info info = mn_image_info(image);
    mn_turn_size(&info, width, height);
    return MN_OK;
}

static void collect(void *self, const uint8_t *rgb) { mn_collector_row(self, rgb); }

mn_status mn_image_copy(mn_image *image, uint8_t *rgb, size_t bytes) {
    MN_NEED(rgb);
    mn_picture seen;
    seen.pixels = rgb;
    MN_TRY(mn_image_size(image, &seen.width, &seen.height));
    const size_t wanted = (size_t)seen.width * (size_t)seen.height * MN_PICTURE_CHANNELS;
    if (bytes != wanted)
        return mn_fail(MN_ERROR_ARGUMENT, "%zu bytes are given for an image of %dx%d, which takes %zu", bytes,
                       seen.width, seen.height, wanted);
    mn_collector collector = {.info = mn_image_info(image), .seen = &seen};
    mn_status status = mn_collector_begin(&collector);
    if (status == MN_OK) status = mn_image_read(image, collect, &collector);
    mn_collector_free(&collector);
    return status;
}

void mn_image_close(mn_image **image) {
    if (!image || !*image) return;
    mn_image *closing = *image;
    *image = NULL;
    if (closing->reader.close) closing->reader.close(closing->reader.self);
    free(closing->row);
    free(closing);
}
