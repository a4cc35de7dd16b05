# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Predicts how long an inference takes on boards with in-order cores, i.MX 8M Plus (Cortex-A53) and i.MX 93
(Cortex-A55), from the counts that scripts/arm.sh left in build-arm/counts. The core's part comes from a model of its
pipeline, the rest from misses of simulated caches. A prediction, not a measurement: README.md says how far it is off."""
import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "arm"))

from model import by_function, read_parts  # noqa: E402 (needs the path above)
from timing import BOARDS  # noqa: E402

WAITED = 0.5  # of the time of each miss; the rest is hidden by prefetching and by misses at the same time


def total(parts, threads, waited=WAITED):
    return sum(part.ms(threads, waited) for part in parts)


def print_steps(parts, threads):
    print("| step | kernel | M instructions | core ms | wait ms | %s |" %
          " | ".join("ms, %d thread%s" % (n, "s" if n > 1 else "") for n in threads))
    print("|--:|---|--:|--:|--:|" + "--:|" * len(threads))
    steps = [part for part in parts if part.name != "between"]
    for number, part in enumerate(steps):
        print("| %d | %s | %.2f | %.3f | %.3f | %s |" % (
            number, part.name, part.instructions / 1e6, part.core_ms, part.wait_ms,
            " | ".join("%.3f" % part.ms(n, WAITED) for n in threads)))
    print()


def print_functions(functions):
    print("| function | M instructions | M cycles | cycles for each |")
    print("|---|--:|--:|--:|")
    for name in sorted(functions, key=lambda name: -functions[name][1])[:20]:
        instructions, cycles = functions[name]
        print("| %s | %.2f | %.2f | %.2f |" % (name, instructions / 1e6, cycles / 1e6, cycles / instructions))
    print()


def row(name, parts, threads):
    core = sum(part.core_ms for part in parts)
    cycles = " | ".join("%.1f" % total(parts, n) for n in threads)
    return "| %s | %.1f | %.1f | %.1f | %s |" % (name, sum(part.instructions for part in parts) / 1e6, core,
                                               total(parts, 1, 1.0), cycles)


def engines_of(folder, core):
    return sorted(path for path in folder.glob(core + "-*") if (path / "cache.txt").exists())


def report(core, arguments):
    board = BOARDS[core]
    threads = [n for n in (1, 2, 4) if n <= board.cores]
    folders = engines_of(arguments.counts, core)
    if arguments.engine:
        folders = [path for path in folders if path.name == "%s-%s" % (core, arguments.engine)]
    if not folders:
        raise SystemExit("bench/predict: no counts of %s in %s; run scripts/arm.sh MODEL" %
                         (arguments.engine or core, arguments.counts))
    parts_of = {path.name[len(core) + 1:]: read_parts(path, board, "litert" in path.name) for path in folders}
    if arguments.engine:
        if arguments.program:
            print_functions(by_function(folders[0], board, arguments.program))
        print_steps(parts_of[arguments.engine], threads)
    print("| %s, %.1f GHz %s | M instructions | core ms | ms, every miss waited for | %s |" % (
        board.name, board.ghz, board.timing.name,
        " | ".join("ms, %d thread%s" % (n, "s" if n > 1 else "") for n in threads)))
    print("|---|--:|--:|--:|" + "--:|" * len(threads))
    for name, parts in parts_of.items():
        print(row(name, parts, threads))
    published = " | ".join("%.1f" % board.published[n] if n in board.published else "" for n in threads)
    print("| TFLite, published (NXP eIQ) | | | | %s |\n" % published)
    if "litert-builtin" in parts_of:
        for n, milliseconds in board.published.items():
            off = total(parts_of["litert-builtin"], n) / milliseconds - 1
            print("litert-builtin on %d thread%s: %+.0f %% from what is published for TFLite" % (
                n, "s" if n > 1 else "", 100 * off))
        print()


def main():
    parser = argparse.ArgumentParser(prog="python3 bench/predict", description=__doc__)
    parser.add_argument("--counts", type=pathlib.Path, default=pathlib.Path("build-arm/counts"))
    parser.add_argument("--cores", default="a53,a55", help="some of " + ", ".join(BOARDS))
    parser.add_argument("--engine", help="this one alone, step by step: portable, neon, ..., litert-xnnpack")
    parser.add_argument("--program", help="what was counted, as build-arm/drive; with --engine also by function")
    arguments = parser.parse_args()
    for core in arguments.cores.split(","):
        if core not in BOARDS:
            parser.error("there is no board with %s; choose from %s" % (core, ", ".join(BOARDS)))
        report(core, arguments)


if __name__ == "__main__":
    main()
