/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How steps are cut for threads: bands of fused steps where blocks of channels cannot be shared evenly, units of
 * projections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "kernels/cut.h"
#include "kernels/tile/cut.h"
#include "kernels/tile/layouts.h"

static mn_window window(int32_t batches, int32_t size, int32_t channels, int32_t stride) {
    const int32_t out = (size + stride - 1) / stride;
    return (mn_window){.batches = batches,
                       .in_h = size,
                       .in_w = size,
                       .in_c = channels,
                       .out_h = out,
                       .out_w = out,
                       .out_c = channels,
                       .k_h = 3,
                       .k_w = 3,
                       .stride_h = stride,
                       .stride_w = stride};
}

static int32_t bands(int32_t batches, int32_t size, int32_t channels, int32_t stride, int32_t threads) {
    const mn_window w = window(batches, size, channels, stride);
    const mn_extent e = mn_extent_of(mn_layout_q8(), w.out_h, w.out_w, w.out_c);
    mn_cut cut = {0};
    mn_cut_conv_depthwise(&w, &e, threads, &cut);
    assert_int_equal(cut.units, batches * e.blocks * cut.bands);
    return cut.bands;
}

/* Steps of MobileNetV2 1.0 at 224; a block has 48 channels. */
static void test_steps_of_mobilenet(void **state) {
    (void)state;
    assert_int_equal(bands(1, 112, 32, 1, 1), 1);
    assert_int_equal(bands(1, 112, 32, 1, 2), 2); /* one block */
    assert_int_equal(bands(1, 112, 32, 1, 4), 4);
    assert_int_equal(bands(1, 112, 96, 2, 2), 2);
    assert_int_equal(bands(1, 112, 96, 2, 8), 4); /* two blocks in bands of 14 rows */
    assert_int_equal(bands(1, 56, 144, 1, 2), 2); /* three blocks: three halves each instead of two wholes */
    assert_int_equal(bands(1, 56, 144, 2, 2), 2);
    assert_int_equal(bands(1, 28, 192, 1, 2), 1); /* two blocks each instead of 12 and 16 rows of all */
    assert_int_equal(bands(1, 28, 144, 1, 2), 2);
    assert_int_equal(bands(1, 14, 384, 1, 2), 1);
    assert_int_equal(bands(1, 14, 384, 1, 16), 2);
    assert_int_equal(bands(1, 7, 960, 1, 2), 1);
}

/* Images are shared before they are cut. */
static void test_images(void **state) {
    (void)state;
    assert_int_equal(bands(2, 112, 32, 1, 2), 1);
    assert_int_equal(bands(3, 112, 32, 1, 2), 2);
    assert_int_equal(bands(2, 56, 144, 1, 2), 1);
}

/* One thread never gains, and no band is empty. */
static void test_ends(void **state) {
    (void)state;
    for (int32_t size = 1; size <= 80; size++) {
        for (int32_t threads = 1; threads <= 256; threads = 2 * threads + 1) {
            const int32_t stride = 1 + size % 2, groups = (size + 4 * stride - 1) / (4 * stride);
            assert_in_range(bands(1, size, 10 * size, stride, threads), 1, threads == 1 ? 1 : groups);
        }
    }
}

/* Rows and channels of a unit of a projection, as rows * 1000 + channels. */
static int32_t unit(mn_type type, int32_t size, int32_t channels, int32_t threads) {
    const mn_project_params p = {
        .conv.window = {1, size, size, 6 * channels, size, size, channels, 1, 1, 1, 1, 1, 1, 0, 0}};
    mn_cut cut = {0};
    if (type == MN_FLOAT32) {
        mn_cut_project_f32(&p, threads, &cut);
    } else {
        mn_cut_project_q8(&p, threads, &cut);
    }
    return cut.rows * 1000 + cut.channels;
}

/* By rows; low images by channels, and both where those are few. */
static void test_float_projections(void **state) {
    (void)state;
    assert_int_equal(unit(MN_FLOAT32, 7, 160, 1), 1160);
    assert_int_equal(unit(MN_FLOAT32, 14, 96, 2), 1096);
    assert_int_equal(unit(MN_FLOAT32, 7, 160, 2), 7016);
    assert_int_equal(unit(MN_FLOAT32, 3, 56, 2), 2016); /* four parts of two units */
    assert_int_equal(unit(MN_FLOAT32, 7, 160, 16), 1016);
}

/* By groups of rows as a rule, and by channels, too, where that is more even by more than it costs to read more. */
static void test_projections(void **state) {
    (void)state;
    assert_int_equal(unit(MN_INT8, 7, 160, 1), 4160);
    assert_int_equal(unit(MN_INT8, 112, 16, 2), 4016);
    assert_int_equal(unit(MN_INT8, 28, 32, 2), 4032);
    assert_int_equal(unit(MN_INT8, 14, 64, 2), 4064); /* 8 and 6 rows */
    assert_int_equal(unit(MN_INT8, 14, 64, 8), 4032);
    assert_int_equal(unit(MN_INT8, 7, 160, 2), 4160); /* 4 and 3 rows */
    assert_int_equal(unit(MN_INT8, 7, 160, 3), 4064);
    assert_int_equal(unit(MN_INT8, 7, 320, 2), 4160); /* half of the channels each */
    assert_int_equal(unit(MN_INT8, 7, 16, 7), 1016);
}

/* Units of a piece: 1280 channels are 80 units. */
static int32_t piece(int32_t threads) {
    const mn_conv_mean_params p = {.conv.window = {1, 7, 7, 320, 7, 7, 1280, 1, 1, 1, 1, 1, 1, 0, 0}};
    mn_cut cut = {0};
    mn_cut_conv_mean(&p, threads, &cut);
    assert_int_equal(cut.units, 80);
    return cut.grain;
}

static void test_last_convolution(void **state) {
    (void)state;
    assert_int_equal(piece(2), 10);
    assert_int_equal(piece(3), 3); /* shares of 27, not of 30 */
    assert_int_equal(piece(8), 2);
    assert_int_equal(piece(256), 1);
}

static void cut_expansion(const void *params, int32_t threads, mn_cut *cut) {
    const mn_window *w = &((const mn_conv_depthwise_params *)params)->depthwise.window;
    const mn_extent e = mn_extent_of(mn_layout_q8(), w->out_h, w->out_w, w->out_c);
    mn_cut_conv_depthwise(w, &e, threads, cut);
}

/* Steps of an inverted residual, and whether `threads` compute each its band in both. */
static bool together(int32_t size, int32_t channels, int32_t threads, int32_t batches, mn_cut cuts[2]) {
    const int32_t inner = 6 * channels;
    const mn_conv_depthwise_params expand = {.depthwise.window = window(batches, size, inner, 1)};
    const mn_project_params project = {
        .conv.window = {batches, size, size, inner, size, size, channels, 1, 1, 1, 1, 1, 1, 0, 0}};
    const mn_kernel_traits traits[] = {{.cut = cut_expansion}, {.cut = mn_cut_project_q8}};
    const mn_kernel kernels[] = {{.tier = MN_TIER_AVXVNNI, .traits = &traits[0]},
                                 {.tier = MN_TIER_AVXVNNI, .traits = &traits[1]}};
    const double pixels = (double)size * size;
    const mn_work work[] = {{batches, pixels * inner * (channels + 9), pixels * (channels + inner)},
                            {batches, pixels * inner * channels, pixels * (channels + inner)}};
    const mn_kernel_need need = {0};
    const void *params[] = {&expand, &project};
    mn_cut_side pair[2];
    for (int32_t i = 0; i < 2; i++) {
        cuts[i] = mn_kernel_cut(&kernels[i], params[i], &need, &work[i], threads);
        pair[i] = (mn_cut_side){&kernels[i], params[i], &need, &work[i], &cuts[i]};
    }
    return mn_kernel_cut_together(pair, (size_t)(pixels * inner), threads);
}

/* Small images are, if every thread gets a band; those that take long are not. */
static void test_two_steps_together(void **state) {
    (void)state;
    mn_cut cuts[2];
    assert_true(together(6, 24, 2, 1, cuts)); /* three blocks, two groups of rows */
    assert_int_equal(cuts[0].bands, 2);
    assert_int_equal(cuts[0].units, 6);
    assert_int_equal(cuts[0].grain, 3);
    assert_int_equal(cuts[1].bands, 2);
    assert_int_equal(cuts[1].units, 2);
    assert_int_equal(cuts[1].grain, 1);
    assert_int_equal(cuts[1].rows * 1000 + cuts[1].channels, 4024);
    assert_false(together(6, 24, 3, 1, cuts)); /* three bands of two groups */
    assert_int_equal(cuts[1].bands, 0);
    assert_false(together(6, 24, 2, 2, cuts));
    assert_false(together(3, 56, 2, 1, cuts));
    assert_false(together(14, 64, 2, 1, cuts));
}

/* Shares of 4 and 3 units are a piece each, not 3, 3 and 1. */
static void test_pieces(void **state) {
    (void)state;
    const mn_kernel kernel = {.tier = MN_TIER_AVXVNNI, .traits = &mn_kernel_plain};
    const mn_work work = {.units = 7, .macs = 250000};
    const mn_kernel_need need = {0};
    assert_int_equal(mn_kernel_cut(&kernel, NULL, &need, &work, 2).grain, 4);
    assert_int_equal(mn_kernel_cut(&kernel, NULL, &need, &work, 1).grain, 4);
    assert_int_equal(mn_kernel_cut(&kernel, NULL, &need, &work, 3).grain, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_steps_together),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_steps_of_mobilenet),
        cmocka_unit_test(test_projections),
        cmocka_unit_test(test_float_projections),
        cmocka_unit_test(test_last_convolution),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
