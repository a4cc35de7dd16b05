/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The fused convolution and depthwise convolution around each sum at which a result of the first one changes: floats
 * and what puts them right have to be right there. And with sums as far from 0 as integers that are read as floats may
 * be, those that unsigned weights make too large included. Random inputs hardly ever meet such sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/aligned.h"
#include "base/cpu.h"
#include "kernels/cut.h"
#include "kernels/kernels.h"
#include "kernels/quant.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/q8.h"
#include "support/rounds.h"

enum { SHORT = 16, LONG = 192, CHANNELS = 16, SIZE = 112, PIXELS = SIZE * SIZE, LARGE = 127 };

static uint64_t state = 1;

static int32_t random_between(int32_t low, int32_t high) {
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int32_t)(low + (int64_t)((state >> 33) % (uint64_t)(high - low + 1)));
}

/* Both convolutions; the second gives back what it takes. */
typedef struct layers {
    mn_conv_depthwise_params p;
    int32_t multiplier[CHANNELS], shift[CHANNELS], bias[CHANNELS];
    int32_t one[CHANNELS], one_shift[CHANNELS];
    int32_t depth;
    int8_t weights[CHANNELS * LONG], taps[9][CHANNELS]; /* [CHANNELS][depth] */
    int8_t in[PIXELS * LONG];                           /* [PIXELS][depth] */
} layers;

static void fill_layers(layers *l, int32_t depth, int32_t in_zero, int32_t zero, int32_t shift) {
    memset(l->taps, 0, sizeof l->taps);
    l->depth = depth;
    for (int32_t i = 0; i < CHANNELS; i++) {
        l->multiplier[i] = random_between(1 << 30, INT32_MAX);
        l->shift[i] = -shift;
        l->bias[i] = random_between(-(1 << 14), 1 << 14);
        l->one[i] = 1 << 30, l->one_shift[i] = -5, l->taps[4][i] = 64;
    }
    const mn_range_i32 all = {-128, 127};
    l->p = (mn_conv_depthwise_params){
        .conv = {.window = {1, SIZE, SIZE, depth, SIZE, SIZE, CHANNELS, 1, 1, 1, 1, 1, 1, 0, 0},
                 .groups = 1,
                 .range = all,
                 .in_zero = in_zero,
                 .out_zero = zero,
                 .multiplier = l->multiplier,
                 .shift = l->shift},
        .depthwise = {.window = {1, SIZE, SIZE, CHANNELS, SIZE, SIZE, CHANNELS, 3, 3, 1, 1, 1, 1, 1, 1},
                      .groups = 1,
                      .range = all,
                      .in_zero = zero,
                      .out_zero = zero,
                      .multiplier = l->one,
                      .shift = l->one_shift},
    };
}

/* A pixel for which the products of any channel add up to `sum`, or as near as can be. */
static void fill_pixel(int8_t pixel[SHORT], int32_t in_zero, int32_t sum) {
    int32_t left = sum;
    for (int32_t k = SHORT - 1; k >= 0; k--) {
        const int32_t weight = k ? LARGE : 1, rest = left < 0 && k ? left - LARGE + 1 : left;
        const int32_t value = mn_clamp_i32(in_zero + rest / weight, -128, 127);
        pixel[k] = (int8_t)value;
        left -= (value - in_zero) * weight;
    }
}

/* The first accumulator whose result reaches `value`. */
static int32_t first_reaching(const layers *l, int32_t channel, int32_t value) {
    int32_t low = -(1 << 22), high = 1 << 22;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        const int32_t result = mn_requantize(middle, l->multiplier[channel], l->shift[channel]);
        if (result + l->p.conv.out_zero >= value) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void fill_input(layers *l) {
    int32_t pixel = 0;
    for (int32_t i = 0; i < CHANNELS * SHORT; i++) l->weights[i] = i % SHORT ? LARGE : 1;
    for (int32_t channel = 0; channel < CHANNELS; channel++) {
        for (int32_t value = -127; value <= 127; value++) {
            const int32_t sum = first_reaching(l, channel, value) - l->bias[channel];
            for (int32_t away = -1; away <= 1; away++)
                fill_pixel(l->in + SHORT * pixel++, l->p.conv.in_zero, sum + away);
        }
    }
    while (pixel < PIXELS) fill_pixel(l->in + SHORT * pixel++, l->p.conv.in_zero, 0);
}

static const mn_kernel *kernel_named(const char *symbol) {
    for (int32_t i = 0; i < mn_kernel_count; i++) {
        if (strcmp(mn_kernels[i].symbol, symbol) == 0) return &mn_kernels[i];
    }
    return NULL;
}

/* Memory aligned as kernels want it; mn_aligned_free() it. */
static void *aligned(size_t bytes) {
    void *memory = mn_aligned_alloc(64, bytes);
    assert_non_null(memory);
    return memset(memory, 0, bytes);
}

/* The image in the kernel's layout, NHWC. */
static uint8_t *run(const layers *l, const char *symbol) {
    const void *inputs[] = {l->in, l->weights, l->bias, l->taps, NULL};
    const void *constants[] = {NULL, l->weights, l->bias, l->taps, NULL};
    const mn_work work = {.units = 1};
    const mn_kernel *kernel = kernel_named(symbol);
    mn_kernel_need need;
    mn_layout in, layout;
    assert_true(mn_kernel_needs(kernel, &l->p, &need));
    mn_kernel_layouts(kernel, &l->p, &in, &layout);
    const mn_cut cut = mn_kernel_cut(kernel, &l->p, &need, &work, 1);
    const mn_extent e = mn_extent_of(layout, SIZE, SIZE, CHANNELS);
    uint8_t *packed = aligned(need.packed_bytes), *workspace = aligned(cut.workspace_bytes);
    uint8_t *laid_out = aligned(mn_extent_image(&e)), *out = test_malloc(PIXELS * CHANNELS);
    if (mn_kernel_packs(kernel)) mn_kernel_pack(kernel, &l->p, constants, packed);
    const mn_task task = {
        .params = &l->p, .inputs = inputs, .output = laid_out, .packed = packed, .cut = &cut, .workspace = workspace};
    kernel->run(&task, 0, cut.units);
    for (int32_t i = 0; i < PIXELS * CHANNELS; i++) {
        const size_t at = mn_extent_at(&e, i / CHANNELS / SIZE, i / CHANNELS % SIZE, i % CHANNELS);
        out[i] = laid_out[at] ^ (layout.biased ? 0x80 : 0);
    }
    mn_aligned_free(packed);
    mn_aligned_free(workspace);
    mn_aligned_free(laid_out);
    return out;
}

/* Those of this processor, against the definition; `what` says which layers these are. */
static void check(const layers *l, const char *what) {
    static const struct {
        const char *symbol;
        uint32_t flags;
    } kernels[] = {{"mn_conv_depthwise_i8_avx2", MN_CPU_AVX2},
                   {"mn_conv_depthwise_i8_avxvnni", MN_CPU_AVX_VNNI},
                   {"mn_conv_depthwise_i8_avx512vnni", MN_CPU_AVX512_VNNI},
                   {"mn_conv_depthwise_i8_amx", MN_CPU_AMX_INT8}};
    uint8_t *expected = run(l, "mn_conv_depthwise_i8_ref");
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        if (!(mn_cpu_flags() & kernels[i].flags) || !kernel_named(kernels[i].symbol)) continue;
        uint8_t *got = run(l, kernels[i].symbol);
        if (memcmp(got, expected, PIXELS * CHANNELS) != 0) fail_msg("%s: %s", kernels[i].symbol, what);
        test_free(got);
    }
    test_free(expected);
}

/* That the first convolution needs. */
static int32_t fixups_of(const layers *l) {
    const mn_q8_source source = mn_q8_conv_source(&l->p.conv, MN_INT8, l->weights, l->bias);
    mn_requant requant;
    mn_q8_fill_requant(&source, 0, NULL, &requant);
    return requant.is_fixed_up ? requant.fixups : 0;
}

static void need_avx2(void) {
    if (mn_cpu_flags() & MN_CPU_AVX2) return;
    print_message("SKIPPED: the processor has no AVX2\n");
    skip();
}

static void test_every_threshold(void **unused) {
    (void)unused;
    need_avx2();
    layers *l = test_malloc(sizeof *l);
    int32_t fixups = 0;
    for (int32_t round = 0; round < 40; round++) {
        const int32_t zero = random_between(0, 2) ? -128 : random_between(-128, 127);
        fill_layers(l, SHORT, random_between(-128, 127), zero, random_between(7, 10));
        fill_input(l);
        check(l, "thresholds");
        fixups += fixups_of(l);
    }
    test_free(l);
    print_message("%d fixups\n", fixups);
    assert_true(fixups > 0);
}

/* Activations that all lie on one side of their zero point, at most 64 away, with sums of signed bytes as large as can
 * be: of pairs, or fours, 127; or any. */
static void fill_far_input(layers *l, int32_t side) {
    enum { PAIRS, FOURS, ANY };
    const int32_t kind = random_between(PAIRS, ANY);
    for (int32_t i = 0; i < PIXELS * LONG; i++) {
        const int32_t away = kind == PAIRS ? 64 - i % 2 : kind == FOURS ? 32 - (i % 8 == 7) : random_between(0, 64);
        l->in[i] = (int8_t)(l->p.conv.in_zero + side * mn_min_i32(away, side > 0 ? 64 : 63));
    }
}

/* Positive weights, with which the largest sums, or the smallest, are up to 2^22 away from the middle of all, and what
 * unsigned weights add makes them larger than that. Results change with all of them. */
static void test_far_from_the_middle(void **unused) {
    (void)unused;
    enum { LEAST_WEIGHT = 90 };
    need_avx2();
    layers *l = test_malloc(sizeof *l);
    for (int32_t round = 0; round < rounds_of(30, 300); round++) {
        const int32_t side = round % 2 ? 1 : -1, weight = random_between(LEAST_WEIGHT, LARGE);
        fill_layers(l, LONG, side > 0 ? 127 - 64 : -128 + 64, -128, 14);
        memset(l->weights, weight, sizeof l->weights);
        for (int32_t i = 0; i < CHANNELS; i++) {
            l->bias[i] = (l->p.conv.in_zero + 128) * weight * LONG + i;
            if (round % 4 > 1) l->multiplier[i] = 1 << 30; /* hardly any fixups */
        }
        fill_far_input(l, side);
        check(l, side > 0 ? "large sums" : "small sums");
    }
    test_free(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_threshold),
                                       cmocka_unit_test(test_far_from_the_middle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    printf("SKIPPED: these kernels are for x86-64\n");
    return 77;
}

#endif
