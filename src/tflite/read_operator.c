/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <inttypes.h>
#include <string.h>

#include "tflite/ops.h"
#include "tflite/reader.h"

#define SUPPORTED "supported operators are listed in docs/formats.md"

static mn_status refuse_code(const mn_tfl_reader *reader, int32_t index, int32_t code) {
    const char *file = reader->graph->name, *name = mn_tfl_code_name(code);
    if (name) {
        return mn_fail(MN_ERROR_UNSUPPORTED, "%s: operator %" PRId32 " (%s) is not supported; " SUPPORTED, file, index,
                       name);
    }
    return mn_fail(MN_ERROR_UNSUPPORTED, "%s: operator %" PRId32 " (code %" PRId32 ") is not known; " SUPPORTED, file,
                   index, code);
}

/* The name of a CUSTOM operator; back ends know it by its bytes, so that none may be lost in showing it. */
static mn_status read_name(mn_tfl_reader *reader, const mn_fb_table *code_table, int32_t index) {
    const char **name = &reader->graph->ops[index].attr.custom.name;
    mn_fb_vector bytes;
    MN_TRY(mn_fb_string(code_table, MN_F_OPCODE_CUSTOM_CODE, &bytes));
    MN_TRY(mn_tfl_read_text(reader, code_table, MN_F_OPCODE_CUSTOM_CODE, name));
    if (bytes.count > 0 && strlen(*name) == bytes.count && memcmp(*name, bytes.data, bytes.count) == 0) return MN_OK;
    return mn_graph_fail(reader->graph, index, MN_ERROR_FORMAT, "its name is missing or not printable text");
}

static mn_status read_kind(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index) {
    mn_graph *graph = reader->graph;
    mn_op *op = &graph->ops[index];
    uint32_t entry;
    MN_TRY(mn_fb_u32(table, MN_F_OPERATOR_OPCODE_INDEX, 0, &entry));
    if (entry >= reader->operator_codes.count) {
        return mn_fb_fail(&reader->fb, &table->place, MN_ERROR_FORMAT,
                          "operator code %" PRIu32 " does not exist; there are %" PRIu32, entry,
                          reader->operator_codes.count);
    }
    mn_fb_table code_table;
    uint8_t deprecated;
    int32_t code;
    MN_TRY(mn_fb_item(&reader->operator_codes, entry, &code_table));
    MN_TRY(mn_fb_u8(&code_table, MN_F_OPCODE_DEPRECATED_CODE, 0, &deprecated));
    MN_TRY(mn_fb_i32(&code_table, MN_F_OPCODE_BUILTIN_CODE, 0, &code));
    MN_TRY(mn_fb_i32(&code_table, MN_F_OPCODE_VERSION, 1, &op->version));
    /* Old writers fill only the first, new ones both: the greater one is meant. */
    if (deprecated <= MN_TFL_CODE_GREATER && deprecated > code) code = deprecated;
    if (!mn_tfl_op_find(code, &op->kind)) return refuse_code(reader, index, code);
    int32_t newest = mn_tfl_op_max_version(op->kind);
    if (op->version < 1 || op->version > newest) {
        return mn_graph_fail(graph, index, MN_ERROR_UNSUPPORTED,
                             "version %" PRId32 " is not supported; versions 1 to %" PRId32 " are", op->version,
                             newest);
    }
    return op->kind == MN_OP_CUSTOM ? read_name(reader, &code_table, index) : MN_OK;
}

/* Position of the input that may be left out: the bias. */
static int32_t optional_input(mn_op_kind kind) {
    if (kind == MN_OP_CUSTOM) return MN_TFL_ANYWHERE;
    return kind == MN_OP_CONV_2D || kind == MN_OP_DEPTHWISE_CONV_2D || kind == MN_OP_FULLY_CONNECTED ? 2
                                                                                                     : MN_TFL_NOWHERE;
}

mn_status mn_tfl_read_operator(mn_tfl_reader *reader, const mn_fb_table *table, int32_t index) {
    mn_op *op = &reader->graph->ops[index];
    MN_TRY(read_kind(reader, table, index));
    MN_TRY(mn_tfl_read_indices(reader, table, MN_F_OPERATOR_INPUTS, optional_input(op->kind), &op->input_count,
                               &op->inputs));
    return mn_tfl_read_indices(reader, table, MN_F_OPERATOR_OUTPUTS, MN_TFL_NOWHERE, &op->output_count, &op->outputs);
}
