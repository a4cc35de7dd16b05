/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* src/kernels/quant: fixed-point arithmetic against the literal definitions, multipliers against values computed
 * independently from the formulas of docs/numerics.md. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernels/quant.h"

static uint32_t random_bits(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 32);
}

static const int32_t edges[] = {
    0,          1,       -1, 2, -2, 3, 1 << 29, 1 << 30, -(1 << 30), INT32_MAX, INT32_MIN, INT32_MAX - 1, INT32_MIN + 1,
    0x40000001, 12345678};
enum { EDGES = sizeof edges / sizeof edges[0] };

/** gemmlowp's definition: a signed nudge, then division that truncates. */
static int32_t literal_high_mul(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    const int64_t product = (int64_t)a * b;
    const int64_t nudge = product >= 0 ? 1 << 30 : 1 - (1 << 30);
    return (int32_t)((product + nudge) / (INT64_C(1) << 31));
}

/** gemmlowp's definition: floor, plus one when the remainder passes the threshold. */
static int32_t literal_round_shift(int32_t x, int32_t n) {
    const int64_t mask = (INT64_C(1) << n) - 1;
    const int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (int32_t)((x >> n) + ((x & mask) > threshold ? 1 : 0));
}

static void test_high_mul(void **state) {
    (void)state;
    for (int i = 0; i < EDGES; i++) {
        for (int j = 0; j < EDGES; j++) {
            assert_int_equal(mn_high_mul(edges[i], edges[j]), literal_high_mul(edges[i], edges[j]));
        }
    }
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        const int32_t a = (int32_t)random_bits(&seed), b = (int32_t)random_bits(&seed);
        assert_int_equal(mn_high_mul(a, b), literal_high_mul(a, b));
    }
    assert_int_equal(mn_high_mul(-1, 1 << 30), 0); /* -1/2 rounds upward */
    assert_int_equal(mn_high_mul(1, 1 << 30), 1);
}

static void test_round_shift(void **state) {
    (void)state;
    uint64_t seed = 2;
    for (int32_t n = 0; n <= 31; n++) {
        for (int i = 0; i < EDGES; i++) {
            assert_int_equal(mn_round_shift(edges[i], n), literal_round_shift(edges[i], n));
        }
        for (int i = 0; i < 5000; i++) {
            const int32_t x = (int32_t)random_bits(&seed);
            assert_int_equal(mn_round_shift(x, n), literal_round_shift(x, n));
        }
    }
    assert_int_equal(mn_round_shift(-1, 1), -1); /* halves go away from zero */
    assert_int_equal(mn_round_shift(INT32_MAX, 32), 0);
    assert_int_equal(mn_round_shift(INT32_MAX, 62), 0);
}

static void test_requantize(void **state) {
    (void)state;
    assert_int_equal(mn_requantize(1000, 1 << 30, 1), 1000);
    assert_int_equal(mn_requantize(1000, 1 << 30, 0), 500);
    assert_int_equal(mn_requantize(5, 1 << 30, -1), 2);   /* 5/2 rounds to 3, 3/2 to 2: two roundings, not one */
    assert_int_equal(mn_requantize(-5, 1 << 30, -1), -1); /* -5/2 to -2, -2/2 to -1 */
    assert_int_equal(mn_requantize(INT32_MIN, INT32_MAX, -31), -1);
    assert_int_equal(mn_requantize(1, INT32_MAX, 31), INT32_MIN + 1); /* the shift wraps, as on the reference's CPUs */
    const mn_range_i32 range = {-128, 127};
    assert_int_equal(mn_store_i32(1000, 1 << 30, -1, 3, range), 127);
    assert_int_equal(mn_store_i32(-400, 1 << 30, -1, 3, range), -97);
}

static void test_quantize_multiplier(void **state) {
    (void)state;
    static const struct {
        double real;
        int32_t multiplier, shift;
    } cases[] = {
        {0.0, 0, 0},
        {1.0, 1 << 30, 1},
        {0.5, 1 << 30, 0},
        {0x1p-32, 1 << 30, -31},
        {0x1p-33, 0, 0},
        {1.0 - 0x1p-53, 1 << 30, 1}, /* the fraction rounds up to 1 */
        {2147483647.0, INT32_MAX, 31},
        {2147483648.0, INT32_MAX, 31},
        {INFINITY, INT32_MAX, 31},
        {0.0072474, 1992150143, -7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t multiplier = -1, shift = -1;
        mn_quantize_multiplier(cases[i].real, &multiplier, &shift);
        assert_int_equal(multiplier, cases[i].multiplier);
        assert_int_equal(shift, cases[i].shift);
    }
}

static void test_store_real(void **state) {
    (void)state;
    const mn_range_i32 range = {-128, 127};
    assert_int_equal(mn_store_real(0.5, 0, range), 1);
    assert_int_equal(mn_store_real(-0.5, 0, range), -1);
    assert_int_equal(mn_store_real(-2.5, 10, range), 7);
    assert_int_equal(mn_store_real(1e300, -128, range), 127);
    assert_int_equal(mn_store_real(-INFINITY, 127, range), -128);
    assert_int_equal(mn_store_real((double)NAN, 5, range), -128);
}

static void check_range(mn_range_f32 real, mn_type type, float scale, int32_t zero, int32_t min, int32_t max) {
    const mn_range_i32 range = mn_quant_range(real, type, scale, zero);
    assert_int_equal(range.min, min);
    assert_int_equal(range.max, max);
}

static void test_ranges(void **state) {
    (void)state;
    const mn_range_f32 none = {-FLT_MAX, FLT_MAX}, relu = {0, FLT_MAX}, relu6 = {0, 6}, relu1 = {-1, 1};
    check_range(none, MN_INT8, 0.1f, 3, -128, 127);
    check_range(none, MN_UINT8, 0.1f, 3, 0, 255);
    check_range(relu, MN_INT8, 0.1f, 3, 3, 127);
    check_range(relu, MN_INT8, 1e38f, -128, -128, 127); /* FLT_MAX over the scale is small, and still no bound */
    check_range(relu6, MN_INT8, 0.1f, -128, -128, -68);
    check_range(relu6, MN_UINT8, 6.0f / 255, 0, 0, 255);
    check_range(relu6, MN_UINT8, 4.0f, 10, 10, 12); /* 1.5 rounds away from zero */
    check_range(relu6, MN_INT8, FLT_MIN, 0, 0, 127);
    check_range(relu1, MN_INT8, 0.1f, 0, -10, 10);
    check_range(relu1, MN_INT8, 0.001f, 100, -128, 127);
}

static void test_float_clamp(void **state) {
    (void)state;
    const mn_range_f32 none = {-FLT_MAX, FLT_MAX}, relu6 = {0, 6};
    assert_true(mn_clamp_f32(INFINITY, none) == FLT_MAX);
    assert_true(isnan(mn_clamp_f32(NAN, relu6)));
    assert_true(mn_clamp_f32(7.0f, relu6) == 6.0f);
    assert_true(signbit(mn_clamp_f32(-0.0f, relu6)) != 0);
}

/* Scales of the cases below, chosen so that float and double arithmetic give different multipliers. */
static const float in = 0.0235f, weight[] = {0.0071f, 0.0142f}, out = 0.047f;
static const float in0 = 0.31f, in1 = 0.17f, sum = 0.4f;

static void test_conv_multipliers(void **state) {
    (void)state;
    int32_t multiplier[3] = {0}, shift[3] = {0};
    mn_quant_conv(MN_INT8, in, weight, 2, out, 2, multiplier, shift);
    assert_int_equal(multiplier[0], 1951633152);
    assert_int_equal(shift[0], -8);
    assert_int_equal(multiplier[1], 1951633152);
    assert_int_equal(shift[1], -7);
    mn_quant_conv(MN_UINT8, in, weight, 1, out, 3, multiplier, shift);
    for (int c = 0; c < 3; c++) {
        assert_int_equal(multiplier[c], 1951633088);
        assert_int_equal(shift[c], -8);
    }
}

static void test_fully_connected_scales(void **state) {
    (void)state;
    double scale[2] = {0};
    mn_quant_fully_connected(in, weight, 1, out, 2, scale);
    assert_true(scale[0] == (double)in * (double)weight[0] / (double)out);
    assert_true(scale[1] == scale[0]);
}

static void check_operand(const mn_operand *operand, int32_t multiplier, int32_t shift) {
    assert_int_equal(operand->multiplier, multiplier);
    assert_int_equal(operand->shift, shift);
}

static void test_binary_multipliers(void **state) {
    (void)state;
    mn_binary_params params = {0};
    mn_quant_add(in0, in1, sum, &params);
    check_operand(&params.in[0], 1073741824, 0);
    check_operand(&params.in[1], 1177652326, -1);
    check_operand(&params.out, 1664299815, -19);
    mn_quant_mul(in0, in1, sum, &params);
    check_operand(&params.out, 1131723904, -2);
}

static void test_other_multipliers(void **state) {
    (void)state;
    mn_operand got = {0};
    mn_quant_quantize(in0, sum, &got.multiplier, &got.shift);
    check_operand(&got, 1664299815, 0);
    mn_quant_clamp(in0, sum, &got.multiplier, &got.shift);
    check_operand(&got, 1664299776, 0);
    mn_quant_mean(in0, sum, 49, &got.multiplier, &got.shift);
    check_operand(&got, 1086889675, -5);
    mn_quant_mean(in0, sum, 1, &got.multiplier, &got.shift);
    check_operand(&got, 1664299815, 0);
    mn_quant_mean(1e-9f, 1.0f, 64, &got.multiplier, &got.shift); /* the shift ends at -31 and the quotient loses bits */
    check_operand(&got, 72057592, -31);
}

static void check_softmax(float beta, float scale, int32_t multiplier, int32_t shift, int32_t diff_min) {
    mn_softmax_params params = {0};
    mn_quant_softmax(beta, scale, &params);
    assert_int_equal(params.multiplier, multiplier);
    assert_int_equal(params.shift, shift);
    assert_int_equal(params.diff_min, diff_min);
}

static void test_softmax_scaling(void **state) {
    (void)state;
    check_softmax(1.0f, 0.1f, 1717986944, 23, -248);
    check_softmax(1.0f, 0.02f, 1374389504, 21, -255); /* -992: no 8-bit difference is that large */
    check_softmax(1.0f, 50.0f, INT32_MAX, 31, 0);
    check_softmax(0.5f, 0.3f, 1288490240, 24, -124);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_high_mul),
        cmocka_unit_test(test_round_shift),
        cmocka_unit_test(test_requantize),
        cmocka_unit_test(test_quantize_multiplier),
        cmocka_unit_test(test_store_real),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_float_clamp),
        cmocka_unit_test(test_conv_multipliers),
        cmocka_unit_test(test_fully_connected_scales),
        cmocka_unit_test(test_binary_multipliers),
        cmocka_unit_test(test_other_multipliers),
        cmocka_unit_test(test_softmax_scaling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
