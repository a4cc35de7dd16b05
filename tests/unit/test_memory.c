/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The memory planner: nothing that lives together overlaps, and the arena is not wasteful. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "plan/memory.h"

#define ALIGNMENT ((size_t)64)

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void check_plan(const mn_buffer *buffers, int32_t count, size_t arena_bytes) {
    for (int32_t i = 0; i < count; i++) {
        const mn_buffer *a = &buffers[i];
        assert_int_equal(a->offset % ALIGNMENT, 0);
        assert_true(a->offset + a->bytes <= arena_bytes);
        for (int32_t j = 0; j < i; j++) {
            const mn_buffer *b = &buffers[j];
            if (a->below == b || b->below == a) continue;
            bool together = a->first <= b->last && b->first <= a->last;
            bool apart = a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset;
            assert_true(!together || apart);
        }
    }
}

/* The most bytes in use at any one step, each buffer rounded up: no plan can be smaller. */
static size_t lower_bound(const mn_buffer *buffers, int32_t count, int32_t steps) {
    size_t most = 0;
    for (int32_t s = 0; s < steps; s++) {
        size_t live = 0;
        for (int32_t i = 0; i < count; i++) {
            if (buffers[i].first <= s && s <= buffers[i].last) live += mn_round_up(buffers[i].bytes, ALIGNMENT);
        }
        if (live > most) most = live;
    }
    return most;
}

/* The first order alone, one buffer after another: largest first, each at the lowest offset that is free. */
static size_t plan_simply(mn_buffer *buffers, int32_t count) {
    bool done[40] = {false};
    size_t top = 0;
    for (int32_t n = 0; n < count; n++) {
        int32_t next = -1;
        for (int32_t i = 0; i < count; i++) {
            if (done[i]) continue;
            if (next < 0 || buffers[i].bytes > buffers[next].bytes ||
                (buffers[i].bytes == buffers[next].bytes && buffers[i].first < buffers[next].first)) {
                next = i;
            }
        }
        mn_buffer *b = &buffers[next];
        b->offset = 0;
        for (int32_t i = 0; i < count; i++) {
            const mn_buffer *other = &buffers[i];
            const size_t end = mn_round_up(other->offset + other->bytes, ALIGNMENT);
            if (!done[i] || b->first > other->last || other->first > b->last) continue;
            if (other->offset >= b->offset + b->bytes || end <= b->offset) continue;
            b->offset = end;
            i = -1; /* from the start: one that was passed may be in the way now */
        }
        done[next] = true;
        top = mn_max_size(top, mn_round_up(b->offset + b->bytes, ALIGNMENT));
    }
    return top;
}

static void test_random_lifetimes(void **state) {
    (void)state;
    uint32_t random = 1;
    int32_t least = 0, least_simply = 0;
    for (int32_t round = 0; round < 500; round++) {
        mn_buffer buffers[40], simple[40];
        int32_t count = 1 + (int32_t)(next_random(&random) % 40), steps = 20;
        for (int32_t i = 0; i < count; i++) {
            int32_t first = (int32_t)(next_random(&random) % (uint32_t)steps);
            int32_t last = mn_min_i32(steps - 1, first + (int32_t)(next_random(&random) % 6));
            if (next_random(&random) % 8 == 0) last = steps - 1;
            buffers[i] = (mn_buffer){.bytes = 1 + next_random(&random) % 5000, .first = first, .last = last};
            if (i > 0 && next_random(&random) % 4 == 0) buffers[i].bytes = buffers[i - 1].bytes;
        }
        size_t arena = 0;
        assert_int_equal(mn_memory_plan(buffers, count, ALIGNMENT, &arena), MN_OK);
        check_plan(buffers, count, arena);
        assert_true(arena >= lower_bound(buffers, count, steps));
        memcpy(simple, buffers, (size_t)count * sizeof *simple);
        const size_t simply = plan_simply(simple, count);
        assert_true(arena <= simply);
        for (int32_t i = 0; arena == simply && i < count; i++) assert_int_equal(simple[i].offset, buffers[i].offset);
        least += arena == lower_bound(buffers, count, steps);
        least_simply += simply == lower_bound(buffers, count, steps);
    }
    assert_true(least > 390 && least_simply < 310); /* of 500 */
}

/* Some buffers lie a given distance above others, which they may overlap, but nothing else. */
static void test_groups(void **state) {
    (void)state;
    uint32_t random = 3;
    for (int32_t round = 0; round < 500; round++) {
        mn_buffer buffers[30];
        const int32_t count = 1 + (int32_t)(next_random(&random) % 30);
        for (int32_t i = 0; i < count; i++) {
            const int32_t first = i, last = first + 1 + (int32_t)(next_random(&random) % 4);
            buffers[i] = (mn_buffer){.bytes = 1 + next_random(&random) % 5000, .first = first, .last = last};
            /* The one above a buffer ends as that one's other neighbours begin, so that only these two meet. */
            if (i == 0 || next_random(&random) % 2 == 0) continue;
            buffers[i - 1].last = i;
            buffers[i - 1].below = &buffers[i];
            buffers[i - 1].shift = next_random(&random) % 40 * ALIGNMENT;
        }
        size_t arena = 0;
        assert_int_equal(mn_memory_plan(buffers, count, ALIGNMENT, &arena), MN_OK);
        check_plan(buffers, count, arena);
        for (int32_t i = 0; i < count; i++) {
            if (buffers[i].below) assert_int_equal(buffers[i].offset, buffers[i].below->offset + buffers[i].shift);
        }
    }
}

/* A chain, as in a network without branches, reaches the bound: the largest pair of neighbours. */
static void test_chain_is_optimal(void **state) {
    (void)state;
    const size_t bytes[] = {150528, 401408, 401408, 200704, 1204224, 301056, 75264, 451584};
    mn_buffer buffers[8];
    for (int32_t i = 0; i < 8; i++) buffers[i] = (mn_buffer){.bytes = bytes[i], .first = i - 1, .last = i};
    size_t arena = 0;
    assert_int_equal(mn_memory_plan(buffers, 8, ALIGNMENT, &arena), MN_OK);
    check_plan(buffers, 8, arena);
    assert_int_equal(arena, 1204224 + 301056);
}

static void test_empty_and_overflow(void **state) {
    (void)state;
    size_t arena = 1;
    assert_int_equal(mn_memory_plan(NULL, 0, ALIGNMENT, &arena), MN_OK);
    assert_int_equal(arena, 0);
    mn_buffer huge[2] = {{.bytes = SIZE_MAX / 2, .last = 1}, {.bytes = SIZE_MAX / 2, .last = 1}};
    assert_int_equal(mn_memory_plan(huge, 2, ALIGNMENT, &arena), MN_ERROR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_lifetimes),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_chain_is_optimal),
        cmocka_unit_test(test_empty_and_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
