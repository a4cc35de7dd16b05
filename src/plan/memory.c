/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "plan/memory.h"

#include <stdlib.h>

#include "base/checked.h"

static bool live_together(const mn_buffer *a, const mn_buffer *b) { return a->first <= b->last && b->first <= a->last; }

/* Larger first; equal sizes in order of use, then of place in the list, so that the plan is deterministic. */
static int by_size(const void *left, const void *right) {
    const mn_buffer *a = *(mn_buffer *const *)left, *b = *(mn_buffer *const *)right;
    if (a->bytes != b->bytes) return a->bytes > b->bytes ? -1 : 1;
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    return a < b ? -1 : a > b;
}

/* Inserts `buffer` into the `count` placed ones, which are sorted by offset. */
static void insert_by_offset(mn_buffer **placed, int32_t count, mn_buffer *buffer) {
    int32_t i = count;
    while (i > 0 && placed[i - 1]->offset > buffer->offset) {
        placed[i] = placed[i - 1];
        i--;
    }
    placed[i] = buffer;
}

/* The lowest offset at which `buffer` meets none of those placed that live with it. */
static size_t lowest_free(mn_buffer *const *placed, int32_t count, const mn_buffer *buffer, size_t alignment) {
    size_t offset = 0;
    for (int32_t i = 0; i < count; i++) {
        const mn_buffer *other = placed[i];
        if (!live_together(buffer, other)) continue;
        if (other->offset >= offset && other->offset - offset >= buffer->bytes) break;
        size_t end = mn_round_up(other->offset + other->bytes, alignment);
        if (end > offset) offset = end;
    }
    return offset;
}

mn_status mn_memory_plan(mn_buffer *buffers, int32_t count, size_t alignment, size_t *arena_bytes) {
    size_t total = 0, slots = (size_t)count + 1;
    for (int32_t i = 0; i < count; i++) {
        if (!mn_add_size(total, buffers[i].bytes, &total) || !mn_add_size(total, alignment, &total)) {
            return mn_fail(MN_ERROR_LIMIT, "the tensors need more memory than this machine can address");
        }
    }
    mn_buffer **order = malloc(2 * slots * sizeof *order);
    if (!order) return mn_fail_memory("the memory plan");
    mn_buffer **placed = order + slots;
    for (int32_t i = 0; i < count; i++) order[i] = &buffers[i];
    qsort(order, (size_t)count, sizeof *order, by_size);
    size_t top = 0;
    for (int32_t i = 0; i < count; i++) {
        order[i]->offset = lowest_free(placed, i, order[i], alignment);
        insert_by_offset(placed, i, order[i]);
        size_t end = mn_round_up(order[i]->offset + order[i]->bytes, alignment);
        if (end > top) top = end;
    }
    free(order);
    *arena_bytes = top;
    return MN_OK;
}
