/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Files that appear whole or not at all. Until then they are FILE.tmp-XXXXXX beside FILE, which goes when its writer
 * ends, by SIGINT, SIGTERM or SIGHUP too; those of a writer that was killed go when FILE is written again. */
#ifndef MN_HOST_OUTPUT_H
#define MN_HOST_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/** A file being written. A name that is not a regular file (a device, a pipe) is written directly. */
typedef struct mn_output {
    FILE *file;
    char *path; /* where it will be; symbolic links resolved */
    char *temp; /* where it is until then; NULL when written directly */
} mn_output;

/** Fails, with errno set and nothing to free, where `path` cannot be written. */
bool mn_output_open(mn_output *output, const char *path);

/** Closes the file and puts it in its place. On failure errno is set, an old file is as it was, and mn_output_abort()
 *  is left to do. */
bool mn_output_commit(mn_output *output);

/** Drops what was written; nothing to do after a commit or where nothing was opened. Keeps errno. */
void mn_output_abort(mn_output *output);

/** Removes all that is being written, and ends the process by signal `number`. A handler for programs that have
 *  handlers of their own; it is set by itself where a signal's action is the default one. */
void mn_output_end(int number);

#endif
