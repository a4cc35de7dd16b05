#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Random models of one operator or a few, compiled by Vela and run on the emulated Ethos-U, against LiteRT's reference
kernels on the original: every byte equal.

Each case depends on the seed and its number alone, accelerator, optimisation, cache and version of Vela included:
`--first N --cases 1 --seed S` repeats one. What Vela leaves to the processor and what it cannot compile is counted
apart. Exit status 1 on any difference, 77 without Vela."""

import argparse
import collections
import os
import sys
import tempfile

import numpy as np

import cases
import engines
import npu

# Integers alone: the NPU has no floats.
KINDS = [k for k in cases.KINDS if k[2] in ("int8", "uint8", "int16", "int8-uint8", "uint8-int8", "int8-int8",
                                            "uint8-uint8", "int16-int16", "int8-int16", "int16-int8")
         and not k[0].startswith("hybrid")]


def make(seed, number):
    label, maker, kind = KINDS[number % len(KINDS)]
    rng = np.random.default_rng([seed, number])
    return label, kind, maker(cases.Dice(rng), kind), npu.random_options(rng)


def compare(vela, folder, case, options):
    """(verdict, sentence): "same", "different", "processor", "refused"."""
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
        return "different", str(reason)
    for i, (e, a) in enumerate(zip(expected, actual)):
        problem = engines.difference(e, a)
        if problem:
            return "different", "output %d: %s" % (i, problem)
    return "same", None


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
    counts = collections.Counter()
    for number in range(arguments.first, arguments.first + arguments.cases):
        label, kind, case, options = make(arguments.seed, number)
        if arguments.kind and not label.startswith(arguments.kind):
            continue
        vela = velas[number // len(KINDS) % len(velas)]
        with tempfile.TemporaryDirectory() as folder:
            verdict, sentence = compare(vela, folder, case, options)
            counts[label, kind, verdict] += 1
            if verdict == "different":
                print("case %d, %s %s, Vela %s %s: %s" % (number, label, kind, vela.version, " ".join(options),
                                                          sentence), flush=True)
                if arguments.keep:
                    os.makedirs(arguments.keep, exist_ok=True)
                    for name in os.listdir(folder):
                        if name.endswith(".tflite"):
                            os.replace(os.path.join(folder, name),
                                       os.path.join(arguments.keep, "%d_%s" % (number, name)))
                    for i, value in enumerate(case.inputs):
                        value.tofile(os.path.join(arguments.keep, "%d.input%d" % (number, i)))
    total = collections.Counter()
    for label, kind in dict.fromkeys((label, kind) for label, _, kind in KINDS):
        verdicts = [counts[label, kind, v] for v in ("same", "different", "processor", "refused")]
        for verdict, n in zip(("same", "different", "processor", "refused"), verdicts):
            total[verdict] += n
        if sum(verdicts):
            print("%s %s: %d equal, %d different; %d left to the processor, %d not compiled" % (
                (label, kind) + tuple(verdicts)))
    print("total: Vela %s: %d equal, %d different; %d left to the processor, %d not compiled" % (
        " and ".join(v.version for v in velas), total["same"], total["different"], total["processor"],
        total["refused"]))
    return 1 if total["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
