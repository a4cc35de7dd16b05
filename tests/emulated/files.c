/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Files that can be read: those of an archive in memory, as `tar --format=ustar` writes it. A folder is what comes
 * before a slash in their names. */
#include "loader.h"

enum { DESCRIPTORS = 16, FIRST = 3 }; /* below: standard input, output and errors */
enum { BLOCK = 512 };
enum { MODE_REGULAR = 0100444, MODE_FOLDER = 0040555, MODE_TERMINAL = 0020666 };
enum { ENTRY_REGULAR = 8, ENTRY_HEAD = 19 };

typedef struct descriptor {
    bool used, is_folder;
    file what;   /* of a folder only the name */
    uint64_t at; /* of a folder: the next file of the archive */
} descriptor;

static descriptor descriptors[DESCRIPTORS];

/* ---- The archive --------------------------------------------------------------------------------------------------
 */

typedef struct block {
    char name[100], mode[24], size[12], rest[376];
} block;

static uint64_t size_of(const block *b) {
    uint64_t size = 0;
    for (size_t i = 0; i < sizeof b->size && b->size[i] >= '0'; i++) size = 8 * size + (uint64_t)(b->size[i] - '0');
    return size;
}

static uint64_t blocks_of(const block *b) { return 1 + (size_of(b) + BLOCK - 1) / BLOCK; }

bool file_at(uint32_t index, file *out) {
    const block *b = (const block *)(uintptr_t)ARCHIVE;
    for (; b->name[0] != '\0'; b += blocks_of(b)) {
        if (index-- > 0) continue;
        *out = (file){b->name, (const uint8_t *)(b + 1), size_of(b)};
        return true;
    }
    return false;
}

bool file_find(const char *name, file *out) {
    while (name[0] == '.' && name[1] == '/') name += 2;
    for (uint32_t i = 0; file_at(i, out); i++) {
        if (is_same(out->name, name)) return true;
    }
    return false;
}

/* What a file's name says behind that of the folder; NULL: it is not in there, or in a folder of it. */
static const char *name_inside(const char *folder, const char *name) {
    for (; *folder != '\0'; folder++, name++) {
        if (*folder != *name) return NULL;
    }
    if (*name++ != '/') return NULL;
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '/') return NULL;
    }
    return name;
}

static bool is_folder(const char *name) {
    file each;
    for (uint32_t i = 0; file_at(i, &each); i++) {
        if (name_inside(name, each.name) != NULL) return true;
    }
    return false;
}

/* ---- Descriptors --------------------------------------------------------------------------------------------------
 */

static descriptor *get(uint64_t number) {
    if (number < FIRST || number - FIRST >= DESCRIPTORS || !descriptors[number - FIRST].used) return NULL;
    return &descriptors[number - FIRST];
}

int64_t files_open(const char *name, uint64_t flags) {
    descriptor d = {.used = true};
    if (flags & 3u) return ERROR_READ_ONLY;
    if (!file_find(name, &d.what)) {
        if (!is_folder(name)) return ERROR_NO_ENTRY;
        d.is_folder = true;
        d.what.name = name;
    }
    for (int64_t i = 0; i < DESCRIPTORS; i++) {
        if (descriptors[i].used) continue;
        descriptors[i] = d;
        return FIRST + i;
    }
    return ERROR_MANY_FILES;
}

int64_t files_close(uint64_t number) {
    descriptor *d = get(number);
    if (d == NULL) return ERROR_BAD_DESCRIPTOR;
    d->used = false;
    return 0;
}

int64_t files_read(uint64_t number, void *out, uint64_t bytes) {
    descriptor *d = get(number);
    if (number == 0) return 0;
    if (d == NULL || d->is_folder) return ERROR_BAD_DESCRIPTOR;
    if (d->at > d->what.bytes) return 0;
    if (bytes > d->what.bytes - d->at) bytes = d->what.bytes - d->at;
    memcpy(out, d->what.data + d->at, bytes);
    d->at += bytes;
    return (int64_t)bytes;
}

int64_t files_seek(uint64_t number, int64_t offset, uint64_t from) {
    descriptor *d = get(number);
    if (d == NULL || d->is_folder) return ERROR_BAD_DESCRIPTOR;
    const int64_t begins[] = {0, (int64_t)d->at, (int64_t)d->what.bytes};
    if (from > 2 || begins[from] + offset < 0) return ERROR_INVALID;
    d->at = (uint64_t)(begins[from] + offset);
    return (int64_t)d->at;
}

/* Puts Linux' struct linux_dirent64 of one file at `out`; returns its size. */
static uint64_t put_entry(uint8_t *out, uint64_t index, const char *name) {
    const uint64_t bytes = (ENTRY_HEAD + length_of(name) + 1 + 7) & ~(uint64_t)7;
    const uint16_t short_bytes = (uint16_t)bytes;
    memset(out, 0, bytes);
    memcpy(out, &index, 8);     /* a number of its own */
    memcpy(out + 8, &index, 8); /* where to go on */
    memcpy(out + 16, &short_bytes, 2);
    out[18] = ENTRY_REGULAR;
    memcpy(out + ENTRY_HEAD, name, length_of(name));
    return bytes;
}

int64_t files_list(uint64_t number, uint8_t *out, uint64_t bytes) {
    descriptor *d = get(number);
    if (d == NULL || !d->is_folder) return ERROR_NO_FOLDER;
    uint64_t used = 0;
    file each;
    for (; file_at((uint32_t)d->at, &each); d->at++) {
        const char *name = name_inside(d->what.name, each.name);
        if (name == NULL) continue;
        if (used + ENTRY_HEAD + sizeof(block) > bytes) break; /* names are shorter than a block */
        used += put_entry(out + used, d->at + 1, name);
    }
    return (int64_t)used;
}

int64_t files_stat(uint64_t number, const char *name, uint8_t out[144]) {
    uint32_t mode = MODE_REGULAR;
    file what = {0};
    if (name != NULL) {
        if (!file_find(name, &what)) {
            if (!is_folder(name)) return ERROR_NO_ENTRY;
            mode = MODE_FOLDER;
        }
    } else if (number < FIRST) {
        mode = MODE_TERMINAL;
    } else {
        const descriptor *d = get(number);
        if (d == NULL) return ERROR_BAD_DESCRIPTOR;
        what = d->what;
        if (d->is_folder) mode = MODE_FOLDER;
    }
    const uint64_t links = 1, block_bytes = PAGE;
    memset(out, 0, 144);
    memcpy(out + 8, &what.data, 8); /* a number of its own */
    memcpy(out + 16, &links, 8);
    memcpy(out + 24, &mode, 4);
    memcpy(out + 48, &what.bytes, 8);
    memcpy(out + 56, &block_bytes, 8);
    return 0;
}

const uint8_t *files_contents(uint64_t number, uint64_t *bytes) {
    const descriptor *d = get(number);
    if (d == NULL || d->is_folder) return NULL;
    *bytes = d->what.bytes;
    return d->what.data;
}
