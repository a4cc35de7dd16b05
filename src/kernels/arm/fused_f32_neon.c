/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Float steps of several operators (tile/conv_depthwise_f32.c, tile/project_f32.c, tile/conv_mean_f32.c) for NEON. */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/parts_f32.h"
#include "kernels/portable/conv_f32.h"
#include "kernels/tile/cut.h"

static const mn_parts_f32 of_neon = {mn_tiles_f32_neon, mn_strip_f32_neon, 4, MN_STRIP_F32_NEON_ROWS,
                                     MN_STRIP_F32_NEON_ROWS};

static void conv_depthwise_f32_pack(const void *params, const void *const *constants, void *packed) {
    mn_conv_f32_portable_pack(&((const mn_conv_depthwise_params *)params)->conv, constants, packed);
}

const mn_kernel_traits mn_conv_depthwise_f32_neon_traits = {.need = mn_conv_depthwise_f32_need,
                                                            .pack = conv_depthwise_f32_pack,
                                                            .layouts = mn_conv_depthwise_f32_layouts,
                                                            .cut = mn_conv_depthwise_f32_cut};

void mn_conv_depthwise_f32_neon(const mn_task *task, int32_t begin, int32_t end) {
    mn_conv_depthwise_f32_run(&of_neon, task, begin, end);
}

static void project_f32_pack(const void *params, const void *const *constants, void *packed) {
    mn_conv_f32_portable_pack(&((const mn_project_params *)params)->conv, constants, packed);
}

const mn_kernel_traits mn_project_f32_neon_traits = {.need = mn_project_f32_need,
                                                     .pack = project_f32_pack,
                                                     .layouts = mn_project_f32_layouts,
                                                     .cut = mn_cut_project_f32};

void mn_project_f32_neon(const mn_task *task, int32_t begin, int32_t end) {
    mn_project_f32_run(&of_neon, task, begin, end);
}

static void conv_mean_f32_pack(const void *params, const void *const *constants, void *packed) {
    mn_conv_f32_portable_pack(&((const mn_conv_mean_params *)params)->conv, constants, packed);
}

const mn_kernel_traits mn_conv_mean_f32_neon_traits = {
    .need = mn_conv_mean_f32_need, .pack = conv_mean_f32_pack, .cut = mn_cut_conv_mean};

void mn_conv_mean_f32_neon(const mn_task *task, int32_t begin, int32_t end) {
    mn_conv_mean_f32_run(&of_neon, task, begin, end);
}

#endif
