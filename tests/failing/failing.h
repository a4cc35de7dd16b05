/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Stands between our code and everything that allocates. The libraries linked to tests/failing are copies of ours in
 * which objcopy has renamed those calls (symbols.txt); other people's code is as it was. */
#ifndef MN_TESTS_FAILING_H
#define MN_TESTS_FAILING_H

#include <stdbool.h>
#include <stdint.h>

/** Shared by a process and those that it forks. */
typedef struct failing_state {
    _Atomic int64_t asked; /* allocations so far */
    int64_t fail_at;       /* the one that fails, from 1 on; 0 for none */
    bool and_later;        /* all after it fail, too */
    _Atomic bool failed;   /* has one failed? */
    int64_t leaked;        /* blocks that were not freed */
} failing_state;

extern failing_state *failing;

/** Blocks that this process has allocated and not freed. */
int64_t failing_blocks(void);

#endif
