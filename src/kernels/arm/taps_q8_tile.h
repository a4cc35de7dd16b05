/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Lines of outputs, of whatever adds up the products. The including file has Q8_TARGET, and a `column`, with the
 * weights that meet those: load_column(), `weights`, load_taps() and add_taps(). */
#ifndef MN_KERNELS_ARM_TAPS_Q8_TILE_H
#define MN_KERNELS_ARM_TAPS_Q8_TILE_H

/* What a half needs at every output. */
typedef struct half {
    weights weights;
    int32x4_t bias[2], multiplier[2], shift[2];
    mn_arm_finish finish;
    uint8_t *out;
    ptrdiff_t out_step;
    int32_t count, stored; /* channels as they are, and with zeros behind them */
} half;

/* Fewer channels than 8. */
__attribute__((noinline)) static void store_some(uint8_t *out, uint8x8_t bytes, int32_t count, int32_t stored) {
    uint8_t copy[HALF];
    vst1_u8(copy, bytes);
    for (int32_t i = 0; i < stored; i++) out[i] = i < count ? copy[i] : 0;
}

/* One output. `plain`: int8 in eight channels, the range that of bytes and from the zero point on. */
Q8_TARGET Q8_INLINE void put(mn_arm_taps_kind kind, bool plain, half *h, const column *a, const column *b,
                             const column *c) {
    const mn_arm_finish *f = &h->finish;
    int32x4_t acc[2];
    acc[0] = h->bias[0], acc[1] = h->bias[1];
    add_taps(kind, &h->weights, (const column *const[]){a, b, c}, acc);
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
            store_some(h->out, stored, h->count, h->stored);
        }
    }
    h->out += h->out_step;
}

Q8_INLINE void advance(cells *at, int count) { Q8_UNROLL for (int r = 0; r < FILTER; r++) at->row[r] += count * LANES; }

/* Columns are loaded once: three outputs at a time take turns with them. */
Q8_TARGET Q8_INLINE void run_single(mn_arm_taps_kind kind, bool plain, half *h, cells at, int32_t width) {
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

Q8_TARGET Q8_INLINE void run_double(mn_arm_taps_kind kind, bool plain, half *h, cells at, int32_t width) {
    column a = load_column(&at, 0), b, c;
    int32_t left = width;
    for (; left >= 2; left -= 2, advance(&at, 4)) {
        b = load_column(&at, 1);
        c = load_column(&at, 2);
        put(kind, plain, h, &a, &b, &c);
        b = load_column(&at, 3);
        a = load_column(&at, 4);
        put(kind, plain, h, &c, &b, &a);
    }
    if (left == 0) return;
    b = load_column(&at, 1);
    c = load_column(&at, 2);
    put(kind, plain, h, &a, &b, &c);
}

/* Half `n` of a line. */
Q8_TARGET Q8_INLINE void run_half(mn_arm_taps_kind kind, bool plain, const mn_arm_line *l, int32_t n) {
    const int32_t first = n * HALF;
    const mn_arm_taps *taps = l->taps;
    const cells at = {{l->rows[0] + first, l->rows[1] + first, l->rows[2] + first}};
    half h = {.weights = load_taps(taps, n),
              .finish = l->finish,
              .out = l->out + n * l->half_step,
              .out_step = l->out_step,
              .count = mn_clamp_i32(l->count - first, 0, HALF),
              .stored = mn_clamp_i32(l->stored - first, 0, HALF)};
    Q8_UNROLL for (int v = 0; v < 2; v++) {
        h.bias[v] = vld1q_s32(taps->channels.folded_bias + first + v * 4);
        h.multiplier[v] = vld1q_s32(taps->channels.multiplier + first + v * 4);
        h.shift[v] = vld1q_s32(taps->channels.shift + first + v * 4);
    }
    if (l->stride == 1) {
        run_single(kind, plain, &h, at, l->width);
    } else {
        run_double(kind, plain, &h, at, l->width);
    }
}

/* Of each kind a function of its own, as each is long. */
typedef void half_run(const mn_arm_line *l, int32_t n);

#define KIND(name, kind, plain)                                                                                        \
    Q8_TARGET static void name(const mn_arm_line *l, int32_t n) { run_half(kind, plain, l, n); }

/* Is nothing but rescaling left to do? */
static inline bool is_plain(const mn_arm_line *l, int32_t n) {
    const mn_arm_finish *f = &l->finish;
    return !f->is_signed && !f->clamps && f->flip == 0 && (n + 1) * HALF <= l->count;
}

static inline bool has_half(const mn_arm_line *l, int32_t n) { return n * HALF < l->stored; }

#endif
