/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "net/array.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/little.h"

size_t mn_array_type_size(mn_array_type type) {
    static const size_t sizes[] = {
        [MN_ARRAY_F16] = 2, [MN_ARRAY_BF16] = 2, [MN_ARRAY_F32] = 4,   [MN_ARRAY_F64] = 8,
        [MN_ARRAY_I64] = 8, [MN_ARRAY_I32] = 4,  [MN_ARRAY_OTHER] = 0,
    };
    return sizes[type];
}

bool mn_array_set_shape(mn_array *array, int32_t rank, const int64_t *dims) {
    size_t count = 1;
    mn_array made = *array;
    if (rank < 0 || rank > MN_ARRAY_MAX_RANK) return false;
    for (int32_t i = rank - 1; i >= 0; i--) {
        if (dims[i] < 0 || dims[i] > (int64_t)MN_ARRAY_MAX_COUNT) return false;
        made.dims[i] = (int32_t)dims[i];
        made.strides[i] = count;
        if (!mn_mul_size(count, (size_t)dims[i], &count) || count > MN_ARRAY_MAX_COUNT) return false;
    }
    made.rank = rank;
    made.count = count;
    *array = made;
    return true;
}

size_t mn_array_span(const mn_array *array) {
    size_t last = 0, far;
    if (array->count == 0) return 0;
    for (int32_t i = 0; i < array->rank; i++) {
        if (!mn_mul_size(array->strides[i], (size_t)(array->dims[i] - 1), &far) || !mn_add_size(last, far, &last)) {
            return SIZE_MAX;
        }
    }
    return last == SIZE_MAX ? SIZE_MAX : last + 1;
}

/* ---- Elements ---------------------------------------------------------------------------------------- */

float mn_half_to_float(uint16_t bits) {
    int32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    float value = exponent == 31  ? (fraction ? NAN : INFINITY)
                  : exponent == 0 ? ldexpf((float)fraction, -24)
                                  : ldexpf((float)(fraction + 1024), exponent - 25);
    return bits & 0x8000 ? -value : value;
}

static float element(mn_array_type type, const uint8_t *at) {
    uint32_t word;
    float value;
    switch (type) {
    case MN_ARRAY_F16: return mn_half_to_float(mn_le16(at));
    case MN_ARRAY_BF16:
        word = (uint32_t)mn_le16(at) << 16;
        memcpy(&value, &word, sizeof value);
        return value;
    case MN_ARRAY_F32: return mn_le_f32(at);
    case MN_ARRAY_F64: return (float)mn_le_f64(at);
    default: return NAN;
    }
}

void mn_array_read_floats(const mn_array *array, const int32_t *order, float *out) {
    size_t size = mn_array_type_size(array->type);
    int32_t at[MN_ARRAY_MAX_RANK] = {0};
    for (size_t i = 0; i < array->count; i++) {
        size_t place = 0;
        for (int32_t d = 0; d < array->rank; d++) place += (size_t)at[d] * array->strides[order[d]];
        out[i] = element(array->type, array->data + place * size);
        for (int32_t d = array->rank - 1; d >= 0 && ++at[d] == array->dims[order[d]]; d--) at[d] = 0;
    }
}

int64_t mn_array_integer(const mn_array *array, size_t index) {
    size_t place = 0;
    for (int32_t d = array->rank - 1; d >= 0; d--) {
        place += index % (size_t)array->dims[d] * array->strides[d];
        index /= (size_t)array->dims[d];
    }
    if (array->type == MN_ARRAY_I64) return (int64_t)mn_le64(array->data + 8 * place);
    return array->type == MN_ARRAY_I32 ? (int32_t)mn_le32(array->data + 4 * place) : 0;
}

void mn_array_shape_text(const mn_array *array, char text[MN_ARRAY_SHAPE_CHARS]) {
    size_t used = 0;
    snprintf(text, MN_ARRAY_SHAPE_CHARS, "a single number");
    for (int32_t i = 0; i < array->rank && used < MN_ARRAY_SHAPE_CHARS; i++) {
        int wrote = snprintf(text + used, MN_ARRAY_SHAPE_CHARS - used, "%s%d", i ? "x" : "", array->dims[i]);
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}
