/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Photos in files as images, through the public functions of libmobilenet_image. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mobilenet_image.h"

static void ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void expect(mn_status status, mn_status wanted, const char *words) {
    assert_int_equal(status, wanted);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

/* 3x2 pixels. */
static const char ppm[] = "P6\n3 2\n255\nabcdefghijklmnopqr";
enum { PPM_BYTES = sizeof ppm - 1, PPM_HEADER = PPM_BYTES - 18 };

static void memory_and_file_give_the_same(void **state) {
    (void)state;
    char path[] = "/tmp/mn_test_photo_XXXXXX", name[] = "a.ppm";
    uint8_t copy[18];
    int32_t width, height;
    mn_image *image = NULL;
    FILE *out = fdopen(mkstemp(path), "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(ppm, 1, PPM_BYTES, out), PPM_BYTES);
    fclose(out);
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            ok(mn_image_open(path, NULL, &image));
        } else {
            ok(mn_image_from_memory(ppm, PPM_BYTES, name, NULL, &image));
            memset(name, 'x', sizeof name - 1); /* it was copied */
        }
        ok(mn_image_size(image, &width, &height));
        assert_true(width == 3 && height == 2);
        for (int round = 0; round < 2; round++) {
            memset(copy, 0, sizeof copy);
            ok(mn_image_copy(image, copy, sizeof copy));
            assert_memory_equal(copy, ppm + PPM_HEADER, sizeof copy);
        }
        mn_image_close(&image);
        assert_null(image);
    }
    remove(path);
    expect(mn_image_open(path, NULL, &image), MN_ERROR_IO, path);
    expect(mn_image_open("/", NULL, &image), MN_ERROR_IO, "folder");
}

/* Every kind of file that the fuzzer starts from, whole and cut short anywhere, in memory of just its size for a
 * sanitizer to see: the header is judged at once, what lies behind it when the pixels are wanted. */
static void check_cut_short(const char *path) {
    int32_t width, height;
    mn_image *image = NULL;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    uint8_t *data = malloc(1 << 20);
    assert_non_null(data);
    const size_t bytes = fread(data, 1, 1 << 20, file);
    fclose(file);
    mn_status status = mn_image_from_memory(data, bytes, path, NULL, &image);
    if (status == MN_ERROR_UNSUPPORTED && strstr(mn_error_detail(), "MN_IMAGE")) {
        printf("SKIPPED: %s\n", mn_error_detail());
        free(data);
        return;
    }
    ok(status);
    ok(mn_image_size(image, &width, &height));
    const size_t pixels = (size_t)width * (size_t)height * 3;
    uint8_t *copy = malloc(pixels);
    assert_non_null(copy);
    ok(mn_image_copy(image, copy, pixels));
    mn_image_close(&image);
    for (size_t cut = 0; cut < bytes; cut += cut < 600 ? 1 : bytes / 64) {
        uint8_t *part = malloc(cut + 1);
        assert_non_null(part);
        memcpy(part, data, cut);
        status = mn_image_from_memory(part, cut, "cut.pic", NULL, &image);
        assert_true(status == MN_OK || !image);
        if (status == MN_OK) status = mn_image_copy(image, copy, pixels);
        assert_int_not_equal(status, MN_OK);
        assert_non_null(strstr(mn_error_detail(), "cut.pic: "));
        mn_image_close(&image);
        free(part);
    }
    free(copy);
    free(data);
}

static void files_cut_short(void **state) {
    (void)state;
    check_cut_short("fuzz/corpus/image/colour420.jpg");
    check_cut_short("fuzz/corpus/image/colour6-16bit-interlaced.png");
    check_cut_short("fuzz/corpus/image/alpha.webp");
}

static void options_lower_limits_and_leave_as_stored(void **state) {
    (void)state;
    mn_image *image = NULL;
    mn_image_options options = MN_INIT(mn_image_options);
    options.max_side = 2;
    expect(mn_image_from_memory(ppm, PPM_BYTES, "a.ppm", &options, &image), MN_ERROR_LIMIT, "a.ppm: is 3x2, over");
    options.max_side = 3;
    options.max_pixels = 5;
    expect(mn_image_from_memory(ppm, PPM_BYTES, "a.ppm", &options, &image), MN_ERROR_LIMIT, "5 in all");
    options.max_pixels = 6;
    ok(mn_image_from_memory(ppm, PPM_BYTES, "a.ppm", &options, &image));
    mn_image_close(&image);
}

static void what_is_no_photo(void **state) {
    (void)state;
    mn_image *image = NULL;
    mn_image_options unsized = {0};
    expect(mn_image_from_memory("hello", 5, "a.jpg", NULL, &image), MN_ERROR_UNSUPPORTED, "a.jpg: is not a photo");
    expect(mn_image_from_memory("GIF89a", 6, "a.gif", NULL, &image), MN_ERROR_UNSUPPORTED, "a.gif: is a GIF");
    expect(mn_image_from_memory(ppm, 0, "a.ppm", NULL, &image), MN_ERROR_FORMAT, "a.ppm: is empty");
    expect(mn_image_from_memory(NULL, 5, "a", NULL, &image), MN_ERROR_ARGUMENT, "'data' is NULL");
    expect(mn_image_from_memory(ppm, PPM_BYTES, NULL, NULL, &image), MN_ERROR_ARGUMENT, "'name' is NULL");
    expect(mn_image_from_memory(ppm, PPM_BYTES, "a", NULL, NULL), MN_ERROR_ARGUMENT, "'out' is NULL");
    expect(mn_image_from_memory(ppm, PPM_BYTES, "a", &unsized, &image), MN_ERROR_ARGUMENT, "MN_INIT");
    expect(mn_image_open(NULL, NULL, &image), MN_ERROR_ARGUMENT, "'path' is NULL");
    expect(mn_image_open("a.jpg", NULL, NULL), MN_ERROR_ARGUMENT, "'out' is NULL");
    assert_null(image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_and_file_give_the_same),
        cmocka_unit_test(files_cut_short),
        cmocka_unit_test(options_lower_limits_and_leave_as_stored),
        cmocka_unit_test(what_is_no_photo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
