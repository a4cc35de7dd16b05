# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What quantisation-aware training gains: the model of signs, and the same function written badly, quantised after
training and trained on with --qat.

    qat.py --data DIR [--pictures N] [--spread 256] [--keep DIR]

DIR holds train/ and test/ as `signs` draws them (models/README.md). "Written badly": what a linear bottleneck gives is
multiplied by a number of its own in each channel, between 1 / sqrt(spread) and sqrt(spread), and the weights that read
it are divided by it. In floats nothing changes; 8 bits with one range for all channels lose the small ones, as
in nets whose channels training left unequal (Nagel et al., Data-Free Quantization Through Weight Equalization and Bias
Correction, 2019). Needs h5py."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMMAND = os.path.join(os.environ.get("MN_BUILD") or os.path.join(ROOT, "build"), "mobilenet")
MODEL = os.path.join(ROOT, "models", "signs_0.35_96.h5")
LABELS = os.path.join(ROOT, "models", "signs_0.35_96.labels.txt")
TRAIN = ["--size", "96", "--epochs", "1", "--batch", "32", "--schedule", "cosine",
         "--area", "0.7,1", "--aspect", "0.9,1.1", "--no-flip", "--colour", "fast", "--ema", "0.99",
         "--threads", "2"]  # fmt: skip


def run(*arguments):
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"mobilenet {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def weights(file, layer, name):
    return file[f"{layer}/{layer}/{name}:0"]


def bottlenecks():
    """Batch norms whose outputs are added up share their channels; then the convolutions that read the result."""
    skips = {2, 4, 5, 7, 8, 9, 11, 12, 14, 15}
    groups = [(["expanded_conv_project_BN"], ["block_1_expand"])]
    for i in range(1, 17):
        reader = f"block_{i + 1}_expand" if i < 16 else "Conv_1"
        if i in skips:
            groups[-1][0].append(f"block_{i}_project_BN")
            groups[-1][1].append(reader)
        else:
            groups.append(([f"block_{i}_project_BN"], [reader]))
    return groups


def write_badly(path, spread):
    draw = np.random.default_rng(1)
    with h5py.File(path, "r+") as file:
        for norms, readers in bottlenecks():
            channels = weights(file, norms[0], "gamma").shape[0]
            factor = np.exp(np.log(spread) * (draw.random(channels) - 0.5)).astype(np.float32)
            for norm in norms:
                for name in ["gamma", "beta"]:
                    weights(file, norm, name)[:] *= factor
            for reader in readers:
                weights(file, reader, "kernel")[:] /= factor[None, None, :, None]


def accuracy(model, data):
    text = run("evaluate", "-m", model, "--labels", LABELS, "--images", os.path.join(data, "test"))
    return float(re.search(r"top-1 +([0-9.]+) %", text).group(1))


def choose(data, count, path):
    folder = os.path.join(data, "train")
    every = sorted(os.path.join(label, name) for label in os.listdir(folder)
                   for name in os.listdir(os.path.join(folder, label)))  # fmt: skip
    step = max(len(every) // count, 1)
    with open(path, "w", encoding="utf-8") as out:
        for picture in every[::step]:
            out.write(f"{os.path.abspath(os.path.join(folder, picture))} {os.path.dirname(picture)}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--pictures", type=int)
    parser.add_argument("--spread", type=float, default=256)
    parser.add_argument("--keep")
    arguments = parser.parse_args()
    work = arguments.keep or tempfile.mkdtemp()
    os.makedirs(work, exist_ok=True)
    listed = os.path.join(work, "pictures.txt")
    photos = ["--images", os.path.join(arguments.data, "train"), "--limit", "500"]
    kinds = [("photos", photos), ("photos, --optimize", photos + ["--optimize"]), ("--data-free", ["--data-free"]),
             ("train --qat", None)]  # fmt: skip
    print("| model | weights | float | " + " | ".join(name for name, _ in kinds) + " |")
    print("|---" * (3 + len(kinds)) + "|")
    # What is little wrong needs few small steps, what is much wrong many large ones.
    small, large = ["--optimizer", "sgd", "--rate", "0.001"], ["--optimizer", "adam", "--rate", "0.001"]
    spread_name = f"spread {arguments.spread:g} times"
    cases = [("as shipped", 1, 3000, small), (spread_name, arguments.spread, 12000, large)]
    for title, spread, pictures, steps in cases:
        choose(arguments.data, arguments.pictures or pictures, listed)
        start = os.path.join(work, f"start_{spread:g}.h5")
        shutil.copy(MODEL, start)
        if spread > 1:
            write_badly(start, spread)
        out = os.path.join(work, "model.tflite")
        run("convert", start, "--size", "96", "-o", out)
        floats = accuracy(out, arguments.data)
        for scales in [[], ["--per-tensor"]]:
            run("convert", start, "--size", "96", "-o", os.path.join(work, "float.tflite"))
            row = [title, "per tensor" if scales else "per channel", f"{floats:.2f} %"]
            for name, options in kinds:
                model = start
                if options is None:
                    model, options = os.path.join(work, f"qat_{spread:g}_{len(scales)}.h5"), []
                    run("train", "--data", listed, "--init", start, "--qat", *scales, "--out", model, *TRAIN, *steps)
                    run("quantize", model, "-o", out)
                else:
                    source = os.path.join(work, "float.tflite") if name != "--data-free" else start_96(start)
                    run("quantize", source, *options, *scales, "-o", out)
                row.append(f"{accuracy(out, arguments.data):.2f} %")
            print("| " + " | ".join(row) + " |", flush=True)
    if not arguments.keep:
        shutil.rmtree(work)


def start_96(path):
    """The size of the pictures stands in the name of bare weights."""
    copy = os.path.join(os.path.dirname(path), "weights_0.35_96.h5")
    shutil.copy(path, copy)
    return copy


if __name__ == "__main__":
    main()
