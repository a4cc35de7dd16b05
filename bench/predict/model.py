# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""From what bench/arm counted to the time of each step."""
import bisect
import math
from dataclasses import dataclass

import mca
from counts import Counts, functions_of
from instruction import disassemble
from pipeline import block_cycles
from timing import OutOfOrder

LINE_BYTES = 64
PAGE_BYTES = 4096
HAND_OVER_US = 3.0  # to other threads and back, of each shared step; a guess from other processors


@dataclass
class Part:
    """What is counted between two marks."""
    name: str
    cuts: dict            # threads -> (units that they can share, grain); 1: for every other number
    instructions: int
    core_ms: float        # of instructions alone, nothing missing in the first cache and every branch foreseen
    branch_ms: float      # for loops that end
    wait_ms: float        # for loads that miss and that no prefetcher foresees
    most_wait_ms: float   # without a prefetcher
    moved_mb: float       # from and to memory
    alone: float = 0.0    # share of the core's time in which one thread works, however many there are

    def share(self, threads):
        """The largest part of the work that one of several threads gets."""
        units, grain = self.cuts.get(threads, self.cuts[1])
        pieces = max(1, math.ceil(units / max(grain, 1)))
        return self.alone + (1 - self.alone) * math.ceil(pieces / threads) / pieces

    def memory_ms(self, board, threads):
        """The least that moving the bytes takes."""
        return self.moved_mb / board.bandwidth(threads)

    def ms(self, board, threads):
        share = self.share(threads)
        time = max((self.core_ms + self.branch_ms + self.wait_ms) * share, self.memory_ms(board, threads))
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
    """[(misses of each level, those waited for, lines written to memory)] by part"""
    lines = path.read_text(encoding="ascii").splitlines()
    if not lines or "waits" not in lines[0]:
        raise SystemExit("bench/predict: %s is unfinished, or from an earlier version; run scripts/arm.sh MODEL again" % path)
    numbers = [[int(field) for field in line.split()[7::2]] for line in lines]
    return [(levels[0::3], levels[2::3], levels[-2]) for levels in numbers]


def waits(board, misses):
    """Milliseconds for misses by level: what misses one level and hits the next waits for that one."""
    beyond = list(misses[1:]) + [0]
    return sum((here - further) * wait for here, further, wait in zip(misses, beyond, board.waits)) / 1e6


def cycles_of_blocks(counts, timing):
    """{block index: cycles of one run}, of the blocks that ran"""
    used = {index for part in counts.parts for index in part}
    known = disassemble(word for index in used for word in counts.blocks[index][1])
    blocks = {index: [known[word] for word in counts.blocks[index][1]] for index in used}
    if not isinstance(timing, OutOfOrder):
        return {index: block_cycles(block, timing) for index, block in blocks.items()}
    found = mca.block_cycles(blocks, timing.mca)
    return {index: found.get(index, len(block)) for index, block in blocks.items()}


def _back(word):
    """Whether this is a conditional branch backwards, as loops end with."""
    if word & 0xFF000010 == 0x54000000 or word & 0x7E000000 == 0x34000000:  # b.cond; cbz, cbnz
        return bool(word >> 23 & 1)
    return word & 0x7E000000 == 0x36000000 and bool(word >> 18 & 1)  # tbz, tbnz


def loops_ended(counts, part):
    """How often a branch back to a loop's beginning was not taken: by executions of what follows it."""
    at = {}
    for index, times in part.items():
        address = counts.blocks[index][0]
        at[address] = at.get(address, 0) + times
    ended = 0
    for index, times in part.items():
        address, words = counts.blocks[index]
        if _back(words[-1]):
            ended += min(times, at.get(address + 4 * len(words), 0))
    return ended


def _places(counts, index):
    """What a block is known by in another run: where it begins in its page, and its first instructions."""
    address, words = counts.blocks[index]
    return address % PAGE_BYTES, tuple(words[:2])


def shared_places(path):
    """Of all instructions that threads other than the first executed."""
    words = {address: word for address, (word, _) in Counts(path).by_address().items()}
    both = {(address % PAGE_BYTES, (word, words.get(address + 4))) for address, word in words.items()}
    return both | {(place, pair[:1]) for place, pair in both}


def alone_share(counts, part, cycles, path):
    """Share of a part's cycles in blocks that the first thread alone executes in a run with several; 0 if there was no
    such run."""
    if not path.exists():
        return 0.0
    shared = shared_places(path)
    total = sum(times * cycles[index] for index, times in part.items())
    return sum(times * cycles[index] for index, times in part.items()
               if _places(counts, index) not in shared) / max(total, 1)


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


def hot_blocks(folder, board, program, count):
    """[(function, bytes into it, instructions, times, cycles by us, cycles by llvm-mca or None)], the costliest first."""
    counts, (starts, names) = Counts(folder / "count.txt"), functions_of(program)
    cycles, times = cycles_of_blocks(counts, board.timing), {}
    for part in counts.parts:
        for index, ran in part.items():
            times[index] = times.get(index, 0) + ran
    chosen = sorted(times, key=lambda index: -times[index] * cycles[index])[:count]
    known = disassemble(word for index in chosen for word in counts.blocks[index][1])
    theirs = mca.block_cycles({index: [known[word] for word in counts.blocks[index][1]] for index in chosen},
                              board.timing.name.lower())
    found = []
    for index in chosen:
        address, words = counts.blocks[index]
        place = max(bisect.bisect_right(starts, address) - 1, 0)
        found.append((names[place], address - starts[place], len(words), times[index], cycles[index], theirs.get(index)))
    return found


def read_parts(folder, board):
    """The parts that `folder` has counts of. Engines whose steps are not known have a single one, which threads share
    evenly, apart from what one of them executes alone."""
    counts = Counts(folder / "count.txt")
    steps, caches = read_steps(folder), read_caches(folder / "cache.txt")
    cycles = cycles_of_blocks(counts, board.timing)
    others = folder / "others.txt"
    parts = []
    for number, part in enumerate(counts.parts):
        name, cuts = steps.get(number, ("between", {1: (1 << 20 if others.exists() else 0, 1)}))
        misses, waited, written = caches[number]
        core = sum(times * cycles[index] for index, times in part.items())
        parts.append(Part(name, cuts, counts.total([number]), core / board.ghz / 1e6,
                          loops_ended(counts, part) * board.timing.mispredicted / board.ghz / 1e6,
                          waits(board, waited), waits(board, misses), (misses[-1] + written) * LINE_BYTES / 1e6,
                          alone_share(counts, part, cycles, others)))
    return parts
