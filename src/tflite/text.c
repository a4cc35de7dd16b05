/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "tflite/text.h"

#include <string.h>

/* Bytes of the well-formed UTF-8 sequence at `p` (Unicode 15, table 3-7) that is not a control character; 0 when there
 * is none. `left` >= 1. */
static size_t sequence(const uint8_t *p, size_t left) {
    if (p[0] < 0x80) return p[0] >= 0x20 && p[0] != 0x7f;
    size_t length = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : p[0] >= 0xe0 && p[0] <= 0xef ? 3 : 4;
    if (p[0] < 0xc2 || p[0] > 0xf4 || length > left) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
    }
    bool c1_control = p[0] == 0xc2 && p[1] < 0xa0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
    return c1_control || overlong || surrogate || beyond ? 0 : length;
}

/* How many bytes from the first on are plain ASCII, in whole words: nearly all names are, and models have thousands. */
static size_t plain(const uint8_t *bytes, size_t length) {
    const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof word);
        /* Without the high bit, from 0x20 to 0x7e: adding 0x60 reaches it, adding 1 does not. */
        if ((word | ~(word + ones * 0x60) | (word + ones)) & high) break;
    }
    return i;
}

char *mn_tfl_text(mn_region *region, const uint8_t *bytes, size_t length) {
    char *text = mn_region_string(region, (const char *)bytes, length);
    if (!text) return NULL;
    for (size_t i = plain(bytes, length); i < length;) {
        size_t good = sequence(bytes + i, length - i);
        if (!good) text[i] = '?';
        i += good ? good : 1;
    }
    return text;
}
