#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Whole training steps beside TensorFlow: the same weights and batches, 50 steps long.

    train_steps.py [--case NAME] [--steps 50] [--batch 16] [--threads 2] [--table]

mobilenet.c trains on the pictures in models/signs as `mobilenet train` does, without dropout, and notes what each step
learned from. TensorFlow and its own optimisers, schedule and moving average then learn from the same batches, twice: in
float64, which is the measure, and in float32, which shows what rounding alone does. Compared are the loss of each step,
and all weights, moving statistics and their averages at the end.

Two things must hold. Where steps are small, losses and weights stay close to float64's (LOSS_TOLERANCE,
WEIGHT_TOLERANCE). And always, nothing is further from float64's than TensorFlow's float32 is, but for a small factor
(FACTOR, ARRAY_FACTOR): with large steps, as published, rounding errors grow until all three computations go their own
ways. Printed are the largest relative distance of a loss, the distance of all weights as a part of the way they went,
and ours of each array divided by float32's.

Needs tensorflow, keras 3 and h5py.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
DRIVER = pathlib.Path(os.environ.get("MN_BUILD") or ROOT / "build") / "tests" / "train_driver"
SIGNS = ROOT / "models" / "signs"
WIDTH, SIZE = 0.35, 96
OPTIMISERS = ["rmsprop", "sgd", "adam"]
# What `mobilenet train` does unless told otherwise.
SMOOTHING, EMA = 0.1, 0.9999
RATE_DECAY, DECAY_EPOCHS = 0.98, 2.5
# By whether training is smooth: more than is published there, or small steps would hide it.
WEIGHT_DECAY = {False: 4e-5, True: 4e-3}
# Network, optimiser, rate, blocks that are frozen, whether weights are random, whether training is smooth.
CASES = {
    "rmsprop": ("V2", "rmsprop", 5e-4, 0, False, True),
    "sgd": ("V2", "sgd", 5e-4, 0, False, True),
    "adam": ("V2", "adam", 1e-5, 0, False, True),
    "frozen": ("V2", "rmsprop", 1e-3, 8, False, True),
    "published": ("V2", "rmsprop", 0.045, 0, True, False),
    "v1": ("V1", "sgd", 5e-4, 0, True, False),
    "v3 small": ("V3Small", "sgd", 5e-4, 0, True, False),
    "v3 large": ("V3Large", "rmsprop", 5e-4, 0, True, False),
}
LOSS_TOLERANCE = 3e-5  # relative
WEIGHT_TOLERANCE = 5e-3  # of the way that they went
FACTOR, ARRAY_FACTOR = 4, 8
# What float32 cannot hold, relative; and weights that start at 0 are held to the distance that 1e-3 would be.
ROUNDING = 1e-6


class Case:
    def __init__(self, name, options):
        self.name = name
        self.network, self.optimiser, self.rate, self.freeze, self.random, self.smooth = CASES[name]
        self.steps, self.batch, self.threads = options.steps, options.batch, options.threads
        self.weight_decay = WEIGHT_DECAY[self.smooth]
        self.classes = sum(p.is_dir() for p in SIGNS.iterdir())
        self.per_epoch = sum(1 for _ in SIGNS.glob("*/*.jpg")) // self.batch

    def rate_of(self, step):
        return self.rate * RATE_DECAY ** (step // max(DECAY_EPOCHS * self.per_epoch, 1))


class Result:
    """Losses of all steps; weights and their averages by name."""

    def __init__(self, losses, model, averages):
        self.losses = np.array(losses)
        self.arrays = {v.path: np.asarray(v, np.float64) for v in model.variables}
        self.arrays |= {f"average of {path}": np.asarray(a, np.float64) for path, a in averages.items()}


# ---- Training -------------------------------------------------------------------------------------------------------


def make_model(case, floats, weights=None):
    tf.keras.config.set_floatx(floats)
    tf.keras.config.set_dtype_policy(floats)
    network = {"V1": "MobileNet"}.get(case.network, "MobileNet" + case.network)
    more = {"V1": {"dropout": 0}, "V2": {}}.get(case.network, {"dropout_rate": 0, "include_preprocessing": False})
    model = getattr(tf.keras.applications, network)(input_shape=(SIZE, SIZE, 3), alpha=WIDTH, weights=None,
                                                    classes=case.classes, classifier_activation=None, **more)
    block = 0
    for layer in model.layers:
        layer.trainable = block >= case.freeze
        if layer.name == "Conv1_relu" or layer.name.endswith("project_BN"):
            block += 1
    if weights:
        model.load_weights(weights)
    return model


def save_start(case, path):
    """Random weights, or the shipped ones with a classifier that is drawn."""
    tf.keras.utils.set_random_seed(1)
    model = make_model(case, "float32")
    if not case.random:
        drawn = model.get_layer("predictions").get_weights()
        model.load_weights(ROOT / "models" / "signs_0.35_96.h5")
        model.get_layer("predictions").set_weights(drawn)
    model.save_weights(path)


def make_optimiser(case, rate):
    if case.optimiser == "rmsprop":
        return tf.compat.v1.train.RMSPropOptimizer(rate, decay=0.9, momentum=0.9, epsilon=1.0)
    if case.optimiser == "sgd":
        return tf.compat.v1.train.MomentumOptimizer(rate, 0.9)
    return tf.compat.v1.train.AdamOptimizer(rate, 0.9, 0.999, 1e-7)


def train(case, folder, floats):
    """In TensorFlow."""
    model = make_model(case, floats, folder / "start.weights.h5")
    rate, done = tf.Variable(case.rate, dtype=floats), tf.Variable(0.0, dtype=floats)
    optimiser = make_optimiser(case, lambda: rate)
    variables = [v.value for v in model.trainable_variables]
    decayed = [v.value for v in model.trainable_variables if v.path.endswith("/kernel") and "depthwise" not in v.path]
    average = tf.train.ExponentialMovingAverage(EMA, num_updates=done)
    everything = [v.value for v in model.variables]
    average.apply(everything)

    @tf.function
    def step(pictures, labels):
        with tf.GradientTape() as tape:
            logits = model(pictures, training=True)
            targets = tf.one_hot(labels, case.classes, dtype=logits.dtype) * (1 - SMOOTHING) + SMOOTHING / case.classes
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
            total = loss + tf.add_n([tf.nn.l2_loss(v) for v in decayed]) * case.weight_decay
        optimiser.apply_gradients(zip(tape.gradient(total, variables), variables))
        return loss

    losses, pixels = [], case.batch * SIZE * SIZE * 3
    with open(folder / "batches", "rb") as file:
        for i in range(case.steps):
            labels, pictures = np.fromfile(file, np.int32, case.batch), np.fromfile(file, np.float32, pixels)
            rate.assign(case.rate_of(i))
            pictures = tf.constant(pictures.reshape(case.batch, SIZE, SIZE, 3), floats)
            losses.append(float(step(pictures, labels)))
            done.assign_add(1)
            average.apply(everything)
    return Result(losses, model, {v.path: average.average(v.value).numpy() for v in model.variables})


def train_here(case, folder):
    save_start(case, folder / "start.weights.h5")
    result = subprocess.run(
        [DRIVER, folder / "start.weights.h5", str(SIZE), SIGNS, str(case.batch), str(case.threads), str(case.steps),
         str(OPTIMISERS.index(case.optimiser)), str(case.rate), str(case.weight_decay), str(case.freeze),
         folder / "batches", folder / "ours.h5", folder / "averaged.h5"], check=True, stdout=subprocess.PIPE, text=True)
    averaged = make_model(case, "float32", folder / "averaged.h5")
    return Result([float(line.split()[0]) for line in result.stdout.splitlines()],
                  make_model(case, "float32", folder / "ours.h5"), {v.path: v.numpy() for v in averaged.variables})


# ---- Comparing ------------------------------------------------------------------------------------------------------


class Comparison:
    """How far ours and TensorFlow's in float32 are from TensorFlow's in float64."""

    def __init__(self, case, ours, narrow, exact, start):
        self.case = case
        self.losses = [np.abs(r.losses - exact.losses) / exact.losses for r in (ours, narrow)]
        self.arrays = {}  # by name: ours, TensorFlow's, and what float32 cannot hold
        moved = 0
        for path, values in exact.arrays.items():
            self.arrays[path] = (np.linalg.norm(ours.arrays[path] - values),
                                 np.linalg.norm(narrow.arrays[path] - values),
                                 ROUNDING * max(np.linalg.norm(values), 1e-3))
            moved += np.linalg.norm(values - start[path.removeprefix("average of ")]) ** 2
        self.weights = [np.sqrt(sum(a[k] ** 2 for a in self.arrays.values()) / moved) for k in (0, 1)]
        self.ratios = {path: a / (b + rounding) for path, (a, b, rounding) in self.arrays.items()}

    def faults(self):
        # What one step of the rougher computation loses, the next ones can only carry on.
        allowed = FACTOR * np.maximum.accumulate(self.losses[1]) + ROUNDING
        for i in np.flatnonzero(~(self.losses[0] <= allowed)):
            yield f"the loss of step {i + 1} is {self.losses[0][i]:.1e} apart, allowed are {allowed[i]:.1e}"
        if not self.weights[0] <= FACTOR * self.weights[1] + ROUNDING:
            yield f"weights are {self.weights[0]:.1e} apart, TensorFlow's in float32 {self.weights[1]:.1e}"
        for path, ratio in self.ratios.items():
            if not ratio <= ARRAY_FACTOR:
                yield f"{path} is {ratio:.1f} times as far apart as TensorFlow's in float32"
        if self.case.smooth and not self.losses[0].max() <= LOSS_TOLERANCE:
            yield f"losses are {self.losses[0].max():.1e} apart, allowed are {LOSS_TOLERANCE:.0e}"
        if self.case.smooth and not self.weights[0] <= WEIGHT_TOLERANCE:
            yield f"weights are {self.weights[0]:.1e} apart, allowed are {WEIGHT_TOLERANCE:.0e}"

    def print(self, table):
        worst = max(self.ratios, key=self.ratios.get)
        figures = [self.losses[0].max(), self.losses[1].max(), *self.weights]
        print(f"{self.case.name:9}", *(f" {x:.1e}" for x in figures),
              f"{np.median(list(self.ratios.values())):7.2f} {self.ratios[worst]:7.2f}  {worst}", flush=True)
        for i in range(len(self.losses[0]) if table else 0):
            print(f"    step {i + 1:3}: {self.losses[0][i]:.1e}, {self.losses[1][i]:.1e}")
        for path in sorted(self.ratios, key=self.ratios.get, reverse=True) if table else ():
            print(f"    {self.ratios[path]:6.2f}: {self.arrays[path][0]:.1e}, {self.arrays[path][1]:.1e} {path}")


def compare(case, folder):
    ours = train_here(case, folder)
    start = {v.path: v.numpy() for v in make_model(case, "float64", folder / "start.weights.h5").variables}
    return Comparison(case, ours, train(case, folder, "float32"), train(case, folder, "float64"), start)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--case", choices=CASES, action="append", help="only this one; may be given several times")
    parser.add_argument("--table", action="store_true", help="print every step and array")
    options = parser.parse_args()
    if not DRIVER.exists():
        sys.exit(f"train_steps: {DRIVER} is missing; build first")
    failed = False
    print("           losses            weights           ratio of arrays\n"
          "case       ours     float32  ours     float32  median  worst", flush=True)
    for name in options.case or CASES:
        with tempfile.TemporaryDirectory() as folder:
            comparison = compare(Case(name, options), pathlib.Path(folder))
        comparison.print(options.table)
        for fault in list(comparison.faults())[:5]:
            failed = True
            print(f"    FAILED: {fault}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
