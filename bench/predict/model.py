# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""From what bench/arm counted to the time of each step."""
import bisect
import math
from dataclasses import dataclass

from counts import Counts, functions_of
from instruction import disassemble
from pipeline import block_cycles

LINE_BYTES = 64
HAND_OVER_US = 3.0  # to other threads and back, of each shared step; a guess from other processors


@dataclass
class Part:
    """What is counted between two marks."""
    name: str
    cuts: dict          # threads -> (units that they can share, grain); 1: for every other number
    instructions: int
    core_ms: float      # of instructions alone, nothing missing in the first cache
    wait_ms: float      # if each miss is waited for in full
    memory_ms: float    # for the bytes to and from memory at the board's bandwidth

    def share(self, threads):
        """The largest part of the work that one of several threads gets."""
        units, grain = self.cuts.get(threads, self.cuts[1])
        pieces = max(1, math.ceil(units / max(grain, 1)))
        return math.ceil(pieces / threads) / pieces

    def ms(self, threads, waited):
        """With `waited` of each wait not hidden by prefetching."""
        share = self.share(threads)
        time = max((self.core_ms + waited * self.wait_ms) * share, self.memory_ms)
        return time + (HAND_OVER_US / 1000 if threads > 1 and share < 1 else 0.0)


def read_steps(folder):
    """{part: (kernel, {threads: (units, grain)})}"""
    sessions = {}  # threads -> [fields of each step]
    for threads, name in ((1, "steps.txt"), (2, "steps-2.txt"), (4, "steps-4.txt")):
        if (folder / name).exists():
            lines = (folder / name).read_text(encoding="utf-8").splitlines()
            sessions[threads] = [line.split() for line in lines if line.startswith("step ")]
    return {int(step[1]): (step[5], {threads: (int(steps[i][2]), int(steps[i][3]))
                                     for threads, steps in sessions.items()})
            for i, step in enumerate(sessions[1])}


def read_caches(path):
    """[(misses of each level, lines written to memory)] by part"""
    parts = []
    with open(path, encoding="ascii") as file:
        for line in file:
            fields = line.split()
            numbers = [int(field) for field in fields[7::2]]
            parts.append((numbers[0::2], numbers[-1]))
    return parts


def waits(board, misses):
    """Milliseconds for misses by level: what misses one level and hits the next waits for that one."""
    beyond = list(misses[1:]) + [0]
    return sum((here - further) * wait for here, further, wait in zip(misses, beyond, board.waits)) / 1e6


def cycles_of_blocks(counts, timing):
    """{block index: cycles of one run}, of the blocks that ran"""
    used = {index for part in counts.parts for index in part}
    known = disassemble(word for index in used for word in counts.blocks[index][1])
    return {index: block_cycles([known[word] for word in counts.blocks[index][1]], timing) for index in used}


def by_function(folder, board, program):
    """{function: [instructions, cycles]}, each block counted where it begins."""
    counts, (starts, names), found = Counts(folder / "count.txt"), functions_of(program), {}
    cycles = cycles_of_blocks(counts, board.timing)
    for part in counts.parts:
        for index, times in part.items():
            address, words = counts.blocks[index]
            place = bisect.bisect_right(starts, address) - 1
            sums = found.setdefault(names[place] if place >= 0 else "elsewhere", [0, 0])
            sums[0] += times * len(words)
            sums[1] += times * cycles[index]
    return found


def read_parts(folder, board, everything_shared):
    """The parts that `folder` has counts of. `everything_shared`: engines whose steps are not known are taken to be
    shared evenly by any number of threads."""
    counts = Counts(folder / "count.txt")
    steps, caches = read_steps(folder), read_caches(folder / "cache.txt")
    cycles = cycles_of_blocks(counts, board.timing)
    parts = []
    for number, part in enumerate(counts.parts):
        name, cuts = steps.get(number, ("between", {1: (1 << 20 if everything_shared else 0, 1)}))
        misses, written = caches[number]
        core = sum(times * cycles[index] for index, times in part.items())
        parts.append(Part(name, cuts, counts.total([number]), core / board.ghz / 1e6, waits(board, misses),
                          (misses[-1] + written) * LINE_BYTES / board.memory_gb_s / 1e6))
    return parts
