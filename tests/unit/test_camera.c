/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The colours of examples/camera.c: every pair of luma and one chroma, with eight of the other, against the formula in
 * real numbers; and where the bytes of each format lie. */
int camera_main(int argc, char **argv);
#define main camera_main
#include "../../examples/camera.c"
#undef main

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ITU-R BT.601 and BT.709, section 3 of both: E'R - E'Y = (1 - kr) 2 E'CR and so on, in steps of 8 bits. */
static bool is_nearest(uint8_t got, double level) {
    const double exact = fmin(fmax(255 * level, 0), 255);
    return fabs(got - exact) < 0.5 + 1e-5; /* ties may go either way */
}

static void check_all(bool hd, bool full) {
    static colours c;
    const double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114;
    int32_t wrong = 0;
    make_colours(hd, full, &c);
    for (int32_t i = 0; i < 1 << 19; i++) {
        const int y = i & 255, v = i >> 8 & 255, u = ((i >> 16) * 32 + v + 3 * y) & 255;
        const double luma = full ? y / 255.0 : (y - 16) / 219.0;
        const double red = luma + 2 * (1 - kr) * (v - 128) / (full ? 255.0 : 224.0);
        const double blue = luma + 2 * (1 - kb) * (u - 128) / (full ? 255.0 : 224.0);
        const double green = (luma - kr * red - kb * blue) / (1 - kr - kb);
        uint8_t rgb[3];
        put_pixel(&c, (uint8_t)y, (uint8_t)u, (uint8_t)v, rgb);
        wrong += !is_nearest(rgb[0], red) || !is_nearest(rgb[1], green) || !is_nearest(rgb[2], blue);
    }
    assert_int_equal(wrong, 0);
}

static void every_colour_is_the_nearest(void **state) {
    (void)state;
    check_all(false, false);
    check_all(true, true);
}

/* Bytes of a row; where a second plane begins, and bytes of a row there. */
enum { STRIDE = 10, GAP = 40, WIDE = 12 };

/* Two rows of four pixels with rows longer than pixels, each byte another; `place` is that of a part of a pixel in the
 * planes, which lie one behind the other. */
static void check_layout(uint32_t fourcc, int32_t (*place)(int32_t x, int32_t y, int32_t part)) {
    enum { WIDTH = 4, HEIGHT = 2 };
    uint8_t data[64], rgb[WIDTH * HEIGHT * 3], wanted[3];
    static colours c;
    source s = {.width = WIDTH, .height = HEIGHT, .stride = {STRIDE, fourcc == V4L2_PIX_FMT_NV12M ? WIDE : STRIDE}};
    const frame f = {.data = data, .chroma = data + GAP};
    for (int i = 0; i < FORMATS; i++) {
        if (formats[i].fourcc == fourcc) s.format = &formats[i];
    }
    assert_non_null(s.format);
    for (int i = 0; i < 64; i++) data[i] = (uint8_t)(100 + 2 * i);
    make_colours(false, false, &c);
    to_rgb(&s, &c, &f, rgb);
    for (int32_t y = 0; y < HEIGHT; y++) {
        for (int32_t x = 0; x < WIDTH; x++) {
            put_pixel(&c, data[place(x, y, 0)], data[place(x, y, 1)], data[place(x, y, 2)], wanted);
            assert_memory_equal(wanted, rgb + 3 * (WIDTH * y + x), 3);
        }
    }
}

static int32_t in_yuyv(int32_t x, int32_t y, int32_t part) {
    return STRIDE * y + (part == 0 ? 2 * x : x / 2 * 4 + (part == 1 ? 1 : 3));
}

static int32_t in_nv12(int32_t x, int32_t y, int32_t part) {
    return part == 0 ? STRIDE * y + x : STRIDE * 2 + x / 2 * 2 + part - 1;
}

static int32_t in_nv12m(int32_t x, int32_t y, int32_t part) {
    return part == 0 ? STRIDE * y + x : GAP + y / 2 * WIDE + x / 2 * 2 + part - 1;
}

static void formats_lie_as_v4l2_says(void **state) {
    (void)state;
    check_layout(V4L2_PIX_FMT_YUYV, in_yuyv);
    check_layout(V4L2_PIX_FMT_NV12, in_nv12);
    check_layout(V4L2_PIX_FMT_NV12M, in_nv12m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_colour_is_the_nearest),
        cmocka_unit_test(formats_lie_as_v4l2_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
