/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "label_lines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"

/* The number that `line` begins with, and in *name what follows it and a colon, comma, semicolon, blank or tab; -1
 * where there is no such thing. */
static int64_t number_of(char *line, char **name) {
    size_t digits = strspn(line, "0123456789");
    int64_t number = 0;
    if (digits == 0 || digits > 9) return -1;
    for (size_t i = 0; i < digits; i++) number = 10 * number + (line[i] - '0');
    size_t between = strspn(line + digits, " \t:,;");
    *name = line + digits + between;
    return between > 0 && **name != '\0' ? number : -1;
}

/* Puts the names of all lines into their places in `sorted`; false where some number has none or a taken one. */
static bool sort(const cli_lines *lines, int64_t first, char **sorted) {
    memset((void *)sorted, 0, lines->count * sizeof *sorted);
    for (size_t i = 0; i < lines->count; i++) {
        char *name = NULL;
        int64_t at = number_of(lines->line[i], &name) - first;
        if (at < 0 || at >= (int64_t)lines->count || sorted[at] != NULL) return false;
        sorted[at] = name;
    }
    return true;
}

bool cli_label_lines_number(const char *path, cli_lines *lines) {
    char **sorted = lines->count > 0 ? malloc(lines->count * sizeof *sorted) : NULL;
    if (sorted == NULL) {
        if (lines->count > 0) cli_error("%s: out of memory", path);
        return lines->count == 0;
    }
    if (sort(lines, 0, sorted) || sort(lines, 1, sorted)) {
        memcpy((void *)lines->line, (const void *)sorted, lines->count * sizeof *sorted);
    }
    free((void *)sorted);
    return true;
}
