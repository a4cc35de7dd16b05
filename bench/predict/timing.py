# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""What instructions take on in-order cores, what the boards around them have, and what is published for them.

Sources. Cortex-A55: Arm's "Cortex-A55 Software Optimization Guide", and LLVM's scheduling model made from it. Cortex-A53,
of which we know no such guide: the pipeline descriptions in GCC (contributed by Arm) and LLVM. Both: what ncnn's developer
guide ("arm-a53-a55-dual-issue") found by measuring: a load of 128 bits takes two cycles with nothing beside it; one of 64
bits into a vector goes beside any arithmetic on A55, and on A53 beside that on 64 bits alone. Latencies are from one
instruction's issue to that of one that uses its result. Cortex-A72, which executes out of order: llvm-mca.

Memory. Latencies are typical figures, not documented ones: some 15 cycles to the second cache, some 130 ns to LPDDR4.
Bandwidth: TI's application notes SPRADG0A and SPRACV1B measured what copying moves on Cortex-A53 with LPDDR4: 3.9 GB/s on
one core, 56 % of the interface's peak on four cores with 32 bits, 70 % with 16 bits. The peaks: 32 bits at 4000 MT/s
(i.MX 8M Plus), 16 at 3733 (i.MX 93), 32 at 900 (Raspberry Pi 3 B+), 32 at 3200 (Raspberry Pi 4).
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Cycles, for a core that issues two instructions in each, in order."""
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
    mispredicted: int     # branch
    accumulate: int = 1   # from an integer multiply-accumulate to the next one into the same accumulators
    float_accumulate: int = 4


@dataclass(frozen=True)
class OutOfOrder:
    """A core that llvm-mca alone predicts."""
    name: str
    mca: str              # -mcpu
    mispredicted: int


@dataclass(frozen=True)
class Board:
    """A processor of several cores."""
    name: str
    core: str             # whose counts are taken
    timing: object
    ghz: float
    cores: int
    waits: tuple          # ns for what misses each level of caches and hits the next one, or memory
    core_gb_s: float      # between memory and one core
    memory_gb_s: float    # and all cores

    def bandwidth(self, threads):
        """GB/s for so many threads."""
        return min(threads * self.core_gb_s, self.memory_gb_s)


@dataclass(frozen=True)
class Published:
    """What somebody measured on a board: MobileNetV2 1.0, 224x224."""
    board: str
    type: str             # int8, float32
    threads: int
    ms: float
    who: str
    engines: tuple        # those counted that may have run, or their like


A53 = Timing("Cortex-A53", multiply=3, divide=9, load=3, vector_load=4, vector=3, vector_complex=4, vector_multiply=4,
             vector_to_integer=3, across=5, float_divide=14, store_bytes=8, vector_load_halves=1, mispredicted=9)
A55 = Timing("Cortex-A55", multiply=3, divide=8, load=3, vector_load=3, vector=2, vector_complex=4, vector_multiply=4,
             vector_to_integer=2, across=4, float_divide=13, store_bytes=16, vector_load_halves=0, mispredicted=8)
A72 = OutOfOrder("Cortex-A72", mca="cortex-a72", mispredicted=16)

BOARDS = {
    "imx8mp": Board("i.MX 8M Plus", "a53", A53, 1.8, 4, (15 / 1.8, 130.0), 3.9, 9.0),
    "imx93": Board("i.MX 93", "a55", A55, 1.7, 2, (7 / 1.7, 25 / 1.7, 130.0), 3.9, 5.2),
    "rpi3": Board("Raspberry Pi 3 B+", "a53", A53, 1.4, 4, (15 / 1.4, 130.0), 2.0, 2.0),
    "rpi4": Board("Raspberry Pi 4", "a72", A72, 1.5, 4, (15 / 1.5, 130.0), 3.9, 7.2),
}

_EIQ = "NXP eIQ model zoo, BSP LF6.1.36: TFLite, no delegate named"
_XNNPACK = "XNNPACK's README, February 2022"
_TFLITE = ("tflite-builtin", "litert-builtin")
PUBLISHED = (
    Published("imx8mp", "int8", 1, 123.31, _EIQ, _TFLITE),
    Published("imx8mp", "int8", 4, 44.33, _EIQ, _TFLITE),
    Published("imx93", "int8", 1, 62.51, _EIQ, ("litert-builtin",)),
    Published("imx93", "int8", 2, 43.96, _EIQ, ("litert-builtin",)),
    Published("rpi3", "int8", 4, 30, _XNNPACK + ", 32-bit build", ("litert-xnnpack",)),
    Published("rpi3", "float32", 4, 79, _XNNPACK + ", 32-bit build", ("litert-xnnpack",)),
    Published("rpi4", "int8", 4, 17, _XNNPACK, ("litert-xnnpack",)),
    Published("rpi4", "float32", 4, 46, _XNNPACK, ("litert-xnnpack",)),
)
