# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""A core that issues up to two instructions a cycle, in order, when their operands and pipes are there."""
from decode import decode

PIPES = {"alu": 2, "multiply": 1, "memory": 1, "vector": 2, "branch": 1}  # vector: 64-bit halves
REPETITIONS = 3


class Pipeline:
    def __init__(self):
        self.now = 0
        self.issued = 0        # in this cycle
        self.taken = {}        # pipe -> how much of it, in this cycle
        self.free = {}         # pipe -> first cycle in which it is free
        self.ready = {}        # register -> first cycle in which it can be read
        self.accumulated = {}  # register -> the same for the next accumulation into it

    def _go_to(self, cycle):
        self.now, self.issued, self.taken = cycle, 0, {}

    def _operands_ready(self, needs):
        cycles = [self.ready.get(register, 0) for register in needs.reads]
        cycles += [self.accumulated.get(register, self.ready.get(register, 0)) for register in needs.accumulators]
        return max(cycles, default=0)

    def _fits(self, needs):
        if self.issued == 2 or (needs.alone and self.issued) or self.free.get(needs.pipe, 0) > self.now:
            return False
        return all(self.taken.get(pipe, 0) + amount <= PIPES[pipe] for pipe, amount in self._takes(needs))

    @staticmethod
    def _takes(needs):
        """(pipe, how much of it): vector loads may take a part of the vector unit too."""
        if needs.pipe == "vector":
            return [("vector", needs.halves)]
        return [(needs.pipe, 1)] + ([("vector", needs.halves)] if needs.halves else [])

    def issue(self, needs):
        if self._operands_ready(needs) > self.now:
            self._go_to(self._operands_ready(needs))
        while not self._fits(needs):
            self._go_to(max(self.now + 1, self.free.get(needs.pipe, 0)))
        self.issued += 1
        for pipe, amount in self._takes(needs):
            self.taken[pipe] = self.taken.get(pipe, 0) + amount
        self._write(needs)
        if needs.alone:
            self._go_to(self.now + needs.beats)
        elif needs.beats > 1:
            self.free[needs.pipe] = self.now + needs.beats

    def _write(self, needs):
        for register in needs.writes:
            self.accumulated.pop(register, None)
            self.ready[register] = self.now + needs.latency
            if register in needs.accumulators:
                self.accumulated[register] = self.now + needs.accumulate
        for register in needs.address_written:
            self.ready[register] = self.now + 1


def block_cycles(instructions, timing):
    """Cycles of a block when it runs again and again, by what repetitions after the first one add."""
    needs = [decode(instruction, timing) for instruction in instructions]
    pipeline, ends = Pipeline(), []
    for _ in range(REPETITIONS):
        for one in needs:
            pipeline.issue(one)
        ends.append(pipeline.now)
    return max((ends[-1] - ends[0]) / (REPETITIONS - 1), len(needs) / 2)
