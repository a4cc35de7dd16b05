/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared by model.c (the graph) and tensor.c (its numbers). */
#ifndef MN_ONNX_PARSE_H
#define MN_ONNX_PARSE_H

#include "onnx/model.h"
#include "onnx/wire.h"

/** "FILE: WHAT; the file is damaged". */
mn_status mn_onnx_damaged(const mn_onnx_model *model, const char *what);

mn_onnx_text mn_onnx_text_of(const mn_wire *wire);

/** Reads a repeated field of integers or floats, whether its numbers come one by one or side by side, and appends them
 *  to `list` [*count of `room`]. Errors: LIMIT (more than `room`), FORMAT. */
mn_status mn_onnx_integers(const mn_onnx_model *model, const mn_wire_field *field, int64_t *list, int32_t room,
                           int32_t *count);
mn_status mn_onnx_floats(const mn_onnx_model *model, const mn_wire_field *field, float *list, int32_t room,
                         int32_t *count);

/** Reads a TensorProto; its name goes to *name. Errors: FORMAT, UNSUPPORTED, LIMIT, IO, MEMORY. */
mn_status mn_onnx_tensor(mn_onnx_model *model, mn_wire wire, mn_array *out, mn_onnx_text *name);

#endif
