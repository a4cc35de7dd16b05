/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "kernels/arm/taps_q8.h"

#ifdef MN_CPU_NEON_COMPILES

#include <string.h>

enum { LANES = MN_ARM_LANES, HALF = MN_ARM_HALF, TAPS = MN_ARM_TAPS, FILTER = MN_ARM_FILTER, CHAIN_SUM = 255 };

bool mn_arm_taps_fit(const mn_conv_params *p) {
    const mn_window *w = &p->window;
    return w->in_c == w->out_c && w->k_h == FILTER && w->k_w == FILTER && w->dilation_h == 1 && w->dilation_w == 1 &&
           w->stride_h == w->stride_w && w->stride_h <= 2 && mn_arm_fits(p);
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static size_t blocks_of(int32_t channels) { return (size_t)((channels + LANES - 1) / LANES); }

size_t mn_arm_taps_bytes(int32_t channels) { return blocks_of(channels) * sizeof(mn_arm_taps); }

static int32_t size_of(int32_t weight) { return weight < 0 ? -weight : weight; }

/* Of the channels from `first` on. */
static mn_arm_taps_kind kind_of(const mn_arm_taps *t, int32_t first) {
    mn_arm_taps_kind kind = MN_ARM_TAPS_3;
    for (int32_t c = first; c < first + HALF; c++) {
        for (int32_t i = 0; i < TAPS; i += FILTER) {
            const int32_t sum = size_of(t->wide[i][c]) + size_of(t->wide[i + 1][c]) + size_of(t->wide[i + 2][c]);
            if (sum > CHAIN_SUM) kind = MN_ARM_TAPS_2;
        }
    }
    for (int32_t c = first; c < first + HALF; c++) {
        for (int32_t i = 0; i < TAPS; i++) {
            const int32_t next = i + 1 < TAPS ? size_of(t->wide[i + 1][c]) : 0;
            if (t->wide[i][c] != t->weights[i][c] || size_of(t->wide[i][c]) + next > CHAIN_SUM) return MN_ARM_TAPS_WIDE;
        }
    }
    return kind;
}

static void pack_block(const mn_conv_params *p, mn_type type, const uint8_t *weights, const int32_t *bias,
                       int32_t first, mn_arm_taps *out) {
    const int32_t channels = p->window.out_c;
    mn_arm_zeros zeros = mn_arm_zeros_of(p, type);
    int32_t sums[LANES] = {0};
    memset(out, 0, sizeof *out);
    for (int32_t i = 0; i < TAPS; i++) {
        const uint8_t *tap = weights + (ptrdiff_t)(i % FILTER * FILTER + i / FILTER) * channels;
        for (int32_t c = 0; c < LANES && first + c < channels; c++) {
            const int32_t weight = (int8_t)(tap[first + c] ^ zeros.flip) - zeros.weight;
            out->wide[i][c] = (int16_t)weight;
            out->weights[i][c] = (int8_t)weight;
            sums[c] += weight;
        }
    }
    zeros.weight = 0; /* taken off already */
    mn_arm_channels_fill(p, &zeros, first, bias, TAPS, sums, &out->channels);
    for (int32_t h = 0; h < 2; h++) out->kind[h] = (int8_t)kind_of(out, h * HALF);
}

void mn_arm_taps_pack(const mn_conv_params *p, mn_type type, const void *weights, const int32_t *bias,
                      mn_arm_taps *out) {
    for (int32_t first = 0; first < p->window.out_c; first += LANES) pack_block(p, type, weights, bias, first, out++);
}

/* ---- Products ------------------------------------------------------------------------------------------- */

/* A column under the filter, 8 channels. */
typedef struct column {
    int8x8_t row[FILTER];
} column;

/* What a half needs at every output. */
typedef struct half {
    int8x8_t weights[TAPS];
    const int16_t *wide; /* LANES from tap to tap */
    int32x4_t bias[2], multiplier[2], shift[2];
    mn_arm_finish finish;
    uint8_t *out;
    ptrdiff_t out_step;
    int32_t count; /* channels to be stored as they are */
    bool fills;    /* and zeros behind them */
} half;

/* Does a chain end behind tap `i`? */
Q8_INLINE bool ends(mn_arm_taps_kind kind, int i) { return kind == MN_ARM_TAPS_3 ? i % 3 == 2 : i % 2 == 1 || i == 8; }

Q8_INLINE void add_taps(mn_arm_taps_kind kind, const half *h, const column *const columns[FILTER], int32x4_t acc[2]) {
    int16x8_t sums = vdupq_n_s16(0);
    acc[0] = h->bias[0], acc[1] = h->bias[1];
    Q8_UNROLL for (int i = 0; i < TAPS; i++) {
        const int8x8_t x = columns[i / FILTER]->row[i % FILTER];
        if (kind == MN_ARM_TAPS_WIDE) {
            const int16x8_t w = vld1q_s16(h->wide + i * LANES), wide = vmovl_s8(x);
            acc[0] = vmlal_s16(acc[0], vget_low_s16(w), vget_low_s16(wide));
            acc[1] = vmlal_high_s16(acc[1], w, wide);
            continue;
        }
        sums = i == 0 || ends(kind, i - 1) ? vmull_s8(h->weights[i], x) : vmlal_s8(sums, h->weights[i], x);
        if (!ends(kind, i)) continue;
        acc[0] = vaddw_s16(acc[0], vget_low_s16(sums));
        acc[1] = vaddw_high_s16(acc[1], sums);
    }
}

/* Fewer channels than 8. */
__attribute__((noinline)) static void store_some(uint8_t *out, uint8x8_t bytes, int32_t count, bool fills) {
    uint8_t copy[HALF];
    vst1_u8(copy, bytes);
    for (int32_t i = 0; i < HALF; i++) {
        if (i < count || fills) out[i] = i < count ? copy[i] : 0;
    }
}

/* One output. `plain`: int8 in eight channels, the range that of bytes and from the zero point on. */
Q8_INLINE void put(mn_arm_taps_kind kind, bool plain, half *h, const column *a, const column *b, const column *c) {
    const mn_arm_finish *f = &h->finish;
    int32x4_t acc[2];
    add_taps(kind, h, (const column *const[]){a, b, c}, acc);
    Q8_UNROLL for (int v = 0; v < 2; v++) {
        acc[v] = mn_arm_rescale(acc[v], h->multiplier[v], h->shift[v], !plain && f->is_signed);
    }
    int8x8_t bytes = vqmovn_s16(mn_arm_to_16(acc[0], acc[1], f->zero));
    if (plain) {
        vst1_s8((int8_t *)h->out, bytes);
    } else {
        bytes = vmin_s8(vmax_s8(bytes, vdup_n_s8(f->min)), vdup_n_s8(f->max));
        const uint8x8_t stored = veor_u8(vreinterpret_u8_s8(bytes), vdup_n_u8(f->flip));
        if (h->count == HALF) {
            vst1_u8(h->out, stored);
        } else {
            store_some(h->out, stored, h->count, h->fills);
        }
    }
    h->out += h->out_step;
}

/* Cells under the filter. */
typedef struct cells {
    const int8_t *row[FILTER];
} cells;

Q8_INLINE column load_column(const cells *at, int cell) {
    column c;
    Q8_UNROLL for (int r = 0; r < FILTER; r++) c.row[r] = vld1_s8(at->row[r] + cell * LANES);
    return c;
}

Q8_INLINE void advance(cells *at, int count) { Q8_UNROLL for (int r = 0; r < FILTER; r++) at->row[r] += count * LANES; }

/* Columns are loaded once: three outputs at a time take turns with them. */
Q8_INLINE void run_single(mn_arm_taps_kind kind, bool plain, half *h, cells at, int32_t width) {
    column a = load_column(&at, 0), b = load_column(&at, 1), c;
    int32_t left = width;
    for (; left >= FILTER; left -= FILTER, advance(&at, FILTER)) {
        c = load_column(&at, 2);
        put(kind, plain, h, &a, &b, &c);
        a = load_column(&at, 3);
        put(kind, plain, h, &b, &c, &a);
        b = load_column(&at, 4);
        put(kind, plain, h, &c, &a, &b);
    }
    for (; left > 0; left--, advance(&at, 1)) {
        c = load_column(&at, 2);
        put(kind, plain, h, &a, &b, &c);
        a = b, b = c;
    }
}

Q8_INLINE void run_double(mn_arm_taps_kind kind, bool plain, half *h, cells at, int32_t width) {
    column a = load_column(&at, 0), b, c;
    for (int32_t left = width; left > 0; left--, advance(&at, 2)) {
        b = load_column(&at, 1);
        c = load_column(&at, 2);
        put(kind, plain, h, &a, &b, &c);
        a = c;
    }
}

Q8_INLINE void run_half(mn_arm_taps_kind kind, bool plain, const half *shared, const cells *at, const mn_arm_line *l) {
    half h = *shared; /* in registers */
    if (l->stride == 1) {
        run_single(kind, plain, &h, *at, l->width);
    } else {
        run_double(kind, plain, &h, *at, l->width);
    }
}

/* Functions of their own, as each is long. */
typedef void half_run(const half *h, const cells *at, const mn_arm_line *l);

#define KIND(name, kind, plain)                                                                                        \
    static void name(const half *h, const cells *at, const mn_arm_line *l) { run_half(kind, plain, h, at, l); }
KIND(plain_2, MN_ARM_TAPS_2, true)
KIND(plain_3, MN_ARM_TAPS_3, true)
KIND(any_2, MN_ARM_TAPS_2, false)
KIND(any_3, MN_ARM_TAPS_3, false)
KIND(any_wide, MN_ARM_TAPS_WIDE, false)

void mn_arm_line_run(const mn_arm_line *l) {
    static half_run *const runs[][2] = {[MN_ARM_TAPS_2] = {any_2, plain_2},
                                        [MN_ARM_TAPS_3] = {any_3, plain_3},
                                        [MN_ARM_TAPS_WIDE] = {any_wide, any_wide}};
    const mn_arm_finish *f = &l->finish;
    const bool plain = !f->is_signed && !f->clamps && f->flip == 0;
    for (int32_t n = 0; n < 2 && (n * HALF < l->count || l->fills); n++) {
        const int32_t first = n * HALF, count = mn_clamp_i32(l->count - first, 0, HALF);
        const cells at = {{l->rows[0] + first, l->rows[1] + first, l->rows[2] + first}};
        half h = {.wide = l->taps->wide[0] + first,
                  .finish = *f,
                  .out = l->out + first,
                  .out_step = l->out_step,
                  .count = count,
                  .fills = l->fills};
        for (int i = 0; i < TAPS; i++) h.weights[i] = vld1_s8(l->taps->weights[i] + first);
        for (int v = 0; v < 2; v++) {
            h.bias[v] = vld1q_s32(l->taps->channels.folded_bias + first + v * 4);
            h.multiplier[v] = vld1q_s32(l->taps->channels.multiplier + first + v * 4);
            h.shift[v] = vld1q_s32(l->taps->channels.shift + first + v * 4);
        }
        runs[l->taps->kind[n]][plain && count == HALF](&h, &at, l);
    }
}

#endif
