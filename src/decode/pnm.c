/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* PGM and PPM, binary: P5 and P6 (netpbm's manual pages pgm(5) and ppm(5)). */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/status.h"
#include "decode/codec.h"

typedef struct reader {
    const mn_encoded *encoded;
    size_t at;
    uint32_t width, height, most; /* most: what white is stored as */
    size_t samples, bytes;        /* of a pixel, of a sample */
} reader;

static mn_status damaged(const reader *r, const char *what) {
    return mn_fail(MN_ERROR_FORMAT, "%s: the PNM file is damaged: %s; fetch or save the picture again",
                   r->encoded->name, what);
}

static bool is_blank(uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* A number after blanks and comments, which go from # to the end of the line. */
static bool read_number(reader *r, uint32_t *out) {
    const uint8_t *data = r->encoded->data;
    size_t end = r->encoded->bytes, digits = 0;
    for (bool comment = false; r->at < end && (comment || is_blank(data[r->at]) || data[r->at] == '#'); r->at++)
        comment = data[r->at] != '\n' && data[r->at] != '\r' && (comment || data[r->at] == '#');
    for (*out = 0; r->at < end && data[r->at] >= '0' && data[r->at] <= '9' && digits < 9; r->at++, digits++)
        *out = *out * 10 + data[r->at] - '0';
    return digits > 0 && r->at < end;
}

static mn_status read_header(reader *r) {
    r->at = 2;
    r->samples = r->encoded->data[1] == '6' ? 3 : 1;
    if (!read_number(r, &r->width) || !read_number(r, &r->height) || !read_number(r, &r->most) ||
        !is_blank(r->encoded->data[r->at++]) || r->most < 1 || r->most > 65535)
        return damaged(r, "its header is not width, height and maximum");
    r->bytes = r->most < 256 ? 1 : 2;
    MN_TRY(mn_encoded_check_size(r->encoded, r->width, r->height));
    size_t row = r->width * r->samples * r->bytes;
    if ((r->encoded->bytes - r->at) / row < r->height) return damaged(r, "it ends before its pixels do");
    return MN_OK;
}

/* Rounded to the nearest, halves to even, in double, as Pillow does. */
static uint8_t scale(uint32_t value, uint32_t most) {
    double scaled = (double)value / most * 255;
    return (uint8_t)(scaled < 255 ? nearbyint(scaled) : 255);
}

static void read_row(const reader *r, const uint8_t *from, uint8_t *to) {
    for (size_t i = 0; i < (size_t)r->width * MN_PICTURE_CHANNELS; i++) {
        const uint8_t *sample = from + (r->samples == 3 ? i : i / 3) * r->bytes;
        to[i] = scale(r->bytes == 1 ? sample[0] : (uint32_t)sample[0] << 8 | sample[1], r->most);
    }
}

mn_status mn_pnm_decode(const mn_encoded *encoded) {
    reader r = {.encoded = encoded};
    MN_TRY(read_header(&r));
    MN_TRY(mn_encoded_begin(encoded, r.width, r.height, 1));
    uint8_t *line = malloc((size_t)r.width * MN_PICTURE_CHANNELS);
    if (!line) return mn_fail_memory("a row of a picture");
    for (uint32_t y = 0; y < r.height; y++) {
        read_row(&r, encoded->data + r.at + y * (r.width * r.samples * r.bytes), line);
        encoded->rows->row(encoded->rows->self, line);
    }
    free(line);
    return MN_OK;
}
