/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "tflite/flatbuffer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Work allowed per byte of file. Honest writers visit each byte about once; sharing of vectors between a few
 * tables is common, of one long vector between very many tables is not. */
#define WORK_PER_BYTE 16
#define WORK_ALWAYS ((size_t)1 << 16)

#define PATH_BYTES 160

static size_t append(char *text, size_t used, const char *format, ...) MN_PRINTF(3, 4);

static size_t append(char *text, size_t used, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text + used, PATH_BYTES - used, format, args);
    va_end(args);
    if (length < 0) return used;
    return (size_t)length < PATH_BYTES - used ? used + (size_t)length : PATH_BYTES - 1;
}

/* Writes "subgraphs[0].operators[12].inputs: ", or nothing at the root. Depth is that of the schema, under ten. */
static size_t write_path(const mn_fb_place *place, char *text) {
    if (!place->parent) {
        text[0] = '\0';
        return 0;
    }
    size_t used = write_path(place->parent, text);
    if (!place->indexed) return append(text, used, "%s%s", used ? "." : "", place->name);
    return append(text, used, "[%" PRIu32 "]", place->index);
}

mn_status mn_fb_fail(const mn_fb *fb, const mn_fb_place *place, mn_status status, const char *format, ...) {
    char path[PATH_BYTES], text[320];
    size_t used = write_path(place, path);
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mn_fail(status, "%s: %s%s%s", fb->file, path, used ? ": " : "", text);
}

mn_status mn_fb_charge(mn_fb *fb, const mn_fb_place *place, size_t bytes) {
    if (bytes > fb->budget) {
        return mn_fb_fail(fb, place, MN_ERROR_LIMIT,
                          "too many references share the same bytes; reading them all would take more than "
                          "%d times the size of the file",
                          WORK_PER_BYTE);
    }
    fb->budget -= bytes;
    return MN_OK;
}

static mn_fb_place place_of(const mn_fb_place *parent, mn_fb_field field) {
    return (mn_fb_place){.parent = parent, .name = field.name};
}

/* The position that the reference stored at `at` (four bytes inside the file, checked) leads to. Objects it can lead to
 * start with 32 bits and are aligned to them. */
static mn_status follow(const mn_fb *fb, const mn_fb_place *place, size_t at, size_t *out) {
    uint32_t offset = mn_le32(fb->data + at);
    if (offset == 0) return mn_fb_fail(fb, place, MN_ERROR_FORMAT, "reference is empty");
    if (offset > fb->bytes - at - 4) {
        return mn_fb_fail(fb, place, MN_ERROR_FORMAT,
                          "reference leads %" PRIu32 " bytes past byte %zu, beyond the end of the file (%zu bytes)",
                          offset, at, fb->bytes);
    }
    if ((at + offset) % 4 != 0) {
        return mn_fb_fail(fb, place, MN_ERROR_FORMAT, "reference leads to byte %zu, which is not a multiple of 4",
                          at + offset);
    }
    *out = at + offset;
    return MN_OK;
}

static mn_status open_vtable(mn_fb_table *table) {
    const mn_fb *fb = table->fb;
    const mn_fb_place *place = &table->place;
    int64_t vtable = (int64_t)table->at - (int32_t)mn_le32(fb->data + table->at);
    if (vtable < 0 || (uint64_t)vtable > fb->bytes - 4) {
        return mn_fb_fail(fb, place, MN_ERROR_FORMAT, "field directory of the table at byte %zu lies outside the file",
                          table->at);
    }
    if (vtable % 2 != 0) return mn_fb_fail(fb, place, MN_ERROR_FORMAT, "field directory starts at an odd byte");
    table->vtable = (size_t)vtable;
    table->vtable_bytes = mn_le16(fb->data + vtable);
    table->bytes = mn_le16(fb->data + vtable + 2);
    if (table->vtable_bytes < 4 || table->vtable_bytes % 2 != 0) {
        return mn_fb_fail(fb, place, MN_ERROR_FORMAT, "field directory claims an impossible size of %zu bytes",
                          table->vtable_bytes);
    }
    if (table->vtable_bytes > fb->bytes - table->vtable) {
        return mn_fb_fail(fb, place, MN_ERROR_FORMAT, "field directory ends beyond the end of the file");
    }
    if (table->bytes < 4) {
        return mn_fb_fail(fb, place, MN_ERROR_FORMAT, "table claims an impossible size of %zu bytes", table->bytes);
    }
    if (table->bytes > fb->bytes - table->at) {
        return mn_fb_fail(fb, place, MN_ERROR_FORMAT, "table ends beyond the end of the file");
    }
    return MN_OK;
}

/* Opens the table that the reference stored at `at` leads to. */
static mn_status open_table(mn_fb *fb, mn_fb_place place, size_t at, mn_fb_table *out) {
    mn_fb_table table = {.fb = fb, .place = place};
    MN_TRY(follow(fb, &table.place, at, &table.at));
    MN_TRY(open_vtable(&table));
    *out = table;
    return MN_OK;
}

mn_status mn_fb_open(const void *data, size_t bytes, const char *file, const char *identifier, mn_fb *fb,
                     mn_fb_table *root) {
    *fb = (mn_fb){.data = data, .bytes = bytes, .file = file};
    fb->budget = bytes > (SIZE_MAX - WORK_ALWAYS) / WORK_PER_BYTE ? SIZE_MAX : bytes * WORK_PER_BYTE + WORK_ALWAYS;
    if (bytes < 8 || memcmp(fb->data + 4, identifier, 4) != 0) {
        return mn_fail(MN_ERROR_FORMAT, "%s: \"%s\" is missing at byte 4", file, identifier);
    }
    return open_table(fb, (mn_fb_place){0}, 0, root);
}

/* Position of a field of `bytes` bytes inside its table; 0, which holds the root reference, when it is absent. */
static mn_status find_field(const mn_fb_table *table, mn_fb_field field, size_t bytes, size_t *out) {
    const mn_fb *fb = table->fb;
    size_t entry = 4 + 2 * (size_t)field.id;
    size_t offset = entry + 2 <= table->vtable_bytes ? mn_le16(fb->data + table->vtable + entry) : 0;
    *out = 0;
    if (offset == 0) return MN_OK;
    mn_fb_place place = place_of(&table->place, field);
    if (offset < 4 || offset > table->bytes || bytes > table->bytes - offset) {
        return mn_fb_fail(fb, &place, MN_ERROR_FORMAT, "field lies outside its table (byte %zu of %zu)", offset,
                          table->bytes);
    }
    if ((table->at + offset) % bytes != 0) {
        return mn_fb_fail(fb, &place, MN_ERROR_FORMAT, "field of %zu bytes starts at byte %zu, which is misaligned",
                          bytes, table->at + offset);
    }
    *out = table->at + offset;
    return MN_OK;
}

mn_status mn_fb_u8(const mn_fb_table *table, mn_fb_field field, uint8_t fallback, uint8_t *out) {
    size_t at;
    MN_TRY(find_field(table, field, 1, &at));
    *out = at ? table->fb->data[at] : fallback;
    return MN_OK;
}

mn_status mn_fb_u32(const mn_fb_table *table, mn_fb_field field, uint32_t fallback, uint32_t *out) {
    size_t at;
    MN_TRY(find_field(table, field, 4, &at));
    *out = at ? mn_le32(table->fb->data + at) : fallback;
    return MN_OK;
}

mn_status mn_fb_i32(const mn_fb_table *table, mn_fb_field field, int32_t fallback, int32_t *out) {
    uint32_t bits;
    MN_TRY(mn_fb_u32(table, field, (uint32_t)fallback, &bits));
    *out = (int32_t)bits;
    return MN_OK;
}

mn_status mn_fb_u64(const mn_fb_table *table, mn_fb_field field, uint64_t fallback, uint64_t *out) {
    size_t at;
    MN_TRY(find_field(table, field, 8, &at));
    *out = at ? mn_le64(table->fb->data + at) : fallback;
    return MN_OK;
}

mn_status mn_fb_f32(const mn_fb_table *table, mn_fb_field field, float fallback, float *out) {
    size_t at;
    MN_TRY(find_field(table, field, 4, &at));
    *out = at ? mn_le_f32(table->fb->data + at) : fallback;
    return MN_OK;
}

mn_status mn_fb_child(const mn_fb_table *table, mn_fb_field field, mn_fb_table *out, bool *present) {
    size_t at;
    MN_TRY(find_field(table, field, 4, &at));
    *present = at != 0;
    return at ? open_table(table->fb, place_of(&table->place, field), at, out) : MN_OK;
}

mn_status mn_fb_list(const mn_fb_table *table, mn_fb_field field, size_t element_bytes, mn_fb_vector *out) {
    mn_fb *fb = table->fb;
    mn_fb_vector vector = {.fb = fb, .place = place_of(&table->place, field)};
    size_t at, start;
    MN_TRY(find_field(table, field, 4, &at));
    if (at) {
        MN_TRY(follow(fb, &vector.place, at, &start));
        vector.count = mn_le32(fb->data + start);
        start += 4;
        if (vector.count > (fb->bytes - start) / element_bytes) {
            return mn_fb_fail(fb, &vector.place, MN_ERROR_FORMAT,
                              "list of %" PRIu32 " elements ends beyond the end of the file", vector.count);
        }
        if (start % element_bytes != 0) {
            return mn_fb_fail(fb, &vector.place, MN_ERROR_FORMAT,
                              "elements of %zu bytes start at byte %zu, which is misaligned", element_bytes, start);
        }
        vector.data = fb->data + start;
        if (element_bytes > 1) MN_TRY(mn_fb_charge(fb, &vector.place, vector.count * element_bytes));
    }
    *out = vector;
    return MN_OK;
}

mn_status mn_fb_string(const mn_fb_table *table, mn_fb_field field, mn_fb_vector *out) {
    mn_fb_vector text;
    MN_TRY(mn_fb_list(table, field, 1, &text));
    if (text.data) {
        const mn_fb *fb = table->fb;
        const uint8_t *end = text.data + text.count;
        if (end == fb->data + fb->bytes || *end != 0) {
            return mn_fb_fail(fb, &text.place, MN_ERROR_FORMAT, "string has no terminating zero");
        }
        MN_TRY(mn_fb_charge(table->fb, &text.place, text.count));
    }
    *out = text;
    return MN_OK;
}

mn_status mn_fb_item(const mn_fb_vector *vector, uint32_t i, mn_fb_table *out) {
    size_t at = (size_t)(vector->data - vector->fb->data) + 4 * (size_t)i;
    mn_fb_place place = {.parent = &vector->place, .index = i, .indexed = true};
    return open_table(vector->fb, place, at, out);
}

bool mn_fb_host_order(void) { return mn_le16((const uint8_t *)&(uint16_t){1}) == 1; }

void mn_fb_copy(void *to, const void *from, size_t count, size_t size) {
    if (count == 0) return;
    if (mn_fb_host_order()) {
        memcpy(to, from, count * size);
        return;
    }
    for (size_t i = 0; i < count * size; i++) {
        ((uint8_t *)to)[i] = ((const uint8_t *)from)[i - i % size + (size - 1 - i % size)];
    }
}
