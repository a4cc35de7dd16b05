/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* EXIF orientation: where it is found, what it does to pixels, and what damaged data does. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include "decode/decode.h"
#include "decode/exif.h"
#include "image/prepare.h"
#include "image/turn.h"

/* The stored picture is "abc" over "def"; this is how each orientation is seen, as Pillow's exif_transpose does it. */
static const char *const seen_rows[9] = {"",         "abc/def",  "cba/fed",  "fed/cba", "def/abc",
                                         "ad/be/cf", "da/eb/fc", "fc/eb/da", "cf/be/ad"};

/* ---- Making files ------------------------------------------------------------------------------------ */

static void put(uint8_t *at, uint32_t value, int size, bool big) {
    for (int i = 0; i < size; i++) at[i] = (uint8_t)(value >> 8 * (big ? size - 1 - i : i));
}

enum { EXIF_BYTES = 8 + 2 + 2 * 12 + 4 };

/* EXIF data with two entries: a width, and tag 0x0112 of `type`, `count` and `value`. */
static void make_exif(uint8_t exif[EXIF_BYTES], bool big, uint32_t type, uint32_t count, uint32_t value) {
    memcpy(exif, big ? "MM\0*" : "II*\0", 4);
    put(exif + 4, 8, 4, big);
    put(exif + 8, 2, 2, big);
    uint8_t *entry = exif + 10;
    const uint32_t rows[2][4] = {{0x0100, 4, 1, 3}, {0x0112, type, count, value}};
    for (int i = 0; i < 2; i++, entry += 12) {
        put(entry, rows[i][0], 2, big);
        put(entry + 2, rows[i][1], 2, big);
        put(entry + 4, rows[i][2], 4, big);
        memset(entry + 8, 0, 4);
        put(entry + 8, rows[i][3], rows[i][1] == 3 || rows[i][1] == 8 ? 2 : 4, big);
    }
    put(entry, 0, 4, big);
}

typedef struct file {
    uint8_t data[4096];
    size_t bytes;
} file;

static void append(png_structp png, png_bytep data, size_t bytes) {
    file *f = png_get_io_ptr(png);
    assert_true(f->bytes + bytes <= sizeof f->data);
    memcpy(f->data + f->bytes, data, bytes);
    f->bytes += bytes;
}

/* A width x height PNG of pixel n = {n, n + 100, n + 200}, with EXIF data before or after the pixels. */
static file make_png(int width, int height, const uint8_t *exif, bool after) {
    enum { END = 12 };
    file f = {.bytes = 0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_non_null(info);
    png_set_write_fn(png, &f, append, NULL);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    uint8_t chunk[EXIF_BYTES];
    memcpy(chunk, exif, sizeof chunk);
    if (!after) png_set_eXIf_1(png, info, EXIF_BYTES, chunk);
    png_write_info(png, info);
    for (int y = 0; y < height; y++) {
        uint8_t row[64 * 3];
        for (int i = 0; i < width * 3; i++) row[i] = (uint8_t)(y * width + i / 3 + 100 * (i % 3));
        png_write_row(png, row);
    }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    if (!after) return f;
    uint8_t *at = f.data + f.bytes - END;
    memmove(at + EXIF_BYTES + 12, at, END);
    put(at, EXIF_BYTES, 4, true);
    memcpy(at + 4, "eXIf", 4);
    memcpy(at + 8, exif, EXIF_BYTES);
    put(at + 8 + EXIF_BYTES, (uint32_t)crc32(0, at + 4, EXIF_BYTES + 4), 4, true);
    f.bytes += EXIF_BYTES + 12;
    return f;
}

/* A 3x2 JPEG. A segment of another kind comes before the one with EXIF data. */
static file make_jpeg(const uint8_t *exif) {
    file f = {.bytes = 0};
    struct jpeg_compress_struct jpeg = {0};
    struct jpeg_error_mgr error;
    unsigned char *data = NULL;
    unsigned long bytes = 0;
    uint8_t segment[6 + EXIF_BYTES] = "Exif\0";
    memcpy(segment + 6, exif, EXIF_BYTES);
    jpeg.err = jpeg_std_error(&error);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &bytes);
    jpeg.image_width = 3;
    jpeg.image_height = 2;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, (const JOCTET *)"http://ns.adobe.com/xap/1.0/", 28);
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, segment, sizeof segment);
    for (int y = 0; y < 2; y++) {
        uint8_t pixels[9];
        for (int i = 0; i < 9; i++) pixels[i] = (uint8_t)(40 * (3 * y + i / 3) + 10 * (i % 3));
        JSAMPROW row = pixels;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    assert_true(bytes <= sizeof f.data);
    memcpy(f.data, data, bytes);
    f.bytes = bytes;
    free(data);
    return f;
}

/* ---- Pixels ------------------------------------------------------------------------------------------ */

static void check_seen(const file *f, int orientation) {
    mn_picture stored = {0}, seen = {0};
    const mn_image_options as_stored = {.as_stored = true};
    assert_int_equal(mn_picture_decode(f->data, f->bytes, "a", &as_stored, &stored), MN_OK);
    assert_int_equal(mn_picture_decode(f->data, f->bytes, "a", NULL, &seen), MN_OK);
    assert_int_equal(stored.width, 3);
    assert_int_equal(stored.height, 2);
    assert_int_equal(seen.width, orientation < 5 ? 3 : 2);
    assert_int_equal(seen.height, orientation < 5 ? 2 : 3);
    const uint8_t *pixel = seen.pixels;
    for (const char *letter = seen_rows[orientation]; *letter != '\0'; letter++) {
        if (*letter == '/') continue;
        assert_memory_equal(pixel, stored.pixels + (*letter - 'a') * 3, 3);
        pixel += 3;
    }
    mn_picture_free(&stored);
    mn_picture_free(&seen);
}

static void all_orientations_in_all_places(void **state) {
    (void)state;
    uint8_t exif[EXIF_BYTES];
    for (int orientation = 1; orientation <= 8; orientation++) {
        for (int big = 0; big < 2; big++) {
            make_exif(exif, big, 3, 1, (uint32_t)orientation);
            const file files[] = {make_jpeg(exif), make_png(3, 2, exif, false), make_png(3, 2, exif, true)};
            for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) check_seen(&files[i], orientation);
        }
    }
}

/* A tensor from the rows of a file equals one from the whole picture, turned first; as does one of the stored picture
 * when EXIF is to be ignored. Sizes take both orders of the passes, and either pass alone. */
static void resizing_sees_the_turned_picture(void **state) {
    (void)state;
    static const int32_t sizes[][2] = {{5, 4}, {40, 3}, {3, 31}, {23, 9}, {9, 23}, {50, 60}, {23, 4}, {4, 9}};
    enum { MOST = 60 * 60 * 3 };
    uint8_t exif[EXIF_BYTES], tensor[MOST];
    for (int orientation = 1; orientation <= 8; orientation++) {
        make_exif(exif, false, 3, 1, (uint32_t)orientation);
        const file f = make_png(23, 9, exif, false);
        for (size_t i = 0; i < 2 * 6 * sizeof sizes / sizeof sizes[0]; i++) {
            const int32_t *size = sizes[i / 12];
            mn_prepare p = {.type = MN_UINT8, .width = size[0], .height = size[1], .channels = 3};
            p.filter = (mn_resize_filter)(MN_RESIZE_NEAREST + i % 6);
            for (int c = 0; c < 3; c++)
                for (int pixel = 0; pixel < 256; pixel++) p.stored[c][pixel] = (uint8_t)pixel;
            mn_fill fill = {.prepare = &p, .tensor = tensor}, *const fills[] = {&fill};
            mn_image *image = NULL;
            mn_picture whole = {0}, expected = {0};
            char path[] = "/tmp/mn_test_turn_XXXXXX";
            int descriptor = mkstemp(path);
            FILE *out = fdopen(descriptor, "wb");
            assert_non_null(out);
            assert_int_equal(fwrite(f.data, 1, f.bytes, out), f.bytes);
            fclose(out);
            mn_image_options options = MN_INIT(mn_image_options);
            options.as_stored = i / 6 % 2;
            assert_int_equal(mn_image_open(path, &options, &image), MN_OK);
            assert_int_equal(mn_fill_image(image, fills, 1), MN_OK);
            mn_fill_free(&fill);
            mn_image_close(&image);
            assert_int_equal(mn_picture_open(path, &options, &whole), MN_OK);
            assert_int_equal(fill.width, whole.width);
            assert_int_equal(mn_resize(&whole, size[0], size[1], p.filter, NULL, &expected), MN_OK);
            assert_memory_equal(tensor, expected.pixels, (size_t)(size[0] * size[1] * 3));
            mn_picture_free(&whole);
            mn_picture_free(&expected);
            remove(path);
        }
    }
}

/* ---- The parser -------------------------------------------------------------------------------------- */

static void what_is_no_orientation(void **state) {
    (void)state;
    uint8_t exif[EXIF_BYTES], prefixed[6 + EXIF_BYTES] = "Exif\0";
    for (int big = 0; big < 2; big++) {
        for (uint32_t type = 0; type < 20; type++) {
            bool number = type == 3 || type == 4 || type == 8 || type == 9;
            make_exif(exif, big, type, 1, 6);
            assert_int_equal(mn_exif_orientation(exif, EXIF_BYTES), number ? 6 : 1);
        }
        make_exif(exif, big, 3, 2, 6);
        assert_int_equal(mn_exif_orientation(exif, EXIF_BYTES), 1);
        for (uint32_t value = 0; value <= 65535; value += value < 20 ? 1 : 13103) {
            make_exif(exif, big, 3, 1, value);
            int expected = value >= 1 && value <= 8 ? (int)value : 1;
            assert_int_equal(mn_exif_orientation(exif, EXIF_BYTES), expected);
            memcpy(prefixed + 6, exif, EXIF_BYTES);
            assert_int_equal(mn_exif_orientation(prefixed, sizeof prefixed), expected);
        }
        make_exif(exif, big, 4, 1, 0x00060000);
        assert_int_equal(mn_exif_orientation(exif, EXIF_BYTES), 1);
    }
    assert_true(!mn_turn_of(0).transposed && !mn_turn_of(9).transposed && !mn_turn_of(-1).backward_x);
}

static void xmp_where_exif_has_none(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int orientation;
    } cases[] = {{"<rdf tiff:Orientation=\"6\"/>", 6},
                 {"<tiff:Orientation>8</tiff:Orientation>", 8},
                 {"tiff:Orientation='6' tiff:Orientation=\"3\"", 3},
                 {"tiff:Orientation=\"9\" tiff:Orientation=\"3\"", 1},
                 {"tiff:Orientation=\"", 0},
                 {"tiff:Orientation=", 0},
                 {"tiff:Orientation", 0},
                 {"tiff:Orientation>x tiff:Orientatio", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t bytes = strlen(cases[i].text);
        uint8_t *copy = malloc(bytes); /* without an end, for a sanitizer to see */
        assert_non_null(copy);
        memcpy(copy, cases[i].text, bytes);
        assert_int_equal(mn_xmp_orientation(copy, bytes), cases[i].orientation);
        free(copy);
    }
}

/* Every beginning, and every byte replaced by a few others, in memory of just the size for a sanitizer to see. */
static void damaged_data(void **state) {
    (void)state;
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    for (int big = 0; big < 2; big++) {
        uint8_t exif[EXIF_BYTES];
        make_exif(exif, big, 3, 1, 5);
        for (size_t bytes = 0; bytes <= EXIF_BYTES; bytes++) {
            uint8_t *part = malloc(bytes ? bytes : 1);
            assert_non_null(part);
            memcpy(part, exif, bytes);
            assert_int_equal(mn_exif_orientation(part, bytes), bytes >= EXIF_BYTES - 4 ? 5 : 0);
            for (size_t i = 0; i < bytes; i++) {
                for (size_t k = 0; k < sizeof values; k++) {
                    part[i] = values[k];
                    assert_in_range(mn_exif_orientation(part, bytes), 0, 8);
                }
                part[i] = exif[i];
            }
            free(part);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_orientations_in_all_places),
        cmocka_unit_test(resizing_sees_the_turned_picture),
        cmocka_unit_test(what_is_no_orientation),
        cmocka_unit_test(xmp_where_exif_has_none),
        cmocka_unit_test(damaged_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
