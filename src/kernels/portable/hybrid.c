/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Hybrid operators (float activations, 8-bit weights) on the integer accumulators of the other portable kernels. Each
 * thread makes the whole image int8 for itself, once in a run: two passes over what is read many times then. */
#include "base/checked.h"
#include "kernels/dynamic.h"
#include "kernels/kernels.h"
#include "kernels/portable/conv_int.h"
#include "kernels/portable/window.h"

#include <string.h>

/* The workspace: how the image that it holds was quantised, the image, and the kernel's own room. */
enum { HEAD = 64, LANES = 16 };

static size_t image_count(const mn_window *w) { return (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c; }

static size_t room_at(size_t count) { return HEAD + mn_round_up(count, 64); }

/* The extremes in lanes, which compilers vectorise; their order does not matter. */
static void extremes(const float *in, size_t count, float *low, float *high) {
    float least[LANES], most[LANES];
    for (int32_t j = 0; j < LANES; j++) least[j] = most[j] = in[0];
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (int32_t j = 0; j < LANES; j++) {
            least[j] = in[i + (size_t)j] < least[j] ? in[i + (size_t)j] : least[j];
            most[j] = in[i + (size_t)j] > most[j] ? in[i + (size_t)j] : most[j];
        }
    }
    for (; i < count; i++) {
        least[0] = in[i] < least[0] ? in[i] : least[0];
        most[0] = in[i] > most[0] ? in[i] : most[0];
    }
    *low = least[0], *high = most[0];
    for (int32_t j = 1; j < LANES; j++) {
        *low = least[j] < *low ? least[j] : *low;
        *high = most[j] > *high ? most[j] : *high;
    }
}

/* `count` values as int8, behind the workspace's head, which says how. */
static void quantise(const float *restrict in, size_t count, bool asymmetric, uint8_t *restrict workspace) {
    float low, high;
    extremes(in, count, &low, &high);
    const mn_dynamic d = mn_dynamic_of(low, high, asymmetric);
    int8_t *restrict out = (int8_t *)workspace + HEAD;
    for (size_t i = 0; i < count; i++) out[i] = mn_dynamic_store(&d, in[i]);
    memcpy(workspace, &d, sizeof d);
}

/* Sees to it that the workspace holds image or row `which`, of `count` values. */
static mn_dynamic hold(const mn_task *task, int32_t which, size_t count, bool asymmetric, bool anew) {
    mn_dynamic d;
    if (task->kept ? *task->kept != which : anew) {
        quantise((const float *)task->inputs[0] + (size_t)which * count, count, asymmetric, task->workspace);
        if (task->kept) *task->kept = which;
    }
    memcpy(&d, task->workspace, sizeof d);
    return d;
}

/* ---- CONV_2D ---- */

static bool hybrid_conv_need(const void *params, mn_kernel_need *need) {
    const mn_hybrid_conv_params *p = params;
    const mn_window *w = &p->conv.window;
    if (p->conv.groups != 1 || !mn_rows_bytes(w->out_c, mn_window_depth(w), &need->packed_bytes)) return false;
    need->workspace_bytes = room_at(image_count(w)) + mn_conv_tile_bytes(w);
    return true;
}

static void hybrid_conv_pack(const void *params, const void *const *constants, void *packed) {
    const mn_window *w = &((const mn_hybrid_conv_params *)params)->conv.window;
    mn_rows_pack(constants[1], MN_INT8, 0, w->out_c, mn_window_depth(w), packed);
}

const mn_kernel_traits mn_hybrid_conv_portable_traits = {.need = hybrid_conv_need, .pack = hybrid_conv_pack};

/* The results of one pixel. */
static void finish(const mn_hybrid_conv_params *p, const mn_dynamic *d, const float *bias, const int32_t *restrict acc,
                   float *restrict out) {
    const mn_range_f32 range = p->conv.range_f32;
    for (int32_t c = 0; c < p->conv.window.out_c; c++) {
        const float real = mn_hybrid_conv_real(p, d, acc[c], c);
        out[c] = mn_clamp_f32(real + (bias != NULL ? bias[c] : 0.0f), range);
    }
}

void mn_conv_f32_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    const mn_hybrid_conv_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const size_t count = image_count(w);
    const uint8_t *image = (const uint8_t *)task->workspace + HEAD;
    void *tile = (uint8_t *)task->workspace + room_at(count);
    for (int32_t row = begin, next; row < end; row = next) {
        const int32_t batch = row / w->out_h;
        next = mn_min_i32((batch + 1) * w->out_h, end);
        const mn_dynamic d = hold(task, batch, count, p->asymmetric, true);
        const ptrdiff_t before = (ptrdiff_t)batch * w->out_h * w->out_w, last = (ptrdiff_t)next * w->out_w - before;
        int32_t pixels;
        for (ptrdiff_t pixel = (ptrdiff_t)row * w->out_w - before; pixel < last; pixel += pixels) {
            pixels = last - pixel < MN_CONV_TILE ? (int32_t)(last - pixel) : MN_CONV_TILE;
            mn_conv_tile(w, image, 0, MN_SIGN_I8, d.zero, task->packed, pixel, pixels, tile);
            float *out = (float *)task->output + (before + pixel) * w->out_c;
            for (int32_t i = 0; i < pixels; i++, out += w->out_c) {
                finish(p, &d, task->inputs[2], mn_conv_tile_acc(w, tile, i), out);
            }
        }
    }
}

/* ---- DEPTHWISE_CONV_2D ---- */

static bool hybrid_depthwise_need(const void *params, mn_kernel_need *need) {
    const mn_hybrid_conv_params *p = params;
    const mn_window *w = &p->conv.window;
    need->workspace_bytes = room_at(image_count(w)) + (size_t)w->out_c * sizeof(int32_t);
    return mn_depthwise_int_packed(w, &need->packed_bytes);
}

static void hybrid_depthwise_pack(const void *params, const void *const *constants, void *packed) {
    const mn_window *w = &((const mn_hybrid_conv_params *)params)->conv.window;
    mn_taps_pack(constants[1], MN_INT8, 0, w->out_c, (int64_t)w->k_h * w->k_w, packed);
}

const mn_kernel_traits mn_hybrid_depthwise_portable_traits = {.need = hybrid_depthwise_need,
                                                              .pack = hybrid_depthwise_pack};

void mn_depthwise_f32_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    const mn_hybrid_conv_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const size_t count = image_count(w);
    const uint8_t *image = (const uint8_t *)task->workspace + HEAD;
    int32_t *acc = (int32_t *)(void *)((uint8_t *)task->workspace + room_at(count));
    float *out = (float *)task->output + (ptrdiff_t)begin * w->out_w * w->out_c;
    for (int32_t row = begin; row < end; row++) {
        const mn_dynamic d = hold(task, row / w->out_h, count, p->asymmetric, row == begin || row % w->out_h == 0);
        for (int32_t x = 0; x < w->out_w; x++, out += w->out_c) {
            mn_depthwise_i8_acc(w, image, d.zero, task->packed, row % w->out_h, x, acc);
            finish(p, &d, task->inputs[2], acc, out);
        }
    }
}

/* ---- FULLY_CONNECTED ---- */

static bool hybrid_fully_connected_need(const void *params, mn_kernel_need *need) {
    const mn_hybrid_fully_connected_params *p = params;
    need->workspace_bytes = room_at((size_t)p->in_c) + (size_t)mn_rows_depth(p->in_c) * sizeof(int16_t);
    return mn_rows_bytes(p->out_c, p->in_c, &need->packed_bytes);
}

static void hybrid_fully_connected_pack(const void *params, const void *const *constants, void *packed) {
    const mn_hybrid_fully_connected_params *p = params;
    mn_rows_pack(constants[1], MN_INT8, 0, p->out_c, p->in_c, packed);
}

const mn_kernel_traits mn_hybrid_fully_connected_portable_traits = {.need = hybrid_fully_connected_need,
                                                                    .pack = hybrid_fully_connected_pack};

/* Channels [begin, end) of one row, which `in` holds. */
static void row_sums(const mn_task *task, const mn_dynamic *d, const int16_t *in, int32_t begin, int32_t end,
                     float *out) {
    const mn_hybrid_fully_connected_params *p = task->params;
    const float *bias = task->inputs[2];
    const int32_t depth = mn_rows_depth(p->in_c);
    for (int32_t c = begin, next; c < end; c = next) {
        const int32_t first = c - c % MN_BLOCK;
        int32_t acc[MN_BLOCK];
        mn_rows_multiply((const int16_t *[]){in, in}, (const int16_t *)task->packed + (ptrdiff_t)first * depth, depth,
                         (int32_t *[]){acc, acc});
        next = mn_min_i32(first + MN_BLOCK, end);
        for (int32_t i = c; i < next; i++) {
            const float scale = p->scale[i] * d->scale, real = (float)acc[i % MN_BLOCK] * scale;
            out[i] = mn_clamp_f32((bias != NULL ? bias[i] : 0.0f) + real, p->range_f32);
        }
    }
}

void mn_fully_connected_f32_i8_portable(const mn_task *task, int32_t begin, int32_t end) {
    const mn_hybrid_fully_connected_params *p = task->params;
    const int32_t depth = mn_rows_depth(p->in_c);
    int16_t *in = (int16_t *)(void *)((uint8_t *)task->workspace + room_at((size_t)p->in_c));
    for (int32_t unit = begin, next; unit < end; unit = next) {
        const int32_t row = unit / p->out_c, c = unit % p->out_c;
        next = mn_min_i32(unit - c + p->out_c, end);
        const mn_dynamic d = hold(task, row, (size_t)p->in_c, p->asymmetric, true);
        mn_widen((const uint8_t *)task->workspace + HEAD, MN_SIGN_I8, d.zero, p->in_c, in);
        for (int32_t i = p->in_c; i < depth; i++) in[i] = 0;
        row_sums(task, &d, in, c, c + next - unit, (float *)task->output + (ptrdiff_t)row * p->out_c);
    }
}
