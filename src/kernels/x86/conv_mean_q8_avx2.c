/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The last convolution and the mean behind it, int8 and uint8, for AVX2. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/products_avx2.h"

/* Splits 16 products of pixels 0 and 1, and of 2 and 3, of the next column; adds up those of signed bytes. Returns the
 * end of the rests. */
Q8_INLINE mn_rest_q8 *place_unit(const mn_rests_q8 *column, __m256i first, __m256i second, const mn_spans_q8 *spans,
                                 int32_t quad, uint8_t *to, mn_rest_q8 *rests, __m256i sums[2]) {
    const int32_t at = mn_rests_q8_next(column);
    if (column->excess) return split_signed(column->together, first, second, spans, quad, to, at, rests, sums);
    return split_unit(first, second, spans, quad, to, at, rests);
}

#include "kernels/x86/conv_mean_q8_tile.h"

const mn_kernel_traits mn_conv_mean_i8_avx2_traits = {
    .need = conv_mean_need, .pack = conv_mean_i8_pack, .cut = mn_cut_conv_mean};

const mn_kernel_traits mn_conv_mean_u8_avx2_traits = {
    .need = conv_mean_need, .pack = conv_mean_u8_pack, .cut = mn_cut_conv_mean};

void mn_conv_mean_i8_avx2(const mn_task *task, int32_t begin, int32_t end) { conv_mean_run(task, begin, end, MN_INT8); }

void mn_conv_mean_u8_avx2(const mn_task *task, int32_t begin, int32_t end) {
    conv_mean_run(task, begin, end, MN_UINT8);
}

#endif
