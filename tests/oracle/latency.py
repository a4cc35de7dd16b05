#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Times one model in LiteRT's reference kernels, LiteRT as it comes (XNNPACK), LiteRT with libmobilenet_delegate.so, and this
library, one thread each.

The engines take turns within one run, so that a slow moment of the machine meets all of them alike. Each is given its input
before its time begins."""

import argparse
import os
import statistics
import time
from functools import partial

from ai_edge_litert.interpreter import Interpreter, OpResolverType, load_delegate

import engines
import network


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", nargs="?", default=os.path.join(
        os.path.dirname(engines.ROOT), "shared", "models", "tf2_mobilenet_v2_1.0_224_ptq.tflite"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--fastest", action="store_true", help="leave out the reference and all tiers but the best")
    parser.add_argument("--tiers", help="time only these, such as avx2,avx512, and no reference")
    parser.add_argument("--processor-time", action="store_true", help="for machines that are busy with other work")
    parser.add_argument("--library", help="libmobilenet.so; default $MOBILENET_LIBRARY, else the one in build/")
    arguments = parser.parse_args()
    with open(arguments.model, "rb") as file:
        content = file.read()
    lib = engines.library(arguments.library)
    delegate = os.path.join(os.path.dirname(os.path.abspath(lib._name)), "libmobilenet_delegate.so")

    interpreters = {"LiteRT, default (XNNPACK)": engines.litert(content, False, OpResolverType.AUTO)}
    if not arguments.fastest and not arguments.tiers:
        interpreters["LiteRT, BUILTIN_REF"] = engines.litert(content, False, OpResolverType.BUILTIN_REF)
    if os.path.exists(delegate):
        name = "LiteRT with the delegate"
        interpreters[name] = Interpreter(model_content=content, num_threads=1,
                                         experimental_delegates=[load_delegate(delegate)])
        interpreters[name].allocate_tensors()
    engines_by_name = {}
    for name, interpreter in interpreters.items():
        detail = interpreter.get_input_details()[0]
        value = network.stored(network.picture(1, detail["shape"]), detail)
        engines_by_name[name] = (partial(interpreter.set_tensor, detail["index"], value), interpreter.invoke)
    model = engines.Model(lib, content)
    tiers = engines.tiers(lib)[-1 if arguments.fastest else 0:]
    for tier in arguments.tiers.split(",") if arguments.tiers else tiers:
        session = engines.Session(model, tier)
        engines_by_name["mobilenet.c, %s" % tier] = (partial(session.set_input, 0, value), session.invoke)

    clock = time.process_time if arguments.processor_time else time.perf_counter
    times = {name: [] for name in engines_by_name}
    for round_number in range(arguments.rounds + 1):
        for name, (fill, invoke) in engines_by_name.items():
            fill()
            start = clock()
            invoke()
            if round_number > 0:  # the first is warm-up
                times[name].append((clock() - start) * 1e3)
    print("%s, 1 thread, median of %d alternating runs" % (os.path.basename(arguments.model), arguments.rounds))
    print("%-28s %10s %10s %10s" % ("engine", "median ms", "min ms", "max ms"))
    for name, values in times.items():
        print("%-28s %10.2f %10.2f %10.2f" % (name, statistics.median(values), min(values), max(values)))


if __name__ == "__main__":
    main()
