/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Protocol buffers as bytes (https://protobuf.dev/programming-guides/encoding/): a message is a row of fields, each a
 * number and a value whose kind tells its length, so that fields which nobody asks for are stepped over. */
#ifndef MN_ONNX_WIRE_H
#define MN_ONNX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What is left of a message. */
typedef struct mn_wire {
    const uint8_t *at, *end;
    bool damaged; /* a field did not end within the message */
} mn_wire;

typedef enum mn_wire_kind { MN_WIRE_VARINT = 0, MN_WIRE_64 = 1, MN_WIRE_BYTES = 2, MN_WIRE_32 = 5 } mn_wire_kind;

typedef struct mn_wire_field {
    uint32_t number;
    mn_wire_kind kind;
    uint64_t value; /* of VARINT, 64 and 32 */
    mn_wire bytes;  /* of BYTES: a text, a message, or numbers side by side */
} mn_wire_field;

/** Reads the next field; false at the end, and when the message is damaged. */
bool mn_wire_next(mn_wire *wire, mn_wire_field *field);

/** Reads one number; false at the end, and when it is damaged. */
bool mn_wire_varint(mn_wire *wire, uint64_t *value);

static inline size_t mn_wire_left(const mn_wire *wire) { return (size_t)(wire->end - wire->at); }

#endif
