/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Verified access to FlatBuffers (https://flatbuffers.dev/internals/): nothing is read before its offset, size and
 * alignment are known to lie inside the file, and each way of being wrong has its own sentence, which names the
 * place by its path, such as "subgraphs[0].operators[12].inputs". Knows no schema. Works on hosts of either byte
 * order and for data at any address.
 *
 * Readers of a schema call these functions at a fixed depth and never recurse, so a file with cyclic offsets costs
 * no more than any other. Offsets may legally alias: many references to one vector let a small file describe more
 * data than it holds, so work is charged against a budget proportional to the file's size. */
#ifndef MN_TFLITE_FLATBUFFER_H
#define MN_TFLITE_FLATBUFFER_H

#include "base/little.h"
#include "base/status.h"

/** A field of a table: its number in the schema, and its name for error sentences. */
typedef struct mn_fb_field {
    uint16_t id;
    const char *name;
} mn_fb_field;

typedef struct mn_fb {
    const uint8_t *data;
    size_t bytes;
    size_t budget; /* bytes that may still be visited; see mn_fb_charge() */
    const char *file;
} mn_fb;

/** Where we are: a chain from the object to the root. Formatted only when something fails. */
typedef struct mn_fb_place {
    const struct mn_fb_place *parent; /* NULL at the root; must outlive this place */
    const char *name;
    uint32_t index;
    bool indexed;
} mn_fb_place;

typedef struct mn_fb_table {
    mn_fb *fb;
    size_t at, bytes;            /* position and size of the inline part */
    size_t vtable, vtable_bytes; /* position and size of the field directory */
    mn_fb_place place;
} mn_fb_table;

typedef struct mn_fb_vector {
    mn_fb *fb;
    const uint8_t *data; /* first element; NULL when the field is absent */
    uint32_t count;      /* 0 when the field is absent */
    mn_fb_place place;
} mn_fb_vector;

/** Fails with "FILE: PATH: sentence"; the root's path is left out. */
mn_status mn_fb_fail(const mn_fb *fb, const mn_fb_place *place, mn_status status, const char *format, ...)
    MN_PRINTF(4, 5);

/** Takes `bytes` of work from the budget. */
mn_status mn_fb_charge(mn_fb *fb, const mn_fb_place *place, size_t bytes);

/** Starts reading: `identifier` are the four characters at byte 4. Fills `fb` and the root table. */
mn_status mn_fb_open(const void *data, size_t bytes, const char *file, const char *identifier, mn_fb *fb,
                     mn_fb_table *root);

/** Scalar fields; `fallback` is the schema's default, taken when the field is absent. */
mn_status mn_fb_u8(const mn_fb_table *table, mn_fb_field field, uint8_t fallback, uint8_t *out);
mn_status mn_fb_i32(const mn_fb_table *table, mn_fb_field field, int32_t fallback, int32_t *out);
mn_status mn_fb_u32(const mn_fb_table *table, mn_fb_field field, uint32_t fallback, uint32_t *out);
mn_status mn_fb_u64(const mn_fb_table *table, mn_fb_field field, uint64_t fallback, uint64_t *out);
mn_status mn_fb_f32(const mn_fb_table *table, mn_fb_field field, float fallback, float *out);

/** The table that `field` refers to; *present is false when the field is absent. `table` must outlive `out`. */
mn_status mn_fb_child(const mn_fb_table *table, mn_fb_field field, mn_fb_table *out, bool *present);

/** The vector of elements of `element_bytes` (1, 4 or 8) that `field` refers to; charges the budget for its
 *  elements, except for bytes. `table` must outlive `out`. */
mn_status mn_fb_list(const mn_fb_table *table, mn_fb_field field, size_t element_bytes, mn_fb_vector *out);

/** As mn_fb_list() for a string: also verifies the terminating zero, which `count` leaves out. */
mn_status mn_fb_string(const mn_fb_table *table, mn_fb_field field, mn_fb_vector *out);

/** Table number `i` of a vector of tables; `vector` must outlive `out`. */
mn_status mn_fb_item(const mn_fb_vector *vector, uint32_t i, mn_fb_table *out);

/** Does this host keep numbers in the order of the file? */
bool mn_fb_host_order(void);

/** Copies `count` elements of `size` bytes between the order of the file and that of the host, in either
 *  direction; no alignment needed. */
void mn_fb_copy(void *to, const void *from, size_t count, size_t size);

#endif
