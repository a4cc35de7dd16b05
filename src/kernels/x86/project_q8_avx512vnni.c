/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A pointwise convolution from panels, and the ADD behind it, int8 and uint8, for AVX-512 VNNI. Tiles of four rows x
 * three columns x 32 channels, 24 accumulators; a panel's rows that do not exist are left out. */
#include "kernels/kernels.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>
#include <string.h>

#include "base/checked.h"
#include "kernels/panel.h"
#include "kernels/quant.h"
#include "kernels/x86/add_q8.h"
#include "kernels/x86/interleave.h"

enum { LANES = MN_REQUANT_LANES, ROWS = MN_PANEL_ROWS, COLUMNS = 3, VECTORS = 2, QUADS = MN_PANEL_CHANNELS / 4 };

/* 32 output channels; behind them the weights, [products / 4][vectors][16 channels][4]. */
typedef struct pair {
    int32_t start[VECTORS][LANES];
    mn_requant requant[VECTORS];
    _Alignas(64) int8_t weights[];
} pair;

/* Packed: this, then the pairs. */
typedef struct header {
    mn_add_q8 add;
} header;

static size_t header_bytes(void) { return mn_round_up(sizeof(header), 64); }

static int32_t out_vectors(const mn_window *w) { return (w->out_c + LANES - 1) / LANES; }
static int32_t pair_count(const mn_window *w) { return (out_vectors(w) + VECTORS - 1) / VECTORS; }
static int32_t pair_vectors(const mn_window *w, int32_t index) {
    return mn_min_i32(VECTORS, out_vectors(w) - index * VECTORS);
}

static size_t pair_bytes(const mn_window *w) {
    return mn_round_up(sizeof(pair) + (size_t)mn_panel_count(w->in_c, MN_PANEL_CHANNELS) * QUADS * VECTORS * 64, 64);
}

bool mn_project_i8_avx512vnni_need(const void *params, mn_kernel_need *need) {
    const mn_project_params *p = params;
    const mn_window *w = &p->conv.window;
    if (w->in_c > MN_Q8_MAX_DEPTH || !mn_requant_fits(p->conv.shift, w->out_c)) return false;
    if (p->adds && !mn_add_q8_fits(&p->add)) return false;
    *need = (mn_kernel_need){.packed_bytes = header_bytes() + pair_bytes(w) * (size_t)pair_count(w)};
    return true;
}

/* Sums of the inputs, for the zero point of the weights. */
bool mn_project_u8_avx512vnni_need(const void *params, mn_kernel_need *need) {
    const mn_window *w = &((const mn_project_params *)params)->conv.window;
    if (!mn_project_i8_avx512vnni_need(params, need)) return false;
    const size_t panels = (size_t)mn_panel_count(w->out_h, ROWS) * (size_t)w->out_w;
    need->scratch_bytes = panels * ROWS * sizeof(int32_t);
    return true;
}

/* ---- Packing -------------------------------------------------------------------------------------------- */

static void pack_pair(const mn_q8_source *s, int32_t first, int32_t vectors, pair *out) {
    for (int32_t v = 0; v < vectors; v++) {
        const mn_requant_lanes lanes = mn_q8_fill_requant(s, first + v * LANES, NULL, &out->requant[v]);
        const uint8_t *rows[LANES];
        int32_t sums[LANES] = {0};
        for (int32_t lane = 0; lane < LANES; lane++)
            rows[lane] = s->weights + (ptrdiff_t)lanes.channel[lane] * s->depth;
        mn_interleave(rows, s->depth, s->zeros.weight_flip, (size_t)vectors * 64, out->weights + v * 64, sums);
        for (int32_t lane = 0; lane < LANES; lane++) {
            out->start[v][lane] = mn_q8_start(s, lanes.channel[lane], sums[lane], out->requant[v].centre[lane]);
        }
    }
}

static void pack(const void *params, const void *const *constants, mn_type type, void *packed) {
    const mn_project_params *p = params;
    const mn_window *w = &p->conv.window;
    const mn_q8_source source = mn_q8_conv_source(&p->conv, type, constants[1], constants[2]);
    memset(packed, 0, header_bytes());
    if (p->adds) mn_add_q8_fill(&p->add, type, true, &((header *)packed)->add);
    for (int32_t i = 0; i < pair_count(w); i++) {
        char *to = (char *)packed + header_bytes() + (size_t)i * pair_bytes(w);
        memset(to, 0, pair_bytes(w)); /* each pair by itself, so that it stays in the cache */
        pack_pair(&source, i * VECTORS * LANES, pair_vectors(w, i), (pair *)(void *)to);
    }
}

void mn_project_i8_avx512vnni_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_INT8, packed);
}

void mn_project_u8_avx512vnni_pack(const void *params, const void *const *constants, void *packed) {
    pack(params, constants, MN_UINT8, packed);
}

/* ---- Running -------------------------------------------------------------------------------------------- */

/* One row of panels and one pair of vectors. */
typedef struct job {
    const mn_project_params *p;
    mn_q8_zeros zeros;
    const mn_add_q8 *add;
    const uint8_t *image; /* its panels, from the first of the rows on */
    int32_t row;          /* of panels */
    mn_panels layout;
    const int32_t *sums; /* [column][row] of the inputs; for weight zero points */
    const pair *pair;
    int32_t vectors, channel;
    const uint8_t *residual; /* of the first row, or NULL */
    uint8_t *out;            /* of the first row */
} job;

Q8_INLINE __m512i four_bytes(const uint8_t *p) {
    int32_t word;
    memcpy(&word, p, sizeof word);
    return _mm512_set1_epi32(word);
}

Q8_INLINE void multiply(int rows, int columns, int vectors, const job *j, int32_t x,
                        __m512i out[VECTORS][COLUMNS][ROWS]) {
    __m512i sums[VECTORS][COLUMNS][ROWS];
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        Q8_UNROLL for (int c = 0; c < columns; c++) {
            Q8_UNROLL for (int r = 0; r < rows; r++) sums[v][c][r] = _mm512_loadu_si512(j->pair->start[v]);
        }
    }
    const int8_t *weights = j->pair->weights;
    for (int32_t b = 0; b < j->layout.blocks; b++) {
        const int32_t width = mn_panel_block_vectors(&j->layout, b) * MN_PANEL_BYTES;
        const uint8_t *in = j->image + mn_panel_offset(&j->layout, 0, b, j->row) + (ptrdiff_t)x * width;
        for (const uint8_t *end = in + width; in < end; in += 16, weights += vectors * 64) {
            __m512i w[VECTORS];
            Q8_UNROLL for (int v = 0; v < vectors; v++) w[v] = _mm512_loadu_si512(weights + v * 64);
            Q8_UNROLL for (int c = 0; c < columns; c++) {
                Q8_UNROLL for (int r = 0; r < rows; r++) {
                    const __m512i four = four_bytes(in + (ptrdiff_t)c * width + r * 4);
                    Q8_UNROLL for (int v = 0; v < vectors; v++) {
                        sums[v][c][r] = _mm512_dpbusd_epi32(sums[v][c][r], four, w[v]);
                    }
                }
            }
        }
    }
    Q8_UNROLL for (int v = 0; v < vectors; v++) {
        Q8_UNROLL for (int c = 0; c < columns; c++) {
            Q8_UNROLL for (int r = 0; r < rows; r++) out[v][c][r] = sums[v][c][r];
        }
    }
}

/* Sums of a tile to stored bytes, with the residual added. */
typedef struct tile {
    __m512i sums[VECTORS][COLUMNS][ROWS];
    int32_t x, rows, columns;
} tile;

Q8_INLINE __m512i add_residual(const job *j, __m512i values, __mmask16 lanes, const uint8_t *residual) {
    const __m128i flip = _mm_set1_epi8((char)j->zeros.out_flip);
    const __m512i other = _mm512_cvtepi8_epi32(_mm_xor_si128(_mm_maskz_loadu_epi8(lanes, residual), flip));
    values = _mm512_max_epi32(values, _mm512_set1_epi32(j->zeros.range.min));
    values = _mm512_min_epi32(values, _mm512_set1_epi32(j->zeros.range.max));
    return j->p->residual_first ? mn_add_q8_run(j->add, other, values) : mn_add_q8_run(j->add, values, other);
}

/* One column of one vector: `t` has sums in all rows, and those that do not exist are not stored. */
Q8_INLINE void finish_column(const job *j, const tile *t, int32_t v, int32_t c, __mmask16 lanes, ptrdiff_t at) {
    const ptrdiff_t row_step = (ptrdiff_t)j->p->conv.window.out_w * j->p->conv.window.out_c;
    __m512i values[ROWS];
    Q8_UNROLL for (int r = 0; r < ROWS; r++) {
        values[r] = t->sums[v][c][r];
        if (j->zeros.weight && r < t->rows) {
            const int32_t over = mn_q8_product(j->zeros.weight, j->sums[(t->x + c) * ROWS + r]);
            values[r] = _mm512_sub_epi32(values[r], _mm512_set1_epi32(over));
        }
    }
    mn_q8_requant_some(ROWS, values, &j->pair->requant[v]);
    const mn_range_i32 range = j->residual ? j->add->range : j->zeros.range;
    if (j->residual) {
        const uint8_t *residual = j->residual + at;
        for (int32_t r = 0; r < t->rows; r++, residual += row_step) {
            values[r] = add_residual(j, values[r], lanes, residual);
        }
    }
    const __m512i bytes = mn_q8_narrow_4(values[0], values[1], values[2], values[3]);
    mn_q8_store_4(mn_q8_finish_64(bytes, range, j->zeros.out_flip), t->rows, lanes, j->out + at, row_step);
}

Q8_TARGET static void finish(const job *shared, const tile *t) {
    const job copy = *shared, *j = &copy; /* nothing that is written can change it */
    const int32_t channels = j->p->conv.window.out_c;
    for (int32_t v = 0; v < j->vectors; v++) {
        const int32_t channel = j->channel + v * LANES;
        const __mmask16 lanes = mn_q8_lanes(channels - channel);
        for (int32_t c = 0; c < t->columns; c++) {
            finish_column(j, t, v, c, lanes, (ptrdiff_t)(t->x + c) * channels + channel);
        }
    }
}

/* Constants let the compiler keep the sums in registers. */
Q8_INLINE void run_tile(int rows, int columns, int vectors, const job *j, int32_t x) {
    tile t;
    t.x = x, t.rows = rows, t.columns = columns;
    multiply(rows, columns, vectors, j, x, t.sums);
    finish(j, &t);
}

/* Tiles as equal as they can be: seven columns are three, two and two. */
Q8_INLINE void run_columns(int rows, int vectors, const job *j) {
    const int32_t width = j->p->conv.window.out_w, tiles = (width + COLUMNS - 1) / COLUMNS;
    for (int32_t i = 0, x = 0; i < tiles; i++) {
        const int32_t end = width * (i + 1) / tiles;
        switch (end - x) {
        case 3: run_tile(rows, 3, vectors, j, x); break;
        case 2: run_tile(rows, 2, vectors, j, x); break;
        default: run_tile(rows, 1, vectors, j, x); break;
        }
        x = end;
    }
}

Q8_INLINE void run_vectors(int rows, const job *j) {
    if (j->vectors == 2)
        run_columns(rows, 2, j);
    else
        run_columns(rows, 1, j);
}

Q8_TARGET static void run_rows(int32_t rows, const job *j) {
    switch (rows) {
    case 4: run_vectors(4, j); break;
    case 3: run_vectors(3, j); break;
    case 2: run_vectors(2, j); break;
    default: run_vectors(1, j); break;
    }
}

/* Sums over the channels of one row of panels, [column][row]. */
Q8_TARGET static void sum_panels(const mn_panels *l, const uint8_t *image, int32_t row, int32_t *sums) {
    for (int32_t x = 0; x < l->width; x++) {
        __m512i total = _mm512_setzero_si512();
        for (int32_t b = 0; b < l->blocks; b++) {
            const int32_t vectors = mn_panel_block_vectors(l, b);
            const uint8_t *in = image + mn_panel_offset(l, 0, b, row) + (ptrdiff_t)x * vectors * MN_PANEL_BYTES;
            for (int32_t v = 0; v < vectors; v++) {
                const __m512i bytes = _mm512_loadu_si512(in + v * MN_PANEL_BYTES);
                total = _mm512_dpbusd_epi32(total, bytes, _mm512_set1_epi8(1));
            }
        }
        const __m256i halves = _mm256_add_epi32(_mm512_castsi512_si256(total), _mm512_extracti64x4_epi64(total, 1));
        const __m128i rows = _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
        _mm_storeu_si128((__m128i *)(void *)(sums + (ptrdiff_t)x * ROWS), rows);
    }
}

/* Output rows [first, last) of one image; one pair of vectors after another, so that its weights stay near. */
static void run_image(job *j, const mn_task *task, int32_t batch, int32_t first, int32_t last) {
    const mn_window *w = &j->p->conv.window;
    const uint8_t *image = (const uint8_t *)task->inputs[0] + (size_t)batch * mn_panel_image_bytes(&j->layout);
    int32_t *sums = task->scratch;
    for (int32_t row = first / ROWS; row * ROWS < last && j->zeros.weight; row++) {
        sum_panels(&j->layout, image, row, sums + (ptrdiff_t)row * w->out_w * ROWS);
    }
    for (int32_t i = 0; i < pair_count(w); i++) {
        j->pair = (const pair *)(const void *)((const char *)task->packed + header_bytes() + (size_t)i * pair_bytes(w));
        j->vectors = pair_vectors(w, i);
        j->channel = i * VECTORS * LANES;
        for (int32_t y = first, next; y < last; y = next) {
            const size_t pixels = ((size_t)batch * (size_t)w->out_h + (size_t)y) * (size_t)w->out_w;
            const size_t at = pixels * (size_t)w->out_c;
            next = mn_min_i32(last, (y / ROWS + 1) * ROWS);
            j->image = image + y % ROWS * 4;
            j->row = y / ROWS;
            j->sums = sums ? sums + (ptrdiff_t)j->row * w->out_w * ROWS + y % ROWS : NULL;
            j->residual = j->p->adds ? (const uint8_t *)task->inputs[3] + at : NULL;
            j->out = (uint8_t *)task->output + at;
            run_rows(next - y, j);
        }
    }
}

static void run(const mn_task *task, int32_t begin, int32_t end, mn_type type) {
    const mn_project_params *p = task->params;
    const mn_window *w = &p->conv.window;
    const int32_t per_image = mn_panel_count(w->out_h, p->unit_rows);
    job j = {.p = p,
             .zeros = mn_q8_zeros_of(&p->conv, type),
             .add = &((const header *)task->packed)->add,
             .layout = mn_panels_of(w->in_h, w->in_w, w->in_c)};
    while (begin < end) {
        const int32_t batch = begin / per_image, first = begin % per_image,
                      last = mn_min_i32(per_image, first + end - begin);
        run_image(&j, task, batch, first * p->unit_rows, mn_min_i32(last * p->unit_rows, w->out_h));
        begin += last - first;
    }
}

void mn_project_i8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_INT8); }
void mn_project_u8_avx512vnni(const mn_task *task, int32_t begin, int32_t end) { run(task, begin, end, MN_UINT8); }

#endif
