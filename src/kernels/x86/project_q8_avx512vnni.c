/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from groups of four rows (layouts.h), and the ADD behind it, int8 and uint8, for AVX-512
 * VNNI. Groups of four rows are multiplied a column of 32 channels, or two columns of 16, at a time, and the last ones'
 * eight accumulators are finished between the products; whatever is rare, rows of a group that does not exist in full
 * among it, in tiles of up to 24 accumulators that are finished afterwards. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include "base/cpu.h"
#include "kernels/tile/cut.h"
#include "kernels/x86/project_q8.h"
#include "kernels/x86/project_q8_zmm.h"

enum {
    LANES = MN_PANEL_Q8_LANES,
    ROWS = MN_Q8_ROWS,
    BLOCK_BYTES = MN_Q8_BLOCK_VECTORS * MN_Q8_VECTOR_BYTES,
    VECTORS = 2, /* of channels in a tile */
    PIECES = 6,  /* most columns of vectors in a tile */
    KEPT = 2,    /* pieces that are finished between the products of the next */
    DEEP = 512,  /* input channels from which on epilogues matter less than loads of weights */
    FLAT = 96,   /* up to which they matter more than dot products that wait for each other */
};

_Static_assert(VECTORS *LANES == MN_PROJECT_CHANNELS, "a unit's channels are whole tiles");

/* ---- Epilogues ------------------------------------------------------------------------------------------ */

/* The accumulators of a tile and where its results go. A piece is a column of one vector. */
typedef struct tile {
    __m512i acc[PIECES][ROWS]; /* [vector][column] */
    ptrdiff_t at;              /* of the first pixel and channel in results */
    const int32_t *inputs;     /* [column][row] sums of them; for weight zero points */
    int32_t rows, columns, pieces;
} tile;

/* One group of rows and up to two vectors of channels. */
typedef struct job {
    const mn_project_params *p;
    results to;
    mn_extent in_extent;
    ptrdiff_t channels;          /* of results */
    ptrdiff_t block_stride;      /* from block to block of the input */
    ptrdiff_t last_width;        /* of a column of the last block */
    const uint8_t *first, *last; /* blocks, from the first of the rows on */
    const int32_t *inputs;
    const mn_panel_q8 *panel;
    size_t stride;           /* from panel to panel */
    int32_t left;            /* channels from the first on */
    bool plain;              /* floats alone, no weight zero point, the short form of ADD */
    mn_q8_prefetch prefetch; /* of the next vectors, or the next step */
} job;

/* All pieces of a tile, in whichever way does. */
Q8_NOINLINE static void finish_tile(const job *j, const tile *t) {
    for (int32_t i = 0; i < t->pieces; i++) {
        const int32_t v = i >= t->columns, column = i - v * t->columns;
        __m512i values[ROWS];
        for (int32_t r = 0; r < ROWS; r++) {
            values[r] = t->acc[i][r];
            if (!j->to.zeros.weight || r >= t->rows) continue;
            const int32_t over = mn_q8_product(j->to.zeros.weight, t->inputs[column * ROWS + r]);
            values[r] = _mm512_sub_epi32(values[r], _mm512_set1_epi32(over));
        }
        mn_q8_requant_some(ROWS, values, &mn_panel_q8_at(j->panel, j->stride, v)->requant);
        store_piece(&j->to, narrow(&j->to, values), t->rows, mn_q8_lanes(j->left - v * LANES),
                    t->at + column * j->channels + v * LANES, j->to.add->is_short);
    }
}

/* ---- Products ------------------------------------------------------------------------------------------- */

/* The products of 16 channels, or of 8. */
Q8_INLINE __m512i dot(bool half, __m512i acc, __m512i four, __m512i weights) {
    if (!half) return _mm512_dpbusd_epi32(acc, four, weights);
    return _mm512_castsi256_si512(_mm256_dpbusd_epi32(_mm512_castsi512_si256(acc), _mm512_castsi512_si256(four),
                                                      _mm512_castsi512_si256(weights)));
}

/* The inputs of some columns from one block: four rows of a column, and `width` bytes further the next column's. */
typedef struct cursor {
    const uint8_t *in, *end; /* of the first column */
    ptrdiff_t width;
} cursor;

Q8_INLINE cursor cursor_at(const job *j, int32_t x, int32_t block) {
    const bool last = block + 1 == j->in_extent.blocks;
    const ptrdiff_t width = last ? j->last_width : BLOCK_BYTES;
    const uint8_t *in = (last ? j->last : j->first + block * j->block_stride) + x * width;
    return (cursor){in, in + width, width};
}

/* One group of four products of a tile, whose columns lie `width` bytes apart. */
Q8_INLINE void multiply(int rows, int columns, int eights, const uint8_t *in, ptrdiff_t width, const __m512i *w,
                        __m512i acc[][ROWS]) {
    Q8_UNROLL for (int c = 0; c < columns; c++) {
        Q8_UNROLL for (int r = 0; r < rows; r++) {
            const __m512i four = mn_q8_four_bytes(in + c * width + r * 4);
            Q8_UNROLL for (int v = 0; v < (eights + 1) / 2; v++) {
                __m512i *sum = &acc[v * columns + c][r];
                *sum = dot(2 * v + 1 == eights, *sum, four, w[v]);
            }
        }
    }
}

/* The accumulators of the tile from column `x` on, of vectors of 8 channels each. Constants let the compiler keep
 * accumulators in registers. */
Q8_INLINE void run_tile(int rows, int columns, int eights, job *j, int32_t x, tile *out) {
    const int vectors = (eights + 1) / 2, pieces = columns * vectors;
    const int8_t *weights[VECTORS];
    __m512i acc[PIECES][ROWS];
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        const mn_panel_q8 *panel = mn_panel_q8_at(j->panel, j->stride, v);
        weights[v] = panel->weights;
        Q8_UNROLL for (int c = 0; c < columns; c++) {
            Q8_UNROLL for (int r = 0; r < rows; r++) acc[v * columns + c][r] = _mm512_loadu_si512(panel->folded_bias);
        }
    }
    const char *prefetch = j->prefetch.from;
    const bool fetches = eights == 2 * VECTORS; /* others are the last */
    const ptrdiff_t line = prefetch < j->prefetch.end ? 64 : 0;
    for (int32_t b = 0; b < j->in_extent.blocks; b++) {
        for (cursor c = cursor_at(j, x, b); c.in < c.end; c.in += 16) {
            __m512i w[VECTORS];
            Q8_UNROLL for (int v = 0; v < vectors; v++) w[v] = _mm512_loadu_si512(weights[v]), weights[v] += 64;
            multiply(rows, columns, eights, c.in, c.width, w, acc);
            if (fetches) _mm_prefetch(prefetch, _MM_HINT_T1), prefetch += line;
        }
    }
    Q8_UNROLL for (int i = 0; i < pieces; i++) { Q8_UNROLL for (int r = 0; r < rows; r++) out->acc[i][r] = acc[i][r]; }
    j->prefetch.from = prefetch;
}

typedef void tile_run(job *j, int32_t x, tile *out);

/* clang-format off */
#define TILE(rows, columns, eights)                                                                                    \
    Q8_TARGET static void tile_##rows##columns##eights(job *j, int32_t x, tile *out) {                   \
        run_tile(rows, columns, eights, j, x, out);                                                                    \
    }
#define TILES(rows)                                              \
    TILE(rows, 1, 1) TILE(rows, 2, 1)                  TILE(rows, 4, 1) \
    TILE(rows, 1, 2) TILE(rows, 2, 2)                  TILE(rows, 4, 2) \
    TILE(rows, 1, 3) TILE(rows, 2, 3)                                   \
    TILE(rows, 1, 4) TILE(rows, 2, 4) TILE(rows, 3, 4)
TILES(1) TILES(2) TILES(3) TILES(4)

#define NAMES(rows)                                                            \
    {{tile_##rows##11, tile_##rows##21, NULL,            tile_##rows##41},     \
     {tile_##rows##12, tile_##rows##22, NULL,            tile_##rows##42},     \
     {tile_##rows##13, tile_##rows##23, NULL,            NULL},                \
     {tile_##rows##14, tile_##rows##24, tile_##rows##34, NULL}}
static tile_run *const tiles_of[ROWS][2 * VECTORS][4] = {NAMES(1), NAMES(2), NAMES(3), NAMES(4)};
/* clang-format on */

/* Columns of the next tile. */
static int32_t tile_columns(const job *j, int32_t eights, int32_t left) {
    if (eights <= 2) return left >= 4 ? 4 : mn_min_i32(left, 2);
    if (eights == 4 && j->in_extent.vectors >= DEEP / LANES && left != 4) return mn_min_i32(left, 3);
    return mn_min_i32(left, 2);
}

/* A column of up to 32 channels, or two of up to 16, and the one before, which is finished in registers between the
 * first groups of products, a step each `apart` groups: what it waits for is ready then, and the products that follow
 * are among the instructions that wait. */
typedef struct column {
    __m512i of[KEPT][ROWS];
} column;

/* The next group of products. */
Q8_INLINE void multiply_column(int columns, int eights, const int8_t **weights, size_t stride, cursor *from,
                               column *acc) {
    __m512i w[VECTORS];
    Q8_UNROLL for (int v = 0; v < (eights + 1) / 2; v++) w[v] = _mm512_loadu_si512(*weights + (size_t)v * stride);
    multiply(ROWS, columns, eights, from->in, from->width, w, acc->of);
    Q8_UNROLL for (int i = 0; i < KEPT; i++) {
        Q8_UNROLL for (int r = 0; r < ROWS; r++) __asm__("" : "+v"(acc->of[i][r])); /* each stays where it is written */
    }
    from->in += 16;
    *weights += 64;
}

/* As many of the columns of a group of four rows as are whole tiles; returns their number. Constants let the compiler
 * keep accumulators in registers. */
Q8_INLINE int32_t run_columns(int columns, int eights, int apart, job *shared) {
    const job j = *shared; /* nothing that is written can change it */
    const char *prefetch = j.prefetch.from;
    const mn_panel_q8 *panel[KEPT] = {j.panel, mn_panel_q8_at(j.panel, j.stride, columns == 1)};
    const __mmask16 lanes[KEPT] = {mn_q8_lanes(j.left), mn_q8_lanes(columns == 1 ? j.left - LANES : j.left)};
    const ptrdiff_t second = columns == 1 ? LANES : j.channels; /* from the first piece's results to the second's */
    column acc, last;
    int32_t x = 0;
    for (; x + columns <= j.in_extent.width; x += columns) {
        const ptrdiff_t before = (x - columns) * j.channels, line = prefetch < j.prefetch.end ? 64 : 0;
        const int8_t *weights = panel[0]->weights;
        __m512i bytes = _mm512_setzero_si512();
        cursor from = cursor_at(&j, x, 0);
        Q8_UNROLL for (int i = 0; i < KEPT; i++) {
            const __m512i folded_bias = _mm512_loadu_si512(panel[i]->folded_bias);
            Q8_UNROLL for (int r = 0; r < ROWS; r++) acc.of[i][r] = folded_bias;
        }
        Q8_UNROLL for (int step = 0; step < 2 * KEPT; step++) {
            Q8_UNROLL for (int i = 0; i < apart; i++) {
                multiply_column(columns, eights, &weights, j.stride, &from, &acc);
                _mm_prefetch(prefetch, _MM_HINT_T1), prefetch += line;
            }
            if (x == 0) continue;
            if (step % 2 == 0) {
                bytes = requantise(&j.to, last.of[step / 2], panel[step / 2]);
            } else {
                store_piece(&j.to, bytes, ROWS, lanes[step / 2], before + step / 2 * second, true);
            }
        }
        for (int32_t b = 0;;) {
            while (from.in < from.end) {
                multiply_column(columns, eights, &weights, j.stride, &from, &acc);
                _mm_prefetch(prefetch, _MM_HINT_T1), prefetch += line;
            }
            if (++b == j.in_extent.blocks) break;
            from = cursor_at(&j, x, b);
        }
        last = acc;
    }
    shared->prefetch.from = prefetch;
    if (x == 0) return 0;
    tile t;
    t.at = (x - columns) * j.channels;
    t.rows = ROWS, t.columns = columns, t.pieces = KEPT;
    Q8_UNROLL for (int i = 0; i < KEPT; i++) { Q8_UNROLL for (int r = 0; r < ROWS; r++) t.acc[i][r] = last.of[i][r]; }
    finish_tile(shared, &t);
    return x;
}

Q8_TARGET static int32_t columns_of_8(job *j) { return run_columns(2, 1, 1, j); }
Q8_TARGET static int32_t columns_of_8_deep(job *j) { return run_columns(2, 1, 3, j); }
Q8_TARGET static int32_t columns_of_16(job *j) { return run_columns(2, 2, 1, j); }
Q8_TARGET static int32_t columns_of_16_deep(job *j) { return run_columns(2, 2, 3, j); }
Q8_TARGET static int32_t columns_of_24_deep(job *j) { return run_columns(1, 3, 3, j); }
Q8_TARGET static int32_t columns_of_32_deep(job *j) { return run_columns(1, 4, 3, j); }

/* Those of four rows that have a function of their own. Returns how many columns that has done. */
static int32_t run_plain(int32_t eights, job *j) {
    const bool deep = j->in_extent.vectors >= MN_Q8_BLOCK_VECTORS;
    switch (eights) {
    case 1: return deep ? columns_of_8_deep(j) : columns_of_8(j);
    case 2: return deep ? columns_of_16_deep(j) : columns_of_16(j);
    case 3: return deep ? columns_of_24_deep(j) : 0;
    default: return deep ? columns_of_32_deep(j) : 0;
    }
}

/* `rows` of a group of rows. */
static void run_rows(int32_t rows, job *j) {
    const int32_t width = j->in_extent.width, eights = mn_min_i32((j->left + 7) / 8, 2 * VECTORS);
    int32_t x = rows == ROWS && j->plain ? run_plain(eights, j) : 0;
    for (tile t; x < width; x += t.columns) {
        t.at = x * j->channels;
        t.inputs = j->inputs + x * ROWS;
        t.rows = rows;
        t.columns = tile_columns(j, eights, width - x);
        t.pieces = t.columns * ((eights + 1) / 2);
        tiles_of[rows - 1][eights - 1][t.columns - 1](j, x, &t);
        finish_tile(j, &t);
    }
}

/* ---- Running -------------------------------------------------------------------------------------------- */

Q8_INLINE __m512i add_bytes(__m512i total, const uint8_t *in) {
    return _mm512_dpbusd_epi32(total, _mm512_loadu_si512(in), _mm512_set1_epi8(1));
}

/* Sums over the channels of one group of rows, [column][row]. */
Q8_TARGET static void sum_group(const job *j, const uint8_t *image, int32_t row, int32_t *sums) {
    const int32_t whole = j->in_extent.blocks - 1;
    const uint8_t *first = image + mn_extent_offset(&j->in_extent, 0, row);
    const uint8_t *last = image + mn_extent_offset(&j->in_extent, whole, row), *end = last;
    for (int32_t x = 0; x < j->in_extent.width; x++, first += MN_Q8_BLOCK_VECTORS * MN_Q8_VECTOR_BYTES) {
        __m512i total = _mm512_setzero_si512();
        for (int32_t b = 0; b < whole; b++) {
            const uint8_t *in = first + b * j->block_stride;
            Q8_UNROLL for (int v = 0; v < MN_Q8_BLOCK_VECTORS; v++) total =
                add_bytes(total, in + v * MN_Q8_VECTOR_BYTES);
        }
        for (end += j->last_width; last < end; last += MN_Q8_VECTOR_BYTES) total = add_bytes(total, last);
        const __m256i halves = _mm256_add_epi32(_mm512_castsi512_si256(total), _mm512_extracti64x4_epi64(total, 1));
        const __m128i rows = _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
        _mm_storeu_si128((__m128i *)(void *)(sums + (ptrdiff_t)x * ROWS), rows);
    }
}

static mn_q8_prefetch prefetch_of(const job *j, const mn_task *task) {
    if (j->left <= VECTORS * LANES) return mn_q8_prefetch_of(task, MN_Q8_PREFETCH_MAX);
    const char *from = (const char *)mn_panel_q8_at(j->panel, j->stride, VECTORS);
    return (mn_q8_prefetch){from, from + VECTORS * j->stride};
}

/* Do eight accumulators keep the processor busy? Where a dot product takes five cycles, on Intel's cores, they do not;
 * of those the ones with AMX are known. */
static bool eight_do(void) { return (mn_cpu_flags() & MN_CPU_AMX_INT8) == 0; }

/* Some vectors of channels after others, so that its weights stay near. */
Q8_TARGET static void run_range(job *j, const mn_task *task, const mn_project_range *range) {
    const mn_window *w = &j->p->conv.window;
    const uint8_t *image = (const uint8_t *)task->inputs[0] + (size_t)range->batch * mn_extent_image(&j->in_extent);
    const char *panels = (const char *)task->packed + header_bytes();
    int32_t *sums = task->workspace;
    for (int32_t row = range->first_row / ROWS; row * ROWS < range->last_row && j->to.zeros.weight; row++) {
        sum_group(j, image, row, sums + (ptrdiff_t)row * w->out_w * ROWS);
    }
    for (int32_t channel = range->first_channel; channel < range->last_channel; channel += VECTORS * LANES) {
        j->panel = mn_panel_q8_at(panels, j->stride, channel / LANES);
        j->left = range->last_channel - channel;
        j->plain = j->to.zeros.weight == 0 && (!j->p->adds || j->to.add->is_short) && (w->in_c <= FLAT || eight_do());
        for (int32_t v = 0; v * LANES < j->left && v < VECTORS; v++) {
            const mn_panel_q8 *panel = mn_panel_q8_at(j->panel, j->stride, v);
            mn_q8_prefetch_now(panel, sizeof(mn_panel_q8));
            j->plain = j->plain && (panel->requant.is_float || panel->requant.is_fixed_up);
        }
        j->prefetch = prefetch_of(j, task);
        for (int32_t y = range->first_row, next; y < range->last_row; y = next) {
            const size_t pixels = ((size_t)range->batch * (size_t)w->out_h + (size_t)y) * (size_t)w->out_w;
            const size_t at = pixels * (size_t)w->out_c + (size_t)channel;
            const int32_t row = y / ROWS;
            next = mn_min_i32(range->last_row, (row + 1) * ROWS);
            j->first = image + mn_extent_offset(&j->in_extent, 0, row) + y % ROWS * 4;
            j->last = image + mn_extent_offset(&j->in_extent, j->in_extent.blocks - 1, row) + y % ROWS * 4;
            j->inputs = sums + (ptrdiff_t)row * w->out_w * ROWS + y % ROWS;
            j->to.residual = j->p->adds ? (const uint8_t *)task->inputs[3] + at : NULL;
            j->to.out = (uint8_t *)task->output + at;
            run_rows(next - y, j);
        }
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    job j = {.p = p,
             .to = {.zeros = mn_q8_zeros_of(&p->conv, type),
                    .add = &((const header *)task->packed)->add,
                    .residual_first = p->residual_first,
                    .stride = (ptrdiff_t)w->out_w * w->out_c},
             .stride = mn_panel_q8_bytes(depth_of(w)),
             .channels = w->out_c,
             .in_extent = mn_extent_of(mn_layout_q8(), w->in_h, w->in_w, w->in_c)};
    j.block_stride = (ptrdiff_t)MN_Q8_BLOCK_VECTORS * j.in_extent.rows * (ptrdiff_t)mn_extent_row(&j.in_extent);
    j.last_width = mn_extent_block_vectors(&j.in_extent, j.in_extent.blocks - 1) * MN_Q8_VECTOR_BYTES;
    while (begin < end) {
        const mn_project_range range = mn_project_next(w, task->cut, &begin, end);
        run_range(&j, task, &range);
    }
}

void mn_project_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_project_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
