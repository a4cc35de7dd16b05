/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int16 activations in operators without weights. All zero points of int16 are 0; what the 8-bit kernels have in common
 * with these is in quant.h. */
#include "kernels/ref/ref.h"

static const mn_range_i32 whole = {INT16_MIN, INT16_MAX};

/* ---- ADD, SUB, MUL ---- */

static int32_t rescaled(int16_t value, const mn_operand *operand) {
    return mn_requantize(value * (1 << MN_ADD_SHIFT_16), operand->multiplier, operand->shift);
}

void mn_add_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_binary_params *p = task->params;
    const int16_t *in0 = task->inputs[0], *in1 = task->inputs[1];
    int16_t *out = task->output;
    mn_walk a = mn_walk_from(p->dims, p->stride[0], begin), b = mn_walk_from(p->dims, p->stride[1], begin);
    for (int32_t i = begin; i < end; i++) {
        const int32_t x = rescaled(in0[a.offset], &p->in[0]), y = rescaled(in1[b.offset], &p->in[1]);
        const int32_t sum = p->subtract ? x - y : x + y;
        out[i] = (int16_t)mn_store_i32(sum, p->out.multiplier, p->out.shift, 0, p->range);
        mn_walk_next(&a);
        mn_walk_next(&b);
    }
}

void mn_mul_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_binary_params *p = task->params;
    const int16_t *in0 = task->inputs[0], *in1 = task->inputs[1];
    int16_t *out = task->output;
    mn_walk a = mn_walk_from(p->dims, p->stride[0], begin), b = mn_walk_from(p->dims, p->stride[1], begin);
    for (int32_t i = begin; i < end; i++) {
        const int32_t product = in0[a.offset] * in1[b.offset];
        out[i] = (int16_t)mn_store_i32(product, p->out.multiplier, p->out.shift, 0, p->range);
        mn_walk_next(&a);
        mn_walk_next(&b);
    }
}

/* ---- Pools and MEAN ---- */

static int16_t average_of(const mn_pool_params *p, const int16_t *in, int32_t ring, const mn_cells *cells, int32_t c) {
    const int32_t count = cells->rows * cells->columns;
    int64_t sum = 0;
    for (int32_t i = 0; i < count; i++) sum += in[mn_cell_at(&p->window, ring, cells, i) + (size_t)c];
    const int64_t average = (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
    return (int16_t)mn_clamp_i32((int32_t)average, p->range.min, p->range.max);
}

static int16_t most_of(const mn_pool_params *p, const int16_t *in, int32_t ring, const mn_cells *cells, int32_t c) {
    int32_t most = INT16_MIN;
    for (int32_t i = 0; i < cells->rows * cells->columns; i++) {
        most = mn_max_i32(most, in[mn_cell_at(&p->window, ring, cells, i) + (size_t)c]);
    }
    return (int16_t)mn_clamp_i32(most, p->range.min, p->range.max);
}

void mn_average_pool_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_pool_params *p = task->params;
    const mn_window *w = &p->window;
    const int16_t *in = task->inputs[0];
    for (int32_t row = begin; row < end; row++) {
        int16_t *out = (int16_t *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++) {
            const mn_cells cells = mn_cells_of(w, row, x);
            for (int32_t c = 0; c < w->out_c; c++) *out++ = average_of(p, in, task->in_ring, &cells, c);
        }
    }
}

void mn_max_pool_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_pool_params *p = task->params;
    const mn_window *w = &p->window;
    const int16_t *in = task->inputs[0];
    for (int32_t row = begin; row < end; row++) {
        int16_t *out = (int16_t *)task->output + mn_output_offset(w, task->out_ring, row);
        for (int32_t x = 0; x < w->out_w; x++) {
            const mn_cells cells = mn_cells_of(w, row, x);
            for (int32_t c = 0; c < w->out_c; c++) *out++ = most_of(p, in, task->in_ring, &cells, c);
        }
    }
}

void mn_mean_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_mean_params *p = task->params;
    const int16_t *in = task->inputs[0];
    int16_t *out = task->output;
    const mn_split s = mn_split_of(p);
    mn_walk kept = mn_walk_from(s.kept, s.stride, begin);
    for (int32_t i = begin; i < end; i++) {
        int32_t sum = 0;
        mn_walk reduced = mn_walk_from(s.reduced, s.stride, 0);
        for (int32_t k = 0; k < p->count; k++) {
            sum = mn_wrap_add(sum, in[kept.offset + reduced.offset]);
            mn_walk_next(&reduced);
        }
        out[i] = (int16_t)mn_store_i32(sum, p->multiplier, p->shift, 0, whole);
        mn_walk_next(&kept);
    }
}

/* ---- QUANTIZE, DEQUANTIZE, RELU and the like ---- */

void mn_quantize_f32_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_convert_params *p = task->params;
    const float *in = task->inputs[0];
    int16_t *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        const float units = in[i] / p->scale[i / p->inner % p->channels];
        out[i] = (int16_t)mn_store_real((double)units, 0, whole);
    }
}

void mn_quantize_i16_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_convert_params *p = task->params;
    const int16_t *in = task->inputs[0];
    int16_t *out = task->output;
    for (int32_t i = begin; i < end; i++) out[i] = (int16_t)mn_store_i32(in[i], p->multiplier, p->shift, 0, whole);
}

void mn_quantize_i16_i8_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_convert_params *p = task->params;
    const int16_t *in = task->inputs[0];
    int8_t *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        out[i] = (int8_t)mn_store_i32(in[i], p->multiplier, p->shift, p->out_zero, mn_type_range(MN_INT8));
    }
}

static void widen(const mn_task *task, int32_t begin, int32_t end, int32_t sign) {
    const mn_convert_params *p = task->params;
    const uint8_t *in = task->inputs[0];
    int16_t *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        const int32_t value = mn_stored(in[i], sign) - p->in_zero;
        out[i] = (int16_t)mn_store_i32(value, p->multiplier, p->shift, 0, whole);
    }
}

void mn_quantize_i8_i16_ref(const mn_task *task, int32_t begin, int32_t end) { widen(task, begin, end, MN_SIGN_I8); }

void mn_quantize_u8_i16_ref(const mn_task *task, int32_t begin, int32_t end) { widen(task, begin, end, MN_SIGN_U8); }

void mn_dequantize_i16_f32_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_convert_params *p = task->params;
    const int16_t *in = task->inputs[0];
    float *out = task->output;
    for (int32_t i = begin; i < end; i++) out[i] = p->scale[i / p->inner % p->channels] * (float)in[i];
}

void mn_clamp_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_convert_params *p = task->params;
    const int16_t *in = task->inputs[0];
    int16_t *out = task->output;
    for (int32_t i = begin; i < end; i++) out[i] = (int16_t)mn_store_i32(in[i], p->multiplier, p->shift, 0, p->range);
}

/* ---- LOGISTIC, TANH, LEAKY_RELU ---- */

/** The point between entries of the table of 256 that `magnitude`, in units of 2^-bits entries, stands for, times
 *  2^bits; `last` from entry 255 on. */
static int32_t between(const uint16_t *table, int32_t magnitude, int32_t bits, int32_t last) {
    const int32_t index = magnitude >> bits;
    if (index >= 255) return last;
    const int32_t below = table[index], above = table[index + 1];
    return below * (1 << bits) + (magnitude & ((1 << bits) - 1)) * (above - below);
}

/** The input in units of 1 / (3 * 4096). */
static int32_t finer(const mn_unary_params *p, int16_t value) {
    const int32_t round = p->shift[0] > 0 ? 1 << (p->shift[0] - 1) : 0;
    return (int32_t)(((int64_t)value * p->multiplier[0] + round) >> p->shift[0]);
}

static int16_t logistic(const mn_unary_params *p, int16_t value) {
    const int32_t x = finer(p, value), magnitude = x < 0 ? -x : x;
    const int32_t half = between(p->sigmoid, magnitude, 9, 0x7fff << 10);
    const int32_t result = x >= 0 ? half + (1 << 9) : (1 << 25) - half + (1 << 9) - 1;
    return (int16_t)(result >> 10);
}

static int16_t hyperbolic_tangent(const mn_unary_params *p, int16_t value) {
    const int32_t x = finer(p, value), magnitude = x < 0 ? -x : x;
    const int32_t half = between(p->sigmoid, magnitude, 8, 0xffff << 8);
    const int32_t result = x >= 0 ? half - (1 << 23) + (1 << 7) : -half + (1 << 23) + (1 << 7) - 1;
    return (int16_t)(result >> 8);
}

static int16_t leaky_relu(const mn_unary_params *p, int16_t value) {
    const int below = value < 0;
    return (int16_t)mn_store_i32(value, p->multiplier[below], p->shift[below], 0, whole);
}

void mn_unary_i16_ref(const mn_task *task, int32_t begin, int32_t end) {
    const mn_unary_params *p = task->params;
    const int16_t *in = task->inputs[0];
    int16_t *out = task->output;
    for (int32_t i = begin; i < end; i++) {
        switch (p->function) {
        case MN_UNARY_LOGISTIC: out[i] = logistic(p, in[i]); break;
        case MN_UNARY_TANH: out[i] = hyperbolic_tangent(p, in[i]); break;
        default: out[i] = leaky_relu(p, in[i]); break; /* no other function has int16 */
        }
    }
}
