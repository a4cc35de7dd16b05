/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/little.h"
#include "net/array.h"

static void test_half(void **state) {
    (void)state;
    const struct {
        uint16_t bits;
        float value;
    } cases[] = {{0x0000, 0},         {0x3c00, 1},           {0xc000, -2},
                 {0x7bff, 65504},     {0x0400, 0x1p-14f},    {0x03ff, 0x3ffp-24f},
                 {0x8001, -0x1p-24f}, {0x3555, 0x1.554p-2f}, {0x7c00, INFINITY}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(mn_half_to_float(cases[i].bits) == cases[i].value);
    }
    assert_true(isnan(mn_half_to_float(0x7e00)));
    assert_true(signbit(mn_half_to_float(0x8000)));
}

/* One number in every type that is read, at odd addresses. */
static void test_types(void **state) {
    (void)state;
    const struct {
        mn_array_type type;
        uint64_t bits;
    } cases[] = {{MN_ARRAY_F32, 0x3fc00000},
                 {MN_ARRAY_F64, 0x3ff8000000000000},
                 {MN_ARRAY_F16, 0x3e00},
                 {MN_ARRAY_BF16, 0x3fc0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[16];
        float out = 0;
        mn_array array = {.type = cases[i].type, .data = bytes + 1};
        mn_put_le(bytes + 1, cases[i].bits, mn_array_type_size(cases[i].type));
        assert_true(mn_array_set_shape(&array, 0, NULL));
        mn_array_read_floats(&array, NULL, &out);
        assert_true(out == 1.5f);
    }
}

static void test_order(void **state) {
    (void)state;
    const float values[] = {0, 1, 2, 10, 11, 12}, turned[] = {0, 10, 1, 11, 2, 12};
    float out[6];
    uint8_t bytes[sizeof values];
    mn_array array = {.type = MN_ARRAY_F32, .data = bytes};
    for (size_t i = 0; i < 6; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        mn_put_le(bytes + 4 * i, bits, 4);
    }
    assert_true(mn_array_set_shape(&array, 2, (const int64_t[]){2, 3}));
    assert_int_equal(mn_array_span(&array), 6);
    mn_array_read_floats(&array, (const int32_t[]){0, 1}, out);
    assert_memory_equal(out, values, sizeof out);
    mn_array_read_floats(&array, (const int32_t[]){1, 0}, out);
    assert_memory_equal(out, turned, sizeof out);
    /* The same, seen through strides: columns of two as rows. */
    assert_true(mn_array_set_shape(&array, 2, (const int64_t[]){3, 2}));
    array.strides[0] = 1;
    array.strides[1] = 3;
    assert_int_equal(mn_array_span(&array), 6);
    mn_array_read_floats(&array, (const int32_t[]){0, 1}, out);
    assert_memory_equal(out, turned, sizeof out);
}

static void test_integers(void **state) {
    (void)state;
    uint8_t wide[16], narrow[8];
    mn_put_le(wide, UINT64_MAX, 8);
    mn_put_le(wide + 8, INT64_MAX, 8);
    mn_put_le(narrow, 5, 4);
    mn_put_le(narrow + 4, 0x80000000, 4);
    mn_array array = {.type = MN_ARRAY_I64, .data = wide};
    assert_true(mn_array_set_shape(&array, 1, (const int64_t[]){2}));
    assert_true(mn_array_integer(&array, 0) == -1 && mn_array_integer(&array, 1) == INT64_MAX);
    array.type = MN_ARRAY_I32;
    array.data = narrow;
    assert_true(mn_array_integer(&array, 0) == 5 && mn_array_integer(&array, 1) == INT32_MIN);
}

static void test_limits(void **state) {
    (void)state;
    mn_array array = {0};
    char text[MN_ARRAY_SHAPE_CHARS];
    assert_false(mn_array_set_shape(&array, 2, (const int64_t[]){1 << 15, 1 << 14}));
    assert_false(mn_array_set_shape(&array, 1, (const int64_t[]){INT64_MAX}));
    assert_false(mn_array_set_shape(&array, 1, (const int64_t[]){-1}));
    assert_false(mn_array_set_shape(&array, 7, (const int64_t[]){1, 1, 1, 1, 1, 1, 1}));
    assert_true(mn_array_set_shape(&array, 3, (const int64_t[]){4, 0, 1 << 28}));
    assert_int_equal(array.count, 0);
    assert_int_equal(mn_array_span(&array), 0);
    mn_array_shape_text(&array, text);
    assert_string_equal(text, "4x0x268435456");
    assert_true(mn_array_set_shape(&array, 2, (const int64_t[]){2, 2}));
    array.strides[0] = SIZE_MAX;
    assert_true(mn_array_span(&array) == SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half),     cmocka_unit_test(test_types),  cmocka_unit_test(test_order),
        cmocka_unit_test(test_integers), cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests_name("arrays of weight files", tests, NULL, NULL);
}
