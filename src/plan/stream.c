/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The search: the best way to run steps [0, n) ends with some chain [i, n) behind the best way to run [0, i). What a
 * chain takes does not depend on how the steps before and behind it are cut. */
#include "plan/stream.h"

#include "base/checked.h"
#include "plan/stream_chain.h"

/* The best way to run all steps before one: its last chain, and what the whole of it takes. */
typedef struct way {
    int32_t begin;
    bool overlaps;
    bool exists;
    size_t peak;
    int64_t slices;
    int64_t cost; /* slices, and a fine for each chain that takes more than is wanted */
} way;

enum { FINE = 1 << 20, MOST_ROWS = 1 << 25 };

typedef struct known {
    mn_chain *chains;
    int32_t count;
} known;

/* Looks for the least peak, or if that is known for the least cost within it. */
typedef struct search {
    mn_chains chains;
    size_t limit;  /* SIZE_MAX: not known */
    size_t wanted; /* bytes that a chain should take at most */
    way *ways;     /* [step_count + 1] */
    int64_t rows;  /* that may still be run in thought, so that the search ends in seconds whatever the model */
    /* [step_count + 1]: what chains take that end before a step: a single step, one that overlaps, then longer ones, as
     * far as they were looked at. */
    known *known;
} search;

static bool is_better(const search *s, const way *a, const way *b) {
    if (!b->exists) return true;
    if (s->limit == SIZE_MAX && a->peak != b->peak) return a->peak < b->peak;
    return a->cost < b->cost;
}

/* Rows that the steps of a chain make at most; one that runs at once counts as one. */
static int64_t most_rows(const search *s, int32_t begin, int32_t end, bool overlaps) {
    const mn_stream_steps *steps = s->chains.steps;
    int64_t rows = end - begin == 1 && !overlaps ? 1 : 0;
    for (int32_t i = begin; i < end && rows != 1; i++) rows += steps->tensors[steps->steps[i].output].rows;
    return rows;
}

/* Chains are looked at in the order of their numbers; NULL where that would take too long. */
static const mn_chain *look_at(search *s, int32_t begin, int32_t end, bool overlaps) {
    const int32_t number = end - begin == 1 ? overlaps : end - begin;
    known *k = &s->known[end];
    if (number < k->count) return &k->chains[number];
    const int64_t rows = most_rows(s, begin, end, overlaps);
    if (number > k->count || (rows > 1 && rows > s->rows)) return NULL;
    s->rows -= rows;
    mn_chain_run(&s->chains, begin, end, overlaps, NULL, &k->chains[k->count++]);
    return &k->chains[number];
}

/* Weighs the chain [begin, end) behind the best way to it; NULL if it was not looked at. */
static const mn_chain *weigh(search *s, int32_t begin, int32_t end, bool overlaps) {
    const way *before = &s->ways[begin];
    const mn_chain *chain = look_at(s, begin, end, overlaps);
    if (!chain) return NULL;
    const way new = {.begin = begin,
                     .overlaps = overlaps,
                     .exists = true,
                     .peak = mn_max_size(before->peak, chain->bytes),
                     .slices = before->slices + chain->slices,
                     .cost = before->cost + chain->slices + (chain->bytes > s->wanted ? FINE : 0)};
    if (before->exists && new.peak <= s->limit && is_better(s, &new, &s->ways[end])) s->ways[end] = new;
    return chain;
}

/* Can no longer chain that ends alike be better, or be looked at? */
static bool is_hopeless(const search *s, int32_t end, const mn_chain *chain) {
    if (!chain) return true;
    if (s->limit != SIZE_MAX) return chain->least > s->limit;
    return s->ways[end].exists && chain->least >= s->ways[end].peak;
}

static void find_ways(search *s) {
    const mn_stream_steps *steps = s->chains.steps;
    s->ways[0] = (way){.exists = true};
    for (int32_t end = 1; end <= steps->step_count; end++) {
        s->ways[end] = (way){.exists = false};
        weigh(s, end - 1, end, false);
        if (!steps->steps[end - 1].by_rows) continue;
        weigh(s, end - 1, end, true);
        const int32_t least = mn_max_i32(0, end - MN_CHAIN_STEPS);
        for (int32_t begin = end - 2; begin >= least; begin--) {
            if (!steps->steps[begin].by_rows) break;
            if (is_hopeless(s, end, weigh(s, begin, end, true))) break;
        }
    }
}

/* ---- The answer ------------------------------------------------------------------------------------------ */

/* Where whole tensors are used: throughout the chains that make and read them. */
static void place_whole(const mn_chains *c, int32_t begin, int32_t end, mn_stream *out) {
    for (int32_t t = 0; t < c->steps->tensor_count; t++) {
        mn_stream_place *place = &out->places[t];
        if (c->maker[t] >= begin && c->maker[t] < end) place->first = begin;
        if (c->last[t] >= begin && c->last[t] < end) place->last = end - 1;
    }
}

static void place_rings(const mn_chains *c, int32_t begin, int32_t end, mn_stream *out) {
    for (int32_t s = begin; s < end; s++) {
        const int32_t tensor = c->steps->steps[s].output;
        if (mn_chain_keeps_whole(c, begin, end, tensor)) continue;
        mn_stream_place *place = &out->places[tensor];
        place->ring = c->ring[tensor] < c->steps->tensors[tensor].rows ? c->ring[tensor] : 0;
        place->first = mn_min_i32(c->from[tensor], s);
        place->last = mn_max_i32(c->to[tensor], s);
    }
}

static void take_chain(search *s, int32_t end, mn_stream *out) {
    mn_chain chain;
    mn_chains *c = &s->chains;
    const way *last = &s->ways[end];
    mn_chain_run(c, last->begin, end, last->overlaps, out->slices + out->slice_count, &chain);
    out->slice_count += (int32_t)chain.slices;
    out->chain_ends[out->chain_count++] = end;
    place_whole(c, last->begin, end, out);
    place_rings(c, last->begin, end, out);
    if (chain.taken < 0 || chain.bytes + chain.saved <= s->wanted) return; /* no need: both are free to lie anywhere */
    out->places[chain.taken].below = c->steps->steps[end - 1].output;
    out->places[chain.taken].shift = chain.shift;
}

static mn_status answer(search *s, mn_region *region, mn_stream *out) {
    const mn_stream_steps *steps = s->chains.steps;
    const way *best = &s->ways[steps->step_count];
    if (best->slices > INT32_MAX) return mn_fail(MN_ERROR_LIMIT, "the model has too many rows for a streamed plan");
    *out = (mn_stream){.peak = best->peak};
    out->slices = mn_region_alloc(region, (size_t)best->slices, sizeof *out->slices);
    out->chain_ends = mn_region_alloc(region, (size_t)steps->step_count, sizeof *out->chain_ends);
    out->places = mn_region_alloc(region, (size_t)steps->tensor_count, sizeof *out->places);
    int32_t *ends = mn_region_alloc(region, (size_t)steps->step_count, sizeof *ends);
    if (!out->slices || !out->chain_ends || !out->places || !ends) return mn_fail_memory("the streamed plan");
    for (int32_t t = 0; t < steps->tensor_count; t++) {
        out->places[t] =
            (mn_stream_place){.first = -1, .last = steps->tensors[t].is_output ? steps->step_count : -1, .below = -1};
    }
    int32_t count = 0;
    for (int32_t end = steps->step_count; end > 0; end = s->ways[end].begin) ends[count++] = end;
    while (count-- > 0) take_chain(s, ends[count], out);
    return MN_OK;
}

void mn_stream_buffers(const mn_stream_steps *steps, const mn_stream *stream, mn_buffer *buffers) {
    for (int32_t t = 0; t < steps->tensor_count; t++) {
        const mn_stream_place *place = &stream->places[t];
        const int32_t rows = place->ring > 0 ? place->ring : steps->tensors[t].rows;
        buffers[t] = (mn_buffer){.bytes = (size_t)rows * steps->tensors[t].row_bytes,
                                 .first = place->first,
                                 .last = place->last,
                                 .below = place->below < 0 ? NULL : &buffers[place->below],
                                 .shift = place->shift};
    }
}

static mn_status find_arena(const mn_stream_steps *steps, mn_region *region, mn_stream *stream) {
    mn_buffer *buffers = mn_region_alloc(region, (size_t)steps->tensor_count, sizeof *buffers);
    if (!buffers) return mn_fail_memory("the streamed plan");
    mn_stream_buffers(steps, stream, buffers);
    return mn_memory_plan(buffers, steps->tensor_count, steps->alignment, &stream->arena_bytes);
}

/* Chains that take all there is leave tensors between them no choice of place: where the arena has gaps, chains of more
 * than some eighths of the peak are avoided if they can be. */
static mn_status try_to_fit(search *s, mn_region *region, mn_stream *out) {
    enum { EIGHTHS = 8, LEAST = 4 };
    for (size_t eighths = EIGHTHS; eighths >= LEAST; eighths--) {
        mn_stream stream;
        s->wanted = s->limit / EIGHTHS * eighths + s->limit % EIGHTHS;
        find_ways(s);
        MN_TRY(answer(s, region, &stream));
        MN_TRY(find_arena(s->chains.steps, region, &stream));
        if (eighths == EIGHTHS || stream.arena_bytes < out->arena_bytes) *out = stream;
        if (out->arena_bytes == out->peak) break;
    }
    return MN_OK;
}

mn_status mn_stream_plan(const mn_stream_steps *steps, mn_region *region, mn_stream *out) {
    search s = {.limit = SIZE_MAX, .wanted = SIZE_MAX, .rows = MOST_ROWS};
    MN_TRY(mn_chains_open(steps, region, &s.chains));
    s.ways = mn_region_alloc(region, (size_t)steps->step_count + 1, sizeof *s.ways);
    s.known = mn_region_alloc(region, (size_t)steps->step_count + 1, sizeof *s.known);
    if (!s.ways || !s.known) return mn_fail_memory("the streamed plan");
    for (int32_t end = 1; end <= steps->step_count; end++) {
        const size_t count = (size_t)mn_min_i32(end, MN_CHAIN_STEPS) + 1;
        s.known[end].chains = mn_region_alloc(region, count, sizeof(mn_chain));
        if (!s.known[end].chains) return mn_fail_memory("the streamed plan");
    }
    find_ways(&s);
    s.limit = s.ways[steps->step_count].peak;
    return try_to_fit(&s, region, out);
}
