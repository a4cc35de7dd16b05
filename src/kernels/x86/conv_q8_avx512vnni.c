/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* int8 and uint8 convolution for AVX-512 VNNI. VPDPBUSD multiplies unsigned by signed bytes, so activations are stored
 * plus 128 when signed, and weights minus 128 when unsigned; what that adds is taken off in the folded bias and, for
 * uint8 weights, by the sum of each pixel's activations. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/checked.h"
#include "kernels/gather.h"
#include "kernels/quant.h"
#include "kernels/x86/panel_q8_avx512vnni.h"

enum { LANES = MN_PANEL_Q8_LANES };

/* Gathered pixels stay within this many bytes, half of L1. */
enum { SPAN_BYTES = 16 * 1024, SPAN_PIXELS = 56 };

/* What a tile needs to know of the whole. */
typedef struct job {
    mn_panel_q8_job tiles;
    int32_t out_c;
    int32_t weight_zero; /* centred: 0 for int8 */
    mn_range_i32 range;  /* centred */
    uint8_t out_flip;    /* makes centred results stored ones */
    const int32_t *row_sums;
    uint8_t *out;
} job;

static int32_t span_pixels(int32_t depth) { return mn_clamp_i32(SPAN_BYTES / depth, MN_PANEL_Q8_ROWS, SPAN_PIXELS); }

static bool conv_q8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_params *p = params;
    const mn_window *w = &p->window;
    int64_t depth = (int64_t)w->k_h * w->k_w * w->in_c;
    if (p->groups != 1 || depth > MN_Q8_MAX_DEPTH || !mn_requant_fits(p->shift, w->out_c)) return false;
    size_t pixels = (size_t)span_pixels(mn_gather_depth(w));
    need->packed_bytes = mn_panel_q8_bytes(mn_gather_depth(w)) * (size_t)mn_panel_q8_count(w->out_c);
    need->workspace_bytes = pixels * (size_t)mn_gather_depth(w) + pixels * sizeof(int32_t);
    return true;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_conv_params *p = params;
    const mn_q8_source source = mn_q8_conv_source(p, type, constants[1], constants[2]);
    mn_panel_q8_pack(&source, mn_gather_depth(&p->window), packed);
}

static void conv_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_conv_i8_avx512vnni_traits = {.need = conv_q8_need, .pack = conv_i8_pack};

static void conv_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_conv_u8_avx512vnni_traits = {.need = conv_q8_need, .pack = conv_u8_pack};

/* ---- Running -------------------------------------------------------------------------------------------- */

/* Sums of a tile to stored bytes. */
Q8_NOINLINE static void finish(const job *shared, mn_panel_q8_tile *t, int32_t pixel, int32_t rows, int32_t index,
                               int32_t panels) {
    const job j = *shared; /* nothing that is written can change it */
    for (int32_t i = 0; i < panels; i++) {
        const mn_panel_q8 *c = mn_panel_q8_at(j.tiles.panels, j.tiles.stride, index + i);
        const int32_t channel = (index + i) * LANES;
        const __mmask16 lanes = mn_q8_lanes(j.out_c - channel);
        __m512i *acc = t->acc[i];
        for (int32_t r = 0; r < rows && j.weight_zero; r++) {
            const int32_t over = mn_q8_product(j.weight_zero, j.row_sums[pixel + r]);
            acc[r] = _mm512_sub_epi32(acc[r], _mm512_set1_epi32(over));
        }
        uint8_t *out = j.out + (ptrdiff_t)pixel * j.out_c + channel;
        for (int32_t r = 0; r < rows; r += 4, acc += 4) {
            mn_q8_requant_some(4, acc, &c->requant);
            const __m512i bytes = mn_q8_narrow_4(acc[0], acc[1], acc[2], acc[3]);
            mn_q8_store_4(mn_q8_finish_64(bytes, j.range, j.out_flip), rows - r, lanes, out + r * j.out_c, j.out_c);
        }
    }
}

/* Columns one after another, so that their weights stay near for all pixels of a span. */
Q8_TARGET static void run_span(const job *j, int32_t count) {
    const int32_t end = mn_panel_q8_count(j->out_c);
    mn_q8_prefetch prefetch = mn_panel_q8_prefetch_of(&j->tiles, 0, end, count);
    mn_panel_q8_tile t;
    for (int32_t i = 0, panels; i < end; i += panels) {
        panels = mn_panel_q8_panels(end - i, count);
        mn_panel_q8_skip(&prefetch, &j->tiles, i + panels);
        for (int32_t pixel = 0, rows; pixel < count; pixel += rows) {
            rows = mn_panel_q8_rows(count - pixel);
            mn_panel_q8_multiply(&j->tiles, pixel, rows, i, panels, &prefetch, &t);
            finish(j, &t, pixel, rows, i, panels);
        }
    }
}

/* `from` may be `to`. */
Q8_TARGET static void flip_bytes(const uint8_t *from, size_t bytes, uint8_t flip, uint8_t *to) {
    const __m512i v = _mm512_set1_epi8((char)flip);
    for (size_t i = 0; i < bytes; i += 64) {
        const __mmask64 there = mn_q8_bytes(bytes - i);
        _mm512_mask_storeu_epi8(to + i, there, _mm512_xor_si512(_mm512_maskz_loadu_epi8(there, from + i), v));
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_conv_params *p = task->params;
    const mn_window *w = &p->window;
    const mn_q8_zeros zeros = mn_q8_zeros_of(p, type);
    const int32_t depth = mn_gather_depth(w), most = span_pixels(depth);
    const uint8_t *in = task->inputs[0];
    uint8_t *gathered = task->workspace;
    int32_t *row_sums = (int32_t *)(void *)(gathered + (ptrdiff_t)most * depth);
    job j = {.tiles = {.panels = task->packed, .stride = mn_panel_q8_bytes(depth), .depth = depth},
             .out_c = w->out_c,
             .weight_zero = zeros.weight,
             .range = zeros.range,
             .out_flip = zeros.out_flip,
             .row_sums = row_sums};
    const int32_t pixels = (end - begin) * w->out_w, spans = (pixels + most - 1) / most;
    for (int32_t i = 0, done = 0; i < spans; i++) {
        const int32_t count = (int32_t)((int64_t)pixels * (i + 1) / spans) - done, pixel = begin * w->out_w + done;
        const size_t bytes = (size_t)count * (size_t)depth;
        const uint8_t *rows = mn_gather_is_input(w) ? in + (ptrdiff_t)pixel * depth : gathered;
        if (rows == gathered) mn_gather(w, in, (uint8_t)(zeros.in ^ zeros.in_flip), pixel, count, gathered);
        if (zeros.in_flip) flip_bytes(rows, bytes, zeros.in_flip, gathered);
        j.tiles.rows = zeros.in_flip ? gathered : rows;
        if (zeros.weight) mn_sum_pixels(j.tiles.rows, depth, count, row_sums);
        j.out = (uint8_t *)task->output + (ptrdiff_t)pixel * w->out_c;
        run_span(&j, count);
        done += count;
    }
}

void mn_conv_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_conv_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
