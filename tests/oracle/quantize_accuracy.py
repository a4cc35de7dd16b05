# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What quantisation costs, beside TensorFlow's converter: the same weights and the same 100 calibration photos, judged
on the other 200 by how far the int8 model's answers are from the float model's.

    quantize_accuracy.py [--weights FILE.h5] [--images DIR] [--keep DIR] [--rows TEXT]

Answers are compared before the softmax, whose int8 output has only 256 steps for all of us. Needs TensorFlow for its
own rows, and leaves them out without it."""

import argparse
import contextlib
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
from PIL import Image

import engines

BUILD = os.environ.get("MN_BUILD") or os.path.join(engines.ROOT, "build")
COMMAND = os.environ.get("MOBILENET_COMMAND") or os.path.join(BUILD, "mobilenet")
SHARED = os.path.join(os.path.dirname(engines.ROOT), "shared")
SIZE = 224
EVERY = 3  # every third photo calibrates, the others judge

# Name, and the options of `mobilenet quantize`.
ROWS = [
    ("ours, min-max alone", ["--method", "minmax", "--no-correction"]),
    ("ours, min-max", ["--method", "minmax"]),
    ("ours, percentile", ["--method", "percentile"]),
    ("ours, default", []),
    ("ours, --optimize", ["--optimize"]),
    ("ours, --data-free", ["--data-free"]),
    ("ours, per tensor", ["--per-tensor"]),
    ("ours, per tensor, --data-free", ["--per-tensor", "--data-free"]),
    ("ours, classifier per tensor", ["--dense", "per-tensor"]),
    ("ours, input taken for 0..1", ["--input-range", "0,1"]),
]


def pixels_of(path):
    return np.asarray(Image.open(path).convert("RGB").resize((SIZE, SIZE), Image.BICUBIC), np.uint8)


def float_of(pixels):
    return (pixels.astype(np.float32) / 127.5 - 1)[None]


def run(*arguments):
    start = time.time()
    subprocess.run([COMMAND, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.time() - start


def tensorflow_int8(weights, photos):
    """TensorFlow's post-training quantisation, int8 in and out, and its seconds; None without TensorFlow."""
    try:
        import tensorflow as tf
    except ImportError:
        print("SKIPPED: TensorFlow's rows; it is not installed", file=sys.stderr)
        return None
    model = tf.keras.applications.MobileNetV2(weights=None)
    model.load_weights(weights)
    start = time.time()
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([float_of(p)] for p in photos)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    with contextlib.redirect_stdout(sys.stderr):
        return converter.convert(), time.time() - start


def scores(lib, content, photos):
    """What goes into the softmax, for each photo."""
    details = engines.litert(content, keep_tensors=False)
    tensor = next(int(op["inputs"][0]) for op in details._get_ops_details() if op["op_name"] == "SOFTMAX")
    quantisation = details._get_tensor_details(tensor, 0)["quantization_parameters"]
    is_float = details.get_input_details()[0]["dtype"] == np.float32
    session = engines.Session(engines.Model(lib, content), keep_tensors=True)
    found = []
    for pixels in photos:
        session.run([float_of(pixels) if is_float else (pixels[None] ^ 0x80).view(np.int8)])
        values = session.tensor(tensor).reshape(-1).astype(np.float64)
        if not is_float:
            values = (values - quantisation["zero_points"][0]) * quantisation["scales"][0]
        found.append(values)
    return np.array(found)


def log_softmax(x):
    x = x - x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def judge(expected, found, truth):
    """Agreement, mean KL divergence and its standard error, top-1, top-5."""
    p, q = log_softmax(expected), log_softmax(found)
    divergence = (np.exp(p) * (p - q)).sum(axis=1)
    rank = (found > found[np.arange(len(truth)), truth][:, None]).sum(axis=1)
    return ((expected.argmax(1) == found.argmax(1)).mean(), divergence.mean(),
            divergence.std() / np.sqrt(len(divergence)), (rank == 0).mean(), (rank < 5).mean())


def classes():
    """WordNet ids in the order of the classes."""
    with open(os.path.join(engines.ROOT, "src", "labels", "imagenet.c"), encoding="utf-8") as file:
        return sorted(set(re.findall(r"\bn\d{8}\b", file.read())))


def report(name, figures, seconds, reference):
    agreement, divergence, error, top1, top5 = figures
    print("| %s | %.1f %% | %.4f +- %.4f | %s | %.1f %% | %.1f %% | %s |" % (
        name, 100 * agreement, divergence, error, "%.2f" % (divergence / reference) if reference else "", 100 * top1,
        100 * top5, "%.0f s" % seconds if seconds else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--weights", default=os.path.join(
        SHARED, "models", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"))
    parser.add_argument("--images", default=os.path.join(SHARED, "images", "imagenet"))
    parser.add_argument("--keep", help="folder for the models; default a temporary one")
    parser.add_argument("--rows", default="", help="only our rows whose name holds this text")
    parser.add_argument("--library", help="libmobilenet.so; default $MOBILENET_LIBRARY, else the one in build/")
    arguments = parser.parse_args()
    names = sorted(glob.glob(os.path.join(arguments.images, "n*.[jJ][pP]*[gG]")))
    if not os.path.exists(arguments.weights) or len(names) < 2 * EVERY:
        print("SKIPPED: needs weights and photos whose names start with WordNet ids (--weights, --images)")
        return 77
    ids = classes()
    photos = [pixels_of(name) for name in names]
    judged = [p for i, p in enumerate(photos) if i % EVERY]
    truth = np.array([ids.index(os.path.basename(n)[:9]) for i, n in enumerate(names) if i % EVERY])
    lib = engines.library(arguments.library or os.path.join(BUILD, "libmobilenet.so"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or scratch
        calibration = os.path.join(scratch, "calibration")
        os.makedirs(calibration)
        os.makedirs(folder, exist_ok=True)
        for name in names[::EVERY]:
            os.symlink(os.path.abspath(name), os.path.join(calibration, os.path.basename(name)))
        path = os.path.join(folder, "float.tflite")
        run("convert", arguments.weights, "-o", path)
        with open(path, "rb") as file:
            expected = scores(lib, file.read(), judged)
        print("| %d calibration photos, %d others judge | agrees with float | mean KL(float, int8) | of TensorFlow's |"
              " top-1 | top-5 | time |\n|---|---|---|---|---|---|---|" % (len(photos) - len(judged), len(judged)))
        report("float", judge(expected, expected, truth), 0, 0)
        theirs, reference = tensorflow_int8(arguments.weights, photos[::EVERY]), 0
        if theirs:
            figures = judge(expected, scores(lib, theirs[0], judged), truth)
            reference = figures[1]
            report("TensorFlow, min-max", figures, theirs[1], reference)
            with open(os.path.join(folder, "tensorflow.tflite"), "wb") as file:
                file.write(theirs[0])
        for name, options in ROWS:
            if arguments.rows not in name:
                continue
            path = os.path.join(folder, re.sub("[^a-z0-9]+", "_", name.lower()) + ".tflite")
            photos = [] if "--data-free" in options else ["--images", calibration]
            seconds = run("quantize", arguments.weights, "-o", path, *photos, *options)
            with open(path, "rb") as file:
                report(name, judge(expected, scores(lib, file.read(), judged), truth), seconds, reference)
    return 0


if __name__ == "__main__":
    sys.exit(main())
