/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "tflite/builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

/* References between a table and its directory are signed 32-bit. */
#define MAX_BYTES ((size_t)INT32_MAX)
#define FIRST_BYTES ((size_t)4096)

void mn_fbb_free(mn_fbb *b) {
    free(b->data);
    free(b->vtables);
    *b = (mn_fbb){0};
}

static bool fail(mn_fbb *b, mn_status status) {
    if (b->status == MN_OK) b->status = status;
    return false;
}

/* Makes room for `bytes` more. */
static bool reserve(mn_fbb *b, size_t bytes) {
    if (b->status != MN_OK) return false;
    if (bytes > MAX_BYTES - b->used) return fail(b, MN_ERROR_LIMIT);
    if (b->used + bytes <= b->capacity) return true;
    size_t capacity = b->capacity > FIRST_BYTES ? b->capacity : FIRST_BYTES;
    while (capacity < b->used + bytes) capacity *= 2;
    uint8_t *data = malloc(capacity);
    if (!data) return fail(b, MN_ERROR_MEMORY);
    if (b->used) memcpy(data + capacity - b->used, b->data + b->capacity - b->used, b->used);
    free(b->data);
    b->data = data;
    b->capacity = capacity;
    return true;
}

/* The next `bytes` towards the start, after zeros such that what is written once `bytes` more are in place is
 * aligned. NULL after a failure. */
static uint8_t *push(mn_fbb *b, size_t bytes, size_t alignment) {
    if (!reserve(b, bytes + alignment)) return NULL;
    size_t padding = mn_round_up(b->used + bytes, alignment) - (b->used + bytes);
    if (alignment > b->alignment) b->alignment = alignment;
    b->used += padding;
    memset(b->data + b->capacity - b->used, 0, padding);
    b->used += bytes;
    return b->data + b->capacity - b->used;
}

/* Writes the low `size` bytes of a value, least significant first. */
static void store(uint8_t *to, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) to[i] = (uint8_t)(value >> (8 * i));
}

static void push_scalar(mn_fbb *b, uint64_t value, size_t size) {
    uint8_t *to = push(b, size, size);
    if (to) store(to, value, size);
}

/* A reference holds the distance from itself to the object. */
static void push_ref(mn_fbb *b, mn_fbb_ref ref) {
    uint8_t *to = push(b, 4, 4);
    if (to) store(to, b->used - ref, 4);
}

static mn_fbb_ref here(const mn_fbb *b) { return b->status == MN_OK ? (mn_fbb_ref)b->used : 0; }

/* ---- Vectors ----------------------------------------------------------------------------------------- */

/* Elements in the file's order, behind `length`, as which the vector counts them. */
static mn_fbb_ref push_vector(mn_fbb *b, const void *elements, size_t bytes, size_t size, size_t alignment,
                              size_t length) {
    uint8_t *to = push(b, bytes, alignment < 4 ? 4 : alignment);
    if (!to) return 0;
    mn_fb_copy(to, elements, bytes / size, size);
    push_scalar(b, length, 4);
    return here(b);
}

mn_fbb_ref mn_fbb_vector(mn_fbb *b, const void *elements, size_t count, size_t size) {
    if (count > MAX_BYTES / size) {
        fail(b, MN_ERROR_LIMIT);
        return 0;
    }
    return push_vector(b, elements, count * size, size, size, count);
}

mn_fbb_ref mn_fbb_bytes(mn_fbb *b, const void *elements, size_t bytes, size_t size, size_t alignment) {
    if (bytes > MAX_BYTES) {
        fail(b, MN_ERROR_LIMIT);
        return 0;
    }
    return push_vector(b, elements, bytes, size, alignment, bytes);
}

mn_fbb_ref mn_fbb_string(mn_fbb *b, const char *text) {
    size_t length = strlen(text);
    if (length >= MAX_BYTES) {
        fail(b, MN_ERROR_LIMIT);
        return 0;
    }
    uint8_t *to = push(b, length + 1, 4);
    if (!to) return 0;
    memcpy(to, text, length + 1);
    push_scalar(b, length, 4);
    return here(b);
}

mn_fbb_ref mn_fbb_refs(mn_fbb *b, const mn_fbb_ref *refs, size_t count) {
    for (size_t i = count; i-- > 0;) push_ref(b, refs[i]);
    push_scalar(b, count, 4);
    return here(b);
}

/* ---- Tables ------------------------------------------------------------------------------------------ */

void mn_fbb_table_begin(mn_fbb *b) {
    memset(b->fields, 0, sizeof b->fields);
    b->field_count = 0;
    b->table_end = b->used;
}

static void note_field(mn_fbb *b, mn_fb_field field) {
    b->fields[field.id] = (uint32_t)b->used;
    if (field.id >= b->field_count) b->field_count = field.id + 1u;
}

void mn_fbb_add_u8(mn_fbb *b, mn_fb_field field, uint8_t value, uint8_t fallback) {
    if (value == fallback) return;
    push_scalar(b, value, 1);
    note_field(b, field);
}

void mn_fbb_add_i32(mn_fbb *b, mn_fb_field field, int32_t value, int32_t fallback) {
    if (value == fallback) return;
    push_scalar(b, (uint32_t)value, 4);
    note_field(b, field);
}

void mn_fbb_add_f32(mn_fbb *b, mn_fb_field field, float value, float fallback) {
    uint32_t bits, fallback_bits;
    memcpy(&bits, &value, sizeof bits);
    memcpy(&fallback_bits, &fallback, sizeof fallback_bits);
    if (bits == fallback_bits) return;
    push_scalar(b, bits, 4);
    note_field(b, field);
}

void mn_fbb_add_ref(mn_fbb *b, mn_fb_field field, mn_fbb_ref ref) {
    if (ref == 0) return;
    push_ref(b, ref);
    note_field(b, field);
}

/* A directory equal to the one just written, or 0. */
static mn_fbb_ref find_vtable(const mn_fbb *b, const uint8_t *vtable, size_t bytes) {
    for (size_t i = 0; i < b->vtable_count; i++) {
        const uint8_t *other = b->data + b->capacity - b->vtables[i];
        if (mn_le16(other) == bytes && memcmp(other, vtable, bytes) == 0) return b->vtables[i];
    }
    return 0;
}

static bool keep_vtable(mn_fbb *b, mn_fbb_ref vtable) {
    if (b->vtable_count == b->vtable_capacity) {
        size_t capacity = b->vtable_capacity ? 2 * b->vtable_capacity : 16;
        mn_fbb_ref *vtables = realloc(b->vtables, capacity * sizeof *vtables);
        if (!vtables) return fail(b, MN_ERROR_MEMORY);
        b->vtables = vtables;
        b->vtable_capacity = capacity;
    }
    b->vtables[b->vtable_count++] = vtable;
    return true;
}

mn_fbb_ref mn_fbb_table_end(mn_fbb *b) {
    push_scalar(b, 0, 4); /* reference to the directory, known below */
    if (b->status != MN_OK) return 0;
    size_t table = b->used;
    size_t bytes = 4 + 2 * (size_t)b->field_count;
    uint8_t vtable[4 + 2 * MN_FBB_MAX_FIELDS];
    store(vtable, bytes, 2);
    store(vtable + 2, table - b->table_end, 2);
    for (size_t i = 0; i < b->field_count; i++) {
        store(vtable + 4 + 2 * i, b->fields[i] ? table - b->fields[i] : 0, 2);
    }
    mn_fbb_ref shared = find_vtable(b, vtable, bytes);
    if (!shared) {
        uint8_t *to = push(b, bytes, 2);
        if (!to) return 0;
        memcpy(to, vtable, bytes);
        shared = here(b);
        if (!keep_vtable(b, shared)) return 0;
    }
    /* The distance from the table back to its directory; negative when the directory lies behind. */
    store(b->data + b->capacity - table, (uint64_t)shared - table, 4);
    return (mn_fbb_ref)table;
}

mn_status mn_fbb_finish(mn_fbb *b, mn_fbb_ref root, const char *identifier, uint8_t **data, size_t *bytes) {
    uint8_t *head = push(b, 8, b->alignment > 4 ? b->alignment : 4);
    if (!head) {
        if (b->status == MN_ERROR_MEMORY) return mn_fail_memory("the model file");
        return mn_fail(b->status, "the model takes more than 2 GiB, which a .tflite file cannot hold");
    }
    store(head, b->used - root, 4);
    memcpy(head + 4, identifier, 4);
    /* The file begins where the buffer's allocation does. */
    memmove(b->data, head, b->used);
    *data = b->data;
    *bytes = b->used;
    b->data = NULL;
    return MN_OK;
}
