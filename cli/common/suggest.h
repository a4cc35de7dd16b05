/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* "Did you mean": the name that a wrong one was meant for. */
#ifndef MN_CLI_SUGGEST_H
#define MN_CLI_SUGGEST_H

#include <stddef.h>

/** The name in names[0..count) that `word` most likely meant: what other programs call the same thing, or what a few
 *  slips of the keyboard make of it. NULL when there is none. */
const char *cli_nearest(const char *word, const char *const *names, size_t count);

#endif
