/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

/** The input's dimensions split in two walks: over those that stay, one step per output element, and over those that
 *  vanish. */
typedef struct split {
    int32_t kept[MN_MAX_RANK], reduced[MN_MAX_RANK];
    int32_t stride[MN_MAX_RANK];
} split;

static split split_dims(const mn_mean_params *p) {
    split s;
    int32_t stride = 1;
    for (int d = MN_MAX_RANK - 1; d >= 0; d--) {
        const int32_t size = d < p->rank ? p->dims[d] : 1;
        const bool reduced = d < p->rank && p->reduced[d];
        s.kept[d] = reduced ? 1 : size;
        s.reduced[d] = reduced ? size : 1;
        s.stride[d] = stride;
        stride *= size;
    }
    return s;
}

void mn_mean_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_mean_params *p = task->params;
    const float *in = task->inputs[0];
    float *out = task->output;
    const split s = split_dims(p);
    mn_walk kept = mn_walk_from(s.kept, s.stride, begin);
    for (int32_t i = begin; i < end; i++) {
        float sum = 0;
        mn_walk reduced = mn_walk_from(s.reduced, s.stride, 0);
        for (int32_t k = 0; k < p->count; k++) {
            sum += in[kept.offset + reduced.offset];
            mn_walk_next(&reduced);
        }
        out[i] = sum / (float)p->count;
        mn_walk_next(&kept);
    }
}

static void mean_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_mean_params *p = task->params;
    const uint8_t *in = task->inputs[0];
    uint8_t *out = task->output;
    const split s = split_dims(p);
    mn_walk kept = mn_walk_from(s.kept, s.stride, begin);
    for (int32_t i = begin; i < end; i++) {
        int32_t sum = 0;
        mn_walk reduced = mn_walk_from(s.reduced, s.stride, 0);
        for (int32_t k = 0; k < p->count; k++) {
            sum = mn_wrap_add(sum, mn_stored(in[kept.offset + reduced.offset], sign) - p->in_zero);
            mn_walk_next(&reduced);
        }
        out[i] = (uint8_t)mn_store_i32(sum, p->multiplier, p->shift, p->out_zero, mn_sign_range(sign));
        mn_walk_next(&kept);
    }
}

void mn_mean_i8_ref(const mn_task *task, int32_t begin, int32_t end) { mean_8bit(task, begin, end, MN_SIGN_I8); }

void mn_mean_u8_ref(const mn_task *task, int32_t begin, int32_t end) { mean_8bit(task, begin, end, MN_SIGN_U8); }
