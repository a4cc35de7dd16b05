#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Times one model in LiteRT's reference kernels, LiteRT as it comes (XNNPACK), and this library, one thread each.

The engines take turns within one run, so that a slow moment of the machine meets all of them alike."""

import argparse
import os
import statistics
import time

from ai_edge_litert.interpreter import OpResolverType

import engines
import network


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", nargs="?", default=os.path.join(
        os.path.dirname(engines.ROOT), "shared", "models", "tf2_mobilenet_v2_1.0_224_ptq.tflite"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--library", help="libmobilenet.so; default $MOBILENET_LIBRARY, else the one in build/")
    arguments = parser.parse_args()
    with open(arguments.model, "rb") as file:
        content = file.read()

    engines_by_name = {}
    for name, resolver in [("LiteRT, BUILTIN_REF", OpResolverType.BUILTIN_REF),
                           ("LiteRT, default (XNNPACK)", OpResolverType.AUTO)]:
        interpreter = engines.litert(content, False, resolver)
        detail = interpreter.get_input_details()[0]
        value = network.stored(network.picture(1, detail["shape"]), detail)
        interpreter.set_tensor(detail["index"], value)
        engines_by_name[name] = interpreter.invoke
    lib = engines.library(arguments.library)
    model = engines.Model(lib, content)
    for tier in engines.tiers(lib):
        session = engines.Session(model, tier)

        def run(session=session):
            session.set_input(0, value)
            session.invoke()
        engines_by_name["mobilenet.c, %s" % tier] = run

    times = {name: [] for name in engines_by_name}
    for round_number in range(arguments.rounds + 1):
        for name, invoke in engines_by_name.items():
            start = time.perf_counter()
            invoke()
            if round_number > 0:  # the first is warm-up
                times[name].append((time.perf_counter() - start) * 1e3)
    print("%s, 1 thread, median of %d alternating runs" % (os.path.basename(arguments.model), arguments.rounds))
    print("%-28s %10s %10s %10s" % ("engine", "median ms", "min ms", "max ms"))
    for name, values in times.items():
        print("%-28s %10.2f %10.2f %10.2f" % (name, statistics.median(values), min(values), max(values)))


if __name__ == "__main__":
    main()
