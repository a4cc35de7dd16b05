/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution of a single pixel, such as logits, int8 and uint8, for any tier: cut by channels, of which
 * biases and requantisation are packed, and no weights. Included behind what matrix_q8_tile.h needs. */
#include "base/checked.h"
#include "kernels/arm/matrix_q8_tile.h"
#include "kernels/arm/panel_q8.h"
#include "kernels/tile/cut.h"

_Static_assert((int)MN_CONV_MEAN_CHANNELS == (int)MN_ARM_LANES, "a unit is a vector of results");

static bool conv_single_need(const void *params, mn_kernel_need *need) {
    const mn_conv_mean_params *p = params;
    const mn_window *w = &p->conv.window;
    *need = (mn_kernel_need){.packed_bytes = (size_t)mn_groups_of(w->out_c, MN_ARM_LANES) * sizeof(mn_arm_channels),
                             .workspace_bytes = mn_round_up((size_t)w->in_c, MN_ARM_LANES)};
    return p->pooling == MN_POOLING_NONE && p->conv.groups == 1 && mn_window_is_pointwise(w) && w->batches == 1 &&
           w->in_h == 1 && w->in_w == 1 && w->in_c <= MN_ARM_MAX_DEPTH && mn_arm_fits(&p->conv);
}

static void conv_single_pack(const mn_conv_mean_params *p, mn_type type, const void *const *constants,
                             mn_arm_channels *packed) {
    const mn_window *w = &p->conv.window;
    for (int32_t c = 0; c < w->out_c; c += MN_ARM_LANES) {
        mn_arm_channels_of(&p->conv, type, constants, w->in_c, c, packed++);
    }
}

/* Units [begin, end). */
Q8_TARGET static void conv_single_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = &((const mn_conv_mean_params *)task->params)->conv;
    const mn_window *w = &p->window;
    const mn_arm_zeros zeros = mn_arm_zeros_of(p, type);
    const mn_arm_finish finish = mn_arm_finish_of(&zeros);
    const matrix m = {task->inputs[1], task->workspace, w->in_c, zeros.flip};
    const int32_t sum = sign_inputs(task->inputs[0], w->in_c, zeros.flip, task->workspace);
    for (int32_t unit = begin; unit < end; unit++) {
        const mn_arm_channels *channels = (const mn_arm_channels *)task->packed + unit;
        const int32_t first = unit * MN_ARM_LANES, count = mn_min_i32(MN_ARM_LANES, w->out_c - first);
        int32x4_t acc[MN_ARM_VECTORS];
        for (int32_t v = 0; v < MN_ARM_VECTORS; v++) {
            const int32_t channel = mn_min_i32(v * CHANNELS, count - 1);
            acc[v] = sum_channels(&m, first + channel, mn_min_i32(CHANNELS, count - channel));
            acc[v] = vaddq_s32(acc[v], vld1q_s32(channels->folded_bias + v * CHANNELS));
            acc[v] = vmlsq_n_s32(acc[v], vdupq_n_s32(sum), zeros.weight);
        }
        const int8x16_t bytes = mn_arm_requant(MN_ARM_VECTORS, acc, channels, &finish, true);
        mn_arm_store((uint8_t *)task->output + first, mn_arm_stored(mn_arm_clamp(bytes, &finish), finish.flip), count);
    }
}
