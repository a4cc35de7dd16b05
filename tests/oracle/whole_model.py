#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Whole networks against LiteRT's reference kernels: every tensor of every model in ../shared/models for many
photos, and random networks of MobileNetV2's structure in int8, uint8 and float32.

Integer tensors must be identical. Float outputs must be within 1e-5 of the largest, and what lies between, where dozens
of layers have rounded and ReLU6 bounds the largest but not the sums behind it, within 1e-4. Exit status 1 on any
difference, 77 when there are neither models nor photos."""

import argparse
import glob
import multiprocessing
import os
import sys

import numpy as np

import engines
import network

HIDDEN_TOLERANCE = 1e-4  # of float tensors that are not outputs
SHARED = os.path.join(os.path.dirname(engines.ROOT), "shared")


def load_photo(path, height, width):
    """RGB pixels, resized as Pillow does by default."""
    from PIL import Image
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB").resize((width, height)), np.uint8)


def photo_input(path, detail):
    """A photo as the model's input: pixels stand for [-1, 1]."""
    _, height, width, _ = detail["shape"]
    pixels = load_photo(path, height, width)[np.newaxis]
    if detail["dtype"] == np.uint8:
        return pixels
    return network.stored(pixels / np.float32(127.5) - 1, detail)


class Pair:
    """One model open in both engines; here twice, because a session that keeps its tensors may be planned otherwise
    than one that only needs the outputs."""

    def __init__(self, library, content, tier, threads):
        self.interpreter = engines.litert(content)
        model = engines.Model(library, content)
        self.session = engines.Session(model, tier, threads, keep_tensors=True)
        self.plain = engines.Session(model, tier, threads)

    def compare(self, value):
        """Runs all; (tensors compared, sentences about differences)."""
        expected = engines.litert_run(self.interpreter, [value])
        self.session.run([value])
        names = {d["index"]: d["name"] for d in self.interpreter.get_tensor_details()}
        problems = []
        indices = self.session.computed()
        for index in indices:
            problem = engines.difference(self.interpreter.get_tensor(index), self.session.tensor(index), HIDDEN_TOLERANCE)
            if problem:
                problems.append("tensor %d (%s): %s" % (index, names[index], problem))
        for i, (e, a) in enumerate(zip(expected, self.plain.run([value]))):
            problem = engines.difference(e, a)
            if problem:
                problems.append("output %d, without keeping tensors: %s" % (i, problem))
        return len(indices), problems


pair = None  # of this worker process


def open_pair(library, path, tier, threads):
    global pair
    with open(path, "rb") as file:
        pair = Pair(engines.library(library), file.read(), tier, threads)


def compare_photo(path):
    value = photo_input(path, pair.interpreter.get_input_details()[0])
    return (path,) + pair.compare(value)


def find_photos(folder, count):
    """Up to `count` photos in `folder` and the folders in it, spread evenly over the sorted list."""
    found = []
    for place, _, names in os.walk(folder):
        found += [os.path.join(place, n) for n in names if n.lower().endswith((".jpg", ".jpeg", ".png"))]
    found.sort()
    count = min(count, len(found))
    return [found[i * len(found) // count] for i in range(count)]


def real_model(arguments, path, photos):
    """Compares one model over all photos; the number of photos that differ."""
    wrong = tensors = 0
    setup = (arguments.library, path, arguments.tier, arguments.threads)
    with multiprocessing.Pool(arguments.jobs, open_pair, setup) as pool:
        for photo, count, problems in pool.imap(compare_photo, photos):
            tensors = count
            wrong += bool(problems)
            for problem in problems[:3]:
                print("%s, %s: %s" % (os.path.basename(path), photo, problem), flush=True)
    print("%s: %d tensors x %d photos, %d photos with differences" % (
        os.path.basename(path), tensors, len(photos), wrong), flush=True)
    return wrong


def random_networks(arguments):
    """Random networks: tiny ones of each type and batch 2, and a full-size float one; the number that differ."""
    library = engines.library(arguments.library)
    cases = []
    for seed in range(arguments.networks):
        for kind, head in [("int8", "tf2"), ("uint8", "tf1"), ("int8", "tf1")]:
            cases.append((kind, seed, 48, network.TINY_V2,
                          dict(width=0.75, last=40, classes=21, head=head, batch=1 + seed % 2)))
    cases.append(("float32", 1, 96, network.MOBILENET_V2, dict(width=0.5, classes=1001, head="tf1")))
    cases.append(("float32", 2, 224, network.MOBILENET_V2, dict()))
    wrong = 0
    for kind, seed, size, blocks, options in cases:
        is_float = kind == "float32"
        content = (network.build if is_float else network.quantised)(kind, seed, size, blocks, **options)
        pair_ = Pair(library, content, arguments.tier, arguments.threads)
        detail = pair_.interpreter.get_input_details()[0]
        value = network.stored(network.picture(seed + 1, detail["shape"]), detail)
        label = "random %s network, seed %d, %dx%d" % (kind, seed, size, size)
        if is_float:
            engines.litert_run(pair_.interpreter, [value])
            pair_.session.run([value])
            logits = next(d["index"] for d in pair_.interpreter.get_tensor_details() if d["name"] == "logits")
            expected, actual = pair_.interpreter.get_tensor(logits), pair_.session.tensor(logits)
            problem = engines.difference(expected, actual)
            problems = [problem] if problem else []
            measured = "largest logit difference %.1e of the largest logit" % (
                np.max(np.abs(expected - actual)) / np.max(np.abs(expected)))
        else:
            count, problems = pair_.compare(value)
            measured = "%d tensors" % count
        print("%s: %s, %s" % (label, measured, "%d differences" % len(problems)), flush=True)
        for problem in problems[:3]:
            print("  " + problem)
        wrong += bool(problems)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--photos", type=int, default=50)
    parser.add_argument("--networks", type=int, default=4, help="random networks of each integer type")
    parser.add_argument("--models", default=os.path.join(SHARED, "models"), help="folder of .tflite files")
    parser.add_argument("--images", default=os.path.join(SHARED, "images", "imagenet"), help="folder of photos, searched with the folders in it")
    parser.add_argument("--tier", help="highest kernel tier, e.g. ref; default the best")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--library", help="libmobilenet.so; default $MOBILENET_LIBRARY, else the one in build/")
    arguments = parser.parse_args()
    wrong = random_networks(arguments)
    models = sorted(glob.glob(os.path.join(arguments.models, "*.tflite")))
    photos = find_photos(arguments.images, arguments.photos)
    if not models or not photos:
        print("SKIPPED: real models and photos; none in %s and %s (name them with --models and --images)" % (
            arguments.models, arguments.images))
        return 1 if wrong else 77
    for path in models:
        wrong += real_model(arguments, path, photos)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
