/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h> /* wants stdio.h before it */

#include "encode.h"

/* libjpeg's way out of an error; `base` first, so that a pointer to it is one to this. */
typedef struct escape {
    struct jpeg_error_mgr base;
    jmp_buf back;
} escape;

static void leave(j_common_ptr info) { longjmp(((escape *)info->err)->back, 1); }

bool encode_jpeg(const studio *s, unsigned char **data, unsigned long *bytes) {
    struct jpeg_compress_struct info;
    escape errors;
    *data = NULL;
    *bytes = 0;
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = leave;
    if (setjmp(errors.back)) {
        jpeg_destroy_compress(&info);
        return false;
    }
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, data, bytes);
    info.image_width = info.image_height = (JDIMENSION)s->frame.side;
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, s->quality, TRUE);
    if (s->whole_colour) info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        JSAMPROW row = s->rgb + (size_t)info.next_scanline * (size_t)s->frame.side * 3;
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return true;
}

/* Reads what encode_jpeg wrote back into `s->rgb`. */
static bool decode(studio *s, const unsigned char *data, unsigned long bytes) {
    struct jpeg_decompress_struct info;
    escape errors;
    info.err = jpeg_std_error(&errors.base);
    errors.base.error_exit = leave;
    if (setjmp(errors.back)) {
        jpeg_destroy_decompress(&info);
        return false;
    }
    jpeg_create_decompress(&info);
    jpeg_mem_src(&info, data, bytes);
    jpeg_read_header(&info, TRUE);
    jpeg_start_decompress(&info);
    while (info.output_scanline < info.output_height) {
        JSAMPROW row = s->rgb + (size_t)info.output_scanline * (size_t)s->frame.side * 3;
        jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
    jpeg_destroy_decompress(&info);
    return true;
}

bool encode_through_jpeg(studio *s) {
    unsigned char *data;
    unsigned long bytes;
    bool fine = encode_jpeg(s, &data, &bytes) && decode(s, data, bytes);
    free(data);
    return fine;
}

static bool save_jpeg(const studio *s, const char *path) {
    unsigned char *data;
    unsigned long bytes;
    bool fine = encode_jpeg(s, &data, &bytes);
    FILE *file = fine ? fopen(path, "wb") : NULL;
    if (file) {
        fine = fwrite(data, 1, bytes, file) == bytes;
        fine = fclose(file) == 0 && fine;
    }
    free(data);
    return fine && file;
}

static bool save_png(studio *s, const char *path) {
    if (!encode_through_jpeg(s)) return false;
    picture_put(s, s->scene, 0, 0);
    cairo_status_t status = cairo_surface_write_to_png(s->scene, path);
    if (status == CAIRO_STATUS_WRITE_ERROR && errno == 0) errno = EIO;
    return status == CAIRO_STATUS_SUCCESS;
}

bool encode_save(studio *s, const char *path, bool png) {
    errno = 0;
    return png ? save_png(s, path) : save_jpeg(s, path);
}
