/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Layouts: every element has a place of its own, inside the size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/layout.h"

static uint32_t seed = 1;

static int32_t between(int32_t low, int32_t high) {
    seed = seed * 1664525u + 1013904223u;
    return low + (int32_t)((seed >> 8) % (uint32_t)(high - low + 1));
}

static mn_layout random_layout(void) {
    mn_layout l = {.together = 1 << between(0, 3), .rows = between(1, 4)};
    l.lanes = l.together * between(1, 4);
    l.block = l.lanes * between(1, 4);
    return l;
}

static void check_places(mn_layout layout, int32_t height, int32_t width, int32_t channels) {
    const mn_extent e = mn_extent_of(layout, height, width, channels);
    const size_t size = mn_extent_image(&e);
    uint8_t *taken = test_calloc(size, 1);
    assert_true(size >= (size_t)height * (size_t)width * (size_t)channels);
    for (int32_t y = 0; y < height; y++) {
        for (int32_t x = 0; x < width; x++) {
            for (int32_t c = 0; c < channels; c++) {
                const size_t at = mn_extent_at(&e, y, x, c);
                assert_true(at < size);
                assert_int_equal(taken[at]++, 0);
            }
        }
    }
    test_free(taken);
}

static void test_places(void **state) {
    (void)state;
    for (int32_t i = 0; i < 500; i++) check_places(random_layout(), between(1, 9), between(1, 9), between(1, 70));
}

static void test_nhwc(void **state) {
    (void)state;
    const mn_extent e = mn_extent_of((mn_layout){0}, 5, 7, 11);
    assert_int_equal(mn_extent_image(&e), 5 * 7 * 11);
    assert_int_equal(mn_extent_at(&e, 3, 4, 6), (3 * 7 + 4) * 11 + 6);
    assert_int_equal(mn_extent_offset(&e, 0, 3), 3 * 7 * 11);
    assert_true(mn_layout_is_nhwc((mn_layout){0}));
}

/* Four rows of 16 channels in vectors, three vectors a block: 70 channels are one block of three vectors and one of
 * two.
 */
static void test_blocks(void **state) {
    (void)state;
    const mn_layout layout = {.block = 48, .lanes = 16, .rows = 4, .together = 4};
    const mn_extent e = mn_extent_of(layout, 6, 10, 70);
    assert_int_equal(e.blocks, 2);
    assert_int_equal(mn_extent_block_vectors(&e, 0), 3);
    assert_int_equal(mn_extent_block_vectors(&e, 1), 2);
    assert_int_equal(mn_extent_image(&e), 5 * 2 * 10 * 64);
    assert_int_equal(mn_extent_at(&e, 0, 0, 3), 3);
    assert_int_equal(mn_extent_at(&e, 1, 0, 0), 4);
    assert_int_equal(mn_extent_at(&e, 0, 0, 4), 16);
    assert_int_equal(mn_extent_at(&e, 0, 0, 16), 64);
    assert_int_equal(mn_extent_at(&e, 0, 1, 0), 3 * 64);
    assert_int_equal(mn_extent_at(&e, 4, 0, 0), 3 * 64 * 10);
    assert_int_equal(mn_extent_at(&e, 0, 0, 48), 3 * 64 * 10 * 2);
    assert_int_equal(mn_extent_at(&e, 0, 1, 64), 3 * 64 * 10 * 2 + 2 * 64 + 64);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_nhwc),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
