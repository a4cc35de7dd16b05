/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The search: the best way to run steps [0, n) ends with some chain [i, n) behind the best way to run [0, i). What a
 * chain takes does not depend on how the steps before and behind it are cut. */
#include "plan/stream.h"

#include <string.h>

#include "base/checked.h"
#include "plan/stream_chain.h"

/* A chain, and how it runs. */
typedef struct piece {
    int32_t begin, end;
    bool overlaps;
    bool apart;    /* its last output takes over no memory although it could */
    int32_t chunk; /* index of the widest slice */
} piece;

/* The best way to run all steps before one: its last chain, and what the whole of it takes. */
typedef struct way {
    piece last;
    bool exists;
    bool moved_before; /* of the way to the last chain: below */
    size_t peak;
    int64_t slices;
    int64_t cost; /* constants and slices, and a fine for each chain that takes more than is wanted */
} way;

/* What a slice costs if nobody says; and a fine that is worse than any order. */
static const int64_t usual_slice_cost = 64, fine = INT64_C(1) << 46;
enum { MOST_SLICES = 1 << 25 };

/* What a chain takes, and in how many slices each of its steps runs if that matters. */
typedef struct known {
    bool is_known;
    mn_chain chain;
    int32_t *slices_of;
    int32_t *refined;   /* chunks of its steps, found for so many bytes; or NULL */
    size_t refined_for; /* times 2; and 1 if the chain's last output lies apart */
} known;

/* Looks for the least peak, or if there is a limit for the least cost within it. */
typedef struct search {
    mn_chains chains;
    const mn_stream_options *options;
    const int32_t *chunks;
    int32_t chunk_count;
    size_t limit;  /* SIZE_MAX: none */
    size_t wanted; /* bytes that a chain should take at most */
    size_t spare;  /* bytes up to which tensors that could overlap lie apart */
    /* Tensors that take over memory one after another, each with a shift, move away from the first: by more in all than
     * there is room for, perhaps. If `strict`, they do so once; then they lie apart, or in the same place. */
    bool strict;
    way (*ways)[2]; /* [step_count + 1]: the last tensor has not moved, or it has, which counts if `strict` */
    int64_t slice_cost;
    int64_t slices; /* that may still be run in thought, so that the search ends in seconds whatever the model */
    /* [step_count + 1]: chains that end before a step, chunk by chunk: a single step, one that overlaps, then longer
     * ones */
    known ***known;
    int64_t least_reads; /* constants, from which on it is worth a thought to read a step's less often */
    mn_region *region;
    bool failed; /* out of memory */
} search;

static bool is_better(const search *s, const way *a, const way *b) {
    if (!b->exists) return true;
    if (s->limit == SIZE_MAX && a->peak != b->peak) return a->peak < b->peak;
    return a->cost < b->cost;
}

/* ---- Constants that are copied --------------------------------------------------------------------------- */

/* Constants of steps are copied while a chain runs, those first that are read most often, as far as `room` goes.
 * Returns the bytes that are not read for that; `copied`, [end - begin], may be NULL. */
static int64_t copy_constants(const search *s, const piece *p, const int32_t *slices_of, size_t room, bool *copied) {
    const mn_stream_steps *steps = s->chains.steps;
    int64_t saved = 0;
    bool taken[MN_CHAIN_STEPS] = {false};
    for (int32_t best = 0; best >= 0;) {
        best = -1;
        for (int32_t i = 0; i < p->end - p->begin; i++) {
            const size_t bytes = mn_round_up(steps->steps[p->begin + i].constant_bytes, steps->alignment);
            if (taken[i] || bytes == 0 || bytes > room || slices_of[i] < 2) continue;
            if (best < 0 || slices_of[i] > slices_of[best]) best = i;
        }
        if (best < 0) break;
        taken[best] = true;
        room -= mn_round_up(steps->steps[p->begin + best].constant_bytes, steps->alignment);
        saved += (int64_t)steps->steps[p->begin + best].constant_bytes * (slices_of[best] - 1);
        if (copied) copied[best] = true;
    }
    return saved;
}

/* What may be copied beside a chain that takes so many bytes. */
static size_t room_beside(const search *s, size_t bytes) {
    if (s->limit == SIZE_MAX || !s->options->copies) return 0;
    const size_t most = bytes > s->wanted ? s->limit : mn_min_size(s->wanted, s->limit);
    return bytes < most ? most - bytes : 0;
}

/* ---- Chains ---------------------------------------------------------------------------------------------- */

/* Slices that the steps of a chain run in, at most; one that runs at once counts as one. */
static int64_t most_slices(const search *s, const piece *p) {
    const mn_stream_steps *steps = s->chains.steps;
    if (p->end - p->begin == 1 && !p->overlaps) return 1;
    int64_t slices = 0;
    for (int32_t i = p->begin; i < p->end; i++) {
        const int32_t units = steps->tensors[steps->steps[i].output].units, row = steps->steps[i].row;
        slices += units / s->chunks[p->chunk] + (row > 0 ? units / row : 1);
    }
    return slices;
}

static bool keep_slices(search *s, const piece *p, known *k) {
    if (!s->options->copies) return true;
    k->slices_of = mn_region_alloc(s->region, (size_t)(p->end - p->begin), sizeof *k->slices_of);
    if (!k->slices_of) return false;
    for (int32_t i = p->begin; i < p->end; i++) k->slices_of[i - p->begin] = s->chains.slices_of[i];
    return true;
}

/* Bytes beyond which a chain is of no use: of longer ones too that end alike. */
static size_t most_useful(const search *s, int32_t end) {
    if (s->limit != SIZE_MAX) return s->limit;
    const way *w = s->ways[end];
    const size_t most = w[0].exists ? w[0].peak : SIZE_MAX;
    if (!s->strict) return most;
    return w[1].exists ? mn_max_size(most, w[1].peak) : SIZE_MAX;
}

/* NULL: out of memory. */
static known *known_of(search *s, const piece *p) {
    const int32_t length = p->end - p->begin, number = length == 1 ? p->overlaps : length;
    known **chunks = &s->known[p->end][number];
    if (!*chunks) *chunks = mn_region_alloc(s->region, (size_t)s->chunk_count, sizeof **chunks);
    return *chunks ? &(*chunks)[p->chunk] : NULL;
}

/* NULL where that would take too long. */
static const known *look_at(search *s, const piece *p) {
    known *k = known_of(s, p);
    const size_t most = most_useful(s, p->end);
    if (!k) s->failed = true;
    if (!k) return NULL;
    if (k->is_known && !(k->chain.is_given_up && k->chain.least <= most)) return k;
    const int64_t slices = most_slices(s, p);
    if (s->failed || (slices > 1 && slices > s->slices)) return NULL;
    s->chains.most = most;
    mn_chain_set_chunk(&s->chains, p->begin, p->end, s->chunks[p->chunk]);
    mn_chain_run(&s->chains, p->begin, p->end, p->overlaps, NULL, &k->chain);
    s->slices -= s->chains.slice_count;
    s->chains.most = SIZE_MAX;
    k->is_known = keep_slices(s, p, k);
    s->failed = !k->is_known;
    return k->is_known ? k : NULL;
}

/* Bytes that a chain takes. */
static size_t bytes_of(const piece *p, const mn_chain *chain) { return chain->bytes + (p->apart ? chain->saved : 0); }

/* What is left to read of a chain's constants if some are copied, and slices. */
static int64_t cost_of(const search *s, const piece *p, const mn_chain *chain, const int32_t *slices_of) {
    const size_t bytes = bytes_of(p, chain), room = room_beside(s, bytes);
    const int64_t saved = room > 0 ? copy_constants(s, p, slices_of, room, NULL) : 0;
    return chain->slices * s->slice_cost + chain->constant_bytes - saved + (bytes > s->wanted ? fine : 0);
}

/* Can a chain not be part of a better way, whatever it takes itself? */
static bool is_useless(const search *s, const piece *p) {
    const size_t most = most_useful(s, p->end);
    for (const way *before = s->ways[p->begin]; before < s->ways[p->begin] + 2; before++) {
        if (before->exists && before->peak <= most) return s->chains.crossing[p->begin] > most;
    }
    return true;
}

/* Tries a chain behind a way to it. */
static void try_way(search *s, const piece *p, const known *k, bool moved_before, bool moved) {
    const way *before = &s->ways[p->begin][moved_before];
    if (!before->exists) return;
    const way new = {.last = *p,
                     .exists = true,
                     .moved_before = moved_before,
                     .peak = mn_max_size(before->peak, bytes_of(p, &k->chain)),
                     .slices = before->slices + k->chain.slices,
                     .cost = before->cost + cost_of(s, p, &k->chain, k->slices_of)};
    way *best = &s->ways[p->end][moved];
    if (new.peak <= s->limit && is_better(s, &new, best)) *best = new;
}

/* Weighs a chain behind the best ways to it. Is it worth looking at longer ones that end alike? */
static bool weigh(search *s, piece p) {
    if (is_useless(s, &p)) return true;
    const known *k = look_at(s, &p);
    if (!k) return false;
    const mn_chain *chain = &k->chain;
    if (chain->is_given_up) return false;
    const bool takes = s->strict && chain->taken >= 0, shifts = takes && chain->shift > 0;
    for (int32_t moved = 0; moved <= (s->strict ? 1 : 0); moved++) {
        if (!shifts || !moved) try_way(s, &p, k, moved, takes && (shifts || moved));
        if (!takes) continue;
        p.apart = true;
        try_way(s, &p, k, moved, false);
        p.apart = false;
    }
    return chain->least <= most_useful(s, p.end);
}

static void weigh_chunk(search *s, int32_t end, int32_t chunk) {
    const mn_stream_step *steps = s->chains.steps->steps;
    weigh(s, (piece){.begin = end - 1, .end = end, .overlaps = true, .chunk = chunk});
    const int32_t least = mn_max_i32(0, end - MN_CHAIN_STEPS);
    for (int32_t begin = end - 2; begin >= least && steps[begin].by_units; begin--) {
        if (!weigh(s, (piece){.begin = begin, .end = end, .overlaps = true, .chunk = chunk})) break;
    }
}

static void find_ways(search *s) {
    const mn_stream_steps *steps = s->chains.steps;
    s->ways[0][0] = (way){.exists = true};
    for (int32_t end = 1; end <= steps->step_count; end++) {
        s->ways[end][0] = s->ways[end][1] = (way){.exists = false};
        weigh(s, (piece){.begin = end - 1, .end = end});
        for (int32_t i = 0; steps->steps[end - 1].by_units && i < s->chunk_count; i++) weigh_chunk(s, end, i);
    }
}

/* The best way to run all steps before `end`. */
static const way *best_way(const search *s, int32_t end) {
    const way *w = s->ways[end];
    return w[1].exists && is_better(s, &w[1], &w[0]) ? &w[1] : &w[0];
}

/* ---- The answer ------------------------------------------------------------------------------------------ */

/* Where whole tensors are used: throughout the chains that make and read them. */
static void place_whole(const mn_chains *c, const piece *p, mn_stream *out) {
    for (int32_t t = 0; t < c->steps->tensor_count; t++) {
        mn_stream_place *place = &out->places[t];
        if (c->maker[t] >= p->begin && c->maker[t] < p->end) place->first = p->begin;
        if (c->last[t] >= p->begin && c->last[t] < p->end) place->last = p->end - 1;
    }
}

static void place_rings(const mn_chains *c, const piece *p, mn_stream *out) {
    for (int32_t s = p->begin; s < p->end; s++) {
        const int32_t tensor = c->steps->steps[s].output;
        if (mn_chain_keeps_whole(c, p->begin, p->end, tensor)) continue;
        mn_stream_place *place = &out->places[tensor];
        place->ring = c->ring[tensor] < mn_chain_places(c, tensor) ? c->ring[tensor] : 0;
        place->first = mn_min_i32(c->from[tensor], s);
        place->last = mn_max_i32(c->to[tensor], s);
    }
}

static void add_extra(mn_stream *out, mn_stream_extra extra) {
    if (extra.bytes > 0) out->extras[out->extra_count++] = extra;
}

/* How the steps of the chain that ran last take their turns. */
static void take_turns(const search *s, const piece *p, const mn_chain *chain, mn_stream *out) {
    const mn_chains *c = &s->chains;
    bool copied[MN_CHAIN_STEPS] = {false};
    const size_t room = room_beside(s, bytes_of(p, chain));
    out->constant_bytes += chain->constant_bytes;
    if (room > 0) out->constant_bytes -= copy_constants(s, p, c->slices_of + p->begin, room, copied);
    for (int32_t i = p->begin; i < p->end; i++) {
        const mn_stream_step *step = &c->steps->steps[i];
        const bool copy = copied[i - p->begin];
        out->turns[i] = (mn_stream_turn){.chunk = c->chunk[i], .slices = c->slices_of[i], .is_copied = copy};
        add_extra(out, (mn_stream_extra){.step = i, .bytes = mn_chain_workspace(c, i), .first = i, .last = i});
        add_extra(out, (mn_stream_extra){.step = i,
                                         .is_copy = true,
                                         .bytes = copy ? step->constant_bytes : 0,
                                         .first = p->begin,
                                         .last = p->end - 1});
    }
}

/* ---- Chunks of single steps ------------------------------------------------------------------------------ */

/* The chain at hand, whose steps may get wider slices than others of the chain. */
typedef struct refinement {
    search *search;
    const piece *piece;
    size_t most; /* bytes */
    int64_t cost, slices;
} refinement;

static bool is_cheaper(refinement *r) {
    mn_chains *c = &r->search->chains;
    mn_chain chain;
    c->most = r->most;
    mn_chain_run(c, r->piece->begin, r->piece->end, true, NULL, &chain);
    c->most = SIZE_MAX;
    if (chain.is_given_up || bytes_of(r->piece, &chain) > r->most || chain.slices > r->slices) return false;
    const int64_t cost = cost_of(r->search, r->piece, &chain, c->slices_of + r->piece->begin);
    if (cost >= r->cost) return false;
    r->cost = cost;
    r->slices = chain.slices;
    return true;
}

/* Tries other chunks for steps [from, to]; keeps them if that is cheaper. */
static bool try_wider(refinement *r, int32_t from, int32_t to, int32_t factor, int32_t more) {
    mn_chains *c = &r->search->chains;
    int32_t before[MN_CHAIN_STEPS];
    bool changes = false;
    for (int32_t s = from; s <= to; s++) {
        const int32_t units = c->steps->tensors[c->steps->steps[s].output].units;
        before[s - from] = c->chunk[s];
        c->chunk[s] = mn_min_i32(c->chunk[s] * factor + more, units);
        changes = changes || c->chunk[s] != before[s - from];
    }
    if (changes && is_cheaper(r)) return true;
    for (int32_t s = from; s <= to; s++) c->chunk[s] = before[s - from];
    return false;
}

/* Widens the slices of steps that read many constants, with those in front that they wait for, while that pays. */
static void widen(search *s, const piece *p, size_t most) {
    enum { ROUNDS = 8, TOGETHER = 3 };
    mn_chains *c = &s->chains;
    mn_chain chain;
    mn_chain_run(c, p->begin, p->end, true, NULL, &chain);
    refinement r = {.search = s, .piece = p, .most = most, .slices = chain.slices};
    r.cost = cost_of(s, p, &chain, c->slices_of + p->begin);
    bool better = true;
    for (int32_t round = 0; round < ROUNDS && better; round++) {
        better = false;
        for (int32_t i = p->begin; i < p->end; i++) {
            const int64_t reads = (int64_t)c->steps->steps[i].constant_bytes * (c->slices_of[i] - 1);
            if (reads < s->least_reads) continue;
            for (int32_t from = i; from >= p->begin && from > i - TOGETHER; from--) {
                better = try_wider(&r, from, i, 2, 0) || better;
                better = try_wider(&r, from, i, 1, 1) || better;
            }
        }
    }
}

/* Chunks for the steps of a chain that overlaps, in the bytes that it may take. */
static void set_chunks(search *s, const piece *p) {
    mn_chains *c = &s->chains;
    known *k = known_of(s, p);
    const size_t most = bytes_of(p, &k->chain) > s->wanted ? s->limit : mn_min_size(s->wanted, s->limit);
    const size_t key = 2 * most + p->apart;
    const size_t count = (size_t)(p->end - p->begin);
    mn_chain_set_chunk(c, p->begin, p->end, s->chunks[p->chunk]);
    if (!p->overlaps || s->chunk_count == 1) return;
    if (k->refined && k->refined_for == key) {
        memcpy(&c->chunk[p->begin], k->refined, count * sizeof *c->chunk);
        return;
    }
    widen(s, p, most);
    if (!k->refined) k->refined = mn_region_alloc(s->region, count, sizeof *k->refined);
    k->refined_for = key;
    if (k->refined) memcpy(k->refined, &c->chunk[p->begin], count * sizeof *c->chunk);
}

static void take_chain(search *s, const piece *p, mn_stream *out) {
    mn_chain chain;
    mn_chains *c = &s->chains;
    set_chunks(s, p);
    mn_chain_run(c, p->begin, p->end, p->overlaps, out->slices + out->slice_count, &chain);
    out->slice_count += (int32_t)chain.slices;
    out->peak = mn_max_size(out->peak, bytes_of(p, &chain));
    out->chain_ends[out->chain_count++] = p->end;
    place_whole(c, p, out);
    place_rings(c, p, out);
    take_turns(s, p, &chain, out);
    if (chain.taken < 0 || p->apart || chain.bytes + chain.saved <= s->spare)
        return; /* no need: both are free to lie anywhere */
    out->places[chain.taken].below = c->steps->steps[p->end - 1].output;
    out->places[chain.taken].shift = chain.shift;
}

static mn_status alloc_answer(const mn_stream_steps *steps, int64_t slices, mn_region *region, mn_stream *out) {
    if (slices > INT32_MAX) return mn_fail(MN_ERROR_LIMIT, "the model has too many rows for a streamed plan");
    const size_t step_count = (size_t)steps->step_count;
    out->slices = mn_region_alloc(region, (size_t)slices, sizeof *out->slices);
    out->chain_ends = mn_region_alloc(region, step_count, sizeof *out->chain_ends);
    out->places = mn_region_alloc(region, (size_t)steps->tensor_count, sizeof *out->places);
    out->turns = mn_region_alloc(region, step_count, sizeof *out->turns);
    out->extras = mn_region_alloc(region, 2 * step_count, sizeof *out->extras);
    const bool good = out->slices && out->chain_ends && out->places && out->turns && out->extras;
    return good ? MN_OK : mn_fail_memory("the streamed plan");
}

static mn_status find_arena(const mn_stream_steps *steps, mn_region *region, mn_stream *stream) {
    const int32_t count = steps->tensor_count + stream->extra_count;
    mn_buffer *buffers = mn_region_alloc(region, (size_t)count, sizeof *buffers);
    if (!buffers) return mn_fail_memory("the streamed plan");
    mn_stream_buffers(steps, stream, buffers);
    return mn_memory_plan(buffers, count, steps->alignment, &stream->arena_bytes);
}

static mn_status answer(search *s, mn_stream *out) {
    const mn_stream_steps *steps = s->chains.steps;
    const way *best = best_way(s, steps->step_count);
    *out = (mn_stream){.peak = 0};
    MN_TRY(alloc_answer(steps, best->slices, s->region, out));
    const piece **pieces = mn_region_alloc(s->region, (size_t)steps->step_count, sizeof *pieces);
    if (!pieces || s->failed) return mn_fail_memory("the streamed plan");
    for (int32_t t = 0; t < steps->tensor_count; t++) {
        out->places[t] =
            (mn_stream_place){.first = -1, .last = steps->tensors[t].is_output ? steps->step_count : -1, .below = -1};
    }
    int32_t count = 0;
    for (const way *w = best; w->last.end > 0; w = &s->ways[w->last.begin][w->moved_before]) pieces[count++] = &w->last;
    while (count-- > 0) take_chain(s, pieces[count], out);
    return find_arena(steps, s->region, out);
}

void mn_stream_buffers(const mn_stream_steps *steps, const mn_stream *stream, mn_buffer *buffers) {
    for (int32_t t = 0; t < steps->tensor_count; t++) {
        const mn_stream_place *place = &stream->places[t];
        const int32_t all = steps->tensors[t].is_sum ? 1 : steps->tensors[t].units;
        buffers[t] = (mn_buffer){.bytes = (size_t)(place->ring > 0 ? place->ring : all) * steps->tensors[t].unit_bytes,
                                 .first = place->first,
                                 .last = place->last,
                                 .below = place->below < 0 ? NULL : &buffers[place->below],
                                 .shift = place->shift};
    }
    for (int32_t i = 0; i < stream->extra_count; i++) {
        const mn_stream_extra *extra = &stream->extras[i];
        buffers[steps->tensor_count + i] =
            (mn_buffer){.bytes = extra->bytes, .first = extra->first, .last = extra->last};
    }
}

/* Keeps an answer if its arena is the smallest so far. */
static mn_status try_answer(search *s, size_t spare, mn_stream *out) {
    mn_stream stream;
    s->spare = spare;
    MN_TRY(answer(s, &stream));
    if (!out->slices || stream.arena_bytes < out->arena_bytes) *out = stream;
    return MN_OK;
}

/* Chains that take all there is leave tensors between them no choice of place: where the arena has gaps, chains of more
 * than some parts of the limit are avoided if they can be, and tensors overlap that need not. */
enum { PARTS = 16, LEAST_PARTS = 8 };

static size_t part_of(size_t bytes, size_t parts) { return bytes / PARTS * parts + bytes % PARTS; }

static mn_status try_parts(search *s, mn_stream *out) {
    for (size_t parts = PARTS; parts >= LEAST_PARTS; parts -= 2) {
        s->wanted = part_of(s->limit, parts);
        find_ways(s);
        MN_TRY(try_answer(s, s->wanted, out));
        if (out->arena_bytes != out->peak) MN_TRY(try_answer(s, s->limit, out));
        if (out->arena_bytes == out->peak) break;
    }
    return MN_OK;
}

/* The least peak; and strictly, if that has a smaller arena. */
static mn_status try_to_fit(search *s, mn_stream *out) {
    const int32_t steps = s->chains.steps->step_count;
    *out = (mn_stream){.slices = NULL};
    for (int32_t strict = 0; strict < 2; strict++) {
        s->strict = strict > 0;
        s->limit = s->wanted = SIZE_MAX;
        find_ways(s);
        s->limit = best_way(s, steps)->peak;
        if (!out->slices || s->limit < out->arena_bytes) MN_TRY(try_parts(s, out));
    }
    return MN_OK;
}

static int64_t cost_of_answer(const search *s, const mn_stream *stream) {
    return stream->slice_count * s->slice_cost + stream->constant_bytes;
}

/* The answer for the limit at hand, in the smallest of three arenas. */
static mn_status try_spares(search *s, size_t given, mn_stream *out) {
    const size_t spares[] = {s->limit, s->wanted, 0};
    *out = (mn_stream){.slices = NULL};
    for (size_t i = 0; i < sizeof spares / sizeof *spares; i++) {
        MN_TRY(try_answer(s, spares[i], out));
        if (out->arena_bytes <= given) break;
    }
    return MN_OK;
}

/* The best answer within a limit so far. */
typedef struct within {
    size_t given;
    bool found;
    mn_stream *out;
} within;

/* Looks for a cheaper answer whose arena has at most w->given bytes. Where it has gaps, chains get less; all but few of
 * them get `parts` of that. Is it the very first try that succeeds? Then nothing is cheaper. */
static mn_status try_within(search *s, size_t parts, within *w, bool *first) {
    enum { TRIES = 8 };
    s->limit = w->given;
    for (size_t i = 0; i < TRIES; i++) {
        mn_stream stream;
        s->wanted = part_of(s->limit, parts);
        find_ways(s);
        const way *best = best_way(s, s->chains.steps->step_count);
        if (!best->exists) break;
        if (w->found && best->cost % fine / 2 > cost_of_answer(s, w->out)) break; /* wider slices are not worth that */
        MN_TRY(try_spares(s, w->given, &stream));
        if (stream.arena_bytes <= w->given) {
            if (!w->found || cost_of_answer(s, &stream) < cost_of_answer(s, w->out)) *w->out = stream;
            w->found = true;
            *first = i == 0;
            break;
        }
        const size_t less = (stream.arena_bytes - w->given) * (i + 1);
        s->limit = s->limit > less ? s->limit - less : 0;
    }
    return MN_OK;
}

/* The cheapest answer whose arena has at most options->limit bytes. If nothing fits the answer stays as it is. */
static mn_status find_within(search *s, mn_stream *out) {
    const size_t alignment = s->chains.steps->alignment;
    within w = {.given = s->options->limit / alignment * alignment, .out = out};
    for (int32_t strict = 0; strict < 2; strict++) {
        s->strict = strict > 0;
        for (size_t parts = PARTS; parts >= LEAST_PARTS; parts--) {
            bool first = false;
            MN_TRY(try_within(s, parts, &w, &first));
            if (first && parts == PARTS && !s->strict) return MN_OK;
        }
    }
    return MN_OK;
}

static mn_status open_search(search *s, const mn_stream_steps *steps) {
    static const int32_t one = 1;
    const bool chosen = s->options->chunks != NULL;
    s->chunks = chosen ? s->options->chunks : &one;
    s->chunk_count = chosen ? s->options->chunk_count : 1;
    MN_TRY(mn_chains_open(steps, s->region, &s->chains));
    s->ways = mn_region_alloc(s->region, (size_t)steps->step_count + 1, sizeof *s->ways);
    s->known = mn_region_alloc(s->region, (size_t)steps->step_count + 1, sizeof *s->known);
    if (!s->ways || !s->known) return mn_fail_memory("the streamed plan");
    for (int32_t end = 1; end <= steps->step_count; end++) {
        const size_t count = (size_t)mn_min_i32(end, MN_CHAIN_STEPS) + 1;
        s->known[end] = mn_region_alloc(s->region, count, sizeof *s->known[end]);
        if (!s->known[end]) return mn_fail_memory("the streamed plan");
    }
    return MN_OK;
}

mn_status mn_stream_plan(const mn_stream_steps *steps, const mn_stream_options *options, mn_region *region,
                         mn_stream *out) {
    static const mn_stream_options least_memory = {.limit = 0};
    search s = {.options = options ? options : &least_memory,
                .limit = SIZE_MAX,
                .wanted = SIZE_MAX,
                .slices = MOST_SLICES,
                .region = region};
    s.slice_cost = s.options->slice_cost > 0 ? s.options->slice_cost : usual_slice_cost;
    MN_TRY(open_search(&s, steps));
    for (int32_t i = 0; i < steps->step_count; i++) s.least_reads += (int64_t)steps->steps[i].constant_bytes;
    s.least_reads /= 64;
    MN_TRY(try_to_fit(&s, out));
    return s.options->limit > 0 ? find_within(&s, out) : MN_OK;
}
