/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Requantisation in floats (src/kernels/x86/requant.c, requant_fixup.c): where a pair of floats is found, with or
 * without fixups, it gives the integer result on both sides of every threshold, and so
 * everywhere. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "kernels/quant.h"
#include "kernels/x86/requant.h"
#include "support/rounds.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include "kernels/x86/q8_avx512.h"

Q8_TARGET static void requantise_avx512(const mn_requant *q, const int32_t *sums, int32_t *out) {
    _mm512_storeu_si512(out, mn_q8_requant(_mm512_loadu_si512(sums), q));
}

#undef Q8_TARGET
#undef Q8_INLINE
#undef Q8_NOINLINE
#undef Q8_UNROLL
#include "kernels/x86/q8_avx2.h"

Q8_TARGET static void requantise_avx2(const mn_requant *q, const int32_t *sums, int32_t *out) {
    for (int half = 0; half < 2; half++) {
        __m256i values = q8_load(sums + half * Q8_LANES);
        q8_requant_some(1, &values, q, half);
        _mm256_storeu_si256((__m256i *)(void *)(out + half * Q8_LANES), values);
    }
}

static uint64_t state = 1;

static int32_t random_between(int32_t low, int32_t high) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint64_t values = (uint64_t)((int64_t)high - low + 1);
    return (int32_t)(low + (int64_t)((state >> 33) % values));
}

/* The first accumulator whose result reaches `value`, by bisection in [0, 2^31 - 1]. */
static int32_t threshold(int32_t multiplier, int32_t shift, int32_t value) {
    int32_t low = 0, high = INT32_MAX;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (mn_requantize(middle, multiplier, shift) >= value) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* a b + c, rounded once, as kernels do it: MinGW's fmaf() rounds twice. */
__attribute__((target("avx2,fma"))) static float fused(float a, float b, float c) {
    return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}

static void check_at(const mn_requant *q, int32_t lane, int32_t shift, int32_t accumulator, mn_range_i32 range) {
    int32_t exact = mn_store_i32(accumulator, q->multiplier[lane], shift, q->zero, range);
    float real = rintf(fused((float)(accumulator - q->centre[lane]), q->scale[lane], q->offset[lane]));
    int32_t got = real < (float)range.min ? range.min : real > (float)range.max ? range.max : (int32_t)real;
    if (exact != got) {
        fail_msg("multiplier %d, shift %d, zero %d, accumulator %d: %d, expected %d", q->multiplier[lane], shift,
                 q->zero, accumulator, got, exact);
    }
}

static void check_lane(const mn_requant *q, int32_t lane, int32_t shift, mn_range_i32 range) {
    for (int32_t value = 1; value <= range.max - q->zero; value++) {
        int32_t at = threshold(q->multiplier[lane], shift, value);
        check_at(q, lane, shift, at, range);
        check_at(q, lane, shift, at - 1, range);
        if (at < INT32_MAX) check_at(q, lane, shift, at + 1, range);
    }
    static const int32_t ends[] = {0, -1, -1000, -(1 << 30), INT32_MAX};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) check_at(q, lane, shift, ends[i], range);
}

static void test_every_threshold(void **unused) {
    (void)unused;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    int32_t lanes = 0, rounds = 300;
    for (int32_t round = 0; round < rounds; round++) {
        int32_t multiplier[MN_REQUANT_LANES], shift[MN_REQUANT_LANES];
        for (int32_t i = 0; i < MN_REQUANT_LANES; i++) {
            multiplier[i] = random_between(1 << 30, INT32_MAX);
            shift[i] = -random_between(4, 9); /* as in real models */
        }
        int32_t zero = round % 3 == 0 ? random_between(-128, 100) : -128;
        mn_range_i32 range = {zero, random_between(zero, 127)};
        mn_requant q;
        mn_requant_lanes all = mn_requant_lanes_of(0, MN_REQUANT_LANES, NULL);
        mn_requant_fill(&q, &all, multiplier, shift, NULL, zero, range);
        if (!q.is_float) continue;
        for (int32_t i = 0; i < MN_REQUANT_LANES; i++) check_lane(&q, i, shift[i], range);
        lanes += MN_REQUANT_LANES;
    }
    print_message("%d of %d channels requantise in floats\n", lanes, rounds * MN_REQUANT_LANES);
    assert_true(lanes > rounds * MN_REQUANT_LANES / 2);
}

/* Linear layers round negative sums the other way, a multiplier of 0 has no thresholds, and sums of an extreme bias
 * wrap. */
static void test_integers_remain(void **unused) {
    (void)unused;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    const int32_t multiplier = 1 << 30, none = 0, shift = -5, extreme = INT32_MIN;
    const mn_requant_lanes one = mn_requant_lanes_of(0, 1, NULL);
    const mn_range_i32 all = {-128, 127};
    mn_requant q;
    mn_requant_fill(&q, &one, &multiplier, &shift, NULL, -128, all);
    assert_true(q.is_float);
    mn_requant_fill(&q, &one, &multiplier, &shift, NULL, 0, all);
    assert_false(q.is_float);
    mn_requant_fill(&q, &one, &none, &shift, NULL, -128, all);
    assert_false(q.is_float);
    mn_requant_fill(&q, &one, &multiplier, &shift, &extreme, -128, all);
    assert_false(q.is_float);
}

static void test_left_shifts_do_not_fit(void **unused) {
    (void)unused;
    const int32_t right[] = {0, -1, -31}, left[] = {0, 1, -3};
    assert_true(mn_requant_fits(right, 3));
    assert_false(mn_requant_fits(left, 3));
}

/* ---- Floats with fixups ---- */

enum { LANES = MN_REQUANT_LANES };

/* 16 channels, the accumulators that they can have, and their constants. */
typedef struct channels {
    int32_t multiplier[LANES], shift[LANES];
    int64_t low[LANES], high[LANES];
    int32_t zero;
    mn_range_i32 range;
    mn_requant q;
} channels;

/* The kernels' own arithmetic, of either width, on one accumulator of each lane. */
static void requantise(const mn_requant *q, bool wide, const int32_t *accumulator, int32_t *out) {
    int32_t sums[LANES];
    for (int32_t i = 0; i < LANES; i++) sums[i] = (int32_t)((uint32_t)accumulator[i] - (uint32_t)q->centre[i]);
    (wide ? requantise_avx512 : requantise_avx2)(q, sums, out);
}

/* Results of the accumulators `at`, as they are and as they should be. */
static void check_results(const channels *c, const int32_t *at, const int32_t *got) {
    for (int32_t i = 0; i < LANES; i++) {
        const int32_t exact = mn_store_i32(at[i], c->multiplier[i], c->shift[i], c->zero, c->range);
        const int32_t clamped = mn_clamp_i32(got[i], c->range.min, c->range.max);
        if (clamped == exact) continue;
        fail_msg("multiplier %d, shift %d, zero %d, range [%d, %d], accumulators [%lld, %lld], %d: %d, expected %d",
                 c->multiplier[i], c->shift[i], c->zero, c->range.min, c->range.max, (long long)c->low[i],
                 (long long)c->high[i], at[i], clamped, exact);
    }
}

/* Each lane's accumulator, moved by `away` and into its range. */
static void check_near(const channels *c, const int32_t *accumulator, int32_t away) {
    int32_t at[LANES], got[LANES];
    for (int32_t i = 0; i < LANES; i++) {
        const int64_t moved = (int64_t)accumulator[i] + away;
        at[i] = (int32_t)(moved < c->low[i] ? c->low[i] : moved > c->high[i] ? c->high[i] : moved);
    }
    requantise(&c->q, false, at, got);
    check_results(c, at, got);
    if (!(mn_cpu_flags() & MN_CPU_AVX512_VNNI)) return;
    requantise(&c->q, true, at, got);
    check_results(c, at, got);
}

/* The first accumulator of lane `i` whose result reaches `value`, or the last there is. */
static int32_t first_reaching(const channels *c, int32_t i, int32_t value) {
    int64_t low = c->low[i], high = c->high[i];
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const int32_t result = mn_wrap_add(mn_requantize((int32_t)middle, c->multiplier[i], c->shift[i]), c->zero);
        if (result >= value) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return (int32_t)low;
}

static void check_channels(const channels *c) {
    int32_t at[LANES];
    for (int32_t value = c->range.min; value <= c->range.max + 1; value++) {
        for (int32_t i = 0; i < LANES; i++) at[i] = first_reaching(c, i, value);
        for (int32_t away = -2; away <= 2; away++) check_near(c, at, away);
    }
    for (int32_t i = 0; i < LANES; i++) at[i] = 0;
    for (int32_t away = -3; away <= 3; away++) check_near(c, at, away);
    check_near(c, at, INT32_MIN);
    check_near(c, at, INT32_MAX);
    for (int32_t round = 0; round < 200; round++) {
        for (int32_t i = 0; i < LANES; i++) at[i] = random_between((int32_t)c->low[i], (int32_t)c->high[i]);
        check_near(c, at, 0);
    }
}

/* As a layer without activation, with RELU, and with a clamp anywhere. */
static void random_range(channels *c) {
    c->zero = random_between(0, 3) == 0 ? -128 : random_between(-128, 127);
    c->range = (mn_range_i32){-128, 127};
    switch (random_between(0, 3)) {
    case 0: c->range.min = c->zero; break;
    case 1: c->range.min = random_between(-128, 127); break;
    default: break;
    }
    if (random_between(0, 3) == 0) c->range.max = random_between(c->range.min, 127);
}

/* Sums of up to 4096 products around 0; or of few products around any bias, or of hardly any. */
static void random_bounds(channels *c, int32_t i, bool usual) {
    const int64_t largest[] = {INT64_C(255) * 255 * random_between(64, 4096), 255 * random_between(0, 1 << 10), 40};
    const int32_t kind = usual ? 0 : random_between(0, 2), most = kind == 0 ? 1 << 20 : 1 << 30;
    const int32_t bias = random_between(-most, most) >> random_between(0, 30);
    c->low[i] = bias - largest[kind];
    c->high[i] = bias + largest[kind];
}

/* Both searches in turns, where the processor has them. */
static void fix_up(channels *c, int32_t some, int32_t round) {
    const bool wide = (mn_cpu_flags() & MN_CPU_AVX512) && round % 2 == 0;
    mn_requant_fix_up(&c->q, some, c->low, c->high, c->range, wide);
}

static void fill_channels(channels *c, int32_t round) {
    const mn_requant_lanes all = mn_requant_lanes_of(0, LANES, NULL);
    const bool usual = random_between(0, 1) == 0;
    const int32_t shift = random_between(2, 12);
    random_range(c);
    for (int32_t i = 0; i < LANES; i++) {
        const int32_t kind = random_between(0, 63), one = 1 << 30; /* of some, accumulators meet thresholds exactly */
        c->multiplier[i] = kind < 8 ? one : kind == 8 ? one / 2 * 3 : random_between(one, INT32_MAX);
        c->shift[i] = !usual && random_between(0, 7) == 0 ? -random_between(2, 31) : -shift;
        random_bounds(c, i, usual);
    }
    const int32_t some = mn_requant_fill_some(&c->q, &all, c->multiplier, c->shift, NULL, c->zero, c->range);
    fix_up(c, some, round);
}

static void test_fixed_up(void **unused) {
    (void)unused;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    int32_t fixed_up = 0, with_fixups = 0, both_signs = 0, centred = 0;
    const int32_t rounds = rounds_of(160, 1500);
    for (int32_t round = 0; round < rounds; round++) {
        channels c;
        fill_channels(&c, round);
        check_channels(&c);
        if (!c.q.is_fixed_up) continue;
        fixed_up++;
        with_fixups += c.q.fixups > 0;
        both_signs += c.q.is_signed;
        for (int32_t i = 0; i < LANES; i++) centred += c.q.centre[i] != 0;
    }
    print_message("%d of %d vectors are fixed up, %d with fixups, %d of both signs; %d channels have a centre\n",
                  fixed_up, rounds, with_fixups, both_signs, centred);
    assert_true(fixed_up > rounds / 4 && with_fixups > rounds / 50 && both_signs > rounds / 10 && centred > 0);
}

/* Dead channels: scales so small that rounding to a float moves a result by a whole accumulator, and few thresholds. */
static void test_few_thresholds(void **unused) {
    (void)unused;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    int32_t right = 0;
    const int32_t rounds = rounds_of(40, 100);
    for (int32_t round = 0; round < rounds; round++) {
        channels c = {.zero = -128, .range = {-128, 127}};
        const mn_requant_lanes all = mn_requant_lanes_of(0, LANES, NULL);
        for (int32_t i = 0; i < LANES; i++) {
            c.multiplier[i] = random_between(1 << 30, INT32_MAX), c.shift[i] = -random_between(16, 17);
            c.low[i] = -random_between(0, 1 << 18), c.high[i] = random_between(0, 1 << 18);
        }
        const int32_t some = mn_requant_fill_some(&c.q, &all, c.multiplier, c.shift, NULL, c.zero, c.range);
        fix_up(&c, some, round);
        check_channels(&c);
        right += c.q.is_fixed_up && c.q.fixups == 0;
    }
    print_message("%d of %d vectors need no fixups\n", right, rounds);
    assert_true(right > rounds / 4);
}

/* Sums that may wrap, scales so large that results leave the floats' range, and multipliers of 0 stay with integers. */
static void test_integers_remain_without_fixups(void **unused) {
    (void)unused;
    if (!(mn_cpu_flags() & MN_CPU_AVX2)) {
        print_message("SKIPPED: the processor has no AVX2\n");
        skip();
    }
    const struct {
        int32_t multiplier, shift;
        int64_t high;
        bool is_fixed_up;
    } cases[] = {{1 << 30, -5, 1 << 20, true},
                 {1 << 30, -5, (int64_t)INT32_MAX + 1, false},
                 {1 << 30, 0, 1 << 20, false},
                 {0, -5, 1 << 20, false}};
    for (size_t round = 0; round < 2 * sizeof cases / sizeof cases[0]; round++) {
        const size_t k = round / 2;
        channels c = {.zero = 3, .range = {-128, 127}};
        const mn_requant_lanes one = mn_requant_lanes_of(0, 1, NULL);
        for (int32_t i = 0; i < LANES; i++) {
            c.multiplier[i] = cases[k].multiplier, c.shift[i] = cases[k].shift;
            c.low[i] = -(1 << 20), c.high[i] = cases[k].high;
        }
        const int32_t some = mn_requant_fill_some(&c.q, &one, c.multiplier, c.shift, NULL, c.zero, c.range);
        fix_up(&c, some, (int32_t)round);
        assert_int_equal(c.q.is_fixed_up, cases[k].is_fixed_up);
        for (int32_t i = 0; i < LANES; i++) c.high[i] = 1 << 20;
        check_channels(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_threshold),        cmocka_unit_test(test_integers_remain),
        cmocka_unit_test(test_left_shifts_do_not_fit), cmocka_unit_test(test_fixed_up),
        cmocka_unit_test(test_few_thresholds),         cmocka_unit_test(test_integers_remain_without_fixups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    printf("SKIPPED: these kernels are for x86-64\n");
    return 77;
}

#endif
