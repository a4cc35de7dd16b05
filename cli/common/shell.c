/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "shell.h"

#include <stdio.h>
#include <string.h>

/* Puts each of `escaped` behind a backslash, and prints a quote as `quote`. */
static void print_words(const char *help, const char *escaped, const char *quote) {
    for (; *help != '\0' && !(help[0] == ';' && help[1] == ' '); help++) {
        if (*help == '\'') {
            fputs(quote, stdout);
            continue;
        }
        if (strchr(escaped, *help) != NULL) putchar('\\');
        putchar(*help);
    }
}

void cli_zsh_words(const char *help) { print_words(help, "[]:\\", "'\\''"); }

void cli_fish_words(const char *help) { print_words(help, "\\", "\\'"); }

bool cli_print_completion(const cli_completions *completions, const char *name) {
    const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", completions->bash}, {"zsh", completions->zsh}, {"fish", completions->fish}};
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(name, shells[i].name) != 0) continue;
        shells[i].print();
        return true;
    }
    return false;
}
