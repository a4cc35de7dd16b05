#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright the mobilenet.c authors
"""bench/predict: cycles of short loops whose timing the sources give, what is charged beside them, shares of threads, on
made-up counts. Needs no emulator."""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(ROOT, "bench", "predict"), os.path.join(ROOT, "bench", "arm")]
import mca  # noqa: E402
from counts import Counts  # noqa: E402
from decode import decode, registers  # noqa: E402
from instruction import Instruction  # noqa: E402
from model import Part, alone_share, loops_ended, read_parts, waits  # noqa: E402
from pipeline import block_cycles  # noqa: E402
from timing import A53, A55, BOARDS, PUBLISHED  # noqa: E402

IMX8MP = BOARDS["imx8mp"]


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


def part(cuts, core_ms=0.0, moved_mb=0.0, alone=0.0):
    return Part("k", cuts, 0, core_ms, 0.0, 0.0, 0.0, moved_mb, alone)


class Times(unittest.TestCase):
    def test_misses_wait_for_the_level_that_has_them(self):
        self.assertAlmostEqual(waits(IMX8MP, [1000, 0]), 1000 * IMX8MP.waits[0] / 1e6)
        self.assertAlmostEqual(waits(IMX8MP, [1000, 1000]), 1000 * IMX8MP.waits[1] / 1e6)

    def test_threads_get_whole_units(self):
        cut = part({1: (7, 1), 2: (8, 1)}, core_ms=7.0)
        self.assertEqual(cut.ms(IMX8MP, 1), 7.0)
        self.assertAlmostEqual(cut.ms(IMX8MP, 4), 2.0, delta=0.01)
        self.assertAlmostEqual(cut.ms(IMX8MP, 2), 3.5, delta=0.01)
        self.assertEqual(part({1: (7, 7)}, core_ms=7.0).ms(IMX8MP, 4), 7.0)

    def test_one_thread_works_alone_where_others_cannot(self):
        self.assertAlmostEqual(part({1: (1 << 20, 1)}, core_ms=8.0, alone=0.5).ms(IMX8MP, 4), 5.0, delta=0.01)

    def test_memory_is_shared(self):
        cut = part({1: (8, 1)}, core_ms=8.0, moved_mb=5 * IMX8MP.memory_gb_s)
        self.assertAlmostEqual(cut.ms(IMX8MP, 4), 5.0, delta=0.01)
        self.assertAlmostEqual(cut.ms(IMX8MP, 1), 5 * IMX8MP.memory_gb_s / IMX8MP.core_gb_s, delta=0.01)

    def test_what_is_published_names_boards(self):
        for one in PUBLISHED:
            self.assertLessEqual(one.threads, BOARDS[one.board].cores)


# A loop of two instructions that ran 10 times, 100 rounds together, and what comes after it; a branch forwards.
COUNT = """part 0
ran 0 100
ran 1 10
block 0 401000 f1000421 54ffffe1
block 1 401008 aa0203e1 d65f03c0
block 2 401010 54000041
block 3 401014 d65f03c0
"""
CACHE = "part 0 accesses 9 bytes 9 misses 500 writebacks 7 waits 300 misses 200 writebacks 50 waits 100\n"


@unittest.skipUnless(shutil.which("aarch64-linux-gnu-objdump"), "aarch64-linux-gnu-objdump is missing")
class MadeUpCounts(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.write("count.txt", COUNT)
        self.write("cache.txt", CACHE)
        self.write("steps.txt", "step 0 8 1 1000 mn_conv_i8_neon\n")

    def path(self, name):
        return pathlib.Path(self.folder.name, name)

    def write(self, name, text):
        self.path(name).write_text(text, encoding="ascii")

    def test_each_part_is_charged(self):
        (one,) = read_parts(pathlib.Path(self.folder.name), IMX8MP)
        self.assertEqual((one.name, one.instructions), ("mn_conv_i8_neon", 220))
        self.assertAlmostEqual(one.core_ms, (100 * 1 + 10 * 1) / 1.8e6)
        self.assertAlmostEqual(one.branch_ms, 10 * A53.mispredicted / 1.8e6)
        self.assertAlmostEqual(one.wait_ms, (200 * IMX8MP.waits[0] + 100 * 130) / 1e6)
        self.assertAlmostEqual(one.most_wait_ms, (300 * IMX8MP.waits[0] + 200 * 130) / 1e6)
        self.assertAlmostEqual(one.moved_mb, 250 * 64e-6)

    def test_counts_of_an_earlier_version_are_refused(self):
        for text in ("", "part 0 accesses 9 bytes 9 misses 500 writebacks 7 misses 200 writebacks 50\n"):
            self.write("cache.txt", text)
            with self.assertRaisesRegex(SystemExit, "run scripts/arm.sh"):
                read_parts(pathlib.Path(self.folder.name), IMX8MP)

    def test_loops_end_once_for_each_time_what_follows_runs(self):
        counts = Counts(self.path("count.txt"))
        self.assertEqual(loops_ended(counts, counts.parts[0]), 10)
        self.assertEqual(loops_ended(counts, {0: 100}), 0)
        self.assertEqual(loops_ended(counts, {1: 10}), 0)
        self.assertEqual(loops_ended(counts, {2: 10, 3: 10}), 0)

    def test_what_other_threads_never_execute_is_done_alone(self):
        counts = Counts(self.path("count.txt"))
        self.assertEqual(alone_share(counts, counts.parts[0], {0: 3, 1: 10}, self.path("others.txt")), 0)
        self.write("others.txt", "part 0\nran 0 5\nblock 0 7f001000 f1000421 54ffffe1\n")
        self.assertAlmostEqual(alone_share(counts, counts.parts[0], {0: 3, 1: 10}, self.path("others.txt")), 0.25)


class Mca(unittest.TestCase):
    def test_lines_are_what_it_reads(self):
        self.assertEqual(mca.line(Instruction(0, "b.ne", "0x10")), "b.ne #8")
        self.assertEqual(mca.line(Instruction(0, "bl", "0x10")), "b #8")
        self.assertEqual(mca.line(Instruction(0, "tbz", "w0, #3, 0x10")), "tbz w0, #3, #8")
        self.assertEqual(mca.line(Instruction(0, "ldr", "q0, [x1, #16]")), "ldr q0, [x1, #16]")

    @unittest.skipUnless(mca.tool(), "llvm-mca is missing")
    def test_cycles_of_blocks(self):
        blocks = {7: [Instruction(0, "add", "x0, x0, x1")] * 6, "b": [Instruction(0, "add", "x2, x1, x1")] * 2}
        found = mca.block_cycles(blocks, "cortex-a55")
        self.assertAlmostEqual(found[7], 6, delta=0.1)
        self.assertAlmostEqual(found["b"], 1, delta=0.1)


if __name__ == "__main__":
    unittest.main()
