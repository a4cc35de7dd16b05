/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float steps of several operators (tile/conv_depthwise_f32.c, tile/project_f32.c, tile/conv_mean_f32.c) for AVX2 and
 * AVX-512. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/tile/cut.h"
#include "kernels/x86/parts_f32.h"

static const mn_parts_f32 of_avx2 = {mn_tiles_f32_avx2, mn_strip_f32_avx2, 8, 2, 1};
static const mn_parts_f32 of_avx512 = {mn_tiles_f32_avx512, mn_strip_f32_avx512, 16, 2, 2};

static void conv_depthwise_f32_pack(const void *params, const void *const *constants, void *packed) {
    mn_conv_f32_avx2_pack(&((const mn_conv_depthwise_params *)params)->conv, constants, packed);
}

const mn_kernel_traits mn_conv_depthwise_f32_traits = {.need = mn_conv_depthwise_f32_need,
                                                       .pack = conv_depthwise_f32_pack,
                                                       .layouts = mn_conv_depthwise_f32_layouts,
                                                       .cut = mn_conv_depthwise_f32_cut};

void mn_conv_depthwise_f32_avx2(const mn_task *task, int32_t begin, int32_t end) {
    mn_conv_depthwise_f32_run(&of_avx2, task, begin, end);
}

void mn_conv_depthwise_f32_avx512(const mn_task *task, int32_t begin, int32_t end) {
    mn_conv_depthwise_f32_run(&of_avx512, task, begin, end);
}

static void project_f32_pack(const void *params, const void *const *constants, void *packed) {
    mn_conv_f32_avx2_pack(&((const mn_project_params *)params)->conv, constants, packed);
}

const mn_kernel_traits mn_project_f32_avx2_traits = {.need = mn_project_f32_need,
                                                     .pack = project_f32_pack,
                                                     .layouts = mn_project_f32_layouts,
                                                     .cut = mn_cut_project_f32};

const mn_kernel_traits mn_project_f32_avx512_traits = {.need = mn_project_f32_need,
                                                       .pack = project_f32_pack,
                                                       .layouts = mn_project_f32_layouts,
                                                       .cut = mn_cut_project_f32_wide};

void mn_project_f32_avx2(const mn_task *task, int32_t begin, int32_t end) {
    mn_project_f32_run(&of_avx2, task, begin, end);
}

void mn_project_f32_avx512(const mn_task *task, int32_t begin, int32_t end) {
    mn_project_f32_run(&of_avx512, task, begin, end);
}

static void conv_mean_f32_pack(const void *params, const void *const *constants, void *packed) {
    mn_conv_f32_avx2_pack(&((const mn_conv_mean_params *)params)->conv, constants, packed);
}

const mn_kernel_traits mn_conv_mean_f32_traits = {
    .need = mn_conv_mean_f32_need, .pack = conv_mean_f32_pack, .cut = mn_cut_conv_mean};

void mn_conv_mean_f32_avx2(const mn_task *task, int32_t begin, int32_t end) {
    mn_conv_mean_f32_run(&of_avx2, task, begin, end);
}

void mn_conv_mean_f32_avx512(const mn_task *task, int32_t begin, int32_t end) {
    mn_conv_mean_f32_run(&of_avx512, task, begin, end);
}

#endif
