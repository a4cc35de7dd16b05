/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution: the patches of a few pixels are gathered as int16 with the zero point taken off (so the
 * padding is 0), then meet all packed rows, 4 channels x 2 pixels at a time. */
#include "base/checked.h"
#include "kernels/kernels.h"
#include "kernels/params.h"
#include "kernels/portable/pack.h"
#include "kernels/portable/window.h"

#include <string.h>

/* Pixels gathered together: 960 channels of int16 then take 30 KB, about a first-level cache. */
enum { TILE = 16 };

/* Scratch: the patches of a tile, then its sums. */
static size_t patches_bytes(const mn_window *w) {
    return (size_t)mn_rows_depth(mn_window_depth(w)) * TILE * sizeof(int16_t);
}

bool mn_conv_int_portable_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    const mn_window *w = &p->window;
    int64_t k = mn_window_depth(w);
    if (p->groups != 1 || !mn_rows_bytes(w->out_c, k, &need->packed_bytes)) return false;
    need->scratch_bytes = patches_bytes(w) + mn_round_up((size_t)w->out_c, MN_BLOCK) * TILE * sizeof(int32_t);
    return true;
}

static void gather(const mn_task *task, int32_t sign, ptrdiff_t pixel, int16_t *patch) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    int32_t unit = (int32_t)(pixel / w->out_w);
    mn_taps rows = mn_window_rows(w, unit), cols = mn_window_cols(w, (int32_t)(pixel % w->out_w));
    int32_t run = w->dilation_w == 1 ? cols.end - cols.begin : 1; /* taps whose pixels are neighbours */
    memset(patch, 0, (size_t)mn_rows_depth(mn_window_depth(w)) * sizeof *patch);
    for (int32_t ky = rows.begin; ky < rows.end; ky++) {
        for (int32_t kx = cols.begin; kx < cols.end; kx += run) {
            const uint8_t *from = (const uint8_t *)task->inputs[0] + mn_window_at(w, unit, rows, ky, cols, kx);
            ptrdiff_t at = ((ptrdiff_t)ky * w->k_w + kx) * w->in_c;
            mn_widen(from, sign, p->in_zero, (ptrdiff_t)run * w->in_c, patch + at);
        }
    }
}

static void run_tile(const mn_task *task, ptrdiff_t pixel, int32_t count) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    ptrdiff_t depth = mn_rows_depth(mn_window_depth(w)), stride = (ptrdiff_t)mn_round_up((size_t)w->out_c, MN_BLOCK);
    const int16_t *patches = task->scratch, *rows = task->packed;
    int32_t *sums = (int32_t *)((uint8_t *)task->scratch + patches_bytes(w));
    for (int32_t c = 0; c < w->out_c; c += MN_BLOCK, rows += depth * MN_BLOCK) {
        for (int32_t i = 0; i < count; i += MN_PAIR) {
            int32_t next = mn_min_i32(i + 1, count - 1);
            mn_row_sums((const int16_t *[]){patches + i * depth, patches + next * depth}, rows, (int32_t)depth,
                        (int32_t *[]){sums + i * stride + c, sums + next * stride + c});
        }
    }
    uint8_t *out = (uint8_t *)task->output + pixel * w->out_c;
    for (int32_t i = 0; i < count; i++)
        mn_sums_finish(p, task->inputs[2], sums + i * stride, out + (ptrdiff_t)i * w->out_c);
}

static void conv(const mn_task *task, int32_t sign, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    ptrdiff_t depth = mn_rows_depth(mn_window_depth(&p->window));
    ptrdiff_t last = (ptrdiff_t)end * p->window.out_w;
    int32_t count;
    for (ptrdiff_t pixel = (ptrdiff_t)begin * p->window.out_w; pixel < last; pixel += count) {
        count = last - pixel < TILE ? (int32_t)(last - pixel) : TILE;
        for (int32_t i = 0; i < count; i++) gather(task, sign, pixel + i, (int16_t *)task->scratch + i * depth);
        run_tile(task, pixel, count);
    }
}

void mn_conv_i8_portable_pack(const void *params, const void *const *constants, void *packed) {
    const mn_conv_params *p = params;
    mn_rows_pack(constants[1], MN_SIGN_I8, 0, p->window.out_c, (int32_t)mn_window_depth(&p->window), packed);
}

void mn_conv_u8_portable_pack(const void *params, const void *const *constants, void *packed) {
    const mn_conv_params *p = params;
    mn_rows_pack(constants[1], MN_SIGN_U8, p->weight_zero, p->window.out_c, (int32_t)mn_window_depth(&p->window),
                 packed);
}

void mn_conv_i8_portable(const mn_task *task, int32_t begin, int32_t end) { conv(task, MN_SIGN_I8, begin, end); }

void mn_conv_u8_portable(const mn_task *task, int32_t begin, int32_t end) { conv(task, MN_SIGN_U8, begin, end); }
