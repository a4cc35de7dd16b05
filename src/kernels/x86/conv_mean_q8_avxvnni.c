/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The last convolution and the mean behind it, int8 and uint8, for AVX-VNNI. */
#include "kernels/kernels.h"

#ifdef MN_CPU_AVX_VNNI_COMPILES

#include "kernels/x86/products_avxvnni.h"

/* Stores 16 products of pixels 0 and 1, and of 2 and 3, as [4 groups][4 pixels][4]. */
Q8_INLINE mn_rest_q8 *place_unit(const mn_rests_q8 *column, __m256i first, __m256i second, const mn_spans_q8 *spans,
                                 int32_t quad, uint8_t *to, mn_rest_q8 *rests, __m256i sums[2]) {
    (void)column, (void)spans, (void)quad, (void)sums;
    q8_store_quads(first, second, to);
    return rests;
}

#include "kernels/x86/conv_mean_q8_tile.h"

const mn_kernel_traits mn_conv_mean_i8_avxvnni_traits = {
    .need = conv_mean_need, .pack = conv_mean_i8_pack, .cut = mn_cut_conv_mean};

const mn_kernel_traits mn_conv_mean_u8_avxvnni_traits = {
    .need = conv_mean_need, .pack = conv_mean_u8_pack, .cut = mn_cut_conv_mean};

void mn_conv_mean_i8_avxvnni(const mn_task *task, int32_t begin, int32_t end) {
    conv_mean_run(task, begin, end, MN_INT8);
}

void mn_conv_mean_u8_avxvnni(const mn_task *task, int32_t begin, int32_t end) {
    conv_mean_run(task, begin, end, MN_UINT8);
}

#endif
