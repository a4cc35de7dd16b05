/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "labels/numbered.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool is_gap(char c) { return c == ' ' || c == '\t' || c == ':'; }

size_t mn_label_number_bytes(const char *line, size_t bytes, int32_t index) {
    char number[16];
    size_t at = 0, length = (size_t)snprintf(number, sizeof number, "%d", index);
    while (at < bytes && line[at] == ' ') at++;
    if (bytes - at <= length || memcmp(line + at, number, length) != 0) return 0;
    size_t behind = at + length;
    for (at = behind; at < bytes && is_gap(line[at]); at++) {
    }
    return at > behind && at < bytes ? at : 0;
}
