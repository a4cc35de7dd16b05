/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Makes FlatBuffers. The buffer grows from its end to its start, because a FlatBuffers reference points forward:
 * children are written before their parents. Equal input gives equal bytes. Knows no schema.
 *
 * Failure sticks: after the first one every call does nothing, and mn_fbb_finish() reports it. */
#ifndef MN_TFLITE_BUILDER_H
#define MN_TFLITE_BUILDER_H

#include "base/status.h"
#include "tflite/flatbuffer.h"

/** A written object: its distance from the end of the buffer. 0 is none. */
typedef uint32_t mn_fbb_ref;

#define MN_FBB_MAX_FIELDS 16

typedef struct mn_fbb {
    uint8_t *data;   /* the last `used` of `capacity` bytes are written */
    size_t capacity; /* at most MN_FBB_MAX_BYTES */
    size_t used;
    size_t alignment; /* largest so far */
    mn_status status;
    uint32_t fields[MN_FBB_MAX_FIELDS]; /* of the table being written: distance from the end, or 0 */
    uint32_t field_count;
    size_t table_end;    /* `used` before the table being written */
    mn_fbb_ref *vtables; /* distinct field directories, which tables share */
    size_t vtable_count, vtable_capacity;
} mn_fbb;

/** Start with `mn_fbb b = {0};`. Frees everything; the buffer too unless mn_fbb_finish() gave it away. */
void mn_fbb_free(mn_fbb *b);

/** A vector of `count` elements of `size` bytes (1, 2, 4 or 8) from an array in host order. */
mn_fbb_ref mn_fbb_vector(mn_fbb *b, const void *elements, size_t count, size_t size);

/** A vector of bytes that hold elements of `size` bytes, the first aligned to `alignment` (a power of two). */
mn_fbb_ref mn_fbb_bytes(mn_fbb *b, const void *elements, size_t bytes, size_t size, size_t alignment);

mn_fbb_ref mn_fbb_string(mn_fbb *b, const char *text);

/** A vector of references; the objects have been written. */
mn_fbb_ref mn_fbb_refs(mn_fbb *b, const mn_fbb_ref *refs, size_t count);

/** A table: begin, add fields (scalars equal to their default and references to nothing are left out), end. Children
 *  are written before the table begins. */
void mn_fbb_table_begin(mn_fbb *b);
void mn_fbb_add_u8(mn_fbb *b, mn_fb_field field, uint8_t value, uint8_t fallback);
void mn_fbb_add_i32(mn_fbb *b, mn_fb_field field, int32_t value, int32_t fallback);
void mn_fbb_add_f32(mn_fbb *b, mn_fb_field field, float value, float fallback);
void mn_fbb_add_ref(mn_fbb *b, mn_fb_field field, mn_fbb_ref ref);
mn_fbb_ref mn_fbb_table_end(mn_fbb *b);

/** Completes the buffer with its root table and four characters of identifier. On success the caller owns *data, to
 *  be freed with free(). Errors: MEMORY, LIMIT (over 2 GiB, which FlatBuffers cannot address). */
mn_status mn_fbb_finish(mn_fbb *b, mn_fbb_ref root, const char *identifier, uint8_t **data, size_t *bytes);

#endif
