/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Weights rearranged once, and the inner products over them. A weight matrix is [out_c][k]: k runs over the filter
 * rows, filter columns and input channels of one output channel, in the order of the reference's sum. */
#ifndef MN_KERNELS_PORTABLE_PACK_H
#define MN_KERNELS_PORTABLE_PACK_H

#include "kernels/kernel.h"
#include "kernels/packed.h"
#include "kernels/params.h"

/** Output channels of one float panel, of one panel of integers, and pixels computed together. */
enum { MN_PANEL = 16, MN_BLOCK = 4, MN_PAIR = 2 };

/** Longest accumulation: 2^15 products of 9-bit numbers stay inside int32. */
enum { MN_SUM_MAX = 1 << 15 };

/* ---- float32: panels [out_c / 16][k][16], missing channels zero ---- */

extern const mn_packed_layout mn_panels_layout;

/** The need() of kernels that convolve, or multiply vectors with matrices, on panels; and of depthwise convolutions,
 * which pack nothing. */
bool mn_conv_f32_portable_need(const void *params, mn_kernel_need *need);
bool mn_fully_connected_f32_portable_need(const void *params, mn_kernel_need *need);
bool mn_depthwise_f32_portable_need(const void *params, mn_kernel_need *need);

/** The pack() of kernels that convolve, or multiply vectors with matrices, on panels. */
void mn_conv_f32_portable_pack(const void *params, const void *const *constants, void *packed);
void mn_fully_connected_f32_portable_pack(const void *params, const void *const *constants, void *packed);

/** The inputs of one accumulator as rows x cols runs of consecutive elements, and the weights they meet: distances
 * between starts of runs in elements of the input and in k. Rows from `wrap` on lie `back` elements before that: a ring
 * begins again. */
typedef struct mn_runs {
    int32_t rows, cols, length;
    ptrdiff_t in_row, in_col;
    ptrdiff_t k_row, k_col;
    int32_t wrap;
    ptrdiff_t back;
} mn_runs;

/** out[i][j] = the inner product of the runs at in[i] with channel j of a panel, added in rising k from 0. `panel`
 *  points to the k of the first run. */
void mn_panel_multiply(const float *const in[MN_PAIR], const mn_runs *runs, const float *panel,
                       float out[MN_PAIR][MN_PANEL]);

/** out[i] = acc[i] + bias[i], clamped; `bias` NULL adds 0. */
void mn_panel_finish(const float acc[MN_PANEL], const float *bias, mn_range_f32 range, int32_t count, float *out);

/* ---- int8 and uint8: int16 rows [out_c][depth], zero points taken off, missing channels and tails zero ---- */

/** Elements of one packed row: k rounded up, so that no vector loop has a tail. */
int32_t mn_rows_depth(int64_t k);

/** Bytes of packed rows; false when k is longer than MN_SUM_MAX or that overflows. */
bool mn_rows_bytes(int32_t out_c, int64_t k, size_t *out);

/** Packs int8 weights, and uint8 ones whose zero point is `zero`. */
void mn_rows_pack(const void *weights, mn_type type, int32_t zero, int32_t out_c, int64_t k, int16_t *packed);

/** The same for the taps of depthwise filters, as one panel: [taps][channels]. */
bool mn_taps_bytes(int32_t channels, int64_t taps, size_t *out);
void mn_taps_pack(const void *weights, mn_type type, int32_t zero, int32_t channels, int64_t taps, int16_t *packed);

/** out[i] = the stored value in[i] - zero. `sign` as in kernels/ref/ref.h: MN_SIGN_I8 or MN_SIGN_U8. */
void mn_widen(const void *in, int32_t sign, int32_t zero, ptrdiff_t count, int16_t *out);

/** acc[i][j] = the inner product of in[i] with packed row j, for MN_BLOCK rows. */
void mn_rows_multiply(const int16_t *const in[MN_PAIR], const int16_t *rows, int32_t depth,
                      int32_t *const acc[MN_PAIR]);

/** The outputs of one pixel: acc[out_c] with their biases (NULL: none), requantised; int8 results by their bits.
 *  Overwrites `acc`. */
void mn_acc_finish(const mn_conv_params *p, const int32_t *bias, int32_t *acc, uint8_t *out);

#endif
