/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "tflite/zip.h"

#include <stdlib.h>
#include <string.h>

#include "tflite/flatbuffer.h"

#define LOCAL_SIGNATURE 0x04034b50u
#define ENTRY_SIGNATURE 0x02014b50u
#define END_SIGNATURE 0x06054b50u
#define VERSION 20
#define FIRST_DAY 0x21 /* 1 January 1980, the first one that zip knows */
#define FLAG_ENCRYPTED 1

enum { LOCAL_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22, MAX_COMMENT = 65535 };

/* CRC-32 of ISO 3309, the reflected polynomial 0x04c11db7, bit by bit: label lists are short. */
static uint32_t crc_of(const uint8_t *data, size_t bytes) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* ---- Reading ----------------------------------------------------------------------------------------- */

static bool is_end(const uint8_t *data, size_t bytes, size_t at) {
    return mn_le32(data + at) == END_SIGNATURE && mn_le16(data + at + 20) == bytes - END_BYTES - at;
}

/* Might the signature begin at one of BLOCK places? Without branches, so that compilers look at many at once: most
 * models are not archives, and then all of the comment's room is searched. */
enum { BLOCK = 64 };

static bool has_start(const uint8_t *block) {
    uint8_t found = 0;
    for (int i = 0; i < BLOCK; i++) found |= (uint8_t)((block[i] == 'P') & (block[i + 1] == 'K'));
    return found;
}

/* The last end record whose comment reaches to the end of the file; `bytes` when there is none. */
static size_t find_end(const uint8_t *data, size_t bytes) {
    if (bytes < END_BYTES) return bytes;
    size_t behind = bytes - END_BYTES + 1; /* places from here on are none */
    const size_t first = behind - 1 > MAX_COMMENT ? behind - 1 - MAX_COMMENT : 0;
    while (behind > first) {
        if (behind - first >= BLOCK && !has_start(data + behind - BLOCK)) {
            behind -= BLOCK;
            continue;
        }
        const size_t least = behind - first >= BLOCK ? behind - BLOCK : first;
        for (; behind > least; behind--) {
            if (is_end(data, bytes, behind - 1)) return behind - 1;
        }
    }
    return bytes;
}

bool mn_zip_open(const void *data, size_t bytes, mn_zip *out) {
    const uint8_t *file = data;
    size_t end = find_end(file, bytes);
    if (end == bytes) return false;
    size_t directory_bytes = mn_le32(file + end + 12), declared = mn_le32(file + end + 16);
    if (directory_bytes > end || declared > end - directory_bytes) return false;
    size_t start = end - directory_bytes;
    *out = (mn_zip){.data = file, .bytes = bytes, .prefix = start - declared, .next = start, .end = end};
    return true;
}

/* The stored contents of the directory entry at `entry`, or nothing. */
static void find_contents(const mn_zip *zip, const uint8_t *entry, mn_zip_file *out) {
    size_t offset = mn_le32(entry + 42), bytes = mn_le32(entry + 24);
    bool stored = mn_le16(entry + 10) == 0 && mn_le32(entry + 20) == bytes && !(mn_le16(entry + 8) & FLAG_ENCRYPTED);
    size_t room = zip->end - zip->prefix; /* from the archive's start to the end of its directory */
    if (!stored || offset > room || room - offset < LOCAL_BYTES) return;
    const uint8_t *local = zip->data + zip->prefix + offset;
    size_t header = LOCAL_BYTES + (size_t)mn_le16(local + 26) + mn_le16(local + 28);
    if (mn_le32(local) != LOCAL_SIGNATURE || header > room - offset || bytes > room - offset - header) return;
    out->data = local + header;
    out->bytes = bytes;
    out->sum = mn_le32(entry + 16);
}

bool mn_zip_next(mn_zip *zip, mn_zip_file *out) {
    const uint8_t *entry = zip->data + zip->next;
    size_t left = zip->end - zip->next;
    if (left < ENTRY_BYTES || mn_le32(entry) != ENTRY_SIGNATURE) return false;
    size_t name = mn_le16(entry + 28), size = ENTRY_BYTES + name + mn_le16(entry + 30) + mn_le16(entry + 32);
    if (size > left) return false;
    *out = (mn_zip_file){.name = entry + ENTRY_BYTES, .name_bytes = name};
    find_contents(zip, entry, out);
    zip->next += size;
    return true;
}

bool mn_zip_intact(const mn_zip_file *file) { return file->data && crc_of(file->data, file->bytes) == file->sum; }

/* ---- Writing ----------------------------------------------------------------------------------------- */

static uint8_t *put16(uint8_t *to, size_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    return to + 2;
}

static uint8_t *put32(uint8_t *to, size_t value) { return put16(put16(to, value & 0xffff), value >> 16 & 0xffff); }

static uint8_t *put_bytes(uint8_t *to, const uint8_t *from, size_t bytes) {
    if (bytes > 0) memcpy(to, from, bytes);
    return to + bytes;
}

/* What the local header and the directory say alike: version, flags, method, time, date, sum, sizes, name's length. */
static uint8_t *put_facts(uint8_t *to, const mn_zip_file *file) {
    to = put16(put16(put16(to, VERSION), 0), 0);
    to = put32(put16(put16(to, 0), FIRST_DAY), crc_of(file->data, file->bytes));
    to = put32(put32(to, file->bytes), file->bytes);
    return put16(put16(to, file->name_bytes), 0);
}

static uint8_t *put_local(uint8_t *to, const mn_zip_file *file) {
    to = put_facts(put32(to, LOCAL_SIGNATURE), file);
    return put_bytes(put_bytes(to, file->name, file->name_bytes), file->data, file->bytes);
}

static uint8_t *put_entry(uint8_t *to, const mn_zip_file *file, size_t offset) {
    to = put_facts(put16(put32(to, ENTRY_SIGNATURE), VERSION), file);
    to = put32(put16(put16(put16(to, 0), 0), 0), 0); /* no comment, one disk, attributes */
    return put_bytes(put32(to, offset), file->name, file->name_bytes);
}

mn_status mn_zip_append(const mn_zip_file *files, int32_t count, uint8_t **data, size_t *bytes) {
    size_t total = *bytes + END_BYTES;
    for (int32_t i = 0; i < count; i++) {
        total += LOCAL_BYTES + ENTRY_BYTES + 2 * files[i].name_bytes + files[i].bytes;
        if (total > INT32_MAX || files[i].name_bytes > UINT16_MAX || count > UINT16_MAX) {
            return mn_fail(MN_ERROR_LIMIT, "the model and its class names exceed 2 GiB, the limit of a .tflite file");
        }
    }
    uint8_t *grown = realloc(*data, total);
    if (!grown) return mn_fail_memory("the model file");
    *data = grown;
    uint8_t *to = grown + *bytes;
    for (int32_t i = 0; i < count; i++) to = put_local(to, &files[i]);
    size_t directory = (size_t)(to - grown), offset = *bytes;
    for (int32_t i = 0; i < count; i++) {
        to = put_entry(to, &files[i], offset);
        offset += LOCAL_BYTES + files[i].name_bytes + files[i].bytes;
    }
    size_t directory_bytes = (size_t)(to - grown) - directory;
    to = put16(put16(put32(to, END_SIGNATURE), 0), 0);
    to = put16(put16(to, (size_t)count), (size_t)count);
    put16(put32(put32(to, directory_bytes), directory), 0);
    *bytes = total;
    return MN_OK;
}
