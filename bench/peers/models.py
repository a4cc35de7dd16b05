# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""The networks to measure on: MobileNetV2 of three sizes with random weights, made by this repository's own commands,
and any file besides. Only the standard library is used."""

import json
import os
import random
import struct
import subprocess
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
VARIANTS = [("1.0", 224), ("0.35", 96), ("1.4", 224)]  # width, input size
TYPES = ["int8", "float32"]
PICTURES = 4  # to find ranges on: enough for a network whose accuracy nobody asks for


class Failed(Exception):
    """A command that makes models did not; the sentence says which."""


def run(command):
    """Standard output of a command."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise Failed("%s ended with %d: %s" % (" ".join(command[:3]), done.returncode, lines[-1]))
    return done.stdout


def png(size, seed):
    """A square PNG of coloured noise that varies slowly."""
    rng = random.Random(seed)
    cell = max(size // 12, 1)
    cells = [[bytes(rng.randrange(256) for _ in range(3)) for _ in range(size // cell + 1)]
             for _ in range(size // cell + 1)]
    rows = b"".join(b"\0" + b"".join(cells[y // cell][x // cell] for x in range(size)) for y in range(size))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def newer(path, tool):
    return os.path.exists(path) and os.path.getmtime(path) > os.path.getmtime(tool)


def make_float(tool, folder, width, size):
    path = os.path.join(folder, "v2_%s_%d_float32.tflite" % (width, size))
    if not newer(path, tool):
        run([tool, "new", "--width", width, "--size", str(size), "--classes", "1000", "--seed", "1", "--random-bn",
             "-o", path])
    return path


def make_int8(tool, folder, width, size):
    path = os.path.join(folder, "v2_%s_%d_int8.tflite" % (width, size))
    if not newer(path, tool):
        source = make_float(tool, folder, width, size)
        pictures = os.path.join(folder, "pictures_%d" % size)
        os.makedirs(pictures, exist_ok=True)
        for i in range(PICTURES):
            with open(os.path.join(pictures, "%d.png" % i), "wb") as file:
                file.write(png(size, i))
        run([tool, "quantize", source, "-o", path, "--images", pictures])
    return path


def describe(tool, path, name):
    """What engines and reports need to know about a file."""
    facts = json.loads(run([tool, "inspect", "--json", path]))
    source, target = (facts["tensors"][facts[side][0]["tensor"]] for side in ("inputs", "outputs"))

    def quant(tensor):
        found = tensor.get("quantisation")
        return [found["scale"][0], found["zero_point"][0]] if found else [1.0, 0]
    quantised = any(t["constant"] and t["type"] in ("int8", "uint8") for t in facts["tensors"])
    return {"name": name, "tflite": path, "type": "int8" if quantised else "float32", "macs": facts["macs"],
            "input_type": source["type"], "input_shape": source["shape"], "input_quant": quant(source),
            "output_quant": quant(target)}


def all_models(tool, folder, types, files):
    """Models made for the measurement, then the given files."""
    os.makedirs(folder, exist_ok=True)
    makers = {"int8": make_int8, "float32": make_float}
    made = [describe(tool, makers[kind](tool, folder, width, size), "%s@%d" % (width, size))
            for width, size in VARIANTS for kind in types]
    return made + [describe(tool, path, os.path.splitext(os.path.basename(path))[0]) for path in files]


def add_onnx(model, folder):
    """Makes the ONNX network beside the `.tflite` file, or says why there is none."""
    command = [sys.executable, os.path.join(HERE, "onnx_network.py"), model["tflite"], folder]
    try:
        model.update(json.loads(run(command + (["--int8"] if model["type"] == "int8" else []))))
    except Failed as error:
        model["onnx_missing"] = str(error)
