/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution of few pixels and MEAN or AVERAGE_POOL_2D over whole images behind it, int8 and uint8, for
 * AVX-512 VNNI. The work is cut by channels, so that the results of a channel are added up as they come and never
 * stored. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "kernels/x86/conv_mean_q8.h"
#include "kernels/x86/conv_mean_q8_zmm.h"

enum { STREAMS = MN_PANEL_Q8_STREAMS };

static bool conv_mean_q8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_mean_params *p = params;
    const mn_window *w = &p->conv.window;
    const int64_t pixels = (int64_t)w->in_h * w->in_w;
    if (!mn_conv_mean_q8_fits(p, depth_of(w))) return false;
    need->packed_bytes = mn_panel_q8_bytes(depth_of(w)) * (size_t)mn_panel_q8_count(w->out_c);
    need->workspace_bytes = image_bytes(w) + (size_t)pixels * sizeof(int32_t);
    return true;
}

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_conv_mean_params *p = params;
    const mn_q8_source source = mn_q8_mean_source(&p->conv, type, constants[1], constants[2]);
    mn_panel_q8_pack(&source, depth_of(&p->conv.window), packed);
}

static void conv_mean_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_conv_mean_i8_avx512vnni_traits = {
    .need = conv_mean_q8_need, .pack = conv_mean_i8_pack, .cut = mn_cut_conv_mean};

/* Tiles of few pixels take as long as those of many. */
static bool conv_mean_amx_pays(const void *params) {
    enum { PIXELS = 32 };
    const mn_window *w = &((const mn_conv_mean_params *)params)->conv.window;
    return (int64_t)w->in_h * w->in_w >= PIXELS;
}

const mn_kernel_traits mn_conv_mean_i8_amx_traits = {
    .need = conv_mean_q8_need, .pays = conv_mean_amx_pays, .pack = conv_mean_i8_pack, .cut = mn_cut_conv_mean};

static void conv_mean_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_conv_mean_u8_avx512vnni_traits = {
    .need = conv_mean_q8_need, .pack = conv_mean_u8_pack, .cut = mn_cut_conv_mean};

/* ---- Columns of one image ------------------------------------------------------------------------------- */

/* Adds the results of a tile to the totals of its panels. */
Q8_NOINLINE static void add_tile(const job *j, mn_panel_q8_tile *t, int32_t pixel, int32_t rows, int32_t index,
                                 int32_t panels, __m512i totals[STREAMS]) {
    for (int32_t i = 0; i < panels; i++) {
        const mn_requant *requant = &panel_of(j, index + i)->requant;
        __m512i *acc = t->acc[i];
        for (int32_t r = 0; r < rows && j->zeros.weight; r++) acc[r] = take_off_weight_zero(j, pixel + r, acc[r]);
        for (int32_t r = 0; r < rows; r += 4, acc += 4) {
            mn_q8_requant_some(4, acc, requant);
            const __m512i bytes = mn_q8_narrow_4(acc[0], acc[1], acc[2], acc[3]);
            totals[i] = add_results(j, totals[i], bytes, rows - r);
        }
    }
}

/* All pixels of `panels` panels. */
Q8_TARGET static void run_pooled(const job *j, int32_t index, int32_t panels, mn_q8_prefetch *prefetch) {
    mn_panel_q8_tile t;
    __m512i totals[STREAMS];
    for (int32_t i = 0; i < panels; i++) totals[i] = _mm512_set1_epi32(j->offset);
    for (int32_t pixel = 0, rows; pixel < j->pixels; pixel += rows) {
        rows = mn_panel_q8_rows(j->pixels - pixel);
        mn_panel_q8_multiply(&j->tiles, pixel, rows, index, panels, prefetch, &t);
        add_tile(j, &t, pixel, rows, index, panels, totals);
    }
    for (int32_t i = 0; i < panels; i++) store_means(j, index + i, totals[i]);
}

static void run_panels(const job *j, const mn_task *task, int32_t i, int32_t end) {
    mn_q8_prefetch own = mn_panel_q8_prefetch_of(&j->tiles, i, end, j->pixels);
    mn_q8_prefetch next = mn_q8_prefetch_of(task, LATER_BYTES);
    for (int32_t panels; i < end; i += panels) {
        panels = mn_panel_q8_panels(end - i, j->pixels);
        mn_panel_q8_skip(&own, &j->tiles, i + panels);
        run_pooled(j, i, panels, (size_t)(own.end - own.from) >= j->tiles.stride ? &own : &next);
    }
}

void mn_conv_mean_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_conv_mean_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
