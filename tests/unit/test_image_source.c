/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Images of pixels and of readers, and preprocessing them, through the public functions alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mobilenet_classify.h"

enum { WIDTH = 5, HEIGHT = 4, BYTES = WIDTH * HEIGHT * 3 };

static void ok(mn_status status) {
    if (status != MN_OK) fail_msg("%s", mn_error_detail());
}

static void expect(mn_status status, mn_status wanted, const char *words) {
    assert_int_equal(status, wanted);
    if (!strstr(mn_error_detail(), words)) fail_msg("'%s' lacks '%s'", mn_error_detail(), words);
}

/* Red is x, green y, blue neither. */
static void draw(uint8_t rgb[BYTES]) {
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        rgb[3 * i] = (uint8_t)(i % WIDTH);
        rgb[3 * i + 1] = (uint8_t)(10 * (i / WIDTH));
        rgb[3 * i + 2] = (uint8_t)(200 + i);
    }
}

static mn_frame frame_of(const void *pixels) {
    mn_frame frame = MN_INIT(mn_frame);
    frame.pixels = pixels;
    frame.width = WIDTH;
    frame.height = HEIGHT;
    return frame;
}

static void expect_copy(const mn_frame *frame, const uint8_t wanted[BYTES]) {
    mn_image *image = NULL;
    uint8_t copy[BYTES];
    ok(mn_image_from_pixels(frame, &image));
    ok(mn_image_copy(image, copy, sizeof copy));
    assert_memory_equal(copy, wanted, sizeof copy);
    mn_image_close(&image);
    assert_null(image);
}

/* ---- Pixels ------------------------------------------------------------------------------------------ */

static void every_format_and_stride(void **state) {
    (void)state;
    static const int bytes_of[] = {3, 4, 3, 4, 1}, reversed[] = {0, 0, 1, 1, 0};
    uint8_t rgb[BYTES], wanted[BYTES];
    draw(rgb);
    for (int format = MN_FORMAT_RGB; format <= MN_FORMAT_GRAY; format++) {
        for (int gap = 0; gap < 8; gap += 7) {
            const int row = WIDTH * bytes_of[format] + gap;
            uint8_t *stored = malloc((size_t)(row * HEIGHT - gap)); /* none behind the last row */
            assert_non_null(stored);
            for (int i = 0; i < WIDTH * HEIGHT; i++) {
                uint8_t *to = stored + i / WIDTH * row + i % WIDTH * bytes_of[format];
                if (bytes_of[format] == 4) to[3] = 99;
                for (int c = 0; c < (format == MN_FORMAT_GRAY ? 1 : 3); c++)
                    to[c] = rgb[3 * i + (reversed[format] ? 2 - c : c)];
                for (int c = 0; c < 3; c++) wanted[3 * i + c] = rgb[3 * i + (format == MN_FORMAT_GRAY ? 0 : c)];
            }
            mn_frame frame = frame_of(stored);
            frame.format = (mn_pixel_format)format;
            frame.stride = gap > 0 ? row : 0;
            expect_copy(&frame, wanted);
            free(stored);
        }
    }
}

static void rows_may_lie_bottom_up(void **state) {
    (void)state;
    uint8_t rgb[BYTES], flipped[BYTES];
    draw(rgb);
    for (int y = 0; y < HEIGHT; y++) memcpy(flipped + y * WIDTH * 3, rgb + (HEIGHT - 1 - y) * WIDTH * 3, WIDTH * 3);
    mn_frame frame = frame_of(flipped + (HEIGHT - 1) * WIDTH * 3);
    frame.stride = -WIDTH * 3;
    expect_copy(&frame, rgb);
}

/* Orientation 6 is a quarter turn to the right, 3 a half turn. */
static void orientation_turns(void **state) {
    (void)state;
    uint8_t rgb[BYTES], copy[BYTES];
    int32_t width, height;
    mn_image *image = NULL;
    draw(rgb);
    mn_frame frame = frame_of(rgb);
    frame.orientation = 6;
    ok(mn_image_from_pixels(&frame, &image));
    ok(mn_image_size(image, &width, &height));
    assert_true(width == HEIGHT && height == WIDTH);
    ok(mn_image_copy(image, copy, sizeof copy));
    assert_memory_equal(copy, rgb + (HEIGHT - 1) * WIDTH * 3, 3);                   /* from the bottom left */
    assert_memory_equal(copy + (WIDTH * HEIGHT - 1) * 3, rgb + (WIDTH - 1) * 3, 3); /* from the top right */
    mn_image_close(&image);
    frame.orientation = 3;
    ok(mn_image_from_pixels(&frame, &image));
    ok(mn_image_copy(image, copy, sizeof copy));
    for (int i = 0; i < WIDTH * HEIGHT; i++) assert_memory_equal(copy + 3 * i, rgb + BYTES - 3 * (i + 1), 3);
    mn_image_close(&image);
}

static void next_frame_takes_the_place(void **state) {
    (void)state;
    uint8_t first[BYTES], second[BYTES], copy[BYTES];
    mn_image *image = NULL;
    draw(first);
    memset(second, 7, sizeof second);
    const mn_frame frame = frame_of(first);
    ok(mn_image_from_pixels(&frame, &image));
    ok(mn_image_set_pixels(image, second));
    ok(mn_image_copy(image, copy, sizeof copy));
    assert_memory_equal(copy, second, sizeof copy);
    expect(mn_image_set_pixels(image, NULL), MN_ERROR_ARGUMENT, "'pixels' is NULL");
    expect(mn_image_set_pixels(NULL, second), MN_ERROR_ARGUMENT, "'image' is NULL");
    mn_image_close(&image);
}

static void bad_frames(void **state) {
    (void)state;
    uint8_t rgb[BYTES], copy[BYTES];
    int32_t side;
    mn_image *image = NULL;
    draw(rgb);
    const mn_frame good = frame_of(rgb);
    mn_frame bad = good;
    expect(mn_image_from_pixels(NULL, &image), MN_ERROR_ARGUMENT, "is NULL");
    expect(mn_image_from_pixels(&good, NULL), MN_ERROR_ARGUMENT, "'out' is NULL");
    bad.struct_bytes = 0;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_ARGUMENT, "MN_INIT(mn_frame)");
    bad = good, bad.width = 0;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_ARGUMENT, "0x4");
    bad = good, bad.height = -1;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_ARGUMENT, "5x-1");
    bad = good, bad.width = 65501;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_LIMIT, "65501x4");
    bad = good, bad.width = bad.height = 65500;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_LIMIT, "220000000");
    bad = good, bad.pixels = NULL;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_ARGUMENT, "without pixels");
    bad = good, bad.format = (mn_pixel_format)5;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_ARGUMENT, "pixel format 5");
    bad = good, bad.stride = WIDTH * 3 - 1;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_ARGUMENT, "14 bytes apart");
    bad = good, bad.stride = -1;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_ARGUMENT, "-1 bytes apart");
    bad = good, bad.orientation = 9;
    expect(mn_image_from_pixels(&bad, &image), MN_ERROR_ARGUMENT, "orientation 9");
    assert_null(image);
    ok(mn_image_from_pixels(&good, &image));
    expect(mn_image_copy(image, copy, BYTES - 1), MN_ERROR_ARGUMENT, "59 bytes are given for an image of 5x4");
    expect(mn_image_copy(image, NULL, BYTES), MN_ERROR_ARGUMENT, "'rgb' is NULL");
    expect(mn_image_copy(NULL, copy, BYTES), MN_ERROR_ARGUMENT, "'image' is NULL");
    expect(mn_image_size(image, NULL, &side), MN_ERROR_ARGUMENT, "'width' is NULL");
    mn_image_close(&image);
    mn_image_close(&image);
    mn_image_close(NULL);
}

/* ---- Readers ----------------------------------------------------------------------------------------- */

typedef struct source {
    uint8_t rgb[BYTES];
    int rows, closed; /* rows: how many are given */
    mn_status status;
} source;

static mn_status read_source(void *self, mn_take_row *take, void *context) {
    source *s = self;
    for (int y = 0; y < s->rows; y++) take(context, s->rgb + y % HEIGHT * WIDTH * 3);
    return s->status == MN_OK ? MN_OK : mn_error_set(s->status, "the camera is unplugged");
}

static void close_source(void *self) { ((source *)self)->closed++; }

static mn_image_reader reader_of(source *s) {
    mn_image_reader reader = MN_INIT(mn_image_reader);
    reader.width = WIDTH;
    reader.height = HEIGHT;
    reader.self = s;
    reader.read = read_source;
    reader.close = close_source;
    return reader;
}

static void readers_give_rows(void **state) {
    (void)state;
    source s = {.rows = HEIGHT};
    uint8_t copy[BYTES];
    mn_image *image = NULL;
    draw(s.rgb);
    mn_image_reader reader = reader_of(&s);
    ok(mn_image_from_reader(&reader, &image));
    for (int i = 0; i < 2; i++) {
        memset(copy, 0, sizeof copy);
        ok(mn_image_copy(image, copy, sizeof copy));
        assert_memory_equal(copy, s.rgb, sizeof copy);
    }
    expect(mn_image_set_pixels(image, s.rgb), MN_ERROR_ARGUMENT, "not made from pixels");
    s.status = MN_ERROR_IO;
    expect(mn_image_copy(image, copy, sizeof copy), MN_ERROR_IO, "the camera is unplugged");
    s.status = MN_OK;
    s.rows = HEIGHT - 1;
    expect(mn_image_copy(image, copy, sizeof copy), MN_ERROR_ARGUMENT, "gave 3 rows of an image with 4");
    s.rows = HEIGHT + 1;
    expect(mn_image_copy(image, copy, sizeof copy), MN_ERROR_ARGUMENT, "gave 5 rows of an image with 4");
    assert_int_equal(s.closed, 0);
    mn_image_close(&image);
    assert_int_equal(s.closed, 1);
    reader.close = NULL;
    ok(mn_image_from_reader(&reader, &image));
    mn_image_close(&image);
    assert_int_equal(s.closed, 1);
}

static void bad_readers(void **state) {
    (void)state;
    source s = {.rows = HEIGHT};
    mn_image *image = NULL;
    mn_image_reader reader = reader_of(&s);
    expect(mn_image_from_reader(NULL, &image), MN_ERROR_ARGUMENT, "is NULL");
    expect(mn_image_from_reader(&reader, NULL), MN_ERROR_ARGUMENT, "'out' is NULL");
    reader.read = NULL;
    expect(mn_image_from_reader(&reader, &image), MN_ERROR_ARGUMENT, "without a function `read`");
    reader = reader_of(&s), reader.width = 70000;
    expect(mn_image_from_reader(&reader, &image), MN_ERROR_LIMIT, "70000x4");
    assert_true(image == NULL && s.closed == 0);
}

/* ---- Preprocessing ----------------------------------------------------------------------------------- */

static const float scale = 1 / 127.5f;
static const int32_t zero_point = -1;

/* A WIDTH x HEIGHT input, so that nothing is resized. */
static mn_tensor_info input_of(mn_type type, int32_t channels) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    const int32_t dims[] = {1, HEIGHT, WIDTH, channels};
    info.name = "image";
    info.type = type;
    info.rank = 4;
    memcpy(info.dims, dims, sizeof dims);
    info.bytes = (size_t)(HEIGHT * WIDTH * channels) * mn_type_size(type);
    if (type != MN_FLOAT32) info.quant = (mn_quant){.count = 1, .scale = &scale, .zero_point = &zero_point};
    return info;
}

static mn_preprocess_options to_one(void) {
    mn_preprocess_options options = MN_INIT(mn_preprocess_options);
    options.has_range = 1;
    options.low = -1;
    options.high = 1;
    return options;
}

static void fills_stored_and_float_tensors(void **state) {
    (void)state;
    uint8_t rgb[BYTES];
    int8_t stored[BYTES];
    float real[BYTES];
    mn_image *image = NULL;
    mn_preprocessor *p = NULL;
    mn_preprocess_info info = MN_INIT(mn_preprocess_info);
    const mn_preprocess_options options = to_one();
    draw(rgb);
    const mn_frame frame = frame_of(rgb);
    ok(mn_image_from_pixels(&frame, &image));
    mn_tensor_info input = input_of(MN_INT8, 3);
    ok(mn_preprocessor_create(&input, NULL, &options, &p));
    ok(mn_preprocessor_describe(p, &info));
    assert_true(info.type == MN_INT8 && info.width == WIDTH && info.height == HEIGHT && info.channels == 3);
    assert_true(info.bytes == BYTES && !info.planes && info.crop == MN_CROP_EXACT && info.filter == MN_RESIZE_BICUBIC);
    assert_true(info.pixels->source == MN_PIXELS_GIVEN && info.pixels->high[2] == 1);
    assert_string_equal(info.text, "5x4 RGB, int8, pixels 0..255 -> -1..1, stored = pixel - 128");
    for (int round = 0; round < 2; round++) {
        memset(stored, 0, sizeof stored);
        ok(mn_preprocessor_run(p, image, stored));
        for (int i = 0; i < BYTES; i++) assert_int_equal(stored[i], rgb[i] - 128);
    }
    mn_preprocessor_close(&p);
    assert_null(p);
    input = input_of(MN_FLOAT32, 3);
    ok(mn_preprocessor_create(&input, NULL, &options, &p));
    ok(mn_preprocessor_run(p, image, real));
    for (int i = 0; i < BYTES; i++) assert_true(real[i] == (float)(rgb[i] / 127.5 - 1));
    mn_preprocessor_close(&p);
    mn_image_close(&image);
}

/* Gray pixels stay what they are, and images of other sizes may follow each other. */
static void gray_and_other_sizes(void **state) {
    (void)state;
    uint8_t gray[2 * WIDTH * 2 * HEIGHT], rgb[BYTES];
    int8_t tensor[WIDTH * HEIGHT];
    mn_image *small = NULL, *large = NULL, *coloured = NULL;
    mn_preprocessor *p = NULL;
    const mn_preprocess_options options = to_one();
    const mn_tensor_info input = input_of(MN_INT8, 1);
    memset(gray, 77, sizeof gray);
    draw(rgb);
    mn_frame frame = frame_of(gray);
    frame.format = MN_FORMAT_GRAY;
    ok(mn_image_from_pixels(&frame, &small));
    frame.width *= 2, frame.height *= 2;
    ok(mn_image_from_pixels(&frame, &large));
    frame = frame_of(rgb);
    ok(mn_image_from_pixels(&frame, &coloured));
    ok(mn_preprocessor_create(&input, NULL, &options, &p));
    mn_image *const order[] = {small, large, coloured, large, small};
    for (int i = 0; i < 5; i++) {
        ok(mn_preprocessor_run(p, order[i], tensor));
        for (int k = 0; k < WIDTH * HEIGHT; k++) {
            const uint8_t *at = rgb + 3 * k;
            int luma = (at[0] * 19595 + at[1] * 38470 + at[2] * 7471 + 0x8000) >> 16;
            assert_int_equal(tensor[k], (order[i] == coloured ? luma : 77) - 128);
        }
    }
    mn_preprocessor_close(&p);
    mn_image_close(&small);
    mn_image_close(&large);
    mn_image_close(&coloured);
}

/* A reader that fails leaves the preprocessor ready for the next image. */
static void failing_readers_do_no_harm(void **state) {
    (void)state;
    source s = {.rows = 2, .status = MN_ERROR_IO};
    int8_t tensor[BYTES];
    mn_image *image = NULL;
    mn_preprocessor *p = NULL;
    const mn_preprocess_options options = to_one();
    const mn_tensor_info input = input_of(MN_INT8, 3);
    draw(s.rgb);
    const mn_image_reader reader = reader_of(&s);
    ok(mn_image_from_reader(&reader, &image));
    ok(mn_preprocessor_create(&input, NULL, &options, &p));
    expect(mn_preprocessor_run(p, image, tensor), MN_ERROR_IO, "unplugged");
    s.rows = HEIGHT;
    s.status = MN_OK;
    ok(mn_preprocessor_run(p, image, tensor));
    for (int i = 0; i < BYTES; i++) assert_int_equal(tensor[i], s.rgb[i] - 128);
    mn_preprocessor_close(&p);
    mn_image_close(&image);
}

static void bad_preprocessors(void **state) {
    (void)state;
    int8_t tensor[BYTES];
    uint8_t rgb[BYTES];
    mn_image *image = NULL;
    mn_preprocessor *p = NULL;
    mn_preprocess_info info = MN_INIT(mn_preprocess_info);
    mn_preprocess_options options = to_one();
    mn_tensor_info input = input_of(MN_INT8, 3);
    draw(rgb);
    const mn_frame frame = frame_of(rgb);
    ok(mn_image_from_pixels(&frame, &image));
    expect(mn_preprocessor_create(NULL, NULL, &options, &p), MN_ERROR_ARGUMENT, "is NULL");
    expect(mn_preprocessor_create(&input, NULL, &options, NULL), MN_ERROR_ARGUMENT, "'out' is NULL");
    expect(mn_preprocessor_create(&input, NULL, NULL, &p), MN_ERROR_ARGUMENT, "nothing says what pixels are");
    options.filter = (mn_resize_filter)7;
    expect(mn_preprocessor_create(&input, NULL, &options, &p), MN_ERROR_ARGUMENT, "resize filter 7");
    options = to_one(), options.crop = (mn_crop)3;
    expect(mn_preprocessor_create(&input, NULL, &options, &p), MN_ERROR_ARGUMENT, "crop mode 3");
    options = to_one(), options.has_mean = 1;
    expect(mn_preprocessor_create(&input, NULL, &options, &p), MN_ERROR_ARGUMENT, "both given");
    options = to_one(), input.rank = 3;
    expect(mn_preprocessor_create(&input, NULL, &options, &p), MN_ERROR_UNSUPPORTED, "is not a picture");
    input = input_of(MN_INT32, 3);
    expect(mn_preprocessor_create(&input, NULL, &options, &p), MN_ERROR_UNSUPPORTED, "of type int32");
    assert_null(p);
    input = input_of(MN_INT8, 3);
    ok(mn_preprocessor_create(&input, NULL, &options, &p));
    expect(mn_preprocessor_run(NULL, image, tensor), MN_ERROR_ARGUMENT, "'preprocessor' is NULL");
    expect(mn_preprocessor_run(p, NULL, tensor), MN_ERROR_ARGUMENT, "'image' is NULL");
    expect(mn_preprocessor_run(p, image, NULL), MN_ERROR_ARGUMENT, "'tensor' is NULL");
    expect(mn_preprocessor_describe(NULL, &info), MN_ERROR_ARGUMENT, "'preprocessor' is NULL");
    expect(mn_preprocessor_describe(p, NULL), MN_ERROR_ARGUMENT, "NULL");
    mn_preprocessor_close(&p);
    mn_preprocessor_close(&p);
    mn_preprocessor_close(NULL);
    mn_image_close(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_and_stride),
        cmocka_unit_test(rows_may_lie_bottom_up),
        cmocka_unit_test(orientation_turns),
        cmocka_unit_test(next_frame_takes_the_place),
        cmocka_unit_test(bad_frames),
        cmocka_unit_test(readers_give_rows),
        cmocka_unit_test(bad_readers),
        cmocka_unit_test(fills_stored_and_float_tensors),
        cmocka_unit_test(gray_and_other_sizes),
        cmocka_unit_test(failing_readers_do_no_harm),
        cmocka_unit_test(bad_preprocessors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
