/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "onnx/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/little.h"
#include "onnx/parse.h"

mn_status mn_onnx_damaged(const mn_onnx_model *model, const char *what) {
    return mn_fail(MN_ERROR_FORMAT, "%s: %s; the file is damaged or cut short, fetch it again", model->file, what);
}

static mn_status out_of_memory(void) { return mn_fail_memory("a model"); }

mn_onnx_text mn_onnx_text_of(const mn_wire *wire) {
    return (mn_onnx_text){.at = (const char *)wire->at, .length = mn_wire_left(wire)};
}

bool mn_onnx_text_is(mn_onnx_text text, const char *wanted) {
    return text.length == strlen(wanted) && (text.length == 0 || memcmp(text.at, wanted, text.length) == 0);
}

const mn_onnx_attribute *mn_onnx_attribute_of(const mn_onnx_node *node, const char *name) {
    for (int32_t i = 0; i < node->attribute_count; i++) {
        if (mn_onnx_text_is(node->attributes[i].name, name)) return &node->attributes[i];
    }
    return NULL;
}

/* ---- Repeated numbers -------------------------------------------------------------------------------- */

static mn_status too_many(const mn_onnx_model *model, int32_t room) {
    return mn_fail(MN_ERROR_LIMIT, "%s: a list has more than %d numbers", model->file, room);
}

mn_status mn_onnx_integers(const mn_onnx_model *model, const mn_wire_field *field, int64_t *list, int32_t room,
                           int32_t *count) {
    mn_wire numbers = field->bytes;
    uint64_t value = field->value;
    if (field->kind == MN_WIRE_VARINT) {
        if (*count == room) return too_many(model, room);
        memcpy(&list[(*count)++], &value, sizeof value);
        return MN_OK;
    }
    while (field->kind == MN_WIRE_BYTES && mn_wire_varint(&numbers, &value)) {
        if (*count == room) return too_many(model, room);
        memcpy(&list[(*count)++], &value, sizeof value);
    }
    return numbers.damaged ? mn_onnx_damaged(model, "a list of numbers is cut") : MN_OK;
}

mn_status mn_onnx_floats(const mn_onnx_model *model, const mn_wire_field *field, float *list, int32_t room,
                         int32_t *count) {
    mn_wire numbers = field->bytes;
    uint32_t word = (uint32_t)field->value;
    if (field->kind == MN_WIRE_32) {
        if (*count == room) return too_many(model, room);
        memcpy(&list[(*count)++], &word, sizeof word);
        return MN_OK;
    }
    for (; field->kind == MN_WIRE_BYTES && mn_wire_left(&numbers) >= sizeof word; numbers.at += sizeof word) {
        if (*count == room) return too_many(model, room);
        list[(*count)++] = mn_le_f32(numbers.at);
    }
    return MN_OK;
}

/* ---- Names of values --------------------------------------------------------------------------------- */

/* All names that occur, then sorted and each once; a value is its place. */
typedef struct names {
    mn_onnx_text *list;
    size_t count, room;
} names;

static mn_status add_name(const mn_onnx_model *model, names *n, mn_onnx_text name) {
    if (n->count == n->room) {
        if (n->count >= (size_t)16 * MN_ONNX_MAX_VALUES) {
            return mn_fail(MN_ERROR_LIMIT, "%s: names more than %d values", model->file, MN_ONNX_MAX_VALUES);
        }
        size_t room = n->room ? 2 * n->room : 1024;
        mn_onnx_text *larger = realloc(n->list, room * sizeof *larger);
        if (!larger) return out_of_memory();
        n->list = larger;
        n->room = room;
    }
    n->list[n->count++] = name;
    return MN_OK;
}

static int compare_texts(const void *a, const void *b) {
    const mn_onnx_text *p = a, *q = b;
    size_t shorter = p->length < q->length ? p->length : q->length;
    int order = shorter > 0 ? memcmp(p->at, q->at, shorter) : 0;
    return order != 0 ? order : (p->length > q->length) - (p->length < q->length);
}

/* Names go into sentences and into the model that is written. */
static const char *printable(mn_region *region, mn_onnx_text text) {
    size_t length = text.length < 200 ? text.length : 200;
    char *copy = mn_region_string(region, text.at ? text.at : "", length);
    for (size_t i = 0; copy && i < length; i++) {
        if (copy[i] < ' ' || copy[i] > '~') copy[i] = '?';
    }
    return copy;
}

static mn_status sort_names(mn_onnx_model *model, names *n) {
    size_t kept = 0;
    if (n->count > 0) qsort(n->list, n->count, sizeof *n->list, compare_texts);
    for (size_t i = 0; i < n->count; i++) {
        if (i == 0 || compare_texts(&n->list[kept - 1], &n->list[i]) != 0) n->list[kept++] = n->list[i];
    }
    n->count = kept;
    if (kept > MN_ONNX_MAX_VALUES) {
        return mn_fail(MN_ERROR_LIMIT, "%s: names more than %d values", model->file, MN_ONNX_MAX_VALUES);
    }
    model->value_count = (int32_t)kept;
    model->names = mn_region_alloc(&model->region, kept, sizeof *model->names);
    if (!model->names) return out_of_memory();
    for (size_t i = 0; i < kept; i++) {
        model->names[i] = printable(&model->region, n->list[i]);
        if (!model->names[i]) return out_of_memory();
    }
    return MN_OK;
}

/* -1 for the empty name, which stands for nothing. */
static int32_t find_name(const names *n, mn_onnx_text name) {
    if (name.length == 0) return -1;
    const mn_onnx_text *found = bsearch(&name, n->list, n->count, sizeof name, compare_texts);
    return found ? (int32_t)(found - n->list) : -1;
}

/* ---- Nodes ------------------------------------------------------------------------------------------- */

/* AttributeProto. */
static mn_status read_attribute(mn_onnx_model *model, mn_wire wire, mn_onnx_attribute *out) {
    mn_wire_field field;
    mn_onnx_text unused;
    const int32_t room = MN_ONNX_MAX_PORTS;
    int64_t integers[MN_ONNX_MAX_PORTS];
    float numbers[MN_ONNX_MAX_PORTS];
    int32_t integer_count = 0, number_count = 0;
    while (mn_wire_next(&wire, &field)) {
        uint32_t word = (uint32_t)field.value;
        bool bytes = field.kind == MN_WIRE_BYTES;
        switch (field.number) {
        case 1: out->name = bytes ? mn_onnx_text_of(&field.bytes) : out->name; break;
        case 2: memcpy(&out->number, &word, sizeof word); break;
        case 3: memcpy(&out->integer, &field.value, sizeof field.value); break;
        case 4: out->text = bytes ? mn_onnx_text_of(&field.bytes) : out->text; break;
        case 5:
            if (bytes) MN_TRY(mn_onnx_tensor(model, field.bytes, &out->tensor, &unused));
            break;
        case 7: MN_TRY(mn_onnx_floats(model, &field, numbers, room, &number_count)); break;
        case 8: MN_TRY(mn_onnx_integers(model, &field, integers, room, &integer_count)); break;
        default: break;
        }
    }
    if (wire.damaged) return mn_onnx_damaged(model, "an attribute is cut short");
    out->count = integer_count > 0 ? integer_count : number_count;
    int64_t *kept = mn_region_alloc(&model->region, (size_t)integer_count, sizeof *kept);
    float *kept_numbers = mn_region_alloc(&model->region, (size_t)number_count, sizeof *kept_numbers);
    if (!kept || !kept_numbers) return out_of_memory();
    memcpy(kept, integers, (size_t)integer_count * sizeof *kept);
    memcpy(kept_numbers, numbers, (size_t)number_count * sizeof *kept_numbers);
    out->integers = kept;
    out->numbers = kept_numbers;
    return MN_OK;
}

/* How many fields of the number come in the message. */
static size_t count_fields(mn_wire wire, uint32_t number) {
    mn_wire_field field;
    size_t count = 0;
    while (mn_wire_next(&wire, &field)) count += field.number == number && field.kind == MN_WIRE_BYTES;
    return count;
}

/* NodeProto: input 1, output 2, op_type 4, attribute 5, domain 7. */
static mn_status read_node(mn_onnx_model *model, const names *n, mn_wire wire, mn_onnx_node *out) {
    size_t inputs = count_fields(wire, 1), outputs = count_fields(wire, 2), attributes = count_fields(wire, 5);
    mn_wire_field field;
    if (inputs > MN_ONNX_MAX_PORTS || outputs > MN_ONNX_MAX_PORTS || attributes > MN_ONNX_MAX_PORTS) {
        return mn_fail(MN_ERROR_LIMIT, "%s: a node has more than %d inputs, outputs or attributes", model->file,
                       MN_ONNX_MAX_PORTS);
    }
    out->inputs = mn_region_alloc(&model->region, inputs, sizeof *out->inputs);
    out->outputs = mn_region_alloc(&model->region, outputs, sizeof *out->outputs);
    out->attributes = mn_region_alloc(&model->region, attributes, sizeof *out->attributes);
    if (!out->inputs || !out->outputs || !out->attributes) return out_of_memory();
    while (mn_wire_next(&wire, &field)) {
        if (field.kind != MN_WIRE_BYTES) continue;
        mn_onnx_text text = mn_onnx_text_of(&field.bytes);
        if (field.number == 1) out->inputs[out->input_count++] = find_name(n, text);
        if (field.number == 2) out->outputs[out->output_count++] = find_name(n, text);
        if (field.number == 4) out->kind = text;
        if (field.number == 7) out->domain = text;
        if (field.number == 5) {
            MN_TRY(read_attribute(model, field.bytes, &out->attributes[out->attribute_count++]));
        }
    }
    return wire.damaged ? mn_onnx_damaged(model, "a node is cut short") : MN_OK;
}

/* ---- Inputs ------------------------------------------------------------------------------------------ */

/* Descends into the field of one number, the last of that number; an empty message where there is none. */
static mn_wire inside(mn_wire wire, uint32_t number) {
    mn_wire_field field;
    mn_wire found = {0};
    while (mn_wire_next(&wire, &field)) {
        if (field.number == number && field.kind == MN_WIRE_BYTES) found = field.bytes;
    }
    return found;
}

/* ValueInfoProto: name 1, type 2; within it tensor_type 1, shape 2, dim 1, dim_value 1. */
static void read_input(const names *n, mn_wire wire, mn_onnx_input *out) {
    mn_wire name = inside(wire, 1), tensor = inside(inside(wire, 2), 1), shape = inside(tensor, 2);
    mn_wire_field dim, number;
    *out = (mn_onnx_input){.value = find_name(n, mn_onnx_text_of(&name)), .rank = count_fields(tensor, 2) > 0 ? 0 : -1};
    while (mn_wire_next(&shape, &dim)) {
        if (dim.number != 1 || dim.kind != MN_WIRE_BYTES) continue;
        int64_t value = 0;
        while (mn_wire_next(&dim.bytes, &number)) {
            if (number.number == 1 && number.kind == MN_WIRE_VARINT) memcpy(&value, &number.value, sizeof value);
        }
        if (out->rank < MN_ARRAY_MAX_RANK) out->dims[out->rank] = value > 0 ? value : 0;
        out->rank++;
    }
}

static bool is_constant(const mn_onnx_model *model, int32_t value) {
    for (int32_t i = 0; i < model->constant_count; i++) {
        if (model->constant_values[i] == value) return true;
    }
    return false;
}

/* ---- Graph ------------------------------------------------------------------------------------------- */

/* GraphProto: node 1, initializer 5, input 11, output 12. */
enum { GRAPH_NODE = 1, GRAPH_CONSTANT = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };

static mn_status collect_names(const mn_onnx_model *model, mn_wire graph, names *n) {
    mn_wire_field field, inner;
    while (mn_wire_next(&graph, &field)) {
        if (field.kind != MN_WIRE_BYTES) continue;
        mn_wire wire = field.bytes;
        while (mn_wire_next(&wire, &inner)) {
            bool named = field.number == GRAPH_NODE       ? inner.number == 1 || inner.number == 2
                         : field.number == GRAPH_CONSTANT ? inner.number == 8
                         : field.number == GRAPH_INPUT || field.number == GRAPH_OUTPUT ? inner.number == 1
                                                                                       : false;
            if (named && inner.kind == MN_WIRE_BYTES && mn_wire_left(&inner.bytes) > 0) {
                MN_TRY(add_name(model, n, mn_onnx_text_of(&inner.bytes)));
            }
        }
    }
    return graph.damaged ? mn_onnx_damaged(model, "the graph is cut short") : MN_OK;
}

static mn_status make_room(mn_onnx_model *model, mn_wire graph) {
    size_t nodes = count_fields(graph, GRAPH_NODE), constants = count_fields(graph, GRAPH_CONSTANT);
    size_t inputs = count_fields(graph, GRAPH_INPUT), outputs = count_fields(graph, GRAPH_OUTPUT);
    if (nodes > MN_ONNX_MAX_NODES || constants > MN_ONNX_MAX_NODES || inputs > MN_ONNX_MAX_NODES ||
        outputs > MN_ONNX_MAX_PORTS) {
        return mn_fail(MN_ERROR_LIMIT, "%s: has more than %d nodes or constants, or more than %d outputs", model->file,
                       MN_ONNX_MAX_NODES, MN_ONNX_MAX_PORTS);
    }
    model->nodes = mn_region_alloc(&model->region, nodes, sizeof *model->nodes);
    model->constants = mn_region_alloc(&model->region, constants, sizeof *model->constants);
    model->constant_values = mn_region_alloc(&model->region, constants, sizeof *model->constant_values);
    model->inputs = mn_region_alloc(&model->region, inputs, sizeof *model->inputs);
    model->outputs = mn_region_alloc(&model->region, outputs, sizeof *model->outputs);
    bool good = model->nodes && model->constants && model->constant_values && model->inputs && model->outputs;
    return good ? MN_OK : out_of_memory();
}

static mn_status read_constant(mn_onnx_model *model, const names *n, mn_wire wire) {
    mn_onnx_text name;
    mn_array *array = &model->constants[model->constant_count];
    MN_TRY(mn_onnx_tensor(model, wire, array, &name));
    int32_t value = find_name(n, name);
    if (value < 0) return mn_onnx_damaged(model, "a constant has no name");
    array->name = model->names[value];
    model->constant_values[model->constant_count++] = value;
    return MN_OK;
}

static mn_status read_graph(mn_onnx_model *model, const names *n, mn_wire graph) {
    mn_wire_field field;
    mn_wire again = graph;
    MN_TRY(make_room(model, graph));
    while (mn_wire_next(&graph, &field)) {
        if (field.kind != MN_WIRE_BYTES) continue;
        if (field.number == GRAPH_NODE) MN_TRY(read_node(model, n, field.bytes, &model->nodes[model->node_count++]));
        if (field.number == GRAPH_CONSTANT) MN_TRY(read_constant(model, n, field.bytes));
        if (field.number == GRAPH_OUTPUT) {
            mn_wire name = inside(field.bytes, 1);
            model->outputs[model->output_count++] = find_name(n, mn_onnx_text_of(&name));
        }
    }
    /* Older exporters list the constants among the inputs. */
    while (mn_wire_next(&again, &field)) {
        if (field.kind != MN_WIRE_BYTES || field.number != GRAPH_INPUT) continue;
        read_input(n, field.bytes, &model->inputs[model->input_count]);
        int32_t value = model->inputs[model->input_count].value;
        if (value >= 0 && !is_constant(model, value)) model->input_count++;
    }
    return MN_OK;
}

/* ---- Model ------------------------------------------------------------------------------------------- */

/* OperatorSetIdProto: domain 1, version 2. */
static void read_opset(mn_onnx_model *model, mn_wire wire) {
    mn_wire_field field;
    mn_onnx_text domain = {0};
    int64_t version = 0;
    while (mn_wire_next(&wire, &field)) {
        if (field.number == 1 && field.kind == MN_WIRE_BYTES) domain = mn_onnx_text_of(&field.bytes);
        if (field.number == 2) memcpy(&version, &field.value, sizeof version);
    }
    if (mn_onnx_text_is(domain, "") || mn_onnx_text_is(domain, "ai.onnx")) model->opset = version;
}

/* ModelProto: producer_name 2, graph 7, opset_import 8. */
mn_status mn_onnx_parse(const uint8_t *data, size_t bytes, mn_onnx_model *model) {
    mn_wire wire = {.at = data, .end = data + bytes}, graph = {0};
    mn_wire_field field;
    names n = {0};
    while (mn_wire_next(&wire, &field)) {
        if (field.kind != MN_WIRE_BYTES) continue;
        if (field.number == 2) {
            size_t length = mn_min_size(mn_wire_left(&field.bytes), sizeof model->producer - 1);
            if (length > 0) memcpy(model->producer, field.bytes.at, length);
            model->producer[length] = '\0';
        }
        if (field.number == 7) graph = field.bytes;
        if (field.number == 8) read_opset(model, field.bytes);
    }
    if (wire.damaged || !graph.at) return mn_onnx_damaged(model, "is not a whole ONNX model");
    mn_status status = collect_names(model, graph, &n);
    if (status == MN_OK) status = sort_names(model, &n);
    if (status == MN_OK) status = read_graph(model, &n, graph);
    free(n.list);
    return status;
}

void mn_onnx_free(mn_onnx_model *model) {
    for (int32_t i = 0; i < model->map_count; i++) mn_map_close(&model->maps[i].map);
    model->map_count = 0;
    mn_region_free(&model->region);
}
