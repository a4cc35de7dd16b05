/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Decoders: pictures of every kind made in memory, then damaged, cut short and blown up. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jpeglib.h>
#include <png.h>

#include "decode/decode.h"

#define WIDTH 13
#define HEIGHT 9

typedef struct file {
    uint8_t *data;
    size_t bytes;
} file;

/* ---- Making files ------------------------------------------------------------------------------------ */

static void append(png_structp png, png_bytep data, size_t bytes) {
    file *f = png_get_io_ptr(png);
    f->data = realloc(f->data, f->bytes + bytes);
    assert_non_null(f->data);
    memcpy(f->data + f->bytes, data, bytes);
    f->bytes += bytes;
}

/* Byte `i` of row `y` of a PNG, packed samples and all. */
static uint8_t png_byte_at(int y, size_t i) { return (uint8_t)(y * 37 + (int)i * 11 + (y * (int)i) % 7); }

static file make_png(int colour, int depth, bool interlaced, bool transparent) {
    file f = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_non_null(info);
    png_set_write_fn(png, &f, append, NULL);
    png_set_IHDR(png, info, WIDTH, HEIGHT, depth, colour, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_color palette[256];
    for (int i = 0; i < 256; i++)
        palette[i] = (png_color){(png_byte)(i * 3), (png_byte)(255 - i), (png_byte)(i ^ 0x5a)};
    png_byte alpha[4] = {0, 1, 2, 3};
    png_color_16 key = {0, 1, 1, 1, 1};
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 1 << depth);
    if (transparent) png_set_tRNS(png, info, alpha, colour == PNG_COLOR_TYPE_PALETTE ? 2 : 0, &key);
    png_set_gAMA(png, info, 1.0);
    png_write_info(png, info);
    size_t bytes = png_get_rowbytes(png, info);
    uint8_t row[WIDTH * 8];
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++) {
        for (int y = 0; y < HEIGHT; y++) {
            for (size_t i = 0; i < bytes; i++) row[i] = png_byte_at(y, i);
            png_write_row(png, row);
        }
    }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return f;
}

/* Sample `i` of row `y` of a PNG made above, in its own depth. */
static int png_sample_at(int y, int i, int depth) {
    if (depth == 16) return png_byte_at(y, (size_t)i * 2) << 8 | png_byte_at(y, (size_t)i * 2 + 1);
    int bit = i * depth;
    return png_byte_at(y, (size_t)bit / 8) >> (8 - depth - bit % 8) & ((1 << depth) - 1);
}

/* What channel `c` of pixel (x, y) must decode to. */
static int png_expected(int colour, int depth, int y, int x, int c) {
    static const int samples[] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4};
    bool coloured = colour == PNG_COLOR_TYPE_RGB || colour == PNG_COLOR_TYPE_RGBA;
    int value = png_sample_at(y, x * samples[colour] + (coloured ? c : 0), depth);
    if (colour == PNG_COLOR_TYPE_PALETTE) return (c == 0 ? value * 3 : c == 1 ? 255 - value : value ^ 0x5a) & 255;
    return depth == 16 ? value >> 8 : value * 255 / ((1 << depth) - 1);
}

typedef struct jpeg_kind {
    int components;
    J_COLOR_SPACE in, coded;
    int sampling; /* of luma, across and down */
    bool progressive;
    int many_scans;
} jpeg_kind;

static const jpeg_kind gray = {1, JCS_GRAYSCALE, JCS_GRAYSCALE, 1, false, 0};
static const jpeg_kind colour444 = {3, JCS_RGB, JCS_YCbCr, 1, false, 0};
static const jpeg_kind colour420 = {3, JCS_RGB, JCS_YCbCr, 2, false, 0};
static const jpeg_kind progressive = {3, JCS_RGB, JCS_YCbCr, 2, true, 0};
static const jpeg_kind plain_rgb = {3, JCS_RGB, JCS_RGB, 1, false, 0};
static const jpeg_kind cmyk = {4, JCS_CMYK, JCS_CMYK, 1, false, 0};
static const jpeg_kind ycck = {4, JCS_CMYK, JCS_YCCK, 1, false, 0};

/* One scan for DC, then for each AC coefficient one for its high bits and one for its lowest bit. */
static int fill_scan_script(jpeg_scan_info *scans) {
    int count = 0;
    scans[count++] = (jpeg_scan_info){1, {0}, 0, 0, 0, 0};
    for (int low = 1; low >= 0; low--)
        for (int k = 1; k < 64; k++) scans[count++] = (jpeg_scan_info){1, {0}, k, k, low == 1 ? 0 : 1, low};
    return count;
}

/* A picture of one colour, `sample` by component, as libjpeg stores it. */
static file make_jpeg(const jpeg_kind *kind, const uint8_t *sample) {
    struct jpeg_compress_struct jpeg = {0};
    struct jpeg_error_mgr error;
    jpeg_scan_info scans[128];
    unsigned char *data = NULL;
    unsigned long bytes = 0;
    jpeg.err = jpeg_std_error(&error);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &bytes);
    jpeg.image_width = WIDTH;
    jpeg.image_height = HEIGHT;
    jpeg.input_components = kind->components;
    jpeg.in_color_space = kind->in;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, kind->coded);
    jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = kind->sampling;
    if (kind->progressive) jpeg_simple_progression(&jpeg);
    if (kind->many_scans) {
        jpeg.num_scans = fill_scan_script(scans);
        jpeg.scan_info = scans;
    }
    jpeg_start_compress(&jpeg, TRUE);
    uint8_t pixels[WIDTH * 4];
    for (int i = 0; i < WIDTH * kind->components; i++) pixels[i] = sample[i % kind->components];
    JSAMPROW row = pixels;
    while (jpeg.next_scanline < jpeg.image_height) jpeg_write_scanlines(&jpeg, &row, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (file){data, bytes};
}

/* ---- Good files -------------------------------------------------------------------------------------- */

static void check_png(int colour, int depth, bool interlaced, bool transparent) {
    file f = make_png(colour, depth, interlaced, transparent);
    mn_picture image = {0};
    assert_int_equal(mn_picture_decode(f.data, f.bytes, "a.png", NULL, &image), MN_OK);
    assert_int_equal(image.width, WIDTH);
    assert_int_equal(image.height, HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++)
                assert_int_equal(image.pixels[(y * WIDTH + x) * 3 + c], png_expected(colour, depth, y, x, c));
    mn_picture_free(&image);
    assert_null(image.pixels);
    free(f.data);
}

static void png_of_every_kind(void **state) {
    (void)state;
    static const struct {
        int colour, depth;
    } kinds[] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1},
                 {3, 2}, {3, 4}, {3, 8}, {4, 8}, {4, 16}, {6, 8}, {6, 16}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (int interlaced = 0; interlaced < 2; interlaced++) {
            check_png(kinds[i].colour, kinds[i].depth, interlaced, false);
            if (kinds[i].colour < 4) check_png(kinds[i].colour, kinds[i].depth, interlaced, true);
        }
    }
}

static void check_jpeg(const jpeg_kind *kind, const uint8_t *sample, const int *expected) {
    file f = make_jpeg(kind, sample);
    mn_picture image = {0};
    assert_int_equal(mn_picture_decode(f.data, f.bytes, "a.jpg", NULL, &image), MN_OK);
    assert_int_equal(image.width, WIDTH);
    assert_int_equal(image.height, HEIGHT);
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++) assert_in_range(image.pixels[i] + 2 - expected[i % 3], 0, 4);
    mn_picture_free(&image);
    free(f.data);
}

static void jpeg_of_every_kind(void **state) {
    (void)state;
    const uint8_t ink = 77, rgb[] = {200, 90, 30};
    /* Four components are inverted: 255 is no ink. Light of a channel is its value times that of black. */
    const uint8_t inks[] = {255, 128, 0, 204};
    check_jpeg(&gray, &ink, (int[]){77, 77, 77});
    check_jpeg(&colour444, rgb, (int[]){200, 90, 30});
    check_jpeg(&colour420, rgb, (int[]){200, 90, 30});
    check_jpeg(&progressive, rgb, (int[]){200, 90, 30});
    check_jpeg(&plain_rgb, rgb, (int[]){200, 90, 30});
    check_jpeg(&cmyk, inks, (int[]){204, 102, 0});
    check_jpeg(&ycck, inks, (int[]){204, 102, 0});
}

/* ---- Bad files --------------------------------------------------------------------------------------- */

static void expect_refusal(const void *data, size_t bytes, mn_status status, const char *words) {
    mn_picture image = {0};
    assert_int_equal(mn_picture_decode(data, bytes, "b.pic", NULL, &image), status);
    assert_null(image.pixels);
    assert_memory_equal(mn_error_detail(), "b.pic: ", 7);
    if (!strstr(mn_error_detail(), words)) print_error("%s\n", mn_error_detail());
    assert_non_null(strstr(mn_error_detail(), words));
}

/* Every proper beginning of a file, in memory of just that size so that a sanitizer sees an over-read. */
static void expect_truncations_refused(file f) {
    for (size_t bytes = 0; bytes < f.bytes; bytes++) {
        uint8_t *part = malloc(bytes ? bytes : 1);
        assert_non_null(part);
        memcpy(part, f.data, bytes);
        mn_picture image = {0};
        assert_int_not_equal(mn_picture_decode(part, bytes, "b.pic", NULL, &image), MN_OK);
        assert_null(image.pixels);
        assert_memory_equal(mn_error_detail(), "b.pic: ", 7);
        free(part);
    }
    free(f.data);
}

static void truncation_at_every_byte(void **state) {
    (void)state;
    const uint8_t sample[] = {200, 90, 30, 250};
    expect_truncations_refused(make_png(PNG_COLOR_TYPE_RGB, 8, false, false));
    expect_truncations_refused(make_png(PNG_COLOR_TYPE_PALETTE, 4, true, true));
    expect_truncations_refused(make_jpeg(&colour420, sample));
    expect_truncations_refused(make_jpeg(&progressive, sample));
    expect_truncations_refused(make_jpeg(&ycck, sample));
}

/* Damage may go unnoticed (a JPEG has no checksum), but must end in a picture or a sentence. */
static void mutate_every_byte(file f) {
    static const uint8_t flips[] = {0x01, 0x10, 0x80, 0xff};
    const mn_image_options limits = {.max_side = 256, .max_pixels = 65536};
    for (size_t i = 0; i < f.bytes; i++) {
        for (size_t k = 0; k < sizeof flips; k++) {
            f.data[i] ^= flips[k];
            mn_picture image = {0};
            mn_status status = mn_picture_decode(f.data, f.bytes, "b.pic", &limits, &image);
            assert_true((status == MN_OK) == (image.pixels != NULL));
            if (status != MN_OK) assert_memory_equal(mn_error_detail(), "b.pic: ", 7);
            mn_picture_free(&image);
            f.data[i] ^= flips[k];
        }
    }
    free(f.data);
}

static void mutation_of_every_byte(void **state) {
    (void)state;
    const uint8_t sample[] = {200, 90, 30, 250};
    mutate_every_byte(make_png(PNG_COLOR_TYPE_RGBA, 8, true, false));
    mutate_every_byte(make_png(PNG_COLOR_TYPE_PALETTE, 8, false, true));
    mutate_every_byte(make_jpeg(&progressive, sample));
    mutate_every_byte(make_jpeg(&cmyk, sample));
}

/* A PNG whose header gives another size; its checksum is made good. */
static file resized_png(uint32_t width, uint32_t height) {
    file f = make_png(PNG_COLOR_TYPE_RGB, 8, false, false);
    const uint32_t sides[] = {width, height};
    for (int i = 0; i < 8; i++) f.data[16 + i] = (uint8_t)(sides[i / 4] >> (24 - i % 4 * 8));
    uint32_t sum = 0xffffffffu; /* CRC-32 of the chunk's name and data, PNG specification annex D */
    for (int i = 12; i < 29; i++) {
        sum ^= f.data[i];
        for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    for (int i = 0; i < 4; i++) f.data[29 + i] = (uint8_t)(~sum >> (24 - i * 8));
    return f;
}

/* A JPEG whose frame header gives another size. */
static file resized_jpeg(unsigned width, unsigned height) {
    const uint8_t sample[] = {1, 2, 3};
    file f = make_jpeg(&colour444, sample);
    size_t at = 0;
    while (f.data[at] != 0xff || f.data[at + 1] != 0xc0) at++;
    f.data[at + 5] = (uint8_t)(height >> 8), f.data[at + 6] = (uint8_t)height;
    f.data[at + 7] = (uint8_t)(width >> 8), f.data[at + 8] = (uint8_t)width;
    return f;
}

static void sizes_over_the_limit(void **state) {
    (void)state;
    static const uint32_t sides[][2] = {{65501, 1}, {1, 65501}, {14833, 14832}, {65500, 65500}};
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        file png = resized_png(sides[i][0], sides[i][1]), jpeg = resized_jpeg(sides[i][0], sides[i][1]);
        expect_refusal(png.data, png.bytes, MN_ERROR_LIMIT, "over the limit of 65500");
        expect_refusal(jpeg.data, jpeg.bytes, MN_ERROR_LIMIT, "over the limit of 65500");
        free(png.data);
        free(jpeg.data);
    }
    file png = resized_png(0x7fffffff, 0x7fffffff);
    expect_refusal(png.data, png.bytes, MN_ERROR_LIMIT, "2147483647x2147483647");
    free(png.data);
}

static void callers_own_limits(void **state) {
    (void)state;
    file f = make_png(PNG_COLOR_TYPE_RGB, 8, false, false);
    const mn_image_options enough = {.max_side = WIDTH, .max_pixels = WIDTH * HEIGHT},
                           low_side = {.max_side = WIDTH - 1, .max_pixels = 1000},
                           low_pixels = {.max_side = 100, .max_pixels = WIDTH * HEIGHT - 1};
    mn_picture image = {0};
    assert_int_equal(mn_picture_decode(f.data, f.bytes, "a.png", &low_side, &image), MN_ERROR_LIMIT);
    assert_int_equal(mn_picture_decode(f.data, f.bytes, "a.png", &low_pixels, &image), MN_ERROR_LIMIT);
    assert_int_equal(mn_picture_decode(f.data, f.bytes, "a.png", &enough, &image), MN_OK);
    mn_picture_free(&image);
    free(f.data);
}

/* Headers that promise more rows than the data holds. */
static void sizes_that_lie(void **state) {
    (void)state;
    file png = resized_png(WIDTH, 4000), jpeg = resized_jpeg(WIDTH, 4000);
    expect_refusal(png.data, png.bytes, MN_ERROR_FORMAT, "near row 9 of 4000");
    expect_refusal(jpeg.data, jpeg.bytes, MN_ERROR_FORMAT, "of 4000");
    free(png.data);
    free(jpeg.data);
    file nothing = resized_jpeg(0, 7);
    expect_refusal(nothing.data, nothing.bytes, MN_ERROR_FORMAT, "headers");
    free(nothing.data);
}

static void too_many_scans(void **state) {
    (void)state;
    jpeg_kind kind = gray;
    kind.many_scans = true;
    const uint8_t sample = 9;
    file f = make_jpeg(&kind, &sample);
    expect_refusal(f.data, f.bytes, MN_ERROR_LIMIT, "more than 100 scans");
    free(f.data);
}

/* The name of the file does not matter, and a path that cannot be read is named. */
static void open_by_path(void **state) {
    (void)state;
    char path[] = "/tmp/mn_test_image_XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    file f = make_png(PNG_COLOR_TYPE_GRAY, 8, false, false);
    assert_int_equal(write(descriptor, f.data, f.bytes), f.bytes);
    close(descriptor);
    mn_picture image = {0};
    assert_int_equal(mn_picture_open(path, NULL, &image), MN_OK);
    assert_int_equal(image.width, WIDTH);
    mn_picture_free(&image);
    unlink(path);
    free(f.data);
    assert_int_equal(mn_picture_open(path, NULL, &image), MN_ERROR_IO);
    assert_memory_equal(mn_error_detail(), path, strlen(path));
    assert_int_equal(mn_picture_open("/", NULL, &image), MN_ERROR_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(png_of_every_kind),
        cmocka_unit_test(jpeg_of_every_kind),
        cmocka_unit_test(truncation_at_every_byte),
        cmocka_unit_test(mutation_of_every_byte),
        cmocka_unit_test(sizes_over_the_limit),
        cmocka_unit_test(callers_own_limits),
        cmocka_unit_test(sizes_that_lie),
        cmocka_unit_test(too_many_scans),
        cmocka_unit_test(open_by_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
