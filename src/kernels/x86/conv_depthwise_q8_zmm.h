/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The fused convolution and depthwise convolution with 512-bit vectors: from the convolution's accumulators to the
 * ring, and from there through the depthwise filter. The including file has store_strip(), which stores a vector of
 * results. */
#include "kernels/x86/conv_depthwise_q8.h"
#include "kernels/x86/q8_avx512.h"

/* ---- From accumulators to the ring ----------------------------------------------------------------------- */

Q8_INLINE mn_q8_floats floats_of(const epilogue *e, int32_t fixups, const mn_requant *requant) {
    return (mn_q8_floats){_mm512_loadu_ps(e->scale), _mm512_loadu_ps(e->offset), fixups, requant};
}

/* Centred bytes clamped, plus 128; most often narrowing them was clamp enough. */
Q8_INLINE __m512i to_unsigned(__m512i bytes, mn_range_i32 range) {
    if (range.min > -128 || range.max < 127) return mn_q8_finish_64(bytes, range, 0x80);
    return _mm512_xor_si512(bytes, _mm512_set1_epi8((char)0x80));
}

/* From bytes [4 groups of channels][4 rows][4 channels] to [16 channels][4 rows]. */
Q8_INLINE __m512i rows_inside(__m512i bytes) {
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_shuffle_epi8(bytes, _mm512_broadcast_i32x4(order));
}

Q8_INLINE void store_vector(int rows, const group *g, __m512i bytes, uint8_t *out) {
    bytes = rows_inside(to_unsigned(bytes, g->range));
    if (rows < GROUP) {
        bytes = _mm512_sll_epi32(bytes, _mm_cvtsi32_si128(g->shift));
        bytes = _mm512_mask_mov_epi8(_mm512_set1_epi8((char)g->padding), g->filled, bytes);
    }
    _mm512_storeu_si512(out, bytes);
}

/* ---- The depthwise convolution, from the ring to the output ----------------------------------------------- */

/* What lies under a column of the filter: a group, and its rows 2 and 3 with rows 0 and 1 of the next one in the
 * places of its own; for stride 2 the same of the group that follows. */
typedef struct slice {
    __m512i rows[4];
} slice;

Q8_INLINE __m512i run_over(__m512i rows, const uint8_t *next) {
    return _mm512_mask_loadu_epi16(rows, 0x55555555, next);
}

Q8_INLINE slice load_slice(int stride, const strip *s, int32_t x) {
    const ptrdiff_t at = x * s->column;
    slice out = {{_mm512_loadu_si512(s->group[0] + at)}};
    out.rows[1] = run_over(out.rows[0], s->group[1] + at);
    if (stride == 2) {
        out.rows[2] = _mm512_loadu_si512(s->group[1] + at);
        out.rows[3] = run_over(out.rows[2], s->group[2] + at);
    }
    return out;
}

/* Filter columns for each row of a group that they may begin at; bytes that run over stand in the places of the
 * group's first rows, as in a slice. */
typedef struct filter {
    __m512i begin[GROUP][TAPS];
} filter;

Q8_INLINE filter load_filter(int stride, const int8_t (*weights)[64]) {
    filter f;
    Q8_UNROLL for (int t = 0; t < TAPS; t++) {
        f.begin[0][t] = _mm512_loadu_si512(weights[t]);
        f.begin[2][t] = _mm512_rol_epi32(f.begin[0][t], 16);
        if (stride == 2) continue;
        f.begin[1][t] = _mm512_rol_epi32(f.begin[0][t], 8);
        f.begin[3][t] = _mm512_rol_epi32(f.begin[0][t], 24);
    }
    return f;
}

/* Adds output row `r` of four to `acc`. */
Q8_INLINE __m512i dot(int stride, __m512i acc, const filter *f, const slice *slices, int r) {
    const int from = stride == 1 ? r / 2 : r, begin = r * stride % GROUP;
    Q8_UNROLL for (int t = 0; t < TAPS; t++) {
        acc = _mm512_dpbusd_epi32(acc, slices[t].rows[from], f->begin[begin][t]);
    }
    return acc;
}

/* `plain`: requantised in floats, and no rest. */
Q8_INLINE void run_columns(int stride, bool plain, const strip *shared) {
    const strip s = *shared; /* nothing that is written can change it */
    const filter f = load_filter(stride, s.taps->weights);
    const __m512i folded_bias = _mm512_loadu_si512(s.taps->epilogue.folded_bias);
    const mn_q8_floats floats = floats_of(&s.taps->epilogue, s.fixups, s.requant);
    const __m512i exists = _mm512_movm_epi8(s.exists);
    slice slices[TAPS] = {load_slice(stride, &s, 0), load_slice(stride, &s, 1)};
    uint8_t *out = s.out;
    for (int32_t x = 0; x < s.width; x++, out += s.out_stride) {
        if (stride == 2 && x > 0) slices[1] = load_slice(2, &s, 2 * x + 1);
        slices[2] = load_slice(stride, &s, stride * x + 2);
        __m512i values[GROUP];
        Q8_UNROLL for (int r = 0; r < GROUP; r++) values[r] = dot(stride, folded_bias, &f, slices, r);
        if (plain) {
            mn_q8_rescale_some(GROUP, values, &floats);
        } else {
            if (s.rest) {
                const filter rest = load_filter(stride, s.rest);
                Q8_UNROLL for (int r = 0; r < GROUP; r++) values[r] = dot(stride, values[r], &rest, slices, r);
            }
            mn_q8_requant_some(GROUP, values, s.requant);
        }
        const __m512i bytes = mn_q8_narrow_4(values[0], values[1], values[2], values[3]);
        store_strip(&s, _mm512_and_si512(to_unsigned(bytes, s.range), exists), out);
        slices[0] = stride == 2 ? slices[2] : slices[1];
        if (stride == 1) slices[1] = slices[2];
    }
}

Q8_TARGET static void run_strip_1(const strip *s) { run_columns(1, true, s); }
Q8_TARGET static void run_strip_2(const strip *s) { run_columns(2, true, s); }
Q8_TARGET static void run_strip_any_1(const strip *s) { run_columns(1, false, s); }
Q8_TARGET static void run_strip_any_2(const strip *s) { run_columns(2, false, s); }

static void run_strip(const strip *s, int32_t stride) {
    const bool plain = s->fixups != GENERAL;
    if (stride == 1)
        (plain ? run_strip_1 : run_strip_any_1)(s);
    else
        (plain ? run_strip_2 : run_strip_any_2)(s);
}
