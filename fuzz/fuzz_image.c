/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Any bytes through the decoders and then the resizer; the last four bytes choose the resize. As an mn_image the same
 * bytes must give the same pixels. What the resizer makes of a stored picture and its turn must be what it makes of the
 * turned picture. The mutator makes the checksums of a PNG good again, or hardly a mutation would get past them. */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "decode/decode.h"
#include "decode/exif.h"
#include "image/resize.h"
#include "image/turn.h"

static const mn_image_options limits = {
    .struct_bytes = (uint32_t)sizeof limits, .max_side = 512, .max_pixels = 65536, .as_stored = 1};

/* `part` of 16 parts of `length`. */
static float fraction(float length, int part) { return length * (float)part / 16; }

static void turn(const mn_picture *image, const mn_picture_info *info, mn_picture *seen) {
    int32_t width, height;
    mn_turn_size(info, &width, &height);
    if (mn_picture_create(width, height, seen) != MN_OK) abort();
    mn_turn_rows(info, 0, image->height, image->pixels, seen);
}

static void resize(const mn_picture *image, int orientation, const uint8_t *choice) {
    const mn_picture_info info = {image->width, image->height, mn_turn_of(orientation)};
    mn_picture seen = {0}, out = {0};
    mn_resizer *resizer = NULL;
    turn(image, &info, &seen);
    float width = (float)seen.width, height = (float)seen.height;
    mn_resize_box box = {fraction(width / 2, choice[0] & 15), fraction(height / 2, choice[1] & 15), width, height};
    box.right -= fraction(box.left, choice[0] >> 4);
    box.bottom -= fraction(box.top, choice[1] >> 4);
    mn_resize_filter filter = (mn_resize_filter)(MN_RESIZE_NEAREST + choice[2] % 6);
    int32_t out_width = choice[2] / 6 * 4 + 1, out_height = choice[3] + 1;
    if (mn_resize(&seen, out_width, out_height, filter, &box, &out) != MN_OK) abort();
    if (mn_resizer_create(&info, out_width, out_height, filter, &box, &resizer) != MN_OK) abort();
    for (int32_t y = 0; y < image->height; y++)
        mn_resizer_row(resizer, image->pixels + (size_t)y * (size_t)image->width * MN_PICTURE_CHANNELS);
    const mn_picture *result = mn_resizer_result(resizer);
    if (result->width != out_width || result->height != out_height ||
        memcmp(result->pixels, out.pixels, (size_t)out_width * (size_t)out_height * MN_PICTURE_CHANNELS) != 0)
        abort();
    mn_resizer_free(&resizer);
    mn_picture_free(&out);
    mn_picture_free(&seen);
}

/* Whoever opens the bytes as an image, which reads the header first, must be told the same. */
static void copy(const uint8_t *data, size_t size, const mn_picture *picture) {
    mn_image *image = NULL;
    int32_t width = 0, height = 0;
    mn_status status = mn_image_from_memory(data, size, "fuzz", &limits, &image);
    if (status == MN_OK) status = mn_image_size(image, &width, &height);
    const size_t bytes = (size_t)width * (size_t)height * MN_PICTURE_CHANNELS;
    uint8_t *rgb = malloc(bytes + 1);
    if (!rgb) abort();
    if (status == MN_OK) status = mn_image_copy(image, rgb, bytes);
    if ((status == MN_OK) != (picture->pixels != NULL)) abort();
    if (status == MN_OK && (width != picture->width || memcmp(rgb, picture->pixels, bytes) != 0)) abort();
    free(rgb);
    mn_image_close(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mn_picture image = {0};
    mn_status status = mn_picture_decode(data, size, "fuzz", &limits, &image);
    if ((status == MN_OK) != (image.pixels != NULL)) abort();
    copy(data, size, &image);
    int orientation = mn_exif_orientation(data, size);
    if (orientation < 0 || orientation > 8) abort();
    orientation = mn_xmp_orientation(data, size);
    if (orientation < 0 || orientation > 8) abort();
    if (status == MN_OK) resize(&image, data[size - 1] % 8 + 1, data + size - 4);
    mn_picture_free(&image);
    return 0;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static uint32_t read_u32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Chunks after the 8-byte signature: length, name, data, CRC-32 of name and data. */
static void repair_checksums(uint8_t *data, size_t size) {
    size_t at = 8;
    while (size - at >= 12) {
        uint32_t length = read_u32(data + at);
        if (length > size - at - 12) return;
        uint32_t sum = (uint32_t)crc32(0, data + at + 4, length + 4);
        at += 8 + length;
        for (int i = 0; i < 4; i++) data[at++] = (uint8_t)(sum >> (24 - 8 * i));
    }
}

/* One mutation in eight keeps its wrong checksum. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    size = LLVMFuzzerMutate(data, size, max_size);
    if (size >= 8 && data[0] == 0x89 && seed % 8 != 0) repair_checksums(data, size);
    return size;
}
