/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Rows of outputs, of whatever adds up the products. The including file has Q8_TARGET; TOGETHER, rows of outputs that
 * it computes at once; a `column`, with the weights that meet those: load_column(), `weights`, load_taps() and
 * add_taps(). Two outputs at once, of a row each, share their columns and fill each other's waits. */
#ifndef MN_KERNELS_ARM_TAPS_Q8_TILE_H
#define MN_KERNELS_ARM_TAPS_Q8_TILE_H

/* What a half needs at every output. */
typedef struct half {
    weights weights;
    int32x4_t bias[2], multiplier[2], shift[2];
    mn_arm_finish finish;
    uint8_t *out;
    ptrdiff_t out_row, out_step;
    int32_t count, stored; /* channels as they are, and with zeros behind them */
} half;

/* What is left to do when accumulators are rescaled. PLAIN: nothing but narrowing, as all eight channels are there, and
 * their range is that of bytes and from the zero point on, which is so the least of them. SMALL: and they fit 16 bits.
 */
typedef enum finish { ANY, PLAIN, SMALL, FINISHES } finish;

/* Outputs of the same column, of each row. */
typedef struct sums {
    int32x4_t row[TOGETHER][2];
} sums;

/* Fewer channels than 8. */
__attribute__((noinline)) static void store_some(uint8_t *out, uint8x8_t bytes, int32_t count, int32_t stored) {
    uint8_t copy[HALF];
    vst1_u8(copy, bytes);
    for (int32_t i = 0; i < stored; i++) out[i] = i < count ? copy[i] : 0;
}

Q8_TARGET Q8_INLINE sums add_columns(mn_arm_taps_kind kind, int rows, const half *h, const column *a, const column *b,
                                     const column *c) {
    sums s;
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        s.row[r][0] = h->bias[0], s.row[r][1] = h->bias[1];
        add_taps(kind, r, &h->weights, (const column *const[]){a, b, c}, s.row[r]);
    }
    return s;
}

/* Of any range, and any number of channels. */
Q8_TARGET Q8_INLINE void store_any(int rows, half *h, const int32x4_t rescaled[TOGETHER][2]) {
    const mn_arm_finish *f = &h->finish;
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        int8x8_t bytes = vqmovn_s16(mn_arm_to_16(rescaled[r][0], rescaled[r][1], f->zero));
        bytes = vmin_s8(vmax_s8(bytes, vdup_n_s8(f->min)), vdup_n_s8(f->max));
        const uint8x8_t stored = veor_u8(vreinterpret_u8_s8(bytes), vdup_n_u8(f->flip));
        if (h->count == HALF) {
            vst1_u8(h->out + r * h->out_row, stored);
        } else {
            store_some(h->out + r * h->out_row, stored, h->count, h->stored);
        }
    }
}

Q8_INLINE int16x8_t narrow(finish end, const int32x4_t rescaled[2]) {
    if (end == SMALL) return vuzp1q_s16(vreinterpretq_s16_s32(rescaled[0]), vreinterpretq_s16_s32(rescaled[1]));
    return vqmovn_high_s32(vqmovn_s32(rescaled[0]), rescaled[1]);
}

Q8_TARGET Q8_INLINE void store_plain(finish end, int rows, half *h, const int32x4_t rescaled[TOGETHER][2]) {
    const uint8x8_t flip = vdup_n_u8(h->finish.flip ^ 0x80);
    Q8_UNROLL for (int r = 0; r < rows; r++) {
        vst1_u8(h->out + r * h->out_row, veor_u8(vqmovun_s16(narrow(end, rescaled[r])), flip));
    }
}

Q8_TARGET Q8_INLINE void put(finish end, int rows, half *h, const sums *s) {
    int32x4_t rescaled[TOGETHER][2];
    Q8_UNROLL for (int i = 0; i < 2 * rows; i++) {
        const int r = i / 2, v = i % 2;
        rescaled[r][v] = mn_arm_rescale(s->row[r][v], h->multiplier[v], h->shift[v], end == ANY && h->finish.is_signed);
    }
    if (end == ANY) {
        store_any(rows, h, rescaled);
    } else {
        store_plain(end, rows, h, rescaled);
    }
    h->out += h->out_step;
}

/* Columns are loaded once: three outputs at a time take turns with them. An output is stored behind the loads for the
 * next one, which compilers can't move before a store. */
Q8_TARGET Q8_INLINE void run_single(mn_arm_taps_kind kind, finish end, int rows, half *h, cells at, int32_t width) {
    column c[FILTER] = {load_column(rows, &at), load_column(rows, &at), load_column(rows, &at)};
    sums done = add_columns(kind, rows, h, &c[0], &c[1], &c[2]), next;
    int32_t left = width - 1;
    for (; left >= FILTER; left -= FILTER) {
        Q8_UNROLL for (int i = 0; i < FILTER; i++) {
            c[i] = load_column(rows, &at);
            next = add_columns(kind, rows, h, &c[(i + 1) % FILTER], &c[(i + 2) % FILTER], &c[i]);
            put(end, rows, h, &done);
            done = next;
        }
    }
    for (; left > 0; left--) {
        c[0] = c[1], c[1] = c[2], c[2] = load_column(rows, &at);
        next = add_columns(kind, rows, h, &c[0], &c[1], &c[2]);
        put(end, rows, h, &done);
        done = next;
    }
    put(end, rows, h, &done);
}

Q8_TARGET Q8_INLINE void run_double(mn_arm_taps_kind kind, finish end, half *h, cells at, int32_t width) {
    column a = load_column(1, &at), b = load_column(1, &at), c = load_column(1, &at);
    sums done = add_columns(kind, 1, h, &a, &b, &c), next;
    int32_t left = width - 1;
    for (; left >= 2; left -= 2) {
        b = load_column(1, &at);
        a = load_column(1, &at);
        next = add_columns(kind, 1, h, &c, &b, &a);
        put(end, 1, h, &done);
        b = load_column(1, &at);
        c = load_column(1, &at);
        done = add_columns(kind, 1, h, &a, &b, &c);
        put(end, 1, h, &next);
    }
    if (left > 0) {
        b = load_column(1, &at);
        a = load_column(1, &at);
        next = add_columns(kind, 1, h, &c, &b, &a);
        put(end, 1, h, &done);
        done = next;
    }
    put(end, 1, h, &done);
}

/* Some rows of outputs from row `y` on. */
Q8_TARGET Q8_INLINE void run_rows(mn_arm_taps_kind kind, finish end, int rows, const mn_arm_lines *l, half *h,
                                  int32_t n, int32_t y) {
    const int32_t first = n * HALF;
    cells at;
    Q8_UNROLL for (int r = 0; r < FILTER + rows - 1; r++) at.row[r] = l->rows[y * l->stride + r] + first;
    h->out = l->out + y * l->out_row + n * l->half_step;
    if (l->stride == 1) {
        run_single(kind, end, rows, h, at, l->width);
    } else {
        run_double(kind, end, h, at, l->width);
    }
}

/* Half `n` of the outputs. */
Q8_TARGET Q8_INLINE void run_half(mn_arm_taps_kind kind, finish end, const mn_arm_lines *l, int32_t n) {
    const int32_t first = n * HALF;
    const mn_arm_taps *taps = l->taps;
    half h = {.weights = load_taps(taps, n),
              .finish = l->finish,
              .out_row = l->out_row,
              .out_step = l->out_step,
              .count = mn_clamp_i32(l->count - first, 0, HALF),
              .stored = mn_clamp_i32(l->stored - first, 0, HALF)};
    Q8_UNROLL for (int v = 0; v < 2; v++) {
        h.bias[v] = vld1q_s32(taps->channels.folded_bias + first + v * 4);
        h.multiplier[v] = vld1q_s32(taps->channels.multiplier + first + v * 4);
        h.shift[v] = vld1q_s32(taps->channels.shift + first + v * 4);
    }
    int32_t y = 0;
    if (l->stride == 1) {
        for (; y + TOGETHER <= l->lines; y += TOGETHER) run_rows(kind, end, TOGETHER, l, &h, n, y);
    }
    for (; y < l->lines; y++) run_rows(kind, end, 1, l, &h, n, y);
}

/* Of each kind three functions, as each is long. */
typedef void half_run(const mn_arm_lines *l, int32_t n);

#define KIND(name, kind)                                                                                               \
    Q8_TARGET static void name##_any(const mn_arm_lines *l, int32_t n) { run_half(kind, ANY, l, n); }                  \
    Q8_TARGET static void name##_plain(const mn_arm_lines *l, int32_t n) { run_half(kind, PLAIN, l, n); }              \
    Q8_TARGET static void name##_small(const mn_arm_lines *l, int32_t n) { run_half(kind, SMALL, l, n); }

#define FINISHES_OF(name)                                                                                              \
    { name##_any, name##_plain, name##_small }

static inline finish finish_of(const mn_arm_lines *l, int32_t n) {
    const mn_arm_finish *f = &l->finish;
    if (f->is_signed || f->clamps || (n + 1) * HALF > l->count) return ANY;
    return l->taps->channels.fits_16 ? SMALL : PLAIN;
}

static inline bool has_half(const mn_arm_lines *l, int32_t n) { return n * HALF < l->stored; }

#endif
