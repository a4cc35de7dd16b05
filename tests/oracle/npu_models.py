#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Whole networks compiled by Vela and run on the emulated Ethos-U, against the reference kernels of TensorFlow Lite on the
original: every byte of every photo equal.

Each network is compiled three times: as it is; without what follows its logits, because a softmax of random weights
tells little; and with random tensors from its inside as further outputs. Networks: those in ../shared/models and those
named, and random ones of MobileNetV2's structure, widths and sizes at random. Accelerators, optimisation and sizes of
the cache are random, too. Exit status 1 on any difference, 77 without Vela."""

import argparse
import glob
import os
import subprocess
import sys
import tempfile
import time

import numpy as np

import engines
import network
import npu
import tflite_file
import whole_model


def with_outputs(content, outputs):
    """The model that ends in the tensors `outputs`; what only others need is left out."""
    model = tflite_file.unpack(content)
    graph = model.subgraphs[0]
    needed, kept = set(outputs), []
    for operator in reversed(graph.operators):
        if needed & set(operator.outputs):
            kept.append(operator)
            needed |= set(operator.inputs)
    graph.operators = kept[::-1]
    graph.outputs = list(outputs)
    model.signatureDefs = []
    model.metadata = []
    return tflite_file.pack(model)


def variants(content, rng):
    """(what it is, outputs) of the models that are made of one."""
    graph = tflite_file.unpack(content).subgraphs[0]
    softmax = graph.operators[-1]
    logits = list(softmax.inputs[:1])
    computed = [o.outputs[0] for o in graph.operators[:-2]]
    inside = [int(t) for t in rng.choice(computed, min(4, len(computed)), replace=False)]
    return [("whole", list(graph.outputs)), ("logits", logits), ("inside", inside + logits)]


def random_networks(rng, count):
    """(name, contents): int8 and uint8 networks of MobileNetV2's blocks."""
    for i in range(count):
        kind = "uint8" if i % 4 == 3 else "int8"
        size, width = int(rng.choice([32, 48, 64, 96, 128])), float(rng.choice([0.35, 0.5, 0.75, 1.0, 1.3]))
        seed = int(rng.integers(1 << 16))
        head = "tf1" if kind == "uint8" else ["tf1", "tf2"][int(rng.integers(2))]
        classes = int(rng.choice([5, 10, 100, 1000]))
        name = "random %s, width %.2f, %d x %d, %d classes, %s, seed %d" % (kind, width, size, size, classes, head, seed)
        yield name, network.quantised(kind, seed, size, network.MOBILENET_V2, width=width, classes=classes, head=head)


def inputs_of(content, photos):
    """The photos as the model's inputs."""
    detail = engines.litert(content).get_input_details()[0]
    return [whole_model.photo_input(p, detail) for p in photos]


def reference(content, values, tensors, python):
    """tensors[i] -> its contents for each input; by LiteRT, or by the TensorFlow Lite of another Python."""
    if python:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.tflite")
            with open(path, "wb") as file:
                file.write(with_outputs(content, tensors))  # version 2.14 lets results of others lie over them
            np.save(os.path.join(folder, "inputs.npy"), np.concatenate(values))
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npu_reference.py")
            subprocess.run([python, script, folder] + [str(t) for t in tensors], check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
            return {t: list(np.load(os.path.join(folder, "%d.npy" % t))) for t in tensors}
    interpreter = engines.litert(content)
    results = {t: [] for t in tensors}
    for value in values:
        engines.litert_run(interpreter, [value])
        for t in tensors:
            results[t].append(interpreter.get_tensor(t).copy())
    return results


def compare(vela, content, outputs, options, values, expected):
    """(bytes compared, bytes that differ, seconds for each photo, sentence)."""
    details = [(expected[t][0].shape, expected[t][0].dtype) for t in outputs]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.tflite")
        with open(path, "wb") as file:
            file.write(with_outputs(content, outputs))
        compiled, problem = vela.compile(path, folder, *options)
        if problem:
            return 0, 0, 0, "not compiled: " + problem[:100]
        begin = time.monotonic()
        try:
            actual = npu.emulate(compiled, [[v] for v in values], details)
        except npu.Refused as reason:
            return 0, 1, 0, str(reason)
        seconds = (time.monotonic() - begin) / len(values)
    total = wrong = 0
    for n, run in enumerate(actual):
        for t, value in zip(outputs, run):
            a, e = value.view(np.uint8), expected[t][n].view(np.uint8)
            total += e.size
            wrong += int(np.count_nonzero(a != e))
    return total, wrong, seconds, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--networks", type=int, default=8, help="random ones")
    parser.add_argument("--configurations", type=int, default=6, help="of each network and version of Vela")
    parser.add_argument("--models", default=os.path.join(whole_model.SHARED, "models"), help="folder of .tflite files")
    parser.add_argument("--images", default=os.path.join(whole_model.SHARED, "images"), help="folder of photos")
    parser.add_argument("--reference", metavar="PYTHON", help="that has tflite-runtime 2.14, whose reference kernels rescale "
                        "FULLY_CONNECTED in fixed point, as the NPU does; LiteRT 2 does so in double")
    parser.add_argument("--vela", action="append", help="Python of an environment with ethos-u-vela; may be repeated")
    parser.add_argument("model", nargs="*", help="further models")
    arguments = parser.parse_args()
    velas = npu.find_velas(arguments.vela)
    photos = whole_model.find_photos(arguments.images, arguments.photos)
    if len(photos) < arguments.photos:
        print("SKIPPED: %d photos in %s; name a folder with --images" % (len(photos), arguments.images))
        return 77
    rng = np.random.default_rng(arguments.seed)
    named = sorted(glob.glob(os.path.join(arguments.models, "*.tflite"))) + arguments.model
    networks = [(os.path.basename(p), open(p, "rb").read()) for p in named]
    networks += list(random_networks(rng, arguments.networks))
    total = wrong = runs = 0
    for name, content in networks:
        values = inputs_of(content, photos)
        made = variants(content, rng)
        expected = reference(content, values, sorted({t for _, outputs in made for t in outputs}), arguments.reference)
        print("%s, %d photos" % (name, len(values)), flush=True)
        for vela in velas:
            for i in range(arguments.configurations):
                options = npu.random_options(rng)
                what, outputs = made[i % len(made)]
                count, different, seconds, problem = compare(vela, content, outputs, options, values, expected)
                total, wrong, runs = total + count, wrong + different, runs + (count > 0)
                print("  Vela %s %s, %s: %s" % (vela.version, " ".join(options[1:]), what, problem or
                                                "%d bytes, %d differ, %.3f s for a photo" % (count, different, seconds)),
                      flush=True)
    print("total: %d networks, %d compiled, %d bytes compared, %d differ" % (len(networks), runs, total, wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
