/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "mcu/emit_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* Columns of a line of numbers, behind four spaces; most characters of a layer. */
enum { LINE = 116, LAYER = 60 };

void mn_emit_upper(const char *name, char *upper) {
    while (*name != '\0') *upper++ = (char)toupper((unsigned char)*name++);
    *upper = '\0';
}

static void put_text(const char *text, size_t length, FILE *out) {
    for (size_t i = 0; i < length; i++) {
        const char c = text[i];
        if (c == '*' || c == '"' || c == '\\' || c == '?') continue;
        fputc(c >= ' ' && c <= '~' ? c : '.', out);
    }
}

void mn_emit_comment(const char *text, FILE *out) { put_text(text, strlen(text), out); }

void mn_emit_layer(const char *name, FILE *out) {
    const size_t length = strcspn(name, ";");
    const size_t left_out = length > LAYER ? length - LAYER : 0;
    put_text(name + left_out, length - left_out, out);
}

/* Puts one number; `column` is where the line has come to. */
static void put(const char *text, int length, int *column, FILE *out) {
    if (*column + length > LINE) {
        fputc('\n', out);
        *column = 0;
    }
    if (*column == 0) fputs("    ", out);
    fwrite(text, 1, (size_t)length, out);
    *column += length;
}

void mn_emit_bytes(const int8_t *values, uint32_t count, uint32_t room, FILE *out) {
    int column = 0;
    for (uint32_t i = 0; i < room; i++) {
        char text[8];
        put(text, snprintf(text, sizeof text, "%d,", i < count ? values[i] : 0), &column, out);
    }
    if (room > 0) fputc('\n', out);
}

void mn_emit_words(const int32_t *values, uint32_t count, FILE *out) {
    int column = 0;
    for (uint32_t i = 0; i < count; i++) {
        char text[24];
        /* -2147483648 is not a constant of 32 bits in C */
        const int length = values[i] == INT32_MIN ? snprintf(text, sizeof text, "-2147483647-1,")
                                                  : snprintf(text, sizeof text, "%" PRId32 ",", values[i]);
        put(text, length, &column, out);
    }
    if (count > 0) fputc('\n', out);
}
