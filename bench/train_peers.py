#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Training speed beside TensorFlow and PyTorch: the same network, batch and threads, in one run.

    train_peers.py [--width 0.35] [--size 96] [--batch 96] [--threads 2] [--rounds 8]
                   [--tensorflow PYTHON] [--pytorch PYTHON] [--compilers]

Every engine is a process of its own, and they take turns step by step, so that whatever else the machine does meets all
of them. A step is forward, loss with label smoothing, backward and RMSProp with weight decay, on one batch that is in
memory. Reported are the median and the best of all rounds after two to warm up, and the best by the processor time of
all threads, which other programs on the machine disturb least. PYTHON is an interpreter that has the package; engines
that do not run are left out. Needs build/train_speed.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = pathlib.Path(os.environ.get("MN_BUILD") or ROOT / "build") / "train_speed"
WARM_UP = 2

TENSORFLOW = r"""
import os, sys, time
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, tensorflow as tf
width, size, batch, threads, variant = float(sys.argv[1]), *map(int, sys.argv[2:5]), sys.argv[5]
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
inputs = tf.keras.Input((size, size, 3))
base = tf.keras.applications.MobileNetV2(input_tensor=inputs, alpha=width, weights=None, include_top=False,
                                         pooling="avg")
outputs = tf.keras.layers.Dense(1000)(tf.keras.layers.Dropout(0.2)(base.output))
model = tf.keras.Model(inputs, outputs)
optimiser = tf.keras.optimizers.RMSprop(0.045, rho=0.9, momentum=0.9, epsilon=1.0)
optimiser.build(model.trainable_variables)
decayed = [v for v in model.trainable_variables if v.path.endswith("/kernel") and "depthwise" not in v.path]
x = tf.constant(np.random.uniform(-1, 1, (batch, size, size, 3)).astype(np.float32))
y = tf.one_hot(np.arange(batch) % 1000, 1000) * 0.9 + 0.0001

@tf.function(jit_compile=variant == "xla")
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, model(x, training=True)))
        loss += 4e-5 * tf.add_n([tf.nn.l2_loss(v.value) for v in decayed])
    optimiser.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
    return loss

print(f"TensorFlow {tf.__version__}", flush=True)
for _ in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    float(step())
    print(f"{time.perf_counter() - start:.6f} {time.process_time() - used:.6f}", flush=True)
"""

PYTORCH = r"""
import sys, time
import torch
from torch import nn
width, size, batch, threads, variant = float(sys.argv[1]), *map(int, sys.argv[2:5]), sys.argv[5]
torch.set_num_threads(threads)

def even(v):
    new = max(8, int(v + 4) // 8 * 8)
    return new + 8 if new < 0.9 * v else new

def unit(i, o, k, stride, groups=1, relu=True):
    layers = [nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o, 1e-3, 1e-3)]
    return layers + ([nn.ReLU6(inplace=True)] if relu else [])

class Block(nn.Module):
    def __init__(self, i, o, stride, expansion):
        super().__init__()
        m = i * expansion
        self.body = nn.Sequential(*(unit(i, m, 1, 1) if expansion > 1 else []), *unit(m, m, 3, stride, m),
                                  *unit(m, o, 1, 1, relu=False))
        self.skip = stride == 1 and i == o

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)

channels = even(32 * width)
layers = unit(3, channels, 3, 2)
for t, c, n, s in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
                   (6, 320, 1, 1)]:
    for k in range(n):
        layers.append(Block(channels, even(c * width), s if k == 0 else 1, t))
        channels = even(c * width)
last = even(1280 * max(1, width))
model = nn.Sequential(*layers, *unit(channels, last, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2),
                      nn.Linear(last, 1000))
layout = torch.contiguous_format if variant == "contiguous" else torch.channels_last
model = model.to(memory_format=layout).train()
kernels = [m.weight for m in model.modules() if isinstance(m, nn.Linear) or isinstance(m, nn.Conv2d) and m.groups == 1]
chosen = {id(p) for p in kernels}
others = [p for p in model.parameters() if id(p) not in chosen]
optimiser = torch.optim.RMSprop([{"params": kernels, "weight_decay": 4e-5}, {"params": others}], 0.045, alpha=0.9,
                                momentum=0.9, eps=1.0)
x = (torch.rand(batch, 3, size, size) * 2 - 1).to(memory_format=layout)
y = torch.arange(batch) % 1000
loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
if variant == "compiled":
    model = torch.compile(model)
print(f"PyTorch {torch.__version__}", flush=True)
for _ in sys.stdin:
    start, used = time.perf_counter(), time.process_time()
    optimiser.zero_grad(set_to_none=True)
    loss = loss_of(model(x), y)
    loss.backward()
    optimiser.step()
    loss.item()
    print(f"{time.perf_counter() - start:.6f} {time.process_time() - used:.6f}", flush=True)
"""


# Each engine's faster ways to run; then those that compile the whole step first, which takes minutes.
VARIANTS = [("TensorFlow", TENSORFLOW, "graph", "graph"), ("PyTorch", PYTORCH, "channels_last", "NHWC"),
            ("PyTorch", PYTORCH, "contiguous", "NCHW")]
COMPILED = [("TensorFlow", TENSORFLOW, "xla", "XLA"), ("PyTorch", PYTORCH, "compiled", "NHWC, torch.compile")]


class Engine:
    """A process that runs one step for every line it is sent."""

    def __init__(self, name, command, announces):
        self.name, self.seconds, self.cpu_seconds = name, [], []
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        if announces:
            version = self.process.stdout.readline().strip()
            if not version:
                raise RuntimeError(f"{name}: cannot be imported")
            self.name = f"{version}, {name}"

    def step(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name}: failed")
        seconds, used = map(float, line.split())
        self.seconds.append(seconds)
        self.cpu_seconds.append(used)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def start_engines(options):
    """All that can be started and finish the steps that warm them up."""
    shape = [options.width, options.size, options.batch, options.threads]
    pythons = {"TensorFlow": options.tensorflow, "PyTorch": options.pytorch}
    wanted = [("mobilenet.c", [PROGRAM, *shape], False)]
    for framework, code, variant, text in VARIANTS + (COMPILED if options.compilers else []):
        wanted.append((text, [pythons[framework], "-c", code, *shape, variant], True))
    engines = []
    for name, command, announces in wanted:
        try:
            engine = Engine(name, command, announces)
            for _ in range(WARM_UP):
                engine.step()
            engines.append(engine)
        except (RuntimeError, OSError) as error:
            print(f"left out: {error}", file=sys.stderr)
    return engines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", default="0.35")
    parser.add_argument("--size", default="96")
    parser.add_argument("--batch", default="96")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--tensorflow", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--pytorch", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--compilers", action="store_true", help="also XLA and torch.compile")
    options = parser.parse_args()
    engines = start_engines(options)
    for _ in range(options.rounds):
        for engine in engines:
            engine.step()
    for engine in engines:
        engine.close()
    print(f"MobileNetV2 {options.width}, {options.size}x{options.size}, batch {options.batch}, {options.threads} "
          f"thread(s), images/s\n\n| engine | median | best | of processor time |\n|---|---|---|---|")
    for engine in engines:
        kept, batch = engine.seconds[WARM_UP:], int(options.batch)
        print(f"| {engine.name} | {batch / statistics.median(kept):.1f} | {batch / min(kept):.1f} | "
              f"{batch / min(engine.cpu_seconds[WARM_UP:]):.1f} |")


if __name__ == "__main__":
    main()
