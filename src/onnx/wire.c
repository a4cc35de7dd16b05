/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "onnx/wire.h"

#define MAX_VARINT 10 /* bytes of 7 bits each */

static bool damaged(mn_wire *wire) {
    wire->damaged = true;
    wire->at = wire->end;
    return false;
}

bool mn_wire_varint(mn_wire *wire, uint64_t *value) {
    if (wire->at == wire->end) return false;
    *value = 0;
    for (int i = 0; i < MAX_VARINT && wire->at < wire->end; i++) {
        uint8_t byte = *wire->at++;
        *value |= (uint64_t)(byte & 127) << 7 * i;
        if (byte < 128) return true;
    }
    return damaged(wire);
}

static bool take_fixed(mn_wire *wire, size_t bytes, uint64_t *value) {
    if (mn_wire_left(wire) < bytes) return damaged(wire);
    *value = 0;
    for (size_t i = 0; i < bytes; i++) *value |= (uint64_t)wire->at[i] << 8 * i;
    wire->at += bytes;
    return true;
}

static bool take_bytes(mn_wire *wire, mn_wire *bytes) {
    uint64_t length;
    if (!mn_wire_varint(wire, &length) || length > mn_wire_left(wire)) return damaged(wire);
    *bytes = (mn_wire){.at = wire->at, .end = wire->at + length};
    wire->at += length;
    return true;
}

bool mn_wire_next(mn_wire *wire, mn_wire_field *field) {
    uint64_t tag;
    if (!mn_wire_varint(wire, &tag)) return false;
    if (tag >> 3 == 0 || tag >> 3 > UINT32_MAX >> 3) return damaged(wire);
    *field = (mn_wire_field){.number = (uint32_t)(tag >> 3), .kind = (mn_wire_kind)(tag & 7)};
    switch (field->kind) {
    case MN_WIRE_VARINT: return mn_wire_varint(wire, &field->value) || damaged(wire);
    case MN_WIRE_64: return take_fixed(wire, 8, &field->value);
    case MN_WIRE_32: return take_fixed(wire, 4, &field->value);
    case MN_WIRE_BYTES: return take_bytes(wire, &field->bytes);
    }
    return damaged(wire); /* groups, which no ONNX file has */
}
