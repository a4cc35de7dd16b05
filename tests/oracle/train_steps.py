#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Whole training steps beside TensorFlow: the same weights and batches, step by step.

    train_steps.py [--steps 50] [--batch 16] [--optimiser rmsprop] [--freeze 0] [--random] [--float]

Starts from models/signs_0.35_96.h5 with a new classifier, and learns on changed copies of the pictures in models/signs.
Losses must agree within --loss-tolerance, relative, and the weights at the end within --weight-tolerance of the way that
TensorFlow moved them. TensorFlow runs in float64, so that only our rounding is seen; with --float in float32.

With --random both start from random weights. There, after a step or two, any two computations part, TensorFlow in
float32 from itself in float64 as well: a deep net with batch norm amplifies each rounding error that moves a value
across the corner of its activation. So only the first step is held to the tolerance.

Needs tensorflow, h5py and pillow.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
import tensorflow as tf  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPTIMISERS = ["rmsprop", "sgd", "adam"]
WEIGHT_DECAY = 4e-5


def build_driver(folder):
    """Links train_driver.c with the libraries in the build folder."""
    build = pathlib.Path(os.environ.get("MN_BUILD", ROOT / "build"))
    program = pathlib.Path(folder) / "train_driver"
    command = [os.environ.get("CC", "cc"), "-std=c11", "-O2", f"-I{ROOT}/include", f"-I{ROOT}/src",
               str(ROOT / "tests" / "oracle" / "train_driver.c"), str(build / "libmobilenet_tools.a"),
               str(build / "libmobilenet.a"), "-L/usr/lib/x86_64-linux-gnu/hdf5/serial", "-lhdf5", "-lzip", "-lcjson",
               "-ljpeg", "-lpng", "-lpthread", "-lm", "-o", str(program)]
    subprocess.run(command, check=True)
    return program


def make_model(options):
    model = tf.keras.applications.MobileNetV2(
        input_shape=(options.size, options.size, 3), alpha=options.width, weights=None, classes=options.classes,
        classifier_activation=None)
    freeze(model, options.freeze)
    return model


def freeze(model, blocks):
    """The first `blocks` blocks: the stem, then up to each projection's batch norm; -1 all but the classifier."""
    block = 0
    for layer in model.layers:
        layer.trainable = not (block < blocks or (blocks < 0 and layer.name != "predictions"))
        if layer.name in ("Conv1_relu",) or layer.name.endswith("project_BN"):
            block += 1


def make_optimiser(options):
    rate = options.rate
    if options.optimiser == "rmsprop":
        return tf.compat.v1.train.RMSPropOptimizer(rate, decay=0.9, momentum=0.9, epsilon=1.0)
    if options.optimiser == "sgd":
        return tf.compat.v1.train.MomentumOptimizer(rate, 0.9)
    return tf.compat.v1.train.AdamOptimizer(rate, 0.9, 0.999, 1e-7)


def train(model, batches, options):
    optimiser = make_optimiser(options)
    variables = model.trainable_variables
    decayed = [v for v in variables if v.path.endswith("/kernel") and "depthwise" not in v.path]

    @tf.function
    def step(pictures, labels):
        with tf.GradientTape() as tape:
            logits = model(pictures, training=True)
            targets = tf.one_hot(labels, options.classes, dtype=logits.dtype)
            targets = targets * (1 - options.smoothing) + options.smoothing / options.classes
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
            penalty = tf.add_n([tf.nn.l2_loss(v.value) for v in decayed]) * WEIGHT_DECAY
            total = loss + penalty
        gradients = tape.gradient(total, [v.value for v in variables])
        optimiser.apply_gradients(zip(gradients, [v.value for v in variables]))
        return loss

    losses = []
    for labels, pictures in batches:
        losses.append(float(step(tf.constant(pictures, dtype=model.dtype), labels)))
    return losses


def compare_weights(model, start, ours):
    """The distance of all weights, as a part of the distance that TensorFlow moved them; and the array that is worst."""
    worst, where, all_apart, all_moved = 0, "", 0, 0
    for variable, before, mine in zip(model.variables, start, ours):
        moved = np.linalg.norm(variable.numpy() - before)
        apart = np.linalg.norm(variable.numpy() - mine)
        all_apart, all_moved = np.hypot(all_apart, apart), np.hypot(all_moved, moved)
        if apart <= 1e-6 * np.sqrt(mine.size):  # such as means of values that have none
            continue
        if moved == 0:
            sys.exit(f"{variable.path}: is frozen, but was changed")
        if apart / moved > worst:
            worst, where = apart / moved, variable.path
    return all_apart / all_moved, worst, where


def read_signs(options):
    """The example pictures and their classes."""
    classes = sorted(p.name for p in (ROOT / "models" / "signs").iterdir() if p.is_dir())
    options.classes = len(classes)
    pictures, labels = [], []
    for label, name in enumerate(classes):
        for path in sorted((ROOT / "models" / "signs" / name).iterdir()):
            image = Image.open(path).convert("RGB").resize((options.size, options.size))
            pictures.append(np.asarray(image, np.float32) / 127.5 - 1)
            labels.append(label)
    return np.stack(pictures), np.array(labels, np.int32)


def draw_batches(options, generator):
    """Pictures moved by a few pixels, with other light and some noise."""
    pictures, labels = read_signs(options)
    batches = []
    for _ in range(options.steps):
        chosen = generator.integers(0, len(labels), options.batch)
        changed = [np.roll(pictures[i], generator.integers(-8, 9, 2), (0, 1)) * generator.uniform(0.5, 1) for i in chosen]
        noise = generator.normal(0, 0.05, (options.batch, options.size, options.size, 3))
        batches.append((labels[chosen], (np.stack(changed) + noise).clip(-1, 1).astype(np.float32)))
    return batches


def load_start(model, options):
    """The shipped weights, with the classifier as it is drawn."""
    if options.random:
        return
    drawn = model.get_layer("predictions").get_weights()
    model.load_weights(ROOT / "models" / "signs_0.35_96.h5")
    model.get_layer("predictions").set_weights(drawn)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--freeze", type=int, default=0)
    parser.add_argument("--optimiser", choices=OPTIMISERS, default="rmsprop")
    parser.add_argument("--rate", type=float, default=0.005)
    parser.add_argument("--smoothing", type=float, default=0.1)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--float", action="store_true")
    parser.add_argument("--loss-tolerance", type=float, default=1e-3)
    parser.add_argument("--weight-tolerance", type=float, default=0.02)
    options = parser.parse_args()
    options.width, options.size = 0.35, 96
    if not options.float:
        tf.keras.backend.set_floatx("float64")
    tf.keras.utils.set_random_seed(1)
    batches = draw_batches(options, np.random.default_rng(1))

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model = make_model(options)
        load_start(model, options)
        start = [v.numpy() for v in model.variables]
        model.save_weights(folder / "start.weights.h5")
        with open(folder / "batches", "wb") as file:
            for labels, pictures in batches:
                file.write(labels.tobytes() + pictures.tobytes())
        result = subprocess.run(
            [build_driver(folder), folder / "start.weights.h5", str(options.size), str(options.batch),
             str(options.threads), str(options.steps), str(OPTIMISERS.index(options.optimiser)), str(options.rate),
             str(options.smoothing), str(options.freeze), folder / "batches", folder / "ours.h5"],
            check=True, capture_output=True, text=True)
        ours = [float(line.split()[0]) for line in result.stdout.splitlines()]
        theirs = train(model, batches, options)
        other = make_model(options)
        other.load_weights(folder / "ours.h5")
    gaps = [abs(a - b) / b for a, b in zip(ours, theirs)]
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if i < 3 or (i + 1) % 10 == 0:
            print(f"step {i + 1:3}: loss {a:.7f} here, {b:.7f} in TensorFlow, {gaps[i]:.1e} apart")
    apart, worst, where = compare_weights(model, start, [v.numpy() for v in other.variables])
    print(f"largest relative gap of the losses {max(gaps):.1e}; of all weights {apart:.1e} of the way they went, of one "
          f"array at most {worst:.1e} ({where})")
    if options.random:
        good = gaps[0] <= options.loss_tolerance
    else:
        good = max(gaps) <= options.loss_tolerance and apart <= options.weight_tolerance
    if not good:
        sys.exit("train_steps: FAILED")


if __name__ == "__main__":
    main()
