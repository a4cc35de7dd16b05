/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Tensors in words and in JSON. */
#ifndef MN_CLI_TENSOR_TEXT_H
#define MN_CLI_TENSOR_TEXT_H

#include "common/json.h"
#include "mobilenet.h"

#define CLI_SHAPE_TEXT 80

/** "1x224x224x3"; "scalar" for rank 0. Returns `out`. */
const char *cli_shape_text(int32_t rank, const int32_t *dims, char out[CLI_SHAPE_TEXT]);

/** "quantised, scale 0.0078125, zero point 128"; "" when not quantised. Returns `out`. */
const char *cli_quant_text(const mn_quant *quant, char out[CLI_SHAPE_TEXT]);

/** Members "name", "type", "shape", "bytes" and "quantisation" of the object that is open. */
void cli_json_tensor_members(cli_json *json, const mn_tensor_info *info);

#endif
