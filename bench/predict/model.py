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
    units: int          # that threads can share
    grain: int
    instructions: int
    core_ms: float      # of instructions alone, nothing missing in the first cache
    wait_ms: float      # if each miss is waited for in full
    memory_ms: float    # for the bytes to and from memory at the board's bandwidth

    def share(self, threads):
        """The largest part of the work that one of several threads gets."""
        pieces = math.ceil(self.units / max(self.grain, 1)) if self.units else 1
        return math.ceil(pieces / threads) / pieces if self.units else 1.0

    def ms(self, threads, waited):
        """With `waited` of each wait not hidden by prefetching."""
        share = self.share(threads)
        time = max((self.core_ms + waited * self.wait_ms) * share, self.memory_ms)
        return time + (HAND_OVER_US / 1000 if threads > 1 and share < 1 else 0.0)


def read_steps(path):
    """{part: (kernel, units, grain)}"""
    steps = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if fields and fields[0] == "step":
                steps[int(fields[1])] = (fields[5], int(fields[2]), int(fields[3]))
    return steps


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
    steps, caches = read_steps(folder / "steps.txt"), read_caches(folder / "cache.txt")
    cycles = cycles_of_blocks(counts, board.timing)
    parts = []
    for number, part in enumerate(counts.parts):
        name, units, grain = steps.get(number, ("between", 1 << 20 if everything_shared else 0, 1))
        misses, written = caches[number]
        core = sum(times * cycles[index] for index, times in part.items())
        parts.append(Part(name, units, grain, counts.total([number]), core / board.ghz / 1e6, waits(board, misses),
                          (misses[-1] + written) * LINE_BYTES / board.memory_gb_s / 1e6))
    return parts
