#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""TFLite metadata beside TensorFlow's own tools (the package tflite-support, which wants protobuf 3 and no TensorFlow):
what its writer writes is read, and what is written here its reader understands. Exit status: 0, 1, or 77 (skipped).

    $(scripts/oracle-venv.sh --metadata) tests/oracle/metadata.py
"""

import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODEL = os.path.join(ROOT, "tests/golden/tiny_v2_%s.tflite")
PHOTO = os.path.join(ROOT, "fuzz/corpus/image/colour420.jpg")
COMMAND = os.path.join(ROOT, os.environ.get("MN_BUILD", "build"), "mobilenet")
NAMES = ["name %d, ä" % i for i in range(10)]

try:
    from tflite_support import metadata
    from tflite_support.metadata_writers import image_classifier, writer_utils
except ImportError as error:
    print("SKIPPED: tflite-support cannot be loaded:", error)
    sys.exit(77)


def run(*arguments):
    done = subprocess.run([COMMAND, *arguments], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def check(good, what):
    if not good:
        print("FAILED:", what)
        sys.exit(1)


def read_theirs(folder, labels):
    """A model with their metadata, of one number and of one for each channel."""
    for mean, deviation, low in [([0.0], [255.0], 0), ([123.675, 116.28, 103.53], [58.395, 57.12, 57.375], -2.1179)]:
        path = os.path.join(folder, "theirs.tflite")
        writer = image_classifier.MetadataWriter.create_for_inference(
            writer_utils.load_file(MODEL % "float32"), mean, deviation, [labels])
        writer_utils.save_file(writer.populate(), path)
        answer = json.loads(run("classify", "--json", "-m", path, PHOTO))
        check(answer["input_range_source"] == "metadata", answer)
        check(abs(answer["input_low"][0] - low) < 1e-4, answer)
        check(all(c["label"] == NAMES[c["class"]] for c in answer["classes"]), answer)


def read_ours(folder, labels):
    path = os.path.join(folder, "ours.tflite")
    run("quantize", MODEL % "float32", "-o", path, "--images", os.path.dirname(PHOTO), "--labels", labels, "--crop",
        "--input-range", "0,1")
    displayer = metadata.MetadataDisplayer.with_model_file(path)
    said = json.loads(displayer.get_metadata_json())
    subgraph = said["subgraph_metadata"][0]
    options = subgraph["input_tensor_metadata"][0]["process_units"][0]["options"]
    check(options == {"mean": [0.0], "std": [255.0]}, said)
    check(said["min_parser_version"] == "1.5.0", said)
    custom = subgraph["custom_metadata"][0]
    check(custom["name"] == "mobilenet.c/fit" and bytes(custom["data"]) == b"crop", said)
    file = subgraph["output_tensor_metadata"][0]["associated_files"][0]
    check(file["type"] == "TENSOR_AXIS_LABELS", said)
    text = displayer.get_associated_file_buffer(file["name"]).decode()
    check(text.split("\n")[:-1] == NAMES, text)


def main():
    with tempfile.TemporaryDirectory() as folder:
        labels = os.path.join(folder, "labels.txt")
        with open(labels, "w", encoding="utf-8") as file:
            file.write("\n".join(NAMES) + "\n")
        read_theirs(folder, labels)
        read_ours(folder, labels)
    print("metadata of both kinds is understood on both sides")


if __name__ == "__main__":
    main()
