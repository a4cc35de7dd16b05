/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* BMP, for which Debian has no library of its own: Windows' and OS/2's headers, 1, 4, 8, 16, 24 and 32 bits a pixel,
 * colour masks, both run-length codes, either way up. Facts: Microsoft, "Bitmap Header Types" and "Bitmap Compression"
 * (wingdi.h). Where these leave a choice, pixels are those of Pillow. */

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "decode/codec.h"

enum compression { RAW = 0, RLE8 = 1, RLE4 = 2, BITFIELDS = 3, ALPHABITFIELDS = 6 };

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40, OS2_HEADER = 64, LARGEST_HEADER = 124 };

/* One colour of a pixel: the bits of its mask. */
typedef struct channel {
    uint32_t shift, most; /* most: the largest value, 0 where there are no bits */
} channel;

typedef struct bitmap {
    const mn_encoded *encoded;
    uint32_t header; /* its size */
    uint32_t width, height;
    bool downward; /* the first row of the file is the top one */
    uint32_t bits, compression;
    size_t pixels; /* where they begin */
    uint8_t palette[256][3];
    channel channels[3];
    uint8_t *line;    /* [width][3] */
    uint8_t *indices; /* [height][width] of a run-length code, the first row of the file first */
} bitmap;

static uint32_t read_number(const bitmap *b, size_t at, int size) {
    uint32_t value = 0;
    for (int i = 0; i < size; i++) value |= (uint32_t)b->encoded->data[at + (size_t)i] << 8 * i;
    return value;
}

static mn_status damaged(const bitmap *b, const char *what) {
    return mn_fail(MN_ERROR_FORMAT, "%s: the BMP file is damaged: %s; fetch or save the picture again",
                   b->encoded->name, what);
}

static mn_status unsupported(const bitmap *b, const char *what, uint32_t value) {
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s: is a BMP with %s %u, which is not supported; convert it to PNG",
                   b->encoded->name, what, (unsigned)value);
}

/* ---- Headers ----------------------------------------------------------------------------------------- */

static bool is_header(uint32_t bytes) {
    static const uint32_t known[] = {CORE_HEADER, INFO_HEADER, 52, 56, OS2_HEADER, 108, LARGEST_HEADER};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == bytes) return true;
    return false;
}

static mn_status check_coding(const bitmap *b) {
    uint32_t bits = b->bits, how = b->compression;
    if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
        return unsupported(b, "a colour depth of", bits);
    bool masks = how == BITFIELDS || how == ALPHABITFIELDS;
    if (b->header == OS2_HEADER && how > RLE4) return unsupported(b, "OS/2's compression", how);
    if (how != RAW && how != RLE8 && how != RLE4 && !masks) return unsupported(b, "the compression", how);
    if ((how == RLE8 && bits != 8) || (how == RLE4 && bits != 4) || (masks && bits < 16))
        return damaged(b, "its compression does not fit its bits per pixel");
    return MN_OK;
}

static mn_status read_header(bitmap *b) {
    size_t bytes = b->encoded->bytes;
    if (bytes < FILE_HEADER + 4) return damaged(b, "it ends in the header");
    b->pixels = read_number(b, 10, 4);
    b->header = read_number(b, FILE_HEADER, 4);
    if (!is_header(b->header)) return unsupported(b, "a header size of", b->header);
    if (bytes < FILE_HEADER + b->header) return damaged(b, "it ends in the header");
    if (b->header == CORE_HEADER) {
        b->width = read_number(b, 18, 2);
        b->height = read_number(b, 20, 2);
        b->bits = read_number(b, 24, 2);
    } else {
        b->width = read_number(b, 18, 4);
        b->height = read_number(b, 22, 4);
        b->downward = b->height >> 31; /* a negative height */
        if (b->downward) b->height = -b->height;
        b->bits = read_number(b, 28, 2);
        b->compression = read_number(b, 30, 4);
    }
    MN_TRY(mn_encoded_check_size(b->encoded, b->width, b->height));
    return check_coding(b);
}

/* Indices beyond the palette are black. */
static mn_status read_palette(bitmap *b) {
    size_t entry = b->header == CORE_HEADER ? 3 : 4, at = FILE_HEADER + (size_t)b->header;
    uint32_t count = b->header == CORE_HEADER ? 0 : read_number(b, 46, 4), most = 1u << b->bits;
    if (count == 0) count = most;
    if (b->pixels <= at) b->pixels = at + (size_t)count * entry; /* a habit of some writers */
    if (count > most) count = most;
    if (b->encoded->bytes - at < count * entry) return damaged(b, "it ends in the palette");
    for (uint32_t i = 0; i < count; i++)
        for (size_t c = 0; c < 3; c++) b->palette[i][c] = b->encoded->data[at + i * entry + 2 - c];
    return MN_OK;
}

static mn_status read_mask(const bitmap *b, uint32_t mask, channel *out) {
    uint32_t shift = 0;
    while (mask != 0 && (mask & 1) == 0) mask >>= 1, shift++;
    if ((mask & (mask + 1)) != 0) return damaged(b, "a colour mask has gaps");
    *out = (channel){shift, mask};
    return MN_OK;
}

static mn_status read_masks(bitmap *b) {
    static const uint32_t of_16_bits[3] = {0x7c00, 0x3e0, 0x1f}, of_32_bits[3] = {0xff0000, 0xff00, 0xff};
    const uint32_t *usual = b->bits == 16 ? of_16_bits : of_32_bits;
    bool given = b->compression != RAW;
    uint32_t masks[3] = {usual[0], usual[1], usual[2]}, all = 0;
    if (given && b->encoded->bytes < FILE_HEADER + INFO_HEADER + 12) return damaged(b, "it ends in the header");
    for (size_t c = 0; given && c < 3; c++) {
        masks[c] = read_number(b, FILE_HEADER + INFO_HEADER + 4 * c, 4);
        all |= masks[c];
    }
    for (size_t c = 0; c < 3; c++) MN_TRY(read_mask(b, given && all == 0 ? usual[c] : masks[c], &b->channels[c]));
    return MN_OK;
}

/* ---- Pixels ------------------------------------------------------------------------------------------ */

/* Writes runs of a row of indices; what goes beyond the row or the picture is dropped, what is never written is 0. */
typedef struct cursor {
    const bitmap *b;
    uint32_t x, y;
} cursor;

static void put(cursor *c, uint8_t index) {
    if (c->x >= c->b->width || c->y >= c->b->height) return;
    c->b->indices[(size_t)c->y * c->b->width + c->x++] = index;
}

/* Index `i` of packed bytes: two in a byte, the left one in the high bits, in the code for 4 bits. */
static uint8_t packed(const bitmap *b, const uint8_t *bytes, size_t i) {
    if (b->compression == RLE8) return bytes[i];
    return i & 1 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4;
}

/* A pair of bytes is a run, or an escape: 0 end of row, 1 end of picture, 2 a jump, else so many pixels one by one. */
static mn_status read_runs(const bitmap *b) {
    const uint8_t *at = b->encoded->data + b->pixels, *end = b->encoded->data + b->encoded->bytes;
    for (cursor c = {b, 0, 0}; c.y < b->height;) {
        /* Some writers leave the end mark out. */
        if (end - at < 2) return c.y + 1 == b->height && c.x == b->width ? MN_OK : damaged(b, "its runs end too early");
        uint8_t count = at[0], value = at[1];
        at += 2;
        if (count > 0) {
            const uint8_t run[2] = {value, value};
            for (int i = 0; i < count; i++) put(&c, packed(b, run, (size_t)(i & 1)));
        } else if (value == 0) {
            c.x = 0, c.y++;
        } else if (value == 1) {
            return MN_OK;
        } else if (value == 2) {
            if (end - at < 2) return damaged(b, "its runs end too early");
            c.x += at[0], c.y += at[1];
            at += 2;
        } else {
            ptrdiff_t bytes = b->compression == RLE8 ? value : (value + 1) / 2;
            if (end - at < bytes) return damaged(b, "its runs end too early");
            for (size_t i = 0; i < value; i++) put(&c, packed(b, at, i));
            at += bytes + (bytes & 1 && end - at > bytes);
        }
    }
    return MN_OK;
}

/* Pixel `x` of a row of whole bytes: the leftmost one is in the highest bits. */
static uint8_t index_at(const bitmap *b, const uint8_t *row, uint32_t x) {
    uint32_t bit = x * b->bits;
    return (uint8_t)((uint32_t)row[bit / 8] >> (8 - b->bits - bit % 8) & ((1u << b->bits) - 1));
}

/* A channel of n bits is spread over 0..255 and rounded down. */
static void read_pixel(const bitmap *b, uint32_t pixel, uint8_t *to) {
    for (int c = 0; c < 3; c++) {
        uint32_t most = b->channels[c].most;
        uint64_t value = pixel >> b->channels[c].shift & most;
        to[c] = (uint8_t)(most > 0 ? value * 255 / most : 0);
    }
}

/* The `y`th row of the file. */
static const uint8_t *read_line(const bitmap *b, size_t stride, uint32_t y) {
    size_t at = b->pixels + y * stride, step = b->bits / 8;
    uint8_t *to = b->line;
    for (uint32_t x = 0; x < b->width; x++, to += MN_PICTURE_CHANNELS) {
        if (b->indices)
            memcpy(to, b->palette[b->indices[(size_t)y * b->width + x]], MN_PICTURE_CHANNELS);
        else if (b->bits <= 8)
            memcpy(to, b->palette[index_at(b, b->encoded->data + at, x)], MN_PICTURE_CHANNELS);
        else
            read_pixel(b, read_number(b, at + x * step, (int)step), to);
    }
    return b->line;
}

static mn_status read_pixels(bitmap *b) {
    size_t stride = ((size_t)b->width * b->bits + 31) / 32 * 4, bytes = b->encoded->bytes;
    bool runs = b->compression == RLE8 || b->compression == RLE4;
    if (b->pixels < FILE_HEADER + b->header) return damaged(b, "its pixels begin in the header");
    if (b->pixels > bytes || (!runs && (bytes - b->pixels) / stride < b->height))
        return damaged(b, "it ends before its pixels do");
    b->line = malloc((size_t)b->width * MN_PICTURE_CHANNELS);
    if (runs) b->indices = calloc((size_t)b->width * b->height, 1);
    if (!b->line || (runs && !b->indices)) return mn_fail_memory("a BMP picture");
    if (runs) MN_TRY(read_runs(b));
    MN_TRY(mn_encoded_begin(b->encoded, b->width, b->height, 1));
    const mn_rows *rows = b->encoded->rows;
    for (uint32_t y = 0; y < b->height; y++)
        rows->row(rows->self, read_line(b, stride, b->downward ? y : b->height - 1 - y));
    return MN_OK;
}

mn_status mn_bmp_decode(const mn_encoded *encoded) {
    bitmap b = {.encoded = encoded};
    MN_TRY(read_header(&b));
    MN_TRY(b.bits <= 8 ? read_palette(&b) : read_masks(&b));
    mn_status status = read_pixels(&b);
    free(b.line);
    free(b.indices);
    return status;
}
