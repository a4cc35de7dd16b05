/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from groups of four rows (layouts.h), and the ADD behind it, int8 and uint8, with 256-bit
 * vectors: tiles of one column of four rows x up to TILE_HALVES * 8 channels. Included behind one of the products_*.h,
 * with split(), which splits activations where the products need that; gives project_{i8,u8}_need() and _pack(),
 * project_layouts() and project_run(). */
#include "base/checked.h"
#include "kernels/tile/cut.h"
#include "kernels/tile/layouts.h"
#include "kernels/x86/add_q8_ymm.h"
#include "kernels/x86/interleave.h"
#include "kernels/x86/panel_q8_ymm.h"

enum { BLOCK_BYTES = MN_Q8_BLOCK_VECTORS * MN_Q8_VECTOR_BYTES };

_Static_assert((int)ROWS == (int)MN_Q8_ROWS, "a group of rows is what tiles multiply");

/* Products of a panel: all channels that blocks have. */
static int32_t depth_of(const mn_window *w) { return mn_groups_of(w->in_c, MN_Q8_LANES) * MN_Q8_LANES; }

/* Most products added up in 16 bits. Four have more rests, which long sums hardly notice. */
static int32_t most_together(const mn_window *w) { return depth_of(w) >= 384 ? 4 : 2; }

/* Workspace: sums of the inputs of a group of rows, for the zero point of weights; then the group as it is multiplied:
 * bytes, [column][group of products][row][4]; what accumulators begin with, and where in that those of each column do;
 * rests. */
static size_t sums_bytes(const mn_window *w, mn_type type) {
    return type == MN_UINT8 ? mn_round_up((size_t)w->out_w * ROWS * sizeof(int32_t), 64) : 0;
}

static size_t group_bytes(const mn_window *w) { return (size_t)depth_of(w) * (size_t)w->out_w * ROWS; }

static size_t starts_bytes(const mn_window *w) { return mn_round_up((size_t)w->out_w * sizeof(int32_t), 64); }

static size_t rests_bytes(const mn_window *w) {
    return mn_rests_q8_most(depth_of(w) / 4, MN_SPANS_Q8_FOURS, false) * (size_t)w->out_w * sizeof(mn_rest_q8);
}

/* Packed: panels; with SPLITS their spans, and how many products are added up in 16 bits; the ADD behind them, if there
 * is one. */
static size_t panels_bytes(const mn_window *w) {
    return (size_t)mn_panel_q8_count(w->out_c) * mn_panel_q8_bytes(depth_of(w));
}

static size_t spans_bytes(const mn_window *w) {
    return SPLITS ? mn_round_up(mn_spans_q8_bytes(depth_of(w) / 4) + sizeof(int32_t), 64) : 0;
}

static mn_spans_q8 spans_of(const mn_window *w, const void *packed) {
    return mn_spans_q8_at((char *)packed + panels_bytes(w), depth_of(w) / 4);
}

static int32_t *together_of(const mn_window *w, const void *packed) {
    return (int32_t *)(void *)((char *)packed + panels_bytes(w) + mn_spans_q8_bytes(depth_of(w) / 4));
}

static mn_add_q8 *add_of(const mn_window *w, const void *packed) {
    return (mn_add_q8 *)(void *)((char *)packed + panels_bytes(w) + spans_bytes(w));
}

static bool project_need(const mn_project_params *p, mn_type type, mn_kernel_need *need) {
    const mn_window *w = &p->conv.window;
    if (w->in_c > MN_Q8_MAX_DEPTH || !mn_requant_fits(p->conv.shift, w->out_c)) return false;
    if (p->adds && !mn_add_operands_fit(&p->add)) return false;
    if (SPLITS && w->out_w > MN_RESTS_Q8_COLUMNS) return false;
    need->packed_bytes = panels_bytes(w) + spans_bytes(w) + (p->adds ? sizeof(mn_add_q8) : 0);
    need->workspace_bytes = sums_bytes(w, type);
    if (SPLITS) need->workspace_bytes += group_bytes(w) + mn_rests_q8_sums(w->out_w) + starts_bytes(w) + rests_bytes(w);
    return true;
}

static void project_pack(const mn_project_params *p, mn_type type, const void *const *constants, void *packed) {
    const mn_q8_source source = mn_q8_conv_source(&p->conv, type, constants[1], constants[2]);
    const mn_window *w = &p->conv.window;
    const mn_spans_q8 spans = spans_of(w, packed);
    mn_panel_q8_pack(&source, depth_of(w), packed);
    if (SPLITS)
        *together_of(w, packed) = pack_spans(&source, depth_of(w), most_together(w), true, false, &spans, packed);
    if (p->adds) mn_add_q8_fill(&p->add, type, add_of(w, packed));
}

static bool project_i8_need(const void *params, mn_kernel_need *need) { return project_need(params, MN_INT8, need); }

static void project_i8_pack(const void *params, const void *const *constants, void *packed) {
    project_pack(params, MN_INT8, constants, packed);
}

static bool project_u8_need(const void *params, mn_kernel_need *need) { return project_need(params, MN_UINT8, need); }

static void project_u8_pack(const void *params, const void *const *constants, void *packed) {
    project_pack(params, MN_UINT8, constants, packed);
}

static void project_layouts(const void *params, mn_layout *in, mn_layout *out) {
    (void)params, (void)out;
    *in = mn_layout_q8();
}

/* ---- Epilogues ------------------------------------------------------------------------------------------ */

/* A group of rows. */
typedef struct job {
    const mn_project_params *p;
    mn_q8_zeros zeros;
    const mn_add_q8 *add;
    q8_add exact; /* without the short form */
    mn_extent in_extent;
    ptrdiff_t channels, row_stride; /* of results */
    panels panels;
    /* Blocks of activations but for the last, and that; from the first of the rows on. */
    const uint8_t *first, *last;
    int32_t blocks;
    ptrdiff_t block_stride, last_width; /* from block to block, and of a column of the last */
    mn_rests_q8 rests;                  /* with SPLITS */
    int32_t first_row;                  /* the first of the rows in what is split */
    int32_t together;                   /* what is added up in 16 bits, as packed */
    const int32_t *inputs;              /* [column][row] sums of them; for weight zero points */
    const uint8_t *residual;            /* of the first pixel and channel 0, or NULL */
    uint8_t *out;
    mn_q8_prefetch prefetch;
    size_t each; /* bytes to prefetch with a tile */
} job;

/* From [2 groups of channels][4 rows][4 channels] to [4 rows][8 channels]. */
Q8_INLINE __m256i rows_outside(__m256i bytes) {
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* Row `r` of four. */
Q8_INLINE __m128i row_of(__m256i bytes, int r) {
    const __m128i two = r < 2 ? _mm256_castsi256_si128(bytes) : _mm256_extracti128_si256(bytes, 1);
    return r % 2 ? _mm_srli_si128(two, 8) : two;
}

Q8_INLINE __m128i load_8(const uint8_t *from, int32_t count) {
    if (count >= Q8_LANES) return _mm_loadl_epi64((const __m128i *)(const void *)from);
    uint8_t bytes[16] = {0};
    memcpy(bytes, from, (size_t)count);
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

Q8_INLINE __m256i both_of(__m128i low, __m128i high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* Where the results of a piece's vector `i` are, from the first one's on; of vectors that do not exist, the last. */
Q8_INLINE ptrdiff_t offset_of(q8_shape s, const job *j, int i) {
    const int vector = i < s.rows * s.beside ? i : s.rows * s.beside - 1;
    return vector / s.rows * j->channels + vector % s.rows * j->row_stride;
}

/* The residual of a piece, [4 vectors][8 channels], centred. */
Q8_INLINE __m256i load_residual(q8_shape s, const job *j, const uint8_t *from, int32_t count) {
    __m128i row[ROWS];
    Q8_UNROLL for (int r = 0; r < ROWS; r++) row[r] = load_8(from + offset_of(s, j, r), count);
    const __m256i bytes = both_of(_mm_unpacklo_epi64(row[0], row[1]), _mm_unpacklo_epi64(row[2], row[3]));
    return _mm256_xor_si256(bytes, _mm256_set1_epi8((char)j->zeros.out_flip));
}

/* ADD of centred bytes in the exact form, 8 at a time. */
Q8_INLINE __m256i add_exactly(const q8_add *add, __m256i x, __m256i y) {
    __m256i values[ROWS];
    Q8_UNROLL for (int r = 0; r < ROWS; r++) {
        values[r] = q8_add_8(add, _mm256_cvtepi8_epi32(row_of(x, r)), _mm256_cvtepi8_epi32(row_of(y, r)));
    }
    return rows_outside(q8_narrow_4(values));
}

/* A piece, from accumulators to stored bytes: 8 channels of vector `half`, of which `count` exist, from column `x` on.
 * `plain`: floats alone, the short form of ADD, and no weight zero point. */
Q8_INLINE void finish_piece(q8_shape s, bool plain, const job *j, int32_t half, int32_t x, int32_t count,
                            __m256i values[ROWS]) {
    const int vectors = s.rows * s.beside;
    const mn_requant *requant = requant_of(&j->panels, half);
    const ptrdiff_t at = x * j->channels + half * Q8_LANES;
    if (plain) {
        q8_requant_floats(vectors, values, requant, half % 2);
    } else {
        Q8_UNROLL for (int r = 0; r < vectors; r++) {
            const int32_t over =
                j->zeros.weight ? mn_q8_product(j->zeros.weight, j->inputs[(x + r / s.rows) * ROWS + r % s.rows]) : 0;
            values[r] = _mm256_sub_epi32(values[r], _mm256_set1_epi32(over));
        }
        q8_requant_some(vectors, values, requant, half % 2);
    }
    Q8_UNROLL for (int r = vectors; r < ROWS; r++) values[r] = values[0];
    __m256i bytes = clamp(rows_outside(q8_narrow_4(values)), j->zeros.range);
    if (j->residual) {
        const __m256i other = load_residual(s, j, j->residual + at, count);
        const __m256i a = j->p->residual_first ? other : bytes, b = j->p->residual_first ? bytes : other;
        bytes = plain || j->add->is_short ? q8_add_short(j->add, a, b) : add_exactly(&j->exact, a, b);
        bytes = clamp(bytes, j->add->range);
    }
    bytes = _mm256_xor_si256(bytes, _mm256_set1_epi8((char)j->zeros.out_flip));
    uint8_t *out = j->out + at;
    Q8_UNROLL for (int r = 0; r < vectors; r++) q8_store_part(out + offset_of(s, j, r), row_of(bytes, r), count);
}

/* A tile that needs more, or whose last channels do not exist. */
Q8_NOINLINE static void finish_any(int rows, const job *j, int32_t half, int32_t halves, int32_t x,
                                   __m256i acc[TILE_HALVES][ROWS]) {
    for (int32_t v = 0; v < halves; v++) {
        const int32_t count = mn_min_i32((int32_t)j->channels - (half + v) * Q8_LANES, Q8_LANES);
        switch (rows) {
        case 4: finish_piece((q8_shape){4, 1, 1, 1}, false, j, half + v, x, count, acc[v]); break;
        case 3: finish_piece((q8_shape){3, 1, 1, 1}, false, j, half + v, x, count, acc[v]); break;
        case 2: finish_piece((q8_shape){2, 1, 1, 1}, false, j, half + v, x, count, acc[v]); break;
        default: finish_piece((q8_shape){1, 1, 1, 1}, false, j, half + v, x, count, acc[v]); break;
        }
    }
}

/* A plain tile of two columns of two rows. */
Q8_NOINLINE static void finish_beside(const job *j, int32_t half, int32_t x, __m256i acc[TILE_HALVES][ROWS]) {
    for (int32_t v = 0; v < TILE_HALVES; v++) {
        finish_piece((q8_shape){2, 2, 1, 1}, true, j, half + v, x, Q8_LANES, acc[v]);
    }
}

/* ---- Products ------------------------------------------------------------------------------------------- */

/* From column `x` on; constants let the compiler keep accumulators in registers. */
Q8_INLINE void run_tile(q8_shape s, bool plain, const job *j, int32_t half, int32_t x) {
    const int8_t *weights[TILE_MOST];
    __m256i acc[TILE_MOST][ROWS];
    begin_tile(s, &j->panels, half, &j->rests, x, j->first_row, weights, acc);
    const uint8_t *block = j->first + (ptrdiff_t)x * BLOCK_BYTES;
    ptrdiff_t k = 0;
    for (int32_t left = j->blocks; left > 0; left--, block += j->block_stride) {
        const uint8_t *in = left > 1 ? block : j->last + (ptrdiff_t)x * j->last_width;
        const ptrdiff_t width = left > 1 ? BLOCK_BYTES : j->last_width;
        k = dot_span(j->rests.together, s, in, width, weights, k, acc);
    }
    if (plain && s.beside == 1) {
        Q8_UNROLL for (int v = 0; v < s.halves; v++) {
            Q8_UNROLL for (int c = 0; c < s.apart; c++) {
                finish_piece(s, true, j, half + v, x + c * s.beside, Q8_LANES, acc[v + c]);
            }
        }
    } else {
        __m256i sums[TILE_MOST][ROWS]; /* in memory, so that the accumulators need not be */
        Q8_UNROLL for (int i = 0; i < s.halves * s.apart; i++) {
            Q8_UNROLL for (int r = 0; r < s.rows * s.beside; r++) sums[i][r] = acc[i][r];
        }
        if (s.beside > 1) finish_beside(j, half, x, sums);
        for (int c = 0; c < s.apart && s.beside == 1; c++) finish_any(s.rows, j, half, s.halves, x + c, sums + c);
    }
}

static bool is_plain(const job *j, int32_t half, int32_t halves) {
    return j->zeros.weight == 0 && (!j->residual || j->add->is_short) && are_floats(&j->panels, half, halves) &&
           (half + halves) * Q8_LANES <= j->channels;
}

/* As many columns from `x` on as are whole tiles; returns the next. Tiles with columns beside each other are for what
 * is plain. */
Q8_INLINE int32_t run_columns(q8_shape s, job *shared, int32_t half, int32_t x) {
    const bool plain = s.beside > 1 || is_plain(shared, half, s.halves);
    const job j = *shared; /* nothing that is written can change it */
    const char *prefetch = j.prefetch.from;
    begin_rests(s.halves, &j.panels, half, &j.rests);
    for (; x + s.beside * s.apart <= j.in_extent.width; x += s.beside * s.apart) {
        const size_t each = prefetch < j.prefetch.end ? j.each : 0;
        mn_q8_prefetch_now(prefetch, each);
        prefetch += each;
        run_tile(s, plain, &j, half, x);
    }
    shared->prefetch.from = prefetch;
    return x;
}

/* Columns of `halves` vectors of channels. A function for each kind of tile: with all of them in one the compiler does
 * not find a register for each accumulator. */
Q8_INLINE void run_whole(int32_t rows, int halves, job *j, int32_t half, int32_t x) {
    switch (rows) {
    case 4: run_columns((q8_shape){4, 1, 1, halves}, j, half, x); break;
    case 3: run_columns((q8_shape){3, 1, 1, halves}, j, half, x); break;
    case 2: run_columns((q8_shape){2, 1, 1, halves}, j, half, x); break;
    default: run_columns((q8_shape){1, 1, 1, halves}, j, half, x); break;
    }
}

Q8_NOINLINE static void run_most(int32_t rows, job *j, int32_t half, int32_t x) {
    run_whole(rows, TILE_HALVES, j, half, x);
}

Q8_NOINLINE static void run_two(int32_t rows, job *j, int32_t half) { run_whole(rows, 2, j, half, 0); }

Q8_NOINLINE static void run_one(int32_t rows, job *j, int32_t half, int32_t x) { run_whole(rows, 1, j, half, x); }

/* Three rows of more vectors. */
Q8_NOINLINE static void run_three_rows(job *j, int32_t half) {
    run_columns((q8_shape){3, 1, 1, TILE_MOST}, j, half, 0);
}

/* Two columns of two rows. */
Q8_NOINLINE static int32_t run_beside(job *j, int32_t half) {
    return run_columns((q8_shape){2, 2, 1, TILE_HALVES}, j, half, 0);
}

/* Several columns of one vector of channels. */
Q8_NOINLINE static int32_t run_apart(job *j, int32_t half) {
    return run_columns((q8_shape){4, 1, TILE_HALVES, 1}, j, half, 0);
}

/* Vectors [half, end) of 8 channels. Tiles of few accumulators would wait for dot products; split activations, which
 * other instructions multiply, do not. */
static void run_rows(int32_t rows, job *j, int32_t half, int32_t end) {
    while (half + TILE_HALVES <= end) {
        if (TILE_MOST > TILE_HALVES && rows == 3 && (end - half) % TILE_MOST == 0) {
            run_three_rows(j, half);
            half += TILE_MOST;
            continue;
        }
        const bool beside = !SPLITS && rows == 2 && is_plain(j, half, TILE_HALVES);
        run_most(rows, j, half, beside ? run_beside(j, half) : 0);
        half += TILE_HALVES;
    }
    if (half + 2 == end) {
        run_two(rows, j, half);
    } else if (half + 1 == end) {
        run_one(rows, j, half, !SPLITS && rows == ROWS ? run_apart(j, half) : 0);
    }
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* Sums over the channels of one group of rows at column `x`. */
Q8_TARGET static void sum_column(const mn_extent *e, const uint8_t *image, int32_t row, int32_t x, int32_t *sums) {
    __m256i total = _mm256_setzero_si256();
    for (int32_t b = 0; b < e->blocks; b++) {
        const int32_t width = mn_extent_block_vectors(e, b) * MN_Q8_VECTOR_BYTES;
        const uint8_t *in = image + mn_extent_offset(e, b, row) + (ptrdiff_t)x * width;
        for (int32_t i = 0; i < width; i += 32) {
            const __m256i pairs = _mm256_maddubs_epi16(q8_load(in + i), _mm256_set1_epi8(1));
            total = _mm256_add_epi32(total, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
        }
    }
    const __m128i rows = _mm_add_epi32(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    _mm_storeu_si128((__m128i *)(void *)sums, rows);
}

/* Splits all columns of group `row` into the memory `to`. */
static void split_columns(job *j, const uint8_t *image, int32_t row, const mn_spans_q8 *spans, uint8_t *to) {
    const mn_extent *e = &j->in_extent;
    const ptrdiff_t column = (ptrdiff_t)depth_of(&j->p->conv.window) * ROWS;
    mn_rest_q8 *rests = (mn_rest_q8 *)j->rests.end;
    for (int32_t x = 0; x < e->width; x++) {
        for (int32_t b = 0, quad = 0; b < e->blocks; b++, quad += BLOCK_BYTES / (ROWS * 4)) {
            const int32_t vectors = mn_extent_block_vectors(e, b);
            const uint8_t *from = image + mn_extent_offset(e, b, row) + (ptrdiff_t)x * vectors * MN_Q8_VECTOR_BYTES;
            const bool checks = j->together == MN_SPANS_Q8_CHECKED;
            rests = split(from, vectors, quad, checks, spans, to + x * column, &j->rests, rests);
        }
        mn_rests_q8_end_column(&j->rests, x, rests);
    }
}

/* Splits group `row`, of which rows from `skipped` on count, into the memory `to`. */
static void split_group(job *j, const uint8_t *image, int32_t row, int32_t skipped, const mn_spans_q8 *spans,
                        uint8_t *to) {
    const mn_extent *e = &j->in_extent;
    const mn_window *w = &j->p->conv.window;
    const ptrdiff_t column = (ptrdiff_t)depth_of(w) * ROWS;
    int32_t *sums = (int32_t *)(void *)(to + group_bytes(w)), *start = sums + mn_rests_q8_sums(w->out_w) / sizeof *sums;
    mn_rest_q8 *rests = (mn_rest_q8 *)(void *)((uint8_t *)start + starts_bytes(w));
    j->rests = mn_rests_q8_begin(start, sums, rests, NULL);
    if (j->together == MN_SPANS_Q8_PAIRS) mn_rests_q8_begin_pairs(&j->rests);
    split_columns(j, image, row, spans, to);
    if (j->together == MN_SPANS_Q8_CHECKED && mn_rests_q8_are_many(&j->rests, e->width, (int32_t)column / (ROWS * 4))) {
        mn_rests_q8_begin_pairs(&j->rests);
        split_columns(j, image, row, spans, to);
    }
    j->blocks = 1;
    j->last_width = column;
    j->first = j->last = to + skipped * 4;
    j->first_row = skipped;
}

/* Sets what the products of group `row` read, from row `y` on. */
static void take_group(job *j, const uint8_t *image, int32_t row, int32_t y) {
    const mn_extent *e = &j->in_extent;
    const int32_t last = e->blocks - 1;
    j->last_width = mn_extent_block_vectors(e, last) * MN_Q8_VECTOR_BYTES;
    j->blocks = e->blocks;
    j->block_stride = (ptrdiff_t)e->rows * (ptrdiff_t)e->width * BLOCK_BYTES;
    j->first = image + mn_extent_offset(e, 0, row) + y % ROWS * 4;
    j->last = image + mn_extent_offset(e, last, row) + y % ROWS * 4;
}

static void run_range(job *j, const mn_task *task, const mn_project_range *range, mn_type type) {
    const mn_window *w = &j->p->conv.window;
    const uint8_t *image = (const uint8_t *)task->inputs[0] + (size_t)range->batch * mn_extent_image(&j->in_extent);
    const mn_spans_q8 spans = spans_of(w, task->packed);
    const int32_t first = range->first_channel / Q8_LANES, end = mn_groups_of(range->last_channel, Q8_LANES);
    int32_t *sums = task->workspace;
    const size_t tiles = (size_t)mn_groups_of(range->last_row - range->first_row, ROWS) * (size_t)w->out_w *
                         (size_t)mn_groups_of(end - first, TILE_HALVES);
    j->prefetch = mn_q8_prefetch_of(task, MN_Q8_PREFETCH_MAX);
    j->each = mn_round_up((size_t)(j->prefetch.end - j->prefetch.from) / tiles, 64);
    for (int32_t y = range->first_row, next; y < range->last_row; y = next) {
        const size_t pixels = ((size_t)range->batch * (size_t)w->out_h + (size_t)y) * (size_t)w->out_w;
        const int32_t row = y / ROWS;
        next = mn_min_i32(range->last_row, (row + 1) * ROWS);
        if (SPLITS) {
            split_group(j, image, row, y % ROWS, &spans, (uint8_t *)task->workspace + sums_bytes(w, type));
        } else {
            take_group(j, image, row, y);
        }
        for (int32_t x = 0; x < w->out_w && j->zeros.weight; x++)
            sum_column(&j->in_extent, image, row, x, sums + x * ROWS);
        j->inputs = sums + y % ROWS;
        j->residual = j->p->adds ? (const uint8_t *)task->inputs[3] + pixels * (size_t)w->out_c : NULL;
        j->out = (uint8_t *)task->output + pixels * (size_t)w->out_c;
        run_rows(next - y, j, first, end);
    }
}

Q8_TARGET static void project_run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    job j = {.p = p,
             .zeros = mn_q8_zeros_of(&p->conv, type),
             .panels = {task->packed, mn_panel_q8_bytes(depth_of(w))},
             .together = SPLITS ? *together_of(w, task->packed) : MN_SPANS_Q8_PAIRS,
             .channels = w->out_c,
             .row_stride = (ptrdiff_t)w->out_w * w->out_c,
             .in_extent = mn_extent_of(mn_layout_q8(), w->in_h, w->in_w, w->in_c)};
    if (p->adds) j.add = add_of(w, task->packed);
    if (p->adds && !j.add->is_short) j.exact = q8_add_of(&p->add, type, type == MN_UINT8 ? 128 : 0);
    while (begin < end) {
        const mn_project_range range = mn_project_next(w, task->cut, &begin, end);
        run_range(&j, task, &range, type);
    }
}
