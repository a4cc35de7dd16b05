#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Random single-operator models: this library against LiteRT's reference kernels, on every tier, with one thread
and two. Integer outputs must be identical, float outputs within 1e-5 of the largest magnitude.

A case that LiteRT refuses is counted apart; this library may refuse it too, or run it, but must not crash. Each case
depends on the seed and its number alone: `--first N --cases 1 --seed S` repeats one. Exit status 1 on any difference."""

import argparse
import collections
import multiprocessing
import os
import sys

import cases
import engines


def run_ours(lib, case, keep_tensors):
    """Yields (tier, threads, outputs)."""
    model = engines.Model(lib, case.model)
    try:
        for tier in engines.tiers(lib):
            for threads in (1, 2):
                session = engines.Session(model, tier, threads, keep_tensors)
                try:
                    yield tier, threads, session.run(case.inputs)
                finally:
                    session.close()
    finally:
        model.close()


def compare(lib, number, case):
    """(verdict, sentence): verdict is "same", "different" or "refused"."""
    try:
        expected = engines.litert_run(engines.litert(case.model), case.inputs)
    except (RuntimeError, ValueError):
        expected = None
    try:
        for tier, threads, actual in run_ours(lib, case, number // len(cases.KINDS) % 2 == 1):
            for i, (e, a) in enumerate(zip(expected or [], actual)):
                problem = engines.difference(e, a, 0 if case.exact else engines.FLOAT_TOLERANCE)
                if problem:
                    return "different", "output %d on %s with %d threads: %s" % (i, tier, threads, problem)
    except engines.Refused as reason:
        if expected is not None:
            return "different", "refused: %s" % reason
    return ("same" if expected is not None else "refused"), None


def work(path, seed, numbers, pipe):
    lib = engines.library(path)
    for number in numbers:
        label, kind, case = cases.make(seed, number)
        pipe.send((number, label, kind, "started", None))
        pipe.send((number, label, kind) + compare(lib, number, case))
    pipe.send(None)


def results(path, seed, first, count):
    """Runs the cases in a process of their own, so that a crash is one case's failure and the rest still run."""
    number, end = first, first + count
    while number < end:
        receive, send = multiprocessing.Pipe(False)
        worker = multiprocessing.Process(target=work, args=(path, seed, range(number, end), send))
        worker.start()
        send.close()
        started = None
        try:
            while True:
                message = receive.recv()
                if message is None:
                    number = end
                    break
                if message[3] == "started":
                    started = message
                else:
                    number = message[0] + 1
                    yield message
        except EOFError:
            worker.join()
            if started is None or started[0] < number:
                raise RuntimeError("the worker ended outside a case, exit status %s" % worker.exitcode)
            yield started[:3] + ("different", "the process died, exit status %d" % worker.exitcode)
            number = started[0] + 1
        worker.join()


def keep_case(folder, seed, number):
    label, kind, case = cases.make(seed, number)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "case%d.tflite" % number), "wb") as file:
        file.write(case.model)
    for i, value in enumerate(case.inputs):
        value.tofile(os.path.join(folder, "case%d.input%d" % (number, i)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--keep", metavar="DIR", help="write the models and inputs that differ here")
    parser.add_argument("--library", help="libmobilenet.so; default $MOBILENET_LIBRARY, else the one in build/")
    arguments = parser.parse_args()
    print("seed %d, cases %d to %d, tiers %s, threads 1 and 2" % (
        arguments.seed, arguments.first, arguments.first + arguments.cases - 1,
        ", ".join(engines.tiers(engines.library(arguments.library)))))
    counts = collections.Counter()
    for number, label, kind, verdict, sentence in results(arguments.library, arguments.seed, arguments.first,
                                                          arguments.cases):
        counts[label, kind, verdict] += 1
        if verdict == "different":
            print("case %d, %s %s: %s" % (number, label, kind, sentence), flush=True)
            if arguments.keep:
                keep_case(arguments.keep, arguments.seed, number)
    for label, kind in dict.fromkeys((label, kind) for label, _, kind in cases.KINDS):
        same, different, refused = (counts[label, kind, v] for v in ("same", "different", "refused"))
        if same + different + refused:
            print("%s %s: %d cases, %d differences%s" % (
                label, kind, same + different, different,
                ", %d more refused by LiteRT" % refused if refused else ""))
    total = collections.Counter()
    for (_, _, verdict), n in counts.items():
        total[verdict] += n
    print("total: %d cases compared, %d differences, %d refused by LiteRT" % (
        total["same"] + total["different"], total["different"], total["refused"]))
    return 1 if total["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
