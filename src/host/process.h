/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The process that a program is. */
#ifndef MN_HOST_PROCESS_H
#define MN_HOST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

/** What main() does first. Arguments become UTF-8, and paths in them have '/' between folders; standard input and
 * output carry bytes as they are; writing to one of them that was closed fails. The new arguments stay until the end.
 * False when out of memory. */
bool mn_process_begin(int *count, char ***arguments);

/** Is standard error a terminal, which takes escape sequences? */
bool mn_process_terminal(void);

/** Has `handler` called at SIGINT or SIGTERM (of `number`), in place of their end of the process. */
void mn_process_handle(int number, void (*handler)(int));

/** Lets what is printed go nowhere. */
bool mn_process_mute(void);

/** Waits, whatever signals are handled. */
void mn_process_wait(double seconds);

/** The most memory that the process has had, in KiB; -1 where the system does not tell. */
int64_t mn_process_peak_kib(void);

/** The memory that the process has now, and the part of it that others may share, in MiB; false if unknown. */
bool mn_process_memory(int64_t *resident_mib, int64_t *shared_mib);

/** The machine's memory in bytes; 0 if unknown. */
uint64_t mn_process_ram(void);

/** The folder that this program lies in; false if unknown. */
bool mn_process_folder(char *path, size_t bytes);

/** Loads the library at `path` and gives its `symbol`, NULL if it has none. Libraries that are loaded later find its
 *  names; it stays until the end. Errors: UNSUPPORTED, with the reason as sentence. */
mn_status mn_process_load(const char *path, const char *symbol, const void **out);

#endif
