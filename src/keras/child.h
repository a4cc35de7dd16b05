/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A damaged file can crash the HDF5 library (1.10 has known holes in its metadata decoders), make it ask for all
 * memory, or keep it busy for ever (in a cycle of its global heap). So files are read in a child process that has
 * limits, and what it found comes back through a pipe: no other process parses HDF5. */
#ifndef MN_KERAS_CHILD_H
#define MN_KERAS_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct mn_child {
    const char *name; /* of the file, for sentences */
    int64_t process;
    int from;           /* the pipe's end to read from */
    int32_t seconds;    /* of processor time that the child may take */
    uint64_t last_time; /* by mn_clock_ns(): nobody waits longer */
    bool late;          /* that time passed */
} mn_child;

/** Calls `work` with `data` in a child process, which writes to the descriptor `to`, and ends with it. Its limits of
 *  memory suit a file of `bytes` bytes, and so does that of processor time if `seconds` is 0.
 *  Errors: IO (no pipe or no process can be made). */
mn_status mn_child_start(mn_child *child, void (*work)(void *data, int to), void *data, size_t bytes, int32_t seconds,
                         const char *name);

/** Writes all; false when nobody reads. For the child. */
bool mn_child_write(int to, const void *data, size_t bytes);

/** Reads just as much; false when the child ended before, or time ran out. */
bool mn_child_read(mn_child *child, void *data, size_t bytes);

/** Stops reading and waits for the child to end. Where `complete` is false (not all that was expected came, or
 *  something else) the way in which it ended tells the error. Errors, then only: FORMAT, MEMORY. */
mn_status mn_child_end(mn_child *child, bool complete);

#endif
