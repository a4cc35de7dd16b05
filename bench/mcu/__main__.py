# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Runs what `mobilenet compile` wrote on emulated microcontrollers, and tells the instructions of each kind of step, the
stack that it painted over, and the memory that the linker gave it. Scores are compared with the desktop's."""
import argparse
import pathlib
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass

from linkmap import code_of, sizes_of, weights_of
from speed import CLOCKS, predict

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARDS = {"mps2-an386": "Cortex-M4", "mps2-an500": "Cortex-M7", "mps3-an547": "Cortex-M55", "virt-rv32": "rv32imc"}
PIPELINES = {"mps2-an500": "m7", "mps3-an547": "m55"}
OUTSIDE = 1023  # measure.c's number for what is not the network's

# A line of the table of steps in network.c: chain, step, kind, output, slice, MACs, layer.
STEP = re.compile(r"^ \*\s+(\d+)\s+(\d+)\s+([A-Z_]+)\s+(\S+)\s+(\d+)\s+(\d+)  (.*)$", re.MULTILINE)


@dataclass
class Step:
    kind: str
    output: str
    macs: int
    layer: str


@dataclass
class Result:
    board: str
    counts: dict  # instructions by step
    read: int     # bytes of weights, or None
    stack: int
    sizes: object
    time: object  # or None
    same: bool


def read_steps(folder):
    source = (folder / "network.c").read_text(encoding="utf-8")
    return {int(step): Step(kind, output, int(macs), layer)
            for _, step, kind, output, _, macs, layer in STEP.findall(source)}


def run(command, **options):
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options).stdout


def is_network(name):
    return name.startswith(("network", "mn_mcu_"))


def measure(arguments, board):
    work = arguments.out / board
    work.mkdir(parents=True, exist_ok=True)
    elf = work / "measure.elf"
    run([ROOT / "mcu/build.sh", board, arguments.folder, elf, ROOT / "bench/mcu/measure.c", *arguments.flags])
    (work / "input.raw").write_bytes(arguments.input.read_bytes())
    plugin, linked = "%s,out=counts.txt,blocks=blocks.txt" % arguments.plugin.resolve(), elf.with_suffix(".elf.map")
    if arguments.flash:
        plugin += ",flash=%d:%d" % weights_of(linked)
    text = run([ROOT / "mcu/run.sh", board, elf.name, "-plugin", plugin], cwd=work)
    lines = [[int(word) for word in line.split()] for line in (work / "counts.txt").read_text("ascii").splitlines()]
    counts = {number: count for number, count, _ in lines if number != OUTSIDE}
    read = sum(count for number, _, count in lines if number != OUTSIDE) if arguments.flash else None
    time = predict(elf, work / "blocks.txt", code_of(linked, is_network), PIPELINES[board]) if board in PIPELINES else None
    same = (work / "scores.raw").read_bytes() == arguments.scores.read_bytes()
    return Result(board, counts, read, int(text.split()[1]), sizes_of(linked, is_network), time, same)


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
                  for clock in CLOCKS[PIPELINES[result.board]]]
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
    results = [measure(arguments, board) for board in arguments.boards]
    print_memory(results, sum(step.macs for step in steps.values()))
    print_times(results)
    print_kinds(results, steps)
    if arguments.steps:
        print_steps(results, steps)
    sys.exit(0 if all(result.same for result in results) else 1)


if __name__ == "__main__":
    main()
