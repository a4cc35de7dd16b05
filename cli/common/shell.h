/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What the shell completions of both programs have in common: texts in quotes, and the names of the shells. */
#ifndef MN_CLI_SHELL_H
#define MN_CLI_SHELL_H

#include <stdbool.h>

/** Print a help text up to its first semicolon, for the inside of single quotes: of zsh, for _arguments and _describe,
 *  and of fish. */
void cli_zsh_words(const char *help);
void cli_fish_words(const char *help);

/** What prints each shell's completion. */
typedef struct cli_completions {
    void (*bash)(void), (*zsh)(void), (*fish)(void);
} cli_completions;

/** Prints the completion of the shell called `name`; false if it is none of them. */
bool cli_print_completion(const cli_completions *completions, const char *name);

#endif
