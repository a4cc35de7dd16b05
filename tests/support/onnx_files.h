/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Small ONNX models, message by message. */
#ifndef MN_TESTS_ONNX_FILES_H
#define MN_TESTS_ONNX_FILES_H

#include "support/torch_files.h"

/** A model in the making. test_onnx_write() frees it. */
typedef struct test_onnx {
    int64_t opset;
    test_bytes graph; /* fields of the GraphProto so far */
    test_bytes node;  /* of the NodeProto that attributes go to */
} test_onnx;

void test_onnx_begin(test_onnx *model, int64_t opset);

/** A picture; dimensions of 0 are open. */
void test_onnx_input(test_onnx *model, const char *name, const int64_t dims[4]);
void test_onnx_output(test_onnx *model, const char *name);

/** Constants with raw data; a count of -1 is a single number. */
void test_onnx_floats(test_onnx *model, const char *name, int32_t rank, const int64_t *dims, const float *values);
void test_onnx_integers(test_onnx *model, const char *name, int32_t count, const int64_t *values);

/** One number (that a half can hold), written in way 0 to 4: floats side by side, one by one, doubles, halves in
 *  integers, raw doubles. */
void test_onnx_typed(test_onnx *model, const char *name, int kind, float value);

/** One float in another file. */
void test_onnx_external(test_onnx *model, const char *name, const char *location, int offset);

/** A node; its inputs are one text with blanks between. */
void test_onnx_node(test_onnx *model, const char *kind, const char *inputs, const char *output);

/** Attributes of the last node. */
void test_onnx_int(test_onnx *model, const char *name, int64_t value);
void test_onnx_float(test_onnx *model, const char *name, float value);
void test_onnx_ints(test_onnx *model, const char *name, int32_t count, const int64_t *values);

void test_onnx_write(test_onnx *model, test_bytes *out);

#endif
