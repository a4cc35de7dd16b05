/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* WebP, BMP, PGM and PPM; and what is said of the kinds of file that are not read. tests/oracle/pillow.py compares
 * many more with Pillow. */
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
#include <webp/encode.h>

#include "decode/decode.h"

typedef struct file {
    uint8_t data[4096];
    size_t bytes;
} file;

static void put(file *f, const void *data, size_t bytes) {
    assert_true(f->bytes + bytes <= sizeof f->data);
    memcpy(f->data + f->bytes, data, bytes);
    f->bytes += bytes;
}

static void put_number(file *f, uint64_t value, int size) {
    for (int i = 0; i < size; i++) put(f, &(uint8_t){(uint8_t)(value >> 8 * i)}, 1);
}

/* The picture must have these pixels, as text: a letter for each colour, rows apart by a slash. */
static void expect_pixels(const file *f, const char *rows, const uint8_t (*colours)[3]) {
    mn_picture image = {0};
    mn_status status = mn_picture_decode(f->data, f->bytes, "a", NULL, &image);
    if (status != MN_OK) print_error("%s\n", mn_error_detail());
    assert_int_equal(status, MN_OK);
    int32_t x = 0, y = 0;
    for (const char *at = rows; *at != '\0'; at++) {
        if (*at == '/') {
            assert_int_equal(x, image.width);
            x = 0, y++;
            continue;
        }
        assert_memory_equal(image.pixels + 3 * (y * image.width + x), colours[*at - 'a'], 3);
        x++;
    }
    assert_int_equal(x, image.width);
    assert_int_equal(y + 1, image.height);
    mn_picture_free(&image);
}

static void expect_refusal(const void *data, size_t bytes, mn_status status, const char *words) {
    mn_picture image = {0};
    assert_int_equal(mn_picture_decode(data, bytes, "b.pic", NULL, &image), status);
    assert_null(image.pixels);
    assert_memory_equal(mn_error_detail(), "b.pic: ", 7);
    if (!strstr(mn_error_detail(), words)) print_error("%s\n", mn_error_detail());
    assert_non_null(strstr(mn_error_detail(), words));
}

/* Every beginning is refused, and whatever a byte is changed to ends in a picture or a sentence; in memory of just the
 * size, so that a sanitizer sees an over-read. */
static void damage(const file *f) {
    static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
    const mn_image_options limits = {.max_side = 256, .max_pixels = 65536};
    for (size_t bytes = 0; bytes <= f->bytes; bytes++) {
        uint8_t *part = malloc(bytes ? bytes : 1);
        mn_picture image = {0};
        assert_non_null(part);
        memcpy(part, f->data, bytes);
        mn_status status = mn_picture_decode(part, bytes, "b.pic", &limits, &image);
        assert_int_equal(status == MN_OK, bytes == f->bytes);
        if (status != MN_OK) assert_memory_equal(mn_error_detail(), "b.pic: ", 7);
        mn_picture_free(&image);
        for (size_t i = 0; bytes == f->bytes && i < bytes * sizeof values; i++) {
            uint8_t *at = &part[i / sizeof values], kept = *at;
            *at = values[i % sizeof values];
            status = mn_picture_decode(part, bytes, "b.pic", &limits, &image);
            assert_true((status == MN_OK) == (image.pixels != NULL));
            mn_picture_free(&image);
            *at = kept;
        }
        free(part);
    }
}

/* ---- BMP --------------------------------------------------------------------------------------------- */

/* `header` 12 or more bytes; `palette` has 4 colours. */
static file begin_bmp(uint32_t header, int32_t width, int32_t height, uint32_t bits, uint32_t how) {
    static const uint8_t palette[4][4] = {{30, 20, 10}, {60, 50, 40}, {90, 80, 70}, {255, 254, 253}}; /* blue first */
    file f = {.bytes = 0};
    put(&f, "BM", 2);
    put_number(&f, 0, 8);
    put_number(&f, 0, 4); /* where pixels begin, at the end */
    put_number(&f, header, 4);
    put_number(&f, (uint32_t)width, header == 12 ? 2 : 4);
    put_number(&f, (uint32_t)height, header == 12 ? 2 : 4);
    put_number(&f, 1, 2);
    put_number(&f, bits, 2);
    if (header > 12) {
        put_number(&f, how, 4);
        for (int i = 0; i < 3; i++) put_number(&f, 0, 4);
        put_number(&f, bits == 1 ? 2 : bits <= 8 ? 4 : 0, 4);
        put_number(&f, 0, 4);
    }
    if (how == 3)
        for (int i = 0; i < 3; i++) put_number(&f, (uint32_t[]){0xf800, 0x7e0, 0x1f}[i], 4);
    while (f.bytes < 14 + header) put_number(&f, 0, 1);
    for (int i = 0; bits <= 8 && i < (bits == 1 ? 2 : 4); i++) put(&f, palette[i], header == 12 ? 3 : 4);
    if (header == 12 && bits <= 8) /* the whole palette */
        for (int i = 4; i < 1 << bits; i++) put_number(&f, 0, 3);
    f.data[10] = (uint8_t)f.bytes;
    f.data[11] = (uint8_t)(f.bytes >> 8);
    return f;
}

static const uint8_t palette_colours[][3] = {{10, 20, 30}, {40, 50, 60}, {70, 80, 90}, {253, 254, 255}, {0, 0, 0}};

static void bmp_with_a_palette(void **state) {
    (void)state;
    for (int down = 0; down < 2; down++) {
        const char *seen = down ? "bab/aab" : "aab/bab";
        file f = begin_bmp(40, 3, down ? -2 : 2, 1, 0);
        put(&f, "\xa0\0\0\0\x20\0\0\0", 8);
        expect_pixels(&f, seen, palette_colours);
        damage(&f);
        f = begin_bmp(108, 3, down ? -2 : 2, 4, 0);
        put(&f, "\x10\x10\0\0\0\x10\0\0", 8);
        expect_pixels(&f, seen, palette_colours);
        f = begin_bmp(124, 3, down ? -2 : 2, 8, 0);
        put(&f, "\1\0\1\0\0\0\1\0", 8);
        expect_pixels(&f, seen, palette_colours);
    }
    file f = begin_bmp(12, 3, 2, 4, 0);
    put(&f, "\x01\x20\0\0\x32\x10\0\0", 8);
    expect_pixels(&f, "dcb/abc", palette_colours);
    f = begin_bmp(40, 3, 1, 8, 0);
    put(&f, "\1\4\377\0", 4); /* beyond the palette */
    expect_pixels(&f, "bee", palette_colours);
}

static void bmp_with_runs(void **state) {
    (void)state;
    file f = begin_bmp(40, 5, 4, 8, 1);
    /* A run and pixels one by one, padded; a run that is too long; a jump; and a short row. */
    put(&f,
        "\2\1\0\3\2\3\1\0\0\0"
        "\11\1\0\0"
        "\0\2\3\0\1\2\0\0"
        "\1\3\0\1",
        26);
    expect_pixels(&f, "daaaa/aaaca/bbbbb/bbcdb", palette_colours);
    damage(&f);
    f = begin_bmp(40, 5, 2, 4, 2);
    put(&f,
        "\0\5\x01\x23\x10\0\0\0"
        "\3\x12\0\1",
        12);
    expect_pixels(&f, "bcbaa/abcdb", palette_colours);
    damage(&f);
    f = begin_bmp(40, 3, 2, 8, 1);
    put(&f, "\3\1\0\0\3\2", 6); /* complete without the end mark */
    expect_pixels(&f, "ccc/bbb", palette_colours);
    f.bytes -= 2;
    expect_refusal(f.data, f.bytes, MN_ERROR_FORMAT, "runs end too early");
}

static void bmp_of_true_colour(void **state) {
    (void)state;
    static const uint8_t colours[][3] = {{1, 2, 3}, {4, 5, 6}, {255, 0, 8}, {255, 255, 255}, {0, 0, 255}};
    file f = begin_bmp(40, 1, 2, 24, 0);
    put(&f, "\3\2\1\0\6\5\4\0", 8);
    expect_pixels(&f, "b/a", colours);
    damage(&f);
    f = begin_bmp(12, 1, 1, 24, 0);
    put(&f, "\3\2\1\0", 4);
    expect_pixels(&f, "a", colours);
    f = begin_bmp(124, 2, 1, 32, 0);
    put(&f, "\3\2\1\x7f\6\5\4\0", 8);
    expect_pixels(&f, "ab", colours);
    f = begin_bmp(40, 3, 1, 16, 0); /* 5 bits a colour: 31 of 31 is 255, 1 of 31 is 8 */
    put(&f, "\x01\x7c\xff\x7f\x1f\x00\0\0", 8);
    expect_pixels(&f, "cde", colours);
    f = begin_bmp(40, 3, 1, 16, 3); /* 5, 6 and 5 bits by masks */
    put(&f, "\x01\xf8\xff\xff\x1f\x00\0\0", 8);
    expect_pixels(&f, "cde", colours);
    damage(&f);
}

static void bmp_that_is_not_read(void **state) {
    (void)state;
    file f = begin_bmp(40, 2, 2, 24, 4);
    expect_refusal(f.data, f.bytes, MN_ERROR_UNSUPPORTED, "compression 4");
    f = begin_bmp(40, 2, 2, 2, 0);
    expect_refusal(f.data, f.bytes, MN_ERROR_UNSUPPORTED, "a colour depth of 2");
    f = begin_bmp(41, 2, 2, 24, 0);
    expect_refusal(f.data, f.bytes, MN_ERROR_UNSUPPORTED, "header size of 41");
    f = begin_bmp(40, 2, 2, 4, 1);
    expect_refusal(f.data, f.bytes, MN_ERROR_FORMAT, "does not fit");
    f = begin_bmp(40, 65501, 1, 24, 0);
    expect_refusal(f.data, f.bytes, MN_ERROR_LIMIT, "65501x1");
    f = begin_bmp(40, 1, INT32_MIN, 24, 0);
    expect_refusal(f.data, f.bytes, MN_ERROR_LIMIT, "1x2147483648");
    f = begin_bmp(40, 0, 1, 24, 0);
    expect_refusal(f.data, f.bytes, MN_ERROR_FORMAT, "0x1");
}

/* ---- PGM and PPM ------------------------------------------------------------------------------------- */

static void pgm_and_ppm(void **state) {
    (void)state;
    static const uint8_t colours[][3] = {{0, 0, 0}, {128, 128, 128}, {255, 255, 255}, {1, 2, 3}, {40, 50, 60}};
    file f = {.bytes = 0};
    put(&f, "P5 # gray\n#x\n3\t1\n2\n\0\1\2", 22);
    expect_pixels(&f, "abc", colours); /* half of 255 goes to the even number */
    damage(&f);
    f.bytes = 0;
    put(&f, "P6\n1 2 255 \1\2\3\50\62\74", 17);
    expect_pixels(&f, "d/e", colours);
    damage(&f);
    f.bytes = 0;
    put(&f, "P5\n2 1\n65535\n\x80\x80\xff\xff", 17);
    expect_pixels(&f, "bc", colours);
    expect_refusal("P6\n1 1\n0\n...", 12, MN_ERROR_FORMAT, "maximum");
    expect_refusal("P6\n1 1\n65536\n......", 19, MN_ERROR_FORMAT, "maximum");
    expect_refusal("P5\n99999999 9\n1\n..", 18, MN_ERROR_LIMIT, "99999999x9");
    expect_refusal("P5\n1 -1\n1\n..", 12, MN_ERROR_FORMAT, "width, height");
}

/* ---- WebP -------------------------------------------------------------------------------------------- */

static const uint8_t webp_colours[][3] = {{200, 10, 20}, {30, 220, 40}, {0, 0, 0}};

/* Two pixels, colours a and b, as a lossless file; with `alpha` nearly transparent. */
static file make_webp(bool alpha) {
    const uint8_t rgb[] = {200, 10, 20, 30, 220, 40}, rgba[] = {200, 10, 20, 5, 30, 220, 40, 1};
    uint8_t *data = NULL;
    size_t bytes = alpha ? WebPEncodeLosslessRGBA(rgba, 2, 1, 8, &data) : WebPEncodeLosslessRGB(rgb, 2, 1, 6, &data);
    file f = {.bytes = 0};
    assert_true(bytes > 0);
    put(&f, data, bytes);
    WebPFree(data);
    return f;
}

static void put_chunk(file *f, const char *name, const void *data, size_t bytes) {
    put(f, name, 4);
    put_number(f, (uint32_t)bytes, 4);
    put(f, data, bytes);
    if (bytes & 1) put_number(f, 0, 1);
}

/* An extended file: flags, and the size of the canvas. */
static file begin_extended(uint8_t flags, uint32_t width, uint32_t height) {
    file f = {.bytes = 0}, canvas = {.bytes = 0};
    put(&f, "RIFF\0\0\0\0WEBP", 12);
    put_number(&canvas, flags, 4);
    put_number(&canvas, width - 1, 3);
    put_number(&canvas, height - 1, 3);
    put_chunk(&f, "VP8X", canvas.data, canvas.bytes);
    return f;
}

static void end_extended(file *f) {
    size_t bytes = f->bytes - 8;
    for (int i = 0; i < 4; i++) f->data[4 + i] = (uint8_t)(bytes >> 8 * i);
}

static void webp_still(void **state) {
    (void)state;
    file f = make_webp(false);
    expect_pixels(&f, "ab", webp_colours);
    damage(&f);
    f = make_webp(true); /* alpha is dropped, not blended */
    expect_pixels(&f, "ab", webp_colours);
    put(&f, "rest", 4); /* behind the container */
    expect_pixels(&f, "ab", webp_colours);
}

static void webp_lossy(void **state) {
    (void)state;
    uint8_t rgb[16 * 16 * 3], *data = NULL;
    for (size_t i = 0; i < sizeof rgb; i++) rgb[i] = (uint8_t[]){180, 90, 60}[i % 3];
    size_t bytes = WebPEncodeRGB(rgb, 16, 16, 48, 90, &data);
    assert_true(bytes > 0);
    mn_picture image = {0};
    assert_int_equal(mn_picture_decode(data, bytes, "a", NULL, &image), MN_OK);
    for (size_t i = 0; i < sizeof rgb; i++) assert_in_range(image.pixels[i] + 6 - rgb[i], 0, 12);
    mn_picture_free(&image);
    file f = {.bytes = 0};
    put(&f, data, bytes);
    WebPFree(data);
    damage(&f);
}

/* EXIF behind the pixels counts only when the flags announce it. */
static void webp_with_exif(void **state) {
    (void)state;
    static const uint8_t exif[] = {'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0};
    const file still = make_webp(false);
    for (int announced = 0; announced < 2; announced++) {
        file f = begin_extended(announced ? 0x08 : 0, 2, 1);
        put(&f, still.data + 12, still.bytes - 12);
        put_chunk(&f, "EXIF", exif, sizeof exif);
        end_extended(&f);
        expect_pixels(&f, announced ? "a/b" : "ab", webp_colours);
        if (announced) damage(&f);
    }
}

/* The first frame, on a canvas that is black around it. */
static void webp_animated(void **state) {
    (void)state;
    const file first = make_webp(false), second = make_webp(true);
    file f = begin_extended(0x12, 4, 3);
    put_chunk(&f, "ANIM", "\xff\xff\xff\xff\0\0", 6);
    for (int i = 0; i < 2; i++) {
        const file *pixels = i == 0 ? &first : &second;
        file frame = {.bytes = 0};
        put_number(&frame, i == 0 ? 1 : 0, 3); /* half of 2 */
        put_number(&frame, i == 0 ? 1 : 0, 3);
        put_number(&frame, 1, 3);
        put_number(&frame, 0, 3);
        put_number(&frame, 100, 3);
        put_number(&frame, 0, 1);
        put(&frame, pixels->data + 12, pixels->bytes - 12);
        put_chunk(&f, "ANMF", frame.data, frame.bytes);
    }
    end_extended(&f);
    expect_pixels(&f, "cccc/cccc/ccab", webp_colours);
    damage(&f);
    const size_t place = 12 + 18 + 14 + 8; /* of the frame: behind RIFF, VP8X, ANIM and the chunk's header */
    assert_int_equal(f.data[place], 1);
    f.data[place] = 2;
    expect_refusal(f.data, f.bytes, MN_ERROR_FORMAT, "cut short or damaged");
}

/* ---- Kinds that are not read ------------------------------------------------------------------------- */

static void kinds_by_name(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *words;
    } kinds[] = {
        {"\0\0\0\x18"
         "ftypheic....",
         "is a HEIC photo; convert it"},
        {"\0\0\0\x18"
         "ftypavif....",
         "is an AVIF picture"},
        {"\0\0\0\x18"
         "ftypisom....",
         "is a video"},
        {"\0\0\0\x0cjP  \r\n\x87\n", "is a JPEG 2000 picture"},
        {"\0\0\0\x0cJXL \r\n\x87\n", "is a JPEG XL picture"},
        {"\xff\x0a..............", "is a JPEG XL picture"},
        {"GIF89a..........", "is a GIF picture"},
        {"II*\0............", "is a TIFF picture"},
        {"MM\0*............", "is a TIFF picture"},
        {"%PDF-1.7........", "is a PDF document"},
        {"\xef\xbb\xbf \n<!DOCTYPE HTML>", "is a web page"},
        {"<HTML><body>....", "is a web page"},
        {"<svg xmlns=......", "is an SVG drawing"},
        {"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"},
        {"\x1c\0\0\0TFL3........", "is a .tflite model"},
        {"P3 1 1 255 1 2 3", "in plain text"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t bytes = strlen(kinds[i].bytes);
        expect_refusal(kinds[i].bytes, bytes < 12 ? 12 : bytes, MN_ERROR_UNSUPPORTED, kinds[i].words);
    }
    expect_refusal("nothing known", 13, MN_ERROR_UNSUPPORTED, "JPEG, PNG, WebP, BMP");
    expect_refusal("", 0, MN_ERROR_FORMAT, "is empty");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bmp_with_a_palette),   cmocka_unit_test(bmp_with_runs),  cmocka_unit_test(bmp_of_true_colour),
        cmocka_unit_test(bmp_that_is_not_read), cmocka_unit_test(pgm_and_ppm),    cmocka_unit_test(webp_still),
        cmocka_unit_test(webp_lossy),           cmocka_unit_test(webp_with_exif), cmocka_unit_test(webp_animated),
        cmocka_unit_test(kinds_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
