/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from groups of four rows, and the ADD behind it, int8 and uint8, for AVX-VNNI. */
#include "kernels/kernels.h"

#ifdef MN_CPU_AVX_VNNI_COMPILES

#include "kernels/x86/products_avxvnni.h"

static mn_rest_q8 *split(const uint8_t *from, int32_t vectors, int32_t quad, bool checks, const mn_spans_q8 *spans,
                         const uint8_t *to, const mn_rests_q8 *column, mn_rest_q8 *rests) {
    (void)from, (void)vectors, (void)quad, (void)checks, (void)spans, (void)to, (void)column;
    return rests;
}

#include "kernels/x86/project_q8_tile.h"

const mn_kernel_traits mn_project_i8_avxvnni_traits = {
    .need = project_i8_need, .pack = project_i8_pack, .layouts = project_layouts, .cut = mn_cut_project_q8};

const mn_kernel_traits mn_project_u8_avxvnni_traits = {
    .need = project_u8_need, .pack = project_u8_pack, .layouts = project_layouts, .cut = mn_cut_project_q8};

void mn_project_i8_avxvnni(const mn_task *task, int32_t begin, int32_t end) { project_run(task, begin, end, MN_INT8); }
void mn_project_u8_avxvnni(const mn_task *task, int32_t begin, int32_t end) { project_run(task, begin, end, MN_UINT8); }

#endif
