/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Streamed rows: random networks run in thought, in an arena whose every byte knows the row it belongs to; every cut
 * into chains tried; and MobileNetV2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "plan/memory.h"
#include "plan/stream_chain.h"

enum { MOST_STEPS = 80, MOST_TENSORS = 96, MOST_READS = 2 };

typedef struct network {
    mn_stream_steps all;
    mn_stream_step steps[MOST_STEPS];
    mn_stream_read reads[MOST_STEPS][MOST_READS];
    mn_stream_tensor tensors[MOST_TENSORS];
    int32_t images, image_rows[MOST_TENSORS];
} network;

static int32_t random_between(uint32_t *state, int32_t low, int32_t high) {
    *state = *state * 1664525u + 1013904223u;
    return low + (int32_t)((*state >> 8) % (uint32_t)(high - low + 1));
}

/* ---- Making networks -------------------------------------------------------------------------------------- */

static void begin_network(network *n, int32_t images, size_t alignment) {
    memset(n, 0, sizeof *n);
    n->images = images;
    n->all = (mn_stream_steps){.steps = n->steps, .tensors = n->tensors, .alignment = alignment};
}

static int32_t add_tensor(network *n, int32_t rows, size_t row_bytes) {
    const int32_t tensor = n->all.tensor_count++;
    assert_true(tensor < MOST_TENSORS);
    n->image_rows[tensor] = rows;
    n->tensors[tensor] = (mn_stream_tensor){.row_bytes = row_bytes, .rows = rows * n->images};
    return tensor;
}

static int32_t add_step(network *n, int32_t out_rows, size_t row_bytes, bool by_rows) {
    const int32_t tensor = add_tensor(n, out_rows, row_bytes), step = n->all.step_count++;
    assert_true(step < MOST_STEPS);
    n->steps[step] = (mn_stream_step){.reads = n->reads[step], .output = tensor, .by_rows = by_rows};
    return tensor;
}

/* Adds a read to the step made last. */
static void add_read(network *n, int32_t tensor, int32_t stride, int32_t before, int32_t reach) {
    mn_stream_step *step = &n->steps[n->all.step_count - 1];
    n->reads[n->all.step_count - 1][step->read_count++] = (mn_stream_read){.tensor = tensor,
                                                                           .stride = stride,
                                                                           .before = before,
                                                                           .reach = reach,
                                                                           .in_rows = n->image_rows[tensor],
                                                                           .out_rows = n->image_rows[step->output]};
}

/* A filter of `k` rows; SAME padding. */
static int32_t add_window(network *n, int32_t tensor, int32_t k, int32_t stride, size_t row_bytes) {
    const int32_t rows = n->image_rows[tensor], out_rows = (rows + stride - 1) / stride;
    const int32_t padding = mn_max_i32(0, (out_rows - 1) * stride + k - rows);
    const int32_t output = add_step(n, out_rows, row_bytes, true);
    add_read(n, tensor, stride, padding / 2, k);
    return output;
}

static int32_t add_sum(network *n, int32_t a, int32_t b, bool in_place) {
    const int32_t output = add_step(n, n->image_rows[a], n->tensors[a].row_bytes, true);
    n->steps[n->all.step_count - 1].in_place = in_place;
    add_read(n, a, 1, 0, 1);
    add_read(n, b, 1, 0, 1);
    return output;
}

/* A tensor like `like` that is there, or -1. */
static int32_t find_like(const network *n, int32_t like, uint32_t *random) {
    const int32_t first = random_between(random, 0, n->all.tensor_count - 1);
    for (int32_t i = 0; i < n->all.tensor_count; i++) {
        const int32_t t = (first + i) % n->all.tensor_count;
        if (t != like && n->image_rows[t] == n->image_rows[like] &&
            n->tensors[t].row_bytes == n->tensors[like].row_bytes) {
            return t;
        }
    }
    return -1;
}

static int32_t add_random_step(network *n, int32_t last, uint32_t *random) {
    const size_t bytes = (size_t)random_between(random, 1, 4) * 8;
    const int32_t kind = random_between(random, 0, 11), other = find_like(n, last, random);
    if (kind <= 3 && other >= 0) return add_sum(n, last, other, kind < 2);
    if (kind == 4) { /* all at once */
        const int32_t output = add_step(n, random_between(random, 1, 5), bytes, false);
        add_read(n, last, 0, 0, 0);
        return output;
    }
    if (kind == 5) { /* rows, and all of something else */
        const int32_t output = add_step(n, n->image_rows[last], bytes, true);
        add_read(n, last, 1, 0, 1);
        add_read(n, random_between(random, 0, n->all.tensor_count - 2), 0, 0, 0);
        return output;
    }
    if (kind == 6) { /* a window that leaves rows out, or lies in padding alone */
        const int32_t rows = random_between(random, 1, n->image_rows[last] + 1);
        const int32_t output = add_step(n, rows, bytes, true);
        add_read(n, last, random_between(random, 1, 3), random_between(random, 0, 2), random_between(random, 1, 3));
        return output;
    }
    const int32_t k = random_between(random, 0, 2) * 2 + 1;
    return add_window(n, last, k, random_between(random, 1, 2), bytes);
}

static void make_random(network *n, uint32_t *random, int32_t most) {
    begin_network(n, random_between(random, 1, 2), (size_t)8 << random_between(random, 0, 2));
    int32_t last = add_tensor(n, random_between(random, 1, 12), 24);
    n->tensors[last].is_input = true;
    const int32_t steps = random_between(random, 1, most);
    for (int32_t i = 0; i < steps; i++) last = add_random_step(n, last, random);
    n->tensors[last].is_output = true;
    if (random_between(random, 0, 3) == 0) {
        n->tensors[random_between(random, 1, n->all.tensor_count - 1)].is_output = true;
    }
}

/* ---- Running in thought ----------------------------------------------------------------------------------- */

typedef struct arena {
    size_t bytes;
    int32_t *row_of; /* [bytes]: tensor * 65536 + row */
    size_t offset[MOST_TENSORS];
} arena;

static void place(const network *n, const mn_stream *stream, arena *a) {
    mn_buffer buffers[MOST_TENSORS];
    mn_stream_buffers(&n->all, stream, buffers);
    assert_int_equal(mn_memory_plan(buffers, n->all.tensor_count, n->all.alignment, &a->bytes), MN_OK);
    for (int32_t t = 0; t < n->all.tensor_count; t++) a->offset[t] = buffers[t].offset;
    a->row_of = calloc(a->bytes + 1, sizeof *a->row_of);
    assert_non_null(a->row_of);
}

static size_t place_of_row(const network *n, const mn_stream *stream, const arena *a, int32_t tensor, int32_t row) {
    const int32_t ring = stream->places[tensor].ring;
    return a->offset[tensor] + (size_t)(ring > 0 ? row % ring : row) * n->tensors[tensor].row_bytes;
}

static void write_row(const network *n, const mn_stream *stream, arena *a, int32_t tensor, int32_t row) {
    const size_t at = place_of_row(n, stream, a, tensor, row);
    for (size_t i = 0; i < n->tensors[tensor].row_bytes; i++) a->row_of[at + i] = tensor * 65536 + row;
}

static bool has_rows(const network *n, const mn_stream *stream, const arena *a, int32_t tensor, int32_t begin,
                     int32_t end) {
    for (int32_t row = begin; row < end; row++) {
        const size_t at = place_of_row(n, stream, a, tensor, row);
        for (size_t i = 0; i < n->tensors[tensor].row_bytes; i++) {
            if (a->row_of[at + i] != tensor * 65536 + row) return false;
        }
    }
    return true;
}

/* Rows [begin, end) of what `r` reads for output row `row`. */
static void find_rows(const network *n, const mn_stream_step *step, const mn_stream_read *r, int32_t row,
                      int32_t *begin, int32_t *end) {
    *begin = 0, *end = n->tensors[r->tensor].rows;
    if (!step->by_rows || r->reach == 0) return;
    const int32_t image = row / r->out_rows * r->in_rows, top = row % r->out_rows * r->stride - r->before;
    *begin = image + mn_clamp_i32(top, 0, r->in_rows);
    *end = image + mn_clamp_i32(top + r->reach, 0, r->in_rows);
}

static bool reads_well(const network *n, const mn_stream *stream, const arena *a, const mn_stream_step *step,
                       int32_t row) {
    for (int32_t i = 0; i < step->read_count; i++) {
        const mn_stream_read *r = &step->reads[i];
        int32_t begin, end;
        find_rows(n, step, r, row, &begin, &end);
        if (!has_rows(n, stream, a, r->tensor, begin, end)) return false;
    }
    return true;
}

/* Does a row lie apart from the rows that it is made of, or in the very place of one? */
static bool lies_well(const network *n, const mn_stream *stream, const arena *a, const mn_stream_step *step,
                      int32_t row) {
    const size_t at = place_of_row(n, stream, a, step->output, row), bytes = n->tensors[step->output].row_bytes;
    for (int32_t i = 0; i < step->read_count; i++) {
        const mn_stream_read *r = &step->reads[i];
        int32_t begin, end;
        find_rows(n, step, r, row, &begin, &end);
        for (int32_t from = begin; from < end; from++) {
            const size_t place = place_of_row(n, stream, a, r->tensor, from);
            const bool apart = place + n->tensors[r->tensor].row_bytes <= at || at + bytes <= place;
            const bool same = place == at && n->tensors[r->tensor].row_bytes == bytes && r->reach == 1;
            if (!apart && !(same && step->in_place)) return false;
        }
    }
    return true;
}

/* Does every slice find the rows it needs, is every row made once and in order, and are outputs there in the end? */
static bool runs(const network *n, const mn_stream *stream, arena *a) {
    int32_t next[MOST_STEPS] = {0};
    memset(a->row_of, 0xff, a->bytes * sizeof *a->row_of);
    for (int32_t t = 0; t < n->all.tensor_count; t++) {
        for (int32_t row = 0; n->tensors[t].is_input && row < n->tensors[t].rows; row++) {
            write_row(n, stream, a, t, row);
        }
    }
    for (int32_t i = 0; i < stream->slice_count; i++) {
        const mn_stream_slice *s = &stream->slices[i];
        const mn_stream_step *step = &n->steps[s->step];
        if (s->first != next[s->step]) return false;
        if (!step->by_rows && s->rows != n->tensors[step->output].rows) return false;
        for (int32_t row = s->first; row < s->first + s->rows; row++) {
            if (!reads_well(n, stream, a, step, row)) return false;
            if (step->by_rows && !lies_well(n, stream, a, step, row)) return false;
            if (step->by_rows) write_row(n, stream, a, step->output, row);
        }
        for (int32_t row = 0; !step->by_rows && row < s->rows; row++) write_row(n, stream, a, step->output, row);
        next[s->step] += s->rows;
    }
    for (int32_t t = 0; t < n->all.tensor_count; t++) {
        if (n->tensors[t].is_output && !has_rows(n, stream, a, t, 0, n->tensors[t].rows)) return false;
    }
    return true;
}

/* A ring of one row less must be too short for some slice. */
static void check_rings_are_short(const network *n, const mn_stream *stream, arena *a) {
    for (int32_t t = 0; t < n->all.tensor_count; t++) {
        mn_stream_place *p = &stream->places[t];
        if (p->ring < 2) continue;
        p->ring--;
        assert_false(runs(n, stream, a));
        p->ring++;
    }
}

static void check_network(const network *n) {
    mn_region region = {0};
    mn_stream stream;
    arena a;
    assert_int_equal(mn_stream_plan(&n->all, &region, &stream), MN_OK);
    place(n, &stream, &a);
    assert_true(runs(n, &stream, &a));
    assert_int_equal(a.bytes, stream.arena_bytes);
    assert_true(a.bytes >= stream.peak);
    check_rings_are_short(n, &stream, &a);
    free(a.row_of);
    mn_region_free(&region);
}

static void test_random_networks_run(void **state) {
    (void)state;
    uint32_t random = 1;
    for (int32_t round = 0; round < 2000; round++) {
        network n;
        make_random(&n, &random, 24);
        check_network(&n);
    }
}

/* ---- Every cut -------------------------------------------------------------------------------------------- */

static bool may_be_chain(const network *n, int32_t begin, int32_t end) {
    for (int32_t s = begin; s < end && end - begin > 1; s++) {
        if (!n->steps[s].by_rows) return false;
    }
    return true;
}

typedef struct costs {
    size_t peak;
    int64_t slices;
} costs;

/* The cut whose bit i says that a chain ends behind step i; single steps overlap as bits of `overlaps` say. */
static bool weigh_cut(const network *n, mn_chains *chains, uint32_t cut, uint32_t overlaps, costs *out) {
    *out = (costs){0, 0};
    for (int32_t begin = 0, end = 1; begin < n->all.step_count; end++) {
        if (end < n->all.step_count && (cut >> (end - 1) & 1) == 0) continue;
        mn_chain chain;
        if (!may_be_chain(n, begin, end)) return false;
        mn_chain_run(chains, begin, end, n->steps[begin].by_rows && (overlaps >> begin & 1), NULL, &chain);
        out->peak = mn_max_size(out->peak, chain.bytes);
        out->slices += chain.slices;
        begin = end;
    }
    return true;
}

static void test_no_cut_is_better(void **state) {
    (void)state;
    uint32_t random = 7;
    for (int32_t round = 0; round < 300; round++) {
        network n;
        mn_region region = {0};
        mn_chains chains;
        mn_stream stream;
        make_random(&n, &random, 6);
        assert_int_equal(mn_chains_open(&n.all, &region, &chains), MN_OK);
        assert_int_equal(mn_stream_plan(&n.all, &region, &stream), MN_OK);
        bool found = false;
        for (uint32_t cut = 0; cut < UINT32_C(1) << (n.all.step_count - 1); cut++) {
            for (uint32_t overlaps = 0; overlaps < UINT32_C(1) << n.all.step_count; overlaps++) {
                costs c;
                if (!weigh_cut(&n, &chains, cut, overlaps, &c)) continue;
                assert_true(c.peak >= stream.peak);
                found = found || (c.peak == stream.peak && c.slices == stream.slice_count);
            }
        }
        assert_true(found);
        mn_region_free(&region);
    }
}

/* Too many rows to try all chains: the search ends nevertheless, and what it finds is whole where it did not look. */
static void test_very_many_rows(void **state) {
    (void)state;
    mn_region region = {0};
    mn_stream stream;
    network n;
    begin_network(&n, 1, 64);
    int32_t x = add_tensor(&n, 1 << 27, 4);
    n.tensors[x].is_input = true;
    for (int32_t i = 0; i < 20; i++) x = add_window(&n, x, 3, i % 2 + 1, 4);
    n.tensors[x].is_output = true;
    assert_int_equal(mn_stream_plan(&n.all, &region, &stream), MN_OK);
    assert_int_equal(stream.slice_count, 20); /* and no smaller tensor is worth rows */
    assert_int_equal(stream.slices[0].rows, 1 << 27);
    mn_region_free(&region);
}

/* ---- MobileNetV2 ------------------------------------------------------------------------------------------ */

/* 1.0 at 224, int8, its input whole or row by row as from a camera. */
static void make_mobilenet(network *n, bool streamed_input) {
    static const int32_t groups[][4] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                        {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    begin_network(n, 1, 64);
    const int32_t input = streamed_input ? add_step(n, 224, 224 * 3, true) : add_tensor(n, 224, 224 * 3);
    n->tensors[input].is_input = !streamed_input;
    size_t channels = 32;
    int32_t x = add_window(n, input, 3, 2, 112 * channels);
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        for (int32_t i = 0; i < groups[g][2]; i++) {
            const int32_t stride = i == 0 ? groups[g][3] : 1, block = x;
            const size_t width = (size_t)n->image_rows[x], inner = channels * (size_t)groups[g][0];
            if (groups[g][0] > 1) x = add_window(n, x, 1, 1, width * inner);
            x = add_window(n, x, 3, stride, width / (size_t)stride * inner);
            channels = (size_t)groups[g][1];
            x = add_window(n, x, 1, 1, width / (size_t)stride * channels);
            if (i > 0) x = add_sum(n, x, block, true);
        }
    }
    x = add_window(n, x, 1, 1, 7 * 1280);
    const int32_t mean = add_step(n, 1, 1280, false);
    add_read(n, x, 0, 0, 0);
    n->tensors[add_step(n, 1, 1000, false)].is_output = true;
    add_read(n, mean, 0, 0, 0);
}

static void check_mobilenet(bool streamed_input, size_t expected) {
    network *n = malloc(sizeof *n);
    mn_region region = {0};
    mn_stream stream;
    arena a;
    assert_non_null(n);
    make_mobilenet(n, streamed_input);
    assert_int_equal(mn_stream_plan(&n->all, &region, &stream), MN_OK);
    place(n, &stream, &a);
    assert_true(runs(n, &stream, &a));
    assert_int_equal(a.bytes, expected);
    free(a.row_of);
    mn_region_free(&region);
    free(n);
}

static void test_mobilenet(void **state) {
    (void)state;
    check_mobilenet(true, 125696);
    check_mobilenet(false, 198912);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks_run),
        cmocka_unit_test(test_no_cut_is_better),
        cmocka_unit_test(test_very_many_rows),
        cmocka_unit_test(test_mobilenet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
