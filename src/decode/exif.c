/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* EXIF 2.32 (CIPA DC-008), section 4.6: the orientation is tag 0x0112 of the first directory of a TIFF structure.
 * What counts as one is what Pillow's ImageOps.exif_transpose acts on. */

#include "decode/exif.h"

#include <stdbool.h>
#include <string.h>

/* A TIFF structure; `big`: the most significant byte is first. */
typedef struct tiff {
    const uint8_t *data;
    size_t bytes;
    bool big;
} tiff;

static uint32_t read_number(const tiff *t, size_t at, int size) {
    uint32_t value = 0;
    for (int i = 0; i < size; i++) value |= (uint32_t)t->data[at + (size_t)i] << 8 * (t->big ? size - 1 - i : i);
    return value;
}

/* The orientation that the directory entry at `at` tells: tag, type, count, and the value where it fits into four
 * bytes. 0 for another entry; 1 where it is not one whole number of two or four bytes, signed or not, from 1 to 8. */
static int read_entry(const tiff *t, size_t at) {
    enum { ORIENTATION = 0x0112, SHORT = 3, LONG = 4, SSHORT = 8, SLONG = 9 };
    uint32_t type = read_number(t, at + 2, 2);
    bool two = type == SHORT || type == SSHORT, four = type == LONG || type == SLONG;
    if (read_number(t, at, 2) != ORIENTATION) return 0;
    if (read_number(t, at + 4, 4) != 1 || !(two || four)) return 1;
    uint32_t value = read_number(t, at + 8, two ? 2 : 4);
    return value >= 1 && value <= 8 ? (int)value : 1;
}

int mn_exif_orientation(const uint8_t *data, size_t bytes) {
    enum { HEADER = 8, ENTRY = 12 };
    for (; bytes >= 6 && memcmp(data, "Exif\0\0", 6) == 0; data += 6, bytes -= 6) {
    } /* JPEG's prefix, at times elsewhere */
    tiff t = {data, bytes, false};
    if (bytes < HEADER) return 0;
    if (memcmp(data, "MM\0*", 4) == 0)
        t.big = true;
    else if (memcmp(data, "II*\0", 4) != 0)
        return 0;
    size_t at = read_number(&t, 4, 4);
    if (at > bytes || bytes - at < 2) return 0;
    uint32_t entries = read_number(&t, at, 2);
    int orientation = 0;
    at += 2;
    for (uint32_t i = 0; i < entries && bytes - at >= ENTRY; i++, at += ENTRY) {
        int found = read_entry(&t, at);
        if (found != 0) orientation = found; /* of several, the last one counts */
    }
    return orientation;
}

/* An attribute or an element: tiff:Orientation="6" or tiff:Orientation>6. */
int mn_xmp_orientation(const uint8_t *data, size_t bytes) {
    static const char name[] = "tiff:Orientation";
    const size_t length = sizeof name - 1;
    for (size_t i = 0; i + length + 2 <= bytes; i++) {
        const uint8_t *at = data + i;
        if (*at != 't' || memcmp(at, name, length) != 0) continue;
        size_t sign = at[length] == '=' ? 2 : 1;
        bool opens = sign == 2 ? at[length + 1] == '"' : at[length] == '>';
        if (!opens || i + length + sign >= bytes) continue;
        uint8_t digit = at[length + sign];
        if (digit >= '0' && digit <= '9') return digit >= '1' && digit <= '8' ? digit - '0' : 1;
    }
    return 0;
}
