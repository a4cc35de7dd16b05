/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "delegate/options.h"

#include <string.h>

static mn_status refuse(const char *piece, size_t length) {
    return mn_fail(
        MN_ERROR_ARGUMENT,
        "the delegate's option '%.*s' is not a pair KEY:VALUE; separate options by ';', and use no ':' in a key "
        "or value",
        length < 200 ? (int)length : 200, piece);
}

static mn_status add(const char *piece, size_t length, mn_region *region, mn_delegate_options *out) {
    const char *colon = memchr(piece, ':', length);
    const size_t key = colon ? (size_t)(colon - piece) : 0, value = colon ? length - key - 1 : 0;
    if (key == 0 || value == 0 || memchr(colon + 1, ':', value)) return refuse(piece, length);
    if (out->count == MN_MAX_DELEGATE_OPTIONS) {
        return mn_fail(MN_ERROR_ARGUMENT, "the delegate has more than %d options; give fewer", MN_MAX_DELEGATE_OPTIONS);
    }
    const char *const first = mn_region_string(region, piece, key);
    const char *const second = mn_region_string(region, colon + 1, value);
    if (!first || !second) return mn_fail_memory("the delegate's options");
    out->keys[out->count] = first;
    out->values[out->count++] = second;
    return MN_OK;
}

mn_status mn_delegate_options_parse(const char *text, mn_region *region, mn_delegate_options *out) {
    *out = (mn_delegate_options){.count = 0};
    out->keys = mn_region_alloc(region, MN_MAX_DELEGATE_OPTIONS, sizeof *out->keys);
    out->values = mn_region_alloc(region, MN_MAX_DELEGATE_OPTIONS, sizeof *out->values);
    if (!out->keys || !out->values) return mn_fail_memory("the delegate's options");
    for (const char *piece = text ? text : ""; *piece != '\0';) {
        const size_t length = strcspn(piece, ";");
        if (length > 0) MN_TRY(add(piece, length, region, out)); /* "a:1;" ends in nothing */
        piece += length + (piece[length] == ';');
    }
    return MN_OK;
}

int32_t mn_delegate_options_find(const mn_delegate_options *options, const char *key) {
    for (size_t i = options->count; i > 0; i--) {
        if (strcmp(options->keys[i - 1], key) == 0) return (int32_t)i - 1;
    }
    return -1;
}
