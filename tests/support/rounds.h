/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How much a test does: enough to see a fault by default, less where a sanitizer makes it many times as slow,
 * everything where $MN_LONG_TESTS asks for it. */
#ifndef MN_TESTS_ROUNDS_H
#define MN_TESTS_ROUNDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static inline bool tests_run_long(void) { return getenv("MN_LONG_TESTS") != NULL; }

static inline int32_t rounds_of(int32_t few, int32_t all) {
#ifdef __SANITIZE_ADDRESS__
    few = (few + 3) / 4;
#endif
    return tests_run_long() ? all : few;
}

#endif
