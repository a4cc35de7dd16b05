/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The registry, and what reference kernels do at the edges of their domain, where TFLite stops, has no defined result,
 * or is not asked by the conformance suite. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/kernels.h"
#include "kernels/quant.h"

static void run(mn_kernel_fn kernel, const void *params, const void *input, void *output, int32_t units) {
    const void *inputs[] = {input};
    const mn_task task = {.params = params, .inputs = inputs, .output = output};
    kernel(&task, 0, units);
}

static void test_choice(void **state) {
    (void)state;
    mn_kernel_need need = {9, 9};
    const mn_kernel *kernel =
        mn_kernel_choose(MN_K_QUANTIZE, MN_UINT8, MN_INT8, &mn_target_any, MN_TIER_REF, NULL, &need);
    assert_non_null(kernel);
    assert_string_equal(kernel->symbol, "mn_quantize_u8_i8_ref");
    assert_int_equal(need.packed_bytes + need.workspace_bytes, 0);
    assert_null(mn_kernel_choose(MN_K_CONV, MN_INT32, MN_INT32, &mn_target_any, MN_TIER_REF, NULL, &need));
    kernel = mn_kernel_choose(MN_K_PAD, MN_INT64, MN_INT64, &mn_target_any, MN_TIER_REF, NULL, &need);
    assert_string_equal(kernel->symbol, "mn_pad_any_ref");
    kernel = mn_kernel_choose(MN_K_CONCATENATION, MN_UINT8, MN_UINT8, &mn_target_any, MN_TIER_REF, NULL, &need);
    assert_string_equal(kernel->symbol, "mn_concatenation_u8_ref");
}

static void test_every_tier_has_its_reference(void **state) {
    (void)state;
    const mn_conv_depthwise_params any = {0}; /* the one family whose reference looks at them here */
    for (int32_t i = 0; i < mn_kernel_count; i++) {
        const mn_kernel *kernel = &mn_kernels[i];
        mn_kernel_need need;
        assert_non_null(
            mn_kernel_choose(kernel->op, kernel->in, kernel->out, &mn_target_any, MN_TIER_REF, &any, &need));
        assert_int_equal(strncmp(kernel->symbol, "mn_", 3), 0);
        const char *tier = strrchr(kernel->symbol, '_');
        assert_string_equal(tier + 1, mn_tier_get(kernel->tier)->name);
    }
}

static void test_half_to_float(void **state) {
    (void)state;
    for (uint32_t bits = 0; bits < 65536; bits++) {
        const uint16_t half = (uint16_t)bits;
        const mn_convert_params params = {.count = 1};
        float got = 1;
        run(mn_dequantize_f16_f32_ref, &params, &half, &got, 1);
        const int32_t exponent = half >> 10 & 31, fraction = half & 1023;
        if (exponent == 31 && fraction != 0) {
            assert_true(isnan(got));
            continue;
        }
        const double magnitude = exponent == 31  ? (double)INFINITY
                                 : exponent == 0 ? ldexp(fraction, -24)
                                                 : ldexp(1024 + fraction, exponent - 25);
        assert_true((double)got == ((half & 0x8000) != 0 ? -magnitude : magnitude));
        assert_int_equal(signbit(got) != 0, (half & 0x8000) != 0);
    }
}

/** Logits of equal value; the result in units of 1/256. */
static int32_t flat_softmax(int32_t depth, float scale) {
    static int8_t logits[5000], probabilities[5000];
    mn_softmax_params params = {.rows = 1, .depth = depth};
    mn_quant_softmax(1.0f, scale, &params);
    run(mn_softmax_i8_ref, &params, logits, probabilities, 1);
    for (int32_t c = 1; c < depth; c++) assert_int_equal(probabilities[c], probabilities[0]);
    return probabilities[0] + 128;
}

static void test_softmax_of_many(void **state) {
    (void)state;
    assert_int_equal(flat_softmax(1, 0.1f), 255);
    assert_int_equal(flat_softmax(2, 0.1f), 128);
    assert_int_equal(flat_softmax(100, 0.1f), 3);
    assert_int_equal(flat_softmax(511, 0.1f), 1);
    assert_int_equal(flat_softmax(512, 0.1f), 0); /* from here TFLite aborts */
    assert_int_equal(flat_softmax(1001, 0.1f), 0);
    assert_int_equal(flat_softmax(5000, 0.1f), 0); /* past the range of a 32-bit sum with 19 fraction bits */
    assert_int_equal(flat_softmax(3, 1e-12f), 85); /* a scale TFLite refuses */
    assert_int_equal(flat_softmax(3, 1e30f), 85);
}

static void test_quantize_special_floats(void **state) {
    (void)state;
    const float in[] = {INFINITY, -INFINITY, NAN, 1e30f, -1e30f, 0.25f, -0.25f, 0.0f};
    const int8_t want[] = {127, -128, -128, 127, -128, -99, -101, -100};
    const float scale = 0.5f;
    const int32_t zero = -100;
    const mn_convert_params params = {.count = 8, .channels = 1, .inner = 8, .scale = &scale, .zero = &zero};
    int8_t got[8];
    run(mn_quantize_f32_i8_ref, &params, in, got, 8);
    assert_memory_equal(got, want, sizeof want);
}

/** One pixel, one channel: accumulators at the ends of int32 wrap as on the reference's CPUs, defined in C. */
static void test_accumulators_wrap(void **state) {
    (void)state;
    const int32_t multiplier = 1 << 30, shift = 1;
    const mn_window window = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0};
    const mn_conv_params params = {
        .window = window, .groups = 1, .range = {-128, 127}, .multiplier = &multiplier, .shift = &shift};
    const int8_t x = 127, w = 127;
    const int32_t bias = INT32_MAX;
    int8_t got = 0;
    const void *inputs[] = {&x, &w, &bias};
    const mn_task task = {.params = &params, .inputs = inputs, .output = &got};
    mn_conv_i8_ref(&task, 0, 1);
    assert_int_equal(got, 127); /* INT32_MIN + 16128, doubled modulo 2^32 by the shift */
    mn_depthwise_i8_ref(&task, 0, 1);
    assert_int_equal(got, 127);
}

static void test_window_far_outside(void **state) {
    (void)state;
    const int32_t multiplier = 1 << 30, shift = 1;
    mn_conv_params params = {.window = {1, 1, 1, 1, 1, 1, 1, 3, 3, 1, 1, INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX},
                             .groups = 1,
                             .range = {-128, 127},
                             .multiplier = &multiplier,
                             .shift = &shift};
    const int8_t x = 3, w[9] = {1, 1, 1, 1, 7, 1, 1, 1, 1};
    int8_t got = 0;
    const void *inputs[] = {&x, w, NULL};
    const mn_task task = {.params = &params, .inputs = inputs, .output = &got};
    mn_conv_i8_ref(&task, 0, 1);
    assert_int_equal(got, 21); /* only the tap in the middle meets the input */
}

static void test_average_rounds_away_from_zero(void **state) {
    (void)state;
    const mn_pool_params params = {.window = {1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 0, 0}, .range = {-128, 127}};
    const int8_t up[] = {1, 2}, down[] = {-1, -2};
    int8_t got = 0;
    run(mn_average_pool_i8_ref, &params, up, &got, 1);
    assert_int_equal(got, 2);
    run(mn_average_pool_i8_ref, &params, down, &got, 1);
    assert_int_equal(got, -2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_every_tier_has_its_reference),
        cmocka_unit_test(test_half_to_float),
        cmocka_unit_test(test_softmax_of_many),
        cmocka_unit_test(test_quantize_special_floats),
        cmocka_unit_test(test_accumulators_wrap),
        cmocka_unit_test(test_window_far_outside),
        cmocka_unit_test(test_average_rounds_away_from_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
