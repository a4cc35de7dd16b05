/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The table of tiers, and which tier computes what, by the limit that the caller sets and the target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernels/kernel.h"
#include "kernels/params.h"
#include "mobilenet_inspect.h"

static void test_table(void **unused) {
    (void)unused;
    for (int i = 0; i < MN_TIER_COUNT; i++) {
        const mn_tier_info *info = mn_tier_get((mn_tier)i);
        assert_int_equal(info->rank, i);
        assert_true(info->alignment >= 8 && info->alignment <= 64 && (info->alignment & (info->alignment - 1)) == 0);
        assert_true(info->l1_kb > 0 && info->l1_kb < info->l2_kb);
        assert_true(info->macs_per_ns > 0);
        assert_int_equal(info->cpu != 0, info->family != MN_FAMILY_ANY);
        /* Tiers of any family come first, so that a family's own are preferred. */
        assert_true(i == 0 || info->family != MN_FAMILY_ANY || mn_tier_get((mn_tier)(i - 1))->family == MN_FAMILY_ANY);
    }
}

/* What a kernel executes, its tier has; a lookup of bytes in registers is the one thing that asks for more. */
static void test_kernels_fit_their_tiers(void **unused) {
    (void)unused;
    for (int32_t i = 0; i < mn_kernel_count; i++) {
        const mn_tier_info *tier = mn_tier_get(mn_kernels[i].tier);
        assert_true(mn_tier_belongs(tier, mn_cpu_family()));
        assert_true(tier->built);
        const uint32_t more = mn_kernels[i].cpu & ~tier->cpu;
        if (mn_cpu_family() == MN_FAMILY_X86_64) assert_int_equal(more & ~(uint32_t)MN_CPU_AVX512_VBMI, 0);
        if (mn_cpu_family() != MN_FAMILY_X86_64) assert_int_equal(more, 0);
    }
}

static void test_names(void **unused) {
    (void)unused;
    static const char *const any[] = {"ref", "portable", NULL};
    static const char *const x86[] = {"ref", "portable", "avx2", "avxvnni", "avx512", "avx512vnni", "amx", NULL};
    for (int32_t i = 0; i < 3; i++) {
        const char *name = mn_tier_name(MN_FAMILY_ANY, 0, i);
        assert_true(any[i] ? name && strcmp(name, any[i]) == 0 : !name);
    }
    static const char *const arm64[] = {"ref", "portable", "neon", "dotprod", "i8mm", NULL};
    for (int32_t i = 0; i < 6; i++) {
        const char *name = mn_tier_name(MN_FAMILY_ARM64, UINT32_MAX, i);
        assert_true(arm64[i] ? name && strcmp(name, arm64[i]) == 0 : !name);
    }
    static const char *const arm32[] = {"ref", "portable", "neon", NULL};
    for (int32_t i = 0; i < 4; i++) {
        const char *name = mn_tier_name(MN_FAMILY_ARM32, MN_CPU_NEON, i);
        assert_true(arm32[i] ? name && strcmp(name, arm32[i]) == 0 : !name);
    }
    static const char *const wasm[] = {"ref", "portable", "simd128", NULL};
    for (int32_t i = 0; i < 4; i++) {
        const char *name = mn_tier_name(MN_FAMILY_WASM, MN_CPU_SIMD128, i);
        assert_true(wasm[i] ? name && strcmp(name, wasm[i]) == 0 : !name);
    }
    const mn_family arms[] = {MN_FAMILY_ARM64, MN_FAMILY_ARM32};
    for (int32_t i = 0; i < 2; i++) { /* two tiers, one name */
        mn_tier tier = MN_TIER_COUNT;
        assert_int_equal(mn_tier_parse("neon", arms[i], MN_CPU_NEON, &tier), MN_OK);
        assert_int_equal(tier, i == 0 ? MN_TIER_NEON : MN_TIER_NEON32);
    }
    for (int32_t i = 0; i < 8; i++) {
        mn_tier tier = MN_TIER_COUNT;
        const char *name = mn_tier_name(MN_FAMILY_X86_64, UINT32_MAX, i);
        assert_true(x86[i] ? name && strcmp(name, x86[i]) == 0 : !name);
        if (!name) continue;
        assert_int_equal(mn_tier_parse(name, MN_FAMILY_X86_64, UINT32_MAX, &tier), MN_OK);
        assert_string_equal(mn_tier_get(tier)->name, name);
    }
    assert_null(mn_tier_name(MN_FAMILY_X86_64, UINT32_MAX, -1));
}

static void test_wrong_names(void **unused) {
    (void)unused;
    mn_tier tier = MN_TIER_COUNT;
    assert_int_equal(mn_tier_parse("fast", MN_FAMILY_X86_64, UINT32_MAX, &tier), MN_ERROR_ARGUMENT);
    assert_string_equal(mn_error_detail(),
                        "kernel tier \"fast\" is not known; use one of ref, portable, avx2, avxvnni, "
                        "avx512, avx512vnni, amx");
    assert_int_equal(mn_tier_parse("avx2", MN_FAMILY_ANY, UINT32_MAX, &tier), MN_ERROR_ARGUMENT);
    assert_string_equal(mn_error_detail(), "kernel tier \"avx2\" is for x86-64 processors; use one of ref, portable");
    assert_int_equal(mn_tier_parse("neon", MN_FAMILY_X86_64, UINT32_MAX, &tier), MN_ERROR_ARGUMENT);
    assert_string_equal(mn_error_detail(), "kernel tier \"neon\" is for arm64 processors; use one of ref, portable, "
                                           "avx2, avxvnni, avx512, avx512vnni, amx");
    assert_int_equal(tier, MN_TIER_COUNT);
}

static const char *refusal(const char *name, mn_family family, uint32_t cpu) {
    mn_tier tier = MN_TIER_COUNT;
    assert_int_equal(mn_tier_parse(name, family, cpu, &tier), MN_ERROR_ARGUMENT);
    assert_int_equal(tier, MN_TIER_COUNT);
    return mn_error_detail();
}

/* What a lesser processor of the family lacks is refused, whatever stands below it in the table. */
static void test_lacking(void **unused) {
    (void)unused;
    assert_string_equal(refusal("i8mm", MN_FAMILY_ARM64, MN_CPU_NEON | MN_CPU_DOTPROD),
                        "kernel tier \"i8mm\" needs instructions that this processor lacks, whose best is \"dotprod\"; "
                        "use one of ref, portable, neon, dotprod");
    assert_string_equal(refusal("dotprod", MN_FAMILY_ARM64, MN_CPU_NEON),
                        "kernel tier \"dotprod\" needs instructions that this processor lacks, whose best is \"neon\"; "
                        "use one of ref, portable, neon");
    assert_string_equal(
        refusal("neon", MN_FAMILY_ARM32, 0),
        "kernel tier \"neon\" needs instructions that this processor lacks, whose best is \"portable\"; "
        "use one of ref, portable");
    const uint32_t without_vnni = MN_CPU_AVX2 | MN_CPU_AVX512;
    assert_string_equal(
        refusal("avxvnni", MN_FAMILY_X86_64, without_vnni),
        "kernel tier \"avxvnni\" needs instructions that this processor lacks, whose best is \"avx512\"; "
        "use one of ref, portable, avx2, avx512");
    assert_int_equal(mn_tier_best(MN_FAMILY_X86_64, without_vnni), MN_TIER_AVX512);
    assert_int_equal(mn_tier_best(MN_FAMILY_ANY, UINT32_MAX), MN_TIER_PORTABLE);
}

/* This processor: what the interface lists, a session takes; what it leaves out of its family, a session refuses. */
static void test_here(void **unused) {
    (void)unused;
    mn_model *model;
    assert_int_equal(mn_model_open("tests/golden/tiny_v2_int8.tflite", &model), MN_OK);
    int32_t listed = 0;
    for (int i = 0; i < MN_TIER_COUNT; i++) {
        const mn_tier_info *info = mn_tier_get((mn_tier)i);
        if (!mn_tier_belongs(info, mn_cpu_family())) continue;
        mn_session_options options = MN_INIT(mn_session_options);
        options.cpu = info->name;
        mn_session *session = NULL;
        const bool runs = mn_tier_runs(info, mn_cpu_family(), mn_cpu_flags());
        assert_int_equal(mn_session_create(model, &options, &session), runs ? MN_OK : MN_ERROR_ARGUMENT);
        if (runs) assert_string_equal(mn_cpu_tier(listed++), info->name);
        mn_session_close(&session);
    }
    assert_true(listed >= 1);
    assert_null(mn_cpu_tier(listed));
    mn_model_close(&model);
}

/* What MN_TIERS left out is refused, on processors that would run it too, and chosen for none. */
static void test_left_out(void **unused) {
    (void)unused;
    for (int i = 0; i < MN_TIER_COUNT; i++) {
        const mn_tier_info *info = mn_tier_get((mn_tier)i);
        if (info->built) continue;
        const char *message = refusal(info->name, info->family, UINT32_MAX);
        assert_non_null(strstr(message, info->name));
        assert_non_null(strstr(message, "\" was left out of this build; use one of ref"));
        assert_false(mn_tier_runs(info, info->family, UINT32_MAX));
        assert_int_not_equal(mn_tier_default(info->family), i);
    }
    assert_true(mn_tier_get(MN_TIER_REF)->built);
}

static void test_limits(void **unused) {
    (void)unused;
    mn_tier_info low = *mn_tier_get(MN_TIER_REF), high = *mn_tier_get(MN_TIER_PORTABLE);
    assert_true(mn_tier_allows(&high, &low));
    assert_true(mn_tier_allows(&high, &high));
    assert_false(mn_tier_allows(&low, &high));
    low.automatic = high.automatic = false;
    assert_false(mn_tier_allows(&high, &low));
    assert_true(mn_tier_allows(&high, &high));
    assert_int_equal(mn_tier_default(MN_FAMILY_ANY), MN_TIER_PORTABLE);
    assert_int_equal(mn_tier_default(MN_FAMILY_X86_64), MN_TIER_AMX);
    assert_int_equal(mn_tier_default(MN_FAMILY_ARM64), MN_TIER_I8MM);
    assert_int_equal(mn_tier_default(MN_FAMILY_ARM32), MN_TIER_NEON32);
}

static void test_targets(void **unused) {
    (void)unused;
    const mn_target here = mn_target_here();
    assert_int_equal(here.family, mn_cpu_family());
    assert_int_equal(here.cpu, mn_cpu_flags());
    assert_true(here.l1_bytes >= 1024 && here.l1_bytes < here.l2_bytes);
    const mn_target assumed = mn_target_of_tier(MN_TIER_AVX2);
    assert_int_equal(assumed.family, MN_FAMILY_X86_64);
    assert_int_equal(assumed.cpu, MN_CPU_AVX2);
    assert_int_equal(assumed.l1_bytes, 32 * 1024);
}

static mn_tier tier_of(mn_kernel_op op, mn_type type, mn_tier limit, const mn_target *target) {
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
    const mn_kernel *kernel = mn_kernel_choose(op, type, type, target, limit, &p, &need);
    assert_non_null(kernel);
    assert_int_equal(kernel->cpu & ~target->cpu, 0);
    return kernel->tier;
}

static void expect_tier(mn_tier limit, const mn_target *target, mn_tier expected) {
    static const mn_kernel_op ops[] = {MN_K_CONV, MN_K_DEPTHWISE};
    for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
        assert_int_equal(tier_of(ops[k], MN_INT8, limit, target), expected);
        assert_int_equal(tier_of(ops[k], MN_UINT8, limit, target), expected);
    }
}

/* A target of another family gets the kernels of any, whatever its flags mean there. */
static void test_other_family(void **unused) {
    (void)unused;
    const mn_target other = {.family = MN_FAMILY_ANY, .cpu = UINT32_MAX};
    expect_tier(MN_TIER_COUNT - 1, &other, MN_TIER_PORTABLE);
    expect_tier(MN_TIER_COUNT - 1, &mn_target_any, MN_TIER_PORTABLE);
    expect_tier(MN_TIER_REF, &mn_target_any, MN_TIER_REF);
}

#if defined(__x86_64__) && defined(__GNUC__)

enum { EVERYTHING = MN_CPU_AVX2 | MN_CPU_AVX_VNNI | MN_CPU_AVX512 | MN_CPU_AVX512_VNNI | MN_CPU_AVX512_VBMI };

static void test_x86(void **unused) {
    (void)unused;
    static const struct {
        mn_tier limit;
        uint32_t cpu;
        mn_tier expected;
    } cases[] = {
        {MN_TIER_AVX512VNNI, 0, MN_TIER_PORTABLE},
        {MN_TIER_AVX512VNNI, MN_CPU_AVX2, MN_TIER_AVX2},
        {MN_TIER_AVX512VNNI, MN_CPU_AVX2 | MN_CPU_AVX512, MN_TIER_AVX2},
        {MN_TIER_AVX512VNNI, EVERYTHING, MN_TIER_AVX512VNNI},
        {MN_TIER_AVXVNNI, MN_CPU_AVX2, MN_TIER_AVX2},
        {MN_TIER_AVX2, EVERYTHING, MN_TIER_AVX2},
        {MN_TIER_PORTABLE, EVERYTHING, MN_TIER_PORTABLE},
        {MN_TIER_REF, EVERYTHING, MN_TIER_REF},
#ifdef MN_CPU_AVX_VNNI_COMPILES
        {MN_TIER_AVX512VNNI, MN_CPU_AVX2 | MN_CPU_AVX_VNNI, MN_TIER_AVXVNNI},
        {MN_TIER_AVX512, EVERYTHING, MN_TIER_AVXVNNI},
        {MN_TIER_AVXVNNI, EVERYTHING, MN_TIER_AVXVNNI},
#endif
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const mn_target target = {.family = MN_FAMILY_X86_64, .cpu = cases[i].cpu};
        expect_tier(cases[i].limit, &target, cases[i].expected);
    }
    for (mn_tier tier = MN_TIER_AVX2; tier <= MN_TIER_AVX512VNNI; tier++) {
        const mn_target target = mn_target_of_tier(tier);
        if (tier != MN_TIER_AVX512) expect_tier(tier, &target, tier); /* which has no 8-bit convolution of its own */
    }
}

#else

static void test_x86(void **unused) {
    (void)unused;
    printf("SKIPPED: the tiers of x86-64 have kernels there only\n");
}

#endif

#if defined(__aarch64__) && defined(MN_CPU_DOTPROD_COMPILES)

static void test_arm(void **unused) {
    (void)unused;
    enum { DOTS = MN_CPU_NEON | MN_CPU_DOTPROD, ALL = DOTS | MN_CPU_I8MM };
    static const struct {
        mn_tier limit;
        uint32_t cpu;
        mn_tier conv, depthwise;
    } cases[] = {
        {MN_TIER_I8MM, 0, MN_TIER_PORTABLE, MN_TIER_PORTABLE},
        {MN_TIER_I8MM, MN_CPU_NEON, MN_TIER_NEON, MN_TIER_NEON},
        {MN_TIER_I8MM, DOTS, MN_TIER_DOTPROD, MN_TIER_DOTPROD},
        {MN_TIER_I8MM, ALL, MN_TIER_I8MM, MN_TIER_DOTPROD}, /* matrices help no filter of single channels */
        {MN_TIER_DOTPROD, ALL, MN_TIER_DOTPROD, MN_TIER_DOTPROD},
        {MN_TIER_NEON, ALL, MN_TIER_NEON, MN_TIER_NEON},
        {MN_TIER_PORTABLE, ALL, MN_TIER_PORTABLE, MN_TIER_PORTABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const mn_target target = {.family = MN_FAMILY_ARM64, .cpu = cases[i].cpu};
        for (int type = 0; type < 2; type++) {
            const mn_type types[] = {MN_INT8, MN_UINT8};
            assert_int_equal(tier_of(MN_K_CONV, types[type], cases[i].limit, &target), cases[i].conv);
            assert_int_equal(tier_of(MN_K_DEPTHWISE, types[type], cases[i].limit, &target), cases[i].depthwise);
        }
    }
}

#else

static void test_arm(void **unused) {
    (void)unused;
    printf("SKIPPED: the tiers of 64-bit Arm have kernels there only\n");
}

#endif

static bool is_whole(void) {
    bool whole = true;
    for (int i = 0; i < MN_TIER_COUNT; i++) whole &= mn_tier_get((mn_tier)i)->built;
    return whole;
}

int main(void) {
    const struct CMUnitTest any[] = {
        cmocka_unit_test(test_table),    cmocka_unit_test(test_kernels_fit_their_tiers),
        cmocka_unit_test(test_here),     cmocka_unit_test(test_targets),
        cmocka_unit_test(test_left_out),
    };
    /* These know what the whole table gives. */
    const struct CMUnitTest whole[] = {
        cmocka_unit_test(test_names),        cmocka_unit_test(test_wrong_names), cmocka_unit_test(test_lacking),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_x86),         cmocka_unit_test(test_arm),
        cmocka_unit_test(test_other_family),
    };
    const int failed = cmocka_run_group_tests(any, NULL, NULL);
    if (is_whole()) return failed + cmocka_run_group_tests(whole, NULL, NULL);
    printf("SKIPPED: tests of the whole table, of which MN_TIERS left tiers out\n");
    return failed;
}
