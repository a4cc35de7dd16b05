/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "common/json.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>

/* Bytes of the well-formed UTF-8 sequence at `s`, 0 when there is none (Unicode standard, table 3-7). */
static size_t utf8_length(const unsigned char *s) {
    unsigned char low = 0x80, high = 0xBF;
    size_t length = s[0] < 0x80 ? 1 : s[0] >= 0xC2 && s[0] <= 0xDF ? 2 : (s[0] & 0xF0) == 0xE0 ? 3 : 0;
    if (s[0] >= 0xF0 && s[0] <= 0xF4) length = 4;
    if (s[0] == 0xE0) low = 0xA0;  /* overlong */
    if (s[0] == 0xED) high = 0x9F; /* surrogates */
    if (s[0] == 0xF0) low = 0x90;
    if (s[0] == 0xF4) high = 0x8F; /* above U+10FFFF */
    for (size_t i = 1; i < length; i++) {
        if (s[i] < low || s[i] > high) return 0;
        low = 0x80;
        high = 0xBF;
    }
    return length;
}

static void write_string(FILE *out, const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    fputc('"', out);
    while (*s != '\0') {
        size_t length = utf8_length(s);
        if (length == 0) {
            fputs("\\ufffd", out);
            length = 1;
        } else if (*s == '"' || *s == '\\') {
            fprintf(out, "\\%c", *s);
        } else if (*s < 0x20 || *s == 0x7F) {
            fprintf(out, "\\u%04x", *s);
        } else {
            fwrite(s, 1, length, out);
        }
        s += length;
    }
    fputc('"', out);
}

static void begin_value(cli_json *json, const char *key) {
    if (json->filled[json->depth]) fputs(", ", json->out);
    json->filled[json->depth] = true;
    if (key != NULL) {
        write_string(json->out, key);
        fputs(": ", json->out);
    }
}

static void open_level(cli_json *json, const char *key, char opener, char closer) {
    begin_value(json, key);
    fputc(opener, json->out);
    json->closer[json->depth++] = closer;
    json->filled[json->depth] = false;
}

void cli_json_object(cli_json *json, const char *key) { open_level(json, key, '{', '}'); }
void cli_json_array(cli_json *json, const char *key) { open_level(json, key, '[', ']'); }

void cli_json_end(cli_json *json) {
    fputc(json->closer[--json->depth], json->out);
    if (json->depth == 0) {
        fputc('\n', json->out);
        json->filled[0] = false;
    }
}

void cli_json_text(cli_json *json, const char *key, const char *text) {
    begin_value(json, key);
    if (text != NULL) {
        write_string(json->out, text);
    } else {
        fputs("null", json->out);
    }
}

void cli_json_int(cli_json *json, const char *key, int64_t value) {
    begin_value(json, key);
    fprintf(json->out, "%" PRId64, value);
}

void cli_json_bool(cli_json *json, const char *key, bool value) {
    begin_value(json, key);
    fputs(value ? "true" : "false", json->out);
}

void cli_json_number(cli_json *json, const char *key, double value) {
    begin_value(json, key);
    if (isfinite(value)) {
        fprintf(json->out, "%.9g", value);
    } else {
        fputs("null", json->out);
    }
}
