/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the fused convolution and depthwise convolution takes, and its weights. */
#include "kernels/x86/conv_depthwise_q8.h"

#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/quant.h"
#include "kernels/x86/interleave.h"
#include "kernels/x86/q8.h"

#define TARGET __attribute__((target("avx2")))

enum { SLACK = 64 };

sizes mn_conv_depthwise_q8_sizes(const mn_conv_depthwise_params *p, int32_t bands) {
    const mn_window *c = &p->conv.window, *d = &p->depthwise.window;
    sizes l = {.out = mn_extent_of(mn_layout_q8(), d->out_h, d->out_w, d->out_c)};
    const int32_t depth = c->k_h * c->k_w * c->in_c;
    l.gathers = c->k_h > 1 || c->k_w > 1;
    l.quads = mn_max_i32(mn_groups_of(depth, 4), VECTORS);
    l.band_rows = mn_groups_of(l.out.rows, bands);
    l.groups = d->stride_h + 1;
    l.late = l.out.blocks == 1;
    l.copied = mn_min_i32(l.late ? GROUP : (l.band_rows * MN_Q8_ROWS - 1) * d->stride_h + TAPS, c->out_h);
    const int32_t columns = mn_max_i32((c->out_w - 1) * c->stride_w + c->k_w, c->pad_left + c->in_w);
    l.row_pitch = mn_round_up((size_t)columns * (size_t)c->in_c + SLACK, 64);
    l.pixel_stride =
        l.gathers ? mn_round_up((size_t)l.quads * 4, GATHERED_PIXEL) : (size_t)c->stride_w * (size_t)c->in_c;
    l.conv_stride = l.gathers ? mn_round_up((size_t)c->out_w * l.pixel_stride + SLACK, 64) : l.row_pitch;
    l.copy_bytes = l.conv_stride * (size_t)(l.copied + 1);
    l.rows_bytes = l.gathers ? l.row_pitch * (size_t)c->k_h : 0;
    l.sums_bytes = mn_round_up((size_t)l.copied * (size_t)c->out_w * sizeof(int32_t), 64);
    l.ring_bytes = (size_t)l.groups * (size_t)(c->out_w + 2) * VECTORS * 64;
    l.block_bytes = mn_round_up(sizeof(channel_block) + (size_t)l.quads * VECTORS * 64, 64);
    l.extras_at = l.block_bytes * (size_t)l.out.blocks;
    l.spans_at = l.extras_at + sizeof(block_extras) * (size_t)l.out.blocks;
    return l;
}

static size_t end_of(const sizes *l) { return l->copy_bytes + l->rows_bytes + l->sums_bytes + l->ring_bytes; }

wide_sizes mn_conv_depthwise_q8_wide(const mn_conv_depthwise_params *p, const sizes *l) {
    enum { COLUMNS_BYTES = 14 * 1024 };
    const size_t column = 2 * GROUP * l->pixel_stride;
    wide_sizes s = {.weights_at = mn_round_up(end_of(l), 64)};
    s.columns = mn_clamp_i32((int32_t)(COLUMNS_BYTES / column), 1, p->conv.window.out_w);
    s.columns_at = s.weights_at + 2 * (size_t)l->quads * VECTORS * 64;
    s.end = s.columns_at + (size_t)s.columns * column;
    return s;
}

split_sizes mn_conv_depthwise_q8_split(const mn_conv_depthwise_params *p, const sizes *l) {
    split_sizes s = {.groups = mn_groups_of(l->copied, GROUP) + 1, .column = mn_spans_q8_products(l->quads) * GROUP};
    const size_t columns = (size_t)s.groups * (size_t)p->conv.window.out_w;
    s.bytes_at = mn_round_up(end_of(l), 64);
    s.groups_at = s.bytes_at + columns * s.column;
    s.starts_at = s.groups_at + (size_t)s.groups * sizeof(mn_rests_q8);
    s.excess_at = mn_round_up(s.starts_at + columns * sizeof(int32_t), 64);
    s.sums_at = mn_round_up(s.excess_at + columns * sizeof(int32_t[GROUP]), 64);
    s.rests_at = s.sums_at + mn_rests_q8_sums(p->conv.window.out_w);
    s.end = s.rests_at + columns * mn_rests_q8_most(l->quads, 2, true) * sizeof(mn_rest_q8);
    return s;
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

static bool conv_depthwise_i8_need(const void *params, mn_kernel_need *need) {
    const mn_conv_depthwise_params *p = params;
    if (!conv_fits(&p->conv) || !depthwise_fits(&p->depthwise)) return false;
    const sizes l = mn_conv_depthwise_q8_sizes(p, 1);
    need->packed_bytes = l.spans_at;
    return true;
}

static void conv_depthwise_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)params, (void)in;
    *out = mn_layout_q8();
}

/* `out`: blocks, and rows that lie in lines of their own. */
static void cut_for(const mn_conv_depthwise_params *p, const mn_extent *out, int32_t threads, mn_cut *cut) {
    mn_cut_conv_depthwise(&p->depthwise.window, out, threads, cut);
    const sizes l = mn_conv_depthwise_q8_sizes(p, cut->bands);
    cut->workspace_bytes = end_of(&l);
}

static void conv_depthwise_cut(const void *params, int32_t threads, mn_cut *cut) {
    const mn_conv_depthwise_params *p = params;
    const sizes whole = mn_conv_depthwise_q8_sizes(p, 1);
    cut_for(p, &whole.out, threads, cut);
}

/* 255 less a zero point of 0 is more than two signed bytes can hold. */
static bool conv_depthwise_u8_need(const void *params, mn_kernel_need *need) {
    return ((const mn_conv_depthwise_params *)params)->depthwise.weight_zero > 0 &&
           conv_depthwise_i8_need(params, need);
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

/* Returns what channel_block calls fixups. Only where there are some is `extra` looked at, and so written: it is five
 * times as large, and most pages of such stay untouched. */
static int8_t pack_epilogue(const mn_requant *requant, bool general, epilogue *out, mn_requant *extra) {
    memcpy(out->scale, requant->scale, sizeof out->scale);
    memcpy(out->offset, requant->offset, sizeof out->offset);
    const bool floats = requant->is_float || (requant->is_fixed_up && !requant->is_signed);
    const int8_t fixups = floats && !general ? (int8_t)requant->fixups : GENERAL;
    if (fixups != 0) *extra = *requant;
    return fixups;
}

/* What accumulators become without fixups, by the kernel's own instruction: MinGW's fmaf() rounds twice. */
__attribute__((target("avx2,fma"))) static float in_floats(float scale, float offset, int32_t sum) {
    return rintf(_mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss((float)sum), _mm_set_ss(scale), _mm_set_ss(offset))));
}

static bool has_fixup(const mn_requant *r, int32_t lane, int32_t sum) {
    for (int32_t i = 0; i < r->fixups; i++) {
        if (r->fixup_by[i][lane] && r->fixup_at[i][lane] == sum) return true;
    }
    return false;
}

/* Another accumulator, which needs no fixup, with the result that a fixed-up one should have: near the middle of those
 * that have it. */
static bool find_substitute(const mn_requant *r, int32_t fixup, int32_t lane, int32_t *out) {
    const int32_t at = r->fixup_at[fixup][lane], by = r->fixup_by[fixup][lane];
    *out = at;
    if (by == 0) return true;
    const float scale = r->scale[lane], offset = r->offset[lane], wanted = in_floats(scale, offset, at) + (float)by;
    const double first = (wanted - (double)offset) / (double)scale;
    if (!(fabs(first) < 1 << 30)) return false;
    for (int32_t i = 0; i <= 2 * MN_REQUANT_FIXUPS; i++) {
        *out = (int32_t)first + (i % 2 ? i + 1 : -i) / 2;
        if (in_floats(scale, offset, *out) == wanted && !has_fixup(r, lane, *out)) return true;
    }
    return false;
}

static bool pack_substitutes(const mn_requant *r, int32_t out[MN_REQUANT_FIXUPS][LANES]) {
    for (int32_t i = 0; i < r->fixups; i++) {
        for (int32_t lane = 0; lane < LANES; lane++) {
            if (!find_substitute(r, i, lane, &out[i][lane])) return false;
        }
    }
    return true;
}

/* Groups of four products one after another, as many as there is room for. */
static void pack_vector(const mn_q8_source *s, const mn_requant_lanes *lanes, int32_t quads, size_t stride, int8_t *out,
                        int32_t *sums) {
    const uint8_t *rows[LANES];
    for (int32_t lane = 0; lane < LANES; lane++) rows[lane] = s->weights + (ptrdiff_t)lanes->channel[lane] * s->depth;
    mn_interleave(rows, s->depth, s->zeros.weight_flip, stride, out, sums);
    for (int32_t i = (s->depth + 3) / 4; i < quads; i++) memset(out + (size_t)i * stride, 0, 64);
}

static void pack_conv(const mn_q8_source *s, int32_t quads, int32_t first, int32_t vectors, channel_block *out,
                      block_extras *extras) {
    for (int32_t v = 0; v < vectors; v++) {
        int32_t sums[LANES] = {0};
        mn_requant requant;
        const mn_requant_lanes lanes = mn_q8_fill_requant(s, first + v * LANES, NULL, &requant);
        int8_t fixups = pack_epilogue(&requant, false, &out->epilogue[v], &extras->conv[v]);
        if (fixups > 0 && !pack_substitutes(&requant, extras->substitutes[v])) fixups = GENERAL;
        out->conv_fixups[v] = fixups;
        pack_vector(s, &lanes, quads, (size_t)vectors * 64, out->weights + v * 64, sums);
        for (int32_t lane = 0; lane < LANES; lane++) {
            out->epilogue[v].folded_bias[lane] =
                mn_q8_folded_bias(s, lanes.channel[lane], sums[lane], requant.centre[lane]);
        }
    }
}

/* Bytes of three filter rows, a lane of four for each channel. */
TARGET static void store_column(__m128i top, __m128i middle, __m128i bottom, int8_t to[64]) {
    const __m128i none = _mm_setzero_si128();
    const __m128i low = _mm_unpacklo_epi8(top, middle), low_rest = _mm_unpacklo_epi8(bottom, none);
    const __m128i high = _mm_unpackhi_epi8(top, middle), high_rest = _mm_unpackhi_epi8(bottom, none);
    const __m128i four[] = {_mm_unpacklo_epi16(low, low_rest), _mm_unpackhi_epi16(low, low_rest),
                            _mm_unpacklo_epi16(high, high_rest), _mm_unpackhi_epi16(high, high_rest)};
    memcpy(to, four, sizeof four);
}

/* Weights less their zero point, as far as they fit into a byte and what is left; `sums` are those of the weights. */
TARGET static void split_taps(const mn_q8_source *s, const mn_requant_lanes *lanes, int32_t first, __m128i *bytes,
                              __m128i *rest, int16_t sums[LANES]) {
    const __m128i flip = _mm_set1_epi8((char)s->zeros.weight_flip), zero = _mm_set1_epi8((char)s->zeros.weight);
    __m256i sum = _mm256_setzero_si256();
    for (int32_t i = 0; i < TAPS * TAPS; i++) {
        const uint8_t *row = s->weights + (ptrdiff_t)i * s->stride;
        uint8_t stored[LANES];
        if (first + LANES <= s->p->window.out_c) {
            memcpy(stored, row + first, LANES);
        } else {
            for (int32_t lane = 0; lane < LANES; lane++) stored[lane] = row[lanes->channel[lane]];
        }
        const __m128i weight = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)stored), flip);
        bytes[i] = _mm_subs_epi8(weight, zero);
        rest[i] = _mm_sub_epi8(_mm_sub_epi8(weight, zero), bytes[i]);
        sum = _mm256_add_epi16(sum, _mm256_cvtepi8_epi16(weight));
    }
    _mm256_storeu_si256((__m256i *)(void *)sums, sum);
}

TARGET static bool any(const __m128i bytes[TAPS * TAPS]) {
    __m128i all = _mm_setzero_si128();
    for (int32_t i = 0; i < TAPS * TAPS; i++) all = _mm_or_si128(all, bytes[i]);
    return !_mm_testz_si128(all, all);
}

TARGET static void pack_taps(const mn_q8_source *s, int32_t first, int32_t v, channel_block *out,
                             block_extras *extras) {
    taps *to = &out->taps[v];
    mn_requant requant;
    const mn_requant_lanes lanes = mn_q8_fill_requant(s, first, NULL, &requant);
    __m128i bytes[TAPS * TAPS], rest[TAPS * TAPS];
    int16_t sums[LANES];
    split_taps(s, &lanes, first, bytes, rest, sums);
    out->has_rest[v] = any(rest);
    for (int32_t x = 0; x < TAPS; x++) {
        store_column(bytes[x], bytes[x + TAPS], bytes[x + 2 * TAPS], to->weights[x]);
        if (out->has_rest[v]) store_column(rest[x], rest[x + TAPS], rest[x + 2 * TAPS], extras->rest[v][x]);
    }
    out->depthwise_fixups[v] = pack_epilogue(&requant, out->has_rest[v], &to->epilogue, &extras->depthwise[v]);
    for (int32_t lane = 0; lane < LANES; lane++) {
        to->epilogue.folded_bias[lane] = mn_q8_folded_bias(s, lanes.channel[lane], sums[lane], requant.centre[lane]);
    }
}

static channel_block *block_at(void *packed, const sizes *l, int32_t index) {
    return (channel_block *)(void *)((char *)packed + (size_t)index * l->block_bytes);
}

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_conv_depthwise_params *p = params;
    const sizes l = mn_conv_depthwise_q8_sizes(p, 1);
    const mn_q8_source conv = mn_q8_conv_source(&p->conv, type, constants[1], constants[2]);
    const mn_q8_source depthwise = mn_q8_depthwise_source(&p->depthwise, type, constants[3], constants[4]);
    for (int32_t b = 0; b < l.out.blocks; b++) {
        channel_block *block = block_at(packed, &l, b);
        block_extras *more = (block_extras *)(void *)((char *)packed + l.extras_at) + b;
        const int32_t vectors = mn_extent_block_vectors(&l.out, b), first = b * VECTORS * LANES;
        pack_conv(&conv, l.quads, first, vectors, block, more);
        for (int32_t v = 0; v < vectors; v++) {
            pack_taps(&depthwise, first + v * LANES, v, block, more);
        }
    }
}

/* For AVX-512 VNNI. */
static void conv_depthwise_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_conv_depthwise_i8_vnni_traits = {.need = conv_depthwise_i8_need,
                                                           .pack = conv_depthwise_i8_pack,
                                                           .layouts = conv_depthwise_layouts,
                                                           .cut = conv_depthwise_cut};

static void conv_depthwise_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_conv_depthwise_u8_vnni_traits = {.need = conv_depthwise_u8_need,
                                                           .pack = conv_depthwise_u8_pack,
                                                           .layouts = conv_depthwise_layouts,
                                                           .cut = conv_depthwise_cut};

/* For AMX. */
static void conv_depthwise_pixel_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)params, (void)in;
    *out = mn_layout_q8_pixels();
}

/* Tiles need products: of many columns and input channels here, and of many channels in the projection, which gains
 * more. */
static bool conv_depthwise_amx_pays(const void *params) {
    enum { COLUMNS = 16, PRODUCTS = 320, CHANNELS = 64 };
    const mn_window *w = &((const mn_conv_depthwise_params *)params)->conv.window;
    const int64_t depth = (int64_t)w->k_h * w->k_w * w->in_c;
    return mn_min_i32(w->out_w, COLUMNS) * depth >= PRODUCTS && w->out_c >= CHANNELS;
}

/* Blocks share lines of the output there, and rows do not. */
static void conv_depthwise_amx_cut(const void *params, int32_t threads, mn_cut *cut) {
    const mn_conv_depthwise_params *p = params;
    mn_extent out = mn_conv_depthwise_q8_sizes(p, 1).out;
    out.rows = p->depthwise.window.out_h;
    cut_for(p, &out, threads, cut);
}

const mn_kernel_traits mn_conv_depthwise_i8_amx_traits = {.need = conv_depthwise_i8_need,
                                                          .pays = conv_depthwise_amx_pays,
                                                          .pack = conv_depthwise_i8_pack,
                                                          .layouts = conv_depthwise_pixel_layouts,
                                                          .cut = conv_depthwise_amx_cut};

/* ---- 256-bit vectors: raised accumulators ---------------------------------------------------------------- */

/* Adds up the weights of each lane, those of either sign apart. */
TARGET static void sum_signs(const int8_t *weights, int32_t quads, size_t stride, int32_t below[LANES],
                             int32_t above[LANES]) {
    const __m256i none = _mm256_setzero_si256(), bytes = _mm256_set1_epi8(1), words = _mm256_set1_epi16(1);
    for (int32_t lane = 0; lane < LANES; lane += LANES / 2) {
        __m256i negative = none, positive = none;
        for (int32_t i = 0; i < quads; i++) {
            const int8_t *from = weights + (size_t)i * stride + (ptrdiff_t)lane * 4;
            const __m256i w = _mm256_loadu_si256((const __m256i *)(const void *)from);
            const __m256i under = _mm256_maddubs_epi16(bytes, _mm256_min_epi8(w, none));
            const __m256i over = _mm256_maddubs_epi16(bytes, _mm256_max_epi8(w, none));
            negative = _mm256_add_epi32(negative, _mm256_madd_epi16(under, words));
            positive = _mm256_add_epi32(positive, _mm256_madd_epi16(over, words));
        }
        _mm256_storeu_si256((__m256i *)(void *)(below + lane), negative);
        _mm256_storeu_si256((__m256i *)(void *)(above + lane), positive);
    }
}

/* Sixteen channels of either convolution, as packed. */
typedef struct lanes {
    epilogue *epilogue;
    const int8_t *weights;
    int32_t quads;
    size_t stride; /* bytes from one group of products to the next */
    int8_t *fixups;
    mn_requant *requant;           /* looked at only where there are fixups */
    int32_t (*substitutes)[LANES]; /* NULL: fixups are of results, which are not raised */
    int64_t zero;                  /* most that the weights' zero point adds or takes off */
    int64_t excess;                /* and most that unsigned weights do */
} lanes;

/* A channel whose weights are all 0 has one result, whatever its bias, which is often large. */
static void settle(const lanes *l, int32_t lane) {
    epilogue *e = l->epilogue;
    int32_t sum = e->folded_bias[lane];
    for (int32_t i = 0; i < *l->fixups; i++) {
        int32_t *at = &l->requant->fixup_at[i][lane], *substitute = &l->substitutes[i][lane];
        if (*at == sum) sum = *substitute;
        *at = *substitute = 0;
    }
    const float result = in_floats(e->scale[lane], e->offset[lane], sum);
    e->offset[lane] = result < -128 ? -128 : result > 127 ? 127 : result;
    e->scale[lane] = 0;
    e->folded_bias[lane] = 0;
}

/* A fixup that changes nothing: where there are some, the excess of unsigned weights is taken off first. */
static void add_fixup(const lanes *l) {
    *l->fixups = 1;
    memset(l->requant->fixup_at[0], 0, sizeof l->requant->fixup_at[0]);
    memset(l->substitutes[0], 0, sizeof l->substitutes[0]);
}

/* Lets accumulators begin MN_Q8_RAISED higher, if with any inputs they stay so near 0 that floats of that kind hold
 * them. */
static bool raise_lanes(const lanes *l) {
    int32_t *folded_bias = l->epilogue->folded_bias, below[LANES], above[LANES];
    bool constant[LANES], is_far = false;
    sum_signs(l->weights, l->quads, l->stride, below, above);
    for (int32_t lane = 0; lane < LANES; lane++) {
        const int64_t least = folded_bias[lane] + INT64_C(255) * below[lane] - l->zero;
        const int64_t most = folded_bias[lane] + INT64_C(255) * above[lane] + l->zero;
        constant[lane] = least == most;
        if (constant[lane]) continue;
        if (least < -MN_Q8_RAISED_MAX || most >= MN_Q8_RAISED_MAX) return false;
        is_far |= least - l->excess < -MN_Q8_RAISED_MAX || most + l->excess >= MN_Q8_RAISED_MAX;
    }
    if (is_far && *l->fixups == 0) add_fixup(l);
    for (int32_t lane = 0; lane < LANES; lane++) {
        if (constant[lane]) settle(l, lane);
        folded_bias[lane] += MN_Q8_RAISED;
        for (int32_t i = 0; i < *l->fixups; i++) {
            l->requant->fixup_at[i][lane] = mn_wrap_add(l->requant->fixup_at[i][lane], MN_Q8_RAISED);
            l->substitutes[i][lane] = mn_wrap_add(l->substitutes[i][lane], MN_Q8_RAISED);
        }
    }
    return true;
}

/* All that floats requantise is raised, except the depthwise convolution's that need fixups. What does not fit goes the
 * way of what floats cannot do. */
static void raise_or_not(const lanes *l) {
    if (*l->fixups == GENERAL || (*l->fixups > 0 && !l->substitutes) || raise_lanes(l)) return;
    if (*l->fixups == 0) {
        memset(l->requant, 0, sizeof *l->requant);
        memcpy(l->requant->scale, l->epilogue->scale, sizeof l->requant->scale);
        memcpy(l->requant->offset, l->epilogue->offset, sizeof l->requant->offset);
        l->requant->is_float = 1;
    }
    *l->fixups = GENERAL;
}

/* `excess`: most that unsigned weights add or take off. */
static void pack_raised(const void *params, const void *const *constants, mn_type type, int64_t excess, void *packed) {
    const mn_conv_depthwise_params *p = params;
    const sizes l = mn_conv_depthwise_q8_sizes(p, 1);
    const mn_q8_source conv = mn_q8_conv_source(&p->conv, type, constants[1], constants[2]);
    const int64_t zero = INT64_C(255) * conv.depth * abs(conv.zeros.weight);
    pack(params, constants, type, packed);
    for (int32_t b = 0; b < l.out.blocks; b++) {
        channel_block *block = block_at(packed, &l, b);
        block_extras *more = (block_extras *)(void *)((char *)packed + l.extras_at) + b;
        const int32_t vectors = mn_extent_block_vectors(&l.out, b);
        for (int32_t v = 0; v < vectors; v++) {
            raise_or_not(&(lanes){&block->epilogue[v], block->weights + v * 64, l.quads, (size_t)vectors * 64,
                                  &block->conv_fixups[v], &more->conv[v], more->substitutes[v], zero, excess});
            raise_or_not(&(lanes){&block->taps[v].epilogue, block->taps[v].weights[0], TAPS, 64,
                                  &block->depthwise_fixups[v], &more->depthwise[v], NULL, 0, 0});
        }
    }
}

static void conv_depthwise_i8_raised_pack(const void *params, const void *const *constants, void *packed) {
    pack_raised(params, constants, MN_INT8, 0, packed);
}

const mn_kernel_traits mn_conv_depthwise_i8_avxvnni_traits = {.need = conv_depthwise_i8_need,
                                                              .pack = conv_depthwise_i8_raised_pack,
                                                              .layouts = conv_depthwise_layouts,
                                                              .cut = conv_depthwise_cut};

static void conv_depthwise_u8_raised_pack(const void *params, const void *const *constants, void *packed) {
    pack_raised(params, constants, MN_UINT8, 0, packed);
}

const mn_kernel_traits mn_conv_depthwise_u8_avxvnni_traits = {.need = conv_depthwise_u8_need,
                                                              .pack = conv_depthwise_u8_raised_pack,
                                                              .layouts = conv_depthwise_layouts,
                                                              .cut = conv_depthwise_cut};

/* ---- AVX2 ----------------------------------------------------------------------------------------------- */

static void pack_spans(const mn_conv_params *conv, const sizes *l, mn_type type, void *packed) {
    const mn_spans_q8 spans = mn_spans_q8_at((char *)packed + l->spans_at, l->quads);
    const mn_weights_q8 weights = {.from = block_at(packed, l, 0)->weights,
                                   .block_bytes = l->block_bytes,
                                   .channels = l->out.vectors * LANES,
                                   .block_channels = VECTORS * LANES,
                                   .quads = l->quads,
                                   .together = 2,
                                   .may_sign = true,
                                   .depth = conv->window.in_c};
    const int32_t added = mn_spans_q8_pack(&spans, &weights, mn_q8_zeros_of(conv, type).in);
    for (int32_t b = 0; b < l->out.blocks; b++) {
        channel_block *block = block_at(packed, l, b);
        const int32_t vectors = mn_extent_block_vectors(&l->out, b);
        for (int32_t v = 0; v < vectors; v++) {
            mn_spans_q8_fold(&spans, l->quads, block->weights + v * 64, (size_t)vectors * 64,
                             block->epilogue[v].folded_bias);
        }
    }
    if (added == MN_SPANS_Q8_SIGNED) mn_spans_q8_flip(&weights);
}

static void pack_avx2(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_conv_depthwise_params *p = params;
    const sizes l = mn_conv_depthwise_q8_sizes(p, 1);
    const bool may_sign = !l.gathers && mn_spans_q8_may_sign(mn_q8_zeros_of(&p->conv, type).in);
    const int64_t excess = may_sign ? MN_SPANS_Q8_MOST_EXCESS * (int64_t)l.quads : 0;
    pack_raised(params, constants, type, excess, packed);
    if (!l.gathers) pack_spans(&p->conv, &l, type, packed);
}

static void conv_depthwise_avx2_cut(const void *params, int32_t threads, mn_cut *cut) {
    conv_depthwise_cut(params, threads, cut);
    const sizes l = mn_conv_depthwise_q8_sizes(params, cut->bands);
    cut->workspace_bytes =
        l.gathers ? mn_conv_depthwise_q8_wide(params, &l).end : mn_conv_depthwise_q8_split(params, &l).end;
}

static bool with_spans(const void *params, bool fits, mn_kernel_need *need) {
    fits = fits && ((const mn_conv_depthwise_params *)params)->conv.window.out_w <= MN_RESTS_Q8_COLUMNS;
    if (fits) need->packed_bytes += mn_spans_q8_bytes(mn_conv_depthwise_q8_sizes(params, 1).quads);
    return fits;
}

static bool conv_depthwise_i8_avx2_need(const void *params, mn_kernel_need *need) {
    return with_spans(params, conv_depthwise_i8_need(params, need), need);
}

static bool conv_depthwise_u8_avx2_need(const void *params, mn_kernel_need *need) {
    return with_spans(params, conv_depthwise_u8_need(params, need), need);
}

static void conv_depthwise_i8_avx2_pack(const void *params, const void *const *constants, void *packed) {
    pack_avx2(params, constants, MN_INT8, packed);
}

const mn_kernel_traits mn_conv_depthwise_i8_avx2_traits = {.need = conv_depthwise_i8_avx2_need,
                                                           .pack = conv_depthwise_i8_avx2_pack,
                                                           .layouts = conv_depthwise_layouts,
                                                           .cut = conv_depthwise_avx2_cut};

static void conv_depthwise_u8_avx2_pack(const void *params, const void *const *constants, void *packed) {
    pack_avx2(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_conv_depthwise_u8_avx2_traits = {.need = conv_depthwise_u8_avx2_need,
                                                           .pack = conv_depthwise_u8_avx2_pack,
                                                           .layouts = conv_depthwise_layouts,
                                                           .cut = conv_depthwise_avx2_cut};

#endif
