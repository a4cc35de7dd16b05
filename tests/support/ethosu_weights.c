/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "support/ethosu_weights.h"

/* ---- Order: a list of places, one loop for each level of docs/ethos-u.md ------------------------------------------
 */

typedef struct listing {
    const mn_ethosu_filter *f;
    const int16_t *weights;
    int16_t *out;
    size_t count;
    int32_t core, out_end; /* channels of the core that are in the block */
} listing;

static void list(listing *l, int32_t out, int32_t y, int32_t x, int32_t in) {
    const mn_ethosu_filter *f = l->f;
    const bool is_padding = out >= l->out_end || y >= f->k_h || in >= f->in_c;
    const size_t channel = (size_t)out * (size_t)f->cores + (size_t)l->core;
    if (l->out) {
        l->out[l->count] =
            is_padding
                ? 0
                : l->weights[((channel * (size_t)f->k_h + (size_t)y) * (size_t)f->k_w + (size_t)x) * (size_t)f->in_c +
                             (size_t)in];
    }
    l->count++;
}

static void list_micro(listing *l, int32_t out, int32_t y, int32_t x, int32_t in) {
    for (int32_t a = 0; a < l->f->micro_out; a++) {
        for (int32_t b = 0; b < (l->f->depthwise ? 1 : l->f->micro_in); b++) list(l, out + a, y, x, in + b);
    }
}

/* A sub-kernel at row and column `at`, of size[0] by size[1] elements; `ins` input channels from `in` on. */
static void list_sub_kernel(listing *l, int32_t out_begin, int32_t in, int32_t ins, const int32_t at[2],
                            const int32_t size[2]) {
    const mn_ethosu_filter *f = l->f;
    const int32_t together = f->part_kernel && f->in_bits == 16 ? 2 : f->part_kernel || f->depthwise ? 4 : 1;
    const int32_t elements = (size[0] * size[1] + together - 1) / together * together;
    for (int32_t first = 0; first < (f->part_kernel ? ins : 1); first += f->micro_in) {
        for (int32_t out = out_begin; out < l->out_end; out += f->micro_out) {
            for (int32_t e = 0; e < elements; e++) {
                const bool inside = e < size[0] * size[1];
                for (int32_t i = first; i < (f->part_kernel ? first + 1 : ins); i += f->micro_in) {
                    list_micro(l, out, inside ? at[0] + e / size[1] : f->k_h, at[1] + e % size[1], in + i);
                }
            }
        }
    }
}

size_t ew_order(const mn_ethosu_filter *f, int32_t core, const int16_t *weights, int16_t *out) {
    const int32_t channels = mn_ethosu_core_channels(f, core), in_step = f->part_kernel || f->in_bits == 16 ? 16 : 32;
    const int32_t out_step = mn_max_i32(1, (f->block_depth + f->cores - 1 - core) / f->cores);
    const int32_t step[2] = {8 / f->dilation_h, 8 / f->dilation_w};
    listing l = {.f = f, .weights = weights, .out = out, .core = core};
    int32_t at[2];
    for (int32_t begin = 0; begin < channels; begin += out_step) {
        l.out_end = mn_min_i32(begin + out_step, channels);
        for (int32_t in = 0; in < f->in_c; in += in_step) {
            const int32_t ins = f->depthwise     ? f->micro_in
                                : f->part_kernel ? mn_min_i32(in_step, f->in_c - in)
                                                 : in_step;
            for (at[0] = 0; at[0] < f->k_h; at[0] += step[0]) {
                for (at[1] = 0; at[1] < f->k_w; at[1] += step[1]) {
                    const int32_t size[2] = {mn_min_i32(step[0], f->k_h - at[0]), mn_min_i32(step[1], f->k_w - at[1])};
                    list_sub_kernel(&l, begin, in, ins, at, size);
                }
            }
        }
    }
    return l.count;
}

/* ---- Coding ------------------------------------------------------------------------------------------------------ */

enum { MOST_WEIGHTS = 1 << 15, CODES = 512, PLAIN = 7, NO_RUNS = 6 };

typedef struct encoder {
    uint32_t seed;
    uint8_t *bytes;
    size_t bits, room; /* room in bits */
    bool has_zeros, is_first;
    uint32_t palette[32], palette_count, palette_bits, direct;
    uint32_t weight_div, run_div;
    bool is_plain, is_truncated;
} encoder;

/* One sequence of a slice: what is written of it, chunk by chunk. */
typedef struct symbols {
    const uint32_t *values;
    size_t count, div;
    size_t begun;   /* symbols whose quotients end in what is written */
    size_t written; /* symbols with remainders */
    size_t held;    /* symbols whose remainders follow in the next chunk */
    uint32_t left;  /* of a quotient that goes on */
    bool is_open;   /* `left` is that of symbol `begun` */
} symbols;

static uint32_t random_below(encoder *e, uint32_t limit) {
    e->seed = e->seed * 1664525u + 1013904223u;
    return (e->seed >> 8) % limit;
}

static void put(encoder *e, uint32_t value, size_t bits) {
    if (e->bits + bits > e->room) {
        const size_t used = (e->bits + 7) / 8;
        e->room = 2 * e->room + 4096;
        e->bytes = realloc(e->bytes, e->room / 8);
        if (e->bytes == NULL) abort();
        memset(e->bytes + used, 0, e->room / 8 - used);
    }
    for (size_t i = 0; i < bits; i++, e->bits++) {
        e->bytes[e->bits / 8] = (uint8_t)(e->bytes[e->bits / 8] | (value >> i & 1) << e->bits % 8);
    }
}

static uint32_t code_of(int16_t weight) { return weight < 0 ? (uint32_t)(-weight * 2 + 1) : (uint32_t)(weight * 2); }

/* The number that stands for a code; CODES: none does. */
static uint32_t index_of(const encoder *e, uint32_t code) {
    for (uint32_t i = 0; i < e->palette_count; i++) {
        if (e->palette[i] == code) return i;
    }
    const uint32_t index = code - e->direct + e->palette_count;
    return index < CODES ? index : CODES;
}

/* A palette of some codes that occur, or none, and an offset such that every weight has a number below CODES. */
static void choose_palette(encoder *e, const int16_t *weights, size_t count) {
    uint32_t largest = 0, least = 31, most = 0;
    for (size_t i = 0; i < count; i++) largest = code_of(weights[i]) > largest ? code_of(weights[i]) : largest;
    e->palette_count = largest + 32 >= CODES || random_below(e, 2) == 0 ? 0 : 2 + random_below(e, 31);
    for (uint32_t i = 0; i < e->palette_count; i++) e->palette[i] = code_of(weights[random_below(e, (uint32_t)count)]);
    e->direct = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t code = code_of(weights[i]), index = index_of(e, code);
        if (e->has_zeros && weights[i] == 0) continue;
        if (index >= e->palette_count && code < least) least = code;
        if (index > most) most = index;
    }
    e->direct = random_below(e, least + 1);
    e->palette_bits = e->palette_count > 0 ? 9 : 2 + random_below(e, 8);
    while (e->palette_count == 0 && most >> e->palette_bits > 0) e->palette_bits++;
}

/* The next chunk's unary bits of weights: those and their second halves. */
static size_t weight_unary(const encoder *e, symbols *s, uint32_t *first, uint32_t *second, size_t *second_bits) {
    const size_t length = e->is_plain && s->div > 5 ? 8 : 12;
    size_t n = 0;
    *first = *second = 0;
    *second_bits = 0;
    for (size_t i = 0; i < length; i++) {
        const size_t at = s->begun + n;
        if (!s->is_open) s->left = at < s->count && !e->is_plain ? s->values[at] >> s->div : 0;
        const uint32_t part = s->left < 2 ? s->left : 2;
        if (part > 0) {
            *first |= 1u << i;
            *second |= (part - 1) << (*second_bits)++;
        }
        s->left -= part;
        s->is_open = part == 2 && !e->is_truncated;
        if (!s->is_open) n++;
    }
    return n;
}

static size_t run_unary(symbols *s, size_t length, uint32_t *unary) {
    size_t n = 0;
    *unary = 0;
    for (size_t i = 0; i < length; i++) {
        const size_t at = s->begun + n;
        if (!s->is_open) s->left = at < s->count ? s->values[at] >> s->div : 0;
        s->is_open = s->left > 0;
        if (s->is_open) {
            *unary |= 1u << i;
            s->left--;
        } else {
            n++;
        }
    }
    return n;
}

static void put_remainders(encoder *e, symbols *s, size_t held) {
    for (size_t i = 0; i < s->held && s->written < s->count; i++, s->written++) {
        put(e, s->values[s->written] & ((1u << s->div) - 1), s->div);
    }
    s->begun += held;
    s->held = held;
}

static void put_chunks(encoder *e, symbols *weights, symbols *runs) {
    const size_t run_length = runs->div == 3 ? 8 : 12;
    while (weights->written < weights->count || runs->written < runs->count) {
        const bool has_weights =
            weights->begun < weights->count && (runs->count == 0 || weights->begun < runs->begun + 8);
        const bool has_runs = runs->begun < runs->count && weights->begun >= runs->begun;
        uint32_t first = 0, second = 0, unary = 0;
        size_t second_bits = 0;
        const size_t weights_held = has_weights ? weight_unary(e, weights, &first, &second, &second_bits) : 0;
        const size_t runs_held = has_runs ? run_unary(runs, run_length, &unary) : 0;
        if (has_weights && !e->is_plain) put(e, first, 12);
        if (has_runs) put(e, unary, run_length);
        put(e, second, second_bits);
        put_remainders(e, weights, weights_held);
        put_remainders(e, runs, runs_held);
    }
}

/* How the weights of a slice are written, such that all of them can be. */
static void choose_coding(encoder *e, uint32_t most) {
    uint32_t bits = e->palette_bits;
    if (e->palette_count > 0) {
        for (bits = 0; 1u << bits < e->palette_count;) bits++;
    }
    e->is_plain = most < 1u << bits && random_below(e, 3) == 0;
    e->is_truncated = false;
    e->weight_div = bits;
    if (e->is_plain) return;
    e->weight_div = random_below(e, 6);
    e->is_truncated = most >> e->weight_div <= 2 && random_below(e, 2) == 0;
}

/* One slice of weights and, with zeros apart, the runs around them. */
static void put_slice(encoder *e, const uint32_t *values, size_t count, const uint32_t *runs, bool has_palette) {
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++) most = values[i] > most ? values[i] : most;
    choose_coding(e, most);
    e->run_div = random_below(e, 4);
    put(e, e->has_zeros ? e->run_div : NO_RUNS, 3);
    put(e, (uint32_t)count - 1, 15);
    put(e, e->is_plain ? PLAIN : e->weight_div, 3);
    put(e, e->is_truncated, 1);
    put(e, has_palette, 1);
    if (has_palette) {
        put(e, e->direct, 5);
        put(e, e->palette_count > 0 ? e->palette_count - 1 : 0, 5);
        put(e, e->palette_bits - 2, 3);
        for (uint32_t i = 0; i < e->palette_count; i++) put(e, e->palette[i], e->palette_bits);
    }
    symbols w = {.values = values, .count = count, .div = e->weight_div};
    symbols z = {.values = runs, .count = e->has_zeros ? count + has_palette : 0, .div = e->run_div};
    put_chunks(e, &w, &z);
}

static void end_stream(encoder *e) {
    put(e, 7, 3);
    while (e->bits % 8 != 0) put(e, 1, 1);
    for (uint32_t i = random_below(e, 16); i > 0; i--) put(e, 0xff, 8);
}

/* `count` weights with one palette, in one slice or several. */
static void put_group(encoder *e, const int16_t *weights, size_t count, uint32_t *values, uint32_t *runs) {
    size_t kept = 0;
    e->has_zeros = random_below(e, 2) == 0;
    choose_palette(e, weights, count);
    runs[0] = 0;
    for (size_t i = 0; i < count; i++) {
        if (e->has_zeros && weights[i] == 0) {
            runs[kept]++;
        } else {
            values[kept++] = index_of(e, code_of(weights[i]));
            runs[kept] = 0;
        }
    }
    if (kept == 0) { /* a slice has a weight: the last zero is one */
        e->palette_count = e->direct = 0;
        values[kept++] = 0;
        runs[0]--;
        runs[1] = 0;
    }
    for (size_t at = 0; at < kept;) {
        size_t n = 1 + random_below(e, (uint32_t)(kept - at));
        if (n > MOST_WEIGHTS) n = MOST_WEIGHTS;
        put_slice(e, values + at, n, runs + at + (at > 0), at == 0);
        at += n;
    }
    if (random_below(e, 3) == 0) end_stream(e);
}

size_t ew_encode(const int16_t *weights, size_t count, uint32_t seed, uint8_t **stream) {
    encoder e = {.seed = seed};
    uint32_t *values = malloc((count + 1) * sizeof *values), *runs = malloc((count + 2) * sizeof *runs);
    if (values == NULL || runs == NULL) abort();
    for (size_t at = 0; at < count;) {
        const size_t n = 1 + random_below(&e, (uint32_t)(count - at));
        put_group(&e, weights + at, n, values, runs);
        at += n;
    }
    end_stream(&e);
    free(values);
    free(runs);
    *stream = e.bytes;
    return e.bits / 8;
}
