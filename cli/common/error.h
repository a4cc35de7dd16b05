/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How the commands end: one sentence on stderr, and an exit code. */
#ifndef MN_CLI_ERROR_H
#define MN_CLI_ERROR_H

#include <stdbool.h>

#include "base/status.h"

/* CLI_SIGNAL and a signal's number: ended by that signal after saving what there was, as shells count it. */
enum { CLI_OK = 0, CLI_FAILURE = 1, CLI_USAGE = 2, CLI_SIGNAL = 128 };

/** Call first in main(). `program` begins every sentence of cli_error(), and `warning` those of cli_warn(). Makes sure
 * that no file opened later can become descriptor 0, 1 or 2 of a program that was started with one of them closed. */
void cli_begin(const char *program, const char *warning);

/** Prints "program: sentence" and a newline on stderr. */
void cli_error(const char *format, ...) MN_PRINTF(1, 2);

/** Prints "warning: sentence" and a newline on stderr: the command goes on. */
void cli_warn(const char *format, ...) MN_PRINTF(1, 2);

/** Prints the sentence of the library's last failure on this thread; `status` serves when there is none. */
void cli_library_error(mn_status status);

/** Call last in main(): `code`, or CLI_FAILURE with a sentence when standard output could not be written. */
int cli_end(int code);

#endif
