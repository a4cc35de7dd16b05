/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "graph/shape.h"
#include "tflite/reader.h"

/* Fails with "FILE: tensor 5 (NAME): sentence". */
static mn_status tensor_fail(const mn_tfl_reader *reader, int32_t index, mn_status status, const char *format, ...)
    MN_PRINTF(4, 5);

static mn_status tensor_fail(const mn_tfl_reader *reader, int32_t index, mn_status status, const char *format, ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const mn_graph *graph = reader->graph;
    return mn_fail(status, "%s: tensor %" PRId32 " (%.80s): %s", graph->name, index, graph->tensors[index].name, text);
}

/* Names of the enum TensorType, for sentences about types that are not supported. */
static const char *const type_names[] = {
    "FLOAT32", "FLOAT16",   "INT32",  "UINT8",   "INT64",      "STRING", "BOOL",
    "INT16",   "COMPLEX64", "INT8",   "FLOAT64", "COMPLEX128", "UINT64", "RESOURCE",
    "VARIANT", "UINT32",    "UINT16", "INT4",    "BFLOAT16",   "INT2",   "UINT4",
};

static mn_status read_type(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index, mn_type *out) {
    uint8_t type;
    MN_TRY(mn_fb_u8(table, MN_F_TENSOR_TYPE, 0, &type));
    switch (type) {
#define X(value, name, here)                                                                                           \
    case value: *out = here; return MN_OK;
        MN_TFL_TYPES(X)
#undef X
    default: break;
    }
    if (type < sizeof type_names / sizeof type_names[0]) {
        return tensor_fail(reader, index, MN_ERROR_UNSUPPORTED, "type %s is not supported", type_names[type]);
    }
    return tensor_fail(reader, index, MN_ERROR_UNSUPPORTED, "type number %d is not known", type);
}

/* Written by an operator, so that what the file says of its shape is a note. */
static bool is_computed(const mn_tfl_reader *reader, int32_t index) {
    return reader->roles[index] & MN_TFL_ROLE_WRITTEN;
}

static mn_status read_shape(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index) {
    mn_tensor *tensor = &reader->graph->tensors[index];
    mn_fb_vector shape;
    MN_TRY(mn_fb_list(table, MN_F_TENSOR_SHAPE, 4, &shape));
    if (shape.count > MN_MAX_RANK) {
        return tensor_fail(reader, index, MN_ERROR_UNSUPPORTED, "%" PRIu32 " dimensions; at most %d are supported",
                           shape.count, MN_MAX_RANK);
    }
    tensor->rank = (int32_t)shape.count;
    tensor->bytes = mn_type_size(tensor->type);
    for (int32_t d = 0; d < tensor->rank; d++) {
        int32_t dim = (int32_t)mn_le32(shape.data + 4 * d);
        /* What is computed gets its shape from its operator; a batch of any size is one image until a session says. */
        if (dim < 1 && is_computed(reader, index)) dim = 1;
        /* Vela leaves memories empty that its program does not use: one element is as good. */
        if (dim == 0 && reader->roles[index] == MN_TFL_ROLE_CUSTOM) dim = 1;
        if (dim == -1 && d == 0 && (reader->roles[index] & MN_TFL_ROLE_INPUT)) dim = 1;
        if (dim < 1) {
            return tensor_fail(reader, index, MN_ERROR_FORMAT,
                               "dimension %" PRId32 " is %" PRId32 "; it must be positive", d, dim);
        }
        tensor->dims[d] = dim;
        if (mn_mul_size(tensor->bytes, (size_t)dim, &tensor->bytes) && tensor->bytes <= MN_MAX_TENSOR_BYTES) continue;
        if (!is_computed(reader, index)) {
            return tensor_fail(reader, index, MN_ERROR_LIMIT, "larger than the limit of %zu MiB",
                               MN_MAX_TENSOR_BYTES >> 20);
        }
    }
    return MN_OK;
}

/* What may change of the shape: a note, which is left out where it does not fit. */
static mn_status read_open_dims(const mn_fb_table *table, mn_tensor *tensor) {
    mn_fb_vector list;
    MN_TRY(mn_fb_list(table, MN_F_TENSOR_SHAPE_SIGNATURE, 4, &list));
    if (list.count != (uint32_t)tensor->rank) return MN_OK;
    for (uint32_t d = 0; d < list.count; d++) {
        if ((int32_t)mn_le32(list.data + 4 * (size_t)d) == -1) tensor->open_dims |= UINT32_C(1) << d;
    }
    return MN_OK;
}

/* ---- Constants --------------------------------------------------------------------------------------- */

mn_status mn_tfl_read_contents(const mn_tfl_reader *reader, const mn_fb_table *table, const mn_tfl_contents *fields,
                               const uint8_t **data, size_t *bytes) {
    const mn_fb *fb = &reader->fb;
    mn_fb_vector inside;
    uint64_t offset, size;
    MN_TRY(mn_fb_list(table, fields->inside, 1, &inside));
    MN_TRY(mn_fb_u64(table, fields->offset, 0, &offset));
    MN_TRY(mn_fb_u64(table, fields->size, 0, &size));
    *data = inside.data;
    *bytes = inside.count;
    if (offset <= 1) return MN_OK; /* 0: not used; 1: a place holder of some writers */
    if (inside.count != 0) {
        return mn_fb_fail(fb, &table->place, MN_ERROR_FORMAT, "has both contents and an offset to contents");
    }
    if (offset > fb->bytes || size > fb->bytes - offset) {
        return mn_fb_fail(fb, &table->place, MN_ERROR_FORMAT, "contents by offset end beyond the end of the file");
    }
    *data = fb->data + offset;
    *bytes = (size_t)size;
    return MN_OK;
}

mn_status mn_tfl_read_buffer(const mn_tfl_reader *reader, const mn_fb_table *buffer, const uint8_t **data,
                             size_t *bytes) {
    return mn_tfl_read_contents(
        reader, buffer, &(mn_tfl_contents){MN_F_BUFFER_DATA, MN_F_BUFFER_OFFSET, MN_F_BUFFER_SIZE}, data, bytes);
}

static bool is_usable(const void *data, size_t size) {
    return size == 1 || (mn_fb_host_order() && (uintptr_t)data % size == 0);
}

/* Numbers of `size` bytes as they lie in the file, or a copy where their order or place does not suit; NULL when there
 * is no memory for it. */
static const void *numbers(mn_tfl_reader *reader, const void *data, size_t count, size_t size) {
    if (is_usable(data, size)) return data;
    void *copy = mn_region_alloc(&reader->graph->region, count, size);
    if (copy) mn_fb_copy(copy, data, count, size);
    return copy;
}

static mn_status read_constant(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index) {
    mn_tensor *tensor = &reader->graph->tensors[index];
    mn_fb_table buffer;
    uint32_t number;
    MN_TRY(mn_fb_u32(table, MN_F_TENSOR_BUFFER, 0, &number));
    if (number >= reader->buffers.count) {
        return tensor_fail(reader, index, MN_ERROR_FORMAT, "buffer %" PRIu32 " does not exist; there are %" PRIu32,
                           number, reader->buffers.count);
    }
    MN_TRY(mn_fb_item(&reader->buffers, number, &buffer));
    const uint8_t *data;
    size_t bytes;
    MN_TRY(mn_tfl_read_buffer(reader, &buffer, &data, &bytes));
    if (bytes == 0) return MN_OK;
    if (bytes != tensor->bytes) {
        return tensor_fail(reader, index, MN_ERROR_FORMAT, "buffer %" PRIu32 " holds %zu bytes; the shape takes %zu",
                           number, bytes, tensor->bytes);
    }
    const size_t size = mn_type_size(tensor->type);
    if (!is_usable(data, size)) MN_TRY(mn_fb_charge(&reader->fb, &buffer.place, bytes));
    tensor->data = numbers(reader, data, bytes / size, size);
    return tensor->data ? MN_OK : mn_fail_memory("a constant tensor");
}

/* ---- Quantisation ------------------------------------------------------------------------------------ */

/* Stored values that a zero point of this type can take. */
static int64_t lowest(mn_type type) {
    return type == MN_INT8 ? INT8_MIN : type == MN_UINT8 ? 0 : type == MN_INT16 ? INT16_MIN : INT32_MIN;
}
static int64_t highest(mn_type type) {
    return type == MN_INT8 ? INT8_MAX : type == MN_UINT8 ? UINT8_MAX : type == MN_INT16 ? INT16_MAX : INT32_MAX;
}

/* Positive and finite are the bits from 1 to those of FLT_MAX. Without branches and in integers, which compilers make
 * vectors of: models have tens of thousands of scales. */
static bool are_scales(const float *scale, uint32_t count) {
    uint32_t bad = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &scale[i], sizeof bits);
        bad |= (uint32_t)(bits - 1 >= UINT32_C(0x7f7fffff));
    }
    return !bad;
}

static mn_status read_scales(mn_tfl_reader *reader, const mn_fb_vector *list, int32_t index, const float **out) {
    const float *scales = numbers(reader, list->data, list->count, sizeof *scales);
    if (!scales) return mn_fail_memory("quantisation parameters");
    *out = scales;
    if (are_scales(scales, list->count)) return MN_OK;
    uint32_t first = 0;
    while (are_scales(scales + first, 1)) first++;
    return tensor_fail(reader, index, MN_ERROR_FORMAT, "scale %" PRIu32 " is %g; it must be positive and finite", first,
                       (double)scales[first]);
}

static bool all_zero(const mn_fb_vector *list) {
    const size_t bytes = 8 * (size_t)list->count;
    return bytes == 0 || (list->data[0] == 0 && memcmp(list->data, list->data + 1, bytes - 1) == 0);
}

/* As many zeros; most tensors share them. */
static const int32_t *zeros_for(mn_tfl_reader *reader, size_t count) {
    if (count > reader->zero_count) {
        reader->zeros = mn_region_alloc(&reader->graph->region, count, sizeof *reader->zeros);
        reader->zero_count = reader->zeros ? count : 0;
    }
    return reader->zeros;
}

/* Are they one number, however many? */
static bool all_equal(const mn_fb_vector *list) {
    return list->count < 2 || memcmp(list->data, list->data + 8, 8 * ((size_t)list->count - 1)) == 0;
}

/* `list` holds as many zero points as there are scales, one number for all, or none, which means 0. */
static mn_status read_zero_points(mn_tfl_reader *reader, const mn_fb_vector *list, int32_t index, int32_t count,
                                  const int32_t **out) {
    const mn_type type = reader->graph->tensors[index].type;
    int32_t *zeros = NULL;
    *out = all_zero(list) ? zeros_for(reader, (size_t)count)
                          : (zeros = mn_region_alloc(&reader->graph->region, (size_t)count, sizeof *zeros));
    if (!*out) return mn_fail_memory("quantisation parameters");
    for (int32_t i = 0; i < count && zeros; i++) {
        size_t entry = list->count == (uint32_t)count ? (size_t)i : 0;
        int64_t zero = (int64_t)mn_le64(list->data + 8 * entry);
        if (zero < lowest(type) || zero > highest(type)) {
            return tensor_fail(reader, index, MN_ERROR_FORMAT, "zero point %" PRId64 " is outside the range of %s",
                               zero, mn_type_name(type));
        }
        if (type == MN_INT8 && count > 1 && zero != 0) {
            return tensor_fail(reader, index, MN_ERROR_UNSUPPORTED,
                               "zero point %" PRId32 " of per-channel int8 is %" PRId64 "; it must be 0", i, zero);
        }
        zeros[i] = (int32_t)zero;
    }
    return MN_OK;
}

/* Is there a scale for each entry of dimension `axis`, or one for all? Of one the dimension does not matter. */
static bool fits_axis(const mn_tensor *tensor, uint32_t scales, int32_t axis) {
    if (scales == 1) return true;
    return axis >= 0 && axis < tensor->rank && scales == (uint32_t)tensor->dims[axis];
}

/* The quantisation of a bias follows from input and weights; what the file says of it is a note that may be wrong, as
 * that of TensorFlow's older converters is, and is left out then. */
static bool is_wrong_note(const mn_tensor *tensor, const mn_fb_vector *scales, const mn_fb_vector *zeros,
                          int32_t axis) {
    if (tensor->type != MN_INT32) return false;
    if (!fits_axis(tensor, scales->count, axis) || !all_zero(zeros)) return true;
    for (uint32_t i = 0; i < scales->count; i++) {
        const float scale = mn_le_f32(scales->data + 4 * (size_t)i);
        if (!are_scales(&scale, 1)) return true;
    }
    return false;
}

static mn_status check_quant_counts(mn_tfl_reader *reader, int32_t index, const mn_fb_vector *scale_list,
                                    const mn_fb_vector *zero_list, int32_t axis) {
    const mn_tensor *tensor = &reader->graph->tensors[index];
    const uint32_t scales = scale_list->count, zeros = zero_list->count;
    if (scales != 1 && (axis < 0 || axis >= tensor->rank)) {
        return tensor_fail(reader, index, MN_ERROR_FORMAT,
                           "quantised along dimension %" PRId32 ", which does not exist", axis);
    }
    if (!fits_axis(tensor, scales, axis)) {
        return tensor_fail(reader, index, MN_ERROR_FORMAT,
                           "%" PRIu32 " scales along dimension %" PRId32 ", which has %" PRId32 " entries", scales,
                           axis, tensor->dims[axis]);
    }
    if (zeros != scales && !all_equal(zero_list)) {
        return tensor_fail(reader, index, MN_ERROR_FORMAT, "%" PRIu32 " zero points for %" PRIu32 " scales", zeros,
                           scales);
    }
    return MN_OK;
}

static mn_status read_quantisation(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index) {
    mn_tensor *tensor = &reader->graph->tensors[index];
    mn_fb_table quantisation;
    bool present;
    MN_TRY(mn_fb_child(table, MN_F_TENSOR_QUANTIZATION, &quantisation, &present));
    if (!present) return MN_OK;
    mn_fb_vector scales, zeros;
    uint8_t details;
    int32_t axis;
    MN_TRY(mn_fb_list(&quantisation, MN_F_QUANT_SCALE, 4, &scales));
    MN_TRY(mn_fb_list(&quantisation, MN_F_QUANT_ZERO_POINT, 8, &zeros));
    MN_TRY(mn_fb_u8(&quantisation, MN_F_QUANT_DETAILS_TYPE, 0, &details));
    MN_TRY(mn_fb_i32(&quantisation, MN_F_QUANT_DIMENSION, 0, &axis));
    /* Scales mean something for these types alone. */
    bool quantisable =
        tensor->type == MN_INT8 || tensor->type == MN_UINT8 || tensor->type == MN_INT16 || tensor->type == MN_INT32;
    if (!quantisable) return MN_OK;
    if (details != 0) {
        return tensor_fail(reader, index, MN_ERROR_UNSUPPORTED, "custom or blockwise quantisation is not supported");
    }
    /* Without scales the table holds only the range seen in training, or nothing. */
    if (scales.count == 0 || is_wrong_note(tensor, &scales, &zeros, axis)) return MN_OK;
    MN_TRY(check_quant_counts(reader, index, &scales, &zeros, axis));
    const float *scale;
    const int32_t *zero_point;
    MN_TRY(read_scales(reader, &scales, index, &scale));
    MN_TRY(read_zero_points(reader, &zeros, index, (int32_t)scales.count, &zero_point));
    tensor->quant = (mn_quant){
        .count = (int32_t)scales.count, .axis = scales.count > 1 ? axis : 0, .scale = scale, .zero_point = zero_point};
    return MN_OK;
}

/* ---- All together ------------------------------------------------------------------------------------ */

/* Kinds of storage that exist in the schema and not here. */
static mn_status refuse_special(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index) {
    mn_fb_table sparsity;
    uint8_t variable;
    uint32_t external;
    bool sparse;
    MN_TRY(mn_fb_u8(table, MN_F_TENSOR_IS_VARIABLE, 0, &variable));
    MN_TRY(mn_fb_child(table, MN_F_TENSOR_SPARSITY, &sparsity, &sparse));
    MN_TRY(mn_fb_u32(table, MN_F_TENSOR_EXTERNAL_BUFFER, 0, &external));
    if (variable) {
        return tensor_fail(reader, index, MN_ERROR_UNSUPPORTED,
                           "variables that keep their value between runs are not supported");
    }
    if (sparse) {
        return tensor_fail(reader, index, MN_ERROR_UNSUPPORTED,
                           "sparse tensors are not supported; convert the model without sparsity");
    }
    if (external) {
        return tensor_fail(reader, index, MN_ERROR_UNSUPPORTED, "contents kept in another file are not supported");
    }
    return MN_OK;
}

mn_status mn_tfl_read_tensor(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index) {
    mn_tensor *tensor = &reader->graph->tensors[index];
    MN_TRY(mn_tfl_read_text(reader, table, MN_F_TENSOR_NAME, &tensor->name));
    if (reader->roles[index] == 0) return MN_OK;
    MN_TRY(read_type(reader, table, index, &tensor->type));
    MN_TRY(refuse_special(reader, table, index));
    MN_TRY(read_shape(reader, table, index));
    MN_TRY(read_open_dims(table, tensor));
    MN_TRY(read_constant(reader, table, index));
    return read_quantisation(reader, table, index);
}
