/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "support/onnx_files.h"

#include <stdlib.h>
#include <string.h>

/* ---- Fields ------------------------------------------------------------------------------------------ */

static void put_varint(test_bytes *out, uint64_t value) {
    for (; value > 127; value >>= 7) test_bytes_number(out, (value & 127) | 128, 1);
    test_bytes_number(out, value, 1);
}

static void put_number(test_bytes *out, uint32_t field, int64_t value) {
    put_varint(out, field << 3);
    put_varint(out, (uint64_t)value);
}

static void put_bytes(test_bytes *out, uint32_t field, const void *data, size_t bytes) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes);
    test_bytes_add(out, data, bytes);
}

static void put_text(test_bytes *out, uint32_t field, const char *text) { put_bytes(out, field, text, strlen(text)); }

/* Floats and doubles are little-endian. */
static void add_float(test_bytes *out, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    test_bytes_number(out, bits, sizeof bits);
}

static void put_float(test_bytes *out, uint32_t field, float value) {
    put_varint(out, field << 3 | 5);
    add_float(out, value);
}

static void put_floats(test_bytes *out, uint32_t field, const float *values, size_t count) {
    put_varint(out, field << 3 | 2);
    put_varint(out, count * sizeof *values);
    for (size_t i = 0; i < count; i++) add_float(out, values[i]);
}

static void put_double(test_bytes *out, uint32_t field, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_varint(out, field << 3 | 2);
    put_varint(out, sizeof bits);
    test_bytes_number(out, bits, sizeof bits);
}

/* Puts a message into another, and empties it. */
static void put_message(test_bytes *out, uint32_t field, test_bytes *message) {
    put_bytes(out, field, message->data, message->count);
    free(message->data);
    *message = (test_bytes){0};
}

/* ---- Graph ------------------------------------------------------------------------------------------- */

static void end_node(test_onnx *model) {
    if (model->node.count > 0) put_message(&model->graph, 1, &model->node);
}

void test_onnx_begin(test_onnx *model, int64_t opset) { *model = (test_onnx){.opset = opset}; }

void test_onnx_input(test_onnx *model, const char *name, const int64_t dims[4]) {
    test_bytes info = {0}, type = {0}, tensor = {0}, shape = {0};
    for (int i = 0; i < 4; i++) {
        test_bytes dim = {0};
        if (dims[i] > 0) put_number(&dim, 1, dims[i]);
        if (dims[i] == 0) put_text(&dim, 2, "open");
        put_message(&shape, 1, &dim);
    }
    put_number(&tensor, 1, 1);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_text(&info, 1, name);
    put_message(&info, 2, &type);
    put_message(&model->graph, 11, &info);
}

void test_onnx_output(test_onnx *model, const char *name) {
    test_bytes info = {0};
    put_text(&info, 1, name);
    put_message(&model->graph, 12, &info);
}

static void begin_tensor(test_bytes *tensor, const char *name, int64_t type, int32_t rank, const int64_t *dims) {
    for (int32_t i = 0; i < rank; i++) put_number(tensor, 1, dims[i]);
    put_number(tensor, 2, type);
    put_text(tensor, 8, name);
}

void test_onnx_floats(test_onnx *model, const char *name, int32_t rank, const int64_t *dims, const float *values) {
    test_bytes tensor = {0};
    size_t count = 1;
    for (int32_t i = 0; i < rank; i++) count *= (size_t)dims[i];
    begin_tensor(&tensor, name, 1, rank, dims);
    put_floats(&tensor, 9, values, count);
    put_message(&model->graph, 5, &tensor);
}

void test_onnx_integers(test_onnx *model, const char *name, int32_t count, const int64_t *values) {
    test_bytes tensor = {0};
    begin_tensor(&tensor, name, 7, count < 0 ? 0 : 1, (const int64_t[]){count});
    for (int32_t i = 0; i < (count < 0 ? 1 : count); i++) put_number(&tensor, 7, values[i]);
    put_message(&model->graph, 5, &tensor);
}

void test_onnx_typed(test_onnx *model, const char *name, int kind, float value) {
    static const int64_t types[] = {1, 1, 11, 10, 11};
    test_bytes tensor = {0};
    begin_tensor(&tensor, name, types[kind], 0, NULL);
    if (kind == 0) put_floats(&tensor, 4, &value, 1);
    if (kind == 1) put_float(&tensor, 4, value);
    if (kind == 2) put_double(&tensor, 10, (double)value);
    if (kind == 3) put_number(&tensor, 5, 0x3e00); /* 1.5 */
    if (kind == 4) put_double(&tensor, 9, (double)value);
    put_message(&model->graph, 5, &tensor);
}

void test_onnx_external(test_onnx *model, const char *name, const char *location, int offset) {
    test_bytes tensor = {0}, entry = {0};
    const char text[] = {(char)('0' + offset), '\0'};
    begin_tensor(&tensor, name, 1, 0, NULL);
    put_text(&entry, 1, "location");
    put_text(&entry, 2, location);
    put_message(&tensor, 13, &entry);
    put_text(&entry, 1, "offset");
    put_text(&entry, 2, text);
    put_message(&tensor, 13, &entry);
    put_number(&tensor, 14, 1);
    put_message(&model->graph, 5, &tensor);
}

void test_onnx_node(test_onnx *model, const char *kind, const char *inputs, const char *output) {
    end_node(model);
    while (*inputs) {
        size_t length = strcspn(inputs, " ");
        put_bytes(&model->node, 1, inputs, length);
        inputs += length + (inputs[length] == ' ');
    }
    put_text(&model->node, 2, output);
    put_text(&model->node, 4, kind);
}

void test_onnx_int(test_onnx *model, const char *name, int64_t value) {
    test_bytes attribute = {0};
    put_text(&attribute, 1, name);
    put_number(&attribute, 3, value);
    put_message(&model->node, 5, &attribute);
}

void test_onnx_float(test_onnx *model, const char *name, float value) {
    test_bytes attribute = {0};
    put_text(&attribute, 1, name);
    put_float(&attribute, 2, value);
    put_message(&model->node, 5, &attribute);
}

void test_onnx_ints(test_onnx *model, const char *name, int32_t count, const int64_t *values) {
    test_bytes attribute = {0};
    put_text(&attribute, 1, name);
    for (int32_t i = 0; i < count; i++) put_number(&attribute, 8, values[i]);
    put_message(&model->node, 5, &attribute);
}

void test_onnx_write(test_onnx *model, test_bytes *out) {
    test_bytes opset = {0};
    end_node(model);
    put_number(out, 1, 8);
    put_text(out, 2, "pytorch");
    put_message(out, 7, &model->graph);
    put_number(&opset, 2, model->opset);
    put_message(out, 8, &opset);
}
