/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The input contract: what it finds in a tensor, what it says, what it writes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/prepare.h"

static const mn_pixels around_zero = {.source = MN_PIXELS_QUANTISATION, .low = {-1, -1, -1}, .high = {1, 1, 1}};
static const mn_pixels to_one = {.source = MN_PIXELS_METADATA, .high = {1, 1, 1}};
static const mn_pixels to_255 = {.source = MN_PIXELS_RESCALING, .high = {255, 255, 255}, .central_crop = true};
static const mn_pixels assumed = {.source = MN_PIXELS_ASSUMED, .low = {-1, -1, -1}, .high = {1, 1, 1}};

typedef struct input {
    float scale;
    int32_t zero_point;
    mn_tensor info;
} input;

/* An NHWC input of 2 rows by 3 columns; a scale of 0 means not quantised. `in` must stay where it is. */
static void make_input(input *in, mn_type type, float scale, int32_t zero_point) {
    in->scale = scale;
    in->zero_point = zero_point;
    in->info = (mn_tensor){.name = "image", .type = type, .rank = 4, .dims = {1, 2, 3, 3}};
    if (scale > 0) in->info.quant = (mn_quant){1, 0, &in->scale, &in->zero_point};
}

/* A 3x2 picture: every pixel another, red up and blue down. */
static mn_picture make_picture(void) {
    mn_picture image = {0};
    assert_int_equal(mn_picture_create(3, 2, &image), MN_OK);
    for (int i = 0; i < 6; i++) {
        image.pixels[i * 3] = (uint8_t)(i * 51);
        image.pixels[i * 3 + 1] = (uint8_t)(10 + i);
        image.pixels[i * 3 + 2] = (uint8_t)(255 - i);
    }
    return image;
}

static mn_status fill_tensor(const mn_prepare *p, const mn_picture *image, void *tensor) {
    mn_fill fill = {.prepare = p, .tensor = tensor};
    const mn_picture_info info = {.width = image->width, .height = image->height};
    mn_status status = mn_fill_begin(&fill, &info);
    for (int32_t y = 0; status == MN_OK && y < image->height; y++)
        mn_fill_row(&fill, image->pixels + (size_t)y * (size_t)image->width * MN_PICTURE_CHANNELS);
    if (status == MN_OK) mn_fill_end(&fill);
    mn_fill_free(&fill);
    return status;
}

static mn_prepare contract(mn_type type, float scale, int32_t zero_point, const mn_pixels *pixels,
                           const mn_preprocess_options *options) {
    input in;
    mn_prepare p;
    make_input(&in, type, scale, zero_point);
    assert_int_equal(mn_prepare_init(&in.info, pixels, options, &p), MN_OK);
    return p;
}

static void expect_shift(const mn_prepare *p, int32_t offset) {
    for (int c = 0; c < 3; c++)
        for (int pixel = 0; pixel < 256; pixel++) {
            int stored = p->type == MN_INT8 ? (int8_t)p->stored[c][pixel] : p->stored[c][pixel];
            assert_int_equal(stored, pixel + offset);
        }
}

/* The zoo's models: scale 1/128 with zero point 128, and 1/127.5 with 127 (or -1 for int8). */
static void zoo_inputs_are_shifted_pixels(void **state) {
    (void)state;
    mn_prepare p = contract(MN_UINT8, 0.0078125f, 128, &around_zero, NULL);
    expect_shift(&p, 0);
    assert_string_equal(p.text, "3x2 RGB, uint8, pixels 0..255 -> -1..1, stored = pixel");
    p = contract(MN_UINT8, 0.007843138f, 127, &around_zero, NULL);
    expect_shift(&p, 0);
    p = contract(MN_INT8, 0.007843138f, -1, &around_zero, NULL);
    expect_shift(&p, -128);
    assert_string_equal(p.text, "3x2 RGB, int8, pixels 0..255 -> -1..1, stored = pixel - 128");
    p = contract(MN_INT8, 0.0078125f, 0, &around_zero, NULL);
    expect_shift(&p, -128);
}

static void other_ranges_are_recognised(void **state) {
    (void)state;
    mn_prepare p = contract(MN_INT8, 1 / 255.0f, -128, &to_one, NULL);
    expect_shift(&p, -128);
    assert_non_null(strstr(p.text, "-> 0..1 (metadata),"));
    p = contract(MN_INT8, 1.0f, -128, &to_255, NULL);
    expect_shift(&p, -128);
    assert_non_null(strstr(p.text, "-> 0..255 (rescaled inside),"));
    assert_int_equal(p.crop, MN_CROP_CENTRAL);
    p = contract(MN_FLOAT32, 0, 0, &assumed, NULL);
    assert_string_equal(p.text, "3x2 RGB, float32, pixels 0..255 -> -1..1 (assumed; --input-range changes it)");
    assert_int_equal(p.crop, MN_CROP_EXACT);
    assert_true(p.real[0][0] == -1.0f && p.real[1][255] == 1.0f);
    assert_true(p.real[2][100] == (float)(100 / 127.5 - 1));
}

/* A range that is near -1..1 but more than a step off is quantised by the formula. */
static void near_range_uses_the_formula(void **state) {
    (void)state;
    const float scale = 0.0075f; /* -0.96 .. 0.9525 */
    mn_prepare p = contract(MN_INT8, scale, 0, &around_zero, NULL);
    for (int pixel = 0; pixel < 256; pixel++) {
        double steps = round((double)(float)(pixel / 127.5 - 1) / (double)scale);
        double expected = steps < -128 ? -128 : steps > 127 ? 127 : steps;
        assert_int_equal((int8_t)p.stored[1][pixel], (int)expected);
    }
    assert_string_equal(p.text, "3x2 RGB, int8, pixels 0..255 -> -1..1, stored = round(real / 0.0075)");
    p = contract(MN_INT8, scale, -3, &around_zero, NULL);
    assert_non_null(strstr(p.text, "stored = round(real / 0.0075) - 3"));
    assert_int_equal((int8_t)p.stored[0][255], 127);
    assert_int_equal((int8_t)p.stored[0][0], -128);
}

static void options_override(void **state) {
    (void)state;
    mn_preprocess_options o = {0};
    o.has_range = true, o.low = 0, o.high = 1;
    mn_prepare p = contract(MN_FLOAT32, 0, 0, NULL, &o);
    assert_true(p.real[0][0] == 0.0f && p.real[0][255] == 1.0f && p.real[0][51] == 0.2f);
    o = (mn_preprocess_options){0};
    o.has_mean = true;
    memcpy(o.mean, (float[]){123.675f, 116.28f, 103.53f}, sizeof o.mean);
    memcpy(o.deviation, (float[]){58.395f, 57.12f, 57.375f}, sizeof o.deviation);
    p = contract(MN_FLOAT32, 0, 0, &assumed, &o);
    assert_true(fabs((double)p.real[0][255] - (1 - 0.485) / 0.229) < 1e-6);
    assert_true(fabs((double)p.real[2][0] - (0 - 0.406) / 0.225) < 1e-6);
    assert_string_equal(p.text, "3x2 RGB, float32, pixels 0..255 -> (pixel - [123.675 116.28 103.53]) / "
                                "[58.395 57.12 57.375]");
    for (int c = 0; c < 3; c++) o.mean[c] = o.deviation[c] = 127.5f;
    p = contract(MN_INT8, 0.007843138f, -1, NULL, &o);
    expect_shift(&p, -128);
}

static void fills_both_layouts(void **state) {
    (void)state;
    mn_picture image = make_picture();
    input in;
    mn_prepare p;
    make_input(&in, MN_INT8, 0.0078125f, 0);
    assert_int_equal(mn_prepare_init(&in.info, &around_zero, NULL, &p), MN_OK);
    assert_int_equal(p.bytes, 18);
    int8_t tensor[18];
    assert_int_equal(fill_tensor(&p, &image, tensor), MN_OK);
    for (int i = 0; i < 18; i++) assert_int_equal(tensor[i], image.pixels[i] - 128);
    memcpy(in.info.dims, (int32_t[]){1, 3, 2, 3}, 4 * sizeof(int32_t)); /* still NHWC: the last is 3 */
    assert_int_equal(mn_prepare_init(&in.info, &around_zero, NULL, &p), MN_OK);
    assert_int_equal(p.layout, MN_CHANNELS_LAST);
    make_input(&in, MN_FLOAT32, 0, 0);
    memcpy(in.info.dims, (int32_t[]){1, 3, 2, 5}, 4 * sizeof(int32_t));
    assert_int_equal(mn_prepare_init(&in.info, &around_zero, NULL, &p), MN_OK);
    assert_int_equal(p.layout, MN_CHANNELS_FIRST);
    assert_string_equal(p.text, "5x2 RGB in planes, float32, pixels 0..255 -> -1..1");
    assert_int_equal(p.bytes, 30 * sizeof(float));
    mn_picture wide = {0};
    float planes[30];
    assert_int_equal(mn_resize(&image, 5, 2, MN_RESIZE_BICUBIC, NULL, &wide), MN_OK);
    assert_int_equal(fill_tensor(&p, &image, planes), MN_OK);
    for (int i = 0; i < 30; i++) assert_true(planes[i % 3 * 10 + i / 3] == p.real[0][wide.pixels[i]]);
    mn_picture_free(&wide);
    mn_picture_free(&image);
}

static void gray_is_luma(void **state) {
    (void)state;
    mn_picture image = make_picture();
    input in;
    mn_prepare p;
    make_input(&in, MN_UINT8, 1.0f, 0);
    in.info.dims[3] = 1;
    mn_pixels whole = to_255;
    whole.central_crop = false;
    assert_int_equal(mn_prepare_init(&in.info, &whole, NULL, &p), MN_OK);
    assert_string_equal(p.text, "3x2 gray, uint8, pixels 0..255 -> 0..255 (rescaled inside), stored = pixel");
    uint8_t tensor[6];
    assert_int_equal(fill_tensor(&p, &image, tensor), MN_OK);
    for (int i = 0; i < 6; i++) {
        const uint8_t *rgb = image.pixels + i * 3;
        double luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
        assert_true(fabs(tensor[i] - luma) <= 0.51);
    }
    mn_picture_free(&image);
}

/* Of a picture 16 wide, the central 87.5 % is what lies between 1 and 15. */
static void central_crop_leaves_the_margin_out(void **state) {
    (void)state;
    const mn_resize_box whole = {0, 0, 16, 16}, central = {1, 1, 15, 15};
    mn_picture image = {0};
    assert_int_equal(mn_picture_create(16, 16, &image), MN_OK);
    for (int i = 0; i < 16 * 16 * 3; i++) image.pixels[i] = (uint8_t)(i * i % 251);
    mn_preprocess_options o = {0};
    for (int crop = MN_CROP_AUTO; crop <= MN_CROP_CENTRAL; crop++) {
        uint8_t tensor[18];
        mn_picture expected = {0};
        o.crop = (mn_crop)crop;
        mn_prepare p = contract(MN_UINT8, 1.0f, 0, &to_255, &o);
        const mn_resize_box *box = crop == MN_CROP_EXACT ? &whole : &central; /* to_255 says central */
        assert_int_equal(mn_resize(&image, 3, 2, MN_RESIZE_BICUBIC, box, &expected), MN_OK);
        assert_int_equal(fill_tensor(&p, &image, tensor), MN_OK);
        assert_memory_equal(tensor, expected.pixels, sizeof tensor);
        mn_picture_free(&expected);
    }
    mn_picture_free(&image);
}

static void expect_refusal(const input *in, const mn_preprocess_options *o, mn_status status, const char *words) {
    mn_prepare p;
    assert_int_equal(mn_prepare_init(&in->info, &around_zero, o, &p), status);
    if (!strstr(mn_error_detail(), words)) print_error("%s\n", mn_error_detail());
    assert_non_null(strstr(mn_error_detail(), words));
}

static void inputs_that_are_no_picture(void **state) {
    (void)state;
    input in;
    make_input(&in, MN_FLOAT32, 0, 0);
    in.info.rank = 2;
    expect_refusal(&in, NULL, MN_ERROR_UNSUPPORTED, "\"image\" is not a picture");
    in.info.rank = 4;
    in.info.dims[3] = 4;
    expect_refusal(&in, NULL, MN_ERROR_UNSUPPORTED, "\"image\" is not a picture");
    make_input(&in, MN_FLOAT32, 0, 0);
    in.info.dims[1] = 0;
    expect_refusal(&in, NULL, MN_ERROR_UNSUPPORTED, "3x0");
    in.info.dims[1] = in.info.dims[2] = 16384;
    expect_refusal(&in, NULL, MN_ERROR_UNSUPPORTED, "16384x16384");
    make_input(&in, MN_INT32, 0, 0);
    expect_refusal(&in, NULL, MN_ERROR_UNSUPPORTED, "int32");
    make_input(&in, MN_INT8, 0, 0);
    expect_refusal(&in, NULL, MN_ERROR_UNSUPPORTED, "without one scale");
    mn_prepare p;
    make_input(&in, MN_FLOAT32, 0, 0);
    assert_int_equal(mn_prepare_init(&in.info, NULL, NULL, &p), MN_ERROR_ARGUMENT);
}

static void options_that_make_no_sense(void **state) {
    (void)state;
    input in;
    mn_preprocess_options o;
    make_input(&in, MN_FLOAT32, 0, 0);
    o = (mn_preprocess_options){0};
    o.has_range = true, o.low = 1, o.high = 1;
    expect_refusal(&in, &o, MN_ERROR_ARGUMENT, "lower end first");
    o.high = NAN;
    expect_refusal(&in, &o, MN_ERROR_ARGUMENT, "lower end first");
    o.has_mean = true;
    expect_refusal(&in, &o, MN_ERROR_ARGUMENT, "one of them");
    o.has_range = false;
    for (int c = 0; c < 3; c++) o.mean[c] = 0.485f, o.deviation[c] = 0.229f;
    expect_refusal(&in, &o, MN_ERROR_ARGUMENT, "multiplied by 255");
    o = (mn_preprocess_options){0};
    o.crop = (mn_crop)9;
    expect_refusal(&in, &o, MN_ERROR_ARGUMENT, "crop mode 9");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zoo_inputs_are_shifted_pixels),
        cmocka_unit_test(other_ranges_are_recognised),
        cmocka_unit_test(near_range_uses_the_formula),
        cmocka_unit_test(options_override),
        cmocka_unit_test(fills_both_layouts),
        cmocka_unit_test(gray_is_luma),
        cmocka_unit_test(central_crop_leaves_the_margin_out),
        cmocka_unit_test(inputs_that_are_no_picture),
        cmocka_unit_test(options_that_make_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
