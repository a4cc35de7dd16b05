/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* JSON written as it is made, on one line. Write errors stay in the FILE for its owner to see. */
#ifndef MN_CLI_JSON_H
#define MN_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CLI_JSON_DEPTH 16

/** Start with `cli_json json = {.out = stdout};`. */
typedef struct cli_json {
    FILE *out;
    int depth;
    char closer[CLI_JSON_DEPTH]; /* of each open object or array */
    bool filled[CLI_JSON_DEPTH + 1];
} cli_json;

/** Opens an object or an array. `key` is NULL inside an array and at the top, here and below. */
void cli_json_object(cli_json *json, const char *key);
void cli_json_array(cli_json *json, const char *key);

/** Closes what was opened last; a newline follows the outermost. */
void cli_json_end(cli_json *json);

/** A string; bytes that are not UTF-8 become U+FFFD. NULL writes null. */
void cli_json_text(cli_json *json, const char *key, const char *text);
void cli_json_int(cli_json *json, const char *key, int64_t value);
void cli_json_bool(cli_json *json, const char *key, bool value);

/** Nine significant digits, enough for any float; null when not finite. */
void cli_json_number(cli_json *json, const char *key, double value);

#endif
