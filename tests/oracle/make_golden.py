#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Writes tests/golden: small random models with inputs and the outputs of LiteRT's reference kernels, so that the
core of the comparison runs without LiteRT. The format is described in tests/golden/README.md."""

import os
import struct
import sys
import zlib

import numpy as np

import cases
import engines
import network

SEED = 20261122
PER_KIND = 4
FIRST_KINDS = 80  # of cases.KINDS, numbered by their place in it
MODEL_LIMIT = 2600  # bytes; keeps the folder small
FOLDER = os.path.join(engines.ROOT, "tests", "golden")


def padded(data):
    return data + bytes(-len(data) % 16)


def blob(array):
    raw = np.ascontiguousarray(array).tobytes()
    kind = engines.DTYPES.index(array.dtype.type)
    return struct.pack("<4I", len(raw), kind, 0, 0) + padded(raw)


def record(name, model, inputs, outputs):
    """`model` is the file's contents, or empty when it stands beside as NAME.tflite."""
    head = struct.pack("<48s4I", name.encode(), len(model), len(inputs), len(outputs), 0)
    return head + padded(model) + b"".join(blob(a) for a in list(inputs) + list(outputs))


def write_pack(name, records):
    with open(os.path.join(FOLDER, name + ".golden"), "wb") as file:
        file.write(b"mobilenet.golden" + b"".join(records))


def informative(outputs):
    """Results that are all equal would hide most mistakes."""
    return all(o.size < 4 or len(np.unique(o)) > min(o.size // 4, 8) for o in outputs)


def operator_records(label, kind):
    """The first PER_KIND cases of a kind that are small and tell something."""
    position = next(i for i, (l, _, k) in enumerate(cases.KINDS) if (l, k) == (label, kind))
    # New kinds leave the files of older ones as they are.
    number = position if position < FIRST_KINDS else zlib.crc32(("%s %s" % (label, kind)).encode())
    found = []
    while len(found) < PER_KIND:
        case = cases.make_of(label, kind, SEED, number)
        number += FIRST_KINDS
        if len(case.model) > MODEL_LIMIT:
            continue
        try:
            outputs = engines.litert_run(engines.litert(case.model), case.inputs)
        except (RuntimeError, ValueError):
            continue
        if informative(outputs):
            found.append(record("%s %s %d" % (label, kind, len(found)), case.model, case.inputs, outputs))
    return found


def network_record(name, kind, size, blocks, **options):
    if kind == "float32":
        model = network.build(kind, SEED, size, blocks, **options)
    else:
        model = network.quantised(kind, SEED, size, blocks, **options)
    with open(os.path.join(FOLDER, name + ".tflite"), "wb") as file:
        file.write(model)
    inputs, outputs = [], []
    interpreter = engines.litert(model)
    detail = interpreter.get_input_details()[0]
    for i in range(2):
        value = network.stored(network.picture(SEED + i, detail["shape"]), detail)
        inputs.append(value)
        outputs += engines.litert_run(interpreter, [value])
    return [record(name, b"", [i], [o]) for i, o in zip(inputs, outputs)]


def main():
    """Arguments are labels of cases.CASES to write; none means all, and the networks."""
    os.makedirs(FOLDER, exist_ok=True)
    for label in sys.argv[1:] or dict.fromkeys(label for label, _, _ in cases.KINDS):
        kinds = dict.fromkeys(kind for l, _, kind in cases.KINDS if l == label)
        name = label.lower().replace(", ", "-").replace(" ", "_")
        write_pack(name, [r for kind in kinds for r in operator_records(label, kind)])
    if sys.argv[1:]:
        return
    networks = []
    for name, kind, head in [("tiny_v2_int8", "int8", "tf2"), ("tiny_v2_uint8", "uint8", "tf1"),
                             ("tiny_v2_float32", "float32", "tf2")]:
        networks += network_record(name, kind, 32, network.TINY_V2, width=0.5, last=32, classes=10, head=head)
    write_pack("networks", networks)
    total = sum(os.path.getsize(os.path.join(FOLDER, f)) for f in os.listdir(FOLDER))
    print("%s: %d files, %d bytes" % (os.path.relpath(FOLDER), len(os.listdir(FOLDER)), total))


if __name__ == "__main__":
    main()
