/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* PNG by libpng: every colour type and depth to 8-bit RGB. Alpha is dropped, not blended, and colour profiles and
 * gamma are ignored, as Pillow's convert("RGB") does. */

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

#include "base/status.h"
#include "image/codec.h"

typedef struct reader {
    png_structp codec;
    png_infop info;
    const mn_encoded *encoded;
    size_t offset; /* bytes handed to libpng so far */
    uint32_t row;  /* being decoded, for the error sentence */
    mn_image image;
    char text[160]; /* libpng's message */
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

static mn_status read_picture(reader *r) {
    MN_TRY(read_header(r));
    ask_for_rgb8(r);
    int passes = png_set_interlace_handling(r->codec);
    png_read_update_info(r->codec, r->info);
    MN_TRY(mn_image_create((int32_t)png_get_image_width(r->codec, r->info),
                           (int32_t)png_get_image_height(r->codec, r->info), &r->image));
    size_t stride = (size_t)r->image.width * MN_IMAGE_CHANNELS;
    if (png_get_rowbytes(r->codec, r->info) != stride) png_error(r->codec, "the rows do not expand to RGB");
    uint32_t height = (uint32_t)r->image.height;
    for (int pass = 0; pass < passes; pass++)
        for (r->row = 0; r->row < height; r->row++) png_read_row(r->codec, r->image.pixels + r->row * stride, NULL);
    png_read_end(r->codec, NULL);
    return MN_OK;
}

/* Apart from its caller because a jump leaves local variables undefined: everything is in `r`. */
static mn_status read_guarded(reader *r) {
    if (!setjmp(png_jmpbuf(r->codec))) return read_picture(r);
    if (!r->image.pixels)
        return mn_fail(MN_ERROR_FORMAT, "%s: the PNG headers are damaged (%s); fetch or save the picture again",
                       r->encoded->name, r->text);
    return mn_fail(MN_ERROR_FORMAT, "%s: the PNG data is damaged near row %u of %d (%s); fetch or save it again",
                   r->encoded->name, (unsigned)r->row, r->image.height, r->text);
}

mn_status mn_png_decode(const mn_encoded *encoded, mn_image *out) {
    reader r = {.encoded = encoded};
    r.codec = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning);
    if (r.codec) r.info = png_create_info_struct(r.codec);
    mn_status status = r.info ? read_guarded(&r) : mn_fail_memory("a PNG reader");
    png_destroy_read_struct(&r.codec, &r.info, NULL);
    if (status == MN_OK)
        *out = r.image;
    else
        mn_image_free(&r.image);
    return status;
}
