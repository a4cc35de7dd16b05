/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Packed weights: where every element lies, what fills the ends, and that nothing else is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/packed.h"

enum { MOST = 70, GUARD = 32, CASES = 4000 };

static uint64_t state = 1;

static int32_t between(int32_t low, int32_t high) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int32_t)(low + (int64_t)((state >> 33) % (uint64_t)(high - low + 1)));
}

static double element(mn_type type, const void *data, size_t i) {
    switch (type) {
    case MN_INT8: return ((const int8_t *)data)[i];
    case MN_UINT8: return ((const uint8_t *)data)[i];
    case MN_INT16: return ((const int16_t *)data)[i];
    default: return ((const float *)data)[i];
    }
}

/* Undoes the packing by its description, element after element, and compares. */
static void expect_packed(const mn_raw_weights *w, const mn_packed_layout *l, const void *packed, size_t bytes) {
    const size_t row = (size_t)l->products, group = row * (size_t)l->channels;
    const int64_t groups = (w->products + l->products - 1) / l->products;
    const size_t count = bytes / mn_type_size(l->type);
    int64_t found = 0;
    assert_int_equal(count % (group * (size_t)groups), 0);
    assert_true(count < ((size_t)w->channels + (size_t)l->channels) * row * (size_t)groups);
    for (size_t i = 0; i < count; i++) {
        const int64_t panel = (int64_t)(i / group) / groups;
        const int64_t product = (int64_t)(i / group) % groups * l->products + (int64_t)(i % row);
        const int64_t channel = panel * l->channels + (int64_t)(i % group / row);
        if (channel < w->channels && product < w->products) {
            const int64_t at = channel * w->channel_stride + product * w->product_stride;
            const double wanted = element(w->type, w->data, (size_t)at) + l->offset;
            assert_true(element(l->type, packed, i) == wanted);
            assert_int_equal(mn_packed_index(l, w->products, (int32_t)channel, product), i);
            found++;
        } else {
            assert_true(element(l->type, packed, i) == l->padding);
        }
    }
    assert_int_equal(found, w->channels * w->products);
}

static mn_packed_layout random_layout(mn_type type) {
    static const int32_t sizes[][2] = {{8, 4}, {16, 4}, {4, 16}, {1, 16}, {16, 1}, {1, 1}, {4, 72}, {3, 5}};
    const int32_t *size = sizes[between(0, 7)];
    mn_packed_layout l = {.channels = size[0], .products = size[1], .padding = between(0, 3) == 0 ? 100 : 0};
    if (type == MN_FLOAT32) {
        l.type = MN_FLOAT32;
        return l;
    }
    static const mn_type types[] = {MN_INT8, MN_UINT8, MN_INT16};
    l.type = types[between(0, 2)];
    if (l.type == MN_INT16) l.offset = between(-255, 255);
    if (l.type != MN_INT16 && l.type != type) l.offset = l.type == MN_INT8 ? -128 : 128;
    return l;
}

static void test_random_shapes(void **unused) {
    (void)unused;
    static const mn_type types[] = {MN_INT8, MN_UINT8, MN_FLOAT32};
    static float raw[MOST * MOST];
    for (int32_t n = 0; n < CASES; n++) {
        const mn_type type = types[n % 3];
        const int32_t channels = between(1, between(1, MOST)), products = between(1, between(1, MOST));
        if (type == MN_FLOAT32) {
            for (int32_t i = 0; i < channels * products; i++) raw[i] = (float)between(-1000, 1000) / 8;
        } else {
            for (int32_t i = 0; i < channels * products; i++) ((uint8_t *)raw)[i] = (uint8_t)between(0, 255);
        }
        const mn_raw_weights w =
            between(0, 1) ? mn_raw_rows(raw, type, channels, products) : mn_raw_taps(raw, type, channels, products);
        const mn_packed_layout l = random_layout(type);
        size_t bytes;
        assert_true(mn_packed_bytes(&l, channels, products, &bytes));
        uint8_t *packed = malloc(bytes + GUARD);
        assert_non_null(packed);
        memset(packed, 0xa5, bytes + GUARD);
        mn_packed_write(&w, &l, packed);
        expect_packed(&w, &l, packed, bytes);
        for (size_t i = 0; i < GUARD; i++) assert_int_equal(packed[bytes + i], 0xa5);
        free(packed);
    }
}

/* Three channels of five products, for dot products of four bytes and two channels at a time, byte by byte. */
static void test_known_bytes(void **unused) {
    (void)unused;
    static const int8_t raw[3][5] = {{1, 2, 3, 4, 5}, {-1, -2, -3, -4, -5}, {11, 12, 13, 14, 15}};
    static const int8_t expected[] = {1,  2,  3,  4,  -1, -2, -3, -4, 5,  0, 0, 0, -5, 0, 0, 0,
                                      11, 12, 13, 14, 0,  0,  0,  0,  15, 0, 0, 0, 0,  0, 0, 0};
    const mn_packed_layout l = {.type = MN_INT8, .channels = 2, .products = 4};
    const mn_raw_weights w = mn_raw_rows(raw, MN_INT8, 3, 5);
    int8_t packed[sizeof expected];
    size_t bytes;
    assert_true(mn_packed_bytes(&l, 3, 5, &bytes));
    assert_int_equal(bytes, sizeof expected);
    mn_packed_write(&w, &l, packed);
    assert_memory_equal(packed, expected, sizeof expected);
}

/* Elements of 16 bits are numbers of this machine; a zero point is taken off. Four taps of three channels. */
static void test_wide_elements(void **unused) {
    (void)unused;
    static const uint8_t raw[4][3] = {{0, 128, 255}, {1, 129, 254}, {2, 130, 253}, {3, 131, 252}};
    static const int16_t expected[] = {-128, 0, 127, 0, -127, 1, 126, 0, -126, 2, 125, 0, -125, 3, 124, 0};
    const mn_packed_layout l = {.type = MN_INT16, .channels = 4, .products = 1, .offset = -128};
    const mn_raw_weights w = mn_raw_taps(raw, MN_UINT8, 3, 4);
    int16_t packed[16];
    mn_packed_write(&w, &l, packed);
    assert_memory_equal(packed, expected, sizeof expected);
}

static void test_overflow(void **unused) {
    (void)unused;
    const mn_packed_layout l = {.type = MN_FLOAT32, .channels = 1 << 30, .products = 1 << 30};
    size_t bytes;
    assert_false(mn_packed_bytes(&l, INT32_MAX, INT64_MAX / 2, &bytes));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_shapes),
        cmocka_unit_test(test_known_bytes),
        cmocka_unit_test(test_wide_elements),
        cmocka_unit_test(test_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
