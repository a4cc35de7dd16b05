#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Random models of one operator or a few, compiled by Vela and run on the emulated Ethos-U, against LiteRT's reference
kernels on the original: every byte equal.

What Vela leaves to the processor or cannot compile, what the emulator refuses as not emulated, and the known faults of
Vela are counted apart. Each case depends on the seed and its number alone, accelerator, optimisation, cache and version of Vela included:
`--first N --cases 1 --seed S` repeats one. Exit status 1 on any difference, 77 without Vela."""

import argparse
import collections
import os
import sys
import tempfile

import numpy as np

import cases
import engines
import npu
import tflite_file

# Integers alone: the NPU has no floats.
KINDS = [k for k in cases.KINDS if k[2] in ("int8", "uint8", "int16", "int8-uint8", "uint8-int8", "int8-int8",
                                            "uint8-uint8", "int16-int16", "int8-int16", "int16-int8")
         and not k[0].startswith("hybrid")]

VERDICTS = ["same", "different", "Vela's fault", "not emulated", "processor", "refused"]


class Facts:
    """What the known faults of Vela go by."""

    def __init__(self, label, kind, version, case, expected, actual):
        graph = tflite_file.unpack(case.model).subgraphs[0]
        self.label, self.kind, self.new = label, kind, version >= "4"
        self.options = [o.builtinOptions for o in graph.operators]
        self.shapes = [[list(graph.tensors[t].shape) for t in o.inputs if t >= 0] for o in graph.operators]
        self.is_copy = expected[0].size == int(np.prod(self.shapes[0][0]))
        self.largest = max(np.max(np.abs(e.astype(np.int64) - a), initial=0) for e, a in zip(expected, actual))

    def option(self, name, default=1):
        """The largest value of an option."""
        return max([getattr(o, name, default) for o in self.options if o is not None] + [default])


# Streams that were looked into, and the reason why they compute something else than the original does.
FAULTS = [
    ("uint8 is clamped to [0, 127] where it is transposed", lambda f: f.new and f.kind == "uint8" and (
        "TRANSPOSE" in f.label or f.label.startswith(("dilated", "SPACE")) or f.option("depthMultiplier") > 1)),
    ("dilation by SPACE_TO_BATCH_ND is always padded as SAME", lambda f: f.new and f.label.startswith("dilated")),
    ("REDUCE_MAX reads one row", lambda f: f.new and f.label == "REDUCE_MAX"),
    ("a convolution of groups is padded on one side, or mixes images", lambda f: f.new and f.label == "CONV_2D" and
     f.shapes[0][1][3] < f.shapes[0][0][3]),
    ("operands are repeated along the wrong dimensions", lambda f: f.new and f.label.split(",")[0] in (
        "ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM") and max(len(s) for s in f.shapes[0]) > 4),
    ("MEAN of one element does not rescale", lambda f: not f.new and f.label == "MEAN" and f.is_copy),
    ("a table's entry is off by one", lambda f: f.label in ("LOGISTIC", "TANH", "HARD_SWISH", "LEAKY_RELU", "ELU", "RSQRT")
     and f.largest <= 1),
    ("FULLY_CONNECTED is rescaled in fixed point, by LiteRT in double",
     lambda f: f.label.startswith("FULLY_CONNECTED") and f.largest <= 1),
]


def make(seed, number):
    label, maker, kind = KINDS[number % len(KINDS)]
    rng = np.random.default_rng([seed, number])
    return label, kind, maker(cases.Dice(rng), kind), npu.random_options(rng)


def compare(vela, folder, label, kind, case, options):
    """(verdict, sentence)"""
    try:
        interpreter = engines.litert(case.model)
        expected = engines.litert_run(interpreter, case.inputs)
    except (RuntimeError, ValueError):
        return "refused", "by LiteRT"
    path = os.path.join(folder, "case.tflite")
    with open(path, "wb") as file:
        file.write(case.model)
    compiled, problem = vela.compile(path, folder, *options)
    if problem:
        return "refused", "by Vela: " + problem
    if not npu.is_compiled(compiled):
        return "processor", None
    try:
        actual = npu.emulate(compiled, [case.inputs], [(e.shape, e.dtype) for e in expected])[0]
    except npu.Refused as reason:
        return "not emulated" if "not emulated" in str(reason) else "different", str(reason)
    for i, (e, a) in enumerate(zip(expected, actual)):
        problem = engines.difference(e, a)
        if problem:
            facts = Facts(label, kind, vela.version, case, expected, actual)
            known = [reason for reason, test in FAULTS if test(facts)]
            return ("Vela's fault", known[0]) if known else ("different", "output %d: %s" % (i, problem))
    return "same", None


def keep_case(keep, folder, number, inputs):
    os.makedirs(keep, exist_ok=True)
    for name in os.listdir(folder):
        if name.endswith(".tflite"):
            os.replace(os.path.join(folder, name), os.path.join(keep, "%d_%s" % (number, name)))
    for i, value in enumerate(inputs):
        value.tofile(os.path.join(keep, "%d.input%d" % (number, i)))


def describe(counts):
    return ("%d equal, %d different; %d where Vela is at fault, %d not emulated, %d left to the processor, %d not compiled"
            % tuple(counts[v] for v in VERDICTS))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int, default=600)
    parser.add_argument("--kind", help="only operators whose label begins so")
    parser.add_argument("--keep", metavar="DIR", help="write the models and inputs that differ here")
    parser.add_argument("--vela", action="append", help="Python of an environment with ethos-u-vela; may be repeated")
    arguments = parser.parse_args()
    velas = npu.find_velas(arguments.vela)
    counts, reasons = collections.defaultdict(collections.Counter), collections.Counter()
    for number in range(arguments.first, arguments.first + arguments.cases):
        label, kind, case, options = make(arguments.seed, number)
        if arguments.kind and not label.startswith(arguments.kind):
            continue
        vela = velas[number // len(KINDS) % len(velas)]
        with tempfile.TemporaryDirectory() as folder:
            verdict, sentence = compare(vela, folder, label, kind, case, options)
            counts[label, kind][verdict] += 1
            if verdict == "Vela's fault":
                reasons["Vela %s: %s" % (vela.version, sentence)] += 1
            if verdict == "different":
                print("case %d, %s %s, Vela %s %s: %s" % (number, label, kind, vela.version, " ".join(options),
                                                          sentence), flush=True)
                if arguments.keep:
                    keep_case(arguments.keep, folder, number, case.inputs)
    for (label, kind), verdicts in counts.items():
        print("%s %s: %s" % (label, kind, describe(verdicts)))
    for reason, n in reasons.items():
        print("%d times %s" % (n, reason))
    total = sum(counts.values(), collections.Counter())
    print("total: Vela %s: %s" % (" and ".join(v.version for v in velas), describe(total)))
    return 1 if total["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
