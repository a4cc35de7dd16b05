/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Streamed rows and pixels: random networks run in thought, in an arena whose every byte knows the unit it belongs to;
 * every cut into chains tried; and MobileNetV2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "plan/stream_chain.h"
#include "support/model_streams.h"
#include "support/rounds.h"

/* A ring of one unit less must be too short for some slice, but where a window with gaps needs such units that a
 * shorter ring has them by chance. */
static void check_rings_are_short(const sn_network *n, const mn_stream *stream, sn_arena *a, int32_t *short_rings) {
    for (int32_t t = 0; t < n->all.tensor_count; t++) {
        mn_stream_place *p = &stream->places[t];
        if (p->ring < 2) continue;
        p->ring--;
        const bool is_short = !sn_runs(n, stream, a);
        p->ring++;
        short_rings[is_short]++;
    }
}

static int64_t constants_read(const sn_network *n, const mn_stream *stream) {
    int64_t bytes = 0;
    for (int32_t s = 0; s < n->all.step_count; s++) {
        const mn_stream_turn *turn = &stream->turns[s];
        bytes += (int64_t)n->steps[s].constant_bytes * (turn->is_copied ? 1 : turn->slices);
    }
    return bytes;
}

static void check_answer(const sn_network *n, const mn_stream *stream, int32_t *short_rings) {
    sn_arena a;
    assert_true(sn_place(n, stream, &a));
    assert_true(sn_runs(n, stream, &a));
    assert_int_equal(a.bytes, stream->arena_bytes);
    assert_true(a.bytes >= stream->peak);
    assert_int_equal(constants_read(n, stream), stream->constant_bytes);
    check_rings_are_short(n, stream, &a, short_rings);
    free(a.unit_of);
}

/* The least memory; then more of it, in which as few constants are read or fewer. */
static void check_network(sn_network *n, int32_t *short_rings) {
    mn_region region = {0};
    mn_stream least, more;
    n->options.limit = 0;
    assert_int_equal(mn_stream_plan(&n->all, &n->options, &region, &least), MN_OK);
    check_answer(n, &least, short_rings);
    for (size_t limit = least.arena_bytes; n->pixels && limit < 2 * least.arena_bytes;) {
        n->options.limit = limit;
        assert_int_equal(mn_stream_plan(&n->all, &n->options, &region, &more), MN_OK);
        check_answer(n, &more, short_rings);
        assert_true(more.arena_bytes <= limit);
        limit += limit / 4 + 1;
    }
    mn_region_free(&region);
}

static void test_random_networks_run(void **state) {
    (void)state;
    uint32_t random = 1;
    int32_t short_rings[2] = {0, 0}; /* not, and yes */
    for (int32_t round = 0; round < rounds_of(240, 2000); round++) {
        sn_network n;
        sn_random(&n, &random, 24, round % 2 == 1);
        check_network(&n, short_rings);
    }
    print_message("%d of %d rings need every place\n", short_rings[1], short_rings[0] + short_rings[1]);
    assert_true(short_rings[1] > short_rings[0] * 20);
}

/* ---- Every cut -------------------------------------------------------------------------------------------- */

static bool may_be_chain(const sn_network *n, int32_t begin, int32_t end) {
    for (int32_t s = begin; s < end && end - begin > 1; s++) {
        if (!n->steps[s].by_units) return false;
    }
    return true;
}

typedef struct costs {
    size_t peak;
    int64_t cost; /* 64 for a slice, and constants */
} costs;

/* What is chosen: bit i of `cut` says that a chain ends behind step i, of `overlaps` that step i overlaps if it is
 * alone; chains have chunks digit by digit of `chunks`. */
typedef struct choice {
    uint32_t cut, overlaps, chunks;
} choice;

static int32_t chunk_count(const sn_network *n) { return mn_max_i32(n->options.chunk_count, 1); }

static bool weigh_choice(const sn_network *n, mn_chains *chains, const choice *it, costs *out) {
    uint32_t chunks = it->chunks;
    *out = (costs){0, 0};
    for (int32_t begin = 0, end = 1; begin < n->all.step_count; end++) {
        if (end < n->all.step_count && (it->cut >> (end - 1) & 1) == 0) continue;
        mn_chain chain;
        if (!may_be_chain(n, begin, end)) return false;
        mn_chain_set_chunk(chains, begin, end,
                           n->options.chunks ? n->options.chunks[(int32_t)chunks % chunk_count(n)] : 1);
        mn_chain_run(chains, begin, end, n->steps[begin].by_units && (it->overlaps >> begin & 1), NULL, &chain);
        out->peak = mn_max_size(out->peak, chain.bytes);
        out->cost += chain.slices * 64 + chain.constant_bytes;
        begin = end;
        chunks /= (uint32_t)chunk_count(n);
    }
    return true;
}

/* The least peak of all choices, and the least cost of those within `limit`. */
static costs best_of_all(const sn_network *n, mn_chains *chains, size_t limit) {
    const uint32_t cuts = UINT32_C(1) << (n->all.step_count - 1), overlaps = 2 * cuts;
    uint32_t chunks = 1;
    for (int32_t i = 0; i < n->all.step_count; i++) chunks *= (uint32_t)chunk_count(n);
    costs best = {SIZE_MAX, INT64_MAX};
    for (choice it = {0}; it.cut < cuts; it.cut++) {
        for (it.overlaps = 0; it.overlaps < overlaps; it.overlaps++) {
            for (it.chunks = 0; it.chunks < chunks; it.chunks++) {
                costs c;
                if (!weigh_choice(n, chains, &it, &c)) continue;
                best.peak = mn_min_size(best.peak, c.peak);
                if (c.peak <= limit && c.cost < best.cost) best.cost = c.cost;
            }
        }
    }
    return best;
}

static int64_t cost_of(const mn_stream *stream) { return stream->slice_count * INT64_C(64) + stream->constant_bytes; }

/* Is the answer the cheapest within a limit? It may have no arena as small. */
static bool check_limit(sn_network *n, mn_region *region, mn_chains *chains, size_t limit) {
    mn_stream stream;
    n->options.limit = limit;
    assert_int_equal(mn_stream_plan(&n->all, &n->options, region, &stream), MN_OK);
    assert_true(stream.arena_bytes <= limit);
    const int64_t best = best_of_all(n, chains, limit).cost;
    return cost_of(&stream) <= best; /* steps of a chain may have chunks of their own */
}

static void test_no_cut_is_better(void **state) {
    (void)state;
    uint32_t random = 7;
    const int32_t rounds = rounds_of(60, 400);
    int32_t cheapest = 0, limits = 0, least_peaks = 0;
    for (int32_t round = 0; round < rounds; round++) {
        sn_network n;
        mn_region region = {0};
        mn_chains chains;
        mn_stream stream;
        const bool pixels = round % 2 == 1;
        sn_random(&n, &random, pixels ? 4 : 6, pixels);
        n.options.copies = false;
        assert_int_equal(mn_chains_open(&n.all, &region, &chains), MN_OK);
        assert_int_equal(mn_stream_plan(&n.all, &n.options, &region, &stream), MN_OK);
        /* An order of more than the least peak may leave the arena fewer gaps. */
        const size_t least = best_of_all(&n, &chains, stream.peak).peak;
        assert_true(stream.peak >= least);
        least_peaks += stream.peak == least;
        assert_true(stream.arena_bytes > least || stream.peak == least);
        if (pixels) {
            const size_t limit = stream.arena_bytes + stream.arena_bytes / 8 * (size_t)(round % 5);
            cheapest += check_limit(&n, &region, &chains, limit);
            limits++;
        }
        mn_region_free(&region);
    }
    print_message("%d of %d orders are the cheapest, %d of %d have the least peak\n", cheapest, limits, least_peaks,
                  rounds);
    assert_true(least_peaks * 20 > rounds * 19);
    assert_true(cheapest * 4 > limits * 3);
}

/* Too many rows to try all chains: the search ends nevertheless, and what it finds is whole where it did not look. */
static void test_very_many_rows(void **state) {
    (void)state;
    mn_region region = {0};
    mn_stream stream;
    sn_network n;
    sn_begin(&n, 1, 64);
    int32_t x = sn_tensor(&n, 1 << 27, 1, 4);
    n.tensors[x].is_input = true;
    for (int32_t i = 0; i < 20; i++) x = sn_window(&n, x, 3, i % 2 + 1, 4);
    n.tensors[x].is_output = true;
    assert_int_equal(mn_stream_plan(&n.all, NULL, &region, &stream), MN_OK);
    assert_int_equal(stream.slice_count, 20); /* and no smaller tensor is worth rows */
    assert_int_equal(stream.slices[0].units, 1 << 27);
    mn_region_free(&region);
}

/* ---- MobileNetV2 ------------------------------------------------------------------------------------------ */

/* Bytes of a unit of so many channels, in an image of so many columns. */
static size_t unit_bytes(const sn_network *n, int32_t columns, size_t channels) {
    return n->pixels ? channels : (size_t)columns * channels;
}

/* A window of `k` rows and columns; `columns` is what the output has. */
static int32_t add_layer(sn_network *n, int32_t x, int32_t k, int32_t stride, size_t channels) {
    const int32_t columns = n->rows[x] / stride; /* images are square */
    return sn_window(n, x, k, stride, unit_bytes(n, columns, channels));
}

static int32_t add_blocks(sn_network *n, int32_t x) {
    static const int32_t groups[][4] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                                        {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
    size_t channels = 32;
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        for (int32_t i = 0; i < groups[g][2]; i++) {
            const int32_t stride = i == 0 ? groups[g][3] : 1, block = x;
            const size_t inner = channels * (size_t)groups[g][0];
            if (groups[g][0] > 1) {
                x = add_layer(n, x, 1, 1, inner);
                sn_last(n)->constant_bytes = channels * inner;
            }
            x = add_layer(n, x, 3, stride, inner);
            sn_last(n)->constant_bytes = 9 * inner;
            channels = (size_t)groups[g][1];
            x = add_layer(n, x, 1, 1, channels);
            sn_last(n)->constant_bytes = channels * inner;
            if (i > 0) x = sn_sum(n, x, block, true);
        }
    }
    return x;
}

/* 1.0 at 224, int8, its input whole or unit by unit as from a camera. */
static void make_mobilenet(sn_network *n, bool pixels, bool arrives) {
    static const int32_t chunks[] = {1, 2, 4, 8, 14, 16, 28, 32, 56, 64, 112, 128, 256};
    const int32_t columns = pixels ? 224 : 1;
    sn_begin(n, 1, pixels ? 4 : 64);
    n->pixels = pixels;
    if (pixels) n->options = (mn_stream_options){.chunks = chunks, .chunk_count = 13};
    const size_t bytes = unit_bytes(n, 224, 3);
    const int32_t input = arrives ? sn_step(n, 224, columns, bytes, true) : sn_tensor(n, 224, columns, bytes);
    if (arrives) sn_last(n)->row = columns;
    n->tensors[input].is_input = !arrives;
    int32_t x = add_layer(n, input, 3, 2, 32);
    sn_last(n)->constant_bytes = 27 * 32;
    x = add_layer(n, add_blocks(n, x), 1, 1, 1280);
    sn_last(n)->constant_bytes = 320 * 1280;
    if (pixels) {
        x = sn_mean(n, x, 1280);
    } else {
        const int32_t mean = sn_step(n, 1, 1, 1280, false);
        sn_read(n, x);
        x = mean;
    }
    n->tensors[sn_step(n, 1, 1, 1000, false)].is_output = true;
    sn_last(n)->constant_bytes = 1280 * 1000;
    sn_read(n, x);
}

/* What is asked for, and what comes out of it. */
typedef struct expectation {
    bool pixels, arrives;
    size_t limit;
    size_t arena_bytes;     /* exactly; 0: at most the limit */
    int64_t constant_bytes; /* at most; 0: any */
} expectation;

static void check_mobilenet(const expectation *e) {
    sn_network *n = malloc(sizeof *n);
    mn_region region = {0};
    mn_stream stream;
    sn_arena a;
    assert_non_null(n);
    make_mobilenet(n, e->pixels, e->arrives);
    n->options.limit = e->limit;
    n->options.copies = e->limit > 0;
    assert_int_equal(mn_stream_plan(&n->all, &n->options, &region, &stream), MN_OK);
    assert_true(sn_place(n, &stream, &a));
    assert_true(sn_runs(n, &stream, &a));
    print_message("%zu bytes, %d slices, %lld bytes of constants read\n", a.bytes, stream.slice_count,
                  (long long)stream.constant_bytes);
    assert_true(e->arena_bytes > 0 ? a.bytes == e->arena_bytes : a.bytes <= e->limit);
    assert_true(e->constant_bytes == 0 || stream.constant_bytes <= e->constant_bytes);
    free(a.unit_of);
    mn_region_free(&region);
    free(n);
}

static void test_mobilenet_by_rows(void **state) {
    (void)state;
    check_mobilenet(&(expectation){.arrives = true, .arena_bytes = 125696});
    check_mobilenet(&(expectation){.arena_bytes = 198912});
}

/* The weights are 3,469,760 bytes. A search by hand found 90,560 bytes and 183,232; 4.0 MB in 121 KB. */
static void test_mobilenet_by_pixels(void **state) {
    (void)state;
    check_mobilenet(&(expectation){.pixels = true, .arrives = true, .arena_bytes = 90180});
    check_mobilenet(&(expectation){.pixels = true, .arena_bytes = 179680});
    check_mobilenet(&(expectation){.pixels = true, .arrives = true, .limit = 121 << 10, .constant_bytes = 4163712});
    if (!tests_run_long()) return;
    check_mobilenet(&(expectation){.pixels = true, .arrives = true, .limit = 90 << 10, .constant_bytes = 40000000});
    check_mobilenet(&(expectation){.pixels = true, .limit = 184 << 10, .constant_bytes = 8000000});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks_run), cmocka_unit_test(test_no_cut_is_better),
        cmocka_unit_test(test_very_many_rows),      cmocka_unit_test(test_mobilenet_by_rows),
        cmocka_unit_test(test_mobilenet_by_pixels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
