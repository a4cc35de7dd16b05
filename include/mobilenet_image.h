/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/**
 * @file mobilenet_image.h
 * Photos in files: the public interface of libmobilenet_image, which is built on libmobilenet.
 *
 *     mn_image *photo = NULL;
 *     int32_t width = 0, height = 0;
 *     mn_status status = mn_image_open("cat.jpg", NULL, &photo);
 *     if (status == MN_OK) status = mn_image_size(photo, &width, &height);
 *     if (status == MN_OK) printf("%d x %d\n", (int)width, (int)height);
 *     if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
 *     mn_image_close(&photo);
 *
 * mn_classify() of mobilenet_classify.h classifies it; examples/classify.c is a complete program.
 *
 * JPEG (libjpeg-turbo), PNG (libpng), WebP (libwebp), BMP and binary PGM and PPM are read; the contents decide, not the
 * name. Pixels are those of Pillow's ImageOps.exif_transpose(Image.open(f)).convert("RGB"): alpha, colour profiles and
 * gamma are ignored. If the library was built without one of the three libraries, photos in its format are refused with
 * UNSUPPORTED and a sentence that names the build option.
 */
#ifndef MOBILENET_IMAGE_H
#define MOBILENET_IMAGE_H

#include "mobilenet_classify.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How to open a photo. */
typedef struct mn_image_options {
    uint32_t struct_bytes;        /**< MN_INIT */
    int32_t max_side, max_pixels; /**< lower limits than 65500 and 220 million; 0, or more: those */
    int32_t as_stored;            /**< 1: ignore the orientation in EXIF data or XMP */
} mn_image_options;

/** Reads the photo in the file at `path` ("-": standard input; pipes work too), at most 1 GiB, and checks its
 *  header. Pixels are decoded row by row each time the image is used: for most photos only the file and a few rows
 *  are in memory. Damage after the header is reported then. `options` NULL means defaults. Errors: IO, MEMORY,
 *  FORMAT (damaged or truncated), UNSUPPORTED (another kind of file), LIMIT, ARGUMENT (NULL). */
MN_API mn_status mn_image_open(const char *path, const mn_image_options *options, mn_image **out);

/** The same for a file's bytes in memory, which must outlive the image. `name` is used as the file's name in error
 *  sentences; copied. */
MN_API mn_status mn_image_from_memory(const void *data, size_t bytes, const char *name, const mn_image_options *options,
                                      mn_image **out);

#ifdef __cplusplus
}
#endif
#endif
