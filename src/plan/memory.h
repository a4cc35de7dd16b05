/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Packing buffers with known lifetimes into one arena. Knows only intervals and sizes. */
#ifndef MN_PLAN_MEMORY_H
#define MN_PLAN_MEMORY_H

#include "base/status.h"

/** One buffer, in use from step `first` to step `last`, both included. */
typedef struct mn_buffer {
    size_t bytes; /* at least 1 */
    int32_t first, last;
    /* Another buffer of the list that this one begins exactly `shift` bytes above, a multiple of the alignment; these
     * two may overlap. NULL: none. No buffer is above itself. */
    const struct mn_buffer *below;
    size_t shift;
    size_t offset; /* result, a multiple of the alignment */
} mn_buffer;

/** Gives every buffer an offset so that no two in use at the same step overlap, and returns the arena's size in
 * `arena_bytes`. Largest first, each at the lowest offset that is free ("greedy by size": Pisarchyk and Lee, Efficient
 * Memory Management for Deep Neural Net Inference, 2020); if that takes more than the busiest step needs, again in
 * other orders, of which the best counts. Errors: MEMORY, LIMIT (the arena overflows size_t). */
mn_status mn_memory_plan(mn_buffer *buffers, int32_t count, size_t alignment, size_t *arena_bytes);

#endif
