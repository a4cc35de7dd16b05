/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* PNG by libpng: every colour type and depth to 8-bit RGB. Alpha is dropped, not blended, and colour profiles and
 * gamma are ignored, as Pillow's convert("RGB") does. */

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "base/status.h"
#include "decode/codec.h"
#include "decode/exif.h"

typedef struct reader {
    png_structp codec;
    png_infop info;
    const mn_encoded *encoded;
    size_t offset; /* bytes handed to libpng so far */
    uint32_t row;  /* being decoded, for the error sentence */
    bool begun;
    mn_picture whole; /* of an interlaced picture */
    uint8_t *line;    /* of any other */
    char text[160];   /* libpng's message */
} reader;

static void on_error(png_structp codec, png_const_charp text) {
    reader *r = png_get_error_ptr(codec);
    snprintf(r->text, sizeof r->text, "%s", text);
    png_longjmp(codec, 1);
}

static void on_warning(png_structp codec, png_const_charp text) {
    (void)codec;
    (void)text;
}

static void on_read(png_structp codec, png_bytep out, size_t bytes) {
    reader *r = png_get_io_ptr(codec);
    if (bytes > r->encoded->bytes - r->offset) png_error(codec, "the file ends too early");
    memcpy(out, r->encoded->data + r->offset, bytes);
    r->offset += bytes;
}

static mn_status read_header(reader *r) {
    png_structp codec = r->codec;
    png_set_read_fn(codec, r, on_read);
    /* Only IHDR, PLTE, tRNS, IDAT and IEND matter; skipping the rest also skips what its compressed text may hide. */
    png_set_keep_unknown_chunks(codec, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_user_limits(codec, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* ours follow, with a sentence */
    png_read_info(codec, r->info);
    return mn_encoded_check_size(r->encoded, png_get_image_width(codec, r->info), png_get_image_height(codec, r->info));
}

/* The order of these calls does not matter: libpng applies them in its own fixed order. */
static void ask_for_rgb8(reader *r) {
    png_set_palette_to_rgb(r->codec);
    png_set_expand_gray_1_2_4_to_8(r->codec);
    png_set_strip_16(r->codec);
    png_set_strip_alpha(r->codec);
    png_set_gray_to_rgb(r->codec);
}

static uint32_t read_u32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The chunk eXIf may stand before or after the pixels (PNG specification, third edition, 11.3.3.5), as may iTXt with
 * XMP, so they are looked for before libpng begins. A chunk is length, name, data and checksum; libpng judges them, and
 * those that do not fit. */
static int find_orientation(const mn_encoded *encoded) {
    enum { SIGNATURE = 8, AROUND = 12 };
    static const char xmp[] = "XML:com.adobe.xmp\0"; /* the last 0: not compressed */
    const uint8_t *at = encoded->data + SIGNATURE;
    size_t left = encoded->bytes - SIGNATURE;
    int in_exif = 0, in_xmp = 0;
    while (left >= AROUND) {
        size_t length = read_u32(at);
        if (length > left - AROUND) break;
        if (memcmp(at + 4, "eXIf", 4) == 0) in_exif = mn_exif_orientation(at + 8, length);
        if (memcmp(at + 4, "iTXt", 4) == 0 && length >= sizeof xmp && memcmp(at + 8, xmp, sizeof xmp) == 0)
            in_xmp = mn_xmp_orientation(at + 8, length);
        at += length + AROUND;
        left -= length + AROUND;
    }
    return in_exif != 0 ? in_exif : in_xmp;
}

static void read_rows(reader *r, uint32_t height) {
    const mn_rows *rows = r->encoded->rows;
    for (r->row = 0; r->row < height; r->row++) {
        png_read_row(r->codec, r->line, NULL);
        rows->row(rows->self, r->line);
    }
}

/* Each pass of an interlaced picture adds pixels to all of it. */
static void read_passes(reader *r, uint32_t height, size_t stride, int passes) {
    for (int pass = 0; pass < passes; pass++)
        for (r->row = 0; r->row < height; r->row++) png_read_row(r->codec, r->whole.pixels + r->row * stride, NULL);
    mn_encoded_rows(r->encoded, &r->whole);
}

static mn_status read_picture(reader *r) {
    MN_TRY(read_header(r));
    ask_for_rgb8(r);
    int passes = png_set_interlace_handling(r->codec);
    png_read_update_info(r->codec, r->info);
    uint32_t width = png_get_image_width(r->codec, r->info), height = png_get_image_height(r->codec, r->info);
    size_t stride = (size_t)width * MN_PICTURE_CHANNELS;
    if (png_get_rowbytes(r->codec, r->info) != stride) png_error(r->codec, "the rows do not expand to RGB");
    MN_TRY(mn_encoded_begin(r->encoded, width, height, find_orientation(r->encoded)));
    r->begun = true;
    if (passes > 1)
        MN_TRY(mn_picture_create((int32_t)width, (int32_t)height, &r->whole));
    else if (!(r->line = malloc(stride)))
        return mn_fail_memory("a row of a PNG");
    if (passes > 1)
        read_passes(r, height, stride, passes);
    else
        read_rows(r, height);
    png_read_end(r->codec, NULL);
    return MN_OK;
}

/* Apart from its caller because a jump leaves local variables undefined: everything is in `r`. */
static mn_status read_guarded(reader *r) {
    if (!setjmp(png_jmpbuf(r->codec))) return read_picture(r);
    /* libpng's words for its own and zlib's allocations: "Out of memory", "insufficient memory". */
    if (strstr(r->text, "memory")) return mn_fail_memory("a PNG picture");
    if (!r->begun)
        return mn_fail(MN_ERROR_FORMAT, "%s: the PNG headers are damaged (%s); fetch or save the picture again",
                       r->encoded->name, r->text);
    return mn_fail(MN_ERROR_FORMAT, "%s: the PNG data is damaged near row %u of %u (%s); fetch or save it again",
                   r->encoded->name, (unsigned)r->row, (unsigned)png_get_image_height(r->codec, r->info), r->text);
}

mn_status mn_png_decode(const mn_encoded *encoded) {
    reader r = {.encoded = encoded};
    r.codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning);
    if (r.codec) r.info = png_create_info_struct(r.codec);
    mn_status status = r.info ? read_guarded(&r) : mn_fail_memory("a PNG reader");
    png_destroy_read_struct(&r.codec, &r.info, NULL);
    mn_picture_free(&r.whole);
    free(r.line);
    return status;
}
