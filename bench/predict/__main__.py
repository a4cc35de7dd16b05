# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""Predicts how long an inference takes on boards with in-order cores, i.MX 8M Plus (Cortex-A53) and i.MX 93
(Cortex-A55), from the counts that scripts/arm.sh left in build-arm/counts. The core's part comes from a model of its
pipeline, the rest from misses of simulated caches. A prediction, not a measurement: README.md says how far it is off, and
--check works that out."""
import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "arm"))

import mca  # noqa: E402 (needs the path above)
from model import by_function, hot_blocks, read_parts  # noqa: E402
from timing import BOARDS, PUBLISHED, OutOfOrder  # noqa: E402

PREDICTED = ("imx8mp", "imx93")  # by default; the others are there for --check


def total(parts, board, threads):
    return sum(part.ms(board, threads) for part in parts)


def threads_of(board):
    return [n for n in (1, 2, 4) if n <= board.cores]


def headings(threads):
    return " | ".join("ms, %d thread%s" % (n, "s" if n > 1 else "") for n in threads)


def print_steps(parts, board):
    threads = threads_of(board)
    print("| step | kernel | M instructions | core ms | loops ended ms | wait ms | %s |" % headings(threads))
    print("|--:|---|--:|--:|--:|--:|" + "--:|" * len(threads))
    steps = [part for part in parts if part.name != "between"]
    for number, part in enumerate(steps):
        print("| %d | %s | %.2f | %.3f | %.3f | %.3f | %s |" % (
            number, part.name, part.instructions / 1e6, part.core_ms, part.branch_ms, part.wait_ms,
            " | ".join("%.3f" % part.ms(board, n) for n in threads)))
    print()


def print_functions(functions):
    print("| function | M instructions | M cycles | cycles for each |")
    print("|---|--:|--:|--:|")
    for name in sorted(functions, key=lambda name: -functions[name][1])[:20]:
        instructions, cycles = functions[name]
        print("| %s | %.2f | %.2f | %.2f |" % (name, instructions / 1e6, cycles / 1e6, cycles / instructions))
    print()


def print_blocks(blocks, board):
    """Our model beside llvm-mca on the blocks that take longest."""
    print("| block, %s | instructions | thousand times | cycles | %s |" % (board.timing.name, mca.tool()))
    print("|---|--:|--:|--:|--:|")
    for function, offset, instructions, times, ours, theirs in blocks:
        print("| %s+%d | %d | %.0f | %.1f | %s |" % (function, offset, instructions, times / 1e3, ours,
                                                   "" if theirs is None else "%.1f" % theirs))
    print()


def print_board(board, parts_of, published):
    threads = threads_of(board)
    print("| %s, %.1f GHz %s | M instructions | core ms | loops ended ms | waits ms | MB moved | %s | nothing prefetched |" %
          (board.name, board.ghz, board.timing.name, headings(threads)))
    print("|---|--:|--:|--:|--:|--:|" + "--:|" * len(threads) + "--:|")
    for name, parts in parts_of.items():
        sums = [sum(getattr(part, field) for part in parts)
                for field in ("core_ms", "branch_ms", "wait_ms", "moved_mb", "most_wait_ms")]
        print("| %s | %.1f | %.1f | %.1f | %.1f | %.1f | %s | %.1f |" % (
            name, sum(part.instructions for part in parts) / 1e6, *sums[:4],
            " | ".join("%.1f" % total(parts, board, n) for n in threads), sums[0] + sums[1] + sums[4]))
    if published:
        print("| published: %s | | | | | | %s | |" % (
            published[0].who, " | ".join("".join("%g" % one.ms for one in published if one.threads == n) for n in threads)))
    print()


def engines_of(folder, core):
    return sorted(path for path in folder.glob(core + "-*") if (path / "cache.txt").exists())


def report(name, arguments):
    board = BOARDS[name]
    folders = engines_of(arguments.counts, board.core)
    if arguments.engine:
        folders = [path for path in folders if path.name == "%s-%s" % (board.core, arguments.engine)]
    if not folders:
        raise SystemExit("bench/predict: no counts of %s in %s; run scripts/arm.sh MODEL" %
                         (arguments.engine or board.core, arguments.counts))
    if arguments.mca:
        print_blocks(hot_blocks(folders[0], board, arguments.program, arguments.mca), board)
        return
    parts_of = {path.name[len(board.core) + 1:]: read_parts(path, board) for path in folders}
    if arguments.engine:
        if arguments.program:
            print_functions(by_function(folders[0], board, arguments.program))
        print_steps(parts_of[arguments.engine], board)
    print_board(board, parts_of, [one for one in PUBLISHED if one.board == name and one.type == arguments.type])


def check(arguments):
    """Published times beside predictions for what may have run."""
    print("| board | type | threads | published ms | counted | predicted ms | error | by whom |")
    print("|---|---|--:|--:|---|--:|--:|---|")
    for one in PUBLISHED:
        board = BOARDS[one.board]
        for engine in one.engines:
            folder = (arguments.counts if one.type == "int8" else arguments.floats) / ("%s-%s" % (board.core, engine))
            if not (folder / "cache.txt").exists():
                print("no counts in %s" % folder, file=sys.stderr)
                continue
            if isinstance(board.timing, OutOfOrder) and not mca.tool():
                print("%s needs llvm-mca (on Debian: apt-get install llvm-19)" % board.name, file=sys.stderr)
                continue
            predicted = total(read_parts(folder, board), board, one.threads)
            print("| %s | %s | %d | %g | %s | %.1f | %+.0f %% | %s |" % (
                board.name, one.type, one.threads, one.ms, engine, predicted, 100 * (predicted / one.ms - 1), one.who))


def parse():
    parser = argparse.ArgumentParser(prog="python3 bench/predict", description=__doc__)
    parser.add_argument("--counts", type=pathlib.Path, default=pathlib.Path("build-arm/counts"))
    parser.add_argument("--floats", type=pathlib.Path, default=pathlib.Path("build-arm/floats"),
                        help="counts of the float model, for --check (%(default)s)")
    parser.add_argument("--type", default="int8", help="of the model that was counted: int8 or float32")
    parser.add_argument("--cores", default="a53,a55", help="a53, a55 or both")
    parser.add_argument("--engine", help="this one alone, step by step: portable, neon, ..., litert-xnnpack")
    parser.add_argument("--program", help="what was counted, as build-arm/drive; with --engine also by function")
    parser.add_argument("--mca", type=int, metavar="N", help="with --engine and --program: llvm-mca on N blocks instead")
    parser.add_argument("--check", action="store_true", help="beside what is published")
    arguments = parser.parse_args()
    wrong = set(arguments.cores.split(",")) - {BOARDS[name].core for name in PREDICTED}
    if wrong:
        parser.error("there is no board with %s; choose from a53, a55" % wrong.pop())
    if arguments.mca and not (arguments.engine and arguments.program):
        parser.error("--mca needs --engine and --program")
    if arguments.mca and not mca.tool():
        parser.error("llvm-mca is missing (on Debian: apt-get install llvm-19)")
    return arguments


def main():
    arguments = parse()
    if arguments.check:
        check(arguments)
        return
    for name in PREDICTED:
        if BOARDS[name].core in arguments.cores.split(","):
            report(name, arguments)


if __name__ == "__main__":
    main()
