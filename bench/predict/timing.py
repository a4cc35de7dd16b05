# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What instructions take on in-order cores, and what the boards around them have.

Sources. Cortex-A55: Arm's "Cortex-A55 Software Optimization Guide", and LLVM's scheduling model made from it. Cortex-A53,
of which we know no such guide: the pipeline descriptions in GCC (contributed by Arm) and LLVM. Both: what ncnn's developer
guide ("arm-a53-a55-dual-issue") found by measuring: a load of 128 bits takes two cycles with nothing beside it; one of 64
bits into a vector goes beside any arithmetic on A55, and on A53 beside that on 64 bits alone. Latencies are from one
instruction's issue to that of one that uses its result. Waits for memory are typical figures, not documented ones: load
latencies of some 15 cycles to the second cache and of some 130 ns to LPDDR4.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Cycles, for a core that issues two instructions in each."""
    name: str
    multiply: int         # of integers
    divide: int
    load: int             # of an integer register
    vector_load: int      # of up to 64 bits
    vector: int           # sums, comparisons, permutations, plain shifts
    vector_complex: int   # rounding and saturating shifts, narrowing, conversions, floats
    vector_multiply: int
    vector_to_integer: int
    across: int           # reduction of a vector
    float_divide: int
    store_bytes: int      # that a cycle stores
    vector_load_halves: int  # of the vector unit, that a load into it takes
    accumulate: int = 1   # from an integer multiply-accumulate to the next one into the same accumulators
    float_accumulate: int = 4


@dataclass(frozen=True)
class Board:
    """A processor of several in-order cores."""
    name: str
    timing: Timing
    ghz: float
    cores: int
    waits: tuple          # ns for what misses each level of caches and hits the next one, or memory
    memory_gb_s: float    # of all cores together
    published: dict       # threads -> ms: TFLite on MobileNetV2 1.0, 224x224, int8


A53 = Timing("Cortex-A53", multiply=3, divide=9, load=3, vector_load=4, vector=3, vector_complex=4, vector_multiply=4,
             vector_to_integer=3, across=5, float_divide=14, store_bytes=8,
             vector_load_halves=1)
A55 = Timing("Cortex-A55", multiply=3, divide=8, load=3, vector_load=3, vector=2, vector_complex=4, vector_multiply=4,
             vector_to_integer=2, across=4, float_divide=13, store_bytes=16,
             vector_load_halves=0)

# Memory: half of the peak of a 32-bit LPDDR4-4000 and a 16-bit LPDDR4X-3733 interface. Published: NXP's eIQ model zoo.
BOARDS = {
    "a53": Board("i.MX 8M Plus", A53, 1.8, 4, (15 / 1.8, 130.0), 8.0, {1: 123.31, 4: 44.33}),
    "a55": Board("i.MX 93", A55, 1.7, 2, (7 / 1.7, 25 / 1.7, 130.0), 3.7, {1: 62.51, 2: 43.96}),
}
