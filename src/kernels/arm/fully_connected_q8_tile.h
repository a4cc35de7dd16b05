/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 fully connected layers, for any tier; what the zero point of the inputs adds is part of a folded bias,
 * packed. Included behind what matrix_q8_tile.h needs. */
#include "kernels/arm/matrix_q8_tile.h"

/* One input row, and what all outputs need. */
typedef struct job {
    const mn_fully_connected_params *p;
    matrix matrix;
    const int32_t *folded_bias;
    int32_t weight_zero; /* as seen here, times the sum of the inputs: to be taken off */
    uint8_t *out;
} job;

static bool fully_connected_need(const void *params, mn_kernel_need *need) {
    const mn_fully_connected_params *p = params;
    *need = (mn_kernel_need){.packed_bytes = (size_t)p->out_c * sizeof(int32_t),
                             .workspace_bytes = mn_round_up((size_t)p->in_c, MN_ARM_LANES)};
    return p->in_c <= MN_ARM_MAX_DEPTH;
}

/* bias - in_zero * (sum of the weights - in_c * weight_zero), modulo 2^32 as accumulators are. */
static void fully_connected_pack(const void *params, mn_type type, const void *const *constants, void *packed) {
    const mn_fully_connected_params *p = params;
    const int32_t centre = type == MN_UINT8 ? 128 : 0, *bias = constants[2];
    const uint8_t *weights = constants[1];
    int32_t *folded = packed;
    for (int32_t c = 0; c < p->out_c; c++, weights += p->in_c) {
        int64_t sum = 0;
        for (int32_t k = 0; k < p->in_c; k++) {
            sum += (type == MN_UINT8 ? weights[k] : (int8_t)weights[k]) - p->weight_zero;
        }
        const int64_t fold = (bias == NULL ? 0 : bias[c]) - sum * (p->in_zero - centre);
        folded[c] = (int32_t)(uint32_t)(uint64_t)fold;
    }
}

#ifdef __aarch64__

/* round(acc * scale) + zero, halves away from zero, clamped. */
Q8_TARGET Q8_INLINE int32x2_t rescale(const mn_fully_connected_params *p, int32x2_t acc, const double *scale) {
    const float64x2_t units = vmulq_f64(vcvtq_f64_s64(vmovl_s32(acc)), vld1q_f64(scale));
    const float64x2_t stored = vaddq_f64(vrndaq_f64(units), vdupq_n_f64(p->out_zero));
    const float64x2_t low = vdupq_n_f64(p->range.min), high = vdupq_n_f64(p->range.max);
    return vmovn_s64(vcvtq_s64_f64(vminnmq_f64(vmaxnmq_f64(stored, low), high)));
}

#else

static int32x2_t rescale(const mn_fully_connected_params *p, int32x2_t acc, const double *scale) {
    int32_t stored[2];
    vst1_s32(stored, acc);
    for (int i = 0; i < 2; i++) stored[i] = mn_store_real(stored[i] * scale[i], p->out_zero, p->range);
    return vld1_s32(stored);
}

#endif

/* `count` outputs from `channel` on. */
Q8_TARGET static void run_channels(const job *j, int32_t channel, int32_t count) {
    int32_t folded[CHANNELS], stored[CHANNELS];
    double scale[CHANNELS];
    int32x4_t sums = sum_channels(&j->matrix, channel, count);
    for (int32_t i = 0; i < CHANNELS; i++) {
        const int32_t c = channel + mn_min_i32(i, count - 1);
        folded[i] = j->folded_bias[c];
        scale[i] = j->p->scale[c];
    }
    sums = vaddq_s32(vsubq_s32(sums, vdupq_n_s32(j->weight_zero)), vld1q_s32(folded));
    vst1_s32(stored, rescale(j->p, vget_low_s32(sums), scale));
    vst1_s32(stored + 2, rescale(j->p, vget_high_s32(sums), scale + 2));
    for (int32_t i = 0; i < count; i++) j->out[channel + i] = (uint8_t)stored[i];
}

static void fully_connected_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_fully_connected_params *p = task->params;
    const uint8_t flip = type == MN_UINT8 ? 0x80 : 0;
    for (int32_t unit = begin; unit < end;) {
        const int32_t row = unit / p->out_c, first = unit % p->out_c;
        const int32_t last = mn_min_i32(p->out_c, first + end - unit);
        const uint8_t *in = (const uint8_t *)task->inputs[0] + (ptrdiff_t)row * p->in_c;
        const int32_t sum = sign_inputs(in, p->in_c, flip, task->workspace);
        const job j = {.p = p,
                       .matrix = {task->inputs[1], task->workspace, p->in_c, flip},
                       .folded_bias = task->packed,
                       .weight_zero = sum * (p->weight_zero - (type == MN_UINT8 ? 128 : 0)),
                       .out = (uint8_t *)task->output + (ptrdiff_t)row * p->out_c};
        for (int32_t c = first; c < last; c += CHANNELS) run_channels(&j, c, mn_min_i32(CHANNELS, last - c));
        unit += last - first;
    }
}
