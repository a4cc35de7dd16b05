/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The format (https://github.com/huggingface/safetensors, README.md): eight bytes with the length of the header, a
 * JSON object {"NAME": {"dtype": "F32", "shape": [..], "data_offsets": [BEGIN, END]}, ..}, and behind it the bytes of
 * the arrays, which lie there without gaps and do not overlap. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "torch/state.h"

#define MAX_HEADER ((uint64_t)16 << 20)

typedef struct reader {
    mn_torch_state *state;
    const uint8_t *data; /* behind the header */
    size_t bytes;
} reader;

static uint64_t header_length(const uint8_t *data) {
    uint64_t length;
    memcpy(&length, data, sizeof length);
    return length;
}

bool mn_safetensors_is(const uint8_t *data, size_t bytes) {
    return bytes > 9 && data[8] == '{' && header_length(data) <= MAX_HEADER;
}

static mn_status fail(const reader *r, const char *name, const char *what) {
    return mn_fail(MN_ERROR_FORMAT, "%s: array '%.200s': %s; the file is damaged, fetch it again", r->state->file, name,
                   what);
}

/* A whole number from 0 to 2^53, up to which a JSON number is exact; -1 for anything else. */
static int64_t whole_number(const cJSON *item) {
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 0x1p53)) return -1;
    return floor(item->valuedouble) == item->valuedouble ? (int64_t)item->valuedouble : -1;
}

static mn_array_type type_of(const char *name) {
    static const struct {
        const char *name;
        mn_array_type type;
    } known[] = {{"F32", MN_ARRAY_F32}, {"F16", MN_ARRAY_F16}, {"BF16", MN_ARRAY_BF16},
                 {"F64", MN_ARRAY_F64}, {"I64", MN_ARRAY_I64}, {"I32", MN_ARRAY_I32}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) == 0) return known[i].type;
    }
    return MN_ARRAY_OTHER;
}

/* The shape and the place of one array. */
static mn_status read_array(reader *r, const cJSON *item) {
    int64_t dims[MN_ARRAY_MAX_RANK], place[2] = {-1, -1};
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(item, "dtype"), *number;
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    if (!cJSON_IsString(type) || !cJSON_IsArray(shape) || !cJSON_IsArray(offsets)) {
        return fail(r, item->string, "dtype, shape or data_offsets are missing");
    }
    mn_array array = {.type = type_of(type->valuestring)};
    int32_t rank = 0;
    cJSON_ArrayForEach(number, shape) {
        if (rank < MN_ARRAY_MAX_RANK) dims[rank] = whole_number(number);
        rank++;
    }
    if (!mn_array_set_shape(&array, rank, dims)) {
        return mn_fail(MN_ERROR_LIMIT, "%s: array '%.200s' has more than %d dimensions or more than %zu numbers",
                       r->state->file, item->string, MN_ARRAY_MAX_RANK, MN_ARRAY_MAX_COUNT);
    }
    int32_t given = 0;
    cJSON_ArrayForEach(number, offsets) {
        if (given < 2) place[given] = whole_number(number);
        given++;
    }
    if (given != 2 || place[0] < 0 || place[1] < place[0] || (uint64_t)place[1] > r->bytes) {
        return fail(r, item->string, "its place is not within the file");
    }
    size_t size = mn_array_type_size(array.type), held = (size_t)(place[1] - place[0]);
    if (size > 0 && held != array.count * size) {
        return fail(r, item->string, "its place has more or fewer bytes than its shape needs");
    }
    array.data = r->data + place[0];
    array.name = mn_region_string(&r->state->region, item->string, strlen(item->string));
    if (!array.name) return mn_fail_memory("the list of weights");
    return mn_torch_state_add(r->state, &array);
}

static int compare_places(const void *a, const void *b) {
    const mn_array *p = a, *q = b;
    if (p->data != q->data) return p->data < q->data ? -1 : 1;
    return (p->count > q->count) - (p->count < q->count);
}

/* Arrays of types that are not read here only have to begin where another has ended. */
static mn_status check_overlaps(reader *r) {
    mn_array *arrays = r->state->arrays;
    qsort(arrays, (size_t)r->state->count, sizeof *arrays, compare_places);
    for (int32_t i = 0; i + 1 < r->state->count; i++) {
        const uint8_t *end = arrays[i].data + arrays[i].count * mn_array_type_size(arrays[i].type);
        if (end > arrays[i + 1].data) return fail(r, arrays[i + 1].name, "it overlaps another array");
    }
    return MN_OK;
}

static mn_status read_header(reader *r, const cJSON *header) {
    const cJSON *item;
    if (!cJSON_IsObject(header)) {
        return mn_fail(MN_ERROR_FORMAT,
                       "%s: the header of this safetensors file is not JSON; it is damaged or cut "
                       "short, fetch it again",
                       r->state->file);
    }
    cJSON_ArrayForEach(item, header) {
        if (strcmp(item->string, "__metadata__") != 0) MN_TRY(read_array(r, item));
    }
    if (r->state->count > 0) MN_TRY(check_overlaps(r));
    return mn_torch_state_finish(r->state);
}

mn_status mn_safetensors_read(const uint8_t *data, size_t bytes, mn_torch_state *state) {
    uint64_t length = header_length(data);
    if (length > bytes - 8) {
        return mn_fail(MN_ERROR_FORMAT, "%s: ends within its header; it is cut short, fetch it again", state->file);
    }
    reader r = {.state = state, .data = data + 8 + length, .bytes = bytes - 8 - (size_t)length};
    state->format = "PyTorch weights in safetensors";
    cJSON *header = cJSON_ParseWithLength((const char *)data + 8, (size_t)length);
    mn_status status = read_header(&r, header);
    cJSON_Delete(header);
    return status;
}
