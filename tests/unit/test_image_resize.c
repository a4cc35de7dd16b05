/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/passes.h"
#include "image/resize.h"

/* Noise that any language can make again: the top bytes of a linear congruential generator. */
static mn_picture make_noise(int32_t width, int32_t height) {
    mn_picture image = {0};
    assert_int_equal(mn_picture_create(width, height, &image), MN_OK);
    uint32_t state = 12345;
    for (int32_t i = 0; i < width * height * MN_PICTURE_CHANNELS; i++) {
        state = state * 1664525u + 1013904223u;
        image.pixels[i] = (uint8_t)(state >> 24);
    }
    return image;
}

/* FNV-1a, 64 bits. */
static uint64_t checksum(const mn_picture *image) {
    uint64_t sum = 0xcbf29ce484222325u;
    for (int32_t i = 0; i < image->width * image->height * MN_PICTURE_CHANNELS; i++)
        sum = (sum ^ image->pixels[i]) * 0x100000001b3u;
    return sum;
}

typedef struct golden {
    int32_t width, height;
    mn_resize_box box;
    int32_t out_width, out_height;
    mn_resize_filter filter;
    uint64_t checksum;
} golden;

/* Checksums of what Pillow 13.0.0 makes of the same noise. tests/oracle/pillow.py compares far more cases. */
static const golden goldens[] = {
    {64, 48, {0, 0, 64, 48}, 30, 20, MN_RESIZE_NEAREST, 0x98899c414d77602au},
    {64, 48, {0, 0, 64, 48}, 30, 20, MN_RESIZE_BOX, 0x27fda0168b349cc1u},
    {64, 48, {0, 0, 64, 48}, 30, 20, MN_RESIZE_BILINEAR, 0xd0ee72f50933ef3au},
    {64, 48, {0, 0, 64, 48}, 30, 20, MN_RESIZE_HAMMING, 0x2e61f8a13172bd0bu},
    {64, 48, {0, 0, 64, 48}, 30, 20, MN_RESIZE_BICUBIC, 0x9f28b40e71753de7u},
    {64, 48, {0, 0, 64, 48}, 30, 20, MN_RESIZE_LANCZOS, 0x64711eac662a7739u},
    {64, 48, {0, 0, 64, 48}, 100, 90, MN_RESIZE_NEAREST, 0x0e04aae754f0ac2du},
    {64, 48, {0, 0, 64, 48}, 100, 90, MN_RESIZE_BOX, 0xf2d2469bb07e7295u},
    {64, 48, {0, 0, 64, 48}, 100, 90, MN_RESIZE_BILINEAR, 0x9942e16aa8a0152eu},
    {64, 48, {0, 0, 64, 48}, 100, 90, MN_RESIZE_HAMMING, 0x16ade9597442f798u},
    {64, 48, {0, 0, 64, 48}, 100, 90, MN_RESIZE_BICUBIC, 0x2ac50b909179fbd8u},
    {64, 48, {0, 0, 64, 48}, 100, 90, MN_RESIZE_LANCZOS, 0xcc975fa5042cbe57u},
    {64, 48, {4, 3, 60, 45}, 24, 24, MN_RESIZE_BICUBIC, 0x1ac210cdc2a8c152u},
    {64, 48, {0.3f, 7.7f, 41.9f, 40.1f}, 33, 17, MN_RESIZE_LANCZOS, 0x7518c73241d23bb9u},
    {64, 48, {10.25f, 0.5f, 11, 48}, 9, 48, MN_RESIZE_BILINEAR, 0x16c25f428ea92b60u},
    {64, 48, {10.25f, 0.5f, 60.5f, 48}, 31, 7, MN_RESIZE_NEAREST, 0x0c967c262a9dc48fu},
    {31, 200, {0, 0, 31, 200}, 24, 24, MN_RESIZE_BICUBIC, 0x7830709cd6c554f3u},
    {31, 200, {1.5f, 20, 30, 190.5f}, 24, 24, MN_RESIZE_LANCZOS, 0x5e7710a41c08379fu},
    {40, 16, {0, 0, 40, 16}, 40, 8, MN_RESIZE_BICUBIC, 0xb680bbb2a1dce1b0u},
    {40, 16, {0, 0, 40, 16}, 20, 16, MN_RESIZE_BICUBIC, 0xa84e98fd7b68ea68u},
    {40, 16, {8, 4, 28, 14}, 20, 10, MN_RESIZE_BICUBIC, 0x5c0a013eb5f021a9u},
    {30, 41, {0, 0, 30, 41}, 20, 20, MN_RESIZE_BICUBIC, 0x7b9c2d82d60eb1b6u},
    {30, 40, {0, 0, 30, 40}, 20, 20, MN_RESIZE_BICUBIC, 0xd9f1256de7e3b11bu},
    {20, 24, {0, 0, 20, 24}, 60, 24, MN_RESIZE_BICUBIC, 0xb1ae330230eec328u},
    {20, 24, {0, 1, 20, 23}, 60, 24, MN_RESIZE_BICUBIC, 0x98046f2e3ab16bbbu},
    {1, 1, {0, 0, 1, 1}, 5, 5, MN_RESIZE_LANCZOS, 0x08a98548848dfb05u},
};

static void equals_pillow(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof goldens / sizeof goldens[0]; i++) {
        const golden *g = &goldens[i];
        mn_picture in = make_noise(g->width, g->height), out = {0};
        assert_int_equal(mn_resize(&in, g->out_width, g->out_height, g->filter, &g->box, &out), MN_OK);
        assert_int_equal(out.width, g->out_width);
        assert_int_equal(out.height, g->out_height);
        if (checksum(&out) != g->checksum) print_error("golden case %zu\n", i);
        assert_true(checksum(&out) == g->checksum);
        mn_picture_free(&in);
        mn_picture_free(&out);
    }
}

static void no_box_means_all(void **state) {
    (void)state;
    mn_picture in = make_noise(64, 48), out = {0};
    assert_int_equal(mn_resize(&in, 30, 20, MN_RESIZE_BICUBIC, NULL, &out), MN_OK);
    assert_true(checksum(&out) == 0x9f28b40e71753de7u);
    mn_picture_free(&out);
    assert_int_equal(mn_resize(&in, 64, 48, MN_RESIZE_LANCZOS, NULL, &out), MN_OK);
    assert_true(checksum(&out) == checksum(&in));
    mn_picture_free(&out);
    mn_picture_free(&in);
}

/* Weights add up to one: a plain picture stays as it is at every size and position. */
static void plain_stays_plain(void **state) {
    (void)state;
    mn_picture in = {0}, out = {0};
    assert_int_equal(mn_picture_create(13, 7, &in), MN_OK);
    for (int value = 0; value <= 255; value += 51) {
        memset(in.pixels, value, 13 * 7 * 3);
        for (int32_t size = 1; size <= 40; size++) {
            mn_resize_box box = {0.37f, 1.0f, 0.37f + 0.3f * (float)size, 1.0f + 0.15f * (float)size};
            mn_resize_filter filter = (mn_resize_filter)(MN_RESIZE_NEAREST + size % 6);
            assert_int_equal(mn_resize(&in, size, 41 - size, filter, &box, &out), MN_OK);
            for (int32_t i = 0; i < size * (41 - size) * 3; i++) assert_int_equal(out.pixels[i], value);
            mn_picture_free(&out);
        }
    }
    mn_picture_free(&in);
}

static void names_both_ways(void **state) {
    (void)state;
    mn_resize_filter filter;
    for (int i = MN_RESIZE_NEAREST; i <= MN_RESIZE_LANCZOS; i++) {
        assert_int_equal(mn_resize_filter_parse(mn_resize_filter_name((mn_resize_filter)i), &filter), MN_OK);
        assert_int_equal(filter, i);
    }
    assert_int_equal(mn_resize_filter_parse("cubic", &filter), MN_ERROR_ARGUMENT);
    assert_non_null(strstr(mn_error_detail(), "bicubic"));
    assert_string_equal(mn_resize_filter_name((mn_resize_filter)77), "unknown");
}

static void expect_refusal(const mn_picture *in, int32_t width, int32_t height, const mn_resize_box *box,
                           mn_status status) {
    mn_picture out = {0};
    assert_int_equal(mn_resize(in, width, height, MN_RESIZE_BICUBIC, box, &out), status);
    assert_null(out.pixels);
    assert_true(strlen(mn_error_detail()) > 20);
}

/* Spans of every length around the vectors', on rows of just their size, so that a sanitizer sees an over-read. */
static void every_processor_gives_the_same(void **state) {
    (void)state;
    enum { LONGEST = 40, STRIDE = 3 * LONGEST };
    const mn_picture noise = make_noise(LONGEST, LONGEST + 1);
    int32_t weights[STRIDE], sums[2][STRIDE];
    for (int i = 0; i < STRIDE; i++) weights[i] = (i / 3 * 73 % 17 - 6) * 30011;
    for (const mn_passes *const *passes = mn_passes_all(); *passes; passes++) {
        for (int32_t count = 1; count <= LONGEST; count++) {
            uint8_t *row = malloc((size_t)count * 3), to[3], bytes[STRIDE];
            assert_non_null(row);
            memcpy(row, noise.pixels + 3 * LONGEST * count, (size_t)count * 3);
            const mn_span span = {0, count};
            (*passes)->across(&span, weights, STRIDE, row, 1, to);
            for (int c = 0; c < 3; c++) {
                int64_t sum = 1 << 21;
                for (int32_t i = 0; i < count; i++) sum += row[3 * i + c] * (int64_t)weights[3 * i + c];
                sum = sum < 0 ? 0 : sum >> 22;
                assert_int_equal(to[c], sum > 255 ? 255 : sum);
            }
            for (int i = 0; i < STRIDE; i++) sums[0][i] = sums[1][i] = i * 7919 - 300000;
            (*passes)->add(sums[0], row, weights[count] + 1, (size_t)count * 3);
            for (int32_t i = 0; i < count * 3; i++) sums[1][i] += row[i] * (weights[count] + 1);
            assert_memory_equal(sums[0], sums[1], sizeof sums[0]);
            for (int i = 0; i < STRIDE; i++) sums[0][i] = (i - 20) * (1 << 22) - 1;
            (*passes)->take(sums[0], (size_t)count, bytes);
            for (int32_t i = 0; i < count; i++) assert_int_equal(bytes[i], i < 21 ? 0 : i - 21);
            free(row);
        }
    }
    assert_int_equal(mn_passes_all()[0] == mn_passes_best(), mn_passes_all()[1] == NULL);
    free(noise.pixels);
}

static void bad_arguments_are_refused(void **state) {
    (void)state;
    static const mn_resize_box boxes[] = {
        {-1, 0, 5, 5}, {0, -0.01f, 5, 5}, {0, 0, 10.5f, 5}, {0, 0, 5, 11},  {3, 0, 3, 5},
        {0, 4, 5, 4},  {6, 0, 3, 5},      {NAN, 0, 5, 5},   {0, 0, NAN, 5}, {0, 0, INFINITY, 5},
    };
    mn_picture in = make_noise(10, 10), out = {0};
    for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) expect_refusal(&in, 4, 4, &boxes[i], MN_ERROR_ARGUMENT);
    expect_refusal(&in, 0, 4, NULL, MN_ERROR_ARGUMENT);
    expect_refusal(&in, 4, -1, NULL, MN_ERROR_ARGUMENT);
    expect_refusal(&in, MN_PICTURE_MAX_SIDE + 1, 1, NULL, MN_ERROR_LIMIT);
    expect_refusal(&in, MN_PICTURE_MAX_SIDE, MN_PICTURE_MAX_SIDE, NULL, MN_ERROR_LIMIT);
    assert_int_equal(mn_resize(&in, 4, 4, (mn_resize_filter)7, NULL, &out), MN_ERROR_ARGUMENT);
    mn_picture_free(&in);
}

static void widest_and_tallest(void **state) {
    (void)state;
    mn_picture in = make_noise(MN_PICTURE_MAX_SIDE, 2), out = {0}, back = {0};
    assert_int_equal(mn_resize(&in, 1, MN_PICTURE_MAX_SIDE, MN_RESIZE_LANCZOS, NULL, &out), MN_OK);
    assert_int_equal(mn_resize(&out, MN_PICTURE_MAX_SIDE, 1, MN_RESIZE_LANCZOS, NULL, &back), MN_OK);
    assert_int_equal(back.width, MN_PICTURE_MAX_SIDE);
    mn_picture_free(&in);
    mn_picture_free(&out);
    mn_picture_free(&back);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(no_box_means_all),
        cmocka_unit_test(plain_stays_plain),
        cmocka_unit_test(names_both_ways),
        cmocka_unit_test(every_processor_gives_the_same),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(widest_and_tallest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
