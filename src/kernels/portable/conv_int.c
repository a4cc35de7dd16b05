/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution: the patches of a few pixels are gathered as int16 with the zero point taken off (so the
 * padding is 0), then meet all packed rows, 4 channels x 2 pixels at a time. */
#include "kernels/portable/conv_int.h"
#include "base/checked.h"
#include "kernels/kernels.h"
#include "kernels/params.h"
#include "kernels/portable/pack.h"
#include "kernels/portable/window.h"

#include <string.h>

/* Workspace: the patches of a tile, then its accumulators. */
static bool conv_int_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    const mn_window *w = &p->window;
    if (p->groups != 1 || !mn_rows_bytes(w->out_c, mn_window_depth(w), &need->packed_bytes)) return false;
    need->workspace_bytes = mn_conv_tile_bytes(w);
    return true;
}

static int16_t *patch_of(const mn_window *w, void *tile, int32_t i) {
    return (int16_t *)tile + (ptrdiff_t)i * mn_rows_depth(mn_window_depth(w));
}

int32_t *mn_conv_tile_acc(const mn_window *w, void *tile, int32_t i) {
    return (int32_t *)(void *)patch_of(w, tile, MN_CONV_TILE) + (ptrdiff_t)i * (ptrdiff_t)mn_conv_tile_stride(w);
}

size_t mn_conv_tile_bytes(const mn_window *w) {
    return ((size_t)mn_rows_depth(mn_window_depth(w)) * sizeof(int16_t) + mn_conv_tile_stride(w) * sizeof(int32_t)) *
           MN_CONV_TILE;
}

/* The patch of one pixel, `unit` being its row. */
static void gather(const mn_window *w, const uint8_t *in, int32_t ring, int32_t sign, int32_t zero, int32_t unit,
                   int32_t x, int16_t *patch) {
    mn_taps rows = mn_window_rows(w, unit), cols = mn_window_cols(w, x);
    int32_t run = w->dilation_w == 1 ? cols.end - cols.begin : 1; /* taps whose pixels are neighbours */
    memset(patch, 0, (size_t)mn_rows_depth(mn_window_depth(w)) * sizeof *patch);
    for (int32_t ky = rows.begin; ky < rows.end; ky++) {
        for (int32_t kx = cols.begin; kx < cols.end; kx += run) {
            const uint8_t *from = in + mn_window_at(w, ring, unit, rows, ky, cols, kx);
            ptrdiff_t at = ((ptrdiff_t)ky * w->k_w + kx) * w->in_c;
            mn_widen(from, sign, zero, (ptrdiff_t)run * w->in_c, patch + at);
        }
    }
}

void mn_conv_tile(const mn_window *w, const uint8_t *in, int32_t ring, int32_t sign, int32_t zero, const int16_t *rows,
                  ptrdiff_t pixel, int32_t count, void *tile) {
    const ptrdiff_t depth = mn_rows_depth(mn_window_depth(w));
    for (int32_t i = 0; i < count; i++) {
        gather(w, in, ring, sign, zero, (int32_t)((pixel + i) / w->out_w), (int32_t)((pixel + i) % w->out_w),
               patch_of(w, tile, i));
    }
    for (int32_t c = 0; c < w->out_c; c += MN_BLOCK, rows += depth * MN_BLOCK) {
        for (int32_t i = 0; i < count; i += MN_PAIR) {
            int32_t next = mn_min_i32(i + 1, count - 1);
            mn_rows_multiply((const int16_t *[]){patch_of(w, tile, i), patch_of(w, tile, next)}, rows, (int32_t)depth,
                             (int32_t *[]){mn_conv_tile_acc(w, tile, i) + c, mn_conv_tile_acc(w, tile, next) + c});
        }
    }
}

/* The place of an output pixel, counted from the first. */
static size_t pixel_at(const mn_window *w, int32_t ring, ptrdiff_t pixel) {
    return mn_output_offset(w, ring, (int32_t)(pixel / w->out_w)) + (size_t)(pixel % w->out_w) * (size_t)w->out_c;
}

static void conv(const mn_task *task, int32_t sign, int32_t begin, int32_t end) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const ptrdiff_t last = (ptrdiff_t)end * w->out_w;
    int32_t count;
    for (ptrdiff_t pixel = (ptrdiff_t)begin * w->out_w; pixel < last; pixel += count) {
        count = last - pixel < MN_CONV_TILE ? (int32_t)(last - pixel) : MN_CONV_TILE;
        mn_conv_tile(w, task->inputs[0], task->in_ring, sign, p->in_zero, task->packed, pixel, count, task->workspace);
        for (int32_t i = 0; i < count; i++) {
            uint8_t *out = (uint8_t *)task->output + pixel_at(w, task->out_ring, pixel + i);
            mn_acc_finish(p, task->inputs[2], mn_conv_tile_acc(w, task->workspace, i), out);
        }
    }
}

static void conv_i8_pack(const void *params, const void *const *constants, void *packed) {
    const mn_conv_params *p = params;
    mn_rows_pack(constants[1], MN_INT8, 0, p->window.out_c, mn_window_depth(&p->window), packed);
}

const mn_kernel_traits mn_conv_i8_portable_traits = {.need = conv_int_need, .pack = conv_i8_pack, .rings = true};

static void conv_u8_pack(const void *params, const void *const *constants, void *packed) {
    const mn_conv_params *p = params;
    mn_rows_pack(constants[1], MN_UINT8, p->weight_zero, p->window.out_c, mn_window_depth(&p->window), packed);
}

const mn_kernel_traits mn_conv_u8_portable_traits = {.need = conv_int_need, .pack = conv_u8_pack, .rings = true};

void mn_conv_i8_portable(const mn_task *task, int32_t begin, int32_t end) { conv(task, MN_SIGN_I8, begin, end); }

void mn_conv_u8_portable(const mn_task *task, int32_t begin, int32_t end) { conv(task, MN_SIGN_U8, begin, end); }
