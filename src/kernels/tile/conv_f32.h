/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The inner loop of float convolution, for any vector width. The including file defines TARGET, vec, LANES, the v_ and
 * half_ operations, MOST_COLUMNS and MOST_ROWS of tiles, with three columns MOST_ROWS_OF_3, V_FMA_LANE where there is
 * v_fma_lane(), MULTIPLY_6X4 where tiles of that size have multiply_6x4(), and MULTIPLY_X2 where tiles of 4 to 6 pixels
 * x 2 vectors have multiply_x2() (x86/f32_avx2.h and so on). It gets run_tiles(). */

#include "base/checked.h"
#include "kernels/tile/parts_f32.h"

#define INLINE TARGET static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

enum { PER_PANEL = MN_PANEL / LANES };

/* Rows of pixels are addressed from every third one, which takes few registers. */
enum { ROWS = 16, COLUMNS = MOST_COLUMNS, NEAR = 3, BASES = (ROWS + NEAR - 1) / NEAR };

/* Pixels that meet all channels before the next pixels are fetched: at 960 channels they take 215 KB, inside L2. */
enum { PART_PIXELS = MOST_COLUMNS == 4 ? 48 : 56 }; /* of 6 or 8 pixels, tiles are all alike */

/* The channels of a tile. */
typedef struct group {
    const float *panel; /* weights of the first vector */
    int32_t channel;    /* the first */
    int32_t exist;      /* channels of the last vector that are written, if it is one of its own */
    vec bias[COLUMNS];
#ifdef MULTIPLY_X2
    bool assembly;        /* multiply_x2() is for these tiles */
    products_x2 products; /* if so */
    const float *next;    /* weights to prefetch from here on */
#endif
} group;

/* What the last vector of a tile is: like the others; half of one; or a part of one, masked, and the only one. */
typedef enum extent { WHOLE, HALF, PART } extent;

typedef struct accumulators {
    vec of[ROWS][COLUMNS];
    half_vec half[ROWS];
} accumulators;

/* Weights of vector `j` of a group; it lies in panel j / PER_PANEL. */
INLINE const float *column(const float *panel, ptrdiff_t stride, int j) {
    return panel + (j / PER_PANEL) * stride + (j % PER_PANEL) * LANES;
}

#ifdef V_FMA_LANE

/* Adds LANES inputs of each row x their weights, of which two vectors are loaded at once. */
INLINE void add_lanes(int rows, int whole, accumulators *s, const float *const *row, int32_t at, const float *weights,
                      ptrdiff_t stride) {
    vec x[ROWS];
    UNROLL for (int r = 0; r < rows; r++) x[r] = v_load(row[r] + at);
    UNROLL for (int lane = 0; lane < LANES; lane++, weights += MN_PANEL) {
        UNROLL for (int j = 0; j < whole; j += 2) {
            const int count = j + 1 < whole ? 2 : 1;
            vec w[2];
            UNROLL for (int i = 0; i < count; i++) w[i] = v_load(column(weights, stride, j + i));
            UNROLL for (int i = 0; i < count; i++) {
                UNROLL for (int r = 0; r < rows; r++) {
                    s->of[r][j + i] = v_fma_lane(s->of[r][j + i], w[i], x[r], lane);
                }
            }
        }
    }
}

/* Adds a run of each pixel x weights. There are no half vectors. */
INLINE void add_run(int rows, int whole, bool half, accumulators *s, const float *in, ptrdiff_t in_stride,
                    int32_t length, const float *weights, ptrdiff_t stride) {
    const float *row[ROWS];
    int32_t i = 0;
    (void)half;
    UNROLL for (int r = 0; r < rows; r++) row[r] = in + r * in_stride;
    for (; i + LANES <= length; i += LANES, weights += LANES * MN_PANEL) {
        add_lanes(rows, whole, s, row, i, weights, stride);
    }
    for (; i < length; i++, weights += MN_PANEL) {
        UNROLL for (int j = 0; j < whole; j++) {
            const vec w = v_load(column(weights, stride, j));
            UNROLL for (int r = 0; r < rows; r++) s->of[r][j] = v_fma(v_set(row[r][i]), w, s->of[r][j]);
        }
    }
}

#else

/* Adds a run of each pixel x weights. Constant `rows`, `whole` and `half` let the compiler keep accumulators in
 * registers. */
INLINE void add_run(int rows, int whole, bool half, accumulators *s, const float *in, ptrdiff_t in_stride,
                    int32_t length, const float *weights, ptrdiff_t stride) {
    const float *base[BASES];
    UNROLL for (int b = 0; b * NEAR < rows; b++) base[b] = in + b * NEAR * in_stride;
    for (int32_t i = 0; i < length; i++) {
        vec w[COLUMNS];
        const half_vec last = half ? half_load(column(weights, stride, whole)) : half_zero();
        UNROLL for (int j = 0; j < whole; j++) w[j] = v_load(column(weights, stride, j));
        UNROLL for (int r = 0; r < rows; r++) {
            const float *x = &base[r / NEAR][r % NEAR * in_stride];
            UNROLL for (int j = 0; j < whole; j++) s->of[r][j] = v_fma(v_set(*x), w[j], s->of[r][j]);
            if (half) s->half[r] = half_fma(half_set(*x), last, s->half[r]);
        }
        UNROLL for (int b = 0; b * NEAR < rows; b++) base[b]++;
        weights += MN_PANEL;
    }
}

#endif

INLINE void add_runs(int rows, int whole, bool half, accumulators *s, const mn_tiles *t, const float *in,
                     const float *panel) {
    const mn_runs *runs = &t->runs;
    for (int32_t row = 0; row < runs->rows; row++) {
        for (int32_t col = 0; col < runs->cols; col++) {
            const bool last = row + 1 == runs->rows && col + 1 == runs->cols;
            add_run(rows, whole, half, s, in + row * runs->in_row + col * runs->in_col, t->in_stride,
                    last ? t->last : runs->length, panel + (row * runs->k_row + col * runs->k_col) * MN_PANEL,
                    t->panel_stride);
        }
    }
}

INLINE vec load(extent e, const float *from, int32_t exist) {
    return e == WHOLE ? v_load(from) : e == HALF ? half_widen(half_load(from)) : v_load_part(from, exist);
}

INLINE void store(extent e, float *to, vec v, int32_t exist) {
    if (e == WHOLE)
        v_store(to, v);
    else if (e == HALF)
        half_store(to, half_of(v));
    else
        v_store_part(to, exist, v);
}

INLINE vec clamp(vec v, vec low, vec high) { return v_min(high, v_max(low, v)); }

#ifdef V_FMA_LANE

/* Ends all vectors of one pixel after another, for stores in pairs; `at` is the first pixel's place in the output. */
INLINE void finish_tile(extent e, int rows, int whole, const accumulators *s, const mn_tiles *t, ptrdiff_t at,
                        int32_t exist) {
    const ptrdiff_t stride = t->out_stride;
    const mn_range_f32 added_range = t->added_range;
    const vec low = v_set(t->range.min), high = v_set(t->range.max);
    const float *added = t->added ? t->added + at : NULL;
    float *out = t->out + at;
    UNROLL for (int r = 0; r < rows; r++, out += stride) {
        vec values[COLUMNS];
        UNROLL for (int j = 0; j < whole; j++) values[j] = clamp(s->of[r][j], low, high);
        if (added) {
            const vec least = v_set(added_range.min), most = v_set(added_range.max);
            UNROLL for (int j = 0; j < whole; j++) {
                values[j] = clamp(v_add(values[j], load(e, added + j * LANES, exist)), least, most);
            }
            added += stride;
        }
        UNROLL for (int j = 0; j < whole; j++) store(e, out + j * LANES, values[j], exist);
    }
}

#else

/* Ends one vector of each pixel; `at` is its place in the output. */
INLINE void finish(extent e, int rows, vec values[ROWS], const mn_tiles *t, ptrdiff_t at, int32_t exist) {
    const ptrdiff_t stride = t->out_stride;
    const vec low = v_set(t->range.min), high = v_set(t->range.max);
    UNROLL for (int r = 0; r < rows; r++) values[r] = clamp(values[r], low, high);
    if (t->added) {
        const vec least = v_set(t->added_range.min), most = v_set(t->added_range.max);
        const float *added = t->added + at;
        UNROLL for (int r = 0; r < rows; r++, added += stride) {
            values[r] = clamp(v_add(values[r], load(e, added, exist)), least, most);
        }
    }
    float *out = t->out + at;
    UNROLL for (int r = 0; r < rows; r++, out += stride) store(e, out, values[r], exist);
}

INLINE void finish_tile(extent end, int rows, int whole, const accumulators *s, const mn_tiles *t, ptrdiff_t at,
                        int32_t exist) {
    UNROLL for (int j = 0; j < whole + (end == HALF); j++) {
        vec values[ROWS];
        UNROLL for (int r = 0; r < rows; r++) values[r] = j < whole ? s->of[r][j] : half_widen(s->half[r]);
        finish(j < whole && end == HALF ? WHOLE : end, rows, values, t, at + j * LANES, exist);
    }
}

#endif

/* Bias and all products. */
INLINE void sum_tile(int rows, int whole, bool half, accumulators *s, const mn_tiles *t, const group *g,
                     const float *in) {
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int j = 0; j < whole; j++) s->of[r][j] = g->bias[j];
        if (half) s->half[r] = half_of(g->bias[whole]);
    }
    add_runs(rows, whole, half, s, t, in, g->panel);
}

#ifdef MULTIPLY_6X4

/* One run in each row, of a multiple of four, and their weights follow each other. */
INLINE bool fits_6x4(const mn_tiles *t) {
    const mn_runs *r = &t->runs;
    return r->cols == 1 && r->rows > 0 && t->last > 0 && t->last % LANES == 0 &&
           (r->rows == 1 || (r->length > 0 && r->length % LANES == 0 && r->k_row == r->length));
}

INLINE products_6x4 products_of(const mn_tiles *t, const group *g, const float *in) {
    const ptrdiff_t bytes = sizeof(float);
    return (products_6x4){.in = in,
                          .step = t->in_stride * bytes,
                          .weights = g->panel,
                          .bias = g->bias,
                          .runs = t->runs.rows,
                          .skip = (t->runs.in_row - t->runs.length) * bytes,
                          .length = t->runs.length * bytes,
                          .last = t->last * bytes};
}

#endif

#ifdef MULTIPLY_X2

/* One run in each row, and their weights follow each other. */
static bool fits_x2(const mn_tiles *t) {
    const mn_runs *r = &t->runs;
    return r->cols == 1 && r->rows > 0 && (r->rows == 1 || r->k_row == r->length);
}

/* Inputs of a pixel, if so. */
static int32_t inputs_of(const mn_tiles *t) { return (t->runs.rows - 1) * t->runs.length + t->last; }

/* Is the next panel to be prefetched? It is a stream of its own, too short for the processor to see it in time. It
 * comes from afar where all pixels meet it at once, and from near where others have before. */
static bool comes_from_afar(const mn_tiles *t) {
    enum { LEAST_INPUTS = 64, LEAST_PIXELS = 40 }; /* with fewer it is short, or not all lines have their turn */
    return t->pixels >= LEAST_PIXELS && t->pixels <= PART_PIXELS && inputs_of(t) >= LEAST_INPUTS;
}

static void start_products(const mn_tiles *t, group *g) {
    const ptrdiff_t bytes = sizeof(float);
    const bool afar = comes_from_afar(t);
    g->next = g->panel + (afar ? t->panel_stride : 0);
    g->products = (products_x2){.step = t->in_stride * bytes,
                                .weights = g->panel,
                                .bias = g->bias,
                                .runs = t->runs.rows,
                                .skip = (t->runs.in_row - t->runs.length) * bytes,
                                .many = t->runs.length / AT_ONCE,
                                .single = t->runs.length % AT_ONCE,
                                .last_many = t->last / AT_ONCE,
                                .last_single = t->last % AT_ONCE,
                                .ahead = afar ? MN_PANEL * bytes : 0};
}

#endif

INLINE void run_tile(int rows, int whole, extent end, const mn_tiles *t, group *g, ptrdiff_t pixel) {
    const float *in = t->in + pixel * t->in_stride;
    accumulators s;
#if defined(MULTIPLY_6X4)
    if (rows == 6 && whole == 4 && fits_6x4(t)) {
        const products_6x4 p = products_of(t, g, in);
        multiply_6x4(&p, s.of);
    } else
#elif defined(MULTIPLY_X2)
    if (rows >= 4 && whole == 2 && g->assembly)
        g->next = multiply_x2(rows, &g->products, in, g->next, s.of);
    else
#endif
        sum_tile(rows, whole, end == HALF, &s, t, g, in);
    finish_tile(end, rows, whole, &s, t, pixel * t->out_stride + g->channel, g->exist);
}

/* `count` tiles of `rows` pixels each, at most `most`: constants tell how the registers are used. */
INLINE void run_alike(int whole, extent end, int most, const mn_tiles *shared, group *g, int32_t rows, int32_t pixel,
                      int32_t count) {
    const mn_tiles t = *shared; /* nothing that is written can change it */
#define CASE(n)                                                                                                        \
    case n:                                                                                                            \
        for (int32_t i = 0; i < count && n <= most; i++) run_tile(n, whole, end, &t, g, pixel + i * n);                \
        break
    switch (rows) {
        CASE(1);
        CASE(2);
        CASE(3);
        CASE(4);
        CASE(5);
        CASE(6);
        CASE(7);
        CASE(8);
        CASE(9);
        CASE(10);
        CASE(11);
        CASE(12);
        CASE(13);
        CASE(14);
    }
#undef CASE
}

typedef struct shape {
    int32_t columns, rows; /* the most */
    void (*run)(const mn_tiles *t, group *g, int32_t rows, int32_t pixel, int32_t count);
} shape;

#define SHAPE(name, whole, end, most)                                                                                  \
    TARGET static void run_##name(const mn_tiles *t, group *g, int32_t rows, int32_t pixel, int32_t count) {           \
        run_alike(whole, end, most, t, g, rows, pixel, count);                                                         \
    }                                                                                                                  \
    static const shape name = {(whole) + ((end) == HALF), most, run_##name};

#if MOST_COLUMNS == 4
SHAPE(whole_4, 4, WHOLE, 6)
#elif MOST_COLUMNS == 3
SHAPE(whole_3, 3, WHOLE, MOST_ROWS_OF_3)
#endif
SHAPE(whole_2, 2, WHOLE, MOST_ROWS)
SHAPE(whole_1, 1, WHOLE, MOST_ROWS)
SHAPE(part, 1, PART, MOST_ROWS < 6 ? MOST_ROWS : 6)
#if HALF_VECTORS
SHAPE(half, 0, HALF, MOST_ROWS)
SHAPE(one_and_half, 1, HALF, MOST_ROWS)
#endif

/* The tiles for the next of `left` channels. */
static const shape *choose(int32_t left) {
    int32_t vectors = left / LANES;
#if HALF_VECTORS
    if (left % LANES == LANES / 2) {
        if (vectors < 2) return vectors == 0 ? &half : &one_and_half;
        vectors--; /* is left for the half */
    }
#endif
    if (vectors == 0) return &part;
#if MOST_COLUMNS == 4
    if (vectors > 3) return &whole_4;
#elif MOST_COLUMNS == 3
    /* Of four, one alone would take longer than two pairs; so do three where registers are few. */
    if (vectors == 3 || (vectors > 4 && MOST_ROWS_OF_3 > 4)) return &whole_3;
#endif
    if (vectors > 1) return &whole_2;
    return &whole_1;
}

/* Pixels [begin, end), in tiles of like height. */
static void run_shape(const shape *s, const mn_tiles *t, group *g, int32_t begin, int32_t end) {
    const int32_t count = end - begin, tiles = (count + s->rows - 1) / s->rows;
    const int32_t low = count / tiles, high_tiles = count % tiles;
    if (high_tiles > 0) s->run(t, g, low + 1, begin, high_tiles);
    s->run(t, g, low, begin + high_tiles * (low + 1), tiles - high_tiles);
}

TARGET static void load_bias(group *g, const mn_tiles *t, int32_t columns) {
    for (int32_t j = 0, first = g->channel; j < columns; j++, first += LANES) {
        const int32_t exist = mn_clamp_i32(t->channels - first, 0, LANES);
        g->bias[j] = t->bias == NULL ? v_zero() : v_load_part(t->bias + first, exist);
    }
}

TARGET static void run_pixels(const mn_tiles *t, int32_t begin, int32_t end) {
    const int32_t channels = t->whole ? (int32_t)mn_round_up((size_t)t->channels, MN_PANEL) : t->channels;
    group g = {.channel = 0};
    while (g.channel < channels) {
        const shape *s = choose(channels - g.channel);
        g.panel = column(t->weights, t->panel_stride, g.channel / LANES);
        g.exist = mn_min_i32(channels - g.channel, LANES);
        load_bias(&g, t, s->columns);
#ifdef MULTIPLY_X2
        g.assembly = fits_x2(t);
        if (g.assembly) start_products(t, &g);
#endif
        run_shape(s, t, &g, begin, end);
        g.channel += s->columns * LANES;
    }
}

TARGET static void run_tiles(const mn_tiles *t) {
    for (int32_t pixel = 0; pixel < t->pixels; pixel += PART_PIXELS) {
        run_pixels(t, pixel, mn_min_i32(t->pixels, pixel + PART_PIXELS));
    }
}
