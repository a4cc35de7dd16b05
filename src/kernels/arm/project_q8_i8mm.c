/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A projection from blocks of channels, and the ADD behind it, int8 and uint8: products of Armv8.6, by matrices.
 */
#include "kernels/kernels.h"

#ifdef MN_CPU_DOTPROD_COMPILES

#include "kernels/arm/products_i8mm.h"

#include "kernels/arm/project_q8_tile.h"

static bool project_i8_need(const void *params, mn_kernel_need *need) { return project_need(params, MN_INT8, need); }

static void project_i8_pack(const void *params, const void *const *constants, void *packed) {
    project_pack(params, MN_INT8, constants, packed);
}

const mn_kernel_traits mn_project_i8_i8mm_traits = {
    .need = project_i8_need, .pack = project_i8_pack, .layouts = project_layouts, .cut = mn_cut_project_f32};

static bool project_u8_need(const void *params, mn_kernel_need *need) { return project_need(params, MN_UINT8, need); }

static void project_u8_pack(const void *params, const void *const *constants, void *packed) {
    project_pack(params, MN_UINT8, constants, packed);
}

const mn_kernel_traits mn_project_u8_i8mm_traits = {
    .need = project_u8_need, .pack = project_u8_pack, .layouts = project_layouts, .cut = mn_cut_project_f32};

void mn_project_i8_i8mm(const mn_task *task, int32_t begin, int32_t end) { project_run(task, MN_INT8, begin, end); }
void mn_project_u8_i8mm(const mn_task *task, int32_t begin, int32_t end) { project_run(task, MN_UINT8, begin, end); }

#endif
