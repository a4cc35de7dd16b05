/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 depthwise convolution of multiplier 1 with any filter, stride and dilation, for NEON: activations less
 * their zero point, and weights less theirs, as 16 bits, so that cells outside of the image are simply left out.
 * Weights are packed as portable/depthwise.c has them. */
#include "kernels/kernels.h"

#ifdef MN_CPU_NEON_COMPILES

#include "kernels/arm/flat_q8.h"
#include "kernels/portable/conv_int.h"
#include "kernels/portable/window.h"

/* Channels of a vector of 16-bit numbers; vectors, and neighbouring pixels, that are summed together. */
enum { LANES = 8, VECTORS = 2, PIXELS = 4 };

static bool depthwise_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    need->workspace_bytes = (size_t)p->window.k_h * sizeof(uint8_t *);
    return p->window.out_c >= LANES && mn_arm_fits(p) && mn_depthwise_int_packed(&p->window, &need->packed_bytes);
}

static void pack_i8(const void *params, const void *const *constants, void *packed) {
    mn_depthwise_i8_portable_traits.pack(params, constants, packed);
}

static void pack_u8(const void *params, const void *const *constants, void *packed) {
    mn_depthwise_u8_portable_traits.pack(params, constants, packed);
}

const mn_kernel_traits mn_depthwise_general_i8_neon_traits = {.need = depthwise_need, .pack = pack_i8, .rings = true};
const mn_kernel_traits mn_depthwise_general_u8_neon_traits = {.need = depthwise_need, .pack = pack_u8, .rings = true};

/* One output row, some of its channels, and the taps that a pixel sees. */
typedef struct job {
    const mn_conv_params *p;
    const mn_task *task;
    mn_arm_finish finish;
    int8_t zero;
    int32_t unit, channel;
    mn_taps rows, cols;
    const uint8_t **lines; /* the input's row under each of the filter's, from column 0 on */
    uint8_t *out;          /* of column 0 */
} job;

/* Constant `pixels`, `vectors` and `flips` let the compiler keep sums in registers, and int8 as it is. Sums of `pixels`
 * neighbours that see the same taps, the first at column `x`. */
Q8_INLINE void sum_taps(int pixels, int vectors, bool flips, const job *j, int32_t x,
                        int32x4_t acc[PIXELS][2 * VECTORS]) {
    const mn_window *w = &j->p->window;
    const ptrdiff_t step = (ptrdiff_t)w->dilation_w * w->in_c, next = (ptrdiff_t)w->stride_w * w->in_c;
    const int32_t *bias = j->task->inputs[2];
    Q8_UNROLL for (int v = 0; v < 2 * vectors; v++) {
        acc[0][v] = bias ? vld1q_s32(bias + j->channel + v * 4) : vdupq_n_s32(0);
        Q8_UNROLL for (int i = 1; i < pixels; i++) acc[i][v] = acc[0][v];
    }
    if (j->cols.begin >= j->cols.end) return;
    const mn_taps cols = j->cols;
    const ptrdiff_t first = ((ptrdiff_t)x * w->stride_w - w->pad_left) * w->in_c + cols.begin * step + j->channel;
    for (int32_t ky = j->rows.begin; ky < j->rows.end; ky++) {
        const uint8_t *in = j->lines[ky] + first;
        const int16_t *weights =
            (const int16_t *)j->task->packed + j->channel + ((ptrdiff_t)ky * w->k_w + cols.begin) * w->out_c;
        for (int32_t kx = cols.begin; kx < cols.end; kx++, in += step, weights += w->out_c) {
            Q8_UNROLL for (int v = 0; v < vectors; v++) {
                const int16x8_t weight = vld1q_s16(weights + v * LANES);
                Q8_UNROLL for (int i = 0; i < pixels; i++) {
                    uint8x8_t bytes = vld1_u8(in + i * next + v * LANES);
                    if (flips) bytes = veor_u8(bytes, vdup_n_u8(0x80));
                    const int16x8_t a = vsubl_s8(vreinterpret_s8_u8(bytes), vdup_n_s8(j->zero));
                    int32x4_t *sum = &acc[i][2 * v];
                    sum[0] = vmlal_s16(sum[0], vget_low_s16(a), vget_low_s16(weight));
                    sum[1] = vmlal_high_s16(sum[1], a, weight);
                }
            }
        }
    }
}

Q8_INLINE void run_pixels(int pixels, int vectors, bool flips, const job *j, int32_t x) {
    const mn_conv_params *p = j->p;
    int32x4_t acc[PIXELS][2 * VECTORS];
    sum_taps(pixels, vectors, flips, j, x, acc);
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        const int32_t *multiplier = p->multiplier + j->channel + v * LANES, *shift = p->shift + j->channel + v * LANES;
        Q8_UNROLL for (int i = 0; i < pixels; i++) {
            const int32x4_t low = mn_arm_rescale(acc[i][2 * v], vld1q_s32(multiplier), vld1q_s32(shift), true);
            const int32x4_t high =
                mn_arm_rescale(acc[i][2 * v + 1], vld1q_s32(multiplier + 4), vld1q_s32(shift + 4), true);
            const int8x8_t bytes = vqmovn_s16(mn_arm_to_16(low, high, j->finish.zero));
            const int8x16_t clamped = mn_arm_clamp(vcombine_s8(bytes, bytes), &j->finish);
            vst1_u8(j->out + (ptrdiff_t)(x + i) * p->window.out_c + j->channel + v * LANES,
                    vget_low_u8(mn_arm_stored(clamped, j->finish.flip)));
        }
    }
}

/* Columns whose windows lie on the image, which see all taps. */
static int32_t alike(const mn_window *w, int32_t x) {
    const int64_t last = (int64_t)x * w->stride_w - w->pad_left + (int64_t)(w->k_w - 1) * w->dilation_w;
    const int64_t count = last >= w->in_w ? 0 : (w->in_w - 1 - last) / w->stride_w + 1;
    return count < w->out_w - x ? (int32_t)count : w->out_w - x;
}

/* All columns of some channels. */
Q8_INLINE void run_channels(int vectors, bool flips, job *j) {
    const mn_window *w = &j->p->window;
    for (int32_t x = 0; x < w->out_w;) {
        j->cols = mn_window_cols(w, x);
        const bool whole = j->cols.begin == 0 && j->cols.end == w->k_w;
        const int32_t end = whole ? x + alike(w, x) : x + 1;
        for (; x + PIXELS <= end; x += PIXELS) run_pixels(PIXELS, vectors, flips, j, x);
        for (; x < end; x++) run_pixels(1, vectors, flips, j, x);
    }
}

Q8_INLINE void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const mn_arm_zeros zeros = mn_arm_zeros_of(p, type);
    const uint8_t *in = task->inputs[0];
    job j = {
        .p = p, .task = task, .finish = mn_arm_finish_of(&zeros), .zero = (int8_t)zeros.in, .lines = task->workspace};
    for (j.unit = begin; j.unit < end; j.unit++) {
        j.rows = mn_window_rows(w, j.unit);
        for (int32_t ky = j.rows.begin; ky < j.rows.end; ky++) {
            const int64_t y = j.rows.origin + (int64_t)ky * w->dilation_h;
            j.lines[ky] = in + mn_input_offset(w, task->in_ring, j.unit / w->out_h, y, 0);
        }
        j.out = (uint8_t *)task->output + mn_output_offset(w, task->out_ring, j.unit);
        j.channel = 0;
        for (; j.channel + VECTORS * LANES <= w->out_c; j.channel += VECTORS * LANES)
            run_channels(VECTORS, type == MN_UINT8, &j);
        for (; j.channel + LANES <= w->out_c; j.channel += LANES) run_channels(1, type == MN_UINT8, &j);
        if (j.channel == w->out_c) continue;
        j.channel = w->out_c - LANES; /* some of them again */
        run_channels(1, type == MN_UINT8, &j);
    }
}

void mn_depthwise_general_i8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_depthwise_general_u8_neon(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
