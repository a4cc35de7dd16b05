/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "inspect_kind.h"

#include <string.h>

static bool has_weights(const char *name) {
    return strcmp(name, "CONV_2D") == 0 || strcmp(name, "DEPTHWISE_CONV_2D") == 0 ||
           strcmp(name, "FULLY_CONNECTED") == 0;
}

static bool is_8_bit(mn_type type) { return type == MN_INT8 || type == MN_UINT8; }

static mn_type type_of(const mn_model *model, int32_t tensor) {
    mn_tensor_info info = MN_INIT(mn_tensor_info);
    return mn_model_tensor(model, tensor, &info) == MN_OK ? info.type : MN_NONE;
}

static bool has_halves(const mn_model *model) {
    for (int32_t i = 0; i < mn_model_tensor_count(model); i++) {
        if (type_of(model, i) == MN_FLOAT16) return true;
    }
    return false;
}

const char *cli_model_kind(const mn_model *model) {
    bool integer = false, wide = false, floats = false, hybrid = false;
    for (int32_t i = 0; i < mn_model_op_count(model); i++) {
        mn_op_info op = MN_INIT(mn_op_info);
        if (mn_model_op(model, i, &op) != MN_OK || !has_weights(op.name)) continue;
        const mn_type in = type_of(model, op.inputs[0]), weights = type_of(model, op.inputs[1]);
        if (is_8_bit(in)) integer = true;
        if (in == MN_INT16) wide = true;
        if (in == MN_FLOAT32) *(is_8_bit(weights) ? &hybrid : &floats) = true;
    }
    if (wide && !integer && !floats && !hybrid) return "16x8: int16 activations, 8-bit weights";
    if (wide) return "16x8 in some operators, 8 bits or float32 in others";
    if (integer) return floats || hybrid ? "8 bits in some operators, float32 in others" : "8 bits";
    if (hybrid) return "dynamic range: float32 activations, 8-bit weights";
    if (floats) return has_halves(model) ? "float32, weights stored as float16" : "float32";
    return NULL;
}
