/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "tensor_text.h"

const char *cli_shape_text(int32_t rank, const int32_t *dims, char out[CLI_SHAPE_TEXT]) {
    int used = 0;
    snprintf(out, CLI_SHAPE_TEXT, "scalar");
    for (int32_t i = 0; i < rank; i++) {
        used += snprintf(out + used, (size_t)(CLI_SHAPE_TEXT - used), "%s%d", i > 0 ? "x" : "", dims[i]);
    }
    return out;
}

const char *cli_quant_text(const mn_quant *quant, char out[CLI_SHAPE_TEXT]) {
    out[0] = '\0';
    if (quant->count == 1) {
        snprintf(out, CLI_SHAPE_TEXT, "quantised, scale %.9g, zero point %d", (double)quant->scale[0],
                 quant->zero_point[0]);
    } else if (quant->count > 1) {
        snprintf(out, CLI_SHAPE_TEXT, "quantised, %d scales along dimension %d", quant->count, quant->axis);
    }
    return out;
}

void cli_json_tensor_members(cli_json *json, const mn_tensor_info *info) {
    cli_json_text(json, "name", info->name);
    cli_json_text(json, "type", mn_type_name(info->type));
    cli_json_array(json, "shape");
    for (int32_t i = 0; i < info->rank; i++) cli_json_int(json, NULL, info->dims[i]);
    cli_json_end(json);
    cli_json_int(json, "bytes", (int64_t)info->bytes);
    if (info->quant.count == 0) return;
    cli_json_object(json, "quantisation");
    cli_json_array(json, "scale");
    for (int32_t i = 0; i < info->quant.count; i++) cli_json_number(json, NULL, (double)info->quant.scale[i]);
    cli_json_end(json);
    cli_json_array(json, "zero_point");
    for (int32_t i = 0; i < info->quant.count; i++) cli_json_int(json, NULL, info->quant.zero_point[i]);
    cli_json_end(json);
    if (info->quant.count > 1) cli_json_int(json, "axis", info->quant.axis);
    cli_json_end(json);
}
