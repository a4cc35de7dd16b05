/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the fused convolution and depthwise convolution for AVX-512 VNNI takes, and its weights. */
#include "kernels/x86/conv_depthwise_q8.h"

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <string.h>

#include "base/checked.h"
#include "kernels/quant.h"
#include "kernels/x86/interleave.h"
#include "kernels/x86/q8.h"

enum { SLACK = 64 };

layout mn_conv_depthwise_q8_layout(const mn_conv_depthwise_params *p) {
    const mn_window *c = &p->conv.window, *d = &p->depthwise.window;
    layout l = {.panels = mn_panels_of(d->out_h, d->out_w, d->out_c)};
    l.quads = (c->k_w * c->in_c + 3) / 4;
    l.band_rows = (l.panels.rows + p->bands - 1) / p->bands;
    l.groups = d->stride_h + 1;
    l.conv_rows = mn_min_i32((l.band_rows * MN_PANEL_ROWS - 1) * d->stride_h + TAPS, c->out_h);
    const int32_t columns = mn_max_i32((c->out_w - 1) * c->stride_w + c->k_w, c->pad_left + c->in_w);
    l.pitch = mn_round_up((size_t)columns * (size_t)c->in_c + SLACK, 64);
    l.copy_bytes = l.pitch * (size_t)((l.conv_rows - 1) * c->stride_h + c->k_h);
    l.sums_bytes = mn_round_up((size_t)l.conv_rows * (size_t)c->out_w * sizeof(int32_t), 64);
    l.ring_bytes = (size_t)l.groups * (size_t)(c->out_w + 2) * VECTORS * 64;
    l.block_bytes = mn_round_up(sizeof(channel_block) + (size_t)c->k_h * (size_t)l.quads * VECTORS * 64, 64);
    l.extras_at = l.block_bytes * (size_t)l.panels.blocks;
    return l;
}

/* ---- Fitness -------------------------------------------------------------------------------------------- */

static bool conv_fits(const mn_conv_params *p) {
    const mn_window *w = &p->window;
    return p->groups == 1 && w->dilation_h == 1 && w->dilation_w == 1 &&
           (int64_t)w->k_h * w->k_w * w->in_c <= MN_Q8_MAX_DEPTH && mn_requant_fits(p->shift, w->out_c);
}

/* One cell of padding at most on each side. */
static bool depthwise_fits(const mn_conv_params *p) {
    const mn_window *w = &p->window;
    return w->k_h == TAPS && w->k_w == TAPS && w->dilation_h == 1 && w->dilation_w == 1 && w->out_c == w->in_c &&
           w->stride_h == w->stride_w && w->stride_h <= 2 && w->pad_top <= 1 && w->pad_left <= 1 &&
           (w->out_w - 1) * w->stride_w - w->pad_left + TAPS <= w->in_w + 1 &&
           (w->out_h - 1) * w->stride_h - w->pad_top + TAPS <= w->in_h + 1 && mn_requant_fits(p->shift, w->out_c);
}

bool mn_conv_depthwise_i8_avx512vnni_need(const void *params, mn_kernel_need *need) {
    const mn_conv_depthwise_params *p = params;
    if (!conv_fits(&p->conv) || !depthwise_fits(&p->depthwise)) return false;
    const layout l = mn_conv_depthwise_q8_layout(p);
    *need = (mn_kernel_need){.packed_bytes = l.extras_at + sizeof(block_extras) * (size_t)l.panels.blocks,
                             .scratch_bytes = l.copy_bytes + l.sums_bytes + l.ring_bytes};
    return true;
}

/* 255 less a zero point of 0 is more than two signed bytes can hold. */
bool mn_conv_depthwise_u8_avx512vnni_need(const void *params, mn_kernel_need *need) {
    return ((const mn_conv_depthwise_params *)params)->depthwise.weight_zero > 0 &&
           mn_conv_depthwise_i8_avx512vnni_need(params, need);
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

/* Returns what channel_block calls patches. */
static int8_t pack_ends(const mn_q8_source *s, const mn_requant *requant, ends *out) {
    memcpy(out->scale, requant->scale, sizeof out->scale);
    memcpy(out->offset, requant->offset, sizeof out->offset);
    const bool floats = requant->is_float || (requant->is_patched && !requant->is_signed);
    return floats && s->zeros.weight == 0 ? (int8_t)requant->patches : GENERAL;
}

/* Filter rows one after another, each padded to whole quads. */
static void pack_vector(const mn_q8_source *s, const mn_requant_lanes *lanes, size_t step, int8_t *out, int32_t *sums) {
    const mn_window *w = &s->p->window;
    const int32_t row = w->k_w * w->in_c, quads = (row + 3) / 4;
    for (int32_t y = 0; y < w->k_h; y++) {
        const uint8_t *rows[LANES];
        for (int32_t lane = 0; lane < LANES; lane++) {
            rows[lane] = s->weights + (ptrdiff_t)lanes->channel[lane] * s->depth + y * row;
        }
        mn_interleave(rows, row, s->zeros.weight_flip, step, out + (size_t)(y * quads) * step, sums);
    }
}

static void pack_conv(const mn_q8_source *s, int32_t first, int32_t vectors, channel_block *out, block_extras *extras) {
    for (int32_t v = 0; v < vectors; v++) {
        int32_t sums[LANES] = {0};
        const mn_requant_lanes lanes = mn_q8_fill_requant(s, first + v * LANES, NULL, &extras->conv[v]);
        out->conv_patches[v] = pack_ends(s, &extras->conv[v], &out->ends[v]);
        pack_vector(s, &lanes, (size_t)vectors * 64, out->weights + v * 64, sums);
        for (int32_t lane = 0; lane < LANES; lane++) {
            out->ends[v].start[lane] = mn_q8_start(s, lanes.channel[lane], sums[lane], extras->conv[v].centre[lane]);
        }
    }
}

static void pack_taps(const mn_q8_source *s, int32_t first, taps *out, mn_requant *requant, int8_t (*rest)[64]) {
    const mn_requant_lanes lanes = mn_q8_fill_requant(s, first, NULL, requant);
    for (int32_t lane = 0; lane < LANES; lane++) {
        const int32_t channel = lanes.channel[lane];
        int32_t sum = 0;
        for (int32_t i = 0; i < TAPS * TAPS; i++) {
            const uint8_t stored = s->weights[i * s->step + channel];
            const int32_t value = (int8_t)(stored ^ s->zeros.weight_flip) - s->zeros.weight;
            const int32_t byte = mn_clamp_i32(value, -128, 127);
            out->weights[i % TAPS][lane * 4 + i / TAPS] = (int8_t)byte;
            rest[i % TAPS][lane * 4 + i / TAPS] = (int8_t)(value - byte);
            sum += value;
        }
        const int32_t start = -s->zeros.in * sum - requant->centre[lane];
        out->ends.start[lane] = mn_wrap_add(s->bias ? s->bias[channel] : 0, start);
    }
}

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_conv_depthwise_params *p = params;
    const layout l = mn_conv_depthwise_q8_layout(p);
    const mn_q8_source conv = mn_q8_conv_source(&p->conv, type, constants[1], constants[2]);
    const mn_q8_source depthwise = mn_q8_depthwise_source(&p->depthwise, type, constants[3], constants[4]);
    for (int32_t b = 0; b < l.panels.blocks; b++) {
        channel_block *block = (channel_block *)(void *)((char *)packed + (size_t)b * l.block_bytes);
        block_extras *more = (block_extras *)(void *)((char *)packed + l.extras_at) + b;
        memset(block, 0, l.block_bytes); /* each block by itself, so that it stays in the cache */
        memset(more, 0, sizeof *more);
        const int32_t vectors = mn_panel_block_vectors(&l.panels, b), first = b * VECTORS * LANES;
        pack_conv(&conv, first, vectors, block, more);
        for (int32_t v = 0; v < vectors; v++) {
            pack_taps(&depthwise, first + v * LANES, &block->taps[v], &more->depthwise[v], more->rest[v]);
            block->depthwise_patches[v] = pack_ends(&depthwise, &more->depthwise[v], &block->taps[v].ends);
        }
    }
}

void mn_conv_depthwise_i8_avx512vnni_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

void mn_conv_depthwise_u8_avx512vnni_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

#endif
