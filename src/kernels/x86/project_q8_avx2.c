/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from groups of four rows, and the ADD behind it, int8 and uint8, for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/products_avx2.h"

enum { WIDENS = 1 };

Q8_TARGET static void widen(const uint8_t *from, int32_t count, activation *to) {
    for (int32_t i = 0; i < count; i += 16) {
        _mm256_storeu_si256((__m256i *)(void *)(to + i), q8_widen(from + i, MN_UINT8));
    }
}

#include "kernels/x86/project_q8_tile.h"

const mn_kernel_traits mn_project_i8_avx2_traits = {
    .need = project_i8_need, .pack = project_i8_pack, .layouts = project_layouts, .cut = mn_cut_project_q8};

const mn_kernel_traits mn_project_u8_avx2_traits = {
    .need = project_u8_need, .pack = project_u8_pack, .layouts = project_layouts, .cut = mn_cut_project_q8};

void mn_project_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { project_run(task, begin, end, MN_INT8); }
void mn_project_u8_avx2(const mn_task *task, int32_t begin, int32_t end) { project_run(task, begin, end, MN_UINT8); }

#endif
