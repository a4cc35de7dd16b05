/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Fully connected: packed rows of weights against one input row at a time. A range may begin and end inside a
 * block of channels; then the block is computed whole and its part kept. */
#include "base/checked.h"
#include "kernels/kernels.h"
#include "kernels/params.h"
#include "kernels/portable/pack.h"
#include "kernels/ref/ref.h"

bool mn_fully_connected_f32_portable_need(const void *params, mn_kernel_need *need) {
    const mn_fully_connected_params *p = params;
    need->workspace_bytes = 0;
    return mn_packed_bytes(&mn_panels_layout, p->out_c, p->in_c, &need->packed_bytes);
}

void mn_fully_connected_f32_portable_pack(const void *params, const void *const *constants, void *packed) {
    const mn_fully_connected_params *p = params;
    const mn_raw_weights raw = mn_raw_rows(constants[1], MN_FLOAT32, p->out_c, p->in_c);
    mn_packed_write(&raw, &mn_panels_layout, packed);
}

const mn_kernel_traits mn_fully_connected_f32_portable_traits = {.need = mn_fully_connected_f32_portable_need,
                                                                 .pack = mn_fully_connected_f32_portable_pack};

/* Channels [begin, end) of one row. */
static void row_f32(const mn_task *task, int32_t row, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    const float *in = (const float *)task->inputs[0] + (ptrdiff_t)row * p->in_c, *bias = task->inputs[2];
    float *out = (float *)task->output + (ptrdiff_t)row * p->out_c;
    const mn_runs runs = {.rows = 1, .cols = 1, .length = p->in_c};
    for (int32_t c = begin, next; c < end; c = next) {
        int32_t lane = c % MN_PANEL;
        float acc[MN_PAIR][MN_PANEL];
        mn_panel_multiply((const float *[]){in, in}, &runs,
                          (const float *)task->packed + (ptrdiff_t)(c - lane) * p->in_c, acc);
        next = mn_min_i32(c - lane + MN_PANEL, end);
        mn_panel_finish(acc[0] + lane, bias == NULL ? NULL : bias + c, p->range_f32, next - c, out + c);
    }
}

void mn_fully_connected_f32_portable(const mn_task *task, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    for (int32_t unit = begin, next; unit < end; unit = next) {
        int32_t row = unit / p->out_c, c = unit % p->out_c;
        next = mn_min_i32(unit - c + p->out_c, end);
        row_f32(task, row, c, c + next - unit);
    }
}

static bool fully_connected_int_need(const void *params, mn_kernel_need *need) {
    const mn_fully_connected_params *p = params;
    need->workspace_bytes = (size_t)mn_rows_depth(p->in_c) * sizeof(int16_t);
    return mn_rows_bytes(p->out_c, p->in_c, &need->packed_bytes);
}

static void pack_int(const mn_fully_connected_params *p, mn_type type, const void *weights, int16_t *packed) {
    mn_rows_pack(weights, type, p->weight_zero, p->out_c, p->in_c, packed);
}

static void fully_connected_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack_int(params, MN_INT8, constants[1], packed);
}

const mn_kernel_traits mn_fully_connected_i8_portable_traits = {.need = fully_connected_int_need,
                                                                .pack = fully_connected_i8_pack};

static void fully_connected_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack_int(params, MN_UINT8, constants[1], packed);
}

const mn_kernel_traits mn_fully_connected_u8_portable_traits = {.need = fully_connected_int_need,
                                                                .pack = fully_connected_u8_pack};

static void row_int(const mn_task *task, int32_t sign, int32_t row, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    const int32_t *bias = task->inputs[2];
    int32_t depth = mn_rows_depth(p->in_c);
    int16_t *in = task->workspace;
    uint8_t *out = (uint8_t *)task->output + (ptrdiff_t)row * p->out_c;
    mn_widen((const uint8_t *)task->inputs[0] + (ptrdiff_t)row * p->in_c, sign, p->in_zero, p->in_c, in);
    for (int32_t i = p->in_c; i < depth; i++) in[i] = 0;
    for (int32_t c = begin, next; c < end; c = next) {
        int32_t first = c - c % MN_BLOCK;
        int32_t acc[MN_BLOCK];
        mn_rows_multiply((const int16_t *[]){in, in}, (const int16_t *)task->packed + (ptrdiff_t)first * depth, depth,
                         (int32_t *[]){acc, acc});
        next = mn_min_i32(first + MN_BLOCK, end);
        for (int32_t i = c; i < next; i++) {
            const int32_t whole = mn_wrap_add(acc[i % MN_BLOCK], bias == NULL ? 0 : bias[i]);
            out[i] = (uint8_t)mn_store_real(whole * p->scale[i], p->out_zero, p->range);
        }
    }
}

static void fully_connected_int(const mn_task *task, int32_t sign, int32_t begin, int32_t end) {
    const mn_fully_connected_params *p = task->params;
    for (int32_t unit = begin, next; unit < end; unit = next) {
        int32_t row = unit / p->out_c, c = unit % p->out_c;
        next = mn_min_i32(unit - c + p->out_c, end);
        row_int(task, sign, row, c, c + next - unit);
    }
}

void mn_fully_connected_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    fully_connected_int(task, MN_SIGN_I8, begin, end);
}

void mn_fully_connected_u8_portable(const mn_task *task, int32_t begin, int32_t end) {
    fully_connected_int(task, MN_SIGN_U8, begin, end);
}
