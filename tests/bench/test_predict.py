#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""bench/predict: cycles of short loops whose timing the sources give, shares of threads. Needs no emulator."""

import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "bench", "predict"), os.path.join(ROOT, "bench", "arm")]
from decode import decode, registers  # noqa: E402
from instruction import Instruction  # noqa: E402
from model import Part, waits  # noqa: E402
from pipeline import block_cycles  # noqa: E402
from timing import A53, A55, BOARDS  # noqa: E402


def cycles(text, timing=A53):
    """Of a loop of instructions, each "mnemonic operands", separated by semicolons."""
    return block_cycles([Instruction(0, *(line.strip() + " ").split(" ", 1)) for line in text.split(";")], timing)


class Registers(unittest.TestCase):
    def test_ranges_are_all_of_them(self):
        self.assertEqual(registers("{v30.16b-v1.16b}, [x3]"),
                         [("v", "30"), ("v", "31"), ("v", "0"), ("v", "1"), ("x", "3")])

    def test_zero_registers_are_none(self):
        self.assertEqual(registers("wzr, x2, sp"), [("x", "2"), ("x", "sp")])


class Pipeline(unittest.TestCase):
    def test_two_independent_sums_take_a_cycle(self):
        self.assertEqual(cycles("add x0, x1, x2; add x3, x4, x5"), 1)

    def test_dependent_sums_take_a_cycle_each(self):
        self.assertEqual(cycles("add x0, x0, x1; add x0, x0, x2"), 2)

    def test_whole_vectors_take_both_halves(self):
        self.assertEqual(cycles("add v0.16b, v8.16b, v9.16b; add v1.16b, v8.16b, v9.16b"), 2)
        self.assertEqual(cycles("add v0.8b, v8.8b, v9.8b; add v1.8b, v8.8b, v9.8b"), 1)

    def test_what_goes_beside_loads(self):
        for timing, vector_load in ((A53, 2), (A55, 1)):
            self.assertEqual(cycles("smlal v0.8h, v8.8b, v9.8b; ldr d1, [x0]", timing), vector_load)
            self.assertEqual(cycles("smlal v0.8h, v8.8b, v9.8b; ldr x1, [x0]", timing), 1)
            self.assertEqual(cycles("dup v2.2s, w9; ldr d1, [x0]", timing), 1)
            self.assertEqual(cycles("smlal v0.8h, v8.8b, v9.8b; ldr q1, [x0]", timing), 3)

    def test_accumulators_are_forwarded_and_products_are_not(self):
        self.assertEqual(cycles("smlal v0.8h, v8.8b, v9.8b"), 1)
        self.assertEqual(cycles("fmla v0.4s, v8.4s, v9.4s"), 4)
        self.assertEqual(cycles("smull v1.8h, v0.8b, v9.8b; xtn v0.8b, v1.8h"), 4 + A53.vector)

    def test_sdot_goes_on_every_cycle(self):
        self.assertEqual(cycles("sdot v0.4s, v8.16b, v9.4b[0]; sdot v1.4s, v8.16b, v9.4b[1]", A55), 2)

    def test_a_load_is_waited_for(self):
        self.assertEqual(cycles("ldr x0, [x0]"), 3)
        self.assertEqual(cycles("ldr x1, [x0], #8"), 1)

    def test_stores_of_128_bits_differ(self):
        self.assertEqual(cycles("str q0, [x0]", A53), 2)
        self.assertEqual(cycles("str q0, [x0]", A55), 1)

    def test_flags_are_waited_for(self):
        self.assertIn(("f", 0), decode(Instruction(0, "b.ne", "0x10"), A53).reads)
        self.assertIn(("f", 0), decode(Instruction(0, "subs", "x0, x0, #0x1"), A53).writes)


class Times(unittest.TestCase):
    def test_misses_wait_for_the_level_that_has_them(self):
        board = BOARDS["a53"]
        self.assertAlmostEqual(waits(board, [1000, 0]), 1000 * board.waits[0] / 1e6)
        self.assertAlmostEqual(waits(board, [1000, 1000]), 1000 * board.waits[1] / 1e6)

    def test_threads_get_whole_units(self):
        part = Part("k", {1: (7, 1), 2: (8, 1)}, 0, core_ms=7.0, wait_ms=0.0, memory_ms=0.0)
        self.assertEqual(part.ms(1, 0.5), 7.0)
        self.assertAlmostEqual(part.ms(4, 0.5), 2.0, delta=0.01)
        self.assertAlmostEqual(part.ms(2, 0.5), 3.5, delta=0.01)
        self.assertEqual(Part("k", {1: (7, 7)}, 0, 7.0, 0.0, 0.0).ms(4, 0.5), 7.0)

    def test_memory_is_shared(self):
        self.assertAlmostEqual(Part("k", {1: (8, 1)}, 0, 8.0, 0.0, 5.0).ms(4, 0.5), 5.0, delta=0.01)


if __name__ == "__main__":
    unittest.main()
