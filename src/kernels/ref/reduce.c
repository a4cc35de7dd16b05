/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/ref/ref.h"

#include <float.h>

/* MEAN, SUM and REDUCE_MAX. */

mn_split mn_split_of(const mn_mean_params *p) {
    mn_split s;
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

static float sum_of(const mn_mean_params *p, const mn_split *s, const float *in) {
    float sum = 0;
    mn_walk reduced = mn_walk_from(s->reduced, s->stride, 0);
    for (int32_t k = 0; k < p->count; k++) {
        sum += in[reduced.offset];
        mn_walk_next(&reduced);
    }
    return sum;
}

static void reduce_f32(const mn_task *task, int32_t begin, int32_t end, bool mean) {
    const mn_mean_params *p = task->params;
    const float *in = task->inputs[0];
    float *out = task->output;
    const mn_split s = mn_split_of(p);
    mn_walk kept = mn_walk_from(s.kept, s.stride, begin);
    for (int32_t i = begin; i < end; i++) {
        const float sum = sum_of(p, &s, in + kept.offset);
        out[i] = mean ? sum / (float)p->count : sum;
        mn_walk_next(&kept);
    }
}

void mn_mean_f32_ref(const mn_task *task, int32_t begin, int32_t end) { reduce_f32(task, begin, end, true); }

void mn_sum_f32_ref(const mn_task *task, int32_t begin, int32_t end) { reduce_f32(task, begin, end, false); }

void mn_reduce_max_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_mean_params *p = task->params;
    const float *in = task->inputs[0];
    float *out = task->output;
    const mn_split s = mn_split_of(p);
    mn_walk kept = mn_walk_from(s.kept, s.stride, begin);
    for (int32_t i = begin; i < end; i++) {
        float most = -FLT_MAX;
        mn_walk reduced = mn_walk_from(s.reduced, s.stride, 0);
        for (int32_t k = 0; k < p->count; k++) {
            const float x = in[kept.offset + reduced.offset];
            most = x > most ? x : most;
            mn_walk_next(&reduced);
        }
        out[i] = most;
        mn_walk_next(&kept);
    }
}

static void reduce_max_8bit(const mn_task *task, int32_t begin, int32_t end, uint8_t sign) {
    const mn_mean_params *p = task->params;
    const uint8_t *in = task->inputs[0];
    uint8_t *out = task->output;
    const mn_split s = mn_split_of(p);
    mn_walk kept = mn_walk_from(s.kept, s.stride, begin);
    for (int32_t i = begin; i < end; i++) {
        uint8_t most = 0; /* stored bytes xor `sign` are in the order of the values */
        mn_walk reduced = mn_walk_from(s.reduced, s.stride, 0);
        for (int32_t k = 0; k < p->count; k++) {
            const uint8_t x = in[kept.offset + reduced.offset] ^ sign;
            most = x > most ? x : most;
            mn_walk_next(&reduced);
        }
        out[i] = most ^ sign;
        mn_walk_next(&kept);
    }
}

void mn_reduce_max_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    reduce_max_8bit(task, begin, end, MN_SIGN_I8);
}

void mn_reduce_max_u8_ref(const mn_task *task, int32_t begin, int32_t end) {
    reduce_max_8bit(task, begin, end, MN_SIGN_U8);
}

static void mean_8bit(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_mean_params *p = task->params;
    const uint8_t *in = task->inputs[0];
    uint8_t *out = task->output;
    const mn_split s = mn_split_of(p);
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
