/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <stdio.h>
#include <string.h>

#include "base/little.h"
#include "onnx/parse.h"

#define MAX_EXTERNAL_BYTES ((size_t)1 << 30) /* of one other file */

/* TensorProto: what is read of it, by the numbers of its fields. */
enum {
    FIELD_DIMS = 1,
    FIELD_TYPE = 2,
    FIELD_FLOATS = 4,
    FIELD_INT32S = 5,
    FIELD_INT64S = 7,
    FIELD_NAME = 8,
    FIELD_RAW = 9,
    FIELD_DOUBLES = 10,
    FIELD_EXTERNAL = 13,
    FIELD_LOCATION = 14
};

/* TensorProto.DataType. */
enum { TYPE_FLOAT = 1, TYPE_INT32 = 6, TYPE_INT64 = 7, TYPE_HALF = 10, TYPE_DOUBLE = 11, TYPE_BFLOAT = 16 };

static mn_array_type type_of(uint64_t type) {
    switch (type) {
    case TYPE_FLOAT: return MN_ARRAY_F32;
    case TYPE_HALF: return MN_ARRAY_F16;
    case TYPE_BFLOAT: return MN_ARRAY_BF16;
    case TYPE_DOUBLE: return MN_ARRAY_F64;
    case TYPE_INT64: return MN_ARRAY_I64;
    case TYPE_INT32: return MN_ARRAY_I32;
    default: return MN_ARRAY_OTHER;
    }
}

/* A tensor as its fields come. */
typedef struct reading {
    mn_onnx_model *model;
    mn_array array;
    mn_onnx_text name;
    int64_t dims[MN_ARRAY_MAX_RANK];
    int32_t rank;
    mn_wire raw;
    bool has_raw, external;
    mn_onnx_text location;
    uint64_t offset, length;
    bool has_length;
    uint8_t *typed; /* [count] elements, as they come one by one */
    size_t filled;
} reading;

/* ---- Data in other files ----------------------------------------------------------------------------- */

/* A whole number in text; false for anything else. */
static bool read_number(mn_onnx_text text, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || *out > UINT64_MAX / 100) return false;
        *out = 10 * *out + (uint64_t)(text.at[i] - '0');
    }
    return text.length > 0;
}

/* StringStringEntryProto: "location", "offset", "length" with their values. */
static mn_status read_entry(reading *r, mn_wire wire) {
    mn_onnx_text key = {0}, value = {0};
    mn_wire_field field;
    bool good = true;
    while (mn_wire_next(&wire, &field)) {
        if (field.kind != MN_WIRE_BYTES) continue;
        if (field.number == 1) key = mn_onnx_text_of(&field.bytes);
        if (field.number == 2) value = mn_onnx_text_of(&field.bytes);
    }
    if (mn_onnx_text_is(key, "location")) r->location = value;
    if (mn_onnx_text_is(key, "offset")) good = read_number(value, &r->offset);
    if (mn_onnx_text_is(key, "length")) good = r->has_length = read_number(value, &r->length);
    return good && !wire.damaged ? MN_OK : mn_onnx_damaged(r->model, "the place of external data is invalid");
}

/* A file of the same folder, and not one elsewhere that a stranger's model names. */
static bool is_plain_name(mn_onnx_text name) {
    if (name.length == 0 || name.length > 200 || name.at[0] == '.') return false;
    for (size_t i = 0; i < name.length; i++) {
        if (name.at[i] == '/' || name.at[i] == '\\' || name.at[i] == ':' || (uint8_t)name.at[i] < ' ') return false;
    }
    return true;
}

static mn_status open_external(reading *r, const mn_map **out) {
    mn_onnx_model *model = r->model;
    if (!is_plain_name(r->location)) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: has weights in a file that is not beside it; save it as one file, with "
                       "onnx.save(onnx.load(FILE), FILE) or torch.onnx.export(..., external_data=False)",
                       model->file);
    }
    char name[256], path[1024];
    snprintf(name, sizeof name, "%.*s", (int)r->location.length, r->location.at);
    for (int32_t i = 0; i < model->map_count; i++) {
        *out = &model->maps[i].map;
        if (strcmp(model->maps[i].name, name) == 0) return MN_OK;
    }
    int length = snprintf(path, sizeof path, "%s%s", model->folder ? model->folder : "", name);
    if (!model->folder || model->map_count == MN_ONNX_MAX_EXTERNAL || length >= (int)sizeof path) {
        return mn_fail(MN_ERROR_UNSUPPORTED,
                       "%s: has weights in the file %s, which cannot be read from here; save it as "
                       "one file, with torch.onnx.export(..., external_data=False)",
                       model->file, name);
    }
    mn_map *map = &model->maps[model->map_count].map;
    model->maps[model->map_count].name = mn_region_string(&model->region, name, strlen(name));
    if (!model->maps[model->map_count].name) return mn_fail_memory("a model's weights");
    mn_status status = mn_map_read(path, MAX_EXTERNAL_BYTES, map);
    if (status != MN_OK) return mn_fail_prefix(status, "weights of the model");
    model->map_count++;
    *out = map;
    return MN_OK;
}

static mn_status use_external(reading *r, size_t bytes) {
    const mn_map *map;
    MN_TRY(open_external(r, &map));
    if (r->offset > map->bytes || bytes > map->bytes - r->offset || (r->has_length && r->length != bytes)) {
        return mn_onnx_damaged(r->model, "external data does not hold a tensor's numbers");
    }
    r->array.data = (const uint8_t *)map->data + r->offset;
    return MN_OK;
}

/* ---- Numbers within the file ------------------------------------------------------------------------- */

/* Little-endian, as arrays are; halves lie in the lower bits of an int32. */
static void put_integer(reading *r, size_t size, uint64_t value) {
    mn_put_le(r->typed + r->filled * size, value, size);
    r->filled++;
}

/* Numbers of a type's own field; the array's shape is known. */
static mn_status read_typed(reading *r, const mn_wire_field *field) {
    size_t size = mn_array_type_size(r->array.type);
    bool whole = field->number == FIELD_INT32S || field->number == FIELD_INT64S;
    mn_wire numbers = field->bytes;
    mn_wire_field one = *field;
    if (field->kind != MN_WIRE_BYTES) {
        if (r->filled == r->array.count) return mn_onnx_damaged(r->model, "a tensor has more numbers than its shape");
        put_integer(r, size, one.value);
        return MN_OK;
    }
    while (mn_wire_left(&numbers) > 0) {
        uint64_t value = 0;
        if (whole && !mn_wire_varint(&numbers, &value)) break;
        if (!whole && mn_wire_left(&numbers) < size) return mn_onnx_damaged(r->model, "a tensor's numbers are cut");
        if (r->filled == r->array.count) return mn_onnx_damaged(r->model, "a tensor has more numbers than its shape");
        for (size_t i = 0; !whole && i < size; i++) value |= (uint64_t)*numbers.at++ << 8 * i;
        put_integer(r, size, value);
    }
    return numbers.damaged ? mn_onnx_damaged(r->model, "a tensor's numbers are cut") : MN_OK;
}

/* The field in which numbers of the type come, unless they come raw. */
static uint32_t typed_field(mn_array_type type) {
    switch (type) {
    case MN_ARRAY_F32: return FIELD_FLOATS;
    case MN_ARRAY_F64: return FIELD_DOUBLES;
    case MN_ARRAY_I64: return FIELD_INT64S;
    default: return FIELD_INT32S;
    }
}

static mn_status use_typed(reading *r, mn_wire wire) {
    mn_wire_field field;
    size_t size = mn_array_type_size(r->array.type);
    /* Each number takes a byte at least, so that a large shape with few of them is refused before memory is taken. */
    if (r->array.count > mn_wire_left(&wire))
        return mn_onnx_damaged(r->model, "a tensor has fewer numbers than its shape");
    r->typed = mn_region_alloc(&r->model->region, r->array.count, size);
    if (!r->typed) return mn_fail_memory("a model's weights");
    while (mn_wire_next(&wire, &field)) {
        if (field.number == typed_field(r->array.type)) MN_TRY(read_typed(r, &field));
    }
    if (r->filled != r->array.count) return mn_onnx_damaged(r->model, "a tensor has fewer numbers than its shape");
    r->array.data = r->typed;
    return MN_OK;
}

/* ---- A tensor ---------------------------------------------------------------------------------------- */

static mn_status read_field(reading *r, const mn_wire_field *field) {
    bool bytes = field->kind == MN_WIRE_BYTES;
    switch (field->number) {
    case FIELD_DIMS: return mn_onnx_integers(r->model, field, r->dims, MN_ARRAY_MAX_RANK, &r->rank);
    case FIELD_TYPE: r->array.type = type_of(field->value); return MN_OK;
    case FIELD_LOCATION: r->external = field->value != 0; return MN_OK;
    case FIELD_NAME:
        if (bytes) r->name = mn_onnx_text_of(&field->bytes);
        return MN_OK;
    case FIELD_RAW:
        r->has_raw = bytes;
        r->raw = field->bytes;
        return MN_OK;
    case FIELD_EXTERNAL: return bytes ? read_entry(r, field->bytes) : MN_OK;
    default: return MN_OK;
    }
}

mn_status mn_onnx_tensor(mn_onnx_model *model, mn_wire wire, mn_array *out, mn_onnx_text *name) {
    reading r = {.model = model, .array = {.type = MN_ARRAY_OTHER}};
    mn_wire_field field;
    const mn_wire whole = wire;
    while (mn_wire_next(&wire, &field)) MN_TRY(read_field(&r, &field));
    if (wire.damaged) return mn_onnx_damaged(model, "a tensor is cut short");
    if (!mn_array_set_shape(&r.array, r.rank, r.dims)) {
        return mn_fail(MN_ERROR_LIMIT, "%s: a tensor has more than %d dimensions or %zu numbers, or a negative one",
                       model->file, MN_ARRAY_MAX_RANK, MN_ARRAY_MAX_COUNT);
    }
    size_t bytes = r.array.count * mn_array_type_size(r.array.type);
    static const uint8_t nothing[8] = {0};
    r.array.data = nothing;
    if (r.external) {
        MN_TRY(use_external(&r, bytes));
    } else if (r.has_raw && r.array.type != MN_ARRAY_OTHER) {
        if (mn_wire_left(&r.raw) != bytes)
            return mn_onnx_damaged(model, "a tensor's numbers are not those of its shape");
        r.array.data = r.raw.at;
    } else if (r.array.type != MN_ARRAY_OTHER) {
        MN_TRY(use_typed(&r, whole));
    }
    model->elements += r.array.count;
    *out = r.array;
    *name = r.name;
    return MN_OK;
}
