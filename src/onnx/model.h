/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The messages of an ONNX file (https://github.com/onnx/onnx/blob/main/docs/IR.md) that a classifier takes, as plain
 * data that points into the file. Names of values are numbers here: their place among all names, sorted. */
#ifndef MN_ONNX_MODEL_H
#define MN_ONNX_MODEL_H

#include "base/map.h"
#include "base/region.h"
#include "net/array.h"

/* Limits of ours: torchvision's MobileNetV3 has 250 nodes. */
#define MN_ONNX_MAX_NODES 16384
#define MN_ONNX_MAX_VALUES 65536
#define MN_ONNX_MAX_PORTS 1024 /* inputs or outputs of one node; attributes; numbers in one */
#define MN_ONNX_MAX_EXTERNAL 64

typedef struct mn_onnx_text {
    const char *at; /* not terminated */
    size_t length;
} mn_onnx_text;

typedef struct mn_onnx_attribute {
    mn_onnx_text name, text;
    float number;
    int64_t integer;
    int32_t count; /* of integers or of numbers */
    const int64_t *integers;
    const float *numbers;
    mn_array tensor; /* data NULL: none */
} mn_onnx_attribute;

typedef struct mn_onnx_node {
    mn_onnx_text kind, domain;
    int32_t input_count, output_count, attribute_count;
    int32_t *inputs, *outputs; /* values; -1 for one left out */
    mn_onnx_attribute *attributes;
} mn_onnx_node;

typedef struct mn_onnx_input {
    int32_t value;
    int32_t rank;                    /* -1: not told */
    int64_t dims[MN_ARRAY_MAX_RANK]; /* 0: open */
} mn_onnx_input;

typedef struct mn_onnx_model {
    mn_region region;
    const char *file;   /* what error sentences call it */
    const char *folder; /* where external data lies, with the last slash; NULL: nowhere */
    char producer[32];  /* "pytorch" */
    int64_t opset;      /* of the operators; 0: not told */
    int32_t value_count;
    const char **names; /* [value_count], sorted, unique, printable */
    int32_t node_count, input_count, output_count, constant_count;
    mn_onnx_node *nodes;
    mn_onnx_input *inputs; /* without those that are constants too */
    int32_t *outputs;      /* values */
    mn_array *constants;   /* initializers; `name` is that of names[constant_values[i]] */
    int32_t *constant_values;
    size_t elements; /* of constants and of attributes */
    int32_t map_count;
    struct {
        const char *name;
        mn_map map;
    } maps[MN_ONNX_MAX_EXTERNAL];
} mn_onnx_model;

/** Reads the messages of the file in memory, which must outlive the model, as must the strings of `model`, which is
 *  empty but for `file` and `folder`. Free in every case.
 *  Errors: FORMAT, UNSUPPORTED, LIMIT, IO (external data), MEMORY. */
mn_status mn_onnx_parse(const uint8_t *data, size_t bytes, mn_onnx_model *model);

void mn_onnx_free(mn_onnx_model *model);

bool mn_onnx_text_is(mn_onnx_text text, const char *wanted);

/** The attribute called `name`; NULL when the node has none. */
const mn_onnx_attribute *mn_onnx_attribute_of(const mn_onnx_node *node, const char *name);

#endif
