/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from groups of four rows (layouts.h), and the ADD behind it, int8 and uint8, for AVX-512
 * VNNI. Tiles of four rows x two columns x 32 channels, whose 16 accumulators leave registers for other work; rows of a
 * group that do not exist are left out. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/quant.h"
#include "kernels/tile/cut.h"
#include "kernels/tile/layouts.h"
#include "kernels/x86/add_q8.h"
#include "kernels/x86/panel_q8.h"

enum {
    LANES = MN_PANEL_Q8_LANES,
    ROWS = MN_Q8_ROWS,
    BLOCK_BYTES = MN_Q8_BLOCK_VECTORS * MN_Q8_VECTOR_BYTES,
    VECTORS = 2, /* of channels in a tile */
    PIECES = 6,  /* most columns of vectors in a tile */
    DEEP = 512,  /* input channels from which on epilogues matter less than loads of weights */
};

/* Packed: this, then the panels. */
typedef struct header {
    mn_add_q8 add;
} header;

static size_t header_bytes(void) { return mn_round_up(sizeof(header), 64); }

/* Products of a panel: all channels that blocks have. */
static int32_t depth_of(const mn_window *w) { return mn_groups_of(w->in_c, MN_Q8_LANES) * MN_Q8_LANES; }

static bool project_i8_need(const void *params, mn_kernel_need *need) {
    const mn_project_params *p = params;
    const mn_window *w = &p->conv.window;
    if (w->in_c > MN_Q8_MAX_DEPTH || !mn_requant_fits(p->conv.shift, w->out_c)) return false;
    if (p->adds && !mn_add_operands_fit(&p->add)) return false;
    const size_t panels = (size_t)mn_panel_q8_count(w->out_c) * mn_panel_q8_bytes(depth_of(w));
    *need = (mn_kernel_need){.packed_bytes = header_bytes() + panels};
    return true;
}

/* Sums of the inputs, for the zero point of the weights. */
static bool project_u8_need(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_project_params *)params)->conv.window;
    if (!project_i8_need(params, need)) return false;
    const size_t vectors = (size_t)mn_groups_of(w->out_h, ROWS) * (size_t)w->out_w;
    need->workspace_bytes = vectors * ROWS * sizeof(int32_t);
    return true;
}

_Static_assert(VECTORS *LANES == MN_PROJECT_CHANNELS, "a unit's channels are whole tiles");

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_project_params *p = params;
    const mn_q8_source source = mn_q8_conv_source(&p->conv, type, constants[1], constants[2]);
    memset(packed, 0, header_bytes());
    if (p->adds) mn_add_q8_fill(&p->add, type, &((header *)packed)->add);
    mn_panel_q8_pack(&source, depth_of(&p->conv.window), (char *)packed + header_bytes());
}

static void project_i8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

static void project_q8_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)params, (void)out;
    *in = mn_layout_q8();
}

const mn_kernel_traits mn_project_i8_avx512vnni_traits = {
    .need = project_i8_need, .pack = project_i8_pack, .layouts = project_q8_layouts, .cut = mn_cut_project_q8};

static void project_u8_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

const mn_kernel_traits mn_project_u8_avx512vnni_traits = {
    .need = project_u8_need, .pack = project_u8_pack, .layouts = project_q8_layouts, .cut = mn_cut_project_q8};

/* ---- Epilogues ------------------------------------------------------------------------------------------ */

/* The accumulators of a tile and where its results go. A piece is a column of one vector; pieces are finished one by
 * one between the products of the next tile, which take other units of the processor. */
typedef struct tile {
    __m512i acc[PIECES][ROWS]; /* [vector][column] */
    const mn_panel_q8 *panel;  /* of the first vector */
    const int32_t *inputs;     /* [column][row] sums of them; for weight zero points */
    const uint8_t *residual;   /* of the first pixel and channel, or NULL */
    uint8_t *out;
    int32_t channels; /* from the first on */
    int32_t rows, columns, done, pieces;
} tile;

/* One group of rows and up to two vectors of channels. */
typedef struct job {
    const mn_project_params *p;
    mn_q8_zeros zeros;
    const mn_add_q8 *add;
    mn_extent in_extent;
    ptrdiff_t channels, row_stride; /* of results */
    ptrdiff_t block_stride;         /* from block to block of the input */
    ptrdiff_t last_width;           /* of a column of the last block */
    const uint8_t *first, *last;    /* blocks, from the first of the rows on */
    const int32_t *inputs;
    const mn_panel_q8 *panel;
    size_t stride;           /* from panel to panel */
    int32_t left;            /* channels from the first on */
    bool between;            /* can pieces be finished between products? */
    const uint8_t *residual; /* of the first row and channel, or NULL */
    uint8_t *out;
    mn_q8_prefetch prefetch; /* of the next vectors, or the next step */
} job;

/* A piece of the residual as mn_q8_narrow_4() has the results, centred. Rows that do not exist are the last one. */
Q8_INLINE __m512i load_residual(const job *j, const uint8_t *from, int32_t rows, __mmask16 lanes) {
    __m512i bytes = _mm512_castsi128_si512(_mm_maskz_loadu_epi8(lanes, from));
    from += rows > 1 ? j->row_stride : 0;
    bytes = _mm512_inserti32x4(bytes, _mm_maskz_loadu_epi8(lanes, from), 1);
    from += rows > 2 ? j->row_stride : 0;
    bytes = _mm512_inserti32x4(bytes, _mm_maskz_loadu_epi8(lanes, from), 2);
    from += rows > 3 ? j->row_stride : 0;
    bytes = _mm512_inserti32x4(bytes, _mm_maskz_loadu_epi8(lanes, from), 3);
    return _mm512_xor_si512(mn_q8_transpose_4(bytes), _mm512_set1_epi8((char)j->zeros.out_flip));
}

Q8_INLINE __m512i clamp(__m512i bytes, mn_range_i32 range) {
    return range.min > -128 || range.max < 127 ? mn_q8_finish_64(bytes, range, 0) : bytes;
}

/* Where a piece is. */
typedef struct spot {
    const mn_requant *requant;
    int32_t column;
    ptrdiff_t at; /* of its results */
    __mmask16 lanes;
} spot;

Q8_INLINE spot spot_of(const job *j, const tile *t) {
    const int32_t v = t->done >= t->columns, c = t->done - v * t->columns;
    return (spot){&mn_panel_q8_at(t->panel, j->stride, v)->requant, c, c * j->channels + v * LANES,
                  mn_q8_lanes(t->channels - v * LANES)};
}

/* Results to stored bytes, with the residual added. */
Q8_INLINE void store_piece(const job *j, const tile *t, const spot *s, const __m512i *values, bool in_short) {
    __m512i bytes = clamp(mn_q8_narrow_4(values[0], values[1], values[2], values[3]), j->zeros.range);
    if (t->residual) {
        const __m512i other = load_residual(j, t->residual + s->at, t->rows, s->lanes);
        const __m512i x = j->p->residual_first ? other : bytes, y = j->p->residual_first ? bytes : other;
        bytes = in_short ? mn_add_q8_short(j->add, x, y) : mn_add_q8_exact(j->add, x, y);
        bytes = clamp(bytes, j->add->range);
    }
    bytes = _mm512_xor_si512(bytes, _mm512_set1_epi8((char)j->zeros.out_flip));
    mn_q8_store_4(bytes, t->rows, s->lanes, t->out + s->at, j->row_stride);
}

Q8_INLINE void finish_piece(const job *j, tile *t) {
    const spot s = spot_of(j, t);
    __m512i values[ROWS];
    mn_q8_requant_any(ROWS, t->acc[t->done], s.requant, values);
    store_piece(j, t, &s, values, true);
    t->done++;
}

/* All pieces that are left. */
Q8_TARGET static void finish_rest(const job *j, tile *t) {
    while (t->done < t->pieces) finish_piece(j, t);
}

/* All pieces, weight zero points and the exact form of ADD included. */
Q8_TARGET static void finish_all(const job *j, tile *t) {
    for (; t->done < t->pieces; t->done++) {
        const spot s = spot_of(j, t);
        __m512i values[ROWS];
        for (int32_t r = 0; r < ROWS; r++) {
            values[r] = t->acc[t->done][r];
            if (!j->zeros.weight || r >= t->rows) continue;
            const int32_t over = mn_q8_product(j->zeros.weight, t->inputs[s.column * ROWS + r]);
            values[r] = _mm512_sub_epi32(values[r], _mm512_set1_epi32(over));
        }
        mn_q8_requant_some(ROWS, values, s.requant);
        store_piece(j, t, &s, values, j->add->is_short);
    }
}

/* ---- Products ------------------------------------------------------------------------------------------- */

/* The products of 16 channels, or of 8. */
Q8_INLINE __m512i dot(bool half, __m512i acc, __m512i four, __m512i weights) {
    if (!half) return _mm512_dpbusd_epi32(acc, four, weights);
    return _mm512_castsi256_si512(_mm256_dpbusd_epi32(_mm512_castsi512_si256(acc), _mm512_castsi512_si256(four),
                                                      _mm512_castsi512_si256(weights)));
}

/* The accumulators of the tile from column `x` on, of vectors of 8 channels each; pieces of the one before are finished
 * in between. Constants let the compiler keep accumulators in registers. */
Q8_INLINE void run_tile(int rows, int columns, int eights, job *j, int32_t x, tile *before, tile *now) {
    const int vectors = (eights + 1) / 2, pieces = columns * vectors;
    const bool between = rows == ROWS && pieces == 4;
    const int8_t *weights[VECTORS];
    __m512i acc[PIECES][ROWS];
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        const mn_panel_q8 *panel = mn_panel_q8_at(j->panel, j->stride, v);
        weights[v] = panel->weights;
        Q8_UNROLL for (int c = 0; c < columns; c++) {
            Q8_UNROLL for (int r = 0; r < rows; r++) acc[v * columns + c][r] = _mm512_loadu_si512(panel->folded_bias);
        }
    }
    if (!between) finish_rest(j, before);
    const char *prefetch = j->prefetch.from;
    const bool fetches = eights == 2 * VECTORS; /* others are the last */
    const ptrdiff_t line = prefetch < j->prefetch.end ? 64 : 0;
    const uint8_t *block = j->first + (ptrdiff_t)x * BLOCK_BYTES;
    for (int32_t left = j->in_extent.blocks; left > 0; left--, block += j->block_stride) {
        const uint8_t *in = left > 1 ? block : j->last + (ptrdiff_t)x * j->last_width;
        const ptrdiff_t width = left > 1 ? BLOCK_BYTES : j->last_width;
        for (const uint8_t *end = in + width; in < end; in += 16) {
            __m512i w[VECTORS];
            Q8_UNROLL for (int v = 0; v < vectors; v++) w[v] = _mm512_loadu_si512(weights[v]), weights[v] += 64;
            Q8_UNROLL for (int c = 0; c < columns; c++) {
                Q8_UNROLL for (int r = 0; r < rows; r++) {
                    const __m512i four = mn_q8_four_bytes(in + c * width + r * 4);
                    Q8_UNROLL for (int v = 0; v < vectors; v++) {
                        __m512i *sum = &acc[v * columns + c][r];
                        *sum = dot(2 * v + 1 == eights, *sum, four, w[v]);
                    }
                }
            }
            if (fetches) _mm_prefetch(prefetch, _MM_HINT_T1), prefetch += line;
            if (between && before->done < before->pieces) finish_piece(j, before);
        }
    }
    Q8_UNROLL for (int i = 0; i < pieces; i++) { Q8_UNROLL for (int r = 0; r < rows; r++) now->acc[i][r] = acc[i][r]; }
    if (between) finish_rest(j, before);
    j->prefetch.from = prefetch;
}

typedef void tile_run(job *j, int32_t x, tile *before, tile *now);

/* clang-format off */
#define TILE(rows, columns, eights)                                                                                    \
    Q8_TARGET static void tile_##rows##columns##eights(job *j, int32_t x, tile *before, tile *now) {                   \
        run_tile(rows, columns, eights, j, x, before, now);                                                            \
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

/* `rows` of a group of rows. Returns the tile that is not finished. */
static tile *run_rows(int32_t rows, job *j, tile *before, tile *now) {
    const int32_t width = j->in_extent.width, eights = mn_min_i32((j->left + 7) / 8, 2 * VECTORS);
    for (int32_t x = 0; x < width; x += now->columns) {
        const ptrdiff_t at = x * j->channels;
        if (x) {
            tile *const swap = before;
            before = now, now = swap;
        }
        const int32_t columns = tile_columns(j, eights, width - x);
        tiles_of[rows - 1][eights - 1][columns - 1](j, x, before, now);
        now->panel = j->panel;
        now->inputs = j->inputs + x * ROWS;
        now->residual = j->residual ? j->residual + at : NULL;
        now->out = j->out + at;
        now->channels = j->left;
        now->rows = rows;
        now->columns = columns;
        now->done = 0;
        now->pieces = columns * ((eights + 1) / 2);
        if (!j->between) finish_all(j, now);
    }
    return now;
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

/* Some vectors of channels after others, so that its weights stay near. */
Q8_TARGET static void run_range(job *j, const mn_task *task, const mn_project_range *range) {
    const mn_window *w = &j->p->conv.window;
    const uint8_t *image = (const uint8_t *)task->inputs[0] + (size_t)range->batch * mn_extent_image(&j->in_extent);
    const char *panels = (const char *)task->packed + header_bytes();
    int32_t *sums = task->workspace;
    tile tiles[2], *before = &tiles[0];
    before->done = before->pieces = 0;
    for (int32_t row = range->first_row / ROWS; row * ROWS < range->last_row && j->zeros.weight; row++) {
        sum_group(j, image, row, sums + (ptrdiff_t)row * w->out_w * ROWS);
    }
    for (int32_t channel = range->first_channel; channel < range->last_channel; channel += VECTORS * LANES) {
        j->panel = mn_panel_q8_at(panels, j->stride, channel / LANES);
        j->left = range->last_channel - channel;
        for (int32_t v = 0; v * LANES < j->left && v < VECTORS; v++) {
            mn_q8_prefetch_now(mn_panel_q8_at(j->panel, j->stride, v), sizeof(mn_panel_q8));
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
            j->residual = j->p->adds ? (const uint8_t *)task->inputs[3] + at : NULL;
            j->out = (uint8_t *)task->output + at;
            before = run_rows(next - y, j, before, before == tiles ? tiles + 1 : tiles);
        }
    }
    finish_rest(j, before);
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    job j = {.p = p,
             .zeros = mn_q8_zeros_of(&p->conv, type),
             .add = &((const header *)task->packed)->add,
             .stride = mn_panel_q8_bytes(depth_of(w)),
             .channels = w->out_c,
             .row_stride = (ptrdiff_t)w->out_w * w->out_c,
             .in_extent = mn_extent_of(mn_layout_q8(), w->in_h, w->in_w, w->in_c)};
    j.block_stride = (ptrdiff_t)MN_Q8_BLOCK_VECTORS * j.in_extent.rows * (ptrdiff_t)mn_extent_row(&j.in_extent);
    j.last_width = mn_extent_block_vectors(&j.in_extent, j.in_extent.blocks - 1) * MN_Q8_VECTOR_BYTES;
    j.between = j.zeros.weight == 0 && (!p->adds || j.add->is_short);
    while (begin < end) {
        const mn_project_range range = mn_project_next(w, task->cut, &begin, end);
        run_range(&j, task, &range);
    }
}

void mn_project_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_project_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
