/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which tier computes what, by the limit that the caller sets and the processor's instructions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "kernels/kernel.h"
#include "kernels/params.h"

#if defined(__x86_64__) && defined(__GNUC__)

enum { EVERYTHING = MN_CPU_AVX2 | MN_CPU_AVX_VNNI | MN_CPU_AVX512 | MN_CPU_AVX512_VNNI | MN_CPU_AVX512_VBMI };

static mn_tier tier_of(mn_kernel_op op, mn_type type, mn_tier limit, uint32_t cpu) {
    enum { CHANNELS = 32 };
    int32_t multiplier[CHANNELS], shift[CHANNELS];
    for (int i = 0; i < CHANNELS; i++) multiplier[i] = 1 << 30, shift[i] = -7;
    mn_conv_params p = {.window = {1, 8, 8, CHANNELS, 8, 8, CHANNELS, 3, 3, 1, 1, 1, 1, 1, 1},
                        .groups = 1,
                        .range = {0, 100},
                        .weight_zero = type == MN_UINT8 ? 100 : 0,
                        .multiplier = multiplier,
                        .shift = shift};
    mn_kernel_need need;
    const mn_kernel *kernel = mn_kernel_choose(op, type, type, limit, cpu, &p, &need);
    assert_non_null(kernel);
    assert_int_equal(kernel->cpu & ~cpu, 0);
    return kernel->tier;
}

static void test_convolutions(void **unused) {
    (void)unused;
    static const struct {
        mn_tier limit;
        uint32_t cpu;
        mn_tier expected;
    } cases[] = {
        {MN_TIER_COUNT - 1, 0, MN_TIER_PORTABLE},
        {MN_TIER_COUNT - 1, MN_CPU_AVX2, MN_TIER_AVX2},
        {MN_TIER_COUNT - 1, MN_CPU_AVX2 | MN_CPU_AVX512, MN_TIER_AVX2},
        {MN_TIER_COUNT - 1, EVERYTHING, MN_TIER_AVX512VNNI},
        {MN_TIER_AVX512, EVERYTHING, MN_TIER_AVX2},
        {MN_TIER_AVX2, EVERYTHING, MN_TIER_AVX2},
        {MN_TIER_PORTABLE, EVERYTHING, MN_TIER_PORTABLE},
        {MN_TIER_REF, EVERYTHING, MN_TIER_REF},
    };
    static const mn_kernel_op ops[] = {MN_K_CONV, MN_K_DEPTHWISE};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
            assert_int_equal(tier_of(ops[k], MN_INT8, cases[i].limit, cases[i].cpu), cases[i].expected);
            assert_int_equal(tier_of(ops[k], MN_UINT8, cases[i].limit, cases[i].cpu), cases[i].expected);
        }
    }
}

/* Untested on processors that have it, so only for those who ask for it. */
static void test_avx_vnni_must_be_named(void **unused) {
    (void)unused;
    const uint32_t cpu = MN_CPU_AVX2 | MN_CPU_AVX_VNNI;
    static const mn_kernel_op ops[] = {MN_K_CONV, MN_K_DEPTHWISE};
    for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
        assert_int_equal(tier_of(ops[k], MN_INT8, MN_TIER_COUNT - 1, cpu), MN_TIER_AVX2);
        assert_int_equal(tier_of(ops[k], MN_INT8, MN_TIER_AVX512, cpu), MN_TIER_AVX2);
        assert_int_equal(tier_of(ops[k], MN_INT8, MN_TIER_AVXVNNI, MN_CPU_AVX2), MN_TIER_AVX2);
#ifdef MN_CPU_AVX_VNNI_COMPILES
        assert_int_equal(tier_of(ops[k], MN_INT8, MN_TIER_AVXVNNI, cpu), MN_TIER_AVXVNNI);
        assert_int_equal(tier_of(ops[k], MN_UINT8, MN_TIER_AVXVNNI, cpu), MN_TIER_AVXVNNI);
#endif
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_avx_vnni_must_be_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    printf("SKIPPED: these tiers are for x86-64\n");
    return 77;
}

#endif
