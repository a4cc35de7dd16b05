/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Files that exist only while another is being written: FILE.tmp-XXXXXX beside FILE. They go when their writer ends, by
 * SIGINT, SIGTERM or SIGHUP too, and those of a writer that was killed go when FILE is written again. */
#ifndef MN_CLI_TEMP_H
#define MN_CLI_TEMP_H

#include <sys/types.h>

/** Creates a file beside `path`, after removing those that other writers of `path` have left. Gives its descriptor,
 *  locked for as long as it is open, and its name in *temp, which cli_temp_forget() takes; -1 with errno on failure. */
int cli_temp_create(const char *path, mode_t mode, char **temp);

/** Frees `temp`, whose file has got another name or is removed; NULL is nothing. */
void cli_temp_forget(char *temp);

/** Removes all files of cli_temp_create() that are not forgotten, and ends the process by signal `number`. A handler
 *  for programs that have handlers of their own; it is set by itself where a signal's action is the default one. */
void cli_temp_end(int number);

#endif
