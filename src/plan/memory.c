/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A buffer goes to the lowest offset that no other one in use at the same time has, so the question is always which
 * bytes are taken at any moment of an interval. A tree over all moments answers it: every node stands for an interval,
 * and knows the bytes that are taken throughout it, and those taken at some moment of it. An interval is made of at
 * most two nodes of each level. */
#include "plan/memory.h"

#include <stdlib.h>

#include "base/checked.h"
#include "plan/spans.h"

typedef struct moments {
    int32_t *steps; /* [count] steps at which a buffer begins or ends, in order */
    int32_t count;
} moments;

typedef struct planner {
    mn_region region;
    moments at;
    int32_t leaves; /* a power of two, at least as many as moments; node 1 is the root, 2n and 2n + 1 the halves of n */
    mn_spans *through;  /* [2 * leaves]: taken by buffers whose intervals were made of this node, among others */
    mn_spans *sometime; /* [2 * leaves]: taken at some moment of the node by those made of nodes below it */
} planner;

static int by_step(const void *left, const void *right) {
    const int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return a < b ? -1 : a > b;
}

/* The buffers' ends are all the moments that matter. */
static bool find_moments(planner *p, const mn_buffer *buffers, int32_t count) {
    p->at.steps = mn_region_alloc(&p->region, 2 * (size_t)count, sizeof *p->at.steps);
    if (!p->at.steps) return false;
    for (int32_t i = 0; i < count; i++) {
        p->at.steps[2 * (size_t)i] = buffers[i].first;
        p->at.steps[2 * (size_t)i + 1] = buffers[i].last;
    }
    qsort(p->at.steps, 2 * (size_t)count, sizeof *p->at.steps, by_step);
    for (size_t i = 0; i < 2 * (size_t)count; i++) {
        if (i == 0 || p->at.steps[i] != p->at.steps[i - 1]) p->at.steps[p->at.count++] = p->at.steps[i];
    }
    return true;
}

static int32_t moment_of(const planner *p, int32_t step) {
    int32_t low = 0, high = p->at.count;
    while (high - low > 1) {
        const int32_t middle = low + (high - low) / 2;
        if (p->at.steps[middle] <= step) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool open_planner(planner *p, const mn_buffer *buffers, int32_t count) {
    if (!find_moments(p, buffers, count)) return false;
    p->leaves = 1;
    while (p->leaves < p->at.count) p->leaves *= 2;
    p->through = mn_region_alloc(&p->region, 2 * (size_t)p->leaves, sizeof *p->through);
    p->sometime = mn_region_alloc(&p->region, 2 * (size_t)p->leaves, sizeof *p->sometime);
    return p->through && p->sometime;
}

enum { LEVELS = 32 }; /* more than a tree of int32_t moments has */

/* An interval: the nodes that make it up, and those from its first and its last moment to the root, among which are all
 * that lie above the former. */
typedef struct interval {
    int32_t parts[2 * LEVELS], part_count;
    int32_t paths[2 * LEVELS], path_count;
} interval;

static interval interval_of(const planner *p, const mn_buffer *buffer) {
    interval found = {.part_count = 0, .path_count = 0};
    const int32_t first = p->leaves + moment_of(p, buffer->first), last = p->leaves + moment_of(p, buffer->last);
    for (int32_t low = first, high = last + 1; low < high; low /= 2, high /= 2) {
        if (low % 2) found.parts[found.part_count++] = low++;
        if (high % 2) found.parts[found.part_count++] = --high;
    }
    for (int32_t a = first, b = last; a > 0; a /= 2, b /= 2) {
        found.paths[found.path_count++] = a;
        if (b != a) found.paths[found.path_count++] = b;
    }
    return found;
}

/* The lowest offset from `offset` on. */
static size_t lowest_free(const planner *p, const interval *in, size_t offset, size_t bytes) {
    const mn_spans *sets[6 * LEVELS];
    int32_t count = 0;
    for (int32_t i = 0; i < in->part_count; i++) {
        sets[count++] = &p->through[in->parts[i]];
        sets[count++] = &p->sometime[in->parts[i]];
    }
    for (int32_t i = 0; i < in->path_count; i++) sets[count++] = &p->through[in->paths[i]];
    for (int32_t i = 0, clear = 0; clear < count; i = (i + 1) % count) {
        const size_t next = mn_spans_step(sets[i], offset, bytes);
        clear = next == offset ? clear + 1 : 0;
        offset = next;
    }
    return offset;
}

static bool take(planner *p, const interval *in, size_t begin, size_t end) {
    for (int32_t i = 0; i < in->part_count; i++) {
        if (!mn_spans_add(&p->through[in->parts[i]], &p->region, begin, end)) return false;
    }
    for (int32_t i = 0; i < in->path_count; i++) {
        if (!mn_spans_add(&p->sometime[in->paths[i]], &p->region, begin, end)) return false;
    }
    return true;
}

/* ---- Groups: buffers whose distances are given ------------------------------------------------------------ */

/* A buffer, `shift` bytes above the lowest one of its group, which as a rule is itself alone. */
typedef struct member {
    mn_buffer *buffer;
    const mn_buffer *lowest;
    size_t shift;
    size_t group_bytes;
    double weight; /* of the group: the heaviest is placed first */
} member;

/* Heavier groups first; equal ones in order of use, then of place in the list, so that the plan is deterministic. */
static int by_group(const void *left, const void *right) {
    const member *a = left, *b = right;
    if (a->weight != b->weight) return a->weight > b->weight ? -1 : 1;
    if (a->lowest->first != b->lowest->first) return a->lowest->first < b->lowest->first ? -1 : 1;
    if (a->lowest != b->lowest) return a->lowest < b->lowest ? -1 : 1;
    return a->buffer < b->buffer ? -1 : a->buffer > b->buffer;
}

/* Fills `members`, [count], so that those of a group lie behind each other; `bytes` is room for as many. */
static void find_groups(mn_buffer *buffers, int32_t count, size_t *bytes, member *members) {
    for (int32_t i = 0; i < count; i++) {
        member *m = &members[i];
        *m = (member){.buffer = &buffers[i], .lowest = &buffers[i]};
        for (; m->lowest->below; m->lowest = m->lowest->below) m->shift += m->lowest->shift;
        size_t *all = &bytes[m->lowest - buffers];
        *all = mn_max_size(*all, m->shift + buffers[i].bytes);
    }
    for (int32_t i = 0; i < count; i++) {
        members[i].group_bytes = bytes[members[i].lowest - buffers];
        members[i].weight = (double)members[i].group_bytes;
    }
    qsort(members, (size_t)count, sizeof *members, by_group);
}

static int32_t group_size(const member *group, const member *end) {
    int32_t size = 1;
    while (group + size < end && group[size].lowest == group->lowest) size++;
    return size;
}

/* The lowest offset at which all members of a group find room. */
static size_t place_group(const planner *p, const member *group, int32_t size) {
    size_t offset = 0;
    for (int32_t i = 0, clear = 0; clear < size; i = (i + 1) % size) {
        const interval in = interval_of(p, group[i].buffer);
        const size_t wanted = offset + group[i].shift, found = lowest_free(p, &in, wanted, group[i].buffer->bytes);
        clear = found == wanted ? clear + 1 : 1;
        offset = found - group[i].shift;
    }
    return offset;
}

static bool place_all(planner *p, const member *members, int32_t count, size_t alignment, size_t *top) {
    for (int32_t i = 0, size; i < count; i += size) {
        size = group_size(&members[i], members + count);
        const size_t offset = place_group(p, &members[i], size);
        for (const member *m = &members[i]; m < &members[i] + size; m++) {
            const interval in = interval_of(p, m->buffer);
            m->buffer->offset = offset + m->shift;
            const size_t end = mn_round_up(m->buffer->offset + m->buffer->bytes, alignment);
            if (!take(p, &in, m->buffer->offset, end)) return false;
            *top = mn_max_size(*top, end);
        }
    }
    return true;
}

/* ---- From below, and from above --------------------------------------------------------------------------- */

/* A group whose members share their upper end leaves no gap if the memory is filled from above. */
static void turn(member *members, int32_t count, size_t alignment) {
    for (member *m = members; m < members + count; m++) {
        m->shift = mn_round_up(m->group_bytes, alignment) - m->shift - mn_round_up(m->buffer->bytes, alignment);
    }
}

/* Places all members in empty memory. False: out of memory. */
static bool try_to_place(const member *members, mn_buffer *buffers, int32_t count, size_t alignment, size_t *top) {
    planner p = {.at = {0}};
    *top = 0;
    const bool done = open_planner(&p, buffers, count) && place_all(&p, members, count, alignment, top);
    mn_region_free(&p.region);
    return done;
}

/* The most bytes in use at one moment: without groups, no arena is smaller. */
static bool find_least(const mn_buffer *buffers, int32_t count, size_t alignment, size_t *least) {
    planner p = {.at = {0}};
    *least = 0;
    const bool done = find_moments(&p, buffers, count);
    size_t *change = mn_region_alloc(&p.region, (size_t)p.at.count + 1, sizeof *change), now = 0;
    for (int32_t i = 0; done && change && i < count; i++) {
        const size_t bytes = mn_round_up(buffers[i].bytes, alignment);
        change[moment_of(&p, buffers[i].first)] += bytes;
        change[moment_of(&p, buffers[i].last) + 1] -= bytes;
    }
    for (int32_t i = 0; done && change && i < p.at.count; i++) {
        now += change[i];
        *least = mn_max_size(*least, now);
    }
    mn_region_free(&p.region);
    return done && change;
}

/* Weighs groups by the time that they are in use as well: 1: before their bytes, 2: times these. */
static void weigh(member *members, int32_t count, int32_t how) {
    for (int32_t i = 0, size; i < count; i += size) {
        member *group = &members[i];
        int32_t first = group->buffer->first, last = group->buffer->last;
        size = group_size(group, members + count);
        for (int32_t k = 1; k < size; k++) {
            first = mn_min_i32(first, group[k].buffer->first);
            last = mn_max_i32(last, group[k].buffer->last);
        }
        const double time = last - first + 1.0, bytes = (double)group->group_bytes;
        for (int32_t k = 0; k < size; k++) group[k].weight = how == 1 ? time * 0x1p40 + bytes : time * bytes;
    }
    qsort(members, (size_t)count, sizeof *members, by_group);
}

/* The best of some ways so far. */
typedef struct attempt {
    mn_buffer *buffers;
    int32_t count;
    size_t alignment;
    size_t *offsets; /* [count] */
    size_t top;
} attempt;

static bool try_way(attempt *best, member *members, bool from_above) {
    size_t top;
    if (from_above) turn(members, best->count, best->alignment);
    if (!try_to_place(members, best->buffers, best->count, best->alignment, &top)) return false;
    if (from_above) turn(members, best->count, best->alignment);
    if (top >= best->top) return true;
    best->top = top;
    for (int32_t i = 0; i < best->count; i++) {
        const mn_buffer *b = &best->buffers[i];
        best->offsets[i] = from_above ? top - b->offset - mn_round_up(b->bytes, best->alignment) : b->offset;
    }
    return true;
}

static bool has_groups(const mn_buffer *buffers, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (buffers[i].below) return true;
    }
    return false;
}

/* Puts the group that ended highest the last time before all others. */
static void raise_highest(const attempt *best, member *members, int32_t turn) {
    const member *highest = members;
    size_t top = 0;
    for (const member *m = members; m < members + best->count; m++) {
        const size_t end = m->buffer->offset + m->buffer->bytes;
        if (end > top) highest = m, top = end;
    }
    const mn_buffer *lowest = highest->lowest;
    for (member *m = members; m < members + best->count; m++) {
        if (m->lowest == lowest) m->weight = 0x1p100 * (turn + 1);
    }
    qsort(members, (size_t)best->count, sizeof *members, by_group);
}

/* What made the arena so large goes first the next time, until nothing is left to gain. False: out of memory. */
static bool climb(attempt *best, member *members) {
    enum { TRIES = 32 };
    size_t least;
    if (!find_least(best->buffers, best->count, best->alignment, &least)) return false;
    for (int32_t i = 0; i < TRIES && best->top > least; i++) {
        raise_highest(best, members, i);
        if (!try_way(best, members, false)) return false;
    }
    return true;
}

/* Groups make gaps: all that is above is tried, in three orders. False: out of memory. */
static bool try_orders(attempt *best, member *members) {
    enum { ORDERS = 3 };
    for (int32_t order = 0; order < ORDERS; order++) {
        if (order > 0) weigh(members, best->count, order);
        if (order > 0 && !try_way(best, members, false)) return false;
        if (!try_way(best, members, true)) return false;
    }
    return true;
}

static bool place_well(attempt *best, member *members) {
    if (!try_way(best, members, false)) return false;
    if (!(has_groups(best->buffers, best->count) ? try_orders : climb)(best, members)) return false;
    for (int32_t i = 0; i < best->count; i++) best->buffers[i].offset = best->offsets[i];
    return true;
}

mn_status mn_memory_plan(mn_buffer *buffers, int32_t count, size_t alignment, size_t *arena_bytes) {
    size_t total = 0;
    for (int32_t i = 0; i < count; i++) {
        if (!mn_add_size(total, buffers[i].bytes, &total) || !mn_add_size(total, alignment, &total) ||
            !mn_add_size(total, buffers[i].shift, &total)) {
            return mn_fail(MN_ERROR_LIMIT, "the tensors need more memory than this machine can address");
        }
    }
    mn_region region = {0};
    member *members = mn_region_alloc(&region, (size_t)count, sizeof *members);
    size_t *bytes = mn_region_alloc(&region, (size_t)count, sizeof *bytes);
    attempt best = {.buffers = buffers, .count = count, .alignment = alignment, .offsets = bytes, .top = SIZE_MAX};
    bool done = members && bytes;
    if (done) find_groups(buffers, count, bytes, members);
    done = done && place_well(&best, members);
    mn_region_free(&region);
    *arena_bytes = best.top;
    return done ? MN_OK : mn_fail_memory("the memory plan");
}
