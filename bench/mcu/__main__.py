# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Runs what `mobilenet compile` wrote on emulated microcontrollers, and tells the instructions of each kind of step, the
stack that it painted over, and the memory that the linker gave it. Scores are compared with the desktop's."""
import argparse
import pathlib
import sys
from collections import defaultdict

from runs import BOARDS, measure, read_steps
from speed import CLOCKS

def print_memory(results, macs):
    print("\n| board | core | M instructions | a MAC | code | constants | weights | of them read | RAM | stack | scores |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|")
    for result in results:
        total, sizes = sum(result.counts.values()), result.sizes
        read = "" if result.read is None else "%.2f times" % (result.read / sizes.weights)
        print("| %s | %s | %.1f | %.2f | %d | %d | %d | %s | %d | %d | %s |" % (
            result.board, BOARDS[result.board], total / 1e6, total / macs, sizes.code, sizes.constants, sizes.weights,
            read, sizes.memory, result.stack, "same bytes" if result.same else "DIFFERENT"))


def print_times(results):
    """What a run would take; of each pair the first is the least."""
    results = [result for result in results if result.time]
    if not results:
        return
    print("\n| core | M cycles, predicted | of the processor, ms |\n|---|--:|---|")
    for result in results:
        low, high = result.time.low, result.time.high
        clocks = ["%.0f to %.0f at %d MHz" % (1000 * low / clock, 1000 * high / clock, clock)
                  for clock in CLOCKS[result.pipeline]]
        print("| %s | %.0f to %.0f | %s |" % (BOARDS[result.board], low, high, "; ".join(clocks)))


def print_kinds(results, steps):
    """M instructions, and for a multiply-accumulate where there are any."""
    macs = defaultdict(int)
    for step in steps.values():
        macs[step.kind] += step.macs
    print("\n| kind | M MACs | %s |" % " | ".join("%s: M, a MAC" % BOARDS[result.board] for result in results))
    print("|---|--:|%s" % ("--:|" * len(results)))
    for kind, count in macs.items():
        cells = []
        for result in results:
            spent = sum(result.counts.get(number, 0) for number, step in steps.items() if step.kind == kind)
            cells.append("%.2f%s" % (spent / 1e6, ", %.2f" % (spent / count) if count else ""))
        print("| %s | %.2f | %s |" % (kind, count / 1e6, " | ".join(cells)))


def print_steps(results, steps):
    print("\n| step | kind | output | MACs | %s | layer |" % " | ".join("%s: a MAC" % BOARDS[r.board] for r in results))
    print("|--:|---|---|--:|%s---|" % ("--:|" * len(results)))
    for number, step in steps.items():
        cells = ["%.2f" % (result.counts.get(number, 0) / step.macs) if step.macs else
                 "(%d)" % result.counts.get(number, 0) for result in results]
        print("| %d | %s | %s | %d | %s | %s |" % (number, step.kind, step.output, step.macs, " | ".join(cells), step.layer))


def parse():
    parser = argparse.ArgumentParser(prog="scripts/mcu.sh", description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="what `mobilenet compile --name network` wrote")
    parser.add_argument("--input", type=pathlib.Path, required=True, help="bytes of one image")
    parser.add_argument("--scores", type=pathlib.Path, required=True, help="what the desktop gives for it")
    parser.add_argument("--plugin", type=pathlib.Path, required=True, help="count.c, built")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="where programs and counts are kept")
    parser.add_argument("--boards", default=",".join(BOARDS), help="some of %(default)s")
    parser.add_argument("--flags", default="", help="for the compiler, such as -O3")
    parser.add_argument("--flash", action="store_true", help="tell how often weights are read from flash; takes longer")
    parser.add_argument("--steps", action="store_true", help="tell each step, too")
    arguments = parser.parse_args()
    arguments.flags = arguments.flags.split()
    arguments.boards = arguments.boards.split(",")
    for name in arguments.boards:
        if name not in BOARDS:
            parser.error("there is no board %s; choose from %s" % (name, ", ".join(BOARDS)))
    return arguments


def main():
    arguments = parse()
    steps = read_steps(arguments.folder)
    results = [measure(arguments.folder, arguments.input, arguments.scores, board, arguments.plugin, arguments.out,
                       arguments.flags, arguments.flash) for board in arguments.boards]
    print_memory(results, sum(step.macs for step in steps.values()))
    print_times(results)
    print_kinds(results, steps)
    if arguments.steps:
        print_steps(results, steps)
    sys.exit(0 if all(result.same for result in results) else 1)


if __name__ == "__main__":
    main()
